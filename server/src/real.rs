//! The suite of the running service: real keys behind what judging asks for.

use visitbook_record::id::{DeviceId, WorkerId};
use visitbook_seal::certificate::{CertificateRole, SignedCertificate};
use visitbook_seal::purpose::Purpose;
use visitbook_seal::secret::random_public;
use visitbook_seal::sign::{PublicKey, Signature, verify};

use crate::keys::ServerKeys;
use crate::store::Device;
use crate::suite::Suite;

impl Suite for ServerKeys {
    fn verify_commit(&self, public_key: &[u8; 32], bytes: &[u8], signature: &[u8]) -> bool {
        verified(Purpose::Commit, public_key, bytes, signature)
    }

    fn sign_commit(&self, bytes: &[u8]) -> Vec<u8> {
        self.writer.sign(Purpose::Commit, bytes).0.to_vec()
    }

    fn sign_receipt(&self, statement: &[u8]) -> Vec<u8> {
        visitbook_seal::receipt::sign(&self.receipt, statement)
            .0
            .to_vec()
    }

    fn verify_receipt(&self, epoch: u64, statement: &[u8], signature: &[u8]) -> bool {
        self.public
            .receipt_key(epoch)
            .is_some_and(|key| verified(Purpose::Receipt, &key.0, statement, signature))
    }

    fn certified(&self, certificate: &[u8]) -> Option<Device> {
        let signed = SignedCertificate::decode(certificate).ok()?;
        let proven = signed
            .verify(&self.control.public(), &self.council.0)
            .ok()?;
        (proven.device == proven.public_key.key_id()).then(|| Device {
            id: DeviceId(proven.device),
            public_key: proven.public_key.0,
            certificate: certificate.to_vec(),
            holder: WorkerId(proven.holder),
            is_writer: proven.role == CertificateRole::Writer,
            label: proven.label.clone(),
            ended: false,
            acknowledged: None,
            last_heard: None,
        })
    }

    fn random(&self) -> Option<[u8; 16]> {
        random_public().ok()
    }
}

/// Whether a signature of unproven length is by this key for this purpose.
pub(crate) fn verified(
    purpose: Purpose,
    public_key: &[u8; 32],
    bytes: &[u8],
    signature: &[u8],
) -> bool {
    <[u8; 64]>::try_from(signature)
        .is_ok_and(|s| verify(purpose, &PublicKey(*public_key), bytes, &Signature(s)).is_ok())
}
