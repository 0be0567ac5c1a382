//! The routes of encrypted files. Going up asks for no sign-in: see [`crate::attachments`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use visitbook_record::attachment::wire::{Fetch, Fetched, FramesUp};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::wire::{Denial, Signed};
use visitbook_seal::purpose::Purpose;

use super::{Failure, Service, open_request, seal};
use crate::attachments::SealedLists;
use crate::attachments::give::give;
use crate::attachments::take::{Frame, take};
use crate::real::verified;
use crate::store::{StorageExt, StoreError};

/// The names under which these exchanges are sealed.
const ATTACHMENTS: &str = "attachments";
const FETCH: &str = "fetch";

pub(super) async fn answer_frames(
    service: Arc<Service>,
    peer: SocketAddr,
    body: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let (plain, sealer) = open_request(&service, peer, ATTACHMENTS, body).await?;
    let read = tokio::task::spawn_blocking(move || {
        let up: FramesUp = decode(&plain).ok()?;
        let all = up.frames.len();
        let frames: Vec<Frame> = up
            .frames
            .iter()
            .filter_map(|bytes| Frame::read(bytes))
            .collect();
        let unread = u32::try_from(all - frames.len()).unwrap_or(u32::MAX);
        Some((frames, unread))
    });
    let Some((frames, unread)) = read.await? else {
        service.limiter.failed(peer.ip(), 1, Instant::now());
        return Err(Failure(StatusCode::BAD_REQUEST, None));
    };
    if unread > 0 {
        service.limiter.failed(peer.ip(), unread, Instant::now());
    }
    let now = (service.now)();
    let shared = Arc::clone(&service);
    let taken = service
        .queue
        .write(move |tx| take(tx, &shared.keys, &SealedLists, now, &frames))
        .await?;
    seal(sealer, encode(&taken)).await
}

pub(super) async fn answer_fetch(
    service: Arc<Service>,
    peer: SocketAddr,
    body: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let (plain, sealer) = open_request(&service, peer, FETCH, body).await?;
    let shared = Arc::clone(&service);
    let checked = tokio::task::spawn_blocking(move || read_fetch(&shared, &plain)).await??;
    let reply = match checked {
        Err(denial) => Fetched::Denied {
            denial,
            next_counter: 0,
        },
        Ok(request) => {
            let now = (service.now)();
            service
                .queue
                .write(move |tx| give(tx, &SealedLists, now, &request))
                .await?
        }
    };
    seal(sealer, encode(&reply)).await
}

fn read_fetch(service: &Service, plain: &[u8]) -> Result<Result<Fetch, Denial>, StoreError> {
    let request = decode::<Signed>(plain).and_then(|signed| {
        let request: Fetch = decode(&signed.bytes)?;
        Ok((signed, request))
    });
    let Ok((signed, request)) = request else {
        return Ok(Err(Denial::Malformed));
    };
    let device = service.store.read_with(|tx| tx.device(&request.device))?;
    let genuine = device.is_some_and(|device| {
        verified(
            Purpose::Request,
            &device.public_key,
            &signed.bytes,
            &signed.signature,
        )
    });
    Ok(if genuine {
        Ok(request)
    } else {
        Err(Denial::NotEnrolled)
    })
}
