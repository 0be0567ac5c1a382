/*
 * What a border gets wrong: errors of foreign code, cancellation, order, threads, spent objects, and what is never freed.
 */
package visitbook

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.toList
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import visitbook.core.Change
import visitbook.core.CouncilAnswer
import visitbook.core.CouncilRequest
import visitbook.core.FfiConverterTypeChangeListener
import visitbook.core.FfiConverterTypeHardwareKeys
import visitbook.core.FfiConverterTypeSyncProgress
import visitbook.core.FfiConverterTypeTransport
import visitbook.core.KeystoreException
import visitbook.core.SyncCancel
import visitbook.core.SyncEnded
import visitbook.core.SyncTrouble
import visitbook.core.Transport
import visitbook.core.TransportException
import kotlin.time.Duration.Companion.seconds

class BorderTest {
    @Test
    fun `what a keystore throws is an error of a kind, and uses up no try`(): Unit =
        runBlocking {
            Phone("W-BRYONY", "Bryony's tablet").use { phone ->
                phone.open().use { locked ->
                    val faults =
                        listOf(
                            IllegalStateException("the password is tansy") to "keystore_transient",
                            OutOfMemoryError("tansy") to "keystore_transient",
                            KeystoreException.Transient(-25293) to "keystore_transient",
                            KeystoreException.LockedNow() to "keystore_locked",
                            KeystoreException.UserCancelled() to "keystore_cancelled",
                            KeystoreException.NotAuthenticated() to "keystore_not_authenticated",
                            KeystoreException.Invalidated() to "keystore_gone",
                            KeystoreException.Missing() to "keystore_gone",
                            KeystoreException.Unsupported() to "keystore_unsupported",
                        )
                    for ((fault, code) in faults) {
                        phone.keys.fault = { throw fault }
                        val error = refused(code, retryable = code != "keystore_unsupported") { locked.unlock(pin()) }
                        assertFalse("tansy" in error.explanation)
                    }
                    phone.keys.fault = {}
                    assertTrue("9 tries" in refused("wrong_pin") { locked.unlock(wrongPin()) }.explanation)
                    phone.book = locked.unlock(pin())
                    assertEquals("Bryony Sorrel", phone.book.who().name)
                }
            }
        }

    @Test
    fun `the pin is wiped, whatever becomes of it`(): Unit =
        runBlocking {
            Phone("W-BRYONY", "Bryony's spare").use { phone ->
                phone.open().use { locked ->
                    for (pin in listOf(wrongPin(), pin())) {
                        runCatching { phone.book = locked.unlock(pin) }
                        assertTrue(pin.all { it == 0.toByte() })
                    }
                }
            }
        }

    @Test
    fun `one of two sessions is busy, and what was spent says so`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's laptop").use { phone ->
                refused("busy", retryable = true) { Device.open(phone.folder, phone.keys) }
                val first = phone.book
                first.lock().use { locked ->
                    refused("locked") { first.today() }
                    phone.book = locked.unlock(pin())
                    refused("spent") { locked.sealedWaiting() }
                    refused("spent") { locked.sync() }
                }
                first.close()
                refused("closed") { first.today() }
                assertEquals("Rowan Teasel", phone.book.who().name)
            }
            val empty = Council.folder("empty")
            refused("no_device_here") { Device.open(empty, Keys()) }
            refused("bad_code") { Device.enrol(empty, Keys(), "Rowan's code", pin(), "x") }
        }

    @Test
    fun `in a child's hands it takes and gives nothing until the pin`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's tablet").use { phone ->
                val wren = phone.child("Wren")
                val book = phone.book
                val family: Device = book.enterFamily(wren)
                refused("locked") { book.today() }
                // A type of its own: `family` has no function that reads, and is no Working.
                assertFalse(family is Working)
                (family as Family).use { page ->
                    assertEquals("This page is for you, Wren.", page.page().title)
                    refused("empty") { page.handIn() }
                    page.write("come to school pls 🏫")
                    page.choose("not_with/mum")
                    assertEquals("Rowan has it, in your words.", page.handIn().title)
                    assertEquals(null, page.onThePage())
                    refused("wrong_pin") { page.leave(wrongPin()) }
                    assertEquals("There is nothing to read here.", page.nothingToRead().title)
                    assertEquals(null, page.sync().trouble)
                    phone.book = page.leave(pin())
                    refused("page_left") { page.handIn() }
                }
                book.close()
                val left = phone.book.leftForYou().single()
                assertEquals("Wren left you 1 thing.", left.title)
                assertEquals(listOf("come to school pls 🏫"), phone.book.openVoice(left.records.single()).words)
            }
        }

    @Test
    fun `changes come in order, the first at once, and end with the book`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's second phone").use { phone ->
                val (visit) = phone.book.beginVisit(listOf(phone.child("Kite")))
                val heard = async(Dispatchers.Default, CoroutineStart.UNDISPATCHED) { phone.book.changes().toList() }
                assertEquals(emptyList<String>(), phone.book.changes().first().records)
                val writers =
                    (1..6).map { writer ->
                        async(Dispatchers.Default) { repeat(5) { phone.book.note(visit, "changed", "$writer.$it") } }
                    }
                writers.awaitAll()
                phone.book.lock().use { locked ->
                    val changes = withTimeout(FOR_EVER.seconds) { heard.await() }
                    assertEquals(emptyList<String>(), changes.first().records)
                    assertEquals(30, changes.drop(1).count { it.records == listOf(visit) })
                    phone.book.close()
                    phone.book = locked.unlock(pin())
                }
                val texts = phone.book.visit(visit).entries.mapNotNull { it.versions[0].text }
                assertEquals((1..6).flatMap { writer -> (0..4).map { "$writer.$it" } }, texts.sorted())
            }
        }

    @Test
    fun `a collector may write into the book it hears from`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's third tablet").use { phone ->
                val (visit) = phone.book.beginVisit(listOf(phone.child("Kite")))
                var heard = 0
                runCatching {
                    phone.book.changes().collect { change: Change ->
                        if (heard++ == 3) throw CancellationException("enough")
                        phone.book.note(visit, "saw", "after ${change.records.size}")
                    }
                }
                assertEquals(4, heard)
                assertEquals(3, phone.book.visit(visit).entries.size)
            }
        }

    @Test
    fun `cancelling the coroutine ends a sync that waits for an answer, and saving went on`(): Unit =
        runBlocking {
            SilentServer().use { silent ->
                Phone("W-ROWAN", "Rowan's train phone").use { phone ->
                    val (visit) = phone.book.beginVisit(listOf(phone.child("Kite")))
                    phone.open(connectVia = silent.address).use { phone.book = it.unlock(pin()) }
                    phone.book.note(visit, "saw", "on a bad line")
                    val waiting = phone.book.sealedWaiting()
                    val sync = launch { phone.book.sync() }
                    withContext(Dispatchers.IO) { silent.awaitConnection() }
                    refused("busy", retryable = true) { phone.book.sync() }
                    phone.book.note(visit, "saw", "while it waits")
                    withTimeout(FOR_EVER.seconds) { sync.cancelAndJoin() }
                    assertTrue(sync.isCancelled)
                    assertEquals(waiting + 1u, phone.book.sealedWaiting())
                    phone.open().use { phone.book = it.unlock(pin()) }
                    assertEquals(SyncEnded.COMPLETE, phone.sync().ended)
                    assertEquals(0uL, phone.book.sealedWaiting())
                }
            }
        }

    @Test
    fun `progress is told between exchanges, and a failing display stops nothing`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's last phone").use { phone ->
                phone.book.beginVisit(listOf(phone.child("Kite"))).forEach { phone.book.set(it, "seen", "yes") }
                var steps = 0
                val options =
                    SyncOptions(budget = 60.seconds) {
                        steps++
                        error("a screen that is gone")
                    }
                assertEquals(SyncEnded.COMPLETE, phone.book.sync(options).ended)
                assertTrue(steps > 1)
                phone.book.note(phone.book.beginVisit(listOf(phone.child("Kite")))[0], "saw", "x")
                assertEquals(SyncEnded.BUDGET, phone.book.sync(SyncOptions(budget = 0.seconds)).ended)
            }
        }

    @Test
    fun `what a transport of the app throws is trouble of a kind`(): Unit =
        runBlocking {
            val carrier = Carrier()
            Phone("W-ROWAN", "Rowan's carried phone").use { phone ->
                phone.open().close()
                Device.open(phone.folder, phone.keys, transport = carrier).use { phone.book = it.unlock(pin()) }
                val troubles =
                    listOf(
                        IllegalStateException("anything") to SyncTrouble.LINE_LOST,
                        NotImplementedError() to SyncTrouble.LINE_LOST,
                        TransportException.NoLine() to SyncTrouble.NO_LINE,
                        TransportException.NotPrivate() to SyncTrouble.NOT_PRIVATE,
                        TransportException.LineLost() to SyncTrouble.LINE_LOST,
                        TransportException.TimedOut() to SyncTrouble.LINE_LOST,
                        TransportException.Unreadable() to SyncTrouble.NOT_ANSWERING_PROPERLY,
                    )
                for ((thrown, trouble) in troubles) {
                    carrier.answer = { throw thrown }
                    assertEquals(trouble, phone.sync().trouble, thrown.toString())
                }
                carrier.answer = { throw TransportException.Cancelled() }
                assertEquals(SyncEnded.CANCELLED, phone.sync().ended)
                carrier.answer = { CouncilAnswer(200u, "<html>Sign in".toByteArray(), "text/html") }
                assertEquals(SyncTrouble.SIGN_IN_PAGE, phone.sync().trouble)
                // The native side gave one for each exchange; a transport need not know that.
                assertTrue(carrier.cancels.isNotEmpty() && carrier.cancels.all { it.uniffiIsDestroyed })
                assertTrue(carrier.seen.all { it.url.startsWith("https://${Council.listening}/v1/") && it.tlsRoots.isNotEmpty() })
            }
        }

    @Test
    fun `nothing native is left when everything is closed`(): Unit =
        runBlocking {
            val before = alive()
            Phone("W-ROWAN", "Rowan's counted phone").use { phone ->
                val changes = launch { phone.book.changes().collect {} }
                phone.book.changes().first()
                phone.book.sync(SyncOptions { })
                changes.cancelAndJoin()
                phone.book.lock().use { locked ->
                    phone.book.close()
                    runCatching { locked.unlock(wrongPin()) }
                    phone.book = locked.unlock(pin())
                }
                phone.book.enterFamily(phone.child("Wren")).use { page ->
                    phone.book.close()
                    phone.book = page.leave(pin())
                }
                assertTrue(alive() > before)
                // The folder is let go with the last native object that holds it.
                phone.open().close()
            }
            // The native side drops what an app implements with the object that holds it.
            assertEquals(before, alive())
        }

    private fun alive(): Int =
        FfiConverterTypeHardwareKeys.handleMap.size + FfiConverterTypeChangeListener.handleMap.size +
            FfiConverterTypeSyncProgress.handleMap.size + FfiConverterTypeTransport.handleMap.size
}

private class Carrier : Transport {
    val seen = mutableListOf<CouncilRequest>()
    val cancels = mutableListOf<SyncCancel>()
    var answer: () -> CouncilAnswer = { throw TransportException.NoLine() }

    override fun exchange(
        request: CouncilRequest,
        cancel: SyncCancel,
    ): CouncilAnswer {
        seen += request
        cancels += cancel
        return answer()
    }
}
