//! The tables that are known: the council's own files, and those of the SSDA903 return on looked-after children.
//!
//! A table is known by its columns, not by the name of its file. Headers are compared without regard to case, spaces and
//! punctuation, and under the other names that the standards and the case systems use for them.

mod own;
mod ssda903;

use super::cells::Check;

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

/// Every known table. Where two fit, the first is meant.
pub(super) const LAYOUTS: &[Layout] = &[
    own::CHILDREN,
    own::PERIODS,
    own::PEOPLE,
    own::ALERTS,
    own::INVOLVEMENTS,
    own::WORKERS,
    own::COUNCIL,
    ssda903::EPISODES,
    ssda903::REVIEWS,
    ssda903::UASC,
    ssda903::MISSING,
    ssda903::OC2,
    ssda903::OC3,
    ssda903::AD1,
    ssda903::PLACED_FOR_ADOPTION,
    ssda903::PREVIOUS_PERMANENCE,
    ssda903::SW_EPISODES,
    ssda903::DEPRIVATIONS,
    ssda903::HEADER,
];

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
