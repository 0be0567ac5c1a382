//! Which PINs are accepted. The hardware allows an attacker ten guesses, so what matters is that the PIN is not
//! among the first ten that somebody would try: runs, repeats and dates.

/// Least number of characters (Cyber Essentials: 6).
const MIN_CHARACTERS: usize = 6;
/// Most bytes.
const MAX_BYTES: usize = 128;

/// Why a PIN is not accepted. Says nothing about the PIN itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Not UTF-8 text.
    #[error("the PIN is not text")]
    NotText,
    /// Fewer than 6 characters.
    #[error("the PIN needs at least 6 characters")]
    TooShort,
    /// More than 128 bytes.
    #[error("the PIN is too long")]
    TooLong,
    /// Among the first that anybody would try.
    #[error("the PIN is too easy to guess: avoid repeats, runs, dates and common words")]
    Guessable,
}

/// Words that head every published list of passwords, with any digits after them.
const COMMON: [&str; 12] = [
    "password",
    "passwort",
    "passw0rd",
    "qwerty",
    "azerty",
    "letmein",
    "welcome",
    "admin",
    "iloveyou",
    "monkey",
    "dragon",
    "visitbook",
];

/// Checks a new PIN.
///
/// # Errors
/// [`PinError`].
pub fn check_pin(pin: &[u8]) -> Result<(), PinError> {
    let text = std::str::from_utf8(pin).map_err(|_| PinError::NotText)?;
    if text.chars().count() < MIN_CHARACTERS {
        return Err(PinError::TooShort);
    }
    if pin.len() > MAX_BYTES {
        return Err(PinError::TooLong);
    }
    if repeats(pin) || runs(pin) || is_date(text) || is_common(text) {
        return Err(PinError::Guessable);
    }
    Ok(())
}

/// One block of at most three characters over and over: 000000, 121212, 123123.
fn repeats(pin: &[u8]) -> bool {
    (1..=3).any(|block| pin.iter().zip(pin.iter().skip(block)).all(|(a, b)| a == b))
}

/// The same step between all neighbours: 123456, 987654, 246802, abcdef. Digits wrap at ten (567890).
fn runs(pin: &[u8]) -> bool {
    let digits = pin.iter().all(u8::is_ascii_digit);
    let modulus = if digits { 10 } else { 256 };
    let step = |a: u8, b: u8| (i32::from(b) - i32::from(a)).rem_euclid(modulus);
    let mut steps = pin
        .iter()
        .zip(pin.iter().skip(1))
        .map(|(a, b)| step(*a, *b));
    let first = steps.next();
    steps.all(|step| Some(step) == first)
}

/// Six or eight digits that read as a day of this or the last century, in British or ISO order.
fn is_date(text: &str) -> bool {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let number =
        |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let day = |day, month| matches!((day, month), (Some(1..=31), Some(1..=12)));
    let century = |year| matches!(year, Some(1900..=2099));
    match text.len() {
        6 => day(number(0, 2), number(2, 4)) || day(number(4, 6), number(2, 4)),
        8 => {
            day(number(0, 2), number(2, 4)) && century(number(4, 8))
                || day(number(6, 8), number(4, 6)) && century(number(0, 4))
        }
        _ => false,
    }
}

fn is_common(text: &str) -> bool {
    let lower = text.to_lowercase();
    let stem = lower.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    COMMON.contains(&stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_guesses_of_anybody_are_refused() {
        let guessable = [
            "000000",
            "111111",
            "121212",
            "123123",
            "123456",
            "654321",
            "1234567890",
            "567890",
            "098765",
            "135791",
            "246802",
            "aaaaaa",
            "abcdef",
            "310185",
            "850131",
            "31011985",
            "19850131",
            "password",
            "Password1!",
            "qwerty123",
            "Visitbook1",
        ];
        for pin in guessable {
            assert_eq!(check_pin(pin.as_bytes()), Err(PinError::Guessable), "{pin}");
        }
    }

    #[test]
    fn ordinary_pins_are_accepted() {
        for pin in [
            "482917",
            "739164",
            "48291736",
            "correct horse",
            "blåbær",
            "31998877",
            "passwords are bad",
        ] {
            assert_eq!(check_pin(pin.as_bytes()), Ok(()), "{pin}");
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(check_pin("æøåæø".as_bytes()), Err(PinError::TooShort));
        assert_eq!(check_pin(b""), Err(PinError::TooShort));
        assert_eq!(check_pin(b"48291"), Err(PinError::TooShort));
        assert_eq!(check_pin(&[0xff; 8]), Err(PinError::NotText));
        assert_eq!(
            check_pin("x1y2z3".repeat(30).as_bytes()),
            Err(PinError::TooLong)
        );
    }
}
