//! Fresh names and salts from the operating system's randomness. Nothing here is secret.

use ring::rand::{SecureRandom, SystemRandom};
use visitbook_record::time::WallMillis;

/// The operating system gave no randomness; nothing was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct NoRandomness;

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut out = [0; N];
    SystemRandom::new()
        .fill(&mut out)
        .map_err(|_| NoRandomness)?;
    Ok(out)
}

/// A UUIDv7 (RFC 9562): names made later sort later, which keeps indexes compact. Nothing is ever ordered by it.
pub(crate) fn uuid(wall: WallMillis) -> Result<[u8; 16], NoRandomness> {
    let millis = u64::try_from(wall.0.max(0)).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &bytes()?)
        .into_uuid()
        .into_bytes())
}
