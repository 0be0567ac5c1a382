//! Reading XML one child at a time, and no more of it than a return can hold.
//!
//! A document type declaration is refused outright, so no entity can be declared and none is ever expanded; depth, the size of
//! one piece and of one child are limited. Names are compared without their prefixes.

use std::io::{self, BufRead, Read};
use std::path::Path;

use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::scan::{Letters, Shape, Unfit, scan};

/// The deepest nesting taken; the census has nine levels.
const DEEPEST: usize = 32;
/// The longest tag or text taken, in bytes.
const LONGEST_PIECE: usize = 64 << 10;
/// The most elements under one child.
const MOST_IN_A_CHILD: usize = 20_000;

/// Why an XML file is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum XmlError {
    /// It is not text, or too large.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It does not obey the rules of XML.
    #[error("is not well-formed XML at line {0}: {1}")]
    Malformed(u64, String),
    /// A document type declaration: the way in which a small file grows beyond any memory.
    #[error("declares a document type at line {0}; a return has none, so it is not read")]
    DocumentType(u64),
    /// An entity that XML itself does not have.
    #[error("uses an entity at line {0} that XML itself does not have; it is not read")]
    Entity(u64),
    /// More levels than any return has.
    #[error("nests deeper than 32 levels at line {0}; it is not read")]
    TooDeep(u64),
    /// A giant tag or text.
    #[error("has a piece longer than 64 KiB at line {0}; it is not read")]
    LongPiece(u64),
    /// A giant child.
    #[error("has a child with more than 20,000 elements at line {0}; it is not read")]
    TooMany(u64),
}

/// An element.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Its name, without a prefix.
    pub(super) name: String,
    /// The line in which its opening tag ends.
    pub(super) line: u64,
    /// Its own text.
    pub(super) text: String,
    /// What is in it.
    pub(super) inside: Vec<Node>,
}

impl Node {
    /// The first element of this name in it.
    pub(super) fn first(&self, name: &str) -> Option<&Self> {
        self.all(name).next()
    }

    /// The elements of this name in it.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Self> {
        self.inside.iter().filter(move |node| node.name == name)
    }
}

/// The name of a file's outermost element. `None` if it is no XML.
///
/// # Errors
/// [`XmlError`].
pub(super) fn root(path: &Path) -> Result<Option<String>, XmlError> {
    let mut pull = Pull::open(path)?;
    loop {
        match pull.next()? {
            Piece::Open(name) => return Ok(Some(name)),
            Piece::End => return Ok(None),
            Piece::Text(_) | Piece::Close => {}
        }
    }
}

/// Hands over each element of this name, wherever it stands, and of all others those without elements in them.
///
/// # Errors
/// [`XmlError`]; what was handed over before must then not be used.
pub(super) fn each(path: &Path, name: &str, mut take: impl FnMut(Node)) -> Result<(), XmlError> {
    let mut pull = Pull::open(path)?;
    let mut last = Node::default();
    loop {
        match pull.next()? {
            Piece::Open(found) if found == name => take(pull.whole(found)?),
            Piece::Open(found) => {
                last = Node {
                    name: found,
                    line: pull.line(),
                    ..Node::default()
                };
            }
            Piece::Text(text) => last.text.push_str(&text),
            Piece::Close => take(std::mem::take(&mut last)),
            Piece::End => return Ok(()),
        }
    }
}

enum Piece {
    Open(String),
    Text(String),
    Close,
    End,
}

struct Pull {
    reader: Reader<Lines>,
    buffer: Vec<u8>,
    depth: usize,
    /// An element without content: it closes next.
    closes: bool,
}

impl Pull {
    fn open(path: &Path) -> Result<Self, XmlError> {
        let letters = scan(path, Shape::Xml)?;
        let file = std::fs::File::open(path).map_err(Unfit::from)?;
        Ok(Self {
            reader: Reader::from_reader(Lines::new(file, letters)),
            buffer: Vec::new(),
            depth: 0,
            closes: false,
        })
    }

    fn line(&self) -> u64 {
        self.reader.get_ref().line
    }

    fn next(&mut self) -> Result<Piece, XmlError> {
        if std::mem::take(&mut self.closes) {
            return Ok(Piece::Close);
        }
        loop {
            self.buffer.clear();
            self.reader.get_mut().piece = 0;
            let event = self.reader.read_event_into(&mut self.buffer);
            let line = self.reader.get_ref().line;
            let event = event.map_err(|error| match error {
                quick_xml::Error::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    XmlError::LongPiece(line)
                }
                error => XmlError::Malformed(line, error.to_string()),
            })?;
            match event {
                Event::Start(tag) | Event::Empty(tag) if self.depth >= DEEPEST => {
                    drop(tag);
                    return Err(XmlError::TooDeep(line));
                }
                Event::Start(tag) => {
                    self.depth += 1;
                    return Ok(Piece::Open(tag.local_name().into_inner().to_owned()));
                }
                Event::Empty(tag) => {
                    self.closes = true;
                    return Ok(Piece::Open(tag.local_name().into_inner().to_owned()));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Piece::Close);
                }
                Event::Text(text) => return Ok(Piece::Text(text.into_inner().into_owned())),
                Event::CData(text) => return Ok(Piece::Text(text.into_inner().into_owned())),
                Event::GeneralRef(entity) => {
                    let letter = entity.resolve_char_ref().ok().flatten().map(String::from);
                    let name = entity.into_inner();
                    let known = quick_xml::escape::resolve_predefined_entity(&name);
                    return letter
                        .or_else(|| known.map(str::to_owned))
                        .map(Piece::Text)
                        .ok_or(XmlError::Entity(line));
                }
                Event::DocType(_) => return Err(XmlError::DocumentType(line)),
                Event::Eof if self.depth > 0 => {
                    return Err(XmlError::Malformed(line, "it ends in the middle".into()));
                }
                Event::Eof => return Ok(Piece::End),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    /// The rest of an element that has just been opened. Depth is limited, so the stack of open elements is.
    fn whole(&mut self, name: String) -> Result<Node, XmlError> {
        let opened = |name, line| Node {
            name,
            line,
            ..Node::default()
        };
        let mut open = vec![opened(name, self.line())];
        let mut count = 1;
        loop {
            let piece = self.next()?;
            let line = self.line();
            match piece {
                Piece::Open(name) => {
                    count += 1;
                    if count > MOST_IN_A_CHILD {
                        return Err(XmlError::TooMany(line));
                    }
                    open.push(opened(name, line));
                }
                Piece::Text(text) => {
                    if let Some(node) = open.last_mut() {
                        if node.text.len() + text.len() > LONGEST_PIECE {
                            return Err(XmlError::LongPiece(line));
                        }
                        node.text.push_str(&text);
                    }
                }
                Piece::Close => {
                    let Some(mut done) = open.pop() else {
                        return Err(XmlError::Malformed(
                            line,
                            "it closes what it did not open".into(),
                        ));
                    };
                    done.text = done.text.trim().to_owned();
                    match open.last_mut() {
                        Some(outer) => outer.inside.push(done),
                        None => return Ok(done),
                    }
                }
                Piece::End => {
                    return Err(XmlError::Malformed(line, "it ends in the middle".into()));
                }
            }
        }
    }
}

/// Bytes as UTF-8, with the lines counted and the length of what is asked for in one go limited.
struct Lines {
    inner: io::BufReader<std::fs::File>,
    letters: Letters,
    /// What has been read and not yet been asked for.
    ready: Vec<u8>,
    given: usize,
    line: u64,
    piece: usize,
}

impl Lines {
    fn new(file: std::fs::File, letters: Letters) -> Self {
        Self {
            inner: io::BufReader::new(file),
            letters,
            ready: Vec::new(),
            given: 0,
            line: 1,
            piece: 0,
        }
    }
}

impl Read for Lines {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let length = ready.len().min(into.len());
        if let (Some(into), Some(ready)) = (into.get_mut(..length), ready.get(..length)) {
            into.copy_from_slice(ready);
        }
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Lines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece > LONGEST_PIECE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if self.given == self.ready.len() {
            self.ready.clear();
            self.given = 0;
            let bytes = self.inner.fill_buf()?;
            let length = bytes.len();
            match self.letters {
                Letters::Utf8 => self.ready.extend_from_slice(bytes),
                letters => self.ready.extend_from_slice(letters.text(bytes).as_bytes()),
            }
            self.inner.consume(length);
        }
        Ok(self.ready.get(self.given..).unwrap_or_default())
    }

    fn consume(&mut self, length: usize) {
        let end = (self.given + length).min(self.ready.len());
        let taken = self.ready.get(self.given..end).unwrap_or_default();
        self.line += taken.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.piece += taken.len();
        self.given = end;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn birds(text: &[u8]) -> Result<Vec<Node>, XmlError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut found = Vec::new();
        each(file.path(), "Bird", |node| found.push(node))?;
        found.retain(|node| node.name == "Bird");
        Ok(found)
    }

    #[test]
    fn elements_come_whole_with_their_lines_and_letters() {
        let text = b"<?xml version='1.0' encoding='windows-1252'?>\n<r xmlns:x='y'>\n<x:Bird>stray\n <name>Ren\xe9e &amp; &#x41;<![CDATA[<b>]]></name><none/>\n</x:Bird></r>";
        let birds = birds(text).unwrap();
        assert_eq!(birds.len(), 1);
        assert_eq!(birds[0].line, 3);
        assert_eq!(birds[0].first("name").unwrap().text, "Renée & A<b>");
        assert_eq!(birds[0].first("name").unwrap().line, 4);
        assert_eq!(birds[0].first("none").unwrap().text, "");
    }

    #[test]
    fn bombs_are_refused_by_name() {
        let laughs =
            b"<!DOCTYPE r [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><r><Bird>&b;</Bird></r>";
        assert!(matches!(birds(laughs), Err(XmlError::DocumentType(1))));
        assert!(matches!(
            birds(b"<r><Bird>&b;</Bird></r>"),
            Err(XmlError::Entity(1))
        ));
        let deep = "<Bird>".repeat(100);
        assert!(matches!(birds(deep.as_bytes()), Err(XmlError::TooDeep(_))));
        let outside = "<d>".repeat(100);
        assert!(matches!(
            birds(outside.as_bytes()),
            Err(XmlError::TooDeep(_))
        ));
        let long = format!("<r><Bird>{}</Bird></r>", "x".repeat(1 << 20));
        assert!(matches!(
            birds(long.as_bytes()),
            Err(XmlError::LongPiece(_))
        ));
        let pieces = format!("<r><Bird>{}</Bird></r>", "x<!-- -->".repeat(100_000));
        assert!(matches!(
            birds(pieces.as_bytes()),
            Err(XmlError::LongPiece(_))
        ));
        let wide = format!("<r><Bird>{}</Bird></r>", "<a/>".repeat(30_000));
        assert!(matches!(birds(wide.as_bytes()), Err(XmlError::TooMany(_))));
        let tag = format!("<r><Bird a=\"{}\"/></r>", "x".repeat(1 << 20));
        assert!(matches!(birds(tag.as_bytes()), Err(XmlError::LongPiece(_))));
    }

    #[test]
    fn what_is_cut_or_crossed_is_refused() {
        for text in [
            "<r><Bird>",
            "<r><Bird></r></Bird>",
            "<r>",
            "<r",
            "<r></r></r>",
        ] {
            assert!(
                matches!(birds(text.as_bytes()), Err(XmlError::Malformed(..))),
                "{text}"
            );
        }
    }
}
