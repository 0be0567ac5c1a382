//! Checking everything: the own chain, every signature, every payload, every receipt, and the file itself.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_record::commit::Commit;
use visitbook_record::id::{CommitHash, Incarnation};
use visitbook_record::page::{View, lay_out};
use visitbook_record::wire::{ReceiptStatement, Signed};
use visitbook_seal::purpose::Purpose;
use visitbook_seal::sign::{Signature, verify};

use super::model::{AlarmView, DigestLine, Verification};
use super::{Working, begin};
use crate::attached::lane::Receipt;
use crate::clock::Moment;
use crate::error::ReadError;
use crate::store::oversight_view::{self, Marks};
use crate::store::rows::{name, optional_name};
use crate::store::{StoreError, attached, log, moved, removed, views};
use visitbook_record::time::WallMillis;

/// What to do about a commit, a receipt or words that are not as they were signed.
const KEEP: &str = "Keep this device as it is, sync it, and ask the council's ICT to look at it; what the council has is not touched by this.";
/// About the file as a whole.
const BEGIN_AGAIN: &str = "Sync this device, then make another one with a new code: all that the council has comes back. Keep this one for the council's ICT.";
/// About an attached file.
const ATTACH_AGAIN: &str =
    "If you still have what was attached, attach it again; its words are not touched by this.";
/// About one that the council has.
const FETCH: &str = "The council has it: ask to see it, and it comes again.";
/// About what the next sync puts right.
const SYNC: &str = "Sync this device.";
/// About words that the law says are gone.
const TELL: &str = "Sync this device; if it is still said then, tell the council's ICT at once.";
/// About lists, which are made from the log.
const REBUILD: &str = "Make the lists anew with `rebuild`; no word is touched by that.";

/// Own commits by writing life and number, each with the one it names as before it.
type OwnLives = BTreeMap<Incarnation, BTreeMap<u64, Vec<(CommitHash, Option<CommitHash>)>>>;

impl Working {
    /// Checks everything this device holds. Reads the whole book: seconds for a large one.
    ///
    /// # Errors
    /// [`ReadError`] only if the check itself could not run; what it finds is in its result.
    pub fn verify(&self) -> Result<Verification, ReadError> {
        let mut report = Verification {
            own_commits: 0,
            other_commits: 0,
            payloads: 0,
            receipts: 0,
            receipted: 0,
            waiting: 0,
            problems: Vec::new(),
        };
        let checks = [
            Self::check_file,
            Self::check_commits,
            Self::check_payloads,
            Self::check_removed,
            Self::check_receipts,
            Self::check_outgoing,
            Self::check_read_models,
            Self::check_attached,
        ];
        // One page that cannot be read must not keep the rest from being checked.
        let mut damaged = false;
        for check in checks {
            match check(self, &mut report) {
                Err(StoreError::Damaged) => damaged = true,
                other => other?,
            }
        }
        if damaged {
            let told = format!("A part of the book cannot be read. {BEGIN_AGAIN}");
            report.problems.push(told);
        }
        Ok(report)
    }

    /// Every encrypted file that lies here, chunk by chunk, and the council's word for those it has.
    fn check_attached(&self, report: &mut Verification) -> Result<(), StoreError> {
        for (id, own, exact) in attached::all(&self.store.reader)? {
            let mut problem = |what: &str| report.problems.push(format!("File {id}: {what}"));
            let signed = exact
                .as_ref()
                .is_none_or(|exact| Receipt::verified(&self.bundle, &id, exact).is_some());
            if !signed {
                problem(&format!("its receipt is not one of the council's. {SYNC}"));
            }
            let again = if exact.is_some() || !own {
                FETCH
            } else {
                ATTACH_AGAIN
            };
            let stored = self.shelf.open(&id).ok().flatten();
            let sound = stored.map(|stored| stored.is_sound().unwrap_or(false));
            match (self.shelf.place(&id), sound) {
                (Some(_), Some(true)) => {}
                (Some(_), _) => problem(&format!("it is damaged on this device. {again}")),
                (None, _) if own && exact.is_none() => {
                    problem(&format!(
                        "the council does not have it, and it is not on this device. {again}"
                    ));
                }
                (None, _) => {}
            }
        }
        Ok(())
    }

    /// Every row of what SQLCipher and SQLite find, on the file as it is.
    fn check_file(&self, report: &mut Verification) -> Result<(), StoreError> {
        for check in ["cipher_integrity_check", "integrity_check"] {
            let mut found = self.store.reader.prepare(&format!("PRAGMA {check}"))?;
            let mut rows = found.query([])?;
            while let Some(row) = rows.next()? {
                let line: String = row.get(0)?;
                if line != "ok" {
                    report.problems.push(format!(
                        "A page or an index of the book is damaged ({check}). {BEGIN_AGAIN}"
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_commits(&self, report: &mut Verification) -> Result<(), StoreError> {
        let mut all = self
            .store
            .reader
            .prepare("SELECT hash, own, bytes, signature FROM signed ORDER BY no")?;
        let mut rows = all.query([])?;
        // Two commits under one number are both kept: an older book was put back and written on in.
        let mut own = OwnLives::new();
        while let Some(row) = rows.next()? {
            let hash: CommitHash = name(row, 0)?;
            let is_own: bool = row.get(1)?;
            let exact = Signed {
                bytes: row.get(2)?,
                signature: row.get(3)?,
            };
            let mut problem = |what: &str| {
                report
                    .problems
                    .push(format!("Commit {hash}: {what}. {KEEP}"))
            };
            if Commit::hash_of(&exact.bytes) != hash {
                problem("the bytes are not those of its name");
                continue;
            }
            let Ok(commit) = Commit::from_bytes(&exact.bytes) else {
                problem("cannot be read");
                continue;
            };
            if !self.is_signed(&commit, &exact)? {
                problem("the signature does not verify");
            }
            if is_own {
                report.own_commits += 1;
                own.entry(commit.origin.incarnation)
                    .or_default()
                    .entry(commit.seq)
                    .or_default()
                    .push((hash, commit.previous));
            } else {
                report.other_commits += 1;
            }
        }
        for link in moved::links(&self.store.reader)? {
            report.own_commits += 1;
            report.receipted += 1;
            own.entry(link.incarnation)
                .or_default()
                .entry(link.seq)
                .or_default()
                .push((link.hash, link.previous));
        }
        self.check_chain(&own, report);
        Ok(())
    }

    /// Each own commit names one before it; the first of a new writing life names the last that was known.
    fn check_chain(&self, own: &OwnLives, report: &mut Verification) {
        let known: BTreeSet<CommitHash> = own
            .values()
            .flat_map(BTreeMap::values)
            .flatten()
            .map(|(hash, _)| *hash)
            .collect();
        for life in own.values() {
            for (seq, commits) in life {
                let before: Option<&Vec<_>> = seq.checked_sub(1).and_then(|seq| life.get(&seq));
                for (hash, previous) in commits {
                    let follows = match (before, previous) {
                        (Some(before), Some(previous)) => {
                            before.iter().any(|(hash, _)| hash == previous)
                        }
                        (None, Some(previous)) => *seq == 1 && known.contains(previous),
                        (None, None) => *seq == 1,
                        (Some(_), None) => false,
                    };
                    if !follows {
                        report.problems.push(format!(
                            "Commit {hash}: does not follow the one before it. {KEEP}"
                        ));
                    }
                }
            }
        }
        let newest = own
            .get(&self.me.incarnation)
            .and_then(|life| life.last_key_value());
        let remembered = match newest {
            Some((seq, commits)) => {
                *seq == self.me.seq && commits.iter().any(|(hash, _)| Some(*hash) == self.me.head)
            }
            None => self.me.seq == 0,
        };
        if !remembered {
            report.problems.push(format!(
                "The newest commit is not the one remembered. {KEEP}"
            ));
        }
    }

    fn is_signed(&self, commit: &Commit, exact: &Signed) -> Result<bool, StoreError> {
        let key = super::pull::key_of(&self.store.reader, &self.bundle, commit.origin.device)?;
        let signature = <[u8; 64]>::try_from(exact.signature.as_slice());
        let (Some(key), Ok(signature)) = (key, signature) else {
            return Ok(false);
        };
        Ok(verify(Purpose::Commit, &key, &exact.bytes, &Signature(signature)).is_ok())
    }

    fn check_payloads(&self, report: &mut Verification) -> Result<(), StoreError> {
        let mut all = self.store.reader.prepare(
            "SELECT op.id, op.payload, payload.salt, payload.bytes FROM payload JOIN op ON op.no = payload.op",
        )?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let id: visitbook_record::id::OpId = name(row, 0)?;
            let payload = visitbook_record::payload::Payload {
                salt: name(row, 2)?,
                bytes: row.get(3)?,
            };
            report.payloads += 1;
            if optional_name(row, 1)? != Some(payload.hash()) {
                report.problems.push(format!(
                    "Statement {id}: the words are not those signed. {KEEP}"
                ));
            }
        }
        Ok(())
    }

    /// What was removed by law is gone.
    fn check_removed(&self, report: &mut Verification) -> Result<(), StoreError> {
        for id in removed::still_here(&self.store.reader)? {
            report.problems.push(format!(
                "Statement {id}: its words were removed by law and are here. {TELL}"
            ));
        }
        Ok(())
    }

    fn check_receipts(&self, report: &mut Verification) -> Result<(), StoreError> {
        let mut all = self
            .store
            .reader
            .prepare("SELECT no, bytes, signature FROM receipt ORDER BY no")?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let exact = Signed {
                bytes: row.get(1)?,
                signature: row.get(2)?,
            };
            let hash = ReceiptStatement::hash_of(&exact.bytes);
            let Ok(statement) = visitbook_record::cbor::decode::<ReceiptStatement>(&exact.bytes)
            else {
                report
                    .problems
                    .push(format!("Receipt {hash}: cannot be read. {KEEP}"));
                continue;
            };
            // Of a server whose back-ups are gone too: nobody can say any more who signed for it.
            if self.bundle.receipt_key(statement.first.epoch).is_none() {
                continue;
            }
            if !super::receipts::is_signed(&self.bundle, &statement, &exact) {
                report.problems.push(format!(
                    "Receipt {hash}: the signature does not verify. {KEEP}"
                ));
                continue;
            }
            report.receipts += 1;
            let no: i64 = row.get(0)?;
            let named: BTreeSet<CommitHash> =
                statement.received.iter().map(|one| one.commit).collect();
            let mut by = self.store.reader.prepare_cached(
                "SELECT signed.hash FROM received JOIN signed ON signed.no = received.signed WHERE received.receipt = ?1",
            )?;
            let mut commits = by.query([no])?;
            while let Some(commit) = commits.next()? {
                let commit: CommitHash = name(commit, 0)?;
                if named.contains(&commit) {
                    report.receipted += 1;
                } else {
                    report.problems.push(format!(
                        "Commit {commit}: its receipt does not name it. {KEEP}"
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_outgoing(&self, report: &mut Verification) -> Result<(), StoreError> {
        let mut all = self.store.reader.prepare(
            "SELECT signed.hash, outgoing.session, outgoing.number, received.receipt
             FROM signed LEFT JOIN outgoing ON outgoing.signed = signed.no
                LEFT JOIN received ON received.signed = signed.no
             WHERE signed.own = 1",
        )?;
        let looks = u64::try_from(self.looks_waiting()?).unwrap_or(0);
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let hash: CommitHash = name(row, 0)?;
            let session: Option<[u8; 32]> = optional_name(row, 1)?;
            let number: Option<i64> = row.get(2)?;
            let receipt: Option<i64> = row.get(3)?;
            let (Some(session), Some(number)) = (session, number) else {
                if receipt.is_none() {
                    report.problems.push(format!(
                        "Commit {hash}: has no receipt and is not on its way. {KEEP}"
                    ));
                }
                continue;
            };
            report.waiting += 1;
            let key = crate::sync::store::ParcelKey {
                session,
                number: u64::try_from(number).unwrap_or(u64::MAX),
            };
            if !self.spool.contains(&key) {
                report
                    .problems
                    .push(format!("Commit {hash}: is not sealed yet. {SYNC}"));
            }
        }
        report.waiting = report.waiting.saturating_sub(looks);
        Ok(())
    }

    /// What lists show must be what the log says.
    fn check_read_models(&self, report: &mut Verification) -> Result<(), StoreError> {
        let mut all = self.store.reader.prepare("SELECT no FROM record")?;
        let numbers: Vec<i64> = all
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for no in numbers {
            let Some(record) = log::record_no(&self.store.reader, no)? else {
                continue;
            };
            let statements: Vec<_> = log::statements(&self.store.reader, no)?
                .into_iter()
                .map(|row| row.statement)
                .collect();
            let page = lay_out(record.home.kind, &statements, View::Here);
            let marks = Marks::of(&page, &statements);
            let open = page.questions.values().filter(|one| one.open).count()
                + page.entries.iter().filter(|one| one.open).count();
            // What was entered in error has no open question on any list.
            let open = if marks.voided { 0 } else { open };
            let shown = oversight_view::marks(&self.store.reader, no)?.unwrap_or_default();
            if views::open_targets(&self.store.reader, no)?.len() != open || shown != marks {
                report.problems.push(format!(
                    "Record {}: a list is behind the log. {REBUILD}",
                    record.id
                ));
            }
        }
        Ok(())
    }

    /// Makes every list anew from the log. For support, when [`Self::verify`] finds one behind; changes no word.
    ///
    /// # Errors
    /// [`StoreError`]; the lists are then as they were.
    pub fn rebuild_lists(&mut self) -> Result<(), StoreError> {
        let transaction = begin(&mut self.store.writer)?;
        views::rebuild(&transaction)?;
        transaction.commit()?;
        Ok(())
    }

    /// One number for each scope this device holds.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn digests(&self) -> Result<Vec<DigestLine>, ReadError> {
        Ok(log::scopes(&self.store.reader)?
            .into_iter()
            .filter(|row| row.held)
            .filter_map(|row| {
                let at = row.at?;
                let digest = row.digest.to_bytes();
                Some(DigestLine {
                    scope: row.scope.to_string(),
                    epoch: at.epoch,
                    position: at.position,
                    digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
                })
            })
            .collect())
    }

    /// What should not have been possible, newest first. None of it lost a word.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn alarms(&self) -> Result<Vec<AlarmView>, ReadError> {
        let mut all = self
            .store
            .reader
            .prepare_cached("SELECT at, kind, about FROM alarm ORDER BY no DESC")?;
        let mut rows = all.query([])?;
        let mut alarms = Vec::new();
        while let Some(row) = rows.next()? {
            let kind: String = row.get(1)?;
            alarms.push(AlarmView {
                at: Moment::of(WallMillis(row.get(0)?)),
                sentence: sentence(&kind).to_owned(),
                kind,
                about: row.get(2)?,
            });
        }
        Ok(alarms)
    }
}

fn sentence(kind: &str) -> &'static str {
    match kind {
        "digest_differs" => {
            "This device and the council do not hold the same statements. Nothing here was dropped."
        }
        "receipts_fork" => "The council gave two different receipts for one place in its log.",
        "bad_signature" => "Something came that was not signed by whom it names; it was left out.",
        "bad_receipt" => {
            "A receipt came that does not fit what it is for; what it is for is sent again."
        }
        "words_missing" => {
            "Words are missing from this book, so what they belong to could not be sealed again."
        }
        "bad_payload" => "Words came that are not those that were signed; they were left out.",
        "bad_commit" => "Something came that cannot be read; it was left out.",
        "no_certificate" => {
            "Something came from a device that the council does not vouch for; it was left out."
        }
        "unknown_operation" => "The council judged a statement that never came here.",
        "book_went_back" => {
            "The book was an older one than before. This device writes on as a new one; nothing sent was lost."
        }
        "two_copies" => {
            "A copy of this device has been writing too. Both go on as two; nothing of either was lost."
        }
        "stranded" => {
            "Sealed work lay here that the book did not have. It is sent, and comes back from the council."
        }
        "epoch_fork" => {
            "Two servers of the council were restored beside each other. Nothing is given to the second one."
        }
        "refused" => "The council did not take something; it is still here.",
        _ => "Something unexpected happened.",
    }
}
