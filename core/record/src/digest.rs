//! One number for all that a scope's log says, to find silent divergence.
//!
//! The sum modulo 2^256 of SHA-256(operation ‖ verdict) over all facts. A sum, so that it does not depend on order and can
//! be kept up to date by adding and taking away. It finds faults, not attackers.

use minicbor::{Decode, Encode};

use crate::id::{OpId, labelled_hash};
use crate::scope::Scope;
use crate::verdict::Verdict;

/// The digest of a set of judged operations. The empty set's digest is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ScopeDigest([u64; 4]);

impl ScopeDigest {
    /// Takes a judged operation in.
    pub fn add(&mut self, op: &OpId, verdict: &Verdict) {
        let mut carry = false;
        for (sum, part) in self.0.iter_mut().zip(words(op, verdict)) {
            let (value, first) = sum.overflowing_add(part);
            let (value, second) = value.overflowing_add(u64::from(carry));
            *sum = value;
            carry = first || second;
        }
    }

    /// Takes a judged operation out again, before it is put back with another verdict.
    pub fn remove(&mut self, op: &OpId, verdict: &Verdict) {
        let mut borrow = false;
        for (sum, part) in self.0.iter_mut().zip(words(op, verdict)) {
            let (value, first) = sum.overflowing_sub(part);
            let (value, second) = value.overflowing_sub(u64::from(borrow));
            *sum = value;
            borrow = first || second;
        }
    }

    /// Thirty-two bytes, least significant first.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0u8; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads [`ScopeDigest::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let mut words = [0u64; 4];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = chunk
                .iter()
                .rev()
                .fold(0, |value, byte| (value << 8) | u64::from(*byte));
        }
        Self(words)
    }
}

fn words(op: &OpId, verdict: &Verdict) -> [u64; 4] {
    ScopeDigest::from_bytes(labelled_hash(
        "visitbook/1/digest",
        &[&op.0, &verdict.digest_bytes()],
    ))
    .0
}

/// One digest over several scopes' digests, so that one number crosses the wire when nothing differs.
#[must_use]
pub fn whole(digests: impl IntoIterator<Item = (Scope, ScopeDigest)>) -> [u8; 32] {
    let mut all: Vec<(Scope, ScopeDigest)> = digests
        .into_iter()
        .filter(|(_, digest)| *digest != ScopeDigest::default())
        .collect();
    all.sort_by_key(|(scope, _)| *scope);
    let mut bytes = Vec::with_capacity(all.len() * 52);
    for (scope, digest) in all {
        bytes.extend(crate::cbor::encode(&scope));
        bytes.extend(digest.to_bytes());
    }
    labelled_hash("visitbook/1/whole-digest", &[&bytes])
}

impl<C> Encode<C> for ScopeDigest {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.to_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for ScopeDigest {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let bytes: [u8; 32] = d
            .bytes()?
            .try_into()
            .map_err(|_| minicbor::decode::Error::message("digest of the wrong length"))?;
        Ok(Self::from_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_and_taking_away_in_any_order_gives_the_same_number() {
        let ops: Vec<OpId> = (0..40).map(|i| OpId([i; 32])).collect();
        let mut forward = ScopeDigest::default();
        ops.iter().for_each(|op| forward.add(op, &Verdict::Applied));
        let mut backward = ScopeDigest::default();
        ops.iter()
            .rev()
            .for_each(|op| backward.add(op, &Verdict::Applied));
        assert_eq!(forward, backward);
        ops.iter()
            .for_each(|op| forward.remove(op, &Verdict::Applied));
        assert_eq!(forward, ScopeDigest::default());
    }

    #[test]
    fn a_changed_verdict_changes_the_digest() {
        let op = OpId([1; 32]);
        let (mut a, mut b) = (ScopeDigest::default(), ScopeDigest::default());
        a.add(&op, &Verdict::Applied);
        b.add(&op, &Verdict::Held { missing: vec![] });
        assert_ne!(a, b);
        assert_eq!(ScopeDigest::from_bytes(a.to_bytes()), a);
    }
}
