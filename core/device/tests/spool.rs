//! What must be true of the spool: a frame that was acknowledged is there until its receipt, whatever happened.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use visitbook_device::spool::{SEGMENT_BYTES, Spool, SpoolError, Tag};
use visitbook_device::sync::store::{ParcelKey, SendClass};

const TAG: Tag = [0x77; 16];

fn key(number: u64) -> ParcelKey {
    ParcelKey {
        session: [7; 32],
        number,
    }
}

fn envelope(number: u64, length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| (i as u64).wrapping_mul(31).wrapping_add(number * 17) as u8)
        .collect()
}

fn only<const N: usize>(numbers: [u64; N]) -> BTreeSet<ParcelKey> {
    numbers.into_iter().map(key).collect()
}

fn contents(spool: &Spool) -> Vec<(u64, Vec<u8>)> {
    spool
        .frames()
        .map(|info| (info.key.number, spool.read(&info).unwrap()))
        .collect()
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths
}

/// Appends `count` frames of a million bytes after one small one, so that the small one lies in a full segment.
fn with_a_stuck_frame(directory: &Path) -> Spool {
    let mut spool = Spool::open(directory).unwrap();
    spool.append(key(0), TAG, SendClass::Now, b"stuck").unwrap();
    for number in 1..=5 {
        spool
            .append(
                key(number),
                TAG,
                SendClass::Now,
                &envelope(number, 1_000_000),
            )
            .unwrap();
    }
    spool
}

#[test]
fn what_was_appended_is_read_back_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let classes = [SendClass::Later, SendClass::Now, SendClass::Soon];
    {
        let mut spool = Spool::open(dir.path()).unwrap();
        for (number, class) in (0..).zip(classes) {
            spool
                .append(key(number), TAG, class, &envelope(number, 100))
                .unwrap();
        }
    }
    let spool = Spool::open(dir.path()).unwrap();
    let found: Vec<_> = spool.frames().map(|f| (f.key.number, f.class)).collect();
    assert_eq!(found, (0..).zip(classes).collect::<Vec<_>>());
    assert_eq!(contents(&spool)[1].1, envelope(1, 100));
    assert_eq!((spool.len(), spool.bytes()), (3, 300));
}

#[test]
fn an_append_changes_no_file_size_and_adds_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(dir.path()).unwrap();
    for number in 0..50 {
        spool
            .append(key(number), TAG, SendClass::Now, &envelope(number, 1000))
            .unwrap();
        let files = segments(dir.path());
        assert_eq!(files.len(), 1);
        assert_eq!(fs::metadata(&files[0]).unwrap().len(), SEGMENT_BYTES);
    }
}

/// A crash leaves any part of the last frame's bytes in front of zeros, or of what lay there before.
#[test]
fn a_last_frame_torn_anywhere_is_dropped_and_the_rest_stays() {
    let dir = tempfile::tempdir().unwrap();
    let start = {
        let mut spool = Spool::open(dir.path()).unwrap();
        spool
            .append(key(0), TAG, SendClass::Now, &envelope(0, 64))
            .unwrap();
        let info = spool
            .append(key(1), TAG, SendClass::Soon, &envelope(1, 40))
            .unwrap();
        usize::try_from(info.offset).unwrap()
    };
    let end = start + 104 + 40;
    let file = segments(dir.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    for filler in [0u8, 0xff] {
        for cut in start..end {
            let mut torn = whole.clone();
            torn[cut..end].fill(filler);
            if torn == whole {
                continue;
            }
            fs::write(&file, &torn).unwrap();
            let mut spool = Spool::open(dir.path()).unwrap();
            let found: Vec<_> = spool.frames().map(|f| f.key.number).collect();
            assert_eq!(found, [0], "cut at {cut}");
            spool
                .append(key(2), TAG, SendClass::Later, &envelope(2, 30))
                .unwrap();
            drop(spool);
            let spool = Spool::open(dir.path()).unwrap();
            assert_eq!(
                contents(&spool),
                [(0, envelope(0, 64)), (2, envelope(2, 30))]
            );
        }
    }
}

#[test]
fn a_file_cut_short_keeps_every_frame_before_the_cut() {
    let dir = tempfile::tempdir().unwrap();
    {
        let mut spool = Spool::open(dir.path()).unwrap();
        for number in 0..3 {
            spool
                .append(key(number), TAG, SendClass::Soon, &envelope(number, 8))
                .unwrap();
        }
    }
    let file = segments(dir.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    for cut in 0..=3 * 112 {
        let again = tempfile::tempdir().unwrap();
        fs::write(again.path().join(file.file_name().unwrap()), &whole[..cut]).unwrap();
        let mut spool = Spool::open(again.path()).unwrap();
        assert_eq!(spool.len(), cut / 112, "cut at {cut}");
        if cut % 31 == 0 {
            spool.append(key(9), TAG, SendClass::Now, b"after").unwrap();
            drop(spool);
            let spool = Spool::open(again.path()).unwrap();
            assert_eq!(contents(&spool).last().unwrap(), &(9, b"after".to_vec()));
            assert_eq!(spool.len(), cut / 112 + 1);
        }
    }
}

#[test]
fn every_flipped_bit_is_found_and_none_releases_a_frame() {
    let dir = tempfile::tempdir().unwrap();
    let start = {
        let mut spool = Spool::open(dir.path()).unwrap();
        spool
            .append(key(0), TAG, SendClass::Now, &envelope(0, 8))
            .unwrap();
        let info = spool
            .append(key(1), TAG, SendClass::Now, &envelope(1, 8))
            .unwrap();
        usize::try_from(info.offset).unwrap()
    };
    let file = segments(dir.path()).remove(0);
    // The scan reads as far as the file goes; a short one keeps this test quick.
    let whole = fs::read(&file).unwrap()[..start + 300].to_vec();
    for at in start..start + 112 {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            fs::write(&file, &flipped).unwrap();
            let spool = Spool::open(dir.path()).unwrap();
            let in_mark = (start + 88..start + 104).contains(&at);
            assert_eq!(spool.len(), 1 + usize::from(in_mark), "byte {at} bit {bit}");
            assert_eq!(contents(&spool)[0], (0, envelope(0, 8)));
        }
    }
}

#[test]
fn damage_after_opening_is_reported_and_not_returned() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(dir.path()).unwrap();
    let info = spool
        .append(key(0), TAG, SendClass::Now, &envelope(0, 100))
        .unwrap();
    let file = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    bytes[110] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert!(matches!(spool.read(&info), Err(SpoolError::Damaged)));
    assert_eq!(spool.release(&only([0])).unwrap(), 1);
    assert!(spool.is_empty());
}

#[test]
fn a_released_frame_stays_released_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(dir.path()).unwrap();
    for number in 0..4 {
        spool
            .append(key(number), TAG, SendClass::Now, &envelope(number, 50))
            .unwrap();
    }
    assert_eq!(spool.release(&only([1, 3, 77])).unwrap(), 2);
    drop(spool);
    let spool = Spool::open(dir.path()).unwrap();
    assert_eq!(
        contents(&spool),
        [(0, envelope(0, 50)), (2, envelope(2, 50))]
    );
}

#[test]
fn a_key_is_not_taken_twice_and_an_empty_envelope_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(dir.path()).unwrap();
    spool.append(key(0), TAG, SendClass::Now, b"first").unwrap();
    assert!(matches!(
        spool.append(key(0), TAG, SendClass::Now, b"second"),
        Err(SpoolError::KeyTaken)
    ));
    assert!(matches!(
        spool.append(key(1), TAG, SendClass::Now, b""),
        Err(SpoolError::TooLarge)
    ));
    assert_eq!(contents(&spool), [(0, b"first".to_vec())]);
}

#[test]
fn a_frame_larger_than_a_segment_has_its_own_and_gives_it_back() {
    let dir = tempfile::tempdir().unwrap();
    let large = usize::try_from(SEGMENT_BYTES).unwrap() + 5;
    let mut spool = Spool::open(dir.path()).unwrap();
    spool.append(key(0), TAG, SendClass::Now, b"small").unwrap();
    spool
        .append(key(1), TAG, SendClass::Later, &envelope(1, large))
        .unwrap();
    spool.append(key(2), TAG, SendClass::Now, b"after").unwrap();
    drop(spool);
    let mut spool = Spool::open(dir.path()).unwrap();
    assert_eq!(contents(&spool)[1].1, envelope(1, large));
    assert_eq!(segments(dir.path()).len(), 3);
    spool.release(&only([1])).unwrap();
    let sizes: Vec<_> = segments(dir.path())
        .iter()
        .map(|path| fs::metadata(path).unwrap().len())
        .collect();
    assert!(sizes.iter().all(|&size| size == SEGMENT_BYTES), "{sizes:?}");
    assert_eq!(
        contents(&spool),
        [(0, b"small".to_vec()), (2, b"after".to_vec())]
    );
}

#[test]
fn segments_are_reused_and_what_lay_in_them_never_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(dir.path()).unwrap();
    // All of one length, so that old frames lie exactly where a scan of the new ones would look.
    for number in 0..60 {
        spool
            .append(
                key(number),
                TAG,
                SendClass::Now,
                &envelope(number, 1_000_000),
            )
            .unwrap();
        spool.release(&only([number])).unwrap();
        assert!(segments(dir.path()).len() <= 2);
        if number % 7 == 0 {
            drop(spool);
            spool = Spool::open(dir.path()).unwrap();
            assert!(spool.is_empty());
        }
    }
}

#[test]
fn a_stuck_frame_is_copied_on_and_keeps_its_place_in_the_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = with_a_stuck_frame(dir.path());
    let before = spool.frames().next().unwrap();
    spool.release(&only([1, 2, 3, 4])).unwrap();
    let after = spool.frames().next().unwrap();
    assert_eq!(after.key, key(0));
    assert!(after.segment > before.segment);
    assert!(matches!(spool.read(&before), Err(SpoolError::Gone)));
    assert_eq!(spool.read(&after).unwrap(), b"stuck");
    drop(spool);
    let spool = Spool::open(dir.path()).unwrap();
    assert_eq!(
        contents(&spool),
        [(0, b"stuck".to_vec()), (5, envelope(5, 1_000_000))]
    );
}

/// The crash comes after the copy is durable and before the old segment is touched.
#[test]
fn a_crash_between_copy_and_reuse_shows_the_frame_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = with_a_stuck_frame(dir.path());
    let first = segments(dir.path()).remove(0);
    let old = fs::read(&first).unwrap();
    spool.release(&only([1, 2, 3, 4])).unwrap();
    drop(spool);
    fs::write(&first, &old).unwrap();
    let spool = Spool::open(dir.path()).unwrap();
    let stuck = contents(&spool).into_iter().filter(|(n, _)| *n == 0);
    assert_eq!(stuck.collect::<Vec<_>>(), [(0, b"stuck".to_vec())]);
}

/// Whatever keeps a new segment from being made, earlier frames stay readable and later appends work again.
#[test]
fn a_segment_that_cannot_be_made_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(dir.path()).unwrap();
    for number in 0..4 {
        spool
            .append(
                key(number),
                TAG,
                SendClass::Now,
                &envelope(number, 1_000_000),
            )
            .unwrap();
    }
    let obstacle = dir.path().join("half-made");
    fs::create_dir(&obstacle).unwrap();
    assert!(matches!(
        spool.append(key(4), TAG, SendClass::Now, &envelope(4, 1_000_000)),
        Err(SpoolError::Io(_))
    ));
    assert_eq!(spool.len(), 4);
    assert_eq!(contents(&spool)[3], (3, envelope(3, 1_000_000)));
    // A smaller one still fits behind the last frame.
    spool.append(key(5), TAG, SendClass::Now, b"fits").unwrap();
    fs::remove_dir(&obstacle).unwrap();
    spool
        .append(key(4), TAG, SendClass::Now, &envelope(4, 1_000_000))
        .unwrap();
    drop(spool);
    assert_eq!(Spool::open(dir.path()).unwrap().len(), 6);
}

#[test]
fn a_full_disk_is_told_apart_from_a_broken_one() {
    for (kind, full) in [
        (std::io::ErrorKind::StorageFull, true),
        (std::io::ErrorKind::QuotaExceeded, true),
        (std::io::ErrorKind::PermissionDenied, false),
    ] {
        let error = SpoolError::from(std::io::Error::from(kind));
        assert_eq!(matches!(error, SpoolError::Full), full);
    }
}

#[test]
fn a_half_made_segment_is_cleared_away_and_other_files_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("half-made"), [0; 100]).unwrap();
    fs::write(dir.path().join("segment-notes"), b"not ours").unwrap();
    assert!(Spool::open(dir.path()).unwrap().is_empty());
    assert_eq!(segments(dir.path()), [dir.path().join("segment-notes")]);
}

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Release(usize),
    ReleaseOldest(usize),
    Reopen,
    /// The process dies while writing: this much of a frame of that length reaches the disk.
    Torn(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1usize..3_000).prop_map(Step::Append),
        2 => (500_000usize..2_000_000).prop_map(Step::Append),
        1 => Just(Step::Append(4_200_000)),
        3 => (0usize..64).prop_map(Step::Release),
        3 => (1usize..8).prop_map(Step::ReleaseOldest),
        2 => Just(Step::Reopen),
        1 => (1usize..400, 1usize..400).prop_map(|(keep, length)| Step::Torn(keep, length)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn nothing_unreleased_is_ever_lost_and_order_is_kept(steps in prop::collection::vec(step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(dir.path()).unwrap();
        let mut model: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for (next, step) in (0..).zip(steps) {
            match step {
                Step::Append(length) => {
                    let bytes = envelope(next, length);
                    spool.append(key(next), TAG, SendClass::Later, &bytes).unwrap();
                    model.insert(next, bytes);
                }
                Step::Release(nth) => {
                    if let Some(number) = model.keys().nth(nth).copied() {
                        spool.release(&only([number])).unwrap();
                        model.remove(&number);
                    }
                }
                Step::ReleaseOldest(count) => {
                    let numbers: BTreeSet<u64> = model.keys().take(count).copied().collect();
                    spool.release(&numbers.iter().copied().map(key).collect()).unwrap();
                    model.retain(|number, _| !numbers.contains(number));
                }
                Step::Reopen => {
                    drop(spool);
                    spool = Spool::open(dir.path()).unwrap();
                }
                Step::Torn(keep, length) => {
                    let old: BTreeMap<PathBuf, Vec<u8>> = segments(dir.path())
                        .into_iter()
                        .map(|path| (path.clone(), fs::read(path).unwrap()))
                        .collect();
                    let info = spool.append(key(next), TAG, SendClass::Now, &envelope(next, length)).unwrap();
                    drop(spool);
                    let file = segments(dir.path()).pop().unwrap();
                    // A segment made or renamed for this frame was empty before.
                    let mut torn = old.get(&file).cloned().unwrap_or_else(|| vec![0; 4 << 20]);
                    let from = usize::try_from(info.offset).unwrap();
                    let last = from + 104 + length - 1;
                    let until = from + keep.min(104 + length - 1);
                    let written = fs::read(&file).unwrap();
                    torn[from..until].copy_from_slice(&written[from..until]);
                    // What lay there before may happen to be the frame's own last byte.
                    torn[last] = written[last] ^ 1;
                    fs::write(&file, torn).unwrap();
                    spool = Spool::open(dir.path()).unwrap();
                    prop_assert!(!spool.contains(&key(next)));
                }
            }
            let expected: Vec<_> = model.iter().map(|(number, bytes)| (*number, bytes.len())).collect();
            let found: Vec<_> = spool.frames().map(|f| (f.key.number, f.len as usize)).collect();
            prop_assert_eq!(found, expected);
        }
        drop(spool);
        let spool = Spool::open(dir.path()).unwrap();
        prop_assert_eq!(contents(&spool), model.into_iter().collect::<Vec<_>>());
    }
}
