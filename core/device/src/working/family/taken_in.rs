//! Coming back: what was handed in is opened, made voice records, and its chain checked.

use rusqlite::params;
use visitbook_record::commit::RecordKind;
use visitbook_record::family::{Post, missing_from, statements_of};
use visitbook_record::id::RecordId;
use visitbook_record::op::Target;
use visitbook_record::payload::Content;
use visitbook_record::wire::PostStatement;
use visitbook_seal::envelope::{EnvelopeKind, Header};
use visitbook_seal::family::{End, FamilyChain, FirstKey, OpenedPost, open_family_post_with};
use visitbook_seal::secret::Secret;

use super::super::Working;
use super::super::save::{NewStatement, Plan, Refusing};
use super::super::visit::live;
use super::session_target;
use crate::error::{SaveError, UnlockError};
use crate::family::{Counted, counted_name};
use crate::spool::FrameInfo;
use crate::store::rows::{name, signed};
use crate::store::{StoreError, log};

struct Found {
    frame: FrameInfo,
    bytes: Vec<u8>,
    opened: OpenedPost,
}

impl Working {
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
        if !live(&before).is_empty() {
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
}

/// A session's name, as it stands in a column.
struct Session([u8; 16]);

impl TryFrom<&[u8]> for Session {
    type Error = std::array::TryFromSliceError;
    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}
