//! The PIN at the exit of family mode: it slows people down, destroys nothing, and cannot be used to change, or to get
//! round, the count at a locked vault.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use visitbook_seal::hardware::{FailingKeys, Fault, HardwareKeys, HwError, SoftwareKeys};
use visitbook_seal::vault::{
    self, ExitError, MAX_WRONG_PINS, OpenedBy, Params, UnlockError, VaultError, VaultIds,
    VaultImage, VaultKeys,
};

const PIN: &[u8] = b"482917";
const WRONG: &[u8] = b"482918";
const IDS: VaultIds = VaultIds {
    vault: [0xab; 16],
    device: [2; 16],
    account: [3; 16],
};
const TRIES_NAME: &str = "visitbook.tries.abababababababababababababababab";
const EXIT_NAME: &str = "visitbook.exit-tries.abababababababababababababababab";
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

fn create(hw: &dyn HardwareKeys) -> (VaultImage, VaultKeys) {
    vault::create(hw, PIN, Params::fast_for_tests(), IDS)
        .ok()
        .unwrap()
}

fn stored(image: &mut VaultImage) {
    *image = VaultImage::decode(&image.encode()).ok().unwrap();
}

/// As an app does it: the image goes through its bytes at each point where it is stored.
fn leave(
    image: &mut VaultImage,
    hw: &dyn HardwareKeys,
    pin: &[u8],
    now: u64,
) -> Result<VaultKeys, ExitError> {
    let attempt = vault::begin_exit_attempt(image, hw, pin, now)?;
    stored(image);
    let outcome = attempt.finish(image, hw);
    stored(image);
    outcome
}

fn unlock(
    image: &mut VaultImage,
    hw: &dyn HardwareKeys,
    pin: &[u8],
    now: u64,
) -> Result<VaultKeys, UnlockError> {
    let attempt = vault::begin_attempt(image, hw, pin, now)?;
    stored(image);
    let outcome = attempt.finish(image, hw);
    stored(image);
    outcome
}

fn wrong(wait_until_ms: Option<u64>) -> Option<ExitError> {
    Some(ExitError::WrongPin { wait_until_ms })
}

#[test]
fn waits_grow_to_an_hour_and_stay_there() {
    let hw = SoftwareKeys::new();
    let (mut image, keys) = create(&hw);
    let waits = [
        0,
        0,
        0,
        0,
        MINUTE / 2,
        MINUTE,
        5 * MINUTE,
        15 * MINUTE,
        HOUR,
        HOUR,
        HOUR,
        HOUR,
        HOUR,
    ];
    let mut now = 1_000_000;
    for (tried, wait) in waits.into_iter().enumerate() {
        let until = (wait > 0).then_some(now + wait);
        assert_eq!(
            leave(&mut image, &hw, WRONG, now).err(),
            wrong(until),
            "wrong PIN {}",
            tried + 1
        );
        if let Some(until_ms) = until {
            // Until then not even the right PIN is tried, and asking costs nothing.
            for early in [now, until_ms - 1] {
                assert_eq!(
                    leave(&mut image, &hw, PIN, early).err(),
                    Some(ExitError::Wait { until_ms })
                );
            }
        }
        now += wait;
    }
    assert!(image.has_pin(), "thirteen wrong PINs destroyed nothing");
    let again = leave(&mut image, &hw, PIN, now).ok().unwrap();
    assert!(again.database_key().equals(keys.database_key()));
    assert_eq!(again.opened_by(), OpenedBy::Pin);
    // Forgiven: the next one is as the first.
    assert_eq!(leave(&mut image, &hw, WRONG, now).err(), wrong(None));
}

#[test]
fn neither_count_touches_the_other() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    // Three wrong at the lock, then many in family mode, then a right one there.
    for left in [9, 8, 7] {
        assert_eq!(
            unlock(&mut image, &hw, WRONG, HOUR).err(),
            Some(UnlockError::WrongPin { left })
        );
    }
    let at_lock = hw.get_small(TRIES_NAME).unwrap();
    for hour in 2..20 {
        assert!(leave(&mut image, &hw, WRONG, hour * (HOUR + 1)).is_err());
    }
    assert!(leave(&mut image, &hw, PIN, 30 * HOUR).is_ok());
    assert_eq!(hw.get_small(TRIES_NAME).unwrap(), at_lock);
    // A right PIN at the exit forgives nothing at the lock.
    assert_eq!(
        unlock(&mut image, &hw, WRONG, 31 * HOUR).err(),
        Some(UnlockError::WrongPin { left: 6 })
    );
    // And a right one at the lock nothing at the exit.
    for _ in 0..5 {
        assert!(leave(&mut image, &hw, WRONG, 40 * HOUR).is_err());
    }
    let at_exit = hw.get_small(EXIT_NAME).unwrap();
    assert!(unlock(&mut image, &hw, PIN, 41 * HOUR).is_ok());
    assert_eq!(hw.get_small(EXIT_NAME).unwrap(), at_exit);
    assert_eq!(
        leave(&mut image, &hw, WRONG, 42 * HOUR).err(),
        wrong(Some(42 * HOUR + MINUTE))
    );
}

/// A session that was killed ends at the lock, where ten is still ten, whatever was tried at the exit.
#[test]
fn the_limit_at_a_locked_vault_stands() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    for hour in 1..=12 {
        assert!(leave(&mut image, &hw, WRONG, hour * (HOUR + 1)).is_err());
    }
    for (hour, left) in (20..).zip((1..MAX_WRONG_PINS).rev()) {
        assert_eq!(
            unlock(&mut image, &hw, WRONG, hour * (HOUR + 1)).err(),
            Some(UnlockError::WrongPin { left })
        );
    }
    assert_eq!(
        unlock(&mut image, &hw, WRONG, 50 * HOUR).err(),
        Some(UnlockError::SlotDestroyed)
    );
    assert_eq!(
        leave(&mut image, &hw, PIN, 60 * HOUR).err(),
        Some(ExitError::Other(UnlockError::SlotDestroyed))
    );
}

#[test]
fn an_old_file_or_a_lost_keystore_record_does_not_shorten_the_wait() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    let old = image.clone();
    for _ in 0..5 {
        leave(&mut image, &hw, WRONG, HOUR).err().unwrap();
    }
    let expected = Some(ExitError::Wait {
        until_ms: HOUR + MINUTE / 2,
    });
    // The file is put back, the keystore remembers.
    assert_eq!(leave(&mut old.clone(), &hw, PIN, HOUR).err(), expected);
    // The keystore's record is lost, forged, or the one of the lock; the file remembers.
    for record in [
        &[][..],
        &[0xff; 56],
        &hw.get_small(EXIT_NAME).unwrap().unwrap()[..55],
    ] {
        hw.put_small(EXIT_NAME, record).unwrap();
        assert_eq!(leave(&mut image.clone(), &hw, PIN, HOUR).err(), expected);
    }
    let _ = unlock(&mut image, &hw, WRONG, 2 * HOUR);
    hw.put_small(EXIT_NAME, &hw.get_small(TRIES_NAME).unwrap().unwrap())
        .unwrap();
    assert!(matches!(
        leave(&mut image.clone(), &hw, PIN, HOUR).err(),
        Some(ExitError::Wait { .. })
    ));
}

#[test]
fn switching_off_before_the_answer_gains_no_free_try() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    for _ in 0..5 {
        let attempt = vault::begin_exit_attempt(&mut image, &hw, WRONG, HOUR);
        stored(&mut image);
        drop(attempt);
    }
    assert!(matches!(
        leave(&mut image, &hw, PIN, HOUR).err(),
        Some(ExitError::Wait { .. })
    ));
}

/// The image that a try was begun with is the only one that it is decided on.
#[test]
fn a_try_belongs_to_one_image() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    let old = image.clone();
    let attempt = vault::begin_exit_attempt(&mut image, &hw, PIN, 1)
        .ok()
        .unwrap();
    assert_eq!(
        attempt.finish(&mut old.clone(), &hw).err(),
        Some(ExitError::Other(UnlockError::Damaged))
    );
}

#[test]
fn a_failing_keystore_costs_no_try_and_loses_nothing() {
    for fault in [
        Fault::Error(HwError::Transient { code: 7 }),
        Fault::ErrorAfterActing(HwError::Transient { code: 7 }),
        Fault::Error(HwError::LockedNow),
        Fault::Error(HwError::Missing),
    ] {
        let hw = FailingKeys::new(SoftwareKeys::new());
        let (image, _) = create(&hw);
        hw.heal();
        assert!(leave(&mut image.clone(), &hw, PIN, 1).is_ok());
        let calls = hw.calls();
        for call in 0..calls {
            hw.heal();
            hw.fail_at(call, fault);
            let mut tried = image.clone();
            match leave(&mut tried, &hw, PIN, 1) {
                Ok(_) => {}
                Err(ExitError::Other(error)) => assert!(
                    !matches!(error, UnlockError::SlotDestroyed | UnlockError::Damaged),
                    "call {call}"
                ),
                Err(_) => panic!("call {call}: a fault was taken for a wrong PIN"),
            }
            assert!(tried.has_pin());
            hw.heal();
            assert!(leave(&mut tried, &hw, PIN, 1).is_ok(), "call {call}");
        }
    }
}

#[test]
fn a_new_pin_begins_with_a_clean_count() {
    let hw = SoftwareKeys::new();
    let (mut image, keys) = create(&hw);
    for hour in 1..12 {
        assert!(leave(&mut image, &hw, WRONG, hour * (HOUR + 1)).is_err());
    }
    vault::change_pin(&mut image, &hw, &keys, b"730164", Params::fast_for_tests()).unwrap();
    stored(&mut image);
    assert!(leave(&mut image, &hw, b"730164", 12 * HOUR).is_ok());
    assert_eq!(leave(&mut image, &hw, PIN, 12 * HOUR).err(), wrong(None));
}

/// A file without exit tries is written as before they existed, so that an older version still reads it; with them it
/// says that a newer version is needed.
#[test]
fn the_file_says_what_it_holds() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    // [ body: 0x59 and two length bytes, then 0x8b and the version.
    let version = |image: &VaultImage| image.encode()[5];
    assert_eq!(version(&image), 1);
    let _ = unlock(&mut image, &hw, WRONG, 1);
    assert_eq!(version(&image), 1);
    let _ = leave(&mut image, &hw, WRONG, 1);
    assert_eq!(version(&image), 2);
    let bytes = image.encode();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(VaultImage::decode(&changed).is_err(), "byte {at}");
        assert_eq!(
            VaultImage::decode(&bytes[..at]).err(),
            Some(VaultError::Damaged)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// In any order of tries at both places, the slot is destroyed by ten wrong at the lock and by nothing else.
    #[test]
    fn only_the_lock_destroys(tries in proptest::collection::vec(any::<bool>(), 1..24)) {
        let hw = SoftwareKeys::new();
        let (mut image, _) = create(&hw);
        let mut at_lock = 0;
        for (hour, locked) in (1u64..).zip(tries) {
            let now = hour * (HOUR + 1);
            if locked {
                at_lock += 1;
                prop_assert!(unlock(&mut image, &hw, WRONG, now).is_err());
            } else {
                prop_assert!(leave(&mut image, &hw, WRONG, now).is_err());
            }
            prop_assert_eq!(image.has_pin(), at_lock < MAX_WRONG_PINS);
        }
    }
}
