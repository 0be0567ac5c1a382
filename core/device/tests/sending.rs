//! In which order what waits is sent, from one request to the next.
#![cfg(feature = "store")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{WREN, field, larkspurs, no_keys, visit_to_wren};
use visitbook_device::Working;
use visitbook_device::sync::store::{Parcel, ParcelKey, SendClass, SyncStore};

fn waiting(working: &mut Working) -> Vec<Parcel> {
    working.waiting(usize::MAX, &no_keys()).unwrap()
}

fn keys(parcels: &[Parcel]) -> Vec<ParcelKey> {
    parcels.iter().map(|parcel| parcel.key).collect()
}

#[test]
fn what_is_written_between_two_requests_goes_in_its_turn() {
    let (council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    working.note(visit, "saw", "An empty kitchen.").unwrap();
    let before = waiting(&mut working);
    assert!(before.len() > 2);
    working
        .concern(&[WREN], Some(visit), "manager_today", "No food.", None)
        .unwrap();
    let after = waiting(&mut working);
    let urgent = after
        .iter()
        .take_while(|parcel| parcel.class == SendClass::Now)
        .count();
    assert!(urgent > 0, "a concern goes before what was there first");
    let first = keys(&before);
    let still = keys(&after).into_iter().filter(|key| first.contains(key));
    assert_eq!(still.collect::<Vec<_>>(), first);

    // What has its receipt is out of the way, and the rest stays as it was.
    let sent = urgent + 1;
    let bytes = after[..sent].iter().map(|parcel| parcel.bytes.clone());
    let answer = council.lock().unwrap().upload(bytes.collect());
    let taken = working.take_upload_answer(&answer).unwrap();
    assert_eq!(taken.receipted as usize, sent);
    assert_eq!(keys(&waiting(&mut working)), keys(&after[sent..]));
}
