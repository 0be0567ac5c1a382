//! What each file must look like, as data: columns in order, types, lengths, allowed codes, what may be blank, and keys.
//!
//! The writer checks every row by these tables and the tests read them too, so that a file which a table does not describe cannot
//! be written. The `ssd_*` tables follow the Standard Safeguarding Dataset 1.4.5 (Data to Insight, MIT; each column with its item
//! reference), the lists Annex A of Ofsted's ILACS framework in the form in which the sector's tools read it (April 2024). The names
//! stand here to the letter, with what looks like slips in them.

use super::codes;

/// What a cell must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// An identifier: at most 48 characters (`NVARCHAR(48)`), no spaces.
    Id,
    /// A text of at most so many characters.
    Text(usize),
    /// `2026-10-27T00:00:00`: the one form that a `DATETIME` column reads alike whatever the language of the login.
    DateTime,
    /// `Y` or `N` (`NCHAR(1)`).
    Flag,
    /// `27/10/2026`.
    Day,
    /// A whole number from 0.
    Number,
    /// One of these, to the letter.
    Code(&'static [&'static str]),
}

/// What a cell is a key to. A row whose key is blank, wrong or taken cannot be loaded, and is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// No two rows of the file have the same.
    Unique,
    /// A child with a child in need plan.
    CinChild,
    /// A child with a child protection plan.
    CpChild,
    /// A child protection plan.
    CpPlan,
    /// A child in care.
    ClaChild,
    /// A whole period of care.
    ClaPeriod,
    /// A child whom the case system knows.
    Child,
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The header, to the letter.
    pub name: &'static str,
    /// The standard's own reference; empty where it has none.
    pub item: &'static str,
    /// What a cell must be.
    pub sort: Sort,
    /// The standard allows no blank.
    pub needed: bool,
    /// What it is a key to.
    pub key: Option<Key>,
    /// Nothing that the council sent and nothing that is recorded here answers it: always blank.
    pub not_held: bool,
}

impl Column {
    const fn new(name: &'static str, sort: Sort) -> Self {
        Self {
            name,
            item: "",
            sort,
            needed: false,
            key: None,
            not_held: false,
        }
    }

    const fn item(mut self, item: &'static str) -> Self {
        self.item = item;
        self
    }

    const fn needed(mut self) -> Self {
        self.needed = true;
        self
    }

    const fn key(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    const fn not_held(mut self) -> Self {
        self.not_held = true;
        self
    }
}

/// One file.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub file: &'static str,
    /// Its columns, in order. The first names the row in the list of exceptions.
    pub columns: &'static [Column],
}

/// Visits that serve a child in need plan.
pub const CIN_VISITS: Table = Table {
    file: "ssd_cin_visits.csv",
    columns: &[
        Column::new("cinv_cin_visit_id", Sort::Id)
            .item("CINV001A")
            .needed()
            .key(Key::Unique),
        Column::new("cinv_person_id", Sort::Id)
            .item("CINV007A")
            .needed()
            .key(Key::CinChild),
        Column::new("cinv_cin_visit_date", Sort::DateTime)
            .item("CINV003A")
            .needed(),
        Column::new("cinv_cin_visit_seen", Sort::Flag).item("CINV004A"),
        Column::new("cinv_cin_visit_seen_alone", Sort::Flag).item("CINV005A"),
        Column::new("cinv_cin_visit_bedroom", Sort::Flag).item("CINV006A"),
    ],
};

/// Visits that serve a child protection plan.
pub const CP_VISITS: Table = Table {
    file: "ssd_cp_visits.csv",
    columns: &[
        Column::new("cppv_cp_visit_id", Sort::Id)
            .item("CPPV007A")
            .needed()
            .key(Key::Unique),
        Column::new("cppv_person_id", Sort::Id)
            .item("CPPV008A")
            .needed()
            .key(Key::CpChild),
        // The standard calls it unique; many visits serve one plan, and its own SQL says so.
        Column::new("cppv_cp_plan_id", Sort::Id)
            .item("CPPV001A")
            .needed()
            .key(Key::CpPlan),
        Column::new("cppv_cp_visit_date", Sort::DateTime)
            .item("CPPV003A")
            .needed(),
        Column::new("cppv_cp_visit_seen", Sort::Flag).item("CPPV004A"),
        Column::new("cppv_cp_visit_seen_alone", Sort::Flag).item("CPPV005A"),
        Column::new("cppv_cp_visit_bedroom", Sort::Flag).item("CPPV006A"),
    ],
};

/// Visits that serve a period of care.
pub const CLA_VISITS: Table = Table {
    file: "ssd_cla_visits.csv",
    columns: &[
        Column::new("clav_cla_visit_id", Sort::Id)
            .item("CLAV001A")
            .needed()
            .key(Key::Unique),
        Column::new("clav_cla_id", Sort::Id)
            .item("CLAV007A")
            .needed()
            .key(Key::ClaPeriod),
        Column::new("clav_person_id", Sort::Id)
            .item("CLAV008A")
            .needed()
            .key(Key::ClaChild),
        Column::new("clav_cla_visit_date", Sort::DateTime)
            .item("CLAV003A")
            .needed(),
        Column::new("clav_cla_visit_seen", Sort::Flag).item("CLAV004A"),
        Column::new("clav_cla_visit_seen_alone", Sort::Flag).item("CLAV005A"),
    ],
};

const CHILD: Column = Column::new("Child Unique ID", Sort::Id).needed();
const GENDER: Column = Column::new("Gender", Sort::Code(&codes::GENDERS)).needed();
const ETHNICITY: Column = Column::new("Ethnicity", Sort::Code(&codes::ETHNICITIES)).needed();
const BORN: Column = Column::new("Date of Birth", Sort::Day);
const AGE: Column = Column::new("Age of Child (Years)", Sort::Number);
const DISABILITY: Column = Column::new(
    "Does the Child have a Disability",
    Sort::Code(&codes::YES_NO),
)
.needed();
const TEAM: Column = Column::new("Allocated Team", Sort::Text(255)).needed();
const WORKER: Column = Column::new("Allocated Worker", Sort::Text(255)).needed();

/// Annex A, list 4: assessments.
pub const LIST_4: Table = Table {
    file: "annex_a_list_4_assessments.csv",
    columns: &[
        CHILD.key(Key::Child),
        GENDER,
        ETHNICITY,
        BORN,
        AGE,
        DISABILITY,
        Column::new("Continuous Assessment Start Date", Sort::Day).needed(),
        Column::new(
            "Child Seen During Continuous Assessment",
            Sort::Code(&codes::YES_NO),
        )
        .needed(),
        Column::new("Continuous Assessment Date of Authorisation", Sort::Day),
        Column::new(
            "Was the child assessed as requiring LA children's social care support?",
            Sort::Code(&codes::YES_NO),
        )
        .not_held(),
        TEAM,
        WORKER,
    ],
};

/// Annex A, list 6: children in need.
pub const LIST_6: Table = Table {
    file: "annex_a_list_6_children_in_need.csv",
    columns: &[
        CHILD.key(Key::Unique),
        GENDER,
        ETHNICITY,
        BORN,
        AGE,
        DISABILITY,
        Column::new("CIN Start Date", Sort::Day),
        Column::new("Primary Need Code", Sort::Code(&codes::NEEDS)).needed(),
        Column::new("Date Child Was Last Seen", Sort::Day),
        Column::new("CIN Closure Date", Sort::Day),
        Column::new("Reason for Closure", Sort::Code(&codes::CLOSURES)),
        Column::new("Case Status", Sort::Code(&codes::CASE_STATUSES)).needed(),
        TEAM,
        WORKER,
    ],
};

/// Annex A, list 7: child protection.
pub const LIST_7: Table = Table {
    file: "annex_a_list_7_child_protection.csv",
    columns: &[
        CHILD.key(Key::Unique),
        GENDER,
        ETHNICITY,
        BORN,
        AGE,
        DISABILITY,
        Column::new("Child Protection Plan Start Date", Sort::Day).needed(),
        Column::new("Initial Category of Abuse", Sort::Code(&codes::ABUSES)).needed(),
        Column::new("Latest Category of Abuse", Sort::Code(&codes::ABUSES)).needed(),
        Column::new("Date of the Last Statutory Visit", Sort::Day),
        Column::new("Was the Child Seen Alone?", Sort::Code(&codes::YES_NO)),
        Column::new("Date of latest review conference", Sort::Day),
        Column::new("Child Protection Plan End Date", Sort::Day),
        Column::new(
            "Subject to Emergency Protection Order or Protected Under Police Powers in Last Six Months (Y/N)",
            Sort::Code(&codes::YES_NO),
        )
        .needed()
        .not_held(),
        Column::new("Number of Previous Child Protection Plans", Sort::Number).needed(),
        TEAM,
        WORKER,
    ],
};

/// Annex A, list 8: children in care.
pub const LIST_8: Table = Table {
    file: "annex_a_list_8_children_in_care.csv",
    columns: &[
        CHILD.key(Key::Unique),
        GENDER,
        ETHNICITY,
        BORN,
        AGE,
        Column::new(
            "Unaccompanied Asylum Seeking Child (UASC) within the Last 12 Months (Y/N)",
            Sort::Code(&codes::YES_NO),
        )
        .needed(),
        DISABILITY,
        Column::new("Date Started to be Looked After", Sort::Day).needed(),
        Column::new("Child's Category of Need", Sort::Code(&codes::NEEDS)).needed(),
        Column::new(
            "Is this a second or subsequent period of being a Looked After Child within the last 12 months (Y/N)",
            Sort::Code(&codes::YES_NO),
        )
        .needed(),
        Column::new("Start date of current legal status", Sort::Day).needed(),
        Column::new("Child's Legal Status", Sort::Code(&codes::LEGAL_STATUSES)).needed(),
        Column::new("Date of Latest Statutory Review", Sort::Day),
        Column::new("Date of Last Social Work Visit", Sort::Day),
        Column::new(
            "What is the permanence plan for this child?",
            Sort::Code(&codes::PERMANENCE_PLANS),
        ),
        Column::new("Date of Last IRO Visit / Contact to the Child", Sort::Day),
        Column::new("Date of Last Health Assessment", Sort::Day).not_held(),
        Column::new("Date of Last Dental Check", Sort::Day).not_held(),
        Column::new("Number of Placements in the Last 12 months", Sort::Number).needed(),
        Column::new("Date Ceased to be Looked After", Sort::Day),
        Column::new(
            "Reason Ceased to be Looked After",
            Sort::Code(&codes::CEASED),
        ),
        Column::new("Start Date of Most Recent Placement", Sort::Day).needed(),
        Column::new("Placement Type", Sort::Code(&codes::PLACEMENT_TYPES)).needed(),
        Column::new("Placement Provider", Sort::Code(&codes::PROVIDERS)).needed(),
        Column::new("Placement postcode", Sort::Text(8)).needed(),
        Column::new("URN of Placement", Sort::Text(48)),
        Column::new("Placement Location", Sort::Code(&["a) In", "b) Out"]))
            .needed()
            .not_held(),
        Column::new("LA of Placement", Sort::Text(3)).needed().not_held(),
        Column::new(
            "Number of Episodes the Child has been 'Missing' from their Placement in the last 12 months",
            Sort::Number,
        )
        .needed()
        .not_held(),
        Column::new(
            "Number of Episodes the Child has been 'Absent' from their Placement in the last 12 months",
            Sort::Number,
        )
        .needed()
        .not_held(),
        Column::new(
            "Was the child offered a Return Interview after their last missing episode (Y/N)?",
            Sort::Code(&codes::YES_NO),
        )
        .not_held(),
        Column::new(
            "Did the child accept a Return Interview after their last missing episode (Y/N)?",
            Sort::Code(&codes::YES_NO),
        )
        .not_held(),
        TEAM,
        WORKER,
    ],
};

/// All files but the list of exceptions, in the order in which they are written.
pub const ALL: [&Table; 7] = [
    &CIN_VISITS,
    &CP_VISITS,
    &CLA_VISITS,
    &LIST_4,
    &LIST_6,
    &LIST_7,
    &LIST_8,
];
