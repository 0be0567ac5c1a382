//! Reads a request's body: bounded in bytes and in time, whatever the sender announces or withholds.
//!
//! A body that is refused is heard a little longer than it counts. Answering while the sender still writes resets the connection,
//! and the sender would never read why.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::{StatusCode, header};

use visitbook_record::limits;

use super::Failure;

/// A message of the largest size, its seal and its framing.
const BODY_BYTES: usize = limits::MESSAGE_BYTES + (256 << 10);

/// How long a sender may take over one body.
const BODY_PATIENCE: Duration = Duration::from_secs(30);
/// How long the rest of a refused body is heard.
const FAREWELL: Duration = Duration::from_secs(1);

/// The whole body; 413 when it is longer than it may be or was cut off, 408 when it takes too long.
pub(super) async fn read_body(request: Request) -> Result<Vec<u8>, Failure> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_BYTES) {
        return Err(Failure(StatusCode::PAYLOAD_TOO_LARGE, None));
    }
    let mut body = request.into_body();
    match tokio::time::timeout(BODY_PATIENCE, gather(&mut body)).await {
        Ok(Some(bytes)) => Ok(bytes),
        // Either longer than it may be, or cut off; the latter has nobody left to read the status.
        Ok(None) => {
            let _ = tokio::time::timeout(FAREWELL, hear_out(&mut body)).await;
            Err(Failure(StatusCode::PAYLOAD_TOO_LARGE, None))
        }
        Err(_) => Err(Failure(StatusCode::REQUEST_TIMEOUT, None)),
    }
}

async fn next_part(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await? {
            // A frame that is not data carries trailers, which mean nothing here.
            Ok(frame) => match frame.into_data() {
                Ok(part) => return Some(Ok(part)),
                Err(_) => continue,
            },
            Err(error) => return Some(Err(error)),
        }
    }
}

/// The whole body, or nothing when it was cut off or is longer than it may be.
async fn gather(body: &mut Body) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(part) = next_part(body).await {
        let part = part.ok()?;
        if bytes.len() + part.len() > BODY_BYTES {
            return None;
        }
        bytes.extend_from_slice(&part);
    }
    Some(bytes)
}

/// Hears and drops a bounded rest of a body that is already refused: answering while the sender still writes resets the
/// connection, and the sender would never read why.
async fn hear_out(body: &mut Body) {
    let mut heard = 0;
    while let Some(Ok(part)) = next_part(body).await {
        heard += part.len();
        if heard > BODY_BYTES {
            return;
        }
    }
}
