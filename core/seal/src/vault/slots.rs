//! The ways to the root key. Each slot seals it under a key made of what the person gives and what only the phone's
//! keystore can compute, so that neither the file without the phone nor the phone without the PIN is of use.
//!
//! ```text
//! base    = keystore(vault alias, SHA-256(label ‖ vault id))
//! stretch = Argon2id(PIN, salt)
//! pepper  = keystore(vault alias, SHA-256(label ‖ stretch ‖ salt))
//! key     = HKDF(salt, stretch ‖ pepper, label ‖ vault, device and account id)
//! ```
//!
//! `base` recognises the keystore's key without the PIN: if it is not the one that the vault was made under, that is
//! said at once and no try is used up. It also gives the key that authenticates the image.

use zeroize::Zeroizing;

use crate::aead;
use crate::hardware::{HardwareKeys, HwError};
use crate::hash::{derive, sha256_parts};
use crate::purpose::Purpose;
use crate::secret::{NoRandomness, Secret32, random_public};

use super::image::{BiometricSlot, PinSlot, VaultIds};
use super::params::{NoMemory, Params};
use super::tries::Counter;

/// The code that [`HwError::Transient`] carries when a keystore answered, but not with 32 bytes.
pub const CODE_WRONG_LENGTH: i64 = -32;

pub(super) fn vault_alias(ids: &VaultIds) -> String {
    name("vault", ids)
}

pub(super) fn biometric_alias(ids: &VaultIds) -> String {
    name("biometric", ids)
}

pub(super) fn tries_name(counter: Counter, ids: &VaultIds) -> String {
    let kind = match counter {
        Counter::Unlock => "tries",
        Counter::Exit => "exit-tries",
    };
    name(kind, ids)
}

fn name(kind: &str, ids: &VaultIds) -> String {
    ids.vault
        .iter()
        .fold(format!("visitbook.{kind}."), |name, byte| {
            format!("{name}{byte:02x}")
        })
}

fn ask(hw: &dyn HardwareKeys, alias: &str, input: &[u8]) -> Result<Secret32, HwError> {
    Secret32::from_slice(&hw.derive(alias, input)?).ok_or(HwError::Transient {
        code: CODE_WRONG_LENGTH,
    })
}

/// What the keystore's vault key gives without the PIN.
pub(super) struct Base {
    pub(super) mac_key: Secret32,
    pub(super) check: [u8; 8],
}

pub(super) fn base(hw: &dyn HardwareKeys, ids: &VaultIds) -> Result<Base, HwError> {
    let input = sha256_parts(&[
        Purpose::VaultPepperCheck.label().as_bytes(),
        &[0],
        &ids.vault,
    ]);
    let base = ask(hw, &vault_alias(ids), &input)?;
    let check_key = derive(Purpose::VaultPepperCheck, &ids.vault, &[base.expose()], &[]);
    let mut check = [0; 8];
    check.copy_from_slice(&check_key.expose()[..8]);
    Ok(Base {
        mac_key: derive(Purpose::VaultMac, &ids.vault, &[base.expose()], &[]),
        check,
    })
}

/// The key of a PIN slot, and what is needed to see whether the keystore would answer the same again.
pub(super) struct PinKey {
    pub(super) key: Secret32,
    question: Zeroizing<[u8; 32]>,
    pepper: Secret32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PinKeyError {
    NoMemory,
    Keystore(HwError),
}

impl From<NoMemory> for PinKeyError {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl From<HwError> for PinKeyError {
    fn from(error: HwError) -> Self {
        Self::Keystore(error)
    }
}

pub(super) fn pin_key(
    hw: &dyn HardwareKeys,
    ids: &VaultIds,
    pin: &[u8],
    salt: &[u8; 16],
    params: Params,
) -> Result<PinKey, PinKeyError> {
    let stretched = params.stretch(pin, salt)?;
    let question = Zeroizing::new(sha256_parts(&[
        Purpose::VaultPepper.label().as_bytes(),
        &[0],
        stretched.expose(),
        salt,
    ]));
    let pepper = ask(hw, &vault_alias(ids), &*question)?;
    let key = derive(
        Purpose::VaultPinSlot,
        salt,
        &[stretched.expose(), pepper.expose()],
        &[&ids.vault, &ids.device, &ids.account],
    );
    Ok(PinKey {
        key,
        question,
        pepper,
    })
}

impl PinKey {
    /// Whether the keystore now answers, and differently from before: then it is the keystore that is wrong and
    /// not the PIN. No answer proves nothing, or whoever can make the keystore fail would have guesses for free.
    pub(super) fn keystore_contradicts_itself(
        &self,
        hw: &dyn HardwareKeys,
        ids: &VaultIds,
    ) -> bool {
        ask(hw, &vault_alias(ids), &*self.question).is_ok_and(|again| !again.equals(&self.pepper))
    }
}

pub(super) fn new_pin_slot(
    hw: &dyn HardwareKeys,
    ids: &VaultIds,
    pin: &[u8],
    params: Params,
    root: &Secret32,
) -> Result<PinSlot, NewSlotError> {
    let salt = random_public()?;
    let key = pin_key(hw, ids, pin, &salt, params)?;
    let sealed = seal_root(key.key, &pin_header(&salt, params), root);
    Ok(PinSlot {
        salt,
        params,
        sealed,
    })
}

pub(super) fn open_pin_slot(slot: &PinSlot, key: &PinKey) -> Option<Secret32> {
    open_root(&key.key, &pin_header(&slot.salt, slot.params), &slot.sealed)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NewSlotError {
    NoRandomness,
    Key(PinKeyError),
}

impl From<NoRandomness> for NewSlotError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

impl From<PinKeyError> for NewSlotError {
    fn from(error: PinKeyError) -> Self {
        Self::Key(error)
    }
}

impl From<HwError> for NewSlotError {
    fn from(error: HwError) -> Self {
        Self::Key(PinKeyError::Keystore(error))
    }
}

pub(super) fn new_biometric_slot(
    hw: &dyn HardwareKeys,
    ids: &VaultIds,
    root: &Secret32,
) -> Result<BiometricSlot, NewSlotError> {
    let salt = random_public()?;
    let key = biometric_key(hw, ids, &salt)?;
    Ok(BiometricSlot {
        salt,
        sealed: seal_root(key, &biometric_header(&salt), root),
    })
}

pub(super) fn open_biometric_slot(
    hw: &dyn HardwareKeys,
    ids: &VaultIds,
    slot: &BiometricSlot,
) -> Result<Option<Secret32>, HwError> {
    let key = biometric_key(hw, ids, &slot.salt)?;
    Ok(open_root(&key, &biometric_header(&slot.salt), &slot.sealed))
}

fn biometric_key(
    hw: &dyn HardwareKeys,
    ids: &VaultIds,
    salt: &[u8; 16],
) -> Result<Secret32, HwError> {
    let question = sha256_parts(&[Purpose::VaultBiometricSlot.label().as_bytes(), &[0], salt]);
    let answer = ask(hw, &biometric_alias(ids), &question)?;
    Ok(derive(
        Purpose::VaultBiometricSlot,
        salt,
        &[answer.expose()],
        &[&ids.vault, &ids.device, &ids.account],
    ))
}

/// Authenticated with the root key, so that a cheaper cost put into the file cannot be used to guess.
fn pin_header(salt: &[u8; 16], params: Params) -> Vec<u8> {
    let mut header = vec![1];
    header.extend_from_slice(salt);
    params
        .values()
        .iter()
        .for_each(|value| header.extend_from_slice(&value.to_be_bytes()));
    header
}

fn biometric_header(salt: &[u8; 16]) -> Vec<u8> {
    [&[2][..], salt].concat()
}

fn seal_root(key: Secret32, header: &[u8], root: &Secret32) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(32 + aead::TAG);
    sealed.extend_from_slice(root.expose());
    let Ok(()) = aead::seal(key, header, &mut sealed, 0) else {
        unreachable!("only a message of 256 GiB is refused")
    };
    sealed
}

fn open_root(key: &Secret32, header: &[u8], sealed: &[u8]) -> Option<Secret32> {
    let plain = Zeroizing::new(aead::open(key, header, sealed).ok()?);
    Secret32::from_slice(&plain)
}
