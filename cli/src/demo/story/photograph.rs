//! A photograph of the Larkspurs' kitchen, on a line that breaks in the middle of it: the words are there first, and the bytes go
//! on where they were cut.

use std::io::Write as _;

use serde_json::Value as Json;

use super::words::FRIDGE;
use crate::demo::cast::{StageError, Staged};
use crate::demo::line::Mode;
use crate::demo::stage::{Day, list, text};

/// As large as a phone's camera makes them.
const BYTES: u32 = 2_400_000;
/// Enough of a line for the words and one request of the file, and not for the next.
const BREAKS_AFTER: u64 = 1_500_000;

/// What is known of the photograph while it is under way.
pub(super) struct UnderWay {
    finch: String,
    /// What the phone said of the visit when the line had broken.
    said: String,
    /// Parts that the council had by then, and of how many.
    have: u64,
    total: u64,
}

/// The photograph, as the phone's camera gives it, with what was written under it in the picture's own comment.
fn picture() -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xFE];
    let length = u16::try_from(FRIDGE.len() + 2).unwrap_or(u16::MAX);
    bytes.extend(length.to_be_bytes());
    bytes.extend(FRIDGE.bytes());
    bytes.extend((0..BYTES).map(|at| (at.wrapping_mul(2_654_435_761) >> 11).to_le_bytes()[0]));
    bytes
}

/// 10:58, taken in the kitchen with Ivy's leave, and attached in the car.
pub(super) fn taken(day: &mut Day, finch: &str) -> Staged<()> {
    // Outside the run's folder, in which nothing may be readable.
    let mut file = tempfile::Builder::new().suffix(".jpg").tempfile()?;
    file.write_all(&picture())?;
    let name = file.path().display().to_string();
    day.phone
        .tell(&["visit", "attach", finch, &name, "--what", "photo"])?;
    day.phone.tell(&["visit", "note", finch, "saw", FRIDGE])?;
    let shown = day.phone.tell(&["visit", "show", finch])?;
    let shown = text(&shown, "text");
    day.screen(
        shown
            .lines()
            .find(|line| line.starts_with("File 1"))
            .unwrap_or_default(),
    );
    Ok(())
}

/// 12:20, the words go, and the line breaks in the middle of the photograph.
pub(super) fn cut(day: &mut Day) -> Staged<UnderWay> {
    day.time("12:20")?;
    let finch = day.visits["Finch"].clone();
    let before = day.phone.line.traffic();
    day.phone.line.set(Mode::CutsAfter(BREAKS_AFTER));
    day.phone.tell(&["sync"])?;
    let cut_off = day.phone.line.traffic().cut_off - before.cut_off;
    let statuses = day.phone.tell(&["status"])?;
    let said = list(&statuses, "records")
        .iter()
        .find(|row| text(row, "record") == finch)
        .map(|row| text(row, "title"))
        .unwrap_or_default();
    day.screen(&said);
    let missing = day.council.run(&["attachments"])?;
    let missing = list(&missing, "expected")
        .first()
        .cloned()
        .ok_or_else(|| StageError::Unexpected("no file is on its way".into()))?;
    let number = |key| missing.get(key).and_then(Json::as_u64).unwrap_or(0);
    let (have, total) = (number("have"), number("total"));
    day.photograph_bytes.0 = number("size") + cut_off;
    day.engineer(&format!(
        "the line broke {cut_off} B into a request; {have} of {total} parts are at the council, which asks {} to see to the rest",
        text(&missing, "owner")
    ));
    Ok(UnderWay {
        finch,
        said,
        have,
        total,
    })
}

/// 12:31, Sage opens it.
pub(super) fn opened(day: &mut Day, photograph: &UnderWay, resumed: &Json) -> Staged<()> {
    let sent = resumed
        .get("file_chunks")
        .and_then(Json::as_u64)
        .unwrap_or(0);
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("kitchen.jpg");
    let name = out.display().to_string();
    let before = day.sage.line.traffic();
    day.sage
        .tell(&["attachment", &photograph.finch, "1", "--to", &name])?;
    day.photograph_bytes.1 = day.sage.line.traffic().down - before.down;
    let same = std::fs::read(&out)? == picture();
    let UnderWay {
        said, have, total, ..
    } = photograph;
    day.checks.expect(
        "A photograph on a line that breaks: the words are there first, it goes on where it was cut, and the manager opens the same bytes",
        said == "Words are with the council, 1 photo only on this phone"
            && (1..*total).contains(have)
            && sent == total - have
            && same,
        format!("“{said}”; {have} of {total} parts before the cut, {sent} after; same bytes: {same}"),
    );
    Ok(())
}
