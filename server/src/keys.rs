//! The council's keys as files: made once by `init`, read by every other command.
//!
//! The folder is for the service's own account alone (0700, files 0600). The root key is needed only to vouch for a new control
//! key; it lies apart, to be taken offline, and no command but `init` ever reads or writes it.
//!
//! ```text
//! root.key                     the root key: take it offline
//! council.json                 id, name, address, fingerprint of the root key, epoch; nothing secret
//! bundle.bin                   the signed key bundle that devices fetch
//! control.key  ingest-1.key  receipt-1.key  writer-1.key        32 bytes each, hexadecimal; the last two by epoch
//! database.key  payload-master.key                              the same
//! tls-root.crt  tls-root.key  tls.crt  tls.key                  PEM; the last two are made again before they end
//! council.db                   the database; beside it council.db-newest, which notices if it went back
//! ```

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use visitbook_record::commit::Origin;
use visitbook_record::id::{CouncilId, DeviceId, Incarnation, WorkerId};
use visitbook_record::time::WallMillis;
use visitbook_seal::bundle::{
    EpochStatement, KeyBundle, ReceiptKey, SignedBundle, certify_control,
};
use visitbook_seal::certificate::{CertificateRole, DeviceCertificate, SignedCertificate};
use visitbook_seal::envelope::{IngestKey, IngestKeys};
use visitbook_seal::fingerprint;
use visitbook_seal::secret::{NoRandomness, Secret, Secret32, random, random_public};
use visitbook_seal::sign::{PublicKey, SigningKey};
use zeroize::Zeroizing;

use crate::store::sqlite::{OpenError, SqliteStore};
use crate::store::{Device, StorageExt, StoreError};
use crate::tls::{self, TlsError};
use crate::writer::Writer;

/// Why the folder could not be made or read. No error deletes or changes a file.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// There is a council in this folder already.
    #[error("{0} already holds a council")]
    Exists(PathBuf),
    /// There is no council in this folder.
    #[error("{0} holds no council; make one with `init`")]
    NoCouncil(PathBuf),
    /// A file could not be written or read.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// A file is not what it should be.
    #[error("{0} is not in the form this version writes")]
    Unreadable(PathBuf),
    /// The council's name is empty or too long.
    #[error("the council's name must have 1 to 200 bytes")]
    BadName,
    /// The address is not one.
    #[error("the address must look like https://visitbook.example.gov.uk:8443")]
    BadAddress,
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The TLS identity could not be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The database could not be made or opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A certificate could not be made.
    #[error(transparent)]
    Certificate(#[from] visitbook_seal::certificate::CertificateError),
    /// The key bundle does not verify.
    #[error("bundle.bin: {0}")]
    Bundle(#[from] visitbook_seal::bundle::BundleError),
}

/// What is not secret about the council.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouncilFacts {
    /// Its id.
    pub council: String,
    /// Its name.
    pub name: String,
    /// Where devices find the server.
    pub address: String,
    /// The root key's fingerprint, hexadecimal.
    pub root_fingerprint: String,
    /// The writing life of the server's writer in this epoch, hexadecimal.
    pub writer_incarnation: String,
    /// When the server's TLS certificate ends, in milliseconds since 1970.
    pub tls_ends: i64,
    /// The life of the log between restores, from 1; it names the receipt key's and the writer's files.
    pub epoch: u64,
    /// The public half of the root's recovery key, hexadecimal: back-ups are sealed to it.
    pub recovery_key: String,
    /// When each ingest key that is no longer the newest was replaced, by its file, in milliseconds since 1970.
    pub ingest_replaced: std::collections::BTreeMap<String, i64>,
}

/// Everything the running server needs. Secrets are wiped when it is dropped.
pub struct ServerKeys {
    /// Where it all lies.
    pub folder: PathBuf,
    /// The council.
    pub council: CouncilId,
    /// What is not secret.
    pub facts: CouncilFacts,
    /// Signs certificates and epochs.
    pub control: SigningKey,
    /// Opens what devices seal.
    pub ingest: IngestKeys,
    /// Signs receipts.
    pub receipt: SigningKey,
    /// Signs the server's own commits.
    pub writer: SigningKey,
    /// The writer's place in the log.
    pub origin: Origin,
    /// The signed key bundle.
    pub bundle: Vec<u8>,
    /// The same, read.
    pub public: KeyBundle,
    /// The random name of the epoch.
    pub epoch_id: [u8; 16],
    database: Secret32,
    payload_master: Secret32,
}

impl ServerKeys {
    /// The server's own writer, where no person is named.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer {
            council: self.council,
            origin: self.origin,
            author: WorkerId(self.council.0),
        }
    }

    /// Makes a council in `folder`, which may exist but must hold none: keys, bundle, TLS identity and an empty database in
    /// which only the server's writer is registered.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn init(
        folder: &Path,
        name: &str,
        address: &str,
    ) -> Result<(Self, SqliteStore), KeysError> {
        // Any one of them: a council that has lost a file is still a council.
        let files = ["council.json", "council.db", "control.key", "bundle.bin"];
        if files.iter().any(|file| folder.join(file).exists()) {
            return Err(KeysError::Exists(folder.to_owned()));
        }
        if name.is_empty() || name.len() > 200 {
            return Err(KeysError::BadName);
        }
        let host = tls::host_of(address).ok_or(KeysError::BadAddress)?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|e| KeysError::File(folder.to_owned(), e))?;

        let council = CouncilId(
            uuid::Builder::from_random_bytes(random_public()?)
                .into_uuid()
                .into_bytes(),
        );
        let root = SigningKey::generate()?;
        let control = SigningKey::generate()?;
        let ingest = IngestKey::generate()?;
        let receipt = SigningKey::generate()?;
        let writer = SigningKey::generate()?;
        let (database, payload_master) = (random()?, random()?);
        // By the real clock, whatever the council's is set to: certificates are checked by real clocks.
        let now = crate::clock::system()();
        let tls_root = tls::make_root(name, now)?;
        let leaf = tls::make_leaf(&tls_root, &host, now)?;

        let certificate = DeviceCertificate {
            council: council.0,
            device: writer.public().key_id(),
            public_key: writer.public(),
            holder: council.0,
            label: "The council's server".to_owned(),
            serial: 1,
            role: CertificateRole::Writer,
        }
        .sign(&control)?;
        let epoch = EpochStatement {
            number: 1,
            id: random_public()?,
            base: Vec::new(),
        };
        let bundle = KeyBundle {
            council: council.0,
            council_name: name.to_owned(),
            serial: 1,
            root: root.public(),
            control: control.public(),
            control_signature: certify_control(&root, &council.0, &control.public()),
            ingest: vec![ingest.public()],
            receipts: vec![ReceiptKey {
                epoch: 1,
                key: receipt.public(),
            }],
            writers: vec![certificate.clone()],
            tls_roots: vec![tls_root.certificate_der.clone()],
            epoch: epoch.sign(&control),
        }
        .sign(&control)
        .encode();
        let incarnation: [u8; 16] = random_public()?;

        let put = |file: &str, bytes: &[u8]| write_new(&folder.join(file), bytes);
        for (file, key) in [
            ("root.key", root.seed()),
            ("control.key", control.seed()),
            ("ingest-1.key", ingest.secret()),
            ("receipt-1.key", receipt.seed()),
            ("writer-1.key", writer.seed()),
            ("database.key", &database),
            ("payload-master.key", &payload_master),
        ] {
            put(file, &Zeroizing::new(hex(key.expose()).into_bytes()))?;
        }
        put("tls-root.crt", tls_root.certificate_pem.as_bytes())?;
        put("tls-root.key", tls_root.key_pem.as_bytes())?;
        put("tls.crt", leaf.certificate_pem.as_bytes())?;
        put("tls.key", leaf.key_pem.as_bytes())?;
        put("bundle.bin", &bundle)?;

        let store = SqliteStore::create(&folder.join("council.db"), &database, &payload_master)?;
        register_writer(&store, &writer.public(), &certificate, council)?;
        // The last file to appear: with it the folder holds a council.
        let facts = CouncilFacts {
            council: council.to_string(),
            name: name.to_owned(),
            address: address.to_owned(),
            root_fingerprint: hex(&fingerprint(&root.public().0)),
            writer_incarnation: hex(&incarnation),
            tls_ends: leaf.ends.0,
            epoch: 1,
            recovery_key: hex(&crate::backup::recovery_key(&root).public().key),
            ingest_replaced: std::collections::BTreeMap::new(),
        };
        put("council.json", &facts_json(&facts))?;
        drop(store);
        Self::load(folder)
    }

    /// Reads the council in `folder`, and opens its database.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn load(folder: &Path) -> Result<(Self, SqliteStore), KeysError> {
        let keys = Self::of(folder)?;
        let store = keys.open_store()?;
        Ok((keys, store))
    }

    /// Reads the council in `folder` without its database.
    ///
    /// # Errors
    /// [`KeysError`].
    pub(crate) fn of(folder: &Path) -> Result<Self, KeysError> {
        let place = folder.join("council.json");
        if !place.exists() {
            return Err(KeysError::NoCouncil(folder.to_owned()));
        }
        let unreadable = || KeysError::Unreadable(place.clone());
        let facts: CouncilFacts =
            serde_json::from_slice(&read(&place)?).map_err(|_| unreadable())?;
        let council: CouncilId = facts.council.parse().map_err(|_| unreadable())?;
        let incarnation: Incarnation =
            facts.writer_incarnation.parse().map_err(|_| unreadable())?;
        let signing =
            |file: &str| read_key(&folder.join(file)).map(|seed| SigningKey::from_seed(&seed));
        let writer = signing(&format!("writer-{}.key", facts.epoch))?;
        let receipt = signing(&format!("receipt-{}.key", facts.epoch))?;
        let bundle = read(&folder.join("bundle.bin"))?.to_vec();
        let fingerprint = unhex(facts.root_fingerprint.as_bytes()).ok_or_else(unreadable)?;
        let public = SignedBundle::decode(&bundle)?
            .verify(fingerprint.expose())?
            .clone();
        let epoch_id = public.epoch.verify(&public.control)?.id;
        Ok(Self {
            folder: folder.to_owned(),
            council,
            control: signing("control.key")?,
            ingest: read_ingest_keys(folder)?,
            receipt,
            origin: Origin {
                device: DeviceId(writer.public().key_id()),
                incarnation,
            },
            writer,
            bundle,
            public,
            epoch_id,
            database: read_key(&folder.join("database.key"))?,
            payload_master: read_key(&folder.join("payload-master.key"))?,
            facts,
        })
    }

    /// Copies the database as it is at one moment, under another key, while others read and write it.
    ///
    /// # Errors
    /// [`KeysError`]; a half-made copy may be left.
    pub(crate) fn copy_database(&self, to: &Path, key: &Secret32) -> Result<(), KeysError> {
        let from = self.folder.join("council.db");
        Ok(SqliteStore::copy(&from, &self.database, to, key)?)
    }

    /// Signs a changed bundle and puts it and the facts in place of the present ones. A running server takes them up when it
    /// is started again.
    pub(crate) fn publish(
        folder: &Path,
        bundle: KeyBundle,
        control: &SigningKey,
        facts: &CouncilFacts,
    ) -> Result<(), KeysError> {
        replace(&folder.join("bundle.bin"), &bundle.sign(control).encode())?;
        replace(&folder.join("council.json"), &facts_json(facts))
    }

    fn open_store(&self) -> Result<SqliteStore, KeysError> {
        let path = self.folder.join("council.db");
        Ok(SqliteStore::open(
            &path,
            &self.database,
            &self.payload_master,
        )?)
    }

    /// The root key's fingerprint.
    ///
    /// # Errors
    /// [`KeysError::Unreadable`].
    pub fn root_fingerprint(&self) -> Result<[u8; 32], KeysError> {
        let place = self.folder.join("council.json");
        unhex(self.facts.root_fingerprint.as_bytes())
            .map(|secret| *secret.expose())
            .ok_or(KeysError::Unreadable(place))
    }

    /// The server's TLS certificate chain and key, PEM, made again if they end within thirty days.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn tls_identity(
        &mut self,
        now: WallMillis,
    ) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), KeysError> {
        const THIRTY_DAYS: i64 = 30 * 24 * 3_600_000;
        if self.facts.tls_ends - now.0 < THIRTY_DAYS {
            let host = tls::host_of(&self.facts.address).ok_or(KeysError::BadAddress)?;
            let text = |file: &str| -> Result<String, KeysError> {
                let place = self.folder.join(file);
                String::from_utf8(read(&place)?.to_vec()).map_err(|_| KeysError::Unreadable(place))
            };
            let root = tls::read_root(
                text("tls-root.crt")?,
                text("tls-root.key")?,
                &self.facts.name,
            )?;
            let leaf = tls::make_leaf(&root, &host, now)?;
            self.facts.tls_ends = leaf.ends.0;
            replace(&self.folder.join("tls.key"), leaf.key_pem.as_bytes())?;
            replace(
                &self.folder.join("tls.crt"),
                leaf.certificate_pem.as_bytes(),
            )?;
            replace(&self.folder.join("council.json"), &facts_json(&self.facts))?;
        }
        Ok((
            read(&self.folder.join("tls.crt"))?.to_vec(),
            read(&self.folder.join("tls.key"))?,
        ))
    }
}

fn facts_json(facts: &CouncilFacts) -> Vec<u8> {
    match serde_json::to_vec_pretty(facts) {
        Ok(bytes) => bytes,
        Err(_) => unreachable!("plain strings and numbers"),
    }
}

pub(crate) fn register_writer(
    store: &SqliteStore,
    key: &PublicKey,
    certificate: &SignedCertificate,
    council: CouncilId,
) -> Result<(), StoreError> {
    store.write_with(|tx| {
        tx.put_device(Device {
            id: DeviceId(key.key_id()),
            public_key: key.0,
            certificate: certificate.encode(),
            holder: WorkerId(council.0),
            is_writer: true,
            label: certificate.certificate.label.clone(),
            ended: false,
            acknowledged: None,
            last_heard: None,
        })
    })
}

/// Every `ingest-N.key`, so that what was sealed to an older key still opens.
fn read_ingest_keys(folder: &Path) -> Result<IngestKeys, KeysError> {
    let mut keys = IngestKeys::new();
    let entries = fs::read_dir(folder).map_err(|e| KeysError::File(folder.to_owned(), e))?;
    for entry in entries {
        let path = entry
            .map_err(|e| KeysError::File(folder.to_owned(), e))?
            .path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("");
        if name.starts_with("ingest-") && name.ends_with(".key") {
            keys.insert(IngestKey::from_secret(read_key(&path)?));
        }
    }
    if keys.is_empty() {
        return Err(KeysError::Unreadable(folder.join("ingest-1.key")));
    }
    Ok(keys)
}

pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    fs::read(path)
        .map(Zeroizing::new)
        .map_err(|e| KeysError::File(path.to_owned(), e))
}

pub(crate) fn read_key(path: &Path) -> Result<Secret32, KeysError> {
    unhex(read(path)?.trim_ascii()).ok_or_else(|| KeysError::Unreadable(path.to_owned()))
}

pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|e| KeysError::File(path.to_owned(), e))
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    // Left by a process that died between writing and renaming; it was never in use.
    let _ = fs::remove_file(&beside);
    write_new(&beside, bytes)?;
    fs::rename(&beside, path).map_err(|e| KeysError::File(path.to_owned(), e))
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn unhex<const N: usize>(text: &[u8]) -> Option<Secret<N>> {
    if text.len() != 2 * N {
        return None;
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let mut bytes = Zeroizing::new([0u8; N]);
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Secret::from_slice(&bytes[..])
}

#[cfg(test)]
mod tests;
