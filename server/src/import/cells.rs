//! What one cell must be, and the one form it is kept in.

use chrono::NaiveDate;
use visitbook_record::commit::Role;

use super::codes::{self, Codes};

/// The longest cell taken, in bytes.
const LONGEST_CELL: usize = 4096;
/// The longest code of a child, worker or period in the council's own files.
const LONGEST_CODE: usize = 48;
/// The longest child's id in a national return: CIN rule 1570.
const LONGEST_CHILD_ID: usize = 20;

/// What a cell must be.
#[derive(Clone, Copy)]
pub(super) enum Check {
    /// A code of the council's own.
    Code,
    /// A child's id in a national return: CIN rules 1570 and 1580.
    ChildId,
    /// Anything readable.
    Words,
    /// A day.
    Date,
    /// A day not later than today.
    PastDate,
    /// Yes or no.
    YesNo,
    /// A role.
    Role,
    /// M, F or U; older returns wrote 1, 2, 0 and 9.
    Sex,
    /// A unique pupil number: CIN rules 1510 to 1550.
    Upn,
    /// A unique pupil number, or why there is none.
    UpnOrReason,
    /// A whole United Kingdom postcode.
    Postcode,
    /// Ofsted's number of a provider.
    Urn,
    /// A whole number.
    Count,
    /// One of the standard's codes.
    One(Codes),
    /// Some of the standard's codes of disability; `NONE` excludes the others.
    Disabilities,
}

/// A cell in the form it is kept in, or what is wrong with it.
pub(super) fn checked(check: Check, cell: &str, today: NaiveDate) -> Result<String, String> {
    if cell.len() > LONGEST_CELL {
        return Err("longer than 4,096 bytes".into());
    }
    if cell.chars().any(char::is_control) {
        return Err("holds a control character".into());
    }
    match check {
        Check::Words => Ok(cell.to_owned()),
        Check::Code => code(cell),
        Check::ChildId => child_id(cell),
        Check::Date => date(cell),
        Check::PastDate => date(cell).and_then(|date| {
            if date > today.to_string() {
                Err("after today".into())
            } else {
                Ok(date)
            }
        }),
        Check::YesNo => yes_no(cell),
        Check::Role => {
            let word = cell.to_ascii_lowercase();
            Role::from_word(&word)
                .filter(|role| *role != Role::Writer)
                .map(|_| word)
                .ok_or_else(|| "write allocated, joint, cover or manager".into())
        }
        Check::Sex => sex(cell),
        Check::Upn => upn(cell),
        Check::UpnOrReason => upn(cell).or_else(|reason| no_upn(cell).ok_or(reason)),
        Check::Postcode => postcode(cell),
        Check::Urn => urn(cell),
        Check::Count => {
            let whole = cell.strip_suffix(".0").unwrap_or(cell);
            let is_count = whole.len() <= 9 && whole.bytes().all(|b| b.is_ascii_digit());
            if is_count && !whole.is_empty() {
                Ok(whole.to_owned())
            } else {
                Err("not a whole number".into())
            }
        }
        Check::One(set) => one(set, cell),
        Check::Disabilities => disabilities(cell),
    }
}

fn code(cell: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if cell.len() <= LONGEST_CODE && cell.chars().all(plain) {
        Ok(cell.to_owned())
    } else {
        Err("a code has at most 48 letters, digits and - _ . :".into())
    }
}

fn child_id(cell: &str) -> Result<String, String> {
    let plain = cell.chars().all(|c| c.is_ascii_alphanumeric());
    match (cell.len() <= LONGEST_CHILD_ID, plain) {
        (true, true) => Ok(cell.to_owned()),
        (true, false) => Err("a child's id has letters and digits only (rule 1580)".into()),
        (false, true) => Err("a child's id has at most 20 letters and digits (rule 1570)".into()),
        (false, false) => Err(
            "a child's id has at most 20 characters, letters and digits only (rules 1570, 1580)"
                .into(),
        ),
    }
}

/// A date in the standards' forms: `2026-10-27` and `27/10/2026`, with or without a time of day.
pub(super) fn date(cell: &str) -> Result<String, String> {
    let day = cell.split(['T', ' ']).next().unwrap_or(cell);
    NaiveDate::parse_from_str(day, "%Y-%m-%d")
        .or_else(|_| NaiveDate::parse_from_str(day, "%d/%m/%Y"))
        .ok()
        .filter(|date| (1900..=2100).contains(&chrono::Datelike::year(date)))
        .map(|date| date.format("%Y-%m-%d").to_string())
        .ok_or_else(|| "not a date; write 2026-10-27 or 27/10/2026".into())
}

fn yes_no(cell: &str) -> Result<String, String> {
    match cell.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "a) yes" => Ok("yes".to_owned()),
        "no" | "n" | "false" | "0" | "b) no" => Ok("no".to_owned()),
        _ => Err("write yes or no".into()),
    }
}

fn sex(cell: &str) -> Result<String, String> {
    let code = match unlettered(cell).to_ascii_lowercase().as_str() {
        "m" | "male" | "1" => "M",
        "f" | "female" | "2" => "F",
        "u" | "unknown" | "not known" | "0" | "9" => "U",
        _ => return Err("write M, F or U".into()),
    };
    Ok(code.to_owned())
}

/// Thirteen characters: a check letter, a council's three digits, nine more, of which the last may be a letter.
fn upn(cell: &str) -> Result<String, String> {
    const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";
    let number = cell.to_ascii_uppercase();
    let bytes = number.as_bytes();
    let [first, middle @ .., last] = bytes else {
        return Err("not a pupil number".into());
    };
    let digits = middle.iter().all(u8::is_ascii_digit);
    let ends = last.is_ascii_digit() || (last.is_ascii_uppercase() && !b"IOS".contains(last));
    if bytes.len() != 13 || !first.is_ascii_uppercase() || !digits || !ends {
        return Err(
            "a pupil number is a letter, eleven digits, and a digit or letter (rules 1510, 1540)"
                .into(),
        );
    }
    if last.is_ascii_digit() {
        let sum: usize = bytes
            .iter()
            .skip(1)
            .zip(2..)
            .map(|(digit, place)| usize::from(digit - b'0') * place)
            .sum();
        if LETTERS.get(sum % 23) != Some(first) {
            return Err(
                "the pupil number's check letter does not fit its digits (rule 1530)".into(),
            );
        }
    }
    Ok(number)
}

/// Why there is no pupil number: UN1 to UN10.
fn no_upn(cell: &str) -> Option<String> {
    let word = cell.to_ascii_uppercase();
    let number: u8 = word.strip_prefix("UN")?.parse().ok()?;
    (1..=10).contains(&number).then(|| format!("UN{number}"))
}

/// True for what [`Check::UpnOrReason`] gives where there is no number.
pub(super) fn is_reason_for_no_upn(cell: &str) -> bool {
    no_upn(cell).is_some()
}

fn postcode(cell: &str) -> Result<String, String> {
    let whole: String = cell
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let shape: String = whole
        .chars()
        .map(|c| match c {
            'A'..='Z' => 'A',
            '0'..='9' => '9',
            _ => '?',
        })
        .collect();
    let known = ["A99AA", "A999AA", "AA99AA", "AA999AA", "A9A9AA", "AA9A9AA"];
    if !known.contains(&shape.as_str()) {
        return Err("not a whole postcode".into());
    }
    let (outward, inward) = whole.split_at(whole.len() - 3);
    Ok(format!("{outward} {inward}"))
}

fn urn(cell: &str) -> Result<String, String> {
    let number = cell.strip_suffix(".0").unwrap_or(cell).to_ascii_uppercase();
    let digits = (5..=7).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    // Where there is no number, or it must not be known, the return is filled with X.
    let none = number.len() == 7 && number.bytes().all(|b| b == b'X');
    let from_a_case_system = number.starts_with("SC") && number.len() <= 9;
    if digits || none || from_a_case_system {
        Ok(number)
    } else {
        Err("a provider's number has five to seven digits".into())
    }
}

fn one(set: Codes, cell: &str) -> Result<String, String> {
    let wanted = unlettered(cell);
    // Annex A writes a code with words behind it: `N1 - Abuse or neglect`.
    let word = wanted
        .split([' ', '-', ':'])
        .next()
        .unwrap_or(wanted)
        .to_ascii_uppercase();
    if set.iter().any(|(code, _)| *code == word) {
        return Ok(word);
    }
    let some: Vec<&str> = set.iter().take(6).map(|(code, _)| *code).collect();
    let more = if set.len() > some.len() { " …" } else { "" };
    Err(format!("not one of the codes {}{more}", some.join(" ")))
}

fn disabilities(cell: &str) -> Result<String, String> {
    let mut found: Vec<String> = Vec::new();
    for word in cell
        .split([' ', ',', ';', '|', '/'])
        .filter(|word| !word.is_empty())
    {
        let code = one(codes::DISABILITY, word)?;
        if !found.contains(&code) {
            found.push(code);
        }
    }
    if found.len() > 1 && found.iter().any(|code| code == "NONE") {
        return Err("NONE stands beside other codes (rule 8790)".into());
    }
    found.sort_unstable();
    Ok(found.join(" "))
}

/// Annex A puts a letter before its values: `b) Female`.
fn unlettered(cell: &str) -> &str {
    match cell.split_once(") ") {
        Some((letter, rest)) if letter.len() <= 2 && !rest.is_empty() => rest.trim(),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: NaiveDate = match NaiveDate::from_ymd_opt(2026, 10, 27) {
        Some(day) => day,
        None => NaiveDate::MIN,
    };

    #[test]
    fn cells_are_checked_and_kept_in_one_form() {
        use codes::{ETHNICITY, LEGAL, NEED, PLACEMENT};
        for (check, cell, expected) in [
            (Check::Date, "27/10/2026", Some("2026-10-27")),
            (Check::Date, "7/1/2026", Some("2026-01-07")),
            (Check::Date, "2026-10-27T00:00:00", Some("2026-10-27")),
            (Check::Date, "2026-10-27 00:00:00.000", Some("2026-10-27")),
            (Check::Date, "2026-02-30", None),
            (Check::Date, "0026-10-27", None),
            (Check::Date, "27/10/26", None),
            (Check::PastDate, "27/10/2026", Some("2026-10-27")),
            (Check::PastDate, "28/10/2026", None),
            (Check::YesNo, "Y", Some("yes")),
            (Check::YesNo, "perhaps", None),
            (Check::Code, "C-WREN", Some("C-WREN")),
            (Check::Code, "../etc/passwd", None),
            (Check::Role, "Allocated", Some("allocated")),
            (Check::Role, "writer", None),
            (Check::Words, "a\u{0}b", None),
            (Check::Sex, "1", Some("M")),
            (Check::Sex, "b) Female", Some("F")),
            (Check::Sex, "9", Some("U")),
            (Check::Sex, "3", None),
            (Check::ChildId, "RND000215205141", Some("RND000215205141")),
            (
                Check::ChildId,
                "12345678901234567890",
                Some("12345678901234567890"),
            ),
            (Check::ChildId, "123456789012345678901", None),
            (Check::ChildId, "bird_1", None),
            (Check::Upn, "H801200001001", Some("H801200001001")),
            (Check::Upn, "A801200001001", None),
            (Check::Upn, "h80120000100a", Some("H80120000100A")),
            (Check::Upn, "H80120000100S", None),
            (Check::Upn, "H8012000010", None),
            (Check::Upn, "É801200001001", None),
            (Check::UpnOrReason, "un3", Some("UN3")),
            (Check::UpnOrReason, "UN11", None),
            (Check::Postcode, "fm11aa", Some("FM1 1AA")),
            (Check::Postcode, "E1W 1AA", Some("E1W 1AA")),
            (Check::Postcode, "FM1", None),
            (Check::Postcode, "nope", None),
            (Check::Urn, "4244474", Some("4244474")),
            (Check::Urn, "xxxxxxx", Some("XXXXXXX")),
            (Check::Urn, "12", None),
            (Check::Count, "10", Some("10")),
            (Check::Count, "1.0", Some("1")),
            (Check::Count, "-1", None),
            (Check::One(ETHNICITY), "a) WBRI", Some("WBRI")),
            (Check::One(ETHNICITY), "WXXX", None),
            (Check::One(LEGAL), "c2", Some("C2")),
            (Check::One(NEED), "N1 - Abuse or neglect", Some("N1")),
            (Check::One(PLACEMENT), "Z11", Some("Z11")),
            (Check::Disabilities, "HEAR; hand,HEAR", Some("HAND HEAR")),
            (Check::Disabilities, "NONE HEAR", None),
        ] {
            assert_eq!(
                checked(check, cell, TODAY).ok().as_deref(),
                expected,
                "{cell}"
            );
        }
    }

    #[test]
    fn the_reason_for_a_bad_id_names_the_rules() {
        let sample = "child_fails_assessments";
        let reason = checked(Check::ChildId, sample, TODAY)
            .err()
            .unwrap_or_default();
        assert!(
            reason.contains("1570") && reason.contains("1580"),
            "{reason}"
        );
    }
}
