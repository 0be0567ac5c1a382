//! The phone: encrypted store, spool, sessions, sync engine, and the API that apps call.
//!
//! A device is a folder. [`Device::open`] gives a [`Locked`] device, which can send what is sealed and nothing more;
//! [`Locked::unlock`] gives a [`Working`] one, the only type that reads and writes words; [`Working::lock`] goes back. Both
//! are a [`sync::store::SyncStore`], so the same engine synchronises either.
//!
//! Without the feature `store` only the engine is built, for the simulator.

#[cfg(feature = "store")]
mod advice;
#[cfg(feature = "store")]
mod attached;
#[cfg(feature = "store")]
pub mod clock;
#[cfg(feature = "store")]
mod council;
#[cfg(feature = "store")]
pub mod diagnostics;
#[cfg(feature = "store")]
mod enrol;
#[cfg(feature = "store")]
mod error;
#[cfg(feature = "store")]
pub mod family;
#[cfg(feature = "store")]
mod files;
#[cfg(feature = "store")]
mod locked;
#[cfg(feature = "store")]
mod outbox;
#[cfg(feature = "store")]
mod random;
#[cfg(feature = "store")]
mod rekey;
#[cfg(feature = "store")]
pub mod spool;
#[cfg(feature = "store")]
mod store;
pub mod sync;
#[cfg(feature = "store")]
mod uploads;
pub mod wiping;
#[cfg(feature = "store")]
pub mod working;

#[cfg(feature = "store")]
pub use enrol::EnrolStep;
#[cfg(feature = "store")]
pub use error::{
    BiometricError, EnrolError, FileError, OpenError, ReadError, SaveError, UnlockError,
};
#[cfg(feature = "store")]
pub use family::Family;
#[cfg(feature = "store")]
pub use locked::{Device, Locked, StillLocked};
#[cfg(feature = "store")]
pub use outbox::{CarryError, Outbox};
#[cfg(feature = "store")]
pub use random::NoRandomness;
#[cfg(feature = "store")]
pub use store::StoreError;
#[cfg(feature = "store")]
pub use uploads::{CutUpload, SystemUploads, UploadEnd};
#[cfg(feature = "store")]
pub use working::{
    BiometricKey, BiometricOffer, Change, EnterError, Listener, Met, NotEntered, Reply, Saved,
    Sharing, Subscription, SyncError, VoiceGiven, Working, model,
};
