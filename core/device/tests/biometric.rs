//! A fingerprint or face beside the PIN: it opens the same book, dies with every change of who is enrolled on the phone, and
//! never takes the PIN's place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::finger::{Finger, FingerKeys};
use common::*;
use visitbook_device::{BiometricError, Locked, UnlockError, Working};
use visitbook_seal::hardware::{FailingKeys, Fault, HardwareKeys, HwError};
use visitbook_seal::vault::{ChangeError, UnlockError as VaultError};

const WRONG: &[u8] = b"739164";
const HOUR: i64 = 60 * 60 * 1000;

/// Rowan's phone with one note in it and a finger set.
fn with_a_finger() -> (Phone, Arc<FingerKeys>) {
    let (_council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working
        .note(visit, "saw", "Wren put the kettle on.")
        .unwrap();
    let _ = working.lock();
    let keys = FingerKeys::over(&phone.hardware);
    let mut working = open(&phone, &keys).unlock(PIN).unwrap();
    working.add_biometric().unwrap();
    assert!(working.has_biometric());
    let _ = working.lock();
    (phone, keys)
}

fn open(phone: &Phone, keys: &Arc<FingerKeys>) -> Locked {
    phone.open_with(keys.clone())
}

fn found(working: &mut Working) -> usize {
    working.idle().unwrap();
    working.search("kettle").unwrap().len()
}

fn vault_files(folder: &Path) -> [Vec<u8>; 2] {
    ["vault.a", "vault.b"].map(|name| std::fs::read(folder.join(name)).unwrap())
}

fn why(error: &UnlockError) -> VaultError {
    match error {
        UnlockError::Vault(error) => *error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_finger_opens_the_same_book_and_the_pin_still_does() {
    let (phone, keys) = with_a_finger();
    let locked = open(&phone, &keys);
    assert!(locked.has_biometric() && locked.has_pin());
    let prompts = keys.prompts();
    let mut working = locked.unlock_with_biometric().unwrap();
    assert_eq!(keys.prompts(), prompts + 1);
    assert_eq!(found(&mut working), 1);
    let mut working = working.lock().unlock(PIN).unwrap();
    assert_eq!(found(&mut working), 1);
    assert_eq!(keys.prompts(), prompts + 1, "the PIN asks for no finger");
}

#[test]
fn where_no_finger_is_set_the_pin_is_asked_for() {
    let (_council, phone, working) = larkspurs();
    let locked = working.lock();
    assert!(!locked.has_biometric());
    let still = locked.unlock_with_biometric().err().unwrap();
    assert_eq!(why(&still.error), VaultError::BiometricGone);
    assert_eq!(still.error.what_to_do(), "Use the PIN.");
    assert!(still.locked.unlock(PIN).is_ok());
    drop(phone);
}

/// Nothing is lost but the convenience, and that comes back only behind the PIN.
#[test]
fn another_finger_on_the_phone_ends_it_and_only_the_pin_brings_it_back() {
    let (phone, keys) = with_a_finger();
    keys.enrolled_fingers_change();
    let still = open(&phone, &keys).unlock_with_biometric().err().unwrap();
    assert_eq!(why(&still.error), VaultError::BiometricGone);
    assert!(!still.locked.has_biometric(), "the slot went with its key");
    drop(still);
    // Durably: whoever opens the folder next is told so as well.
    let locked = open(&phone, &keys);
    assert!(!locked.has_biometric() && locked.has_pin());
    let mut working = locked.unlock(PIN).unwrap();
    assert_eq!(found(&mut working), 1);
    working.add_biometric().unwrap();
    let mut working = working.lock().unlock_with_biometric().unwrap();
    assert_eq!(found(&mut working), 1);
    let again = working.add_biometric().err().unwrap();
    assert!(matches!(
        again,
        BiometricError::Vault(ChangeError::PinNeeded)
    ));
}

#[test]
fn what_is_not_the_death_of_the_key_ends_nothing() {
    let (phone, keys) = with_a_finger();
    let before = vault_files(phone.path());
    for (error, expected) in [
        (HwError::LockedNow, VaultError::KeystoreLocked),
        (
            HwError::UserCancelled,
            VaultError::KeystoreBusy(HwError::UserCancelled),
        ),
        (
            HwError::NotAuthenticated,
            VaultError::KeystoreBusy(HwError::NotAuthenticated),
        ),
        (
            HwError::Transient { code: -3 },
            VaultError::KeystoreBusy(HwError::Transient { code: -3 }),
        ),
        (
            HwError::Unsupported,
            VaultError::KeystoreBusy(HwError::Unsupported),
        ),
        // Said by a keystore that is not up yet as well.
        (HwError::Missing, VaultError::BiometricGone),
    ] {
        keys.answers(Finger::Fails(error));
        let still = open(&phone, &keys).unlock_with_biometric().err().unwrap();
        assert_eq!(why(&still.error), expected);
        assert!(still.locked.has_biometric(), "{error:?}");
        assert_eq!(vault_files(phone.path()), before, "{error:?}");
    }
    keys.answers(Finger::Recognised);
    assert!(open(&phone, &keys).unlock_with_biometric().is_ok());
}

#[test]
fn a_finger_that_is_not_recognised_at_setting_sets_nothing_and_replaces_nothing() {
    let (phone, keys) = with_a_finger();
    let mut working = open(&phone, &keys).unlock(PIN).unwrap();
    let before = vault_files(phone.path());
    keys.answers(Finger::Fails(HwError::UserCancelled));
    assert!(matches!(
        working.add_biometric(),
        Err(BiometricError::Vault(ChangeError::Keystore(
            HwError::UserCancelled
        )))
    ));
    assert_eq!(vault_files(phone.path()), before);
    keys.answers(Finger::Recognised);
    assert!(working.lock().unlock_with_biometric().is_ok());
}

#[test]
fn what_was_taken_away_opens_nothing_and_its_key_is_gone() {
    let (phone, keys) = with_a_finger();
    let with_slot = vault_files(phone.path());
    let mut working = open(&phone, &keys).unlock_with_biometric().unwrap();
    assert_eq!(keys.keys(), 1);
    working.remove_biometric().unwrap();
    assert!(!working.has_biometric());
    assert_eq!(keys.keys(), 0);
    working.remove_biometric().unwrap();
    let still = working.lock().unlock_with_biometric().err().unwrap();
    assert_eq!(why(&still.error), VaultError::BiometricGone);
    drop(still);
    // Not even with the old files back: the key that they need is destroyed.
    for (name, bytes) in ["vault.a", "vault.b"].into_iter().zip(&with_slot) {
        std::fs::write(phone.path().join(name), bytes).unwrap();
    }
    let still = open(&phone, &keys).unlock_with_biometric().err().unwrap();
    assert_eq!(why(&still.error), VaultError::BiometricGone);
    assert!(still.locked.unlock(PIN).is_ok());
}

/// The finger is no way around what wrong PINs cost: it leaves their count as it is, and their wait.
#[test]
fn wrong_pins_are_neither_forgiven_nor_forgotten_by_a_finger() {
    let (phone, keys) = with_a_finger();
    for left in (5..10).rev() {
        let still = open(&phone, &keys).unlock(WRONG).err().unwrap();
        assert_eq!(why(&still.error), VaultError::WrongPin { left });
    }
    let waits = |phone: &Phone| match why(&open(phone, &keys).unlock(PIN).err().unwrap().error) {
        VaultError::Wait { until_ms } => until_ms,
        other => panic!("{other:?}"),
    };
    let until = waits(&phone);
    let mut working = open(&phone, &keys).unlock_with_biometric().unwrap();
    assert_eq!(found(&mut working), 1);
    let _ = working.lock();
    assert_eq!(waits(&phone), until);
    phone.clock.pass(HOUR);
    let still = open(&phone, &keys).unlock(WRONG).err().unwrap();
    assert_eq!(why(&still.error), VaultError::WrongPin { left: 4 });
}

/// Ten wrong PINs end the PIN. What was written is still there behind the finger.
#[test]
fn a_finger_still_opens_what_ten_wrong_pins_closed() {
    let (phone, keys) = with_a_finger();
    for _ in 0..10 {
        phone.clock.pass(2 * HOUR);
        assert!(open(&phone, &keys).unlock(WRONG).is_err());
    }
    let locked = open(&phone, &keys);
    assert!(!locked.has_pin() && locked.has_biometric());
    let mut working = locked.unlock_with_biometric().unwrap();
    assert_eq!(found(&mut working), 1);
}

/// A child has the device in its hands: only the PIN leads back, whatever finger is on the phone.
#[test]
fn only_the_pin_leads_out_of_a_childs_page() {
    let (phone, keys) = with_a_finger();
    let working = open(&phone, &keys).unlock_with_biometric().unwrap();
    let prompts = keys.prompts();
    let family = working.enter_family(WREN, None).unwrap();
    assert!(family.leave(WRONG).is_err());
    assert_eq!(keys.prompts(), prompts);
}

/// The prompt stands without the book: what is made in the meantime is kept, and what is made of the slot goes in beside it.
#[test]
fn the_book_goes_on_while_the_prompt_stands() {
    let (_council, phone, working) = larkspurs();
    let _ = working.lock();
    let keys = FingerKeys::over(&phone.hardware);
    let mut working = open(&phone, &keys).unlock(PIN).unwrap();
    let offer = working.offer_biometric().unwrap();
    let visit = visit_to_wren(&mut working);
    let made = offer.make().unwrap();
    working
        .note(visit, "saw", "Wren put the kettle on meanwhile.")
        .unwrap();
    working.take_biometric(made).unwrap();
    let mut working = working.lock().unlock_with_biometric().unwrap();
    assert_eq!(found(&mut working), 1);
}

/// Whichever call of the keystore fails while a slot is set, replaced or taken away: the PIN opens, and so does the finger
/// wherever the folder says that one is set and its key is not dead.
#[test]
fn no_failure_of_the_keystore_locks_anybody_out() {
    for fault in [
        Fault::Error(HwError::Transient { code: 7 }),
        Fault::ErrorAfterActing(HwError::Transient { code: 7 }),
        Fault::Error(HwError::Invalidated),
        Fault::ShortAnswer,
    ] {
        for call in 0..4 {
            let (phone, keys) = with_a_finger();
            let failing = Arc::new(FailingKeys::new(Keys(keys.clone())));
            let mut working = phone.open_with(failing.clone()).unlock(PIN).unwrap();
            failing.heal();
            failing.fail_at(call, fault);
            let replaced = working.add_biometric();
            failing.heal();
            failing.fail_at(call, fault);
            let _ = replaced.and_then(|()| working.remove_biometric());
            failing.heal();
            let has = working.has_biometric();
            let _ = working.lock();
            let locked = open(&phone, &keys);
            assert_eq!(locked.has_biometric(), has);
            let opened = locked.unlock_with_biometric();
            assert_eq!(opened.is_ok(), has, "{fault:?} at {call}");
            drop(opened);
            assert!(open(&phone, &keys).unlock(PIN).is_ok());
        }
    }
}

/// So that the failing keystore can stand over one that tests keep hold of.
struct Keys(Arc<FingerKeys>);

impl HardwareKeys for Keys {
    fn ensure(
        &self,
        alias: &str,
        policy: visitbook_seal::hardware::KeyPolicy,
    ) -> Result<(), HwError> {
        self.0.ensure(alias, policy)
    }
    fn derive(&self, alias: &str, input: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, HwError> {
        self.0.derive(alias, input)
    }
    fn put_small(&self, name: &str, value: &[u8]) -> Result<(), HwError> {
        self.0.put_small(name, value)
    }
    fn get_small(&self, name: &str) -> Result<Option<Vec<u8>>, HwError> {
        self.0.get_small(name)
    }
    fn delete(&self, alias: &str) -> Result<(), HwError> {
        self.0.delete(alias)
    }
    fn protected_data_available(&self) -> bool {
        self.0.protected_data_available()
    }
}
