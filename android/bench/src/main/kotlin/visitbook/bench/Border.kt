/*
 * What it costs to cross into the native library, apart from what the library does there.
 */
package visitbook.bench

import kotlinx.coroutines.runBlocking
import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.BenchmarkMode
import org.openjdk.jmh.annotations.Mode
import org.openjdk.jmh.annotations.OutputTimeUnit
import org.openjdk.jmh.annotations.Param
import org.openjdk.jmh.annotations.Scope
import org.openjdk.jmh.annotations.Setup
import org.openjdk.jmh.annotations.State
import org.openjdk.jmh.annotations.TearDown
import visitbook.Phone
import visitbook.core.FfiConverterSequenceTypeVisitLine
import visitbook.core.SyncCancel
import visitbook.core.VisitLine
import java.time.LocalDate
import java.util.concurrent.TimeUnit

/** One phone with as many visits to one child as the list is to have rows. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
open class Border {
    @Param("1000")
    var rows: Int = 0

    private lateinit var phone: Phone
    private lateinit var child: String
    private lateinit var lines: List<VisitLine>
    private val cancel = SyncCancel()

    @Setup
    fun fill() {
        phone = Phone("W-ROWAN", "Rowan's measured phone")
        runBlocking {
            child = phone.child("Kite")
            val today = LocalDate.parse(phone.book.today().date)
            val have = phone.book.visits(child).size
            repeat(rows - have) { phone.book.planVisit(listOf(child), today.plusDays(it.toLong()).toString()) }
            lines = phone.book.visits(child)
        }
        check(lines.size == rows) { "${lines.size} rows instead of $rows" }
    }

    @TearDown
    fun close() {
        cancel.close()
        phone.close()
    }

    /** The smallest there is: in, a flag, out. */
    @Benchmark
    fun call(): Boolean = cancel.isCancelled()

    /** The same as an app makes it: off the caller's thread and back. The book looks into its store meanwhile. */
    @Benchmark
    fun suspendingCall(): Boolean = runBlocking { phone.book.hasPulled() }

    /** A list as a screen asks for it, with what the core does to make it. */
    @Benchmark
    fun list(): List<VisitLine> = runBlocking { phone.book.visits(child) }

    /** What of it is Kotlin's share: the same rows into a buffer of the library's and out again. */
    @Benchmark
    fun rowsThereAndBack(): List<VisitLine> = FfiConverterSequenceTypeVisitLine.lift(FfiConverterSequenceTypeVisitLine.lower(lines))
}
