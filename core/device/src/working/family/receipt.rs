//! The council's receipts for what children handed in. A post stands in no scope's log, so each has a receipt of its own.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, params};
use visitbook_record::cbor;
use visitbook_record::wire::{PostReply, PostStatement, SealedGroup, Signed};
use visitbook_seal::receipt;
use visitbook_seal::reply::open_reply;
use visitbook_seal::secret::Secret32;
use visitbook_seal::sign::Signature;

use super::super::Working;
use super::super::receipts::SyncError;
use crate::family::tag_of_post;
use crate::spool::Tag;
use crate::store::StoreError;
use crate::store::rows::{name, signed, unsigned};
use crate::sync::store::ParcelKey;

/// A council's receipt for a post, verified.
pub(crate) struct PostReceipt {
    key: ParcelKey,
    /// What the post is called in the spool.
    pub(crate) tag: Tag,
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

impl Working {
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

    /// What posts are called in the spool that the council has.
    pub(crate) fn tags_of_receipted_posts(&self) -> Result<BTreeSet<Tag>, StoreError> {
        let mut all = self
            .store
            .writer
            .prepare_cached("SELECT hash FROM family_post WHERE statement IS NOT NULL")?;
        let hashes = all.query_map([], |row| row.get(0))?;
        Ok(hashes
            .map(|hash| hash.map(|hash| tag_of_post(&hash)))
            .collect::<Result<_, _>>()?)
    }

    /// The council's answer to one post, if this is one: opened under the post's own secret, and signed for exactly this post.
    pub(crate) fn open_post_reply(
        &self,
        group: &SealedGroup,
    ) -> Result<Option<PostReceipt>, SyncError> {
        let row: Option<(i64, [u8; 32], Vec<u8>)> = self
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
            tag: tag_of_post(&hash),
            statement: reply.statement,
        }))
    }

    fn vouches_for(&self, exact: &Signed, hash: &[u8; 32]) -> bool {
        let Ok(statement) = cbor::decode::<PostStatement>(&exact.bytes) else {
            return false;
        };
        let Ok(signature) = <[u8; 64]>::try_from(exact.signature.as_slice()) else {
            return false;
        };
        let key = self.bundle.receipt_key(statement.epoch);
        statement.post == *hash
            && key.is_some_and(|key| {
                receipt::verify(key, &exact.bytes, &Signature(signature)).is_ok()
            })
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
