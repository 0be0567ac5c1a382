//! Into a child's hands and back: entering closes the vault behind a commit that tells of the session; coming back opens what
//! was handed in, makes it voice records, and checks that nothing was taken out.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, params};
use visitbook_record::commit::RecordKind;
use visitbook_record::family::{Post, missing_from, statements_of};
use visitbook_record::id::RecordId;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, FamilySession as SessionContent};
use visitbook_record::wire::{PostReply, PostStatement, SealedGroup, Signed};
use visitbook_record::{cbor, words};
use visitbook_seal::envelope::{EnvelopeKind, Header};
use visitbook_seal::family::{
    End, FamilyChain, FamilyPoster, FamilySession, FirstKey, OpenedPost, PostError,
    open_family_post_with,
};
use visitbook_seal::receipt;
use visitbook_seal::reply::open_reply;
use visitbook_seal::secret::{Secret, Secret32};
use visitbook_seal::sign::Signature;

use super::model::{FamilySessionView, LeftForYou, VoiceView};
use super::receipts::SyncError;
use super::save::{NewStatement, Plan, Refusing};
use super::{Working, begin};
use crate::clock::Moment;
use crate::error::{ReadError, SaveError, UnlockError};
use crate::family::{Counted, Family, Pack, counted_name};
use crate::spool::FrameInfo;
use crate::store::rows::{name, optional_name, signed, unsigned};
use crate::store::{StoreError, log};
use crate::sync::store::ParcelKey;

/// Why family mode was not entered. The vault is open as before.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// The session could not be saved.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// Nothing could be sealed.
    #[error(transparent)]
    Post(#[from] PostError),
}

impl From<StoreError> for EnterError {
    fn from(error: StoreError) -> Self {
        Self::Save(error.into())
    }
}

/// A device that did not enter family mode, and why.
pub struct NotEntered {
    /// The device, as it was.
    pub working: Working,
    /// Why.
    pub error: EnterError,
}

impl std::fmt::Debug for NotEntered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

/// A council's receipt for a post, verified.
pub(crate) struct PostReceipt {
    pub(crate) key: ParcelKey,
    statement: Signed,
}

impl PostReceipt {
    /// Returns whether it is the first for this post.
    pub(crate) fn store(&self, db: &rusqlite::Connection) -> Result<bool, StoreError> {
        let changed = db
            .prepare_cached(
                "UPDATE family_post SET statement = ?3, signature = ?4
                 WHERE enc = ?1 AND number = ?2 AND statement IS NULL",
            )?
            .execute(params![
                self.key.session,
                signed(self.key.number),
                self.statement.bytes,
                self.statement.signature
            ])?;
        Ok(changed == 1)
    }
}

struct Found {
    frame: FrameInfo,
    bytes: Vec<u8>,
    opened: OpenedPost,
}

/// The target of the commit that tells of a session.
fn session_target(session: &[u8; 16]) -> Target {
    let name: String = session.iter().map(|byte| format!("{byte:02x}")).collect();
    Target::element("family", name)
}

fn first_name(name: &str) -> String {
    name.split_whitespace().next().unwrap_or(name).to_owned()
}

impl Working {
    /// Hands the device to a child: commits that it does, commits what is being typed, closes the vault, forgets every key, and
    /// gives a page that can add and can read nothing.
    ///
    /// # Errors
    /// [`NotEntered`], with the device as it was.
    pub fn enter_family(
        mut self,
        child: RecordId,
        visit: Option<RecordId>,
    ) -> Result<Family, Box<NotEntered>> {
        match self.begin_family(child, visit) {
            Ok((poster, pack)) => Ok(Family::new(self.lock(), poster, pack)),
            Err(error) => Err(Box::new(NotEntered {
                working: self,
                error,
            })),
        }
    }

    fn begin_family(
        &mut self,
        child: RecordId,
        visit: Option<RecordId>,
    ) -> Result<(FamilyPoster, Pack), EnterError> {
        if self.role_for(child)?.is_none() {
            return Err(SaveError::NotHeld(child).into());
        }
        if let Some(visit) = visit {
            let (_, of) = self.record_of_kind(visit, RecordKind::Visit, "visit")?;
            if of != child {
                return Err(SaveError::UnknownRecord(visit).into());
            }
        }
        self.draft_commit(None)?;
        let pack = Pack {
            child_name: self.child_name(child)?,
            worker_name: first_name(&self.staff_name(self.me.worker)?),
            child,
            visit,
        };
        let ingest = self.bundle.ingest.first().ok_or(PostError::BadIngestKey)?;
        let (first, poster) = FamilySession::begin(ingest, &self.keys.drop_public())?;
        let session = first.session();
        let mut first_key = [0; 32];
        first_key.copy_from_slice(&first.to_secret().expose()[16..]);
        let statement = NewStatement::new(
            Kind::EnterFamily,
            Policy::Ordinary,
            session_target(&session),
            Content::FamilySession(SessionContent { session, first_key }),
        );
        zeroize::Zeroize::zeroize(&mut first_key);
        let plan = Plan {
            record: child,
            kind: RecordKind::Child,
            child,
            statements: vec![statement],
        };
        let entered = self.now().wall;
        let saved = self.save_and(vec![plan], Refusing::Yes, |db| {
            db.execute(
                "INSERT INTO family_session (session, child, visit, entered) VALUES (?1, ?2, ?3, ?4)",
                params![session, child.0, visit.map(|visit| visit.0), entered.0],
            )?;
            Ok(())
        });
        if let Err(error) = saved {
            // If the book has it all the same, it was a session in which nothing happened.
            self.left_family(&session, 0)?;
            return Err(error.into());
        }
        let nothing = Counted { session, count: 0 }.write();
        let name = counted_name(&self.image.ids().vault);
        if self.hardware.put_small(&name, &nothing).is_err() {
            tracing::warn!("the keystore did not take the count of a family session");
        }
        Ok((poster, pack))
    }

    pub(crate) fn is_post(&self, frame: &FrameInfo) -> bool {
        self.spool.read(frame).is_ok_and(|bytes| {
            Header::read(&bytes).is_ok_and(|header| header.kind == EnvelopeKind::FamilyPost)
        })
    }

    /// Opens what was handed in since, makes records of it, and checks the sessions that are not checked yet.
    pub(crate) fn take_in_posts(&mut self) -> Result<(), UnlockError> {
        let found = self.posts_in_spool()?;
        for one in &found {
            let known = log::exists(
                &self.store.writer,
                "SELECT 1 FROM family_post WHERE enc = ?1 AND number = ?2",
                params![one.frame.key.session, signed(one.frame.key.number)],
            )?;
            if !known {
                self.take_in(one).map_err(Box::new)?;
            }
        }
        let mut unchecked = Vec::new();
        {
            let mut all = self
                .store
                .writer
                .prepare("SELECT session, child FROM family_session WHERE ended IS NULL")?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                unchecked.push((name::<Session>(row, 0)?.0, name::<RecordId>(row, 1)?));
            }
        }
        for (session, child) in unchecked {
            let posts: Vec<&[u8]> = found
                .iter()
                .filter(|one| one.opened.session == session)
                .map(|one| &one.bytes[..])
                .collect();
            let ended = match self.first_key(&session, child)? {
                None => "not_confirmed",
                Some(first) => {
                    let counted = self.counted(&session);
                    match FamilyChain::verify(&first, posts.iter().copied(), counted) {
                        Err(_) => "touched",
                        Ok(End::CountMismatch { .. }) => "count_mismatch",
                        // Nobody was there to see the end: that the keystore's count agrees is not enough to say so.
                        Ok(End::Confirmed | End::NotConfirmed { .. }) => "not_confirmed",
                    }
                }
            };
            self.store.writer.execute(
                "UPDATE family_session SET posts = ?2, ended = ?3 WHERE session = ?1",
                params![session, signed(posts.len() as u64), ended],
            )?;
        }
        Ok(())
    }

    fn posts_in_spool(&mut self) -> Result<Vec<Found>, UnlockError> {
        let mut found = Vec::new();
        let mut unreadable = 0;
        {
            let mut sessions = self
                .store
                .writer
                .prepare("SELECT 1 FROM session WHERE enc = ?1")?;
            for frame in self.spool.frames() {
                if sessions.exists(params![frame.key.session])? {
                    continue;
                }
                let Ok(bytes) = self.spool.read(&frame) else {
                    continue;
                };
                match open_family_post_with(self.keys.drop_key(), &bytes) {
                    Ok(opened) => found.push(Found {
                        frame,
                        bytes,
                        opened,
                    }),
                    Err(_) => unreadable += u32::from(self.is_post(&frame)),
                }
            }
        }
        if unreadable > 0 {
            let now = self.now().wall;
            log::raise(&self.store.writer, now, "family_post_unreadable", "")?;
        }
        Ok(found)
    }

    /// One post: its record, unless the council's came first, and its mark on the visit, in one transaction with its row.
    fn take_in(&mut self, one: &Found) -> Result<(), SaveError> {
        let record = RecordId(one.opened.record_id);
        let session = one.opened.session;
        let of: Option<RecordId> = {
            let mut query = self
                .store
                .writer
                .prepare_cached("SELECT child FROM family_session WHERE session = ?1")?;
            let mut rows = query.query(params![session])?;
            match rows.next()? {
                Some(row) => Some(name(row, 0)?),
                None => None,
            }
        };
        let mut plans = Vec::new();
        if let Ok(post) = Post::from_bytes(&one.opened.content) {
            // A book that was put back from before the session does not know it; the post does.
            let child = of.unwrap_or(post.child);
            plans.extend(self.voice_plan(&post, record, child)?);
            plans.extend(self.visit_mark(&post, record, child)?);
        }
        let row = |db: &rusqlite::Connection| -> Result<(), StoreError> {
            db.execute(
                "INSERT INTO family_post (enc, number, session, hash, record, reply_secret, read)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
                params![
                    one.frame.key.session,
                    signed(one.frame.key.number),
                    session,
                    PostStatement::hash_of(&one.bytes),
                    record.0,
                    one.opened.reply_secret().expose()
                ],
            )?;
            Ok(())
        };
        if plans.is_empty() {
            return Ok(row(&self.store.writer)?);
        }
        match self.save_and(plans, Refusing::No, row) {
            // The book has it, and what has no envelope is sealed at the next sync.
            Ok(_) | Err(SaveError::KeptUnsealed(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }

    fn voice_plan(
        &self,
        post: &Post,
        record: RecordId,
        child: RecordId,
    ) -> Result<Option<Plan>, StoreError> {
        let facts = match log::record(&self.store.writer, record)? {
            Some(row) => log::statements(&self.store.writer, row.no)?
                .into_iter()
                .map(|row| row.statement.fact)
                .collect(),
            None => Vec::new(),
        };
        let statements: Vec<NewStatement> = missing_from(&facts, statements_of(post, record))
            .into_iter()
            .map(|said| NewStatement {
                typed: said.typed_at,
                ..NewStatement::new(said.kind, said.policy, said.target, said.content)
            })
            .collect();
        Ok((!statements.is_empty()).then_some(Plan {
            record,
            kind: RecordKind::Voice,
            child,
            statements,
        }))
    }

    fn visit_mark(
        &self,
        post: &Post,
        record: RecordId,
        child: RecordId,
    ) -> Result<Option<Plan>, SaveError> {
        let Some(visit) = post.visit else {
            return Ok(None);
        };
        let row = log::record(&self.store.writer, visit)?
            .filter(|row| row.home.scope.child() == Some(child));
        let Some(row) = row else {
            return Ok(None);
        };
        let target = Target::element("voice", record.to_string());
        let before = log::statements_about(&self.store.writer, row.no, &target)?;
        if !super::visit::live(&before).is_empty() {
            return Ok(None);
        }
        let mark = self.answer_statement(row.home.kind, &target, &record.to_string(), None, &[])?;
        Ok(Some(Plan {
            record: visit,
            kind: row.home.kind,
            child,
            statements: vec![mark],
        }))
    }

    fn first_key(
        &self,
        session: &[u8; 16],
        child: RecordId,
    ) -> Result<Option<FirstKey>, StoreError> {
        let Some(row) = log::record(&self.store.writer, child)? else {
            return Ok(None);
        };
        let told = log::statements_about(&self.store.writer, row.no, &session_target(session))?;
        Ok(told
            .into_iter()
            .find_map(|row| match row.statement.content {
                Some(Content::FamilySession(known)) if known.session == *session => Some(
                    FirstKey::from_secret(&Secret::filled(|out: &mut [u8; 48]| {
                        out[..16].copy_from_slice(&known.session);
                        out[16..].copy_from_slice(&known.first_key);
                    })),
                ),
                _ => None,
            }))
    }

    fn counted(&self, session: &[u8; 16]) -> Option<u64> {
        let kept = self
            .hardware
            .get_small(&counted_name(&self.image.ids().vault))
            .ok()??;
        Counted::read(&kept)
            .filter(|counted| counted.session == *session)
            .map(|counted| counted.count)
    }

    /// The worker has left the session with the PIN; `count` is what the page counted.
    pub(crate) fn left_family(&mut self, session: &[u8; 16], count: u64) -> Result<(), StoreError> {
        self.store.writer.execute(
            "UPDATE family_session SET left = ?2, ended = CASE
                WHEN ended = 'touched' THEN ended WHEN coalesce(posts, 0) = ?3 THEN 'confirmed' ELSE 'count_mismatch' END
             WHERE session = ?1",
            params![session, self.clock.read().wall.0, signed(count)],
        )?;
        Ok(())
    }

    /// Posts that have no receipt yet, in the order handed in.
    pub(crate) fn posts_to_send(&self) -> Result<Vec<ParcelKey>, StoreError> {
        let mut all = self.store.writer.prepare_cached(
            "SELECT enc, number FROM family_post WHERE statement IS NULL ORDER BY session, number",
        )?;
        let mut rows = all.query([])?;
        let mut keys = Vec::new();
        while let Some(row) = rows.next()? {
            keys.push(ParcelKey {
                session: name::<Enc>(row, 0)?.0,
                number: unsigned(row.get(1)?)?,
            });
        }
        Ok(keys)
    }

    /// The council's answer to one post, if this is one: opened under the post's own secret, and signed for exactly this post.
    pub(crate) fn open_post_reply(
        &self,
        group: &SealedGroup,
    ) -> Result<Option<PostReceipt>, SyncError> {
        let row: Option<(i64, Vec<u8>, Vec<u8>)> = self
            .store
            .writer
            .query_row(
                "SELECT number, hash, reply_secret FROM family_post WHERE enc = ?1",
                params![&group.session[..]],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()?;
        let Some((number, hash, secret)) = row else {
            return Ok(None);
        };
        let secret = zeroize::Zeroizing::new(secret);
        let secret = Secret32::from_slice(&secret).ok_or(StoreError::Row("a reply secret"))?;
        let Ok(plain) = open_reply(&secret, &group.sealed) else {
            return Ok(None);
        };
        let Ok(reply) = cbor::decode::<PostReply>(&plain) else {
            return Ok(None);
        };
        if !self.vouches_for(&reply.statement, &hash) {
            return Ok(None);
        }
        Ok(Some(PostReceipt {
            key: ParcelKey {
                session: *group.session,
                number: unsigned(number)?,
            },
            statement: reply.statement,
        }))
    }

    fn vouches_for(&self, exact: &Signed, hash: &[u8]) -> bool {
        let Ok(statement) = cbor::decode::<PostStatement>(&exact.bytes) else {
            return false;
        };
        let Ok(signature) = <[u8; 64]>::try_from(exact.signature.as_slice()) else {
            return false;
        };
        let key = self.bundle.receipt_key(statement.epoch);
        statement.post == hash
            && key.is_some_and(|key| {
                receipt::verify(key, &exact.bytes, &Signature(signature)).is_ok()
            })
    }

    /// What children left that the worker has not opened yet: to be shown before leaving the address, without a word of it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn left_for_you(&self) -> Result<Vec<LeftForYou>, ReadError> {
        let mut by_child: BTreeMap<RecordId, Vec<RecordId>> = BTreeMap::new();
        {
            let mut all = self.store.reader.prepare_cached(
                "SELECT family_post.record, family_session.child FROM family_post
                    JOIN family_session ON family_session.session = family_post.session
                 WHERE family_post.read = 0 ORDER BY family_post.session, family_post.number",
            )?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                let child: RecordId = name(row, 1)?;
                by_child.entry(child).or_default().push(name(row, 0)?);
            }
        }
        let mut all = Vec::with_capacity(by_child.len());
        for (child, records) in by_child {
            let child_name = self.child_name(child)?;
            let message = words::left_for_you(&child_name, records.len());
            all.push(LeftForYou {
                child,
                child_name,
                title: message.title,
                detail: message.detail,
                records,
            });
        }
        Ok(all)
    }

    pub(crate) fn is_unread(&self, record: RecordId) -> Result<bool, StoreError> {
        log::exists(
            &self.store.reader,
            "SELECT 1 FROM family_post WHERE record = ?1 AND read = 0",
            params![record.0],
        )
    }

    /// Opens one thing a child gave, by a deliberate tap, and no longer prompts for it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn open_voice(&mut self, record: RecordId) -> Result<VoiceView, ReadError> {
        let view = self
            .voice_view(record)?
            .ok_or(ReadError::OtherKind("voice"))?;
        let transaction = begin(&mut self.store.writer)?;
        transaction.execute(
            "UPDATE family_post SET read = 1 WHERE record = ?1",
            params![record.0],
        )?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(view)
    }

    /// The exact bytes of a drawing that a child gave, with their media type.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn drawing(&self, record: RecordId) -> Result<Option<(String, Vec<u8>)>, ReadError> {
        let (_, _, rows) = self.rows_of(record)?;
        Ok(rows
            .into_iter()
            .find_map(|row| match row.statement.content {
                Some(Content::Drawing(drawing)) => Some((drawing.media, drawing.bytes)),
                _ => None,
            }))
    }

    /// The sessions in which this device was in a child's hands, newest first, and how each ended.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn family_sessions(&self) -> Result<Vec<FamilySessionView>, ReadError> {
        let mut query = self.store.reader.prepare_cached(
            "SELECT child, visit, entered, left, posts, ended FROM family_session ORDER BY entered DESC, session",
        )?;
        let mut rows = query.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let child: RecordId = name(row, 0)?;
            let left: Option<i64> = row.get(3)?;
            let posts: Option<i64> = row.get(4)?;
            let ended: Option<String> = row.get(5)?;
            let ended = ended.unwrap_or_else(|| "not_confirmed".to_owned());
            let child_name = self.child_name(child)?;
            let message = words::family_end(&child_name, &ended);
            all.push(FamilySessionView {
                child,
                child_name,
                visit: optional_name(row, 1)?,
                entered: moment(row.get(2)?),
                left: left.map(moment),
                things: unsigned(posts.unwrap_or(0))?,
                title: message.title,
                detail: message.detail,
                ended,
            });
        }
        Ok(all)
    }
}

fn moment(wall: i64) -> Moment {
    Moment::of(visitbook_record::time::WallMillis(wall))
}

/// A session's name, as it stands in a column.
struct Session([u8; 16]);

impl TryFrom<&[u8]> for Session {
    type Error = std::array::TryFromSliceError;
    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

/// An encapsulated key, as it stands in a column.
struct Enc([u8; 32]);

impl TryFrom<&[u8]> for Enc {
    type Error = std::array::TryFromSliceError;
    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}
