//! Files that belong to records: attaching one, and writing one out where a person asked for it.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value as Json, json};
use visitbook_device::model::{AttachmentView, ExpectedFile};
use visitbook_device::{FileError, Working};
use visitbook_record::limits;

use super::write::saved;
use crate::failure::Failure;
use crate::names;
use crate::reply::Reply;

pub(super) fn attach(
    working: &mut Working,
    visit: &str,
    voice: Option<&str>,
    what: &str,
    file: &Path,
) -> Result<Reply, Failure> {
    let visit = names::record(working, visit)?;
    let record = match voice {
        Some(voice) => names::record(working, voice)?,
        None => visit,
    };
    let before;
    let done = if file == Path::new("-") {
        let mut bytes = Vec::new();
        // A little more than is taken, so that it is refused, not cut.
        let most = limits::ATTACHMENT_BYTES + 1;
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)?;
        before = Instant::now();
        working.attach_bytes(record, what, &bytes)?
    } else {
        let mut from = File::open(file)?;
        let size = from.metadata()?.len();
        before = Instant::now();
        working.attach(record, what, size, &mut from)?
    };
    let file = working
        .attachments(record)?
        .into_iter()
        .find(|file| done.ops.contains(&file.op));
    let no = file.as_ref().map(|file| file.no);
    Ok(saved(
        before,
        &done,
        json!({"record": record, "no": no, "attachment": file}),
    ))
}

/// The file with this number on a record's page.
pub(super) fn numbered(
    working: &Working,
    record: &str,
    no: usize,
) -> Result<(visitbook_record::id::RecordId, AttachmentView), Failure> {
    let record = names::record(working, record)?;
    let file = working
        .attachments(record)?
        .into_iter()
        .find(|file| file.no == no);
    file.map(|file| (record, file)).ok_or_else(|| {
        Failure::new(
            "no_such_file",
            format!("There is no file {no} on this record. `visitbook visit show` numbers them."),
        )
    })
}

/// Writes it out readable, because a person asked for it, and never over another file.
pub(super) fn write_out(
    working: &Working,
    record: &str,
    no: usize,
    to: &Path,
) -> Result<Reply, Failure> {
    let (record, file) = numbered(working, record, no)?;
    if !file.here {
        let code = if file.state == "expected" {
            "expected"
        } else {
            "not_here"
        };
        return Err(Failure::new(
            code,
            format!(
                "It is not on this device. {}.",
                file.state_words.trim_end_matches('.')
            ),
        ));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut out = options.open(to)?;
    let written = working.open_attachment(record, file.op, &mut out);
    if let Err(error) = written {
        drop(out);
        // Ours, and not whole.
        let _ = std::fs::remove_file(to);
        return Err(error.into());
    }
    out.sync_all()?;
    let text = format!(
        "Written to {}. It lies there for anybody to read who can reach it: remove it when you have done.",
        to.display()
    );
    Ok(Reply::new(
        text,
        json!({"record": record, "no": file.no, "attachment": file, "to": to.display().to_string()}),
    ))
}

/// One line for each file of a page.
pub(super) fn lines(files: &[AttachmentView]) -> String {
    let mut text = String::new();
    for file in files {
        let late = if file.late {
            ", added after the visit was finished"
        } else {
            ""
        };
        text += &format!(
            "File {}: {} ({}) by {}, {}{late} · {}\n",
            file.no,
            file.label,
            size(file.size),
            file.by,
            file.written.time,
            file.state_words
        );
    }
    text
}

/// Files that the council waits for, for a status or a board.
pub(super) fn expected(files: &[ExpectedFile]) -> (String, Vec<Json>) {
    let mut text = String::new();
    let mut rows = Vec::new();
    for one in files {
        text += &format!(
            "{} · {} {}: {}\n",
            one.child_name,
            one.kind,
            names::short(one.record),
            one.file.state_words
        );
        rows.push(json!(one));
    }
    (text, rows)
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let code = match &error {
            FileError::Unknown => "no_such_file",
            FileError::NotHere => "not_here",
            FileError::Damaged => "damaged",
            FileError::WrongKey => "wrong_key",
            FileError::OtherSize => "other_size",
            FileError::NewerVersion => "newer_version",
            FileError::Output(_) | FileError::Io(_) => "file",
            FileError::Read(_) => "not_read",
        };
        Self::new(code, Self::sentence(&error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_short() {
        let cases = [
            (1, "1 bytes"),
            (64_000, "64 kB"),
            (3_140_000, "3.1 MB"),
            (52_428_800, "52.4 MB"),
        ];
        for (bytes, words) in cases {
            assert_eq!(size(bytes), words);
        }
    }
}
