//! The invariants of the simulation, each a named function with its sentence.
//!
//! The numbers are those of the list the design names. Those that concern what does not exist yet stand here by name, so that
//! nobody takes their absence for their truth.

mod agreement;
pub(crate) mod along;
mod family;
pub(crate) mod files;
mod finish;
mod moving;
mod oversight;
mod restores;
mod rights;
mod safety;
mod words;

use super::reading::Reading;
use super::world::World;

/// A law that was seen broken.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    pub(crate) law: u8,
    pub(crate) detail: String,
}

impl Broken {
    pub(crate) fn new(law: u8, detail: impl Into<String>) -> Self {
        Self {
            law,
            detail: detail.into(),
        }
    }

    pub(crate) fn name(&self) -> String {
        let law = LAWS.iter().find(|law| law.number == self.law);
        law.map_or_else(
            || "setting up".to_owned(),
            |law| format!("invariant {}, {}", law.number, law.name),
        )
    }

    pub(crate) fn sentence(&self) -> String {
        LAWS.iter().find(|law| law.number == self.law).map_or_else(
            || "The simulated council works.".to_owned(),
            |law| format!("{} {}: {}", law.number, law.name, law.sentence),
        )
    }
}

pub(crate) type Checked = Result<(), Broken>;

/// Fails a law with a detail unless something holds.
macro_rules! must {
    ($holds:expr, $law:expr, $($detail:tt)*) => {
        if !$holds {
            return Err($crate::sim::laws::Broken::new($law, format!($($detail)*)));
        }
    };
}
pub(crate) use must;

/// How a law is checked.
pub(crate) enum How {
    /// Over the strong read at the end.
    AtEnd(fn(&World, &Reading) -> Checked),
    /// While the day goes on, and in the healing.
    Along,
    /// Not yet, and why.
    NotYet(&'static str),
}

/// One law.
pub(crate) struct Law {
    pub(crate) number: u8,
    pub(crate) name: &'static str,
    pub(crate) sentence: &'static str,
    pub(crate) how: How,
}

macro_rules! law {
    ($number:literal, $name:literal, $sentence:literal, $how:expr) => {
        Law {
            number: $number,
            name: $name,
            sentence: $sentence,
            how: $how,
        }
    };
}

/// All twenty-six.
pub(crate) const LAWS: [Law; 26] = [
    law!(
        1,
        "no word is lost",
        "Every payload that reached a durable commit on any phone is readable on that phone and, with a receipt, at the council.",
        How::AtEnd(words::no_word_is_lost)
    ),
    law!(
        2,
        "acknowledged means durable",
        "What has a receipt is at the council, at the position the receipt says, whatever failed since.",
        How::AtEnd(words::acknowledged_is_durable)
    ),
    law!(
        3,
        "a child's words are byte-identical",
        "A child's words are everywhere the bytes that were saved.",
        How::AtEnd(words::childs_words_are_identical)
    ),
    law!(
        4,
        "no invented text",
        "Whatever is shown as somebody's words is a payload that their phone saved with that statement.",
        How::AtEnd(words::no_text_is_invented)
    ),
    law!(
        5,
        "deletion never beats content",
        "A version that its withdrawal had not seen stays visible.",
        How::AtEnd(safety::deletion_never_beats_content)
    ),
    law!(
        6,
        "all who hold a scope agree",
        "At the same position everybody has the same facts, verdicts, digest and absences as the council.",
        How::AtEnd(agreement::all_who_hold_agree)
    ),
    law!(
        7,
        "live values are the written rule's",
        "Live values are those of the written rule, computed another way.",
        How::AtEnd(agreement::live_is_the_written_rule)
    ),
    law!(
        8,
        "order does not matter",
        "Order and batching of delivery do not change live values or pages.",
        How::AtEnd(agreement::order_does_not_matter)
    ),
    law!(
        9,
        "read models are folds",
        "Every read model equals the fold of the log, after any crash or rebuild.",
        How::NotYet("read models live in the encrypted store; tier 2")
    ),
    law!(
        10,
        "clocks decide nothing",
        "The same schedule under other clocks gives the same verdicts, live values and finished pages.",
        How::Along
    ),
    law!(
        11,
        "nothing is left",
        "After healing everything is read, and every commit has a receipt or a refusal that it deserved.",
        How::AtEnd(words::nothing_is_left)
    ),
    law!(
        12,
        "finished is finished",
        "The first accepted finish stands, its page is the fold of what it lists, and all else stands beside it.",
        How::AtEnd(finish::finished_is_finished)
    ),
    law!(
        13,
        "worry wins",
        "While a risk question is open the most worrying live answer stands, marked.",
        How::AtEnd(safety::worry_wins)
    ),
    law!(
        14,
        "a conflict ends only by people",
        "An answer to a risk question leaves only by its own author, or by an applied settlement of somebody who may.",
        How::AtEnd(safety::conflicts_end_only_by_people)
    ),
    law!(
        15,
        "rights and need to know",
        "Every verdict is the one the sentences of the rule give, and nobody receives words that they may not read.",
        How::AtEnd(rights::verdicts_follow_the_sentences)
    ),
    law!(
        16,
        "revocation keeps unsent words",
        "Every unsent word has a receipt before its local copy is destroyed; then nothing stays, and the council is told.",
        How::AtEnd(moving::nothing_stays_of_what_moved)
    ),
    law!(
        17,
        "receipts verify and chain",
        "Each statement names the one before it, positions only grow, and applied is never taken back.",
        How::AtEnd(safety::receipts_chain)
    ),
    law!(
        18,
        "one number, one hash, or both kept",
        "Two commits under one number are both kept, and neither blocks anything.",
        How::AtEnd(words::both_under_one_number_are_kept)
    ),
    law!(
        19,
        "repeats change nothing",
        "Any request sent again yields the same receipts and no new entry.",
        How::Along
    ),
    law!(
        20,
        "poison is isolated",
        "However many commits break rules, every other one is acknowledged and judged as if they were not there.",
        How::AtEnd(words::poison_is_isolated)
    ),
    law!(
        21,
        "brief windows are used",
        "A window of two seconds at 12.5 KB/s completes something, the most urgent first, in a first request of at most 16 KB.",
        How::Along
    ),
    law!(
        22,
        "status is truthful",
        "A phone says that the council has a record only when the council durably has every commit it made on it.",
        How::Along
    ),
    law!(
        23,
        "bounded effort",
        "Attempts per hour stay within the budget while nothing gets through.",
        How::Along
    ),
    law!(
        24,
        "version skew",
        "Any released phone works with any released council.",
        How::NotYet(
            "nothing is released; unknown kinds and newer forms are among what is written here"
        )
    ),
    law!(
        25,
        "attachments",
        "A file is receipted, and shown, only when every byte is the one attached; none is left behind; words never wait for bytes.",
        How::AtEnd(files::files_are_whole)
    ),
    law!(
        26,
        "disk full, key gone, page corrupt",
        "The app refuses loudly or keeps; it never drops, and never makes a file anew.",
        How::NotYet("that is the encrypted store's; tier 2")
    ),
];

/// Checks every law that is checked at the end, in order.
///
/// # Errors
/// The first that is broken.
pub(crate) fn check_all(world: &World, reading: &Reading) -> Checked {
    for law in &LAWS {
        if let How::AtEnd(check) = law.how {
            check(world, reading)?;
            world.ledger.tally.borrow_mut().checks += 1;
        }
    }
    Ok(())
}
