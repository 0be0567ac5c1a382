/*
 * What an app implements, as the native library is given it. UniFFI passes on every Exception; an Error (no memory, an
 * assertion, TODO()) it does not see, and the native side would go on with an answer that nobody gave.
 */
package visitbook

import visitbook.core.CallbackException
import visitbook.core.CouncilAnswer
import visitbook.core.CouncilRequest
import visitbook.core.HardwareKeys
import visitbook.core.KeyPolicy
import visitbook.core.KeystoreException
import visitbook.core.SyncCancel
import visitbook.core.SyncCounts
import visitbook.core.SyncProgress
import visitbook.core.Transport
import visitbook.core.TransportException

private inline fun <T> caught(
    instead: () -> Exception,
    work: () -> T,
): T =
    try {
        work()
    } catch (exception: Exception) {
        throw exception
    } catch (_: Throwable) {
        throw instead()
    }

private inline fun <T> keystore(work: () -> T): T = caught({ KeystoreException.Transient(0) }, work)

internal class CaughtKeys(
    private val keys: HardwareKeys,
) : HardwareKeys {
    override fun ensure(
        alias: String,
        policy: KeyPolicy,
    ): Unit = keystore { keys.ensure(alias, policy) }

    override fun derive(
        alias: String,
        input: ByteArray,
    ): ByteArray = keystore { keys.derive(alias, input) }

    override fun putSmall(
        name: String,
        value: ByteArray,
    ): Unit = keystore { keys.putSmall(name, value) }

    override fun getSmall(name: String): ByteArray? = keystore { keys.getSmall(name) }

    override fun delete(alias: String): Unit = keystore { keys.delete(alias) }

    override fun protectedDataAvailable(): Boolean = keystore { keys.protectedDataAvailable() }
}

internal class CaughtTransport(
    private val transport: Transport,
) : Transport {
    override fun exchange(
        request: CouncilRequest,
        cancel: SyncCancel,
    ): CouncilAnswer = caught({ TransportException.LineLost() }) { cancel.use { transport.exchange(request, it) } }
}

internal class Telling(
    private val tell: (SyncCounts) -> Unit,
) : SyncProgress {
    override fun progressed(soFar: SyncCounts): Unit = caught({ CallbackException.Failed() }) { tell(soFar) }
}
