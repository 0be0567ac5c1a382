//! Back-ups: one file that only the root key opens, made while the server runs.
//!
//! The database is copied through SQLite's backup interface, as it is at one moment, under a fresh key and salt. That key and
//! every key in the council's folder (but never the root's) are sealed to the root's recovery key, so that a stolen back-up
//! shows nothing, and the council has nothing else to keep than its back-ups and its offline root key.
//!
//! ```text
//! "visitbook back-up 1\n" | length of the seal, 4 bytes, big-endian | sealed keys | the encrypted database
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use visitbook_seal::envelope::{IngestKey, IngestKeys, IngestPublicKey};
use visitbook_seal::request::seal_request;
use visitbook_seal::secret::{Secret, Secret32, random};
use visitbook_seal::sign::SigningKey;
use zeroize::Zeroizing;

use crate::keys::{KeysError, ServerKeys, hex, read, unhex};

const MAGIC: &[u8] = b"visitbook back-up 1\n";
/// Bound into the seal, so that it is good for nothing else.
const SEALED_FOR: &str = "backup";
const RECOVERY_LABEL: &[u8] = b"visitbook/1/server/recovery-key";
/// More than the keys of any council take.
const LONGEST_SEAL: usize = 4 << 20;

/// Why a back-up was not made or not opened. Neither error changes the council or the back-up.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// There is something at the place where the back-up is to be.
    #[error("{0} is there already; a back-up never replaces another")]
    Exists(PathBuf),
    /// Not a back-up of this version.
    #[error("{0} is not a back-up that this version reads")]
    NotABackup(PathBuf),
    /// Another council's root key, or a damaged file.
    #[error("{0} does not open with this root key")]
    OtherRoot(PathBuf),
    /// The database is not the one that was sealed.
    #[error("the database in {0} is damaged or was exchanged")]
    Damaged(PathBuf),
    /// The council's own files.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The keys could not be sealed.
    #[error("the keys could not be sealed: {0}")]
    Seal(#[from] visitbook_seal::envelope::SealError),
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] visitbook_seal::secret::NoRandomness),
}

/// The key that back-ups are sealed to follows from the root key, so that there is one thing to keep offline, not two
/// (HKDF-SHA-256, RFC 5869).
#[must_use]
pub fn recovery_key(root: &SigningKey) -> IngestKey {
    struct Length;
    impl ring::hkdf::KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let seed = root.seed();
    let extracted = ring::hkdf::Salt::new(ring::hkdf::HKDF_SHA256, &[]).extract(seed.expose());
    IngestKey::from_secret(Secret::filled(|out| {
        let filled = extracted
            .expand(&[RECOVERY_LABEL], Length)
            .and_then(|expanded| expanded.fill(out));
        let Ok(()) = filled else {
            unreachable!("32 bytes are less than HKDF gives")
        };
    }))
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    /// Of the database in this file, hexadecimal.
    database_key: String,
    /// SHA-256 of the encrypted database, hexadecimal.
    database_hash: String,
    /// The other files of the council's folder, hexadecimal.
    files: BTreeMap<String, String>,
}

/// What is said of a back-up that was made.
#[derive(Debug, Clone, Serialize)]
pub struct Made {
    /// Its size in bytes.
    pub bytes: u64,
    /// The epoch it is of.
    pub epoch: u64,
    /// SHA-256 of the whole file, hexadecimal.
    pub sha256: String,
}

/// Makes a back-up at `to`, which must not exist. The server may run and be written to; what is written meanwhile is not in
/// it. The file appears whole or not at all.
///
/// # Errors
/// [`BackupError`].
pub fn backup(keys: &ServerKeys, to: &Path) -> Result<Made, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let recovery: Secret32 = unhex(keys.facts.recovery_key.as_bytes())
        .ok_or_else(|| KeysError::Unreadable(keys.folder.join("council.json")))?;
    let recovery = IngestPublicKey::from_key(*recovery.expose());
    let (database, whole) = (beside(to, ".db.part"), beside(to, ".part"));
    for left in [&database, &whole] {
        discard(left)?;
    }
    let key: Secret32 = random()?;
    keys.copy_database(&database, &key)?;
    let made = write(keys, &recovery, &key, &database, &whole);
    let removed = discard(&database);
    let made = made?;
    removed?;
    fs::rename(&whole, to).map_err(|e| BackupError::File(to.to_owned(), e))?;
    sync_folder(to)?;
    Ok(made)
}

fn write(
    keys: &ServerKeys,
    recovery: &IngestPublicKey,
    key: &Secret32,
    database: &Path,
    whole: &Path,
) -> Result<Made, BackupError> {
    let of = |path: &Path| {
        let path = path.to_owned();
        move |error| BackupError::File(path.clone(), error)
    };
    let mut copy = File::open(database).map_err(of(database))?;
    let database_hash = hash_of(&mut copy, None).map_err(of(database))?;
    let sealed = Sealed {
        database_key: hex(key.expose()),
        database_hash,
        files: files_of(&keys.folder)?,
    };
    let plain = Zeroizing::new(serde_json::to_vec(&sealed).unwrap_or_default());
    let (seal, _) = seal_request(recovery, SEALED_FOR, &plain)?;
    let length = u32::try_from(seal.len()).unwrap_or(u32::MAX);
    let assemble = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(whole)?;
        file.write_all(MAGIC)?;
        file.write_all(&length.to_be_bytes())?;
        file.write_all(&seal)?;
        io::copy(&mut File::open(database)?, &mut file)?;
        file.sync_all()
    };
    assemble().map_err(of(whole))?;
    let mut file = File::open(whole).map_err(of(whole))?;
    Ok(Made {
        bytes: file.metadata().map_err(of(whole))?.len(),
        epoch: keys.facts.epoch,
        sha256: hash_of(&mut file, None).map_err(of(whole))?,
    })
}

/// Every file of the folder that a council needs beside its database. The root key is not the server's to keep.
fn files_of(folder: &Path) -> Result<BTreeMap<String, String>, BackupError> {
    let failed = |error| BackupError::File(folder.to_owned(), error);
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.filter(|name| belongs(name)) {
            files.insert(name.to_owned(), hex(&read(&path)?));
        }
    }
    Ok(files)
}

fn belongs(name: &str) -> bool {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    let kept = ["council.json", "bundle.bin"].contains(&name)
        || [".key", ".crt"].iter().any(|end| name.ends_with(end));
    plain && kept && !["root.key", "database.key"].contains(&name)
}

/// A back-up's content, laid out in a folder: everything but the database's key.
pub(crate) struct Unpacked {
    /// The database's key.
    pub(crate) database_key: Secret32,
}

/// Opens a back-up with the root key and writes what is in it into `folder`, which exists and is empty.
///
/// # Errors
/// [`BackupError`]; the folder then holds some of it.
pub(crate) fn unpack(
    from: &Path,
    root: &SigningKey,
    folder: &Path,
) -> Result<Unpacked, BackupError> {
    let failed = |error| BackupError::File(from.to_owned(), error);
    let not_one = || BackupError::NotABackup(from.to_owned());
    let mut file = File::open(from).map_err(failed)?;
    let mut head = [0; MAGIC.len() + 4];
    file.read_exact(&mut head).map_err(|_| not_one())?;
    let (magic, length) = head.split_at(MAGIC.len());
    let length = length
        .iter()
        .fold(0usize, |length, byte| length << 8 | usize::from(*byte));
    if magic != MAGIC || length > LONGEST_SEAL {
        return Err(not_one());
    }
    let mut seal = vec![0; length];
    file.read_exact(&mut seal).map_err(|_| not_one())?;
    let other_root = || BackupError::OtherRoot(from.to_owned());
    let (plain, _) = IngestKeys::from_iter([recovery_key(root)])
        .open_request(SEALED_FOR, &seal)
        .map_err(|_| other_root())?;
    let plain = Zeroizing::new(plain);
    let sealed: Sealed = serde_json::from_slice(&plain).map_err(|_| not_one())?;
    for (name, bytes) in &sealed.files {
        let bytes = from_hex(bytes)
            .filter(|_| belongs(name))
            .ok_or_else(not_one)?;
        crate::keys::write_new(&folder.join(name), &bytes)?;
    }
    let place = folder.join("council.db");
    let mut database = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&place)
        .map_err(|e| BackupError::File(place.clone(), e))?;
    let hash = hash_of(&mut file, Some(&mut database)).map_err(failed)?;
    database
        .sync_all()
        .map_err(|e| BackupError::File(place.clone(), e))?;
    if hash != sealed.database_hash {
        return Err(BackupError::Damaged(from.to_owned()));
    }
    let database_key = unhex(sealed.database_key.as_bytes()).ok_or_else(not_one)?;
    Ok(Unpacked { database_key })
}

fn from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    if !text.len().is_multiple_of(2) {
        return None;
    }
    for pair in text.as_bytes().chunks_exact(2) {
        let value = digit(pair[0])? << 4 | digit(pair[1])?;
        bytes.push(u8::try_from(value).ok()?);
    }
    Some(bytes)
}

/// SHA-256 of what is left of a file, copied on the way if asked.
fn hash_of(file: &mut File, mut copy: Option<&mut File>) -> io::Result<String> {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex(context.finish().as_ref()));
        }
        context.update(&buffer[..read]);
        if let Some(copy) = copy.as_mut() {
            copy.write_all(&buffer[..read])?;
        }
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Removes what an interrupted back-up left; it was never a back-up.
fn discard(path: &Path) -> Result<(), BackupError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let path = beside(path, suffix);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(BackupError::File(path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes a rename durable.
pub(crate) fn sync_folder(of: &Path) -> Result<(), BackupError> {
    let folder = match of.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| BackupError::File(folder.to_owned(), e))
}
