//! The council's exports, by hand-worked cases: every row of the mapping table, what an open question does to it, what is left
//! out, and the files of a small invented council to the letter.
#![cfg(feature = "service")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = false;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use support::*;
use visitbook_record::catalogue::{self, Catalogue};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{OpId, RecordId, WorkerId, derived_uuid};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, Correction, Settlement, Value};
use visitbook_record::same_visit::{Pair, Said};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_record::wire::EnvelopeBody;
use visitbook_server::exports::{Asked, ExportError, Report, export, layout};
use visitbook_server::import::import;
use visitbook_server::ingest;
use visitbook_server::store::StorageExt as _;

const HOUR: i64 = 3_600_000;

/// Dipper is on a plan; Siskin on a plan and in need; Teal in care, with a plan of earlier; Sedge is not born and Rail is being
/// assessed; Crake came from another council.
const FILES: [(&str, &str); 4] = [
    (
        "children.csv",
        "child_id,known_as,sex,dob,expected,ethnicity,disability,uasc,postcode,address_restricted\n\
         CDIPPER,Dipper,F,2014-03-08,,WBRI,NONE,no,SB1 1AA,no\n\
         CSISKIN,Siskin,M,2018-06-21,,MWBC,COMM LD,no,SB1 1AA,no\n\
         CTEAL,Teal,M,2012-01-30,,NOBT,NONE,yes,SB9 9ZZ,yes\n\
         CSEDGE,Baby Sedge,U,,2027-02-02,NOBT,NONE,no,SB2 2BB,no\n\
         CRAIL,Rail,F,2020-05-05,,WBRI,,no,SB2 2BB,no\n\
         CCRAKE,Crake,F,2016-05-05,,WBRI,NONE,no,SB3 3CC,no\n",
    ),
    (
        "periods.csv",
        "child_id,kind,period_id,start,end,end_reason,referral_date,primary_need,category_initial,category_latest,other_la_plan,previous_plans,\
         legal_status,legal_status_start,placement_id,placement_start,placement_type,placement_provider,placement_urn,placement_postcode,\
         last_seen,last_alone,last_review,permanence_plan\n\
         CDIPPER,cp,CP1,2026-06-16,,,2026-05-20,N1,NEG,EMO,no,1,,,,,,,,,2026-10-13,2026-09-29,2026-09-10,\n\
         CSISKIN,cp,,2026-07-01,,,2026-05-20,N1,PHY,PHY,no,0,,,,,,,,,,,,\n\
         CSISKIN,cin,CIN2,2026-05-25,,,2026-05-20,N1,,,,,,,,,,,,,2026-09-01,,,\n\
         CTEAL,cla,CLA3,2026-05-04,,,2026-05-01,N8,,,,,C2,2026-06-01,PL3,2026-06-10,U6,PR4,SC123,SB9 9ZZ,,,2026-09-01,LTRELFR\n\
         CTEAL,cp,CP0,2026-01-10,2026-05-04,,2025-12-20,N1,NEG,NEG,no,0,,,,,,,,,,,,\n\
         CSEDGE,assessment,AS4,2026-10-05,,,2026-10-05,N4,,,,,,,,,,,,,,,,\n\
         CRAIL,assessment,AS5,2026-09-01,2026-10-10,,2026-08-30,N4,,,,,,,,,,,,,,,,\n\
         CCRAKE,cp,CP9,2026-08-01,,,2026-07-20,N1,NEG,NEG,yes,0,,,,,,,,,,,,\n\
         CCRAKE,cin,CIN9,2026-01-05,2026-04-01,RC7,2026-01-02,N4,,,,,,,,,,,,,,,,\n",
    ),
    (
        "workers.csv",
        "worker_id,name,registration_no,role,team_id,team_name,manager_id\n\
         WOSIER,Osier Fennel,SW00001,Social worker,T1,\"Quay, north\",\n",
    ),
    (
        "involvements.csv",
        "child_id,worker_id,role,start\n\
         CDIPPER,WOSIER,allocated,2026-06-16\nCSISKIN,WOSIER,allocated,2026-06-16\nCTEAL,WOSIER,allocated,2026-06-16\n\
         CSEDGE,WOSIER,allocated,2026-06-16\nCRAIL,WOSIER,allocated,2026-06-16\nCCRAKE,WOSIER,allocated,2026-06-16\n",
    ),
];

const DIPPER: &str = "CDIPPER";
const SISKIN: &str = "CSISKIN";
const TEAL: &str = "CTEAL";
const SEDGE: &str = "CSEDGE";
const RAIL: &str = "CRAIL";

fn child(code: &str) -> RecordId {
    RecordId(derived_uuid(COUNCIL, "child", code))
}

fn record(number: u8) -> String {
    RecordId([number; 16]).to_string()
}

/// Rowan and Bryony hold the children, Sage manages them; Tansy holds nobody.
struct Sandbury {
    council: Council,
    rowan: Phone,
    bryony: Phone,
    sage: Phone,
    stranger: Phone,
    folder: tempfile::TempDir,
    exports: u32,
}

/// One row of a file, by column.
type Cells = BTreeMap<String, String>;

struct Exported {
    folder: PathBuf,
    report: Report,
}

impl Sandbury {
    fn new() -> Self {
        let council = Council::new();
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in FILES {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let writer = council.writer();
        let taken = import(&council.store, &council.suite, &writer, NOW, folder.path()).unwrap();
        assert_eq!(taken.rejected, []);
        for code in [DIPPER, SISKIN, TEAL, SEDGE, RAIL] {
            council.assign(ROWAN, child(code), Role::Joint);
            council.assign(BRYONY, child(code), Role::Joint);
            council.assign(SAGE, child(code), Role::Manager);
        }
        let mut all = Self {
            rowan: council.device(1, ROWAN),
            bryony: council.device(2, BRYONY),
            sage: council.device(3, SAGE),
            stranger: council.device(4, WorkerId([0x44; 16])),
            council,
            folder,
            exports: 0,
        };
        for phone in [&mut all.rowan, &mut all.bryony, &mut all.sage] {
            phone.pull(&all.council);
        }
        all
    }

    /// Rowan saves these answers; gives the statements' names.
    fn say(&mut self, code: &str, number: u8, says: Vec<Say>) -> Vec<OpId> {
        let body = self.rowan.save(child(code), number, says);
        let ids = ops_of(&body);
        self.council.upload(vec![body]);
        ids
    }

    /// Corrects and settles under the form that the server has; under a newer one its manager would be asked.
    fn put_right(&mut self, code: &str, number: u8, says: Vec<Say>) {
        let body = under_this_form(&mut self.rowan, code, number, says);
        self.council.upload(vec![body]);
    }

    /// A visit with these answers, and with what else binds, finished by Rowan.
    fn finished(&mut self, code: &str, number: u8, answers: &[(&str, &str)]) -> Vec<OpId> {
        let ids = self.visited(code, number, answers);
        let mut listed = ids.clone();
        self.say(code, number, vec![finish(std::mem::take(&mut listed))]);
        ids
    }

    /// As [`Self::finished`], and nobody finished it.
    fn visited(&mut self, code: &str, number: u8, answers: &[(&str, &str)]) -> Vec<OpId> {
        let mut says: Vec<Say> = answers
            .iter()
            .map(|(field, code)| fact(field, code))
            .collect();
        let has = |field: &str| answers.iter().any(|(name, _)| *name == field);
        let defaults = [
            ("visit_date", "2026-10-27"),
            ("mode", "in_person"),
            ("outcome", "went_ahead"),
            ("safe_now", "no_worry_today"),
            ("not_seen_because", "out"),
            ("not_spoken_alone_because", "no_time"),
            ("next_try", "2026-10-28"),
            ("tried/knocked", "knocked"),
            ("voice/v1", "v1"),
        ];
        says.extend(
            defaults
                .iter()
                .filter(|(field, _)| !has(field))
                .map(|(field, code)| fact(field, code)),
        );
        let text = Content::Text {
            text: "SECRET-NARRATIVE".to_owned(),
            cut_off: false,
        };
        let meaning = Target::element("meaning", "m1");
        says.push(Say(Kind::EntryAdd, Policy::Ordinary, meaning, vec![], text));
        // An answer that is given as "-" is left unanswered.
        says.retain(|say| !matches!(&say.4, Content::Value(value) if value.code == "-"));
        self.say(code, number, says)
    }

    fn export_with(&mut self, asked: Asked) -> Exported {
        self.exports += 1;
        let folder = self.folder.path().join(format!("export-{}", self.exports));
        let report = export(&self.council.store, LATER, SAGE, &asked, &folder).unwrap();
        Exported { folder, report }
    }

    fn export(&mut self) -> Exported {
        self.export_with(ALL)
    }
}

/// The evening of the day.
const LATER: WallMillis = WallMillis(NOW.0 + 12 * HOUR);
const ALL: Asked = Asked {
    as_of: LATER,
    from: None,
    to: None,
};

fn under_this_form(phone: &mut Phone, code: &str, number: u8, says: Vec<Say>) -> EnvelopeBody {
    let mut draft = phone.draft(child(code), number, says);
    draft.0.catalogue = catalogue::NEWEST;
    phone.seal(draft)
}

/// An answer with the policy that the form has for it.
fn fact(field: &str, code: &str) -> Say {
    let target: Target = field.parse().unwrap();
    let policy = Catalogue::newest()
        .field(RecordKind::Visit.form(), &target)
        .map_or(Policy::Ordinary, visitbook_record::catalogue::Field::policy);
    let kind = if policy == Policy::Set {
        Kind::SetAdd
    } else {
        Kind::Assert
    };
    let value = Content::Value(Value::new(code, code));
    Say(kind, policy, target, vec![], value)
}

fn correction(field: &str, code: &str, replaces: OpId) -> Say {
    let Say(_, policy, target, ..) = fact(field, code);
    let content = Content::Correction(Correction {
        value: Value::new(code, code),
        was: "what was".to_owned(),
        reason: "SECRET-REASON".to_owned(),
    });
    Say(Kind::Correct, policy, target, vec![replaces], content)
}

fn settled(field: &str, code: &str, replaces: Vec<OpId>) -> Say {
    let Say(_, policy, target, ..) = fact(field, code);
    let content = Content::Settlement(Settlement {
        value: Value::new(code, code),
        both_happened: false,
        reason: Some("SECRET-REASON".to_owned()),
    });
    Say(Kind::Resolve, policy, target, replaces, content)
}

impl Exported {
    fn rows(&self, file: &str) -> Vec<Cells> {
        let mut reader = csv::Reader::from_path(self.folder.join(file)).unwrap();
        reader.deserialize().map(|row| row.unwrap()).collect()
    }

    /// Seen, alone and bedroom of the rows of a child, in the order of the file, with the visit's date.
    fn flags(&self, file: &str, code: &str) -> Vec<[String; 4]> {
        let rows = self.rows(file);
        let named = |row: &Cells, end: &str| {
            let column = row.keys().find(|name| name.ends_with(end));
            column.map_or_else(|| "none".to_owned(), |column| row[column].clone())
        };
        rows.iter()
            .filter(|row| named(row, "_person_id") == code)
            .map(|row| ["_date", "_seen", "_seen_alone", "_bedroom"].map(|end| named(row, end)))
            .collect()
    }

    fn cp(&self, code: &str) -> Vec<[String; 4]> {
        self.flags("ssd_cp_visits.csv", code)
    }

    fn cell(&self, file: &str, code: &str, column: &str) -> Option<String> {
        let rows = self.rows(file);
        let row = rows
            .into_iter()
            .find(|row| row["Child Unique ID"] == code)?;
        Some(row[column].clone())
    }

    /// What is said about a row, by column.
    fn said(&self, file: &str, key: &str) -> Vec<(String, String)> {
        let of_row = |e: &&visitbook_server::exports::Exception| e.file == file && e.row_key == key;
        let found = self.report.exceptions.iter().filter(of_row);
        found
            .map(|e| (e.column.clone(), e.reason.clone()))
            .collect()
    }

    fn says(&self, file: &str, key: &str, words: &str) -> bool {
        self.said(file, key)
            .iter()
            .any(|(_, reason)| reason.contains(words))
    }
}

const CP: &str = "ssd_cp_visits.csv";
const CIN: &str = "ssd_cin_visits.csv";
const CLA: &str = "ssd_cla_visits.csv";
const LIST_4: &str = "annex_a_list_4_assessments.csv";
const LIST_6: &str = "annex_a_list_6_children_in_need.csv";
const LIST_7: &str = "annex_a_list_7_child_protection.csv";
const LIST_8: &str = "annex_a_list_8_children_in_care.csv";

fn row(date: &str, [seen, alone, bedroom]: [&str; 3]) -> [String; 4] {
    [&format!("{date}T00:00:00"), seen, alone, bedroom].map(ToString::to_string)
}

/// The mapping table, row by row: what is answered, and what the plan's file then says; `None` is no row.
#[test]
fn every_answer_goes_out_as_the_table_says() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<[&'a str; 3]>);
    let cases: [Case<'_>; 20] = [
        (
            "seen, spoken to alone, bedroom",
            &[
                ("seen", "yes"),
                ("alone", "spoke_alone"),
                ("bedroom", "seen"),
            ],
            Some(["Y", "Y", "Y"]),
        ),
        (
            "alone and silent is alone",
            &[
                ("seen", "yes"),
                ("alone", "alone_not_talking"),
                ("bedroom", "not_seen"),
            ],
            Some(["Y", "Y", "N"]),
        ),
        (
            "not alone",
            &[("seen", "yes"), ("alone", "not_alone"), ("bedroom", "seen")],
            Some(["Y", "N", "Y"]),
        ),
        (
            "bedroom not answered",
            &[("seen", "yes"), ("alone", "not_alone")],
            Some(["Y", "N", ""]),
        ),
        (
            "not seen: nothing about alone",
            &[("seen", "no")],
            Some(["N", "", ""]),
        ),
        (
            "not seen, but alone was ticked",
            &[("seen", "no"), ("alone", "spoke_alone")],
            Some(["N", "", ""]),
        ),
        (
            "not seen, but the bedroom was",
            &[("seen", "no"), ("bedroom", "seen")],
            Some(["N", "", "Y"]),
        ),
        (
            "unborn",
            &[("seen", "unborn"), ("bedroom", "seen")],
            Some(["", "", ""]),
        ),
        (
            "no answer at the door",
            &[("outcome", "no_answer")],
            Some(["N", "", ""]),
        ),
        (
            "entry refused",
            &[("outcome", "refused_entry")],
            Some(["N", "", ""]),
        ),
        (
            "not safe",
            &[("outcome", "not_safe_to_enter")],
            Some(["N", "", ""]),
        ),
        (
            "entry refused, seen at the door",
            &[
                ("outcome", "refused_entry"),
                ("seen", "yes"),
                ("alone", "not_alone"),
            ],
            Some(["Y", "N", ""]),
        ),
        (
            "cancelled by the family",
            &[("outcome", "cancelled_by_family")],
            None,
        ),
        ("cancelled by us", &[("outcome", "cancelled_by_us")], None),
        (
            "by video",
            &[("mode", "video"), ("seen", "yes"), ("alone", "spoke_alone")],
            None,
        ),
        (
            "by telephone",
            &[("mode", "phone"), ("seen", "yes"), ("alone", "spoke_alone")],
            None,
        ),
        (
            "not said how",
            &[("mode", "-"), ("seen", "yes"), ("alone", "spoke_alone")],
            None,
        ),
        (
            "a core group",
            &[
                ("occasion", "core_group"),
                ("seen", "yes"),
                ("alone", "spoke_alone"),
            ],
            None,
        ),
        (
            "family time",
            &[
                ("occasion", "family_time"),
                ("seen", "yes"),
                ("alone", "spoke_alone"),
            ],
            None,
        ),
        (
            "before the plan",
            &[
                ("visit_date", "2026-06-15"),
                ("seen", "yes"),
                ("alone", "spoke_alone"),
            ],
            None,
        ),
    ];
    for (name, answers, expected) in cases {
        let mut all = Sandbury::new();
        all.finished(DIPPER, 1, answers);
        let out = all.export();
        let rows: Vec<[String; 4]> = expected
            .map(|flags| row("2026-10-27", flags))
            .into_iter()
            .collect();
        assert_eq!(out.cp(DIPPER), rows, "{name}");
        assert!(
            out.rows(CIN).is_empty() && out.rows(CLA).is_empty(),
            "{name}"
        );
    }
}

#[test]
fn what_nobody_can_mend_is_silent_and_what_somebody_can_is_named() {
    let mut all = Sandbury::new();
    all.finished(
        DIPPER,
        1,
        &[("mode", "-"), ("seen", "yes"), ("alone", "spoke_alone")],
    );
    all.finished(
        DIPPER,
        2,
        &[
            ("visit_date", "2026-06-15"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        DIPPER,
        3,
        &[
            ("visit_date", "2026-10-28"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        DIPPER,
        4,
        &[
            ("visit_date", "-"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.visited(DIPPER, 5, &[("seen", "yes"), ("alone", "spoke_alone")]);
    all.finished(
        DIPPER,
        6,
        &[("mode", "video"), ("seen", "yes"), ("alone", "spoke_alone")],
    );
    all.say(
        DIPPER,
        7,
        vec![
            fact("planned_for", "2026-11-03"),
            fact("visit_date", "2026-11-03"),
        ],
    );
    let out = all.export();
    assert_eq!(out.cp(DIPPER), Vec::<[String; 4]>::new());
    for (number, file, words) in [
        (1, CP, "in person"),
        (2, "visits", "in force on that day"),
        (3, CP, "yet to come"),
        (4, "visits", "no date"),
        (5, CP, "not finished"),
    ] {
        assert!(
            out.says(file, &record(number), words),
            "{number}: {:?}",
            out.report.exceptions
        );
    }
    for number in [6, 7] {
        assert!(
            out.report
                .exceptions
                .iter()
                .all(|e| e.row_key != record(number)),
            "{number}"
        );
    }
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Date of the Last Statutory Visit")
            .unwrap(),
        "13/10/2026"
    );
}

/// One visit, several purposes: a row for each, with that plan's or period's own name. Siblings have their own answers.
#[test]
fn a_visit_that_serves_several_kinds_is_a_row_of_each() {
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
        &[
            ("visit_date", "2026-06-20"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(SISKIN, 4, &[("serves/cin", "cin"), ("seen", "no")]);
    all.finished(
        TEAL,
        5,
        &[
            ("seen", "yes"),
            ("alone", "spoke_alone"),
            ("bedroom", "seen"),
        ],
    );
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "Y", "Y"])]);
    assert_eq!(out.cp(SISKIN), [row("2026-10-27", ["Y", "N", "N"])]);
    let cin = [
        row("2026-06-20", ["Y", "Y", ""]),
        row("2026-10-27", ["Y", "N", "N"]),
        row("2026-10-27", ["N", "", ""]),
    ];
    assert_eq!(out.flags(CIN, SISKIN), cin);
    assert_eq!(
        out.flags(CLA, TEAL),
        [row("2026-10-27", ["Y", "Y", "none"])]
    );
    let plans: Vec<String> = out
        .rows(CP)
        .iter()
        .map(|row| row["cppv_cp_plan_id"].clone())
        .collect();
    assert_eq!(plans, ["CP1", "CSISKIN:cp:2026-07-01"]);
    assert_eq!(
        out.rows(CLA)[0]["clav_cla_id"],
        "CLA3",
        "the period of care, not the placement"
    );
    assert_eq!(out.rows(CP)[0]["cppv_cp_visit_id"], record(1));
}

#[test]
fn a_purpose_is_worked_out_and_never_picked() {
    let mut all = Sandbury::new();
    all.finished(
        DIPPER,
        1,
        &[
            ("serves/cla", "cla"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        DIPPER,
        2,
        &[
            ("serves/cp", "cp"),
            ("serves/cp/period_id", "CP-OLD"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    let out = all.export();
    assert!(out.rows(CLA).is_empty());
    assert_eq!(out.cp(DIPPER).len(), 1);
    assert_eq!(out.rows(CP)[0]["cppv_cp_plan_id"], "CP1");
    assert!(
        out.says("visits", &record(1), "nothing of the kind was in force"),
        "{:?}",
        out.report.exceptions
    );
    assert!(out.says(CP, &record(2), "not in force on that day"));
}

#[test]
fn an_open_question_goes_out_cautiously_and_a_settled_one_as_settled() {
    let mut all = Sandbury::new();
    let ids = all.finished(
        DIPPER,
        1,
        &[
            ("alone", "spoke_alone"),
            ("seen", "yes"),
            ("bedroom", "seen"),
        ],
    );
    let bryonys = all
        .bryony
        .save(child(DIPPER), 1, vec![fact("alone", "not_alone")]);
    let hers = ops_of(&bryonys)[0];
    all.council.upload(vec![bryonys]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "N", "Y"])]);
    let open = (
        "cppv_cp_visit_seen_alone".to_owned(),
        "two answers, not settled (not_alone, spoke_alone); the more cautious one goes out"
            .to_owned(),
    );
    assert_eq!(out.said(CP, &record(1)), [open]);
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Was the Child Seen Alone?")
            .unwrap(),
        "b) No"
    );
    assert!(out.says(LIST_7, DIPPER, "two answers"));

    all.sage.pull(&all.council);
    let settling = settled("alone", "spoke_alone", vec![ids[0], hers]);
    let resolve = under_this_form(&mut all.sage, DIPPER, 1, vec![settling]);
    all.council.upload(vec![resolve]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "Y", "Y"])]);
    assert_eq!(out.said(CP, &record(1)), []);
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Was the Child Seen Alone?")
            .unwrap(),
        "a) Yes"
    );
}

/// Seen by one, not seen by the other: the date moves nothing until it is settled.
#[test]
fn an_open_question_about_seen_moves_no_date() {
    let mut all = Sandbury::new();
    all.finished(DIPPER, 1, &[("seen", "yes"), ("alone", "spoke_alone")]);
    let bryonys = all.bryony.save(child(DIPPER), 1, vec![fact("seen", "no")]);
    all.council.upload(vec![bryonys]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["N", "", ""])]);
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Date of the Last Statutory Visit")
            .unwrap(),
        "13/10/2026"
    );
    assert_eq!(
        out.cell(LIST_6, DIPPER, "Date Child Was Last Seen")
            .unwrap(),
        "13/10/2026"
    );
}

#[test]
fn a_correction_goes_out_and_counts_again_and_a_late_answer_does_not() {
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
    // Later words beside the page: another date, another mode, a less worrying and a new answer.
    all.say(
        DIPPER,
        1,
        vec![
            fact("visit_date", "2026-10-20"),
            fact("mode", "video"),
            fact("serves/cin", "cin"),
            fact("bedroom", "seen"),
        ],
    );
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "Y", "Y"])]);
    assert!(out.says(
        CP,
        &record(1),
        "another answer was given after the visit was finished"
    ));
    assert!(out.says(CP, &record(1), "answered after the visit was finished"));
    assert!(out.rows(CIN).is_empty());

    all.put_right(
        DIPPER,
        1,
        vec![correction("visit_date", "2026-10-26", ids[0])],
    );
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-26", ["Y", "Y", "Y"])]);
    assert!(out.says(CP, &record(1), "put right after the visit was finished"));
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Date of the Last Statutory Visit")
            .unwrap(),
        "26/10/2026"
    );

    all.put_right(DIPPER, 1, vec![correction("seen", "no", ids[1])]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-26", ["N", "", "Y"])]);
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Date of the Last Statutory Visit")
            .unwrap(),
        "13/10/2026"
    );
}

#[test]
fn the_first_finish_stands_and_what_is_set_aside_goes_nowhere() {
    let mut all = Sandbury::new();
    let first = all.finished(
        DIPPER,
        1,
        &[
            ("alone", "not_alone"),
            ("seen", "yes"),
            ("bedroom", "not_seen"),
        ],
    );
    let second = all.say(
        DIPPER,
        1,
        vec![fact("visit_date", "2026-10-25"), fact("bedroom", "seen")],
    );
    let mut rival: Vec<OpId> = first.iter().chain(&second).copied().collect();
    rival.sort_unstable();
    all.say(DIPPER, 1, vec![finish(rival)]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "N", "N"])]);

    all.finished(SISKIN, 2, &[("alone", "spoke_alone"), ("seen", "yes")]);
    let strangers = all.stranger.save(
        child(SISKIN),
        2,
        vec![fact("alone", "not_alone"), fact("visit_date", "2026-10-01")],
    );
    all.council.upload(vec![strangers]);
    let out = all.export();
    assert_eq!(out.cp(SISKIN), [row("2026-10-27", ["Y", "Y", ""])]);
    assert!(
        out.says(CP, &record(2), "set aside"),
        "{:?}",
        out.said(CP, &record(2))
    );
}

#[test]
fn a_visit_entered_in_error_is_gone_from_everything() {
    let mut all = Sandbury::new();
    all.finished(DIPPER, 1, &[("seen", "yes"), ("alone", "spoke_alone")]);
    assert_eq!(all.export().cp(DIPPER).len(), 1);
    all.sage.pull(&all.council);
    let content = Content::Void {
        reason: "SECRET-REASON".to_owned(),
        made_again: None,
    };
    let void = Say(
        Kind::Void,
        Policy::Ordinary,
        Target::field("void"),
        vec![],
        content,
    );
    let void = all.sage.save(child(DIPPER), 1, vec![void]);
    all.council.upload(vec![void]);
    let out = all.export();
    assert!(out.rows(CP).is_empty());
    assert!(out.report.exceptions.iter().all(|e| e.row_key != record(1)));
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Date of the Last Statutory Visit")
            .unwrap(),
        "13/10/2026"
    );
}

#[test]
fn one_visit_in_two_records_is_one_row() {
    let mut all = Sandbury::new();
    all.finished(
        DIPPER,
        1,
        &[
            ("visit_date", "2026-10-27"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        DIPPER,
        2,
        &[
            ("visit_date", "2026-10-27"),
            ("seen", "yes"),
            ("alone", "not_alone"),
            ("bedroom", "seen"),
        ],
    );
    assert_eq!(
        all.export().cp(DIPPER).len(),
        2,
        "nobody has said that it is one"
    );
    let (one, two) = (RecordId([1; 16]), RecordId([2; 16]));
    let pair = Pair::of(one, two).unwrap();
    let code = pair.code(Said::One { first: one }).unwrap();
    all.say(DIPPER, 1, vec![fact(&pair.target().to_string(), code)]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "N", "Y"])]);
    assert_eq!(out.rows(CP)[0]["cppv_cp_visit_id"], record(1));
    assert!(out.says(CP, &record(1), "two records of this visit differ"));
}

#[test]
fn what_is_statutory_is_computed_and_a_worker_may_only_lower_it() {
    let last = "Date of the Last Statutory Visit";
    for (name, more, expected) in [
        ("computed", &[][..], "27/10/2026"),
        ("lowered", &[("statutory", "no")], "13/10/2026"),
        (
            "raised: no meeting counts",
            &[("statutory", "yes"), ("occasion", "core_group")],
            "13/10/2026",
        ),
        (
            "by a student",
            &[("visited_by/s1", "s1"), ("visited_by/s1/registered", "no")],
            "13/10/2026",
        ),
        (
            "by a student with a social worker",
            &[
                ("visited_by/s1", "s1"),
                ("visited_by/s1/registered", "no"),
                ("visited_by/s2", "s2"),
                ("visited_by/s2/registered", "yes"),
            ],
            "27/10/2026",
        ),
        ("not seen", &[("seen", "no")], "13/10/2026"),
    ] {
        let mut all = Sandbury::new();
        let mut answers = vec![("alone", "spoke_alone")];
        answers.extend(more);
        if !answers.iter().any(|(field, _)| *field == "seen") {
            answers.push(("seen", "yes"));
        }
        all.finished(DIPPER, 1, &answers);
        assert_eq!(
            all.export().cell(LIST_7, DIPPER, last).unwrap(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn the_case_systems_own_dates_count_beside_the_visits_recorded_here() {
    let mut all = Sandbury::new();
    let out = all.export();
    let seven = |out: &Exported| {
        [
            "Date of the Last Statutory Visit",
            "Was the Child Seen Alone?",
        ]
        .map(|column| out.cell(LIST_7, DIPPER, column).unwrap())
    };
    assert_eq!(
        seven(&out),
        ["13/10/2026", "b) No"],
        "seen alone last on 29 September, so not on 13 October"
    );
    let none = [
        "Date of the Last Statutory Visit",
        "Was the Child Seen Alone?",
    ]
    .map(|column| out.cell(LIST_7, SISKIN, column).unwrap());
    assert_eq!(none, ["", ""], "no visit");
    all.finished(
        DIPPER,
        1,
        &[
            ("visit_date", "2026-10-12"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    assert_eq!(
        seven(&all.export()),
        ["13/10/2026", "b) No"],
        "the later of the two"
    );
    all.finished(
        DIPPER,
        2,
        &[
            ("visit_date", "2026-10-14"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    assert_eq!(seven(&all.export()), ["14/10/2026", "a) Yes"]);
    all.finished(
        DIPPER,
        3,
        &[
            ("visit_date", "2026-10-14"),
            ("seen", "yes"),
            ("alone", "not_alone"),
        ],
    );
    assert_eq!(
        seven(&all.export()),
        ["14/10/2026", "a) Yes"],
        "seen alone on that day, once of twice"
    );
}

/// From referral to closure, also before anything else began.
#[test]
fn a_visit_after_the_referral_is_in_no_table_and_says_when_the_child_was_seen() {
    let mut all = Sandbury::new();
    for (number, date) in [(1, "2026-08-31"), (2, "2026-08-29")] {
        let answers = [
            ("visit_date", date),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ];
        all.finished(RAIL, number, &answers);
    }
    let out = all.export();
    assert!(out.rows(CIN).is_empty() && out.rows(CP).is_empty());
    assert_eq!(
        out.cell(LIST_4, RAIL, "Child Seen During Continuous Assessment")
            .unwrap(),
        "c) Unknown"
    );
    for number in [1, 2] {
        assert!(out.says("visits", &record(number), "in force on that day"));
    }
    let last = out.cell(LIST_6, RAIL, "Date Child Was Last Seen");
    assert_eq!(last.unwrap(), "31/08/2026", "the referral was on the 30th");
}

#[test]
fn list_6_says_when_a_child_was_last_seen_and_by_no_other_date() {
    let mut all = Sandbury::new();
    all.finished(
        SISKIN,
        1,
        &[
            ("visit_date", "2026-10-01"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        SISKIN,
        2,
        &[("visit_date", "2026-10-20"), ("outcome", "no_answer")],
    );
    let out = all.export();
    assert_eq!(out.flags(CIN, SISKIN).len(), 2);
    assert_eq!(
        out.cell(LIST_6, SISKIN, "Date Child Was Last Seen")
            .unwrap(),
        "01/10/2026"
    );
    for (code, status, start) in [
        (DIPPER, "b) Child Protection plan", "20/05/2026"),
        (SISKIN, "b) Child Protection plan", "20/05/2026"),
        (TEAL, "a) Looked after child", "20/12/2025"),
        (SEDGE, "d) Open assessment", "05/10/2026"),
        (RAIL, "e) Closed episode", "30/08/2026"),
    ] {
        assert_eq!(out.cell(LIST_6, code, "Case Status").unwrap(), status);
        assert_eq!(
            out.cell(LIST_6, code, "CIN Start Date").unwrap(),
            start,
            "{code}"
        );
    }
}

#[test]
fn list_8_takes_visits_inside_a_placement_and_hides_a_restricted_address() {
    let mut all = Sandbury::new();
    let last = "Date of Last Social Work Visit";
    all.finished(
        TEAL,
        1,
        &[
            ("visit_date", "2026-06-01"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    let out = all.export();
    assert_eq!(out.flags(CLA, TEAL).len(), 1, "in care on that day");
    assert_eq!(
        out.cell(LIST_8, TEAL, last).unwrap(),
        "",
        "and not yet placed"
    );
    all.finished(
        TEAL,
        2,
        &[
            ("visit_date", "2026-10-02"),
            ("serves/iro", "iro"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        TEAL,
        3,
        &[
            ("visit_date", "2026-09-02"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    let out = all.export();
    assert_eq!(
        out.flags(CLA, TEAL).len(),
        2,
        "the reviewing officer's visit is none of a social worker"
    );
    for (column, cell) in [
        (last, "02/09/2026"),
        (
            "Date of Last IRO Visit / Contact to the Child",
            "02/10/2026",
        ),
        ("Date of Latest Statutory Review", "01/09/2026"),
        ("Child's Legal Status", "C2"),
        ("Start date of current legal status", "01/06/2026"),
        ("Placement Type", "f) U6"),
        ("Placement Provider", "e) PR4"),
        ("Placement postcode", ""),
        ("URN of Placement", ""),
        ("What is the permanence plan for this child?", ""),
        (
            "Unaccompanied Asylum Seeking Child (UASC) within the Last 12 Months (Y/N)",
            "a) Yes",
        ),
        ("Number of Placements in the Last 12 months", ""),
        ("Allocated Team", "Quay, north"),
        ("Allocated Worker", "Osier Fennel"),
    ] {
        assert_eq!(out.cell(LIST_8, TEAL, column).unwrap(), cell, "{column}");
    }
    assert!(out.says(LIST_8, TEAL, "address is restricted"));
}

#[test]
fn list_4_says_whether_a_child_was_seen_during_the_assessment() {
    let mut all = Sandbury::new();
    let seen = |out: &Exported, code: &str| {
        out.cell(LIST_4, code, "Child Seen During Continuous Assessment")
            .unwrap()
    };
    let out = all.export();
    assert_eq!(seen(&out, RAIL), "c) Unknown");
    assert!(out.says(LIST_4, RAIL, "no visit"));
    all.finished(
        RAIL,
        1,
        &[("visit_date", "2026-09-08"), ("outcome", "no_answer")],
    );
    all.finished(SEDGE, 2, &[("outcome", "no_answer")]);
    let out = all.export();
    assert_eq!(seen(&out, RAIL), "b) No");
    assert_eq!(seen(&out, SEDGE), "c) Unknown");
    assert!(out.says(LIST_4, SEDGE, "not born"));
    // After the authorisation nothing counts for it any more.
    all.finished(
        RAIL,
        3,
        &[
            ("visit_date", "2026-10-20"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    assert_eq!(seen(&all.export(), RAIL), "b) No");
    all.finished(
        RAIL,
        4,
        &[
            ("visit_date", "2026-10-10"),
            ("seen", "yes"),
            ("alone", "not_alone"),
        ],
    );
    assert_eq!(seen(&all.export(), RAIL), "a) Yes");
    for file in [CIN, CP, CLA] {
        assert!(
            all.export().rows(file).is_empty(),
            "no table takes an assessment's visits"
        );
    }
}

#[test]
fn a_plan_of_another_council_and_short_breaks_are_on_no_list() {
    let mut all = Sandbury::new();
    let out = all.export();
    assert_eq!(out.cell(LIST_7, "CCRAKE", "Allocated Worker"), None);
    assert!(out.cell(LIST_7, DIPPER, "Allocated Worker").is_some());
    assert_eq!(
        out.cell(LIST_7, TEAL, "Allocated Worker").unwrap(),
        "Osier Fennel",
        "ended within six months"
    );
    assert!(
        out.says(LIST_8, TEAL, "Annex A has no such code"),
        "with relatives, for long"
    );
}

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
