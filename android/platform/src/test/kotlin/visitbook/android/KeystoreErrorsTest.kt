/*
 * Every exception that the platform's keystore has, and what it is to the core.
 */
package visitbook.android

import android.security.KeyStoreException
import android.security.keystore.BackendBusyException
import android.security.keystore.KeyExpiredException
import android.security.keystore.KeyNotYetValidException
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.SecureKeyImportUnavailableException
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import android.security.keystore.UserPresenceUnavailableException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import visitbook.core.KeystoreException
import java.security.InvalidKeyException
import java.security.ProviderException
import java.security.SignatureException

@RunWith(RobolectricTestRunner::class)
class KeystoreErrorsTest {
    private fun named(
        thrown: Throwable,
        locked: Boolean = false,
    ): String = keystoreError(thrown, locked).javaClass.simpleName

    @Test
    @Config(sdk = [35])
    fun `of the keystore's own exceptions two say what a person can do, and the rest is worth another try`() {
        val known =
            mapOf(
                KeyPermanentlyInvalidatedException() to "Invalidated",
                UserNotAuthenticatedException() to "NotAuthenticated",
                // None of ours has a time to begin or end, is imported, or asks for a button.
                KeyExpiredException() to "Transient",
                KeyNotYetValidException() to "Transient",
                SecureKeyImportUnavailableException() to "Transient",
                UserPresenceUnavailableException() to "Transient",
                BackendBusyException(1_000) to "Transient",
                StrongBoxUnavailableException() to "Transient",
            )
        for ((thrown, name) in known) {
            assertEquals(name, named(thrown))
            assertEquals("wrapped: $thrown", name, named(ProviderException(InvalidKeyException(thrown))))
        }
    }

    @Test
    @Config(sdk = [35])
    fun `an error's number is kept, and no number says that a key is missing`() {
        // As the daemon numbers them: the second is "key not found", the last nobody has heard of.
        val missing = KeyStoreException(7, "Key not found")
        assertEquals(KeyStoreException.ERROR_KEY_DOES_NOT_EXIST, missing.numericErrorCode)
        val unauthenticated = KeyStoreException(-26, "Key user not authenticated")
        assertEquals(KeyStoreException.ERROR_USER_AUTHENTICATION_REQUIRED, unauthenticated.numericErrorCode)
        assertEquals("NotAuthenticated", named(SignatureException(unauthenticated)))
        assertEquals("LockedNow", named(SignatureException(unauthenticated), locked = true))
        for (error in listOf(missing, KeyStoreException(-1234, "new"))) {
            val mapped = keystoreError(ProviderException(error), locked = false)
            assertTrue(mapped is KeystoreException.Transient)
            assertEquals(error.numericErrorCode.toLong(), (mapped as KeystoreException.Transient).code)
        }
    }

    @Test
    fun `causes that go round in a circle come to an end`() {
        val one = IllegalStateException()
        one.initCause(IllegalArgumentException(one))
        assertEquals("Transient", named(one))
        assertEquals("LockedNow", named(one, locked = true))
    }
}
