//! What somebody who supports a device may know of it: versions, numbers, sizes, states and times. No name, no word, and no id of a
//! child or of a record, so that it can be sent by ordinary mail. It is made of whatever opens, down to a folder of which nothing
//! does.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use visitbook_record::time::WallMillis;

use crate::clock::Moment;
use crate::locked::Locked;
use crate::store::SCHEMA_VERSION;

/// A device, without anything that is about people.
#[derive(Debug, Clone, Serialize)]
pub struct Diagnostics {
    /// The version of this program.
    pub version: &'static str,
    /// The layout of the book that this version writes.
    pub layout: i64,
    /// What it runs on.
    pub platform: String,
    /// When this was made, by the device's clock.
    pub made: Moment,
    /// What lies in the folder: files and their bytes, by what they are for.
    pub files: BTreeMap<String, Files>,
    /// Why it does not open, or does not unlock, in this program's own words.
    pub closed: Option<String>,
    /// Sealed envelopes that wait; unknown where the folder does not open.
    pub sealed_waiting: Option<usize>,
    /// Whether a PIN can still open the vault.
    pub has_pin: Option<bool>,
    /// The book, if it is open.
    pub book: Option<Book>,
}

/// Files of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// How many.
    pub files: u64,
    /// Their size together.
    pub bytes: u64,
}

/// The open book.
#[derive(Debug, Clone, Serialize)]
pub struct Book {
    /// The layout of this file.
    pub layout: i64,
    /// Rows of each table.
    pub rows: BTreeMap<String, i64>,
    /// How often it was unlocked.
    pub unlocked: i64,
    /// The newest commit's number in the present writing life.
    pub newest: u64,
    /// Records by what is said of their sending.
    pub states: BTreeMap<String, u32>,
    /// When the council last had nothing more for this device, by its clock.
    pub heard: Option<Moment>,
    /// What should not have been possible: how often, and when last.
    pub alarms: BTreeMap<String, (u32, Moment)>,
    /// Commits, receipts and payloads that were checked.
    pub checked: u64,
    /// How many problems a check of everything finds.
    pub problems: usize,
}

impl Diagnostics {
    /// Of a folder that does not open, for this reason.
    #[must_use]
    pub fn of_folder(folder: &Path, now: WallMillis, closed: Option<String>) -> Self {
        let mut files = BTreeMap::new();
        count(folder, "", &mut files);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            layout: SCHEMA_VERSION,
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            made: Moment::of(now),
            files,
            closed,
            sealed_waiting: None,
            has_pin: None,
            book: None,
        }
    }
}

/// Names of files can be names of things: of those in folders only the ending is told.
fn count(folder: &Path, within: &str, files: &mut BTreeMap<String, Files>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if path.is_dir() {
            if within.is_empty() && FOLDERS.contains(&&*name) {
                count(&path, &format!("{name}/"), files);
            }
            continue;
        }
        let ending = path.extension().map(|ending| ending.to_string_lossy());
        let kind = match ending {
            _ if within.is_empty() && FILES.contains(&&*name) => name.into_owned(),
            Some(ending) if !within.is_empty() && ENDINGS.contains(&&*ending) => {
                format!("{within}{ending}")
            }
            _ => format!("{within}other"),
        };
        let kind = files.entry(kind).or_default();
        kind.files += 1;
        kind.bytes += entry.metadata().map_or(0, |file| file.len());
    }
}

const FOLDERS: [&str; 4] = ["spool", "attachments", "replies", "uploads"];
const FILES: [&str; 9] = [
    "vault.a",
    "vault.b",
    "book.db",
    "book.db-wal",
    "book.db-shm",
    "book.new",
    "council",
    "lock",
    "keystore",
];
const ENDINGS: [&str; 9] = [
    "new", "out", "receipt", "kept", "part", "list", "reply", "body", "keys",
];

impl Locked {
    /// What support may know of a locked device, and why it is still locked.
    #[must_use]
    pub fn diagnostics(&self, closed: Option<String>) -> Diagnostics {
        let now = self.clock.read().wall;
        Diagnostics {
            sealed_waiting: Some(self.sealed_waiting()),
            has_pin: Some(self.has_pin()),
            ..Diagnostics::of_folder(self.outbox.folder.path(), now, closed)
        }
    }
}
