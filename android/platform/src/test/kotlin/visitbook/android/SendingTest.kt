/*
 * Sending by the system's scheduler: what is asked of it, and what a job does with the real core in it.
 */
package visitbook.android

import android.app.job.JobInfo
import android.app.job.JobParameters
import android.app.job.JobScheduler
import android.content.Context
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.util.ReflectionHelpers
import visitbook.Device
import visitbook.FOR_EVER
import visitbook.Phone
import visitbook.SilentServer
import visitbook.SyncOptions
import visitbook.pin
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.time.Duration

class Sends : SendJob() {
    override suspend fun device(): Device? = has().also { asked.countDown() }

    companion object {
        var asked = CountDownLatch(1)
        var has: suspend () -> Device? = { null }
    }
}

@RunWith(RobolectricTestRunner::class)
class SendingTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val scheduler = context.getSystemService(Context.JOB_SCHEDULER_SERVICE) as JobScheduler

    // Its constructors are the system's own.
    private val parameters = ReflectionHelpers.newInstance(JobParameters::class.java)

    @After
    fun forget() {
        Sends.has = { null }
        Sends.asked = CountDownLatch(1)
    }

    private fun pending(): JobInfo = scheduler.allPendingJobs.single()

    private fun until(what: () -> Boolean) {
        repeat(FOR_EVER.toInt() * 50) { if (what()) return else Thread.sleep(20) }
        throw AssertionError("it never came")
    }

    @Test
    @Suppress("DEPRECATION") // What replaces the type of network came with API 28.
    fun `a job waits for any network, outlives a restart, and is tried again ever later`() {
        assertTrue(SendJob.schedule(context, Sends::class.java, 7))
        assertEquals(7 to Sends::class.java.name, pending().id to pending().service.className)
        assertTrue(pending().isPersisted)
        assertEquals(JobInfo.NETWORK_TYPE_ANY, pending().networkType)
        assertEquals(30_000L to JobInfo.BACKOFF_POLICY_EXPONENTIAL, pending().initialBackoffMillis to pending().backoffPolicy)
    }

    @Test
    @Suppress("DEPRECATION") // As above.
    fun `asked for again, a job is the same one, with its pause, until something else is asked for`() {
        SendJob.schedule(context, Sends::class.java, 7)
        val first = pending()
        assertTrue(SendJob.schedule(context, Sends::class.java, 7))
        assertSame(first, pending())
        assertTrue(SendJob.schedule(context, Sends::class.java, 7, Over.UNMETERED))
        assertNotSame(first, pending())
        assertEquals(JobInfo.NETWORK_TYPE_UNMETERED, pending().networkType)
    }

    @Test
    fun `a job with nothing to send is over for good`() {
        val job = Robolectric.setupService(Sends::class.java)
        assertTrue(job.onStartJob(parameters))
        until { shadowOf(job).isJobFinished }
        assertFalse(shadowOf(job).isRescheduleNeeded)
        job.onDestroy()
    }

    @Test
    fun `a job sends with the vault shut, and comes again only while something waits`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's scheduled phone").use { phone ->
                val (visit) = phone.book.beginVisit(listOf(phone.child("Kite")))
                phone.book.note(visit, "saw", "sent by a job")
                phone.open().use { locked ->
                    assertTrue(locked.sealedWaiting() > 0u)
                    assertFalse(comesAgain(locked))
                    phone.book = locked.unlock(pin())
                }
                // Receipts are read with the vault open.
                assertEquals(0uL, phone.book.sealedWaiting())
                phone.book.note(visit, "saw", "said where there is no line")
                phone.open(connectVia = "127.0.0.1:1").use { locked ->
                    assertTrue(comesAgain(locked))
                    assertTrue(locked.sealedWaiting() > 0u)
                }
            }
        }

    /** Runs a job with this device to its end. */
    private fun comesAgain(device: Device): Boolean {
        Sends.has = { device }
        val job = Robolectric.setupService(Sends::class.java)
        job.onStartJob(parameters)
        until { shadowOf(job).isJobFinished }
        job.onDestroy()
        return shadowOf(job).isRescheduleNeeded
    }

    @Test
    fun `a job that is stopped ends the sync in the core, says nothing more, and comes again`(): Unit =
        runBlocking {
            SilentServer().use { silent ->
                Phone("W-ROWAN", "Rowan's stopped phone").use { phone ->
                    val (visit) = phone.book.beginVisit(listOf(phone.child("Kite")))
                    phone.book.note(visit, "saw", "before the tunnel")
                    phone.open(connectVia = silent.address).use { locked ->
                        Sends.has = { locked }
                        val waiting = locked.sealedWaiting()
                        val job = Robolectric.setupService(Sends::class.java)
                        job.onStartJob(parameters)
                        assertTrue(Sends.asked.await(FOR_EVER, TimeUnit.SECONDS))
                        silent.awaitConnection()
                        assertTrue(job.onStopJob(parameters))
                        // The core takes one sync at a time: it takes another when this one has ended.
                        until { runCatching { runBlocking { locked.sync(SyncOptions(budget = Duration.ZERO)) } }.isSuccess }
                        assertFalse(shadowOf(job).isJobFinished)
                        assertEquals(waiting, locked.sealedWaiting())
                        job.onDestroy()
                    }
                }
            }
        }
}
