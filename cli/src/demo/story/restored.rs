//! After the day: the council's server is lost, and what the afternoon's back-up lacks comes back from the devices.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;

use crate::demo::cast::{StageError, Staged};
use crate::demo::line::Mode;
use crate::demo::stage::Day;

/// 17:30, the council's ICT makes its back-up, while everybody works on.
pub(super) fn backed_up(day: &mut Day) -> Staged<()> {
    day.time("17:30")?;
    let made = day
        .council
        .run(&["backup", "--to", &in_words(&back_up(day))])?;
    day.engineer(&format!(
        "17:30, a back-up of {} B, sealed to the council's root key; the server serves on",
        made.get("bytes").and_then(Json::as_u64).unwrap_or(0)
    ));
    Ok(())
}

/// 19:30, the disk is gone. Nobody types anything again.
pub(super) fn restored(day: &mut Day) -> Staged<()> {
    day.at(
        "19:30",
        "County hall",
        "the council's ICT",
        "the server's disk is lost",
    )?;
    let whole = of_children(day)?;
    let root = day.council.folder().join("root.key");
    let kept = day.folder.join("root.key");
    std::fs::rename(root, &kept)?;
    day.council.kill()?;
    std::fs::remove_dir_all(day.council.folder())?;

    day.council.move_to(day.folder.join("council-restored"));
    let made = day.council.run(&[
        "restore",
        "--from",
        &in_words(&back_up(day)),
        "--root",
        &in_words(&kept),
        "--after",
        "1",
    ])?;
    let lacking = of_children(day)?;
    day.council.serve(&day.folder.join("council.log"))?;
    for device in day.devices() {
        device.line.set(Mode::Clean);
    }
    let mut given_back = sync_all(day)?;
    let lists = day.council.run(&["restore-confirm", "--yes"])?;
    for _ in 0..3 {
        given_back += sync_all(day)?;
    }
    let healed = of_children(day)?;
    let missing = whole
        .iter()
        .filter(|(scope, digest)| lacking.get(*scope) != Some(digest))
        .count();
    day.checks.expect(
        "A server restored from the afternoon's back-up is healed from the devices, with nothing missing",
        missing > 0 && healed == whole && lists.get("gaps").and_then(Json::as_u64) == Some(0),
        format!(
            "epoch {}; {missing} of {} children's logs were behind, all are whole again",
            made.get("epoch").and_then(Json::as_u64).unwrap_or(0),
            whole.len()
        ),
    );
    day.screen(
        "Rowan's phone, Sage's laptop, and all the others: nothing to do, nothing to type again.",
    );
    day.engineer(&format!(
        "a new epoch; {given_back} commits given back by four devices, with the receipts they had"
    ));
    Ok(())
}

/// Everybody is online once. Gives how many commits went up.
fn sync_all(day: &mut Day) -> Staged<u64> {
    let mut sent = 0;
    for device in day.devices() {
        let outcome = device.tell(&["sync"])?;
        sent += outcome.get("sent").and_then(Json::as_u64).unwrap_or(0);
    }
    Ok(sent)
}

fn back_up(day: &Day) -> PathBuf {
    day.folder.join("back-up-1730.vb")
}

fn in_words(path: &std::path::Path) -> String {
    path.display().to_string()
}

/// The digests of the children's logs at the council.
fn of_children(day: &Day) -> Staged<BTreeMap<String, String>> {
    let verified = day.council.run(&["verify"])?;
    let digests = verified
        .get("digests")
        .and_then(Json::as_object)
        .ok_or_else(|| StageError::Unexpected("verify gives no digests".into()))?;
    Ok(digests
        .iter()
        .filter(|(scope, _)| scope.starts_with("child:"))
        .map(|(scope, digest)| {
            (
                scope.clone(),
                digest.as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect())
}
