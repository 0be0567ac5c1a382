//! When the council's server was restored from a back-up, a new epoch.
//!
//! What this device read beyond what the server kept no longer counts as read, and no receipt from beyond it says that "the
//! council has it". Everything beyond is sealed again and sent: own commits with the receipts they had, and others' commits
//! whose words are all here, so that nothing is missing once any one device that had it has been in contact.

use rusqlite::{Connection, params};
use visitbook_record::cbor::decode;
use visitbook_record::commit::Commit;
use visitbook_record::epoch::Kept;
use visitbook_record::id::CommitHash;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::wire::{ReceiptStatement, Signed};
use visitbook_seal::bundle::{EpochStatement, KeyBundle};

use super::Working;
use super::receipts::is_signed;
use super::save::{NOTHING_RELEARNED, class_of};
use crate::error::{SaveError, UnlockError};
use crate::store::rows::{name, signed, unsigned};
use crate::store::{StoreError, log, moved, removed};
use crate::sync::store::SendClass;

/// How a bundle stands to the one that this device has.
pub(super) enum Newness {
    Older,
    Newer,
    /// The first of a later epoch.
    Restored,
    /// Of an epoch with the same number and another name: two servers were restored beside each other.
    Fork,
}

/// A commit that the council was known to have.
struct Known {
    no: i64,
    own: bool,
    hash: CommitHash,
    at: LogPosition,
    receipt: Option<i64>,
    scope: Scope,
}

impl Working {
    /// The statement that opened the epoch this device knows.
    pub(super) fn epoch_statement(&self) -> Result<EpochStatement, UnlockError> {
        Ok(self.bundle.epoch.verify(&self.bundle.control)?)
    }

    /// Its number, while syncing.
    pub(super) fn known_epoch(&self) -> Result<u64, StoreError> {
        let known = self.epoch_statement();
        Ok(known.map_err(|_| StoreError::Row("an epoch"))?.number)
    }

    /// The number of the council's epoch that this device knows: one more after each restore of the council's server.
    ///
    /// # Errors
    /// [`UnlockError::Council`] if the stored keys are not what they were.
    pub fn epoch(&self) -> Result<u64, UnlockError> {
        Ok(self.epoch_statement()?.number)
    }

    /// The epoch number only grows, and inside one epoch the serial does: a restored server may have forgotten serials that
    /// its predecessor gave out.
    pub(super) fn compare(
        &self,
        bundle: &KeyBundle,
        epoch: &EpochStatement,
    ) -> Result<Newness, UnlockError> {
        let known = self.epoch_statement()?;
        Ok(if epoch.number > known.number {
            Newness::Restored
        } else if epoch.number < known.number {
            Newness::Older
        } else if epoch.id != known.id {
            Newness::Fork
        } else if bundle.serial > self.bundle.serial {
            Newness::Newer
        } else {
            Newness::Older
        })
    }

    /// Seals what is to be given back. Can be repeated: what was sealed is crossed off.
    pub(super) fn seal_given_back(&mut self) -> Result<(), SaveError> {
        let waiting: Vec<i64> = {
            let mut all = self
                .store
                .writer
                .prepare("SELECT signed FROM give_back ORDER BY signed")
                .map_err(StoreError::from)?;
            all.query_map([], |row| row.get(0))
                .and_then(Iterator::collect)
                .map_err(StoreError::from)?
        };
        for no in waiting {
            let row = log::commit_no(&self.store.writer, no)?.ok_or(StoreError::Row("a commit"))?;
            let commit =
                Commit::from_bytes(&row.signed.bytes).map_err(|_| StoreError::Row("a commit"))?;
            // Who holds whom comes first: what workers wrote is judged by it.
            let class = match commit.scope {
                Scope::Worker(_) => SendClass::Now,
                _ => class_of(&commit),
            };
            self.seal_again(no, class)?;
            self.store
                .writer
                .execute("DELETE FROM give_back WHERE signed = ?1", [no])
                .map_err(StoreError::from)?;
        }
        Ok(())
    }

    /// The certificate and the earlier receipt that a commit is sealed again with.
    pub(super) fn credentials(
        &self,
        no: i64,
        commit: &Signed,
    ) -> Result<(Option<Vec<u8>>, Option<Signed>), SaveError> {
        let db = &self.store.writer;
        let receipt = earlier_receipt(db, no)?;
        let restored = self.epoch_statement().is_ok_and(|epoch| epoch.number > 1);
        if !restored && !self.introduces_itself {
            return Ok((None, receipt));
        }
        let commit = Commit::from_bytes(&commit.bytes).map_err(|_| StoreError::Row("a commit"))?;
        let certificate = super::pull::certificate_of(db, &self.bundle, commit.origin.device)?;
        Ok((certificate, receipt))
    }
}

/// Forgets what lies beyond the kept positions: how far was read, and which receipts count. No word is touched.
pub(super) fn step_back(db: &Connection, epoch: &EpochStatement) -> Result<(), StoreError> {
    moved::settle(db, NOTHING_RELEARNED)?;
    let known = known(db)?;
    let named = known.iter().map(|one| (one.scope, one.at, one.hash));
    let kept = Kept::of(&epoch.id, &epoch.base, named);
    for one in &known {
        if kept.has(&one.scope, one.at) {
            // The commit was kept; what a still earlier epoch had said of it may have been brought since, and lost again.
            if earlier_receipt(db, one.no)?.is_some() && removed::has_all_words(db, one.no)? {
                give_back(db, one.no)?;
            }
            continue;
        }
        if let Some(receipt) = one.receipt {
            db.prepare_cached("INSERT OR IGNORE INTO earlier (signed, receipt) VALUES (?1, ?2)")?
                .execute(params![one.no, receipt])?;
        }
        db.prepare_cached("DELETE FROM received WHERE signed = ?1")?
            .execute([one.no])?;
        // One whose words are not here would be set aside for the lack of them; its author has them.
        if !one.own && removed::has_all_words(db, one.no)? {
            give_back(db, one.no)?;
        }
    }
    crate::store::attached::forget_receipts(db)?;
    let mut stepped_back = false;
    for row in log::scopes(db)? {
        // A digest is a sum up to the last entry and cannot be taken back to an earlier one: the log is read again.
        if row.at.is_some_and(|at| !kept.has(&row.scope, at)) {
            log::restart_scope(db, row.no)?;
            stepped_back = true;
        }
    }
    if stepped_back {
        db.execute("UPDATE meta SET token = NULL, arriving = 1", [])?;
    }
    // What was refused may be taken now.
    db.execute("UPDATE outgoing SET refused = NULL", [])?;
    Ok(())
}

fn give_back(db: &Connection, no: i64) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR IGNORE INTO give_back (signed) VALUES (?1)")?
        .execute([no])?;
    Ok(())
}

fn known(db: &Connection) -> Result<Vec<Known>, StoreError> {
    let mut all = db.prepare(
        "SELECT signed.no, signed.own, signed.hash, received.epoch, received.position, received.receipt, signed.bytes
         FROM received JOIN signed ON signed.no = received.signed ORDER BY signed.no",
    )?;
    let mut rows = all.query([])?;
    let mut known = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(6)?;
        let commit = Commit::from_bytes(&bytes).map_err(|_| StoreError::Row("a commit"))?;
        known.push(Known {
            no: row.get(0)?,
            own: row.get(1)?,
            hash: name(row, 2)?,
            at: LogPosition {
                epoch: unsigned(row.get(3)?)?,
                position: unsigned(row.get(4)?)?,
            },
            receipt: row.get(5)?,
            scope: commit.scope,
        });
    }
    Ok(known)
}

fn earlier_receipt(db: &Connection, no: i64) -> Result<Option<Signed>, StoreError> {
    let mut found = db.prepare_cached(
        "SELECT receipt.bytes, receipt.signature FROM earlier JOIN receipt ON receipt.no = earlier.receipt
         WHERE earlier.signed = ?1",
    )?;
    let mut rows = found.query([no])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(Signed {
        bytes: row.get(0)?,
        signature: row.get(1)?,
    }))
}

/// Keeps the earlier receipt that the council sent with a commit, if it is one of its own and names it.
pub(super) fn keep_earlier(
    db: &Connection,
    bundle: &KeyBundle,
    no: i64,
    hash: &CommitHash,
    exact: &Signed,
) -> Result<(), StoreError> {
    let Ok(statement) = decode::<ReceiptStatement>(&exact.bytes) else {
        return Ok(());
    };
    let names_it = statement.received.iter().any(|one| one.commit == *hash);
    if !names_it || !is_signed(bundle, &statement, exact) {
        return Ok(());
    }
    let scope = log::ensure_scope(db, statement.scope)?;
    let hash = ReceiptStatement::hash_of(&exact.bytes);
    let receipt = log::insert_receipt(db, hash, scope.no, statement.previous, exact)?;
    db.prepare_cached("INSERT OR IGNORE INTO earlier (signed, receipt) VALUES (?1, ?2)")?
        .execute(params![no, receipt])?;
    Ok(())
}

/// What an earlier receipt says was applied has counted since then, whenever it was given back.
pub(super) fn count_from_earlier(
    db: &Connection,
    bundle: &KeyBundle,
    no: i64,
    hash: &CommitHash,
) -> Result<(), StoreError> {
    let Some(exact) = earlier_receipt(db, no)? else {
        return Ok(());
    };
    let Ok(statement) = decode::<ReceiptStatement>(&exact.bytes) else {
        return Ok(());
    };
    let place = statement
        .received
        .iter()
        .position(|one| one.commit == *hash);
    let Some((offset, one)) = place.and_then(|at| Some((at, statement.received.get(at)?))) else {
        return Ok(());
    };
    if !is_signed(bundle, &statement, &exact) {
        return Ok(());
    }
    let offset = u64::try_from(offset).unwrap_or(u64::MAX);
    let position = statement.first.position.saturating_add(offset);
    for ((_, op), verdict) in log::ops_of(db, no)?.iter().zip(&one.verdicts) {
        if verdict.is_applied() {
            db.prepare_cached("UPDATE verdict SET epoch = ?2, position = ?3 WHERE op = ?1")?
                .execute(params![op, signed(statement.first.epoch), signed(position)])?;
        }
    }
    Ok(())
}
