//! Where each record is: whether the council has it, and who is waiting for whom.

use rusqlite::params;
use visitbook_record::commit::RecordKind;
use visitbook_record::op::Target;
use visitbook_record::status::{Piece, Standing, Status, status_of};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::words::{self, Writing};

use super::Working;
use super::model::{RecordStatus, StatusView};
use crate::clock::Moment;
use crate::error::ReadError;
use crate::store::log::{self, RecordRow};
use crate::store::rows::{coded, name};
use crate::store::{StoreError, oversight_view, views};
use crate::sync::store::ParcelKey;

impl Working {
    /// Where every record is that this device has written in, newest first. Of a child that its holder no longer holds, only
    /// records of which something is still here alone, or does not count yet.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn statuses(&self) -> Result<Vec<RecordStatus>, ReadError> {
        let mut own = self.store.reader.prepare_cached(
            "SELECT record FROM signed WHERE own = 1 GROUP BY record ORDER BY max(no) DESC",
        )?;
        let records: Vec<i64> = own
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut all = Vec::with_capacity(records.len());
        for no in records {
            let Some(row) = log::record_no(&self.store.reader, no)? else {
                continue;
            };
            if !self.is_held(&row)? && self.is_settled(&row)? {
                continue;
            }
            let (Some(status), Some(child)) = (self.status_of(&row)?, row.home.scope.child())
            else {
                continue;
            };
            all.push(RecordStatus {
                record: row.id,
                kind: row.home.kind.form().to_owned(),
                child,
                child_name: self.child_name(child)?,
                status,
            });
        }
        Ok(all)
    }

    fn is_held(&self, row: &RecordRow) -> Result<bool, StoreError> {
        log::exists(
            &self.store.reader,
            "SELECT 1 FROM scope WHERE no = ?1 AND held = 1",
            params![row.scope_no],
        )
    }

    /// The council has all of it, and all of it counts.
    fn is_settled(&self, row: &RecordRow) -> Result<bool, StoreError> {
        let (pieces, _) = self.pieces(row)?;
        Ok(pieces.iter().all(|piece| {
            matches!(
                piece,
                Piece::Received {
                    standing: Standing::Counts,
                    ..
                }
            )
        }))
    }

    pub(crate) fn status_of(&self, row: &RecordRow) -> Result<Option<StatusView>, StoreError> {
        let (pieces, refused) = self.pieces(row)?;
        let open = self.own_open_question(row)?;
        let Some(status) = status_of(&pieces, self.me.worker, open.as_ref()) else {
            return Ok(None);
        };
        let today = Moment::of(self.now().wall).date;
        let child = match row.home.scope.child() {
            Some(child) => self.child_name(child)?,
            None => String::new(),
        };
        let time = |at: WallMillis| {
            let at = Moment::of(at);
            if at.date == today {
                at.time
            } else {
                format!("{} {}", at.date, at.time)
            }
        };
        let writing = Writing {
            this: &self.kind_of_device(),
            time: &time,
            name: &|worker| {
                self.staff_name(worker)
                    .unwrap_or_else(|_| worker.to_string())
            },
            question: &|target| question_text(row.home.kind, target, &child),
        };
        let message = words::status(&status, &writing);
        let (code, at) = match &status {
            Status::SavedHere { since } => ("saved_here", Some(*since)),
            Status::Sending => ("sending", None),
            Status::NeedsYourAnswer { .. } => ("needs_you", None),
            Status::With { since, .. } => ("with", Some(*since)),
            Status::CouncilHasItWaiting { at } => ("council_waiting", Some(*at)),
            Status::CouncilHasIt { at } => ("council_has_it", Some(*at)),
        };
        let at_council = !matches!(status, Status::SavedHere { .. } | Status::Sending);
        // Files on this device only come before every question and decision, as words do.
        let (message, code, at) = match self.files_here(row.no)?.filter(|_| at_council) {
            Some(files) => {
                let since = files.since.map(time).unwrap_or_default();
                let message = words::files_here(&files.words, &since, files.sending, &writing);
                (message, "files_here", files.since)
            }
            None => (message, code, at),
        };
        let unfinished = row.home.kind == RecordKind::Visit
            && !oversight_view::is_voided(&self.store.reader, row.no)?
            && !log::exists(
                &self.store.reader,
                "SELECT 1 FROM visit_view WHERE record = ?1 AND finished = 1",
                params![row.no],
            )?;
        Ok(Some(StatusView {
            code: code.to_owned(),
            title: message.title,
            detail: message.detail,
            at: at.map(Moment::of),
            unfinished,
            refused,
        }))
    }

    /// "phone", "tablet", "laptop": as the holder's own name for it says, else "device".
    pub(crate) fn kind_of_device(&self) -> String {
        let label = self.me.label.to_lowercase();
        ["phone", "tablet", "laptop", "computer"]
            .into_iter()
            .find(|word| label.contains(word))
            .unwrap_or("device")
            .to_owned()
    }

    fn pieces(&self, row: &RecordRow) -> Result<(Vec<Piece>, Option<String>), StoreError> {
        let mut all = self.store.reader.prepare_cached(
            "SELECT signed.no, signed.wall, received.at, received.receipt, outgoing.session, outgoing.number, outgoing.refused
             FROM signed LEFT JOIN received ON received.signed = signed.no
                LEFT JOIN outgoing ON outgoing.signed = signed.no
             WHERE signed.record = ?1 AND signed.own = 1 ORDER BY signed.no",
        )?;
        let mut rows = all.query([row.no])?;
        let (mut pieces, mut refused) = (Vec::new(), None);
        while let Some(found) = rows.next()? {
            let receipt: Option<i64> = found.get(3)?;
            let at: Option<i64> = found.get(2)?;
            if let (Some(_), Some(at)) = (receipt, at) {
                let verdicts = self.verdicts_of(found.get(0)?)?;
                pieces.push(Piece::Received {
                    at: WallMillis(at),
                    standing: Standing::of(&verdicts),
                });
                continue;
            }
            let why: Option<i64> = found.get(6)?;
            refused = refused.or_else(|| why.map(super::receipts::refusal_sentence));
            let number: Option<i64> = found.get(5)?;
            let being_sent = match number {
                Some(number) => self.on_their_way.contains(&ParcelKey {
                    session: name(found, 4)?,
                    number: u64::try_from(number).unwrap_or(u64::MAX),
                }),
                None => false,
            };
            pieces.push(Piece::Here {
                saved: WallMillis(found.get(1)?),
                being_sent,
            });
        }
        Ok((pieces, refused))
    }

    fn verdicts_of(&self, signed: i64) -> Result<Vec<Verdict>, StoreError> {
        let mut all = self.store.reader.prepare_cached(
            "SELECT verdict.verdict FROM signed
                JOIN verdict ON verdict.op >= signed.first_op AND verdict.op < signed.first_op + signed.ops
             WHERE signed.no = ?1 ORDER BY verdict.op",
        )?;
        let mut rows = all.query([signed])?;
        let mut verdicts = Vec::new();
        while let Some(row) = rows.next()? {
            verdicts.push(coded(row, 0)?);
        }
        Ok(verdicts)
    }

    /// The first open question of a record in which one of the answers is the holder's.
    fn own_open_question(&self, row: &RecordRow) -> Result<Option<Target>, StoreError> {
        for target in views::open_targets(&self.store.reader, row.no)? {
            let rows = log::statements_about(&self.store.reader, row.no, &target)?;
            let mine = super::visit::live(&rows)
                .iter()
                .any(|row| row.statement.fact.author == self.me.worker);
            if mine {
                return Ok(Some(target));
            }
        }
        Ok(None)
    }
}

/// The question as it is put when two people answered differently, with the child's name in it.
pub(crate) fn question_text(kind: RecordKind, target: &Target, child: &str) -> String {
    let catalogue = visitbook_record::catalogue::Catalogue::newest();
    match catalogue.field(kind.form(), target) {
        Some(field) => field
            .question
            .as_deref()
            .unwrap_or(&field.label)
            .replace("{child}", child),
        None => target.to_string(),
    }
}
