//! Attacks on attachments (ST-13, ST-14), cuts in the middle of sealing and opening, and frames on their way up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use visitbook_seal::attachment::{
    self, AttachmentError, AttachmentId, CHUNK, CHUNK_OVERHEAD, ChunkFrame, ChunkList, ChunkOpener,
    ChunkSealer, FrameError, ListFrame, MAX_ATTACHMENT, SealAttachmentError, chunk_hash,
};
use visitbook_seal::envelope::{
    EnvelopeKind, Header, HeaderError, IngestKeys, OpenError, SendClass,
};
use visitbook_seal::secret::{Secret32, random};

const SEALED: usize = CHUNK + CHUNK_OVERHEAD;
const MEDIA: u16 = 0x0201;

fn key(seed: u8) -> Secret32 {
    Secret32::from_slice(&[seed; 32]).unwrap()
}

/// Every chunk differs from every other, also between two seeds.
fn content(seed: u8, length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at / 251) as u8 ^ (at % 251) as u8 ^ seed)
        .collect()
}

fn sealed(seed: u8, length: usize) -> (ChunkList, Vec<u8>) {
    attachment::seal(&key(seed), MEDIA, &content(seed, length)).unwrap()
}

#[test]
fn what_is_attached_comes_back_whatever_its_size() {
    for length in [
        0,
        1,
        31,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        2 * CHUNK,
        3 * CHUNK + 7,
    ] {
        let (list, bytes) = sealed(5, length);
        assert_eq!(bytes.len() as u64, list.sealed_size());
        assert_eq!((list.size(), list.media()), (length as u64, MEDIA));
        assert_eq!(list.count() as usize, length.div_ceil(CHUNK).max(1));
        let read = ChunkList::decode(&list.id(), &list.encode()).unwrap();
        let opened = attachment::open(&key(5), &read, &bytes).unwrap();
        assert!(opened == content(5, length), "{length}");
    }
}

#[test]
fn the_sealed_bytes_show_nothing_of_the_content() {
    let (_, bytes) = attachment::seal(&key(1), MEDIA, &[b'A'; 2 * CHUNK]).unwrap();
    assert!(!bytes.windows(4).any(|window| window == b"AAAA"));
    // Equal chunks in one file are not equal when sealed.
    assert_ne!(bytes[..SEALED], bytes[SEALED..]);
}

#[test]
fn the_limit_is_fifty_megabytes() {
    assert_eq!(MAX_ATTACHMENT, 50 * 1024 * 1024);
    assert!(ChunkSealer::start(&key(1), MEDIA, MAX_ATTACHMENT).is_ok());
    for size in [MAX_ATTACHMENT + 1, u64::MAX] {
        assert_eq!(
            ChunkSealer::start(&key(1), MEDIA, size).err(),
            Some(SealAttachmentError::TooLarge)
        );
    }
    let most = vec![0; MAX_ATTACHMENT as usize + 1];
    assert_eq!(
        attachment::seal(&key(1), MEDIA, &most).err(),
        Some(SealAttachmentError::TooLarge)
    );
    let (list, bytes) = attachment::seal(&key(1), MEDIA, &most[1..]).unwrap();
    assert_eq!(list.count(), 800);
    assert!(attachment::open(&key(1), &list, &bytes).unwrap() == most[1..]);
}

/// ST-13: truncated, in another order, spliced, with another's list: always damaged, and nothing comes out.
#[test]
fn a_file_that_was_touched_does_not_open() {
    let (list, bytes) = sealed(1, 3 * CHUNK + 100);
    let (other_list, other) = sealed(2, 3 * CHUNK + 100);
    // Of the same key, so that only the chunks' places and lists tell them apart.
    let (sibling_list, sibling) =
        attachment::seal(&key(1), MEDIA, &content(9, 3 * CHUNK + 100)).unwrap();
    let (longer_list, longer) = attachment::seal(&key(1), MEDIA, &content(1, 4 * CHUNK)).unwrap();
    let chunk = |from: &[u8], index: usize| {
        from[index * SEALED..from.len().min((index + 1) * SEALED)].to_vec()
    };
    let order =
        |places: &[usize]| -> Vec<u8> { places.iter().flat_map(|at| chunk(&bytes, *at)).collect() };
    let with = |place: usize, from: &[u8], at: usize| {
        let mut changed = bytes.clone();
        let piece = chunk(from, at);
        changed[place * SEALED..place * SEALED + piece.len()].copy_from_slice(&piece);
        changed
    };
    let cases = [
        ("nothing", Vec::new()),
        ("the last byte cut", bytes[..bytes.len() - 1].to_vec()),
        ("the last chunk cut", bytes[..3 * SEALED].to_vec()),
        ("cut to one chunk", bytes[..SEALED].to_vec()),
        ("the first chunk cut", bytes[SEALED..].to_vec()),
        ("a byte more", [&bytes[..], &[0]].concat()),
        ("a chunk more", [&bytes[..], &chunk(&bytes, 3)].concat()),
        ("two exchanged", order(&[1, 0, 2, 3])),
        ("one repeated", order(&[0, 0, 2, 3])),
        ("the last first", order(&[3, 0, 1, 2])),
        ("another file's chunk", with(1, &other, 1)),
        ("a sibling's chunk", with(1, &sibling, 1)),
        ("a sibling's last chunk", with(3, &sibling, 3)),
        ("a longer one's chunk", with(2, &longer, 2)),
        ("another file", other.clone()),
        ("a sibling", sibling.clone()),
    ];
    for (name, changed) in &cases {
        assert_eq!(
            attachment::open(&key(1), &list, changed).err(),
            Some(AttachmentError::Damaged),
            "{name}"
        );
    }
    for wrong in [&other_list, &sibling_list, &longer_list] {
        assert_eq!(
            attachment::open(&key(1), wrong, &bytes).err(),
            Some(AttachmentError::Damaged)
        );
        // Lists exchanged under the id that the operation names.
        assert_eq!(
            ChunkList::decode(&list.id(), &wrong.encode()).err(),
            Some(AttachmentError::Damaged)
        );
    }
    let step = 4093;
    for at in (0..bytes.len())
        .step_by(step)
        .chain([0, 15, 16, SEALED - 1, SEALED, bytes.len() - 1])
    {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert_eq!(
            attachment::open(&key(1), &list, &changed).err(),
            Some(AttachmentError::Damaged),
            "byte {at}"
        );
    }
    let encoded = list.encode();
    for at in 0..encoded.len() {
        let mut changed = encoded.clone();
        changed[at] ^= 1;
        for bad in [&changed[..], &encoded[..at]] {
            assert_eq!(
                ChunkList::decode(&list.id(), bad).err(),
                Some(AttachmentError::Damaged),
                "byte {at} of the list"
            );
        }
    }
}

/// Whoever could choose the id as well (it is signed, so nobody can) still cannot make the chunks say something else:
/// each is bound to the file's size and type, its place, and whether it is the last.
#[test]
fn a_forged_list_under_its_own_id_opens_nothing() {
    let (list, bytes) = sealed(1, 3 * CHUNK);
    let encoded = list.encode();
    let hash = |index: usize| encoded[16 + 32 * index..48 + 32 * index].to_vec();
    let forge = |size: u64, media: u16, places: &[usize]| {
        let mut forged = encoded[..16].to_vec();
        forged[2..4].copy_from_slice(&media.to_be_bytes());
        forged[8..16].copy_from_slice(&size.to_be_bytes());
        places.iter().for_each(|at| forged.extend(hash(*at)));
        // The id is the label's hash of the list: the attacker computes it as anybody can.
        let id = AttachmentId(visitbook_seal::sha256(
            &[&b"visitbook/1/attachment/id\0"[..], &forged].concat(),
        ));
        ChunkList::decode(&id, &forged).unwrap()
    };
    let pick = |places: &[usize]| -> Vec<u8> {
        places
            .iter()
            .flat_map(|at| bytes[at * SEALED..(at + 1) * SEALED].to_vec())
            .collect()
    };
    let chunk = CHUNK as u64;
    let cases: [(&str, u64, u16, &[usize]); 6] = [
        ("cut", 2 * chunk, MEDIA, &[0, 1]),
        ("cut to the last", chunk, MEDIA, &[2]),
        ("exchanged", 3 * chunk, MEDIA, &[1, 0, 2]),
        ("repeated", 3 * chunk, MEDIA, &[0, 0, 2]),
        ("longer", 4 * chunk, MEDIA, &[0, 1, 2, 2]),
        ("another type", 3 * chunk, MEDIA + 1, &[0, 1, 2]),
    ];
    for (name, size, media, places) in cases {
        let forged = forge(size, media, places);
        assert_eq!(
            attachment::open(&key(1), &forged, &pick(places)).err(),
            Some(AttachmentError::WrongKey),
            "{name}"
        );
    }
    let same = forge(3 * chunk, MEDIA, &[0, 1, 2]);
    assert_eq!(same, list);
    assert!(attachment::open(&key(1), &same, &bytes).is_ok());
}

#[test]
fn a_wrong_key_is_told_from_damage() {
    let (list, bytes) = sealed(1, CHUNK + 1);
    assert_eq!(
        attachment::open(&key(2), &list, &bytes).err(),
        Some(AttachmentError::WrongKey)
    );
    let mut damaged = bytes;
    damaged[SEALED + 3] ^= 1;
    let opener = ChunkOpener::new(&key(1), &list);
    assert!(opener.open(0, &damaged[..SEALED]).is_ok());
    assert_eq!(
        opener.open(1, &damaged[SEALED..]),
        Err(AttachmentError::Damaged)
    );
}

/// Killed after any chunk, with or without the last one stored: the same bytes, the same id.
#[test]
fn sealing_goes_on_after_a_cut() {
    let length = 3 * CHUNK + 9;
    let file = content(4, length);
    let (list, bytes) = sealed(4, length);
    for cut in 0..=4usize {
        let mut sealer = ChunkSealer::start(&key(4), MEDIA, length as u64).unwrap();
        let mut stored = Vec::new();
        let mut hashes = Vec::new();
        for at in 0..cut {
            let end = (at + 1) * CHUNK;
            let chunk = sealer.seal(&file[at * CHUNK..end.min(length)]).unwrap();
            assert_eq!(chunk.index as usize, at);
            assert_eq!(chunk.hash, chunk_hash(&chunk.bytes));
            stored.extend(chunk.bytes);
            hashes.push(chunk.hash);
        }
        assert_eq!(sealer.next_index() as usize, cut);
        assert_eq!(sealer.finish().is_ok(), cut == 4);
        let mut again = ChunkSealer::resume(&key(4), MEDIA, length as u64, hashes).unwrap();
        while let Some(next) = again.next_length() {
            let start = again.next_index() as usize * CHUNK;
            stored.extend(again.seal(&file[start..start + next]).unwrap().bytes);
        }
        assert!(stored == bytes, "cut after {cut}");
        let finished = again.finish().unwrap();
        assert_eq!(finished, list);
    }
    assert_eq!(
        ChunkSealer::resume(&key(4), MEDIA, length as u64, vec![[0; 32]; 5]).err(),
        Some(SealAttachmentError::NoFurtherChunk)
    );
}

/// If the file has changed when sealing goes on, no key encrypts two messages.
#[test]
fn other_content_in_the_same_place_gets_another_key() {
    let one = attachment::seal(&key(1), MEDIA, &[1; 100]).unwrap().1;
    let two = attachment::seal(&key(1), MEDIA, &[2; 100]).unwrap().1;
    assert_ne!(one[..16], two[..16], "salt");
    let difference: Vec<u8> = one[16..116]
        .iter()
        .zip(&two[16..116])
        .map(|(a, b)| a ^ b)
        .collect();
    assert!(difference.iter().any(|byte| *byte != 1 ^ 2));
}

#[test]
fn a_sealer_takes_exactly_the_announced_chunks() {
    let mut sealer = ChunkSealer::start(&key(1), MEDIA, CHUNK as u64 + 2).unwrap();
    for wrong in [0, 1, CHUNK - 1, CHUNK + 1] {
        assert_eq!(
            sealer.seal(&vec![0; wrong]),
            Err(SealAttachmentError::WrongLength { expected: CHUNK })
        );
    }
    sealer.seal(&vec![0; CHUNK]).unwrap();
    assert_eq!(
        sealer.seal(&[0; 3]),
        Err(SealAttachmentError::WrongLength { expected: 2 })
    );
    sealer.seal(&[0; 2]).unwrap();
    assert_eq!(sealer.seal(&[]), Err(SealAttachmentError::NoFurtherChunk));
    assert_eq!(sealer.next_length(), None);
    assert!(sealer.finish().is_ok());
}

#[test]
fn chunks_open_alone_and_in_any_order() {
    let length = 2 * CHUNK + 50;
    let (list, bytes) = sealed(3, length);
    let opener = ChunkOpener::new(&key(3), &list);
    let file = content(3, length);
    for index in [2u32, 0, 1, 2] {
        let range = list.range(index).unwrap();
        let chunk = &bytes[range.start as usize..range.end as usize];
        assert!(list.holds(index, chunk));
        let start = index as usize * CHUNK;
        assert!(opener.open(index, chunk).unwrap() == file[start..(start + CHUNK).min(length)]);
        for other in (0..4).filter(|other| *other != index) {
            assert_eq!(opener.open(other, chunk), Err(AttachmentError::Damaged));
            assert!(!list.holds(other, chunk));
        }
    }
    assert_eq!(list.range(3), None);
    assert_eq!(list.range(u32::MAX), None);
    assert!(!list.holds(u32::MAX, &[]));
}

#[test]
fn frames_wait_in_the_spool_behind_everything_else() {
    let (list, bytes) = sealed(6, CHUNK + 10);
    let range = list.range(1).unwrap();
    let last = &bytes[range.start as usize..];
    let frame = ChunkFrame::new(&list, 1, last).unwrap();
    let encoded = frame.encode();
    assert_eq!(ChunkFrame::decode(&encoded).unwrap(), frame);
    let header = Header::read(&encoded).unwrap();
    assert_eq!(
        (header.kind, header.class),
        (EnvelopeKind::Chunk, SendClass::Later)
    );
    assert_eq!((header.enc, header.number), (list.id().0, 1));
    let list_frame = ListFrame::new(list.clone());
    let list_encoded = list_frame.encode();
    assert_eq!(ListFrame::decode(&list_encoded).unwrap(), list_frame);
    let header = Header::read(&list_encoded).unwrap();
    assert_eq!(
        (header.kind, header.class),
        (EnvelopeKind::ChunkList, SendClass::Later)
    );
    // Its name in the spool is none of its chunks'.
    assert_eq!((header.enc, header.number), (list.id().0, 2));
    // Neither is taken for the other, nor for something sealed.
    assert_eq!(
        ChunkFrame::decode(&list_encoded),
        Err(FrameError::OtherKind(EnvelopeKind::ChunkList))
    );
    assert_eq!(
        ListFrame::decode(&encoded),
        Err(FrameError::OtherKind(EnvelopeKind::Chunk))
    );
    let none = IngestKeys::new();
    for (bytes, kind) in [
        (&encoded, EnvelopeKind::Chunk),
        (&list_encoded, EnvelopeKind::ChunkList),
    ] {
        assert_eq!(none.open(bytes).err(), Some(OpenError::OtherKind(kind)));
        assert_eq!(
            none.open_family_post(bytes).err(),
            Some(OpenError::OtherKind(kind))
        );
    }
    // No frame for bytes that are not the list's.
    assert!(ChunkFrame::new(&list, 0, last).is_none());
    assert!(ChunkFrame::new(&list, 2, last).is_none());
}

#[test]
fn frames_are_decoded_strictly() {
    let (list, bytes) = sealed(6, CHUNK + 10);
    let last = ChunkFrame::new(&list, 1, &bytes[SEALED..])
        .unwrap()
        .encode();
    for at in 0..last.len() {
        assert!(ChunkFrame::decode(&last[..at]).is_err(), "cut to {at}");
        let mut changed = last.clone();
        changed[at] ^= 1;
        let decoded = ChunkFrame::decode(&changed);
        match at {
            // The id and nothing else: whether it is this chunk's, the list says.
            11..43 => assert_ne!(decoded.unwrap().id, list.id()),
            _ => assert!(decoded.is_err(), "byte {at}"),
        }
    }
    let first = ChunkFrame::new(&list, 0, &bytes[..SEALED]).unwrap();
    let encode = |index: u32, total: u32, bytes: &[u8]| {
        let hash = chunk_hash(bytes);
        ChunkFrame {
            index,
            total,
            hash,
            bytes,
            ..first
        }
        .encode()
    };
    let full = vec![0; SEALED];
    let cases: [(u32, u32, &[u8], bool); 14] = [
        (0, 1, &full[..32], true),
        (0, 1, &full, true),
        (799, 800, &full, true),
        (1, 2, &full[..33], true),
        (0, 1, &full[..31], false),
        (1, 2, &full[..32], false),
        (0, 2, &full[..SEALED - 1], false),
        (0, 0, &full, false),
        (1, 1, &full, false),
        (2, 1, &full, false),
        (u32::MAX, 0, &full, false),
        (u32::MAX, u32::MAX, &full, false),
        (800, 801, &full, false),
        (0, 801, &full, false),
    ];
    for (index, total, bytes, good) in cases {
        let encoded = encode(index, total, bytes);
        match ChunkFrame::decode(&encoded) {
            Ok(_) => assert!(good, "{index} of {total}, {}", bytes.len()),
            Err(error) => {
                assert!(!good, "{index} of {total}, {}", bytes.len());
                assert_eq!(error, FrameError::Malformed);
            }
        }
    }
    let too_long = vec![0; SEALED + 1];
    assert!(ChunkFrame::decode(&encode(0, 1, &too_long)).is_err());
    // Fields of the header that a frame does not use have one value.
    let good = first.encode();
    for (at, value) in [(2, 1), (2, 2), (3, 1), (10, 1), (43, 1)] {
        let mut changed = good.clone();
        changed[at] = value;
        assert_eq!(
            ChunkFrame::decode(&changed),
            Err(FrameError::Malformed),
            "byte {at}"
        );
    }
    let mut damaged = good.clone();
    damaged[100] ^= 1;
    assert_eq!(ChunkFrame::decode(&damaged), Err(FrameError::Damaged));
    let mut suite = good;
    suite[0] = 9;
    assert_eq!(
        ChunkFrame::decode(&suite),
        Err(FrameError::Header(HeaderError::UnknownSuite(9)))
    );
    let list_frame = ListFrame::new(list).encode();
    for at in 0..list_frame.len() {
        let mut changed = list_frame.clone();
        changed[at] ^= 1;
        assert!(ListFrame::decode(&changed).is_err(), "byte {at}");
        assert!(ListFrame::decode(&list_frame[..at]).is_err(), "cut to {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_content_comes_back(length in 0usize..200_000, seed in any::<u8>(), media in any::<u16>()) {
        let key = random().unwrap();
        let file = content(seed, length);
        let (list, bytes) = attachment::seal(&key, media, &file).unwrap();
        prop_assert_eq!(list.media(), media);
        prop_assert!(attachment::open(&key, &list, &bytes).unwrap() == file);
        let (again, same) = attachment::seal(&key, media, &file).unwrap();
        prop_assert_eq!(again.id(), list.id());
        prop_assert!(same == bytes);
        let (elsewhere, _) = attachment::seal(&random().unwrap(), media, &file).unwrap();
        prop_assert_ne!(elsewhere.id(), list.id());
    }

    /// Any arrangement of a file's chunks but the right one is damaged.
    #[test]
    fn only_the_right_order_opens(places in proptest::collection::vec(0usize..4, 0..6)) {
        let (list, bytes) = sealed(8, 4 * CHUNK);
        let arranged: Vec<u8> = places.iter().flat_map(|at| bytes[at * SEALED..(at + 1) * SEALED].to_vec()).collect();
        let right = places == [0, 1, 2, 3];
        match attachment::open(&key(8), &list, &arranged) {
            Ok(_) => prop_assert!(right),
            Err(error) => {
                prop_assert!(!right);
                prop_assert_eq!(error, AttachmentError::Damaged);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_frame(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 3u8..5) {
        if let [suite, found, class, ..] = &mut bytes[..] {
            (*suite, *found, *class) = (1, kind, 3);
        }
        prop_assert!(ChunkFrame::decode(&bytes).is_err());
        prop_assert!(ListFrame::decode(&bytes).is_err());
    }
}
