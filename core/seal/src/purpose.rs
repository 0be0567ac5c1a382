//! Why something is signed or derived. A signature or key made for one purpose must be worthless for every other, so
//! each purpose has a label that is put, with a zero byte after it, in front of what is signed or derived. No label
//! holds a zero byte, so none can run into what follows it.

/// One purpose of a signature or a derived key. The labels are part of the wire format and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signature of a device or writer over a commit.
    Commit,
    /// Signature of a device over a request that is not an upload.
    Request,
    /// Signature of the receipt key over a receipt statement, and the label of the statement's hash.
    Receipt,
    /// Signature of the control key over a device certificate.
    Certificate,
    /// Signature of the root key over the control key.
    ControlKey,
    /// Signature of the control key over the key bundle.
    KeyBundle,
    /// Signature of the control key over the statement that opens an epoch.
    Epoch,
    /// Signature of a new device over its enrolment request.
    Enrol,
    /// Signature of a device over its confirmation that a scope was purged.
    Purge,
    /// Name of a device's public key.
    DeviceId,
    /// Name of an ingest key.
    IngestKeyId,
    /// Fingerprint of the root key in an enrolment code.
    Fingerprint,
    /// Checksum inside an enrolment code.
    EnrolmentChecksum,
    /// HPKE context of a sealing session, and the key of each envelope in it.
    Envelope,
    /// Secret that the replies to a session's uploads are sealed under.
    UploadReply,
    /// HPKE context of a sealed request, and its key.
    SealedRequest,
    /// Secret that the reply to a sealed request is sealed under.
    RequestReply,
    /// Key of one reply, from its secret and nonce.
    Reply,
    /// Input to the hardware key of the PIN slot.
    VaultPepper,
    /// Check value that recognises the hardware key of the PIN slot.
    VaultPepperCheck,
    /// Key that wraps the vault's root key under PIN and hardware.
    VaultPinSlot,
    /// Key that wraps the vault's root key under a biometric hardware key.
    VaultBiometricSlot,
    /// Key that wraps one secret under the vault's root key.
    VaultWrap,
    /// Key that authenticates the vault image and the attempt counter.
    VaultMac,
    /// Check value of the database key.
    VaultDatabaseCheck,
    /// Keys that callers derive from the vault's root key.
    VaultDerive,
    /// HPKE context in which a family-mode post's content key is sealed to the council.
    FamilyCouncil,
    /// HPKE context in which a family-mode post's content key is sealed to the worker.
    FamilyWorker,
    /// Tag that chains a family-mode post to the one before it.
    FamilyTag,
    /// The next ratchet key of a family session, from the one before it.
    FamilyRatchet,
    /// Id of the record that a family-mode post becomes.
    FamilyRecord,
    /// Secret that the reply to a family-mode post's upload is sealed under.
    FamilyReply,
    /// Key that gives each chunk of an attachment its salt.
    AttachmentSalt,
    /// Key of one chunk of an attachment.
    AttachmentChunk,
    /// Hash of one sealed chunk of an attachment.
    AttachmentChunkHash,
    /// Name of an attachment, from its list of chunks.
    AttachmentId,
}

impl Purpose {
    /// Every purpose, for tests and documentation.
    pub const ALL: [Self; 36] = [
        Self::Commit,
        Self::Request,
        Self::Receipt,
        Self::Certificate,
        Self::ControlKey,
        Self::KeyBundle,
        Self::Epoch,
        Self::Enrol,
        Self::Purge,
        Self::DeviceId,
        Self::IngestKeyId,
        Self::Fingerprint,
        Self::EnrolmentChecksum,
        Self::Envelope,
        Self::UploadReply,
        Self::SealedRequest,
        Self::RequestReply,
        Self::Reply,
        Self::VaultPepper,
        Self::VaultPepperCheck,
        Self::VaultPinSlot,
        Self::VaultBiometricSlot,
        Self::VaultWrap,
        Self::VaultMac,
        Self::VaultDatabaseCheck,
        Self::VaultDerive,
        Self::FamilyCouncil,
        Self::FamilyWorker,
        Self::FamilyTag,
        Self::FamilyRatchet,
        Self::FamilyRecord,
        Self::FamilyReply,
        Self::AttachmentSalt,
        Self::AttachmentChunk,
        Self::AttachmentChunkHash,
        Self::AttachmentId,
    ];

    /// The label, without the zero byte that ends it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Commit => "visitbook/1/commit",
            Self::Request => "visitbook/1/request",
            Self::Receipt => "visitbook/1/receipt",
            Self::Certificate => "visitbook/1/certificate",
            Self::ControlKey => "visitbook/1/control-key",
            Self::KeyBundle => "visitbook/1/key-bundle",
            Self::Epoch => "visitbook/1/epoch",
            Self::Enrol => "visitbook/1/enrol",
            Self::Purge => "visitbook/1/purge",
            Self::DeviceId => "visitbook/1/device-id",
            Self::IngestKeyId => "visitbook/1/ingest-key-id",
            Self::Fingerprint => "visitbook/1/fingerprint",
            Self::EnrolmentChecksum => "visitbook/1/enrolment-checksum",
            Self::Envelope => "visitbook/1/envelope",
            Self::UploadReply => "visitbook/1/upload-reply",
            Self::SealedRequest => "visitbook/1/sealed-request",
            Self::RequestReply => "visitbook/1/request-reply",
            Self::Reply => "visitbook/1/reply",
            Self::VaultPepper => "visitbook/1/vault/pepper",
            Self::VaultPepperCheck => "visitbook/1/vault/pepper-check",
            Self::VaultPinSlot => "visitbook/1/vault/pin-slot",
            Self::VaultBiometricSlot => "visitbook/1/vault/biometric-slot",
            Self::VaultWrap => "visitbook/1/vault/wrap",
            Self::VaultMac => "visitbook/1/vault/mac",
            Self::VaultDatabaseCheck => "visitbook/1/vault/database-check",
            Self::VaultDerive => "visitbook/1/vault/derive",
            Self::FamilyCouncil => "visitbook/1/family/council",
            Self::FamilyWorker => "visitbook/1/family/worker",
            Self::FamilyTag => "visitbook/1/family/tag",
            Self::FamilyRatchet => "visitbook/1/family/ratchet",
            Self::FamilyRecord => "visitbook/1/family/record",
            Self::FamilyReply => "visitbook/1/family/reply",
            Self::AttachmentSalt => "visitbook/1/attachment/salt",
            Self::AttachmentChunk => "visitbook/1/attachment/chunk",
            Self::AttachmentChunkHash => "visitbook/1/attachment/chunk-hash",
            Self::AttachmentId => "visitbook/1/attachment/id",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Purpose;
    use std::collections::BTreeSet;

    #[test]
    fn labels_are_distinct_and_hold_no_terminator() {
        let labels: BTreeSet<_> = Purpose::ALL.iter().map(|purpose| purpose.label()).collect();
        assert_eq!(labels.len(), Purpose::ALL.len());
        assert!(
            labels
                .iter()
                .all(|label| label.is_ascii() && !label.contains('\0'))
        );
    }
}
