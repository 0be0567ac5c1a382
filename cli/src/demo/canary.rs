//! Looking for words where none may be: every file of a run, and everything the bad line could have read.
//!
//! A search that finds nothing proves nothing until it has been seen to find something. So it first plants a sentence of
//! its own, in a file among the others, in each of the forms it looks for, and must find every one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The forms in which words would be readable: UTF-8, UTF-16 little and big endian, hexadecimal, Base64 at each of its three
/// alignments.
fn forms(words: &str) -> Vec<Vec<u8>> {
    let utf8 = words.as_bytes();
    let mut forms = vec![
        utf8.to_vec(),
        words.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        words.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        utf8.iter()
            .flat_map(|byte| format!("{byte:02x}").into_bytes())
            .collect(),
    ];
    forms.extend((0..3).map(|skip| base64_middle(utf8, skip)));
    forms
}

/// The part of a Base64 text that does not depend on what stands around the words, for one of three alignments.
fn base64_middle(bytes: &[u8], skip: usize) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = bytes.get(skip..).unwrap_or_default().chunks_exact(3);
    whole
        .flat_map(|three| {
            let group =
                (u32::from(three[0]) << 16) | (u32::from(three[1]) << 8) | u32::from(three[2]);
            [18, 12, 6, 0].map(|shift| DIGITS[(group >> shift) as usize & 63])
        })
        .collect()
}

/// Somewhere the words can be read.
#[derive(Debug)]
pub(crate) struct Find {
    /// Where.
    pub(crate) place: String,
    /// The first letters of what was found; the rest is not repeated.
    pub(crate) words: String,
}

/// A search for sentences in files and captured traffic.
pub(crate) struct Search {
    needles: Vec<(String, Vec<Vec<u8>>)>,
    /// Files read so far.
    pub(crate) files: usize,
    /// Bytes read so far.
    pub(crate) bytes: u64,
}

impl Search {
    /// Looks for each of these. A sentence shorter than twelve bytes is left out: it would be found by chance.
    pub(crate) fn for_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let needles = words
            .into_iter()
            .filter(|w| w.len() >= 12)
            .map(|w| (w.to_owned(), forms(w)))
            .collect();
        Self {
            needles,
            files: 0,
            bytes: 0,
        }
    }

    /// How many sentences it looks for.
    pub(crate) const fn sentences(&self) -> usize {
        self.needles.len()
    }

    /// Looks in bytes that were captured.
    pub(crate) fn in_bytes(&mut self, place: &str, bytes: &[u8]) -> Vec<Find> {
        self.bytes += bytes.len() as u64;
        self.needles
            .iter()
            .filter(|(_, forms)| forms.iter().any(|form| contains(bytes, form)))
            .map(|(words, _)| Find {
                place: place.to_owned(),
                words: words.chars().take(8).collect(),
            })
            .collect()
    }

    /// Looks in every file below a folder.
    ///
    /// # Errors
    /// If a file cannot be read: what was not searched must not pass as clean.
    pub(crate) fn in_folder(&mut self, folder: &Path) -> io::Result<Vec<Find>> {
        let mut found = Vec::new();
        for file in files_below(folder)? {
            let bytes = fs::read(&file)?;
            self.files += 1;
            found.extend(self.in_bytes(&file.display().to_string(), &bytes));
        }
        Ok(found)
    }
}

/// Plants a sentence below the folder in every form, and says whether each is found and nothing else is.
///
/// # Errors
/// If the files cannot be written or read.
pub(crate) fn finds_what_it_plants(folder: &Path) -> io::Result<bool> {
    let canary = "The canary of this search sings in plain sight.";
    let mut all = true;
    for (number, form) in forms(canary).into_iter().enumerate() {
        let file = folder.join(format!("canary-{number}"));
        let mut bytes = vec![0xA5; 5000 + number];
        bytes.extend(form);
        bytes.extend([0x5A; 300]);
        fs::write(&file, bytes)?;
        let found = Search::for_words([canary]).in_folder(folder);
        fs::remove_file(&file)?;
        let found = found?;
        all &= found.len() == 1
            && found
                .iter()
                .all(|find| find.place.ends_with(&format!("canary-{number}")));
    }
    Ok(all && Search::for_words([canary]).in_folder(folder)?.is_empty())
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else {
        return false;
    };
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|byte| byte == first) {
        let start = from + at;
        if haystack[start + 1..].starts_with(rest) {
            return true;
        }
        from = start + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_search_finds_what_it_plants_and_nothing_in_an_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("below")).unwrap();
        fs::write(folder.path().join("below/x"), b"nothing").unwrap();
        assert!(finds_what_it_plants(folder.path()).unwrap());
    }

    #[test]
    fn base64_is_found_at_every_alignment() {
        let words = "Reed stays most nights";
        for before in 0..3 {
            // "AAAA"-like prefixes of 0, 1 and 2 bytes shift the words within the groups of three.
            let mut bytes = vec![b'x'; before];
            bytes.extend(words.as_bytes());
            bytes.extend(b"yy");
            let text = base64_middle(&bytes, 0);
            assert!(
                !Search::for_words([words])
                    .in_bytes("text", &text)
                    .is_empty(),
                "alignment {before}"
            );
        }
    }
}
