//! Files on disk: all of them or none, readable by their owner alone, and nothing in them that a spreadsheet would run.
//!
//! They are written into a folder beside the one asked for, which gets its name only when everything is on disk and the act is
//! noted. A folder that was begun and not finished is removed, also by the next export after a power cut.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::check::{Checked, Exception, Written};
use super::{EXCEPTIONS, ExportError};

/// What a spreadsheet takes for the beginning of something to run.
const RUNS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Puts ' before every cell that a spreadsheet would run, and names it.
pub(super) fn disarm(file: &mut Checked, exceptions: &mut Vec<Exception>) {
    for row in &mut file.rows {
        let key = row.first().cloned().unwrap_or_default();
        for (cell, column) in row.iter_mut().zip(&file.header) {
            if cell.starts_with(RUNS) {
                exceptions.push(Exception {
                    file: file.file.to_owned(),
                    row_key: key.clone(),
                    column: (*column).to_owned(),
                    value: cell.clone(),
                    reason: "written with ' before it, so that no spreadsheet runs it; take that away when loading"
                        .to_owned(),
                    written: Written::Yes,
                });
                *cell = safe(cell);
            }
        }
    }
}

fn safe(cell: &str) -> String {
    if cell.starts_with(RUNS) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// One file's text: UTF-8, commas, CRLF, quotes where they are needed (RFC 4180), a header.
///
/// # Errors
/// The writer's, which a buffer in memory does not have.
pub(super) fn in_csv<C: AsRef<[u8]>>(
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<C>>,
) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(header).map_err(io::Error::other)?;
    for row in rows {
        writer.write_record(row).map_err(io::Error::other)?;
    }
    writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))
}

/// The list of exceptions as a file.
///
/// # Errors
/// As [`in_csv`].
pub(super) fn exceptions_in_csv(exceptions: &[Exception]) -> io::Result<Vec<u8>> {
    let rows = exceptions.iter().map(|one| {
        let written = match one.written {
            Written::Yes => "yes",
            Written::No => "no",
        };
        [
            &one.file,
            &one.row_key,
            &one.column,
            &one.value,
            &one.reason,
        ]
        .map(|cell| safe(cell))
        .into_iter()
        .chain([written.to_owned()])
        .collect::<Vec<String>>()
    });
    in_csv(
        &["file", "row_key", "column", "value", "reason", "written"],
        rows,
    )
}

/// A folder on its way. Dropped before it is given its name, it is removed with everything in it.
pub(super) struct Begun {
    part: PathBuf,
    whole: PathBuf,
    given: bool,
}

impl Begun {
    /// Begins a folder.
    ///
    /// # Errors
    /// [`ExportError::Exists`] if there is something in the folder asked for, [`ExportError::File`].
    pub(super) fn at(whole: &Path) -> Result<Self, ExportError> {
        let of = |path: &Path, error| ExportError::File(path.to_owned(), error);
        match fs::read_dir(whole) {
            Ok(mut there) => {
                if there.next().is_some() {
                    return Err(ExportError::Exists(whole.to_owned()));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(of(whole, error)),
        }
        let name = whole
            .file_name()
            .ok_or_else(|| of(whole, io::ErrorKind::InvalidInput.into()))?;
        let mut beside = std::ffi::OsString::from(".");
        beside.push(name);
        beside.push(".visitbook-part");
        let part = whole.with_file_name(beside);
        match fs::remove_dir_all(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(of(&part, error)),
            _ => {}
        }
        DirBuilder::new()
            .mode(0o700)
            .create(&part)
            .map_err(|error| of(&part, error))?;
        Ok(Self {
            part,
            whole: whole.to_owned(),
            given: false,
        })
    }

    /// Writes one file, durably.
    ///
    /// # Errors
    /// [`ExportError::File`].
    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let place = self.part.join(name);
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&place)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|error| ExportError::File(place.clone(), error))
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// [`ExportError::File`]; nothing is left then.
    pub(super) fn give(mut self) -> Result<(), ExportError> {
        let failed = |path: &Path, error| ExportError::File(path.to_owned(), error);
        sync(&self.part).map_err(|error| failed(&self.part, error))?;
        fs::rename(&self.part, &self.whole).map_err(|error| failed(&self.whole, error))?;
        self.given = true;
        let parent = match self.whole.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        sync(parent).map_err(|error| failed(parent, error))
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.given {
            // What cannot be removed now is removed by the next export to the same place.
            let _ = fs::remove_dir_all(&self.part);
        }
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes every file of an export into a folder on its way.
///
/// # Errors
/// [`ExportError::File`].
pub(super) fn all(
    begun: &Begun,
    files: &[Checked],
    exceptions: &[Exception],
) -> Result<(), ExportError> {
    for file in files {
        let bytes = in_csv(&file.header, file.rows.iter().cloned())
            .map_err(|error| ExportError::File(file.file.into(), error))?;
        begun.file(file.file, &bytes)?;
    }
    let bytes = exceptions_in_csv(exceptions)
        .map_err(|error| ExportError::File(EXCEPTIONS.into(), error))?;
    begun.file(EXCEPTIONS, &bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn one_cell(cell: &str) -> (String, Vec<Exception>) {
        let mut file = Checked {
            file: "f.csv",
            header: vec!["name"],
            rows: vec![vec![cell.to_owned()]],
        };
        let mut exceptions = Vec::new();
        disarm(&mut file, &mut exceptions);
        let bytes = in_csv(&file.header, file.rows).unwrap();
        (String::from_utf8(bytes).unwrap(), exceptions)
    }

    #[test]
    fn no_cell_can_be_run_or_break_out_of_its_place() {
        for (cell, text, named) in [
            ("Rowan Teasel", "Rowan Teasel", 0),
            ("=1+1", "'=1+1", 1),
            (
                "=HYPERLINK(\"x\",\"y\")",
                "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"",
                1,
            ),
            ("+44 1632", "'+44 1632", 1),
            ("-2", "'-2", 1),
            ("@SUM(A1)", "'@SUM(A1)", 1),
            ("\t=1", "'\t=1", 1),
            ("Teasel, Rowan", "\"Teasel, Rowan\"", 0),
            ("a \"quoted\" name", "\"a \"\"quoted\"\" name\"", 0),
            ("two\r\nlines", "\"two\r\nlines\"", 0),
            ("O'Dock", "O'Dock", 0),
            ("Siân", "Siân", 0),
        ] {
            let (written, exceptions) = one_cell(cell);
            assert_eq!(written, format!("name\r\n{text}\r\n"), "{cell}");
            assert_eq!(exceptions.len(), named, "{cell}");
        }
    }

    #[test]
    fn what_is_begun_and_not_finished_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("export");
        let begun = Begun::at(&place).unwrap();
        begun.file("a.csv", b"a child's code").unwrap();
        drop(begun);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        // A power cut leaves the folder; the next export takes it away.
        let begun = Begun::at(&place).unwrap();
        begun.file("a.csv", b"a child's code").unwrap();
        std::mem::forget(begun);
        let begun = Begun::at(&place).unwrap();
        begun.file("b.csv", b"").unwrap();
        begun.give().unwrap();
        let names: Vec<_> = fs::read_dir(&place)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["b.csv"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(matches!(Begun::at(&place), Err(ExportError::Exists(_))));
    }

    #[test]
    fn only_the_owner_reads_the_files() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("export");
        let begun = Begun::at(&place).unwrap();
        begun.file("a.csv", b"").unwrap();
        begun.give().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&place), mode(&place.join("a.csv"))), (0o700, 0o600));
    }
}
