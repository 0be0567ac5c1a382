//! What small things cost on the line: bytes of TLS both ways through a relay that counts, on a connection that is open.

use std::time::Instant;

use visitbook_record::op::Target;

use super::office::{Council, Phone};
use super::table::{Budget, Table, time};
use super::words::note;

pub(crate) fn measure(conflicts: usize, table: &mut Table) {
    let council = Council::new();
    let mut rowan = Phone::enrol(&council, "W-1", tempfile::tempdir().unwrap());
    let mut bryony = Phone::enrol(&council, "W-2", tempfile::tempdir().unwrap());
    rowan.sync();
    bryony.sync();
    nothing(&mut rowan, table);
    small_edit(&mut rowan, table);
    benchmark_visit(&mut rowan, table);
    two_answers(&mut rowan, &mut bryony, conflicts, table);
}

fn both((up, down): (u64, u64)) -> f64 {
    (up + down) as f64
}

fn nothing(phone: &mut Phone, table: &mut Table) {
    phone.sync();
    phone.passed.take();
    let start = Instant::now();
    phone.sync();
    let took = start.elapsed();
    let bytes = both(phone.passed.take());
    table.row(
        "nothing to do",
        format!("{bytes:.0} B"),
        format!("{}; PouchDB 2,566 B", time(took)),
        bytes,
        &Budget::Most(400.0, " B"),
    );
}

fn small_edit(phone: &mut Phone, table: &mut Table) {
    let child = phone.child(0);
    let visit = phone.working().begin_visit(&[child]).unwrap()[0];
    phone.sync();
    phone.passed.take();
    let seen = Target::field("seen");
    phone.working().set(visit, &seen, "yes", None).unwrap();
    let start = Instant::now();
    phone.sync();
    let took = start.elapsed();
    let bytes = both(phone.passed.take());
    table.row(
        "one small edit, both ways with HTTP and TLS",
        format!("{bytes:.0} B"),
        time(took),
        bytes,
        &Budget::Most(1_200.0, " B"),
    );
}

/// 24 facts and 4 narratives in 20 saves, against its own text, compressed at once.
fn benchmark_visit(phone: &mut Phone, table: &mut Table) {
    let child = phone.child(1);
    let visit = phone.working().begin_visit(&[child]).unwrap()[0];
    let mut text = String::new();
    let facts = [
        ("outcome", "went_ahead"),
        ("arrived", "09:40"),
        ("left", "10:30"),
        ("place", "home"),
        ("mode", "in_person"),
        ("notice", "announced"),
        ("interpreter", "not_needed"),
        ("seen", "yes"),
        ("awake", "awake"),
        ("alone", "spoke_alone"),
        ("alone_where", "bedroom"),
        ("could_be_heard", "no"),
        ("bedroom", "seen"),
        ("sleeps", "own_bed"),
        ("injury_or_mark", "none_noticed"),
        ("safe_now", "no_worry_today"),
    ];
    let people = ["relation", "lives_here", "new_to_us"];
    let working = phone.working();
    for (field, code) in facts {
        text.push_str(&format!("{field}: {code}\n"));
        working
            .set(visit, &Target::field(field), code, None)
            .unwrap();
    }
    let mut who = Vec::new();
    for person in ["ivy", "reed"] {
        for (part, code) in people.iter().zip(["mother", "yes", "no"]) {
            text.push_str(&format!("people_present/{person}/{part}: {code}\n"));
            who.push((
                Target::part("people_present", person, *part),
                code.to_owned(),
                None,
            ));
        }
    }
    working.set_all(visit, &who).unwrap();
    for (number, heading) in ["saw", "changed", "meaning", "next_and_told"]
        .into_iter()
        .enumerate()
    {
        let words = note(number + 7, 900);
        text.push_str(&words);
        working.note(visit, heading, &words).unwrap();
    }
    phone.passed.take();
    phone.sync();
    let (up, _) = phone.passed.take();
    let compressed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6).len();
    let times = up as f64 / compressed as f64;
    table.row(
        "the benchmark visit, up",
        format!("{up} B"),
        format!(
            "its text {} B, compressed {compressed} B ({times:.2}×)",
            text.len()
        ),
        times,
        &Budget::Most(3.0, "× compressed"),
    );
}

/// Two workers answer the same question of the same visits apart, and meet.
fn two_answers(rowan: &mut Phone, bryony: &mut Phone, visits: usize, table: &mut Table) {
    let begun: Vec<_> = (0..visits)
        .map(|number| {
            let child = rowan.child(number);
            rowan.working().begin_visit(&[child]).unwrap()[0]
        })
        .collect();
    rowan.sync();
    bryony.sync();
    let alone = Target::field("alone");
    for visit in &begun {
        rowan
            .working()
            .set(*visit, &alone, "spoke_alone", None)
            .unwrap();
        bryony
            .working()
            .set(*visit, &alone, "not_alone", None)
            .unwrap();
    }
    rowan.passed.take();
    bryony.passed.take();
    let start = Instant::now();
    rowan.sync();
    bryony.sync();
    rowan.sync();
    let took = start.elapsed();
    let open = rowan.working().questions().unwrap().len();
    assert_eq!(open, visits, "both answers are kept and shown");
    let bytes = both(rowan.passed.take()) + both(bryony.passed.take());
    table.note(
        &format!("{visits} visits answered two ways, both devices synced"),
        format!("{}, {:.0} B a visit", time(took), bytes / visits as f64),
        "PouchDB 1.27 s for 200, 6,467 B a document",
    );
}
