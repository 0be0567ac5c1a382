//! The vault as bytes. It is small, it is the only way to the database, and it is replaced at every PIN try, so it
//! is kept in two copies and each copy can tell by itself whether it is whole.
//!
//! ```text
//! [ body, mac, checksum ]                 CBOR, three byte strings
//! body     [ version, suite, vault, device, account, generation, [slot…], [begun, forgiven, last], [[salt, sealed] × 4],
//!            database check, keystore check ]
//! version  1; or 2, and then the tries have three numbers more: those at the exit of family mode, if there were any
//! mac      HMAC-SHA256 of the body under a key from the phone's keystore: nobody else can have written it
//! checksum SHA-256 of body and mac: found damaged without any key
//! slot     [1, salt, KiB, passes, lanes, sealed root key] for the PIN; [2, salt, sealed root key] for a biometric
//! ```
//!
//! The four wrapped secrets are, in order: database key and salt, attachment key, signing seed, drop key.

use crate::SUITE;
use crate::cbor::{Malformed, Reader, Writer, exact};
use crate::hash::{hmac_sha256, sha256_parts};
use crate::purpose::Purpose;
use crate::secret::{Secret32, equal};

use super::params::Params;
use super::tries::{Counter, Tries};

/// No PIN has been tried at the exit of family mode yet.
const WITHOUT_EXIT_TRIES: u64 = 1;
const VERSION: u64 = 2;
const PIN_SLOT: u64 = 1;
const BIOMETRIC_SLOT: u64 = 2;

/// How many secrets are wrapped under the root key.
pub(super) const WRAPPED: usize = 4;

/// The names that a vault is bound to. None is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VaultIds {
    /// This vault; random, made once.
    pub vault: [u8; 16],
    /// This installation on this phone.
    pub device: [u8; 16],
    /// The worker's account.
    pub account: [u8; 16],
}

/// Why there is no vault image. The files stay where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Neither copy exists.
    #[error("there is no vault on this device")]
    Missing,
    /// Copies exist, and none of them is whole.
    #[error("the vault file is damaged")]
    Damaged,
    /// A newer version of the app wrote it.
    #[error("the vault was written by a newer version")]
    NewerVersion,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct PinSlot {
    pub(super) salt: [u8; 16],
    pub(super) params: Params,
    pub(super) sealed: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct BiometricSlot {
    pub(super) salt: [u8; 16],
    pub(super) sealed: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Wrapped {
    pub(super) salt: [u8; 16],
    pub(super) sealed: Vec<u8>,
}

/// A vault, locked. Holds nothing that opens without the PIN or biometric and the phone's keystore.
#[derive(Clone, PartialEq, Eq)]
pub struct VaultImage {
    pub(super) ids: VaultIds,
    pub(super) generation: u64,
    pub(super) pin: Option<PinSlot>,
    pub(super) biometric: Option<BiometricSlot>,
    pub(super) tries: Tries,
    pub(super) exit_tries: Tries,
    pub(super) wrapped: [Wrapped; WRAPPED],
    pub(super) database_check: [u8; 8],
    pub(super) keystore_check: [u8; 8],
    pub(super) mac: [u8; 32],
}

impl VaultImage {
    /// The names it is bound to.
    #[must_use]
    pub fn ids(&self) -> VaultIds {
        self.ids
    }

    /// Grows with every change; of two whole copies the higher one counts.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether it can be opened with a PIN. After ten wrong PINs it cannot.
    #[must_use]
    pub fn has_pin(&self) -> bool {
        self.pin.is_some()
    }

    /// Whether it can be opened with a biometric.
    #[must_use]
    pub fn has_biometric(&self) -> bool {
        self.biometric.is_some()
    }

    /// Recognises the database key without revealing it; see [`super::VaultKeys::database_check`].
    #[must_use]
    pub fn database_check(&self) -> [u8; 8] {
        self.database_check
    }

    /// The bytes to store, in both copies, one after the other, each durably.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let body = self.body();
        let mut w = Writer::array(3);
        w.bytes(&body)
            .bytes(&self.mac)
            .bytes(&checksum(&body, &self.mac));
        w.finish()
    }

    /// Reads one copy. That it is whole does not yet mean that it is genuine: unlocking checks that.
    ///
    /// # Errors
    /// [`VaultError::Damaged`], [`VaultError::NewerVersion`].
    pub fn decode(bytes: &[u8]) -> Result<Self, VaultError> {
        let outer = |r: &mut Reader<'_>| {
            r.array(3)?;
            Ok((r.bytes()?.to_vec(), r.fixed::<32>()?, r.fixed::<32>()?))
        };
        let encode = |(body, mac, sum): &(Vec<u8>, [u8; 32], [u8; 32])| {
            let mut w = Writer::array(3);
            w.bytes(body).bytes(mac).bytes(sum);
            w.finish()
        };
        let (body, mac, sum) = exact(bytes, outer, encode).map_err(|_| VaultError::Damaged)?;
        if sum != checksum(&body, &mac) {
            return Err(VaultError::Damaged);
        }
        // CBOR: an array head of one byte, then the version, which stays below 24 for as long as this rule holds.
        if body
            .get(1)
            .is_some_and(|version| u64::from(*version) > VERSION && *version < 24)
        {
            return Err(VaultError::NewerVersion);
        }
        exact(&body, |r| Self::read_body(r, mac), Self::body).map_err(|_| VaultError::Damaged)
    }

    pub(super) fn tries(&self, counter: Counter) -> Tries {
        match counter {
            Counter::Unlock => self.tries,
            Counter::Exit => self.exit_tries,
        }
    }

    pub(super) fn set_tries(&mut self, counter: Counter, tries: Tries) {
        match counter {
            Counter::Unlock => self.tries = tries,
            Counter::Exit => self.exit_tries = tries,
        }
    }

    fn version(&self) -> u64 {
        if self.exit_tries == Tries::default() {
            WITHOUT_EXIT_TRIES
        } else {
            VERSION
        }
    }

    fn body(&self) -> Vec<u8> {
        let mut w = Writer::array(11);
        w.uint(self.version()).uint(u64::from(SUITE));
        w.bytes(&self.ids.vault)
            .bytes(&self.ids.device)
            .bytes(&self.ids.account)
            .uint(self.generation);
        w.nested(usize::from(self.pin.is_some()) + usize::from(self.biometric.is_some()));
        if let Some(slot) = &self.pin {
            w.nested(6).uint(PIN_SLOT).bytes(&slot.salt);
            slot.params.values().iter().for_each(|value| {
                w.uint(u64::from(*value));
            });
            w.bytes(&slot.sealed);
        }
        if let Some(slot) = &self.biometric {
            w.nested(3)
                .uint(BIOMETRIC_SLOT)
                .bytes(&slot.salt)
                .bytes(&slot.sealed);
        }
        let counted: &[Tries] = match self.version() {
            WITHOUT_EXIT_TRIES => &[self.tries],
            _ => &[self.tries, self.exit_tries],
        };
        w.nested(3 * counted.len());
        for tries in counted {
            w.uint(tries.begun).uint(tries.forgiven).uint(tries.last_ms);
        }
        w.nested(WRAPPED);
        for item in &self.wrapped {
            w.nested(2).bytes(&item.salt).bytes(&item.sealed);
        }
        w.bytes(&self.database_check).bytes(&self.keystore_check);
        w.finish()
    }

    fn read_body(r: &mut Reader<'_>, mac: [u8; 32]) -> Result<Self, Malformed> {
        r.array(11)?;
        let version = r.uint()?;
        if !(WITHOUT_EXIT_TRIES..=VERSION).contains(&version) || r.uint()? != u64::from(SUITE) {
            return Err(Malformed);
        }
        let ids = VaultIds {
            vault: r.fixed()?,
            device: r.fixed()?,
            account: r.fixed()?,
        };
        let generation = r.uint()?;
        let (mut pin, mut biometric) = (None, None);
        for _ in 0..r.array_of(2)? {
            match (r.array_of(6)?, r.uint()?) {
                (6, PIN_SLOT) => {
                    let salt = r.fixed()?;
                    let params =
                        Params::new(r.small()?, r.small()?, r.small()?).map_err(|_| Malformed)?;
                    pin = Some(PinSlot {
                        salt,
                        params,
                        sealed: r.bytes()?.to_vec(),
                    });
                }
                (3, BIOMETRIC_SLOT) => {
                    biometric = Some(BiometricSlot {
                        salt: r.fixed()?,
                        sealed: r.bytes()?.to_vec(),
                    })
                }
                _ => return Err(Malformed),
            }
        }
        r.array(if version == WITHOUT_EXIT_TRIES { 3 } else { 6 })?;
        let tries = read_tries(r)?;
        // A second version without exit tries does not encode back to the same bytes, and is refused for that.
        let exit_tries = if version == WITHOUT_EXIT_TRIES {
            Tries::default()
        } else {
            read_tries(r)?
        };
        let wrapped = r.list(WRAPPED, |r| {
            r.array(2)?;
            Ok(Wrapped {
                salt: r.fixed()?,
                sealed: r.bytes()?.to_vec(),
            })
        })?;
        Ok(Self {
            ids,
            generation,
            pin,
            biometric,
            tries,
            exit_tries,
            wrapped: wrapped.try_into().map_err(|_| Malformed)?,
            database_check: r.fixed()?,
            keystore_check: r.fixed()?,
            mac,
        })
    }

    pub(super) fn is_genuine(&self, mac_key: &Secret32) -> bool {
        equal(&self.mac, &self.mac_under(mac_key))
    }

    /// To be called after every change: a new generation, authenticated.
    pub(super) fn changed(&mut self, mac_key: &Secret32) {
        self.generation = self.generation.saturating_add(1);
        self.mac = self.mac_under(mac_key);
    }

    fn mac_under(&self, mac_key: &Secret32) -> [u8; 32] {
        hmac_sha256(
            mac_key.expose(),
            &[
                Purpose::VaultMac.label().as_bytes(),
                b"\0image",
                &self.body(),
            ],
        )
    }
}

fn read_tries(r: &mut Reader<'_>) -> Result<Tries, Malformed> {
    Ok(Tries {
        begun: r.uint()?,
        forgiven: r.uint()?,
        last_ms: r.uint()?,
    })
}

fn checksum(body: &[u8], mac: &[u8; 32]) -> [u8; 32] {
    sha256_parts(&[body, mac])
}

/// Picks, of two stored copies, the whole one with the higher generation. One missing or damaged copy is no fault: it
/// is what a power cut in the middle of a change leaves.
///
/// If unlocking then says that the image is not genuine ([`super::UnlockError::Damaged`]), somebody forged that copy;
/// the caller decodes the other copy and tries it instead. The count of wrong PINs is not lowered by that.
///
/// # Errors
/// [`VaultError::Missing`] if neither exists; otherwise what is wrong with the copies that do.
pub fn choose(a: Option<&[u8]>, b: Option<&[u8]>) -> Result<VaultImage, VaultError> {
    let mut best: Result<VaultImage, VaultError> = Err(VaultError::Missing);
    for copy in [a, b].into_iter().flatten() {
        best = match (best, VaultImage::decode(copy)) {
            (Ok(one), Ok(two)) if two.generation > one.generation => Ok(two),
            (Ok(one), _) => Ok(one),
            (Err(_), Ok(two)) => Ok(two),
            // "Written by a newer version" says more than "damaged": updating the app helps.
            (Err(VaultError::NewerVersion), Err(_)) => Err(VaultError::NewerVersion),
            (Err(_), Err(error)) => Err(error),
        };
    }
    best
}
