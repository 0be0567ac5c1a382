//! Where words are and what is open: statuses, questions, history, search, and what a check found.

use visitbook_device::{Saved as SavedInCore, model as core};

use super::lists::Moment;
use super::mirrors;
use super::page::AnswerView;
use super::voice::LeftForYou;
use crate::across::Across;

mirrors! {
    /// A question to which two answers are open.
    OpenQuestion {
        /// The record.
        record: String,
        /// Its kind.
        kind: String,
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// The target, as commands take it.
        target: String,
        /// The question, with the child's name in it.
        question: String,
        /// The answers.
        answers: Vec<AnswerView>,
        /// The answer that stands meanwhile, as an index.
        standing: Option<u64>,
        /// One of the answers is the holder's, or the holder is asked to agree.
        mine: bool,
        /// It is a piece of text that its author wrote in two places.
        text: bool,
        /// Neither author had seen the other's answer.
        unseen: bool,
        /// What the holder may settle it to, and whose agreement each other answer needs.
        choices: Vec<ChoiceView>,
        /// Requests to agree that are open: who asks, whom, to what.
        asks: Vec<AskView>,
    }

    /// One way to settle a question.
    ChoiceView {
        /// The code to settle to.
        code: String,
        /// In words.
        label: String,
        /// Whose agreement it needs; `None` if the holder may settle to it alone.
        needs: Option<String>,
        /// Their name.
        needs_name: Option<String>,
    }

    /// A request to agree.
    AskView {
        /// Who asks.
        by: String,
        /// Who is asked.
        of: String,
        /// Their name.
        of_name: String,
        /// To what.
        code: String,
        /// In words.
        label: String,
    }

    /// Where a record is, in the words of the screen.
    StatusView {
        /// `saved_here`, `sending`, `needs_you`, `with`, `council_waiting`, `council_has_it`.
        code: String,
        /// The line in bold.
        title: String,
        /// The line below.
        detail: String,
        /// Since when, or at what time.
        at: Option<Moment>,
        /// A visit that is not finished.
        unfinished: bool,
        /// Why the council did not take an envelope of it, if it did not; the words stay here.
        refused: Option<String>,
    }

    /// Where a record is.
    RecordStatus {
        /// The record.
        record: String,
        /// Its kind.
        kind: String,
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// Where it is.
        status: StatusView,
    }

    /// One statement in a record's history.
    Version {
        /// The statement.
        op: String,
        /// The commit.
        commit: String,
        /// What kind of statement: `assert`, `entry_add`, `resolve`, …
        kind: String,
        /// What it is about.
        target: String,
        /// What stands above that.
        label: String,
        /// The answer's code, if it is an answer.
        code: Option<String>,
        /// The words or the answer; `None` if they cannot be read here.
        text: Option<String>,
        /// "Words removed …", where they were, by law: by whom, when and why.
        removed: Option<String>,
        /// A few words beside an answer, or why something was settled.
        note: Option<String>,
        /// Who.
        by: String,
        /// When, by the author's device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// The statements it names as replaced.
        replaces: Vec<String>,
        /// `not_received`, `applied`, `applied_from_previous_worker`, `set_aside`, `held`.
        verdict: String,
        /// Why it was set aside.
        reason: Option<String>,
        /// It stands now.
        live: bool,
    }

    /// Something found.
    Found {
        /// The statement.
        op: String,
        /// Where.
        record: String,
        /// The record's kind.
        kind: String,
        /// The child.
        child: Option<String>,
        /// The child's name.
        child_name: String,
        /// What it is about.
        target: String,
        /// The words around what was found, at most 200 characters.
        excerpt: String,
        /// Who wrote it.
        by: String,
        /// When.
        written: Moment,
    }

    /// Something that should not be possible. Nothing is lost; a person should look.
    AlarmView {
        /// When it was noticed.
        at: Moment,
        /// `digest_differs`, `receipts_fork`, `bad_signature`, `bad_payload`, `no_certificate`, `book_went_back`, `two_copies`,
        /// `epoch_fork`, `refused`.
        kind: String,
        /// In a sentence.
        sentence: String,
        /// The scope, commit or statement it is about.
        about: String,
    }

    /// What a check of everything found.
    Verification {
        /// Own commits looked at: exact bytes, hash, signature, chain.
        own_commits: u64,
        /// Others' commits looked at: exact bytes, hash, signature, certificate.
        other_commits: u64,
        /// Payloads compared with the hash that was signed.
        payloads: u64,
        /// Receipt statements whose signature verified.
        receipts: u64,
        /// Own commits that a verified receipt names.
        receipted: u64,
        /// Own commits that wait for a receipt.
        waiting: u64,
        /// Everything that is not as it must be; empty if all is well.
        problems: Vec<String>,
    }

    /// One number for a scope, to compare with another device or the council.
    DigestLine {
        /// The scope.
        scope: String,
        /// The life of the council's log.
        epoch: u64,
        /// How far it has been read.
        position: u64,
        /// The digest, in hexadecimal.
        digest: String,
    }

    /// A draft that a crash left, and that is an entry now.
    Recovered {
        /// The record.
        record: String,
        /// Under which heading.
        heading: String,
        /// The entry.
        entry: String,
        /// The end of what was kept.
        tail: String,
        /// When the last keystroke was kept.
        written: Moment,
    }

    /// A draft that a crash left, and that could not become an entry.
    KeptDraft {
        /// The record.
        record: String,
        /// Under which heading.
        heading: String,
        /// The entry.
        entry: String,
        /// All that was typed, to be copied from.
        text: String,
        /// When the last keystroke was kept.
        written: Moment,
        /// Why it is no entry.
        reason: String,
    }

    /// What a person is shown before visits are finished.
    BeforeFinishing {
        /// "Finish for Wren (14) and Finch (9)?"
        title: String,
        /// What finishing means.
        detail: String,
        /// What children left on this device and the holder has not opened: a reminder, and no reason not to finish.
        left_for_you: Vec<LeftForYou>,
    }

    /// Something without which a visit is not finished.
    MissingItem {
        /// The visit.
        record: String,
        /// The child.
        child: String,
        /// The field to fill in.
        field: String,
        /// The question to ask.
        question: String,
    }
}

/// What was saved, durably and signed. Whether the council has it is a record's status.
#[derive(Clone, uniffi::Record)]
pub struct Saved {
    /// The records written, in the order given, each once.
    pub records: Vec<String>,
    /// The commits, one for each record.
    pub commits: Vec<String>,
    /// The statements of all commits, in order.
    pub ops: Vec<String>,
    /// When, by this device's clock.
    pub at: Moment,
}

impl Across<Saved> for SavedInCore {
    fn across(self) -> Saved {
        let Self {
            records,
            commits,
            ops,
            at,
        } = self;
        Saved {
            records: records.across(),
            commits: commits.across(),
            ops: ops.across(),
            at: at.across(),
        }
    }
}

/// What asking to finish came to.
#[derive(Clone, uniffi::Enum)]
pub enum Finishing {
    /// All of them are finished.
    Finished {
        /// What was saved.
        saved: Saved,
    },
    /// None is, because this is missing.
    Missing {
        /// Everything that is missing from any of them.
        items: Vec<MissingItem>,
    },
}

impl Across<Finishing> for core::Finishing {
    fn across(self) -> Finishing {
        match self {
            Self::Finished(saved) => Finishing::Finished {
                saved: saved.across(),
            },
            Self::Missing(items) => Finishing::Missing {
                items: items.across(),
            },
        }
    }
}
