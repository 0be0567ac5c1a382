//! A kill at every step of a change of key, as the folder is at that moment.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use visitbook_seal::hardware::{HardwareKeys, SoftwareKeys};
use visitbook_seal::vault::{Params, VaultIds};

use super::*;
use crate::locked::open_vault;

const PIN: &[u8] = b"482917";

/// A vault and a book with one row that tells it from every other.
fn device(folder: &Folder, hardware: &dyn HardwareKeys) -> (VaultImage, VaultKeys, Store) {
    let ids = VaultIds {
        vault: [1; 16],
        device: [2; 16],
        account: [3; 16],
    };
    let (image, keys) = vault::create(hardware, PIN, Params::fast_for_tests(), ids).unwrap();
    store_vault(folder, &image).unwrap();
    crate::store::create(&folder.book(), &keys, |db| {
        moved::owe(db, NEW_KEY)?;
        moved::owe(db, "kept")
    })
    .unwrap();
    let store = Store::open(&folder.book(), &keys).unwrap();
    (image, keys, store)
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// What an unlock does: the vault, then the book that it opens. Returns the book's salt and whether the key is still owed.
fn unlock(folder: &Folder, hardware: &dyn HardwareKeys) -> ([u8; 16], bool) {
    let mut image = read_vault(folder).unwrap();
    let keys = open_vault(folder, &mut image, hardware, PIN, 0)
        .unwrap()
        .unwrap();
    put_in_place(folder, &keys).unwrap();
    let store = Store::open(&folder.book(), &keys).unwrap();
    assert!(
        moved::owes(&store.reader, "kept").unwrap(),
        "it is the book"
    );
    let owed = moved::owes(&store.reader, NEW_KEY).unwrap();
    store.close().unwrap();
    assert!(!folder.new_book().exists(), "exactly one book is left");
    (*keys.database_salt(), owed)
}

#[test]
fn a_kill_at_any_step_leaves_one_book_that_opens() {
    let hardware = SoftwareKeys::new();
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::new(place.path());
    let (mut image, keys, mut store) = device(&folder, &hardware);
    let mut kills = Vec::new();
    let new = change_key(
        &folder,
        &mut image,
        &hardware,
        &keys,
        &mut store,
        &mut |step| {
            let killed = tempfile::tempdir().unwrap();
            copy(place.path(), killed.path());
            kills.push((step, killed));
        },
    )
    .unwrap();
    assert!(!moved::owes(&store.reader, NEW_KEY).unwrap());
    moved::owe(&store.writer, "written on").unwrap();
    store.close().unwrap();
    let steps: Vec<Step> = kills.iter().map(|(step, _)| *step).collect();
    assert_eq!(
        steps,
        [Step::Copied, Step::Stored, Step::Closed, Step::Replaced]
    );
    for (step, killed) in &kills {
        let folder = Folder::new(killed.path());
        let (salt, owed) = unlock(&folder, &hardware);
        let is_old = *step == Step::Copied;
        assert_eq!(salt == *keys.database_salt(), is_old, "{step:?}");
        assert_eq!(salt == *new.database_salt(), !is_old, "{step:?}");
        assert_eq!(
            owed, is_old,
            "{step:?}: what was not done is still to be done"
        );
        assert_eq!(unlock(&folder, &hardware), (salt, owed), "{step:?}, again");
    }
}

#[test]
fn a_copy_that_was_not_finished_does_not_count() {
    let hardware = SoftwareKeys::new();
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::new(place.path());
    let (_, keys, store) = device(&folder, &hardware);
    store.close().unwrap();
    let whole = std::fs::read(folder.book()).unwrap();
    for left in [0, 16, 4096, whole.len() - 1] {
        let mut part = whole[..left].to_vec();
        part.iter_mut().take(16).for_each(|byte| *byte ^= 0xff);
        std::fs::write(folder.new_book(), &part).unwrap();
        std::fs::write(place.path().join("book.new-wal"), b"torn").unwrap();
        assert_eq!(unlock(&folder, &hardware), (*keys.database_salt(), true));
    }
}

#[test]
fn a_keystore_that_does_not_answer_leaves_the_book_open_under_its_key() {
    let hardware = SoftwareKeys::new();
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::new(place.path());
    let (mut image, keys, mut store) = device(&folder, &hardware);
    let before = image.generation();
    // Another phone's keystore: this vault's key is not in it.
    let other = SoftwareKeys::new();
    let changed = change_key(&folder, &mut image, &other, &keys, &mut store, &mut |_| {});
    assert!(matches!(changed, Err(RekeyError::Later)));
    assert_eq!(image.generation(), before);
    assert!(moved::owes(&store.writer, NEW_KEY).unwrap());
    store.close().unwrap();
    assert_eq!(unlock(&folder, &hardware), (*keys.database_salt(), true));
}

#[test]
fn a_vault_that_cannot_be_stored_leaves_the_old_book() {
    let hardware = SoftwareKeys::new();
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::new(place.path());
    let (mut image, keys, mut store) = device(&folder, &hardware);
    // The vault is written beside and renamed; a folder in that place makes the writing fail.
    std::fs::create_dir(place.path().join("vault.a.new")).unwrap();
    let changed = change_key(
        &folder,
        &mut image,
        &hardware,
        &keys,
        &mut store,
        &mut |_| {},
    );
    assert!(matches!(changed, Err(RekeyError::Later)));
    moved::owe(&store.writer, "written on").unwrap();
    store.close().unwrap();
    std::fs::remove_dir(place.path().join("vault.a.new")).unwrap();
    assert_eq!(unlock(&folder, &hardware), (*keys.database_salt(), true));

    // With the first copy stored and the second not, the new key counts, and the change goes on.
    let mut store = Store::open(&folder.book(), &keys).unwrap();
    let mut image = read_vault(&folder).unwrap();
    std::fs::create_dir(place.path().join("vault.b.new")).unwrap();
    let changed = change_key(
        &folder,
        &mut image,
        &hardware,
        &keys,
        &mut store,
        &mut |_| {},
    );
    let new = changed.unwrap();
    assert!(moved::owes(&store.writer, "written on").unwrap());
    store.close().unwrap();
    std::fs::remove_dir(place.path().join("vault.b.new")).unwrap();
    assert_eq!(unlock(&folder, &hardware), (*new.database_salt(), false));
}
