//! Before anything of a file is used: is it text, of a size that a council's file can have, and in which letters?
//!
//! One pass in a small buffer, however large the file, so that a file made to exhaust memory is refused before it is read,
//! and before anything of the import is written.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The largest file taken, in bytes. A council's whole caseload is far below.
const LARGEST_FILE: u64 = 256 << 20;
/// The longest row of a CSV file taken, in bytes.
const LONGEST_ROW: u64 = 128 << 10;
/// The most rows of a CSV file taken. The largest council has some ten thousand children in need.
const MOST_ROWS: u64 = 500_000;

/// How a file's bytes are to be read as letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Not UTF-8, so what spreadsheets on Windows write.
    Windows1252,
}

/// What sort of file is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Rows of cells.
    Csv,
    /// Elements.
    Xml,
}

/// Why a file is not read at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    /// It could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// A bomb, or something else altogether.
    #[error(
        "is larger than 256 MiB; a whole caseload is far smaller. Split it, or check what it is"
    )]
    TooLarge,
    /// Two bytes a letter.
    #[error("is UTF-16; save it as “CSV UTF-8” (or, for XML, as UTF-8)")]
    Utf16,
    /// A byte that no text holds.
    #[error("holds a NUL byte in line {0}, so it is not text; export it again")]
    NotText(u64),
    /// A giant cell, or a quotation mark that is never closed.
    #[error(
        "has a row longer than 128 KiB, at line {0}; look for a quotation mark that is not closed"
    )]
    LongRow(u64),
    /// More rows than any council has.
    #[error("has more than 500,000 rows; split it, or check what it is")]
    TooManyRows,
}

/// Reads the file through once and says how to read it again.
///
/// # Errors
/// [`Unfit`]: the file is not to be read.
pub(super) fn scan(path: &Path, shape: Shape) -> Result<Letters, Unfit> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() > LARGEST_FILE {
        return Err(Unfit::TooLarge);
    }
    let mut scan = Scan::new(shape);
    let mut buffer = [0_u8; 16 << 10];
    let mut read_so_far = 0_u64;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        if read_so_far == 0
            && (bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]))
        {
            return Err(Unfit::Utf16);
        }
        read_so_far += read as u64;
        // A file may grow, or be a device that never ends.
        if read_so_far > LARGEST_FILE {
            return Err(Unfit::TooLarge);
        }
        scan.take(bytes)?;
    }
    Ok(scan.letters())
}

struct Scan {
    shape: Shape,
    line: u64,
    row: u64,
    rows: u64,
    quoted: bool,
    utf8: bool,
    /// The beginning of a letter whose end is in the next piece.
    begun: Vec<u8>,
}

impl Scan {
    fn new(shape: Shape) -> Self {
        Self {
            shape,
            line: 1,
            row: 0,
            rows: 0,
            quoted: false,
            utf8: true,
            begun: Vec::new(),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Unfit> {
        for byte in bytes {
            match byte {
                0 => return Err(Unfit::NotText(self.line)),
                b'\n' => self.line += 1,
                b'"' => self.quoted = !self.quoted,
                _ => {}
            }
            if self.shape == Shape::Csv {
                self.row += 1;
                if *byte == b'\n' && !self.quoted {
                    self.row = 0;
                    self.rows += 1;
                }
                if self.row > LONGEST_ROW {
                    return Err(Unfit::LongRow(self.line));
                }
                if self.rows > MOST_ROWS {
                    return Err(Unfit::TooManyRows);
                }
            }
        }
        if self.utf8 {
            self.look_at_letters(bytes);
        }
        Ok(())
    }

    fn look_at_letters(&mut self, bytes: &[u8]) {
        let mut piece = std::mem::take(&mut self.begun);
        piece.extend_from_slice(bytes);
        if let Err(error) = std::str::from_utf8(&piece) {
            match error.error_len() {
                Some(_) => self.utf8 = false,
                None => self.begun = piece.split_off(error.valid_up_to()),
            }
        }
    }

    fn letters(&self) -> Letters {
        if self.utf8 && self.begun.is_empty() {
            Letters::Utf8
        } else {
            Letters::Windows1252
        }
    }
}

impl Letters {
    /// The text of some bytes of the file.
    pub(super) fn text(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes),
            Self::Windows1252 => bytes.iter().map(|byte| letter(*byte)).collect(),
        }
    }
}

/// Windows-1252 differs from the first 256 letters of Unicode in this stretch only.
fn letter(byte: u8) -> char {
    const DIFFERENT: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    byte.checked_sub(0x80)
        .and_then(|place| DIFFERENT.get(usize::from(place)).copied())
        .unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn scanned(bytes: &[u8], shape: Shape) -> Result<Letters, Unfit> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        scan(file.path(), shape)
    }

    #[test]
    fn letters_are_told_apart_also_where_a_piece_ends_inside_one() {
        let split = [vec![b'x'; (16 << 10) - 1], "é".as_bytes().to_vec()].concat();
        assert_eq!(scanned(&split, Shape::Csv).unwrap(), Letters::Utf8);
        let windows = b"Caf\xe9 \x93home\x94";
        assert_eq!(scanned(windows, Shape::Csv).unwrap(), Letters::Windows1252);
        assert_eq!(Letters::Windows1252.text(windows), "Café “home”");
        let cut = "é".as_bytes().split_at(1).0.to_vec();
        assert_eq!(scanned(&cut, Shape::Csv).unwrap(), Letters::Windows1252);
    }

    #[test]
    fn what_is_no_text_or_made_to_exhaust_memory_is_refused() {
        assert!(matches!(
            scanned(b"a,b\n1,\0\n", Shape::Csv),
            Err(Unfit::NotText(2))
        ));
        assert!(matches!(
            scanned(b"\xff\xfea\0", Shape::Csv),
            Err(Unfit::Utf16)
        ));
        let long = [b"a\n\"".to_vec(), vec![b'x'; 200 << 10]].concat();
        assert!(matches!(scanned(&long, Shape::Csv), Err(Unfit::LongRow(2))));
        assert!(scanned(&long, Shape::Xml).is_ok());
        let unclosed = [b"a\n\"".to_vec(), b"1\n".repeat(100_000)].concat();
        assert!(matches!(
            scanned(&unclosed, Shape::Csv),
            Err(Unfit::LongRow(_))
        ));
        assert!(matches!(
            scanned(&b"1\n".repeat(500_002), Shape::Csv),
            Err(Unfit::TooManyRows)
        ));
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(LARGEST_FILE + 1).unwrap();
        assert!(matches!(
            scan(file.path(), Shape::Xml),
            Err(Unfit::TooLarge)
        ));
    }
}
