//! What is on the child's page and not handed in yet: in memory only, wiped when it goes, and taken back step by step.

use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::RecordKind;
use visitbook_record::family::{DRAWING_BYTES, Post, WORDS_BYTES};
use visitbook_record::op::Target;
use visitbook_record::payload::Drawing;
use visitbook_record::time::WallMillis;
use zeroize::Zeroizing;

use super::{Family, Pack};

/// Why something did not come onto the page, which is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Longer than a page takes; what is there already can be handed in first.
    #[error("that is more than fits on one page; hand this in first")]
    TooLong,
    /// A character that no screen shows and that other systems cut text at.
    #[error("that contains a character that cannot be kept")]
    Nul,
    /// Not an image.
    #[error("that is not a picture")]
    NotAPicture,
    /// The page offers no such choice.
    #[error("the page has no such choice")]
    UnknownChoice,
}

/// How the page looked at one time.
#[derive(Clone, Default)]
struct Look {
    text: Option<Zeroizing<String>>,
    drawing: Option<(String, Zeroizing<Vec<u8>>)>,
    not_said: Option<String>,
    asks: Option<String>,
    not_with: Vec<String>,
}

#[derive(Default)]
pub(super) struct Draft {
    now: Look,
    before: Vec<Look>,
}

impl Draft {
    pub(super) fn is_empty(&self) -> bool {
        let Look {
            text,
            drawing,
            not_said,
            ..
        } = &self.now;
        text.is_none() && drawing.is_none() && not_said.is_none()
    }

    fn change(&mut self, change: impl FnOnce(&mut Look)) {
        self.before.push(self.now.clone());
        change(&mut self.now);
    }

    pub(super) fn to_post(&self, pack: &Pack, typed_at: WallMillis) -> Post {
        let Look {
            text,
            drawing,
            not_said,
            asks,
            not_with,
        } = &self.now;
        Post {
            format: Post::FORMAT,
            child: pack.child,
            visit: pack.visit,
            words: text.as_ref().map(|text| text.to_string()),
            drawing: drawing.as_ref().map(|(media, bytes)| Drawing {
                media: media.clone(),
                bytes: bytes.to_vec(),
            }),
            chose_not_to_say: not_said.clone(),
            child_asks: asks.clone(),
            not_with: not_with.clone(),
            typed_at,
        }
    }
}

impl Family {
    /// Puts the child's words on the page: the whole text, in place of what was there. Exactly these bytes are handed in.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn write(&mut self, text: &str) -> Result<(), DraftError> {
        if text.len() > WORDS_BYTES {
            return Err(DraftError::TooLong);
        }
        if text.contains('\0') {
            return Err(DraftError::Nul);
        }
        let text = (!text.trim().is_empty()).then(|| Zeroizing::new(text.to_owned()));
        self.draft.change(|look| look.text = text);
        Ok(())
    }

    /// Puts a drawing on the page, in place of one that was there. Exactly these bytes are handed in.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn draw(&mut self, media: &str, bytes: &[u8]) -> Result<(), DraftError> {
        if !media.starts_with("image/") || media.len() > 64 || bytes.is_empty() {
            return Err(DraftError::NotAPicture);
        }
        if bytes.len() > DRAWING_BYTES {
            return Err(DraftError::TooLong);
        }
        let drawing = (media.to_owned(), Zeroizing::new(bytes.to_vec()));
        self.draft.change(|look| look.drawing = Some(drawing));
        Ok(())
    }

    /// Makes a choice of the page: a reason not to say anything (`not_here`, `not_today`, …), how far it may go
    /// (`fine_to_share`, `ask_me_first`, `only_my_worker`), or who must not be told (`not_with/mum`).
    ///
    /// # Errors
    /// [`DraftError::UnknownChoice`].
    pub fn choose(&mut self, code: &str) -> Result<(), DraftError> {
        let offers = |target: &Target, code: &str| {
            Catalogue::newest()
                .field(RecordKind::Voice.form(), target)
                .is_some_and(|field| field.choice(code).is_some())
        };
        if let Some(person) = code.strip_prefix("not_with/") {
            if !offers(&Target::element("not_with", person), person) {
                return Err(DraftError::UnknownChoice);
            }
            self.draft.change(|look| {
                if !look.not_with.iter().any(|known| known == person) {
                    look.not_with.push(person.to_owned());
                }
            });
            return Ok(());
        }
        if offers(&Target::field("chose_not_to_say_because"), code) {
            self.draft
                .change(|look| look.not_said = Some(code.to_owned()));
            return Ok(());
        }
        let theirs = ["fine_to_share", "ask_me_first", "only_my_worker"];
        if theirs.contains(&code) && offers(&Target::field("child_asks"), code) {
            self.draft.change(|look| look.asks = Some(code.to_owned()));
            return Ok(());
        }
        Err(DraftError::UnknownChoice)
    }

    /// Takes the last change of the page back. Returns whether there was one; what was handed in is beyond it.
    pub fn undo(&mut self) -> bool {
        match self.draft.before.pop() {
            Some(look) => {
                self.draft.now = look;
                true
            }
            None => false,
        }
    }

    /// The words that are on the page now. What was handed in is not.
    #[must_use]
    pub fn on_the_page(&self) -> Option<&str> {
        self.draft.now.text.as_ref().map(|text| text.as_str())
    }
}
