/*
 * A device in one of its states. The states are types, so that a screen for a child cannot be given what reads.
 */
package visitbook

import visitbook.core.HardwareKeys
import visitbook.core.LockedBook
import visitbook.core.SealedOutbox
import visitbook.core.Transport

/**
 * This phone as a device of a council: [Locked], [Working] or [Family], or the [Outbox] of one whose vault is lost. What turns
 * one into another spends it: every later call of it fails with the code `spent`, `locked` or `page_left`.
 *
 * Every function suspends, runs off the caller's thread, and may be called from any. A call that began is finished and
 * answered even if its coroutine is cancelled meanwhile: what was saved is never reported as not saved. Only [sync]
 * listens to cancellation.
 *
 * [close] gives the native memory and, with the last of them, the folder back. Nothing is lost by it.
 */
public sealed interface Device : AutoCloseable {
    /**
     * Sends what waits, in the order people need it; an open book fetches what is new, too. Ends when there is nothing
     * left to do, the budget is used or something is in the way, which is no error: see `SyncOutcome.trouble`. Cancelling
     * the coroutine ends it within a quarter of a second and loses nothing.
     *
     * @throws visitbook.core.VisitbookException code `busy` while another sync of this device runs.
     */
    public suspend fun sync(options: SyncOptions = SyncOptions()): visitbook.core.SyncOutcome

    public companion object {
        /**
         * Opens an enrolled device, locked. [folder] is one of the app's own that no backup restores.
         *
         * @throws visitbook.core.VisitbookException codes `no_device_here`, `not_enrolled`: enrol it; `busy`: it is open.
         */
        public suspend fun open(
            folder: String,
            keys: HardwareKeys,
            connectVia: String? = null,
            transport: Transport? = null,
        ): Locked = apart { Locked(LockedBook.open(folder, CaughtKeys(keys), connectVia, transport?.let(::CaughtTransport))) }

        /**
         * Opens what an enrolled device has to send, and nothing else of it: for a phone whose vault is lost. Asks no keystore.
         *
         * @throws visitbook.core.VisitbookException codes `no_device_here`, `not_enrolled`, and `busy`: it is open.
         */
        public suspend fun openToSend(
            folder: String,
            connectVia: String? = null,
            transport: Transport? = null,
        ): Outbox = apart { Outbox(SealedOutbox.open(folder, connectVia, transport?.let(::CaughtTransport))) }

        /**
         * Makes [folder] a device of the council in the enrolment code. Needs the network and takes seconds. [pin] is the
         * UTF-8 of at least six characters; wipe your copy. Whatever the error, the same call with the same PIN and code
         * may simply be made again.
         */
        public suspend fun enrol(
            folder: String,
            keys: HardwareKeys,
            code: String,
            pin: ByteArray,
            label: String,
            connectVia: String? = null,
            transport: Transport? = null,
        ): Locked =
            apart {
                Locked(LockedBook.enrol(folder, CaughtKeys(keys), code, pin, label, connectVia, transport?.let(::CaughtTransport)))
            }
    }
}

/** A device whose vault is closed. It sends what is sealed already, and nothing in it could read a word. */
public class Locked internal constructor(
    private val book: LockedBook,
) : LockedCalls(),
    Device {
    override suspend fun <T> call(work: (LockedBook) -> T): T = apart { work(book) }

    override suspend fun sync(options: SyncOptions): visitbook.core.SyncOutcome =
        syncing(options) { cancel, progress -> book.sync(cancel, options.budgetMs, progress, options.asked) }

    /**
     * Opens the vault. Takes up to a second. [pin] is wiped when this returns.
     *
     * @throws visitbook.core.VisitbookException codes `wrong_pin`, `too_many_wrong_pins`, `pin_destroyed`, and those of
     *   the keystore, which begin with `keystore_`. The book stays locked and can still send.
     */
    public suspend fun unlock(pin: ByteArray): Working =
        try {
            apart { Working(book.unlock(pin)) }
        } finally {
            pin.fill(0)
        }

    /**
     * Opens the vault by the fingerprint or face that [Working.addBiometric] set. Shows the phone's prompt and takes until it
     * was answered, also if the coroutine is cancelled meanwhile.
     *
     * @throws visitbook.core.VisitbookException code `biometric_gone`: use the PIN, then set it again; nothing is lost. Those of
     *   the keystore begin with `keystore_`. The book stays locked and can still send.
     */
    public suspend fun unlockWithBiometric(): Working = apart { Working(book.unlockWithBiometric()) }

    override fun close(): Unit = book.close()
}

/** What an enrolled device has to send, without its vault. It sends; it cannot be unlocked. */
public class Outbox internal constructor(
    private val outbox: SealedOutbox,
) : OutboxCalls(),
    Device {
    override suspend fun <T> call(work: (SealedOutbox) -> T): T = apart { work(outbox) }

    override suspend fun sync(options: SyncOptions): visitbook.core.SyncOutcome =
        syncing(options) { cancel, progress -> outbox.sync(cancel, options.budgetMs, progress, options.asked) }

    override fun close(): Unit = outbox.close()
}
