/*
 * How a call leaves the caller's thread, and how what goes wrong comes back as one kind of error.
 */
package visitbook

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext
import visitbook.core.InternalException
import visitbook.core.SyncCancel
import visitbook.core.SyncCounts
import visitbook.core.SyncOutcome
import visitbook.core.SyncProgress
import visitbook.core.VisitbookException
import kotlin.time.Duration

/** What a sync may use, and whom it tells how far it has come. */
public class SyncOptions(
    /** How long it may take; as long as it needs if none is given. */
    budget: Duration? = null,
    /** A person asked, or the connection has just changed: do not wait for the time after a failed one. */
    public val asked: Boolean = true,
    /** Called between exchanges, on the syncing thread. What it throws changes nothing. */
    public val progress: ((SyncCounts) -> Unit)? = null,
) {
    internal val budgetMs: ULong? = budget?.inWholeMilliseconds?.coerceAtLeast(0)?.toULong()
}

/** Stable, for programs. */
public val VisitbookException.code: String get() = parts().first

/** For people: what happened and what to do. Holds no word of any record and nobody's name. */
public val VisitbookException.explanation: String get() = parts().second

/** The same call may succeed later as it is. */
public val VisitbookException.retryable: Boolean get() = parts().third

private fun VisitbookException.parts(): Triple<String, String, Boolean> =
    when (this) {
        is VisitbookException.Request -> Triple(code, explanation, retryable)
        is VisitbookException.State -> Triple(code, explanation, retryable)
        is VisitbookException.Unlock -> Triple(code, explanation, retryable)
        is VisitbookException.Storage -> Triple(code, explanation, retryable)
        is VisitbookException.Council -> Triple(code, explanation, retryable)
    }

/**
 * One blocking call, on a thread made for waiting. Once begun its answer is always given: a coroutine that is cancelled
 * meanwhile must not take a saved word for one that was not saved, nor let an opened book fall on the floor.
 */
internal suspend fun <T> apart(work: () -> T): T {
    currentCoroutineContext().ensureActive()
    return withContext(NonCancellable) { withContext(Dispatchers.IO) { typed(work) } }
}

/** A sync that ends when its coroutine is cancelled. Only when the native call has ended does this return. */
internal suspend fun syncing(
    options: SyncOptions,
    work: (SyncCancel, SyncProgress?) -> SyncOutcome,
): SyncOutcome =
    SyncCancel().use { cancel ->
        val progress = options.progress?.let(::Telling)
        coroutineScope {
            val running = async(Dispatchers.IO) { typed { work(cancel, progress) } }
            try {
                running.await()
            } catch (cancelled: CancellationException) {
                cancel.cancel()
                throw cancelled
            }
        }
    }

/** What is no error of ours becomes one: nothing else leaves this library. */
private inline fun <T> typed(work: () -> T): T =
    try {
        work()
    } catch (bug: InternalException) {
        throw VisitbookException.State("internal", "Something in Visitbook itself failed. Lock the book and unlock it.", false)
            .apply { initCause(bug) }
    } catch (closed: IllegalStateException) {
        throw VisitbookException.State("closed", "This was closed. Open the device again.", false)
            .apply { initCause(closed) }
    }
