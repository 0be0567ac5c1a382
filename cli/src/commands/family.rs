//! The device in a child's hands, on a terminal: what the page takes, and one answer to everything else.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value as Json, json};
use visitbook_device::family::{DraftError, HandInError, StillFamily};
use visitbook_device::model::LeftForYou;
use visitbook_device::{Family, Working};
use visitbook_record::words::{self, Message};

use super::Desk;
use crate::args::Family as Line;
use crate::failure::Failure;
use crate::names;
use crate::reply::Reply;

/// The largest file read as a drawing; the page takes less, and says so itself.
const LARGEST_FILE: u64 = 16 << 20;

/// The child's page, and what is needed to come back from it.
pub(crate) struct ChildsPage {
    family: Family,
    via: Option<SocketAddr>,
}

/// How a try to leave came out.
pub(crate) enum Left {
    /// The worker has the device again.
    Worker(Box<Desk>, Reply),
    /// Still the child's page.
    Child(Box<ChildsPage>),
    /// The PIN was right, and the book did not open.
    Locked(Failure),
}

/// Hands the device over. On failure the desk is as it was.
pub(crate) fn enter(
    desk: Desk,
    child: &str,
    visit: Option<&str>,
) -> Result<(ChildsPage, Reply), (Box<Desk>, Failure)> {
    let found = names::child(&desk.working, child).and_then(|child| {
        let visit = visit.map(|visit| names::record(&desk.working, visit));
        Ok((child, visit.transpose()?))
    });
    let (child, visit) = match found {
        Ok(found) => found,
        Err(failure) => return Err((Box::new(desk), failure)),
    };
    let (working, via) = desk.clear();
    match working.enter_family(child, visit) {
        Ok(family) => {
            let reply = shown(&family.page(), json!({"family": true}));
            Ok((ChildsPage { family, via }, reply))
        }
        Err(still) => {
            let failure = match still.error {
                visitbook_device::EnterError::Save(error) => error.into(),
                visitbook_device::EnterError::Post(error) => {
                    Failure::new("not_entered", error.to_string())
                }
            };
            Err((Box::new(Desk::new(still.working, via)), failure))
        }
    }
}

/// What the device says in family mode to whatever it does not do. Names nobody.
pub(crate) fn nothing_to_read() -> Failure {
    let message = words::nothing_to_read();
    Failure::new(
        "nothing_to_read",
        format!("{} {}", message.title, message.detail),
    )
}

impl ChildsPage {
    /// What the page does with a command.
    pub(crate) fn take(&mut self, line: Line) -> Result<Reply, Failure> {
        match line {
            Line::Text { text } => self.family.write(&text).map_err(not_taken)?,
            Line::Choice { code } => self.family.choose(&code).map_err(not_taken)?,
            Line::Draw { file } => self.draw(&file)?,
            Line::Undo => {
                let undone = self.family.undo();
                return Ok(Reply::new("", json!({"undone": undone})));
            }
            Line::HandIn => {
                let after = self.family.hand_in().map_err(not_handed_in)?;
                return Ok(shown(&after, json!({"handed_in": self.family.count()})));
            }
            _ => return Err(nothing_to_read()),
        }
        Ok(Reply::new("", json!({})))
    }

    fn draw(&mut self, file: &Path) -> Result<(), Failure> {
        let media = match file.extension().and_then(|ending| ending.to_str()) {
            Some("png") => "image/png",
            Some("jpg" | "jpeg") => "image/jpeg",
            Some("svg") => "image/svg+xml",
            _ => return Err(not_taken(DraftError::NotAPicture)),
        };
        if std::fs::metadata(file)?.len() > LARGEST_FILE {
            return Err(not_taken(DraftError::TooLong));
        }
        let bytes = zeroize::Zeroizing::new(std::fs::read(file)?);
        self.family.draw(media, &bytes).map_err(not_taken)
    }

    /// Tries a PIN.
    pub(crate) fn leave(self, pin: &[u8]) -> Left {
        let via = self.via;
        match self.family.leave(pin) {
            Ok(working) => match unread(&working) {
                Ok(reply) => Left::Worker(Box::new(Desk::new(working, via)), reply),
                Err(failure) => Left::Worker(
                    Box::new(Desk::new(working, via)),
                    Reply::new(failure.message, json!({})),
                ),
            },
            Err(StillFamily::Inside(family, _)) => Left::Child(Box::new(Self {
                family: *family,
                via,
            })),
            Err(StillFamily::Locked(still)) => {
                let words = still.locked.safe_words();
                let failure = Failure::from(still.error);
                Left::Locked(Failure::new(
                    failure.code,
                    format!("{} {words}", failure.message),
                ))
            }
        }
    }
}

/// What the worker does afterwards.
pub(super) fn after(working: &mut Working, line: Line) -> Result<Reply, Failure> {
    match line {
        Line::Unread => unread(working),
        Line::Open { record, drawing } => super::heard::show(working, &record, drawing.as_deref()),
        Line::Sessions => sessions(working),
        Line::Enter { .. } => Err(Failure::new(
            "needs_a_session",
            "A child's page needs a session: visitbook session, then family enter.",
        )),
        _ => Err(Failure::new(
            "not_in_family_mode",
            "The device is not in a child's hands. Begin with family enter.",
        )),
    }
}

fn unread(working: &Working) -> Result<Reply, Failure> {
    let left = working.left_for_you()?;
    let sessions = working.family_sessions()?;
    let mut text = String::new();
    let odd = sessions.first().filter(|last| last.ended != "confirmed");
    if let Some(last) = odd {
        text.push_str(&format!("{}\n  {}\n", last.title, last.detail));
    }
    text.push_str(&left_lines(&left));
    if left.is_empty() {
        text.push_str("Nothing is waiting to be read.\n");
    }
    Ok(Reply::new(
        text,
        json!({"left_for_you": left, "last_session": sessions.first()}),
    ))
}

/// What is to be read before leaving the address, without a word of it.
pub(super) fn left_lines(left: &[LeftForYou]) -> String {
    let mut text = String::new();
    for one in left {
        text.push_str(&format!("{}\n  {}\n", one.title, one.detail));
        for record in &one.records {
            text.push_str(&format!("  visitbook family open {record}\n"));
        }
    }
    text
}

fn sessions(working: &Working) -> Result<Reply, Failure> {
    let all = working.family_sessions()?;
    let mut text = String::new();
    for one in &all {
        text.push_str(&format!(
            "{} {}: {}, {} handed in. {}\n",
            one.entered.date, one.entered.time, one.child_name, one.things, one.title
        ));
    }
    if all.is_empty() {
        text.push_str("This device has not been in a child's hands.\n");
    }
    Ok(Reply::new(text, json!({"sessions": all})))
}

fn shown(message: &Message, mut json: Json) -> Reply {
    let mut text = format!("{}\n{}", message.title, message.detail);
    if !message.buttons.is_empty() {
        text.push_str(&format!("\n[{}]", message.buttons.join("] [")));
    }
    if let Json::Object(fields) = &mut json {
        fields.insert("title".to_owned(), json!(message.title));
        fields.insert("detail".to_owned(), json!(message.detail));
        fields.insert("buttons".to_owned(), json!(message.buttons));
    }
    Reply::new(text, json)
}

fn not_taken(error: DraftError) -> Failure {
    let code = match error {
        DraftError::TooLong => "too_long",
        DraftError::Nul => "nul",
        DraftError::NotAPicture => "not_a_picture",
        DraftError::UnknownChoice => "unknown_choice",
    };
    Failure::new(code, Failure::sentence(&error.to_string()))
}

fn not_handed_in(error: HandInError) -> Failure {
    let code = match &error {
        HandInError::Empty => "empty",
        HandInError::Over => "over",
        HandInError::Post(_) => "not_handed_in",
        HandInError::NotStored(_) => "not_stored",
    };
    Failure::new(code, Failure::sentence(&error.to_string()))
}
