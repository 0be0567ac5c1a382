//! What to do when a council's folder does not open. An error says which file is the matter; this says the next step, for whoever
//! runs the server.

use crate::keys::KeysError;
use crate::store::sqlite::OpenError;

const RESTORE: &str = "Stop the service, keep this folder as it is, and put the file back from the newest back-up, or restore that into another folder: devices give back what came after it (docs/backup-and-restore.md).";

const WENT_BACK: &str = "Stop the service, keep this folder as it is, and put its council.db-wal back if there is a copy. If not, restore the newest back-up into another folder, or if this folder is newer, one made of it now with `backup`: devices give back what came after it (docs/backup-and-restore.md).";

impl KeysError {
    /// What to do about it.
    #[must_use]
    pub fn what_to_do(&self) -> &'static str {
        match self {
            Self::NoCouncil(_) => {
                "If there was one in this folder, its council.json is lost: put that back from a back-up, and do not run `init`."
            }
            Self::Exists(_) => "Choose another folder; nothing was changed.",
            Self::File(path, error) => match error.kind() {
                std::io::ErrorKind::NotFound if path.extension().is_some_and(|e| e == "crt") => {
                    "Put your own certificate and its key there, or both files from a back-up."
                }
                std::io::ErrorKind::PermissionDenied => {
                    "Run this as the service's own account, which owns the folder."
                }
                std::io::ErrorKind::StorageFull => "Make room and try again; nothing was lost.",
                _ => RESTORE,
            },
            Self::Unreadable(_) | Self::Bundle(_) | Self::Certificate(_) => RESTORE,
            Self::Database(OpenError::OtherSchema(_)) => {
                "Run the version of the program that wrote it, or a newer one; nothing was changed."
            }
            Self::Database(OpenError::WentBack) => WENT_BACK,
            Self::Database(_) => RESTORE,
            Self::Store(_) => "Try again; if it stays so, look at the disk, and run `verify`.",
            Self::BadName | Self::BadAddress => "Write it as it says; nothing was made.",
            Self::NoRandomness(_) | Self::Tls(_) => "Try again; nothing was made.",
        }
    }
}
