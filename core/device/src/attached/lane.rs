//! The lane in which encrypted files go up: what to send next, and what the council's answer means. Needs no secret, so the
//! locked and the unlocked device share it.
//!
//! The first request about a file holds its list, and asks which chunks the council has; then only those go that it lacks.
//! So a cut at either end costs one question, and at most the chunks of one request when an answer is lost. Requests are kept
//! small: new words wait for one of them at most.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use visitbook_record::attachment::wire::{AttachmentReceipt, FramesTaken, FramesUp, Holding, has};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::time::WallMillis;
use visitbook_record::wire::Signed;
use visitbook_seal::attachment::{AttachmentId, ChunkFrame, ChunkList, ListFrame};
use visitbook_seal::bundle::KeyBundle;
use visitbook_seal::envelope::SealError;
use visitbook_seal::receipt;
use visitbook_seal::request::{ReplyOpener, seal_request};
use visitbook_seal::sign::Signature;

use super::shelf::Shelf;

/// The name under which the council knows this exchange; bound into the seal.
const ATTACHMENTS: &str = "attachments";
/// No request of this lane holds more, in bytes, beside one chunk.
pub(crate) const LANE_BYTES: usize = 1 << 20;

/// Why the lane could not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LaneError {
    #[error("an encrypted file could not be read")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// What the lane remembers between two requests; forgotten at lock and kill without harm.
#[derive(Default)]
pub(crate) struct Lane {
    have: BTreeMap<AttachmentId, Vec<u8>>,
    awaited: Option<Awaited>,
}

struct Awaited {
    opener: ReplyOpener,
    id: AttachmentId,
    list: ChunkList,
    /// The chunks in the request; none if it only asks.
    sent: Vec<u32>,
}

/// What an answer came to.
pub(crate) struct Answered {
    pub(crate) id: AttachmentId,
    /// Chunks that went up and that the council now has.
    pub(crate) chunks: u32,
    /// The council has all of it, and says so.
    pub(crate) receipt: Option<Receipt>,
    /// Nothing more to be done about this file in this run.
    pub(crate) over: bool,
}

/// A verified receipt for a file.
pub(crate) struct Receipt {
    pub(crate) exact: Signed,
    pub(crate) epoch: u64,
    pub(crate) at: WallMillis,
}

impl Receipt {
    /// The council's word for exactly this file; `None` for anything else.
    pub(crate) fn verified(bundle: &KeyBundle, id: &AttachmentId, exact: &Signed) -> Option<Self> {
        let said: AttachmentReceipt = decode(&exact.bytes).ok()?;
        let signature = <[u8; 64]>::try_from(exact.signature.as_slice()).ok()?;
        let key = bundle.receipt_key(said.epoch)?;
        receipt::verify(key, &exact.bytes, &Signature(signature)).ok()?;
        (said.label == AttachmentReceipt::LABEL && *said.id == id.0).then(|| Self {
            exact: exact.clone(),
            epoch: said.epoch,
            at: said.time,
        })
    }
}

/// A file on this device cannot be sent because the disk has changed it.
pub(crate) struct Damaged(pub(crate) AttachmentId);

impl Lane {
    /// The next request about the first of `waiting` that is not in `over`; `None` if there is nothing to send. Files that
    /// the disk has changed are passed over and reported.
    pub(crate) fn request(
        &mut self,
        shelf: &Shelf,
        bundle: &KeyBundle,
        waiting: &[AttachmentId],
        over: &BTreeSet<[u8; 32]>,
        budget: usize,
        damaged: &mut Vec<Damaged>,
    ) -> Result<Option<Vec<u8>>, LaneError> {
        for id in waiting.iter().filter(|id| !over.contains(&id.0)) {
            let Some(stored) = shelf.open(id)? else {
                damaged.push(Damaged(*id));
                continue;
            };
            let mut frames: Vec<Vec<u8>> = Vec::new();
            let mut sent = Vec::new();
            let mut sound = true;
            let known = self.have.get(id);
            // A file of one chunk needs no question first: sending it twice costs no more than asking.
            if known.is_none() || stored.list.count() == 1 {
                frames.push(ListFrame::new(stored.list.clone()).encode());
            }
            if known.is_some() || stored.list.count() == 1 {
                let there = |index| known.is_some_and(|have| has(have, index));
                let mut size = 0;
                for index in (0..stored.list.count()).filter(|index| !there(*index)) {
                    let Some(bytes) = stored.chunk(index)? else {
                        sound = false;
                        break;
                    };
                    size += bytes.len();
                    if size > budget.min(LANE_BYTES) && !sent.is_empty() {
                        break;
                    }
                    let Some(frame) = ChunkFrame::new(&stored.list, index, &bytes) else {
                        sound = false;
                        break;
                    };
                    frames.push(frame.encode());
                    sent.push(index);
                }
            }
            if !sound && sent.is_empty() {
                damaged.push(Damaged(*id));
                continue;
            }
            if frames.is_empty() {
                // The council has every chunk: ask for its word.
                frames.push(ListFrame::new(stored.list.clone()).encode());
            }
            let body = encode(&FramesUp {
                frames: frames.into_iter().map(Into::into).collect(),
            });
            let ingest = bundle.ingest.first().ok_or(SealError::BadKey)?;
            let (body, opener) = seal_request(ingest, ATTACHMENTS, &body)?;
            self.awaited = Some(Awaited {
                opener,
                id: *id,
                list: stored.list,
                sent,
            });
            return Ok(Some(body));
        }
        Ok(None)
    }

    /// Whether a request about this file is out.
    pub(crate) fn is_sending(&self, id: &AttachmentId) -> bool {
        self.awaited
            .as_ref()
            .is_some_and(|awaited| awaited.id == *id)
    }

    /// No request is out any more.
    pub(crate) fn rest(&mut self) {
        self.awaited = None;
    }

    /// Reads the answer. `None` if it is not one that the council sealed for the request that is out.
    pub(crate) fn answer(&mut self, bundle: &KeyBundle, body: &[u8]) -> Option<Answered> {
        let awaited = self.awaited.as_ref()?;
        let plain = awaited.opener.open(body).ok()?;
        let taken: FramesTaken = decode(&plain).ok()?;
        let Awaited { id, list, sent, .. } = self.awaited.take()?;
        let holding = taken.holdings.iter().find(|one| *one.id == id.0);
        let Some(holding) = holding.filter(|holding| holding.named) else {
            // The words that name it have not arrived: it waits for them.
            self.have.remove(&id);
            return Some(Answered {
                id,
                chunks: 0,
                receipt: None,
                over: true,
            });
        };
        let Holding { have, receipt, .. } = holding;
        let receipt = receipt
            .as_ref()
            .and_then(|exact| Receipt::verified(bundle, &id, exact));
        let arrived = sent.iter().filter(|index| has(have, **index)).count();
        let complete = (0..list.count()).all(|index| has(have, index));
        // Sent and not there, or all there and no word of it: not to be tried again and again in one run.
        let no_progress = arrived < sent.len() || (complete && receipt.is_none());
        let over = receipt.is_some() || no_progress;
        if over {
            self.have.remove(&id);
        } else {
            self.have.insert(id, have.to_vec());
        }
        Some(Answered {
            id,
            chunks: u32::try_from(arrived).unwrap_or(u32::MAX),
            receipt,
            over,
        })
    }
}
