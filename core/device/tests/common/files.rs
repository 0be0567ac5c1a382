//! The council's side of attached files, and a line to it that can be cut.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use visitbook_device::sync::cancel::CancelHandle;
use visitbook_device::sync::driver::{Ask, Driver, SystemClock};
use visitbook_device::sync::engine::Config;
use visitbook_device::sync::exchange::{HttpReply, Route, TransportProblem};
use visitbook_device::sync::http::Transport;
use visitbook_device::sync::outcome::Outcome;
use visitbook_device::sync::store::SyncStore;
use visitbook_record::attachment::wire::{
    AttachmentReceipt, Fetch, Fetched, FramesTaken, FramesUp, Holding, Whereabouts, bitmap,
};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::id::{DeviceId, WorkerId};
use visitbook_record::payload::Content;
use visitbook_record::time::WallMillis;
use visitbook_record::wire::{MEDIA_TYPE, Signed, Upload};
use visitbook_seal::attachment::{ChunkFrame, ChunkList, ListFrame};
use visitbook_seal::purpose::Purpose;
use visitbook_seal::receipt;
use visitbook_seal::sign::{Signature, SigningKey, verify};

use super::Council;

/// What the council has of one file.
#[derive(Default)]
pub struct Held {
    pub list: Option<ChunkList>,
    pub chunks: BTreeMap<u32, Vec<u8>>,
    /// How often each chunk came.
    pub came: BTreeMap<u32, u32>,
}

/// What the line does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It never arrives.
    Before,
    /// It arrives, and its answer does not.
    After,
}

/// How the council spoils what it answers about files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Signs receipts with another key.
    OtherKey,
    /// Receipts another file.
    OtherFile,
    /// Gives chunks in another order.
    Reordered,
    /// Gives chunks of another file.
    Foreign,
    /// Gives chunks without their last byte.
    CutShort,
    /// Gives another file's list.
    OtherList,
    /// Says that it has everything, and gives no receipt.
    NoReceipt,
}

#[derive(Default)]
pub struct Files {
    pub held: BTreeMap<[u8; 32], Held>,
    pub lie: Option<Lie>,
    /// Takes no bytes.
    pub refuses: bool,
    /// Chunks that a fetch brings at a time.
    pub at_a_time: usize,
}

/// A line to the council.
pub struct Line<'a> {
    pub council: &'a Mutex<Council>,
    pub files: &'a Mutex<Files>,
    /// Every request that arrived, and how many envelopes or frames it held.
    pub log: Mutex<Vec<(Route, usize)>>,
    /// Cuts the n-th request about files from here on, counted from 0.
    pub cut: Mutex<Option<(usize, Cut)>>,
}

impl<'a> Line<'a> {
    pub fn new(council: &'a Mutex<Council>, files: &'a Mutex<Files>) -> Self {
        Self {
            council,
            files,
            log: Mutex::new(Vec::new()),
            cut: Mutex::new(None),
        }
    }

    pub fn cutting(self, at: usize, cut: Cut) -> Self {
        *self.cut.lock().unwrap() = Some((at, cut));
        self
    }

    pub fn routes(&self) -> Vec<Route> {
        self.log
            .lock()
            .unwrap()
            .iter()
            .map(|(route, _)| *route)
            .collect()
    }

    /// Syncs until there is nothing to do or something is in the way.
    pub fn sync<S: SyncStore>(&self, store: &mut S) -> Outcome {
        let driver = Driver::new(Config::default());
        let ask = Ask {
            asked: true,
            ..Ask::default()
        };
        let (mut none, cancel) = (|_| {}, CancelHandle::new());
        driver
            .sync(
                store,
                self,
                &SystemClock::default(),
                ask,
                &mut none,
                &cancel,
            )
            .unwrap()
    }

    /// The answer to one request.
    pub fn answer(&self, route: Route, body: &[u8]) -> Vec<u8> {
        let mut council = self.council.lock().unwrap();
        let mut files = self.files.lock().unwrap();
        let (count, answer) = match route {
            Route::Upload => {
                let upload: Upload = decode(body).unwrap();
                let envelopes: Vec<Vec<u8>> =
                    upload.envelopes.into_iter().map(Into::into).collect();
                (envelopes.len(), council.upload(envelopes))
            }
            Route::Pull => (0, council.pull(body)),
            Route::Attachments => council.frames(&mut files, body),
            Route::Fetch => (0, council.fetch(&files, body)),
            Route::Keys => (0, council.bundle.clone()),
            Route::Enrol => panic!("the engine never enrols"),
        };
        self.log.lock().unwrap().push((route, count));
        answer
    }
}

impl Transport for Line<'_> {
    fn exchange(
        &self,
        route: Route,
        body: &[u8],
        _: Duration,
        _: &CancelHandle,
    ) -> Result<HttpReply, TransportProblem> {
        let mut cut = None;
        if matches!(route, Route::Attachments | Route::Fetch) {
            let mut plan = self.cut.lock().unwrap();
            match *plan {
                Some((0, how)) => {
                    cut = Some(how);
                    *plan = None;
                }
                Some((more, how)) => *plan = Some((more - 1, how)),
                None => {}
            }
        }
        if cut == Some(Cut::Before) {
            return Err(TransportProblem::Lost);
        }
        let body = self.answer(route, body);
        if cut == Some(Cut::After) {
            return Err(TransportProblem::Lost);
        }
        Ok(HttpReply {
            status: 200,
            media_type: Some(MEDIA_TYPE.to_owned()),
            retry_after: None,
            body,
        })
    }
}

impl Council {
    /// The devices whose statements name a file, with what their holders' records are.
    fn naming(&self, id: &[u8; 32]) -> Vec<(DeviceId, visitbook_record::scope::Scope)> {
        let mut found = Vec::new();
        for stored in self.commits.values() {
            for payload in stored.payloads.iter().flatten() {
                if let Ok(Content::Attachment(file)) = payload.content()
                    && file.id == *id
                {
                    let commit =
                        visitbook_record::commit::Commit::from_bytes(&stored.entry.commit.bytes)
                            .unwrap();
                    found.push((commit.origin.device, commit.scope));
                }
            }
        }
        found
    }

    fn frames(&mut self, files: &mut Files, body: &[u8]) -> (usize, Vec<u8>) {
        let (plain, sealer) = self.ingest.open_request("attachments", body).unwrap();
        let up: FramesUp = decode(&plain).unwrap();
        let mut about = Vec::new();
        for frame in &up.frames {
            let id = if let Ok(list) = ListFrame::decode(frame) {
                if !self.naming(&list.id.0).is_empty() && !files.refuses {
                    files.held.entry(list.id.0).or_default().list = Some(list.list);
                }
                list.id
            } else {
                let chunk = ChunkFrame::decode(frame).unwrap();
                if let Some(held) = files.held.get_mut(&chunk.id.0) {
                    *held.came.entry(chunk.index).or_default() += 1;
                    if held.list.as_ref().unwrap().holds(chunk.index, chunk.bytes) {
                        held.chunks.insert(chunk.index, chunk.bytes.to_vec());
                    }
                }
                chunk.id
            };
            if !about.contains(&id.0) {
                about.push(id.0);
            }
        }
        let holdings = about
            .into_iter()
            .map(|id| {
                let held = files.held.get(&id);
                let list = held.and_then(|held| held.list.as_ref());
                let (Some(held), Some(list)) = (held, list) else {
                    return Holding {
                        id: id.into(),
                        named: !self.naming(&id).is_empty() && !files.refuses,
                        have: vec![].into(),
                        receipt: None,
                    };
                };
                let has =
                    |index| held.chunks.contains_key(&index) || files.lie == Some(Lie::NoReceipt);
                let whole = held.chunks.len() == list.count() as usize;
                Holding {
                    id: id.into(),
                    named: true,
                    have: bitmap(list.count(), has).into(),
                    receipt: whole
                        .then(|| self.file_receipt(files.lie, id, list.size()))
                        .filter(|_| files.lie != Some(Lie::NoReceipt)),
                }
            })
            .collect();
        let answer = encode(&FramesTaken {
            holdings,
            time: WallMillis(self.now),
        });
        (up.frames.len(), sealer.seal(&answer).unwrap())
    }

    fn file_receipt(&self, lie: Option<Lie>, mut id: [u8; 32], size: u64) -> Signed {
        if lie == Some(Lie::OtherFile) {
            id[0] ^= 1;
        }
        let bytes = encode(&AttachmentReceipt {
            label: AttachmentReceipt::LABEL.to_owned(),
            id: id.into(),
            size,
            epoch: 1,
            time: WallMillis(self.now),
        });
        let other = SigningKey::generate().unwrap();
        let key = if lie == Some(Lie::OtherKey) {
            &other
        } else {
            &self.receipts
        };
        Signed {
            signature: receipt::sign(key, &bytes).0.to_vec(),
            bytes,
        }
    }

    fn sees(&self, reader: WorkerId, id: &[u8; 32]) -> Option<DeviceId> {
        self.naming(id)
            .into_iter()
            .find(|(_, scope)| {
                scope
                    .child()
                    .is_some_and(|child| self.roles.contains_key(&(reader, child)))
            })
            .map(|(device, _)| device)
    }

    fn fetch(&mut self, files: &Files, body: &[u8]) -> Vec<u8> {
        let (plain, sealer) = self.ingest.open_request("fetch", body).unwrap();
        let signed: Signed = decode(&plain).unwrap();
        let request: Fetch = decode(&signed.bytes).unwrap();
        let (key, reader) = self.holder_of(request.device).unwrap();
        let signature = Signature(signed.signature.as_slice().try_into().unwrap());
        verify(Purpose::Request, &key, &signed.bytes, &signature).unwrap();
        let about = request
            .about
            .iter()
            .map(|id| {
                let Some(device) = self.sees(reader, id) else {
                    return Whereabouts::Unknown;
                };
                let held = files.held.get(&**id);
                let list = held.and_then(|held| held.list.as_ref());
                let have = held.map_or(0, |held| held.chunks.len());
                let total = list.map_or(0, |list| list.count());
                if total > 0 && have == total as usize {
                    let size = list.unwrap().size();
                    return Whereabouts::Here {
                        receipt: self.file_receipt(files.lie, **id, size),
                    };
                }
                let _ = device;
                Whereabouts::Expected {
                    from: "Rowan's phone".to_owned(),
                    heard: Some(WallMillis(self.now)),
                    have: have as u32,
                    total,
                }
            })
            .collect();
        let (mut list, mut chunks) = (None, Vec::new());
        if let Some((id, from)) = &request.from
            && self.sees(reader, id).is_some()
            && let Some(held) = files.held.get(&**id)
        {
            list = held.list.as_ref().map(ChunkList::encode);
            let at_a_time = files.at_a_time.max(1);
            chunks = held
                .chunks
                .range(from..)
                .take(at_a_time)
                .map(|(_, bytes)| bytes.clone())
                .collect();
            let other = files.held.iter().find(|(other, _)| **other != **id);
            match files.lie {
                Some(Lie::Reordered) => chunks.reverse(),
                Some(Lie::Foreign) => {
                    let foreign = other.unwrap().1.chunks.values();
                    chunks = foreign.take(at_a_time).cloned().collect();
                }
                Some(Lie::CutShort) => {
                    for chunk in &mut chunks {
                        chunk.pop();
                    }
                }
                Some(Lie::OtherList) => {
                    list = other.unwrap().1.list.as_ref().map(ChunkList::encode);
                }
                _ => {}
            }
        }
        let told = Fetched::Told {
            about,
            list: list.map(Into::into),
            chunks: chunks.into_iter().map(Into::into).collect(),
            time: WallMillis(self.now),
        };
        sealer.seal(&encode(&told)).unwrap()
    }
}
