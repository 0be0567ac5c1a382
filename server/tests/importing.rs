//! Imports: the demonstration's families come in whole, twice changes nothing, and a changed file changes what it says.
#![cfg(feature = "service")]
#![allow(clippy::unwrap_used)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = false;

use std::path::Path;

use support::{COUNCIL, Council, NOW};
use visitbook_record::commit::Role;
use visitbook_record::id::{RecordId, WorkerId, derived_uuid};
use visitbook_record::op::Target;
use visitbook_server::import::{Report, import};
use visitbook_server::store::StorageExt as _;

fn fernmouth() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fernmouth")
}

fn bring_in(council: &Council, folder: &Path) -> Report {
    import(
        &council.store,
        &council.suite,
        &council.writer(),
        NOW,
        folder,
    )
    .unwrap()
}

fn child(code: &str) -> RecordId {
    RecordId(derived_uuid(COUNCIL, "child", code))
}

fn worker(code: &str) -> WorkerId {
    WorkerId(derived_uuid(COUNCIL, "worker", code))
}

fn standing(council: &Council, record: RecordId, target: &Target) -> Vec<String> {
    let ops = council
        .store
        .read_with(|tx| tx.ops_of_record(&record))
        .unwrap();
    let facts: Vec<_> = ops
        .into_iter()
        .map(|op| op.fact)
        .filter(|fact| fact.target == *target)
        .collect();
    visitbook_record::fold::live_shared(&facts)
        .into_iter()
        .filter_map(|i| facts[i].answer.code().map(str::to_owned))
        .collect()
}

#[test]
fn the_families_of_fernmouth_come_in_and_twice_changes_nothing() {
    let council = Council::new();
    let first = bring_in(&council, &fernmouth());
    assert_eq!(first.rejected, []);
    assert!(first.facts_written > 150, "{}", first.facts_written);
    let holders = council
        .store
        .read_with(|tx| tx.holders_of(&child("C-WREN")))
        .unwrap();
    let mut held: Vec<_> = holders.iter().map(|a| (a.worker, a.role)).collect();
    let mut expected = vec![
        (worker("W-ROWAN"), Role::Allocated),
        (worker("W-BRYONY"), Role::Joint),
        (worker("W-SAGE"), Role::Manager),
    ];
    held.sort_unstable();
    expected.sort_unstable();
    assert_eq!(held, expected);
    assert_eq!(
        standing(&council, child("C-WREN"), &Target::field("known_as")),
        ["Wren"]
    );

    let again = bring_in(&council, &fernmouth());
    assert_eq!(
        (
            again.facts_written,
            again.assignments_begun,
            again.assignments_ended
        ),
        (0, 0, 0)
    );
    assert_eq!(again.facts_unchanged, first.facts_written);
}

#[test]
fn an_updated_file_updates_and_a_stranger_is_reported_with_its_row() {
    let council = Council::new();
    bring_in(&council, &fernmouth());
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "children.csv",
        "child_id,known_as,postcode\nC-WREN,Wren,FM8 8HH\n",
    );
    write(
        "periods.csv",
        "child_id,kind,start\nC-WREN,cin,2026-10-20\nC-NOBODY,cin,2026-10-20\n",
    );
    write(
        "involvements.csv",
        "child_id,worker_id,role,end\nC-WREN,W-BRYONY,joint,2026-10-20\nC-WREN,W-NOBODY,joint,\nC-WREN,W-ROWAN,friend,\n",
    );
    let report = bring_in(&council, folder.path());
    assert_eq!(
        standing(&council, child("C-WREN"), &Target::field("postcode")),
        ["FM8 8HH"]
    );
    assert_eq!(
        standing(
            &council,
            child("C-WREN"),
            &Target::part("period", "cin:2026-10-20", "kind")
        ),
        ["cin"]
    );
    assert_eq!(report.assignments_ended, 1);
    let places: Vec<_> = report
        .rejected
        .iter()
        .map(|r| (r.file.as_str(), r.row, r.column.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            ("involvements.csv", 4, "role"),
            ("periods.csv", 3, "child_id"),
            ("involvements.csv", 3, "worker_id")
        ]
    );
}
