// The main job through the Swift API: two workers, their manager, one family, one council.

import Foundation
import Testing
import Visitbook

let emojiAndHebrew = "Pipit 👶🏽 slept. אִמָּא אמרה: «הוא לא גר פה» — Ivy said “he doesn’t live here”. e\u{301} \u{202e}back\u{202c}"
let childsWords = " I put Pipits bottle in my bed 🍼\nso it stays warm.  "

/// Whether two texts are the same bytes; Swift's own comparison takes two spellings of é for one.
func sameBytes(_ one: String?, _ other: String) -> Bool { one.map { Array($0.utf8) } == Array(other.utf8) }

/// That a call fails with this code, and says in a sentence what to do.
@discardableResult
func refused(
  _ code: String, retryable: Bool = false, sourceLocation: SourceLocation = #_sourceLocation,
  _ call: () async throws -> Void
) async -> BookError? {
  do {
    try await call()
    Issue.record("\(code) was not thrown", sourceLocation: sourceLocation)
  } catch let error as BookError {
    #expect(error.code == code && error.retryable == retryable, "\(error)", sourceLocation: sourceLocation)
    #expect(error.localizedDescription.hasSuffix("."), "\(error)", sourceLocation: sourceLocation)
    return error
  } catch {
    Issue.record("another error: \(error)", sourceLocation: sourceLocation)
  }
  return nil
}

/// All tests, one after the other: they share two cores with the council.
@Suite(.serialized) struct Visitbooks {}

extension Visitbooks {
  @Suite struct Day {
    func status(_ book: Working, _ record: String) async throws -> String? {
      try await book.statuses().first { $0.record == record }?.status.code
    }

    @Test func aVisitRecordedHereIsReadThereWordForWord() async throws {
      let rowan = try await Phone("W-ROWAN", "Rowan's phone")
      let bryony = try await Phone("W-BRYONY", "Bryony's phone")
      let book = rowan.book!
      #expect(try await book.who().name == "Rowan Teasel")
      let finch = try await rowan.child("Finch")
      let pipit = try await rowan.child("Pipit")
      let begun = try await book.beginVisit(children: [finch, pipit])
      let visit = begun[0]
      _ = try await book.setForOuting(visit: visit, target: "outcome", code: "went_ahead")
      _ = try await book.setAll(
        record: visit,
        answers: [
          AnswerGiven(target: "seen", code: "yes"), AnswerGiven(target: "alone", code: "spoke_alone"),
          AnswerGiven(target: "bedroom", code: "seen", note: "a mattress"),
          AnswerGiven(target: "safe_now", code: "no_worry_today"),
        ])
      _ = try await book.observe(visit: visit, area: "area_food", answer: "not_met", line: "nothing in the cupboards")
      let draft = try await book.draftUpdate(record: visit, heading: "saw", text: "Pipit")
      _ = try await book.draftUpdate(record: visit, heading: "saw", text: emojiAndHebrew, entry: draft)
      #expect(try await book.draftCommitAll()?.records == [visit])
      let given = VoiceGiven(
        how: "said", words: childsWords, more: [AnswerGiven(target: "asked", code: "nothing_asked")])
      let voice = try await book.voice(child: finch, given: given, visit: visit).voice
      #expect(try await status(book, visit) == "saved_here")

      guard case .missing(let items) = try await book.finish(visits: [visit]) else {
        Issue.record("finished without what binds")
        return
      }
      #expect(items.map(\.field) == ["meaning"])
      _ = try await book.note(record: visit, heading: "meaning", text: "Finch looks after Pipit at night.")
      guard case .finished = try await book.finish(visits: [visit]) else {
        Issue.record("not finished")
        return
      }
      await refused("finished") { _ = try await book.note(record: visit, heading: "saw", text: "more") }
      _ = try await book.addLate(visit: visit, heading: "saw", text: "Ivy rang: Reed stays most nights.")

      let waiting = try await book.sealedWaiting()
      let sent = try await book.sync()
      #expect(sent.ended == .complete)
      #expect(UInt64(sent.counts.receipted) == waiting && waiting > 0)
      #expect(try await status(book, visit) == "council_has_it")

      #expect(try await bryony.book.sync().counts.pulledEntries > 0)
      for book in [book, bryony.book!] {
        let page = try await book.visit(visit: visit)
        #expect(page.childName == "Finch" && page.finished?.by == "Rowan Teasel")
        let entry = page.entries.first { $0.entry == draft }
        #expect(sameBytes(entry?.versions.first?.text, emojiAndHebrew))
        let words = try await book.page(record: voice).words
        #expect(words.count == 1 && sameBytes(words.first, childsWords))
        #expect(try await book.search(text: "cupboards").map(\.record) == [visit])
        #expect(try await book.history(record: visit).allSatisfy { $0.verdict == "applied" })
        #expect(try await book.caseText(record: visit).forTheFile)
        #expect(try await book.verify().problems == [])
      }
      #expect(try await bryony.book.visit(visit: begun[1]).finished == nil)
    }

    @Test func twoAnswersMeetAndAPersonSettlesThem() async throws {
      let rowan = try await Phone("W-ROWAN", "Rowan's other phone")
      let bryony = try await Phone("W-BRYONY", "Bryony's other phone")
      let wren = try await rowan.child("Wren")
      let colleague = try await bryony.book.who().worker
      let today = try await rowan.book.today().date
      let planned = try await rowan.book.planVisit(children: [wren], date: today, jointWorkers: [colleague])
      let visit = planned.records[0]
      _ = try await rowan.book.sync()
      _ = try await bryony.book.sync()
      #expect(try await bryony.book.beginVisit(children: [wren]) == [visit])
      _ = try await rowan.book.set(record: visit, target: "alone", code: "spoke_alone")
      _ = try await bryony.book.set(
        record: visit, target: "alone", code: "not_alone", note: "Reed stood in the doorway")
      _ = try await bryony.book.sync()
      _ = try await rowan.book.sync()
      let book = rowan.book!
      let question = try await book.questions().first { $0.record == visit }
      #expect(question?.question == "Was Wren seen alone?")
      #expect(try await status(book, visit) == "needs_you")
      let error = await refused("needs_agreement") {
        _ = try await book.answer(record: visit, target: "alone", code: "spoke_alone", reason: "I was there")
      }
      #expect(error?.explanation.contains("Bryony") == false)
      _ = try await book.answer(record: visit, target: "alone", code: "not_alone", reason: "I could not see the door")
      _ = try await book.sync()
      _ = try await bryony.book.sync()
      #expect(try await bryony.book.questions().allSatisfy { $0.record != visit })
    }

    @Test func aManagerAnswersAndSeesTheTeamsDay() async throws {
      let rowan = try await Phone("W-ROWAN", "Rowan's third phone")
      let sage = try await Phone("W-SAGE", "Sage's laptop")
      let book = rowan.book!
      let merle = try await rowan.child("Merle")
      let marked = try await book.concern(children: [merle], urgency: "manager_today", text: "No heating.")
      await refused("managers_only") { _ = try await book.decide(concerns: marked.records, text: "Fuel money agreed.") }
      await refused("managers_only") {
        _ = try await book.closeLine(
          child: merle, area: "area_food", step: "core_group", reason: "Food parcel agreed.", lookAgain: "2999-11-10")
      }
      _ = try await book.sync()
      _ = try await sage.book.sync()
      _ = try await sage.book.decide(concerns: marked.records, text: "Fuel money agreed.")
      let board = try await sage.book.board()
      #expect(board.board.asked.contains { $0.concerns == marked.records && $0.decision?.text == "Fuel money agreed." })
      #expect(try await sage.book.due(date: board.board.date).contains { $0.child == merle })
      #expect(try await sage.book.setAside().isEmpty)
    }

    @Test func aFileGoesByStreamAndComesBackInPartsByteForByte() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's drawing tablet")
      let book = phone.book!
      let visit = try await book.beginVisit(children: [phone.child("Kite")])[0]
      let drawing = Data((0..<200_000).map { UInt8($0 * 7 % 251) })
      let path = Council.shared.folder("drawing")
      try drawing.write(to: URL(fileURLWithPath: path))
      let op = try await book.attachFile(record: visit, what: "drawing", path: path).ops[0]
      try FileManager.default.removeItem(atPath: path)
      await refused("file_unreadable", retryable: true) {
        _ = try await book.attachFile(record: visit, what: "drawing", path: path)
      }
      var parts = Data()
      for from in stride(from: 0, to: drawing.count, by: 70_000) {
        parts += try await book.attachmentPart(record: visit, op: op, from: UInt64(from), atMost: 70_000)
      }
      #expect(parts == drawing)
      #expect(try await book.openAttachment(record: visit, op: op) == drawing)
      #expect(try await book.sync().counts.filesReceived == 1)
    }
  }
}
