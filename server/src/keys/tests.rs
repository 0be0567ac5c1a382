#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use std::os::unix::fs::PermissionsExt as _;

const ADDRESS: &str = "https://127.0.0.1:8443";

#[test]
fn init_makes_a_council_that_devices_can_check_and_nobody_else_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("council");
    let (keys, store) = ServerKeys::init(&place, "Fernmouth", ADDRESS).unwrap();
    let bundle = SignedBundle::decode(&keys.bundle).unwrap();
    let bundle = bundle.verify(&keys.root_fingerprint().unwrap()).unwrap();
    assert_eq!(bundle.council_name, "Fernmouth");
    assert_eq!(bundle.epoch.verify(&bundle.control).unwrap().number, 1);
    assert_eq!(bundle.receipt_key(1), Some(&keys.receipt.public()));
    let writer = store
        .read_with(|tx| tx.device(&keys.origin.device))
        .unwrap();
    assert!(writer.unwrap().is_writer);
    assert_eq!(
        fs::metadata(&place).unwrap().permissions().mode() & 0o777,
        0o700
    );
    for entry in fs::read_dir(&place).unwrap() {
        let entry = entry.unwrap();
        if !entry
            .file_name()
            .to_string_lossy()
            .starts_with("council.db")
        {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        }
    }
}

#[test]
fn the_server_runs_without_the_root_key_and_never_makes_a_council_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let (keys, store) = ServerKeys::init(folder.path(), "Fernmouth", ADDRESS).unwrap();
    drop(store);
    fs::remove_file(folder.path().join("root.key")).unwrap();
    let (again, _store) = ServerKeys::load(folder.path()).unwrap();
    assert_eq!(again.council, keys.council);
    assert!(matches!(
        ServerKeys::init(folder.path(), "Other", ADDRESS),
        Err(KeysError::Exists(_))
    ));
}

#[test]
fn a_certificate_about_to_end_is_made_again_under_the_same_root() {
    let folder = tempfile::tempdir().unwrap();
    let (mut keys, _store) = ServerKeys::init(folder.path(), "Fernmouth", ADDRESS).unwrap();
    let (first, _) = keys.tls_identity(crate::clock::system()()).unwrap();
    let later = WallMillis(keys.facts.tls_ends - 1);
    let (second, _) = keys.tls_identity(later).unwrap();
    assert_ne!(first, second);
    assert_eq!(keys.tls_identity(later).unwrap().0, second);
    let root = fs::read_to_string(folder.path().join("tls-root.crt")).unwrap();
    assert!(String::from_utf8(second).unwrap().ends_with(&root));
}

#[test]
fn addresses_that_are_not_are_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("council");
    for address in ["", "http://a", "ftp://a", "https://", "127.0.0.1:8443"] {
        assert!(matches!(
            ServerKeys::init(&place, "Fernmouth", address),
            Err(KeysError::BadAddress)
        ));
    }
    assert!(!place.exists());
}
