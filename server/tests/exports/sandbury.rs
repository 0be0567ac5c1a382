//! A small invented council whose exports are worked out by hand, and what is read off them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use visitbook_record::catalogue::{self, Catalogue};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{OpId, RecordId, WorkerId, derived_uuid};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, Correction, Settlement, Value};
use visitbook_record::time::WallMillis;
use visitbook_record::wire::EnvelopeBody;
use visitbook_server::exports::{Asked, Report, export};
use visitbook_server::import::import;

use crate::support::*;

pub(crate) const HOUR: i64 = 3_600_000;

/// Dipper is on a plan; Siskin on a plan and in need; Teal in care, with a plan of earlier; Sedge is not born and Rail is being
/// assessed; Crake came from another council.
pub(crate) const FILES: [(&str, &str); 4] = [
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

pub(crate) const DIPPER: &str = "CDIPPER";
pub(crate) const SISKIN: &str = "CSISKIN";
pub(crate) const TEAL: &str = "CTEAL";
pub(crate) const SEDGE: &str = "CSEDGE";
pub(crate) const RAIL: &str = "CRAIL";

pub(crate) fn child(code: &str) -> RecordId {
    RecordId(derived_uuid(COUNCIL, "child", code))
}

pub(crate) fn record(number: u8) -> String {
    RecordId([number; 16]).to_string()
}

/// Rowan and Bryony hold the children, Sage manages them; Tansy holds nobody.
pub(crate) struct Sandbury {
    pub(crate) council: Council,
    pub(crate) rowan: Phone,
    pub(crate) bryony: Phone,
    pub(crate) sage: Phone,
    pub(crate) stranger: Phone,
    pub(crate) folder: tempfile::TempDir,
    exports: u32,
}

/// One row of a file, by column.
pub(crate) type Cells = BTreeMap<String, String>;

pub(crate) struct Exported {
    pub(crate) folder: PathBuf,
    pub(crate) report: Report,
}

impl Sandbury {
    pub(crate) fn new() -> Self {
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
    pub(crate) fn say(&mut self, code: &str, number: u8, says: Vec<Say>) -> Vec<OpId> {
        let body = self.rowan.save(child(code), number, says);
        let ids = ops_of(&body);
        self.council.upload(vec![body]);
        ids
    }

    /// Corrects and settles under the form that the server has; under a newer one its manager would be asked.
    pub(crate) fn put_right(&mut self, code: &str, number: u8, says: Vec<Say>) {
        let body = under_this_form(&mut self.rowan, code, number, says);
        self.council.upload(vec![body]);
    }

    /// A visit with these answers, and with what else binds, finished by Rowan.
    pub(crate) fn finished(
        &mut self,
        code: &str,
        number: u8,
        answers: &[(&str, &str)],
    ) -> Vec<OpId> {
        let ids = self.visited(code, number, answers);
        let mut listed = ids.clone();
        self.say(code, number, vec![finish(std::mem::take(&mut listed))]);
        ids
    }

    /// As [`Self::finished`], and nobody finished it.
    pub(crate) fn visited(
        &mut self,
        code: &str,
        number: u8,
        answers: &[(&str, &str)],
    ) -> Vec<OpId> {
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

    pub(crate) fn export_with(&mut self, asked: Asked) -> Exported {
        self.exports += 1;
        let folder = self.folder.path().join(format!("export-{}", self.exports));
        let report = export(&self.council.store, LATER, SAGE, &asked, &folder).unwrap();
        Exported { folder, report }
    }

    pub(crate) fn export(&mut self) -> Exported {
        self.export_with(ALL)
    }
}

/// The evening of the day.
pub(crate) const LATER: WallMillis = WallMillis(NOW.0 + 12 * HOUR);
pub(crate) const ALL: Asked = Asked {
    as_of: LATER,
    from: None,
    to: None,
};

pub(crate) fn under_this_form(
    phone: &mut Phone,
    code: &str,
    number: u8,
    says: Vec<Say>,
) -> EnvelopeBody {
    let mut draft = phone.draft(child(code), number, says);
    draft.0.catalogue = catalogue::NEWEST;
    phone.seal(draft)
}

/// An answer with the policy that the form has for it.
pub(crate) fn fact(field: &str, code: &str) -> Say {
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

pub(crate) fn correction(field: &str, code: &str, replaces: OpId) -> Say {
    let Say(_, policy, target, ..) = fact(field, code);
    let content = Content::Correction(Correction {
        value: Value::new(code, code),
        was: "what was".to_owned(),
        reason: "SECRET-REASON".to_owned(),
    });
    Say(Kind::Correct, policy, target, vec![replaces], content)
}

pub(crate) fn settled(field: &str, code: &str, replaces: Vec<OpId>) -> Say {
    let Say(_, policy, target, ..) = fact(field, code);
    let content = Content::Settlement(Settlement {
        value: Value::new(code, code),
        both_happened: false,
        reason: Some("SECRET-REASON".to_owned()),
    });
    Say(Kind::Resolve, policy, target, replaces, content)
}

impl Exported {
    pub(crate) fn rows(&self, file: &str) -> Vec<Cells> {
        let mut reader = csv::Reader::from_path(self.folder.join(file)).unwrap();
        reader.deserialize().map(|row| row.unwrap()).collect()
    }

    /// Seen, alone and bedroom of the rows of a child, in the order of the file, with the visit's date.
    pub(crate) fn flags(&self, file: &str, code: &str) -> Vec<[String; 4]> {
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

    pub(crate) fn cp(&self, code: &str) -> Vec<[String; 4]> {
        self.flags("ssd_cp_visits.csv", code)
    }

    pub(crate) fn cell(&self, file: &str, code: &str, column: &str) -> Option<String> {
        let rows = self.rows(file);
        let row = rows
            .into_iter()
            .find(|row| row["Child Unique ID"] == code)?;
        Some(row[column].clone())
    }

    /// What is said about a row, by column.
    pub(crate) fn said(&self, file: &str, key: &str) -> Vec<(String, String)> {
        let of_row = |e: &&visitbook_server::exports::Exception| e.file == file && e.row_key == key;
        let found = self.report.exceptions.iter().filter(of_row);
        found
            .map(|e| (e.column.clone(), e.reason.clone()))
            .collect()
    }

    pub(crate) fn says(&self, file: &str, key: &str, words: &str) -> bool {
        self.said(file, key)
            .iter()
            .any(|(_, reason)| reason.contains(words))
    }
}

pub(crate) const CP: &str = "ssd_cp_visits.csv";
pub(crate) const CIN: &str = "ssd_cin_visits.csv";
pub(crate) const CLA: &str = "ssd_cla_visits.csv";
pub(crate) const LIST_4: &str = "annex_a_list_4_assessments.csv";
pub(crate) const LIST_6: &str = "annex_a_list_6_children_in_need.csv";
pub(crate) const LIST_7: &str = "annex_a_list_7_child_protection.csv";
pub(crate) const LIST_8: &str = "annex_a_list_8_children_in_care.csv";

pub(crate) fn row(date: &str, [seen, alone, bedroom]: [&str; 3]) -> [String; 4] {
    [&format!("{date}T00:00:00"), seen, alone, bedroom].map(ToString::to_string)
}
