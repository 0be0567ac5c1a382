//! A new ingest key, from time to time or because the old one is lost.
//!
//! Devices seal to the newest key in the bundle. What is sealed to an older one still opens for as long as that is kept; what
//! is sealed to one that the server does not have is named in the answer, and the device seals it again.

use std::fs;
use std::path::Path;

use serde::Serialize;
use visitbook_seal::envelope::IngestKey;
use visitbook_seal::secret::random;
use zeroize::Zeroizing;

use crate::keys::{KeysError, ServerKeys, hex, read_key, write_new};

/// How long a replaced ingest key is kept: a phone that was away for a year can still deliver.
const KEEP_INGEST_MS: i64 = 400 * 24 * 3_600_000;

/// What a change of the ingest key came to.
#[derive(Debug, Clone, Serialize)]
pub struct Rotated {
    /// The serial of the new key bundle.
    pub serial: u64,
    /// Keys the server still opens envelopes with, the new one included.
    pub kept: usize,
    /// Keys that were past their time and were removed.
    pub removed: usize,
}

/// Makes a new ingest key, first in the bundle; the ones before it are kept for 400 days. With `lost`, those before it are
/// gone or in other hands: they leave the bundle at once, and devices seal again what was sealed to them.
///
/// The running server takes it up when it is started again; until then devices go on sealing to the present one.
///
/// # Errors
/// [`KeysError`].
pub fn rotate_ingest_key(folder: &Path, now: i64, lost: bool) -> Result<Rotated, KeysError> {
    if !folder.join("council.json").exists() {
        return Err(KeysError::NoCouncil(folder.to_owned()));
    }
    let mut files = ingest_files(folder)?;
    let number = files.iter().map(|(number, _)| *number).max().unwrap_or(0) + 1;
    let key = IngestKey::from_secret(random()?);
    let file = format!("ingest-{number}.key");
    write_new(
        &folder.join(&file),
        &Zeroizing::new(hex(key.secret().expose()).into_bytes()),
    )?;
    // After the new key is there: a server that has lost the only one it had loads again.
    let (keys, store) = ServerKeys::load(folder)?;
    drop(store);
    let mut facts = keys.facts.clone();
    let mut removed = Vec::new();
    files.retain(|(_, file)| {
        let replaced = *facts.ingest_replaced.entry(file.clone()).or_insert(now);
        let keep = !lost && now.saturating_sub(replaced) < KEEP_INGEST_MS;
        if !keep {
            removed.push(file.clone());
        }
        keep
    });
    for file in &removed {
        facts.ingest_replaced.remove(file);
    }
    let mut bundle = keys.public.clone();
    bundle.serial = bundle.serial.saturating_add(1);
    bundle.ingest = vec![key.public()];
    for (_, file) in files.iter().rev() {
        let kept = IngestKey::from_secret(read_key(&folder.join(file))?);
        bundle.ingest.push(kept.public());
    }
    let serial = bundle.serial;
    ServerKeys::publish(folder, bundle, &keys.control, &facts)?;
    // Only now that no device is told to seal to them.
    for file in &removed {
        let place = folder.join(file);
        fs::remove_file(&place).map_err(|e| KeysError::File(place, e))?;
    }
    Ok(Rotated {
        serial,
        kept: files.len() + 1,
        removed: removed.len(),
    })
}

/// The ingest keys' files with their numbers, oldest first.
fn ingest_files(folder: &Path) -> Result<Vec<(u64, String)>, KeysError> {
    let failed = |error| KeysError::File(folder.to_owned(), error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let Some(name) = name.to_str() else { continue };
        let number = name
            .strip_prefix("ingest-")
            .and_then(|rest| rest.strip_suffix(".key"))
            .and_then(|number| number.parse().ok());
        if let Some(number) = number {
            files.push((number, name.to_owned()));
        }
    }
    files.sort_unstable();
    Ok(files)
}
