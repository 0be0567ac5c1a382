//! What only the council can know at the time, written down for the laws: in which order commits came, and in what circumstances.

use std::collections::BTreeSet;

use visitbook_record::id::CommitHash;
use visitbook_record::op::{Kind, Op};
use visitbook_record::payload::Content;
use visitbook_record::scope::LogPosition;
use visitbook_record::wire::{EnvelopeBody, ReceiptStatement, UploadReply};

use super::super::null;
use super::Council;

/// A commit that arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) commit: CommitHash,
    /// Commits of one statement are judged together before anything that waited is judged again.
    pub(crate) statement: usize,
    /// What the signing device had acknowledged by then.
    pub(crate) acknowledged: Option<LogPosition>,
    /// How many assignments had been given or ended by then.
    pub(crate) moves: usize,
    /// The signing device had been ended.
    pub(crate) ended: bool,
    /// In which epoch of the council's.
    pub(crate) epoch: u64,
}

impl Council {
    /// The sessions in a child's hands that a commit tells of.
    pub(super) fn look_for_family_sessions(
        &self,
        body: &EnvelopeBody,
        told: &mut BTreeSet<[u8; 16]>,
    ) {
        let volume = self.ledger.volume(&body.commit.bytes);
        let tells = |op: &Op| op.kind == Kind::EnterFamily;
        if volume.is_some_and(|volume| volume.commit.ops.iter().any(tells)) {
            for payload in &body.payloads {
                if let Ok(Content::FamilySession(session)) = payload.content() {
                    told.insert(session.session);
                }
            }
        }
    }

    /// Writes down what came for the first time.
    pub(super) fn note(&mut self, reply: &UploadReply) {
        for signed in &reply.statements {
            let Some(statement) = null::read::<ReceiptStatement>(&signed.bytes) else {
                continue;
            };
            self.statements += 1;
            for (offset, received) in (0..).zip(&statement.received) {
                if self.arrived.insert(received.commit, ()).is_some() {
                    continue;
                }
                let volume = self.ledger.by_hash(&received.commit);
                let device = volume.as_ref().map(|v| v.commit.origin.device);
                self.arrivals.push(Arrival {
                    commit: received.commit,
                    statement: self.statements,
                    acknowledged: device.and_then(|d| self.acknowledged.get(&d).copied()),
                    moves: self.ledger.moves.borrow().len(),
                    ended: device.is_some_and(|d| self.ended.contains(&d)),
                    epoch: self.epoch.0,
                });
                let at = LogPosition {
                    position: statement.first.position + offset,
                    ..statement.first
                };
                if let Some(volume) = volume.filter(|_| self.epoch.0 > 1) {
                    self.note_given_back(&volume, &received.verdicts, at);
                }
            }
        }
    }
}
