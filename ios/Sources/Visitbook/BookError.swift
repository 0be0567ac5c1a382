// The one error that leaves this library. What UniFFI generates is an enum whose text is made for programmers.

import Foundation
@_exported import VisitbookCore

/// Why a call did not do what was asked. Nothing that was saved before is touched by it.
public struct BookError: LocalizedError, Equatable, Sendable {
  /// What kind of thing is in the way.
  public enum Kind: Equatable, Sendable {
    /// It cannot be done as asked: an unknown field, a finished visit, somebody else's text.
    case request
    /// The object cannot do it now, or no more: it is spent, busy, or locked.
    case state
    /// The PIN, the vault or the phone's keystore.
    case unlock
    /// The files of this device.
    case storage
    /// The council or the line to it.
    case council
  }

  /// What kind of thing is in the way.
  public let kind: Kind
  /// Stable, for programs.
  public let code: String
  /// For people: what happened and what to do. Holds no word of any record and nobody's name.
  public let explanation: String
  /// The same call may succeed later as it is.
  public let retryable: Bool

  public var errorDescription: String? { explanation }

  init(_ error: any Error) {
    switch error {
    case let error as BookError: self = error
    case VisitbookError.Request(let code, let explanation, let retryable):
      self.init(.request, code, explanation, retryable)
    case VisitbookError.State(let code, let explanation, let retryable):
      self.init(.state, code, explanation, retryable)
    case VisitbookError.Unlock(let code, let explanation, let retryable):
      self.init(.unlock, code, explanation, retryable)
    case VisitbookError.Storage(let code, let explanation, let retryable):
      self.init(.storage, code, explanation, retryable)
    case VisitbookError.Council(let code, let explanation, let retryable):
      self.init(.council, code, explanation, retryable)
    default:
      // A fault in the native library itself; its text is for programmers and may hold anything.
      self.init(.state, "internal", "Something in Visitbook itself failed. Lock the book and unlock it.", false)
    }
  }

  private init(_ kind: Kind, _ code: String, _ explanation: String, _ retryable: Bool) {
    self.kind = kind
    self.code = code
    self.explanation = explanation
    self.retryable = retryable
  }
}
