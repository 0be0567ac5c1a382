//! Proving the whole log again: every chain, signature, receipt, digest and payload, as a suspicious auditor would.
//!
//! Reads everything and changes nothing. Problems name scopes, positions and hashes, never content.

use std::collections::BTreeMap;

use serde::Serialize;
use visitbook_record::cbor::decode;
use visitbook_record::commit::{Commit, Origin};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::id::{CommitHash, CouncilId, OpId};
use visitbook_record::op::Kind;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::{ReceiptStatement, Signed};
use visitbook_seal::bundle::KeyBundle;
use visitbook_seal::certificate::SignedCertificate;
use visitbook_seal::purpose::Purpose;

use crate::keys::hex;
use crate::real::verified;
use crate::store::{Entry, ReadTx, StoreError, StoredCommit};

/// What to do about whatever is not as it was signed.
pub(crate) const RESTORE: &str = "Stop the service, keep this folder as it is, and restore the newest back-up into another folder: devices give back what came after it (docs/backup-and-restore.md).";
/// About a file whose bytes are not right.
pub(crate) const ASK_AGAIN: &str = "Restore the newest back-up into another folder; the device that attached it hands it in again.";
/// About words that the law says are gone.
const REMOVE_AGAIN: &str = "Remove them again with `redact`, with the same reason.";
/// About a device.
const REVOKE: &str = "Find out whose device it is, revoke it with `revoke`, and enrol it again.";

/// Rows of a log read at a time.
const BATCH: usize = 256;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    /// Commits proven.
    pub commits: u64,
    /// Receipt statements proven.
    pub statements: u64,
    /// Sequence numbers under which a device has more than one commit. Kept, and no fault of the server.
    pub forks: u64,
    /// Sequence numbers missing in devices' chains. They may still come.
    pub gaps: u64,
    /// Attached files of which every byte is proven.
    pub files: u64,
    /// Attached files whose bytes have not all come. They may still come.
    pub files_expected: u64,
    /// Statements whose words were removed by law.
    pub removed: u64,
    /// Each scope's digest after its last entry, hexadecimal.
    pub digests: BTreeMap<String, String>,
    /// What is wrong.
    pub problems: Vec<String>,
}

/// Proves the log. `bundle` says which keys may have signed what.
///
/// # Errors
/// [`StoreError`] if something cannot even be read.
pub fn verify(
    view: &dyn ReadTx,
    council: CouncilId,
    bundle: &KeyBundle,
) -> Result<Findings, StoreError> {
    let mut found = Findings::default();
    devices(view, council, bundle, &mut found)?;
    let mut chains: BTreeMap<Origin, BTreeMap<u64, Vec<CommitHash>>> = BTreeMap::new();
    for scope in view.scopes()? {
        let log = Log {
            view,
            council,
            scope,
        };
        let received = log.entries(&mut chains, &mut found)?;
        log.statements(bundle, &received, &mut found)?;
    }
    for numbers in chains.values() {
        found.forks += numbers
            .values()
            .map(|same| same.len() as u64 - 1)
            .sum::<u64>();
        let (first, last) = (numbers.keys().next(), numbers.keys().next_back());
        if let (Some(first), Some(last)) = (first, last) {
            found.gaps += (last - first).saturating_add(1) - numbers.len() as u64;
        }
    }
    removals(view, &mut found)?;
    (found.files, found.files_expected) =
        crate::attachments::prove::prove(view, bundle, &mut found.problems)?;
    Ok(found)
}

/// Whether what was removed by law is gone, and every removal is somebody's statement. One that is still to be given back to a
/// restored server is no problem.
fn removals(view: &dyn ReadTx, found: &mut Findings) -> Result<(), StoreError> {
    for removed in view.removals()? {
        found.removed += 1;
        let op = removed.op;
        let mut problem = |what: &str| {
            let said = format!("Statement {op}: {what}. {REMOVE_AGAIN}");
            found.problems.push(said);
        };
        if view.payload(&op)?.is_some() {
            problem("its words were removed by law and are there");
        }
        let by = view.op(&removed.by)?;
        if !by.is_some_and(|by| by.fact.kind == Kind::Redact && by.fact.is_applied()) {
            problem("its words were removed and nothing says by whom");
        }
    }
    Ok(())
}

fn devices(
    view: &dyn ReadTx,
    council: CouncilId,
    bundle: &KeyBundle,
    found: &mut Findings,
) -> Result<(), StoreError> {
    for device in view.devices()? {
        let proven = SignedCertificate::decode(&device.certificate).is_ok_and(|signed| {
            signed
                .verify(&bundle.control, &council.0)
                .is_ok_and(|certificate| {
                    certificate.public_key.0 == device.public_key
                        && certificate.public_key.key_id() == device.id.0
                        && certificate.holder == device.holder.0
                })
        });
        if !proven {
            found.problems.push(format!(
                "Device {}: its certificate does not vouch for it. {REVOKE}",
                device.id
            ));
        }
    }
    Ok(())
}

/// What a scope's commits say of themselves, for comparing with the statements: by position.
type ReceivedAt = BTreeMap<LogPosition, (CommitHash, Vec<Verdict>)>;

struct Log<'a> {
    view: &'a dyn ReadTx,
    council: CouncilId,
    scope: Scope,
}

impl Log<'_> {
    fn problem(&self, found: &mut Findings, at: LogPosition, what: &str) {
        found.problems.push(format!(
            "The log of {} at {}/{}: {what}. {RESTORE}",
            self.scope, at.epoch, at.position
        ));
    }

    fn entries(
        &self,
        chains: &mut BTreeMap<Origin, BTreeMap<u64, Vec<CommitHash>>>,
        found: &mut Findings,
    ) -> Result<ReceivedAt, StoreError> {
        let mut received = ReceivedAt::new();
        let mut digest = ScopeDigest::default();
        let mut verdicts: BTreeMap<OpId, Verdict> = BTreeMap::new();
        let mut last: Option<LogPosition> = None;
        loop {
            let rows = self.view.log(&self.scope, last, BATCH)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let expected = last
                    .filter(|last| last.epoch == row.at.epoch)
                    .map_or(1, |last| last.position + 1);
                if row.at.position != expected {
                    self.problem(found, row.at, "a position before it is missing");
                }
                last = Some(row.at);
                match row.entry {
                    Entry::Commit(hash) => {
                        let Some(stored) = self.view.commit(&hash)? else {
                            self.problem(found, row.at, "its commit is missing");
                            continue;
                        };
                        self.commit(&stored, row.at, &mut digest, &mut verdicts, found)?;
                        let chain = chains.entry(stored.origin).or_default();
                        chain.entry(stored.seq).or_default().push(hash);
                        received.insert(row.at, (hash, stored.verdicts.clone()));
                    }
                    Entry::Judged { op, verdict } => match verdicts.get(&op) {
                        // A notice: it repeats to an author what another log says.
                        None if self.is_notice(&op)? => {}
                        None => {
                            self.problem(found, row.at, "it judges an operation not in this log")
                        }
                        Some(before) if before.is_applied() && *before != verdict => {
                            self.problem(found, row.at, "an applied verdict was taken back");
                        }
                        Some(before) => {
                            digest.remove(&op, before);
                            digest.add(&op, &verdict);
                            verdicts.insert(op, verdict);
                        }
                    },
                }
                if row.digest != digest {
                    self.problem(found, row.at, "the digest is not that of the log");
                    digest = row.digest;
                }
            }
        }
        for (id, verdict) in &verdicts {
            let now = self.view.op(id)?.and_then(|op| op.fact.verdict);
            if now.as_ref() != Some(verdict) {
                found.problems.push(format!(
                    "The log of {}: operation {id} is not judged as the log says. {RESTORE}",
                    self.scope
                ));
            }
        }
        found
            .digests
            .insert(self.scope.to_string(), hex(&digest.to_bytes()));
        Ok(received)
    }

    fn is_notice(&self, op: &OpId) -> Result<bool, StoreError> {
        let Scope::Worker(worker) = self.scope else {
            return Ok(false);
        };
        Ok(self.view.op(op)?.is_some_and(|op| op.fact.author == worker))
    }

    fn commit(
        &self,
        stored: &StoredCommit,
        at: LogPosition,
        digest: &mut ScopeDigest,
        verdicts: &mut BTreeMap<OpId, Verdict>,
        found: &mut Findings,
    ) -> Result<(), StoreError> {
        found.commits += 1;
        let bytes = &stored.signed.bytes;
        let Ok(commit) = Commit::from_bytes(bytes) else {
            self.problem(found, at, "the commit does not read");
            return Ok(());
        };
        if Commit::hash_of(bytes) != stored.hash {
            self.problem(found, at, "the commit is not the one its hash names");
        }
        if commit.scope != self.scope || stored.at != at || commit.council != self.council {
            self.problem(found, at, "the commit belongs elsewhere");
        }
        if commit.origin != stored.origin || commit.seq != stored.seq {
            self.problem(found, at, "the commit is filed under another number");
        }
        let device = self.view.device(&commit.origin.device)?;
        let signed = device.is_some_and(|device| {
            let signature = &stored.signed.signature;
            verified(Purpose::Commit, &device.public_key, bytes, signature)
        });
        if !signed {
            self.problem(found, at, "the commit's signature does not verify");
        }
        if commit.op_ids() != stored.ops {
            self.problem(found, at, "its operations are filed under other names");
        }
        if commit.ops.len() != stored.verdicts.len() {
            self.problem(found, at, "the commit is not judged whole");
        }
        let home = self.view.home(&commit.record)?;
        let set_aside = |verdict: &Verdict| {
            matches!(
                verdict,
                Verdict::Quarantined {
                    reason: Reason::OtherHome | Reason::DeviceEnded | Reason::NotYourName,
                    ..
                }
            )
        };
        let elsewhere = home.is_none_or(|home| home.scope != self.scope);
        if elsewhere && !stored.verdicts.iter().all(set_aside) {
            self.problem(found, at, "the record lives elsewhere");
        }
        for ((id, op), verdict) in commit
            .op_ids()
            .iter()
            .zip(&commit.ops)
            .zip(&stored.verdicts)
        {
            digest.add(id, verdict);
            verdicts.insert(*id, verdict.clone());
            if let Some(payload) = self.view.payload(id)?
                && op.payload != Some(payload.hash())
            {
                self.problem(found, at, "a payload is not the one that was signed");
            }
        }
        Ok(())
    }

    fn statements(
        &self,
        bundle: &KeyBundle,
        received: &ReceivedAt,
        found: &mut Findings,
    ) -> Result<(), StoreError> {
        let mut previous = None;
        let mut covered = 0;
        for (first, signed) in self.view.statements(&self.scope)? {
            found.statements += 1;
            match self.statement(bundle, first, &signed, previous, received) {
                Ok(count) => covered += count,
                Err(what) => self.problem(found, first, what),
            }
            previous = Some(ReceiptStatement::hash_of(&signed.bytes));
        }
        if covered != received.len() {
            found.problems.push(format!(
                "The log of {}: {} commits, of which {covered} are receipted. {RESTORE}",
                self.scope,
                received.len()
            ));
        }
        Ok(())
    }

    fn statement(
        &self,
        bundle: &KeyBundle,
        first: LogPosition,
        signed: &Signed,
        previous: Option<visitbook_record::id::StatementHash>,
        received: &ReceivedAt,
    ) -> Result<usize, &'static str> {
        let key = bundle
            .receipt_key(first.epoch)
            .ok_or("no receipt key is known for this epoch")?;
        if !verified(Purpose::Receipt, &key.0, &signed.bytes, &signed.signature) {
            return Err("the receipt's signature does not verify");
        }
        let statement: ReceiptStatement =
            decode(&signed.bytes).map_err(|_| "the receipt does not read")?;
        if statement.scope != self.scope || statement.first != first {
            return Err("the receipt belongs elsewhere");
        }
        if statement.previous != previous {
            return Err("the receipt does not follow the one before it");
        }
        for (position, one) in (first.position..).zip(&statement.received) {
            let at = LogPosition { position, ..first };
            let there = received
                .get(&at)
                .is_some_and(|(hash, verdicts)| *hash == one.commit && *verdicts == one.verdicts);
            if !there {
                return Err("the receipt names a commit that is not there as it says");
            }
        }
        Ok(statement.received.len())
    }
}
