package visitbook

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import visitbook.core.HardwareKeys
import visitbook.core.VoiceGiven

/** What docs/api/kotlin.md shows: `tests/languages/snippets.py` compares the two. */
class QuickStartTest {
    // quick start: begin
    suspend fun recordAVisit(
        folder: String,
        keys: HardwareKeys,
        code: String,
        pin: ByteArray,
    ): String =
        Device.enrol(folder, keys, code, pin.copyOf(), "Rowan's phone").use { locked ->
            locked.unlock(pin).use { book ->
                book.sync()
                val wren = book.children().first { it.name == "Wren" }.child
                val (visit) = book.beginVisit(listOf(wren))
                book.set(visit, "seen", "yes")
                book.note(visit, "saw", "Wren made tea for all three of them.")
                book.voice(wren, VoiceGiven("said", words = "come to school pls"), visit)
                book.sync()
                book.statuses().first { it.record == visit }.status.title
            }
        }
    // quick start: end

    @Test
    fun `ten lines record a visit`(): Unit =
        runBlocking {
            val title = recordAVisit(Council.folder("quick"), Keys(), Council.code("W-ROWAN", "quick"), pin())
            assertEquals("The council has it", title.substringBefore(" ·"))
        }
}
