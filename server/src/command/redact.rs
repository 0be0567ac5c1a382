//! Removing words by law: finding the statement, looking at what would go, and doing it.
//!
//! Nothing is removed without `--yes`, a named person and a reason. The words themselves are shown only on request, and that is
//! noted.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use visitbook_record::id::{OpId, RecordId, WorkerId};
use visitbook_record::redaction::names;
use visitbook_record::time::WallMillis;

use super::moves::{spoken, words};
use super::{Done, Problem, done, find_worker, writer};
use crate::keys::ServerKeys;
use crate::redaction::{order, with_the_same_words};
use crate::store::{Deed, ReadTx, StorageExt, StoreError, StoredOp};

/// Fewer letters of a statement's name than this are a slip.
const FEWEST_LETTERS: usize = 8;

/// See the module.
#[derive(Args)]
pub(super) struct Redact {
    /// The record: a visit, a voice, a concern or a child, as `history` and the text for the case system name it.
    #[arg(long)]
    record: String,
    /// The statement, by its name or at least its first 8 letters; may be given several times. Without it the record's statements are
    /// listed.
    #[arg(long = "statement")]
    statements: Vec<String>,
    /// Only this statement, and not the other versions of the same text.
    #[arg(long, requires = "statements")]
    only: bool,
    /// Who decided it, by their code in the case system.
    #[arg(long)]
    by: Option<String>,
    /// Why. Everybody who holds the child reads this, so it must not say what is removed.
    #[arg(long)]
    reason: Option<String>,
    /// With the words. This is noted.
    #[arg(long, requires = "by")]
    show: bool,
    /// Do it. Without this, what would be removed is only shown.
    #[arg(long, requires = "by", requires = "reason", requires = "statements")]
    yes: bool,
}

/// One statement of a record, as it is listed. No words, unless they were asked for.
#[derive(Serialize)]
struct Line {
    statement: OpId,
    kind: String,
    about: String,
    author: String,
    received: Option<WallMillis>,
    /// `here`, `none`, or `removed`.
    words: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<Removal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<String>,
}

/// By whom, when and why words were removed.
#[derive(Serialize)]
struct Removal {
    by: String,
    at: Option<WallMillis>,
    reason: Option<String>,
}

impl Line {
    fn text(&self) -> String {
        let received = self.received.map_or_else(String::new, spoken);
        let name = self.statement.to_string();
        let short = name.get(..FEWEST_LETTERS).unwrap_or(&name);
        let mut text = format!(
            "{short}  {received}  {}  {}, {}",
            self.author, self.about, self.kind
        );
        if let Some(removed) = &self.removed {
            let at = removed.at.map_or_else(String::new, spoken);
            let reason = removed.reason.as_deref().unwrap_or("reason removed");
            text += &format!("\n    words removed {at} by {}: {reason}", removed.by);
        } else if self.words == "none" {
            text += "  (no words)";
        }
        if let Some(says) = &self.says {
            text += &format!("\n    {says}");
        }
        text
    }
}

pub(super) fn run(dir: &Path, asked: &Redact, now: WallMillis) -> Done {
    let (keys, store) = ServerKeys::load(dir)?;
    let unknown = || Problem::NoSuchRecord(asked.record.clone());
    let record: RecordId = asked.record.parse().map_err(|_| unknown())?;
    let by = asked.by.as_deref();
    let by = by.map(|by| find_worker(&keys, &store, by)).transpose()?;
    let reason = asked.reason.as_deref().map(str::trim).unwrap_or_default();
    if asked.yes && reason.is_empty() {
        return Err(Problem::NoReason);
    }
    let all = store.read_with(|tx| in_order(tx, &record))?;
    if all.is_empty() {
        return Err(unknown());
    }
    if let (true, Some(by)) = (asked.show, by) {
        let what = format!("was shown the words of record {record}, to remove some");
        store.write_with::<_, StoreError>(|tx| tx.note(&Deed { at: now, by, what }))?;
    }
    if asked.statements.is_empty() {
        let lines = store.read_with(|tx| lines(tx, &all, asked.show))?;
        let text: Vec<String> = lines.iter().map(Line::text).collect();
        return done(json!({ "statements": lines }), text.join("\n"));
    }
    let chosen = store.read_with(|tx| chosen(tx, &all, asked))?;
    let before = store.read_with(|tx| lines(tx, &chosen, asked.show))?;
    let acts = store.read_with(|tx| order(tx, &chosen, reason))??;
    let what: Vec<String> = before.iter().map(Line::text).collect();
    if !asked.yes {
        let text = format!(
            "These would lose their words, on every device and here, for good:\n{}\nNothing is removed yet. Add --by, --reason and --yes.",
            what.join("\n")
        );
        return done(json!({ "removed": false, "statements": before }), text);
    }
    let writer = writer(&keys, by);
    store.write_with(|tx| -> Result<(), Problem> { Ok(writer.write(tx, &keys, now, acts)?) })?;
    store.checkpoint()?;
    let names: Vec<OpId> = before.iter().map(|line| line.statement).collect();
    let text = format!(
        "{} lost their words here. Devices remove them when they are next in contact.\nEarlier back-ups still hold the words: make a new \
         one now, and see docs/redaction.md for the earlier ones.",
        match names.len() {
            1 => "1 statement has".to_owned(),
            many => format!("{many} statements have"),
        }
    );
    done(json!({ "removed": true, "statements": names }), text)
}

fn in_order(view: &dyn ReadTx, record: &RecordId) -> Result<Vec<StoredOp>, StoreError> {
    let mut all = Vec::new();
    for op in view.ops_of_record(record)? {
        let at = view.commit(&op.commit)?.map(|commit| commit.at);
        all.push((at, op.index, op));
    }
    all.sort_by_key(|(at, index, _)| (*at, *index));
    Ok(all.into_iter().map(|(_, _, op)| op).collect())
}

fn chosen(view: &dyn ReadTx, all: &[StoredOp], asked: &Redact) -> Result<Vec<StoredOp>, Problem> {
    let mut chosen: Vec<StoredOp> = Vec::new();
    for typed in &asked.statements {
        let letters = typed.to_lowercase();
        let found: Vec<&StoredOp> = all
            .iter()
            .filter(|op| op.fact.id.to_string().starts_with(&letters))
            .collect();
        let [op] = found[..] else {
            return Err(Problem::NoSuchStatement(typed.clone()));
        };
        if letters.len() < FEWEST_LETTERS {
            return Err(Problem::NoSuchStatement(typed.clone()));
        }
        let mut same = if asked.only {
            Vec::new()
        } else {
            with_the_same_words(view, op)?
        };
        if same.is_empty() {
            same.push(op.clone());
        }
        same.retain(|one| chosen.iter().all(|known| known.fact.id != one.fact.id));
        chosen.extend(same);
    }
    Ok(chosen)
}

fn lines(view: &dyn ReadTx, ops: &[StoredOp], show: bool) -> Result<Vec<Line>, StoreError> {
    let codes: BTreeMap<WorkerId, String> = view
        .workers()?
        .into_iter()
        .map(|worker| (worker.id, worker.code))
        .collect();
    let code = |worker: &WorkerId| {
        let known = codes.get(worker).cloned();
        known.unwrap_or_else(|| "the council".to_owned())
    };
    let removals = view.removals()?;
    let mut lines = Vec::with_capacity(ops.len());
    for op in ops {
        let id = op.fact.id;
        let removed = match removals.iter().find(|removed| removed.op == id) {
            Some(removed) => Some(removal(view, &removed.by, code)?),
            None => None,
        };
        let here = view.payload(&id)?.is_some();
        // Whose words they were reads better than the name of the statement.
        let about = match names(&op.fact.target) {
            Some(named) => format!("words of {}", named.to_string().split_at(FEWEST_LETTERS).0),
            None => op.fact.target.to_string(),
        };
        lines.push(Line {
            statement: id,
            kind: format!("{:?}", op.fact.kind),
            about,
            author: code(&op.fact.author),
            received: view.commit(&op.commit)?.map(|commit| commit.received),
            words: match (here, &removed) {
                (true, _) => "here",
                (false, Some(_)) => "removed",
                (false, None) => "none",
            },
            removed,
            says: if show { words(view, op)? } else { None },
        });
    }
    Ok(lines)
}

fn removal(
    view: &dyn ReadTx,
    by: &OpId,
    code: impl Fn(&WorkerId) -> String,
) -> Result<Removal, StoreError> {
    let Some(op) = view.op(by)? else {
        return Ok(Removal {
            by: "the council".to_owned(),
            at: None,
            reason: None,
        });
    };
    Ok(Removal {
        by: code(&op.fact.author),
        at: view.commit(&op.commit)?.map(|commit| commit.received),
        reason: words(view, &op)?,
    })
}
