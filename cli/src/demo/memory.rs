//! Looking for words in the memory of a running program, as somebody with the device in their hands and the right tools could.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

use super::canary::{Find, Search};

/// Read at a time. Pieces overlap by more than the longest sentence in its longest form.
const PIECE: usize = 1 << 20;
const OVERLAP: usize = 4096;

/// Searches everything that a process may write to: heap, stacks, static data. What it only reads is the program file, in which
/// the demonstration's own sentences stand. `None` where the system shows no process's memory to its parent.
///
/// # Errors
/// If the process is gone.
pub(crate) fn search(process: u32, search: &mut Search) -> io::Result<Option<Vec<Find>>> {
    let maps = match fs::read_to_string(format!("/proc/{process}/maps")) {
        Ok(maps) => maps,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let memory = File::open(format!("/proc/{process}/mem"))?;
    let mut found = Vec::new();
    let mut piece = vec![0; PIECE];
    for (from, to) in maps.lines().filter_map(written_range) {
        let mut at = from;
        while at < to {
            let want = usize::try_from(to - at).unwrap_or(PIECE).min(PIECE);
            // A guard page, or one that is gone meanwhile.
            if memory.read_exact_at(&mut piece[..want], at).is_err() {
                break;
            }
            found.extend(search.in_bytes("memory", &piece[..want]));
            if want < PIECE {
                break;
            }
            at += (PIECE - OVERLAP) as u64;
        }
    }
    Ok(Some(found))
}

fn written_range(line: &str) -> Option<(u64, u64)> {
    let mut parts = line.split_whitespace();
    let (range, rights) = (parts.next()?, parts.next()?);
    if !rights.starts_with("rw") {
        return None;
    }
    let (from, to) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some((number(from)?, number(to)?))
}
