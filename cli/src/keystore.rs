//! A keystore for a terminal, which has no secure hardware: the software one, in a file beside the vault.
//!
//! It keeps the shape of the real thing (the PIN alone opens nothing without it) and none of its strength: whoever can read
//! the folder has both. A phone uses its own keystore.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use visitbook_seal::hardware::{HardwareKeys, HwError, KeyPolicy, SoftwareKeys};
use zeroize::Zeroizing;

/// Software keys that are written to their file after every change, before the change is answered.
pub(crate) struct KeystoreFile {
    keys: SoftwareKeys,
    file: PathBuf,
    writing: Mutex<()>,
}

impl KeystoreFile {
    /// Opens the keystore of a device's folder, or makes one if the folder has none yet.
    ///
    /// # Errors
    /// If the file cannot be read, or is not a keystore. It is never replaced.
    pub(crate) fn open(folder: &Path) -> io::Result<Arc<Self>> {
        let file = folder.join("keystore");
        let keys = match fs::read(&file) {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                SoftwareKeys::from_bytes(&bytes).map_err(|_| {
                    io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("{} is damaged; nothing was changed", file.display()),
                    )
                })?
            }
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => SoftwareKeys::new(),
            Err(problem) => return Err(problem),
        };
        Ok(Arc::new(Self {
            keys,
            file,
            writing: Mutex::new(()),
        }))
    }

    fn store(&self) -> Result<(), HwError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let write = || -> io::Result<()> {
            if let Some(folder) = self.file.parent() {
                fs::create_dir_all(folder)?;
            }
            let beside = self.file.with_extension("next");
            let mut file = private(&beside)?;
            file.write_all(&self.keys.to_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &self.file)
        };
        write().map_err(|problem| HwError::Transient {
            code: i64::from(problem.raw_os_error().unwrap_or(0)),
        })
    }
}

/// A file that only its owner can read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

impl HardwareKeys for KeystoreFile {
    fn ensure(&self, alias: &str, policy: KeyPolicy) -> Result<(), HwError> {
        self.keys.ensure(alias, policy)?;
        self.store()
    }

    fn derive(&self, alias: &str, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, HwError> {
        self.keys.derive(alias, input)
    }

    fn put_small(&self, name: &str, value: &[u8]) -> Result<(), HwError> {
        self.keys.put_small(name, value)?;
        self.store()
    }

    fn get_small(&self, name: &str) -> Result<Option<Vec<u8>>, HwError> {
        self.keys.get_small(name)
    }

    fn delete(&self, alias: &str) -> Result<(), HwError> {
        self.keys.delete(alias)?;
        self.store()
    }

    fn protected_data_available(&self) -> bool {
        self.keys.protected_data_available()
    }
}
