// Sending by the system while the app is not running at all: it is given whole requests as files, and starts the app anew for
// their answers. What is Apple's own about it is in Apple/AppleUploads.swift.

import Foundation
import VisitbookCore

/// Whoever carries requests while the app is away: a background `URLSession` on a phone.
public protocol UploadCarrier: Sendable {
  /// The names of the requests it was given and has not finished, also before the app was started anew.
  func underWay() async -> Set<String>
  /// Begins one. How it ends goes to `SystemSending.finished`.
  func begin(_ order: UploadOrder) async
}

/// Gives what waits to the system, and takes what comes back. Nothing is lost by losing this: what has no answer is given
/// again, and the council takes the same twice for once.
public actor SystemSending {
  private let carrier: any UploadCarrier
  private let device: @Sendable () async -> (any Device)?

  /// `device` gives the device as it is now, in whichever state; if it is not open, opened locked; nothing if there is none.
  public init(_ carrier: any UploadCarrier, device: @escaping @Sendable () async -> (any Device)?) {
    self.carrier = carrier
    self.device = device
  }

  /// Begins every request that the carrier has not got: what was written since, and what it lost. Returns how many. Call it as
  /// the app goes away, and while it starts.
  @discardableResult
  public func give() async throws(BookError) -> Int {
    guard let device = await device() else { return 0 }
    let orders = try await device.cutUploads(mostBytes: 512 << 10, mostFiles: 8)
    let known = await carrier.underWay()
    let new = orders.filter { !known.contains($0.name) }
    for order in new { await carrier.begin(order) }
    return new.count
  }

  /// One is over: with an answer of whatever status, or without one, and then it is given again at the next `give`. Returns
  /// what the answer came to.
  @discardableResult
  public func finished(_ name: String, _ answer: CouncilAnswer?) async throws(BookError) -> UploadOutcome? {
    guard let answer, let device = await device() else { return nil }
    return try await device.takeUpload(name: name, answer: answer)
  }

  /// Certificates (DER) to trust for the council's server besides the platform's own roots, while a request is under way.
  public func roots() async -> [Data] {
    guard let device = await device() else { return [] }
    let orders = try? await device.cutUploads(mostBytes: 512 << 10, mostFiles: 0)
    return orders?.first?.tlsRoots ?? []
  }
}

/// Work that is done in the order in which it came, one piece after the other. What must come after all of it is added last.
final class InOrder: @unchecked Sendable {
  private let lock = NSLock()
  private var last: Task<Void, Never>?

  func add(_ work: @escaping @Sendable () async -> Void) {
    lock.withLock {
      let before = last
      last = Task {
        await before?.value
        await work()
      }
    }
  }
}

/// What the system wants to hear once and never twice, whoever is first to say it.
final class Completion: @unchecked Sendable {
  private let lock = NSLock()
  private var tell: (@Sendable (Bool) -> Void)?

  init(_ tell: @escaping @Sendable (Bool) -> Void) { self.tell = tell }

  func callAsFunction(_ success: Bool) {
    let tell = lock.withLock {
      defer { self.tell = nil }
      return self.tell
    }
    tell?(success)
  }
}
