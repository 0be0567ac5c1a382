//! What holds even against somebody who can authenticate a changed image, because he has the phone's keystore at his
//! command: the slots and the wrapped secrets stand by themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::hardware::SoftwareKeys;

const PIN: &[u8] = b"482917";
const IDS: VaultIds = VaultIds {
    vault: [1; 16],
    device: [2; 16],
    account: [3; 16],
};

fn create(hw: &dyn HardwareKeys, ids: VaultIds) -> VaultImage {
    super::create(hw, PIN, Params::fast_for_tests(), ids)
        .ok()
        .unwrap()
        .0
}

/// Authenticates the image under `hw`, whatever it holds.
fn authenticate(image: &mut VaultImage, hw: &dyn HardwareKeys) {
    let base = slots::base(hw, &image.ids).unwrap();
    image.keystore_check = base.check;
    image.changed(&base.mac_key);
}

fn unlock(image: &mut VaultImage, hw: &dyn HardwareKeys) -> Result<VaultKeys, UnlockError> {
    begin_attempt(image, hw, PIN, 1)?.finish(image, hw)
}

#[test]
fn slots_and_secrets_of_two_vaults_cannot_be_exchanged() {
    let hw = SoftwareKeys::new();
    let one = create(&hw, IDS);
    let two = create(
        &hw,
        VaultIds {
            vault: [9; 16],
            ..IDS
        },
    );
    let mut swapped = one.clone();
    swapped.pin = two.pin.clone();
    assert_eq!(
        unlock(&mut swapped, &hw).err(),
        Some(UnlockError::Damaged),
        "the image's own authentication"
    );
    authenticate(&mut swapped, &hw);
    assert!(
        matches!(
            unlock(&mut swapped, &hw).err(),
            Some(UnlockError::WrongPin { .. })
        ),
        "the slot's"
    );
    for item in 0..image::WRAPPED {
        let mut swapped = one.clone();
        swapped.wrapped[item] = two.wrapped[item].clone();
        authenticate(&mut swapped, &hw);
        assert_eq!(
            unlock(&mut swapped, &hw).err(),
            Some(UnlockError::Damaged),
            "item {item}"
        );
    }
    let mut swapped = one.clone();
    swapped.wrapped.swap(1, 3);
    authenticate(&mut swapped, &hw);
    assert_eq!(
        unlock(&mut swapped, &hw).err(),
        Some(UnlockError::Damaged),
        "one secret in another's place"
    );
}

type Change = fn(&mut VaultImage);

#[test]
fn a_slot_is_bound_to_device_account_salt_and_cost() {
    let hw = SoftwareKeys::new();
    let image = create(&hw, IDS);
    let changes: [(&str, Change); 4] = [
        ("device", |image| image.ids.device[0] ^= 1),
        ("account", |image| image.ids.account[0] ^= 1),
        ("salt", |image| image.pin.as_mut().unwrap().salt[0] ^= 1),
        ("cost", |image| {
            image.pin.as_mut().unwrap().params = Params::new(19 * 1024, 3, 1).unwrap()
        }),
    ];
    for (name, change) in changes {
        let mut changed = image.clone();
        change(&mut changed);
        authenticate(&mut changed, &hw);
        assert!(
            matches!(
                unlock(&mut changed, &hw).err(),
                Some(UnlockError::WrongPin { .. })
            ),
            "{name}"
        );
    }
    let mut unchanged = image.clone();
    authenticate(&mut unchanged, &hw);
    assert!(unlock(&mut unchanged, &hw).is_ok());
}

/// A cheaper cost written into the slot does not make the sealed root key easier to test.
#[test]
fn the_cost_is_authenticated_by_the_slot_itself() {
    let hw = SoftwareKeys::new();
    let dear = Params::new(20 * 1024, 2, 1).unwrap();
    let (image, _) = super::create(&hw, PIN, dear, IDS).ok().unwrap();
    let slot = image.pin.clone().unwrap();
    let right = slots::pin_key(&hw, &IDS, PIN, &slot.salt, dear)
        .ok()
        .unwrap();
    assert!(slots::open_pin_slot(&slot, &right).is_some());
    let cheaper = image::PinSlot {
        params: Params::fast_for_tests(),
        ..slot
    };
    assert!(
        slots::open_pin_slot(&cheaper, &right).is_none(),
        "even with the right key"
    );
}

/// With the file and a keystore of his own, an attacker sees no difference between the right PIN and any other.
#[test]
fn the_file_is_no_oracle_for_the_pin() {
    let image = create(&SoftwareKeys::new(), IDS);
    let attackers = SoftwareKeys::new();
    attackers
        .ensure(&slots::vault_alias(&IDS), KeyPolicy::UnlockedDevice)
        .unwrap();
    for pin in [PIN, b"482918", b"739164"] {
        let mut forged = image.clone();
        authenticate(&mut forged, &attackers);
        let attempt = begin_attempt(&mut forged, &attackers, pin, 1).ok().unwrap();
        let _ = attackers.put_small(&slots::tries_name(Counter::Unlock, &IDS), &[]);
        assert_eq!(
            attempt.finish(&mut forged, &attackers).err(),
            Some(UnlockError::WrongPin { left: 9 })
        );
    }
}

#[test]
fn a_database_key_that_is_not_the_checked_one_is_damage() {
    let hw = SoftwareKeys::new();
    let mut image = create(&hw, IDS);
    image.database_check[0] ^= 1;
    authenticate(&mut image, &hw);
    assert_eq!(unlock(&mut image, &hw).err(), Some(UnlockError::Damaged));
    assert_eq!(image.tries.wrong(), 0, "the PIN was right");
}
