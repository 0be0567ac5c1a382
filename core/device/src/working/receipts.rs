//! The council's answers to uploads: opened with the session's secret, each statement's signature checked, and stored whole.
//! Only what is verified here makes a record say "the council has it".

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension as _, params};
use visitbook_record::cbor::decode;
use visitbook_record::commit::Commit;
use visitbook_record::id::{CommitHash, RecordId, StatementHash};
use visitbook_record::scope::LogPosition;
use visitbook_record::wire::{
    ReceiptStatement, Refusal, SealedGroup, Signed, UploadAnswer, UploadReply,
};
use visitbook_seal::receipt;
use visitbook_seal::reply::open_reply;
use visitbook_seal::secret::Secret32;
use visitbook_seal::sign::Signature;

use super::save::{SealedAgain, class_from};
use super::{Working, begin};
use crate::error::UnlockError;
use crate::files;
use crate::spool::Tag;
use crate::store::rows::{name, signed, unsigned};
use crate::store::{StoreError, log, views};
use crate::sync::store::{ParcelKey, ReplyProblem, UploadTaken};

/// Why syncing stopped at this device's own store.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The spool.
    #[error(transparent)]
    Spool(#[from] crate::spool::SpoolError),
    /// Something could not be sealed.
    #[error(transparent)]
    Save(#[from] Box<crate::error::SaveError>),
    /// Sealing a request.
    #[error(transparent)]
    Seal(#[from] visitbook_seal::envelope::SealError),
}

impl SyncError {
    /// A full or failing disk, and nothing that is wrong with what was read.
    fn is_of_storage(&self) -> bool {
        use crate::error::SaveError;
        match self {
            Self::Spool(_) | Self::Store(StoreError::Full) => true,
            Self::Save(error) => matches!(
                **error,
                SaveError::KeptUnsealed(_) | SaveError::Store(StoreError::Full)
            ),
            _ => false,
        }
    }
}

impl From<crate::error::SaveError> for SyncError {
    fn from(error: crate::error::SaveError) -> Self {
        Self::Save(Box::new(error))
    }
}

impl From<rusqlite::Error> for SyncError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Why the council did not take an envelope, for the person whose words are in it.
pub(crate) fn refusal_sentence(code: i64) -> String {
    match code {
        1 => "The council could not read it.",
        2 => "The council does not know this device's key.",
        3 => "It was made for another council.",
        4 => "It is larger than the council takes.",
        _ => "The council did not take it.",
    }
    .to_owned()
}

const fn refusal_code(refusal: Refusal) -> i64 {
    match refusal {
        Refusal::Malformed => 1,
        Refusal::NotSigned => 2,
        Refusal::OtherCouncil => 3,
        Refusal::BeyondLimits => 4,
        Refusal::NoCertificate => 5,
    }
}

impl Working {
    /// Verifies and stores the answer to an upload, in one transaction, and lets go of what it acknowledges.
    pub(crate) fn take_answer(
        &mut self,
        body: &[u8],
    ) -> Result<UploadTaken, ReplyProblem<SyncError>> {
        let answer: UploadAnswer = decode(body).map_err(|_| ReplyProblem::NotTheCouncil)?;
        let mut replies = Vec::with_capacity(answer.groups.len());
        let mut posts = Vec::new();
        for group in &answer.groups {
            if let Some(receipt) = self.open_post_reply(group)? {
                posts.push(receipt);
                continue;
            }
            if let Some(reply) = self.open_group(group)? {
                replies.push((*group.session, reply));
            }
        }
        let stale_keys: Vec<[u8; 8]> = answer.unknown_keys.iter().map(|key| **key).collect();
        self.know_sending()?;
        let unopened = self.of_stranded(&answer);
        if replies.is_empty()
            && posts.is_empty()
            && stale_keys.is_empty()
            && !answer.groups.is_empty()
            && unopened == 0
        {
            return Err(ReplyProblem::NotTheCouncil);
        }
        let mut taken = UploadTaken {
            kept_unopened: unopened,
            keys_wanted: stale_keys.contains(&self.session.ingest_key()),
            ..UploadTaken::default()
        };
        let known_epoch = self.known_epoch().map_err(SyncError::from)?;
        let mut restored = false;
        let mut strangers = Vec::new();
        let mut receipted = BTreeSet::new();
        let mut records = BTreeSet::new();
        let now = self.now().wall;
        let sending = self.sending.as_ref();
        let transaction = begin(&mut self.store.writer).map_err(SyncError::from)?;
        let mut newest = None;
        for (session, reply) in &replies {
            // What a server said that is no more says nothing about what its successor has.
            if reply.epoch != known_epoch {
                restored |= reply.epoch > known_epoch;
                continue;
            }
            for statement in &reply.statements {
                let done = store_statement(&transaction, &self.bundle, statement, now)
                    .map_err(SyncError::from)?;
                if let Some(done) = done {
                    newest = Some(done.hash);
                    taken.receipted += u32::try_from(done.waited).unwrap_or(u32::MAX);
                    receipted.extend(done.commits);
                    records.extend(done.records);
                }
            }
            for number in &reply.taken {
                let key = ParcelKey {
                    session: *session,
                    number: *number,
                };
                let commit = sending.and_then(|sending| sending.commit_in(&key));
                if let Some(commit) = commit
                    && let Some(hash) = no_longer_owed(&transaction, commit, &key)?
                {
                    taken.receipted += 1;
                    receipted.insert(hash);
                }
            }
            for (number, refusal) in &reply.refused {
                let key = ParcelKey {
                    session: *session,
                    number: *number,
                };
                if *refusal == Refusal::NoCertificate {
                    strangers.push(key);
                    continue;
                }
                let commit = sending.and_then(|sending| sending.commit_in(&key));
                let changed = transaction
                    .execute(
                        "UPDATE outgoing SET refused = ?4 WHERE signed = ?1 AND session = ?2 AND number = ?3",
                        params![commit, key.session, signed(key.number), refusal_code(*refusal)],
                    )
                    .map_err(SyncError::from)?;
                if changed > 0 {
                    taken.refused += 1;
                    let about = format!("{}", refusal_code(*refusal));
                    log::raise(&transaction, now, "refused", &about).map_err(SyncError::from)?;
                }
            }
        }
        let mut tags = BTreeSet::new();
        for post in posts {
            let first = post.store(&transaction).map_err(SyncError::from)?;
            taken.receipted += u32::from(first);
            tags.insert(post.tag);
        }
        if let Some(hash) = newest {
            transaction
                .execute("UPDATE meta SET receipt_seen = ?1", params![hash.0])
                .map_err(SyncError::from)?;
        }
        transaction.commit().map_err(SyncError::from)?;
        if taken.refused > 0 {
            // What was refused is not sent again.
            self.sending = None;
        }
        self.me.receipt_seen = newest.or(self.me.receipt_seen);
        tags.extend(receipted.iter().map(|hash| self.tag_of(hash)));
        let released = self.let_go_of(&tags)?;
        for key in &released {
            self.on_their_way.remove(key);
        }
        taken.sealed_again = self.seal_under_known_key(&stale_keys)?;
        taken.sealed_again += self.seal_with_certificate(&strangers)?;
        self.tell(records, true);
        if restored {
            // Nothing is removed before it is known what the restored server lacks.
            taken.keys_wanted = true;
        } else {
            self.settle_moves().map_err(SyncError::from)?;
        }
        Ok(taken)
    }

    /// Lets go of every envelope of these names: a commit that was sealed again has two.
    fn let_go_of(&mut self, tags: &BTreeSet<Tag>) -> Result<BTreeSet<ParcelKey>, SyncError> {
        let released = tags
            .iter()
            .flat_map(|tag| self.spool.tagged(*tag))
            .collect();
        self.spool.release(&released)?;
        Ok(released)
    }

    /// A release is not synced, so a crash can bring back an envelope whose receipt is in the book; and the disk can have
    /// been too full to let go of it.
    pub(crate) fn let_go_of_receipted(&mut self) -> Result<(), SyncError> {
        if self.spool.is_empty() {
            return Ok(());
        }
        let posts = self.tags_of_receipted_posts()?;
        self.let_go_of(&posts)?;
        let expected = self.expected_envelopes()?;
        if self
            .spool
            .frames()
            .all(|frame| expected.contains(&frame.key))
        {
            return Ok(());
        }
        let mut tags = BTreeSet::new();
        {
            let mut all = self.store.writer.prepare_cached(
                "SELECT signed.hash FROM signed JOIN received ON received.signed = signed.no
                 WHERE received.receipt IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM outgoing WHERE outgoing.signed = signed.no)",
            )?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                tags.insert(self.tag_of(&name(row, 0)?));
            }
        }
        self.let_go_of(&tags)?;
        Ok(())
    }

    /// How many of these answers are about envelopes whose words an older book, now put back, does not have: what they say
    /// comes by a pull.
    fn of_stranded(&self, answer: &UploadAnswer) -> u32 {
        let Some(sending) = &self.sending else {
            return 0;
        };
        let groups = answer.groups.iter();
        let count = groups
            .filter(|group| sending.is_stranded(&group.session))
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn open_group(&self, group: &SealedGroup) -> Result<Option<UploadReply>, SyncError> {
        let secret: Option<Vec<u8>> = self
            .store
            .writer
            .query_row(
                "SELECT reply_secret FROM session WHERE enc = ?1",
                params![&group.session[..]],
                |row| row.get(0),
            )
            .optional()?;
        // Not a session of this device: it may carry a colleague's envelopes one day, and cannot read the answers.
        let Some(secret) = secret.map(zeroize::Zeroizing::new) else {
            return Ok(None);
        };
        let secret = Secret32::from_slice(&secret).ok_or(StoreError::Row("a reply secret"))?;
        Ok(open_reply(&secret, &group.sealed)
            .ok()
            .and_then(|bytes| decode(&bytes).ok()))
    }

    /// Envelopes sealed to a key that the council no longer has are sealed again, if this device knows a newer one.
    fn seal_under_known_key(&mut self, stale: &[[u8; 8]]) -> Result<u32, SyncError> {
        if stale.is_empty() || stale.contains(&self.session.ingest_key()) {
            return Ok(0);
        }
        let mut again = Vec::new();
        {
            let mut all = self.store.writer.prepare(
                "SELECT outgoing.signed, outgoing.class, outgoing.session, outgoing.number FROM outgoing
                    JOIN session ON session.enc = outgoing.session WHERE session.ingest_key = ?1 ORDER BY outgoing.signed",
            )?;
            for key in stale {
                let mut rows = all.query(params![key])?;
                while let Some(row) = rows.next()? {
                    let key = ParcelKey {
                        session: name(row, 2)?,
                        number: unsigned(row.get(3)?)?,
                    };
                    let signed: i64 = row.get(0)?;
                    again.push((signed, class_from(row.get(1)?)?, key));
                }
            }
        }
        let mut old = BTreeSet::new();
        for (no, class, key) in again {
            if self.seal_again(no, class)? == SealedAgain::Yes {
                old.insert(key);
            }
        }
        // The same words lie in the spool under the new key now, so the old envelopes have nothing left to say.
        self.spool.release(&old)?;
        Ok(u32::try_from(old.len()).unwrap_or(u32::MAX))
    }

    /// What was sealed to keys that are in the council's newest bundle no more is sealed again.
    pub(super) fn seal_under_known_keys(&mut self) -> Result<u32, SyncError> {
        let known: BTreeSet<[u8; 8]> = self.bundle.ingest.iter().map(|key| key.id).collect();
        let stale: BTreeSet<[u8; 8]> = {
            let mut all = self.store.writer.prepare(
                "SELECT DISTINCT session.ingest_key FROM outgoing JOIN session ON session.enc = outgoing.session",
            )?;
            let mut rows = all.query([])?;
            let mut stale = BTreeSet::new();
            while let Some(row) = rows.next()? {
                stale.insert(name(row, 0)?);
            }
            stale
        };
        let stale: Vec<[u8; 8]> = stale.difference(&known).copied().collect();
        self.seal_under_known_key(&stale)
    }

    /// The council's list lacks this device, or the one whose commit it gives back: sealed again with the certificate.
    fn seal_with_certificate(&mut self, keys: &[ParcelKey]) -> Result<u32, SyncError> {
        if keys.is_empty() {
            return Ok(0);
        }
        self.introduces_itself = true;
        self.know_sending()?;
        let sending = self.sending.as_ref();
        let commits: Vec<Option<i64>> = keys
            .iter()
            .map(|key| sending.and_then(|sending| sending.commit_in(key)))
            .collect();
        let mut old = BTreeSet::new();
        for (key, commit) in keys.iter().zip(commits) {
            let found: Option<(i64, i64)> = self
                .store
                .writer
                .query_row(
                    "SELECT signed, class FROM outgoing WHERE signed = ?1 AND session = ?2 AND number = ?3",
                    params![commit, key.session, signed(key.number)],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()?;
            if let Some((no, class)) = found
                && self.seal_again(no, class_from(class)?)? == SealedAgain::Yes
            {
                old.insert(*key);
            }
        }
        self.spool.release(&old)?;
        Ok(u32::try_from(old.len()).unwrap_or(u32::MAX))
    }

    /// Answers that came while the vault was closed, in the order they came. One that does not open is dropped: what it would
    /// have acknowledged is simply sent again.
    pub(crate) fn open_kept_replies(&mut self) -> Result<(), UnlockError> {
        for (path, body) in files::kept_replies(&self.folder.replies())? {
            match self.take_answer(&body) {
                Ok(_) | Err(ReplyProblem::NotTheCouncil | ReplyProblem::NotEnrolled) => {}
                Err(ReplyProblem::Store(error)) if error.is_of_storage() => {
                    tracing::warn!("an answer kept unopened could not be taken yet");
                    continue;
                }
                Err(ReplyProblem::Store(error)) => return Err(unlock_error(error)),
            }
            std::fs::remove_file(&path)?;
        }
        // The first request of a run looks for what has no envelope.
        self.sending = None;
        Ok(())
    }
}

fn unlock_error(error: SyncError) -> UnlockError {
    match error {
        SyncError::Store(error) => error.into(),
        SyncError::Spool(error) => error.into(),
        SyncError::Save(error) => error.into(),
        SyncError::Seal(error) => error.into(),
    }
}

struct Done {
    hash: StatementHash,
    commits: Vec<CommitHash>,
    /// How many of them waited for it.
    waited: usize,
    records: Vec<RecordId>,
}

/// Stores one statement, if the council signed it. `None`, and nothing stored, otherwise.
fn store_statement(
    db: &rusqlite::Connection,
    bundle: &visitbook_seal::bundle::KeyBundle,
    exact: &Signed,
    now: visitbook_record::time::WallMillis,
) -> Result<Option<Done>, StoreError> {
    let Ok(statement) = decode::<ReceiptStatement>(&exact.bytes) else {
        return Ok(None);
    };
    if !is_signed(bundle, &statement, exact) {
        log::raise(db, now, "bad_signature", "a receipt")?;
        return Ok(None);
    }
    let hash = ReceiptStatement::hash_of(&exact.bytes);
    let scope = log::ensure_scope(db, statement.scope)?;
    if is_a_fork(db, scope.no, &statement, hash)? {
        // Two statements after the same one: the council's log has two histories. Both are kept as evidence.
        log::raise(db, now, "receipts_fork", &statement.scope.to_string())?;
    }
    let receipt = log::insert_receipt(db, hash, scope.no, statement.previous, exact)?;
    let mut done = Done {
        hash,
        commits: Vec::new(),
        waited: 0,
        records: Vec::new(),
    };
    let mut touched = BTreeMap::new();
    for (offset, received) in (0u64..).zip(&statement.received) {
        let Some(commit) = log::commit(db, &received.commit)? else {
            continue;
        };
        let ops = log::ops_of(db, commit.no)?;
        let about = Commit::from_bytes(&commit.signed.bytes).ok();
        let fits = about.is_some_and(|about| about.scope == statement.scope)
            && ops.len() == received.verdicts.len();
        if !fits {
            // It is signed, and does not say what a receipt for this commit has to say: the words still wait.
            log::raise(db, now, "bad_receipt", &received.commit.to_string())?;
            continue;
        }
        let at = LogPosition {
            epoch: statement.first.epoch,
            position: statement.first.position.saturating_add(offset),
        };
        log::set_received(db, commit.no, at, statement.time, Some(receipt))?;
        for ((_, op), verdict) in ops.iter().zip(&received.verdicts) {
            log::set_verdict(db, *op, verdict, at, false)?;
        }
        super::epoch::count_from_earlier(db, bundle, commit.no, &received.commit)?;
        // What an epoch that was lost said of it may be known here alone. It goes with the envelope, see `no_longer_owed`.
        done.waited += db
            .prepare_cached(
                "DELETE FROM outgoing WHERE signed = ?1
                    AND NOT EXISTS (SELECT 1 FROM earlier WHERE earlier.signed = outgoing.signed)",
            )?
            .execute([commit.no])?;
        let still = "SELECT 1 FROM outgoing WHERE signed = ?1";
        if !log::exists(db, still, &[&commit.no])? {
            done.commits.push(commit.hash);
        }
        if let Some(record) = record_of(db, commit.no)? {
            touched.insert(record.no, record);
        }
    }
    // Once for each record, not for each of its commits: a record is folded whole.
    for record in touched.values() {
        views::refresh(db, record, None)?;
        done.records.push(record.id);
    }
    Ok(Some(done))
}

/// A restored council took an envelope, and with it what its predecessor had said of the commit. Where that has its new receipt
/// too, nothing is left to be sent.
fn no_longer_owed(
    db: &rusqlite::Connection,
    commit: i64,
    envelope: &ParcelKey,
) -> Result<Option<CommitHash>, SyncError> {
    let done: Option<i64> = db
        .prepare_cached(
            "DELETE FROM outgoing WHERE signed = ?1 AND session = ?2 AND number = ?3
                AND EXISTS (SELECT 1 FROM received WHERE received.signed = outgoing.signed AND received.receipt IS NOT NULL)
             RETURNING signed",
        )?
        .query_row(
            params![commit, envelope.session, signed(envelope.number)],
            |row| row.get(0),
        )
        .optional()?;
    let Some(no) = done else {
        return Ok(None);
    };
    Ok(log::commit_no(db, no)?.map(|row| row.hash))
}

/// Whether another statement of the same epoch follows the same one. After a restore the first statement of the new epoch
/// follows the last that was kept, as one that was lost did.
fn is_a_fork(
    db: &rusqlite::Connection,
    scope: i64,
    statement: &ReceiptStatement,
    hash: StatementHash,
) -> Result<bool, StoreError> {
    let mut all = db.prepare_cached(
        "SELECT bytes FROM receipt WHERE scope = ?1 AND previous IS ?2 AND hash <> ?3",
    )?;
    let mut rows = all.query(params![
        scope,
        statement.previous.map(|hash| hash.0),
        hash.0
    ])?;
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        let other = decode::<ReceiptStatement>(&bytes).ok();
        if other.is_some_and(|other| other.first.epoch == statement.first.epoch) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The record that a commit is about.
pub(crate) fn record_of(
    db: &rusqlite::Connection,
    signed: i64,
) -> Result<Option<log::RecordRow>, StoreError> {
    let no: i64 = db
        .prepare_cached("SELECT record FROM signed WHERE no = ?1")?
        .query_row([signed], |row| row.get(0))?;
    log::record_no(db, no)
}

/// Whether the receipt key of the statement's epoch signed it.
pub(crate) fn is_signed(
    bundle: &visitbook_seal::bundle::KeyBundle,
    statement: &ReceiptStatement,
    exact: &Signed,
) -> bool {
    let Ok(signature) = <[u8; 64]>::try_from(exact.signature.as_slice()) else {
        return false;
    };
    bundle
        .receipt_key(statement.first.epoch)
        .is_some_and(|key| receipt::verify(key, &exact.bytes, &Signature(signature)).is_ok())
}
