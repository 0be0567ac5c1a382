//! Attacks on family mode: what a family, a thief or a carrier can do to what was handed in, and what shows of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::OnceLock;

use proptest::prelude::*;
use visitbook_seal::envelope::{
    EnvelopeKind, HEADER_LENGTH, Header, HeaderError, IngestKey, IngestKeys, IngestPublicKey,
    OpenError, SealingSession, SendClass,
};
use visitbook_seal::family::{
    Broken, DropPublicKey, End, FamilyChain, FamilyPoster, FamilySession, Fault, FirstKey,
    MAX_FAMILY_POST_BYTES, MAX_POST, MAX_POSTS, MAX_SESSION, PostError, open_family_post_with,
};
use visitbook_seal::hardware::SoftwareKeys;
use visitbook_seal::reply::{open_reply, seal_reply};
use visitbook_seal::secret::{Secret32, random};
use visitbook_seal::vault::{self, Params, VaultIds, VaultKeys};

/// One worker's vault for all tests: making one costs a PIN's worth of time.
fn worker() -> &'static VaultKeys {
    static KEYS: OnceLock<VaultKeys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let ids = VaultIds {
            vault: [1; 16],
            device: [2; 16],
            account: [3; 16],
        };
        let hw = SoftwareKeys::new();
        vault::create(&hw, b"482917", Params::fast_for_tests(), ids)
            .ok()
            .unwrap()
            .1
    })
}

struct Scene {
    council: IngestKeys,
    to: IngestPublicKey,
    first: FirstKey,
    poster: FamilyPoster,
}

fn scene() -> Scene {
    let (old, new) = (
        IngestKey::generate().unwrap(),
        IngestKey::generate().unwrap(),
    );
    let to = new.public();
    let (first, poster) = FamilySession::begin(&to, &worker().drop_public()).unwrap();
    Scene {
        council: IngestKeys::from_iter([old, new]),
        to,
        first,
        poster,
    }
}

impl Scene {
    fn posts(&mut self, count: usize) -> Vec<Vec<u8>> {
        (0..count)
            .map(|number| {
                self.poster
                    .post(format!("wish {number}").as_bytes())
                    .unwrap()
                    .bytes
            })
            .collect()
    }

    fn verify(&self, posts: &[Vec<u8>], count: Option<u64>) -> Result<End, Broken> {
        FamilyChain::verify(&self.first, posts.iter().map(Vec::as_slice), count)
    }
}

fn broken(index: u64, fault: Fault) -> Result<End, Broken> {
    Err(Broken { index, fault })
}

#[test]
fn council_and_worker_read_the_same_bytes_and_make_the_same_record() {
    let mut scene = scene();
    let contents: [&[u8]; 4] = [
        b"I do not want to go there on Sundays",
        b"",
        &[0x89, b'P', b'N', b'G', 0, 0x80, 0, 0],
        &[7; 100_000],
    ];
    let mut ids = Vec::new();
    for (index, content) in contents.into_iter().enumerate() {
        let post = scene.poster.post(content).unwrap();
        let council = scene.council.open_family_post(&post.bytes).ok().unwrap();
        let worker = open_family_post_with(worker().drop_key(), &post.bytes)
            .ok()
            .unwrap();
        for opened in [&council, &worker] {
            assert_eq!(opened.content, content);
            assert_eq!(opened.index, index as u64);
            assert_eq!(opened.session, scene.first.session());
        }
        assert_eq!(council.record_id, worker.record_id);
        assert_eq!(council.record_id[6] >> 4, 8, "UUID version");
        assert_eq!(council.record_id[8] >> 6, 2, "UUID variant");
        ids.push(council.record_id);
        // The device reads the reply to an upload that was made while its vault was closed.
        let reply = seal_reply(council.reply_secret(), b"receipt").unwrap();
        assert_eq!(
            open_reply(worker.reply_secret(), &reply).unwrap(),
            b"receipt"
        );
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), contents.len());
    assert_eq!(scene.poster.count(), 4);
}

#[test]
fn a_post_waits_in_the_spool_like_any_envelope_and_the_header_tells_kinds_apart() {
    let mut scene = scene();
    let (one, two) = (
        scene.poster.post(b"one").unwrap(),
        scene.poster.post(b"two").unwrap(),
    );
    let header = Header::read(&two.bytes).unwrap();
    assert_eq!(header.kind, EnvelopeKind::FamilyPost);
    assert_eq!(header.class, SendClass::Soon);
    assert_eq!(header.ingest_key, scene.to.id);
    assert_eq!((header.enc, header.number), (two.enc, two.index));
    assert_ne!(one.enc, two.enc, "each encapsulates singly");
    assert_eq!(
        scene.council.open(&two.bytes).err(),
        Some(OpenError::OtherKind(EnvelopeKind::FamilyPost))
    );
    let session = SealingSession::start(&scene.to).unwrap();
    let commit = session.seal(SendClass::Now, b"a commit").unwrap().bytes;
    assert_eq!(
        scene.council.open_family_post(&commit).err(),
        Some(OpenError::OtherKind(EnvelopeKind::Commit))
    );
    // A kind changed on the way makes neither into the other.
    for (mut bytes, kind) in [(two.bytes, 1), (commit, 2)] {
        bytes[1] = kind;
        assert!(scene.council.open(&bytes).is_err());
        assert!(scene.council.open_family_post(&bytes).is_err());
    }
}

/// SD-06: whoever has the device while it is handed over, or the bytes, or other workers' and councils' keys.
#[test]
fn nobody_else_opens_a_post() {
    let mut scene = scene();
    let words = b"Mum's friend shouts and I hide in the wardrobe";
    let post = scene.poster.post(words).unwrap().bytes;
    assert!(
        !post
            .windows(6)
            .any(|window| words.windows(6).any(|word| word == window))
    );
    let strangers = IngestKeys::from_iter([IngestKey::generate().unwrap()]);
    assert_eq!(
        strangers.open_family_post(&post).err(),
        Some(OpenError::UnknownIngestKey(scene.to.id))
    );
    let everything: [Secret32; 6] = [
        random().unwrap(),
        Secret32::from_slice(&scene.first.to_secret().expose()[16..]).unwrap(),
        Secret32::from_slice(&worker().drop_public().0).unwrap(),
        Secret32::from_slice(&scene.to.key).unwrap(),
        Secret32::from_slice(&post[11..43]).unwrap(),
        Secret32::from_slice(worker().attachment_key().expose()).unwrap(),
    ];
    for key in &everything {
        assert_eq!(
            open_family_post_with(key, &post).err(),
            Some(OpenError::Damaged)
        );
    }
    // The two wraps are for one reader each: the worker's key does not open the council's, put in his place.
    let mut swapped = post.clone();
    swapped[67..99].copy_from_slice(&post[11..43]);
    swapped[147..195].copy_from_slice(&post[99..147]);
    assert!(open_family_post_with(worker().drop_key(), &swapped).is_err());
}

#[test]
fn no_byte_of_a_post_can_be_changed_or_cut_off_unseen() {
    let mut scene = scene();
    let posts = scene.posts(3);
    for at in 0..posts[1].len() {
        let mut changed = posts.clone();
        changed[1][at] ^= 1 << (at % 8);
        let Err(Broken { index: 1, fault }) = scene.verify(&changed, Some(3)) else {
            panic!("byte {at} changed unseen");
        };
        match at {
            // Another index: the true place is empty.
            43..51 => assert_eq!(
                fault,
                if changed[1][50] == 0 {
                    Fault::Edited
                } else {
                    Fault::Missing
                }
            ),
            51..67 => assert_eq!(fault, Fault::OtherSession, "byte {at}"),
            0..3 => assert!(matches!(fault, Fault::NotAPost | Fault::Edited)),
            _ => assert_eq!(fault, Fault::Edited, "byte {at}"),
        }
        // Whoever still opens it reads the true words.
        let readings = [
            scene.council.open_family_post(&changed[1]),
            open_family_post_with(worker().drop_key(), &changed[1]),
        ];
        for opened in readings.into_iter().flatten() {
            assert_eq!(opened.content, b"wish 1", "byte {at}");
        }
        let mut cut = posts.clone();
        cut[1].truncate(at);
        assert!(scene.verify(&cut, Some(3)).is_err(), "cut to {at}");
        assert!(scene.council.open_family_post(&cut[1]).is_err());
    }
    let mut longer = posts.clone();
    longer[1].push(0);
    assert_eq!(scene.verify(&longer, Some(3)), broken(1, Fault::Edited));
    assert_eq!(scene.verify(&posts, Some(3)), Ok(End::Confirmed));
}

/// Damage to one reader's wrap does not cost the other the words.
#[test]
fn each_reader_has_a_way_of_his_own() {
    let mut scene = scene();
    let post = scene.posts(1).remove(0);
    let flipped = |at: usize| {
        let mut post = post.clone();
        post[at] ^= 1;
        post
    };
    for (at, council, drop) in [(100, false, true), (70, true, false), (150, true, false)] {
        let post = flipped(at);
        assert_eq!(scene.council.open_family_post(&post).is_ok(), council);
        assert_eq!(
            open_family_post_with(worker().drop_key(), &post).is_ok(),
            drop
        );
    }
}

/// SD-03.
#[test]
fn the_chain_names_the_first_place_that_was_touched() {
    let mut one = scene();
    let posts = one.posts(5);
    let mut two = scene();
    let others = two.posts(5);
    let at =
        |places: &[usize]| -> Vec<Vec<u8>> { places.iter().map(|at| posts[*at].clone()).collect() };
    let with = |place: usize, post: &[u8]| {
        let mut changed = posts.clone();
        changed.insert(place, post.to_vec());
        changed
    };
    let instead = |place: usize, post: &[u8]| {
        let mut changed = posts.clone();
        changed[place] = post.to_vec();
        changed
    };
    let mut renumbered = posts[3].clone();
    renumbered[HEADER_LENGTH - 1] = 2;
    let mut adopted = others[2].clone();
    adopted[51..67].copy_from_slice(&one.first.session());

    let cases = [
        ("whole", posts.clone(), Ok(End::Confirmed)),
        (
            "first removed",
            at(&[1, 2, 3, 4]),
            broken(0, Fault::Missing),
        ),
        (
            "middle removed",
            at(&[0, 1, 3, 4]),
            broken(2, Fault::Missing),
        ),
        ("two removed", at(&[0, 3, 4]), broken(1, Fault::Missing)),
        (
            "neighbours exchanged",
            at(&[0, 2, 1, 3, 4]),
            broken(1, Fault::OutOfOrder),
        ),
        (
            "last first",
            at(&[4, 0, 1, 2, 3]),
            broken(0, Fault::OutOfOrder),
        ),
        (
            "backwards",
            at(&[4, 3, 2, 1, 0]),
            broken(0, Fault::OutOfOrder),
        ),
        (
            "repeated at once",
            at(&[0, 1, 1, 2, 3, 4]),
            broken(2, Fault::Duplicate),
        ),
        (
            "repeated at the end",
            at(&[0, 1, 2, 3, 4, 0]),
            broken(5, Fault::Duplicate),
        ),
        (
            "another session's put in",
            with(2, &others[2]),
            broken(2, Fault::OtherSession),
        ),
        (
            "another session's appended",
            with(5, &others[0]),
            broken(5, Fault::OtherSession),
        ),
        (
            "another session's instead",
            instead(3, &others[3]),
            broken(3, Fault::OtherSession),
        ),
        (
            "another session's, renamed",
            instead(2, &adopted),
            broken(2, Fault::Edited),
        ),
        (
            "another session's, renamed and put in",
            with(3, &adopted),
            broken(3, Fault::Edited),
        ),
        (
            "a later one renumbered",
            instead(2, &renumbered),
            broken(2, Fault::Edited),
        ),
        (
            "something else",
            with(1, b"not a post"),
            broken(1, Fault::NotAPost),
        ),
        ("nothing", with(4, b""), broken(4, Fault::NotAPost)),
    ];
    for (name, list, expected) in cases {
        assert_eq!(one.verify(&list, Some(5)), expected, "{name}");
        if expected.is_err() {
            assert_eq!(one.verify(&list, None), expected, "{name}, without a count");
        }
    }
    // A forged copy of a place before the true one does not make the true one look misplaced.
    let mut forged = posts[1].clone();
    forged[200] ^= 1;
    assert_eq!(
        one.verify(&with(1, &forged), Some(5)),
        broken(1, Fault::Edited)
    );
    // Nor does a forged one that comes later make a removal look like a reorder.
    let mut removed = at(&[0, 2, 3, 4]);
    removed.push(forged);
    assert_eq!(one.verify(&removed, Some(5)), broken(1, Fault::Missing));
    // The right posts under the wrong first key.
    let other = FamilyChain::verify(&two.first, posts.iter().map(Vec::as_slice), Some(5));
    assert_eq!(other, broken(0, Fault::OtherSession));
}

/// SD-05.
#[test]
fn a_cut_end_shows_only_by_the_count() {
    let mut scene = scene();
    let posts = scene.posts(4);
    for found in 0..=4u64 {
        let kept = &posts[..found as usize];
        assert_eq!(scene.verify(kept, None), Ok(End::NotConfirmed { found }));
        for counted in 0..=5 {
            let expected = if counted == found {
                End::Confirmed
            } else {
                End::CountMismatch { counted, found }
            };
            assert_eq!(scene.verify(kept, Some(counted)), Ok(expected));
        }
    }
}

/// Whoever takes over the running device after a post can go on posting, and change nothing before.
#[test]
fn a_taken_device_cannot_replace_what_was_handed_in_before() {
    let mut scene = scene();
    let mut posts = scene.posts(2);
    let forged = scene.poster.post(b"forged").unwrap().bytes;
    for place in 0..2 {
        let mut replaced = posts.clone();
        let mut renumbered = forged.clone();
        renumbered[HEADER_LENGTH - 8..HEADER_LENGTH].copy_from_slice(&(place as u64).to_be_bytes());
        replaced[place] = renumbered;
        assert_eq!(
            scene.verify(&replaced, Some(2)),
            broken(place as u64, Fault::Edited)
        );
    }
    posts.push(forged);
    assert_eq!(scene.verify(&posts, Some(3)), Ok(End::Confirmed));
}

#[test]
fn the_first_key_survives_storage_and_is_all_that_verifying_takes() {
    let mut scene = scene();
    let posts = scene.posts(3);
    let stored = scene.first.to_secret();
    let again = FirstKey::from_secret(&stored);
    assert_eq!(again.session(), scene.poster.session());
    let end = FamilyChain::verify(&again, posts.iter().map(Vec::as_slice), Some(3));
    assert_eq!(end, Ok(End::Confirmed));
    let mut wrong = *stored.expose();
    wrong[47] ^= 1;
    let wrong = FirstKey::from_secret(&visitbook_seal::secret::Secret::from_slice(&wrong).unwrap());
    let end = FamilyChain::verify(&wrong, posts.iter().map(Vec::as_slice), Some(3));
    assert_eq!(end, broken(0, Fault::Edited));
}

/// SD-07. The two hours are the caller's, who has a clock: it drops the poster.
#[test]
fn limits_refuse_one_post_and_leave_the_others_intact() {
    let mut scene = scene();
    let mut posts = scene.posts(2);
    let too_large = vec![1; MAX_POST + 1];
    assert_eq!(scene.poster.post(&too_large), Err(PostError::PostTooLarge));
    assert_eq!(
        scene.poster.post(&vec![1; 6 * 1024 * 1024]),
        Err(PostError::PostTooLarge)
    );
    assert_eq!(scene.poster.count(), 2, "a refusal takes no place");
    while posts.len() < MAX_POSTS as usize {
        posts.push(scene.poster.post(b"x").unwrap().bytes);
    }
    assert_eq!(scene.poster.post(b"x"), Err(PostError::TooManyPosts));
    assert_eq!(scene.poster.post(b""), Err(PostError::TooManyPosts));
    assert_eq!(scene.verify(&posts, Some(MAX_POSTS)), Ok(End::Confirmed));
}

#[test]
fn a_full_session_still_takes_what_fits() {
    let mut scene = scene();
    // Random, so that compression cannot shrink it.
    let mut state = 1u64;
    let content: Vec<u8> = (0..MAX_POST)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    let mut posts = vec![scene.poster.post(&content).unwrap().bytes];
    assert!(posts[0].len() <= MAX_FAMILY_POST_BYTES);
    let opened = scene.council.open_family_post(&posts[0]).ok().unwrap();
    assert!(opened.content == content, "not the exact bytes");
    for _ in 1..4 {
        posts.push(scene.poster.post(&vec![0; MAX_POST]).unwrap().bytes);
    }
    posts.push(scene.poster.post(&vec![0; MAX_POST - 3]).unwrap().bytes);
    assert_eq!(MAX_SESSION, 5 * MAX_POST);
    assert_eq!(scene.poster.post(b"four"), Err(PostError::SessionFull));
    posts.push(scene.poster.post(b"yes").unwrap().bytes);
    assert_eq!(scene.poster.post(b"1"), Err(PostError::SessionFull));
    posts.push(scene.poster.post(b"").unwrap().bytes);
    assert_eq!(scene.verify(&posts, Some(7)), Ok(End::Confirmed));
}

/// SD-09: no usable key, no family mode; and nothing is made in a weaker way. (No randomness cannot be brought about
/// from here; it is the same path.)
#[test]
fn an_unusable_key_is_found_before_the_device_is_handed_over() {
    let good = IngestKey::generate().unwrap().public();
    let bad = IngestPublicKey::from_key([0; 32]);
    assert_eq!(
        FamilySession::begin(&bad, &worker().drop_public()).err(),
        Some(PostError::BadIngestKey)
    );
    assert_eq!(
        FamilySession::begin(&good, &DropPublicKey([0; 32])).err(),
        Some(PostError::BadDropKey)
    );
}

#[test]
fn sizes_are_hidden_in_steps() {
    let mut scene = scene();
    let lengths: Vec<usize> = [&b"yes"[..], b"no", b"I want to stay with Gran"]
        .iter()
        .map(|words| scene.poster.post(words).unwrap().bytes.len())
        .collect();
    assert_eq!(lengths[0], lengths[1]);
    assert_eq!(lengths[0], lengths[2]);
}

#[test]
fn readers_of_headers_refuse_what_is_too_short() {
    let mut scene = scene();
    let post = scene.posts(1).remove(0);
    for length in 0..227 {
        let cut = &post[..length];
        let expected = OpenError::Header(HeaderError::TooShort);
        assert_eq!(scene.council.open_family_post(cut).err(), Some(expected));
        assert_eq!(
            open_family_post_with(worker().drop_key(), cut).err(),
            Some(expected)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_handed_in_is_read_back(contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..3000), 0..6)) {
        let mut scene = scene();
        let posts: Vec<Vec<u8>> = contents.iter().map(|content| scene.poster.post(content).unwrap().bytes).collect();
        prop_assert_eq!(scene.verify(&posts, Some(contents.len() as u64)), Ok(End::Confirmed));
        for (post, content) in posts.iter().zip(&contents) {
            prop_assert_eq!(&scene.council.open_family_post(post).ok().unwrap().content, content);
            prop_assert_eq!(&open_family_post_with(worker().drop_key(), post).ok().unwrap().content, content);
        }
    }

    /// Any list made of a session's posts, other than its beginning in order, is refused at its first difference.
    #[test]
    fn only_the_beginning_in_order_verifies(places in proptest::collection::vec(0usize..5, 0..7)) {
        let mut scene = scene();
        let posts = scene.posts(5);
        let list: Vec<Vec<u8>> = places.iter().map(|at| posts[*at].clone()).collect();
        let good = places.iter().enumerate().take_while(|(place, at)| place == *at).count();
        match scene.verify(&list, None) {
            Ok(End::NotConfirmed { found }) => {
                prop_assert_eq!(good, places.len());
                prop_assert_eq!(found, good as u64);
            }
            Err(Broken { index, .. }) => {
                prop_assert!(good < places.len());
                prop_assert_eq!(index, good as u64);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let scene = scene();
        let mut bytes = bytes;
        if let [suite, kind, class, ..] = &mut bytes[..] {
            (*suite, *kind, *class) = (1, 2, 2);
        }
        prop_assert!(scene.council.open_family_post(&bytes).is_err());
        prop_assert!(open_family_post_with(worker().drop_key(), &bytes).is_err());
        prop_assert!(FamilyChain::verify(&scene.first, [&bytes[..]], None).is_err());
    }
}
