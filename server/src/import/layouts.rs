//! The tables that are known: the council's own files, and those of the SSDA903 return on looked-after children.
//!
//! A table is known by its columns, not by the name of its file. Headers are compared without regard to case, spaces and
//! punctuation, and under the other names that the standards and the case systems use for them.

use super::cells::Check;
use super::codes;

/// How much depends on a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Without it, or with a bad one, there is no row.
    Must,
    /// May be empty; a bad one spoils the row.
    May,
    /// May be empty; a bad one is left out and reported, and the rest of the row is taken.
    Loose,
}

/// A column.
pub(super) struct Column {
    /// Its name in the standard.
    pub(super) name: &'static str,
    /// Other names it goes by.
    pub(super) also: &'static [&'static str],
    /// How much depends on it.
    pub(super) need: Need,
    /// What a cell must be.
    pub(super) check: Check,
}

/// What the rows of a table are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the table it names")]
pub(super) enum Table {
    Children,
    Periods,
    People,
    Alerts,
    Workers,
    Involvements,
    Council,
    Header,
    Episodes,
    Reviews,
    Uasc,
    Missing,
    Oc2,
    Oc3,
    Ad1,
    PlacedForAdoption,
    PreviousPermanence,
    NotTaken,
}

/// A table.
pub(super) struct Layout {
    /// What it is about.
    pub(super) table: Table,
    /// What it is called to a person.
    pub(super) what: &'static str,
    /// The file it is usually in.
    pub(super) file: &'static str,
    /// The columns that tell it from all others.
    pub(super) sign: &'static [&'static str],
    /// The columns that tell its rows apart; none where every row is one of its own.
    pub(super) key: &'static [&'static str],
    /// Its columns.
    pub(super) columns: &'static [Column],
    /// Pairs of dates of which the first must not be after the second.
    pub(super) order: &'static [(&'static str, &'static str)],
}

impl Layout {
    /// True for the row that a child is known by; without it nothing else of the child is taken.
    pub(super) const fn is_the_childs_own(&self) -> bool {
        matches!(self.table, Table::Children | Table::Header)
    }

    /// True for a table of the return of which something is taken.
    pub(super) fn is_of_the_return(&self) -> bool {
        self.table != Table::NotTaken && self.child_column() == Some("CHILD")
    }

    /// The column with the child's id.
    pub(super) fn child_column(&self) -> Option<&'static str> {
        ["child_id", "CHILD"]
            .into_iter()
            .find(|name| self.columns.iter().any(|column| column.name == *name))
    }

    /// The places of the columns that a file's header has.
    pub(super) fn places(&self, header: &[String]) -> Vec<(&'static Column, usize)> {
        self.columns
            .iter()
            .filter_map(|column| Some((column, place(column, header)?)))
            .collect()
    }

    /// True if the header has what tells this table from the others.
    pub(super) fn fits(&self, header: &[String]) -> bool {
        self.sign.iter().all(|sign| {
            self.columns
                .iter()
                .any(|column| column.name == *sign && place(column, header).is_some())
        })
    }

    /// A needed column that the header lacks.
    pub(super) fn lacks(&self, header: &[String]) -> Option<&'static str> {
        self.columns
            .iter()
            .find(|column| column.need == Need::Must && place(column, header).is_none())
            .map(|column| column.name)
    }
}

fn place(column: &Column, header: &[String]) -> Option<usize> {
    std::iter::once(&column.name)
        .chain(column.also)
        .find_map(|name| header.iter().position(|head| *head == folded(name)))
}

/// Headers are compared without regard to case, spaces, dashes and underscores; a byte order mark is not part of one.
pub(super) fn folded(header: &str) -> String {
    header
        .trim_start_matches('\u{feff}')
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The table with this header. A file by a table's usual name is taken for that table, so that a missing column can be named.
pub(super) fn of(header: &[String], file: &str) -> Option<&'static Layout> {
    let named = || {
        LAYOUTS
            .iter()
            .find(|layout| layout.file.eq_ignore_ascii_case(file))
    };
    LAYOUTS
        .iter()
        .find(|layout| layout.fits(header))
        .or_else(named)
}

const fn column(name: &'static str, need: Need, check: Check) -> Column {
    Column {
        name,
        also: &[],
        need,
        check,
    }
}

const fn must(name: &'static str, check: Check) -> Column {
    column(name, Need::Must, check)
}

const fn may(name: &'static str, check: Check) -> Column {
    column(name, Need::May, check)
}

const fn loose(name: &'static str, check: Check) -> Column {
    column(name, Need::Loose, check)
}

impl Column {
    const fn or(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }
}

/// The child's id in the council's own files.
const CHILD_ID: Column =
    must("child_id", Check::Code).or(&["la child id", "child unique id", "person id", "client id"]);
/// The child's id in the return.
const CHILD: Column = must("CHILD", Check::ChildId).or(&["child id", "la child id"]);

/// Every known table. Where two fit, the first is meant.
pub(super) const LAYOUTS: &[Layout] = &[
    CHILDREN,
    PERIODS,
    PEOPLE,
    ALERTS,
    INVOLVEMENTS,
    WORKERS,
    COUNCIL,
    EPISODES,
    REVIEWS,
    UASC,
    MISSING,
    OC2,
    OC3,
    AD1,
    PLACED_FOR_ADOPTION,
    PREVIOUS_PERMANENCE,
    SW_EPISODES,
    DEPRIVATIONS,
    HEADER,
];

const CHILDREN: Layout = Layout {
    table: Table::Children,
    what: "children of the council's own files",
    file: "children.csv",
    sign: &["child_id", "known_as"],
    key: &["child_id"],
    columns: &[
        CHILD_ID,
        must("known_as", Check::Words).or(&["first name", "forename", "preferred name"]),
        may("family_name", Check::Words).or(&["surname", "last name"]),
        loose("sex", Check::Sex),
        may("gender", Check::Words),
        may("dob", Check::PastDate).or(&["date of birth", "birth date"]),
        may("expected", Check::Date).or(&["expected date of birth", "expected dob"]),
        loose("ethnicity", Check::One(codes::ETHNICITY)).or(&["ethnic", "ethnic origin"]),
        loose("disability", Check::Disabilities).or(&["disabilities", "disability codes"]),
        may("first_language", Check::Words),
        may("communication", Check::Words),
        loose("uasc", Check::YesNo).or(&["uasc flag"]),
        loose("uasc_until", Check::Date).or(&["uasc end date"]),
        may("family_id", Check::Code),
        loose("postcode", Check::Postcode).or(&["post code"]),
        may("address_restricted", Check::YesNo),
        loose("case_system_id", Check::Code).or(&["mis child id"]),
        loose("upn", Check::Upn).or(&["unique pupil number"]),
        loose("former_upn", Check::Upn),
        loose("died", Check::PastDate).or(&["date of death"]),
    ],
    order: &[("dob", "died")],
};

const PERIODS: Layout = Layout {
    table: Table::Periods,
    what: "periods of the council's own files",
    file: "periods.csv",
    sign: &["child_id", "kind", "start"],
    key: &["child_id", "kind", "period_id", "start"],
    columns: &[
        CHILD_ID,
        must("kind", Check::Code),
        may("period_id", Check::Code),
        must("start", Check::Date).or(&["start date"]),
        may("end", Check::Date).or(&["end date"]),
        may("end_reason", Check::Words),
        loose("referral_date", Check::Date),
        loose("referral_source", Check::One(codes::REFERRAL)),
        loose("closure_date", Check::Date),
        loose("closure_reason", Check::One(codes::CLOSURE)),
        loose("primary_need", Check::One(codes::NEED)).or(&["primary need code"]),
        loose("category_initial", Check::One(codes::CATEGORY)),
        loose("category_latest", Check::One(codes::CATEGORY)),
        may("other_la_plan", Check::Words),
        may("previous_plans", Check::Words),
        loose("legal_status", Check::One(codes::LEGAL)),
        loose("legal_status_start", Check::Date),
        may("placement_id", Check::Words),
        loose("placement_start", Check::Date),
        loose("placement_end", Check::Date),
        loose("placement_type", Check::One(codes::PLACEMENT)),
        loose("placement_provider", Check::One(codes::PROVIDER)),
        loose("placement_urn", Check::Urn),
        loose("placement_postcode", Check::Postcode),
        may("to_18", Check::YesNo),
        may("long_term_foster_agreed", Check::YesNo),
        may("visit_every", Check::Words),
        loose("last_seen", Check::Date),
        loose("last_alone", Check::Date),
        loose("last_bedroom", Check::Date),
        loose("first_review", Check::Date),
        loose("last_review", Check::Date),
        loose("last_iro_visit", Check::Date),
        may("permanence_plan", Check::Words),
        loose("authorisation_date", Check::Date),
        loose("icpc_date", Check::Date),
    ],
    order: &[("start", "end")],
};

const PEOPLE: Layout = Layout {
    table: Table::People,
    what: "people around a child",
    file: "people.csv",
    sign: &["child_id", "person"],
    key: &["child_id", "person"],
    columns: &[
        CHILD_ID,
        must("person", Check::Words),
        may("relation", Check::Words),
        may("pr", Check::YesNo),
        may("lives_here", Check::Words),
        may("contact_rule", Check::Words),
        may("note", Check::Words),
    ],
    order: &[],
};

const ALERTS: Layout = Layout {
    table: Table::Alerts,
    what: "alerts",
    file: "alerts.csv",
    sign: &["child_id", "kind", "text"],
    key: &["child_id", "kind", "text"],
    columns: &[
        CHILD_ID,
        must("kind", Check::Words),
        must("text", Check::Words),
        may("from", Check::Date),
        may("review_by", Check::Date),
    ],
    order: &[],
};

const WORKERS: Layout = Layout {
    table: Table::Workers,
    what: "staff",
    file: "workers.csv",
    sign: &["worker_id", "name"],
    key: &["worker_id"],
    columns: &[
        must("worker_id", Check::Code),
        must("name", Check::Words),
        may("registration_no", Check::Words),
        may("role", Check::Words),
        may("team_id", Check::Words),
        may("team_name", Check::Words),
        may("manager_id", Check::Code),
        may("phone", Check::Words),
    ],
    order: &[],
};

const INVOLVEMENTS: Layout = Layout {
    table: Table::Involvements,
    what: "who holds whom",
    file: "involvements.csv",
    sign: &["child_id", "worker_id", "role"],
    key: &["child_id", "worker_id", "role", "start"],
    columns: &[
        CHILD_ID,
        must("worker_id", Check::Code),
        must("role", Check::Role),
        may("team_id", Check::Words),
        may("start", Check::Date),
        may("end", Check::Date),
        may("change_reason", Check::Words),
    ],
    order: &[("start", "end")],
};

const COUNCIL: Layout = Layout {
    table: Table::Council,
    what: "the council itself",
    file: "council.csv",
    sign: &["out_of_hours"],
    key: &[],
    columns: &[
        may("name", Check::Words),
        must("out_of_hours", Check::Words),
    ],
    order: &[],
};

const HEADER: Layout = Layout {
    table: Table::Header,
    what: "SSDA903 header",
    file: "header.csv",
    sign: &["CHILD", "DOB", "ETHNIC"],
    key: &["CHILD"],
    columns: &[
        CHILD,
        loose("SEX", Check::Sex).or(&["gender"]),
        must("DOB", Check::PastDate).or(&["date of birth"]),
        loose("ETHNIC", Check::One(codes::ETHNICITY)).or(&["ethnicity", "ethnic origin"]),
        loose("UPN", Check::UpnOrReason),
    ],
    order: &[],
};

const EPISODES: Layout = Layout {
    table: Table::Episodes,
    what: "SSDA903 episodes",
    file: "episodes.csv",
    sign: &["CHILD", "DECOM", "RNE"],
    key: &["CHILD", "DECOM"],
    columns: &[
        CHILD,
        must("DECOM", Check::Date).or(&["date episode commenced"]),
        must("RNE", Check::One(codes::BEGAN)).or(&["reason for new episode"]),
        loose("LS", Check::One(codes::LEGAL)).or(&["legal status"]),
        loose("CIN", Check::One(codes::NEED)).or(&["category of need", "cin category"]),
        loose("PLACE", Check::One(codes::PLACEMENT)).or(&["placement", "placement type"]),
        loose("PLACE_PROVIDER", Check::One(codes::PROVIDER)).or(&["placement provider"]),
        may("DEC", Check::Date).or(&["date episode ceased"]),
        may("REC", Check::One(codes::CEASED)).or(&["reason episode ceased"]),
        loose("REASON_PLACE_CHANGE", Check::One(codes::CHANGED)),
        loose("HOME_POST", Check::Postcode).or(&["home postcode"]),
        loose("PL_POST", Check::Postcode).or(&["placement postcode"]),
        loose("URN", Check::Urn),
    ],
    order: &[("DECOM", "DEC")],
};

const REVIEWS: Layout = Layout {
    table: Table::Reviews,
    what: "SSDA903 reviews",
    file: "reviews.csv",
    sign: &["CHILD", "REVIEW", "REVIEW_CODE"],
    key: &["CHILD", "REVIEW"],
    columns: &[
        CHILD,
        must("REVIEW", Check::Date).or(&["review date"]),
        loose("REVIEW_CODE", Check::One(codes::TOOK_PART)),
    ],
    order: &[],
};

const UASC: Layout = Layout {
    table: Table::Uasc,
    what: "SSDA903 unaccompanied asylum-seeking children",
    file: "uasc.csv",
    sign: &["CHILD", "DUC"],
    key: &["CHILD"],
    columns: &[CHILD, loose("DUC", Check::Date)],
    order: &[],
};

const MISSING: Layout = Layout {
    table: Table::Missing,
    what: "SSDA903 missing",
    file: "missing.csv",
    sign: &["CHILD", "MISSING", "MIS_START"],
    key: &["CHILD", "MIS_START"],
    columns: &[
        CHILD,
        must("MISSING", Check::One(codes::AWAY)),
        must("MIS_START", Check::Date).or(&["mistart"]),
        may("MIS_END", Check::Date).or(&["misend"]),
    ],
    order: &[("MIS_START", "MIS_END")],
};

const OC2: Layout = Layout {
    table: Table::Oc2,
    what: "SSDA903 outcomes (OC2)",
    file: "oc2.csv",
    sign: &["CHILD", "SDQ_SCORE"],
    key: &["CHILD"],
    columns: &[CHILD, loose("SDQ_SCORE", Check::Count)],
    order: &[],
};

const OC3: Layout = Layout {
    table: Table::Oc3,
    what: "SSDA903 care leavers (OC3)",
    file: "oc3.csv",
    sign: &["CHILD", "IN_TOUCH", "ACCOM"],
    key: &["CHILD"],
    columns: &[
        CHILD,
        loose("IN_TOUCH", Check::One(codes::IN_TOUCH)),
        loose("ACTIV", Check::Code).or(&["activity"]),
        loose("ACCOM", Check::Code).or(&["accommodation"]),
    ],
    order: &[],
};

const AD1: Layout = Layout {
    table: Table::Ad1,
    what: "SSDA903 adoptions (AD1)",
    file: "ad1.csv",
    sign: &["CHILD", "DATE_INT", "DATE_MATCH"],
    key: &["CHILD"],
    columns: &[
        CHILD,
        loose("DATE_INT", Check::Date),
        loose("DATE_MATCH", Check::Date),
    ],
    order: &[("DATE_INT", "DATE_MATCH")],
};

const PLACED_FOR_ADOPTION: Layout = Layout {
    table: Table::PlacedForAdoption,
    what: "SSDA903 should be placed for adoption",
    file: "placed_for_adoption.csv",
    sign: &["CHILD", "DATE_PLACED"],
    key: &["CHILD", "DATE_PLACED"],
    columns: &[
        CHILD,
        must("DATE_PLACED", Check::Date),
        may("DATE_PLACED_CEASED", Check::Date),
        loose("REASON_PLACED_CEASED", Check::One(codes::NO_LONGER)),
    ],
    order: &[("DATE_PLACED", "DATE_PLACED_CEASED")],
};

const PREVIOUS_PERMANENCE: Layout = Layout {
    table: Table::PreviousPermanence,
    what: "SSDA903 previous permanence",
    file: "previous_permanence.csv",
    sign: &["CHILD", "PREV_PERM"],
    key: &["CHILD"],
    columns: &[
        CHILD,
        must("PREV_PERM", Check::One(codes::EARLIER)),
        // Where only the year or the month is known, the guide has them written with z: that is no day to keep.
        loose("DATE_PERM", Check::Date),
    ],
    order: &[],
};

const SW_EPISODES: Layout = Layout {
    table: Table::NotTaken,
    what: "SSDA903 social workers: not taken, who holds a child comes from involvements.csv",
    file: "sw_episodes.csv",
    sign: &["CHILD", "SW_ID"],
    key: &[],
    columns: &[CHILD, must("SW_ID", Check::Code)],
    order: &[],
};

const DEPRIVATIONS: Layout = Layout {
    table: Table::NotTaken,
    what: "SSDA903 deprivation of liberty: not taken",
    file: "dolo.csv",
    sign: &["CHILD", "DOLO_START"],
    key: &[],
    columns: &[CHILD, must("DOLO_START", Check::Date)],
    order: &[],
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn header(text: &str) -> Vec<String> {
        text.split(',').map(folded).collect()
    }

    #[test]
    fn headers_are_matched_tolerantly() {
        for header in ["child_id", "Child ID", "\u{feff}CHILD-ID", "childId"] {
            assert_eq!(folded(header), "childid");
        }
    }

    #[test]
    fn a_table_is_known_by_its_columns_in_any_order_and_under_other_names() {
        for (text, table) in [
            ("DOB,ETHNIC,CHILD,SEX,UPN", Table::Header),
            (
                "\u{feff}CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB",
                Table::Header,
            ),
            ("Child Id, sex ,Date of Birth,Ethnicity", Table::Header),
            ("child_id,known_as,ethnicity,dob", Table::Children),
            ("LA Child ID,Forename,Surname", Table::Children),
            ("CHILD,DECOM,RNE", Table::Episodes),
            ("CHILD,SEX,DOB,DUC", Table::Uasc),
            ("CHILD,DOB,MISSING,MIS_START,MIS_END", Table::Missing),
            ("CHILD,DOB,REVIEW,REVIEW_CODE", Table::Reviews),
            ("child_id,worker_id,role,start,end", Table::Involvements),
            ("CHILD,DOB,SW_ID,SW_DECOM", Table::NotTaken),
        ] {
            assert_eq!(of(&header(text), "x.csv").unwrap().table, table, "{text}");
        }
        assert!(of(&header("file,row,column,value,reason"), "x.csv").is_none());
        assert_eq!(
            of(&header("child_id"), "Children.csv").unwrap().table,
            Table::Children
        );
    }

    #[test]
    fn every_sign_key_and_order_names_a_column() {
        for layout in LAYOUTS {
            let pairs = layout.order.iter().flat_map(|(a, b)| [a, b]);
            for name in layout.sign.iter().chain(layout.key).chain(pairs) {
                assert!(
                    layout.columns.iter().any(|c| c.name == *name),
                    "{} {name}",
                    layout.file
                );
            }
        }
    }
}
