//! Which files there are, and what sort each is by its first bytes.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::ImportError;
use super::rejected;
use super::scan::Unfit;
use super::xml;

/// What sort of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Rows of cells.
    Csv,
    /// A children in need census.
    Census,
    /// Neither, and why it is left alone.
    Other(&'static str),
}

/// A file.
pub(super) struct Place {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its name.
    pub(super) file: String,
    /// What sort it is.
    pub(super) sort: Sort,
}

/// The file, or the files of the folder in the order of their names. Folders in the folder are left alone.
///
/// # Errors
/// [`ImportError::File`].
pub(super) fn of(path: &Path) -> Result<Vec<Place>, ImportError> {
    let unreadable = |path: &Path, error: std::io::Error| ImportError::File {
        file: path.display().to_string(),
        problem: Unfit::Unreadable(error).to_string(),
    };
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        paths = std::fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .map_err(|error| unreadable(path, error))?;
        paths.retain(|path| path.is_file());
        paths.sort();
    } else if path.exists() && !path.is_file() {
        // Opening a pipe or a device might never come to an end.
        let error = std::io::Error::other("it is neither a file nor a folder");
        return Err(unreadable(path, error));
    }
    let mut places = Vec::new();
    for path in paths {
        let file = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let sort = sort_of(&path, &file).map_err(|error| unreadable(&path, error))??;
        if let Some(sort) = sort {
            places.push(Place { path, file, sort });
        }
    }
    Ok(places)
}

/// `None` for what earlier imports left there.
fn sort_of(path: &Path, file: &str) -> std::io::Result<Result<Option<Sort>, ImportError>> {
    let mut first = Vec::new();
    File::open(path)?.take(512).read_to_end(&mut first)?;
    let begins = String::from_utf8_lossy(&first);
    let begins = begins.trim_start_matches('\u{feff}').trim_start();
    let ending = Path::new(file)
        .extension()
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    if begins.starts_with('<') || ending.as_deref() == Some("xml") {
        let root = match xml::root(path) {
            Ok(root) => root,
            Err(problem) => {
                return Ok(Err(ImportError::File {
                    file: file.to_owned(),
                    problem: problem.to_string(),
                }));
            }
        };
        return Ok(Ok(Some(match root.as_deref() {
            Some("Message") => Sort::Census,
            Some("EXPSSDA903") => {
                Sort::Other("not read: an SSDA903 return as XML; export it as CSV files")
            }
            _ => Sort::Other("not read: not a children in need census"),
        })));
    }
    if begins.starts_with(rejected::HEADER) {
        return Ok(Ok(None));
    }
    Ok(Ok(Some(match ending.as_deref() {
        Some("csv" | "txt" | "tsv") => Sort::Csv,
        _ => Sort::Other("not read: neither CSV nor XML"),
    })))
}
