//! One record, laid out for reading.

use visitbook_device::model as core;

use super::files::AttachmentView;
use super::lists::Moment;
use super::mirrors;
use super::oversight::OversightView;
use super::people::SameVisitView;
use super::standing::StatusView;

mirrors! {
    /// One answer to a question, as somebody gave it.
    AnswerView {
        /// The statement.
        op: String,
        /// The code; `None` if it cannot be read here.
        code: Option<String>,
        /// The answer in words, as its author saw it.
        label: Option<String>,
        /// A few words beside it.
        note: Option<String>,
        /// Who.
        author: String,
        /// Their name.
        by: String,
        /// It is the holder's.
        mine: bool,
        /// It settled earlier answers.
        settled: bool,
        /// Why, where it settled something.
        reason: Option<String>,
        /// "Words removed …", where they were, by law: by whom, when and why.
        removed: Option<String>,
        /// When, by the author's device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
    }

    /// One question of the form with its answers.
    QuestionView {
        /// The target, as commands take it.
        target: String,
        /// The field.
        field: String,
        /// What stands above it.
        label: String,
        /// The live answers, own unsent ones last.
        answers: Vec<AnswerView>,
        /// Which of them stands, as an index; `None` where all do, or none does yet.
        standing: Option<u64>,
        /// The answers differ.
        open: bool,
        /// A more worrying answer may exist.
        maybe_worse: bool,
        /// On a finished visit: the answer on the finished page, where it differs from what stands now.
        on_page: Vec<AnswerView>,
    }

    /// One version of a piece of text.
    VersionView {
        /// The statement.
        op: String,
        /// The text; `None` while its author has not finished it, and where it was removed.
        text: Option<String>,
        /// "Words removed …", where they were, by law: by whom, when and why.
        removed: Option<String>,
        /// Recovered after a crash; its author has not gone on with it.
        cut_off: bool,
        /// Who.
        author: String,
        /// Their name.
        by: String,
        /// When, by the author's device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
    }

    /// One piece of text.
    EntryView {
        /// The heading.
        heading: String,
        /// What stands above it.
        label: String,
        /// The entry's id.
        entry: String,
        /// The live versions.
        versions: Vec<VersionView>,
        /// Which of them is read first, as an index.
        first: u64,
        /// Its author took it back.
        withdrawn: bool,
        /// It was written in two places, and its author must say which is read first.
        open: bool,
        /// It came, or was changed, after the finish.
        late: bool,
    }

    /// That a visit is finished.
    FinishedView {
        /// By whom.
        by: String,
        /// When, by their device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// One statement on the page is being looked at.
        being_looked_at: bool,
        /// Other finishes that are no mere additions to this one.
        rivals: u64,
    }

    /// What came after a finish.
    LateView {
        /// The statement.
        op: String,
        /// What it is about.
        target: String,
        /// What stands above that.
        label: String,
        /// The words or the answer; `None` if they cannot be read here.
        text: Option<String>,
        /// Who.
        by: String,
        /// On what: "Rowan's phone". Told where a record is laid out.
        device: Option<String>,
        /// When its author first wrote about this; earlier than `written` for a text that was gone on with.
        begun: Moment,
        /// When, by the author's device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
    }

    /// A visit, a concern or a voice, laid out.
    RecordPage {
        /// The record.
        record: String,
        /// Its kind: `visit`, `voice`, `concern`, `child`.
        kind: String,
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// "Wren left you 1 thing, 10:10.", while nobody has opened what the child handed in: then nothing of it is told below.
        closed: Option<String>,
        /// Every question that has an answer, in the form's order.
        questions: Vec<QuestionView>,
        /// Every piece of text, in log order.
        entries: Vec<EntryView>,
        /// A child's exact words, for a voice.
        words: Vec<String>,
        /// Files that belong to it.
        attachments: Vec<AttachmentView>,
        /// What a previous worker wrote, and the council received after the child had moved. It stands where it belongs as well.
        from_previous_worker: Vec<LateView>,
        /// The finish that stands.
        finished: Option<FinishedView>,
        /// What came after it.
        late: Vec<LateView>,
        /// How many statements are set aside, wait, or are of a newer version.
        unread: u64,
        /// What a manager, or a correction, made of it.
        oversight: OversightView,
        /// Other records of the same visit, the one to read first before the others.
        same_visit: Vec<SameVisitView>,
        /// Where it is.
        status: Option<StatusView>,
    }
}
