//! The words on the screen, in one place, so that phone, terminal and demo say the same.
//!
//! Every message answers in this order: are my words safe, is anybody waiting for me, what do I do. It names a person and
//! a time, and never the machinery. Names, times and labels are passed in, already written out for the reader: nothing
//! here knows a child, reads a clock or chooses a time zone.

use crate::id::WorkerId;
use crate::op::Target;
use crate::status::{Asked, Status};
use crate::time::WallMillis;

/// A message: a title, a line or two below it, and the buttons from left to right.
///
/// Holds people's names and words, so it does not print itself in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// What stands in bold.
    pub title: String,
    /// What stands below; may be empty.
    pub detail: String,
    /// The choices; may be none.
    pub buttons: Vec<String>,
}

impl Message {
    fn new(title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            detail: detail.into(),
            buttons: Vec::new(),
        }
    }

    fn with_buttons<const N: usize>(self, buttons: [String; N]) -> Self {
        Self {
            buttons: buttons.into(),
            ..self
        }
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Message({} and {} bytes, {} buttons)",
            self.title.len(),
            self.detail.len(),
            self.buttons.len()
        )
    }
}

/// How the caller writes out what a status names.
pub struct Writing<'a> {
    /// What the reader holds: "phone", "tablet", "laptop".
    pub this: &'a str,
    /// A time as the reader's clock on the wall shows it, with the date if it is not today's.
    pub time: &'a dyn Fn(WallMillis) -> String,
    /// A colleague's full name.
    pub name: &'a dyn Fn(WorkerId) -> String,
    /// The question of the form, with the child's name in it.
    pub question: &'a dyn Fn(&Target) -> String,
}

/// Where a record is.
#[must_use]
pub fn status(status: &Status, writing: &Writing<'_>) -> Message {
    let time = writing.time;
    match status {
        Status::SavedHere { since } => Message::new(
            "Saved here, not sent",
            format!(
                "Saved on this {} since {}. The council doesn't have it yet.",
                writing.this,
                time(*since)
            ),
        ),
        Status::Sending => Message::new("Sending", format!("You can lock the {}.", writing.this)),
        Status::CouncilHasIt { at } => {
            Message::new(format!("The council has it · {}", time(*at)), "")
        }
        Status::CouncilHasItWaiting { at } => Message::new(
            format!("The council has it · {}", time(*at)),
            "One part is still on another phone or tablet. You don't need to do anything.",
        ),
        Status::With { owner, since } => Message::new(
            format!("With {} since {}", (writing.name)(*owner), time(*since)),
            "Nothing is lost. You don't need to do anything.",
        ),
        Status::NeedsYourAnswer { question } => {
            let asked = match question {
                Asked::WhichAnswer(target) => (writing.question)(target),
                Asked::WhereItGoes(reason) => {
                    format!("Where does this go? {}", reason.sentence())
                }
            };
            Message::new("Needs your answer", asked)
        }
    }
}

/// The council has every word of a record, and files that belong to it are on this device only. `files` says how many of
/// what: "1 drawing". `since` is when the first of them was saved, already written out; `sending` that one is under way.
#[must_use]
pub fn files_here(files: &str, since: &str, sending: bool, writing: &Writing<'_>) -> Message {
    let this = writing.this;
    let detail = if sending {
        format!("Sending. You can lock the {this}.")
    } else {
        format!("On this {this} since {since}. It goes by itself when there is enough signal.")
    };
    let title = format!("Words are with the council, {files} only on this {this}");
    Message::new(title, detail)
}

/// Files that have not come from somebody else's device. `heard` is when the council last heard that device, already
/// written out.
#[must_use]
pub fn files_expected(files: &str, device: &str, heard: Option<&str>) -> Message {
    let detail = match heard {
        Some(heard) => format!("Last heard {heard}."),
        None => "Not heard since it was set up.".to_owned(),
    };
    Message::new(format!("{files} still on {device}"), detail)
}

/// The second label, beside the status: the visit is not finished.
#[must_use]
pub fn not_finished() -> Message {
    Message::new(
        "Not finished",
        "Only you can read your notes. Your team can see the tick answers and anything marked urgent.",
    )
}

/// One of the answers to a question that is open.
pub struct Said<'a> {
    /// The author's full name; `None` if it is the reader.
    pub by: Option<&'a str>,
    /// The answer's label: "Yes, alone".
    pub answer: &'a str,
    /// When, by the author's device.
    pub time: &'a str,
    /// A few words beside it.
    pub note: Option<&'a str>,
}

/// Two answers to one question, the more worrying of them named first on the buttons.
///
/// `unseen` says that neither author had seen the other's answer. `agreement` names, by first name, whose agreement the
/// less worrying answer needs; `None` if the reader may settle to it alone.
#[must_use]
pub fn two_answers(
    question: &str,
    (worse, better): (&Said<'_>, &Said<'_>),
    unseen: bool,
    agreement: Option<&str>,
) -> Message {
    // The reader's own answer comes first: it is the one they know.
    let (first, second) = if better.by.is_none() {
        (better, worse)
    } else {
        (worse, better)
    };
    let short = |said: &Said<'_>| said.answer.split(',').next().unwrap_or_default().to_owned();
    let differ = short(first) != short(second);
    let sentence = |said: &Said<'_>| {
        let answer = if differ {
            short(said)
        } else {
            said.answer.to_owned()
        };
        let who = said.by.unwrap_or("You");
        match said.note {
            Some(note) => format!(
                "{who} said {answer} at {}: \"{note}.\"",
                said.time,
                note = unstopped(note)
            ),
            None => format!("{who} said {answer} at {}.", said.time),
        }
    };
    let mut detail = format!("{} {}", sentence(first), sentence(second));
    if unseen {
        let mine = first.by.is_none() || second.by.is_none();
        let neither = if mine { "Neither of you" } else { "Neither" };
        detail.push_str(&format!(" {neither} had seen the other's answer."));
    }
    let settle = match agreement {
        Some(name) => format!("{} – ask {name} to agree", better.answer),
        None => better.answer.to_owned(),
    };
    Message::new(question, detail).with_buttons([
        worse.answer.to_owned(),
        settle,
        "Both happened – I'll explain".to_owned(),
        "Leave both for now".to_owned(),
    ])
}

/// A quoted remark gets one full stop, whether or not its author typed one.
fn unstopped(note: &str) -> &str {
    note.trim_end().trim_end_matches('.')
}

/// In lists and reports, while two answers are open. `standing` is what the more worrying one means: "Not seen alone".
#[must_use]
pub fn two_answers_line(standing: &str) -> String {
    format!("{standing} · two answers, not checked yet")
}

/// In lists and reports, once a person settled it.
#[must_use]
pub fn settled_line(standing: &str, by: &str, time: &str) -> String {
    format!("{standing} · settled by {by} {time}; both answers kept")
}

/// The reader wrote one piece of text on two of their devices. Each place is written as "Phone 10:58".
#[must_use]
pub fn two_places(first: &str, second: &str) -> Message {
    Message::new(
        "You wrote this part in two places.",
        "Both are kept. Which should people read first?",
    )
    .with_buttons([
        first.to_owned(),
        second.to_owned(),
        "Both, one after the other".to_owned(),
        "I'll write it again".to_owned(),
    ])
}

/// The reader's words are kept aside because the child moved before they reached the council.
#[must_use]
pub fn kept_aside(child: &str, moved_to: &str, moved_at: &str, decides: &str) -> Message {
    Message::new(
        "Kept safe, not in the file yet.",
        format!(
            "{child} moved to {moved_to} at {moved_at}, before this reached us. {decides} will decide where it goes. You can still read and copy your words."
        ),
    )
}

/// The reader's words are kept aside for another reason, given as a sentence.
#[must_use]
pub fn kept_aside_because(why: &str, decides: &str) -> Message {
    Message::new(
        "Kept safe, not in the file yet.",
        format!(
            "{why} {decides} will decide where it goes. You can still read and copy your words."
        ),
    )
}

/// The reader's words were kept aside and are in the file now.
#[must_use]
pub fn placed(written: &str) -> Message {
    Message::new(
        "In the file now, under your name.",
        format!("You wrote it at {written}. You don't need to do anything."),
    )
}

/// Beside words about a child who had moved to somebody else before the words arrived.
pub const FROM_PREVIOUS_WORKER: &str = "From the previous worker, received later";

/// The reader was typing when the phone, or whatever `this` is, stopped. `tail` is the end of what was kept.
#[must_use]
pub fn reopened(this: &str, tail: &str) -> Message {
    Message::new(
        format!("You were typing when the {this} stopped."),
        format!("We kept everything up to the last two seconds: \"…{tail}\""),
    )
    .with_buttons(["Carry on".to_owned()])
}

/// A page came back that wants somebody to sign in to the Wi-Fi: nothing can have arrived.
#[must_use]
pub fn wifi_sign_in() -> Message {
    Message::new(
        "Nothing was sent, nothing is lost.",
        "This Wi-Fi wants you to sign in. We'll keep trying by ourselves.",
    )
}

/// A reply that says nothing certain. It may have arrived, so this never says "not sent".
#[must_use]
pub fn not_confirmed() -> Message {
    Message::new(
        "Safe here, not confirmed yet.",
        "The council's system isn't answering properly. We'll keep trying by ourselves.",
    )
}

/// Shown wherever something urgent is marked: a mark is not a telephone call.
#[must_use]
pub fn urgent(manager: &str, manager_number: &str, out_of_hours_number: &str) -> Message {
    Message::new(
        "This doesn't ring anyone.",
        format!(
            "If a child is in danger now, call 999. Otherwise ring {manager} {manager_number} or out-of-hours {out_of_hours_number} now. Then tell us who you spoke to."
        ),
    )
}

/// Nobody answered, for the `times`th time in a row within `days` days. `last_seen` is a date; `None` if never.
#[must_use]
pub fn no_answer(
    child: &str,
    time: &str,
    (times, days): (u32, u32),
    last_seen: Option<&str>,
    manager: &str,
) -> Message {
    let again = if times > 1 {
        let days = if days == 1 {
            "1 day".to_owned()
        } else {
            format!("{days} days")
        };
        format!(" {} time in {days}.", ordinal(times))
    } else {
        String::new()
    };
    let seen = last_seen.map_or_else(
        || format!("{child} has not been seen yet."),
        |date| format!("{child} was last seen on {date}."),
    );
    Message::new(
        format!("No answer, {time}.{again}"),
        format!(
            "{seen} {manager} will see this when your phone next has signal. Ring if it can't wait."
        ),
    )
}

fn ordinal(number: u32) -> String {
    match number {
        1 => "First".to_owned(),
        2 => "Second".to_owned(),
        3 => "Third".to_owned(),
        4 => "Fourth".to_owned(),
        5 => "Fifth".to_owned(),
        n => {
            let ending = match (n % 100, n % 10) {
                (11..=13, _) => "th",
                (_, 1) => "st",
                (_, 2) => "nd",
                (_, 3) => "rd",
                _ => "th",
            };
            format!("{n}{ending}")
        }
    }
}

/// Asked before a visit is finished. Each child is written as name and age: "Wren", "14"; "Pipit", "11 months".
#[must_use]
pub fn finish(children: &[(&str, &str)]) -> Message {
    let each: Vec<String> = children
        .iter()
        .map(|(name, age)| format!("{name} ({age})"))
        .collect();
    let all = match each.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    };
    Message::new(
        format!("Finish for {all}?"),
        "After this you can add or correct, and both will show. You can't rub out.",
    )
}

/// Words that reached the council after the visit was finished. `device` is written as "Rowan's phone (the phone's clock)".
#[must_use]
pub fn late(written: &str, device: &str, received: Option<&str>) -> Message {
    let reached = received.map_or_else(
        || "The council doesn't have it yet.".to_owned(),
        |time| format!("Reached the council {time}."),
    );
    Message::new(
        "Added after the visit was finished.",
        format!("Written {written} on {device}. {reached}"),
    )
}

/// Two records of a visit to one child, made apart. Each is written as who began it (`None` for the reader) and when: "09:40".
/// The buttons are: two visits; one, the first read first; one, the second read first.
#[must_use]
pub fn one_visit_or_two(
    child: &str,
    first: (Option<&str>, &str),
    second: (Option<&str>, &str),
) -> Message {
    let who = |by: Option<&str>, you: &str| by.unwrap_or(you).to_owned();
    let same = first.0 == second.0;
    let detail = if same {
        format!(
            "{} began a visit to {child} at {} and one at {}, on two phones or tablets.",
            who(first.0, "You"),
            first.1,
            second.1
        )
    } else {
        format!(
            "{} began a visit to {child} at {}, {} at {}.",
            who(first.0, "You"),
            first.1,
            who(second.0, "you"),
            second.1
        )
    };
    let read = |(by, time): (Option<&str>, &str)| match by.and_then(|by| by.split(' ').next()) {
        _ if same => format!("One visit – read the one of {time} first"),
        Some(name) => format!("One visit – read {name}'s first"),
        None => "One visit – read yours first".to_owned(),
    };
    Message::new(
        "One visit or two?",
        format!("{detail} Both are kept as they were written, whatever you answer."),
    )
    .with_buttons(["Two visits".to_owned(), read(first), read(second)])
}

/// On a visit's page and in lists: another record is of the same visit. `first` says that the other is the one to read first.
#[must_use]
pub fn same_visit(by: &str, time: &str, first: bool) -> String {
    if first {
        format!("The same visit as {by}'s of {time}, which is read first. Counted once.")
    } else {
        format!("{by} wrote about the same visit, {time}. It stands beside this one. Counted once.")
    }
}

/// A child who changed worker is to be told. `whose` is "her", "his" or "their"; `due` and `since` are days: "Tue 3 Nov".
#[must_use]
pub fn tell_child(
    child: &str,
    whose: &str,
    worker: Option<&str>,
    since: &str,
    due: Option<&str>,
) -> String {
    let now = match worker {
        Some(worker) => format!("{worker}, since {since}"),
        None => format!("you, since {since}"),
    };
    let by = due.map_or_else(String::new, |due| {
        format!(" By {due}, 5 working days from {since}.")
    });
    format!("Tell {child} who {whose} worker is now: {now}.{by}")
}

/// A file that somebody who stands in opened.
#[must_use]
pub fn cover_opened(child: &str, by: &str, time: &str, reason: &str) -> String {
    format!("{by} opened {child}'s file on duty cover, {time}: “{reason}”")
}

/// An age that somebody guessed.
#[must_use]
pub fn about(age: &str) -> String {
    if age.starts_with("about ") {
        age.to_owned()
    } else {
        format!("about {age}")
    }
}

/// A child whom somebody met and who was on nobody's list. `age` and `relation` as the worker wrote them.
#[must_use]
pub fn met(description: &str, age: Option<&str>, relation: Option<&str>) -> String {
    let age = age.map(about);
    let more: Vec<&str> = age.as_deref().into_iter().chain(relation).collect();
    if more.is_empty() {
        description.to_owned()
    } else {
        format!("{description} ({})", more.join(", "))
    }
}

/// The child's page before anything is written. `worker` is a first name.
#[must_use]
pub fn family_before(child: &str, worker: &str) -> Message {
    Message::new(
        format!("This page is for you, {child}."),
        format!(
            "{worker} and {worker}'s manager will read it. Other people who help you may too; you can say who you don't want. If we think you're not safe we may have to tell someone. We'll try to tell you first."
        ),
    )
    .with_buttons([
        "Start".to_owned(),
        "Not here".to_owned(),
        "Not today".to_owned(),
    ])
}

/// The child's page after something was handed in. `worker` is a first name.
#[must_use]
pub fn family_after(worker: &str) -> Message {
    Message::new(
        format!("{worker} has it, in your words."),
        format!(
            "Nobody can change them. Nobody can read them on this tablet now except {worker}. You can add more or change your mind another day."
        ),
    )
}

/// The device is in other hands, and somebody tries to read or leave. Names nobody.
#[must_use]
pub fn nothing_to_read() -> Message {
    Message::new(
        "There is nothing to read here.",
        "Please give the tablet back.",
    )
}

/// What a child left for the worker, before they drive off.
#[must_use]
pub fn left_for_you(child: &str, things: usize) -> Message {
    let things = match things {
        1 => "1 thing".to_owned(),
        many => format!("{many} things"),
    };
    Message::new(
        format!("{child} left you {things}."),
        "Read them before you drive off, somewhere you can't be overlooked.",
    )
}

/// In place of words that were removed by law. `reason` is `None` where it was removed in its turn.
#[must_use]
pub fn removed(when: &str, by: &str, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("Words removed {when} by {by}: {}.", unstopped(reason)),
        None => format!("Words removed {when} by {by}."),
    }
}

/// In place of what a child handed in, until somebody opens it. `when` is a time, or a day and a time.
#[must_use]
pub fn left_closed(child: &str, when: &str) -> String {
    format!("{child} left you 1 thing, {when}.")
}

/// How a session on the child's page ended: `confirmed`, `not_confirmed`, `count_mismatch` or `touched`.
#[must_use]
pub fn family_end(child: &str, ended: &str) -> Message {
    let safe = "Everything that was handed in and is still here is safe.";
    match ended {
        "confirmed" => Message::new(
            format!("{child}'s page was closed by you."),
            "Everything that was handed in is here.",
        ),
        "count_mismatch" => Message::new(
            format!("Something {child} handed in is missing."),
            format!("{safe} Ask {child} what it was, and tell your manager."),
        ),
        "touched" => Message::new(
            format!("Somebody changed what {child} handed in on this device."),
            format!("{safe} Tell your manager before you rely on it."),
        ),
        _ => Message::new(
            format!("{child}'s page was not closed by you: its end is not confirmed."),
            format!("{safe} If something seems to be missing, ask {child}."),
        ),
    }
}
