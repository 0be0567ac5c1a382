//! Attacks on the vault, and a keystore that fails in every way at every call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use visitbook_seal::hardware::{
    FailingKeys, Fault, HardwareKeys, HwError, KeyPolicy, SoftwareKeys,
};
use visitbook_seal::sha256;
use visitbook_seal::vault::{
    self, Attempt, ChangeError, MAX_WRONG_PINS, OpenedBy, Params, PinError, UnlockError,
    VaultError, VaultIds, VaultImage, VaultKeys,
};

const PIN: &[u8] = b"482917";
const WRONG: &[u8] = b"482918";
const IDS: VaultIds = VaultIds {
    vault: [0xab; 16],
    device: [2; 16],
    account: [3; 16],
};
const BIOMETRIC_ALIAS: &str = "visitbook.biometric.abababababababababababababababab";
const VAULT_ALIAS: &str = "visitbook.vault.abababababababababababababababab";
const TRIES_NAME: &str = "visitbook.tries.abababababababababababababababab";
/// Far enough apart that no wait is ever in the way.
const HOUR: u64 = 3_600_001;

fn create(hw: &dyn HardwareKeys) -> (VaultImage, VaultKeys) {
    vault::create(hw, PIN, Params::fast_for_tests(), IDS)
        .ok()
        .unwrap()
}

/// Sets a fingerprint or face, or replaces one whose key died: all three steps at once.
fn add_biometric(
    image: &mut VaultImage,
    hw: &dyn HardwareKeys,
    keys: &VaultKeys,
) -> Result<(), ChangeError> {
    vault::offer_biometric(image, keys)?.make(hw)?.put(image)
}

/// As an app does it, files included: the image goes through its bytes at each point where it is stored.
fn unlock(
    image: &mut VaultImage,
    hw: &dyn HardwareKeys,
    pin: &[u8],
    now: u64,
) -> Result<VaultKeys, UnlockError> {
    let attempt = vault::begin_attempt(image, hw, pin, now)?;
    *image = VaultImage::decode(&image.encode()).ok().unwrap();
    let outcome = attempt.finish(image, hw);
    *image = VaultImage::decode(&image.encode()).ok().unwrap();
    outcome
}

fn same(a: &VaultKeys, b: &VaultKeys) -> bool {
    a.database_key().equals(b.database_key())
        && a.database_salt() == b.database_salt()
        && a.attachment_key().equals(b.attachment_key())
        && a.drop_key().equals(b.drop_key())
        && a.signing_key().public() == b.signing_key().public()
        && a.derive("x").equals(&b.derive("x"))
}

/// Puts a right checksum on a changed image, as an attacker would.
fn with_right_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let total = bytes.len();
    // [ body: 0x59 and two length bytes, mac: 0x58 0x20, checksum: 0x58 0x20 ]
    let mac_head = total - 68;
    let body_and_mac = [&bytes[4..mac_head], &bytes[mac_head + 2..mac_head + 34]].concat();
    bytes[total - 32..].copy_from_slice(&sha256(&body_and_mac));
    bytes
}

#[test]
fn the_right_pin_gives_the_same_keys_again() {
    let hw = SoftwareKeys::new();
    let (image, keys) = create(&hw);
    let hw = SoftwareKeys::from_bytes(&hw.to_bytes()).unwrap();
    let mut image = vault::choose(Some(&image.encode()), None).ok().unwrap();
    for now in 0..3 {
        let again = unlock(&mut image, &hw, PIN, now).ok().unwrap();
        assert!(same(&keys, &again));
        assert_eq!(again.opened_by(), OpenedBy::Pin);
        assert_eq!(again.database_check(), image.database_check());
    }
}

#[test]
fn two_vaults_share_no_key() {
    let hw = SoftwareKeys::new();
    let other_ids = VaultIds {
        vault: [9; 16],
        ..IDS
    };
    let (_, one) = create(&hw);
    let (_, two) = vault::create(&hw, PIN, Params::fast_for_tests(), other_ids)
        .ok()
        .unwrap();
    assert!(!one.database_key().equals(two.database_key()));
    assert!(!one.derive("a").equals(&two.derive("a")));
    assert!(!one.derive("a").equals(&one.derive("b")));
    assert!(!one.derive("a").equals(one.database_key()));
}

#[test]
fn the_raw_key_is_spelt_as_sqlcipher_takes_it() {
    let (_, keys) = create(&SoftwareKeys::new());
    let spec = String::from_utf8(keys.raw_key_spec().to_vec()).unwrap();
    let hex = spec.strip_prefix("x'").unwrap().strip_suffix('\'').unwrap();
    let bytes: Vec<u8> = (0..96)
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    assert_eq!(
        (hex.len(), &bytes[..32]),
        (96, &keys.database_key().expose()[..])
    );
    assert_eq!(&bytes[32..], keys.database_salt());
}

#[test]
fn ten_wrong_pins_destroy_the_pin_slot_and_nothing_else() {
    let hw = SoftwareKeys::new();
    let (mut image, keys) = create(&hw);
    add_biometric(&mut image, &hw, &keys).unwrap();
    for left in (1..MAX_WRONG_PINS).rev() {
        let now = u64::from(20 - left) * HOUR;
        assert_eq!(
            unlock(&mut image, &hw, WRONG, now).err(),
            Some(UnlockError::WrongPin { left })
        );
    }
    assert_eq!(
        unlock(&mut image, &hw, WRONG, 30 * HOUR).err(),
        Some(UnlockError::SlotDestroyed)
    );
    assert!(!image.has_pin());
    assert_eq!(
        unlock(&mut image, &hw, PIN, 40 * HOUR).err(),
        Some(UnlockError::SlotDestroyed)
    );
    let by_finger = vault::unlock_biometric(&mut image, &hw).ok().unwrap();
    assert!(same(&keys, &by_finger));
    // A new PIN opens the same vault, with all its tries.
    vault::change_pin(
        &mut image,
        &hw,
        &by_finger,
        b"739164",
        Params::fast_for_tests(),
    )
    .unwrap();
    assert_eq!(
        unlock(&mut image, &hw, PIN, 50 * HOUR).err(),
        Some(UnlockError::WrongPin { left: 9 })
    );
    assert!(same(
        &keys,
        &unlock(&mut image, &hw, b"739164", 60 * HOUR).ok().unwrap()
    ));
}

#[test]
fn the_right_pin_at_the_last_try_opens_and_forgives() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    for round in 0..9 {
        assert!(unlock(&mut image, &hw, WRONG, (round + 1) * HOUR).is_err());
    }
    assert!(unlock(&mut image, &hw, PIN, 20 * HOUR).is_ok());
    assert_eq!(
        unlock(&mut image, &hw, WRONG, 21 * HOUR).err(),
        Some(UnlockError::WrongPin { left: 9 })
    );
}

#[test]
fn during_a_wait_nothing_is_tried_and_nothing_is_counted() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    for left in (5..10).rev() {
        assert_eq!(
            unlock(&mut image, &hw, WRONG, 1000).err(),
            Some(UnlockError::WrongPin { left })
        );
    }
    for now in [1000, 20_000, 30_999] {
        let wait = Some(UnlockError::Wait { until_ms: 31_000 });
        assert_eq!(
            unlock(&mut image, &hw, PIN, now).err(),
            wait,
            "the right PIN waits too"
        );
    }
    assert_eq!(
        unlock(&mut image, &hw, WRONG, 31_000).err(),
        Some(UnlockError::WrongPin { left: 4 })
    );
    assert_eq!(
        unlock(&mut image, &hw, PIN, 90_999).err(),
        Some(UnlockError::Wait { until_ms: 91_000 })
    );
    assert!(unlock(&mut image, &hw, PIN, 91_000).is_ok());
}

#[test]
fn a_clock_set_back_does_not_lock_the_worker_out_and_does_not_skip_the_wait() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    let far = 9_000_000_000_000;
    for _ in 0..5 {
        assert!(unlock(&mut image, &hw, WRONG, far).is_err());
    }
    assert_eq!(
        unlock(&mut image, &hw, PIN, 500).err(),
        Some(UnlockError::Wait { until_ms: 30_500 })
    );
    assert!(unlock(&mut image, &hw, PIN, 30_500).is_ok());
}

#[test]
fn an_old_copy_put_back_does_not_reset_the_count() {
    let hw = SoftwareKeys::new();
    let (fresh, _) = create(&hw);
    for round in 0..9u32 {
        // The attacker restores the first copy before every guess.
        let mut image = fresh.clone();
        let left = 9 - round;
        let now = u64::from(round + 1) * HOUR;
        assert_eq!(
            unlock(&mut image, &hw, WRONG, now).err(),
            Some(UnlockError::WrongPin { left })
        );
    }
    let mut image = fresh.clone();
    assert_eq!(
        unlock(&mut image, &hw, WRONG, 20 * HOUR).err(),
        Some(UnlockError::SlotDestroyed)
    );
    let mut image = fresh;
    assert_eq!(
        unlock(&mut image, &hw, PIN, 30 * HOUR).err(),
        Some(UnlockError::SlotDestroyed)
    );
    assert!(!image.has_pin());
}

#[test]
fn an_old_copy_put_back_does_not_skip_the_wait() {
    let hw = SoftwareKeys::new();
    let (fresh, _) = create(&hw);
    let mut image = fresh.clone();
    for _ in 0..5 {
        assert!(unlock(&mut image, &hw, WRONG, 1000).is_err());
    }
    assert_eq!(
        unlock(&mut fresh.clone(), &hw, WRONG, 1001).err(),
        Some(UnlockError::Wait { until_ms: 31_000 })
    );
}

#[test]
fn the_image_counts_when_the_keystores_count_is_lost_or_forged() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    for round in 0..3 {
        assert!(unlock(&mut image, &hw, WRONG, round).is_err());
    }
    for (record, left) in [(vec![], 6), (vec![0; 56], 5), (vec![0xff; 56], 4)] {
        hw.put_small(TRIES_NAME, &record).unwrap();
        let outcome = unlock(&mut image, &hw, WRONG, u64::from(10 - left) * HOUR);
        assert_eq!(outcome.err(), Some(UnlockError::WrongPin { left }));
    }
}

#[test]
fn a_try_cut_off_by_the_power_is_counted() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    let stored = image.encode();
    drop(
        vault::begin_attempt(&mut image, &hw, WRONG, 1)
            .ok()
            .unwrap(),
    );
    // Whether or not the image reached the disk.
    for bytes in [stored, image.encode()] {
        let mut image = VaultImage::decode(&bytes).ok().unwrap();
        let before = hw.get_small(TRIES_NAME).unwrap().unwrap();
        assert_eq!(
            unlock(&mut image, &hw, WRONG, 2).err(),
            Some(UnlockError::WrongPin { left: 8 })
        );
        hw.put_small(TRIES_NAME, &before).unwrap();
    }
}

#[test]
fn an_attempt_decides_only_the_image_it_was_begun_with() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    let before = image.clone();
    let attempt = vault::begin_attempt(&mut image, &hw, PIN, 1).ok().unwrap();
    assert_eq!(
        attempt.finish(&mut before.clone(), &hw).err(),
        Some(UnlockError::Damaged),
        "count not stored"
    );
}

#[test]
fn no_byte_of_the_image_can_be_damaged_unnoticed() {
    let (image, _) = create(&SoftwareKeys::new());
    let bytes = image.encode();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(VaultImage::decode(&changed).is_err(), "byte {at}");
        assert!(VaultImage::decode(&bytes[..at]).is_err(), "cut to {at}");
        // The other copy is used, whichever of the two is damaged.
        assert!(vault::choose(Some(&changed), Some(&bytes)).ok().unwrap() == image);
        assert!(vault::choose(Some(&bytes), Some(&changed)).ok().unwrap() == image);
    }
}

#[test]
fn no_byte_of_the_image_can_be_forged() {
    let hw = SoftwareKeys::new();
    let (mut image, keys) = create(&hw);
    add_biometric(&mut image, &hw, &keys).unwrap();
    let bytes = image.encode();
    assert_eq!(
        with_right_checksum(bytes.clone()),
        bytes,
        "the forger's tool works"
    );
    let mut reached_the_mac = 0;
    for at in 4..bytes.len() - 34 {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let Ok(mut forged) = VaultImage::decode(&with_right_checksum(changed)) else {
            continue;
        };
        let before = forged.clone();
        match vault::begin_attempt(&mut forged, &hw, PIN, 1).err() {
            Some(UnlockError::Damaged) => reached_the_mac += 1,
            // The check value of the keystore's key, or the vault's id, by which the key is found.
            Some(UnlockError::KeystoreChanged | UnlockError::KeystoreGone(HwError::Missing)) => {}
            other => panic!("byte {at}: {other:?}"),
        }
        assert!(
            forged == before,
            "byte {at}: a refused image is left as it is"
        );
    }
    assert!(reached_the_mac > 200);
    assert_eq!(hw.get_small(TRIES_NAME), Ok(None), "no try was counted");
}

#[test]
fn argon2_parameters_below_the_floor_are_refused() {
    let (image, _) = create(&SoftwareKeys::new());
    let bytes = image.encode();
    // 19456 KiB and 2 passes, in CBOR.
    let at = bytes
        .windows(5)
        .position(|window| window == [0x19, 0x4c, 0x00, 0x02, 0x01])
        .unwrap();
    for (offset, value) in [(1, 0x10), (3, 0x01), (4, 0x00)] {
        let mut cheaper = bytes.clone();
        cheaper[at + offset] = value;
        assert_eq!(
            VaultImage::decode(&with_right_checksum(cheaper)).err(),
            Some(VaultError::Damaged)
        );
    }
    let mut dearer = bytes;
    dearer[at + 3] = 0x03;
    assert!(
        VaultImage::decode(&with_right_checksum(dearer)).is_ok(),
        "the offset is right"
    );
}

#[test]
fn of_two_copies_the_whole_one_with_the_higher_generation_counts() {
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    let old = image.encode();
    unlock(&mut image, &hw, PIN, 1).ok().unwrap();
    let new = image.encode();
    let mut newer_version = new.clone();
    newer_version[5] = 3;
    let newer_version = with_right_checksum(newer_version);
    let damaged = &new[..new.len() - 1];
    let generation = |a, b| vault::choose(a, b).map(|image| image.generation());
    assert_eq!(generation(Some(&old), Some(&new)), Ok(3));
    assert_eq!(generation(Some(&new), Some(&old)), Ok(3));
    assert_eq!(generation(Some(&old), None), Ok(1));
    assert_eq!(generation(None, Some(&new)), Ok(3));
    assert_eq!(generation(Some(&old), Some(damaged)), Ok(1));
    assert_eq!(generation(Some(damaged), Some(&old)), Ok(1));
    assert_eq!(generation(None, None), Err(VaultError::Missing));
    assert_eq!(generation(Some(damaged), None), Err(VaultError::Damaged));
    assert_eq!(
        generation(Some(damaged), Some(&[])),
        Err(VaultError::Damaged)
    );
    assert_eq!(
        generation(Some(&newer_version), Some(damaged)),
        Err(VaultError::NewerVersion)
    );
    assert_eq!(
        generation(Some(damaged), Some(&newer_version)),
        Err(VaultError::NewerVersion)
    );
    assert_eq!(generation(Some(&newer_version), Some(&old)), Ok(1));
}

#[test]
fn with_the_file_alone_every_pin_fails_alike() {
    let hw = SoftwareKeys::new();
    let (image, _) = create(&hw);
    let attackers = SoftwareKeys::new();
    for pin in [PIN, WRONG] {
        let outcome = unlock(&mut image.clone(), &attackers, pin, 1).err();
        assert_eq!(outcome, Some(UnlockError::KeystoreGone(HwError::Missing)));
    }
    attackers
        .ensure(VAULT_ALIAS, KeyPolicy::UnlockedDevice)
        .unwrap();
    for pin in [PIN, WRONG] {
        assert_eq!(
            unlock(&mut image.clone(), &attackers, pin, 1).err(),
            Some(UnlockError::KeystoreChanged)
        );
    }
}

const ERRORS: [HwError; 7] = [
    HwError::LockedNow,
    HwError::UserCancelled,
    HwError::NotAuthenticated,
    HwError::Invalidated,
    HwError::Missing,
    HwError::Transient { code: -7 },
    HwError::Unsupported,
];

fn faults() -> impl Iterator<Item = Fault> {
    let errors = ERRORS.into_iter().map(Fault::Error);
    errors.chain([
        Fault::ErrorAfterActing(HwError::Transient { code: 5 }),
        Fault::ErrorAfterActing(HwError::Missing),
        Fault::ShortAnswer,
        Fault::OtherBytes,
    ])
}

/// Three wrong tries stand on the count when the keystore begins to fail under the right PIN.
#[test]
fn a_keystore_failing_in_any_way_at_any_call_loses_nothing_and_costs_no_try() {
    let software = SoftwareKeys::new();
    let (mut image, keys) = create(&software);
    for _ in 0..3 {
        assert!(unlock(&mut image, &software, WRONG, 1).is_err());
    }
    let state = software.to_bytes();
    let counting = FailingKeys::new(SoftwareKeys::from_bytes(&state).unwrap());
    assert!(unlock(&mut image.clone(), &counting, PIN, 2).is_ok());
    let calls = counting.calls();
    assert_eq!(
        calls, 5,
        "base, count read, pepper, count written, count forgiven"
    );
    for call in 0..calls {
        for fault in faults() {
            let hw = FailingKeys::new(SoftwareKeys::from_bytes(&state).unwrap());
            hw.fail_at(call, fault);
            let mut faulty = image.clone();
            let outcome = unlock(&mut faulty, &hw, PIN, 2);
            assert!(
                !matches!(
                    outcome.as_ref().err(),
                    Some(UnlockError::WrongPin { .. } | UnlockError::SlotDestroyed)
                ),
                "{call} {fault:?}"
            );
            hw.heal();
            let left = if outcome.is_ok() { 9 } else { 6 };
            let wrong = unlock(&mut faulty, &hw, WRONG, 3).err();
            assert_eq!(
                wrong,
                Some(UnlockError::WrongPin { left }),
                "{call} {fault:?}"
            );
            assert!(
                same(&keys, &unlock(&mut faulty, &hw, PIN, 4).ok().unwrap()),
                "{call} {fault:?}"
            );
        }
    }
}

#[test]
fn keystore_errors_are_told_apart_and_change_nothing() {
    let hw = FailingKeys::new(SoftwareKeys::new());
    let (image, _) = create(&hw);
    for error in ERRORS {
        let expected = match error {
            HwError::LockedNow => UnlockError::KeystoreLocked,
            HwError::Missing | HwError::Invalidated => UnlockError::KeystoreGone(error),
            other => UnlockError::KeystoreBusy(other),
        };
        // At each call before the decision.
        for call in 0..4 {
            hw.heal();
            hw.fail_at(call, Fault::Error(error));
            let mut faulty = image.clone();
            assert_eq!(
                vault::begin_attempt(&mut faulty, &hw, PIN, 1).err(),
                Some(expected),
                "{call}"
            );
            assert!(faulty == image, "{call} {error:?}");
        }
        // And for as long as it lasts.
        hw.heal();
        hw.fail_always(Fault::Error(error));
        for _ in 0..20 {
            assert_eq!(
                unlock(&mut image.clone(), &hw, PIN, 1).err(),
                Some(expected)
            );
        }
    }
    hw.heal();
    assert!(unlock(&mut image.clone(), &hw, PIN, 1).is_ok());
}

#[test]
fn the_phone_being_locked_is_seen_before_anything_is_asked() {
    struct Locked(SoftwareKeys);
    impl HardwareKeys for Locked {
        fn ensure(&self, alias: &str, policy: KeyPolicy) -> Result<(), HwError> {
            self.0.ensure(alias, policy)
        }
        fn derive(&self, _: &str, _: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, HwError> {
            panic!("asked while locked")
        }
        fn put_small(&self, _: &str, _: &[u8]) -> Result<(), HwError> {
            panic!("asked while locked")
        }
        fn get_small(&self, _: &str) -> Result<Option<Vec<u8>>, HwError> {
            panic!("asked while locked")
        }
        fn delete(&self, _: &str) -> Result<(), HwError> {
            panic!("asked while locked")
        }
        fn protected_data_available(&self) -> bool {
            false
        }
    }
    let hw = SoftwareKeys::new();
    let (mut image, _) = create(&hw);
    assert_eq!(
        unlock(&mut image, &Locked(hw), PIN, 1).err(),
        Some(UnlockError::KeystoreLocked)
    );
}

/// Whoever makes the keystore fail on purpose after a wrong PIN must not get that guess back.
#[test]
fn a_keystore_that_stops_answering_after_the_try_gives_no_free_guess() {
    let hw = FailingKeys::new(SoftwareKeys::new());
    let (mut image, _) = create(&hw);
    for left in (1..10).rev() {
        hw.heal();
        let attempt: Attempt =
            vault::begin_attempt(&mut image, &hw, WRONG, u64::from(20 - left) * HOUR)
                .ok()
                .unwrap();
        hw.fail_always(Fault::Error(HwError::Transient { code: 1 }));
        assert_eq!(
            attempt.finish(&mut image, &hw).err(),
            Some(UnlockError::WrongPin { left })
        );
    }
}

#[test]
fn making_a_vault_fails_cleanly_at_any_call() {
    let counting = FailingKeys::new(SoftwareKeys::new());
    create(&counting);
    for call in 0..counting.calls() {
        for error in ERRORS {
            let hw = FailingKeys::new(SoftwareKeys::new());
            hw.fail_at(call, Fault::Error(error));
            let outcome = vault::create(&hw, PIN, Params::fast_for_tests(), IDS);
            assert_eq!(outcome.err(), Some(ChangeError::Keystore(error)), "{call}");
            hw.heal();
            let (mut image, _) = create(&hw);
            assert!(unlock(&mut image, &hw, PIN, 1).is_ok());
        }
    }
}

#[test]
fn a_changed_pin_opens_the_same_vault_and_the_old_one_does_not() {
    let hw = FailingKeys::new(SoftwareKeys::new());
    let (mut image, keys) = create(&hw);
    let before = image.clone();
    hw.heal();
    let refused = vault::change_pin(&mut image, &hw, &keys, b"123456", Params::fast_for_tests());
    assert_eq!(refused, Err(ChangeError::Pin(PinError::Guessable)));
    vault::change_pin(
        &mut image.clone(),
        &hw,
        &keys,
        b"739164",
        Params::fast_for_tests(),
    )
    .unwrap();
    for call in 0..hw.calls() {
        hw.heal();
        hw.fail_at(call, Fault::Error(HwError::Missing));
        let failed = vault::change_pin(&mut image, &hw, &keys, b"739164", Params::fast_for_tests());
        assert_eq!(failed, Err(ChangeError::Keystore(HwError::Missing)));
        assert!(image == before);
    }
    hw.heal();
    vault::change_pin(&mut image, &hw, &keys, b"739164", Params::fast_for_tests()).unwrap();
    assert_eq!(
        unlock(&mut image, &hw, PIN, 1).err(),
        Some(UnlockError::WrongPin { left: 9 })
    );
    assert!(same(
        &keys,
        &unlock(&mut image, &hw, b"739164", 2).ok().unwrap()
    ));
    let (_, other) = vault::create(
        &hw,
        PIN,
        Params::fast_for_tests(),
        VaultIds {
            vault: [1; 16],
            ..IDS
        },
    )
    .ok()
    .unwrap();
    let foreign = vault::change_pin(&mut image, &hw, &other, b"482917", Params::fast_for_tests());
    assert_eq!(foreign, Err(ChangeError::OtherVault));
}

#[test]
fn a_dead_biometric_costs_only_its_own_slot_and_comes_back_only_after_the_pin() {
    let hw = FailingKeys::new(SoftwareKeys::new());
    let (mut image, keys) = create(&hw);
    assert_eq!(
        vault::unlock_biometric(&mut image, &hw).err(),
        Some(UnlockError::BiometricGone)
    );
    add_biometric(&mut image, &hw, &keys).unwrap();
    let by_finger = vault::unlock_biometric(&mut image, &hw).ok().unwrap();
    assert!(same(&keys, &by_finger));
    assert_eq!(by_finger.opened_by(), OpenedBy::Biometric);
    assert_eq!(
        add_biometric(&mut image, &hw, &by_finger),
        Err(ChangeError::PinNeeded)
    );
    // A passing fault is not death.
    hw.heal();
    hw.fail_at(0, Fault::Error(HwError::UserCancelled));
    let cancelled = Some(UnlockError::KeystoreBusy(HwError::UserCancelled));
    assert_eq!(vault::unlock_biometric(&mut image, &hw).err(), cancelled);
    assert!(vault::unlock_biometric(&mut image, &hw).is_ok());
    // A new finger was enrolled: the PIN still opens, then a new slot can be made over the dead key.
    let mut old_image = image.clone();
    hw.heal();
    hw.fail_at(0, Fault::Error(HwError::Invalidated));
    assert_eq!(
        vault::unlock_biometric(&mut image, &hw).err(),
        Some(UnlockError::BiometricGone)
    );
    assert!(!image.has_biometric(), "the dead slot is gone");
    let by_pin = unlock(&mut image, &hw, PIN, 1).ok().unwrap();
    hw.heal();
    hw.fail_at(2, Fault::Error(HwError::Invalidated));
    let old_answer = hw.inner().derive(BIOMETRIC_ALIAS, b"x").unwrap();
    add_biometric(&mut image, &hw, &by_pin).unwrap();
    assert_ne!(
        hw.inner().derive(BIOMETRIC_ALIAS, b"x").unwrap(),
        old_answer,
        "the dead key was replaced"
    );
    assert!(same(
        &keys,
        &vault::unlock_biometric(&mut image, &hw).ok().unwrap()
    ));
    assert_eq!(
        vault::unlock_biometric(&mut old_image, &hw).err(),
        Some(UnlockError::BiometricGone)
    );
}

#[test]
fn a_vault_key_lost_for_good_is_replaced_through_the_biometric() {
    let hw = SoftwareKeys::new();
    let (mut image, keys) = create(&hw);
    add_biometric(&mut image, &hw, &keys).unwrap();
    hw.delete(VAULT_ALIAS).unwrap();
    assert_eq!(
        unlock(&mut image, &hw, PIN, 1).err(),
        Some(UnlockError::KeystoreGone(HwError::Missing))
    );
    let by_finger = vault::unlock_biometric(&mut image, &hw).ok().unwrap();
    vault::change_pin(&mut image, &hw, &by_finger, PIN, Params::fast_for_tests()).unwrap();
    assert!(same(&keys, &unlock(&mut image, &hw, PIN, 2).ok().unwrap()));
}

#[test]
fn a_new_database_key_leaves_old_or_new_and_nothing_in_between() {
    let hw = FailingKeys::new(SoftwareKeys::new());
    let (mut image, keys) = create(&hw);
    hw.heal();
    hw.fail_at(0, Fault::Error(HwError::Transient { code: 1 }));
    let old = image.encode();
    let failed = vault::replace_database_key(&mut image, &hw, &keys).err();
    assert_eq!(
        failed,
        Some(ChangeError::Keystore(HwError::Transient { code: 1 }))
    );
    assert_eq!(image.encode(), old);
    let new_keys = vault::replace_database_key(&mut image, &hw, &keys)
        .ok()
        .unwrap();
    assert!(!new_keys.database_key().equals(keys.database_key()));
    assert_ne!(new_keys.database_salt(), keys.database_salt());
    assert!(new_keys.attachment_key().equals(keys.attachment_key()));
    assert_eq!(new_keys.signing_key().public(), keys.signing_key().public());
    for (stored, expected) in [(&old, &keys), (&image.encode(), &new_keys)] {
        let mut stored = VaultImage::decode(stored).ok().unwrap();
        assert_eq!(stored.database_check(), expected.database_check());
        assert!(same(
            expected,
            &unlock(&mut stored, &hw, PIN, 1).ok().unwrap()
        ));
    }
    let later = vault::choose(Some(&old), Some(&image.encode()))
        .ok()
        .unwrap();
    assert!(later == image);
}

#[test]
fn secrets_may_move_to_another_thread() {
    fn check<T: Send + Sync>() {}
    check::<VaultKeys>();
    check::<Attempt>();
    check::<visitbook_seal::envelope::SealingSession>();
    check::<visitbook_seal::envelope::IngestKeys>();
    check::<Box<dyn HardwareKeys>>();
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_never_a_vault(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(VaultImage::decode(&bytes).is_err());
        prop_assert_eq!(vault::choose(Some(&bytes), None).err(), Some(VaultError::Damaged));
    }
}
