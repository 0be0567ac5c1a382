//! The device in a child's hands: an object that adds, reads nothing, and becomes an open book again with the worker's PIN.

use std::sync::Arc;

use visitbook_device::Family;
use visitbook_device::family::{LeaveError, StillFamily};
use visitbook_record::words::Message;
use zeroize::Zeroizing;

use crate::across::record;
use crate::book::Book;
use crate::error::VisitbookError;
use crate::held::Held;
use crate::line::{Line, Place};
use crate::sync::{PerCall, SyncCancel, SyncOutcome, SyncProgress, ask, show};

type Result<T> = std::result::Result<T, VisitbookError>;

/// What stands on a page: in bold, below it, and the choices.
#[derive(Clone, uniffi::Record)]
pub struct PageWords {
    /// What stands in bold.
    pub title: String,
    /// What stands below.
    pub detail: String,
    /// The choices; may be none.
    pub buttons: Vec<String>,
}

impl From<Message> for PageWords {
    fn from(message: Message) -> Self {
        let Message {
            title,
            detail,
            buttons,
        } = message;
        Self {
            title,
            detail,
            buttons,
        }
    }
}

/// A child's page. The vault is closed, and nothing here reads what was handed in.
///
/// Pin the app and set the secure flag before showing it. If it is freed, the folder opens locked, what was handed in is
/// kept, and the session's end is not confirmed. Once left it is spent: every call then fails with the code `page_left`.
#[derive(uniffi::Object)]
pub struct FamilyPage {
    held: Held<Family>,
    line: Arc<Line>,
}

#[uniffi::export]
impl Book {
    /// Hands the device to a child: says so in a signed commit, saves what is being typed, closes the book and forgets every
    /// key. A sync that is running is cancelled. On an error the book stays open.
    #[uniffi::method(default(visit = None))]
    pub fn enter_family(&self, child: String, visit: Option<String>) -> Result<Arc<FamilyPage>> {
        let child = record(&child)?;
        let visit = visit.as_deref().map(record).transpose()?;
        self.hand_over(|working, line| {
            let entered = working.enter_family(child, visit);
            let family = entered.map_err(|still| {
                let still = *still;
                Box::new((still.working, VisitbookError::from(still.error)))
            })?;
            Ok(Arc::new(FamilyPage {
                held: Held::new(family),
                line,
            }))
        })
    }
}

#[uniffi::export]
impl FamilyPage {
    /// What stands on the page before anything is written: whose it is, who will read it, and what may follow.
    pub fn page(&self) -> Result<PageWords> {
        self.with(|family| family.page().into())
    }

    /// Puts the child's words on the page, in place of what was there. Exactly these are handed in.
    pub fn write(&self, text: String) -> Result<()> {
        let text = Zeroizing::new(text);
        Ok(self.with(|family| family.write(&text))??)
    }

    /// Puts a drawing on the page: the bytes of an image of at most 1 MiB, which are never re-encoded.
    pub fn draw(&self, media: String, bytes: Vec<u8>) -> Result<()> {
        let bytes = Zeroizing::new(bytes);
        Ok(self.with(|family| family.draw(&media, &bytes))??)
    }

    /// Makes a choice: `not_here`, `not_today`, …; `fine_to_share`, `ask_me_first`, `only_my_worker`; `not_with/mum`, ….
    pub fn choose(&self, code: String) -> Result<()> {
        Ok(self.with(|family| family.choose(&code))??)
    }

    /// Takes the last change of the page back. What was handed in is beyond it.
    pub fn undo(&self) -> Result<bool> {
        self.with(Family::undo)
    }

    /// The words that are on the page now. What was handed in is not.
    pub fn on_the_page(&self) -> Result<Option<String>> {
        self.with(|family| family.on_the_page().map(str::to_owned))
    }

    /// Hands in what is on the page. When this returns it is durable, and nobody reads or changes it on this device but the
    /// worker, who needs the PIN.
    pub fn hand_in(&self) -> Result<PageWords> {
        Ok(self.with(Family::hand_in)??.into())
    }

    /// How many things were handed in.
    pub fn count(&self) -> Result<u64> {
        self.with(|family| family.count())
    }

    /// What to say to whoever tries to read, or to leave with a wrong PIN. Names nobody.
    pub fn nothing_to_read(&self) -> PageWords {
        visitbook_record::words::nothing_to_read().into()
    }

    /// Back to the worker. What is on the page and was not handed in goes. Takes as long as a guess is made to cost.
    ///
    /// Errors: `wrong_pin` and `too_many_wrong_pins`: the page stays, and waiting is all that a wrong PIN costs. Show
    /// `nothing_to_read`. `opened_locked` means that the PIN was right and the book did not open: the page is left; open the
    /// locked book again.
    pub fn leave(&self, pin: Vec<u8>) -> Result<Arc<Book>> {
        let pin = Zeroizing::new(pin);
        self.line.stop();
        let mut locked = None;
        let left = self.held.change_hands(|family| match family.leave(&pin) {
            Ok(working) => Ok(Some(working)),
            Err(StillFamily::Inside(family, error)) => {
                Err(Box::new((*family, VisitbookError::from(error))))
            }
            Err(StillFamily::Locked(still)) => {
                locked = Some(VisitbookError::opened_locked(still.error));
                Ok(None)
            }
        });
        match left.map_err(VisitbookError::of_page)?? {
            Some(working) => Ok(Book::new(working, Arc::clone(&self.line))),
            None => {
                Err(locked.unwrap_or_else(|| VisitbookError::of_page(crate::held::NotHere::Gone)))
            }
        }
    }

    /// Sends what is sealed, while the page stays open. Otherwise as `LockedBook.sync`.
    #[uniffi::method(default(budget_ms = None, progress = None, asked = true))]
    pub fn sync(
        &self,
        cancel: Arc<SyncCancel>,
        budget_ms: Option<u64>,
        progress: Option<Arc<dyn SyncProgress>>,
        asked: bool,
    ) -> Result<SyncOutcome> {
        let place = self.with(|family| Place {
            address: family.address().to_owned(),
            roots: family.tls_roots(),
        })?;
        let mut store = PerCall {
            held: &self.held,
            not_here: VisitbookError::of_page,
            after: &|| {},
        };
        let ask = ask(budget_ms, asked);
        self.line
            .sync(&mut store, place, ask, &mut show(progress), &cancel.0)
    }
}

impl FamilyPage {
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Family) -> R) -> Result<R> {
        self.held.with(work).map_err(VisitbookError::of_page)
    }
}

impl From<LeaveError> for VisitbookError {
    fn from(error: LeaveError) -> Self {
        match error {
            LeaveError::Exit(error) => error.into(),
            LeaveError::NotStored(error) => Self::not_stored(&error),
            LeaveError::Io(_) => visitbook_device::StoreError::Io.into(),
        }
    }
}
