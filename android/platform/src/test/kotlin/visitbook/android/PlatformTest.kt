/*
 * The Android side on the real framework of API 26 and 35, without a phone.
 */
package visitbook.android

import android.app.Activity
import android.app.KeyguardManager
import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.os.Build
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.UserNotAuthenticatedException
import android.view.WindowManager
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetworkCapabilities
import visitbook.core.KeyPolicy
import visitbook.core.KeystoreException
import java.security.InvalidKeyException
import java.security.NoSuchAlgorithmException
import java.security.NoSuchProviderException
import java.security.ProviderException
import java.security.Security
import java.security.UnrecoverableKeyException

class Page : Activity()

@RunWith(RobolectricTestRunner::class)
class PlatformTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val keys = AndroidKeys(context)

    @Before
    fun provide() {
        MemoryKeystore.clear()
        Security.addProvider(MemoryKeystore())
    }

    @After
    fun take() = Security.removeProvider("AndroidKeyStore")

    private fun lock(locked: Boolean) {
        val keyguard = context.getSystemService(Context.KEYGUARD_SERVICE) as KeyguardManager
        shadowOf(keyguard).setIsDeviceLocked(locked)
    }

    @Test
    fun `a key answers the same for ever, is never replaced, and is gone when deleted`() {
        val input = "pepper".toByteArray()
        keys.ensure("a", KeyPolicy.BACKGROUND)
        keys.ensure("b", KeyPolicy.BACKGROUND)
        val answer = keys.derive("a", input)
        assertEquals(32, answer.size)
        keys.ensure("a", KeyPolicy.BACKGROUND)
        assertArrayEquals(answer, AndroidKeys(context).derive("a", input))
        assertNotEquals(answer.toList(), keys.derive("b", input).toList())
        keys.delete("a")
        keys.delete("a")
        assertThrows(KeystoreException.Missing::class.java) { keys.derive("a", input) }
    }

    @Test
    fun `each policy asks of the platform what it says`() {
        val policies = listOf(KeyPolicy.BACKGROUND, KeyPolicy.UNLOCKED_DEVICE)
        for (policy in policies) keys.ensure(policy.name, policy)
        val (background, unlocked) = policies.map { MemoryKeystore.specs.getValue(it.name) }
        assertFalse(background.isUserAuthenticationRequired || unlocked.isUserAuthenticationRequired)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            assertTrue(unlocked.isUnlockedDeviceRequired)
            assertFalse(background.isUnlockedDeviceRequired)
        }
    }

    @Test
    fun `small values are kept whatever their names, and lie where no backup looks`() {
        assertNull(keys.getSmall("anchor/1"))
        keys.putSmall("anchor/1", byteArrayOf(1, 2, -1))
        keys.putSmall("anchor/1", byteArrayOf(3))
        keys.putSmall("../anchor", byteArrayOf(4))
        assertArrayEquals(byteArrayOf(3), AndroidKeys(context).getSmall("anchor/1"))
        assertArrayEquals(byteArrayOf(4), AndroidKeys(context).getSmall("../anchor"))
        assertEquals(2, context.noBackupFilesDir.resolve("visitbook-keys").list()!!.size)
        assertTrue(deviceFolder(context).path.startsWith(context.noBackupFilesDir.path))
    }

    @Test
    fun `each exception of the platform is an error of a kind, and one nobody knows is transient`() {
        fun name(
            thrown: Throwable,
            locked: Boolean = false,
        ) = keystoreError(thrown, locked)::class.simpleName

        assertEquals("Invalidated", name(KeyPermanentlyInvalidatedException()))
        assertEquals("Invalidated", name(ProviderException(KeyPermanentlyInvalidatedException()), locked = true))
        assertEquals("NotAuthenticated", name(UserNotAuthenticatedException()))
        assertEquals("LockedNow", name(UserNotAuthenticatedException(), locked = true))
        assertEquals("LockedNow", name(InvalidKeyException("Keystore operation failed"), locked = true))
        assertEquals("Unsupported", name(NoSuchAlgorithmException()))
        assertEquals("Unsupported", name(NoSuchProviderException()))
        for (unknown in listOf(ProviderException(), InvalidKeyException(), UnrecoverableKeyException(), IllegalStateException())) {
            assertEquals("Transient", name(unknown))
        }
        MemoryKeystore.fault = ProviderException("the keystore's daemon is restarting")
        assertThrows(KeystoreException.Transient::class.java) { keys.ensure("a", KeyPolicy.BACKGROUND) }
        assertThrows(KeystoreException.Transient::class.java) { keys.derive("a", byteArrayOf()) }
        lock(true)
        assertThrows(KeystoreException.LockedNow::class.java) { keys.derive("a", byteArrayOf()) }
    }

    @Test
    fun `the phone's lock is seen`() {
        lock(false)
        assertTrue(keys.protectedDataAvailable())
        lock(true)
        assertFalse(keys.protectedDataAvailable())
    }

    @Test
    fun `a network counts when it leads to the internet`() {
        val networks = context.getSystemService(Context.CONNECTIVITY_SERVICE) as ConnectivityManager
        val capabilities = ShadowNetworkCapabilities.newInstance()
        shadowOf(networks).setNetworkCapabilities(networks.activeNetwork, capabilities)
        assertFalse(isOnline(context))
        shadowOf(capabilities).addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
        shadowOf(networks).setNetworkCapabilities(networks.activeNetwork, capabilities)
        assertTrue(isOnline(context))
        shadowOf(networks).setActiveNetworkInfo(null)
        assertFalse(isOnline(context))
    }

    @Test
    fun `a private window is not in pictures of the screen`() {
        Robolectric.buildActivity(Page::class.java).use { page ->
            page.setup()
            keepPrivate(page.get().window)
            assertTrue(page.get().window.attributes.flags and WindowManager.LayoutParams.FLAG_SECURE != 0)
        }
    }
}
