/*
 * Asking for a fingerprint or face. The keystore releases a key for one operation at a time, and only to the prompt.
 *
 * Tested with a prompt in the platform's place, on the framework of API 28 and later: our calls and the mapping of errors. A
 * real sensor is in docs/device-trials.md.
 */
package visitbook.android

import android.annotation.TargetApi
import android.content.Context
import android.hardware.biometrics.BiometricManager
import android.hardware.biometrics.BiometricPrompt
import android.os.Build
import android.os.CancellationSignal
import visitbook.core.KeystoreException
import java.security.Key
import java.security.KeyStore
import java.security.UnrecoverableKeyException
import java.util.concurrent.CompletableFuture
import javax.crypto.Mac

/** How a person is recognised for one use of a key. */
public fun interface Recognition {
    /**
     * Returns once the person was recognised for [operation], which can be finished then. Blocks until they answered, so it is
     * never called on the main thread.
     *
     * @throws KeystoreException `UserCancelled`, `NotAuthenticated`, `Unsupported`, and `Transient` for what is not known.
     */
    public fun recognise(operation: Mac)
}

/**
 * The platform's own prompt, over whatever the app shows: [title] says what for, [usePin] dismisses it. Needs the permission
 * `android.permission.USE_BIOMETRIC`, and API 28.
 */
@TargetApi(Build.VERSION_CODES.P)
public class SystemPrompt(
    private val context: Context,
    private val title: CharSequence,
    private val usePin: CharSequence,
) : Recognition {
    override fun recognise(operation: Mac) {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.P) throw KeystoreException.Unsupported()
        val answered = CompletableFuture<KeystoreException?>()
        val callback =
            object : BiometricPrompt.AuthenticationCallback() {
                override fun onAuthenticationSucceeded(result: BiometricPrompt.AuthenticationResult) {
                    answered.complete(null)
                }

                // What was not recognised may be tried again: the prompt stays until it says this.
                override fun onAuthenticationError(
                    code: Int,
                    words: CharSequence,
                ) {
                    answered.complete(promptError(code))
                }
            }
        val builder =
            BiometricPrompt.Builder(context).setTitle(title).setNegativeButton(usePin, context.mainExecutor) { _, _ ->
                answered.complete(KeystoreException.UserCancelled())
            }
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            builder.setAllowedAuthenticators(BiometricManager.Authenticators.BIOMETRIC_STRONG)
        }
        val dismissal = CancellationSignal()
        builder.build().authenticate(BiometricPrompt.CryptoObject(operation), dismissal, context.mainExecutor, callback)
        try {
            answered.get()?.let { throw it }
        } catch (interrupted: InterruptedException) {
            dismissal.cancel()
            throw interrupted
        }
    }
}

/** The platform does not say of a key whether it waits for a person. The name it is stored under does. */
internal fun recognised(alias: String): String = "recognised:$alias"

/** Some versions of the platform call a key that a new fingerprint has destroyed unrecoverable, and no other key. */
internal fun keyOfPerson(
    store: KeyStore,
    alias: String,
): Key =
    try {
        store.getKey(recognised(alias), null) ?: throw KeystoreException.Missing()
    } catch (_: UnrecoverableKeyException) {
        throw KeystoreException.Invalidated()
    }

/** What a prompt that ended without the person is to the core. */
internal fun promptError(code: Int): KeystoreException =
    when (code) {
        BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED,
        BiometricPrompt.BIOMETRIC_ERROR_CANCELED,
        BiometricPrompt.BIOMETRIC_ERROR_TIMEOUT,
        -> KeystoreException.UserCancelled()

        BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT,
        BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT_PERMANENT,
        -> KeystoreException.NotAuthenticated()

        BiometricPrompt.BIOMETRIC_ERROR_NO_BIOMETRICS,
        BiometricPrompt.BIOMETRIC_ERROR_HW_NOT_PRESENT,
        BiometricPrompt.BIOMETRIC_ERROR_NO_DEVICE_CREDENTIAL,
        BiometricPrompt.BIOMETRIC_ERROR_SECURITY_UPDATE_REQUIRED,
        -> KeystoreException.Unsupported()

        else -> KeystoreException.Transient(code.toLong())
    }
