//! Words to write: invented, of a vocabulary of 4,096 of which the common ones come often, so that compression and the search
//! index have as much to do as with prose.

/// A word that stands in every note.
pub(crate) const COMMON: &str = "kettle";
/// A word that stands in one note of two hundred.
pub(crate) const RARE: &str = "heron";

/// A note of about this many bytes; the same number gives the same note.
pub(crate) fn note(number: usize, bytes: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "ter", "ki", "lon", "mar", "e", "du", "sti", "wen", "or", "pla", "ci", "ho", "un",
        "gre", "ta",
    ];
    let mut state = number as u64 * 2_654_435_761 + 1;
    let mut draw = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    let mut text = format!("Note {number}, by the {COMMON}.");
    if number.is_multiple_of(200) {
        text.push(' ');
        text.push_str(RARE);
    }
    while text.len() < bytes {
        let mut word = (draw() * draw() * 4_096.0) as usize;
        text.push(' ');
        for _ in 0..3 {
            text.push_str(SYLLABLES[word % 16]);
            word /= 16;
        }
    }
    text
}
