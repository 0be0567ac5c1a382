//! The council's exports: what the national tables and Ofsted's lists ask about visits, computed from what the council holds.
//!
//! A worker writes a visit once, in words and ticks that serve the child; the returns ask for a date and a Y or N. Typing those a
//! second time is how wrong returns are made. So they follow from the record: the visits of `held`, folded by the same code
//! as on every device, and the facts that the case system sent. What is exported can always be shown beside the record it came
//! from, because a row's name is the visit's.
//!
//! From the bottom up: `held` reads and folds, `child` and `visit` say what is known of each, `counted` decides what counts
//! for what, `ssd` and `annex` (with `episode` and `days`) make rows, `check` holds them to the tables of [`layout`], `write` puts them on disk.
//! No sentence that anybody wrote and nothing that a child gave gets past the first of these.

mod annex;
mod check;
mod child;
mod codes;
mod counted;
mod days;
mod episode;
mod held;
pub mod layout;
mod ssd;
mod visit;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use visitbook_record::calendar::Date;
use visitbook_record::id::WorkerId;
use visitbook_record::time::WallMillis;

use crate::store::{Deed, Storage, StorageExt as _, StoreError};
use check::{Checked, Known, check};
use child::Child;
use held::Held;
use layout::Key;

pub use check::{Exception, Written};

/// The list of what somebody has to look at.
pub const EXCEPTIONS: &str = "exceptions.csv";

/// Why an export was not made. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is something in the folder.
    #[error("{0} is not empty; an export never replaces another. Name a new folder")]
    Exists(PathBuf),
    /// A file could not be written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The moment asked about has not come yet.
    #[error("--as-of is yet to come; leave it out for now")]
    NotYet,
    /// The first day is after the last.
    #[error("--from is after --to")]
    Backwards,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// What the council had received by then, by its own clock.
    pub as_of: WallMillis,
    /// The first day of the visits in the `ssd_*` files.
    pub from: Option<Date>,
    /// The last.
    pub to: Option<Date>,
}

/// One file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileMade {
    /// Its name.
    pub file: &'static str,
    /// Its rows, without the header.
    pub rows: usize,
}

/// What an export came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The day asked about, in Europe/London.
    pub day: String,
    /// The files, without the list of exceptions.
    pub files: Vec<FileMade>,
    /// What somebody has to look at.
    pub exceptions: Vec<Exception>,
}

/// Makes all files in a folder that does not exist or is empty, and notes who did. Blocks; reads the whole of the log.
///
/// # Errors
/// [`ExportError`]. The folder is there whole or not at all.
pub fn export(
    store: &dyn Storage,
    now: WallMillis,
    by: WorkerId,
    asked: &Asked,
    folder: &Path,
) -> Result<Report, ExportError> {
    if asked.as_of > now {
        return Err(ExportError::NotYet);
    }
    if let (Some(from), Some(to)) = (asked.from, asked.to)
        && to < from
    {
        return Err(ExportError::Backwards);
    }
    let begun = write::Begun::at(folder)?;
    let held = store.read_with::<_, StoreError>(|view| held::read(view, asked.as_of))?;
    let (files, exceptions) = make(&held, asked);
    write::all(&begun, &files, &exceptions)?;
    let report = Report {
        day: day_of(asked.as_of).map_or_else(String::new, |day| day.to_string()),
        files: files
            .iter()
            .map(|file| FileMade {
                file: file.file,
                rows: file.rows.len(),
            })
            .collect(),
        exceptions,
    };
    // Noted before the files can be used: a note of an export that then failed is better than an export that nobody noted.
    store.write_with::<_, StoreError>(|tx| {
        tx.note(&Deed {
            at: now,
            by,
            what: in_words(&report, asked, folder),
        })
    })?;
    begun.give()?;
    Ok(report)
}

/// All files, checked, and what does not fit. Pure: the same of the same.
fn make(held: &Held, asked: &Asked) -> (Vec<Checked>, Vec<Exception>) {
    let Some(today) = day_of(asked.as_of) else {
        return (Vec::new(), Vec::new());
    };
    let mut exceptions = Vec::new();
    let mut known = Known::new();
    let mut visits = [Vec::new(), Vec::new(), Vec::new()];
    let mut lists = annex::Lists::on(today);
    let mut children: Vec<(Child, &held::HeldChild)> = held
        .children
        .iter()
        .map(|child| (Child::of(child, held.council.as_ref()), child))
        .collect();
    children.sort_by(|(a, _), (b, _)| (&a.code, a.id).cmp(&(&b.code, b.id)));
    for (child, records) in &children {
        add_keys(child, &mut known);
        let all = visit::visits(&records.visits);
        let (counted, left_out) = counted::counted(child, &all, today);
        let days = (asked.from, asked.to);
        ssd::rows(child, &counted, days, &mut visits, &mut exceptions);
        ssd::left_out(&left_out, &mut exceptions);
        lists.add(child, &counted);
    }
    if held.restricted > 0 {
        exceptions.push(restricted(held.restricted));
    }
    exceptions.append(&mut lists.exceptions);
    let annex = [
        (&layout::LIST_4, lists.list_4),
        (&layout::LIST_6, lists.list_6),
        (&layout::LIST_7, lists.list_7),
        (&layout::LIST_8, lists.list_8),
    ];
    let mut files = Vec::new();
    for (table, rows) in ssd::tables().into_iter().zip(visits).chain(annex) {
        let mut file = check(table, rows, &known, &mut exceptions);
        write::disarm(&mut file, &mut exceptions);
        files.push(file);
    }
    let order = |one: &Exception| {
        let place = layout::ALL.iter().position(|table| table.file == one.file);
        (place.is_none(), place, one.clone())
    };
    exceptions.sort_by_cached_key(order);
    exceptions.dedup();
    (files, exceptions)
}

fn add_keys(child: &Child, known: &mut Known) {
    let Some(code) = &child.code else {
        return;
    };
    known.insert((Key::Child, code.clone()));
    for period in &child.periods {
        let keys: &[Key] = match period.kind().as_str() {
            "cin" => &[Key::CinChild],
            "cp" => &[Key::CpChild, Key::CpPlan],
            "cla" => &[Key::ClaChild, Key::ClaPeriod],
            _ => &[],
        };
        for key in keys {
            let name = match key {
                Key::CpPlan | Key::ClaPeriod => child.period_name(period),
                _ => code.clone(),
            };
            known.insert((*key, name));
        }
    }
}

fn restricted(count: usize) -> Exception {
    Exception {
        file: "visits".to_owned(),
        row_key: String::new(),
        column: String::new(),
        value: count.to_string(),
        reason: "so many visits are kept from all but a few people, and are in no file; enter them by hand"
            .to_owned(),
        written: Written::No,
    }
}

/// The day in Europe/London.
pub(crate) fn day_of(at: WallMillis) -> Option<Date> {
    let time = chrono::DateTime::from_timestamp_millis(at.0)?;
    let day = time.with_timezone(&chrono_tz::Europe::London);
    day.format("%Y-%m-%d").to_string().parse().ok()
}

fn in_words(report: &Report, asked: &Asked, folder: &Path) -> String {
    let rows: Vec<String> = report
        .files
        .iter()
        .map(|file| format!("{} {}", file.file, file.rows))
        .collect();
    let visits = match (asked.from, asked.to) {
        (None, None) => String::new(),
        (Some(from), None) => format!(", visits from {from}"),
        (None, Some(to)) => format!(", visits to {to}"),
        (Some(from), Some(to)) => format!(", visits from {from} to {to}"),
    };
    format!(
        "exports to {}, as known at {}{visits}; rows: {}; exceptions {}",
        folder.display(),
        crate::command::moves::spoken(asked.as_of),
        rows.join(", "),
        report.exceptions.len()
    )
}
