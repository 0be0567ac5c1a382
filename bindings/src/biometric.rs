//! Opening by a fingerprint or face, set and taken away while the book is open. The prompt stands with the book's lock free,
//! so saving, reading and syncing go on beside it.

use visitbook_device::Working;

use crate::book::Book;
use crate::error::VisitbookError;

type Result<T> = std::result::Result<T, VisitbookError>;

#[uniffi::export]
impl Book {
    /// Lets a fingerprint or face open the book beside the PIN, which stays. Shows the phone's prompt, through `HardwareKeys`,
    /// and takes until it was answered. What was set before is replaced. The phone destroys the key when an enrolled
    /// fingerprint or face is added or removed: then the PIN opens, and this can be called again.
    ///
    /// Errors: `pin_needed` if this book was not opened with its PIN; those of the keystore begin with `keystore_`, and
    /// `keystore_unsupported` says that the phone has no fingerprint or face to recognise. The book opens as before then.
    pub fn add_biometric(&self) -> Result<()> {
        let offer = self.look(Working::offer_biometric)??;
        let made = offer.make()?;
        self.with(|working| working.take_biometric(made))
    }

    /// Lets the PIN alone open the book. Shows no prompt. What was not set is no error.
    pub fn remove_biometric(&self) -> Result<()> {
        let offer = self.look(Working::offer_without_biometric)?;
        let made = offer.make()?;
        self.with(|working| working.take_biometric(made))?;
        let key = self.look(Working::biometric_key)?;
        key.forget();
        Ok(())
    }

    /// Whether a fingerprint or face opens the book. That the phone has destroyed the key since is found at the next unlock.
    pub fn has_biometric(&self) -> Result<bool> {
        self.look(Working::has_biometric)
    }
}
