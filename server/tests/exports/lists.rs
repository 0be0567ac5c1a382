//! Annex A's lists, where the case system's own dates stand beside the visits recorded here.

use crate::sandbury::*;

#[test]
fn the_case_systems_own_dates_count_beside_the_visits_recorded_here() {
    let mut all = Sandbury::new();
    let out = all.export();
    let seven = |out: &Exported| {
        [
            "Date of the Last Statutory Visit",
            "Was the Child Seen Alone?",
        ]
        .map(|column| out.cell(LIST_7, DIPPER, column).unwrap())
    };
    assert_eq!(
        seven(&out),
        ["13/10/2026", "b) No"],
        "seen alone last on 29 September, so not on 13 October"
    );
    let none = [
        "Date of the Last Statutory Visit",
        "Was the Child Seen Alone?",
    ]
    .map(|column| out.cell(LIST_7, SISKIN, column).unwrap());
    assert_eq!(none, ["", ""], "no visit");
    all.finished(
        DIPPER,
        1,
        &[
            ("visit_date", "2026-10-12"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    assert_eq!(
        seven(&all.export()),
        ["13/10/2026", "b) No"],
        "the later of the two"
    );
    all.finished(
        DIPPER,
        2,
        &[
            ("visit_date", "2026-10-14"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    assert_eq!(seven(&all.export()), ["14/10/2026", "a) Yes"]);
    all.finished(
        DIPPER,
        3,
        &[
            ("visit_date", "2026-10-14"),
            ("seen", "yes"),
            ("alone", "not_alone"),
        ],
    );
    assert_eq!(
        seven(&all.export()),
        ["14/10/2026", "a) Yes"],
        "seen alone on that day, once of twice"
    );
}

/// From referral to closure, also before anything else began.
#[test]
fn a_visit_after_the_referral_is_in_no_table_and_says_when_the_child_was_seen() {
    let mut all = Sandbury::new();
    for (number, date) in [(1, "2026-08-31"), (2, "2026-08-29")] {
        let answers = [
            ("visit_date", date),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ];
        all.finished(RAIL, number, &answers);
    }
    let out = all.export();
    assert!(out.rows(CIN).is_empty() && out.rows(CP).is_empty());
    assert_eq!(
        out.cell(LIST_4, RAIL, "Child Seen During Continuous Assessment")
            .unwrap(),
        "c) Unknown"
    );
    for number in [1, 2] {
        assert!(out.says("visits", &record(number), "in force on that day"));
    }
    let last = out.cell(LIST_6, RAIL, "Date Child Was Last Seen");
    assert_eq!(last.unwrap(), "31/08/2026", "the referral was on the 30th");
}

#[test]
fn list_6_says_when_a_child_was_last_seen_and_by_no_other_date() {
    let mut all = Sandbury::new();
    all.finished(
        SISKIN,
        1,
        &[
            ("visit_date", "2026-10-01"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        SISKIN,
        2,
        &[("visit_date", "2026-10-20"), ("outcome", "no_answer")],
    );
    let out = all.export();
    assert_eq!(out.flags(CIN, SISKIN).len(), 2);
    assert_eq!(
        out.cell(LIST_6, SISKIN, "Date Child Was Last Seen")
            .unwrap(),
        "01/10/2026"
    );
    for (code, status, start) in [
        (DIPPER, "b) Child Protection plan", "20/05/2026"),
        (SISKIN, "b) Child Protection plan", "20/05/2026"),
        (TEAL, "a) Looked after child", "20/12/2025"),
        (SEDGE, "d) Open assessment", "05/10/2026"),
        (RAIL, "e) Closed episode", "30/08/2026"),
    ] {
        assert_eq!(out.cell(LIST_6, code, "Case Status").unwrap(), status);
        assert_eq!(
            out.cell(LIST_6, code, "CIN Start Date").unwrap(),
            start,
            "{code}"
        );
    }
}

#[test]
fn list_8_takes_visits_inside_a_placement_and_hides_a_restricted_address() {
    let mut all = Sandbury::new();
    let last = "Date of Last Social Work Visit";
    all.finished(
        TEAL,
        1,
        &[
            ("visit_date", "2026-06-01"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    let out = all.export();
    assert_eq!(out.flags(CLA, TEAL).len(), 1, "in care on that day");
    assert_eq!(
        out.cell(LIST_8, TEAL, last).unwrap(),
        "",
        "and not yet placed"
    );
    all.finished(
        TEAL,
        2,
        &[
            ("visit_date", "2026-10-02"),
            ("serves/iro", "iro"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    all.finished(
        TEAL,
        3,
        &[
            ("visit_date", "2026-09-02"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    let out = all.export();
    assert_eq!(
        out.flags(CLA, TEAL).len(),
        2,
        "the reviewing officer's visit is none of a social worker"
    );
    for (column, cell) in [
        (last, "02/09/2026"),
        (
            "Date of Last IRO Visit / Contact to the Child",
            "02/10/2026",
        ),
        ("Date of Latest Statutory Review", "01/09/2026"),
        ("Child's Legal Status", "C2"),
        ("Start date of current legal status", "01/06/2026"),
        ("Placement Type", "f) U6"),
        ("Placement Provider", "e) PR4"),
        ("Placement postcode", ""),
        ("URN of Placement", ""),
        ("What is the permanence plan for this child?", ""),
        (
            "Unaccompanied Asylum Seeking Child (UASC) within the Last 12 Months (Y/N)",
            "a) Yes",
        ),
        ("Number of Placements in the Last 12 months", ""),
        ("Allocated Team", "Quay, north"),
        ("Allocated Worker", "Osier Fennel"),
    ] {
        assert_eq!(out.cell(LIST_8, TEAL, column).unwrap(), cell, "{column}");
    }
    assert!(out.says(LIST_8, TEAL, "address is restricted"));
}

#[test]
fn list_4_says_whether_a_child_was_seen_during_the_assessment() {
    let mut all = Sandbury::new();
    let seen = |out: &Exported, code: &str| {
        out.cell(LIST_4, code, "Child Seen During Continuous Assessment")
            .unwrap()
    };
    let out = all.export();
    assert_eq!(seen(&out, RAIL), "c) Unknown");
    assert!(out.says(LIST_4, RAIL, "no visit"));
    all.finished(
        RAIL,
        1,
        &[("visit_date", "2026-09-08"), ("outcome", "no_answer")],
    );
    all.finished(SEDGE, 2, &[("outcome", "no_answer")]);
    let out = all.export();
    assert_eq!(seen(&out, RAIL), "b) No");
    assert_eq!(seen(&out, SEDGE), "c) Unknown");
    assert!(out.says(LIST_4, SEDGE, "not born"));
    // After the authorisation nothing counts for it any more.
    all.finished(
        RAIL,
        3,
        &[
            ("visit_date", "2026-10-20"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
        ],
    );
    assert_eq!(seen(&all.export(), RAIL), "b) No");
    all.finished(
        RAIL,
        4,
        &[
            ("visit_date", "2026-10-10"),
            ("seen", "yes"),
            ("alone", "not_alone"),
        ],
    );
    assert_eq!(seen(&all.export(), RAIL), "a) Yes");
    for file in [CIN, CP, CLA] {
        assert!(
            all.export().rows(file).is_empty(),
            "no table takes an assessment's visits"
        );
    }
}

#[test]
fn a_plan_of_another_council_and_short_breaks_are_on_no_list() {
    let mut all = Sandbury::new();
    let out = all.export();
    assert_eq!(out.cell(LIST_7, "CCRAKE", "Allocated Worker"), None);
    assert!(out.cell(LIST_7, DIPPER, "Allocated Worker").is_some());
    assert_eq!(
        out.cell(LIST_7, TEAL, "Allocated Worker").unwrap(),
        "Osier Fennel",
        "ended within six months"
    );
    assert!(
        out.says(LIST_8, TEAL, "Annex A has no such code"),
        "with relatives, for long"
    );
}
