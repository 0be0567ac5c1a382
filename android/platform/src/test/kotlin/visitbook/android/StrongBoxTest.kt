/*
 * A phone's second, separate chip for keys: asked where there is one, and never in the way.
 */
package visitbook.android

import android.content.Context
import android.content.pm.PackageManager
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.StrongBoxUnavailableException
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import visitbook.core.KeyPolicy
import visitbook.core.KeystoreException
import java.security.ProviderException
import java.security.Security

@RunWith(RobolectricTestRunner::class)
class StrongBoxTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val keys = AndroidKeys(context)
    private val asked = mutableListOf<Boolean>()

    @Before
    fun provide() {
        MemoryKeystore.keys.clear()
        MemoryKeystore.specs.clear()
        MemoryKeystore.fault = null
        Security.addProvider(MemoryKeystore())
    }

    @After
    fun take() {
        MemoryKeystore.refusal = { null }
        Security.removeProvider("AndroidKeyStore")
    }

    private fun has(strongBox: Boolean): Unit =
        shadowOf(context.packageManager).setSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE, strongBox)

    /** In StrongBox keys fail with [inStrongBox], elsewhere with [elsewhere]. */
    private fun refuse(
        inStrongBox: RuntimeException?,
        elsewhere: RuntimeException? = null,
    ) {
        MemoryKeystore.refusal = { spec: KeyGenParameterSpec ->
            val strongBox = spec.isStrongBoxBacked
            asked += strongBox
            if (strongBox) inStrongBox else elsewhere
        }
    }

    @Test
    @Config(sdk = [35])
    fun `keys are made in StrongBox where there is one`() {
        has(strongBox = true)
        val policies = listOf(KeyPolicy.BACKGROUND, KeyPolicy.UNLOCKED_DEVICE)
        for (policy in policies) keys.ensure(policy.name, policy)
        assertTrue(policies.all { MemoryKeystore.specs.getValue(it.name).isStrongBoxBacked })
        has(strongBox = false)
        keys.ensure("without", KeyPolicy.BACKGROUND)
        assertFalse(MemoryKeystore.specs.getValue("without").isStrongBoxBacked)
    }

    @Test
    @Config(sdk = [35])
    fun `where StrongBox will not, the ordinary keystore makes the key`() {
        has(strongBox = true)
        for (fault in listOf(StrongBoxUnavailableException("full"), ProviderException("it does not answer"))) {
            asked.clear()
            refuse(inStrongBox = fault)
            keys.ensure(fault.toString(), KeyPolicy.BACKGROUND)
            assertEquals(listOf(true, false), asked)
            assertEquals(32, keys.derive(fault.toString(), byteArrayOf()).size)
        }
    }

    @Test
    @Config(sdk = [35])
    fun `where neither will, it is worth another try`() {
        has(strongBox = true)
        refuse(inStrongBox = StrongBoxUnavailableException(), elsewhere = ProviderException("the daemon is restarting"))
        assertThrows(KeystoreException.Transient::class.java) { keys.ensure("a", KeyPolicy.BACKGROUND) }
        assertEquals(listOf(true, false), asked)
    }

    @Test
    @Config(sdk = [26])
    fun `before Android 9 nobody asks for it`() {
        assertTrue(Build.VERSION.SDK_INT < Build.VERSION_CODES.P)
        has(strongBox = true)
        keys.ensure("a", KeyPolicy.BACKGROUND)
        assertEquals(32, keys.derive("a", byteArrayOf()).size)
    }
}
