//! The suite of the running service: real keys behind what judging asks for.

use visitbook_seal::purpose::Purpose;
use visitbook_seal::secret::random_public;
use visitbook_seal::sign::{PublicKey, Signature, verify};

use crate::keys::ServerKeys;
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
