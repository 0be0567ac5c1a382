//! The council's ingest keys: the public half on every device, the private halves at the council, where old ones are
//! kept so that a phone that was away for a year can still deliver.

use std::collections::BTreeMap;

use crate::hash::sha256_parts;
use crate::kem;
use crate::purpose::Purpose;
use crate::secret::{NoRandomness, Secret32, random};

/// The public half of an ingest key (X25519).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IngestPublicKey {
    /// The first 8 bytes of a labelled SHA-256 of `key`; it tells the council which private key to use.
    pub id: [u8; 8],
    /// The key itself.
    pub key: [u8; 32],
}

impl IngestPublicKey {
    /// Names a public key.
    #[must_use]
    pub fn from_key(key: [u8; 32]) -> Self {
        let hash = sha256_parts(&[Purpose::IngestKeyId.label().as_bytes(), &[0], &key]);
        let mut id = [0; 8];
        id.copy_from_slice(&hash[..8]);
        Self { id, key }
    }
}

/// The private half of an ingest key. Wiped on drop; no `Debug`, no `Clone`.
pub struct IngestKey {
    private: Secret32,
    public: IngestPublicKey,
}

impl IngestKey {
    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self::from_secret(random()?))
    }

    /// The key that [`IngestKey::secret`] gave. Every 32 bytes are a private key (RFC 7748 §5).
    #[must_use]
    pub fn from_secret(private: Secret32) -> Self {
        let public = IngestPublicKey::from_key(kem::public_of(&private));
        Self { private, public }
    }

    /// The private bytes, to be stored under a key of their own.
    #[must_use]
    pub fn secret(&self) -> &Secret32 {
        &self.private
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> IngestPublicKey {
        self.public
    }
}

/// The private ingest keys that the council still holds, by id.
#[derive(Default)]
pub struct IngestKeys(BTreeMap<[u8; 8], IngestKey>);

impl IngestKeys {
    /// No keys yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key; one already there under the same id stays, since the id stands for the key.
    pub fn insert(&mut self, key: IngestKey) {
        self.0.entry(key.public.id).or_insert(key);
    }

    /// Forgets a key that is past its keeping time. Returns whether it was there.
    pub fn remove(&mut self, id: &[u8; 8]) -> bool {
        self.0.remove(id).is_some()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn private(&self, id: &[u8; 8]) -> Option<&Secret32> {
        self.0.get(id).map(|key| &key.private)
    }
}

impl FromIterator<IngestKey> for IngestKeys {
    fn from_iter<I: IntoIterator<Item = IngestKey>>(keys: I) -> Self {
        let mut all = Self::new();
        keys.into_iter().for_each(|key| all.insert(key));
        all
    }
}
