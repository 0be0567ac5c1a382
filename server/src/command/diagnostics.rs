//! What somebody who supports a server may know of it: versions, numbers, sizes, states and times. No name, no word, no code of the
//! case system and no id of a child, so that it can be sent by ordinary mail. It is made of whatever opens.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::json;
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;

use super::moves::spoken;
use super::{Done, Problem, done};
use crate::keys::ServerKeys;
use crate::store::sqlite::{SCHEMA_VERSION, SqliteStore};
use crate::store::{ReadTx, StorageExt, StoreError};
use crate::verify::verify;

/// A council's server, without anything that is about people.
#[derive(Serialize)]
struct Diagnostics {
    version: &'static str,
    schema: usize,
    platform: String,
    made: String,
    /// Each file's size in bytes.
    files: BTreeMap<String, u64>,
    /// Why it does not open.
    closed: Option<String>,
    council: Option<Council>,
}

#[derive(Serialize)]
struct Council {
    epoch: u64,
    tls_ends: String,
    rows: BTreeMap<String, i64>,
    /// Devices, in no order that means anything: whether it was ended, and when it was last heard.
    devices: Vec<(bool, Option<String>)>,
    /// What is set aside, by reason.
    set_aside: BTreeMap<String, u32>,
    commits: u64,
    receipts: u64,
    numbers_used_twice: u64,
    numbers_not_arrived: u64,
    files: u64,
    files_expected: u64,
    removed: u64,
    problems: usize,
    damaged_pages: usize,
}

/// Writes the file, of as much as opens.
pub(super) fn writing(dir: &Path, file: &Path, now: WallMillis) -> Done {
    let (council, closed) = match ServerKeys::load(dir) {
        Ok((keys, store)) => (Some(council(&keys, &store)?), None),
        Err(error) => (None, Some(without_paths(&error))),
    };
    let known = Diagnostics {
        version: env!("CARGO_PKG_VERSION"),
        schema: SCHEMA_VERSION,
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        made: spoken(now),
        files: sizes(dir),
        closed,
        council,
    };
    let place = || file.to_owned();
    let text = serde_json::to_vec_pretty(&known)
        .map_err(|error| Problem::Report(place(), std::io::Error::other(error)))?;
    std::fs::File::create_new(file)
        .and_then(|mut file| std::io::Write::write_all(&mut file, &text))
        .map_err(|error| Problem::Report(place(), error))?;
    let words = format!(
        "{} is written. No name, no word and no id of a child is in it; look through it, then send it to whoever supports you.",
        file.display()
    );
    done(json!({ "written": file, "closed": known.closed }), words)
}

/// A folder may be called after the council.
fn without_paths(error: &crate::keys::KeysError) -> String {
    use crate::keys::KeysError as E;
    let name = |path: &Path| {
        path.file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    };
    match error {
        E::NoCouncil(_) => "the folder holds no council".to_owned(),
        E::File(path, error) => format!("{}: {}", name(path), error.kind()),
        E::Unreadable(path) => format!("{} is not in the form this version writes", name(path)),
        other => other.to_string(),
    }
}

/// Of the council's own files; a name that somebody else chose is not told.
fn sizes(dir: &Path) -> BTreeMap<String, u64> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let own = ["key", "crt", "bin", "json", "db", "db-wal", "db-shm"];
        let known = Path::new(&name)
            .extension()
            .is_some_and(|ending| own.iter().any(|own| ending == *own));
        let kind = if known { name } else { "other".to_owned() };
        *files.entry(kind).or_default() += entry.metadata().map_or(0, |file| file.len());
    }
    files
}

fn council(keys: &ServerKeys, store: &SqliteStore) -> Result<Council, StoreError> {
    let read = |tx: &dyn ReadTx| -> Result<_, StoreError> {
        let found = verify(tx, keys.council, &keys.public)?;
        Ok((tx.devices()?, tx.set_aside()?, found))
    };
    let (devices, aside, found) = store.read_with(read)?;
    let mut set_aside = BTreeMap::new();
    for op in aside {
        if let Some(Verdict::Quarantined { reason, .. }) = op.fact.verdict {
            *set_aside.entry(reason.sentence().to_owned()).or_default() += 1;
        }
    }
    Ok(Council {
        epoch: keys.facts.epoch,
        tls_ends: spoken(WallMillis(keys.facts.tls_ends)),
        rows: store.rows()?,
        devices: devices
            .iter()
            .filter(|device| !device.is_writer)
            .map(|device| (device.ended, device.last_heard.map(spoken)))
            .collect(),
        set_aside,
        commits: found.commits,
        receipts: found.statements,
        numbers_used_twice: found.forks,
        numbers_not_arrived: found.gaps,
        files: found.files,
        files_expected: found.files_expected,
        removed: found.removed,
        problems: found.problems.len(),
        damaged_pages: store.integrity()?.len(),
    })
}
