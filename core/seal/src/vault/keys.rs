//! The keys of an unlocked vault. They exist from unlock to lock and are wiped when dropped. The root key itself never
//! leaves this module's types; callers get keys derived from it or wrapped under it.

use zeroize::Zeroizing;

use crate::aead;
use crate::family::DropPublicKey;
use crate::hash::{derive, hmac_sha256};
use crate::kem::public_of;
use crate::purpose::Purpose;
use crate::secret::{NoRandomness, Secret, Secret32, random, random_public};
use crate::sign::SigningKey;

use super::image::{VaultImage, WRAPPED, Wrapped};

/// Through which slot the vault was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenedBy {
    /// The PIN was typed, or has just been chosen.
    Pin,
    /// A fingerprint or face.
    Biometric,
}

/// The keys of an unlocked vault. Neither copied nor printed:
///
/// ```
/// fn use_them(keys: &visitbook_seal::vault::VaultKeys) -> [u8; 16] { *keys.database_salt() }
/// ```
/// ```compile_fail
/// fn copy(keys: &visitbook_seal::vault::VaultKeys) -> visitbook_seal::vault::VaultKeys { keys.clone() }
/// ```
/// ```compile_fail
/// fn print(keys: &visitbook_seal::vault::VaultKeys) { println!("{keys:?}"); }
/// ```
pub struct VaultKeys {
    vault: [u8; 16],
    opened_by: OpenedBy,
    root: Secret32,
    database: Secret32,
    salt: [u8; 16],
    attachment: Secret32,
    signing: SigningKey,
    drop: Secret32,
}

/// A wrapped secret does not open under the root key, or is not what it should be.
pub(super) struct DoesNotUnwrap;

const DATABASE: u8 = 0;
const ATTACHMENT: u8 = 1;
const SIGNING: u8 = 2;
const DROP: u8 = 3;

impl VaultKeys {
    pub(super) fn generate(vault: [u8; 16]) -> Result<Self, NoRandomness> {
        Ok(Self {
            vault,
            opened_by: OpenedBy::Pin,
            root: random()?,
            database: random()?,
            salt: random_public()?,
            attachment: random()?,
            signing: SigningKey::generate()?,
            drop: random()?,
        })
    }

    pub(super) fn unwrap_from(
        image: &VaultImage,
        root: Secret32,
        opened_by: OpenedBy,
    ) -> Result<Self, DoesNotUnwrap> {
        let vault = image.ids.vault;
        let [database, attachment, signing, drop] = &image.wrapped;
        let both: Secret<48> = open_item(&root, &vault, DATABASE, database)?;
        let (key, salt) = both
            .expose()
            .split_first_chunk::<32>()
            .ok_or(DoesNotUnwrap)?;
        let keys = Self {
            vault,
            opened_by,
            database: Secret32::from_slice(key).ok_or(DoesNotUnwrap)?,
            salt: salt.try_into().map_err(|_| DoesNotUnwrap)?,
            attachment: open_item(&root, &vault, ATTACHMENT, attachment)?,
            signing: SigningKey::from_seed(&open_item(&root, &vault, SIGNING, signing)?),
            drop: open_item(&root, &vault, DROP, drop)?,
            root,
        };
        if keys.database_check() == image.database_check {
            Ok(keys)
        } else {
            Err(DoesNotUnwrap)
        }
    }

    pub(super) fn wrap(&self) -> Result<[Wrapped; WRAPPED], NoRandomness> {
        let both = Zeroizing::new([&self.database.expose()[..], &self.salt].concat());
        Ok([
            self.seal_item(DATABASE, &both)?,
            self.seal_item(ATTACHMENT, self.attachment.expose())?,
            self.seal_item(SIGNING, self.signing.seed().expose())?,
            self.seal_item(DROP, self.drop.expose())?,
        ])
    }

    /// A fresh salt makes a fresh key for each wrapping, so that the nonce can be zero.
    fn seal_item(&self, item: u8, secret: &[u8]) -> Result<Wrapped, NoRandomness> {
        let salt = random_public()?;
        let mut sealed = Vec::with_capacity(secret.len() + aead::TAG);
        sealed.extend_from_slice(secret);
        let key = item_key(&self.root, &self.vault, item, &salt);
        let Ok(()) = aead::seal(key, &[item], &mut sealed, 0) else {
            unreachable!("only a message of 256 GiB is refused")
        };
        Ok(Wrapped { salt, sealed })
    }

    /// The same keys with a fresh database key and salt.
    pub(super) fn with_new_database_key(&self) -> Result<Self, NoRandomness> {
        Ok(Self {
            vault: self.vault,
            opened_by: self.opened_by,
            root: self.root.duplicate(),
            database: random()?,
            salt: random_public()?,
            attachment: self.attachment.duplicate(),
            signing: SigningKey::from_seed(self.signing.seed()),
            drop: self.drop.duplicate(),
        })
    }

    pub(super) fn root(&self) -> &Secret32 {
        &self.root
    }

    pub(super) fn vault(&self) -> [u8; 16] {
        self.vault
    }

    /// Through which slot it was opened.
    #[must_use]
    pub fn opened_by(&self) -> OpenedBy {
        self.opened_by
    }

    /// The database's raw key.
    #[must_use]
    pub fn database_key(&self) -> &Secret32 {
        &self.database
    }

    /// The database's salt, kept here because a damaged salt in the file would make it unreadable.
    #[must_use]
    pub fn database_salt(&self) -> &[u8; 16] {
        &self.salt
    }

    /// Recognises the database key, so that a wrong key is told from a damaged file before the file is touched.
    #[must_use]
    pub fn database_check(&self) -> [u8; 8] {
        let mac = hmac_sha256(
            self.database.expose(),
            &[Purpose::VaultDatabaseCheck.label().as_bytes()],
        );
        let mut check = [0; 8];
        check.copy_from_slice(&mac[..8]);
        check
    }

    /// Key and salt in the form that SQLCipher's `sqlite3_key_v2` takes as a raw key: `x'` and 96 hexadecimal digits
    /// and `'`. To be passed through the C interface only, never as SQL text, which is kept in caches.
    #[must_use]
    pub fn raw_key_spec(&self) -> Zeroizing<Vec<u8>> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut spec = Zeroizing::new(Vec::with_capacity(99));
        spec.extend_from_slice(b"x'");
        for byte in self.database.expose().iter().chain(&self.salt) {
            spec.push(DIGITS[usize::from(byte >> 4)]);
            spec.push(DIGITS[usize::from(byte & 15)]);
        }
        spec.push(b'\'');
        spec
    }

    /// The key that signs this device's commits and requests.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// The private X25519 key that opens what was posted while the vault was closed.
    #[must_use]
    pub fn drop_key(&self) -> &Secret32 {
        &self.drop
    }

    /// The public half of the drop key, which family mode posts to.
    #[must_use]
    pub fn drop_public(&self) -> DropPublicKey {
        DropPublicKey(public_of(&self.drop))
    }

    /// The key that wraps the content keys of attachments.
    #[must_use]
    pub fn attachment_key(&self) -> &Secret32 {
        &self.attachment
    }

    /// A key of the caller's own, the same for as long as the vault lives. Different labels give unrelated keys.
    #[must_use]
    pub fn derive(&self, label: &str) -> Secret32 {
        derive(
            Purpose::VaultDerive,
            &self.vault,
            &[self.root.expose()],
            &[label.as_bytes()],
        )
    }
}

fn item_key(root: &Secret32, vault: &[u8; 16], item: u8, salt: &[u8; 16]) -> Secret32 {
    derive(
        Purpose::VaultWrap,
        salt,
        &[root.expose()],
        &[vault, &[item]],
    )
}

fn open_item<const N: usize>(
    root: &Secret32,
    vault: &[u8; 16],
    item: u8,
    wrapped: &Wrapped,
) -> Result<Secret<N>, DoesNotUnwrap> {
    let key = item_key(root, vault, item, &wrapped.salt);
    let plain =
        Zeroizing::new(aead::open(&key, &[item], &wrapped.sealed).map_err(|_| DoesNotUnwrap)?);
    Secret::from_slice(&plain).ok_or(DoesNotUnwrap)
}
