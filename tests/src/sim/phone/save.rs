//! Saving: plans become signed commits in the database, then sealed envelopes in the spool.

use std::rc::Rc;

use visitbook_device::sync::store::{ParcelKey, SendClass};
use visitbook_record::catalogue;
use visitbook_record::cbor::encode;
use visitbook_record::commit::{Clocks, Commit, RecordKind, Role};
use visitbook_record::fact::Answer;
use visitbook_record::id::{BootId, OpId, RecordId, Salt, WorkerId};
use visitbook_record::op::{Kind, Op, Policy, Target};
use visitbook_record::payload::{Content, Payload};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::MonotonicMillis;
use visitbook_record::wire::{EnvelopeBody, Signed};

use super::super::ledger::{Volume, Written};
use super::super::names;
use super::super::null;
use super::super::rng::mix;
use super::{Died, Moment, Own, Phone, Row};

/// One statement before it has a name.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) kind: Kind,
    pub(crate) policy: Policy,
    pub(crate) target: Target,
    pub(crate) replaces: Vec<OpId>,
    pub(crate) content: Option<Content>,
}

/// How a commit breaks the rules on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twist {
    None,
    /// Breaks a rule by what its statements say; the commit itself is in order.
    Content,
    Author(WorkerId),
    Catalogue(u32),
    Assignment(Option<LogPosition>),
    ForgedSignature,
    OtherCouncil,
    /// Leaves out a number.
    Gap,
    /// Uses the last number again.
    SameNumber,
    /// Uses the last number again, and says exactly the same.
    Again,
    /// The envelope holds bytes that are no commit.
    Garbage,
    /// The words sent are not those signed.
    WrongWords,
    /// No words are sent.
    NoWords,
}

impl Twist {
    const fn is_refusable(self) -> bool {
        matches!(
            self,
            Self::ForgedSignature | Self::OtherCouncil | Self::Garbage
        )
    }
}

/// One commit to be made.
pub(crate) struct Plan {
    pub(crate) record: RecordId,
    pub(crate) kind: RecordKind,
    pub(crate) scope: Scope,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) twist: Twist,
}

impl Phone {
    /// A number for a record that this phone begins; never given twice.
    pub(crate) const fn begin(&mut self) -> u16 {
        self.disk.begun += 1;
        self.disk.begun
    }

    /// Saves: all of the plans or, where the phone dies first, none.
    ///
    /// # Errors
    /// [`Died`], wherever in the save that was.
    pub(crate) fn save(&mut self, plans: Vec<Plan>) -> Result<(), Died> {
        let (seq, head) = (self.disk.seq, self.disk.head);
        let made: Vec<Own> = plans.into_iter().map(|plan| self.make(plan)).collect();
        if self.dies_at(Moment::BeforeDatabase) {
            // The numbers were never written down either; nothing but this phone's memory had them.
            (self.disk.seq, self.disk.head) = (seq, head);
            return Err(Died);
        }
        let first = self.disk.own.len();
        for own in made {
            self.keep(own);
        }
        if self.dies_at(Moment::BeforeSpool) {
            return Err(Died);
        }
        for index in first..self.disk.own.len() {
            self.seal(index);
        }
        if self.dies_at(Moment::BeforeSaved) {
            return Err(Died);
        }
        Ok(())
    }

    fn make(&mut self, plan: Plan) -> Own {
        let number = u32::try_from(self.ledger.written.borrow().len()).unwrap_or(u32::MAX);
        let mut seq = self.disk.seq + 1;
        match plan.twist {
            Twist::Gap => seq += 1,
            Twist::SameNumber | Twist::Again => seq = self.disk.seq.max(1),
            _ => {}
        }
        let mut ops = Vec::with_capacity(plan.drafts.len());
        let mut words = Vec::with_capacity(plan.drafts.len());
        let is_now = plan.kind == RecordKind::Concern;
        let is_soon = plan
            .drafts
            .iter()
            .any(|d| d.kind == Kind::Finish || d.policy == Policy::Words);
        for (index, draft) in plan.drafts.into_iter().enumerate() {
            let payload = draft
                .content
                .as_ref()
                .map(|content| Payload::new(self.salt(number, index), content));
            ops.push(Op {
                kind: draft.kind,
                policy: draft.policy,
                target: draft.target,
                replaces: draft.replaces,
                typed_at: draft.kind.is_entry().then(|| self.clock.show(self.now)),
                payload: payload.as_ref().map(Payload::hash),
            });
            words.push(payload.map(|payload| self.ledger.words(&payload)));
        }
        if plan.twist == Twist::Again
            && let Some(last) = self.disk.own.last()
        {
            ops.clone_from(&last.written.volume.commit.ops);
            words.clone_from(&last.written.words);
        }
        let commit = Commit {
            format: Commit::FORMAT,
            council: match plan.twist {
                Twist::OtherCouncil => names::OTHER_COUNCIL,
                _ => names::COUNCIL,
            },
            origin: self.origin(),
            seq,
            previous: self.disk.head,
            record: plan.record,
            record_kind: plan.kind,
            scope: plan.scope,
            author: match plan.twist {
                Twist::Author(other) => other,
                _ => self.worker,
            },
            acting_as: plan
                .scope
                .child()
                .and_then(|child| self.role_for(&child))
                .unwrap_or(Role::Allocated),
            catalogue: match plan.twist {
                Twist::Catalogue(other) => other,
                _ => catalogue::NEWEST,
            },
            clocks: Clocks {
                wall: self.clock.show(self.now),
                monotonic: MonotonicMillis(self.now),
                boot: BootId([self.number; 16]),
            },
            receipt_seen: self.disk.receipt_seen,
            assignment_seen: match plan.twist {
                Twist::Assignment(other) => other,
                _ => self.disk.assignment_seen,
            },
            app_build: match plan.twist {
                Twist::Again => "another",
                _ => "simulated",
            }
            .to_owned(),
            ops,
        };
        let bytes = encode(&commit);
        let hash = Commit::hash_of(&bytes);
        if !plan.twist.is_refusable() {
            self.disk.seq = seq;
            self.disk.head = Some(hash);
        }
        let mut signature = null::sign_commit(&self.key, &bytes);
        if plan.twist == Twist::ForgedSignature {
            signature[0] ^= 1;
        }
        let signed = Signed {
            bytes: match plan.twist {
                Twist::Garbage => bytes.iter().rev().copied().collect(),
                _ => bytes.clone(),
            },
            signature,
        };
        let volume = self.ledger.keep(hash, bytes, commit);
        let words_sent = match plan.twist {
            Twist::NoWords => vec![None; words.len()],
            _ => words,
        };
        let written = self.ledger.record(Written {
            volume,
            words: words_sent,
            phone: self.number,
            number,
            is_refusable: plan.twist.is_refusable(),
            twist: plan.twist,
        });
        Own {
            no: 0,
            written,
            signed,
            class: match (is_now, is_soon) {
                (true, _) => SendClass::Now,
                (false, true) => SendClass::Soon,
                (false, false) => SendClass::Later,
            },
            assignment_seen: self.disk.assignment_seen,
            parcel: None,
            receipt: None,
            refused: None,
            owed: false,
            gone: false,
            lost: false,
        }
    }

    fn salt(&self, number: u32, index: usize) -> Salt {
        let mut salt = [self.number; 16];
        let drawn = mix(u64::from(number) << 20 | index as u64);
        salt[..8].copy_from_slice(&drawn.to_le_bytes());
        Salt(salt)
    }

    fn keep(&mut self, mut own: Own) {
        own.no = self.next_no();
        let index = self.disk.own.len();
        let volume = Rc::clone(&own.written.volume);
        let show = !own.written.is_refusable;
        self.disk.own_by_hash.insert(volume.hash, index);
        let words = own.written.words.clone();
        self.disk.own.push(own);
        if !show {
            return;
        }
        for (fact, words) in volume.facts.iter().zip(words) {
            let mut fact = fact.clone();
            if self.disk.row_of.contains_key(&fact.id) {
                continue;
            }
            fact.answer = Answer::of(words.as_ref().and_then(|words| words.content.as_ref()));
            self.keep_row(&volume, fact, words);
        }
    }

    pub(super) fn keep_row(
        &mut self,
        volume: &Volume,
        fact: visitbook_record::fact::Fact,
        words: Option<Rc<super::Words>>,
    ) -> usize {
        let index = self.disk.rows.len();
        self.disk.row_of.insert(fact.id, index);
        self.disk
            .by_record
            .entry(fact.record)
            .or_default()
            .push(index);
        self.disk.rows.push(Row {
            fact,
            scope: volume.commit.scope,
            words,
            received: None,
            counted_at: None,
            judged_at: None,
            logged: None,
        });
        index
    }

    /// Puts one commit into the spool, under the next number of the session.
    pub(super) fn seal(&mut self, index: usize) {
        let key = self.next_key();
        let certificate = self.certificate_of(self.device);
        let receipt = self.earlier_of(&self.disk.own[index].written.volume.hash);
        let own = &mut self.disk.own[index];
        let twist = own.written.twist;
        let payloads = own.written.words.iter().flatten().map(|words| {
            let mut payload = words.payload.clone();
            if twist == Twist::WrongWords {
                payload.salt.0[0] ^= 1;
            }
            payload
        });
        let body = encode(&EnvelopeBody {
            payloads: payloads.collect(),
            commit: own.signed.clone(),
            certificate,
            receipt,
        });
        own.parcel = Some((key, null::seal_envelope(&key, &body)));
        self.disk.own_by_parcel.insert(key, index);
    }

    /// The next name in the spool.
    pub(super) const fn next_key(&mut self) -> ParcelKey {
        let key = ParcelKey {
            session: self.session,
            number: self.next_number,
        };
        self.next_number += 1;
        key
    }
}
