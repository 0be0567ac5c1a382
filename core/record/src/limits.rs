//! How large things may be.
//!
//! The same constants hold while typing, on the wire and at the server, so that nothing a device was allowed to save is
//! ever refused for its size.

/// One entry or answer: 1 MiB of UTF-8.
pub const ENTRY_BYTES: usize = 1 << 20;

/// One commit with its payloads.
pub const COMMIT_BYTES: usize = 2 << 20;

/// Operations in one commit.
pub const COMMIT_OPS: usize = 2_000;

/// One upload or page on the wire. A single commit of the greatest size fits with its seal and padding.
pub const MESSAGE_BYTES: usize = 4 << 20;

/// The first request after a silence, so that a window of two seconds carries an urgent concern and its receipt.
pub const FIRST_REQUEST_BYTES: usize = 16 << 10;

/// One attached file: 50 MiB.
pub const ATTACHMENT_BYTES: u64 = 50 << 20;
