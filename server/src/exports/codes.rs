//! From the codes that the case system sends to those that Annex A wants, as data.
//!
//! What a table does not name is left out of the file and named among the exceptions: a code is never guessed.

/// Pairs of a case system's code and Annex A's.
pub(super) type Codes = [(&'static str, &'static str)];

/// Annex A's code for one of the case system's, which may be in capitals or not.
pub(super) fn find(codes: &Codes, code: &str) -> Option<&'static str> {
    codes
        .iter()
        .find(|(ours, _)| ours.eq_ignore_ascii_case(code.trim()))
        .map(|(_, theirs)| *theirs)
}

/// The second halves, for the table of allowed values.
const fn allowed<const N: usize>(codes: &[(&'static str, &'static str); N]) -> [&'static str; N] {
    let mut all = [""; N];
    let mut at = 0;
    while at < N {
        all[at] = codes[at].1;
        at += 1;
    }
    all
}

pub(super) const YES: &str = "a) Yes";
pub(super) const NO: &str = "b) No";
pub(super) const UNKNOWN: &str = "c) Unknown";
pub(super) const YES_NO: [&str; 3] = [YES, NO, UNKNOWN];

/// By sex as the returns carry it. The answer to gender in the case system is words of its own.
pub(super) const SEXES: [(&str, &str); 4] = [
    ("M", "a) Male"),
    ("F", "b) Female"),
    ("U", "c) Not stated/recorded"),
    ("I", "d) Neither"),
];
pub(super) const GENDERS: [&str; 4] = allowed(&SEXES);

pub(super) const ETHNICITY: [(&str, &str); 21] = [
    ("WBRI", "a) WBRI"),
    ("WIRI", "b) WIRI"),
    ("WIRT", "c) WIRT"),
    ("WOTH", "d) WOTH"),
    ("WROM", "e) WROM"),
    ("MWBC", "f) MWBC"),
    ("MWBA", "g) MWBA"),
    ("MWAS", "h) MWAS"),
    ("MOTH", "i) MOTH"),
    ("AIND", "j) AIND"),
    ("APKN", "k) APKN"),
    ("ABAN", "l) ABAN"),
    ("AOTH", "m) AOTH"),
    ("BCRB", "n) BCRB"),
    ("BAFR", "o) BAFR"),
    ("BOTH", "p) BOTH"),
    ("CHNE", "q) CHNE"),
    ("OOTH", "r) OOTH"),
    ("REFU", "s) REFU"),
    ("NOBT", "t) NOBT"),
    ("UNKNOWN", "u) UNKNOWN"),
];
pub(super) const ETHNICITIES: [&str; 21] = allowed(&ETHNICITY);

pub(super) const NEED: [(&str, &str); 10] = [
    ("N1", "N1 - Abuse or neglect"),
    ("N2", "N2 - Child's disability"),
    ("N3", "N3 - Parental disability or illness"),
    ("N4", "N4 - Family in acute stress"),
    ("N5", "N5 - Family dysfunction"),
    ("N6", "N6 - Socially unacceptable behaviour"),
    ("N7", "N7 - Low income"),
    ("N8", "N8 - Absent parenting"),
    ("N9", "N9 - Cases other than children in need"),
    ("N0", "N0 - Not stated"),
];
pub(super) const NEEDS: [&str; 10] = allowed(&NEED);

pub(super) const ABUSE: [(&str, &str); 5] = [
    ("NEG", "a) Neglect"),
    ("PHY", "b) Physical abuse"),
    ("SAB", "c) Sexual abuse"),
    ("EMO", "d) Emotional abuse"),
    ("MUL", "e) Multiple/not recommended"),
];
pub(super) const ABUSES: [&str; 5] = allowed(&ABUSE);

/// RC9 is in use and missing from the list of 2024; the sector's own script writes it so.
pub(super) const CLOSURE: [(&str, &str); 9] = [
    ("RC1", "RC1 - Adopted"),
    ("RC2", "RC2 - Died"),
    ("RC3", "RC3 - Child arrangements order"),
    ("RC4", "RC4 - Special guardianship order"),
    (
        "RC5",
        "RC5 - Transferred to services of another local authority",
    ),
    ("RC6", "RC6 - Transferred to adult social care services"),
    (
        "RC7",
        "RC7 - Services ceased for any other reason, including child no longer in need",
    ),
    (
        "RC8",
        "RC8 - Case closed after assessment, no further action",
    ),
    (
        "RC9",
        "RC9 - Case closed after assessment, referred to early help",
    ),
];
pub(super) const CLOSURES: [&str; 9] = allowed(&CLOSURE);

/// By the kind of the period that is open; the first that applies.
pub(super) const STATUS: [(&str, &str); 5] = [
    ("cla", "a) Looked after child"),
    ("cp", "b) Child Protection plan"),
    ("cin", "c) Child in need plan"),
    ("assessment", "d) Open assessment"),
    ("", "e) Closed episode"),
];
pub(super) const CASE_STATUSES: [&str; 5] = allowed(&STATUS);

/// The three ways in which a child comes and goes for a series of short breaks; such children are not on list 8.
pub(super) const SHORT_BREAKS: [&str; 3] = ["V1", "V3", "V4"];
pub(super) const LEGAL_STATUSES: [&str; 13] = [
    "E1", "C1", "C2", "D1", "V2", "L1", "L2", "L3", "J1", "J2", "J3", "V3", "V4",
];

/// The plans of the care plan's own list, as the returns carry them, beside Annex A's own words. Support at home and a long-term home
/// with relatives have no word of their own in Annex A.
pub(super) const PERMANENCE: [(&str, &str); 14] = [
    ("RETURN1M", "a) Return to family"),
    ("RETURN6M", "a) Return to family"),
    ("RETURNEV", "a) Return to family"),
    ("ADOPTION", "b) Adoption"),
    ("SUPPLIV", "d) Supported living in the community"),
    ("RESPLMT", "e) Long-term residential placement"),
    ("LTFOST18", "f) Long-term fostering"),
    ("OTHERPLN", "g) other"),
    ("Return to family", "a) Return to family"),
    ("SGO/CAO", "c) SGO/CAO"),
    (
        "Supported living in the community",
        "d) Supported living in the community",
    ),
    (
        "Long-term residential placement",
        "e) Long-term residential placement",
    ),
    ("Long-term fostering", "f) Long-term fostering"),
    ("other", "g) other"),
];
pub(super) const PERMANENCE_PLANS: [&str; 7] = [
    "a) Return to family",
    "b) Adoption",
    "c) SGO/CAO",
    "d) Supported living in the community",
    "e) Long-term residential placement",
    "f) Long-term fostering",
    "g) other",
];

/// Codes of the return on looked-after children that Annex A's list has no letter for (Z11 to Z14, for example) are not here.
pub(super) const PLACEMENT: [(&str, &str); 27] = [
    ("U1", "a) U1"),
    ("U2", "b) U2"),
    ("U3", "c) U3"),
    ("U4", "d) U4"),
    ("U5", "e) U5"),
    ("U6", "f) U6"),
    ("A3", "g) A3"),
    ("A4", "h) A4"),
    ("A5", "i) A5"),
    ("A6", "j) A6"),
    ("P1", "k) P1"),
    ("P2", "l) P2"),
    ("P3", "m) P3"),
    ("H5", "n) H5"),
    ("K1", "o) K1"),
    ("K2", "p) K2"),
    ("R1", "q) R1"),
    ("R2", "r) R2"),
    ("R3", "s) R3"),
    ("R5", "t) R5"),
    ("S1", "u) S1"),
    ("Z1", "v) Z1"),
    ("T0", "w) T0"),
    ("T1", "x) T1"),
    ("T2", "y) T2"),
    ("T3", "z) T3"),
    ("T4", "zz) T4"),
];
pub(super) const PLACEMENT_TYPES: [&str; 27] = allowed(&PLACEMENT);

pub(super) const PROVIDER: [(&str, &str); 6] = [
    ("PR0", "a) PR0"),
    ("PR1", "b) PR1"),
    ("PR2", "c) PR2"),
    ("PR3", "d) PR3"),
    ("PR4", "e) PR4"),
    ("PR5", "f) PR5"),
];
pub(super) const PROVIDERS: [&str; 6] = allowed(&PROVIDER);

/// Why care ended. X1 is no end: the child goes on being looked after.
pub(super) const CEASE: [(&str, &str); 21] = [
    ("E11", "a) E11"),
    ("E12", "b) E12"),
    ("E2", "c) E2"),
    ("E3", "d) E3"),
    ("E4A", "e) E4A"),
    ("E4B", "f) E4B"),
    ("E13", "g) E13"),
    ("E41", "h) E41"),
    ("E45", "i) E45"),
    ("E46", "j) E46"),
    ("E47", "k) E47"),
    ("E48", "l) E48"),
    ("E5", "m) E5"),
    ("E6", "n) E6"),
    ("E7", "o) E7"),
    ("E9", "p) E9"),
    ("E14", "q) E14"),
    ("E15", "r) E15"),
    ("E16", "s) E16"),
    ("E8", "t) E8"),
    ("E17", "v) E17"),
];
pub(super) const CEASED: [&str; 21] = allowed(&CEASE);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_whatever_its_case_and_never_guessed() {
        assert_eq!(find(&ABUSE, "neg"), Some("a) Neglect"));
        assert_eq!(find(&PLACEMENT, " u6 "), Some("f) U6"));
        assert_eq!(find(&PLACEMENT, "Z11"), None);
        assert_eq!(find(&SEXES, ""), None);
    }
}
