//! Applying what the council sends: a page in one transaction with its token, every commit verified first.
//!
//! Nothing that arrives can remove or change what this device has. What does not verify is left out and raised; that the
//! device then holds less than the council is found by the digests.

mod own;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use visitbook_record::commit::{Commit, Role};
use visitbook_record::digest::{ScopeDigest, whole};
use visitbook_record::id::{DeviceId, Incarnation, OpId, RecordId, WorkerId};
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::{Content, Payload};
use visitbook_record::redaction;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{CommitEntry, LogEntry, Page, Signed};
use visitbook_seal::bundle::KeyBundle;
use visitbook_seal::certificate::{CertificateRole, SignedCertificate};
use visitbook_seal::purpose::Purpose;
use visitbook_seal::sign::{PublicKey, Signature, verify};

use super::receipts::SyncError;
use super::save::NOTHING_RELEARNED;
use super::{Working, begin, epoch, new_life};
use crate::store::rows::{name, signed};
use crate::store::{StoreError, log, moved, removed, views};

pub(crate) use own::OwnCommits;

type Result<T> = std::result::Result<T, StoreError>;

/// Scopes in which something came that does not verify. They are not read past it: the certificate it needs may have been
/// left out by mistake, and words that were passed over would never come again. The rest of the page is applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    scopes: BTreeSet<Scope>,
    /// Everything was asked for once more since the unlock. Once is enough: asking every time would cost the line dearly.
    asked_again: bool,
}

/// `meta.arriving` while the council has more, or all that it has is applied; and, beside that, while a scope is unread,
/// which the next unlock must know.
const COMPLETE: i64 = 0;
const ARRIVING: i64 = 1;
const UNREAD: i64 = 2;

/// What a page changed.
#[derive(Default)]
struct Changed {
    /// Records, with the targets that moved; `None` for all of them.
    records: BTreeMap<RecordId, Option<BTreeSet<Target>>>,
    entries: u32,
    assignment: Option<LogPosition>,
    /// An own commit came that this book did not have.
    relearned: bool,
    /// Scopes that the page takes away and does not give back.
    ended: BTreeSet<i64>,
    /// One of them is of the writing life that this book is in: a copy of the device wrote it.
    copied: bool,
    /// Words were removed by law.
    removed: bool,
}

impl Changed {
    fn note(&mut self, record: RecordId, targets: Option<BTreeSet<Target>>) {
        let known = self.records.entry(record).or_insert(Some(BTreeSet::new()));
        match (known.as_mut(), targets) {
            (Some(all), Some(more)) => all.extend(more),
            (Some(_), None) => *known = None,
            (None, _) => {}
        }
    }
}

struct Applying<'a> {
    db: &'a Connection,
    /// Scopes that cannot be read on, see [`Unread`].
    stuck: BTreeSet<Scope>,
    bundle: &'a KeyBundle,
    worker: WorkerId,
    now: WallMillis,
    changed: Changed,
    /// An own commit was named that is not in this book as it was made.
    lacks_own: bool,
}

impl Working {
    /// Applies a page. Idempotent: entries that were applied before are passed over. `None`, and nothing was applied, if it
    /// has to be asked for once more with own commits whole.
    pub(crate) fn apply(&mut self, page: &Page) -> std::result::Result<Option<u32>, SyncError> {
        self.save_drafts_before(page);
        let now = self.now().wall;
        let transaction = begin(&mut self.store.writer)?;
        let mut applying = Applying {
            db: &transaction,
            stuck: self.unread.scopes.clone(),
            bundle: &self.bundle,
            worker: self.me.worker,
            now,
            changed: Changed::default(),
            lacks_own: false,
        };
        for certificate in &page.certificates {
            applying.certificate(certificate)?;
        }
        for entry in &page.entries {
            applying.entry(entry)?;
        }
        if applying.lacks_own {
            drop(transaction);
            self.own_commits = OwnCommits::WholeForNow;
            return Ok(None);
        }
        // A child that is taken and given back in one page is read on: the council goes on where this device was.
        for scope in &applying.changed.ended {
            log::restart_scope(&transaction, *scope)?;
        }
        let mut unread = Unread {
            scopes: applying.stuck,
            ..self.unread
        };
        let changed = applying.changed;
        let life = if changed.copied {
            Some(new_life(&transaction, now, "two_copies")?)
        } else {
            None
        };
        for (record, targets) in &changed.records {
            if let Some(row) = log::record(&transaction, *record)? {
                views::refresh(&transaction, &row, targets.as_ref())?;
            }
        }
        super::cover::settle(&transaction, self.me.worker)?;
        for (scope, at, theirs) in &page.digests {
            let own = log::scope(&transaction, *scope)?;
            let differs = own.is_none_or(|own| own.at == Some(*at) && own.digest != *theirs);
            if differs {
                log::raise(&transaction, now, "digest_differs", &scope.to_string())?;
            }
        }
        let mut token = Some(page.token.0);
        let mut arriving = if page.more { ARRIVING } else { COMPLETE };
        if !unread.scopes.is_empty() {
            arriving = UNREAD;
            if !page.more && !unread.asked_again {
                // What was applied is passed over when it comes again.
                token = None;
                arriving = ARRIVING;
                unread = Unread {
                    asked_again: true,
                    ..Unread::default()
                };
            }
        }
        transaction.execute(
            "UPDATE meta SET token = ?1, arriving = ?2, heard = coalesce(?3, heard)",
            params![token, arriving, (!page.more).then_some(page.time.0)],
        )?;
        // While a log is read again from its beginning, what was seen last stays the last.
        let assignment = changed
            .assignment
            .filter(|at| Some(*at) > self.me.assignment_seen);
        if let Some(at) = assignment {
            transaction.execute(
                "UPDATE meta SET assignment_epoch = ?1, assignment_position = ?2",
                params![signed(at.epoch), signed(at.position)],
            )?;
        }
        transaction.commit()?;
        if let Some(life) = life {
            (self.me.incarnation, self.me.seq) = (life, 0);
        }
        self.unread = unread;
        if !page.more && self.own_commits == OwnCommits::WholeForNow {
            self.own_commits = OwnCommits::ByName;
        }
        // What only the spool remembered may have come with this page.
        self.sending = self
            .sending
            .take()
            .filter(|sending| !sending.has_stranded());
        self.me.assignment_seen = assignment.or(self.me.assignment_seen);
        if changed.relearned {
            super::put_off_if_full(self.seal_relearned())?;
        }
        if changed.removed && self.drop_removed_files().is_err() {
            tracing::warn!("the files of words that were removed go at the next unlock");
        }
        let entries = changed.entries;
        self.tell(changed.records.into_keys().collect(), entries > 0);
        self.settle_moves()?;
        Ok(Some(entries))
    }

    /// At unlock: what the last pulls could not read is asked for from the beginning.
    pub(super) fn ask_again_for_unread(db: &Connection) -> Result<()> {
        db.execute(
            "UPDATE meta SET token = NULL, arriving = ?1 WHERE arriving = ?2",
            params![ARRIVING, UNREAD],
        )?;
        Ok(())
    }

    /// The digest over everything this device holds, to be compared with the council's.
    pub(crate) fn whole_digest(&self) -> Result<[u8; 32]> {
        let held = log::scopes(&self.store.writer)?
            .into_iter()
            .filter(|row| row.held && row.at.is_some());
        Ok(whole(held.map(|row| (row.scope, row.digest))))
    }
}

impl Applying<'_> {
    /// Keeps a certificate that the council's control key signed; of two for one device the higher serial.
    fn certificate(&self, bytes: &[u8]) -> Result<()> {
        let Ok(signed) = SignedCertificate::decode(bytes) else {
            return Ok(());
        };
        let Ok(certificate) = signed.verify(&self.bundle.control, &self.bundle.council) else {
            return log::raise(self.db, self.now, "bad_signature", "a certificate");
        };
        if certificate.device != certificate.public_key.key_id() {
            return log::raise(self.db, self.now, "bad_signature", "a certificate");
        }
        if let Some(known) = known_certificate(self.db, DeviceId(certificate.device))?
            && known.certificate.serial >= certificate.serial
        {
            return Ok(());
        }
        self.db
            .prepare_cached("INSERT OR REPLACE INTO certificate (device, bytes) VALUES (?1, ?2)")?
            .execute(params![certificate.device, bytes])?;
        Ok(())
    }

    fn entry(&mut self, entry: &LogEntry) -> Result<()> {
        if self.stuck.contains(&entry.scope()) {
            return Ok(());
        }
        let scope = log::ensure_scope(self.db, entry.scope())?;
        if scope.at.is_some_and(|at| at >= entry.at()) {
            return self.passed_over(entry);
        }
        let mut digest = scope.digest;
        let is_notice = self.is_notice(entry)?;
        match entry {
            LogEntry::Commit(entry) => {
                if !self.commit(entry, &mut digest)? {
                    self.stuck.insert(entry.scope);
                    return Ok(());
                }
            }
            LogEntry::Own(entry) => self.own(entry, &mut digest)?,
            LogEntry::Judged { op, verdict, .. } if is_notice => {
                moved::learn(self.db, self.now, op, verdict)?;
            }
            LogEntry::Judged {
                at,
                op,
                verdict,
                released,
                earlier,
                ..
            } => {
                self.judged(op, verdict, *at, &mut digest)?;
                self.earlier_of(op, earlier.as_ref())?;
                self.release(released)?;
            }
        }
        self.changed.entries += 1;
        log::set_scope_read(self.db, scope.no, Some(entry.at()), digest)
    }

    /// A notice says in the worker's own log what became of an own statement in a scope that is not held. It is in no digest. What
    /// is judged later in the worker's own log itself is not one.
    fn is_notice(&self, entry: &LogEntry) -> Result<bool> {
        let LogEntry::Judged {
            scope: scope @ Scope::Worker(_),
            op,
            ..
        } = entry
        else {
            return Ok(false);
        };
        let Some(row) = log::statement(self.db, op)? else {
            return Ok(true);
        };
        let commit = log::commit_no(self.db, row.signed)?.ok_or(StoreError::Row("a commit"))?;
        let commit =
            Commit::from_bytes(&commit.signed.bytes).map_err(|_| StoreError::Row("a commit"))?;
        Ok(commit.scope != *scope)
    }

    /// An entry that was applied before, as when everything is asked for once more. The council sends words with the commit that
    /// they belong to, and takes them for sent: those that have become readable since are taken from it.
    fn passed_over(&mut self, entry: &LogEntry) -> Result<()> {
        match entry {
            LogEntry::Commit(entry) => {
                let hash = Commit::hash_of(&entry.commit.bytes);
                if let Some(known) = log::commit(self.db, &hash)? {
                    let mut ops = log::ops_of(self.db, known.no)?;
                    if ops.len() != entry.verdicts.len() {
                        ops = stated_before(self.db, &entry.commit.bytes)?;
                    }
                    self.fill_in(&ops, entry)?;
                }
                self.release(&entry.released)
            }
            LogEntry::Own(entry) => self.release(&entry.released),
            LogEntry::Judged { released, .. } => self.release(released),
        }
    }

    /// Whether it verified; if not, nothing of it was applied.
    fn commit(&mut self, entry: &CommitEntry, digest: &mut ScopeDigest) -> Result<bool> {
        let hash = Commit::hash_of(&entry.commit.bytes);
        let ops = match log::commit(self.db, &hash)? {
            Some(known) => {
                let mut ops = log::ops_of(self.db, known.no)?;
                if ops.len() != entry.verdicts.len() {
                    ops = stated_before(self.db, &entry.commit.bytes)?;
                }
                self.fill_in(&ops, entry)?;
                log::set_received(self.db, known.no, entry.at, entry.received, None)?;
                if let Some(record) = super::receipts::record_of(self.db, known.no)? {
                    self.changed.note(record.id, None);
                }
                ops
            }
            None => {
                let Some(ops) = self.new_commit(entry, hash)? else {
                    return Ok(false);
                };
                ops
            }
        };
        for ((id, no), verdict) in ops.iter().zip(&entry.verdicts) {
            self.count(id, *no, verdict, entry.at, digest)?;
        }
        if let Some(known) = log::commit(self.db, &hash)? {
            if let Some(earlier) = &entry.earlier {
                epoch::keep_earlier(self.db, self.bundle, known.no, &hash, earlier)?;
            }
            epoch::count_from_earlier(self.db, self.bundle, known.no, &hash)?;
        }
        if let Ok(commit) = Commit::from_bytes(&entry.commit.bytes) {
            self.assignments(&commit, entry)?;
            self.redactions(&commit, &ops, entry)?;
        }
        self.release(&entry.released)?;
        Ok(true)
    }

    fn new_commit(
        &mut self,
        entry: &CommitEntry,
        hash: visitbook_record::id::CommitHash,
    ) -> Result<Option<Vec<(OpId, i64)>>> {
        let Ok(commit) = Commit::from_bytes(&entry.commit.bytes) else {
            log::raise(self.db, self.now, "bad_commit", &hash.to_string())?;
            return Ok(None);
        };
        if let Err(kind) = check_signature(self.db, self.bundle, &commit, entry)? {
            log::raise(self.db, self.now, kind, &hash.to_string())?;
            return Ok(None);
        }
        let mut payloads = Vec::with_capacity(commit.ops.len());
        for (index, op) in commit.ops.iter().enumerate() {
            let given = entry.payloads.get(index).and_then(Option::as_ref);
            let genuine = given.filter(|payload| Some(payload.hash()) == op.payload);
            if given.is_some() && genuine.is_none() {
                log::raise(self.db, self.now, "bad_payload", &hash.to_string())?;
            }
            payloads.push(genuine.cloned());
        }
        let own = commit.origin.device.0 == self.own_device()?;
        let stored = log::insert_commit(self.db, &commit, &entry.commit, hash, own, &payloads)?;
        if own {
            let (no, at) = (stored.signed, entry.at);
            let was_here = moved::bring_back(self.db, &hash, no, at, entry.received)?;
            self.changed.relearned = true;
            moved::settle(self.db, NOTHING_RELEARNED)?;
            self.changed.copied |= !was_here && commit.origin.incarnation == self.own_life()?;
        }
        log::set_received(self.db, stored.signed, entry.at, entry.received, None)?;
        let statements = commit.ops.iter().map(|op| (op.kind, &op.target));
        self.changed.note(commit.record, views::moved(statements));
        Ok(Some(stored.ops))
    }

    fn own_life(&self) -> Result<Incarnation> {
        self.db
            .prepare_cached("SELECT incarnation FROM meta")?
            .query_row([], |row| Ok(name(row, 0)))?
    }

    fn own_device(&self) -> Result<[u8; 16]> {
        Ok(self
            .db
            .prepare_cached("SELECT device FROM meta")?
            .query_row([], |row| row.get(0))?)
    }

    /// A commit that was known may have been known without some of its words.
    fn fill_in(&mut self, ops: &[(OpId, i64)], entry: &CommitEntry) -> Result<()> {
        for ((id, _), payload) in ops.iter().zip(&entry.payloads) {
            if let Some(payload) = payload
                && let Some(record) = self.payload(id, payload)?
                && let Some(record) = log::record_no(self.db, record)?
            {
                self.changed.note(record.id, None);
            }
        }
        Ok(())
    }

    fn payload(&self, id: &OpId, payload: &Payload) -> Result<Option<i64>> {
        let Some((no, record, hash)) = log::op_row(self.db, id)? else {
            return Ok(None);
        };
        if hash != Some(payload.hash()) {
            log::raise(self.db, self.now, "bad_payload", &id.to_string())?;
            return Ok(None);
        }
        if !log::insert_payload(self.db, no, payload)? {
            return Ok(None);
        }
        self.db
            .prepare_cached("INSERT OR IGNORE INTO to_index (op) VALUES (?1)")?
            .execute([no])?;
        Ok(Some(record))
    }

    fn release(&mut self, released: &[(OpId, Payload)]) -> Result<()> {
        for (id, payload) in released {
            if let Some(record) = self.payload(id, payload)?
                && let Some(record) = log::record_no(self.db, record)?
            {
                self.changed.note(record.id, None);
            }
        }
        Ok(())
    }

    fn judged(
        &mut self,
        id: &OpId,
        verdict: &Verdict,
        at: LogPosition,
        digest: &mut ScopeDigest,
    ) -> Result<()> {
        let Some((no, record, _)) = log::op_row(self.db, id)? else {
            return log::raise(self.db, self.now, "unknown_operation", &id.to_string());
        };
        self.count(id, no, verdict, at, digest)?;
        if let Some(record) = log::record_no(self.db, record)? {
            self.changed.note(record.id, None);
        }
        Ok(())
    }

    /// The council judged again by a receipt that somebody brought after a restore.
    fn earlier_of(&self, id: &OpId, earlier: Option<&Signed>) -> Result<()> {
        let Some(row) = log::statement(self.db, id)? else {
            return Ok(());
        };
        let Some(known) = log::commit_no(self.db, row.signed)? else {
            return Ok(());
        };
        if let Some(earlier) = earlier {
            epoch::keep_earlier(self.db, self.bundle, known.no, &known.hash, earlier)?;
        }
        epoch::count_from_earlier(self.db, self.bundle, known.no, &known.hash)
    }

    fn count(
        &self,
        id: &OpId,
        no: i64,
        verdict: &Verdict,
        at: LogPosition,
        digest: &mut ScopeDigest,
    ) -> Result<()> {
        if let Some(before) = log::set_verdict(self.db, no, verdict, at, true)? {
            digest.remove(id, &before);
        }
        digest.add(id, verdict);
        Ok(())
    }

    /// Entries of the worker's own scope say which children this device holds. Only the council's own writer gives and ends.
    fn assignments(&mut self, commit: &Commit, entry: &CommitEntry) -> Result<()> {
        if entry.scope != Scope::Worker(self.worker) {
            return Ok(());
        }
        let writer = self.is_by_writer(commit)?;
        for (index, op) in commit.ops.iter().enumerate() {
            let applied = entry.verdicts.get(index).is_some_and(Verdict::is_applied);
            if !applied || !writer || !matches!(op.kind, Kind::Assign | Kind::Unassign) {
                continue;
            }
            let payload = entry.payloads.get(index).and_then(Option::as_ref);
            let Some(Ok(Content::Assignment(assignment))) = payload.map(Payload::content) else {
                continue;
            };
            if assignment.worker != self.worker {
                continue;
            }
            let held = op.kind == Kind::Assign;
            self.hold(assignment.child, assignment.role, held)?;
            let scope = log::ensure_scope(self.db, Scope::Child(assignment.child))?;
            if held {
                moved::forget(self.db, scope.no)?;
            } else {
                let name = views::child_name(self.db, assignment.child)?;
                let (at, to) = (entry.received, assignment.moved_to);
                moved::note(self.db, scope.no, at, to, name.as_deref())?;
            }
            self.changed.assignment = Some(entry.at);
            self.changed.note(assignment.child, None);
        }
        Ok(())
    }

    /// The council's own writer says which words are to go, by law.
    fn redactions(
        &mut self,
        commit: &Commit,
        ids: &[(OpId, i64)],
        entry: &CommitEntry,
    ) -> Result<()> {
        let statements = commit.ops.iter().zip(ids).zip(&entry.verdicts);
        for ((op, (id, _)), verdict) in statements {
            let named = redaction::names(&op.target).filter(|_| op.kind == Kind::Redact);
            let Some(named) = named.filter(|_| verdict.is_applied()) else {
                continue;
            };
            if !self.is_by_writer(commit)? {
                continue;
            }
            let said = match log::statement(self.db, id)?.map(|row| row.statement.content) {
                Some(Some(Content::Redaction(said))) => Some(said),
                _ => None,
            };
            let record = removed::carry_out(self.db, id, commit.record, &named, said.as_ref())?;
            self.changed.note(record, None);
            self.changed.removed = true;
        }
        Ok(())
    }

    fn is_by_writer(&self, commit: &Commit) -> Result<bool> {
        let known = known_certificate(self.db, commit.origin.device)?
            .or_else(|| bundled_writer(self.bundle, commit.origin.device));
        Ok(known.is_some_and(|signed| signed.certificate.role == CertificateRole::Writer))
    }

    fn hold(&mut self, child: RecordId, role: Role, held: bool) -> Result<()> {
        let row = log::ensure_scope(self.db, Scope::Child(child))?;
        log::set_scope_held(self.db, row.no, held, role)?;
        if held {
            self.changed.ended.remove(&row.no);
        } else {
            self.changed.ended.insert(row.no);
        }
        Ok(())
    }
}

/// The rows of a commit's statements, where some of them stand under another commit that said the same.
fn stated_before(db: &Connection, commit: &[u8]) -> Result<Vec<(OpId, i64)>> {
    let ids = Commit::from_bytes(commit).map(|commit| commit.op_ids());
    let mut rows = Vec::new();
    for id in ids.map_err(|_| StoreError::Row("a commit"))? {
        let (no, ..) = log::op_row(db, &id)?.ok_or(StoreError::Row("a statement"))?;
        rows.push((id, no));
    }
    Ok(rows)
}

/// Whether the device that a commit names signed exactly these bytes, for this council.
fn check_signature(
    db: &Connection,
    bundle: &KeyBundle,
    commit: &Commit,
    entry: &CommitEntry,
) -> Result<std::result::Result<(), &'static str>> {
    let Some(key) = key_of(db, bundle, commit.origin.device)? else {
        return Ok(Err("no_certificate"));
    };
    let Ok(signature) = <[u8; 64]>::try_from(entry.commit.signature.as_slice()) else {
        return Ok(Err("bad_signature"));
    };
    let good = commit.council.0 == bundle.council
        && verify(
            Purpose::Commit,
            &key,
            &entry.commit.bytes,
            &Signature(signature),
        )
        .is_ok();
    Ok(if good { Ok(()) } else { Err("bad_signature") })
}

/// The key of a device, by the council's certificate for it.
pub(crate) fn key_of(
    db: &Connection,
    bundle: &KeyBundle,
    device: DeviceId,
) -> Result<Option<PublicKey>> {
    let known = known_certificate(db, device)?.or_else(|| bundled_writer(bundle, device));
    Ok(known
        .filter(|signed| signed.verify(&bundle.control, &bundle.council).is_ok())
        .map(|signed| signed.certificate.public_key)
        .filter(|key| key.key_id() == device.0))
}

/// The council's certificate for a device, as it can be shown to others.
pub(crate) fn certificate_of(
    db: &Connection,
    bundle: &KeyBundle,
    device: DeviceId,
) -> Result<Option<Vec<u8>>> {
    let known = known_certificate(db, device)?.or_else(|| bundled_writer(bundle, device));
    Ok(known.map(|signed| signed.encode()))
}

fn known_certificate(db: &Connection, device: DeviceId) -> Result<Option<SignedCertificate>> {
    let mut found = db.prepare_cached("SELECT bytes FROM certificate WHERE device = ?1")?;
    let mut rows = found.query(params![device.0])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let bytes: Vec<u8> = row.get(0)?;
    SignedCertificate::decode(&bytes)
        .map(Some)
        .map_err(|_| StoreError::Row("a certificate"))
}

fn bundled_writer(bundle: &KeyBundle, device: DeviceId) -> Option<SignedCertificate> {
    bundle
        .writers
        .iter()
        .find(|writer| writer.certificate.device == device.0)
        .cloned()
}
