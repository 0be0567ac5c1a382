//! What children left on this device, and how each session ended: told to the worker without a word of it, and opened by a
//! deliberate tap.

use std::collections::BTreeMap;

use rusqlite::params;
use visitbook_record::id::RecordId;
use visitbook_record::payload::Content;
use visitbook_record::words;

use super::super::Working;
use super::super::model::{FamilySessionView, LeftForYou};
use super::super::read::Opening;
use crate::clock::Moment;
use crate::error::ReadError;
use crate::store::rows::{name, optional_name, unsigned};
use crate::store::{StoreError, log};

impl Working {
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
            // Of a child who moved nothing is read here any more, sent or not.
            if self.held_scope(child).is_err() {
                continue;
            }
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

    /// The exact bytes of a drawing that a child gave, with their media type. `None` where there is none, and while what the
    /// child handed in is closed: [`Self::open_voice`] first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn drawing(&self, record: RecordId) -> Result<Option<(String, Vec<u8>)>, ReadError> {
        let (_, _, rows) = self.rows_of(record)?;
        if self.page_of(record, Opening::No)?.closed.is_some() {
            return Ok(None);
        }
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
            if self.held_scope(child).is_err() {
                continue;
            }
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
