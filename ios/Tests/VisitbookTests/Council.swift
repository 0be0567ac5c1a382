// A council for the tests: a real server on loopback with the families of the fixtures, a keystore in memory, and phones.

import Foundation
import Visitbook

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

let pin = Data("tansy-83-otter".utf8)
let wrongPin = Data("tansy-84-otter".utf8)

/// A keystore as an app writes one. `fault` is called before each answer, `finger` while a prompt for a fingerprint stands.
final class Keys: HardwareKeys, @unchecked Sendable {
  private let lock = NSLock()
  private var keys: [String: Data] = [:]
  private var small: [String: Data] = [:]
  private var failing: (@Sendable () throws -> Void)?
  private var ofAPerson: Set<String> = []
  private var dead: Set<String> = []
  private var prompt: (@Sendable () throws -> Void)?

  var fault: (@Sendable () throws -> Void)? {
    get { lock.withLock { failing } }
    set { lock.withLock { failing = newValue } }
  }

  var finger: (@Sendable () throws -> Void)? {
    get { lock.withLock { prompt } }
    set { lock.withLock { prompt = newValue } }
  }

  /// What a phone does to the keys that wait for a person.
  func anotherFingerIsEnrolled() { lock.withLock { dead.formUnion(ofAPerson) } }

  private func locked<T>(_ work: () throws -> T) throws -> T {
    try fault?()
    return try lock.withLock(work)
  }

  func ensure(alias: String, policy: KeyPolicy) throws {
    try locked {
      if keys[alias] == nil { keys[alias] = Data((0..<32).map { _ in UInt8.random(in: 0...255) }) }
      if policy == .biometricCurrentSet { ofAPerson.insert(alias) }
    }
  }

  func derive(alias: String, input: Data) throws -> Data {
    let waits = try locked {
      if dead.contains(alias) { throw KeystoreError.Invalidated }
      return ofAPerson.contains(alias)
    }
    if waits { try finger?() }
    return try locked {
      guard let key = keys[alias] else { throw KeystoreError.Missing }
      return keyed(key, input)
    }
  }

  /// A function of the key and the input that a test needs no library for: what is under test is the border.
  private func keyed(_ key: Data, _ input: Data) -> Data {
    var state = Array(key)
    for (at, byte) in input.enumerated() {
      let place = at % 32
      state[place] = (state[place] ^ byte) &* 167 &+ state[(place + 7) % 32] &+ UInt8(truncatingIfNeeded: at)
    }
    return Data(state)
  }

  func putSmall(name: String, value: Data) throws { try locked { small[name] = value } }

  func getSmall(name: String) throws -> Data? { try locked { small[name] } }

  func delete(alias: String) throws {
    try locked {
      keys[alias] = nil
      dead.remove(alias)
    }
  }

  func protectedDataAvailable() throws -> Bool { try locked { true } }
}

/// One server process for all tests. It goes with them: it ends when the pipe that it reads is closed, or is terminated.
final class Council: Sendable {
  static let shared = Council()

  let listening: String
  private let server: String
  private let folder: String
  private let scratch: String

  private init() {
    let environment = ProcessInfo.processInfo.environment
    func variable(_ name: String) -> String {
      guard let value = environment[name] else { fatalError("\(name) is not set: run tests/languages/swift.sh") }
      return value
    }
    server = variable("VISITBOOK_SERVER")
    scratch = variable("VISITBOOK_SCRATCH")
    folder = scratch + "/council"
    let files = scratch + "/files"
    do {
      _ = try Self.run(server, folder, ["init", "--name", "Fernmouth Council", "--address", "https://127.0.0.1:8443"])
      // An import leaves its report beside what it read.
      try FileManager.default.copyItem(atPath: variable("VISITBOOK_FIXTURES"), toPath: files)
      _ = try Self.run(server, folder, ["import", files])
      let process = Process()
      process.executableURL = URL(fileURLWithPath: server)
      process.arguments = ["--dir", folder, "--json", "serve", "--listen", "127.0.0.1:0"]
      let pipe = Pipe()
      process.standardOutput = pipe
      process.standardError = FileHandle.nullDevice
      try process.run()
      // Whoever runs the tests ends it by this, however they end.
      try Data("\(process.processIdentifier)".utf8).write(to: URL(fileURLWithPath: scratch + "/council.pid"))
      var line = Data()
      while !line.contains(UInt8(ascii: "\n")) { line += pipe.fileHandleForReading.availableData }
      listening = Self.field(String(decoding: line, as: UTF8.self), "listening")
    } catch {
      fatalError("no council: \(error)")
    }
  }

  private static func run(_ server: String, _ folder: String, _ words: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: server)
    process.arguments = ["--dir", folder, "--json"] + words
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let answer = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    return String(decoding: answer, as: UTF8.self)
  }

  private static func field(_ json: String, _ name: String) -> String {
    let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    guard let value = object?[name] as? String else { fatalError("no \(name) in \(json)") }
    return value
  }

  func code(_ worker: String, _ label: String) throws -> String {
    let words = ["enrol-code", "--worker", worker, "--label", label, "--address", "https://\(listening)"]
    return Self.field(try Self.run(server, folder, words), "code")
  }

  func folder(_ name: String) -> String { "\(scratch)/\(UUID())-\(name)" }
}

/// An enrolled device, opened. Tests let go of `book` before they open the folder again.
final class Phone {
  let folder: String
  let keys = Keys()
  var book: Working!

  init(_ worker: String, _ label: String) async throws {
    folder = Council.shared.folder("device")
    let code = try Council.shared.code(worker, label)
    let locked = try await Locked.enrol(folder: folder, keys: keys, code: code, pin: pin, label: label)
    book = try await locked.unlock(pin: pin)
    _ = try await book.sync()
  }

  func open(connectVia: String? = nil, transport: Transport? = nil) async throws -> Locked {
    book = nil
    return try await Locked.open(folder: folder, keys: keys, connectVia: connectVia, transport: transport)
  }

  func child(_ name: String) async throws -> String {
    let children = try await book.children()
    return children.first { $0.name == name }!.child
  }
}

/// Takes connections and never says a word.
final class SilentServer: Sendable {
  private let socketDescriptor: Int32
  let address: String

  init() {
    #if canImport(Glibc)
      let stream = Int32(SOCK_STREAM.rawValue)
    #else
      let stream = SOCK_STREAM
    #endif
    socketDescriptor = socket(AF_INET, stream, 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = socketDescriptor
    withUnsafeMutablePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        precondition(bind(descriptor, address, length) == 0)
        precondition(listen(descriptor, 16) == 0)
        precondition(getsockname(descriptor, address, &length) == 0)
      }
    }
    address = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
  }

  /// Waits until somebody connects.
  func awaitConnection() async {
    let descriptor = socketDescriptor
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        // The connection stays open, unanswered, as long as the process lives.
        _ = accept(descriptor, nil, nil)
        continuation.resume()
      }
    }
  }

  deinit { close(socketDescriptor) }
}
