// The keystore of an Apple phone. Thin: the core decides what keys are for, this asks the keychain and the Secure Enclave.
//
// The tests run on Linux, where this is only parsed. What a person has to try on a phone is in docs/device-trials.md.

#if canImport(Security) && canImport(CryptoKit) && canImport(LocalAuthentication)
  import CryptoKit
  import Foundation
  import LocalAuthentication
  import Security
  import VisitbookCore

  /// Keys in the Secure Enclave, and small values in the keychain, none of which leaves this device or comes back with a backup.
  ///
  /// A key is an enclave key and a public key whose private half was thrown away when it was made: their shared secret is the
  /// same for ever, and only this enclave can work it out.
  public final class AppleKeys: HardwareKeys {
    private let service: String
    private let reason: String

    /// `service` names the keychain's items; the same for as long as the app lives. `reason` stands in the prompt for a
    /// fingerprint or face; for a face the app says why in `NSFaceIDUsageDescription`, too.
    public init(service: String = "visitbook", reason: String = "Open your visits.") {
      self.service = service
      self.reason = reason
    }

    public func ensure(alias: String, policy: KeyPolicy) throws {
      do {
        if try read(alias) != nil { return }
        guard SecureEnclave.isAvailable else { throw KeystoreError.Unsupported }
        if policy == .biometricCurrentSet {
          let context = LAContext()
          guard let now = try enrolled(context) else { throw KeystoreError.Unsupported }
          // First, so that no such key is ever without it.
          try add(person(alias), now)
        }
        let control = try accessControl(policy)
        let key = try SecureEnclave.P256.KeyAgreement.PrivateKey(accessControl: control)
        let other = P256.KeyAgreement.PrivateKey().publicKey.x963Representation
        try add(alias, other + key.dataRepresentation)
      } catch {
        throw typed(error)
      }
    }

    public func derive(alias: String, input: Data) throws -> Data {
      do {
        guard let stored = try read(alias) else { throw KeystoreError.Missing }
        guard stored.count > publicKeyLength else { throw KeystoreError.Invalidated }
        let other = try P256.KeyAgreement.PublicKey(x963Representation: stored.prefix(publicKeyLength))
        let key = try SecureEnclave.P256.KeyAgreement.PrivateKey(
          dataRepresentation: stored.dropFirst(publicKeyLength), authenticationContext: recognising(alias))
        let secret = try key.sharedSecretFromKeyAgreement(with: other)
        let mac = secret.hkdfDerivedSymmetricKey(
          using: SHA256.self, salt: Data(), sharedInfo: Data("visitbook keystore".utf8), outputByteCount: 32)
        return Data(HMAC<SHA256>.authenticationCode(for: input, using: mac))
      } catch {
        throw typed(error)
      }
    }

    public func putSmall(name: String, value: Data) throws {
      let item = small(name)
      var status = SecItemUpdate(item as CFDictionary, [kSecValueData: value] as CFDictionary)
      if status == errSecItemNotFound { status = SecItemAdd(readable(item, value) as CFDictionary, nil) }
      guard status == errSecSuccess else { throw typed(status) }
    }

    public func getSmall(name: String) throws -> Data? {
      do { return try read(small(name)) } catch { throw typed(error) }
    }

    public func delete(alias: String) throws {
      for gone in [alias, person(alias)] {
        let status = SecItemDelete(item(gone) as CFDictionary)
        guard status == errSecSuccess || status == errSecItemNotFound else { throw typed(status) }
      }
    }

    /// An item that can be read only while the phone is unlocked tells, without asking the main thread.
    public func protectedDataAvailable() throws -> Bool {
      let marker = item("unlocked")
      let status = SecItemCopyMatching(marker as CFDictionary, nil)
      if status == errSecItemNotFound {
        let attributes: [CFString: Any] = [
          kSecValueData: Data(), kSecAttrAccessible: kSecAttrAccessibleWhenUnlockedThisDeviceOnly,
        ]
        _ = SecItemAdd(marker.merging(attributes) { $1 } as CFDictionary, nil)
      }
      return status != errSecInteractionNotAllowed
    }

    private let publicKeyLength = 65

    /// Beside a key that waits for a person lies who was enrolled when it was made. The enclave refuses a key whose people have
    /// changed as it refuses everything else, in words that may pass; this tells the two apart.
    private func person(_ alias: String) -> String { "person." + alias }

    /// The context of one use of a key: its prompt, if the key waits for a person.
    private func recognising(_ alias: String) throws -> LAContext {
      let context = LAContext()
      guard let then = try read(person(alias)) else { return context }
      context.localizedReason = reason
      // The phone's own code does not open such a key; the app asks for its PIN.
      context.localizedFallbackTitle = ""
      guard try enrolled(context) == then else { throw KeystoreError.Invalidated }
      return context
    }

    /// Who is enrolled on this phone, as the system tells it: the same for as long as they are the same. Nothing, if nobody is.
    private func enrolled(_ context: LAContext) throws -> Data? {
      var error: NSError?
      let able = context.canEvaluatePolicy(.deviceOwnerAuthenticationWithBiometrics, error: &error)
      if let now = context.evaluatedPolicyDomainState { return now }
      switch (error as? LAError)?.code {
      case .biometryNotEnrolled, .passcodeNotSet: return nil
      default:
        if let error { throw error }
        throw able ? KeystoreError.Transient(code: 0) : KeystoreError.Unsupported
      }
    }

    private func item(_ alias: String) -> [CFString: Any] {
      [kSecClass: kSecClassGenericPassword, kSecAttrService: service, kSecAttrAccount: alias]
    }

    private func small(_ name: String) -> [CFString: Any] { item("small." + name) }

    /// What is stored is useless without the enclave, so that it may be read whenever the enclave's key may be asked.
    private func readable(_ item: [CFString: Any], _ value: Data) -> [CFString: Any] {
      item.merging([
        kSecValueData: value, kSecAttrAccessible: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
      ]) { $1 }
    }

    private func read(_ alias: String) throws -> Data? { try read(item(alias)) }

    private func read(_ item: [CFString: Any]) throws -> Data? {
      var found: CFTypeRef?
      let status = SecItemCopyMatching(item.merging([kSecReturnData: true]) { $1 } as CFDictionary, &found)
      if status == errSecItemNotFound { return nil }
      guard status == errSecSuccess else { throw typed(status) }
      return found as? Data
    }

    private func add(_ alias: String, _ value: Data) throws {
      let item = item(alias)
      var status = SecItemAdd(readable(item, value) as CFDictionary, nil)
      // Left by a call that was cut short.
      if status == errSecDuplicateItem {
        status = SecItemUpdate(item as CFDictionary, [kSecValueData: value] as CFDictionary)
      }
      guard status == errSecSuccess else { throw typed(status) }
    }

    private func accessControl(_ policy: KeyPolicy) throws -> SecAccessControl {
      let (protection, flags): (CFString, SecAccessControlCreateFlags) =
        switch policy {
        case .background: (kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly, .privateKeyUsage)
        case .unlockedDevice: (kSecAttrAccessibleWhenUnlockedThisDeviceOnly, .privateKeyUsage)
        case .biometricCurrentSet:
          (kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly, [.privateKeyUsage, .biometryCurrentSet])
        }
      guard let control = SecAccessControlCreateWithFlags(nil, protection, flags, nil) else {
        throw KeystoreError.Unsupported
      }
      return control
    }
  }

  /// Whatever is not known is transient: `Missing` would tell a person that a key is lost.
  private func typed(_ status: OSStatus) -> KeystoreError {
    switch status {
    case errSecInteractionNotAllowed: .LockedNow
    case errSecUserCanceled: .UserCancelled
    case errSecAuthFailed: .NotAuthenticated
    default: .Transient(code: Int64(status))
    }
  }

  private func typed(_ error: any Error) -> KeystoreError {
    if let known = error as? KeystoreError { return known }
    if let error = error as? LAError {
      switch error.code {
      case .userCancel, .systemCancel, .appCancel, .userFallback: return .UserCancelled
      case .authenticationFailed, .biometryLockout, .passcodeNotSet: return .NotAuthenticated
      case .biometryNotAvailable, .biometryNotEnrolled: return .Unsupported
      default: return .Transient(code: Int64(error.errorCode))
      }
    }
    let error = error as NSError
    return error.domain == NSOSStatusErrorDomain
      ? typed(OSStatus(truncatingIfNeeded: error.code)) : .Transient(code: Int64(error.code))
  }
#endif
