#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;
use visitbook_record::digest::ScopeDigest;
use visitbook_record::id::CommitHash;
use visitbook_record::scope::Scope;
use visitbook_seal::secret::{Secret32, random};

use super::{OpenError, SqliteStore};
use crate::store::{
    Entry, ReadTx, ReadWork, Storage, StorageExt, StoreError, WriteWork, conformance,
};

/// A store that takes its folder with it.
struct InFolder {
    store: SqliteStore,
    _folder: TempDir,
}

impl Storage for InFolder {
    fn read(&self, work: ReadWork<'_>) -> Result<(), StoreError> {
        self.store.read(work)
    }

    fn write(&self, work: WriteWork<'_>) -> Result<(), StoreError> {
        self.store.write(work)
    }
}

fn place() -> (TempDir, PathBuf, Secret32, Secret32) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("council.db");
    (folder, path, random().unwrap(), random().unwrap())
}

#[test]
fn the_embedded_store_conforms() {
    conformance::check(|| {
        let (folder, path, key, master) = place();
        InFolder {
            store: SqliteStore::create(&path, &key, &master).unwrap(),
            _folder: folder,
        }
    });
}

fn append(store: &SqliteStore, n: u8) -> u64 {
    let entry = Entry::Commit(CommitHash([n; 32]));
    store
        .write_with::<_, StoreError>(|tx| {
            tx.append(&Scope::Council, &entry, &[], &ScopeDigest::default())
        })
        .unwrap()
        .position
}

#[test]
fn two_processes_on_one_file_take_turns() {
    let (_folder, path, key, master) = place();
    let serving = SqliteStore::create(&path, &key, &master).unwrap();
    let command = SqliteStore::open(&path, &key, &master).unwrap();
    let positions: Vec<u64> = std::thread::scope(|scope| {
        let threads = [&serving, &command].map(|store| {
            scope.spawn(move || (0..25).map(|n| append(store, n)).collect::<Vec<_>>())
        });
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect()
    });
    let mut sorted = positions.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=50).collect::<Vec<_>>());
}

#[test]
fn what_was_committed_is_there_after_the_process_is_gone() {
    let (_folder, path, key, master) = place();
    let store = SqliteStore::create(&path, &key, &master).unwrap();
    append(&store, 1);
    // As a kill leaves it: no close, no checkpoint, the write-ahead log as it lies.
    std::mem::forget(store);
    let again = SqliteStore::open(&path, &key, &master).unwrap();
    let last = again
        .read_with(|tx: &dyn ReadTx| tx.last(&Scope::Council))
        .unwrap();
    assert_eq!(last.unwrap().0.position, 1);
    assert_eq!(again.integrity().unwrap(), Vec::<String>::new());
    again.checkpoint().unwrap();
}

/// The files of a database, as they lie on the disk at this moment.
fn as_they_lie(path: &std::path::Path) -> Vec<(PathBuf, Vec<u8>)> {
    let all = std::fs::read_dir(path.parent().unwrap()).unwrap();
    all.map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_database_that_lacks_what_was_committed_does_not_open() {
    let (folder, path, key, master) = place();
    let store = SqliteStore::create(&path, &key, &master).unwrap();
    append(&store, 1);
    store.checkpoint().unwrap();
    let older = as_they_lie(&path);
    append(&store, 2);
    // As a kill leaves it: what was added last is in the write-ahead log alone.
    let newer = as_they_lie(&path);
    drop(store);
    let put_back = |files: &[(PathBuf, Vec<u8>)], without: &[&str]| {
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (path, bytes) in files {
            let name = path.file_name().unwrap().to_str().unwrap();
            if !without.contains(&name) {
                std::fs::write(path, bytes).unwrap();
            }
        }
    };
    let open = || SqliteStore::open(&path, &key, &master);

    put_back(&newer, &["council.db-wal", "council.db-shm"]);
    assert!(matches!(open(), Err(OpenError::WentBack)));
    put_back(&newer, &[]);
    let note = folder.path().join("council.db-newest");
    let noted = std::fs::read(&note).unwrap();
    put_back(&older, &["council.db-newest"]);
    std::fs::write(&note, &noted).unwrap();
    assert!(matches!(open(), Err(OpenError::WentBack)));

    // A back-up can still be made of what is left, to be restored as a new epoch.
    let copy = folder.path().join("copy.db");
    SqliteStore::copy(&path, &key, &copy, &key).unwrap();

    for harmless in [&older[..], &newer[..]] {
        put_back(harmless, &["council.db-shm"]);
        assert_eq!(
            append(&open().unwrap(), 3),
            if harmless == older { 2 } else { 3 }
        );
    }
    for harm in [
        Some(&noted[..0]),
        Some(&noted[..100]),
        Some(&[7; 256]),
        None,
    ] {
        put_back(&newer, &["council.db-newest"]);
        if let Some(bytes) = harm {
            std::fs::write(&note, bytes).unwrap();
        }
        append(&open().unwrap(), 3);
        let made = std::fs::read(&note).unwrap();
        assert_eq!(made.len(), noted.len());
        assert_ne!(made, noted);
    }
}

#[test]
fn a_wrong_key_a_missing_file_and_a_newer_schema_are_three_errors_and_change_nothing() {
    let (folder, path, key, master) = place();
    drop(SqliteStore::create(&path, &key, &master).unwrap());
    let before = std::fs::read(&path).unwrap();
    let wrong = random().unwrap();
    assert!(matches!(
        SqliteStore::open(&path, &wrong, &master),
        Err(OpenError::WrongKey)
    ));
    assert!(matches!(
        SqliteStore::create(&path, &key, &master),
        Err(OpenError::Exists(_))
    ));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let nowhere = folder.path().join("other.db");
    assert!(matches!(
        SqliteStore::open(&nowhere, &key, &master),
        Err(OpenError::NotThere(_))
    ));
    assert!(!nowhere.exists());

    let db = super::connect(&path, &key, rusqlite::OpenFlags::empty()).unwrap();
    db.execute("UPDATE meta SET value = '2' WHERE key = 'schema'", [])
        .unwrap();
    drop(db);
    assert!(
        matches!(SqliteStore::open(&path, &key, &master), Err(OpenError::OtherSchema(v)) if v == "2")
    );
}

#[test]
fn without_the_key_the_file_is_noise() {
    let (_folder, path, key, master) = place();
    let store = SqliteStore::create(&path, &key, &master).unwrap();
    store
        .write_with::<_, StoreError>(|tx| {
            tx.put_worker(crate::store::Worker {
                id: visitbook_record::id::WorkerId([1; 16]),
                code: "CANARY-IN-A-CODE".to_owned(),
                manager: None,
            })
        })
        .unwrap();
    store.checkpoint().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(6).any(|w| w == b"CANARY"));
    assert!(!bytes.starts_with(b"SQLite format 3"));
    let plain = Connection::open(&path).unwrap();
    assert!(
        plain
            .query_row("SELECT 1 FROM meta", [], |_| Ok(()))
            .is_err()
    );
}

/// The layout, as SQLite itself tells it. A change here is a new step, and needs a new version.
#[test]
fn the_layout_is_the_golden_one() {
    let (folder, path, key, master) = place();
    drop(SqliteStore::create(&path, &key, &master).unwrap());
    let db = super::connect(&path, &key, rusqlite::OpenFlags::empty()).unwrap();
    let mut query = db
        .prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
        .unwrap();
    let lines: Vec<String> = query
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let layout = format!("version {}\n{}\n", super::SCHEMA_VERSION, lines.join("\n"));
    if layout != include_str!("golden.txt") {
        let made = folder.keep().join("layout.txt");
        std::fs::write(&made, &layout).unwrap();
        panic!("the layout has changed; it is now in {}", made.display());
    }
}

#[test]
fn an_older_file_is_brought_up_whole_or_left_as_it_was() {
    let (_folder, path, key, master) = place();
    append(&SqliteStore::create(&path, &key, &master).unwrap(), 1);
    let open = || super::connect(&path, &key, rusqlite::OpenFlags::empty()).unwrap();
    let value = |db: &Connection, key: &str| -> String {
        let query = "SELECT value FROM meta WHERE key = ?1";
        db.query_row(query, [key], |row| row.get(0)).unwrap()
    };
    let bad = [
        super::STEPS[0],
        "CREATE TABLE next (a INTEGER); CREATE TABLE next (a INTEGER);",
    ];
    let db = open();
    assert!(super::step_up(&db, 1, &bad).is_err());
    drop(db);
    let db = open();
    assert_eq!(value(&db, "schema"), "1");
    assert!(db.prepare("SELECT * FROM next").is_err());
    drop(db);
    assert!(SqliteStore::open(&path, &key, &master).is_ok());

    let good = [super::STEPS[0], "CREATE TABLE next (a INTEGER) STRICT;"];
    let db = open();
    super::step_up(&db, 1, &good).unwrap();
    assert_eq!(
        (value(&db, "schema"), value(&db, "epoch")),
        ("2".to_owned(), "1".to_owned())
    );
    let rows: i64 = db
        .query_row("SELECT count(*) FROM log", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1);
    drop(db);
    assert!(matches!(
        SqliteStore::open(&path, &key, &master),
        Err(OpenError::OtherSchema(_))
    ));
}
