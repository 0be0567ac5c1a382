//! Encrypted files at the council: only what a statement names, resumed after every cut, and only for who may see the record.
#![cfg(feature = "service")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = true;

use support::*;
use visitbook_record::attachment::Attachment;
use visitbook_record::attachment::wire::{
    AttachmentReceipt, Fetch, Fetched, FramesTaken, Holding, Whereabouts, has,
};
use visitbook_record::cbor::decode;
use visitbook_record::id::{DeviceId, OpId};
use visitbook_record::op::{Kind, Policy};
use visitbook_record::payload::Content;
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::Denial;
use visitbook_seal::attachment::{self, CHUNK, CHUNK_OVERHEAD, ChunkFrame, ChunkList, ListFrame};
use visitbook_seal::secret::Secret32;
use visitbook_server::attachments::SealedLists;
use visitbook_server::attachments::give::give;
use visitbook_server::attachments::missing::missing;
use visitbook_server::attachments::take::{Frame, take};
use visitbook_server::store::{StorageExt, StoreError};

const SEALED: usize = CHUNK + CHUNK_OVERHEAD;

/// A sealed file.
struct File {
    list: ChunkList,
    sealed: Vec<u8>,
    key: [u8; 32],
}

impl File {
    fn new(seed: u8, length: usize) -> Self {
        let content: Vec<u8> = (0..length).map(|at| (at / 251) as u8 ^ seed).collect();
        let key = Secret32::from_slice(&[seed; 32]).unwrap();
        let (list, sealed) = attachment::seal(&key, 1, &content).unwrap();
        let key = [seed; 32];
        Self { list, sealed, key }
    }

    fn id(&self) -> [u8; 32] {
        self.list.id().0
    }

    fn chunk(&self, index: u32) -> &[u8] {
        let at = index as usize * SEALED;
        &self.sealed[at..self.sealed.len().min(at + SEALED)]
    }

    fn list_frame(&self) -> Vec<u8> {
        ListFrame::new(self.list.clone()).encode()
    }

    fn frame(&self, index: u32) -> Vec<u8> {
        ChunkFrame::new(&self.list, index, self.chunk(index))
            .unwrap()
            .encode()
    }

    /// The statement that names it.
    fn say(&self, element: &str) -> Say {
        Say(
            Kind::Attach,
            Policy::Ordinary,
            visitbook_record::attachment::target(element),
            vec![],
            Content::Attachment(Attachment {
                id: self.id(),
                key: self.key,
                media_type: "image/png".to_owned(),
                size: self.list.size(),
                what: "drawing".to_owned(),
            }),
        )
    }
}

fn send(council: &Council, frames: &[Vec<u8>]) -> FramesTaken {
    let frames: Vec<Frame> = frames
        .iter()
        .map(|bytes| Frame::read(bytes).unwrap())
        .collect();
    council.tx(|tx| take(tx, &council.suite, &SealedLists, NOW, &frames))
}

fn one(taken: &FramesTaken) -> Holding {
    assert_eq!(taken.holdings.len(), 1);
    taken.holdings[0].clone()
}

fn there(holding: &Holding, count: u32) -> Vec<u32> {
    (0..count).filter(|at| has(&holding.have, *at)).collect()
}

fn ask(phone: &mut Phone, file: &File, from: Option<u32>, budget: u32) -> Fetch {
    phone.counter += 1;
    Fetch {
        device: DeviceId([phone.key; 16]),
        incarnation: phone.life,
        counter: phone.counter,
        about: vec![file.id().into()],
        from: from.map(|from| (file.id().into(), from)),
        budget,
    }
}

fn told(council: &Council, request: &Fetch) -> (Vec<Whereabouts>, Option<Vec<u8>>, Vec<Vec<u8>>) {
    match council.tx(|tx| give(tx, &SealedLists, NOW, request)) {
        Fetched::Told {
            about,
            list,
            chunks,
            ..
        } => (
            about,
            list.map(Into::into),
            chunks.into_iter().map(Into::into).collect(),
        ),
        Fetched::Denied { denial, .. } => panic!("denied: {denial:?}"),
    }
}

/// Rowan's phone, with a file of three chunks named by a statement on Wren's visit.
fn named() -> (Council, Phone, File, OpId) {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let file = File::new(5, 2 * CHUNK + 9);
    let body = phone.save(WREN, 0x51, vec![file.say("a")]);
    let op = ops_of(&body)[0];
    let reply = council.upload(vec![body]);
    assert!(statement(&reply.statements[0]).received[0].verdicts[0].is_applied());
    (council, phone, file, op)
}

#[test]
fn words_come_first_and_bytes_that_nobody_names_are_not_kept() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let file = File::new(5, 100);
    let frames = [file.list_frame(), file.frame(0)];
    let holding = one(&send(&council, &frames));
    assert!(!holding.named && holding.have.is_empty() && holding.receipt.is_none());
    council.tx(|tx| {
        assert_eq!(tx.attachment(&file.id()).unwrap(), None);
        assert_eq!(tx.chunks_held(&file.id()).unwrap(), Vec::<u32>::new());
        Ok(())
    });
    council.upload(vec![phone.save(WREN, 0x51, vec![file.say("a")])]);
    let holding = one(&send(&council, &frames));
    assert!(holding.named && holding.receipt.is_some());
}

#[test]
fn a_file_is_receipted_when_every_chunk_is_there_and_never_before() {
    let (council, _, file, _) = named();
    // Before its list, nothing of it is kept.
    let early = one(&send(&council, &[file.frame(0)]));
    assert!(early.named && early.have.is_empty());
    assert!(there(&one(&send(&council, &[file.list_frame()])), 3).is_empty());
    // In any order, with gaps, and twice.
    for (frames, held) in [
        (vec![file.frame(2)], vec![2]),
        (vec![file.frame(0), file.frame(0)], vec![0, 2]),
        (vec![file.list_frame(), file.frame(2)], vec![0, 2]),
    ] {
        let holding = one(&send(&council, &frames));
        assert_eq!(there(&holding, 3), held);
        assert_eq!(holding.receipt, None);
    }
    let whole = one(&send(&council, &[file.frame(1)]));
    assert_eq!(there(&whole, 3), [0, 1, 2]);
    let receipt = whole.receipt.unwrap();
    let said: AttachmentReceipt = decode(&receipt.bytes).unwrap();
    assert_eq!(said.label, AttachmentReceipt::LABEL);
    assert_eq!(
        (*said.id, said.size, said.epoch, said.time),
        (file.id(), file.list.size(), 1, NOW)
    );
    assert_eq!(
        receipt.signature,
        test_signature(&[0xee; 32], &receipt.bytes)
    );
    // Asked again, whatever is sent along: the same word.
    for frames in [vec![file.list_frame()], vec![file.frame(0)]] {
        assert_eq!(one(&send(&council, &frames)).receipt, Some(receipt.clone()));
    }
}

#[test]
fn what_the_list_does_not_name_is_not_kept() {
    let (council, _, file, _) = named();
    let other = File::new(6, 2 * CHUNK + 9);
    send(&council, &[file.list_frame()]);
    // Another file's chunk, and another place's, each in a frame that says it is this one's.
    for bytes in [other.chunk(0), file.chunk(1)] {
        let forged = ChunkFrame {
            id: file.list.id(),
            index: 0,
            total: 3,
            hash: attachment::chunk_hash(bytes),
            bytes,
        };
        let holding = one(&send(&council, &[forged.encode()]));
        assert!(there(&holding, 3).is_empty());
    }
    // Bytes that are no frame at all.
    let good = file.frame(1);
    for bytes in [&good[..good.len() - 1], &good[1..], b"", &[0; 200]] {
        assert!(Frame::read(bytes).is_none());
    }
    // A list that is not the one that the name stands for does not read as a frame.
    let mut forged = file.list_frame();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert!(Frame::read(&forged).is_none());
}

/// The server is killed before a request is durable: nothing of it is there, and the device sends it again.
#[test]
fn a_kill_in_the_middle_of_a_request_leaves_nothing_of_it() {
    let (council, _, file, _) = named();
    send(&council, &[file.list_frame(), file.frame(0)]);
    let frames: Vec<Frame> = [1, 2]
        .map(|at| Frame::read(&file.frame(at)).unwrap())
        .into();
    let killed = council.store.write_with::<(), StoreError>(|tx| {
        let taken = take(tx, &council.suite, &SealedLists, NOW, &frames)?;
        assert!(one(&taken).receipt.is_some());
        Err(StoreError::Abandoned)
    });
    assert_eq!(killed, Err(StoreError::Abandoned));
    let holding = one(&send(&council, &[file.list_frame()]));
    assert_eq!((there(&holding, 3), holding.receipt), (vec![0], None));
    let rest = [file.frame(1), file.frame(2)];
    assert!(one(&send(&council, &rest)).receipt.is_some());
}

#[test]
fn those_who_see_the_record_get_the_file_and_nobody_else_learns_that_there_is_one() {
    let (council, mut rowan, file, _) = named();
    let (mut bryony, mut sage) = (council.device(2, BRYONY), council.device(3, SAGE));
    let stranger = File::new(9, 10);
    // Nothing has come: it is expected.
    let (about, list, chunks) = told(&council, &ask(&mut bryony, &file, Some(0), 1 << 20));
    assert!(matches!(
        &about[0],
        Whereabouts::Expected {
            have: 0,
            total: 0,
            ..
        }
    ));
    assert!(list.is_none() && chunks.is_empty());

    let frames = [file.list_frame(), file.frame(0), file.frame(1)];
    send(&council, &frames);
    let (about, ..) = told(&council, &ask(&mut bryony, &file, None, 1 << 20));
    assert!(matches!(
        &about[0],
        Whereabouts::Expected {
            have: 2,
            total: 3,
            ..
        }
    ));
    send(&council, &[file.frame(2)]);
    for phone in [&mut rowan, &mut bryony, &mut sage] {
        let (about, list, chunks) = told(&council, &ask(phone, &file, Some(0), 1 << 20));
        assert!(matches!(&about[0], Whereabouts::Here { .. }));
        assert_eq!(list.unwrap(), file.list.encode());
        assert_eq!(chunks.concat(), file.sealed);
    }
    // One chunk always comes, and the rest from where the device is.
    let (_, list, chunks) = told(&council, &ask(&mut bryony, &file, Some(1), 1));
    assert!(list.is_none());
    assert_eq!(chunks, [file.chunk(1).to_vec()]);
    let (_, _, chunks) = told(&council, &ask(&mut bryony, &file, Some(3), 1 << 20));
    assert!(chunks.is_empty());

    // A file that there is, of a child whom the asker does not hold, is answered as one that there is not.
    council.unassign(BRYONY, WREN);
    for which in [&file, &stranger] {
        let (about, list, chunks) = told(&council, &ask(&mut bryony, which, Some(0), 1 << 20));
        assert_eq!(about, [Whereabouts::Unknown]);
        assert!(list.is_none() && chunks.is_empty());
    }
    // A request that was used, and one by a device that was ended.
    let used = ask(&mut sage, &file, None, 1);
    told(&council, &used);
    let denial = |request: &Fetch| match council.tx(|tx| give(tx, &SealedLists, NOW, request)) {
        Fetched::Denied { denial, .. } => denial,
        Fetched::Told { .. } => panic!("answered"),
    };
    assert_eq!(denial(&used), Denial::Replayed);
    council.tx(|tx| {
        let mut device = tx.device(&DeviceId([3; 16]))?.unwrap();
        device.ended = true;
        tx.put_device(device)
    });
    assert_eq!(denial(&ask(&mut sage, &file, None, 1)), Denial::Ended);
    let mut nobody = ask(&mut sage, &file, None, 1);
    nobody.device = DeviceId([77; 16]);
    assert_eq!(denial(&nobody), Denial::NotEnrolled);
}

/// A statement that is set aside keeps its bytes too, for its author and for whoever decides about it.
#[test]
fn a_file_that_was_set_aside_is_taken_and_its_owner_sees_it() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let file = File::new(7, 50);
    // Rowan does not hold Robin.
    let body = rowan.save(ROBIN, 0x52, vec![file.say("a")]);
    let reply = council.upload(vec![body]);
    let verdict = statement(&reply.statements[0]).received[0].verdicts[0].clone();
    assert!(matches!(verdict, Verdict::Quarantined { owner, .. } if owner == SAGE));
    let frames = [file.list_frame(), file.frame(0)];
    assert!(one(&send(&council, &frames)).receipt.is_some());
    let (mut sage, mut bryony) = (council.device(3, SAGE), council.device(2, BRYONY));
    let whereabouts = |phone: &mut Phone| told(&council, &ask(phone, &file, None, 1)).0;
    assert!(matches!(
        whereabouts(&mut sage)[0],
        Whereabouts::Here { .. }
    ));
    assert_eq!(whereabouts(&mut bryony), [Whereabouts::Unknown]);
}

#[test]
fn bytes_that_do_not_come_have_a_device_and_an_owner() {
    let (council, mut rowan, file, _) = named();
    council.tx(|tx| {
        let mut device = tx.device(&DeviceId([1; 16]))?.unwrap();
        device.label = "Rowan's tablet".to_owned();
        device.last_heard = Some(WallMillis(7));
        tx.put_device(device)
    });
    send(&council, &[file.list_frame(), file.frame(2)]);
    // The same file on a second record: kept once, expected for both.
    council.upload(vec![rowan.save(WREN, 0x53, vec![file.say("b")])]);
    let expected = council
        .store
        .read_with(|tx| missing(tx, &SealedLists))
        .unwrap();
    assert_eq!(expected.len(), 2);
    for one in &expected {
        assert_eq!((one.owner, one.author), (SAGE, ROWAN));
        assert_eq!(one.label, "Rowan's tablet");
        assert_eq!((one.last_heard, one.since), (Some(WallMillis(7)), NOW));
        assert_eq!((one.have, one.total, one.size), (1, 3, file.list.size()));
    }
    send(&council, &[file.frame(0), file.frame(1)]);
    let expected = council
        .store
        .read_with(|tx| missing(tx, &SealedLists))
        .unwrap();
    assert!(expected.is_empty());
}

#[test]
fn a_lawful_removal_takes_key_and_bytes() {
    let (council, mut rowan, file, first) = named();
    let second = rowan.save(WREN, 0x53, vec![file.say("b")]);
    let second_op = ops_of(&second)[0];
    council.upload(vec![second]);
    let all = [
        file.list_frame(),
        file.frame(0),
        file.frame(1),
        file.frame(2),
    ];
    assert!(one(&send(&council, &all)).receipt.is_some());
    council.tx(|tx| tx.remove_payload(&first));
    // Another statement still names it.
    let (about, ..) = told(&council, &ask(&mut rowan, &file, None, 1));
    assert!(matches!(about[0], Whereabouts::Here { .. }));
    council.tx(|tx| tx.remove_payload(&second_op));
    let (about, list, chunks) = told(&council, &ask(&mut rowan, &file, Some(0), 1));
    assert_eq!(about, [Whereabouts::Unknown]);
    assert!(list.is_none() && chunks.is_empty());
    // And it is not taken again, from whatever device.
    assert!(!one(&send(&council, &all)).named);
    council.tx(|tx| {
        assert_eq!(tx.chunks_held(&file.id())?, Vec::<u32>::new());
        assert_eq!(tx.attachments_named()?, Vec::<[u8; 32]>::new());
        Ok(())
    });
}

/// As with pages: a back-up may have forgotten that a device was lost.
#[test]
fn a_restored_council_gives_no_file_before_its_lists_are_confirmed() {
    let (council, mut rowan, file, _) = named();
    send(&council, &[file.list_frame(), file.frame(0), file.frame(1)]);
    council.tx(|tx| tx.open_epoch(2));
    let request = ask(&mut rowan, &file, Some(0), 1 << 20);
    let given = council.tx(|tx| give(tx, &SealedLists, NOW, &request));
    assert!(matches!(
        given,
        Fetched::Denied {
            denial: Denial::NotConfirmed,
            ..
        }
    ));
    council.tx(|tx| tx.confirm(None));
    let request = ask(&mut rowan, &file, Some(0), 1 << 20);
    assert_eq!(told(&council, &request).2.len(), 2);
}
