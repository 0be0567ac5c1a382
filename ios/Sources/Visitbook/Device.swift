// A device in one of its states. The states are types, so that a screen for a child cannot be given what reads.

import Foundation
import VisitbookCore

/// This phone as a device of a council: `Locked`, `Working` or `Family`, or the `Outbox` of one whose vault is lost. What turns
/// one into another spends it: every later call of it fails with the code `spent`, `locked` or `page_left`. Letting go of the last reference gives the native memory,
/// and the folder, back; nothing is lost by it.
///
/// Calls run one after the other on a thread of the device's own. A call that began is finished and answered even if its task
/// is cancelled meanwhile: what was saved is never reported as not saved. Only `sync` listens to cancellation.
public protocol Device: Actor {
  /// Sends what waits, in the order people need it; an open book fetches what is new, too. Ends when there is nothing left to
  /// do, the budget is used or something is in the way, which is no error: see `SyncOutcome.trouble`. Cancelling the task ends
  /// it within a quarter of a second with the outcome `cancelled`, and loses nothing.
  ///
  /// Throws the code `busy` while another sync of this device runs.
  nonisolated func sync(_ options: SyncOptions) async throws(BookError) -> SyncOutcome

  /// Every request that the system is to send while the app is not running: see `LockedBook.cutUploads`, and `SystemSending`.
  func cutUploads(mostBytes: UInt32, mostFiles: UInt32) throws(BookError) -> [UploadOrder]

  /// Takes the answer to a request that the system sent, exactly as a sync would.
  func takeUpload(name: String, answer: CouncilAnswer) throws(BookError) -> UploadOutcome
}

extension Device {
  /// A sync that somebody asked for, for as long as it needs.
  public nonisolated func sync() async throws(BookError) -> SyncOutcome { try await sync(SyncOptions()) }
}

/// A device whose vault is closed. It sends what is sealed already, and nothing in it could read a word.
public actor Locked: Device {
  nonisolated let apart = Apart()
  let book: LockedBook

  public nonisolated var unownedExecutor: UnownedSerialExecutor { apart.asUnownedSerialExecutor() }

  init(_ book: LockedBook) { self.book = book }

  /// Opens an enrolled device, locked. `folder` is one of the app's own that no backup restores.
  ///
  /// Throws the codes `no_device_here` and `not_enrolled`: enrol it; `busy`: it is open elsewhere.
  public static func open(
    folder: String, keys: HardwareKeys, connectVia: String? = nil, transport: Transport? = nil
  ) async throws(BookError) -> Locked {
    try await Opening().locked {
      try LockedBook.open(folder: folder, keys: keys, connectVia: connectVia, transport: transport)
    }
  }

  /// Makes `folder` a device of the council in the enrolment code. Needs the network and takes seconds. `pin` is the UTF-8 of
  /// at least six characters. Whatever the error, the same call with the same PIN and code may simply be made again.
  public static func enrol(
    folder: String, keys: HardwareKeys, code: String, pin: Data, label: String,
    connectVia: String? = nil, transport: Transport? = nil
  ) async throws(BookError) -> Locked {
    try await Opening().locked {
      try LockedBook.enrol(
        folder: folder, keys: keys, code: code, pin: pin, label: label, connectVia: connectVia, transport: transport)
    }
  }

  func call<T>(_ work: (LockedBook) throws -> T) throws(BookError) -> T {
    do { return try work(book) } catch { throw BookError(error) }
  }

  public nonisolated func sync(_ options: SyncOptions) async throws(BookError) -> SyncOutcome {
    let book = self.book
    return try await syncApart(options) { cancel, progress in
      try book.sync(cancel: cancel, budgetMs: options.budgetMs, progress: progress, asked: options.asked)
    }
  }

  /// Opens the vault. Takes up to a second. Throws the codes `wrong_pin`, `too_many_wrong_pins`, `pin_destroyed`, and those of
  /// the keystore, which begin with `keystore_`. The book stays locked and can still send.
  public func unlock(pin: Data) throws(BookError) -> Working {
    try call { Working(try $0.unlock(pin: pin)) }
  }

  /// Opens the vault by the fingerprint or face that `addBiometric` set. Shows the phone's prompt and takes until it was
  /// answered. Throws the code `biometric_gone`: use the PIN, then set it again; nothing is lost. Those of the keystore begin
  /// with `keystore_`. The book stays locked and can still send.
  public func unlockWithBiometric() throws(BookError) -> Working {
    try call { Working(try $0.unlockWithBiometric()) }
  }
}

/// What an enrolled device has to send, without its vault. It sends; it cannot be unlocked.
public actor Outbox: Device {
  nonisolated let apart = Apart()
  let outbox: SealedOutbox

  public nonisolated var unownedExecutor: UnownedSerialExecutor { apart.asUnownedSerialExecutor() }

  init(_ outbox: SealedOutbox) { self.outbox = outbox }

  /// Opens what an enrolled device has to send, and nothing else of it. Asks no keystore.
  ///
  /// Throws the codes `no_device_here` and `not_enrolled`; `busy`: it is open elsewhere, and can send from there.
  public static func open(
    folder: String, connectVia: String? = nil, transport: Transport? = nil
  ) async throws(BookError) -> Outbox {
    try await Opening().outbox {
      try SealedOutbox.open(folder: folder, connectVia: connectVia, transport: transport)
    }
  }

  func call<T>(_ work: (SealedOutbox) throws -> T) throws(BookError) -> T {
    do { return try work(outbox) } catch { throw BookError(error) }
  }

  public nonisolated func sync(_ options: SyncOptions) async throws(BookError) -> SyncOutcome {
    let outbox = self.outbox
    return try await syncApart(options) { cancel, progress in
      try outbox.sync(cancel: cancel, budgetMs: options.budgetMs, progress: progress, asked: options.asked)
    }
  }
}

/// Where a device is opened before there is an actor for it.
private actor Opening {
  nonisolated let apart = Apart()
  nonisolated var unownedExecutor: UnownedSerialExecutor { apart.asUnownedSerialExecutor() }

  func locked(_ work: @Sendable () throws -> LockedBook) throws(BookError) -> Locked {
    do { return Locked(try work()) } catch { throw BookError(error) }
  }

  func outbox(_ work: @Sendable () throws -> SealedOutbox) throws(BookError) -> Outbox {
    do { return Outbox(try work()) } catch { throw BookError(error) }
  }
}

/// The device in a child's hands: it takes words, drawings and choices, and gives nothing back but what is on the page now.
/// A type of its own: nothing that reads can be reached from it. Only `leave` with the worker's PIN leads back.
///
/// Guided access and a screen that cannot be captured are the app's to see to before showing it.
public actor Family: Device {
  nonisolated let apart = Apart()
  let child: FamilyPage

  public nonisolated var unownedExecutor: UnownedSerialExecutor { apart.asUnownedSerialExecutor() }

  init(_ page: FamilyPage) { child = page }

  func call<T>(_ work: (FamilyPage) throws -> T) throws(BookError) -> T {
    do { return try work(child) } catch { throw BookError(error) }
  }

  public nonisolated func sync(_ options: SyncOptions) async throws(BookError) -> SyncOutcome {
    let page = self.child
    return try await syncApart(options) { cancel, progress in
      try page.sync(cancel: cancel, budgetMs: options.budgetMs, progress: progress, asked: options.asked)
    }
  }

  /// Back to the worker. What is on the page and was not handed in goes. Throws the codes `wrong_pin` and
  /// `too_many_wrong_pins`: the page stays; show `nothingToRead`. `opened_locked`: the PIN was right and the book did not open;
  /// open the device again.
  public func leave(pin: Data) throws(BookError) -> Working {
    try call { Working(try $0.leave(pin: pin)) }
  }
}
