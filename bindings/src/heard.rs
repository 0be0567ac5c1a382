//! What becomes of something a child gave: opened, answered, decided about. The child's words never change.

use crate::across::{Across as _, record};
use crate::book::Book;
use crate::error::VisitbookError;
use crate::model::standing::Saved;
use crate::model::voice::{FamilySessionView, LeftForYou, VoiceView};

type Result<T> = std::result::Result<T, VisitbookError>;

/// An answer to a child. Which parts it needs depends on its code.
#[derive(Clone, uniffi::Record)]
pub struct ReplyGiven {
    /// `heard`, `we_will` (who, by when), `we_did`, `we_cannot` (because), `told_child` (on, how) or `child_replied` (voice).
    pub code: String,
    /// Who will.
    #[uniffi(default = None)]
    pub who: Option<String>,
    /// By when, `2026-11-02`.
    #[uniffi(default = None)]
    pub by_when: Option<String>,
    /// Why not.
    #[uniffi(default = None)]
    pub because: Option<String>,
    /// When, `2026-11-02`.
    #[uniffi(default = None)]
    pub on: Option<String>,
    /// How.
    #[uniffi(default = None)]
    pub how: Option<String>,
    /// The voice that is the child's reply.
    #[uniffi(default = None)]
    pub voice: Option<String>,
}

/// A person's decision about sharing what a child gave.
#[derive(Clone, uniffi::Record)]
pub struct SharingGiven {
    /// `as_child_asked`, `shared_for_safety`, `shared_by_law_or_court` or `held_back_for_safety`.
    pub decision: String,
    /// Why.
    pub because: String,
    /// When the child was told of it, `2026-11-02`; left out, that is still to be done.
    #[uniffi(default = None)]
    pub child_told_on: Option<String>,
    /// Whether it may stand in papers that the family sees; left out, that stays undecided.
    #[uniffi(default = None)]
    pub family_papers: Option<bool>,
}

/// A drawing.
#[derive(Clone, uniffi::Record)]
pub struct DrawingBytes {
    /// Its media type.
    pub media: String,
    /// Exactly what was handed in.
    pub bytes: Vec<u8>,
}

#[uniffi::export]
impl Book {
    /// What children left on this device and the holder has not opened: prompt for it before leaving the address, without a
    /// word of it, and never open it as the first screen.
    pub fn left_for_you(&self) -> Result<Vec<LeftForYou>> {
        Ok(self.with(|working| working.left_for_you())?.across())
    }

    /// Opens one thing a child gave, by a deliberate tap. For what a child handed in, that it was opened is said to the team.
    pub fn open_voice(&self, voice: String) -> Result<VoiceView> {
        let voice = record(&voice)?;
        Ok(self.with(|working| working.open_voice(voice))?.across())
    }

    /// Everything a child gave, newest first, without what `left_for_you` prompts for.
    pub fn voices(&self, child: String) -> Result<Vec<VoiceView>> {
        let child = record(&child)?;
        Ok(self.with(|working| working.voices(child))?.across())
    }

    /// The exact bytes of a drawing that a child gave.
    pub fn drawing(&self, voice: String) -> Result<Option<DrawingBytes>> {
        let voice = record(&voice)?;
        let drawing = self.with(|working| working.drawing(voice))?;
        Ok(drawing.map(|(media, bytes)| DrawingBytes { media, bytes }))
    }

    /// The sessions in which this device was in a child's hands, newest first, and how each ended.
    pub fn family_sessions(&self) -> Result<Vec<FamilySessionView>> {
        Ok(self.with(|working| working.family_sessions())?.across())
    }

    /// Answers a child, beside the child's words. Error `empty`: a part that this answer needs is missing.
    pub fn reply(&self, voice: String, reply: ReplyGiven) -> Result<Saved> {
        let voice = record(&voice)?;
        let ReplyGiven {
            code,
            who,
            by_when,
            because,
            on,
            how,
            voice: replied,
        } = reply;
        let reply = visitbook_device::Reply {
            code,
            who,
            by_when,
            because,
            on,
            how,
            voice: replied.as_deref().map(record).transpose()?,
        };
        let (_, saved) = self.with(|working| working.reply(voice, &reply))?;
        Ok(saved.across())
    }

    /// Decides about sharing what a child gave. What the child asked stays beside it.
    pub fn decide_sharing(&self, voice: String, sharing: SharingGiven) -> Result<Saved> {
        let voice = record(&voice)?;
        let SharingGiven {
            decision,
            because,
            child_told_on,
            family_papers,
        } = sharing;
        let sharing = visitbook_device::Sharing {
            decision,
            because,
            child_told_on,
            family_papers,
        };
        Ok(self
            .with(|working| working.decide_sharing(voice, &sharing))?
            .across())
    }
}
