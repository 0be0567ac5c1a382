//! How opening, lists, search and the first sync grow with the number of visits, beside the same in plain SQLite.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use visitbook_device::Device;

use super::memory;
use super::office::{Council, PIN, Phone, quick_folder};
use super::plain::Plain;
use super::table::{Budget, Table, median, ratio, time};
use super::words::{COMMON, RARE};

/// PouchDB 9.0.0 to express-pouchdb 4.2 over loopback, documents of 1.9 KB, on a quiet two-core machine in November 2026:
/// documents a second and bytes a document, up and down.
const PEER: [(f64, f64); 2] = [(2_078.0, 2_157.0), (1_746.0, 687.0)];

const OPEN: &str = "open to today's list";

/// What was measured at one size: names of lines, the device's figure and plain SQLite's, if there is one.
pub(crate) struct Point {
    pub(crate) visits: usize,
    pub(crate) lines: Vec<(&'static str, Duration, Duration)>,
}

/// Sends and receives at each size, the largest last. What would not end before `until`, by the pace of the size before, is left
/// out, and said to be.
pub(crate) fn measure(sizes: &[usize], until: Option<Instant>, table: &mut Table) -> Vec<Point> {
    let council = Council::new();
    let mut writer = Phone::enrol(&council, "W-1", quick_folder());
    writer.sync();
    let beside = tempfile::tempdir().unwrap();
    let mut plain = Plain::new(beside.path());
    let argon = argon2();
    table.note(
        "Argon2id at the least cost taken, in each opening below",
        time(argon),
        "",
    );
    let mut points: Vec<Point> = Vec::new();
    let mut each = Duration::ZERO;
    for size in sizes {
        let start = Instant::now();
        let fresh = size - writer.written();
        let needs = each * u32::try_from(fresh + size).unwrap_or(u32::MAX);
        if until.is_some_and(|until| start + needs > until) {
            let minutes = needs.as_secs().div_ceil(60);
            table.note(
                &format!("{size} visits"),
                "left out",
                format!("would take {minutes} minutes or more"),
            );
            break;
        }
        while writer.written() < *size {
            writer.visit();
            if writer.written().is_multiple_of(500) {
                writer.working().idle().unwrap();
            }
        }
        let wrote = start.elapsed();
        table.note(
            &format!("writing {fresh} visits, to {size}, in memory"),
            format!("{:.0} visits/s", fresh as f64 / wrote.as_secs_f64()),
            "",
        );
        plain.fill(*size);
        let up = first_sync_up(&mut writer, *size, fresh, table);
        let (mut reader, down) = first_sync_down(&council, &writer, *size, table);
        let mut point = read(&mut reader, &plain, *size, argon, table);
        point.lines.splice(
            0..0,
            [
                ("send a visit", up, Duration::ZERO),
                ("receive a visit", down, Duration::ZERO),
            ],
        );
        memory::measure(&mut reader, *size, table);
        points.push(point);
        each = start.elapsed() / u32::try_from(fresh + size).unwrap_or(1);
    }
    points
}

fn argon2() -> Duration {
    let params = Params::new(19 * 1024, 2, 1, Some(32)).unwrap();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut key = [0; 32];
    median(5, || {
        argon.hash_password_into(PIN, &[7; 16], &mut key).unwrap();
    })
}

fn rates(
    what: &str,
    documents: usize,
    took: Duration,
    bytes: (u64, u64),
    peer: (f64, f64),
    table: &mut Table,
    share: f64,
) {
    let rate = documents as f64 / took.as_secs_f64();
    let each = (bytes.0 + bytes.1) as f64 / documents as f64;
    table.row(
        what,
        format!("{rate:.0} visits/s"),
        format!("{:.2}× PouchDB", rate / peer.0),
        rate / peer.0,
        &Budget::Least(2.0, "× PouchDB"),
    );
    table.row(
        &format!("{what}, on the wire both ways"),
        format!("{each:.0} B a visit"),
        format!("{:.2}× PouchDB", each / peer.1),
        each / peer.1,
        &Budget::Most(share, "× PouchDB"),
    );
}

/// How long each visit took.
fn first_sync_up(writer: &mut Phone, size: usize, fresh: usize, table: &mut Table) -> Duration {
    writer.passed.take();
    let start = Instant::now();
    writer.sync();
    let took = start.elapsed();
    assert_eq!(writer.working().sealed_waiting(), 0);
    let what = format!("first sync up to {size} visits");
    rates(
        &what,
        fresh,
        took,
        writer.passed.take(),
        PEER[0],
        table,
        0.5,
    );
    took / u32::try_from(fresh).unwrap_or(1)
}

/// A colleague's new device on the day of the newest visit, and how long each visit took.
fn first_sync_down(
    council: &Council,
    writer: &Phone,
    size: usize,
    table: &mut Table,
) -> (Phone, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let calendar = writer.calendar.clone();
    let mut reader = Phone::enrol_on(council, "W-2", folder, calendar);
    reader.passed.take();
    let start = Instant::now();
    reader.sync();
    let took = start.elapsed();
    let what = format!("first sync down of {size} visits");
    rates(&what, size, took, reader.passed.take(), PEER[1], table, 1.0);
    reader.working().idle().unwrap();
    let last = newest_day(&mut reader);
    assert!(
        !reader
            .working()
            .today(Some(&last))
            .unwrap()
            .visits
            .is_empty()
    );
    (reader, took / u32::try_from(size).unwrap_or(1))
}

/// The day of the newest visit to the first child.
pub(crate) fn newest_day(reader: &mut Phone) -> String {
    let child = reader.child(0);
    reader.working().visits(child).unwrap()[0].date.clone()
}

/// Locks, and opens again as far as the day's list.
pub(crate) fn open_again(reader: &mut Phone, day: &str) -> Duration {
    drop(reader.working.take().unwrap().lock());
    let start = Instant::now();
    let locked = Device::open(
        &reader.store(),
        reader.hardware.clone(),
        reader.calendar.clone(),
    );
    let working = locked.unwrap().unlock(PIN).unwrap();
    let today = working.today(Some(day)).unwrap();
    let took = start.elapsed();
    assert!(!today.visits.is_empty());
    reader.working = Some(working);
    took
}

fn read(
    reader: &mut Phone,
    plain: &Plain,
    size: usize,
    argon: Duration,
    table: &mut Table,
) -> Point {
    let day = newest_day(reader);
    let child = reader.child(0);
    let mut opens: Vec<Duration> = (0..7).map(|_| open_again(reader, &day)).collect();
    opens.sort_unstable();
    let open = opens[3];
    let plain_open = median(7, || {
        plain.open();
    });
    let working = reader.working();
    let mut lines = vec![(OPEN, open, plain_open)];
    let mut line = |name, own: &mut dyn FnMut(), other: &dyn Fn()| {
        own();
        other();
        lines.push((name, median(21, own), median(21, other)));
    };
    line(
        "today's list",
        &mut || assert!(!working.today(Some(&day)).unwrap().visits.is_empty()),
        &|| plain.today(),
    );
    line(
        "one child's visits",
        &mut || assert!(!working.visits(child).unwrap().is_empty()),
        &|| plain.list(),
    );
    line(
        "search, a common word",
        &mut || assert!(!working.search(COMMON).unwrap().is_empty()),
        &|| plain.search(COMMON),
    );
    line(
        "search, a rare word",
        &mut || assert!(!working.search(RARE).unwrap().is_empty()),
        &|| plain.search(RARE),
    );
    for (name, own, other) in &lines {
        let times = ratio(*own, *other);
        let budget = match (*name, size) {
            (OPEN, 10_000) => Budget::Most(50.0, " ms"),
            ("one child's visits", 10_000) => Budget::Most(2.0, " ms"),
            (name, 10_000) if name.starts_with("search") => Budget::Most(2.0, "× plain"),
            _ => Budget::None,
        };
        // The budget of opening is for a key that is derived already.
        let apart = if *name == OPEN { argon } else { Duration::ZERO };
        let measured = match budget {
            Budget::Most(_, " ms") => own.saturating_sub(apart).as_secs_f64() * 1e3,
            _ => times,
        };
        table.row(
            &format!("{name}, {size} visits"),
            time(*own),
            format!("plain {} ({times:.1}×)", time(*other)),
            measured,
            &budget,
        );
    }
    Point {
        visits: size,
        lines,
    }
}
