//! Opening a device's folder, and making a folder a device.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use visitbook_device::clock::Clock;
use visitbook_device::diagnostics::Diagnostics;
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
pub(crate) fn send(folder: &Path, via: Option<SocketAddr>) -> Result<Reply, Failure> {
    let mut outbox = Device::open_to_send(folder)?;
    let transport = HttpsTransport::new(outbox.address(), &outbox.tls_roots())
        .map_err(|error| Failure::new("bad_address", error.to_string()))?
        .connecting(via);
    let reply = sync(
        &mut outbox,
        &Driver::new(Config::default()),
        &transport,
        None,
        &mut |_| {},
    )?;
    Ok(Reply {
        text: format!("{}\n{}", reply.text, outbox.safe_words()),
        ..reply
    })
}

/// Says so before a PIN is asked for, if a folder is no device's.
pub(crate) fn there_is_a_device(folder: &Path) -> Result<(), Failure> {
    // Without the council's file, but with a vault, it was one: opening it says what to do.
    let is_one = ["council", "vault.a", "vault.b"].map(|file| folder.join(file).is_file());
    if is_one.contains(&true) {
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
        let (words, next) = (still.locked.safe_words(), still.error.what_to_do());
        let failure = Failure::from(still.error);
        Failure::new(failure.code, format!("{} {words} {next}", failure.message))
    })
}

/// Writes what support may know of the device in `folder`, of as much of it as opens.
pub(crate) fn diagnostics(
    folder: &Path,
    clock: Arc<dyn Clock>,
    pin: Option<&[u8]>,
    file: &Path,
) -> Result<Reply, Failure> {
    let now = clock.read().wall;
    // The keystore's own error names its file, and a folder may be called after somebody.
    let opened = KeystoreFile::open(folder)
        .map_err(|_| "the keystore's file cannot be read".to_owned())
        .and_then(|keys| Device::open(folder, keys, clock).map_err(|error| error.to_string()));
    let known = match (opened, pin) {
        (Err(why), _) => Diagnostics::of_folder(folder, now, Some(why)),
        (Ok(locked), None) => locked.diagnostics(None),
        (Ok(locked), Some(pin)) => match locked.unlock(pin) {
            Err(still) => still.locked.diagnostics(Some(still.error.to_string())),
            Ok(working) => {
                let known = working.diagnostics();
                drop(working.lock());
                known?
            }
        },
    };
    let text = serde_json::to_string_pretty(&known)
        .map_err(|error| Failure::new("file", error.to_string()))?;
    std::fs::File::create_new(file)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))?;
    let words = format!(
        "{} is written. No name, no word and no id of a child is in it; look through it, then send it to whoever supports you.",
        file.display()
    );
    let json = serde_json::json!({"written": file, "closed": known.closed});
    Ok(Reply::new(words, json))
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
