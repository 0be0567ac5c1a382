//! Opening a device's folder, and making a folder a device.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use visitbook_device::clock::Clock;
use visitbook_device::sync::driver::Driver;
use visitbook_device::sync::engine::Config;
use visitbook_device::sync::enrolling::over_https;
use visitbook_device::sync::exchange::TransportProblem;
use visitbook_device::sync::http::HttpsTransport;
use visitbook_device::{Device, EnrolError, Working};
use visitbook_seal::enrol::EnrolmentCode;
use visitbook_seal::vault::Params;

use crate::commands::sync::sync;
use crate::failure::Failure;
use crate::keystore::KeystoreFile;
use crate::reply::Reply;

/// Makes `folder` a device of the council in the code. May be repeated with the same code and PIN after any failure.
pub(crate) fn enrol(
    folder: &Path,
    clock: Arc<dyn Clock>,
    code: &str,
    pin: &[u8],
    label: &str,
    via: Option<SocketAddr>,
) -> Result<(), Failure> {
    let code: EnrolmentCode =
        code.parse()
            .map_err(|e: visitbook_seal::enrol::EnrolmentCodeError| {
                Failure::new(
                    "bad_code",
                    format!("This is not a whole enrolment code: {e}. Copy it again."),
                )
            })?;
    let keystore = KeystoreFile::open(folder)?;
    Device::enrol(
        folder,
        keystore,
        clock,
        &code,
        pin,
        Params::default(),
        label,
        over_https(&code, via),
    )
    .map(drop)
    .map_err(|error| Failure::new("not_enrolled", enrolling_failed(&error)))
}

/// What went wrong, and what to do about it. The same command may always be given again.
fn enrolling_failed(error: &EnrolError<TransportProblem>) -> String {
    match error {
        EnrolError::Transport(problem) => format!(
            "The council could not be reached: {problem}. Nothing was changed at the council; give the same command again when there is a line."
        ),
        EnrolError::EarlierTry(problem) => format!(
            "This folder holds an earlier try at enrolling, made with another PIN: {problem}. Use that PIN, or another folder."
        ),
        other => Failure::sentence(&other.to_string()),
    }
}

/// Sends what is sealed, without opening anything.
pub(crate) fn send(
    folder: &Path,
    clock: Arc<dyn Clock>,
    via: Option<SocketAddr>,
) -> Result<Reply, Failure> {
    let keystore = KeystoreFile::open(folder)?;
    let mut locked = Device::open(folder, keystore, clock)?;
    let transport = HttpsTransport::new(locked.address(), &locked.tls_roots())
        .map_err(|error| Failure::new("bad_address", error.to_string()))?
        .connecting(via);
    let reply = sync(
        &mut locked,
        &Driver::new(Config::default()),
        &transport,
        None,
        &mut |_| {},
    )?;
    Ok(Reply {
        text: format!("{}\n{}", reply.text, locked.safe_words()),
        ..reply
    })
}

/// Says so before a PIN is asked for, if a folder is no device's.
pub(crate) fn there_is_a_device(folder: &Path) -> Result<(), Failure> {
    if folder.join("council").is_file() {
        return Ok(());
    }
    let words = format!(
        "There is no device in {}. Name its folder with --store, or make it one: visitbook enrol CODE --label NAME",
        folder.display()
    );
    Err(Failure::new("not_enrolled", words))
}

/// Opens and unlocks an enrolled folder.
pub(crate) fn unlock(folder: &Path, clock: Arc<dyn Clock>, pin: &[u8]) -> Result<Working, Failure> {
    let keystore = KeystoreFile::open(folder)?;
    let locked = Device::open(folder, keystore, clock)?;
    locked.unlock(pin).map_err(|still| {
        let words = still.locked.safe_words();
        let failure = Failure::from(still.error);
        Failure::new(failure.code, format!("{} {words}", failure.message))
    })
}

/// The line to the council.
pub(crate) fn transport(
    working: &Working,
    via: Option<SocketAddr>,
) -> Result<HttpsTransport, Failure> {
    let transport = HttpsTransport::new(working.address(), &working.tls_roots())
        .map_err(|error| Failure::new("bad_address", error.to_string()))?;
    Ok(transport.connecting(via))
}
