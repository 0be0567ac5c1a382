//! A way to stop a running sync from another thread at once: the person closed the app, or the system said so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

type Hook = Box<dyn Fn() + Send>;

#[derive(Default)]
struct Shared {
    cancelled: AtomicBool,
    hook: Mutex<Option<Hook>>,
}

/// Stops the sync it was given to. Clones stop the same one. It stays cancelled: make a new one for each run.
#[derive(Clone, Default)]
pub struct CancelHandle(Arc<Shared>);

impl CancelHandle {
    /// Not cancelled yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the run, now or as soon as it begins. Returns at once, does not wait for the run to end, and may be called
    /// from any thread and more than once.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        self.call_hook();
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// For a transport: what interrupts a blocking call, replacing what was set before. Called on the cancelling thread,
    /// or here and now if it was cancelled already. It must not block.
    pub fn interrupt_with(&self, hook: impl Fn() + Send + 'static) {
        *self.0.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(hook));
        // Looked at after the hook is in place, so that a cancellation meets the one or the other.
        if self.is_cancelled() {
            self.call_hook();
        }
    }

    fn call_hook(&self) {
        let hook = self.0.hook.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hook) = &*hook {
            hook();
        }
    }
}

impl std::fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CancelHandle")
            .field(&self.is_cancelled())
            .finish()
    }
}
