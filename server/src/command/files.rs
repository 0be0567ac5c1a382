//! Which attached files have not come, from which device, and who is to see to it.

use std::path::Path;

use serde_json::{Value as Json, json};
use visitbook_record::id::WorkerId;

use super::moves::spoken;
use super::{Done, done};
use crate::attachments::SealedLists;
use crate::attachments::missing::missing;
use crate::keys::ServerKeys;
use crate::store::{StorageExt, StoreError};

pub(super) fn attachments(dir: &Path) -> Done {
    let (_, store) = ServerKeys::load(dir)?;
    let (mut files, workers) =
        store.read_with::<_, StoreError>(|tx| Ok((missing(tx, &SealedLists)?, tx.workers()?)))?;
    files.sort_by_key(|file| file.since);
    let code = |id: WorkerId| {
        let found = workers.iter().find(|worker| worker.id == id);
        found.map_or_else(|| id.to_string(), |worker| worker.code.clone())
    };
    let mut text = Vec::new();
    let mut rows = Vec::new();
    for file in &files {
        let (author, owner) = (code(file.author), code(file.owner));
        let heard = file.last_heard.map_or_else(|| "never".to_owned(), spoken);
        let come = match file.total {
            0 => "nothing has come".to_owned(),
            total => format!("{} of {total} parts have come", file.have),
        };
        let ended = if file.ended { ", ended" } else { "" };
        text.push(format!(
            "{}  record {}  by {author}  from \"{}\"{ended}, last heard {heard}; {come}  owner {owner}",
            spoken(file.since),
            file.record,
            file.label,
        ));
        let mut row = json!(file);
        if let Json::Object(fields) = &mut row {
            fields.insert("author".to_owned(), json!(author));
            fields.insert("owner".to_owned(), json!(owner));
        }
        rows.push(row);
    }
    if text.is_empty() {
        text.push("Every attached file that is known has come.".to_owned());
    }
    done(json!({ "expected": rows }), text.join("\n"))
}
