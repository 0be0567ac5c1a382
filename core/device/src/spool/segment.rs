//! One file of the spool: made full of written zeros, so that an append never changes the file's size and a single
//! fdatasync makes it durable.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// An open segment and what is known of it.
pub(super) struct Segment {
    pub(super) file: File,
    /// Bytes on disk.
    pub(super) size: u64,
    /// Where the next frame goes.
    pub(super) tail: u64,
    /// Frames that have no receipt yet.
    pub(super) waiting: usize,
    /// Their size, heads included.
    pub(super) waiting_bytes: u64,
}

const HALF_MADE: &str = "half-made";
const PREFIX: &str = "segment-";

/// The name carries the number that every checksum in the file includes.
pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{PREFIX}{number:016x}"))
}

fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?;
    (digits.len() == 16)
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}

/// Makes names in the directory durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

impl Segment {
    /// A new segment of zeros. Written under another name first and renamed when durable: a segment is never met half
    /// made, and running out of space leaves what was there as it was.
    pub(super) fn create(directory: &Path, number: u64, size: u64) -> io::Result<Self> {
        let half = directory.join(HALF_MADE);
        let made = Self::write_zeros(&half, size)
            .and_then(|file| fs::rename(&half, path(directory, number)).map(|()| file))
            .and_then(|file| sync_directory(directory).map(|()| file));
        match made {
            Ok(file) => Ok(Self {
                file,
                size,
                tail: 0,
                waiting: 0,
                waiting_bytes: 0,
            }),
            Err(error) => {
                // Holds zeros only; giving the space back is a courtesy, and the first error is the one to report.
                let _ = fs::remove_file(&half);
                Err(error)
            }
        }
    }

    fn write_zeros(half: &Path, size: u64) -> io::Result<File> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(half)?;
        let zeros = vec![0; 1 << 16];
        let mut left = size;
        while left > 0 {
            let now = left.min(zeros.len() as u64);
            file.write_all(&zeros[..usize::try_from(now).unwrap_or(zeros.len())])?;
            left -= now;
        }
        file.sync_all()?;
        Ok(file)
    }

    /// Opens an existing segment; nothing is known of its frames yet.
    pub(super) fn open(directory: &Path, number: u64) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path(directory, number))?;
        let size = file.metadata()?.len();
        Ok(Self {
            file,
            size,
            tail: 0,
            waiting: 0,
            waiting_bytes: 0,
        })
    }

    /// Everything in the file, as long as it is now.
    pub(super) fn content(&self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.size).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut content = vec![0; length];
        self.file.read_exact_at(&mut content, 0)?;
        Ok(content)
    }

    /// Room behind the last frame.
    pub(super) const fn room(&self) -> u64 {
        self.size.saturating_sub(self.tail)
    }

    /// One write and one fdatasync. On Apple systems the standard library's `sync_data` asks for `F_FULLFSYNC`, so the
    /// drive's own cache is flushed as well.
    pub(super) fn write_durably(&self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.tail)?;
        self.file.sync_data()
    }
}

/// The numbers of the segments in a directory, ascending, after clearing away what a crash left half made. Other files
/// are left alone.
pub(super) fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    match fs::remove_file(directory.join(HALF_MADE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory)? {
        if let Some(number) = entry?.file_name().to_str().and_then(number_of) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}
