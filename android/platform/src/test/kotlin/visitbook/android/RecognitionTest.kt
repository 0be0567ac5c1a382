/*
 * Keys that wait for a fingerprint or face, on the real framework, with a prompt in the platform's place.
 */
package visitbook.android

import android.content.Context
import android.hardware.biometrics.BiometricPrompt
import android.os.Build
import android.os.CancellationSignal
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.UserNotAuthenticatedException
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements
import visitbook.core.KeyPolicy
import visitbook.core.KeystoreException
import java.security.InvalidAlgorithmParameterException
import java.security.Security
import java.security.UnrecoverableKeyException
import java.util.concurrent.Executor
import javax.crypto.Mac

/** Stands in for the platform's prompt, and answers as [answer] says. */
@Implements(BiometricPrompt::class, minSdk = Build.VERSION_CODES.P)
class PromptShadow {
    @Implementation(minSdk = Build.VERSION_CODES.P)
    @Suppress("UNUSED_PARAMETER") // As the platform declares it.
    fun authenticate(
        crypto: BiometricPrompt.CryptoObject,
        cancel: CancellationSignal,
        executor: Executor,
        callback: BiometricPrompt.AuthenticationCallback,
    ) {
        asked = crypto.mac
        answer(callback)
    }

    companion object {
        var asked: Mac? = null
        var answer: (BiometricPrompt.AuthenticationCallback) -> Unit = {}
    }
}

@RunWith(RobolectricTestRunner::class)
class RecognitionTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val asked = mutableListOf<Mac>()
    private var refusal: KeystoreException? = null
    private val keys =
        AndroidKeys(context) { operation ->
            asked += operation
            refusal?.let { throw it }
        }
    private val input = "pepper".toByteArray()

    @Before
    fun provide() {
        MemoryKeystore.clear()
        Security.addProvider(MemoryKeystore())
    }

    @After
    fun take() = Security.removeProvider("AndroidKeyStore")

    @Test
    @Config(minSdk = Build.VERSION_CODES.P)
    fun `a key that waits for a person is asked for each use, and one that does not never`() {
        keys.ensure("pin", KeyPolicy.UNLOCKED_DEVICE)
        keys.ensure("finger", KeyPolicy.BIOMETRIC_CURRENT_SET)
        keys.derive("pin", input)
        assertEquals(0, asked.size)
        val answer = keys.derive("finger", input)
        assertEquals(1, asked.size)
        keys.ensure("finger", KeyPolicy.BIOMETRIC_CURRENT_SET)
        assertArrayEquals(answer, keys.derive("finger", input))
        assertEquals(2, asked.size)
        // Each prompt is for an operation of its own, which nothing else could have begun.
        assertTrue(asked[0] !== asked[1])
        refusal = KeystoreException.UserCancelled()
        assertThrows(KeystoreException.UserCancelled::class.java) { keys.derive("finger", input) }
        refusal = null
        keys.delete("finger")
        assertThrows(KeystoreException.Missing::class.java) { keys.derive("finger", input) }
        keys.ensure("finger", KeyPolicy.BIOMETRIC_CURRENT_SET)
        assertNotEquals(answer.toList(), keys.derive("finger", input).toList())
    }

    @Test
    @Config(minSdk = Build.VERSION_CODES.P)
    fun `such a key is released for one use, by a strong biometric that was enrolled when it was made`() {
        keys.ensure("finger", KeyPolicy.BIOMETRIC_CURRENT_SET)
        val spec = MemoryKeystore.specs.values.single()
        assertTrue(spec.isUserAuthenticationRequired && spec.isInvalidatedByBiometricEnrollment)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            assertEquals(0, spec.userAuthenticationValidityDurationSeconds)
            assertEquals(KeyProperties.AUTH_BIOMETRIC_STRONG, spec.userAuthenticationType)
        } else {
            assertEquals(-1, spec.userAuthenticationValidityDurationSeconds)
        }
    }

    @Test
    @Config(minSdk = Build.VERSION_CODES.P)
    fun `a new fingerprint is the death of the key, and a passing fault is not`() {
        keys.ensure("pin", KeyPolicy.UNLOCKED_DEVICE)
        keys.ensure("finger", KeyPolicy.BIOMETRIC_CURRENT_SET)
        for (dead in listOf(KeyPermanentlyInvalidatedException(), UnrecoverableKeyException("destroyed"))) {
            MemoryKeystore.fault = dead
            assertThrows(KeystoreException.Invalidated::class.java) { keys.derive("finger", input) }
        }
        MemoryKeystore.fault = UserNotAuthenticatedException()
        assertThrows(KeystoreException.NotAuthenticated::class.java) { keys.derive("finger", input) }
        // Of a key that no fingerprint ends, the same words say nothing so sure.
        MemoryKeystore.fault = UnrecoverableKeyException("try again")
        assertThrows(KeystoreException.Transient::class.java) { keys.derive("pin", input) }
        MemoryKeystore.fault = null
        keys.derive("finger", input)
    }

    @Test
    fun `without a prompt, or with nobody enrolled, there is no such key`() {
        assertThrows(KeystoreException.Unsupported::class.java) {
            AndroidKeys(context).ensure("finger", KeyPolicy.BIOMETRIC_CURRENT_SET)
        }
        MemoryKeystore.refusedSpec = InvalidAlgorithmParameterException("at least one biometric must be enrolled")
        assertThrows(KeystoreException.Unsupported::class.java) { keys.ensure("finger", KeyPolicy.BIOMETRIC_CURRENT_SET) }
        assertTrue(MemoryKeystore.keys.isEmpty())
        MemoryKeystore.refusedSpec = null
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.P) {
            assertThrows(KeystoreException.Unsupported::class.java) { keys.ensure("finger", KeyPolicy.BIOMETRIC_CURRENT_SET) }
        }
    }

    @Test
    @Config(minSdk = Build.VERSION_CODES.P, shadows = [PromptShadow::class])
    fun `the platform's prompt is asked for this operation, and its end is the answer`() {
        val mac = Mac.getInstance("HmacSHA256")
        val prompt = SystemPrompt(context, "Open your visits", "Use the PIN")
        PromptShadow.answer = {
            it.onAuthenticationFailed()
            it.onAuthenticationHelp(1, "move your finger")
            it.onAuthenticationSucceeded(BiometricPrompt.AuthenticationResult(BiometricPrompt.CryptoObject(mac), 0))
        }
        prompt.recognise(mac)
        assertTrue(PromptShadow.asked === mac)
        PromptShadow.answer = { it.onAuthenticationError(BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT, "too many tries") }
        assertThrows(KeystoreException.NotAuthenticated::class.java) { prompt.recognise(mac) }
    }

    @Test
    fun `a prompt below its version of the platform is said to be none`() {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) return
        val prompt = SystemPrompt(context, "Open your visits", "Use the PIN")
        assertThrows(KeystoreException.Unsupported::class.java) { prompt.recognise(Mac.getInstance("HmacSHA256")) }
    }

    @Test
    fun `each way a prompt ends is an error of a kind, and one nobody knows is transient`() {
        fun names(vararg codes: Int) = codes.map { promptError(it)::class.simpleName }.toSet()

        assertEquals(setOf("UserCancelled"), names(3, 5, 10))
        assertEquals(setOf("NotAuthenticated"), names(7, 9))
        assertEquals(setOf("Unsupported"), names(11, 12, 14, 15))
        assertEquals(setOf("Transient"), names(1, 2, 4, 8, 99))
        assertEquals(8L, (promptError(8) as KeystoreException.Transient).code)
        assertFalse((0..100).any { promptError(it) is KeystoreException.Missing || promptError(it) is KeystoreException.Invalidated })
    }
}
