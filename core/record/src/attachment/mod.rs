//! Files that belong to a record: a child's drawing, a photograph, a letter.
//!
//! The log holds only the statement that there is one. Its bytes are encrypted once, under a key of their own that stands in
//! the statement's payload, and travel apart from the words and never before them. So a file that is still on somebody's
//! tablet is known to be missing, and from whom; and a payload that is lawfully removed takes the only key with it.
//!
//! An attachment is added and never replaced, taken back or finished: two people's files stand beside each other. It answers
//! no question of the form, so no form has to know it.

pub mod wire;

use minicbor::{Decode, Encode};

use crate::commit::RecordKind;
use crate::op::{Policy, Target};

/// The first part of every attachment's target; the second is an id of its own.
pub const FIELD: &str = "attachment";

/// What a statement says of the file it attaches.
///
/// Holds the key, so it does not print itself.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Attachment {
    /// Names the encrypted bytes.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub id: [u8; 32],
    /// Opens them.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// What they are, as an Internet media type.
    #[n(2)]
    pub media_type: String,
    /// How many bytes they are, opened.
    #[n(3)]
    pub size: u64,
    /// What it is to people: one of [`KINDS`], or a newer version's code.
    #[n(4)]
    pub what: String,
}

/// What an attachment is to people: its code, and the words for one and for several.
pub struct Sort {
    /// The code.
    pub code: &'static str,
    /// "drawing".
    pub one: &'static str,
    /// "drawings".
    pub many: &'static str,
}

/// Everything an attachment can be said to be. There is no sound among them: a recording of a child can damage a later
/// interview by the police.
pub const KINDS: [Sort; 5] = [
    Sort {
        code: "drawing",
        one: "drawing",
        many: "drawings",
    },
    Sort {
        code: "photo",
        one: "photo",
        many: "photos",
    },
    Sort {
        code: "letter",
        one: "letter",
        many: "letters",
    },
    Sort {
        code: "document",
        one: "document",
        many: "documents",
    },
    Sort {
        code: "other",
        one: "file",
        many: "files",
    },
];

/// The words for a code; those of a file where a newer version made it.
#[must_use]
pub fn sort(code: &str) -> &'static Sort {
    let [.., other] = &KINDS;
    KINDS.iter().find(|kind| kind.code == code).unwrap_or(other)
}

/// "1 drawing", "1 drawing and 2 photos": in the order of [`KINDS`]. Empty if there are none.
#[must_use]
pub fn counted<'a>(codes: impl IntoIterator<Item = &'a str>) -> String {
    let codes: Vec<&str> = codes.into_iter().map(|code| sort(code).code).collect();
    let mut parts = Vec::new();
    for kind in &KINDS {
        match codes.iter().filter(|code| **code == kind.code).count() {
            0 => {}
            1 => parts.push(format!("1 {}", kind.one)),
            many => parts.push(format!("{many} {}", kind.many)),
        }
    }
    match parts.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// The target of an attachment with this id of its own.
pub fn target(element: impl Into<String>) -> Target {
    Target::element(FIELD, element)
}

/// How the statement is treated: a file that a child gave is the child's own words, for ever.
#[must_use]
pub const fn policy(kind: RecordKind) -> Policy {
    match kind {
        RecordKind::Voice => Policy::Words,
        _ => Policy::Ordinary,
    }
}

/// The media type of a file by its first bytes. Nothing is decoded or changed; what is not recognised is plain bytes.
#[must_use]
pub fn media_type(beginning: &[u8]) -> &'static str {
    let heif = || {
        let brand = beginning.get(4..12)?;
        (brand.starts_with(b"ftyp") && [&b"heic"[..], b"heix", b"mif1"].contains(&&brand[4..]))
            .then_some(())
    };
    let webp = || beginning.starts_with(b"RIFF") && beginning.get(8..12) == Some(b"WEBP");
    if beginning.starts_with(b"\x89PNG\r\n\x1a\n") {
        "image/png"
    } else if beginning.starts_with(b"\xff\xd8\xff") {
        "image/jpeg"
    } else if beginning.starts_with(b"GIF87a") || beginning.starts_with(b"GIF89a") {
        "image/gif"
    } else if webp() {
        "image/webp"
    } else if heif().is_some() {
        "image/heic"
    } else if beginning.starts_with(b"%PDF-") {
        "application/pdf"
    } else {
        "application/octet-stream"
    }
}

/// The number that the list of encrypted chunks carries for a media type; 0 where there is none.
#[must_use]
pub fn media_code(media_type: &str) -> u16 {
    const CODES: [&str; 6] = [
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/heic",
        "application/pdf",
    ];
    CODES
        .iter()
        .position(|one| *one == media_type)
        .and_then(|at| u16::try_from(at + 1).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_in_words() {
        let cases: [(&[&str], &str); 5] = [
            (&[], ""),
            (&["drawing"], "1 drawing"),
            (&["photo", "drawing", "photo"], "1 drawing and 2 photos"),
            (
                &["letter", "photo", "drawing"],
                "1 drawing, 1 photo and 1 letter",
            ),
            (&["hologram", "other"], "2 files"),
        ];
        for (codes, words) in cases {
            assert_eq!(counted(codes.iter().copied()), words);
        }
    }

    #[test]
    fn the_first_bytes_say_what_a_file_is() {
        let cases: [(&[u8], &str); 9] = [
            (b"\x89PNG\r\n\x1a\n....", "image/png"),
            (b"\xff\xd8\xff\xe1", "image/jpeg"),
            (b"GIF89a", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"\0\0\0\x18ftypheic", "image/heic"),
            (b"%PDF-1.7", "application/pdf"),
            (b"RIFF\0\0\0\0WAVE", "application/octet-stream"),
            (b"<svg onload=", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(media_type(bytes), expected);
        }
        assert_eq!(media_code("image/png"), 1);
        assert_eq!(media_code("application/octet-stream"), 0);
    }
}
