// A fingerprint beside the PIN, and sending while the app is away: what a phone's own parts are built on.

import Foundation
import Testing

@testable import Visitbook

/// A system that carries what it is told to, when it is told to.
private actor Bag: UploadCarrier {
  private(set) var orders: [UploadOrder] = []
  private(set) var begun = 0

  func underWay() -> Set<String> { Set(orders.map(\.name)) }

  func begin(_ order: UploadOrder) {
    begun += 1
    orders.append(order)
  }

  func lose() { orders = [] }

  /// The next one, really sent: Foundation on Linux takes no certificates of a council's own, so OpenSSL's client carries it.
  func carry() throws -> (String, CouncilAnswer) {
    let order = orders.removeFirst()
    let roots = order.tlsRoots.map {
      "-----BEGIN CERTIFICATE-----\n\($0.base64EncodedString(options: .lineLength64Characters))\n-----END CERTIFICATE-----\n"
    }
    let file = Council.shared.folder("roots.pem")
    try Data(roots.joined().utf8).write(to: URL(fileURLWithPath: file))
    let body = try Data(contentsOf: URL(fileURLWithPath: order.path))
    #expect(UInt64(body.count) == order.bytes)
    let url = URL(string: order.url)!
    let place = "\(url.host!):\(url.port!)"
    let head = [
      "POST \(url.path) HTTP/1.1", "Host: \(place)", "Content-Type: \(order.mediaType)", "Accept: \(order.mediaType)",
      "Content-Length: \(body.count)", "Connection: close", "", "",
    ]
    let client = Process()
    client.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    client.arguments = ["s_client", "-quiet", "-verify_return_error", "-CAfile", file, "-connect", place]
    let (question, reply) = (Pipe(), Pipe())
    client.standardInput = question
    client.standardOutput = reply
    client.standardError = FileHandle.nullDevice
    try client.run()
    question.fileHandleForWriting.write(Data(head.joined(separator: "\r\n").utf8) + body)
    let all = reply.fileHandleForReading.readDataToEndOfFile()
    client.waitUntilExit()
    let end = try #require(all.range(of: Data("\r\n\r\n".utf8)))
    let lines = String(decoding: all[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    let mediaType = lines.first { $0.lowercased().hasPrefix("content-type: ") }?.dropFirst("content-type: ".count)
    let status = try #require(UInt16(lines[0].components(separatedBy: " ")[1]))
    return (
      order.name, CouncilAnswer(status: status, body: Data(all[end.upperBound...]), mediaType: mediaType.map(String.init))
    )
  }
}

/// The device as it is now; none while it is opened anew.
private actor Now {
  var device: (any Device)?
  init(_ device: any Device) { self.device = device }
  func put(_ device: (any Device)?) { self.device = device }
}

extension Visitbooks {
  @Suite struct Away {
    @Test func aFingerprintOpensTheSameBookAndAnotherFingerEndsItAndLosesNothing() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's phone with a sensor")
      try await phone.book.addBiometric()
      var locked = try await phone.book.lock()
      #expect(try await locked.hasBiometric())
      phone.book = try await locked.unlockWithBiometric()
      #expect(try await phone.book.who().name == "Rowan Teasel")
      await refused("pin_needed") { try await phone.book.addBiometric() }
      locked = try await phone.book.lock()
      phone.keys.anotherFingerIsEnrolled()
      let error = await refused("biometric_gone") { _ = try await locked.unlockWithBiometric() }
      #expect(error?.kind == .unlock)
      #expect(try await !locked.hasBiometric())
      phone.book = try await locked.unlock(pin: pin)
      try await phone.book.addBiometric()
      phone.book = try await phone.book.lock().unlockWithBiometric()
      try await phone.book.removeBiometric()
      locked = try await phone.book.lock()
      await refused("biometric_gone") { _ = try await locked.unlockWithBiometric() }
      #expect(try await locked.unlock(pin: pin).who().name == "Rowan Teasel")
    }

    @Test func whatThePromptSaysIsAnErrorOfAKindAndForgivesNoWrongPin() async throws {
      let phone = try await Phone("W-BRYONY", "Bryony's phone with a sensor")
      try await phone.book.addBiometric()
      var locked = try await phone.book.lock()
      let said: [(KeystoreError, String)] = [
        (.UserCancelled, "keystore_cancelled"), (.NotAuthenticated, "keystore_not_authenticated"),
        (.Transient(code: -3), "keystore_transient"), (.Unsupported, "keystore_unsupported"),
      ]
      for (thrown, code) in said {
        phone.keys.finger = { throw thrown }
        await refused(code, retryable: code != "keystore_unsupported") { _ = try await locked.unlockWithBiometric() }
      }
      phone.keys.finger = nil
      await refused("wrong_pin") { _ = try await locked.unlock(pin: wrongPin) }
      locked = try await locked.unlockWithBiometric().lock()
      let error = await refused("wrong_pin") { _ = try await locked.unlock(pin: wrongPin) }
      #expect(error?.explanation.contains("8 tries") == true)
    }

    @Test func whatTheSystemWasGivenArrivesAndItsAnswerCountsAtTheUnlock() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's phone in a bag")
      let visit = try await phone.book.beginVisit(children: [phone.child("Kite")])[0]
      let locked = try await phone.book.lock()
      let now = Now(locked)
      let bag = Bag()
      let sending = SystemSending(bag) { await now.device }
      #expect(try await sending.give() == 1)
      #expect(try await sending.give() == 0)
      #expect(await !sending.roots().isEmpty)
      // The system was restarted, or the person ended the app: what it lost is begun anew.
      await bag.lose()
      #expect(try await sending.give() == 1)
      let page = CouncilAnswer(status: 200, body: Data("<html>Sign in".utf8), mediaType: "text/html")
      let name = await bag.orders[0].name
      #expect(try await sending.finished(name, page)?.trouble == .signInPage)
      await bag.lose()
      #expect(try await sending.finished(name, nil) == nil)
      #expect(try await sending.give() == 1)
      let (carried, answer) = try await bag.carry()
      #expect(carried == name)
      #expect(try await sending.finished(name, answer)?.keptUnopened == 1)
      #expect(try await sending.give() == 0)
      #expect(await sending.roots().isEmpty)
      let book = try await locked.unlock(pin: pin)
      #expect(try await book.statuses().first { $0.record == visit }?.status.code == "council_has_it")
      #expect(await bag.begun == 3)
    }

    @Test func anAnswerThatComesWhileThereIsNoDeviceIsAskedForAgain() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's phone at the start")
      let visit = try await phone.book.beginVisit(children: [phone.child("Kite")])[0]
      let now = Now(phone.book)
      let bag = Bag()
      let sending = SystemSending(bag) { await now.device }
      #expect(try await sending.give() == 1)
      let (name, answer) = try await bag.carry()
      await now.put(nil)
      #expect(try await sending.finished(name, answer) == nil)
      #expect(try await sending.give() == 0)
      await now.put(phone.book)
      #expect(try await sending.give() == 1)
      let again = try await bag.carry()
      #expect(again.0 == name)
      let end = try await sending.finished(name, again.1)
      #expect(end?.trouble == nil && end?.receipted == 1)
      #expect(try await phone.book.statuses().first { $0.record == visit }?.status.code == "council_has_it")
    }

    @Test func aDeviceWhoseVaultIsLostStillSends() async throws {
      let phone = try await Phone("W-ROWAN", "Rowan's phone after a fall")
      _ = try await phone.book.beginVisit(children: [phone.child("Kite")])
      _ = try await phone.book.lock()
      phone.book = nil
      for name in ["vault.a", "vault.b"] { try FileManager.default.removeItem(atPath: "\(phone.folder)/\(name)") }
      await refused("no_device_here") { _ = try await Locked.open(folder: phone.folder, keys: phone.keys) }
      let device: any Device = try await Outbox.open(folder: phone.folder)
      let waiting = try await (device as! Outbox).sealedWaiting()
      let outcome = try await device.sync()
      #expect(outcome.trouble == nil && UInt64(outcome.counts.sent) == waiting && waiting > 0)
    }

    @Test func whatComesLastIsDoneLastAndTheSystemIsToldOnce() async {
      let order = InOrder()
      let done = Done()
      for number in 0..<20 { order.add { done.add(number) } }
      await withCheckedContinuation { continuation in order.add { continuation.resume() } }
      #expect(done.all == Array(0..<20))
      let told = Done()
      let completion = Completion { told.add($0 ? 1 : 0) }
      completion(false)
      completion(true)
      #expect(told.all == [0])
    }
  }
}

private final class Done: @unchecked Sendable {
  private let lock = NSLock()
  private var numbers: [Int] = []
  var all: [Int] { lock.withLock { numbers } }
  func add(_ number: Int) { lock.withLock { numbers.append(number) } }
}
