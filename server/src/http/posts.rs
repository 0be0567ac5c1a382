//! What children handed in, as it passes through an upload. Each post is answered by itself, under a secret of its own: a tablet in a
//! child's hands has no session that could read an answer.

use std::collections::BTreeSet;

use visitbook_record::cbor::encode;
use visitbook_record::id::WorkerId;
use visitbook_record::time::WallMillis;
use visitbook_record::wire::{PostReply, SealedGroup, Signed};
use visitbook_seal::envelope::OpenError;
use visitbook_seal::family::OpenedPost;
use visitbook_seal::reply::{SealReplyError, seal_reply};

use crate::family::{Arrived, Family, warn_if_touched};
use crate::ingest::Incoming;
use crate::keys::ServerKeys;
use crate::store::{StoreError, WriteTx};
use crate::writer::{Writer, WriterError};

/// What a child handed in, and under which encapsulated key its answer is found.
pub(super) struct OpenPost {
    enc: [u8; 32],
    pub(super) arrived: Arrived,
    opened: OpenedPost,
}

impl OpenPost {
    pub(super) fn open(
        keys: &ServerKeys,
        enc: [u8; 32],
        envelope: Vec<u8>,
    ) -> Result<Self, OpenError> {
        let (arrived, opened) = Arrived::open(&keys.ingest, envelope)?;
        Ok(Self {
            enc,
            arrived,
            opened,
        })
    }

    /// Its receipt, sealed for the device that it came from.
    pub(super) fn answer(&self, statement: Signed) -> Result<SealedGroup, SealReplyError> {
        let reply = encode(&PostReply { statement });
        Ok(SealedGroup {
            session: self.enc.into(),
            sealed: seal_reply(self.opened.reply_secret(), &reply)?.into(),
        })
    }
}

/// After the commits of the same request, which may tell of the posts' session.
pub(super) fn take_posts(
    tx: &mut dyn WriteTx,
    keys: &ServerKeys,
    now: WallMillis,
    ready: &[Vec<Incoming>],
    posts: &[Arrived],
) -> Result<Vec<Signed>, StoreError> {
    let told: BTreeSet<[u8; 16]> = ready
        .iter()
        .flatten()
        .flat_map(Incoming::family_sessions)
        .collect();
    let family = Family {
        keys: &keys.ingest,
        suite: keys,
        writer: Writer {
            council: keys.council,
            origin: keys.origin,
            author: WorkerId(keys.council.0),
        },
        now,
    };
    let receipts = family.take(tx, posts, &told).map_err(|error| match error {
        WriterError::Store(error) => error,
        WriterError::NotRegistered | WriterError::NoSuchRole(_) => StoreError::Missing("writer"),
    })?;
    let touched = told.into_iter().chain(posts.iter().map(Arrived::session));
    warn_if_touched(tx, &touched.collect())?;
    Ok(receipts)
}
