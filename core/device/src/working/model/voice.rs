//! What a child gave, and what became of it.

use serde::Serialize;
use visitbook_record::id::RecordId;

use super::VersionView;
use crate::clock::Moment;

/// Something the child gave.
#[derive(Clone, Serialize)]
pub struct VoiceView {
    /// The voice.
    pub record: RecordId,
    /// The child.
    pub child: RecordId,
    /// "Wren left you 1 thing, 10:10.", while nobody has opened what the child handed in: then nothing below is told but by whom and
    /// when.
    pub closed: Option<String>,
    /// How it was given.
    pub how: Option<String>,
    /// That, in words.
    pub how_label: Option<String>,
    /// The child's exact words.
    pub words: Vec<String>,
    /// "Words removed …", where they were, by law: by whom, when and why.
    pub removed: Vec<String>,
    /// What a worker saw.
    pub saw: Vec<String>,
    /// Something the child drew or made.
    pub drawing: Option<DrawingView>,
    /// The child entered it, on a page of the child's own.
    pub by_the_child: bool,
    /// Who has opened what the child handed in.
    pub opened_by: Vec<String>,
    /// What the child asked about sharing it, in words; whom not to tell after that.
    pub child_asks: Vec<String>,
    /// `no_until_decided`, `yes` or `no`.
    pub family_papers: Option<String>,
    /// What a person decided about sharing it.
    pub sharing: Option<SharingView>,
    /// What was answered, oldest first.
    pub replies: Vec<ReplyView>,
    /// What workers think it tells them: never the child's words.
    pub readings: Vec<VersionView>,
    /// The words in another language, by whoever `translated_by` names.
    pub translations: Vec<VersionView>,
    /// Who entered it.
    pub by: String,
    /// When.
    pub written: Moment,
}

/// A drawing, without its bytes; [`super::super::Working::drawing`] gives those.
#[derive(Clone, Serialize)]
pub struct DrawingView {
    /// Its media type.
    pub media: String,
    /// Its size in bytes.
    pub bytes: usize,
    /// SHA-256 of its bytes, in hexadecimal: the same for every reader.
    pub sha256: String,
}

/// What a child left for the worker on this device, unread.
#[derive(Clone, Serialize)]
pub struct LeftForYou {
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// "Wren left you 2 things."
    pub title: String,
    /// What to do now.
    pub detail: String,
    /// The voices, in the order handed in.
    pub records: Vec<RecordId>,
}

/// One time that this device was in a child's hands.
#[derive(Clone, Serialize)]
pub struct FamilySessionView {
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// The visit.
    pub visit: Option<RecordId>,
    /// Since when, by the device's clock.
    pub entered: Moment,
    /// Until when; `None` if the worker did not leave it.
    pub left: Option<Moment>,
    /// How many things were found.
    pub things: u64,
    /// `confirmed`, `not_confirmed`, `count_mismatch` or `touched`.
    pub ended: String,
    /// That, for the worker.
    pub title: String,
    /// What it means.
    pub detail: String,
}

/// One answer to a child.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ReplyView {
    /// Its name, to complete it later: `answers/NAME`.
    pub reply: String,
    /// `heard`, `we_will`, `we_did`, `we_cannot`, `told_child` or `child_replied`.
    pub code: Option<String>,
    /// That, in words.
    pub label: Option<String>,
    /// Who will.
    pub who: Option<String>,
    /// By when.
    pub by_when: Option<String>,
    /// Why not.
    pub because: Option<String>,
    /// When the child was told.
    pub on: Option<String>,
    /// How.
    pub how: Option<String>,
    /// What the child replied.
    pub voice: Option<String>,
    /// Who gave it.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
}

/// What a person decided about sharing what a child gave.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SharingView {
    /// `as_child_asked`, `shared_for_safety`, `shared_by_law_or_court` or `held_back_for_safety`.
    pub code: Option<String>,
    /// That, in words.
    pub label: Option<String>,
    /// Why.
    pub because: Option<String>,
    /// Whether the child was told: `yes` or `not_yet`.
    pub child_told: Option<String>,
    /// When.
    pub child_told_on: Option<String>,
    /// Who decided.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
    /// Two decisions stand, and a person has to say which.
    pub open: bool,
}

/// What a child handed in and nobody has opened for too long.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct UnopenedLine {
    /// The voice.
    pub voice: RecordId,
    /// What the child is called.
    pub name: String,
    /// When the council received it.
    pub received: Moment,
    /// All of it, as it is said.
    pub words: String,
}
