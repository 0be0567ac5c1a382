//! The two exchanges of an enrolment, over HTTPS.

use std::net::SocketAddr;
use std::time::Duration;

use visitbook_seal::bundle::SignedBundle;
use visitbook_seal::enrol::EnrolmentCode;

use super::cancel::CancelHandle;
use super::exchange::{Route, TransportProblem};
use super::http::{HttpsTransport, Transport as _, fetch_unverified_key_bundle};
use crate::enrol::EnrolStep;

/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What [`crate::Device::enrol`] exchanges with the council in the code, directly or `via` a relay of bytes. Blocks.
///
/// Of a bundle that is not that council's no root is trusted; the device refuses it before it takes the next step.
pub fn over_https(
    code: &EnrolmentCode,
    via: Option<SocketAddr>,
) -> impl FnMut(EnrolStep, &[u8]) -> Result<Vec<u8>, TransportProblem> {
    let address = code.address.clone();
    let fingerprint = code.root_fingerprint;
    let mut transport: Option<HttpsTransport> = None;
    move |step, body| {
        let cancel = CancelHandle::new();
        match step {
            EnrolStep::Keys => {
                let bundle = fetch_unverified_key_bundle(&address, via, PATIENCE, &cancel)?.body;
                let signed = SignedBundle::decode(&bundle).ok();
                let roots = signed
                    .as_ref()
                    .and_then(|signed| signed.verify(&fingerprint).ok())
                    .map_or_else(Vec::new, |bundle| bundle.tls_roots.clone());
                let direct =
                    HttpsTransport::new(&address, &roots).map_err(|_| TransportProblem::NoLine)?;
                transport = Some(direct.connecting(via));
                Ok(bundle)
            }
            EnrolStep::Enrol => {
                let transport = transport.as_ref().ok_or(TransportProblem::NoLine)?;
                let reply = transport.exchange(Route::Enrol, body, PATIENCE, &cancel)?;
                Ok(reply.body)
            }
        }
    }
}
