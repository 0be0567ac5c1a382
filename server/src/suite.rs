//! What judging needs of cryptography, and nothing more.
//!
//! The running service answers with real keys. The simulator brings its own suite, so that a thousand schedules a second
//! can run the real judging code; no such suite exists in this crate. Opening and sealing stay outside.

use crate::store::Device;

/// Signatures and randomness. Safe to call from any thread; none of the calls blocks for long.
pub trait Suite {
    /// True if `signature` over a commit's exact `bytes` is by `public_key` (Ed25519), made for commits and nothing else.
    fn verify_commit(&self, public_key: &[u8; 32], bytes: &[u8], signature: &[u8]) -> bool;

    /// Signs a commit as the server's writer.
    fn sign_commit(&self, bytes: &[u8]) -> Vec<u8>;

    /// Signs a receipt statement with the receipt key of the present epoch.
    fn sign_receipt(&self, statement: &[u8]) -> Vec<u8>;

    /// True if the receipt key of this epoch signed the statement.
    fn verify_receipt(&self, _epoch: u64, _statement: &[u8], _signature: &[u8]) -> bool {
        false
    }

    /// The device that a certificate of this council's control key vouches for, whether or not the store knows it.
    fn certified(&self, _certificate: &[u8]) -> Option<Device> {
        None
    }

    /// Sixteen fresh random bytes: salts and tokens. `None` if the operating system gives none.
    fn random(&self) -> Option<[u8; 16]>;
}
