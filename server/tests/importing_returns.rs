//! National returns: what they come to in the record, twice and year after year, and files that are not what they seem.
#![cfg(feature = "service")]
#![allow(clippy::unwrap_used)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = false;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use support::{COUNCIL, Council, NOW, ROWAN, Say};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::fold::live_shared;
use visitbook_record::id::{RecordId, derived_uuid};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, Value};
use visitbook_record::scope::Scope;
use visitbook_server::import::{ImportError, Report, import};
use visitbook_server::store::{StorageExt as _, StoreError};

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/returns")
        .join(name)
}

fn bring_in(council: &Council, path: &Path) -> Report {
    try_in(council, path).unwrap()
}

fn try_in(council: &Council, path: &Path) -> Result<Report, ImportError> {
    import(&council.store, &council.suite, &council.writer(), NOW, path)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn child(code: &str) -> RecordId {
    RecordId(derived_uuid(COUNCIL, "child", code))
}

/// What stands in a child's record, by target as `field`, `field/element` or `field/element/part`; with several values all.
fn standing(council: &Council, code: &str) -> BTreeMap<String, String> {
    let ops = council
        .store
        .read_with(|tx| tx.ops_of_record(&child(code)))
        .unwrap();
    let mut by_target: BTreeMap<Target, Vec<_>> = BTreeMap::new();
    for op in ops {
        by_target
            .entry(op.fact.target.clone())
            .or_default()
            .push(op.fact);
    }
    let name = |target: &Target| {
        let parts = [Some(target.name()), target.element_id(), target.part_name()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/")
    };
    by_target
        .iter()
        .map(|(target, facts)| {
            let mut codes: Vec<&str> = live_shared(facts)
                .into_iter()
                .filter_map(|place| facts[place].answer.code())
                .collect();
            codes.sort_unstable();
            (name(target), codes.join(" | "))
        })
        .collect()
}

fn expect(found: &BTreeMap<String, String>, wanted: &[(&str, &str)]) {
    for (target, value) in wanted {
        assert_eq!(
            found.get(*target).map_or("", String::as_str),
            *value,
            "{target}"
        );
    }
}

fn places(report: &Report) -> Vec<(&str, u64, &str)> {
    report
        .rejected
        .iter()
        .map(|r| (r.file.as_str(), r.row, r.column.as_str()))
        .collect()
}

/// Nothing changes, and no commit is made.
fn changes_nothing(council: &Council, path: &Path) {
    let again = bring_in(council, path);
    assert_eq!((again.facts_written, again.commits), (0, 0));
    assert_eq!((again.assignments_begun, again.assignments_ended), (0, 0));
    assert!(again.facts_unchanged > 0);
}

#[test]
fn a_return_on_looked_after_children_comes_in_and_twice_changes_nothing() {
    let council = Council::new();
    let report = bring_in(&council, &fixtures("ssda903"));
    let linnet = standing(&council, "LINNET1");
    expect(
        &linnet,
        &[
            ("code", "LINNET1"),
            ("sex", "F"),
            ("dob", "2012-03-14"),
            ("upn", "H801200001001"),
            ("sdq_score", "17"),
            ("period/cla:2026-01-12/kind", "cla"),
            ("period/cla:2026-01-12/start", "2026-01-12"),
            ("period/cla:2026-01-12/legal_status", "C1"),
            ("period/cla:2026-01-12/legal_status_start", "2026-03-01"),
            ("period/cla:2026-01-12/placement_start", "2026-03-01"),
            ("period/cla:2026-01-12/placement_urn", "7654321"),
            ("period/cla:2026-01-12/placement_postcode", "FM5 5EE"),
            ("period/cla:2026-01-12/first_review", "2026-02-09"),
            ("period/cla:2026-01-12/last_review", "2026-05-04"),
            ("placement/placement:2026-01-12/end", "2026-03-01"),
            ("placement/placement:2026-01-12/change_reason", "CARPL"),
            ("placement/placement:2026-03-01/period", "cla:2026-01-12"),
            ("legal_status/legal:2026-03-01/status", "C1"),
            ("review/cla:2026-05-04/participation", "PN6"),
            ("missing/missing:2026-05-20/end", "2026-05-22"),
        ],
    );
    assert!(!linnet.contains_key("period/cla:2026-01-12/end"));
    expect(
        &standing(&council, "DUNLIN2"),
        &[
            ("upn_unknown", "UN3"),
            ("uasc", "yes"),
            ("adoption_decided", "2026-06-01"),
            ("adoption_ended_because", "RD3"),
            ("period/cla:2026-04-20/placement_type", "U4"),
        ],
    );
    let grebe = standing(&council, "GREBE3");
    expect(
        &grebe,
        &[
            ("period/cla:2026-02-05/end", "2026-06-09"),
            ("period/cla:2026-02-05/end_reason", "E4A"),
            ("review/cla:2026-03-03/on", "2026-03-03"),
        ],
    );
    assert!(!grebe.contains_key("ethnicity") && !grebe.contains_key("upn"));
    assert_eq!(
        places(&report),
        [
            ("reviews.csv", 4, "REVIEW_CODE"),
            ("header.csv", 4, "ETHNIC"),
            ("header.csv", 4, "UPN"),
            ("header.csv", 5, "DOB"),
            ("header.csv", 6, "CHILD"),
            ("episodes.csv", 6, "DEC"),
            ("episodes.csv", 7, "CHILD"),
            ("episodes.csv", 8, "CHILD"),
        ]
    );
    assert_eq!((report.rejected_rows, report.cells_left_out), (5, 3));
    assert_eq!(report.care_begun_before, 1);
    let reason = |row: u64| {
        &report
            .rejected
            .iter()
            .find(|r| r.file == "episodes.csv" && r.row == row)
            .unwrap()
            .reason
    };
    assert!(reason(7).contains("header.csv, row 5"), "{}", reason(7));
    assert!(reason(8).contains("none of the files"), "{}", reason(8));
    let found: Vec<_> = report
        .detected
        .iter()
        .map(|one| one.what.as_str())
        .collect();
    assert!(found.contains(&"SSDA903 episodes"), "{found:?}");
    changes_nothing(&council, &fixtures("ssda903"));
}

#[test]
fn a_census_comes_in_and_a_child_whose_id_breaks_the_rules_is_left_out_whole() {
    let council = Council::new();
    let report = bring_in(&council, &fixtures("census.xml"));
    expect(
        &standing(&council, "PLOVER1"),
        &[
            ("disability", "COMM HEAR"),
            ("ethnicity", "MWBC"),
            ("period/referral:2025-11-03/referral_source", "2A"),
            ("period/referral:2025-11-03/referral_nfa", "no"),
            (
                "period/assessment:2025-11-04/authorisation_date",
                "2025-12-19",
            ),
            ("period/assessment:2025-11-04/factors", "18B 3B"),
            ("period/cin:2025-11-20/end", "2025-12-08"),
            ("period/cin:2025-11-20/referral_date", "2025-11-03"),
            ("period/s47:2025-11-24/end", "2025-12-08"),
            ("period/s47:2025-11-24/icpc_not_required", "no"),
            ("period/cp:2025-12-08/category_initial", "NEG"),
            ("period/cp:2025-12-08/category_latest", "EMO"),
            ("period/cp:2025-12-08/previous_plans", "1"),
            ("period/cp:2025-12-08/last_review", "2026-03-02"),
            ("period/cp:2025-12-08/primary_need", "N1"),
            ("review/cp:2026-03-02/kind", "cp"),
        ],
    );
    expect(
        &standing(&council, "TEAL3"),
        &[
            ("expected", "2026-12-20"),
            ("sex", "U"),
            ("period/referral:2026-02-02/end", "2026-03-01"),
            ("period/referral:2026-02-02/closure_reason", "RC8"),
        ],
    );
    assert_eq!(
        standing(&council, "bird_fails_the_id_rules"),
        BTreeMap::new()
    );
    assert_eq!(report.children, 2);
    assert_eq!(
        places(&report),
        [
            ("census.xml", 62, "LAchildID"),
            ("census.xml", 87, "ReferralNFA"),
            ("census.xml", 85, "AssessmentAuthorisationDate"),
        ]
    );
    let reason = &report.rejected[0].reason;
    assert!(
        reason.contains("1570") && reason.contains("nothing of this child"),
        "{reason}"
    );
    changes_nothing(&council, &fixtures("census.xml"));
}

const HEADER: &str = "CHILD,SEX,DOB,ETHNIC\nLINNET1,2,14/03/2012,WBRI\n";

#[test]
fn an_updated_return_changes_what_changed_and_takes_nothing_away() {
    let council = Council::new();
    bring_in(&council, &fixtures("ssda903"));
    let dunlin = standing(&council, "DUNLIN2");
    let updated = folder(&[
        ("header.csv", HEADER),
        (
            "episodes.csv",
            "CHILD,DECOM,RNE,LS,PLACE,DEC,REC\nLINNET1,01/03/2026,B,C1,K2,15/09/2026,E47\n",
        ),
    ]);
    let report = bring_in(&council, updated.path());
    let linnet = standing(&council, "LINNET1");
    expect(
        &linnet,
        &[
            // The beginning is not in the new return; what is known of it stays.
            ("period/cla:2026-01-12/start", "2026-01-12"),
            ("period/cla:2026-01-12/end", "2026-09-15"),
            ("period/cla:2026-01-12/end_reason", "E47"),
            ("placement/placement:2026-03-01/end", "2026-09-15"),
            ("placement/placement:2026-03-01/period", "cla:2026-01-12"),
            ("review/cla:2026-05-04/participation", "PN6"),
        ],
    );
    assert!(linnet.keys().all(|key| !key.contains("cla:2026-03-01")));
    // End, reason, the placement's end twice, the legal status's end.
    assert_eq!((report.facts_written, report.commits), (5, 1));
    assert_eq!(standing(&council, "DUNLIN2"), dunlin);
    changes_nothing(&council, updated.path());

    // It had not ended after all.
    let corrected = folder(&[
        ("header.csv", HEADER),
        (
            "episodes.csv",
            "CHILD,DECOM,RNE,LS,PLACE,DEC,REC\nLINNET1,01/03/2026,B,C1,K2,,\n",
        ),
    ]);
    bring_in(&council, corrected.path());
    expect(
        &standing(&council, "LINNET1"),
        &[
            ("period/cla:2026-01-12/end", ""),
            ("period/cla:2026-01-12/end_reason", ""),
            ("placement/placement:2026-03-01/end", ""),
        ],
    );
    changes_nothing(&council, corrected.path());
}

#[test]
fn the_case_systems_own_id_and_the_derived_one_name_one_period_whichever_comes_first() {
    let children = "child_id,known_as\nLINNET1,Linnet\n";
    let periods =
        "child_id,kind,period_id,start,visit_every\nLINNET1,cla,LAC-301,2026-01-12,4 weeks\n";
    let case_system = folder(&[("children.csv", children), ("periods.csv", periods)]);
    let episodes = "CHILD,DECOM,RNE,LS,PLACE\nLINNET1,12/01/2026,S,V2,U6\n";
    let yearly = folder(&[("header.csv", HEADER), ("episodes.csv", episodes)]);
    let together = folder(&[
        ("children.csv", children),
        ("periods.csv", periods),
        ("header.csv", HEADER),
        ("episodes.csv", episodes),
    ]);
    for (order, id) in [
        (vec![&case_system, &yearly], "LAC-301"),
        (vec![&yearly, &case_system], "cla:2026-01-12"),
        (vec![&together], "LAC-301"),
    ] {
        let council = Council::new();
        for folder in order {
            bring_in(&council, folder.path());
            changes_nothing(&council, folder.path());
        }
        assert_eq!(bring_in(&council, together.path()).codes, ["LINNET1"]);
        let linnet = standing(&council, "LINNET1");
        let periods: Vec<_> = linnet.keys().filter(|key| key.ends_with("/kind")).collect();
        assert_eq!(periods, [&format!("period/{id}/kind")]);
        let part = |name: &str| linnet[&format!("period/{id}/{name}")].clone();
        assert_eq!(part("period_id"), "LAC-301");
        assert_eq!(part("placement_type"), "U6");
        assert_eq!(part("visit_every"), "4 weeks");
        assert_eq!(linnet["placement/placement:2026-01-12/period"], id);
    }
}

#[test]
fn what_a_worker_wrote_stands_beside_what_is_imported_and_is_not_replaced() {
    let council = Council::new();
    let first = folder(&[(
        "children.csv",
        "child_id,known_as,postcode\nLINNET1,Linnet,FM1 1AA\n",
    )]);
    bring_in(&council, first.path());
    let record = child("LINNET1");
    council.assign(ROWAN, record, Role::Allocated);
    let mut phone = council.device(0x11, ROWAN);
    phone.pull(&council);
    let ours = council
        .store
        .read_with::<_, StoreError>(|tx| tx.ops_of_record(&record))
        .unwrap()
        .into_iter()
        .find(|op| op.fact.target == Target::field("postcode"))
        .unwrap();
    let content = Content::Value(Value::new("FM9 9ZZ", "FM9 9ZZ"));
    let target = Target::field("postcode");
    let say = Say(
        Kind::Assert,
        Policy::Ordinary,
        target,
        vec![ours.fact.id],
        content,
    );
    let (mut commit, payloads) = phone.draft(record, 0, vec![say]);
    commit.record = record;
    commit.record_kind = RecordKind::Child;
    commit.scope = Scope::Child(record);
    let body = phone.seal((commit, payloads));
    council.upload(vec![body]);
    expect(&standing(&council, "LINNET1"), &[("postcode", "FM9 9ZZ")]);

    // The case system still says what it said: nothing new.
    changes_nothing(&council, first.path());
    expect(&standing(&council, "LINNET1"), &[("postcode", "FM9 9ZZ")]);
    // It says something else: two answers, side by side.
    let moved = folder(&[(
        "children.csv",
        "child_id,known_as,postcode\nLINNET1,Linnet,FM2 2BB\n",
    )]);
    bring_in(&council, moved.path());
    expect(
        &standing(&council, "LINNET1"),
        &[("postcode", "FM2 2BB | FM9 9ZZ")],
    );
    changes_nothing(&council, moved.path());
}

#[test]
fn a_hold_that_ended_and_began_again_is_not_ended_anew_by_every_import() {
    let council = Council::new();
    let files = folder(&[
        ("children.csv", "child_id,known_as\nLINNET1,Linnet\n"),
        ("workers.csv", "worker_id,name\nW-FERN,Fern Yarrow\n"),
        (
            "involvements.csv",
            "child_id,worker_id,role,start,end\nLINNET1,W-FERN,joint,2026-01-01,2026-02-01\nLINNET1,W-FERN,allocated,2026-03-01,\nLINNET1,W-FERN,joint,2026-03-01,\n",
        ),
    ]);
    let report = bring_in(&council, files.path());
    assert_eq!((report.assignments_begun, report.assignments_ended), (1, 0));
    changes_nothing(&council, files.path());
}

#[test]
fn a_file_that_is_not_what_it_seems_stops_the_import_before_anything_is_written() {
    let children = "child_id,known_as\nLINNET1,Linnet\n";
    let entities = "<!DOCTYPE m [<!ENTITY a \"aaaa\">]><Message><Children/></Message>";
    let cut = "<Message><Children><Child><ChildIdentifiers><LAchildID>TEAL3</LAchildID>";
    let other = "<Message><Header><CollectionDetails><Collection>SC</Collection></CollectionDetails></Header></Message>";
    let giant = format!("child_id,kind,start\nLINNET1,\"{}", "x".repeat(200_000));
    for (name, text, wanted) in [
        (
            "periods.csv",
            "child_id,kind,start\nLINNET1,c\0p,2026-01-01\n",
            "NUL",
        ),
        ("periods.csv", giant.as_str(), "quotation mark"),
        ("z.xml", entities, "document type"),
        ("z.xml", cut, "well-formed"),
        ("z.xml", other, "collection SC"),
    ] {
        let council = Council::new();
        let files = folder(&[("children.csv", children), (name, text)]);
        let problem = try_in(&council, files.path()).unwrap_err().to_string();
        assert!(
            problem.contains(wanted) && problem.contains("Nothing was taken"),
            "{problem}"
        );
        assert_eq!(standing(&council, "LINNET1"), BTreeMap::new());
    }
    let council = Council::new();
    let empty = folder(&[("notes.csv", "a,b\n1,2\n"), ("photo.jpg", "x")]);
    assert!(matches!(
        try_in(&council, empty.path()),
        Err(ImportError::NothingThere(_))
    ));
    assert!(matches!(
        try_in(&council, Path::new("/nowhere/at/all")),
        Err(ImportError::File { .. })
    ));
}

/// A child's true episodes: gaps between days, why each after the first began, and how it ends, if it does.
fn histories() -> impl Strategy<Value = (Vec<(u16, usize, usize)>, bool)> {
    (
        proptest::collection::vec((1_u16..400, 0_usize..4, 0_usize..3), 1..8),
        any::<bool>(),
    )
}

struct Episode {
    from: chrono::NaiveDate,
    reason: &'static str,
    status: &'static str,
    place: String,
    until: Option<chrono::NaiveDate>,
    ended: &'static str,
}

fn episodes((steps, over): &(Vec<(u16, usize, usize)>, bool)) -> Vec<Episode> {
    let mut from = chrono::NaiveDate::from_ymd_opt(2020, 1, 6).unwrap();
    let (mut status, mut place) = ("V2", 1);
    let mut all: Vec<Episode> = Vec::new();
    for (number, (days, why, order)) in steps.iter().enumerate() {
        let reason = if number == 0 {
            "S"
        } else {
            ["P", "L", "B", "T"][*why]
        };
        if ["L", "B"].contains(&reason) {
            status = ["C1", "C2", "E1"]
                .into_iter()
                .cycle()
                .skip(*order)
                .find(|s| *s != status)
                .unwrap();
        }
        if ["P", "B", "T"].contains(&reason) {
            place += 1;
        }
        let until = from + chrono::Days::new(u64::from(*days));
        let last = number + 1 == steps.len();
        all.push(Episode {
            from,
            reason,
            status,
            place: format!("{}", 1_000_000 + place),
            until: (!last || *over).then_some(until),
            ended: if last { "E4A" } else { "X1" },
        });
        from = until;
    }
    all
}

/// The episodes that a return tells which is made on a day and covers the time since another.
fn told(
    all: &[Episode],
    since: Option<chrono::NaiveDate>,
    made: Option<chrono::NaiveDate>,
) -> String {
    let mut text = "CHILD,DECOM,RNE,LS,PLACE,URN,DEC,REC\n".to_owned();
    for episode in all {
        let begun = made.is_none_or(|made| episode.from < made);
        let open = episode
            .until
            .is_none_or(|until| since.is_none_or(|since| until >= since));
        if !begun || !open {
            continue;
        }
        let until = episode
            .until
            .filter(|until| made.is_none_or(|made| *until < made));
        let ends = until.map_or_else(
            || ",".to_owned(),
            |day| format!("{},{}", day.format("%d/%m/%Y"), episode.ended),
        );
        text += &format!(
            "LINNET1,{},{},{},U6,{},{ends}\n",
            episode.from.format("%d/%m/%Y"),
            episode.reason,
            episode.status,
            episode.place
        );
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However a history is cut into yearly returns, the record comes to what one return of all of it comes to.
    #[test]
    fn returns_year_by_year_come_to_the_same_as_one(history in histories(), cuts in proptest::collection::vec(1_u64..2_500, 0..3)) {
        let all = episodes(&history);
        let whole = Council::new();
        let one = folder(&[("header.csv", HEADER), ("episodes.csv", &told(&all, None, None))]);
        bring_in(&whole, one.path());

        let sliced = Council::new();
        let mut cuts: Vec<_> = cuts.into_iter().map(|days| all[0].from + chrono::Days::new(days)).collect();
        cuts.sort();
        let mut since = None;
        for made in cuts.into_iter().map(Some).chain([None]) {
            let slice = folder(&[("header.csv", HEADER), ("episodes.csv", &told(&all, since, made))]);
            bring_in(&sliced, slice.path());
            changes_nothing(&sliced, slice.path());
            since = made;
        }
        let said = |council: &Council| {
            let mut all = standing(council, "LINNET1");
            all.retain(|_, value| !value.is_empty());
            all
        };
        prop_assert_eq!(said(&sliced), said(&whole));
    }
}
