//! The encrypted bytes of attached files, outside the book: where they lie, and how they go up and come down.
//!
//! Nothing here holds a key that opens them. So a file goes up while the phone is locked, as sealed words do.

pub(crate) mod lane;
pub(crate) mod shelf;
