//! What the table of visits says of each answer, of a visit that serves several plans, and of a question with two answers.

use crate::sandbury::*;
use crate::support::*;

/// The mapping table, row by row: what is answered, and what the plan's file then says; `None` is no row.
#[test]
fn every_answer_goes_out_as_the_table_says() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<[&'a str; 3]>);
    let cases: [Case<'_>; 20] = [
        (
            "seen, spoken to alone, bedroom",
            &[
                ("seen", "yes"),
                ("alone", "spoke_alone"),
                ("bedroom", "seen"),
            ],
            Some(["Y", "Y", "Y"]),
        ),
        (
            "alone and silent is alone",
            &[
                ("seen", "yes"),
                ("alone", "alone_not_talking"),
                ("bedroom", "not_seen"),
            ],
            Some(["Y", "Y", "N"]),
        ),
        (
            "not alone",
            &[("seen", "yes"), ("alone", "not_alone"), ("bedroom", "seen")],
            Some(["Y", "N", "Y"]),
        ),
        (
            "bedroom not answered",
            &[("seen", "yes"), ("alone", "not_alone")],
            Some(["Y", "N", ""]),
        ),
        (
            "not seen: nothing about alone",
            &[("seen", "no")],
            Some(["N", "", ""]),
        ),
        (
            "not seen, but alone was ticked",
            &[("seen", "no"), ("alone", "spoke_alone")],
            Some(["N", "", ""]),
        ),
        (
            "not seen, but the bedroom was",
            &[("seen", "no"), ("bedroom", "seen")],
            Some(["N", "", "Y"]),
        ),
        (
            "unborn",
            &[("seen", "unborn"), ("bedroom", "seen")],
            Some(["", "", ""]),
        ),
        (
            "no answer at the door",
            &[("outcome", "no_answer")],
            Some(["N", "", ""]),
        ),
        (
            "entry refused",
            &[("outcome", "refused_entry")],
            Some(["N", "", ""]),
        ),
        (
            "not safe",
            &[("outcome", "not_safe_to_enter")],
            Some(["N", "", ""]),
        ),
        (
            "entry refused, seen at the door",
            &[
                ("outcome", "refused_entry"),
                ("seen", "yes"),
                ("alone", "not_alone"),
            ],
            Some(["Y", "N", ""]),
        ),
        (
            "cancelled by the family",
            &[("outcome", "cancelled_by_family")],
            None,
        ),
        ("cancelled by us", &[("outcome", "cancelled_by_us")], None),
        (
            "by video",
            &[("mode", "video"), ("seen", "yes"), ("alone", "spoke_alone")],
            None,
        ),
        (
            "by telephone",
            &[("mode", "phone"), ("seen", "yes"), ("alone", "spoke_alone")],
            None,
        ),
        (
            "not said how",
            &[("mode", "-"), ("seen", "yes"), ("alone", "spoke_alone")],
            None,
        ),
        (
            "a core group",
            &[
                ("occasion", "core_group"),
                ("seen", "yes"),
                ("alone", "spoke_alone"),
            ],
            None,
        ),
        (
            "family time",
            &[
                ("occasion", "family_time"),
                ("seen", "yes"),
                ("alone", "spoke_alone"),
            ],
            None,
        ),
        (
            "before the plan",
            &[
                ("visit_date", "2026-06-15"),
                ("seen", "yes"),
                ("alone", "spoke_alone"),
            ],
            None,
        ),
    ];
    for (name, answers, expected) in cases {
        let mut all = Sandbury::new();
        all.finished(DIPPER, 1, answers);
        let out = all.export();
        let rows: Vec<[String; 4]> = expected
            .map(|flags| row("2026-10-27", flags))
            .into_iter()
            .collect();
        assert_eq!(out.cp(DIPPER), rows, "{name}");
        assert!(
            out.rows(CIN).is_empty() && out.rows(CLA).is_empty(),
            "{name}"
        );
    }
}

#[test]
fn what_nobody_can_mend_is_silent_and_what_somebody_can_is_named() {
    let mut all = Sandbury::new();
    all.finished(
        DIPPER,
        1,
        &[("mode", "-"), ("seen", "yes"), ("alone", "spoke_alone")],
    );
    all.finished(
        DIPPER,
        2,
        &[
            ("visit_date", "2026-06-15"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        DIPPER,
        3,
        &[
            ("visit_date", "2026-10-28"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        DIPPER,
        4,
        &[
            ("visit_date", "-"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.visited(DIPPER, 5, &[("seen", "yes"), ("alone", "spoke_alone")]);
    all.finished(
        DIPPER,
        6,
        &[("mode", "video"), ("seen", "yes"), ("alone", "spoke_alone")],
    );
    all.say(
        DIPPER,
        7,
        vec![
            fact("planned_for", "2026-11-03"),
            fact("visit_date", "2026-11-03"),
        ],
    );
    let out = all.export();
    assert_eq!(out.cp(DIPPER), Vec::<[String; 4]>::new());
    for (number, file, words) in [
        (1, CP, "in person"),
        (2, "visits", "in force on that day"),
        (3, CP, "yet to come"),
        (4, "visits", "no date"),
        (5, CP, "not finished"),
    ] {
        assert!(
            out.says(file, &record(number), words),
            "{number}: {:?}",
            out.report.exceptions
        );
    }
    for number in [6, 7] {
        assert!(
            out.report
                .exceptions
                .iter()
                .all(|e| e.row_key != record(number)),
            "{number}"
        );
    }
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Date of the Last Statutory Visit")
            .unwrap(),
        "13/10/2026"
    );
}

/// One visit, several purposes: a row for each, with that plan's or period's own name. Siblings have their own answers.
#[test]
fn a_visit_that_serves_several_kinds_is_a_row_of_each() {
    let mut all = Sandbury::new();
    all.finished(
        DIPPER,
        1,
        &[
            ("seen", "yes"),
            ("alone", "spoke_alone"),
            ("bedroom", "seen"),
        ],
    );
    all.finished(
        SISKIN,
        2,
        &[
            ("seen", "yes"),
            ("alone", "not_alone"),
            ("bedroom", "not_seen"),
        ],
    );
    all.finished(
        SISKIN,
        3,
        &[
            ("visit_date", "2026-06-20"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(SISKIN, 4, &[("serves/cin", "cin"), ("seen", "no")]);
    all.finished(
        TEAL,
        5,
        &[
            ("seen", "yes"),
            ("alone", "spoke_alone"),
            ("bedroom", "seen"),
        ],
    );
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "Y", "Y"])]);
    assert_eq!(out.cp(SISKIN), [row("2026-10-27", ["Y", "N", "N"])]);
    let cin = [
        row("2026-06-20", ["Y", "Y", ""]),
        row("2026-10-27", ["Y", "N", "N"]),
        row("2026-10-27", ["N", "", ""]),
    ];
    assert_eq!(out.flags(CIN, SISKIN), cin);
    assert_eq!(
        out.flags(CLA, TEAL),
        [row("2026-10-27", ["Y", "Y", "none"])]
    );
    let plans: Vec<String> = out
        .rows(CP)
        .iter()
        .map(|row| row["cppv_cp_plan_id"].clone())
        .collect();
    assert_eq!(plans, ["CP1", "CSISKIN:cp:2026-07-01"]);
    assert_eq!(
        out.rows(CLA)[0]["clav_cla_id"],
        "CLA3",
        "the period of care, not the placement"
    );
    assert_eq!(out.rows(CP)[0]["cppv_cp_visit_id"], record(1));
}

#[test]
fn a_purpose_is_worked_out_and_never_picked() {
    let mut all = Sandbury::new();
    all.finished(
        DIPPER,
        1,
        &[
            ("serves/cla", "cla"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        DIPPER,
        2,
        &[
            ("serves/cp", "cp"),
            ("serves/cp/period_id", "CP-OLD"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    let out = all.export();
    assert!(out.rows(CLA).is_empty());
    assert_eq!(out.cp(DIPPER).len(), 1);
    assert_eq!(out.rows(CP)[0]["cppv_cp_plan_id"], "CP1");
    assert!(
        out.says("visits", &record(1), "nothing of the kind was in force"),
        "{:?}",
        out.report.exceptions
    );
    assert!(out.says(CP, &record(2), "not in force on that day"));
}

#[test]
fn an_open_question_goes_out_cautiously_and_a_settled_one_as_settled() {
    let mut all = Sandbury::new();
    let ids = all.finished(
        DIPPER,
        1,
        &[
            ("alone", "spoke_alone"),
            ("seen", "yes"),
            ("bedroom", "seen"),
        ],
    );
    let bryonys = all
        .bryony
        .save(child(DIPPER), 1, vec![fact("alone", "not_alone")]);
    let hers = ops_of(&bryonys)[0];
    all.council.upload(vec![bryonys]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "N", "Y"])]);
    let open = (
        "cppv_cp_visit_seen_alone".to_owned(),
        "two answers, not settled (not_alone, spoke_alone); the more cautious one goes out"
            .to_owned(),
    );
    assert_eq!(out.said(CP, &record(1)), [open]);
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Was the Child Seen Alone?")
            .unwrap(),
        "b) No"
    );
    assert!(out.says(LIST_7, DIPPER, "two answers"));

    all.sage.pull(&all.council);
    let settling = settled("alone", "spoke_alone", vec![ids[0], hers]);
    let resolve = under_this_form(&mut all.sage, DIPPER, 1, vec![settling]);
    all.council.upload(vec![resolve]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["Y", "Y", "Y"])]);
    assert_eq!(out.said(CP, &record(1)), []);
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Was the Child Seen Alone?")
            .unwrap(),
        "a) Yes"
    );
}

/// Seen by one, not seen by the other: the date moves nothing until it is settled.
#[test]
fn an_open_question_about_seen_moves_no_date() {
    let mut all = Sandbury::new();
    all.finished(DIPPER, 1, &[("seen", "yes"), ("alone", "spoke_alone")]);
    let bryonys = all.bryony.save(child(DIPPER), 1, vec![fact("seen", "no")]);
    all.council.upload(vec![bryonys]);
    let out = all.export();
    assert_eq!(out.cp(DIPPER), [row("2026-10-27", ["N", "", ""])]);
    assert_eq!(
        out.cell(LIST_7, DIPPER, "Date of the Last Statutory Visit")
            .unwrap(),
        "13/10/2026"
    );
    assert_eq!(
        out.cell(LIST_6, DIPPER, "Date Child Was Last Seen")
            .unwrap(),
        "13/10/2026"
    );
}
