//! What screens are given: plain values, one call for each screen, nothing borrowed.
//!
//! They hold names and words, so none of them prints itself. Times are in [`Moment`]: the milliseconds that were recorded,
//! and day and time in London.

use visitbook_record::commit::Role;
use visitbook_record::id::{CommitHash, OpId, RecordId, WorkerId};

use crate::clock::Moment;
use serde::Serialize;

mod aside;
mod attached;

pub use aside::{KeptAside, PlacedView, SetAside};
pub use attached::{AttachmentView, ExpectedFile};
mod board;
mod due;
mod export;
mod oversight;
mod people;
mod voice;

pub use board::{
    ActionBy, Addition, AloneLine, AsideLine, AskedLine, Board, BoardView, Decided, DeviceHeard,
    DueChild, NotMetLine, NotMetVisit, NotSeen, RatedView, Since, StepView, ToSign, TwoAnswersLine,
    WaitingChild,
};
pub use due::{DueLine, NoAccessLine, NoAnswerView, Owed};
pub use export::{CaseSection, CaseText};
pub use oversight::{
    ClosingView, CorrectionView, OpenedView, OversightView, ReturnedView, SignedOffView, VoidedView,
};
pub use people::{
    AlsoMet, CoverChild, FileOpened, MetChild, SameVisitQuestion, SameVisitView, ToTell,
};
pub use voice::{
    DrawingView, FamilySessionView, LeftForYou, ReplyView, SharingView, UnopenedLine, VoiceView,
};

/// Whose device this is.
#[derive(Clone, Serialize)]
pub struct Identity {
    /// The holder.
    pub worker: WorkerId,
    /// The holder's name; their id until the council's list has been read.
    pub name: String,
    /// What the holder calls the device.
    pub label: String,
    /// The device's name in commits.
    pub device: visitbook_record::id::DeviceId,
    /// The council's id.
    pub council: visitbook_record::id::CouncilId,
    /// The council's name.
    pub council_name: String,
    /// The number to ring out of hours, if the council gave one.
    pub out_of_hours: Option<String>,
}

/// A member of staff.
#[derive(Clone, Serialize)]
pub struct Person {
    /// Their id.
    pub worker: WorkerId,
    /// Their name.
    pub name: String,
    /// What they are: as the council's list says.
    pub role: Option<String>,
    /// Their telephone number.
    pub phone: Option<String>,
    /// Who manages them.
    pub manager: Option<String>,
}

/// A child on a list.
#[derive(Clone, Serialize)]
pub struct ChildLine {
    /// The child.
    pub child: RecordId,
    /// What the child is called.
    pub name: String,
    /// Known as and family name.
    pub full_name: String,
    /// The case system's code.
    pub code: Option<String>,
    /// The family.
    pub family: Option<String>,
    /// Date of birth, or the date the child is expected.
    pub born: Option<String>,
    /// Age on the day asked for, "14" or "11 months"; "expected" before birth.
    pub age: Option<String>,
    /// In what role the holder of this device holds the child.
    pub role: Option<Role>,
    /// Somebody met this child, who was on nobody's list: `open`, `matched`, `referred` or `two_answers`.
    pub met: Option<String>,
}

/// A visit on a list.
#[derive(Clone, Serialize)]
pub struct VisitLine {
    /// The visit.
    pub record: RecordId,
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// The outing it belongs to.
    pub outing: Option<String>,
    /// The day, `2026-10-27`; empty if none is said.
    pub date: String,
    /// When the worker arrived.
    pub arrived: Option<String>,
    /// How it went.
    pub outcome: Option<String>,
    /// Whether the child was seen.
    pub seen: Option<String>,
    /// Two answers to that are open.
    pub seen_open: bool,
    /// Whether the child was seen alone.
    pub alone: Option<String>,
    /// Two answers to that are open.
    pub alone_open: bool,
    /// Whether the bedroom was seen.
    pub bedroom: Option<String>,
    /// Whether the child is safe now.
    pub safe_now: Option<String>,
    /// It is finished.
    pub finished: bool,
    /// Who began or planned it.
    pub by: Option<String>,
    /// What became of it after the finish: `signed_off`, `asked`, `corrected`.
    pub marks: Vec<String>,
    /// It is one visit with this record, which is read first: counted once.
    pub same_visit_as: Option<RecordId>,
}

/// The first screen.
#[derive(Clone, Serialize)]
pub struct Today {
    /// The day asked for.
    pub date: String,
    /// Visits planned for or made on that day, by child.
    pub visits: Vec<VisitLine>,
    /// Visits of earlier days that are not finished.
    pub unfinished: Vec<VisitLine>,
    /// Everybody the holder holds.
    pub children: Vec<ChildLine>,
    /// When each of them is next to be seen, with the sum, overdue first. Those to whom no visits are owed are left out.
    pub due: Vec<DueLine>,
    /// Concerns without a written decision.
    pub concerns: Vec<ConcernView>,
    /// What children left on this device and the holder has not opened: to be read before leaving the address.
    pub left_for_you: Vec<LeftForYou>,
    /// What children handed in elsewhere and nobody has opened for too long, for their manager.
    pub unopened: Vec<UnopenedLine>,
    /// How many questions need the holder's answer.
    pub questions: usize,
    /// Visits that the holder and somebody else began apart: one or two? Counted among the questions.
    pub same_visits: Vec<SameVisitQuestion>,
    /// Children whose worker the holder has become, and who are to be told.
    pub to_tell: Vec<ToTell>,
    /// Questions about the holder's finished visits that a manager sent back.
    pub returned: Vec<ReturnedView>,
    /// How many envelopes wait to be sent.
    pub unsent: usize,
    /// Alarms that nobody has looked at.
    pub alarms: usize,
}

/// An imported or recorded fact: the question, and the answer as shown.
#[derive(Clone, Serialize)]
pub struct FactLine {
    /// The field.
    pub field: String,
    /// The element, where there are several.
    pub element: Option<String>,
    /// The part of the element.
    pub part: Option<String>,
    /// What stands above the answer.
    pub label: String,
    /// The code.
    pub code: Option<String>,
    /// The answer in words.
    pub answer: Option<String>,
    /// Two answers are open.
    pub open: bool,
}

/// When something was last the case, and by whom.
#[derive(Clone, Serialize)]
pub struct LastTime {
    /// The day.
    pub date: String,
    /// By whom, if a visit here says so; `None` for what was imported.
    pub by: Option<String>,
}

/// A child's card.
#[derive(Clone, Serialize)]
pub struct ChildCard {
    /// Name, age, family.
    pub child: ChildLine,
    /// Everything the case system told us, in the form's order.
    pub facts: Vec<FactLine>,
    /// Last seen in person.
    pub last_seen: Option<LastTime>,
    /// Last spoken to alone.
    pub last_alone: Option<LastTime>,
    /// When the bedroom was last seen.
    pub last_bedroom: Option<LastTime>,
    /// When the child is next to be seen, with the sum; `None` if no visits are owed.
    pub due: Option<DueLine>,
    /// The last three things the child gave, newest first.
    pub voices: Vec<VoiceView>,
    /// Who holds the child.
    pub held_by: Vec<(String, Role)>,
    /// The child is to be told who the worker is now.
    pub to_tell: Option<ToTell>,
    /// Concerns without a written decision.
    pub concerns: Vec<ConcernView>,
    /// Visits, newest first, at most ten.
    pub visits: Vec<VisitLine>,
    /// Further children of the same family that the holder holds.
    pub family: Vec<ChildLine>,
    /// What was written about the child before anybody knew who it was, in files of its own.
    pub also_met: Vec<AlsoMet>,
}

/// One answer to a question, as somebody gave it.
#[derive(Clone, Serialize)]
pub struct AnswerView {
    /// The statement.
    pub op: OpId,
    /// The code; `None` if it cannot be read here.
    pub code: Option<String>,
    /// The answer in words, as its author saw it.
    pub label: Option<String>,
    /// A few words beside it.
    pub note: Option<String>,
    /// Who.
    pub author: WorkerId,
    /// Their name.
    pub by: String,
    /// It is the holder's.
    pub mine: bool,
    /// It settled earlier answers.
    pub settled: bool,
    /// Why, where it settled something.
    pub reason: Option<String>,
    /// "Words removed …", where they were, by law: by whom, when and why.
    pub removed: Option<String>,
    /// When, by the author's device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
}

/// One question of the form with its answers.
#[derive(Clone, Serialize)]
pub struct QuestionView {
    /// The target, as commands take it.
    pub target: String,
    /// The field.
    pub field: String,
    /// What stands above it.
    pub label: String,
    /// The live answers, own unsent ones last.
    pub answers: Vec<AnswerView>,
    /// Which of them stands, as an index; `None` where all do, or none does yet.
    pub standing: Option<usize>,
    /// The answers differ.
    pub open: bool,
    /// A more worrying answer may exist.
    pub maybe_worse: bool,
    /// On a finished visit: the answer on the finished page, where it differs from what stands now.
    pub on_page: Vec<AnswerView>,
}

/// One version of a piece of text.
#[derive(Clone, Serialize)]
pub struct VersionView {
    /// The statement.
    pub op: OpId,
    /// The text; `None` while its author has not finished it, and where it was removed.
    pub text: Option<String>,
    /// "Words removed …", where they were, by law: by whom, when and why.
    pub removed: Option<String>,
    /// Recovered after a crash; its author has not gone on with it.
    pub cut_off: bool,
    /// Who.
    pub author: WorkerId,
    /// Their name.
    pub by: String,
    /// When, by the author's device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
}

/// One piece of text.
#[derive(Clone, Serialize)]
pub struct EntryView {
    /// The heading.
    pub heading: String,
    /// What stands above it.
    pub label: String,
    /// The entry's id.
    pub entry: String,
    /// The live versions.
    pub versions: Vec<VersionView>,
    /// Which of them is read first, as an index.
    pub first: usize,
    /// Its author took it back.
    pub withdrawn: bool,
    /// It was written in two places, and its author must say which is read first.
    pub open: bool,
    /// It came, or was changed, after the finish.
    pub late: bool,
}

/// That a visit is finished.
#[derive(Clone, Serialize)]
pub struct FinishedView {
    /// By whom.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// One statement on the page is being looked at.
    pub being_looked_at: bool,
    /// Other finishes that are no mere additions to this one.
    pub rivals: usize,
}

/// What came after a finish.
#[derive(Clone, Serialize)]
pub struct LateView {
    /// The statement.
    pub op: OpId,
    /// What it is about.
    pub target: String,
    /// What stands above that.
    pub label: String,
    /// The words or the answer; `None` if they cannot be read here.
    pub text: Option<String>,
    /// Who.
    pub by: String,
    /// On what: "Rowan's phone". Told where a record is laid out.
    pub device: Option<String>,
    /// When its author first wrote about this; earlier than `written` for a text that was gone on with.
    pub begun: Moment,
    /// When, by the author's device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
}

/// A visit, a concern or a voice, laid out.
#[derive(Clone, Serialize)]
pub struct RecordPage {
    /// The record.
    pub record: RecordId,
    /// Its kind: `visit`, `voice`, `concern`, `child`.
    pub kind: String,
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// "Wren left you 1 thing, 10:10.", while nobody has opened what the child handed in: then nothing of it is told below.
    pub closed: Option<String>,
    /// Every question that has an answer, in the form's order.
    pub questions: Vec<QuestionView>,
    /// Every piece of text, in log order.
    pub entries: Vec<EntryView>,
    /// A child's exact words, for a voice.
    pub words: Vec<String>,
    /// Files that belong to it.
    pub attachments: Vec<AttachmentView>,
    /// What a previous worker wrote, and the council received after the child had moved. It stands where it belongs as well.
    pub from_previous_worker: Vec<LateView>,
    /// The finish that stands.
    pub finished: Option<FinishedView>,
    /// What came after it.
    pub late: Vec<LateView>,
    /// How many statements are set aside, wait, or are of a newer version.
    pub unread: usize,
    /// What a manager, or a correction, made of it.
    pub oversight: OversightView,
    /// Other records of the same visit, the one to read first before the others.
    pub same_visit: Vec<SameVisitView>,
    /// Where it is.
    pub status: Option<StatusView>,
}

/// A concern on a list.
#[derive(Clone, Serialize)]
pub struct ConcernView {
    /// The concern.
    pub record: RecordId,
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// How urgent, the most worrying answer.
    pub urgency: Option<String>,
    /// That, in words.
    pub urgency_label: Option<String>,
    /// What it is about.
    pub about: Vec<String>,
    /// Who marked it.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// Who was told.
    pub told: Vec<String>,
    /// What was decided, and by whom, and when.
    pub decisions: Vec<LateView>,
}

/// A question to which two answers are open.
#[derive(Clone, Serialize)]
pub struct OpenQuestion {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: String,
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// The target, as commands take it.
    pub target: String,
    /// The question, with the child's name in it.
    pub question: String,
    /// The answers.
    pub answers: Vec<AnswerView>,
    /// The answer that stands meanwhile, as an index.
    pub standing: Option<usize>,
    /// One of the answers is the holder's, or the holder is asked to agree.
    pub mine: bool,
    /// It is a piece of text that its author wrote in two places.
    pub text: bool,
    /// Neither author had seen the other's answer.
    pub unseen: bool,
    /// What the holder may settle it to, and whose agreement each other answer needs.
    pub choices: Vec<ChoiceView>,
    /// Requests to agree that are open: who asks, whom, to what.
    pub asks: Vec<AskView>,
}

/// One way to settle a question.
#[derive(Clone, Serialize)]
pub struct ChoiceView {
    /// The code to settle to.
    pub code: String,
    /// In words.
    pub label: String,
    /// Whose agreement it needs; `None` if the holder may settle to it alone.
    pub needs: Option<WorkerId>,
    /// Their name.
    pub needs_name: Option<String>,
}

/// A request to agree.
#[derive(Clone, Serialize)]
pub struct AskView {
    /// Who asks.
    pub by: String,
    /// Who is asked.
    pub of: WorkerId,
    /// Their name.
    pub of_name: String,
    /// To what.
    pub code: String,
    /// In words.
    pub label: String,
}

/// Where a record is, in the words of the screen.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct StatusView {
    /// `saved_here`, `sending`, `needs_you`, `with`, `council_waiting`, `council_has_it`.
    pub code: String,
    /// The line in bold.
    pub title: String,
    /// The line below.
    pub detail: String,
    /// Since when, or at what time.
    pub at: Option<Moment>,
    /// A visit that is not finished.
    pub unfinished: bool,
    /// Why the council did not take an envelope of it, if it did not; the words stay here.
    pub refused: Option<String>,
}

/// Where a record is.
#[derive(Clone, Serialize)]
pub struct RecordStatus {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: String,
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// Where it is.
    pub status: StatusView,
}

/// One statement in a record's history.
#[derive(Clone, Serialize)]
pub struct Version {
    /// The statement.
    pub op: OpId,
    /// The commit.
    pub commit: CommitHash,
    /// What kind of statement: `assert`, `entry_add`, `resolve`, …
    pub kind: String,
    /// What it is about.
    pub target: String,
    /// What stands above that.
    pub label: String,
    /// The answer's code, if it is an answer.
    pub code: Option<String>,
    /// The words or the answer; `None` if they cannot be read here.
    pub text: Option<String>,
    /// "Words removed …", where they were, by law: by whom, when and why.
    pub removed: Option<String>,
    /// A few words beside an answer, or why something was settled.
    pub note: Option<String>,
    /// Who.
    pub by: String,
    /// When, by the author's device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// The statements it names as replaced.
    pub replaces: Vec<OpId>,
    /// `not_received`, `applied`, `applied_from_previous_worker`, `set_aside`, `held`.
    pub verdict: String,
    /// Why it was set aside.
    pub reason: Option<String>,
    /// It stands now.
    pub live: bool,
}

/// Something found.
#[derive(Clone, Serialize)]
pub struct Found {
    /// The statement.
    pub op: OpId,
    /// Where.
    pub record: RecordId,
    /// The record's kind.
    pub kind: String,
    /// The child.
    pub child: Option<RecordId>,
    /// The child's name.
    pub child_name: String,
    /// What it is about.
    pub target: String,
    /// The words around what was found, at most 200 characters.
    pub excerpt: String,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub written: Moment,
}

/// Something that should not be possible. Nothing is lost; a person should look.
#[derive(Clone, Serialize)]
pub struct AlarmView {
    /// When it was noticed.
    pub at: Moment,
    /// `digest_differs`, `receipts_fork`, `bad_signature`, `bad_payload`, `no_certificate`, `book_went_back`, `two_copies`,
    /// `epoch_fork`, `refused`.
    pub kind: String,
    /// In a sentence.
    pub sentence: String,
    /// The scope, commit or statement it is about.
    pub about: String,
}

/// What a check of everything found.
#[derive(Clone, Serialize)]
pub struct Verification {
    /// Own commits looked at: exact bytes, hash, signature, chain.
    pub own_commits: u64,
    /// Others' commits looked at: exact bytes, hash, signature, certificate.
    pub other_commits: u64,
    /// Payloads compared with the hash that was signed.
    pub payloads: u64,
    /// Receipt statements whose signature verified.
    pub receipts: u64,
    /// Own commits that a verified receipt names.
    pub receipted: u64,
    /// Own commits that wait for a receipt.
    pub waiting: u64,
    /// Everything that is not as it must be; empty if all is well.
    pub problems: Vec<String>,
}

/// One number for a scope, to compare with another device or the council.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct DigestLine {
    /// The scope.
    pub scope: String,
    /// The life of the council's log.
    pub epoch: u64,
    /// How far it has been read.
    pub position: u64,
    /// The digest, in hexadecimal.
    pub digest: String,
}

/// A draft that a crash left, and that is an entry now.
#[derive(Clone, Serialize)]
pub struct Recovered {
    /// The record.
    pub record: RecordId,
    /// Under which heading.
    pub heading: String,
    /// The entry.
    pub entry: String,
    /// The end of what was kept.
    pub tail: String,
    /// When the last keystroke was kept.
    pub written: Moment,
}

/// A draft that could not become an entry at unlock. It is kept as it was typed, on this device alone, and tried again at
/// every lock and unlock. Typing nothing into the same entry lets it go.
#[derive(Clone, Serialize)]
pub struct KeptDraft {
    /// The record.
    pub record: RecordId,
    /// Under which heading.
    pub heading: String,
    /// The entry.
    pub entry: String,
    /// All that was typed, to be copied from.
    pub text: String,
    /// When the last keystroke was kept.
    pub written: Moment,
    /// Why it is no entry.
    pub reason: String,
}

/// Something without which a visit is not finished.
#[derive(Clone, Serialize)]
pub struct MissingItem {
    /// The visit.
    pub record: RecordId,
    /// The child.
    pub child: RecordId,
    /// The field to fill in.
    pub field: String,
    /// The question to ask.
    pub question: String,
}

/// What a person is shown before visits are finished.
#[derive(Clone, Serialize)]
pub struct BeforeFinishing {
    /// "Finish for Wren (14) and Finch (9)?"
    pub title: String,
    /// What finishing means.
    pub detail: String,
    /// What children left on this device and the holder has not opened: a reminder, and no reason not to finish.
    pub left_for_you: Vec<LeftForYou>,
}

/// What asking to finish came to.
#[derive(Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finishing {
    /// All of them are finished.
    Finished(super::Saved),
    /// None is, because this is missing.
    Missing(Vec<MissingItem>),
}
