//! Restoring: the back-up becomes a server again, in a new life of its log, an epoch.
//!
//! Devices hold what came after the back-up, and must know where their copies and this log part. The statement that opens the
//! epoch says so, signed by the control key: a number larger than any before, a random name (two restores of one back-up are
//! not each other), and the last position that was kept of every log. Receipts and the server's own commits get new keys.
//!
//! The new server takes words from every device that the council ever certified, and sends content to none until a person has
//! looked through its lists: what was ended after the back-up is not ended in it.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use visitbook_seal::bundle::{EpochStatement, ReceiptKey, SignedBundle};
use visitbook_seal::certificate::{CertificateRole, DeviceCertificate};
use visitbook_seal::fingerprint;
use visitbook_seal::secret::random_public;
use visitbook_seal::sign::SigningKey;
use zeroize::Zeroizing;

use crate::backup::{BackupError, sync_folder, unpack};
use crate::kept::kept_logs;
use crate::keys::{
    CouncilFacts, KeysError, ServerKeys, hex, read, read_key, register_writer, write_new,
};
use crate::store::sqlite::SqliteStore;
use crate::store::{StorageExt, StoreError};

/// Ends in place of the folder's own name while it is being made.
const UNFINISHED: &str = ".restoring";

/// Why nothing was restored. The back-up stays as it is, and no folder of the given name appears.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The back-up could not be opened.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The keys in it, or its database.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// There is something in the folder.
    #[error("{0} is there already; restore into a new folder")]
    Exists(PathBuf),
    /// The keys are not those that the root key vouches for.
    #[error("the keys in the back-up are not those that this root key vouches for")]
    NotVouchedFor,
    /// The database is not whole.
    #[error("the database in the back-up is damaged: {0}")]
    Damaged(String),
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
}

impl From<StoreError> for RestoreError {
    fn from(error: StoreError) -> Self {
        Self::Keys(error.into())
    }
}

/// What was restored.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    /// The number of the new epoch.
    pub epoch: u64,
    /// Its random name, hexadecimal.
    pub epoch_id: String,
    /// Logs that were kept.
    pub logs: usize,
    /// Devices that are in the restored list, without the server's own writers.
    pub devices: usize,
}

/// Makes a server in `folder`, which must not exist, from a back-up. `after` is the highest epoch number that any server of
/// this council has had, if that is known to be higher than the back-up's: two epochs of one number keep devices away.
///
/// Killed at any moment it leaves no council in `folder`; the next try begins again.
///
/// # Errors
/// [`RestoreError`].
pub fn restore(
    from: &Path,
    root: &Path,
    folder: &Path,
    after: u64,
) -> Result<Restored, RestoreError> {
    if folder.exists() {
        return Err(RestoreError::Exists(folder.to_owned()));
    }
    let root = SigningKey::from_seed(&read_key(root)?);
    let mut unfinished = folder.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    let unfinished = PathBuf::from(unfinished);
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(RestoreError::File(unfinished, error));
        }
        _ => {}
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&unfinished)
        .map_err(|e| RestoreError::File(unfinished.clone(), e))?;
    let unpacked = unpack(from, &root, &unfinished)?;
    write_new(
        &unfinished.join("database.key"),
        &Zeroizing::new(hex(unpacked.database_key.expose()).into_bytes()),
    )?;
    vouched_for(&unfinished, &root)?;
    let (keys, store) = ServerKeys::load(&unfinished)?;
    if let Some(problem) = store.integrity()?.into_iter().next() {
        return Err(RestoreError::Damaged(problem));
    }
    let restored = open_epoch(keys, &store, after)?;
    store.checkpoint()?;
    drop(store);
    fs::rename(&unfinished, folder).map_err(|e| RestoreError::File(folder.to_owned(), e))?;
    sync_folder(folder)?;
    Ok(restored)
}

/// Anybody can seal to a public key, so that the back-up opened proves nothing. That it holds the control key which the root
/// vouches for does: only the council's server has it.
fn vouched_for(folder: &Path, root: &SigningKey) -> Result<(), RestoreError> {
    let bundle = read(&folder.join("bundle.bin"))?;
    let control = SigningKey::from_seed(&read_key(&folder.join("control.key"))?);
    let signed = SignedBundle::decode(&bundle).map_err(|_| RestoreError::NotVouchedFor)?;
    let bundle = signed
        .verify(&fingerprint(&root.public().0))
        .map_err(|_| RestoreError::NotVouchedFor)?;
    if bundle.control == control.public() {
        Ok(())
    } else {
        Err(RestoreError::NotVouchedFor)
    }
}

fn open_epoch(keys: ServerKeys, store: &SqliteStore, after: u64) -> Result<Restored, RestoreError> {
    let epoch_id: [u8; 16] = random_public().map_err(KeysError::from)?;
    let before = store.read_with(|tx| tx.epoch())?;
    let number = before.max(keys.facts.epoch).max(after).saturating_add(1);
    let base = store.read_with(|tx| kept_logs(tx, &epoch_id))?;
    let logs = base.len();
    let receipt = SigningKey::generate().map_err(KeysError::from)?;
    let writer = SigningKey::generate().map_err(KeysError::from)?;
    for (file, key) in [
        (format!("receipt-{number}.key"), receipt.seed()),
        (format!("writer-{number}.key"), writer.seed()),
    ] {
        let text = Zeroizing::new(hex(key.expose()).into_bytes());
        write_new(&keys.folder.join(file), &text)?;
    }
    let council = keys.council;
    let certificate = DeviceCertificate {
        council: council.0,
        device: writer.public().key_id(),
        public_key: writer.public(),
        holder: council.0,
        label: "The council's server".to_owned(),
        serial: number,
        role: CertificateRole::Writer,
    }
    .sign(&keys.control)
    .map_err(KeysError::from)?;
    register_writer(store, &writer.public(), &certificate, council)?;
    let devices = store.write_with(|tx| {
        tx.open_epoch(number)?;
        Ok::<_, StoreError>(tx.devices()?.iter().filter(|one| !one.is_writer).count())
    })?;
    let mut bundle = keys.public.clone();
    bundle.serial = bundle.serial.saturating_add(1);
    bundle.receipts.push(ReceiptKey {
        epoch: number,
        key: receipt.public(),
    });
    bundle.writers.push(certificate);
    bundle.epoch = EpochStatement {
        number,
        id: epoch_id,
        base,
    }
    .sign(&keys.control);
    let facts = CouncilFacts {
        epoch: number,
        writer_incarnation: hex(&random_public::<16>().map_err(KeysError::from)?),
        ..keys.facts.clone()
    };
    ServerKeys::publish(&keys.folder, bundle, &keys.control, &facts)?;
    Ok(Restored {
        epoch: number,
        epoch_id: hex(&epoch_id),
        logs,
        devices,
    })
}
