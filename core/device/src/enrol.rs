//! Becoming a device of a council, so that every step can be repeated: the keys are durable before anything is sent, the
//! secret is spent and the certificate issued in one step at the council, and asking again with the same key and secret
//! gives the same certificate.

use std::path::Path;
use std::sync::Arc;

use minicbor::bytes::ByteVec;
use rusqlite::params;
use visitbook_record::cbor::{decode, encode};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::scope::Scope;
use visitbook_record::wire::{EnrolReply, EnrolRequest, Signed};
use visitbook_seal::bundle::KeyBundle;
use visitbook_seal::certificate::{CertificateRole, MAX_LABEL, SignedCertificate};
use visitbook_seal::enrol::EnrolmentCode;
use visitbook_seal::hardware::HardwareKeys;
use visitbook_seal::purpose::Purpose;
use visitbook_seal::request::seal_request;
use visitbook_seal::vault::{self, Params, VaultError, VaultIds, VaultKeys};

use crate::clock::Clock;
use crate::council::{CouncilFile, verified};
use crate::error::{EnrolError, OpenError};
use crate::files::{self, Folder};
use crate::locked::{Device, Locked, open_vault, read_vault, store_vault};
use crate::random;
use crate::store;

/// One exchange of an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrolStep {
    /// Fetch the council's public keys, by whatever connection: they are checked against the code.
    Keys,
    /// Send a sealed request; the certificate comes back sealed.
    Enrol,
}

/// The name under which the council knows each sealed exchange; bound into the seal.
pub(crate) const ENROL: &str = "enrol";

impl Device {
    /// Makes `directory` a device of the council in the code, and opens it, locked. `exchange` sends a body and returns the
    /// answer's; it may block. `cost` is what one guess at the PIN costs.
    ///
    /// # Errors
    /// [`EnrolError`]. Whatever it is, the same call with the same PIN and code may simply be made again. A book that is there
    /// is never replaced: one that does not open is an error.
    #[allow(clippy::too_many_arguments)]
    pub fn enrol<T>(
        directory: &Path,
        hardware: Arc<dyn HardwareKeys>,
        clock: Arc<dyn Clock>,
        code: &EnrolmentCode,
        pin: &[u8],
        cost: Params,
        label: &str,
        mut exchange: impl FnMut(EnrolStep, &[u8]) -> Result<Vec<u8>, T>,
    ) -> Result<Locked, EnrolError<T>> {
        if label.is_empty() || label.len() > MAX_LABEL || label.contains('\0') {
            return Err(EnrolError::BadLabel);
        }
        let folder = Folder::new(directory);
        files::create_private(directory).map_err(OpenError::from)?;
        let lock = folder
            .lock()
            .map_err(OpenError::from)?
            .ok_or(OpenError::Busy)?;
        let council = CouncilFile::read(&folder).map_err(OpenError::from)?;
        if council.is_some() {
            return Err(EnrolError::AlreadyEnrolled);
        }
        let now = u64::try_from(clock.read().wall.0).unwrap_or(0);
        let keys = keys_for(&folder, hardware.as_ref(), pin, cost, now)?;

        let bundle_bytes = exchange(EnrolStep::Keys, &[]).map_err(EnrolError::Transport)?;
        let bundle = verified(&bundle_bytes, &code.root_fingerprint)?;
        let request = request_body(&keys, code, label);
        let ingest = bundle
            .ingest
            .first()
            .ok_or(visitbook_seal::bundle::BundleError::NoIngestKey)?;
        let (body, opener) = seal_request(ingest, ENROL, &request)?;
        let answer = exchange(EnrolStep::Enrol, &body).map_err(EnrolError::Transport)?;
        let answer = opener
            .open(&answer)
            .map_err(|_| EnrolError::NotTheCouncil)?;
        let answer: EnrolReply = decode(&answer).map_err(|_| EnrolError::NotTheCouncil)?;
        let certificate: ByteVec = answer.certificate.ok_or(EnrolError::CodeRefused)?;
        check_certificate(&certificate, &bundle, &keys)?;

        // A book that is there is this device's, with whatever was saved in it: only the file that appears last was not, or is lost.
        if folder.book().exists() {
            let book = store::Store::open(&folder.book(), &keys)?;
            let root: Vec<u8> = book
                .reader
                .query_row("SELECT root FROM meta", [], |row| row.get(0))
                .map_err(store::StoreError::from)?;
            book.close()?;
            if root != code.root_fingerprint {
                return Err(EnrolError::AlreadyEnrolled);
            }
        } else {
            make_book(&folder, &keys, code, &bundle, &bundle_bytes, &certificate)?;
        }
        // The last file to appear: with it the folder is an enrolled device.
        let council = CouncilFile::new(code.address.clone(), code.root_fingerprint, bundle_bytes);
        files::replace(&folder.council(), &council.to_bytes()).map_err(OpenError::from)?;
        drop(lock);
        Ok(Self::open(directory, hardware, clock)?)
    }
}

fn keys_for<T>(
    folder: &Folder,
    hardware: &dyn HardwareKeys,
    pin: &[u8],
    cost: Params,
    now: u64,
) -> Result<VaultKeys, EnrolError<T>> {
    match read_vault(folder) {
        Ok(mut image) => {
            let opened = open_vault(folder, &mut image, hardware, pin, now);
            Ok(opened.map_err(OpenError::from)??)
        }
        Err(OpenError::Vault(VaultError::Missing)) => {
            let ids = VaultIds {
                vault: random::bytes()?,
                device: random::bytes()?,
                // Whose device this is only the certificate will say.
                account: [0; 16],
            };
            let (image, keys) = vault::create(hardware, pin, cost, ids)?;
            store_vault(folder, &image).map_err(OpenError::from)?;
            Ok(keys)
        }
        Err(other) => Err(other.into()),
    }
}

fn request_body(keys: &VaultKeys, code: &EnrolmentCode, label: &str) -> Vec<u8> {
    let request = encode(&EnrolRequest {
        secret: *code.secret.expose(),
        public_key: keys.signing_key().public().0,
        drop_key: visitbook_seal::envelope::IngestKey::from_secret(
            visitbook_seal::secret::Secret::filled(|out| {
                out.copy_from_slice(keys.drop_key().expose())
            }),
        )
        .public()
        .key,
        label: label.to_owned(),
    });
    let signature = keys.signing_key().sign(Purpose::Enrol, &request);
    encode(&Signed {
        bytes: request,
        signature: signature.0.to_vec(),
    })
}

fn check_certificate<T>(
    bytes: &[u8],
    bundle: &KeyBundle,
    keys: &VaultKeys,
) -> Result<(), EnrolError<T>> {
    let signed = SignedCertificate::decode(bytes)?;
    let certificate = signed.verify(&bundle.control, &bundle.council)?;
    let public = keys.signing_key().public();
    let mine = certificate.public_key == public
        && certificate.device == public.key_id()
        && certificate.role == CertificateRole::Device;
    if mine {
        Ok(())
    } else {
        Err(EnrolError::NotTheCouncil)
    }
}

fn make_book<T>(
    folder: &Folder,
    keys: &VaultKeys,
    code: &EnrolmentCode,
    bundle: &KeyBundle,
    bundle_bytes: &[u8],
    certificate: &[u8],
) -> Result<(), EnrolError<T>> {
    let signed = SignedCertificate::decode(certificate)?;
    let certified = &signed.certificate;
    let image = read_vault(folder)?;
    let incarnation: [u8; 16] = random::bytes()?;
    let path = folder.new_book();
    // Left by a crash in an earlier try; nothing was ever saved in it.
    for suffix in ["", "-wal", "-shm"] {
        let mut leftover = path.as_os_str().to_owned();
        leftover.push(suffix);
        match std::fs::remove_file(&leftover) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(OpenError::from(error).into());
            }
            _ => {}
        }
    }
    store::create(&path, keys, |db| {
        db.execute(
            "INSERT INTO meta (one, vault, generation, clean, council, worker, device, label, certificate, root, bundle,
                incarnation, seq, counter, arriving, searched)
             VALUES (1, ?1, 1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, 1, 0)",
            params![
                image.ids().vault,
                bundle.council,
                certified.holder,
                certified.device,
                certified.label,
                certificate,
                code.root_fingerprint,
                bundle_bytes,
                incarnation,
            ],
        )?;
        db.execute(
            "INSERT INTO certificate (device, bytes) VALUES (?1, ?2)",
            params![certified.device, certificate],
        )?;
        for scope in [
            Scope::Worker(visitbook_record::id::WorkerId(certified.holder)),
            Scope::Council,
        ] {
            db.execute(
                "INSERT INTO scope (name, held, digest) VALUES (?1, 1, ?2)",
                params![encode(&scope), ScopeDigest::default().to_bytes()],
            )?;
        }
        Ok(())
    })?;
    std::fs::rename(&path, folder.book()).map_err(OpenError::from)?;
    files::sync_parent(&folder.book()).map_err(OpenError::from)?;
    Ok(())
}
