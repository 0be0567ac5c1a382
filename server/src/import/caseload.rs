//! What the files say, in one shape, whatever files they were.
//!
//! A child has plain fields, and elements: periods, people, placements. Where two files say something about the same thing, the
//! first that was added stands: the council's own files, then the census, then the return.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::table::Row;

/// Where something was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whence {
    /// The file.
    pub(super) file: Rc<str>,
    /// The row; in an XML file the line.
    pub(super) row: u64,
}

impl Whence {
    pub(super) fn new(file: &Rc<str>, row: u64) -> Self {
        Self {
            file: Rc::clone(file),
            row,
        }
    }
}

/// Everything that was read.
#[derive(Default)]
pub(super) struct Caseload {
    /// Children by their code.
    pub(super) children: BTreeMap<String, Child>,
    /// Members of staff.
    pub(super) workers: Vec<(Whence, Row)>,
    /// Who holds whom.
    pub(super) involvements: Vec<(Whence, Row)>,
    /// The council itself.
    pub(super) council: Vec<(Whence, Row)>,
}

impl Caseload {
    /// What is said of one child.
    pub(super) fn child(&mut self, code: &str) -> &mut Child {
        self.children.entry(code.to_owned()).or_default()
    }

    /// Adds what another says, behind what is here.
    pub(super) fn append(&mut self, other: Self) {
        for (code, theirs) in other.children {
            let child = self.child(&code);
            for (field, said) in theirs.fields {
                child.fields.entry(field).or_insert(said);
            }
            child.elements.extend(theirs.elements);
        }
        self.workers.extend(other.workers);
        self.involvements.extend(other.involvements);
        self.council.extend(other.council);
    }

    /// How many elements of a field there are.
    pub(super) fn count(&self, field: &str) -> usize {
        self.children
            .values()
            .flat_map(|child| &child.elements)
            .filter(|element| element.field == field)
            .count()
    }
}

/// What is said of one child.
#[derive(Default)]
pub(super) struct Child {
    /// Plain fields.
    pub(super) fields: BTreeMap<&'static str, (String, Whence)>,
    /// Elements, in the order they are to be looked at.
    pub(super) elements: Vec<Element>,
}

impl Child {
    /// Says a plain field. What was said before stands; an empty text says nothing.
    pub(super) fn say(&mut self, field: &'static str, value: &str, whence: &Whence) {
        if !value.is_empty() {
            self.fields
                .entry(field)
                .or_insert_with(|| (value.to_owned(), whence.clone()));
        }
    }
}

/// One of several things of a kind.
pub(super) struct Element {
    /// The field it is an element of.
    pub(super) field: &'static str,
    /// Its name: the case system's, or one that follows from what it is.
    pub(super) id: String,
    /// The name is the case system's own.
    pub(super) given: bool,
    /// Its parts.
    pub(super) parts: BTreeMap<&'static str, String>,
    /// Parts that are dates by which something had begun: the day itself lies before what these files tell. They do not
    /// replace an earlier day.
    pub(super) bounds: Vec<&'static str>,
    /// Parts of which the files say that there are none: it has not ended.
    pub(super) none: Vec<&'static str>,
    /// Where it was read.
    pub(super) whence: Whence,
}

impl Element {
    /// An element without parts.
    pub(super) fn new(field: &'static str, id: String, whence: &Whence) -> Self {
        Self {
            field,
            id,
            given: false,
            parts: BTreeMap::new(),
            bounds: Vec::new(),
            none: Vec::new(),
            whence: whence.clone(),
        }
    }

    /// A period: its name follows from its kind and first day.
    pub(super) fn period(kind: &str, start: &str, whence: &Whence) -> Self {
        Self::new("period", format!("{kind}:{start}"), whence)
            .with("kind", kind)
            .with("start", start)
    }

    /// With a part; an empty text is none.
    pub(super) fn with(mut self, part: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.parts.insert(part, value.to_owned());
        }
        self
    }

    /// With its last day, if it has one; without, it lasts.
    pub(super) fn until(mut self, end: Option<&str>) -> Self {
        if end.is_none() {
            self.none.extend(["end", "end_reason"]);
        }
        self.with("end", end.unwrap_or_default())
    }

    /// A part; empty if there is none.
    pub(super) fn part(&self, part: &str) -> &str {
        self.parts.get(part).map_or("", String::as_str)
    }
}
