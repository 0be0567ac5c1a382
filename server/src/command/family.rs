//! The sessions in which a device was in a child's hands, for the council's ICT: no words, no names.

use std::path::Path;

use serde_json::json;

use super::{Done, done};
use crate::keys::{ServerKeys, hex};
use crate::store::{StorageExt, StoreError};

pub(super) fn sessions(dir: &Path) -> Done {
    let (_, store) = ServerKeys::load(dir)?;
    let reports = store.read_with::<_, StoreError>(|tx| {
        let names = tx.family_sessions()?;
        names
            .iter()
            .map(|name| crate::family::check(tx, name))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let mut rows = Vec::new();
    let mut text = Vec::new();
    for report in reports {
        let name = hex(&report.session);
        let chain = match &report.chain {
            None => "nothing to check it by yet".to_owned(),
            Some(Ok(_)) => "as it was made".to_owned(),
            Some(Err(broken)) => broken.to_string(),
        };
        rows.push(json!({
            "session": name,
            "child": report.told.map(|(child, _)| child),
            "worker": report.told.map(|(_, worker)| worker),
            "posts": report.posts,
            "records": report.placed,
            "touched_at": report.chain.and_then(Result::err).map(|broken| broken.index),
        }));
        let whose = report.told.map_or_else(
            || "no commit has told of it".to_owned(),
            |(child, worker)| format!("child {child}, worker {worker}"),
        );
        text.push(format!(
            "{name}  {whose}  {} handed in, {} in the file  {chain}",
            report.posts, report.placed
        ));
    }
    if text.is_empty() {
        text.push("No device has been in a child's hands yet.".to_owned());
    }
    done(json!({ "sessions": rows }), text.join("\n"))
}
