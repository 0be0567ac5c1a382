/*
 * The device in a child's hands. A type of its own: nothing that reads can be reached from it.
 */
package visitbook

import visitbook.core.FamilyPage

/**
 * A child's page: it takes words, drawings and choices, and gives nothing back but what is on the page now.
 *
 * Pin the app and set FLAG_SECURE before showing it. Only [leave] with the worker's PIN leads back.
 */
public class Family internal constructor(
    private val page: FamilyPage,
) : FamilyCalls(),
    Device {
    override suspend fun <T> call(work: (FamilyPage) -> T): T = apart { work(page) }

    override suspend fun sync(options: SyncOptions): visitbook.core.SyncOutcome =
        syncing(options) { cancel, progress -> page.sync(cancel, options.budgetMs, progress, options.asked) }

    /**
     * Back to the worker. What is on the page and was not handed in goes. [pin] is wiped when this returns.
     *
     * @throws visitbook.core.VisitbookException codes `wrong_pin` and `too_many_wrong_pins`: the page stays; show
     *   [nothingToRead]. `opened_locked`: the PIN was right and the book did not open; open the device again.
     */
    public suspend fun leave(pin: ByteArray): Working =
        try {
            apart { Working(page.leave(pin)) }
        } finally {
            pin.fill(0)
        }

    override fun close(): Unit = page.close()
}
