//! How things stand: whose devices there are and when they were last heard from, and whether everything verifies.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value as Json, json};
use visitbook_seal::bundle::SignedBundle;

use super::{Done, Output, done, moves};
use crate::keys::ServerKeys;
use crate::store::{StorageExt, StoreError};
use crate::verify::{RESTORE, verify};

pub(super) fn devices(dir: &Path) -> Done {
    let (_, store) = ServerKeys::load(dir)?;
    let (devices, workers, purges) = store
        .read_with::<_, StoreError>(|tx| Ok((tx.devices()?, tx.workers()?, moves::purges(tx)?)))?;
    let none = Vec::new();
    let mut rows = Vec::new();
    let mut text = Vec::new();
    for device in devices.iter().filter(|device| !device.is_writer) {
        let code = workers
            .iter()
            .find(|worker| worker.id == device.holder)
            .map_or("?", |worker| worker.code.as_str());
        rows.push(json!({
            "device": device.id,
            "label": device.label,
            "worker": code,
            "ended": device.ended,
            "last_heard": device.last_heard,
            "purged": purges.get(&device.id).unwrap_or(&none),
        }));
        let heard = device
            .last_heard
            .map_or_else(|| "never".to_owned(), moves::spoken);
        let ended = if device.ended { ", ended" } else { "" };
        text.push(format!(
            "{}  {code}  {}  last heard {heard}{ended}",
            device.id, device.label
        ));
        for purge in purges.get(&device.id).unwrap_or(&none) {
            text.push(format!(
                "    has removed child {}, said {}",
                purge.child,
                moves::spoken(purge.at)
            ));
        }
    }
    if text.is_empty() {
        text.push("No devices yet.".to_owned());
    }
    done(json!({ "devices": rows }), text.join("\n"))
}

pub(super) fn verifying(dir: &Path) -> Done {
    let (keys, store) = ServerKeys::load(dir)?;
    let signed = SignedBundle::decode(&keys.bundle)?;
    let bundle = signed.verify(&keys.root_fingerprint()?)?;
    let mut found = store.read_with(|tx| verify(tx, keys.council, bundle))?;
    let damaged = store.integrity()?;
    found.problems.extend(
        damaged
            .iter()
            .map(|what| format!("The database: {what}. {RESTORE}")),
    );
    let mut text = format!(
        "{} commits and {} receipts in {} scopes; {} numbers used twice, {} not arrived.",
        found.commits,
        found.statements,
        found.digests.len(),
        found.forks,
        found.gaps
    );
    if found.files + found.files_expected > 0 {
        text += &format!(
            "\n{} attached files, and {} that have not all come (see `attachments`).",
            found.files, found.files_expected
        );
    }
    for problem in &found.problems {
        text += &format!("\nNot as it must be: {problem}");
    }
    let code = if found.problems.is_empty() {
        text += "\nEverything verifies.";
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    let json = serde_json::to_value(&found).unwrap_or(Json::Null);
    Ok((Output { json, text }, code))
}
