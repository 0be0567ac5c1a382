// What docs/api/swift.md shows: `tests/languages/snippets.py` compares the two.

import Foundation
import Testing
import Visitbook

// quick start: begin
func recordAVisit(folder: String, keys: HardwareKeys, code: String, pin: Data) async throws -> String? {
  let locked = try await Locked.enrol(folder: folder, keys: keys, code: code, pin: pin, label: "Rowan's phone")
  let book = try await locked.unlock(pin: pin)
  _ = try await book.sync()
  guard let wren = try await book.children().first(where: { $0.name == "Wren" })?.child else { return nil }
  let visit = try await book.beginVisit(children: [wren])[0]
  _ = try await book.set(record: visit, target: "seen", code: "yes")
  _ = try await book.note(record: visit, heading: "saw", text: "Wren made tea for all three of them.")
  _ = try await book.voice(child: wren, given: VoiceGiven(how: "said", words: "come to school pls"), visit: visit)
  _ = try await book.sync()
  return try await book.statuses().first { $0.record == visit }?.status.title
}
// quick start: end

extension Visitbooks {
  @Test func tenLinesRecordAVisit() async throws {
    let code = try Council.shared.code("W-ROWAN", "quick")
    let title = try await recordAVisit(folder: Council.shared.folder("quick"), keys: Keys(), code: code, pin: pin)
    #expect(title?.hasPrefix("The council has it") == true)
  }
}
