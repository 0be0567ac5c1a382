//! Commands about who holds what: a change of worker, work that is set aside, and devices that are ended.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::json;
use visitbook_record::commit::Role;
use visitbook_record::id::{DeviceId, RecordId, WorkerId};
use visitbook_record::op::Kind;
use visitbook_record::payload::{Assignment, Content};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;

use super::{Done, Problem, child_id, done, find_worker, writer};
use crate::import::give_to_managers;
use crate::keys::ServerKeys;
use crate::store::{Deed, Entry, ReadTx, StorageExt, StoreError, StoredOp};

/// Rows read from a log at a time.
const BATCH: usize = 256;

/// A time as people here read it.
pub(crate) fn spoken(at: WallMillis) -> String {
    chrono::DateTime::from_timestamp_millis(at.0).map_or_else(
        || "at no possible time".to_owned(),
        |time| {
            time.with_timezone(&chrono_tz::Europe::London)
                .format("%Y-%m-%d %H:%M")
                .to_string()
        },
    )
}

pub(super) fn assigning(
    dir: &Path,
    worker: &str,
    child: &str,
    role: &str,
    by: Option<&str>,
    now: WallMillis,
) -> Done {
    let (keys, store) = ServerKeys::load(dir)?;
    let given = Role::from_word(role).ok_or_else(|| Problem::NoSuchRole(role.to_owned()))?;
    let holder = find_worker(&keys, &store, worker)?;
    let author = by.map(|by| find_worker(&keys, &store, by)).transpose()?;
    let record = child_id(keys.council, child);
    if store.read_with(|tx| tx.home(&record))?.is_none() {
        return Err(Problem::NoSuchChild(child.to_owned()));
    }
    let writer = writer(&keys, author);
    let assignment = Assignment {
        worker: holder,
        child: record,
        role: given,
        reason: "arranged at the council's server".to_owned(),
        moved_to: None,
    };
    let changed = store.write_with(|tx| -> Result<bool, Problem> {
        let changed = writer.assign(tx, &keys, now, assignment)?;
        if matches!(given, Role::Allocated | Role::Cover) {
            give_to_managers(tx, &keys, &writer, now, record, holder)?;
        }
        Ok(changed)
    })?;
    let text = if changed {
        format!("{worker} now holds {child} ({role}).")
    } else {
        format!("{worker} holds {child} ({role}) already.")
    };
    done(json!({ "changed": changed }), text)
}

pub(super) fn unassigning(
    dir: &Path,
    worker: &str,
    child: &str,
    by: Option<&str>,
    reason: String,
    now: WallMillis,
) -> Done {
    let (keys, store) = ServerKeys::load(dir)?;
    let holder = find_worker(&keys, &store, worker)?;
    let author = by.map(|by| find_worker(&keys, &store, by)).transpose()?;
    let record = child_id(keys.council, child);
    if store.read_with(|tx| tx.home(&record))?.is_none() {
        return Err(Problem::NoSuchChild(child.to_owned()));
    }
    let ended = Assignment {
        worker: holder,
        child: record,
        // Filled in by the writer, from what is held.
        role: Role::Allocated,
        reason,
        moved_to: None,
    };
    let writer = writer(&keys, author);
    let changed = store.write_with(|tx| -> Result<bool, Problem> {
        Ok(writer.unassign(tx, &keys, now, ended)?)
    })?;
    let text = if changed {
        format!("{worker} no longer holds {child}.")
    } else {
        format!("{worker} does not hold {child}.")
    };
    done(json!({ "changed": changed }), text)
}

/// One statement that is set aside, as it is listed.
#[derive(Serialize)]
struct Aside {
    statement: String,
    record: RecordId,
    child: Option<RecordId>,
    about: String,
    author: String,
    owner: String,
    since: Option<WallMillis>,
    reason: String,
    why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
}

/// Lists what is set aside. The words are shown to the person who decides, and that is noted.
pub(super) fn quarantine(dir: &Path, show: bool, owner: Option<&str>, now: WallMillis) -> Done {
    let (keys, store) = ServerKeys::load(dir)?;
    let reader = owner
        .map(|code| find_worker(&keys, &store, code))
        .transpose()?;
    let mut all = store.read_with::<_, StoreError>(|tx| list(tx, reader, show))?;
    if let (true, Some(reader)) = (show, reader) {
        let shown: Vec<&str> = all.iter().map(|one| one.statement.as_str()).collect();
        let what = format!("was shown what is set aside: {}", shown.join(" "));
        store.write_with::<_, StoreError>(|tx| {
            tx.note(&Deed {
                at: now,
                by: reader,
                what,
            })
        })?;
    }
    all.sort_by_key(|one| one.since);
    let mut text: Vec<String> = all
        .iter()
        .map(|one| {
            let since = one.since.map_or_else(String::new, spoken);
            let words = one
                .words
                .as_ref()
                .map(|words| format!("\n    {words}"))
                .unwrap_or_default();
            format!(
                "{}  {}  by {}, with {} since {since}\n    {}{words}",
                one.statement, one.about, one.author, one.owner, one.why
            )
        })
        .collect();
    if text.is_empty() {
        text.push("Nothing is set aside.".to_owned());
    }
    done(json!({ "set_aside": all }), text.join("\n"))
}

fn list(tx: &dyn ReadTx, owner: Option<WorkerId>, show: bool) -> Result<Vec<Aside>, StoreError> {
    let codes: BTreeMap<WorkerId, String> = tx
        .workers()?
        .into_iter()
        .map(|worker| (worker.id, worker.code))
        .collect();
    let code = |worker: &WorkerId| {
        codes
            .get(worker)
            .cloned()
            .unwrap_or_else(|| worker.to_string())
    };
    let mut all = Vec::new();
    for op in tx.set_aside()? {
        let Some(Verdict::Quarantined {
            reason,
            owner: decides,
        }) = op.fact.verdict.clone()
        else {
            continue;
        };
        if owner.is_some_and(|owner| owner != decides) {
            continue;
        }
        let stored = tx.commit(&op.commit)?;
        all.push(Aside {
            statement: op.fact.id.to_string(),
            record: op.fact.record,
            child: stored.as_ref().and_then(|commit| commit.scope.child()),
            about: stored.as_ref().map_or_else(
                || "unknown".to_owned(),
                |commit| format!("{}, {}", commit.scope, op.fact.target),
            ),
            author: code(&op.fact.author),
            owner: code(&decides),
            since: stored.map(|commit| commit.received),
            reason: format!("{reason:?}"),
            why: reason.sentence().to_owned(),
            words: if show { words(tx, &op)? } else { None },
        });
    }
    Ok(all)
}

pub(super) fn words(tx: &dyn ReadTx, op: &StoredOp) -> Result<Option<String>, StoreError> {
    let content = tx.payload(&op.fact.id)?.and_then(|p| p.content().ok());
    Ok(content.and_then(|content| match content {
        Content::Text { text, .. } | Content::Words(text) | Content::Reason(text) => Some(text),
        Content::Redaction(said) => Some(said.reason),
        Content::Closing(said) => Some(format!(
            "{} \u{201c}{}\u{201d}",
            said.step.label, said.reason
        )),
        other => other.value().map(|value| match &value.note {
            Some(note) => format!("{} \u{201c}{note}\u{201d}", value.label),
            None => value.label.clone(),
        }),
    }))
}

/// Which devices are to be ended: one, or all of a worker's.
pub(super) struct Which<'a> {
    pub(super) device: Option<&'a str>,
    pub(super) worker: Option<&'a str>,
}

/// Ends devices. From then on what they send is set aside, and a pull is answered with their ending.
pub(super) fn revoke(
    dir: &Path,
    which: Which<'_>,
    by: Option<&str>,
    reason: &str,
    now: WallMillis,
) -> Done {
    let (keys, store) = ServerKeys::load(dir)?;
    let by = match by {
        Some(by) => find_worker(&keys, &store, by)?,
        None => WorkerId(keys.council.0),
    };
    let holder = which
        .worker
        .map(|code| find_worker(&keys, &store, code))
        .transpose()?;
    let device: Option<DeviceId> = match which.device {
        Some(typed) => Some(
            typed
                .parse()
                .map_err(|_| Problem::NoSuchDevice(typed.to_owned()))?,
        ),
        None => None,
    };
    let ended = store.write_with(|tx| -> Result<Vec<DeviceId>, Problem> {
        let mut ended = Vec::new();
        let mut known = false;
        for mut one in tx.devices()? {
            let meant = Some(one.id) == device || Some(one.holder) == holder;
            if one.is_writer || !meant {
                continue;
            }
            known = true;
            if one.ended {
                continue;
            }
            one.ended = true;
            let what = format!("ended device {} ({}): {reason}", one.id, one.label);
            tx.note(&Deed { at: now, by, what })?;
            ended.push(one.id);
            tx.put_device(one)?;
        }
        match (known, which.device) {
            (false, Some(typed)) => Err(Problem::NoSuchDevice(typed.to_owned())),
            _ => Ok(ended),
        }
    })?;
    let text = match ended.len() {
        0 => "Nothing was left to end.".to_owned(),
        1 => "1 device is ended.".to_owned(),
        many => format!("{many} devices are ended."),
    };
    done(json!({ "ended": ended }), text)
}

pub(super) fn noted(dir: &Path) -> Done {
    let (_, store) = ServerKeys::load(dir)?;
    let (deeds, workers) =
        store.read_with::<_, StoreError>(|tx| Ok((tx.deeds()?, tx.workers()?)))?;
    let mut rows = Vec::new();
    let mut text = Vec::new();
    for deed in deeds {
        let by = workers
            .iter()
            .find(|worker| worker.id == deed.by)
            .map_or("the council", |worker| worker.code.as_str());
        text.push(format!("{}  {by}  {}", spoken(deed.at), deed.what));
        rows.push(json!({ "at": deed.at, "by": by, "what": deed.what }));
    }
    if text.is_empty() {
        text.push("Nothing has been noted.".to_owned());
    }
    done(json!({ "noted": rows }), text.join("\n"))
}

/// That a device has removed what it held of a child.
#[derive(Serialize)]
pub(super) struct Purge {
    pub(super) child: String,
    pub(super) at: WallMillis,
}

/// What each device says it has removed.
pub(super) fn purges(tx: &dyn ReadTx) -> Result<BTreeMap<DeviceId, Vec<Purge>>, StoreError> {
    let mut all: BTreeMap<DeviceId, Vec<Purge>> = BTreeMap::new();
    for worker in tx.workers()? {
        let scope = Scope::Worker(worker.id);
        let mut after = None;
        loop {
            let rows = tx.log(&scope, after, BATCH)?;
            let Some(last) = rows.last().map(|row| row.at) else {
                break;
            };
            after = Some(last);
            for row in rows {
                let Entry::Commit(hash) = row.entry else {
                    continue;
                };
                let commit = tx.commit(&hash)?.ok_or(StoreError::Missing("commit"))?;
                for id in &commit.ops {
                    let purged = tx
                        .op(id)?
                        .filter(|op| op.fact.kind == Kind::Purged && op.fact.is_applied());
                    if let Some(child) = purged.as_ref().and_then(|op| op.fact.target.element_id())
                    {
                        all.entry(commit.origin.device).or_default().push(Purge {
                            child: child.to_owned(),
                            at: commit.received,
                        });
                    }
                }
            }
        }
    }
    Ok(all)
}
