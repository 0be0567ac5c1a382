//! Attaching a file to a record, and reading it back.
//!
//! The file is read once and encrypted as it is read: nothing of it ever lies on the disk as it came. What the caller says
//! its length is, it must have. Nothing is decoded, turned, shrunk or cleaned, so a child's drawing stays the drawing; a
//! camera that is to leave out where a photograph was taken does so before it hands it over. No small picture of it is kept.

use std::io::{Read, Write};

use visitbook_record::attachment::{Attachment, KINDS, policy, sort, target};
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::Kind;
use visitbook_record::page::{Page, Statement, View, lay_out};
use visitbook_record::payload::Content;
use visitbook_seal::attachment::{AttachmentError, AttachmentId, CHUNK, ChunkOpener};
use visitbook_seal::secret::{Secret32, random};
use zeroize::Zeroizing;

use super::model::{AttachmentView, ExpectedFile};
use super::save::{NewStatement, Plan, Refusing, Saved};
use super::{Working, begin};
use crate::attached::shelf::{Place, Stored, TakeError};
use crate::clock::Moment;
use crate::error::{FileError, ReadError, SaveError};
use crate::store::{StoreError, attached, log, oversight_view};

impl Working {
    /// Attaches a file of exactly `size` bytes to a record. Blocks for as long as `from` takes, and a disk flush. The same file
    /// attached before, to whatever record, is not encrypted or sent twice.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved, and nothing of the file stays.
    pub fn attach(
        &mut self,
        record: RecordId,
        what: &str,
        size: u64,
        from: &mut dyn Read,
    ) -> Result<Saved, SaveError> {
        if !KINDS.iter().any(|kind| kind.code == what) {
            return Err(SaveError::UnknownCode {
                field: "what".to_owned(),
                allowed: KINDS.iter().map(|kind| kind.code.to_owned()).collect(),
            });
        }
        let (row, child) = self.record(record)?;
        if self.role_for(child)?.is_none() {
            return Err(SaveError::NotHeld(child));
        }
        let key = random().map_err(|_| crate::random::NoRandomness)?;
        let taken = self.shelf.take(&key, size, from).map_err(refused)?;
        let known = attached::same_content(&self.store.writer, &taken.content)?
            .filter(|known| self.shelf.place(&AttachmentId(known.id)).is_some());
        let content = known.is_none().then_some(taken.content);
        let file = match known {
            Some(known) => {
                // The bytes just made are one copy too many; if they stay, the next unlock removes them.
                let _ = self.shelf.not_needed(&taken.id);
                Attachment {
                    what: what.to_owned(),
                    ..known
                }
            }
            None => Attachment {
                id: taken.id.0,
                key: *key.expose(),
                media_type: taken.media_type.to_owned(),
                size,
                what: what.to_owned(),
            },
        };
        let statement = NewStatement::new(
            Kind::Attach,
            policy(row.home.kind),
            target(self.fresh_id()?.to_string()),
            Content::Attachment(file),
        );
        let plan = Plan {
            record,
            kind: row.home.kind,
            child,
            statements: vec![statement],
        };
        let saved = self.save_and(vec![plan], Refusing::Yes, |db| match &content {
            Some(content) => attached::set_content(db, &taken.id, content),
            None => Ok(()),
        });
        let in_the_book = matches!(saved, Ok(_) | Err(SaveError::KeptUnsealed(_)));
        if content.is_some() {
            let settled = if in_the_book {
                self.shelf.saved(&taken.id)
            } else {
                self.shelf.not_needed(&taken.id)
            };
            if settled.is_err() {
                tracing::warn!("a file's name is put right at the next unlock");
            }
        }
        saved
    }

    /// As [`Self::attach`], for a file that is in memory.
    ///
    /// # Errors
    /// As there.
    pub fn attach_bytes(
        &mut self,
        record: RecordId,
        what: &str,
        bytes: &[u8],
    ) -> Result<Saved, SaveError> {
        self.attach(record, what, bytes.len() as u64, &mut &bytes[..])
    }

    /// The files that belong to a record, in the order in which they came.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn attachments(&self, record: RecordId) -> Result<Vec<AttachmentView>, ReadError> {
        let unknown = || ReadError::UnknownRecord(record);
        let row = log::record(&self.store.reader, record)?.ok_or_else(unknown)?;
        let child = row.home.scope.child().ok_or_else(unknown)?;
        if self.role_for(child)?.is_none() {
            return Err(unknown());
        }
        let rows = log::statements(&self.store.reader, row.no)?;
        let statements: Vec<Statement> = rows.into_iter().map(|row| row.statement).collect();
        let page = lay_out(row.home.kind, &statements, View::Here);
        if page.voided.is_some() {
            return Ok(Vec::new());
        }
        Ok(self.attachment_views(&page, &statements)?)
    }

    pub(crate) fn attachment_views(
        &self,
        page: &Page,
        statements: &[Statement],
    ) -> Result<Vec<AttachmentView>, StoreError> {
        let mut views = Vec::with_capacity(page.attachments.len());
        for (at, no) in page.attachments.iter().zip(1..) {
            let Some(statement) = statements.get(*at) else {
                continue;
            };
            // Removed by law: that there was one stands in the history.
            if let Some(Content::Attachment(file)) = &statement.content {
                views.push(self.attachment_view(no, statement, file, page.late.contains(at))?);
            }
        }
        Ok(views)
    }

    fn attachment_view(
        &self,
        no: usize,
        statement: &Statement,
        file: &Attachment,
        late: bool,
    ) -> Result<AttachmentView, StoreError> {
        let id = AttachmentId(file.id);
        let known = attached::get(&self.store.reader, &id)?;
        let device = self.kind_of_device();
        let today = Moment::of(self.now().wall).date;
        let short = |at: Moment| {
            if at.date == today {
                at.time
            } else {
                format!("{} {}", at.date, at.time)
            }
        };
        let (mut received, mut expected_from, mut last_heard) = (None, None, None);
        let (state, state_words) = match known {
            Some(known) if known.received.is_some() => {
                received = known.received.map(Moment::of);
                let at = received.clone().map(short).unwrap_or_default();
                ("council", format!("The council has it · {at}"))
            }
            Some(known) if known.own && self.lane.is_sending(&id) => {
                ("sending", format!("Sending. You can lock the {device}."))
            }
            Some(known) if known.own => ("only_here", format!("Only on this {device}")),
            Some(known) => match known.expected {
                Some(expected) => {
                    last_heard = expected.heard.map(Moment::of);
                    let heard = last_heard.clone().map(short);
                    let words = visitbook_record::words::files_expected(
                        &format!("1 {}", sort(&file.what).one),
                        &expected.from,
                        heard.as_deref(),
                    );
                    expected_from = Some(expected.from);
                    ("expected", format!("{}. {}", words.title, words.detail))
                }
                None => ("unknown", "Not asked for yet".to_owned()),
            },
            None => ("unknown", "Not asked for yet".to_owned()),
        };
        Ok(AttachmentView {
            no,
            op: statement.fact.id,
            what: file.what.clone(),
            label: sort(&file.what).one.to_owned(),
            media_type: file.media_type.clone(),
            size: file.size,
            by: self.staff_name(statement.fact.author)?,
            written: Moment::of(statement.written),
            late,
            here: self.shelf.place(&id).is_some(),
            state: state.to_owned(),
            state_words,
            received,
            expected_from,
            last_heard,
        })
    }

    /// Files of children whom the holder holds, whose bytes the council has not got: own ones, and those that are on a
    /// colleague's device as far as the council has said.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn expected_files(&self) -> Result<Vec<ExpectedFile>, ReadError> {
        let mut all = Vec::new();
        for record in attached::records_with_missing(&self.store.reader)? {
            let Some(row) = log::record_no(&self.store.reader, record)? else {
                continue;
            };
            let Some(child) = row.home.scope.child() else {
                continue;
            };
            if self.role_for(child)?.is_none()
                || oversight_view::is_voided(&self.store.reader, row.no)?
            {
                continue;
            }
            let name = self.child_name(child)?;
            for file in self.attachments(row.id)? {
                if ["only_here", "sending", "expected"].contains(&file.state.as_str()) {
                    let child = (child, name.clone());
                    all.push(ExpectedFile::new(row.id, row.home.kind, child, file));
                }
            }
        }
        Ok(all)
    }

    /// Opens an attached file into `to`. Everything is checked before the first byte is written, so what comes is all of it
    /// and in order. What `to` does with it is the caller's concern: on a disk it would lie readable.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open_attachment(
        &self,
        record: RecordId,
        op: OpId,
        to: &mut dyn Write,
    ) -> Result<u64, FileError> {
        let (key, stored) = self.stored(record, op)?;
        let opener = ChunkOpener::new(&key, &stored.list);
        let open = |index| -> Result<Zeroizing<Vec<u8>>, FileError> {
            let sealed = stored.chunk(index)?.ok_or(FileError::Damaged)?;
            Ok(Zeroizing::new(opener.open(index, &sealed)?))
        };
        for index in 0..stored.list.count() {
            open(index)?;
        }
        for index in 0..stored.list.count() {
            to.write_all(&open(index)?).map_err(FileError::Output)?;
        }
        Ok(stored.list.size())
    }

    /// An attached file as it lies here, and what opens it.
    fn stored(&self, record: RecordId, op: OpId) -> Result<(Secret32, Stored), FileError> {
        let file = self.attachment_of(record, op)?;
        let id = AttachmentId(file.id);
        let Some(stored) = self.shelf.open(&id)? else {
            return Err(if self.shelf.place(&id).is_some() {
                FileError::Damaged
            } else {
                FileError::NotHere
            });
        };
        if stored.list.size() != file.size {
            return Err(FileError::OtherSize);
        }
        let key = Secret32::from_slice(&file.key).ok_or(FileError::WrongKey)?;
        Ok((key, stored))
    }

    /// As [`Self::open_attachment`], into memory.
    ///
    /// # Errors
    /// As there.
    pub fn attachment_bytes(&self, record: RecordId, op: OpId) -> Result<Vec<u8>, FileError> {
        let mut bytes = Vec::new();
        self.open_attachment(record, op, &mut bytes)?;
        Ok(bytes)
    }

    /// At most `at_most` bytes of an attached file from byte `from` on; fewer only at its end. Of the chunks that hold them
    /// each is checked, and no other.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn attachment_part(
        &self,
        record: RecordId,
        op: OpId,
        from: u64,
        at_most: u32,
    ) -> Result<Vec<u8>, FileError> {
        let (key, stored) = self.stored(record, op)?;
        let opener = ChunkOpener::new(&key, &stored.list);
        let until = from
            .saturating_add(u64::from(at_most))
            .min(stored.list.size());
        let mut part = Vec::new();
        let mut at = from;
        while at < until {
            let index = u32::try_from(at / CHUNK as u64).map_err(|_| FileError::OtherSize)?;
            let sealed = stored.chunk(index)?.ok_or(FileError::Damaged)?;
            let chunk = Zeroizing::new(opener.open(index, &sealed)?);
            let begin = u64::from(index) * CHUNK as u64;
            let within = |place: u64| usize::try_from(place - begin).unwrap_or(usize::MAX);
            let end = until.min(begin + chunk.len() as u64);
            let wanted = chunk
                .get(within(at)..within(end))
                .ok_or(FileError::Damaged)?;
            part.extend_from_slice(wanted);
            at = end;
        }
        Ok(part)
    }

    /// Asks for a file that is not here, or that the disk has changed since the council had it: the next sync fetches it if the
    /// council has it. Returns whether it is here already.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn want_attachment(&mut self, record: RecordId, op: OpId) -> Result<bool, FileError> {
        let id = AttachmentId(self.attachment_of(record, op)?.id);
        let here = match self.shelf.place(&id) {
            None => false,
            // What the council does not have is never given up.
            Some(Place::Out) => true,
            Some(Place::Kept) => {
                let sound = match self.shelf.open(&id)? {
                    Some(stored) => stored.is_sound()?,
                    None => false,
                };
                if !sound {
                    self.shelf.remove(&id)?;
                }
                sound
            }
        };
        let transaction = begin(&mut self.store.writer).map_err(ReadError::from)?;
        attached::set_wanted(&transaction, &id, !here).map_err(ReadError::from)?;
        transaction.commit().map_err(ReadError::from)?;
        Ok(here)
    }

    /// What the statement says of the file. Its author reads it also where the child has moved.
    fn attachment_of(&self, record: RecordId, op: OpId) -> Result<Attachment, FileError> {
        let found = log::statement(&self.store.reader, &op).map_err(ReadError::from)?;
        let statement = found
            .map(|row| row.statement)
            .filter(|statement| statement.fact.record == record)
            .ok_or(FileError::Unknown)?;
        let row = log::record(&self.store.reader, record).map_err(ReadError::from)?;
        let child = row.and_then(|row| row.home.scope.child());
        let held = match child {
            Some(child) => self.role_for(child).map_err(ReadError::from)?.is_some(),
            None => false,
        };
        match statement.content {
            Some(Content::Attachment(file)) if held || statement.fact.author == self.me.worker => {
                Ok(file)
            }
            _ => Err(FileError::Unknown),
        }
    }

    /// What of a record's own files is on this device only: their words, since when, and whether one is being sent.
    pub(crate) fn files_here(&self, record: i64) -> Result<Option<FilesHere>, StoreError> {
        let unreceived = attached::unreceived(&self.store.reader, record)?;
        if unreceived.is_empty() {
            return Ok(None);
        }
        let mut codes = Vec::new();
        let mut seen: Vec<AttachmentId> = Vec::new();
        let (mut since, mut sending) = (None, false);
        for (op, file) in unreceived {
            if seen.contains(&file.id) {
                continue;
            }
            seen.push(file.id);
            sending |= self.lane.is_sending(&file.id);
            since = since.min(file.saved).or(file.saved).or(since);
            let content =
                log::statement_no(&self.store.reader, op)?.and_then(|row| row.statement.content);
            codes.push(match content {
                Some(Content::Attachment(file)) => file.what,
                _ => "other".to_owned(),
            });
        }
        Ok(Some(FilesHere {
            words: visitbook_record::attachment::counted(codes.iter().map(String::as_str)),
            since,
            sending,
        }))
    }
}

/// See [`Working::files_here`].
pub(crate) struct FilesHere {
    pub(crate) words: String,
    pub(crate) since: Option<visitbook_record::time::WallMillis>,
    pub(crate) sending: bool,
}

fn refused(error: TakeError) -> SaveError {
    match error {
        TakeError::Empty => SaveError::Empty {
            field: "attachment".to_owned(),
        },
        TakeError::TooLarge => SaveError::FileTooLarge,
        TakeError::OtherLength => SaveError::FileLength,
        TakeError::Unreadable(error) => SaveError::FileUnreadable(error),
        TakeError::Io(error) => SaveError::Store(of_disk(&error)),
    }
}

/// A full disk is something a person can do something about; the rest is not.
pub(crate) fn of_disk(error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Io,
    }
}

impl From<AttachmentError> for FileError {
    fn from(error: AttachmentError) -> Self {
        match error {
            AttachmentError::Damaged => Self::Damaged,
            AttachmentError::WrongKey => Self::WrongKey,
            AttachmentError::NewerVersion => Self::NewerVersion,
        }
    }
}
