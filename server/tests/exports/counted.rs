//! Which visits count: corrections, two finishes, records entered in error, one visit in two records, what is statutory.

use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::Content;
use visitbook_record::same_visit::{Pair, Said};

use crate::sandbury::*;
use crate::support::*;

#[test]
fn a_correction_goes_out_and_counts_again_and_a_late_answer_does_not() {
    let mut all = Sandbury::new();
    let ids = all.finished(
        DIPPER,
        1,
        &[
            ("visit_date", "2026-10-27"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    // Later words beside the page: another date, another mode, a less worrying and a new answer.
    all.say(
        DIPPER,
        1,
        vec![
            fact("visit_date", "2026-10-20"),
            fact("mode", "video"),
            fact("serves/cin", "cin"),
            fact("bedroom", "seen"),
        ],
    );
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "Y", "Y"])]);
    assert!(out.says(
        CP,
        &record(1),
        "another answer was given after the visit was finished"
    ));
    assert!(out.says(CP, &record(1), "answered after the visit was finished"));
    assert!(out.rows(CIN).is_empty());

    all.put_right(
        DIPPER,
        1,
        vec![correction("visit_date", "2026-10-26", ids[0])],
    );
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-26", ["Y", "Y", "Y"])]);
    assert!(out.says(CP, &record(1), "put right after the visit was finished"));
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Date of the Last Statutory Visit")
            .unwrap(),
        "26/10/2026"
    );

    all.put_right(DIPPER, 1, vec![correction("seen", "no", ids[1])]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-26", ["N", "", "Y"])]);
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Date of the Last Statutory Visit")
            .unwrap(),
        "13/10/2026"
    );
}

#[test]
fn the_first_finish_stands_and_what_is_set_aside_goes_nowhere() {
    let mut all = Sandbury::new();
    let first = all.finished(
        DIPPER,
        1,
        &[
            ("alone", "not_alone"),
            ("seen", "yes"),
            ("bedroom", "not_seen"),
        ],
    );
    let second = all.say(
        DIPPER,
        1,
        vec![fact("visit_date", "2026-10-25"), fact("bedroom", "seen")],
    );
    let mut rival: Vec<OpId> = first.iter().chain(&second).copied().collect();
    rival.sort_unstable();
    all.say(DIPPER, 1, vec![finish(rival)]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "N", "N"])]);

    all.finished(SISKIN, 2, &[("alone", "spoke_alone"), ("seen", "yes")]);
    let strangers = all.stranger.save(
        child(SISKIN),
        2,
        vec![fact("alone", "not_alone"), fact("visit_date", "2026-10-01")],
    );
    all.council.upload(vec![strangers]);
    let out = all.export();
    assert_eq!(out.cp(SISKIN), [row("2026-10-27", ["Y", "Y", ""])]);
    assert!(
        out.says(CP, &record(2), "set aside"),
        "{:?}",
        out.said(CP, &record(2))
    );
}

#[test]
fn a_visit_entered_in_error_is_gone_from_everything() {
    let mut all = Sandbury::new();
    all.finished(DIPPER, 1, &[("seen", "yes"), ("alone", "spoke_alone")]);
    assert_eq!(all.export().cp(DIPPER).len(), 1);
    all.sage.pull(&all.council);
    let content = Content::Void {
        reason: "SECRET-REASON".to_owned(),
        made_again: None,
    };
    let void = Say(
        Kind::Void,
        Policy::Ordinary,
        Target::field("void"),
        vec![],
        content,
    );
    let void = all.sage.save(child(DIPPER), 1, vec![void]);
    all.council.upload(vec![void]);
    let out = all.export();
    assert!(out.rows(CP).is_empty());
    assert!(out.report.exceptions.iter().all(|e| e.row_key != record(1)));
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Date of the Last Statutory Visit")
            .unwrap(),
        "13/10/2026"
    );
}

#[test]
fn one_visit_in_two_records_is_one_row() {
    let mut all = Sandbury::new();
    all.finished(
        DIPPER,
        1,
        &[
            ("visit_date", "2026-10-27"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        DIPPER,
        2,
        &[
            ("visit_date", "2026-10-27"),
            ("seen", "yes"),
            ("alone", "not_alone"),
            ("bedroom", "seen"),
        ],
    );
    assert_eq!(
        all.export().cp(DIPPER).len(),
        2,
        "nobody has said that it is one"
    );
    let (one, two) = (RecordId([1; 16]), RecordId([2; 16]));
    let pair = Pair::of(one, two).unwrap();
    let code = pair.code(Said::One { first: one }).unwrap();
    all.say(DIPPER, 1, vec![fact(&pair.target().to_string(), code)]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "N", "Y"])]);
    assert_eq!(out.rows(CP)[0]["cppv_cp_visit_id"], record(1));
    assert!(out.says(CP, &record(1), "two records of this visit differ"));
}

#[test]
fn what_is_statutory_is_computed_and_a_worker_may_only_lower_it() {
    let last = "Date of the Last Statutory Visit";
    for (name, more, expected) in [
        ("computed", &[][..], "27/10/2026"),
        ("lowered", &[("statutory", "no")], "13/10/2026"),
        (
            "raised: no meeting counts",
            &[("statutory", "yes"), ("occasion", "core_group")],
            "13/10/2026",
        ),
        (
            "by a student",
            &[("visited_by/s1", "s1"), ("visited_by/s1/registered", "no")],
            "13/10/2026",
        ),
        (
            "by a student with a social worker",
            &[
                ("visited_by/s1", "s1"),
                ("visited_by/s1/registered", "no"),
                ("visited_by/s2", "s2"),
                ("visited_by/s2/registered", "yes"),
            ],
            "27/10/2026",
        ),
        ("not seen", &[("seen", "no")], "13/10/2026"),
    ] {
        let mut all = Sandbury::new();
        let mut answers = vec![("alone", "spoke_alone")];
        answers.extend(more);
        if !answers.iter().any(|(field, _)| *field == "seen") {
            answers.push(("seen", "yes"));
        }
        all.finished(DIPPER, 1, &answers);
        assert_eq!(
            all.export().cell(LIST_7, DIPPER, last).unwrap(),
            expected,
            "{name}"
        );
    }
}
