/*
 * The keystore of an Android phone. Thin: the core decides what keys are for, this asks the platform.
 *
 * Tested against a keystore in memory, on the framework of API 26 and 35: our calls and the mapping of errors. Hardware,
 * real prompts and real invalidation are in docs/device-trials.md.
 */
package visitbook.android

import android.annotation.TargetApi
import android.app.KeyguardManager
import android.content.Context
import android.content.pm.PackageManager
import android.os.Build
import android.os.UserManager
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.UserNotAuthenticatedException
import android.util.AtomicFile
import visitbook.core.HardwareKeys
import visitbook.core.KeyPolicy
import visitbook.core.KeystoreException
import java.io.File
import java.io.FileNotFoundException
import java.security.InvalidAlgorithmParameterException
import java.security.KeyStore
import java.security.NoSuchAlgorithmException
import java.security.NoSuchProviderException
import java.security.ProviderException
import javax.crypto.KeyGenerator
import javax.crypto.Mac

private const val PROVIDER = "AndroidKeyStore"

private const val KEY_BITS = 256

/** `android.security.KeyStoreException.ERROR_USER_AUTHENTICATION_REQUIRED`, where an operation was begun and not let end. */
private const val NEEDS_PERSON = 2L

/** Causes can go round in a circle. */
private const val DEEPEST_CAUSE = 10

/**
 * HMAC keys in the Android Keystore, in StrongBox where there is one; and small values in a folder that no backup takes.
 *
 * [recognition] asks for a fingerprint or face, mostly a [SystemPrompt]; without one the phone has none to unlock by.
 */
public class AndroidKeys(
    private val context: Context,
    private val recognition: Recognition? = null,
) : HardwareKeys {
    private val folder = File(context.noBackupFilesDir, "visitbook-keys")

    override fun ensure(
        alias: String,
        policy: KeyPolicy,
    ): Unit =
        mapped {
            val name = if (policy == KeyPolicy.BIOMETRIC_CURRENT_SET) recognised(alias) else alias
            if (store().containsAlias(name)) return@mapped
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P && hasStrongBox()) {
                try {
                    return@mapped make(spec(name, policy).apply { inStrongBox() }, policy)
                } catch (_: ProviderException) {
                    // A StrongBox that is full or slow to answer is no reason not to record: the ordinary one is hardware too.
                }
            }
            make(spec(name, policy), policy)
        }

    override fun derive(
        alias: String,
        input: ByteArray,
    ): ByteArray =
        mapped {
            val store = store()
            val mac = Mac.getInstance(KeyProperties.KEY_ALGORITHM_HMAC_SHA256)
            if (store.containsAlias(recognised(alias))) {
                mac.init(keyOfPerson(store, alias))
                val recognition = recognition ?: throw KeystoreException.Unsupported()
                // The hardware holds the operation back until the person was recognised for it.
                recognition.recognise(mac)
            } else {
                mac.init(store.getKey(alias, null) ?: throw KeystoreException.Missing())
            }
            mac.doFinal(input)
        }

    override fun putSmall(
        name: String,
        value: ByteArray,
    ): Unit =
        mapped {
            folder.mkdirs()
            val file = small(name)
            val out = file.startWrite()
            try {
                out.write(value)
            } catch (error: Exception) {
                file.failWrite(out)
                throw error
            }
            // Flushes to the disk before it takes the old one's place.
            file.finishWrite(out)
        }

    override fun getSmall(name: String): ByteArray? =
        mapped {
            try {
                small(name).readFully()
            } catch (_: FileNotFoundException) {
                null
            }
        }

    override fun delete(alias: String): Unit =
        mapped {
            store().deleteEntry(alias)
            store().deleteEntry(recognised(alias))
        }

    override fun protectedDataAvailable(): Boolean = !isLocked()

    private fun store(): KeyStore = KeyStore.getInstance(PROVIDER).apply { load(null) }

    private fun spec(
        alias: String,
        policy: KeyPolicy,
    ): KeyGenParameterSpec.Builder =
        KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN).setKeySize(KEY_BITS).apply {
            when (policy) {
                KeyPolicy.BACKGROUND -> Unit
                KeyPolicy.UNLOCKED_DEVICE -> needUnlocked()
                KeyPolicy.BIOMETRIC_CURRENT_SET -> needPerson()
            }
        }

    private fun make(
        spec: KeyGenParameterSpec.Builder,
        policy: KeyPolicy,
    ) {
        val forPerson = policy == KeyPolicy.BIOMETRIC_CURRENT_SET
        // The prompt that releases such a key came with this version.
        if (forPerson && (recognition == null || Build.VERSION.SDK_INT < Build.VERSION_CODES.P)) throw KeystoreException.Unsupported()
        KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_HMAC_SHA256, PROVIDER).run {
            try {
                init(spec.build())
            } catch (error: InvalidAlgorithmParameterException) {
                // Nothing is enrolled that could release it.
                throw if (forPerson) KeystoreException.Unsupported() else error
            }
            generateKey()
        }
    }

    private fun hasStrongBox(): Boolean =
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.P &&
            context.packageManager.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE)

    // A name may hold what a file's may not.
    private fun small(name: String) = AtomicFile(File(folder, name.toByteArray().joinToString("") { "%02x".format(it) }))

    private fun isLocked(): Boolean {
        val keyguard = context.getSystemService(Context.KEYGUARD_SERVICE) as KeyguardManager
        val user = context.getSystemService(Context.USER_SERVICE) as UserManager
        return keyguard.isDeviceLocked || !user.isUserUnlocked
    }

    private inline fun <T> mapped(work: () -> T): T =
        try {
            work()
        } catch (error: KeystoreException) {
            throw error
        } catch (error: Exception) {
            throw keystoreError(error, isLocked())
        }
}

@TargetApi(Build.VERSION_CODES.P)
internal fun KeyGenParameterSpec.Builder.inStrongBox() {
    setIsStrongBoxBacked(true)
}

@TargetApi(Build.VERSION_CODES.P)
internal fun KeyGenParameterSpec.Builder.needUnlocked() {
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) setUnlockedDeviceRequired(true)
}

@TargetApi(Build.VERSION_CODES.R)
internal fun KeyGenParameterSpec.Builder.needPerson() {
    setUserAuthenticationRequired(true)
    setInvalidatedByBiometricEnrollment(true)
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
        setUserAuthenticationParameters(0, KeyProperties.AUTH_BIOMETRIC_STRONG)
    }
}

/**
 * What a platform's exception is to the core. The outermost that says something decides, since the keystore wraps its own in
 * general ones. What is not known is transient: `Missing` would tell a person that a key is lost.
 */
internal fun keystoreError(
    thrown: Throwable,
    locked: Boolean,
): KeystoreException {
    val causes = generateSequence(thrown) { it.cause }.take(DEEPEST_CAUSE).toList()
    return causes.firstNotNullOfOrNull { said(it, locked) }
        // A key that needs the phone unlocked fails in whatever way the maker chose.
        ?: if (locked) KeystoreException.LockedNow() else KeystoreException.Transient(causes.firstNotNullOfOrNull(::platformCode) ?: 0)
}

private fun said(
    cause: Throwable,
    locked: Boolean,
): KeystoreException? =
    when {
        cause is KeyPermanentlyInvalidatedException -> {
            KeystoreException.Invalidated()
        }

        cause is UserNotAuthenticatedException || platformCode(cause) == NEEDS_PERSON -> {
            if (locked) KeystoreException.LockedNow() else KeystoreException.NotAuthenticated()
        }

        cause is NoSuchAlgorithmException || cause is NoSuchProviderException -> {
            KeystoreException.Unsupported()
        }

        else -> {
            null
        }
    }

@TargetApi(Build.VERSION_CODES.TIRAMISU)
private fun platformCode(error: Throwable): Long? =
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU && error is android.security.KeyStoreException) {
        error.numericErrorCode.toLong()
    } else {
        null
    }
