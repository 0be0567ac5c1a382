/*
 * An unlocked device: the only type that reads and writes words.
 */
package visitbook

import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.callbackFlow
import visitbook.core.Book
import visitbook.core.Change
import visitbook.core.ChangeListener

/**
 * An open book. Lock it when the app is left. If it is closed without, nothing is lost: what was being typed becomes an
 * entry at the next unlock.
 */
public class Working internal constructor(
    private val book: Book,
) : WorkingCalls(),
    Device {
    private val ended = Job()

    override suspend fun <T> call(work: (Book) -> T): T = apart { work(book) }

    override suspend fun sync(options: SyncOptions): visitbook.core.SyncOutcome =
        syncing(options) { cancel, progress -> book.sync(cancel, options.budgetMs, progress, options.asked) }

    /**
     * What changes, in order: at once a first value that says "read everything", then one for each transaction, none left
     * out. Completes when the book is locked, handed to a child or closed.
     */
    public fun changes(): Flow<Change> =
        callbackFlow {
            val listener =
                object : ChangeListener {
                    override fun changed(change: Change) {
                        trySend(change)
                    }
                }
            val subscription = apart { book.subscribe(listener) }
            val over = ended.invokeOnCompletion { close() }
            awaitClose {
                over.dispose()
                subscription.cancel()
                subscription.close()
            }
        }.buffer(Channel.UNLIMITED)

    /** Saves what is being typed, closes the book and forgets every key. A sync that is running is cancelled. */
    public suspend fun lock(): Locked = apart { Locked(book.lock()) }.also { ended.complete() }

    /**
     * Hands the device to a child: says so in a signed commit, saves what is being typed, closes the book and forgets
     * every key. On an error the book stays open.
     */
    public suspend fun enterFamily(
        child: String,
        visit: String? = null,
    ): Family = apart { Family(book.enterFamily(child, visit)) }.also { ended.complete() }

    override fun close() {
        ended.complete()
        book.close()
    }
}
