//! The store by itself: what its tables refuse, what its connections refuse, and that its layout is the one agreed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use rusqlite::{Connection, params};
use visitbook_record::cbor::encode;
use visitbook_record::commit::Role;
use visitbook_record::id::{CommitHash, OpId, RecordId, Salt, WorkerId};
use visitbook_record::op::Target;
use visitbook_record::payload::{Content, Payload};
use visitbook_record::scope::LogPosition;
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_seal::hardware::SoftwareKeys;
use visitbook_seal::vault::{self, Params, VaultIds, VaultKeys};

use super::open::{
    MIGRATIONS, SCHEMA_VERSION, Store, StoreError, create, migrate, plain_for_tests,
};
use super::rows::number_of;
use super::{log, moved, removed, search};

fn keys() -> VaultKeys {
    let ids = VaultIds {
        vault: [1; 16],
        device: [2; 16],
        account: [3; 16],
    };
    let made = vault::create(
        &SoftwareKeys::new(),
        b"482917",
        Params::fast_for_tests(),
        ids,
    );
    made.ok().unwrap().1
}

fn fill(db: &Connection) -> Result<(), StoreError> {
    db.execute_batch(
        "INSERT INTO meta VALUES (1, x'01010101010101010101010101010101', 1, 1, x'00', x'00', x'00', '', x'00', x'00', x'00',
            x'00', 0, NULL, NULL, NULL, NULL, NULL, 0, 1, NULL, 0);
         INSERT INTO scope VALUES (1, x'01', 1, 0, NULL, NULL, NULL, zeroblob(32));
         INSERT INTO record VALUES (1, x'02', 2, 1, x'00');
         INSERT INTO signed VALUES (1, x'03', 1, 1, 0, x'00', x'00', x'00', x'00', 1, 1);
         INSERT INTO op VALUES (1, x'04', 1, 1, x'00', 4, 0, x'00', 0, x'80', 0, NULL);
         INSERT INTO payload VALUES (1, x'05', x'06');",
    )?;
    Ok(())
}

fn store(folder: &Path, keys: &VaultKeys) -> Store {
    let path = folder.join("book.db");
    create(&path, keys, fill).unwrap();
    Store::open(&path, keys).unwrap()
}

#[test]
fn the_log_is_append_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &keys());
    for attempt in [
        "UPDATE signed SET bytes = x'ff'",
        "DELETE FROM signed",
        "UPDATE op SET kind = 5",
        "DELETE FROM op WHERE no = 1",
        "INSERT OR REPLACE INTO op VALUES (1, x'04', 1, 1, x'00', 5, 0, x'00', 0, x'80', 0, NULL)",
    ] {
        assert!(
            store.writer.execute_batch(attempt).is_err(),
            "{attempt} passed"
        );
    }
    let kind: i64 = store
        .writer
        .query_row("SELECT kind FROM op", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kind, 4);
    // Words can be removed, by redaction; the statement about them stays.
    store.writer.execute("DELETE FROM payload", []).unwrap();
}

#[test]
fn no_other_file_can_be_reached_and_no_setting_changed() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &keys());
    let beside = folder.path().join("beside.db");
    let attach = format!("ATTACH '{}' AS other", beside.display());
    let vacuum = format!("VACUUM INTO '{}'", beside.display());
    for attempt in [
        attach.as_str(),
        vacuum.as_str(),
        "DETACH main",
        "SELECT load_extension('x')",
        "PRAGMA writable_schema = ON",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA synchronous = OFF",
        "PRAGMA cipher_hmac_pgno = le",
        "PRAGMA key = 'x'",
        "PRAGMA rekey = 'x'",
        "PRAGMA temp_store_directory = '/tmp'",
        "UPDATE sqlite_master SET sql = ''",
    ] {
        for (name, db) in [("writer", &store.writer), ("reader", &store.reader)] {
            assert!(
                db.execute_batch(attempt).is_err(),
                "{name}: {attempt} passed"
            );
        }
    }
    assert!(!beside.exists());
    for attempt in [
        "DELETE FROM payload",
        "INSERT INTO found (rowid, text) VALUES (9, 'x')",
    ] {
        assert!(
            store.reader.execute_batch(attempt).is_err(),
            "{attempt} passed"
        );
    }
}

#[test]
fn the_settings_are_those_of_the_threat_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let keys = keys();
    create(&path, &keys, fill).unwrap();
    let db = super::open::connect_for_tests(&path, &keys).unwrap();
    let text = |pragma: &str| -> String {
        db.query_row(&format!("PRAGMA {pragma}"), [], |row| {
            row.get::<_, rusqlite::types::Value>(0)
        })
        .map(|value| match value {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            _ => String::new(),
        })
        .unwrap()
    };
    for (pragma, expected) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("recursive_triggers", "1"),
        ("secure_delete", "1"),
        ("cell_size_check", "1"),
        ("cache_size", "-16000"),
        ("page_size", "4096"),
        ("temp_store", "2"),
        ("auto_vacuum", "0"),
        ("fullfsync", "1"),
        ("checkpoint_fullfsync", "1"),
        ("cipher_page_size", "4096"),
    ] {
        assert_eq!(text(pragma), expected, "{pragma}");
    }
    assert!(
        text("cipher_version").starts_with("4."),
        "SQLCipher is linked"
    );
}

/// The layout, as SQLite itself tells it. A change here is a migration, and needs a new version.
#[test]
fn the_layout_is_the_golden_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &keys());
    let mut query = store
        .reader
        .prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
        .unwrap();
    let lines: Vec<String> = query
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let layout = format!("version {SCHEMA_VERSION}\n{}\n", lines.join("\n"));
    let golden = include_str!("golden.txt");
    if layout != golden {
        let made = std::env::temp_dir().join("visitbook-layout.txt");
        std::fs::write(&made, &layout).unwrap();
        panic!("the layout has changed; it is now in {}", made.display());
    }
    let version: i64 = store
        .writer
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, SCHEMA_VERSION);
}

#[test]
fn a_newer_layout_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys();
    let path = folder.path().join("book.db");
    create(&path, &keys, |db| {
        fill(db)?;
        db.pragma_update(None, "user_version", SCHEMA_VERSION + 1)?;
        Ok(())
    })
    .unwrap();
    assert!(matches!(
        Store::open(&path, &keys).err().unwrap(),
        StoreError::NewerVersion
    ));
}

#[test]
fn an_older_layout_is_brought_up_whole_or_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys();
    store(folder.path(), &keys).close().unwrap();
    let path = folder.path().join("book.db");
    let version = |db: &Connection| -> i64 {
        db.pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap()
    };
    let mut steps = MIGRATIONS.to_vec();
    assert_eq!(i64::try_from(steps.len()).unwrap(), SCHEMA_VERSION);
    steps.push("CREATE TABLE next (a INTEGER) STRICT; CREATE TABLE next (a INTEGER) STRICT;");
    let mut db = super::open::connect_for_tests(&path, &keys).unwrap();
    assert!(migrate(&mut db, &steps).is_err());
    assert_eq!(version(&db), SCHEMA_VERSION);
    assert!(db.prepare("SELECT * FROM next").is_err());
    drop(db);
    Store::open(&path, &keys).unwrap().close().unwrap();

    *steps.last_mut().unwrap() = "CREATE TABLE next (a INTEGER) STRICT;";
    let mut db = super::open::connect_for_tests(&path, &keys).unwrap();
    migrate(&mut db, &steps).unwrap();
    assert_eq!(version(&db), SCHEMA_VERSION + 1);
    let words: i64 = db
        .query_row("SELECT count(*) FROM payload", [], |row| row.get(0))
        .unwrap();
    assert_eq!(words, 1);
    drop(db);
    assert!(matches!(
        Store::open(&path, &keys).err().unwrap(),
        StoreError::NewerVersion
    ));
}

#[test]
fn every_flipped_page_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys();
    store(folder.path(), &keys).close().unwrap();
    let path = folder.path().join("book.db");
    let whole = std::fs::read(&path).unwrap();
    for page in 0..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096 + 1000] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let noticed = match Store::open(&path, &keys) {
            Err(error) => matches!(error, StoreError::Damaged),
            Ok(store) => {
                let mut query = store
                    .reader
                    .prepare("PRAGMA cipher_integrity_check")
                    .unwrap();
                query.exists([]).unwrap()
            }
        };
        assert!(noticed, "page {page}");
        for suffix in ["-wal", "-shm"] {
            let mut beside = path.as_os_str().to_owned();
            beside.push(suffix);
            let _ = std::fs::remove_file(beside);
        }
    }
}

#[test]
fn the_search_index_forgets_what_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &keys());
    let config: String = store
        .writer
        .query_row(
            "SELECT v FROM found_config WHERE k = 'secure-delete'",
            [],
            |row| row.get::<_, i64>(0).map(|v| v.to_string()),
        )
        .unwrap();
    assert_eq!(config, "1");
    store
        .writer
        .execute_batch("INSERT INTO found (rowid, text) VALUES (1, 'bottle'); DELETE FROM found WHERE rowid = 1;")
        .unwrap();
    let matches = |db: &Connection| -> i64 {
        db.query_row(
            "SELECT count(*) FROM found WHERE found MATCH '\"bottle\"*'",
            [],
            |row| row.get(0),
        )
        .unwrap()
    };
    assert_eq!(matches(&store.writer), 0);
}

#[test]
fn only_a_purge_passes_and_only_what_has_a_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path(), &keys());
    let link = "INSERT INTO kept VALUES (x'03', x'00', 1, NULL, 1, 1, 0, 1)";
    let attempt = |db: &mut Connection, steps: &[&str]| -> bool {
        let transaction = db.transaction().unwrap();
        let passed = steps
            .iter()
            .all(|step| transaction.execute_batch(step).is_ok());
        drop(transaction);
        passed
    };
    let purge = ["INSERT INTO purging VALUES (1)", "DELETE FROM payload"];
    let gone = [
        "DELETE FROM op",
        "DELETE FROM received",
        "DELETE FROM signed",
    ];
    let receipt = [
        "INSERT INTO receipt VALUES (1, x'07', 1, NULL, x'00', x'00')",
        "INSERT INTO received VALUES (1, 1, 1, 0, 1)",
    ];
    let db = &mut store.writer;
    assert!(!attempt(db, &[link]), "no link without a receipt");
    assert!(!attempt(db, &[&purge[..], &gone[..]].concat()));
    let without_link = [&purge[..], &receipt[..], &gone[..]].concat();
    assert!(!attempt(db, &without_link), "an own commit leaves its link");
    let without_purge = [&["DELETE FROM payload"], &receipt[..], &[link], &gone[..]].concat();
    assert!(!attempt(db, &without_purge), "only in a purge");
    let whole = [&purge[..], &receipt[..], &[link], &gone[..]].concat();
    assert!(attempt(db, &whole), "and so it passes");
    let unlink = [&receipt[..], &[link], &["DELETE FROM kept"]].concat();
    assert!(attempt(db, &unlink), "a commit that is there needs no link");
    let lost = [&whole[..], &["DELETE FROM kept"]].concat();
    assert!(!attempt(db, &lost), "the link of one that is gone stays");
}

/// Two copies of a device wrote under one number, and said exactly the same: one statement, in two commits that both stay.
#[test]
fn what_two_commits_say_under_one_number_stands_once() {
    use visitbook_record::cbor::encode;
    use visitbook_record::commit::{Clocks, Commit, Origin, RecordKind, Role};
    use visitbook_record::id::{BootId, CouncilId, DeviceId, Incarnation, RecordId, WorkerId};
    use visitbook_record::op::{Kind, Op, Policy, Target};
    use visitbook_record::scope::Scope;
    use visitbook_record::time::{MonotonicMillis, WallMillis};
    use visitbook_record::wire::Signed;

    use super::log::{insert_commit, op_row, ops_of};

    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path(), &keys());
    let worker = WorkerId([0xa1; 16]);
    let say = |what: &str| Op {
        kind: Kind::Purged,
        policy: Policy::Ordinary,
        target: Target::element("purged", what),
        replaces: vec![],
        typed_at: None,
        payload: None,
    };
    let commit = |wall: i64, ops: Vec<Op>| Commit {
        format: Commit::FORMAT,
        council: CouncilId([1; 16]),
        origin: Origin {
            device: DeviceId([2; 16]),
            incarnation: Incarnation([3; 16]),
        },
        seq: 7,
        previous: None,
        record: RecordId(worker.0),
        record_kind: RecordKind::Worker,
        scope: Scope::Worker(worker),
        author: worker,
        acting_as: Role::Allocated,
        catalogue: 1,
        clocks: Clocks {
            wall: WallMillis(wall),
            monotonic: MonotonicMillis(0),
            boot: BootId([0; 16]),
        },
        receipt_seen: None,
        assignment_seen: None,
        app_build: String::new(),
        ops,
    };
    let transaction = store.writer.transaction().unwrap();
    let put = |commit: &Commit| {
        let bytes = encode(commit);
        let hash = Commit::hash_of(&bytes);
        let signature = vec![0; 64];
        let exact = Signed { bytes, signature };
        insert_commit(&transaction, commit, &exact, hash, true, &[]).unwrap()
    };
    let first = put(&commit(1, vec![say("wren")]));
    let second = put(&commit(2, vec![say("wren"), say("finch")]));
    assert_ne!(first.signed, second.signed);
    assert_eq!(first.ops[0], second.ops[0]);
    assert_eq!(second.ops.len(), 2);
    assert_eq!(ops_of(&transaction, first.signed).unwrap(), first.ops);
    assert_eq!(
        ops_of(&transaction, second.signed).unwrap(),
        second.ops[1..]
    );
    let (no, ..) = op_row(&transaction, &first.ops[0].0).unwrap().unwrap();
    assert_eq!(no, first.ops[0].1);
}

/// A book in clear, so that its pages can be searched: of words that were removed no page, no index and no log of the engine keeps
/// anything, and they are not taken in again.
#[test]
fn words_that_were_removed_are_in_no_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.db");
    let db = plain_for_tests(&path).unwrap();
    fill(&db).unwrap();
    let (op, record, person) = (OpId([4; 32]), RecordId([2; 16]), [3_u8; 16]);
    let text = Content::Text {
        text: "wagtailcanary ".repeat(2_000),
        cut_off: false,
    };
    let payload = Payload::new(Salt([1; 16]), &text);
    db.execute(
        "INSERT INTO record VALUES (2, ?1, 2, 1, ?2)",
        params![record.0, person],
    )
    .unwrap();
    db.execute(
        "INSERT INTO op VALUES (2, ?1, 1, 2, ?2, 1, 0, ?3, ?4, x'80', 0, ?5)",
        params![
            op.0,
            encode(&Target::element("saw", "n1")),
            person,
            number_of(&Role::Allocated),
            payload.hash().0
        ],
    )
    .unwrap();
    assert!(log::insert_payload(&db, 2, &payload).unwrap());
    search::index_new(&db).unwrap();
    let on_disk = || {
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        let mut all = Vec::new();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            all.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        all.windows(13)
            .filter(|window| window == b"wagtailcanary")
            .count()
    };
    assert!(on_disk() > 1_900, "what the ends of pages do not cut");
    assert_eq!(
        removed::carry_out(&db, &OpId([9; 32]), record, &op, None).unwrap(),
        record
    );
    search::index_new(&db).unwrap();
    assert_eq!(on_disk(), 0);
    assert!(!log::insert_payload(&db, 2, &payload).unwrap());
    assert_eq!(on_disk(), 0);
    assert!(removed::still_here(&db).unwrap().is_empty());
    assert!(log::statement(&db, &op).unwrap().unwrap().removed);
    assert!(db.execute("DELETE FROM removed", []).is_err());
}

/// After a restore a verdict may have counted since an earlier epoch than the one in whose log it stands.
#[test]
fn a_late_receipt_changes_nothing_and_what_is_said_twice_counts_since_it_was_first_said() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &keys());
    let db = &store.writer;
    let at = |epoch, position| LogPosition { epoch, position };
    let aside = Verdict::Quarantined {
        reason: Reason::NotHeld,
        owner: WorkerId([7; 16]),
    };
    let stands = || {
        let sql = "SELECT verdict, epoch, position FROM verdict WHERE op = 1";
        db.query_row(sql, [], |row| {
            let verdict: Vec<u8> = row.get(0)?;
            let verdict: Verdict = visitbook_record::cbor::decode(&verdict).unwrap();
            Ok((verdict, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })
        .unwrap()
    };
    let set = |verdict: &Verdict, at, counts| {
        log::set_verdict(db, 1, verdict, at, counts).unwrap();
    };
    set(&Verdict::Applied, at(1, 9), true);
    set(&Verdict::Applied, at(1, 12), true);
    assert_eq!(stands(), (Verdict::Applied, 1, 9));
    // A restored council had lost it, judges anew, and then by the receipt that somebody brings.
    set(&aside, at(2, 3), true);
    assert_eq!(stands(), (aside.clone(), 2, 3));
    set(&Verdict::Applied, at(2, 5), true);
    db.execute("UPDATE verdict SET epoch = 1, position = 9", [])
        .unwrap();
    set(&aside, at(2, 3), false);
    assert_eq!(stands(), (Verdict::Applied, 1, 9));
    // The child has moved, and a notice said that the statement was placed.
    db.execute(
        "UPDATE verdict SET counted = NULL, epoch = 2, position = 3",
        [],
    )
    .unwrap();
    set(&aside, at(2, 3), false);
    assert_eq!(stands(), (Verdict::Applied, 2, 3));
}

/// A restored council may have an own commit that was purged here at another place than the one that the old receipt names.
#[test]
fn a_purged_commit_that_comes_back_stands_where_the_council_has_it_now() {
    let at = |epoch, position| LogPosition { epoch, position };
    // The words are here; then they have not come back, and sending it without them would set it aside.
    let no_words =
        "INSERT INTO op VALUES (2, x'0a', 2, 1, x'00', 4, 0, x'00', 0, x'80', 0, x'0b');";
    for (now, op, receipt, earlier) in [
        (at(1, 4), "", Some(1), 0),
        (at(2, 3), "", None, 1),
        (at(2, 3), no_words, Some(1), 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), &keys());
        let db = &store.writer;
        let hash = CommitHash([9; 32]);
        db.execute_batch(&format!(
            "INSERT INTO receipt VALUES (1, x'07', 1, NULL, x'00', x'00');
             INSERT INTO signed VALUES (2, x'{hash}', 1, 1, 0, x'00', x'00', x'00', x'00', 2, 1);
             INSERT INTO received VALUES (2, 1, 4, 0, 1);
             INSERT INTO kept VALUES (x'{hash}', x'00', 1, NULL, 1, 4, 0, 1);
             DELETE FROM received WHERE signed = 2; {op}"
        ))
        .unwrap();
        assert!(moved::bring_back(db, &hash, 2, now, WallMillis(0)).unwrap());
        let sql = "SELECT receipt FROM received WHERE signed = 2 AND epoch = ?1 AND position = ?2";
        let place = params![now.epoch.cast_signed(), now.position.cast_signed()];
        let stands: Option<i64> = db.query_row(sql, place, |row| row.get(0)).unwrap();
        assert_eq!(stands, receipt);
        let count = |table: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM {table}");
            db.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        assert_eq!((count("earlier"), count("kept")), (earlier, 0));
    }
}
