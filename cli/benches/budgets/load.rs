//! How many commits a second the council takes: durable, judged and receipted, from real devices' signatures, with the load
//! made on the same cores.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use visitbook_device::sync::cancel::CancelHandle;
use visitbook_device::sync::exchange::Route;
use visitbook_device::sync::http::{HttpsTransport, Transport as _};
use visitbook_device::sync::store::SyncStore as _;
use visitbook_record::cbor::encode;
use visitbook_record::wire::Upload;

use super::limits::Limits;
use super::office::{Council, PATIENCE, Phone, quick_folder};
use super::table::{Budget, Table};

/// Devices that send at the same time.
const DEVICES: usize = 16;

struct Sender {
    line: HttpsTransport,
    requests: Vec<Vec<u8>>,
}

pub(crate) fn measure(each: usize, limits: &Limits, table: &mut Table) {
    for (together, least) in [(1, 2_500.0), (8, 5_000.0)] {
        let council = Council::new();
        let senders: Vec<Sender> = (0..DEVICES)
            .map(|number| prepare(&council, number, each, together))
            .collect();
        let commits: usize = DEVICES * each;
        let took = send(senders);
        let rate = commits as f64 / took.as_secs_f64();
        let checks = took.as_secs_f64() / (limits.verify.as_secs_f64() * commits as f64);
        table.row(
            &format!("council, commits a second at {together} a request"),
            format!("{rate:.0}"),
            format!("{checks:.1}× its signature checks alone"),
            rate,
            &Budget::Least(least, "/s"),
        );
    }
}

/// A device that wrote its notes; what lies in its spool is cut into requests.
fn prepare(council: &Council, number: usize, each: usize, together: usize) -> Sender {
    let mut phone = Phone::enrol(council, "W-1", quick_folder());
    phone.sync();
    let child = phone.child(number);
    let visit = phone.working().begin_visit(&[child]).unwrap()[0];
    for note in 1..each {
        let text = format!("Note {note}: Bird looked well and had eaten.");
        phone.working().note(visit, "saw", &text).unwrap();
    }
    let parcels = phone
        .working()
        .waiting(usize::MAX, &BTreeSet::new())
        .unwrap();
    assert_eq!(parcels.len(), each);
    let requests = parcels
        .chunks(together)
        .map(|some| {
            encode(&Upload {
                envelopes: some
                    .iter()
                    .map(|parcel| parcel.bytes.clone().into())
                    .collect(),
            })
        })
        .collect();
    Sender {
        line: phone.direct_line(council),
        requests,
    }
}

fn send(senders: Vec<Sender>) -> Duration {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for sender in senders {
            scope.spawn(move || {
                let cancel = CancelHandle::new();
                for request in &sender.requests {
                    let reply = sender
                        .line
                        .exchange(Route::Upload, request, PATIENCE, &cancel)
                        .unwrap();
                    assert_eq!(reply.status, 200);
                }
            });
        }
    });
    start.elapsed()
}
