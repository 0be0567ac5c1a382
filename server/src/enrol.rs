//! Enrolment: a secret that was carried by hand becomes a certificate, once.
//!
//! Spending the secret and issuing the certificate are one transaction, so a reply that was lost can be asked for again with the
//! same key, and nobody else can use the code meanwhile. A code ends by the council's clock; what was issued does not.

use visitbook_record::id::{DeviceId, WorkerId};
use visitbook_record::time::WallMillis;
use visitbook_record::wire::EnrolRequest;
use visitbook_seal::certificate::{
    CertificateError, CertificateRole, DeviceCertificate, MAX_LABEL,
};
use visitbook_seal::enrol::EnrolmentCode;
use visitbook_seal::secret::random;
use visitbook_seal::sha256;
use visitbook_seal::sign::PublicKey;

use crate::keys::{KeysError, ServerKeys};
use crate::store::{Device, Enrolment, StoreError, WriteTx};

/// Why no code was made.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The label does not fit in a certificate.
    #[error("a label has 1 to {MAX_LABEL} bytes and no control characters")]
    BadLabel,
    /// The council's files could not be read.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL).contains(&label.len()) && !label.chars().any(char::is_control)
}

/// Makes a code with which one device of `worker` can enrol until `ends`. Whoever has it can: show it to that worker only.
///
/// # Errors
/// [`CodeError`]; nothing was kept then.
pub fn make_code(
    tx: &mut dyn WriteTx,
    keys: &ServerKeys,
    worker: WorkerId,
    label: &str,
    address: &str,
    ends: WallMillis,
) -> Result<EnrolmentCode, CodeError> {
    if !is_label(label) {
        return Err(CodeError::BadLabel);
    }
    let secret = random::<16>().map_err(KeysError::from)?;
    tx.put_enrolment(Enrolment {
        secret_hash: sha256(secret.expose()),
        worker,
        label: label.to_owned(),
        ends,
        spent_by: None,
    })?;
    Ok(EnrolmentCode {
        address: address.to_owned(),
        secret,
        root_fingerprint: keys.root_fingerprint()?,
    })
}

/// Answers a request whose signature by its own key was checked: the certificate, or `None` if the code is wrong, has ended, or
/// was spent by another key.
///
/// # Errors
/// [`StoreError`]; the caller's transaction must then be given up.
pub fn enrol(
    tx: &mut dyn WriteTx,
    keys: &ServerKeys,
    now: WallMillis,
    request: &EnrolRequest,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(mut code) = tx.enrolment(&sha256(&request.secret))? else {
        return Ok(None);
    };
    let public_key = PublicKey(request.public_key);
    let id = DeviceId(public_key.key_id());
    if let Some(spent_by) = code.spent_by {
        let issued = tx.device(&spent_by)?.filter(|device| device.id == id);
        return Ok(issued.map(|device| device.certificate));
    }
    if code.ends < now {
        return Ok(None);
    }
    // A key that is a device already belongs to whoever enrolled it: one vault per worker and device. To them it is given again,
    // for a device that has lost the file which says whose it is.
    if let Some(device) = tx.device(&id)? {
        if device.holder != code.worker || device.ended {
            return Ok(None);
        }
        code.spent_by = Some(id);
        tx.put_enrolment(code)?;
        return Ok(Some(device.certificate));
    }
    let label = if is_label(&request.label) {
        request.label.clone()
    } else {
        code.label.clone()
    };
    let serial = u64::try_from(tx.devices()?.len()).unwrap_or(u64::MAX);
    let certificate = DeviceCertificate {
        council: keys.council.0,
        device: id.0,
        public_key,
        holder: code.worker.0,
        label: label.clone(),
        serial: serial.saturating_add(1),
        role: CertificateRole::Device,
    }
    .sign(&keys.control)
    .map_err(|_: CertificateError| StoreError::Unreadable("label"))?
    .encode();
    tx.put_device(Device {
        id,
        public_key: request.public_key,
        certificate: certificate.clone(),
        holder: code.worker,
        is_writer: false,
        label,
        ended: false,
        acknowledged: None,
        last_heard: Some(now),
    })?;
    code.spent_by = Some(id);
    tx.put_enrolment(code)?;
    Ok(Some(certificate))
}
