//! Saving: statements become signed commits, durable in the book and sealed in the spool, before anybody says "saved".
//!
//! One call is one transaction, whatever number of records it touches: all of it is saved or none of it. The steps are
//! build and sign, seal, one database transaction, one append to the spool for each commit. A phone that dies between the
//! last two finds at unlock what has no envelope, and seals it again.

use rusqlite::params;
use visitbook_record::commit::{Commit, RecordKind, Role};
use visitbook_record::id::{CommitHash, OpId, RecordId, Salt};
use visitbook_record::judge::{begins_file, opens_cover};
use visitbook_record::limits;
use visitbook_record::op::{Kind, Op, Policy, Target};
use visitbook_record::payload::{Content, Payload};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{EnvelopeBody, Signed};
use visitbook_seal::envelope::{Sealed, SendClass as SealClass};
use visitbook_seal::purpose::Purpose;

use super::{Working, begin, set_head};
use crate::clock::Moment;
use crate::error::SaveError;
use crate::random;
use crate::store::rows::{name, signed};
use crate::store::{StoreError, log, moved, removed, views};
use crate::sync::store::{ParcelKey, SendClass};

/// What commits say of the program that made them.
const BUILD: &str = concat!("visitbook ", env!("CARGO_PKG_VERSION"));

/// Noted among what the device owes: no own commit is without both receipt and envelope, so none has to be looked for. A book
/// that does not say so is looked through. Goes in the transaction that may change it.
pub(super) const NOTHING_RELEARNED: &str = "nothing_relearned";

/// One statement to be made.
#[derive(Clone)]
pub(crate) struct NewStatement {
    pub(crate) kind: Kind,
    pub(crate) policy: Policy,
    pub(crate) target: Target,
    pub(crate) replaces: Vec<OpId>,
    pub(crate) content: Option<Content>,
    pub(crate) typed: Option<WallMillis>,
    /// Lists this statement's own id and those before it in the same commit, beside what `content` lists.
    pub(crate) finishes_own: bool,
}

impl NewStatement {
    pub(crate) fn new(kind: Kind, policy: Policy, target: Target, content: Content) -> Self {
        Self {
            kind,
            policy,
            target,
            replaces: Vec::new(),
            content: Some(content),
            typed: None,
            finishes_own: false,
        }
    }

    pub(crate) fn replacing(mut self, replaces: Vec<OpId>) -> Self {
        self.replaces = replaces;
        self
    }
}

/// The statements to be made about one record.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) record: RecordId,
    pub(crate) kind: RecordKind,
    pub(crate) child: RecordId,
    pub(crate) statements: Vec<NewStatement>,
}

/// Whether the device may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusing {
    /// A person is there to be told.
    Yes,
    /// The words exist already, and are saved whatever the council will say: a draft that a crash left.
    No,
}

/// What one call saved.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Saved {
    /// The records written, in the order given, each once.
    pub records: Vec<RecordId>,
    /// The commits, in the order made: one for each record, or for each draft.
    pub commits: Vec<CommitHash>,
    /// The statements of all commits, in order.
    pub ops: Vec<OpId>,
    /// When, by this device's clock.
    pub at: Moment,
}

/// Where a commit belongs, and in what capacity its author writes.
pub(super) struct Place {
    pub(super) record: RecordId,
    pub(super) kind: RecordKind,
    pub(super) scope: Scope,
    pub(super) acting_as: Role,
}

impl Saved {
    /// Both, as if saved in one call.
    pub(crate) fn join(&mut self, later: Self) {
        for record in later.records {
            if !self.records.contains(&record) {
                self.records.push(record);
            }
        }
        self.commits.extend(later.commits);
        self.ops.extend(later.ops);
        self.at = later.at;
    }
}

struct Built {
    commit: Commit,
    exact: Signed,
    hash: CommitHash,
    payloads: Vec<Option<Payload>>,
    class: SendClass,
    sealed: Sealed,
}

impl Working {
    /// Saves statements about any number of records in one transaction, one commit for each.
    pub(crate) fn save(
        &mut self,
        plans: Vec<Plan>,
        refusing: Refusing,
    ) -> Result<Saved, SaveError> {
        self.save_and(plans, refusing, |_| Ok(()))
    }

    /// As [`Self::save`], with something more in the same transaction.
    pub(crate) fn save_and(
        &mut self,
        plans: Vec<Plan>,
        refusing: Refusing,
        also: impl FnOnce(&rusqlite::Connection) -> Result<(), StoreError>,
    ) -> Result<Saved, SaveError> {
        let now = self.now();
        let (mut seq, mut head) = (self.me.seq, self.me.head);
        let mut built = Vec::with_capacity(plans.len());
        for plan in plans {
            seq += 1;
            let one = self.build(plan, seq, head, now, refusing)?;
            head = Some(one.hash);
            built.push(one);
        }
        self.keep(built, now, also)
    }

    /// Saves a commit about the holder in the holder's own scope.
    pub(crate) fn save_about_self(
        &mut self,
        statements: Vec<NewStatement>,
        also: impl FnOnce(&rusqlite::Connection) -> Result<(), StoreError>,
    ) -> Result<Saved, SaveError> {
        let place = Place {
            record: RecordId(self.me.worker.0),
            kind: RecordKind::Worker,
            scope: Scope::Worker(self.me.worker),
            acting_as: Role::Allocated,
        };
        self.save_at(place, statements, also)
    }

    /// Saves one commit where no role for a child is asked for.
    pub(super) fn save_at(
        &mut self,
        place: Place,
        statements: Vec<NewStatement>,
        also: impl FnOnce(&rusqlite::Connection) -> Result<(), StoreError>,
    ) -> Result<Saved, SaveError> {
        let now = self.now();
        let (seq, head) = (self.me.seq + 1, self.me.head);
        let one = self.build_at(place, statements, seq, head, now, Refusing::No)?;
        self.keep(vec![one], now, also)
    }

    /// Begins the file of a child who is on nobody's list: the child's own record, first in a log of its own, which the holder holds
    /// from now on.
    pub(crate) fn save_new_file(
        &mut self,
        child: RecordId,
        statements: Vec<NewStatement>,
    ) -> Result<Saved, SaveError> {
        let now = self.now();
        let place = Place {
            record: child,
            kind: RecordKind::Child,
            scope: Scope::Child(child),
            acting_as: Role::Allocated,
        };
        let (seq, head) = (self.me.seq + 1, self.me.head);
        let one = self.build_at(place, statements, seq, head, now, Refusing::Yes)?;
        self.keep(vec![one], now, |db| {
            let row = log::ensure_scope(db, Scope::Child(child))?;
            log::set_scope_held(db, row.no, true, Role::Allocated)
        })
    }

    /// The book first, in one transaction, then the spool.
    fn keep(
        &mut self,
        built: Vec<Built>,
        now: visitbook_record::commit::Clocks,
        also: impl FnOnce(&rusqlite::Connection) -> Result<(), StoreError>,
    ) -> Result<Saved, SaveError> {
        let Some(last) = built.last() else {
            return Ok(Saved {
                records: Vec::new(),
                commits: Vec::new(),
                ops: Vec::new(),
                at: Moment::of(now.wall),
            });
        };
        let (seq, head) = (last.commit.seq, last.hash);
        let transaction = begin(&mut self.store.writer)?;
        let mut ops = Vec::new();
        for one in &built {
            let stored = log::insert_commit(
                &transaction,
                &one.commit,
                &one.exact,
                one.hash,
                true,
                &one.payloads,
            )?;
            put_outgoing(&transaction, stored.signed, one.class, &one.sealed)?;
            let statements = one.commit.ops.iter().map(|op| (op.kind, &op.target));
            let moved = views::moved(statements);
            views::refresh(&transaction, &stored.record, moved.as_ref())?;
            ops.extend(stored.ops.into_iter().map(|(id, _)| id));
        }
        set_head(&transaction, seq, &head)?;
        also(&transaction)?;
        transaction.commit()?;
        // From here on the words are in the book, whatever happens.
        self.me.seq = seq;
        self.me.head = Some(head);
        let mut unsealed = None;
        for one in &built {
            let (key, tag) = (key_of(&one.sealed), self.tag_of(&one.hash));
            if let Err(error) = self.spool.append(key, tag, one.class, &one.sealed.bytes) {
                unsealed = Some(error);
                break;
            }
        }
        let records: Vec<RecordId> = built.iter().map(|one| one.commit.record).collect();
        self.tell(records.iter().copied().collect(), true);
        match unsealed {
            Some(error) => Err(SaveError::KeptUnsealed(error)),
            None => Ok(Saved {
                records,
                commits: built.iter().map(|one| one.hash).collect(),
                ops,
                at: Moment::of(now.wall),
            }),
        }
    }

    fn build(
        &self,
        plan: Plan,
        seq: u64,
        previous: Option<CommitHash>,
        clocks: visitbook_record::commit::Clocks,
        refusing: Refusing,
    ) -> Result<Built, SaveError> {
        let acting_as = match (self.role_for(plan.child)?, refusing) {
            (Some(role), _) => role,
            (None, Refusing::Yes) => return Err(SaveError::NotHeld(plan.child)),
            (None, Refusing::No) => self.last_role_for(plan.child)?.unwrap_or(Role::Cover),
        };
        let place = Place {
            record: plan.record,
            kind: plan.kind,
            scope: Scope::Child(plan.child),
            acting_as,
        };
        self.build_at(place, plan.statements, seq, previous, clocks, refusing)
    }

    fn build_at(
        &self,
        place: Place,
        statements: Vec<NewStatement>,
        seq: u64,
        previous: Option<CommitHash>,
        clocks: visitbook_record::commit::Clocks,
        refusing: Refusing,
    ) -> Result<Built, SaveError> {
        let mut commit = Commit {
            format: Commit::FORMAT,
            council: self.me.council,
            origin: self.me.origin(),
            seq,
            previous,
            record: place.record,
            record_kind: place.kind,
            scope: place.scope,
            author: self.me.worker,
            acting_as: place.acting_as,
            catalogue: visitbook_record::catalogue::NEWEST,
            clocks,
            receipt_seen: self.me.receipt_seen,
            assignment_seen: self.me.assignment_seen,
            app_build: BUILD.to_owned(),
            ops: Vec::with_capacity(statements.len()),
        };
        let mut payloads = Vec::with_capacity(statements.len());
        let mut contents = Vec::with_capacity(statements.len());
        for statement in statements {
            let mut content = statement.content;
            if let (true, Some(Content::Finish(listed))) = (statement.finishes_own, &mut content) {
                listed.extend(commit.op_ids());
                listed.sort_unstable();
                listed.dedup();
            }
            let payload = match &content {
                Some(content) => Some(Payload::new(Salt(random::bytes()?), content)),
                None => None,
            };
            commit.ops.push(Op {
                kind: statement.kind,
                policy: statement.policy,
                target: statement.target,
                replaces: statement.replaces,
                typed_at: statement.typed,
                payload: payload.as_ref().map(Payload::hash),
            });
            payloads.push(payload);
            contents.push(content);
        }
        if refusing == Refusing::Yes {
            for verdict in self.judge(&commit, &contents)? {
                if let Verdict::Quarantined { reason, .. } = verdict {
                    return Err(SaveError::WouldBeSetAside(reason));
                }
            }
        }
        let bytes = commit.to_bytes();
        let size = bytes.len()
            + payloads
                .iter()
                .flatten()
                .map(|payload| payload.bytes.len() + 32)
                .sum::<usize>();
        if size > limits::COMMIT_BYTES {
            return Err(SaveError::TooLong {
                field: "all of this together".to_owned(),
                most: limits::COMMIT_BYTES,
            });
        }
        let signature = self.keys.signing_key().sign(Purpose::Commit, &bytes);
        let exact = Signed {
            bytes,
            signature: signature.0.to_vec(),
        };
        let class = class_of(&commit);
        let sealed = self.seal(class, &exact, &payloads, (None, None))?;
        Ok(Built {
            hash: Commit::hash_of(&exact.bytes),
            commit,
            exact,
            payloads,
            class,
            sealed,
        })
    }

    fn seal(
        &self,
        class: SendClass,
        exact: &Signed,
        payloads: &[Option<Payload>],
        (certificate, receipt): (Option<Vec<u8>>, Option<Signed>),
    ) -> Result<Sealed, SaveError> {
        let body = EnvelopeBody {
            commit: exact.clone(),
            payloads: payloads.iter().flatten().cloned().collect(),
            certificate: certificate.map(Into::into),
            receipt,
        };
        let plaintext = zeroize::Zeroizing::new(visitbook_record::cbor::encode(&body));
        Ok(self.session.seal(seal_class(class), &plaintext)?)
    }

    /// Seals what the book has and the spool has not: what a crash, a full disk or a lost segment left. Returns how many.
    pub(crate) fn seal_missing(&mut self) -> Result<u32, SaveError> {
        let mut missing = Vec::new();
        {
            let mut all = self.store.writer.prepare_cached(
                "SELECT signed, class, session, number FROM outgoing ORDER BY signed",
            )?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(3)?;
                let key = ParcelKey {
                    session: name(row, 2)?,
                    number: u64::try_from(number).unwrap_or(u64::MAX),
                };
                if !self.spool.contains(&key) {
                    let signed: i64 = row.get(0)?;
                    missing.push((signed, class_from(row.get(1)?)?));
                }
            }
        }
        let mut count = 0;
        for (no, class) in missing {
            if self.seal_again(no, class)? == SealedAgain::Yes {
                count += 1;
            }
        }
        Ok(count)
    }

    /// Own commits that came back from the council and that this book has no receipt for: an older book was put back. Sending
    /// them again costs little and brings their receipts.
    pub(crate) fn seal_relearned(&mut self) -> Result<(), SaveError> {
        // Looking for them takes the longer the more this device has written, and an unlock has no time for that.
        if moved::owes(&self.store.writer, NOTHING_RELEARNED)? {
            return Ok(());
        }
        let relearned: Vec<i64> = {
            let mut all = self.store.writer.prepare_cached(
                "SELECT signed.no FROM signed LEFT JOIN outgoing ON outgoing.signed = signed.no
                    LEFT JOIN received ON received.signed = signed.no
                 WHERE signed.own = 1 AND outgoing.signed IS NULL AND received.receipt IS NULL ORDER BY signed.no",
            )?;
            all.query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?
        };
        let mut all_sealed = true;
        for no in relearned {
            let row = log::commit_no(&self.store.writer, no)?.ok_or(StoreError::Row("a commit"))?;
            let commit =
                Commit::from_bytes(&row.signed.bytes).map_err(|_| StoreError::Row("a commit"))?;
            all_sealed &= self.seal_again(no, class_of(&commit))? == SealedAgain::Yes;
        }
        if all_sealed {
            moved::owe(&self.store.writer, NOTHING_RELEARNED)?;
        }
        Ok(())
    }

    /// Seals one stored commit under the present session. One whose words are not all here is not sealed, and an alarm raised:
    /// the council would judge it without them for ever. Whatever envelope it has stays.
    pub(crate) fn seal_again(
        &mut self,
        no: i64,
        class: SendClass,
    ) -> Result<SealedAgain, SaveError> {
        let row =
            log::commit_no(&self.store.writer, no)?.ok_or(StoreError::Row("an outgoing commit"))?;
        let payloads = log::payloads_of(&self.store.writer, no)?;
        let commit =
            Commit::from_bytes(&row.signed.bytes).map_err(|_| StoreError::Row("a commit"))?;
        let named = commit.ops.iter().map(|op| op.payload);
        let here = payloads
            .iter()
            .map(|payload| payload.as_ref().map(Payload::hash));
        let whole = named.eq(here) || removed::has_all_words(&self.store.writer, no)?;
        if !whole {
            let now = self.now().wall;
            log::raise(
                &self.store.writer,
                now,
                "words_missing",
                &row.hash.to_string(),
            )?;
            return Ok(SealedAgain::WordsMissing);
        }
        let credentials = self.credentials(no, &row.signed)?;
        let sealed = self.seal(class, &row.signed, &payloads, credentials)?;
        let transaction = begin(&mut self.store.writer)?;
        transaction.execute("DELETE FROM outgoing WHERE signed = ?1", [no])?;
        put_outgoing(&transaction, no, class, &sealed)?;
        transaction.commit()?;
        let tag = self.tag_of(&row.hash);
        self.spool
            .append(key_of(&sealed), tag, class, &sealed.bytes)
            .map_err(SaveError::KeptUnsealed)?;
        Ok(SealedAgain::Yes)
    }
}

/// What became of a commit that was to be sealed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SealedAgain {
    /// It lies in the spool under the present session.
    Yes,
    /// Some of its words are not in the book.
    WordsMissing,
}

fn key_of(sealed: &Sealed) -> ParcelKey {
    ParcelKey {
        session: sealed.enc,
        number: sealed.number,
    }
}

fn put_outgoing(
    db: &rusqlite::Connection,
    no: i64,
    class: SendClass,
    sealed: &Sealed,
) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO outgoing (signed, class, session, number) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        no,
        seal_class(class) as u8,
        sealed.enc,
        signed(sealed.number)
    ])?;
    Ok(())
}

/// How soon the council wants it: a concern before everything, a child's words, finishes and oversight next. What opens a file goes
/// as soon as what may be written in it, or the council would set that aside.
pub(super) fn class_of(commit: &Commit) -> SendClass {
    let opens = |op: &Op| opens_cover(commit.record_kind, op);
    match commit.record_kind {
        RecordKind::Concern => SendClass::Now,
        _ if begins_file(commit) || commit.ops.iter().any(opens) => SendClass::Now,
        RecordKind::Voice => SendClass::Soon,
        _ if commit
            .ops
            .iter()
            .any(|op| op.kind == Kind::Finish || op.kind.is_oversight())
            // What a child hands in afterwards is of no use to the council before it.
            || commit.ops.iter().any(|op| op.kind == Kind::EnterFamily) =>
        {
            SendClass::Soon
        }
        _ => SendClass::Later,
    }
}

const fn seal_class(class: SendClass) -> SealClass {
    match class {
        SendClass::Now => SealClass::Now,
        SendClass::Soon => SealClass::Soon,
        SendClass::Later => SealClass::Later,
    }
}

pub(crate) fn class_from(number: i64) -> Result<SendClass, StoreError> {
    match number {
        1 => Ok(SendClass::Now),
        2 => Ok(SendClass::Soon),
        3 => Ok(SendClass::Later),
        _ => Err(StoreError::Row("a send class")),
    }
}
