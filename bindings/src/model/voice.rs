//! What a child gave, and what became of it.

use visitbook_device::model as core;

use super::lists::Moment;
use super::mirrors;
use super::page::VersionView;

mirrors! {
    /// Something the child gave.
    VoiceView {
        /// The voice.
        record: String,
        /// The child.
        child: String,
        /// "Wren left you 1 thing, 10:10.", while nobody has opened what the child handed in: then nothing below is told but by
        /// whom and when.
        closed: Option<String>,
        /// How it was given.
        how: Option<String>,
        /// That, in words.
        how_label: Option<String>,
        /// The child's exact words.
        words: Vec<String>,
        /// "Words removed …", where they were, by law: by whom, when and why.
        removed: Vec<String>,
        /// What a worker saw.
        saw: Vec<String>,
        /// Something the child drew or made.
        drawing: Option<DrawingView>,
        /// The child entered it, on a page of the child's own.
        by_the_child: bool,
        /// Who has opened what the child handed in.
        opened_by: Vec<String>,
        /// What the child asked about sharing it, in words; whom not to tell after that.
        child_asks: Vec<String>,
        /// `no_until_decided`, `yes` or `no`.
        family_papers: Option<String>,
        /// What a person decided about sharing it.
        sharing: Option<SharingView>,
        /// What was answered, oldest first.
        replies: Vec<ReplyView>,
        /// What workers think it tells them: never the child's words.
        readings: Vec<VersionView>,
        /// The words in another language, by whoever `translated_by` names.
        translations: Vec<VersionView>,
        /// Who entered it.
        by: String,
        /// When.
        written: Moment,
    }

    /// A drawing, without its bytes.
    DrawingView {
        /// Its media type.
        media: String,
        /// Its size in bytes.
        bytes: u64,
        /// SHA-256 of its bytes, in hexadecimal: the same for every reader.
        sha256: String,
    }

    /// What a child left for the worker on this device, unread.
    LeftForYou {
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// "Wren left you 2 things."
        title: String,
        /// What to do now.
        detail: String,
        /// The voices, in the order handed in.
        records: Vec<String>,
    }

    /// One time that this device was in a child's hands.
    FamilySessionView {
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// The visit.
        visit: Option<String>,
        /// Since when, by the device's clock.
        entered: Moment,
        /// Until when; `None` if the worker did not leave it.
        left: Option<Moment>,
        /// How many things were found.
        things: u64,
        /// `confirmed`, `not_confirmed`, `count_mismatch` or `touched`.
        ended: String,
        /// That, for the worker.
        title: String,
        /// What it means.
        detail: String,
    }

    /// One answer to a child.
    ReplyView {
        /// Its name, to complete it later: `answers/NAME`.
        reply: String,
        /// `heard`, `we_will`, `we_did`, `we_cannot`, `told_child` or `child_replied`.
        code: Option<String>,
        /// That, in words.
        label: Option<String>,
        /// Who will.
        who: Option<String>,
        /// By when.
        by_when: Option<String>,
        /// Why not.
        because: Option<String>,
        /// When the child was told.
        on: Option<String>,
        /// How.
        how: Option<String>,
        /// What the child replied.
        voice: Option<String>,
        /// Who gave it.
        by: String,
        /// When, by their device.
        written: Moment,
    }

    /// What a person decided about sharing what a child gave.
    SharingView {
        /// `as_child_asked`, `shared_for_safety`, `shared_by_law_or_court` or `held_back_for_safety`.
        code: Option<String>,
        /// That, in words.
        label: Option<String>,
        /// Why.
        because: Option<String>,
        /// Whether the child was told: `yes` or `not_yet`.
        child_told: Option<String>,
        /// When.
        child_told_on: Option<String>,
        /// Who decided.
        by: String,
        /// When, by their device.
        written: Moment,
        /// Two decisions stand, and a person has to say which.
        open: bool,
    }

    /// What a child handed in and nobody has opened for too long.
    UnopenedLine {
        /// The voice.
        voice: String,
        /// What the child is called.
        name: String,
        /// When the council received it.
        received: Moment,
        /// All of it, as it is said.
        words: String,
    }
}
