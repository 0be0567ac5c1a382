//! Text being typed: kept in the book at every call, an operation only once the entry is left.
//!
//! A draft never leaves the device. What a crash leaves becomes an entry at the next unlock, marked as cut off, and its
//! author is told first thing.

use rusqlite::params;
use visitbook_record::cbor::encode;
use visitbook_record::commit::RecordKind;
use visitbook_record::id::RecordId;
use visitbook_record::limits;
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::Content;
use visitbook_record::time::WallMillis;

use super::model::{KeptDraft, Recovered};
use super::save::{NewStatement, Plan, Refusing, Saved};
use super::{Working, begin};
use crate::error::SaveError;
use crate::store::rows::{coded, name, signed};
use crate::store::{StoreError, log};

/// Text that has been unsealed for this long becomes an operation at the next keystroke.
const LONGEST_UNSEALED_MS: u64 = 60_000;

struct Draft {
    record: RecordId,
    target: Target,
    text: String,
    typed: WallMillis,
}

impl Working {
    /// Keeps what has been typed so far under a heading, durably. To be called at most 2 s after a keystroke. `entry` names the
    /// piece of text: give what the first call returned, or the entry that is being changed. What has been typed for a minute
    /// is saved in passing, so that a lost phone loses less.
    ///
    /// # Errors
    /// [`SaveError`]; the draft is then as it was.
    pub fn draft_update(
        &mut self,
        record: RecordId,
        heading: &str,
        entry: Option<&str>,
        text: &str,
    ) -> Result<String, SaveError> {
        let target = self.entry_target(record, heading, entry)?;
        // What could never become an entry is refused while somebody is there to be told.
        let (row, _) = self.record(record)?;
        let before = log::statements_about(&self.store.writer, row.no, &target)?;
        self.entry_version(&target, &before, text, false)?;
        if text.len() > limits::ENTRY_BYTES {
            return Err(SaveError::TooLong {
                field: heading.to_owned(),
                most: limits::ENTRY_BYTES,
            });
        }
        if text.contains('\0') {
            return Err(SaveError::Nul {
                field: heading.to_owned(),
            });
        }
        let now = self.now();
        let transaction = begin(&mut self.store.writer)?;
        transaction
            .prepare_cached(
                "INSERT INTO draft (record, target, begun, typed, text) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (record, target) DO UPDATE SET typed = ?4, text = ?5",
            )?
            .execute(params![
                record.0,
                encode(&target),
                signed(now.monotonic.0),
                now.wall.0,
                text
            ])?;
        let begun: i64 = transaction.query_row(
            "SELECT begun FROM draft WHERE record = ?1 AND target = ?2",
            params![record.0, encode(&target)],
            |row| row.get(0),
        )?;
        transaction.commit()?;
        // A clock that stands still or jumps back only makes this later; leaving the entry saves it all the same.
        if signed(now.monotonic.0).saturating_sub(begun) >= signed(LONGEST_UNSEALED_MS) {
            self.draft_commit(Some((record, &target)))?;
        }
        Ok(target.element_id().unwrap_or_default().to_owned())
    }

    /// Saves drafts: one, or all of them (at lock, when the app goes to the background), each in a commit of its own. A draft
    /// with nothing in it, or with nothing new in it, just goes.
    ///
    /// # Errors
    /// The first [`SaveError`]. What could not be saved stays a draft, and does not keep the others from being saved.
    pub fn draft_commit(
        &mut self,
        only: Option<(RecordId, &Target)>,
    ) -> Result<Option<Saved>, SaveError> {
        let mut drafts = self.drafts()?;
        if let Some((record, target)) = only {
            drafts.retain(|draft| draft.record == record && draft.target == *target);
        }
        self.commit_drafts(&drafts)
    }

    /// Saves drafts about some children.
    pub(crate) fn draft_commit_about(
        &mut self,
        children: &std::collections::BTreeSet<RecordId>,
    ) -> Result<(), SaveError> {
        let mut drafts = Vec::new();
        for draft in self.drafts()? {
            let row = log::record(&self.store.writer, draft.record)?;
            let child = row.and_then(|row| row.home.scope.child());
            if child.is_some_and(|child| children.contains(&child)) {
                drafts.push(draft);
            }
        }
        self.commit_drafts(&drafts)?;
        Ok(())
    }

    /// Saves the drafts of the records that are about to be finished. Another record's draft that cannot be saved is no reason
    /// not to finish these.
    pub(crate) fn draft_commit_before_finish(
        &mut self,
        finished: &[RecordId],
    ) -> Result<(), SaveError> {
        let (these, others): (Vec<Draft>, Vec<Draft>) = self
            .drafts()?
            .into_iter()
            .partition(|draft| finished.contains(&draft.record));
        if self.commit_drafts(&others).is_err() {
            tracing::warn!("a draft of another record was left as a draft");
        }
        self.commit_drafts(&these)?;
        Ok(())
    }

    /// What a crash left becomes entries now. What cannot become one stays a draft: no text is worth locking its author out.
    pub(crate) fn recover_drafts(&mut self) -> Result<(Vec<Recovered>, Vec<KeptDraft>), SaveError> {
        let (mut recovered, mut kept) = (Vec::new(), Vec::new());
        for draft in self.drafts()? {
            match self.commit_draft(&draft, true) {
                Ok(None) => {}
                Ok(Some(_)) | Err(SaveError::KeptUnsealed(_)) => recovered.push(Recovered {
                    record: draft.record,
                    heading: draft.target.name().to_owned(),
                    entry: draft.target.element_id().unwrap_or_default().to_owned(),
                    tail: tail(&draft.text),
                    written: crate::clock::Moment::of(draft.typed),
                }),
                Err(error) => {
                    tracing::warn!("a draft stays a draft at unlock");
                    kept.push(KeptDraft {
                        record: draft.record,
                        heading: draft.target.name().to_owned(),
                        entry: draft.target.element_id().unwrap_or_default().to_owned(),
                        text: draft.text,
                        written: crate::clock::Moment::of(draft.typed),
                        reason: error.to_string(),
                    });
                }
            }
        }
        Ok((recovered, kept))
    }

    fn drafts(&self) -> Result<Vec<Draft>, StoreError> {
        let mut all = self
            .store
            .writer
            .prepare_cached("SELECT record, target, text, typed FROM draft ORDER BY typed")?;
        let mut rows = all.query([])?;
        let mut drafts = Vec::new();
        while let Some(row) = rows.next()? {
            drafts.push(Draft {
                record: name(row, 0)?,
                target: coded(row, 1)?,
                text: row.get(2)?,
                typed: WallMillis(row.get(3)?),
            });
        }
        Ok(drafts)
    }

    /// Each draft in a commit of its own: together they could be larger than a commit may be, and one that cannot be saved
    /// would hold the others back.
    fn commit_drafts(&mut self, drafts: &[Draft]) -> Result<Option<Saved>, SaveError> {
        let mut all: Option<Saved> = None;
        let mut failed = None;
        for draft in drafts {
            match self.commit_draft(draft, false) {
                Ok(None) => {}
                Ok(Some(saved)) => match &mut all {
                    Some(all) => all.join(saved),
                    None => all = Some(saved),
                },
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(all),
        }
    }

    /// The draft goes in the transaction that saves it, or when it says nothing new, and never otherwise.
    fn commit_draft(&mut self, draft: &Draft, cut_off: bool) -> Result<Option<Saved>, SaveError> {
        let key = (draft.record.0, encode(&draft.target));
        let forget = move |db: &rusqlite::Connection| -> Result<(), StoreError> {
            db.prepare_cached("DELETE FROM draft WHERE record = ?1 AND target = ?2")?
                .execute(params![key.0, key.1])?;
            Ok(())
        };
        let statement = if draft.text.trim().is_empty() {
            None
        } else {
            let (row, child) = self.record_in_any_state(draft.record)?;
            let before = log::statements_about(&self.store.writer, row.no, &draft.target)?;
            self.entry_version(&draft.target, &before, &draft.text, cut_off)?
                .map(|statement| (row, child, statement))
        };
        let Some((row, child, mut statement)) = statement else {
            let transaction = begin(&mut self.store.writer)?;
            forget(&transaction)?;
            transaction.commit()?;
            return Ok(None);
        };
        statement.typed = Some(draft.typed);
        let plan = Plan {
            record: draft.record,
            kind: row.home.kind,
            child,
            statements: vec![statement],
        };
        // Typed words exist: whatever became of the child's assignment meanwhile, they are saved.
        self.save_and(vec![plan], Refusing::No, forget).map(Some)
    }

    /// The statement that makes `text` the newest version of an entry; `None` if it says nothing new.
    pub(crate) fn entry_version(
        &self,
        target: &Target,
        before: &[log::Row],
        text: &str,
        cut_off: bool,
    ) -> Result<Option<NewStatement>, SaveError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let live = super::visit::live(before);
        let mine: Vec<&log::Row> = live
            .iter()
            .copied()
            .filter(|row| row.statement.fact.author == self.me.worker)
            .collect();
        if mine.len() < live.len() {
            return Err(SaveError::NotYours);
        }
        let content = Content::Text {
            text: text.to_owned(),
            cut_off,
        };
        let policy = visitbook_record::op::Policy::Ordinary;
        Ok(match mine.as_slice() {
            [] => Some(NewStatement::new(
                Kind::EntryAdd,
                policy,
                target.clone(),
                content,
            )),
            [only] if only.statement.content.as_ref() == Some(&content) => None,
            [only] => Some(
                NewStatement::new(Kind::EntryRevise, policy, target.clone(), content)
                    .replacing(vec![only.statement.fact.id]),
            ),
            // Written in two places: the new version goes on from the newest of them, and the question stays.
            [.., newest] => Some(
                NewStatement::new(Kind::EntryRevise, policy, target.clone(), content)
                    .replacing(vec![newest.statement.fact.id]),
            ),
        })
    }

    /// The target of a piece of text: checked against the form, with a fresh id if none is given.
    pub(crate) fn entry_target(
        &self,
        record: RecordId,
        heading: &str,
        entry: Option<&str>,
    ) -> Result<Target, SaveError> {
        let row =
            log::record(&self.store.writer, record)?.ok_or(SaveError::UnknownRecord(record))?;
        let id = match entry {
            Some(id) => id.to_owned(),
            None => self.fresh_id()?.to_string(),
        };
        let target = Target::element(heading, id);
        let catalogue = visitbook_record::catalogue::Catalogue::newest();
        let field = catalogue
            .field(row.home.kind.form(), &target)
            .filter(|field| field.sort == visitbook_record::catalogue::Sort::Entry)
            .filter(|_| target.is_well_formed());
        match field {
            Some(field) if field.policy() == visitbook_record::op::Policy::Words => Err(
                SaveError::WouldBeSetAside(visitbook_record::verdict::Reason::ChildsWords),
            ),
            Some(_) if matches!(row.home.kind, RecordKind::Child | RecordKind::Worker) => {
                Err(SaveError::OtherKind("visit"))
            }
            Some(_) => Ok(target),
            None => Err(SaveError::UnknownField {
                field: heading.to_owned(),
            }),
        }
    }

    /// A fresh UUIDv7.
    pub(crate) fn fresh_id(&self) -> Result<RecordId, SaveError> {
        Ok(RecordId(crate::random::uuid(self.now().wall)?))
    }
}

/// The end of a text, whole characters, for "…stays most nigh".
fn tail(text: &str) -> String {
    const SHOWN: usize = 60;
    let skip = text.chars().count().saturating_sub(SHOWN);
    text.chars().skip(skip).collect()
}
