//! Staying unlocked: one command a line, one answer a line.
//!
//! For scripts, and for the demonstration. A line is a JSON array of words, or words parted by spaces. The end of
//! the input locks the device as a person would.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use clap::Parser;
use serde_json::json;
use visitbook_device::Working;
use visitbook_record::words;
use zeroize::Zeroizing;

use crate::args::{Book, Family};
use crate::commands::Desk;
use crate::commands::family::{self, ChildsPage, Left};
use crate::failure::Failure;
use crate::reply::Reply;

/// The longest line taken: the largest text, as JSON may escape it, and some words.
const LONGEST_LINE: usize = 8 << 20;

#[derive(Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(subcommand)]
    command: Book,
}

/// Who holds the device.
enum Hands {
    Worker(Box<Desk>),
    Child(Box<ChildsPage>),
    Nobody,
}

/// Answers lines until the input ends, then locks. In a child's hands the input's end is what a kill is: the folder is opened
/// locked the next time.
pub(crate) fn run(desk: Desk) -> Result<(), Failure> {
    let mut out = Answers::open()?;
    out.give(hello(&desk.working))?;
    let mut input = Lines::open()?;
    let mut hands = Hands::Worker(Box::new(desk));
    while let Some(line) = input.next()? {
        let command = match parse(&line) {
            Ok(None) => continue,
            other => other,
        };
        let answer;
        (hands, answer) = match hands {
            Hands::Worker(desk) => for_worker(desk, command),
            Hands::Child(page) => for_child(page, command, &mut input)?,
            Hands::Nobody => (hands, Err(Failure::new("locked", "The device is locked."))),
        };
        out.give(answer)?;
    }
    if let Hands::Worker(desk) = hands {
        drop(desk.working.lock());
    }
    Ok(())
}

/// The lines of the input, without the buffer that the standard library keeps for as long as the program runs: a child's words
/// must be in no memory once they are handed in.
struct Lines {
    input: File,
    held: Zeroizing<Vec<u8>>,
}

impl Lines {
    fn open() -> io::Result<Self> {
        Ok(Self {
            input: io::stdin().as_fd().try_clone_to_owned()?.into(),
            held: Zeroizing::default(),
        })
    }

    fn next(&mut self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        loop {
            let end = self.held.iter().position(|byte| *byte == b'\n');
            let end = end.map(|at| at + 1);
            if let Some(end) = end.or((self.held.len() >= LONGEST_LINE).then_some(LONGEST_LINE)) {
                let rest = Zeroizing::new(self.held.split_off(end));
                return Ok(Some(std::mem::replace(&mut self.held, rest)));
            }
            let mut chunk = Zeroizing::new([0; 4096]);
            match self.input.read(&mut chunk[..])? {
                0 if self.held.is_empty() => return Ok(None),
                0 => return Ok(Some(std::mem::take(&mut self.held))),
                read => self.held.extend_from_slice(&chunk[..read]),
            }
        }
    }
}

/// The answers, for the same reason without a buffer that stays.
struct Answers(File);

impl Answers {
    fn open() -> io::Result<Self> {
        Ok(Self(io::stdout().as_fd().try_clone_to_owned()?.into()))
    }

    fn give(&mut self, answer: Result<Reply, Failure>) -> io::Result<()> {
        let line = Zeroizing::new(format!("{}\n", Reply::line(answer)));
        self.0.write_all(line.as_bytes())
    }
}

type Parsed = Result<Option<Book>, Failure>;

fn for_worker(mut desk: Box<Desk>, command: Parsed) -> (Hands, Result<Reply, Failure>) {
    match command {
        Ok(Some(Book::Family(Family::Enter { child, visit }))) => {
            match family::enter(*desk, &child, visit.as_deref()) {
                Ok((page, reply)) => (Hands::Child(Box::new(page)), Ok(reply)),
                Err((desk, failure)) => (Hands::Worker(desk), Err(failure)),
            }
        }
        Ok(Some(command)) => {
            let answer = desk.run(command, &mut |_| {});
            (Hands::Worker(desk), answer)
        }
        Ok(None) => (Hands::Worker(desk), Ok(Reply::new("", json!({})))),
        Err(failure) => (Hands::Worker(desk), Err(failure)),
    }
}

/// The page takes what it takes. To everything else, a line that cannot be read included, it gives one answer.
fn for_child(
    mut page: Box<ChildsPage>,
    command: Parsed,
    input: &mut Lines,
) -> io::Result<(Hands, Result<Reply, Failure>)> {
    Ok(match command {
        Ok(Some(Book::Family(Family::Leave))) => {
            let mut pin = input.next()?.unwrap_or_default();
            while pin.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                pin.pop();
            }
            match page.leave(&pin) {
                Left::Worker(desk, reply) => (Hands::Worker(desk), Ok(reply)),
                Left::Child(page) => (Hands::Child(page), Err(family::nothing_to_read())),
                Left::Locked(failure) => (Hands::Nobody, Err(failure)),
            }
        }
        Ok(Some(Book::Family(line))) => {
            let answer = page.take(line);
            (Hands::Child(page), answer)
        }
        _ => (Hands::Child(page), Err(family::nothing_to_read())),
    })
}

fn parse(line: &[u8]) -> Result<Option<Book>, Failure> {
    let line = std::str::from_utf8(line)
        .map_err(|_| Failure::new("bad_line", "The line is not UTF-8."))?
        .trim();
    if line.is_empty() {
        return Ok(None);
    }
    let words: Vec<String> = if line.starts_with('[') {
        serde_json::from_str(line)
            .map_err(|e| Failure::new("bad_line", format!("Not a JSON array of words: {e}.")))?
    } else {
        line.split_whitespace().map(str::to_owned).collect()
    };
    Line::try_parse_from(words)
        .map(|line| Some(line.command))
        .map_err(|error| Failure::new("bad_command", error.render().to_string().trim().to_owned()))
}

/// What there is to say at unlock: whose device this is, and what a crash left.
pub(crate) fn hello(working: &Working) -> Result<Reply, Failure> {
    let me = working.who()?;
    let mut text = format!("{}, {}.\n", me.label, me.name);
    let mut recovered = Vec::new();
    for draft in working.recovered() {
        let message = words::reopened("phone", &draft.tail);
        text.push_str(&format!(
            "{}\n{}\n[{}]\n",
            message.title,
            message.detail,
            message.buttons.join("] [")
        ));
        let page = working.page(draft.record).ok();
        let whole = page
            .iter()
            .flat_map(|page| &page.entries)
            .find(|entry| entry.entry == draft.entry)
            .and_then(|entry| entry.versions.last())
            .and_then(|version| version.text.clone());
        recovered.push(json!({"record": draft.record, "heading": draft.heading, "entry": draft.entry, "tail": draft.tail, "text": whole}));
    }
    let mut kept = Vec::new();
    for draft in working.kept_drafts() {
        text.push_str(&format!(
            "These words were being typed and could not be saved as an entry: {}. They are kept on this device.\n  {}\n",
            draft.reason, draft.text
        ));
        kept.push(json!({"record": draft.record, "heading": draft.heading, "entry": draft.entry, "text": draft.text, "reason": draft.reason}));
    }
    let json =
        json!({"label": me.label, "worker": me.name, "recovered": recovered, "kept_drafts": kept});
    Ok(Reply::new(text, json))
}
