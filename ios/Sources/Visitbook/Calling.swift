// Where blocking calls run: on queues of their own, so that neither the main thread nor Swift's few shared threads wait.

import Dispatch
import Foundation
import VisitbookCore

/// The executor of one device's actor: a queue that may wait for a disk.
final class Apart: SerialExecutor {
  private let queue = DispatchQueue(label: "visitbook.book", qos: .userInitiated)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }
}

/// What a sync may use, and whom it tells how far it has come.
public struct SyncOptions: Sendable {
  /// How long it may take; as long as it needs if none is given.
  public var budget: Duration?
  /// A person asked, or the connection has just changed: do not wait for the time after a failed one.
  public var asked: Bool
  /// Called between exchanges, on the syncing thread. What it throws changes nothing.
  public var progress: (@Sendable (SyncCounts) throws -> Void)?

  public init(
    budget: Duration? = nil, asked: Bool = true, progress: (@Sendable (SyncCounts) throws -> Void)? = nil
  ) {
    self.budget = budget
    self.asked = asked
    self.progress = progress
  }

  var budgetMs: UInt64? {
    budget.map { budget in
      let (seconds, attoseconds) = budget.components
      return UInt64(max(0, seconds)) * 1000 + UInt64(max(0, attoseconds) / 1_000_000_000_000_000)
    }
  }
}

private final class Telling: SyncProgress {
  let tell: @Sendable (SyncCounts) throws -> Void

  init(_ tell: @escaping @Sendable (SyncCounts) throws -> Void) { self.tell = tell }

  func progressed(soFar: SyncCounts) throws {
    do { try tell(soFar) } catch { throw CallbackError.Failed }
  }
}

private let syncing = DispatchQueue(label: "visitbook.sync", qos: .utility, attributes: .concurrent)

/// A sync's work, given out once: whoever ran it holds the native object no longer than it ran, and a device that was let go
/// of after its sync can be opened again at once.
private final class Once: @unchecked Sendable {
  private let lock = NSLock()
  private var work: (() throws -> SyncOutcome)?

  init(_ work: @escaping () throws -> SyncOutcome) { self.work = work }

  func run() -> Result<SyncOutcome, any Error> {
    let work = lock.withLock {
      defer { self.work = nil }
      return self.work
    }
    return Result { if let work { try work() } else { throw CancellationError() } }
  }
}

/// A sync on a queue of its own, so that the device's other calls go on, and which cancelling the task ends within a quarter
/// of a second. Swift does not stop a native call by itself.
func syncApart(
  _ options: SyncOptions, _ work: @escaping @Sendable (SyncCancel, SyncProgress?) throws -> SyncOutcome
) async throws(BookError) -> SyncOutcome {
  let cancel = SyncCancel()
  let progress = options.progress.map(Telling.init)
  let once = Once { try work(cancel, progress) }
  let outcome = await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      syncing.async {
        let outcome = once.run()
        continuation.resume(returning: outcome)
      }
    }
  } onCancel: {
    cancel.cancel()
  }
  do { return try outcome.get() } catch { throw BookError(error) }
}
