/*
 * The main job through the Kotlin API: two workers, their manager, one family, one council.
 */
package visitbook

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import visitbook.core.AnswerGiven
import visitbook.core.Finishing
import visitbook.core.SyncEnded
import visitbook.core.VisitbookException
import visitbook.core.VoiceGiven
import java.io.File

private const val EMOJI_AND_HEBREW =
    "Pipit 👶🏽 slept. אִמָּא אמרה: «הוא לא גר פה» — Ivy said “he doesn’t live here”. e\u0301 \u202eback\u202c"
private const val CHILDS_WORDS = " I put Pipits bottle in my bed 🍼\nso it stays warm.  "

class DayTest {
    private suspend fun Working.status(record: String): String = statuses().first { it.record == record }.status.code

    @Test
    fun `a visit recorded here is read there, word for word`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's phone").use { rowan ->
                Phone("W-BRYONY", "Bryony's phone").use { bryony ->
                    assertEquals("Rowan Teasel", rowan.book.who().name)
                    val finch = rowan.child("Finch")
                    val (visit, sibling) = rowan.book.beginVisit(listOf(finch, rowan.child("Pipit")))
                    rowan.book.setForOuting(visit, "outcome", "went_ahead")
                    rowan.book.setAll(
                        visit,
                        listOf(
                            AnswerGiven("seen", "yes"),
                            AnswerGiven("alone", "spoke_alone"),
                            AnswerGiven("bedroom", "seen", note = "a mattress"),
                            AnswerGiven("safe_now", "no_worry_today"),
                        ),
                    )
                    rowan.book.observe(visit, "area_food", "not_met", line = "nothing in the cupboards")
                    val draft = rowan.book.draftUpdate(visit, "saw", "Pipit")
                    rowan.book.draftUpdate(visit, "saw", EMOJI_AND_HEBREW, draft)
                    assertEquals(listOf(visit), rowan.book.draftCommit(visit, "saw", draft)!!.records)
                    val given = VoiceGiven("said", words = CHILDS_WORDS, more = listOf(AnswerGiven("asked", "nothing_asked")))
                    val voice = rowan.book.voice(finch, given, visit)
                    assertEquals("saved_here", rowan.book.status(visit))

                    val missing = rowan.book.finish(listOf(visit)) as Finishing.Missing
                    assertEquals(listOf("meaning"), missing.items.map { it.field })
                    rowan.book.note(visit, "meaning", "Finch looks after Pipit at night.")
                    assertTrue(rowan.book.finish(listOf(visit)) is Finishing.Finished)
                    refused("finished") { rowan.book.note(visit, "saw", "more") }
                    rowan.book.addLate(visit, "saw", "Ivy rang: Reed stays most nights.")

                    val waiting = rowan.book.sealedWaiting()
                    assertTrue(waiting > 0u)
                    val sent = rowan.sync()
                    assertEquals(SyncEnded.COMPLETE to waiting, sent.ended to sent.counts.receipted.toULong())
                    assertEquals("council_has_it", rowan.book.status(visit))

                    assertTrue(bryony.sync().counts.pulledEntries > 0u)
                    for (book in listOf(rowan.book, bryony.book)) {
                        val page = book.visit(visit)
                        assertEquals("Finch" to "Rowan Teasel", page.childName to page.finished?.by)
                        assertEquals(EMOJI_AND_HEBREW, page.entries.first { it.entry == draft }.versions[0].text)
                        assertEquals(listOf(CHILDS_WORDS), book.page(voice.voice).words)
                        assertEquals(listOf(visit), book.search("cupboards").map { it.record })
                        assertTrue(book.history(visit).all { it.verdict == "applied" })
                        assertTrue(book.caseText(visit).forTheFile)
                        assertEquals(emptyList<String>(), book.verify().problems)
                    }
                    assertNull(bryony.book.visit(sibling).finished)
                }
            }
        }

    @Test
    fun `two answers meet and a person settles them`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's other phone").use { rowan ->
                Phone("W-BRYONY", "Bryony's other phone").use { bryony ->
                    val wren = rowan.child("Wren")
                    val colleague = bryony.book.who().worker
                    val (visit) = rowan.book.planVisit(listOf(wren), rowan.book.today().date, listOf(colleague)).records
                    rowan.sync()
                    bryony.sync()
                    assertEquals(listOf(visit), bryony.book.beginVisit(listOf(wren)))
                    rowan.book.set(visit, "alone", "spoke_alone")
                    bryony.book.set(visit, "alone", "not_alone", note = "Reed stood in the doorway")
                    bryony.sync()
                    rowan.sync()
                    val question = rowan.book.questions().first { it.record == visit }
                    assertEquals("Was Wren seen alone?", question.question)
                    assertEquals("not_alone", question.answers[question.standing!!.toInt()].code)
                    assertEquals("needs_you", rowan.book.status(visit))
                    val error = refused("needs_agreement") { rowan.book.answer(visit, "alone", "spoke_alone", reason = "I was there") }
                    assertFalse("Bryony" in error.explanation)
                    rowan.book.ask(visit, "alone", "spoke_alone", colleague)
                    rowan.book.answer(visit, "alone", "not_alone", reason = "I could not see the door")
                    rowan.sync()
                    bryony.sync()
                    assertTrue(bryony.book.questions().none { it.record == visit })
                }
            }
        }

    @Test
    fun `a manager answers, signs off, sends back and sees the team's day`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's third phone").use { rowan ->
                Phone("W-SAGE", "Sage's laptop").use { sage ->
                    val merle = rowan.child("Merle")
                    val concern = rowan.book.concern(listOf(merle), "manager_today", "No heating.").records.single()
                    val (visit) = rowan.book.beginVisit(listOf(merle))
                    rowan.book.setAll(
                        visit,
                        listOf(
                            AnswerGiven("outcome", "no_answer"),
                            AnswerGiven("tried/knocked", "knocked"),
                            AnswerGiven("next_try", rowan.book.today().date),
                        ),
                    )
                    val told = rowan.book.noAnswer(visit)!!
                    assertTrue("No answer" in told.title, told.title)
                    refused("managers_only") { rowan.book.decide(listOf(concern), "Fuel money agreed.") }
                    refused("managers_only") {
                        rowan.book.closeLine(merle, "area_food", "core_group", "Food parcel agreed.", "2999-11-10")
                    }
                    refused("not_finished") { sage.book.also { rowan.sync() }.also { it.sync() }.signOff(listOf(visit)) }
                    sage.book.decide(listOf(concern), "Fuel money agreed.")

                    assertTrue(rowan.book.finish(listOf(visit)) is Finishing.Finished)
                    refused("managers_only") { rowan.book.signOff(listOf(visit)) }
                    rowan.sync()
                    sage.sync()
                    sage.book.giveBack(visit, "Who is Reed?")
                    sage.sync()
                    rowan.sync()
                    assertEquals(listOf("Who is Reed?"), rowan.book.returned().filter { it.record == visit }.map { it.question })
                    rowan.book.addLate(visit, "saw", "Ivy's brother.")
                    rowan.sync()
                    sage.sync()
                    assertTrue(sage.book.board().board.toSign.any { it.visit == visit })
                    sage.book.signOff(listOf(visit))
                    val board = sage.book.board()
                    assertTrue(board.board.toSign.none { it.visit == visit })
                    assertTrue(board.board.asked.any { concern in it.concerns && it.decision?.text == "Fuel money agreed." })
                    assertTrue(board.lines.isNotEmpty())
                    assertTrue(sage.book.due(board.board.date).any { it.child == merle })
                    refused("not_set_aside") { sage.book.place(listOf("ab".repeat(32)), "it belongs there") }
                    assertEquals(0, sage.book.setAside().size + rowan.book.keptAside().waiting.size)
                    val again = rowan.book.beginVisit(listOf(merle)).single()
                    rowan.book.set(again, "seen", "yes")
                    rowan.sync()
                    sage.sync()
                    sage.book.void(again, "wrong child")
                    assertTrue(sage.book.visits(merle).none { it.record == again })
                }
            }
        }

    @Test
    fun `a file goes by stream and comes back in parts, byte for byte`(): Unit =
        runBlocking {
            Phone("W-ROWAN", "Rowan's drawing tablet").use { phone ->
                val (visit) = phone.book.beginVisit(listOf(phone.child("Kite")))
                val drawing = ByteArray(200_000) { (it * 7 % 251).toByte() }
                val file = File.createTempFile("drawing", null).apply { writeBytes(drawing) }
                val op = phone.book.attachFile(visit, "drawing", file.path).ops.single()
                assertTrue(file.delete())
                refused("file_unreadable", retryable = true) { phone.book.attachFile(visit, "drawing", file.path) }
                refused("file_unreadable", retryable = true) { phone.book.attachFile(visit, "drawing", "/dev/zero") }
                val parts = (drawing.indices step 70_000).map { phone.book.attachmentPart(visit, op, it.toULong(), 70_000u) }
                assertArrayEquals(drawing, parts.reduce(ByteArray::plus))
                assertArrayEquals(drawing, phone.book.openAttachment(visit, op))
                assertEquals(1u, phone.sync().counts.filesReceived)
            }
        }
}

/** That a call fails with this code, and says in a sentence what to do. */
suspend fun refused(
    code: String,
    retryable: Boolean = false,
    call: suspend () -> Any?,
): VisitbookException {
    val error =
        try {
            val answer = call()
            throw AssertionError("$code was not thrown, but came $answer")
        } catch (error: VisitbookException) {
            error
        }
    assertEquals(code to retryable, error.code to error.retryable, error.explanation)
    assertTrue(error.explanation.endsWith("."), error.explanation)
    return error
}
