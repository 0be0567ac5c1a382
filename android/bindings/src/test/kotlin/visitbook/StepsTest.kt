/*
 * What comes in steps is cut off, refused or overtaken at each of them.
 */
package visitbook

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import visitbook.core.KeystoreException
import visitbook.core.SyncEnded
import kotlin.time.Duration.Companion.seconds

class StepsTest {
    @Test
    fun `a sync that is cancelled after any of its steps loses nothing, and the next one goes on from there`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's patchy phone").use { phone ->
                var cut = 0
                do {
                    val (visit) = phone.book.beginVisit(listOf(phone.child("Kite")))
                    phone.book.note(visit, "saw", "cut off after step $cut")
                    var steps = 0
                    var whole = false
                    lateinit var sync: Job
                    val options = SyncOptions { if (steps++ == cut) sync.cancel() }
                    sync = launch(start = CoroutineStart.LAZY) { whole = phone.book.sync(options).ended == SyncEnded.COMPLETE }
                    withTimeout(FOR_EVER.seconds) { sync.join() }
                    assertEquals(!whole, sync.isCancelled)
                    assertEquals(SyncEnded.COMPLETE, phone.sync().ended)
                    assertEquals(0uL, phone.book.sealedWaiting())
                    assertTrue(phone.book.visit(visit).entries.any { it.versions[0].text == "cut off after step $cut" })
                    cut++
                } while (!whole)
                // More than the first and the last.
                assertTrue(cut > 2, "only $cut steps")
                assertEquals(emptyList<String>(), phone.book.verify().problems)
            }
        }

    @Test
    fun `whichever function of a keystore fails, enrolling does without it, or says so and then succeeds`(): Unit =
        runBlocking {
            val asked = linkedSetOf<String>()
            opens(enrol(Keys().apply { fault = asked::add }))
            val failed =
                asked.filter { function ->
                    val keys = Keys()
                    keys.fault = { if (it == function) throw KeystoreException.LockedNow() }
                    val folder = Council.folder(function)
                    val code = Council.code("W-BRYONY", function)
                    val tried = runCatching { enrol(keys, folder, code) }
                    tried.onFailure { error -> refused("keystore_locked", retryable = true) { throw error } }
                    keys.fault = {}
                    opens(tried.getOrNull() ?: enrol(keys, folder, code))
                    tried.isFailure
                }
            assertEquals(listOf("ensure", "derive"), failed, "of $asked")
        }

    private suspend fun enrol(
        keys: Keys,
        folder: String = Council.folder("enrolled"),
        code: String = Council.code("W-BRYONY", "enrolled"),
    ): Locked = Device.enrol(folder, keys, code, pin(), "enrolled")

    private suspend fun opens(device: Locked): Unit =
        device.use { locked -> locked.unlock(pin()).use { assertEquals(emptyList<String>(), it.verify().problems) } }

    @Test
    fun `changes of several records are told in the order in which they were saved`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's orderly phone").use { phone ->
                val visits = listOf("Kite", "Wren", "Finch").map { phone.book.beginVisit(listOf(phone.child(it))).single() }
                val order = (0 until 30).map { visits[it * it % 3] }
                val listening = CompletableDeferred<Unit>()
                val heard =
                    async(Dispatchers.Default) {
                        phone.book.changes()
                            .onEach { listening.complete(Unit) }
                            .filter { it.records.isNotEmpty() }
                            .take(order.size)
                            .toList()
                    }
                listening.await()
                order.forEachIndexed { number, visit -> phone.book.note(visit, "saw", "note $number") }
                assertEquals(order, withTimeout(FOR_EVER.seconds) { heard.await() }.map { it.records.single() })
            }
        }
}
