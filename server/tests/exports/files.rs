//! The files themselves: a moment asked for again, what is in none of them, failures, and a whole council to the letter.

use std::path::Path;

use visitbook_record::commit::RecordKind;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, Value};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_server::exports::{Asked, ExportError, export, layout};
use visitbook_server::import::import;
use visitbook_server::ingest;
use visitbook_server::store::StorageExt as _;

use crate::sandbury::*;
use crate::support::*;

#[test]
fn every_moment_can_be_exported_again() {
    let mut all = Sandbury::new();
    let morning = WallMillis(NOW.0 + HOUR);
    let ids = all.finished(
        DIPPER,
        1,
        &[
            ("visit_date", "2026-10-27"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    let put_right = vec![correction("visit_date", "2026-10-26", ids[0])];
    let body = under_this_form(&mut all.rowan, DIPPER, 1, put_right);
    let suite = &all.council.suite;
    all.council.tx(|tx| {
        ingest::ingest(
            tx,
            suite,
            COUNCIL,
            WallMillis(NOW.0 + 2 * HOUR),
            vec![(0, body)],
        )
    });
    let at = |as_of: WallMillis| Asked { as_of, ..ALL };
    assert_eq!(
        all.export_with(at(morning)).cp(DIPPER),
        [row("2026-10-27", ["Y", "Y", ""])]
    );
    assert_eq!(all.export().cp(DIPPER), [row("2026-10-26", ["Y", "Y", ""])]);
    let before = all.export_with(at(WallMillis(NOW.0 - HOUR)));
    assert!(before.rows(CP).is_empty() && before.rows(LIST_6).is_empty());
    let again = all.export_with(at(morning));
    assert_eq!(again.cp(DIPPER), [row("2026-10-27", ["Y", "Y", ""])]);
}

#[test]
fn days_limit_the_tables_of_visits_and_not_the_lists() {
    let mut all = Sandbury::new();
    for (number, date) in [(1, "2026-10-14"), (2, "2026-10-20"), (3, "2026-10-26")] {
        all.finished(
            DIPPER,
            number,
            &[
                ("visit_date", date),
                ("seen", "yes"),
                ("alone", "spoke_alone"),
            ],
        );
    }
    let from = "2026-10-15".parse().ok();
    let to = "2026-10-20".parse().ok();
    let out = all.export_with(Asked { from, to, ..ALL });
    assert_eq!(out.cp(DIPPER), [row("2026-10-20", ["Y", "Y", ""])]);
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Date of the Last Statutory Visit")
            .unwrap(),
        "26/10/2026"
    );
}

#[test]
fn what_a_child_said_and_what_anybody_wrote_is_in_no_file() {
    let mut all = Sandbury::new();
    let ids = all.finished(
        DIPPER,
        1,
        &[
            ("visit_date", "2026-10-27"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.put_right(
        DIPPER,
        1,
        vec![correction("visit_date", "2026-10-26", ids[0])],
    );
    let noted = Say(
        Kind::Assert,
        Policy::Risk,
        Target::field("bedroom"),
        vec![],
        Content::Value(Value {
            note: Some("SECRET-NOTE".to_owned()),
            ..Value::new("seen", "SECRET-LABEL")
        }),
    );
    all.say(DIPPER, 1, vec![noted]);
    let mut voice = all.rowan.draft(
        child(DIPPER),
        9,
        vec![Say(
            Kind::EntryAdd,
            Policy::Words,
            Target::element("words", "w1"),
            vec![],
            Content::Words("SECRET-WORDS".to_owned()),
        )],
    );
    voice.0.record_kind = RecordKind::Voice;
    let voice = all.rowan.seal(voice);
    all.council.upload(vec![voice]);
    let out = all.export();
    let mut bytes = serde_json::to_vec(&out.report).unwrap();
    for file in std::fs::read_dir(&out.folder).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("CDIPPER"));
    for secret in ["SECRET", "Dipper", "Teal", "SB9", "SC123"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn a_name_that_a_spreadsheet_would_run_is_disarmed_and_named() {
    let mut all = Sandbury::new();
    let text = "worker_id,name,team_name\nWOSIER,\"=HYPERLINK(\"\"x\"\",\"\"y\"\")\",\"-2+3\"\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("workers.csv"), text).unwrap();
    let writer = all.council.writer();
    import(
        &all.council.store,
        &all.council.suite,
        &writer,
        NOW,
        folder.path(),
    )
    .unwrap();
    let out = all.export();
    for (column, cell) in [
        ("Allocated Worker", "'=HYPERLINK(\"x\",\"y\")"),
        ("Allocated Team", "'-2+3"),
    ] {
        assert_eq!(out.cell(LIST_7, DIPPER, column).unwrap(), cell);
    }
    assert!(out.says(LIST_7, DIPPER, "no spreadsheet runs it"));
    for file in std::fs::read_dir(&out.folder).unwrap() {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_path(file.unwrap().path())
            .unwrap();
        for row in reader.records() {
            let row = row.unwrap();
            assert!(
                row.iter()
                    .all(|cell| !cell.starts_with(['=', '+', '-', '@'])),
                "{row:?}"
            );
        }
    }
}

#[test]
fn a_visit_that_few_may_see_is_counted_and_not_read() {
    let mut all = Sandbury::new();
    let mut draft = all.rowan.draft(child(DIPPER), 8, vec![fact("seen", "yes")]);
    draft.0.scope = Scope::Restricted(child(DIPPER));
    let body = all.rowan.seal(draft);
    all.council.upload(vec![body]);
    let out = all.export();
    assert!(out.rows(CP).is_empty());
    assert!(out.says("visits", "", "kept from all but a few people"));
    assert!(out.report.exceptions.iter().all(|e| e.row_key != record(8)));
}

#[test]
fn an_export_is_noted_and_leaves_nothing_when_it_fails() {
    let mut all = Sandbury::new();
    let out = all.export();
    let deeds = all.council.store.read_with(|tx| tx.deeds()).unwrap();
    let deed = deeds.last().unwrap();
    assert_eq!((deed.by, deed.at), (SAGE, LATER));
    assert!(
        deed.what.contains("ssd_cp_visits.csv 0") && deed.what.contains("export-1"),
        "{}",
        deed.what
    );

    let again = export(&all.council.store, LATER, SAGE, &ALL, &out.folder);
    assert!(matches!(again, Err(ExportError::Exists(_))));
    let early = export(
        &all.council.store,
        NOW,
        SAGE,
        &ALL,
        &all.folder.path().join("x"),
    );
    assert!(matches!(early, Err(ExportError::NotYet)));
    let backwards = Asked {
        from: "2026-10-02".parse().ok(),
        to: "2026-10-01".parse().ok(),
        ..ALL
    };
    let backwards = export(
        &all.council.store,
        LATER,
        SAGE,
        &backwards,
        &all.folder.path().join("x"),
    );
    assert!(matches!(backwards, Err(ExportError::Backwards)));

    // A store that cannot note the export gives none.
    let failing = support_store::CannotWrite(&all.council.store);
    let place = all.folder.path().join("failed");
    assert!(matches!(
        export(&failing, LATER, SAGE, &ALL, &place),
        Err(ExportError::Store(_))
    ));
    let mut names: Vec<String> = std::fs::read_dir(all.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".csv"))
        .collect();
    names.sort();
    assert_eq!(names, ["export-1"]);
}

mod support_store {
    use visitbook_server::store::{ReadWork, Storage, StoreError, WriteWork};

    /// Reads, and fails to write: a full disk.
    pub(super) struct CannotWrite<'a>(pub(super) &'a dyn Storage);

    impl Storage for CannotWrite<'_> {
        fn read(&self, work: ReadWork<'_>) -> Result<(), StoreError> {
            self.0.read(work)
        }

        fn write(&self, _: WriteWork<'_>) -> Result<(), StoreError> {
            Err(StoreError::Engine(13))
        }
    }
}

/// The files of the whole council, to the letter. To write them anew: `EXPORTS_GOLDEN=write cargo test -p visitbook-server --test exports`.
#[test]
fn the_files_of_sandbury_are_as_they_were() {
    let mut all = Sandbury::new();
    all.finished(
        DIPPER,
        1,
        &[
            ("seen", "yes"),
            ("alone", "spoke_alone"),
            ("bedroom", "seen"),
        ],
    );
    all.finished(
        SISKIN,
        2,
        &[
            ("seen", "yes"),
            ("alone", "not_alone"),
            ("bedroom", "not_seen"),
        ],
    );
    all.finished(
        SISKIN,
        3,
        &[("visit_date", "2026-10-19"), ("outcome", "no_answer")],
    );
    all.finished(
        TEAL,
        4,
        &[
            ("visit_date", "2026-09-15"),
            ("seen", "yes"),
            ("alone", "alone_not_talking"),
        ],
    );
    all.finished(SEDGE, 5, &[("seen", "unborn")]);
    all.finished(
        RAIL,
        6,
        &[
            ("visit_date", "2026-09-08"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.visited(
        DIPPER,
        7,
        &[
            ("visit_date", "2026-10-26"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    let out = all.export();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sandbury-exports");
    let names = layout::ALL
        .map(|table| table.file)
        .into_iter()
        .chain(["exceptions.csv"]);
    for name in names {
        let made = std::fs::read_to_string(out.folder.join(name)).unwrap();
        if std::env::var_os("EXPORTS_GOLDEN").is_some() {
            std::fs::create_dir_all(&golden).unwrap();
            std::fs::write(golden.join(name), &made).unwrap();
        }
        let kept = std::fs::read_to_string(golden.join(name)).unwrap();
        assert_eq!(made, kept, "{name}");
    }
    assert_eq!(std::fs::read_dir(&out.folder).unwrap().count(), 8);
}
