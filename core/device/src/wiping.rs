//! An allocator that wipes what is given back.
//!
//! Keys are wiped by their own types. Words are not: a page that was shown leaves its text in memory that the program has
//! given back and not used again, and family mode promises that whoever holds the device finds nothing there. A program that
//! enters family mode therefore names this its global allocator. It costs one pass over each block as it is freed.
//!
//! Not covered: what C code allocates for itself (SQLCipher wipes its own from the closing of the book on), the stack, and
//! what the operating system has swapped out.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, wiping.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wiping;

// SAFETY: every call is passed on to `System` unchanged, so its contract is this one's. The only addition is a write of
// `layout.size()` bytes at `block` in `dealloc`: by the contract of `dealloc` the block is live, was allocated with this very
// layout, and belongs to the caller alone until it is given back, which happens after the write. `realloc` is the trait's own:
// it allocates, copies and then comes through `dealloc`, so that the old block is wiped as well.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: see above.
        unsafe {
            block.write_bytes(0, layout.size());
            // Keeps the write: to the compiler nobody could see it.
            std::hint::black_box(block);
            System.dealloc(block, layout);
        }
    }
}
