/*
 * A fingerprint beside the PIN, and sending while the app is away: what a phone's own parts are built on.
 */
package visitbook

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import visitbook.core.CouncilAnswer
import visitbook.core.KeystoreException
import visitbook.core.SyncTrouble
import visitbook.core.UploadOrder
import java.io.ByteArrayInputStream
import java.io.File
import java.net.URI
import java.security.KeyStore
import java.security.cert.CertificateFactory
import javax.net.ssl.HttpsURLConnection
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory

class AwayTest {
    @Test
    fun `a fingerprint opens the same book, and another finger on the phone ends it and loses nothing`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's phone with a sensor").use { phone ->
                phone.book.addBiometric()
                phone.relock { locked ->
                    assertTrue(locked.hasBiometric())
                    phone.book = locked.unlockWithBiometric()
                    assertEquals("Rowan Teasel", phone.book.who().name)
                    refused("pin_needed") { phone.book.addBiometric() }
                }
                phone.keys.anotherFingerIsEnrolled()
                phone.relock { locked ->
                    refused("biometric_gone") { locked.unlockWithBiometric() }
                    assertFalse(locked.hasBiometric())
                    phone.book = locked.unlock(pin())
                }
                phone.book.addBiometric()
                phone.relock { phone.book = it.unlockWithBiometric() }
                phone.book.removeBiometric()
                phone.relock { locked ->
                    refused("biometric_gone") { locked.unlockWithBiometric() }
                    phone.book = locked.unlock(pin())
                }
            }
        }

    @Test
    fun `what the prompt says is an error of a kind, ends nothing, and forgives no wrong pin`(): Unit =
        runBlocking {
            Phone("W-BRYONY", "Bryony's phone with a sensor").use { phone ->
                phone.book.addBiometric()
                phone.relock { locked ->
                    val said =
                        listOf(
                            KeystoreException.UserCancelled() to "keystore_cancelled",
                            KeystoreException.NotAuthenticated() to "keystore_not_authenticated",
                            KeystoreException.Transient(8) to "keystore_transient",
                            KeystoreException.Unsupported() to "keystore_unsupported",
                            OutOfMemoryError("tansy") to "keystore_transient",
                        )
                    for ((thrown, code) in said) {
                        phone.keys.finger = { throw thrown }
                        val error = refused(code, retryable = code != "keystore_unsupported") { locked.unlockWithBiometric() }
                        assertFalse("tansy" in error.explanation)
                    }
                    phone.keys.finger = {}
                    refused("wrong_pin") { locked.unlock(wrongPin()) }
                    phone.book = locked.unlockWithBiometric()
                }
                phone.relock { locked ->
                    assertTrue("8 tries" in refused("wrong_pin") { locked.unlock(wrongPin()) }.explanation)
                    phone.book = locked.unlock(pin())
                }
            }
        }

    @Test
    fun `what the system was given to send arrives, and its answer counts at the unlock`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's phone in a bag").use { phone ->
                val (visit) = phone.book.beginVisit(listOf(phone.child("Kite")))
                phone.relock { locked ->
                    val order = locked.cutUploads().single()
                    assertEquals(locked.sealedWaiting(), order.envelopes.toULong())
                    val page = CouncilAnswer(200u, "<html>Sign in".toByteArray(), "text/html")
                    assertEquals(SyncTrouble.SIGN_IN_PAGE, locked.takeUpload(order.name, page).trouble)
                    assertEquals(listOf(order.name), locked.cutUploads().map { it.name })
                    assertEquals(1u, locked.takeUpload(order.name, carry(order)).keptUnopened)
                    assertTrue(locked.cutUploads().isEmpty())
                    phone.book = locked.unlock(pin())
                }
                assertEquals("council_has_it", phone.book.statuses().first { it.record == visit }.status.code)
            }
        }

    @Test
    fun `a device whose vault is lost still sends`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's phone after a fall").use { phone ->
                phone.book.beginVisit(listOf(phone.child("Kite")))
                phone.relock {}
                for (name in listOf("vault.a", "vault.b")) assertTrue(File(phone.folder, name).delete())
                refused("no_device_here") { Device.open(phone.folder, phone.keys) }
                val device: Device = Device.openToSend(phone.folder)
                (device as Outbox).use { outbox ->
                    val waiting = outbox.sealedWaiting()
                    assertTrue(waiting > 0uL)
                    val outcome = device.sync()
                    assertEquals(null to waiting, outcome.trouble to outcome.counts.sent.toULong())
                }
            }
        }

    /** Locks, and gives back the folder if [work] opened no other book. */
    private suspend fun Phone.relock(work: suspend (Locked) -> Unit) {
        val before = book
        val locked = before.lock()
        before.close()
        locked.use { work(it) }
    }

    /** What a system does with one request. */
    private fun carry(order: UploadOrder): CouncilAnswer {
        val store = KeyStore.getInstance(KeyStore.getDefaultType()).apply { load(null) }
        order.tlsRoots.forEachIndexed { at, der ->
            val root = CertificateFactory.getInstance("X.509").generateCertificate(ByteArrayInputStream(der))
            store.setCertificateEntry("root $at", root)
        }
        val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm()).apply { init(store) }
        val context = SSLContext.getInstance("TLS").apply { init(null, trust.trustManagers, null) }
        val connection = URI(order.url).toURL().openConnection() as HttpsURLConnection
        connection.sslSocketFactory = context.socketFactory
        connection.requestMethod = "POST"
        connection.doOutput = true
        connection.setRequestProperty("Content-Type", order.mediaType)
        connection.setRequestProperty("Accept", order.mediaType)
        connection.outputStream.use { out -> File(order.path).inputStream().use { it.copyTo(out) } }
        return CouncilAnswer(connection.responseCode.toUShort(), connection.inputStream.readBytes(), connection.contentType)
    }
}
