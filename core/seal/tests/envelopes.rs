//! Attacks on what travels: envelopes, replies and requests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use visitbook_seal::envelope::{
    EnvelopeKind, HEADER_LENGTH, Header, HeaderError, IngestKey, IngestKeys, OpenError, SealError,
    SealingSession, SendClass,
};
use visitbook_seal::reply::{open_reply, seal_reply};
use visitbook_seal::request::seal_request;
use visitbook_seal::secret::random;
use visitbook_seal::{MAX_PLAINTEXT, SUITE};

const CLASSES: [SendClass; 3] = [SendClass::Now, SendClass::Soon, SendClass::Later];

/// A council with two ingest keys, the second of which devices seal to.
fn council() -> (IngestKeys, visitbook_seal::envelope::IngestPublicKey) {
    let (old, new) = (
        IngestKey::generate().unwrap(),
        IngestKey::generate().unwrap(),
    );
    let to = new.public();
    (IngestKeys::from_iter([old, new]), to)
}

#[test]
fn an_envelope_opens_alone_and_in_any_order() {
    let (keys, to) = council();
    let session = SealingSession::start(&to).unwrap();
    let sealed: Vec<_> = CLASSES
        .iter()
        .zip([&b"one"[..], b"", b"three"])
        .map(|(c, p)| session.seal(*c, p).unwrap())
        .collect();
    for (at, expected) in [(2, &b"three"[..]), (0, b"one"), (1, b""), (0, b"one")] {
        let opened = keys.open(&sealed[at].bytes).unwrap();
        assert_eq!(opened.plaintext, expected);
        assert_eq!(opened.header.number, at as u64);
        assert_eq!(opened.header.class, CLASSES[at]);
        assert_eq!(opened.header.enc, sealed[at].enc);
    }
}

#[test]
fn the_class_is_read_without_any_key_and_the_bytes_show_no_plaintext() {
    let (_, to) = council();
    let session = SealingSession::start(&to).unwrap();
    let words = b"Reed stood in the doorway and would not come in";
    for class in CLASSES {
        let sealed = session.seal(class, words).unwrap();
        let header = Header::read(&sealed.bytes).unwrap();
        assert_eq!(
            (header.class, header.number, header.ingest_key),
            (class, sealed.number, to.id)
        );
        assert!(
            !sealed
                .bytes
                .windows(8)
                .any(|window| words.windows(8).any(|word| word == window))
        );
    }
}

#[test]
fn no_byte_of_an_envelope_can_be_changed_or_cut_off() {
    let (keys, to) = council();
    let session = SealingSession::start(&to).unwrap();
    let sealed = session.seal(SendClass::Now, b"a concern").unwrap().bytes;
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert!(keys.open(&changed).is_err(), "byte {at} bit {bit}");
        }
        assert!(keys.open(&sealed[..at]).is_err(), "cut to {at}");
    }
    let longer = [&sealed[..], &[0]].concat();
    assert_eq!(keys.open(&longer).err(), Some(OpenError::Damaged));
}

#[test]
fn the_same_words_never_seal_to_the_same_bytes() {
    let (_, to) = council();
    let one = SealingSession::start(&to).unwrap();
    let two = SealingSession::start(&to).unwrap();
    let a = one.seal(SendClass::Soon, b"same").unwrap();
    let b = one.seal(SendClass::Soon, b"same").unwrap();
    let c = two.seal(SendClass::Soon, b"same").unwrap();
    assert_ne!(a.bytes[HEADER_LENGTH..], b.bytes[HEADER_LENGTH..]);
    assert_ne!(a.bytes[HEADER_LENGTH..], c.bytes[HEADER_LENGTH..]);
    assert_ne!(
        a.enc, c.enc,
        "a restart is a new encapsulation, so numbers may begin again"
    );
    assert_eq!((a.number, b.number, c.number), (0, 1, 0));
}

#[test]
fn an_unknown_key_is_told_from_damage() {
    let (keys, to) = council();
    let stranger = IngestKey::generate().unwrap();
    let sealed = SealingSession::start(&stranger.public())
        .unwrap()
        .seal(SendClass::Soon, b"x")
        .unwrap();
    assert_eq!(
        keys.open(&sealed.bytes).err(),
        Some(OpenError::UnknownIngestKey(stranger.public().id))
    );
    // The id of a key that is here, over a body that is not for it.
    let mut relabelled = sealed.bytes;
    relabelled[3..11].copy_from_slice(&to.id);
    assert_eq!(keys.open(&relabelled).err(), Some(OpenError::Damaged));
}

#[test]
fn unknown_suites_kinds_and_classes_are_refused_by_name() {
    let (keys, to) = council();
    let sealed = SealingSession::start(&to)
        .unwrap()
        .seal(SendClass::Soon, b"x")
        .unwrap()
        .bytes;
    let with = |at: usize, value: u8| {
        let mut changed = sealed.clone();
        changed[at] = value;
        keys.open(&changed).err().unwrap()
    };
    assert_eq!(
        with(0, SUITE + 1),
        OpenError::Header(HeaderError::UnknownSuite(SUITE + 1))
    );
    assert_eq!(with(0, 0), OpenError::Header(HeaderError::UnknownSuite(0)));
    assert_eq!(with(1, 5), OpenError::Header(HeaderError::UnknownKind(5)));
    assert_eq!(with(1, 2), OpenError::OtherKind(EnvelopeKind::FamilyPost));
    assert_eq!(with(2, 4), OpenError::Header(HeaderError::UnknownClass(4)));
    assert_eq!(
        with(2, 1),
        OpenError::Damaged,
        "a raised class is not authentic"
    );
    assert_eq!(
        keys.open(&[]).err(),
        Some(OpenError::Header(HeaderError::TooShort))
    );
    assert_eq!(
        keys.open(&sealed[..HEADER_LENGTH + 15]).err(),
        Some(OpenError::Header(HeaderError::TooShort))
    );
}

#[test]
fn a_batch_of_one_session_needs_one_key_agreement_and_takes_no_other_session() {
    let (keys, to) = council();
    let (one, two) = (
        SealingSession::start(&to).unwrap(),
        SealingSession::start(&to).unwrap(),
    );
    let receiving = keys.open_session(one.enc(), one.ingest_key()).unwrap();
    for number in 0..20u64 {
        let sealed = one.seal(SendClass::Soon, &number.to_be_bytes()).unwrap();
        assert_eq!(
            receiving.open(&sealed.bytes).unwrap().plaintext,
            number.to_be_bytes()
        );
    }
    assert!(receiving.reply_secret().equals(&one.reply_secret()));
    assert!(!receiving.reply_secret().equals(&two.reply_secret()));
    assert_eq!(
        receiving
            .open(&two.seal(SendClass::Soon, b"x").unwrap().bytes)
            .err(),
        Some(OpenError::Damaged)
    );
    assert_eq!(
        keys.open_session(one.enc(), [0; 8]).err(),
        Some(OpenError::UnknownIngestKey([0; 8]))
    );
}

#[test]
fn too_much_is_refused_before_sealing() {
    let (keys, to) = council();
    let session = SealingSession::start(&to).unwrap();
    let most = vec![7; MAX_PLAINTEXT];
    let sealed = session.seal(SendClass::Later, &most).unwrap();
    assert!(keys.open(&sealed.bytes).unwrap().plaintext == most);
    assert_eq!(
        session.seal(SendClass::Later, &vec![7; MAX_PLAINTEXT + 1]),
        Err(SealError::TooLarge)
    );
}

#[test]
fn a_key_that_cannot_be_used_is_an_error_and_seals_nothing() {
    let bad = visitbook_seal::envelope::IngestPublicKey::from_key([0; 32]);
    assert_eq!(SealingSession::start(&bad).err(), Some(SealError::BadKey));
    assert_eq!(
        seal_request(&bad, "pull", b"x").err(),
        Some(SealError::BadKey)
    );
}

#[test]
fn a_reply_opens_for_its_own_session_only() {
    let (secret, other) = (random::<32>().unwrap(), random::<32>().unwrap());
    let reply = seal_reply(&secret, b"receipts").unwrap();
    assert_eq!(open_reply(&secret, &reply).unwrap(), b"receipts");
    assert!(open_reply(&other, &reply).is_err());
    assert_ne!(
        reply[..32],
        seal_reply(&secret, b"receipts").unwrap()[..32],
        "a fresh nonce each time"
    );
    for at in 0..reply.len() {
        let mut changed = reply.clone();
        changed[at] ^= 0x40;
        assert!(open_reply(&secret, &changed).is_err(), "byte {at}");
        assert!(open_reply(&secret, &reply[..at]).is_err(), "cut to {at}");
    }
}

#[test]
fn a_request_opens_on_its_own_route_only() {
    let (keys, to) = council();
    let (request, opener) = seal_request(&to, "pull", b"token").unwrap();
    for route in ["enrol", "pul", "pull/", "PULL", ""] {
        assert_eq!(
            keys.open_request(route, &request).err(),
            Some(OpenError::Damaged),
            "{route}"
        );
    }
    let (plaintext, sealer) = keys.open_request("pull", &request).unwrap();
    assert_eq!(plaintext, b"token");
    let reply = sealer.seal(b"page").unwrap();
    assert_eq!(opener.open(&reply).unwrap(), b"page");
    // The reply to another request does not open.
    let (second, second_opener) = seal_request(&to, "pull", b"token").unwrap();
    assert!(second_opener.open(&reply).is_err());
    let (_, second_sealer) = keys.open_request("pull", &second).unwrap();
    assert!(opener.open(&second_sealer.seal(b"page").unwrap()).is_err());
}

#[test]
fn no_byte_of_a_request_can_be_changed_or_cut_off() {
    let (keys, to) = council();
    let (request, _) = seal_request(&to, "enrol", b"secret").unwrap();
    for at in 0..request.len() {
        let mut changed = request.clone();
        changed[at] ^= 0x80;
        assert!(keys.open_request("enrol", &changed).is_err(), "byte {at}");
        assert!(
            keys.open_request("enrol", &request[..at]).is_err(),
            "cut to {at}"
        );
    }
    let stranger = IngestKey::generate().unwrap().public();
    let (request, _) = seal_request(&stranger, "enrol", b"secret").unwrap();
    assert_eq!(
        keys.open_request("enrol", &request).err(),
        Some(OpenError::UnknownIngestKey(stranger.id))
    );
}

#[test]
fn an_envelope_is_no_request_and_a_request_no_envelope() {
    let (keys, to) = council();
    let envelope = SealingSession::start(&to)
        .unwrap()
        .seal(SendClass::Now, b"x")
        .unwrap()
        .bytes;
    let (request, _) = seal_request(&to, "pull", b"x").unwrap();
    assert!(keys.open_request("pull", &envelope).is_err());
    assert!(keys.open(&request).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_sealed_opens_and_only_its_rough_size_shows(
        plaintext in proptest::collection::vec(any::<u8>(), 0..6000), class in 0usize..3,
    ) {
        let (keys, to) = council();
        let session = SealingSession::start(&to).unwrap();
        let sealed = session.seal(CLASSES[class], &plaintext).unwrap();
        prop_assert_eq!(keys.open(&sealed.bytes).unwrap().plaintext, plaintext);
        prop_assert_eq!((sealed.bytes.len() - HEADER_LENGTH - 16) % 64, 0);
    }

    #[test]
    fn arbitrary_bytes_never_open(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (keys, to) = council();
        prop_assert!(keys.open(&bytes).is_err());
        prop_assert!(keys.open_request("pull", &bytes).is_err());
        // With a readable header and a known key, too.
        let mut dressed = SealingSession::start(&to).unwrap().seal(SendClass::Now, b"").unwrap().bytes;
        dressed.truncate(HEADER_LENGTH);
        dressed.extend_from_slice(&bytes);
        prop_assert!(keys.open(&dressed).is_err());
    }
}
