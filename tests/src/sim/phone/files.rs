//! Attached files on a phone: up in their own lane, and down when its holder asks for one.
//!
//! The lane asks as the real one does: the first request about a file holds its list, and then only those chunks go that the
//! council lacks, a few in a request.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_device::sync::exchange::Route;
use visitbook_device::sync::store::{AttachmentRequest, AttachmentsTaken, ReplyProblem};
use visitbook_record::attachment::wire::{
    AttachmentReceipt, Fetch, Fetched, FramesTaken, FramesUp, Holding, Whereabouts, has,
};
use visitbook_record::attachment::{Attachment, policy, target};
use visitbook_record::cbor::encode;
use visitbook_record::commit::RecordKind;
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy};
use visitbook_record::payload::Content as Says;
use visitbook_record::wire::{Denial, Signed};
use visitbook_server::attachments::ReadsLists as _;

use super::super::files::{Content, NullLists, chunk_frame, list_frame};
use super::super::null;
use super::super::rng::mix;
use super::save::Draft;
use super::{Died, Moment, Phone};

/// What the engine takes for one chunk: those of real files are that large.
const A_CHUNK: u32 = 64 << 10;
/// What stands for that here, and a little more.
const A_CHUNK_HERE: u32 = 100;
/// Nobody's key: handing bytes in asks for none.
pub(crate) const NO_KEY: [u8; 32] = [0; 32];

/// A file that a phone attached, or fetches.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) id: [u8; 32],
    list: Vec<u8>,
    /// All of an own one; of another, those from the beginning that have come.
    pub(crate) chunks: Vec<Vec<u8>>,
    pub(crate) own: bool,
    /// A child gave it.
    is_words: bool,
    /// Somebody asked for it, and it is not here yet.
    pub(crate) wanted: bool,
    pub(crate) receipt: Option<Signed>,
    /// The statements that attach it.
    pub(crate) ops: Vec<OpId>,
}

/// What the lane remembers between two requests; forgotten at lock and kill.
#[derive(Default)]
pub(super) struct Lane {
    have: BTreeMap<[u8; 32], Vec<u8>>,
    up: Option<Up>,
    down: Option<Down>,
}

struct Up {
    nonce: [u8; 8],
    id: [u8; 32],
    count: u32,
    sent: Vec<u32>,
}

struct Down {
    nonce: [u8; 8],
    about: Vec<[u8; 32]>,
    at: u32,
}

impl Phone {
    /// Attaches a file to a record.
    ///
    /// # Errors
    /// [`Died`], wherever in the save that was. What is in the book is in the folder.
    pub(crate) fn attach(
        &mut self,
        record: RecordId,
        kind: RecordKind,
        child: RecordId,
        content: Content,
    ) -> Result<(), Died> {
        let number = self.begin();
        let draft = Draft {
            kind: Kind::Attach,
            policy: policy(kind),
            target: target(format!("{}-{number}", self.number)),
            replaces: vec![],
            content: Some(Says::Attachment(Attachment {
                id: content.id,
                key: [7; 32],
                media_type: "image/png".to_owned(),
                size: content.size(),
                what: "drawing".to_owned(),
            })),
        };
        let is_words = draft.policy == Policy::Words;
        let before = self.disk.own.len();
        let plan = super::super::author::plan_of(record, kind, child, vec![draft]);
        let saved = self.save(vec![plan]);
        let made = self.disk.own.get(before);
        if let Some(op) = made.and_then(|own| own.written.volume.ids.first()).copied() {
            self.ledger.files.borrow_mut().push((op, content.clone()));
            match self
                .disk
                .files
                .iter_mut()
                .find(|file| file.id == content.id)
            {
                Some(known) => {
                    known.ops.push(op);
                    (known.own, known.wanted) = (true, false);
                    known.is_words |= is_words;
                    (known.list, known.chunks) = (content.list, content.chunks);
                }
                None => self.disk.files.push(File {
                    id: content.id,
                    list: content.list,
                    chunks: content.chunks,
                    own: true,
                    is_words,
                    wanted: false,
                    receipt: None,
                    ops: vec![op],
                }),
            }
        }
        saved
    }

    /// The phone's holder asks for a file that a statement here attaches.
    pub(crate) fn want(&mut self, op: &OpId) {
        let words = self.row(op).and_then(|row| row.words.clone());
        let content = words.and_then(|words| words.content.clone());
        let Some(Says::Attachment(file)) = content else {
            return;
        };
        if self.disk.files.iter().any(|known| known.id == file.id) {
            return;
        }
        self.disk.files.push(File {
            id: file.id,
            list: Vec::new(),
            chunks: Vec::new(),
            own: false,
            is_words: false,
            wanted: true,
            receipt: None,
            ops: vec![*op],
        });
    }

    /// Whether an own file about the child has no receipt.
    pub(super) fn file_must_wait(&self, child: RecordId) -> bool {
        let of_the_child = |op: &OpId| {
            self.row(op)
                .is_some_and(|row| row.scope.child() == Some(child))
        };
        let mut files = self.disk.files.iter().filter(|file| file.own);
        files.any(|file| file.receipt.is_none() && file.ops.iter().any(of_the_child))
    }

    /// Files that no statement here attaches any more go.
    pub(super) fn drop_purged_files(&mut self) {
        let row_of = &self.disk.row_of;
        self.disk
            .files
            .retain(|file| file.ops.iter().any(|op| row_of.contains_key(op)));
    }

    /// After a restore the council is asked again for every file.
    pub(super) fn forget_file_receipts(&mut self) {
        for file in &mut self.disk.files {
            file.receipt = None;
        }
        self.lane = Lane::default();
    }

    pub(super) fn files_wait(&self) -> bool {
        let mut files = self.disk.files.iter();
        files.any(|file| file.own && file.receipt.is_none() || file.wanted && self.is_open)
    }

    fn file_nonce(&mut self) -> [u8; 8] {
        self.disk.asked_files += 1;
        mix(u64::from(self.number) << 56 | self.disk.lives << 32 | self.disk.asked_files)
            .to_le_bytes()
    }

    pub(super) fn next_file_request(
        &mut self,
        budget: u32,
        over: &BTreeSet<[u8; 32]>,
    ) -> Option<AttachmentRequest> {
        (self.lane.up, self.lane.down) = (None, None);
        let nonce = self.file_nonce();
        let waiting = self.disk.files.iter().filter(|file| file.own);
        let waiting = waiting.filter(|file| file.receipt.is_none() && !over.contains(&file.id));
        let Some(file) = waiting.min_by_key(|file| !file.is_words) else {
            return self.fetch_request(nonce, budget, over);
        };
        let count = u32::try_from(file.chunks.len()).unwrap_or(u32::MAX);
        let known = self.lane.have.get(&file.id);
        let (mut frames, mut sent) = (Vec::new(), Vec::new());
        if known.is_none() || count == 1 {
            frames.push(list_frame(&file.id, &file.list));
        }
        if known.is_some() || count == 1 {
            let there = |index: u32| known.is_some_and(|have| has(have, index));
            let most = (budget / A_CHUNK).max(1) as usize;
            for (index, chunk) in (0..).zip(&file.chunks) {
                if !there(index) && sent.len() < most {
                    frames.push(chunk_frame(&file.id, index, chunk));
                    sent.push(index);
                }
            }
        }
        if frames.is_empty() {
            frames.push(list_frame(&file.id, &file.list));
        }
        let frames = frames.into_iter().map(Into::into).collect();
        self.lane.up = Some(Up {
            nonce,
            id: file.id,
            count,
            sent,
        });
        Some(AttachmentRequest {
            route: Route::Attachments,
            body: null::seal_request(&NO_KEY, nonce, &encode(&FramesUp { frames })),
        })
    }

    fn fetch_request(
        &mut self,
        nonce: [u8; 8],
        budget: u32,
        over: &BTreeSet<[u8; 32]>,
    ) -> Option<AttachmentRequest> {
        if !self.is_open {
            return None;
        }
        let wanted = self.disk.files.iter().filter(|file| file.wanted);
        let about: Vec<&File> = wanted.filter(|file| !over.contains(&file.id)).collect();
        let first = about.first()?;
        let at = u32::try_from(first.chunks.len()).unwrap_or(u32::MAX);
        let from = Some((first.id.into(), at));
        let about: Vec<[u8; 32]> = about.iter().map(|file| file.id).collect();
        self.disk.counter += 1;
        let request = encode(&Fetch {
            device: self.device,
            incarnation: self.origin().incarnation,
            counter: self.disk.counter,
            about: about.iter().map(|id| (*id).into()).collect(),
            from,
            budget: budget / A_CHUNK * A_CHUNK_HERE,
        });
        self.lane.down = Some(Down { nonce, about, at });
        Some(AttachmentRequest {
            route: Route::Fetch,
            body: null::seal_request(&self.key, nonce, &request),
        })
    }

    pub(super) fn take_file_reply(
        &mut self,
        body: &[u8],
    ) -> Result<AttachmentsTaken, ReplyProblem<Died>> {
        if self.dies_at(Moment::BeforeReply) {
            return Err(Died.into());
        }
        let taken = match (self.lane.up.take(), self.lane.down.take()) {
            (Some(up), _) => self.take_frames_taken(up, body),
            (None, Some(down)) => self.take_fetched(down, body),
            (None, None) => Err(ReplyProblem::NotTheCouncil),
        }?;
        if self.dies_at(Moment::AfterReply) {
            return Err(Died.into());
        }
        if self.is_open && !taken.over.is_empty() {
            self.settle_moves()?;
        }
        Ok(taken)
    }

    /// The council's word for exactly this file, by a key that this phone knows.
    fn take_file_receipt(&mut self, id: &[u8; 32], exact: &Signed) -> bool {
        let said: Option<AttachmentReceipt> = null::read(&exact.bytes);
        let sound = said.is_some_and(|said| {
            said.label == AttachmentReceipt::LABEL
                && *said.id == *id
                && said.epoch <= self.disk.epoch.number
                && null::receipt_verifies(said.epoch, &exact.bytes, &exact.signature)
        });
        let file = self.disk.files.iter_mut().find(|file| file.id == *id);
        if let Some(file) = file.filter(|_| sound) {
            file.receipt.get_or_insert_with(|| exact.clone());
        }
        sound
    }

    fn take_frames_taken(
        &mut self,
        up: Up,
        body: &[u8],
    ) -> Result<AttachmentsTaken, ReplyProblem<Died>> {
        let Up {
            nonce,
            id,
            count,
            sent,
        } = up;
        let opened = null::open_page(nonce, body).ok_or(ReplyProblem::NotTheCouncil)?;
        let taken: FramesTaken = null::read(opened).ok_or(ReplyProblem::NotTheCouncil)?;
        let mut done = AttachmentsTaken::default();
        let holding = taken.holdings.into_iter().find(|one| *one.id == id);
        let Some(Holding { have, receipt, .. }) = holding.filter(|one| one.named) else {
            self.lane.have.remove(&id);
            done.over.push(id);
            return Ok(done);
        };
        let arrived = sent.iter().filter(|index| has(&have, **index)).count();
        let complete = (0..count).all(|index| has(&have, index));
        let received = receipt.is_some_and(|exact| self.take_file_receipt(&id, &exact));
        done.chunks_up = u32::try_from(arrived).unwrap_or(u32::MAX);
        done.received = u32::from(received);
        if received || arrived < sent.len() || complete {
            self.lane.have.remove(&id);
            done.over.push(id);
        } else {
            self.lane.have.insert(id, have.to_vec());
        }
        Ok(done)
    }

    fn take_fetched(
        &mut self,
        down: Down,
        body: &[u8],
    ) -> Result<AttachmentsTaken, ReplyProblem<Died>> {
        let opened = null::open_page(down.nonce, body).ok_or(ReplyProblem::NotTheCouncil)?;
        let reply: Fetched = null::read(opened).ok_or(ReplyProblem::NotTheCouncil)?;
        let mut done = AttachmentsTaken {
            over: down.about.clone(),
            ..AttachmentsTaken::default()
        };
        let (told, list, chunks) = match reply {
            Fetched::Told {
                about,
                list,
                chunks,
                ..
            } => (about, list, chunks),
            Fetched::Denied {
                denial,
                next_counter,
            } => {
                self.disk.counter = self.disk.counter.max(next_counter.saturating_sub(1));
                match denial {
                    Denial::Ended => {
                        self.take_ending()?;
                        return Err(ReplyProblem::NotEnrolled);
                    }
                    Denial::NotEnrolled => return Err(ReplyProblem::NotEnrolled),
                    Denial::Replayed => (done.again, done.over) = (true, Vec::new()),
                    _ => {}
                }
                return Ok(done);
            }
        };
        for (id, place) in down.about.iter().zip(told) {
            if let Whereabouts::Here { receipt } = place {
                done.received += u32::from(self.take_file_receipt(id, &receipt));
            }
        }
        let first = down.about.first().copied();
        let file = self
            .disk
            .files
            .iter_mut()
            .find(|file| Some(file.id) == first);
        let Some(file) = file else { return Ok(done) };
        if let Some(list) = list
            && file.list.is_empty()
            && NullLists.list(&file.id, &list).is_some()
        {
            file.list = list.to_vec();
        }
        let Some(list) = NullLists.list(&file.id, &file.list) else {
            return Ok(done);
        };
        let good = (down.at..).zip(&chunks);
        let good = good.take_while(|(index, chunk)| list.holds(*index, chunk));
        let good: Vec<Vec<u8>> = good.map(|(_, chunk)| chunk.to_vec()).collect();
        done.chunks_down = u32::try_from(good.len()).unwrap_or(u32::MAX);
        let came = !good.is_empty();
        file.chunks.extend(good);
        if file.chunks.len() == list.count() as usize {
            file.wanted = false;
            done.fetched = 1;
        } else if came {
            done.over.retain(|id| *id != file.id);
        }
        Ok(done)
    }
}
