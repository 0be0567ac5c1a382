// An unlocked device: the only type that reads and writes words.

import Foundation
import VisitbookCore

/// An open book. Lock it when the app is left. If it is let go without, nothing is lost: what was being typed becomes an entry
/// at the next unlock.
public actor Working: Device {
  nonisolated let apart = Apart()
  let book: Book
  private let streams = Streams()

  public nonisolated var unownedExecutor: UnownedSerialExecutor { apart.asUnownedSerialExecutor() }

  init(_ book: Book) { self.book = book }

  deinit {
    streams.finish()
  }

  func call<T>(_ work: (Book) throws -> T) throws(BookError) -> T {
    do { return try work(book) } catch { throw BookError(error) }
  }

  public nonisolated func sync(_ options: SyncOptions) async throws(BookError) -> SyncOutcome {
    let book = self.book
    return try await syncApart(options) { cancel, progress in
      try book.sync(cancel: cancel, budgetMs: options.budgetMs, progress: progress, asked: options.asked)
    }
  }

  /// What changes, in order: at once a first value that says "read everything", then one for each transaction, none left out.
  /// Ends when the book is locked, handed to a child or let go.
  public func changes() throws(BookError) -> AsyncStream<Change> {
    let (stream, continuation) = AsyncStream.makeStream(of: Change.self, bufferingPolicy: .unbounded)
    let subscription = try call { try $0.subscribe(listener: Hearing(continuation)) }
    streams.add(continuation, subscription)
    return stream
  }

  /// Saves what is being typed, closes the book and forgets every key. A sync that is running is cancelled.
  public func lock() throws(BookError) -> Locked {
    let locked = try call { Locked(try $0.lock()) }
    streams.finish()
    return locked
  }

  /// Hands the device to a child: says so in a signed commit, saves what is being typed, closes the book and forgets every
  /// key. On an error the book stays open.
  public func enterFamily(child: String, visit: String? = nil) throws(BookError) -> Family {
    let family = try call { Family(try $0.enterFamily(child: child, visit: visit)) }
    streams.finish()
    return family
  }
}

/// The streams of changes that somebody still listens to.
private final class Streams: @unchecked Sendable {
  private let lock = NSLock()
  private var open: [UUID: AsyncStream<Change>.Continuation] = [:]

  func add(_ stream: AsyncStream<Change>.Continuation, _ subscription: Subscription) {
    let name = UUID()
    lock.withLock { open[name] = stream }
    stream.onTermination = { [weak self] _ in
      subscription.cancel()
      self?.remove(name)
    }
  }

  private func remove(_ name: UUID) { lock.withLock { open[name] = nil } }

  func finish() {
    // Each takes itself out, so they are ended with the lock free.
    for stream in lock.withLock({ Array(open.values) }) { stream.finish() }
  }
}

private final class Hearing: ChangeListener {
  let continuation: AsyncStream<Change>.Continuation

  init(_ continuation: AsyncStream<Change>.Continuation) { self.continuation = continuation }

  func changed(change: Change) throws { continuation.yield(change) }
}
