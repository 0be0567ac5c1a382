//! One device in one of two objects: where the core's value is, and that it is used by one thread at a time.
//!
//! The core's own types are spent by unlocking and locking. An object of another language cannot be taken away, so it
//! says that it is spent. While the value changes hands (which may call the app's keystore and takes a second) the lock
//! is free, and whoever comes is told to come again.

use std::sync::{Mutex, MutexGuard, PoisonError};

enum Place<T> {
    Here(T),
    ChangingHands,
    Gone,
}

/// Why the value was not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotHere {
    /// It is being unlocked or locked.
    ChangingHands,
    /// It is in another object now.
    Gone,
}

/// A value behind a lock.
pub(crate) struct Held<T>(Mutex<Place<T>>);

impl<T> Held<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(Place::Here(value)))
    }

    fn place(&self) -> MutexGuard<'_, Place<T>> {
        // The core's changes are transactions: after a panic the value is as it was before.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses the value under the lock. `work` must call no foreign code.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, NotHere> {
        match &mut *self.place() {
            Place::Here(value) => Ok(work(value)),
            Place::ChangingHands => Err(NotHere::ChangingHands),
            Place::Gone => Err(NotHere::Gone),
        }
    }

    /// Takes the value out and makes something else of it, with the lock free. What `work` gives back on failure is here
    /// again; otherwise the value is gone.
    pub(crate) fn change_hands<R, E>(
        &self,
        work: impl FnOnce(T) -> Result<R, Box<(T, E)>>,
    ) -> Result<Result<R, E>, NotHere> {
        let value = {
            let mut place = self.place();
            match std::mem::replace(&mut *place, Place::ChangingHands) {
                Place::Here(value) => value,
                Place::ChangingHands => return Err(NotHere::ChangingHands),
                Place::Gone => {
                    *place = Place::Gone;
                    return Err(NotHere::Gone);
                }
            }
        };
        // Also if `work` panics: the value is lost then, and the object must say so.
        let mut end = End {
            held: self,
            back: None,
        };
        match work(value) {
            Ok(made) => Ok(Ok(made)),
            Err(failed) => {
                let (value, error) = *failed;
                end.back = Some(value);
                Ok(Err(error))
            }
        }
    }
}

struct End<'a, T> {
    held: &'a Held<T>,
    back: Option<T>,
}

impl<T> Drop for End<'_, T> {
    fn drop(&mut self) {
        *self.held.place() = self.back.take().map_or(Place::Gone, Place::Here);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_value_that_changed_hands_is_gone_and_one_that_did_not_is_back() {
        let held = Held::new(7);
        let failed: Result<(), &str> = held
            .change_hands(|value| Err(Box::new((value, "no"))))
            .unwrap();
        assert_eq!(failed, Err("no"));
        assert_eq!(held.with(|value| *value), Ok(7));
        let made: Result<i32, &str> = held
            .change_hands(|value| Ok::<_, Box<(i32, &str)>>(value + 1))
            .unwrap();
        assert_eq!(made, Ok(8));
        assert_eq!(held.with(|value| *value), Err(NotHere::Gone));
        assert_eq!(
            held.change_hands(Ok::<_, Box<(i32, ())>>),
            Err(NotHere::Gone)
        );
        assert_eq!(held.with(|value| *value), Err(NotHere::Gone));
    }

    #[test]
    fn whoever_comes_while_it_changes_hands_is_told_so_and_not_made_to_wait() {
        let held = Held::new(7);
        let done: Result<(), ()> = held
            .change_hands(|value| {
                assert_eq!(held.with(|_| ()), Err(NotHere::ChangingHands));
                let again = held.change_hands(Ok::<_, Box<(i32, ())>>);
                assert_eq!(again, Err(NotHere::ChangingHands));
                Err(Box::new((value, ())))
            })
            .unwrap();
        assert_eq!(done, Err(()));
        assert_eq!(held.with(|value| *value), Ok(7));
    }

    #[test]
    fn a_panic_leaves_an_object_that_still_answers() {
        let held = Held::new(7);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = held.with(|_| panic!("in the core"));
        }));
        assert!(panicked.is_err());
        assert_eq!(held.with(|value| *value), Ok(7));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = held.change_hands(|_| -> Result<(), Box<(i32, ())>> { panic!("in the core") });
        }));
        assert!(panicked.is_err());
        assert_eq!(held.with(|value| *value), Err(NotHere::Gone));
    }
}
