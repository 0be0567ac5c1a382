//! Upload requests as files, for a system that sends while the app is not running: what is in them, and what becomes of them
//! whatever the system does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use common::*;
use visitbook_device::sync::exchange::HttpReply;
use visitbook_device::sync::outcome::Trouble;
use visitbook_device::sync::store::SyncStore;
use visitbook_device::{CutUpload, Device, SystemUploads, UploadEnd};
use visitbook_record::cbor::decode;
use visitbook_record::id::RecordId;
use visitbook_record::wire::{MEDIA_TYPE, Upload};

const ALL: usize = usize::MAX;

/// Rowan's phone, locked, with a visit and two notes that the council does not have.
fn at_work() -> (Mutex<Council>, Phone, RecordId) {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    for text in ["Wren made tea.", "Finch read to Pipit."] {
        working.note(visit, "saw", text).unwrap();
    }
    let _ = working.lock();
    (council, phone, visit)
}

/// The envelopes in a request, as the system would send it.
fn envelopes(upload: &CutUpload) -> Vec<Vec<u8>> {
    let body = std::fs::read(&upload.path).unwrap();
    assert_eq!(body.len() as u64, upload.bytes);
    let upload: Upload = decode(&body).unwrap();
    upload
        .envelopes
        .iter()
        .map(|envelope| envelope.to_vec())
        .collect()
}

fn answered(body: Vec<u8>) -> HttpReply {
    HttpReply {
        status: 200,
        media_type: Some(MEDIA_TYPE.into()),
        retry_after: None,
        body,
    }
}

/// The system sends one, and gets the council's answer.
fn sent(council: &Mutex<Council>, upload: &CutUpload) -> HttpReply {
    answered(council.lock().unwrap().upload(envelopes(upload)))
}

fn files(phone: &Phone) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(phone.path().join("uploads")) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn code(phone: &Phone, visit: RecordId) -> String {
    let working = phone.unlock();
    let statuses = working.statuses().unwrap();
    let status = statuses.into_iter().find(|line| line.record == visit);
    status.unwrap().status.code.to_owned()
}

#[test]
fn a_locked_phone_gives_the_system_what_waits_and_its_answer_counts_at_the_unlock() {
    let (council, phone, visit) = at_work();
    let mut locked = phone.open();
    let cut = locked.cut_uploads(ALL, 8).unwrap();
    assert_eq!(cut.len(), 1);
    assert_eq!(cut[0].envelopes as usize, locked.sealed_waiting());
    let reply = sent(&council, &cut[0]);
    let end = locked.take_upload(&cut[0].name, &reply).unwrap();
    assert_eq!((end.trouble, end.taken.kept_unopened), (None, 1));
    assert_eq!(locked.sealed_waiting(), 3, "no receipt is opened yet");
    assert_eq!(locked.cut_uploads(ALL, 8).unwrap(), [], "it was answered");
    assert_eq!(
        locked.take_upload(&cut[0].name, &reply).unwrap(),
        UploadEnd::default(),
        "an answer that comes twice"
    );
    drop(locked);
    assert_eq!(code(&phone, visit), "council_has_it");
    assert_eq!(files(&phone), Vec::<String>::new());
}

#[test]
fn an_open_book_takes_the_answer_at_once() {
    let (council, phone, visit) = at_work();
    let mut working = phone.unlock();
    let cut = working.cut_uploads(ALL, 8).unwrap();
    let reply = sent(&council, &cut[0]);
    let end = working.take_upload(&cut[0].name, &reply).unwrap();
    assert_eq!((end.trouble, end.taken.receipted), (None, 3));
    assert_eq!(files(&phone), Vec::<String>::new());
    drop(working);
    assert_eq!(code(&phone, visit), "council_has_it");
}

/// The request goes out under one state of the device, and its answer comes under another.
#[test]
fn the_answer_may_come_when_the_device_is_in_another_state() {
    let (council, phone, visit) = at_work();
    let cut = phone.unlock().cut_uploads(ALL, 8).unwrap();
    let reply = sent(&council, &cut[0]);
    let mut family = phone.unlock().enter_family(WREN, None).unwrap();
    let end = family.take_upload(&cut[0].name, &reply).unwrap();
    assert_eq!((end.trouble, end.taken.kept_unopened), (None, 1));
    drop(family);
    assert_eq!(code(&phone, visit), "council_has_it");
}

#[test]
fn a_phone_without_its_vault_gives_what_it_has() {
    let (council, phone, visit) = at_work();
    let vaults: Vec<_> = ["vault.a", "vault.b"]
        .map(|name| phone.path().join(name))
        .into_iter()
        .map(|path| (std::fs::read(&path).unwrap(), path))
        .collect();
    for (_, path) in &vaults {
        std::fs::remove_file(path).unwrap();
    }
    let mut outbox = Device::open_to_send(phone.path()).unwrap();
    let cut = outbox.cut_uploads(ALL, 8).unwrap();
    let reply = sent(&council, &cut[0]);
    assert_eq!(
        outbox
            .take_upload(&cut[0].name, &reply)
            .unwrap()
            .taken
            .kept_unopened,
        1
    );
    drop(outbox);
    for (bytes, path) in vaults {
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(code(&phone, visit), "council_has_it");
}

#[test]
fn what_the_system_lost_is_given_again_and_nothing_else_twice() {
    let (council, phone, _visit) = at_work();
    let mut working = phone.unlock();
    let first = working.cut_uploads(ALL, 8).unwrap();
    assert_eq!(working.cut_uploads(ALL, 8).unwrap(), first);
    let visit = visit_to_wren(&mut working);
    working.note(visit, "saw", "Written since.").unwrap();
    let both = working.cut_uploads(ALL, 8).unwrap();
    assert_eq!(both.len(), 2);
    assert!(both.contains(&first[0]));
    let all: Vec<Vec<u8>> = both.iter().flat_map(envelopes).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert_eq!(all.len(), working.sealed_waiting());
    // A sync was quicker: there is nothing left to give.
    sync(&council, &mut working);
    assert_eq!(working.cut_uploads(ALL, 8).unwrap(), []);
    assert_eq!(files(&phone), Vec::<String>::new());
    let late = working.take_upload(&first[0].name, &answered(vec![0x80]));
    assert_eq!(late.unwrap(), UploadEnd::default());
}

#[test]
fn what_answers_in_the_councils_place_ends_nothing() {
    let (council, phone, visit) = at_work();
    let mut locked = phone.open();
    let cut = locked.cut_uploads(ALL, 8).unwrap();
    let page = |status, media_type: &str, retry_after| HttpReply {
        status,
        media_type: Some(media_type.into()),
        retry_after,
        body: b"<html>Sign in".to_vec(),
    };
    for (reply, trouble) in [
        (page(200, "text/html", None), Trouble::SignInPage),
        (page(302, "text/html", None), Trouble::SignInPage),
        (page(503, "text/plain", Some(60)), Trouble::AskedToWait),
        (page(500, "text/html", None), Trouble::NotAnsweringProperly),
        (page(200, MEDIA_TYPE, None), Trouble::NotAnsweringProperly),
    ] {
        let end = locked.take_upload(&cut[0].name, &reply).unwrap();
        assert_eq!(end.trouble, Some(trouble));
        assert_eq!(locked.cut_uploads(ALL, 8).unwrap(), cut);
    }
    let reply = sent(&council, &cut[0]);
    assert_eq!(
        locked.take_upload(&cut[0].name, &reply).unwrap().trouble,
        None
    );
    drop(locked);
    assert_eq!(code(&phone, visit), "council_has_it");
}

/// Such a request would come back for ever as it is. What was in it goes into another, or with a sync.
#[test]
fn a_request_that_never_passes_is_not_given_again_as_it_is() {
    let (_council, phone, _visit) = at_work();
    let mut locked = phone.open();
    for status in [413, 421] {
        let cut = locked.cut_uploads(ALL, 8).unwrap();
        let reply = HttpReply {
            status,
            media_type: None,
            retry_after: None,
            body: Vec::new(),
        };
        let end = locked.take_upload(&cut[0].name, &reply).unwrap();
        assert_eq!(end.trouble, Some(Trouble::NotAnsweringProperly));
        assert_eq!(files(&phone), Vec::<String>::new());
    }
    assert_eq!(locked.sealed_waiting(), 3);
}

#[test]
fn an_urgent_word_goes_alone_and_first_and_no_request_is_larger_than_asked_for() {
    let (_council, phone, _visit) = at_work();
    let mut working = phone.unlock();
    let text = "Wren has not eaten since Friday. ".repeat(40);
    for _ in 0..6 {
        let visit = visit_to_wren(&mut working);
        working.note(visit, "saw", &text).unwrap();
    }
    working
        .concern(&[WREN], None, "manager_today", "No food, no heating.", None)
        .unwrap();
    let waiting = working.waiting(ALL, &no_keys()).unwrap();
    let urgent = waiting
        .iter()
        .filter(|parcel| parcel.class == waiting[0].class)
        .count();
    let most = 8 << 10;
    let cut = working.cut_uploads(most, 32).unwrap();
    assert_eq!(cut.len(), files(&phone).len() / 2);
    let mut sizes: Vec<u64> = cut.iter().map(|upload| upload.bytes).collect();
    sizes.sort_unstable();
    assert!(sizes.iter().all(|size| *size <= most as u64), "{sizes:?}");
    let first = &working.cut_uploads(most, 32).unwrap();
    assert_eq!(first.len(), cut.len());
    assert_eq!(envelopes(&cut[0]).len(), urgent, "the concern, and no more");
    assert_eq!(envelopes(&cut[0])[0], waiting[0].bytes);
    let total: usize = cut.iter().map(|upload| upload.envelopes as usize).sum();
    assert_eq!(total, waiting.len());
    assert_eq!(working.cut_uploads(most, 2).unwrap().len(), cut.len());
}

/// A crash between the two files of a request, and a disk that changed one: what is in it is given in another.
#[test]
fn a_request_cut_short_or_damaged_is_made_anew() {
    let (_council, phone, _visit) = at_work();
    let mut locked = phone.open();
    let cut = locked.cut_uploads(ALL, 8).unwrap();
    let keys = cut[0].path.with_extension("keys");
    std::fs::remove_file(&keys).unwrap();
    assert_eq!(locked.cut_uploads(ALL, 8).unwrap(), cut);
    std::fs::write(&keys, b"not a list").unwrap();
    assert_eq!(locked.cut_uploads(ALL, 8).unwrap(), cut);
    assert_eq!(envelopes(&cut[0]).len(), 3);
}

#[test]
fn a_name_from_outside_reaches_no_other_file() {
    let (council, phone, _visit) = at_work();
    let mut locked = phone.open();
    let cut = locked.cut_uploads(ALL, 8).unwrap();
    let reply = sent(&council, &cut[0]);
    std::fs::write(phone.path().join("council.body"), b"x").unwrap();
    for name in ["../council", "", "..", "/etc/passwd", "0\0"] {
        assert_eq!(
            locked.take_upload(name, &reply).unwrap(),
            UploadEnd::default()
        );
    }
    assert!(phone.path().join("council.body").exists());
    assert_eq!(locked.cut_uploads(ALL, 8).unwrap(), cut);
    assert!(!has_words(&phone.path().join("uploads")));
}

fn has_words(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(4).any(|part| part == b"Wren")
    })
}
