//! An upload: its envelopes opened, each sender's session by itself; judged and stored in one transaction; and answered, each session
//! under its own secret.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use visitbook_record::cbor::{decode, encode};
use visitbook_record::wire::{
    EnvelopeBody, Refusal, SealedGroup, Signed, Upload, UploadAnswer, UploadReply,
};
use visitbook_seal::envelope::{EnvelopeKind, Header, OpenError, ReceivingSession};
use visitbook_seal::reply::seal_reply;

use super::posts::{OpenPost, take_posts};
use super::{Failure, Service};
use crate::arrivals::take;
use crate::family::Arrived;
use crate::ingest::{Incoming, prepare};
use crate::store::{StorageExt, StoreError};

/// One sender's session in an upload, opened as far as it opens.
struct OpenSession {
    session: ReceivingSession,
    ready: Vec<Incoming>,
    taken: Vec<u64>,
    refused: Vec<(u64, Refusal)>,
}

#[derive(Default)]
struct Opened {
    sessions: Vec<OpenSession>,
    posts: Vec<OpenPost>,
    unknown_keys: Vec<[u8; 8]>,
    failures: u32,
}

fn open_upload(service: &Service, upload: Upload) -> Result<Opened, StoreError> {
    let mut opened = Opened::default();
    // What an encapsulated key led to, so that each is decapsulated once: a place among the sessions, or nothing.
    let mut places: BTreeMap<([u8; 32], [u8; 8]), Option<usize>> = BTreeMap::new();
    for envelope in upload.envelopes {
        let Ok(header) = Header::read(&envelope) else {
            opened.failures += 1;
            continue;
        };
        if header.kind == EnvelopeKind::FamilyPost {
            match OpenPost::open(&service.keys, header.enc, envelope.to_vec()) {
                Ok(post) => opened.posts.push(post),
                Err(OpenError::UnknownIngestKey(id)) => {
                    if !opened.unknown_keys.contains(&id) {
                        opened.unknown_keys.push(id);
                    }
                }
                Err(_) => opened.failures += 1,
            }
            continue;
        }
        let name = (header.enc, header.ingest_key);
        let place = *places.entry(name).or_insert_with(|| {
            match service
                .keys
                .ingest
                .open_session(header.enc, header.ingest_key)
            {
                Ok(session) => {
                    opened.sessions.push(OpenSession {
                        session,
                        ready: Vec::new(),
                        taken: Vec::new(),
                        refused: Vec::new(),
                    });
                    Some(opened.sessions.len() - 1)
                }
                Err(OpenError::UnknownIngestKey(id)) => {
                    if !opened.unknown_keys.contains(&id) {
                        opened.unknown_keys.push(id);
                    }
                    None
                }
                Err(_) => {
                    opened.failures += 1;
                    None
                }
            }
        });
        let Some(group) = place.and_then(|place| opened.sessions.get_mut(place)) else {
            continue;
        };
        match group.session.open(&envelope) {
            Ok(one) => match decode::<EnvelopeBody>(&one.plaintext) {
                Ok(body) => {
                    let read = service
                        .store
                        .read_with(|tx| prepare(tx, &service.keys, service.keys.council, body))?;
                    match read {
                        Ok(incoming) => {
                            group.ready.push(incoming);
                            group.taken.push(one.header.number);
                        }
                        Err(refusal) => group.refused.push((one.header.number, refusal)),
                    }
                }
                Err(_) => group.refused.push((one.header.number, Refusal::Malformed)),
            },
            Err(OpenError::BadContent) => {
                group.refused.push((header.number, Refusal::BeyondLimits));
            }
            Err(_) => opened.failures += 1,
        }
    }
    Ok(opened)
}

pub(super) async fn answer_upload(
    service: Arc<Service>,
    peer: SocketAddr,
    body: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let shared = Arc::clone(&service);
    let opened = tokio::task::spawn_blocking(move || -> Result<Option<Opened>, StoreError> {
        let Ok(upload) = decode::<Upload>(&body) else {
            return Ok(None);
        };
        open_upload(&shared, upload).map(Some)
    })
    .await??;
    let Some(mut opened) = opened else {
        service.limiter.failed(peer.ip(), 1, Instant::now());
        return Err(Failure(StatusCode::BAD_REQUEST, None));
    };
    if opened.failures > 0 {
        service
            .limiter
            .failed(peer.ip(), opened.failures, Instant::now());
    }
    let time = (service.now)();
    let ready: Vec<Vec<Incoming>> = opened
        .sessions
        .iter_mut()
        .map(|group| std::mem::take(&mut group.ready))
        .collect();
    let posts: Vec<Arrived> = opened.posts.iter().map(|one| one.arrived.clone()).collect();
    let nothing = ready.iter().all(Vec::is_empty) && posts.is_empty();
    let (statements, receipts): (Vec<Vec<Signed>>, Vec<Signed>) = if nothing {
        (ready.iter().map(|_| Vec::new()).collect(), Vec::new())
    } else {
        let shared = Arc::clone(&service);
        service
            .queue
            .write(move |tx| {
                let writer = shared.keys.writer();
                let sessions = ready.iter().cloned();
                let statements = sessions
                    .map(|session| take(tx, &shared.keys, &writer, time, session))
                    .collect::<Result<_, _>>()?;
                let receipts = take_posts(tx, &shared.keys, time, &ready, &posts)?;
                Ok((statements, receipts))
            })
            .await?
    };
    let epoch = service.keys.facts.epoch;
    tokio::task::spawn_blocking(move || {
        let mut groups = Vec::with_capacity(opened.sessions.len());
        for (group, statements) in opened.sessions.into_iter().zip(statements) {
            let reply = encode(&UploadReply {
                statements,
                refused: group.refused,
                time,
                epoch,
                taken: if epoch > 1 { group.taken } else { Vec::new() },
            });
            let sealed = seal_reply(&group.session.reply_secret(), &reply)
                .map_err(|_| Failure(StatusCode::INTERNAL_SERVER_ERROR, None))?;
            groups.push(SealedGroup {
                session: group.session.enc().into(),
                sealed: sealed.into(),
            });
        }
        for (post, statement) in opened.posts.iter().zip(receipts) {
            let group = post.answer(statement);
            groups.push(group.map_err(|_| Failure(StatusCode::INTERNAL_SERVER_ERROR, None))?);
        }
        Ok(encode(&UploadAnswer {
            groups,
            unknown_keys: opened.unknown_keys.into_iter().map(Into::into).collect(),
        }))
    })
    .await?
}
