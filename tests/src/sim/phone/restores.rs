//! What a phone does when the council's server was restored from a back-up: it steps back to what was kept, takes no receipt for
//! what was not, and gives back everything that it has whole.
//!
//! Which positions were kept is told by the same code as on a real device; the rest follows it step by step.

use std::rc::Rc;

use visitbook_device::sync::store::{ParcelKey, SendClass};
use visitbook_record::cbor::encode;
use visitbook_record::commit::RecordKind;
use visitbook_record::epoch::Kept;
use visitbook_record::id::{CommitHash, DeviceId, RecordId};
use visitbook_record::op::{Kind, Policy};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{EnvelopeBody, ReceiptStatement, Received, Signed};

use super::super::ledger::Volume;
use super::super::names;
use super::super::null::{self, Bundle};
use super::Phone;

/// The life of the council's logs that a phone knows.
#[derive(Clone, Copy)]
pub(crate) struct Epoch {
    pub(crate) number: u64,
    pub(super) id: [u8; 16],
}

impl Default for Epoch {
    fn default() -> Self {
        Self {
            number: 1,
            id: names::FIRST_EPOCH,
        }
    }
}

/// A commit that the council was seen to have.
#[derive(Clone)]
pub(super) struct Had {
    pub(super) scope: Scope,
    at: LogPosition,
    no: u64,
    /// For a colleague's commit that this phone gave back.
    receipt: Option<Signed>,
}

/// What a receipt of an earlier epoch said of a commit.
#[derive(Clone)]
pub(crate) struct Earlier {
    statement: Signed,
    pub(crate) at: LogPosition,
    pub(crate) verdicts: Vec<Verdict>,
}

impl Earlier {
    fn about(hash: &CommitHash, statement: Signed) -> Option<Self> {
        let read: ReceiptStatement = null::read(&statement.bytes)?;
        let epoch = read.first.epoch;
        if !null::receipt_verifies(epoch, &statement.bytes, &statement.signature) {
            return None;
        }
        let (offset, one) = (0..).zip(read.received).find(|(_, r)| r.commit == *hash)?;
        let at = LogPosition {
            position: read.first.position + offset,
            ..read.first
        };
        Some(Self {
            statement,
            at,
            verdicts: one.verdicts,
        })
    }
}

/// A colleague's commit on its way back to the council.
#[derive(Clone)]
pub(crate) struct Back {
    no: u64,
    pub(super) volume: Rc<Volume>,
    class: SendClass,
    pub(super) parcel: Option<(ParcelKey, Vec<u8>)>,
    is_back: bool,
    /// As with one's own.
    owed: bool,
}

impl Back {
    pub(super) const fn waits(&self) -> bool {
        !self.is_back || self.owed
    }
}

/// An envelope that waits, own or given back.
pub(super) struct Outgoing<'a> {
    pub(super) no: u64,
    pub(super) class: SendClass,
    /// `None` for what a child handed in: it waits for nothing.
    pub(super) record: Option<RecordId>,
    pub(super) key: ParcelKey,
    pub(super) bytes: &'a [u8],
}

impl Phone {
    pub(super) const fn next_no(&mut self) -> u64 {
        self.disk.next_no += 1;
        self.disk.next_no
    }

    /// Everything that waits, the newest first.
    pub(super) fn outgoing(&self) -> Vec<Outgoing<'_>> {
        let mut all = Vec::new();
        for own in self.disk.own.iter().filter(|own| own.waits()) {
            if let Some((key, bytes)) = &own.parcel {
                all.push(Outgoing {
                    no: own.no,
                    class: own.class,
                    record: Some(own.written.volume.commit.record),
                    key: *key,
                    bytes,
                });
            }
        }
        let own = all.len();
        for back in self.disk.back.iter().filter(|back| back.waits()) {
            if let Some((key, bytes)) = &back.parcel {
                all.push(Outgoing {
                    no: back.no,
                    class: back.class,
                    record: Some(back.volume.commit.record),
                    key: *key,
                    bytes,
                });
            }
        }
        for post in self.disk.posts.iter().filter(|post| post.waits()) {
            all.push(Outgoing {
                no: post.no,
                class: SendClass::Soon,
                record: None,
                key: post.key,
                bytes: &post.bytes,
            });
        }
        if all.len() > own {
            all.sort_unstable_by_key(|outgoing| outgoing.no);
        }
        all.reverse();
        all
    }

    /// In the epoch that this phone was enrolled in.
    pub(crate) fn enrolled_in(&mut self, bundle: &Bundle) {
        self.disk.epoch = Epoch {
            number: bundle.0,
            id: bundle.1,
        };
    }

    /// After a restore an envelope carries its author's certificate: the council's list may lack the device.
    pub(super) fn certificate_of(&self, device: DeviceId) -> Option<minicbor::bytes::ByteVec> {
        (self.disk.epoch.number > 1).then(|| device.0.to_vec().into())
    }

    pub(super) fn earlier_of(&self, hash: &CommitHash) -> Option<Signed> {
        self.disk
            .earlier
            .get(hash)
            .map(|earlier| earlier.statement.clone())
    }

    /// A commit that was removed here, and that a restore lost then, is at the council again: it is sent once more, with what had
    /// been said of it, which may be known here alone; unless words of it have not come back.
    pub(super) fn bring_back(&mut self, hash: &CommitHash) {
        let Some(index) = self.own_at(hash) else {
            return;
        };
        let written = Rc::clone(&self.disk.own[index].written);
        let is_whole = self.is_whole(&written.volume);
        let own = &mut self.disk.own[index];
        if own.gone && own.lost && is_whole {
            (own.gone, own.lost, own.owed) = (false, false, false);
            (own.receipt, own.parcel) = (None, None);
            self.seal(index);
        }
    }

    /// The council has a commit, and sent it from there. Where it was first seen stays.
    pub(super) fn note_had(&mut self, volume: &Volume, at: LogPosition) {
        if self.disk.had.contains_key(&volume.hash) {
            return;
        }
        let own = self
            .own_at(&volume.hash)
            .map(|index| self.disk.own[index].no);
        let had = Had {
            scope: volume.commit.scope,
            at,
            no: own.unwrap_or_else(|| self.next_no()),
            receipt: None,
        };
        self.disk.had.insert(volume.hash, had);
    }

    pub(super) fn keep_earlier(&mut self, hash: CommitHash, statement: Option<&Signed>) {
        if let Some(statement) = statement.filter(|_| !self.disk.earlier.contains_key(&hash))
            && let Some(earlier) = Earlier::about(&hash, statement.clone())
        {
            self.disk.earlier.insert(hash, earlier);
        }
    }

    /// What an earlier receipt says was applied has counted since then.
    pub(super) fn count_from_earlier(&mut self, hash: &CommitHash) {
        let Some(earlier) = self.disk.earlier.get(hash) else {
            return;
        };
        let Some(volume) = self.ledger.by_hash(hash) else {
            return;
        };
        for (id, verdict) in volume.ids.iter().zip(&earlier.verdicts) {
            if let Some(index) = self.disk.row_of.get(id).filter(|_| verdict.is_applied()) {
                let row = &mut self.disk.rows[*index];
                row.judged_at = Some(earlier.at);
                row.counted_at = row.fact.is_applied().then_some(earlier.at);
            }
        }
    }

    /// One transaction: forgets what lies beyond the kept positions. No word is touched.
    pub(super) fn step_back(&mut self, (number, id, base): &Bundle) {
        let own = self.disk.own.iter().filter_map(|own| {
            let receipt = own.receipt.as_ref().filter(|_| !own.gone)?;
            Some((receipt.scope, receipt.at, own.written.volume.hash))
        });
        let had = self.disk.had.iter();
        let known = own.chain(had.map(|(hash, had)| (had.scope, had.at, *hash)));
        let kept = Kept::of(id, base, known.collect::<Vec<_>>());
        for own in &mut self.disk.own {
            own.refused = None;
            let Some(receipt) = &own.receipt else {
                continue;
            };
            let hash = own.written.volume.hash;
            if kept.has(&receipt.scope, receipt.at) {
                // The commit was kept; what a still earlier epoch had said of it may have been brought since, and lost again.
                if !own.gone && self.disk.earlier.contains_key(&hash) {
                    (own.owed, own.parcel) = (true, None);
                }
                continue;
            }
            let statement = Signed {
                bytes: receipt.statement.clone(),
                signature: receipt.signature.clone(),
            };
            if let Some(earlier) = Earlier::about(&hash, statement) {
                self.disk.earlier.entry(hash).or_insert(earlier);
            }
            if own.gone {
                own.lost = true;
            } else {
                (own.receipt, own.parcel, own.owed) = (None, None, false);
            }
        }
        let beyond: Vec<(CommitHash, Had)> = self
            .disk
            .had
            .iter()
            .filter(|(_, had)| !kept.has(&had.scope, had.at))
            .map(|(hash, had)| (*hash, had.clone()))
            .collect();
        for (hash, had) in beyond {
            self.disk.had.remove(&hash);
            self.keep_earlier(hash, had.receipt.as_ref());
            self.give_back(&hash, had.no, false);
        }
        let told: Vec<(CommitHash, u64)> = self
            .disk
            .had
            .iter()
            .filter(|(hash, _)| self.disk.earlier.contains_key(*hash))
            .map(|(hash, had)| (*hash, had.no))
            .collect();
        for (hash, no) in told {
            self.give_back(&hash, no, true);
        }
        self.disk.back.sort_by_key(|back| back.no);
        self.forget_file_receipts();
        self.disk.epoch = Epoch {
            number: *number,
            id: *id,
        };
        let beyond: Vec<Scope> = self
            .disk
            .vector
            .iter()
            .filter(|(scope, at)| !kept.has(scope, **at))
            .map(|(scope, _)| *scope)
            .collect();
        for scope in &beyond {
            self.disk.vector.remove(scope);
            self.disk.digests.remove(scope);
        }
        if !beyond.is_empty() {
            for row in &mut self.disk.rows {
                if beyond.contains(&row.scope) {
                    row.logged = None;
                }
            }
            self.read_again();
        }
    }

    /// Without a token the council sends everything; what is known is passed over.
    pub(super) const fn read_again(&mut self) {
        self.disk.token = None;
        self.disk.history_arriving = true;
        self.disk.reads_again = true;
    }

    pub(super) fn is_whole(&self, volume: &Volume) -> bool {
        let mut ops = volume.commit.ops.iter().zip(&volume.ids);
        ops.all(|(op, id)| {
            op.payload.is_none() || self.row(id).is_some_and(|row| row.words.is_some())
        })
    }

    /// A colleague's commit, or a removed one of this phone's that came back, is given back if all its words are here.
    /// `is_there`: the council has kept it, and may have lost what was said of it.
    fn give_back(&mut self, hash: &CommitHash, no: u64, is_there: bool) {
        let is_own = self
            .own_at(hash)
            .is_some_and(|index| !self.disk.own[index].gone);
        let Some(volume) = self.ledger.by_hash(hash).filter(|_| !is_own) else {
            return;
        };
        let whole = self.is_whole(&volume);
        let known = self.disk.back.iter_mut().find(|b| b.volume.hash == *hash);
        if let Some(known) = known {
            (known.is_back, known.owed) = (!whole || is_there, whole && is_there);
            known.parcel = None;
        } else if whole {
            self.disk.back.push(Back {
                no,
                class: class_of(&volume),
                volume,
                parcel: None,
                is_back: is_there,
                owed: is_there,
            });
        }
    }

    /// Puts what is given back into the spool, in the order in which it came.
    pub(super) fn seal_back(&mut self) {
        for index in 0..self.disk.back.len() {
            let back = &self.disk.back[index];
            if back.parcel.is_some() || !back.waits() {
                continue;
            }
            let volume = Rc::clone(&back.volume);
            let words = volume
                .ids
                .iter()
                .filter_map(|id| self.row(id)?.words.as_ref());
            let device = volume.commit.origin.device;
            let body = encode(&EnvelopeBody {
                payloads: words.map(|words| words.payload.clone()).collect(),
                commit: Signed {
                    bytes: volume.bytes.clone(),
                    // What a phone has verified it can show: here a signature follows from its bytes.
                    signature: null::sign_commit(&names::key_of(device), &volume.bytes),
                },
                certificate: self.certificate_of(device),
                receipt: self.earlier_of(&volume.hash),
            });
            let key = self.next_key();
            let parcel = null::seal_envelope(&key, &body);
            self.disk.back[index].parcel = Some((key, parcel));
        }
    }

    /// The council took an envelope, and with it what it brought. Returns how many waited for that.
    pub(super) fn no_longer_owed(&mut self, parcel: ParcelKey) -> u32 {
        let is_it =
            |of: &Option<(ParcelKey, Vec<u8>)>| of.as_ref().is_some_and(|(key, _)| *key == parcel);
        let own = self.disk.own.iter_mut();
        let own = own.filter(|own| own.owed && is_it(&own.parcel));
        let back = self.disk.back.iter_mut();
        let back = back.filter(|back| back.owed && is_it(&back.parcel));
        let owed = own
            .map(|own| &mut own.owed)
            .chain(back.map(|back| &mut back.owed));
        owed.map(|owed| u32::from(std::mem::take(owed))).sum()
    }

    /// A receipt for a commit that was given back. Returns how many waited for it.
    pub(super) fn take_back_receipt(
        &mut self,
        received: &Received,
        at: LogPosition,
        statement: &Signed,
    ) -> u32 {
        let mut waiting = self.disk.back.iter_mut();
        let Some(back) = waiting.find(|b| b.volume.hash == received.commit) else {
            return 0;
        };
        let waited = !std::mem::replace(&mut back.is_back, true);
        back.owed |= waited && self.disk.earlier.contains_key(&received.commit);
        let waited = waited && !back.owed;
        let (volume, no) = (Rc::clone(&back.volume), back.no);
        let had = self.disk.had.entry(received.commit).or_insert(Had {
            scope: volume.commit.scope,
            at,
            no,
            receipt: None,
        });
        had.receipt.get_or_insert_with(|| statement.clone());
        for (id, verdict) in volume.ids.iter().zip(&received.verdicts) {
            self.judge(id, verdict, at);
        }
        self.count_from_earlier(&received.commit);
        u32::from(waited)
    }
}

/// Who holds whom comes first: what workers wrote is judged by it.
fn class_of(volume: &Volume) -> SendClass {
    let commit = &volume.commit;
    let is_soon =
        |op: &visitbook_record::op::Op| op.kind == Kind::Finish || op.policy == Policy::Words;
    match (commit.scope, commit.record_kind) {
        (Scope::Worker(_), _) | (_, RecordKind::Concern) => SendClass::Now,
        _ if commit.ops.iter().any(is_soon) => SendClass::Soon,
        _ => SendClass::Later,
    }
}
