#![allow(clippy::unwrap_used)]
use super::*;

/// Episodes as `DECOM RNE LS PLACE DEC REC`, a dash for nothing.
fn cares(rows: &[&str], reviews: &[&str]) -> Vec<Element> {
    let file: Rc<str> = "e.csv".into();
    let columns = ["DECOM", "RNE", "LS", "PLACE", "DEC", "REC"];
    let episodes: Vec<Episode> = rows
        .iter()
        .zip(2..)
        .map(|(row, number)| Episode {
            whence: Whence::new(&file, number),
            row: columns
                .into_iter()
                .zip(row.split(' ').map(str::to_owned))
                .filter(|(_, cell)| cell != "-")
                .collect(),
        })
        .collect();
    let reviews: Vec<String> = reviews.iter().map(|on| (*on).to_owned()).collect();
    let held: Vec<&String> = reviews.iter().collect();
    times_in_care(episodes.iter())
        .iter()
        .flat_map(|care| care.elements(&held))
        .collect()
}

fn ids(elements: &[Element]) -> Vec<&str> {
    elements.iter().map(|element| element.id.as_str()).collect()
}

#[test]
fn care_begins_with_s_and_goes_on_through_placements_and_orders() {
    let told = cares(
        &[
            "2025-01-10 S V2 U6 2025-03-01 X1",
            "2025-03-01 P V2 K2 2025-05-01 X1",
            "2025-05-01 L C2 K2 - -",
        ],
        &["2025-02-01", "2025-07-01"],
    );
    assert_eq!(
        ids(&told),
        [
            "cla:2025-01-10",
            "placement:2025-01-10",
            "placement:2025-03-01",
            "legal:2025-01-10",
            "legal:2025-05-01"
        ]
    );
    let care = &told[0];
    for (part, value) in [
        ("start", "2025-01-10"),
        ("end", ""),
        ("placement_start", "2025-03-01"),
        ("placement_type", "K2"),
        ("legal_status", "C2"),
        ("legal_status_start", "2025-05-01"),
        ("first_review", "2025-02-01"),
        ("last_review", "2025-07-01"),
    ] {
        assert_eq!(care.part(part), value, "{part}");
    }
    assert_eq!(care.none, ["end", "end_reason", "placement_end"]);
    assert!(care.bounds.is_empty());
    assert_eq!(told[1].part("end"), "2025-03-01");
    assert_eq!(told[1].part("period"), "cla:2025-01-10");
    assert_eq!(told[2].none, ["end", "end_reason"]);
    assert_eq!(told[3].part("end"), "2025-05-01");
}

#[test]
fn care_that_ended_ends_and_a_second_time_is_another_period() {
    let told = cares(
        &[
            "2024-01-10 S V2 U6 2024-03-01 E4A",
            "2025-01-10 S V2 U6 2025-02-01 X1",
            "2025-02-01 P V2 K2 2025-02-09 E3",
        ],
        &["2024-02-01"],
    );
    let cares: Vec<_> = told
        .iter()
        .filter(|element| element.field == "period")
        .collect();
    assert_eq!(cares.len(), 2);
    assert_eq!(
        (cares[0].part("end"), cares[0].part("end_reason")),
        ("2024-03-01", "E4A")
    );
    assert_eq!(cares[0].part("last_review"), "2024-02-01");
    assert_eq!(
        (cares[1].part("start"), cares[1].part("end")),
        ("2025-01-10", "2025-02-09")
    );
    assert_eq!(cares[1].part("last_review"), "");
}

#[test]
fn care_that_begins_anew_without_having_ended_was_over_by_then() {
    let told = cares(
        &[
            "2024-01-10 S V2 U6 - -",
            "2025-01-10 S V2 U6 2025-02-01 X1",
            "2025-03-01 S V2 K2 - -",
        ],
        &[],
    );
    let ends: Vec<_> = told
        .iter()
        .filter(|element| element.field == "period")
        .map(|care| (care.part("end"), care.part("end_reason")))
        .collect();
    assert_eq!(ends, [("2025-01-10", ""), ("2025-02-01", ""), ("", "")]);
}

#[test]
fn what_began_before_the_return_gives_bounds_and_not_days() {
    let told = cares(&["2025-04-20 L C2 U6 - -"], &["2025-06-01"]);
    assert_eq!(told[0].bounds, ["start", "placement_start"]);
    assert_eq!(told[0].part("first_review"), "");
    assert_eq!(told[1].bounds, ["start"]);
    assert!(told[2].bounds.is_empty());
    let placed = cares(&["2025-04-20 P C2 U6 - -"], &[]);
    assert_eq!(placed[0].bounds, ["start", "legal_status_start"]);
    assert!(placed[1].bounds.is_empty());
    assert_eq!(placed[2].bounds, ["start"]);
}
