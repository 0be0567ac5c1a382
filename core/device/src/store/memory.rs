//! Wiping what SQLite gives back.
//!
//! A page that was decrypted, a row, a word in a query: SQLite leaves them in memory that it has freed, and family mode
//! promises that whoever holds the device finds nothing there. SQLCipher's own `cipher_memory_security` wipes too, but it can
//! only be switched on for the whole process and never off again, and it locks every allocation into memory with a system
//! call: after the first lock of an app's life everything takes several times as long (docs/performance.md). Here freed memory
//! is overwritten, which costs one pass over it, always.
//!
//! Not covered: what the operating system has swapped out.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::ffi;

/// What SQLite would have used, and what is used below.
#[derive(Clone, Copy)]
struct System {
    malloc: unsafe extern "C" fn(c_int) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    size: unsafe extern "C" fn(*mut c_void) -> c_int,
}

static SYSTEM: OnceLock<System> = OnceLock::new();

/// Set once SQLite has taken the functions below: having found its own is not enough.
static WIPED: AtomicBool = AtomicBool::new(false);

/// From here on SQLite's memory is wiped as it is freed. To be called once, before SQLite is started; false if something
/// in this process has started it already, and then nothing has changed.
pub(super) fn wipe_from_the_start() -> bool {
    // SAFETY: every field of the struct is an optional function pointer or a raw pointer, for which zero is a valid value.
    let mut methods: ffi::sqlite3_mem_methods = unsafe { std::mem::zeroed() };
    // SAFETY: `SQLITE_CONFIG_GETMALLOC` takes one pointer to such a struct and fills it in. The caller runs this under the
    // lock that guards SQLite's start, so no other thread of ours configures or starts it now.
    let told = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, &raw mut methods) };
    let (Some(malloc), Some(free), Some(size)) = (methods.xMalloc, methods.xFree, methods.xSize)
    else {
        return false;
    };
    if told != ffi::SQLITE_OK || SYSTEM.set(System { malloc, free, size }).is_err() {
        return false;
    }
    let wiping = ffi::sqlite3_mem_methods {
        xFree: Some(wiping_free),
        xRealloc: Some(wiping_realloc),
        ..methods
    };
    // SAFETY: `SQLITE_CONFIG_MALLOC` takes one pointer to such a struct and copies it. The functions in it are SQLite's own
    // but for the two below, which keep the contract of `sqlite3_mem_methods` and live as long as the program.
    let taken = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const wiping) };
    WIPED.store(taken == ffi::SQLITE_OK, Ordering::Release);
    is_wiped()
}

/// Whether SQLite's memory is wiped as it is freed.
pub(super) fn is_wiped() -> bool {
    WIPED.load(Ordering::Acquire)
}

unsafe extern "C" fn wiping_free(block: *mut c_void) {
    let Some(system) = SYSTEM.get() else { return };
    if block.is_null() {
        return;
    }
    // SAFETY: SQLite gives back a block that these methods gave out, once, and uses it no more; its size is what the same
    // methods say it is, so the write stays inside it.
    unsafe {
        let size = usize::try_from((system.size)(block)).unwrap_or(0);
        block.cast::<u8>().write_bytes(0, size);
        // Keeps the write: to the compiler nobody could see it.
        std::hint::black_box(block);
        (system.free)(block);
    }
}

unsafe extern "C" fn wiping_realloc(block: *mut c_void, wanted: c_int) -> *mut c_void {
    let Some(system) = SYSTEM.get() else {
        return std::ptr::null_mut();
    };
    // SAFETY: SQLite passes a live block of these methods and a size above zero. The new block holds at least `wanted`
    // bytes, which is more than the old one has; the two do not overlap. If there is no memory the old block stays SQLite's.
    unsafe {
        let size = (system.size)(block);
        if wanted <= size {
            return block;
        }
        let larger = (system.malloc)(wanted);
        if !larger.is_null() {
            let size = usize::try_from(size).unwrap_or(0);
            larger
                .cast::<u8>()
                .copy_from_nonoverlapping(block.cast::<u8>(), size);
            wiping_free(block);
        }
        larger
    }
}
