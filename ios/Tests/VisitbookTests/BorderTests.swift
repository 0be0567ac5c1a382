// What a border gets wrong: errors of foreign code, cancellation, order, spent objects, and what is never freed.

import Foundation
import Testing
import Visitbook

private struct Tansy: Error {}

/// A count that several threads change.
private final class Count: @unchecked Sendable {
  private let lock = NSLock()
  private var number = 0
  var value: Int { lock.withLock { number } }
  func add(_ more: Int) { lock.withLock { number += more } }
}

private final class Carrier: Transport, @unchecked Sendable {
  let answer: @Sendable (CouncilRequest) throws -> CouncilAnswer
  init(_ answer: @escaping @Sendable (CouncilRequest) throws -> CouncilAnswer) { self.answer = answer }
  func exchange(request: CouncilRequest, cancel: SyncCancel) throws -> CouncilAnswer { try answer(request) }
}

extension Visitbooks {
  @Suite struct Border {
    @Test func whatAKeystoreThrowsIsAnErrorOfAKindAndUsesUpNoTry() async throws {
      let phone = try await Phone("W-BRYONY", "Bryony's tablet")
      let locked = try await phone.open()
      let faults: [(any Error & Sendable, String)] = [
        (Tansy(), "keystore_transient"), (KeystoreError.Transient(code: -25293), "keystore_transient"),
        (KeystoreError.LockedNow, "keystore_locked"), (KeystoreError.UserCancelled, "keystore_cancelled"),
        (KeystoreError.NotAuthenticated, "keystore_not_authenticated"), (KeystoreError.Invalidated, "keystore_gone"),
        (KeystoreError.Missing, "keystore_gone"), (KeystoreError.Unsupported, "keystore_unsupported"),
      ]
      for (fault, code) in faults {
        phone.keys.fault = { throw fault }
        let error = await refused(code, retryable: code != "keystore_unsupported") {
          _ = try await locked.unlock(pin: pin)
        }
        #expect(error?.kind == .unlock && error?.explanation.contains("Tansy") == false)
      }
      phone.keys.fault = nil
      let error = await refused("wrong_pin") { _ = try await locked.unlock(pin: wrongPin) }
      #expect(error?.explanation.contains("9 tries") == true)
      #expect(try await locked.unlock(pin: pin).who().name == "Bryony Sorrel")
    }

    @Test func oneOfTwoSessionsIsBusyAndWhatWasSpentSaysSo() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's laptop")
      let first = phone.book!
      await refused("busy", retryable: true) { _ = try await Locked.open(folder: phone.folder, keys: phone.keys) }
      let locked = try await first.lock()
      await refused("locked") { _ = try await first.today() }
      let second = try await locked.unlock(pin: pin)
      await refused("spent") { _ = try await locked.sealedWaiting() }
      await refused("spent") { _ = try await locked.sync() }
      #expect(try await second.who().name == "Rowan Teasel")
      let empty = Council.shared.folder("empty")
      await refused("no_device_here") { _ = try await Locked.open(folder: empty, keys: Keys()) }
      await refused("bad_code") {
        _ = try await Locked.enrol(folder: empty, keys: Keys(), code: "Rowan's code", pin: pin, label: "x")
      }
    }

    @Test func inAChildsHandsItTakesAndGivesNothingUntilThePin() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's tablet")
      let book = phone.book!
      let page = try await book.enterFamily(child: phone.child("Wren"))
      await refused("locked") { _ = try await book.today() }
      // A type of its own: `page` has no function that reads.
      #expect(!((page as any Device) is Working))
      #expect(try await page.page().title == "This page is for you, Wren.")
      await refused("empty") { _ = try await page.handIn() }
      try await page.write(text: "come to school pls 🏫")
      try await page.choose(code: "not_with/mum")
      #expect(try await page.handIn().title == "Rowan has it, in your words.")
      #expect(try await page.onThePage() == nil)
      await refused("wrong_pin") { _ = try await page.leave(pin: wrongPin) }
      #expect(try await page.nothingToRead().title == "There is nothing to read here.")
      #expect(try await page.sync().trouble == nil)
      let back = try await page.leave(pin: pin)
      await refused("page_left") { _ = try await page.handIn() }
      let left = try await back.leftForYou()
      #expect(left.map(\.title) == ["Wren left you 1 thing."])
      #expect(try await back.openVoice(voice: left[0].records[0]).words == ["come to school pls 🏫"])
    }

    @Test func changesComeInOrderTheFirstAtOnceAndEndWithTheBook() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's second phone")
      let book = phone.book!
      let visit = try await book.beginVisit(children: [phone.child("Kite")])[0]
      let changes = try await book.changes()
      await withTaskGroup(of: Void.self) { group in
        for writer in 1...6 {
          group.addTask {
            for turn in 0..<5 {
              _ = try? await book.note(record: visit, heading: "changed", text: "\(writer).\(turn)")
            }
          }
        }
      }
      let locked = try await book.lock()
      var heard: [Change] = []
      for await change in changes { heard.append(change) }
      #expect(heard.first?.records == [])
      #expect(heard.dropFirst().filter { $0.records == [visit] }.count == 30)
      let again = try await locked.unlock(pin: pin)
      let texts = try await again.visit(visit: visit).entries.compactMap { $0.versions[0].text }
      #expect(texts.sorted() == (1...6).flatMap { writer in (0..<5).map { "\(writer).\($0)" } })
    }

    @Test func aListenerMayWriteIntoTheBookItHearsFromAndThenGo() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's third tablet")
      let book = phone.book!
      let visit = try await book.beginVisit(children: [phone.child("Kite")])[0]
      var heard = 0
      for await change in try await book.changes() {
        heard += 1
        if heard == 4 { break }
        _ = try await book.note(record: visit, heading: "saw", text: "after \(change.records.count)")
      }
      #expect(try await book.visit(visit: visit).entries.count == 3)
    }

    @Test func cancellingTheTaskEndsASyncThatWaitsForAnAnswerAndSavingWentOn() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's train phone")
      let visit = try await phone.book.beginVisit(children: [phone.child("Kite")])[0]
      let silent = SilentServer()
      phone.book = try await phone.open(connectVia: silent.address).unlock(pin: pin)
      let book = phone.book!
      _ = try await book.note(record: visit, heading: "saw", text: "on a bad line")
      let waiting = try await book.sealedWaiting()
      let sync = Task { try await book.sync() }
      await silent.awaitConnection()
      await refused("busy", retryable: true) { _ = try await book.sync() }
      _ = try await book.note(record: visit, heading: "saw", text: "while it waits")
      sync.cancel()
      #expect(try await sync.value.ended == .cancelled)
      #expect(try await book.sealedWaiting() == waiting + 1)
    }

    @Test func progressIsToldBetweenExchangesAndAFailingDisplayStopsNothing() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's last phone")
      let book = phone.book!
      let visit = try await book.beginVisit(children: [phone.child("Kite")])[0]
      let steps = Count()
      let options = SyncOptions(budget: .seconds(60)) { _ in
        steps.add(1)
        throw Tansy()
      }
      #expect(try await book.sync(options).ended == .complete)
      #expect(steps.value > 1)
      _ = try await book.note(record: visit, heading: "saw", text: "no time")
      #expect(try await book.sync(SyncOptions(budget: .zero)).ended == .budget)
    }

    @Test func whatATransportOfTheAppThrowsIsTroubleOfAKind() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's carried phone")
      let troubles: [(any Error & Sendable, SyncTrouble)] = [
        (Tansy(), .lineLost), (TransportError.NoLine, .noLine), (TransportError.NotPrivate, .notPrivate),
        (TransportError.TimedOut, .lineLost), (TransportError.Unreadable, .notAnsweringProperly),
      ]
      for (thrown, trouble) in troubles {
        let carrier = Carrier { _ in throw thrown }
        let locked = try await phone.open(transport: carrier)
        #expect(try await locked.sync().trouble == nil)
        let book = try await locked.unlock(pin: pin)
        #expect(try await book.sync().trouble == trouble, "\(thrown)")
      }
      let address = "https://\(Council.shared.listening)/v1/"
      let carrier = Carrier { request in
        guard request.url.hasPrefix(address), !request.tlsRoots.isEmpty else { throw Tansy() }
        return CouncilAnswer(status: 200, body: Data("<html>Sign in".utf8), mediaType: "text/html")
      }
      let book = try await phone.open(transport: carrier).unlock(pin: pin)
      #expect(try await book.sync().trouble == .signInPage)
    }

    /// The native side drops what an app implements with the object that holds it, and then Swift frees it.
    @Test func nothingNativeIsLeftWhenEverythingIsLetGo() async throws {
      let alive = Count()
      final class Counted: HardwareKeys {
        let keys: Keys
        let alive: Count
        init(_ keys: Keys, _ alive: Count) {
          self.keys = keys
          self.alive = alive
          alive.add(1)
        }
        deinit { alive.add(-1) }
        func ensure(alias: String, policy: KeyPolicy) throws { try keys.ensure(alias: alias, policy: policy) }
        func derive(alias: String, input: Data) throws -> Data { try keys.derive(alias: alias, input: input) }
        func putSmall(name: String, value: Data) throws { try keys.putSmall(name: name, value: value) }
        func getSmall(name: String) throws -> Data? { try keys.getSmall(name: name) }
        func delete(alias: String) throws { try keys.delete(alias: alias) }
        func protectedDataAvailable() throws -> Bool { try keys.protectedDataAvailable() }
      }
      let phone = try await Phone("W-ROWAN", "Rowan's counted phone")
      phone.book = nil
      for _ in 0..<2 {
        // The folder opens again only if the native objects of the turn before are gone.
        let locked = try await Locked.open(folder: phone.folder, keys: Counted(phone.keys, alive))
        #expect(alive.value == 1)
        let book = try await locked.unlock(pin: pin)
        for await _ in try await book.changes() { break }
        let progress = SyncOptions { _ in }
        _ = try await book.sync(progress)
        let wren = try await book.children().first { $0.name == "Wren" }!.child
        _ = try await book.enterFamily(child: wren).leave(pin: pin)
      }
      #expect(alive.value == 0)
    }
  }
}
