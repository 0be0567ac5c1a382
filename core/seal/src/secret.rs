//! Bytes that must not outlive their use. A secret sits in one heap allocation that is overwritten when it is
//! dropped; it cannot be copied, printed or serialised by accident.
//!
//! Not guaranteed: that the operating system has not written the page to swap, or that a library that was given
//! the bytes has wiped its own copy (*ring* does not). A wiping allocator covers the latter in the programs that
//! install one.

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroize;

/// The operating system gave no randomness. Nothing was made; trying again later is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct NoRandomness;

/// `N` secret bytes on the heap, wiped on drop. No `Clone`, no `Debug`, no serialisation:
///
/// ```
/// let secret = visitbook_seal::secret::random::<32>().unwrap();
/// let length = secret.expose().len();
/// assert_eq!(length, 32);
/// ```
/// ```compile_fail
/// let secret = visitbook_seal::secret::random::<32>().unwrap();
/// println!("{secret:?}");
/// ```
/// ```compile_fail
/// let secret = visitbook_seal::secret::random::<32>().unwrap();
/// let copy = secret.clone();
/// ```
pub struct Secret<const N: usize>(Box<[u8; N]>);

/// The usual size of a key.
pub type Secret32 = Secret<32>;

impl<const N: usize> Secret<N> {
    /// Lets `fill` write the secret straight into its final place, so that no copy is left on the stack.
    pub fn filled(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self(Box::new([0; N]));
        fill(&mut secret.0);
        secret
    }

    /// Copies a secret out of a longer-lived buffer; `None` if the length is not `N`. The caller wipes the source.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != N {
            return None;
        }
        Some(Self::filled(|out| out.copy_from_slice(bytes)))
    }

    /// The bytes. Copy them nowhere that is not itself wiped.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// Compares without revealing, by the time taken, where two secrets differ.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        equal(self.expose(), other.expose())
    }

    /// A second holder of the same secret. Named, not `Clone`, so that it is seen in review.
    pub(crate) fn duplicate(&self) -> Self {
        Self::filled(|out| out.copy_from_slice(self.expose()))
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// `N` fresh secret bytes from the operating system.
///
/// # Errors
/// [`NoRandomness`], before anything is made.
pub fn random<const N: usize>() -> Result<Secret<N>, NoRandomness> {
    let mut result = Err(NoRandomness);
    let secret = Secret::filled(|out| result = fill_random(out));
    result.map(|()| secret)
}

/// Fresh bytes that need not stay secret: salts, nonces, identifiers.
///
/// # Errors
/// [`NoRandomness`].
pub fn random_public<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut out = [0; N];
    fill_random(&mut out)?;
    Ok(out)
}

fn fill_random(out: &mut [u8]) -> Result<(), NoRandomness> {
    SystemRandom::new().fill(out).map_err(|_| NoRandomness)
}

/// Equality whose time depends on the lengths only.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let difference = a
        .iter()
        .zip(b)
        .fold(0u8, |sum, (x, y)| std::hint::black_box(sum | (x ^ y)));
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn equality_sees_every_bit() {
        let a = random::<32>().unwrap();
        assert!(a.equals(&a.duplicate()));
        for bit in 0..256 {
            let mut changed = *a.expose();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!a.equals(&Secret::from_slice(&changed).unwrap()));
        }
        assert!(!equal(&[1, 2], &[1, 2, 0]));
    }

    #[test]
    fn random_secrets_differ_and_wrong_lengths_are_refused() {
        assert!(!random::<32>().unwrap().equals(&random::<32>().unwrap()));
        assert!(Secret::<16>::from_slice(&[0; 15]).is_none());
        assert!(Secret::<16>::from_slice(&[0; 17]).is_none());
    }
}
