/*
 * A council for the tests: a real server on loopback with the families of the fixtures, a keystore in memory, and phones.
 */
package visitbook

import kotlinx.coroutines.runBlocking
import visitbook.core.HardwareKeys
import visitbook.core.KeyPolicy
import visitbook.core.KeystoreException
import visitbook.core.SyncOutcome
import visitbook.core.Transport
import java.io.File
import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Files
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec
import kotlin.io.path.createTempDirectory
import kotlin.random.Random

/** Longer than anything here takes; passing it means that something waits for ever. */
const val FOR_EVER: Long = 120

fun pin(): ByteArray = "tansy-83-otter".toByteArray()

fun wrongPin(): ByteArray = "tansy-84-otter".toByteArray()

/**
 * A keystore as an app writes one. [fault] is called with the function's name before each answer, [finger] while a prompt for a
 * fingerprint stands.
 */
class Keys : HardwareKeys {
    private val made = mutableMapOf<String, ByteArray>()
    private val small = mutableMapOf<String, ByteArray>()
    private val ofAPerson = mutableSetOf<String>()
    private val dead = mutableSetOf<String>()

    @Volatile var fault: (String) -> Unit = {}

    @Volatile var finger: () -> Unit = {}

    /** What a phone does to the keys that wait for a person. */
    fun anotherFingerIsEnrolled() {
        dead += ofAPerson
    }

    override fun ensure(
        alias: String,
        policy: KeyPolicy,
    ) {
        fault("ensure")
        made.getOrPut(alias) { Random.nextBytes(32) }
        if (policy == KeyPolicy.BIOMETRIC_CURRENT_SET) ofAPerson += alias
    }

    override fun derive(
        alias: String,
        input: ByteArray,
    ): ByteArray {
        fault("derive")
        val key = made[alias] ?: throw KeystoreException.Missing()
        if (alias in dead) throw KeystoreException.Invalidated()
        if (alias in ofAPerson) finger()
        return Mac.getInstance("HmacSHA256").apply { init(SecretKeySpec(key, "HmacSHA256")) }.doFinal(input)
    }

    override fun putSmall(
        name: String,
        value: ByteArray,
    ) {
        fault("putSmall")
        small[name] = value
    }

    override fun getSmall(name: String): ByteArray? = small[name].also { fault("getSmall") }

    override fun delete(alias: String) {
        fault("delete")
        made.remove(alias)
        dead -= alias
    }

    override fun protectedDataAvailable(): Boolean = true.also { fault("protectedDataAvailable") }
}

/** One server process for all tests, stopped with the JVM. */
object Council {
    private val server = property("visitbook.server")
    private val scratch: File = createTempDirectory("visitbook-kotlin").toFile()
    private val folder = File(scratch, "council")
    private val process: Process
    val listening: String

    init {
        command("init", "--name", "Fernmouth Council", "--address", "https://127.0.0.1:8443")
        // An import leaves its report beside what it read.
        val files = File(scratch, "files").apply { mkdir() }
        File(property("visitbook.fixtures")).listFiles()!!.forEach { Files.copy(it.toPath(), File(files, it.name).toPath()) }
        check("\"rejected\":[]" in command("import", files.path))
        process =
            ProcessBuilder(server, "--dir", folder.path, "--json", "serve", "--listen", "127.0.0.1:0")
                .redirectError(File(scratch, "council.log"))
                .start()
        Runtime.getRuntime().addShutdownHook(
            Thread {
                process.destroy()
                process.waitFor(FOR_EVER, TimeUnit.SECONDS)
                scratch.deleteRecursively()
            },
        )
        listening = field(process.inputStream.bufferedReader().readLine(), "listening")
    }

    private fun property(name: String): String =
        checkNotNull(System.getProperty(name)) { "$name is not set: run tests/languages/kotlin.sh" }

    fun command(vararg words: String): String {
        val done = ProcessBuilder(server, "--dir", folder.path, "--json", *words).redirectErrorStream(false).start()
        val answer = done.inputStream.bufferedReader().readText()
        check(done.waitFor() == 0) { "${words.toList()}: ${done.errorStream.bufferedReader().readText()}" }
        return answer.filterNot { it.isWhitespace() && it != ' ' }.replace("\": ", "\":")
    }

    private fun field(
        json: String,
        name: String,
    ): String = checkNotNull(Regex("\"$name\": *\"([^\"]*)\"").find(json)) { json }.groupValues[1]

    fun code(
        worker: String,
        label: String,
    ): String = field(command("enrol-code", "--worker", worker, "--label", label, "--address", "https://$listening"), "code")

    fun folder(name: String): String = File(scratch, "${Random.nextLong()}-$name").path
}

/** An enrolled device, opened. */
class Phone(
    worker: String,
    label: String,
    transport: Transport? = null,
) : AutoCloseable {
    val folder: String = Council.folder("device")
    val keys: Keys = Keys()
    var book: Working

    init {
        runBlocking {
            Device.enrol(folder, keys, Council.code(worker, label), pin(), label, transport = transport).use { locked ->
                book = locked.unlock(pin())
            }
            sync()
        }
    }

    suspend fun sync(): SyncOutcome = book.sync()

    suspend fun child(name: String): String = book.children().first { it.name == name }.child

    suspend fun open(connectVia: String? = null): Locked {
        book.close()
        return Device.open(folder, keys, connectVia)
    }

    override fun close(): Unit = book.close()
}

/** Takes connections and never says a word. */
class SilentServer : AutoCloseable {
    private val listener = ServerSocket(0)
    private val taken = CopyOnWriteArrayList<Socket>()
    private val met = CountDownLatch(1)
    val address: String = "127.0.0.1:${listener.localPort}"

    init {
        Thread {
            runCatching {
                while (true) {
                    taken += listener.accept()
                    met.countDown()
                }
            }
        }.apply { isDaemon = true }.start()
    }

    fun awaitConnection(): Unit = check(met.await(FOR_EVER, TimeUnit.SECONDS)) { "nobody connects" }

    override fun close() {
        listener.close()
        taken.forEach(Socket::close)
    }
}
