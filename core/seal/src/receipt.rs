//! The council's word that it durably has what was sent. A statement is bytes that this crate does not look into; it
//! is signed by the receipt key and names the hash of the statement before it in its scope, so that the council
//! cannot later take one out or put one in without a gap that anybody holding the rest can see.

use crate::hash::sha256_parts;
use crate::purpose::Purpose;
use crate::sign::{self, BadSignature, PublicKey, Signature, SigningKey};

/// What the first statement of a scope names as its predecessor.
pub const NO_PREVIOUS: [u8; 32] = [0; 32];

/// The hash by which the next statement of the scope names this one.
#[must_use]
pub fn statement_hash(statement: &[u8]) -> [u8; 32] {
    sha256_parts(&[Purpose::Receipt.label().as_bytes(), &[0], statement])
}

/// Signs a statement with the receipt key.
#[must_use]
pub fn sign(key: &SigningKey, statement: &[u8]) -> Signature {
    key.sign(Purpose::Receipt, statement)
}

/// Checks a statement's signature against one receipt key.
///
/// # Errors
/// [`BadSignature`]: the council has not said this.
pub fn verify(
    key: &PublicKey,
    statement: &[u8],
    signature: &Signature,
) -> Result<(), BadSignature> {
    sign::verify(Purpose::Receipt, key, statement, signature)
}

/// The statement does not follow the last one: one between them is missing, or the scope has two histories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the receipt statement does not follow the last one of its scope")]
pub struct ChainBroken;

/// Follows the statements of one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptChain {
    head: [u8; 32],
}

impl Default for ReceiptChain {
    fn default() -> Self {
        Self::new()
    }
}

impl ReceiptChain {
    /// A scope without statements.
    #[must_use]
    pub const fn new() -> Self {
        Self { head: NO_PREVIOUS }
    }

    /// A scope whose last statement has this hash.
    #[must_use]
    pub const fn resume(head: [u8; 32]) -> Self {
        Self { head }
    }

    /// The hash that the next statement has to name.
    #[must_use]
    pub const fn head(&self) -> [u8; 32] {
        self.head
    }

    /// Takes the next statement, which names `previous` as its predecessor. The signature is checked apart.
    ///
    /// # Errors
    /// [`ChainBroken`]; the chain then stays where it was.
    pub fn follow(&mut self, previous: &[u8; 32], statement: &[u8]) -> Result<(), ChainBroken> {
        if *previous != self.head {
            return Err(ChainBroken);
        }
        self.head = statement_hash(statement);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_gap_a_fork_and_a_reorder_break_the_chain() {
        let mut chain = ReceiptChain::new();
        chain.follow(&NO_PREVIOUS, b"one").unwrap();
        let after_one = chain.head();
        assert_eq!(chain.follow(&NO_PREVIOUS, b"other one"), Err(ChainBroken));
        assert_eq!(chain.head(), after_one);
        assert_eq!(
            chain.follow(&statement_hash(b"two"), b"three"),
            Err(ChainBroken)
        );
        chain.follow(&after_one, b"two").unwrap();
        assert_eq!(
            ReceiptChain::resume(after_one).follow(&after_one, b"two"),
            Ok(())
        );
        assert_eq!(chain.head(), statement_hash(b"two"));
    }

    #[test]
    fn only_the_receipt_key_can_give_a_receipt() {
        let (key, other) = (
            SigningKey::generate().unwrap(),
            SigningKey::generate().unwrap(),
        );
        let signature = sign(&key, b"statement");
        verify(&key.public(), b"statement", &signature).unwrap();
        assert!(verify(&other.public(), b"statement", &signature).is_err());
        assert!(verify(&key.public(), b"statemenT", &signature).is_err());
        let commit = key.sign(Purpose::Commit, b"statement");
        assert!(verify(&key.public(), b"statement", &commit).is_err());
    }
}
