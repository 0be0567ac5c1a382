//! A device whose vault is open: the one type through which words are read and written.
//!
//! The database handle lives in here and nowhere else. Calls block for a disk flush at most; the value can be moved between
//! threads and is used by one at a time. Dropping it without [`Working::lock`] is what a crash is: nothing saved is lost.

mod answer;
mod aside;
mod attaching;
mod biometric;
mod board;
mod closed;
mod closing;
mod cover;
mod dated;
mod diagnostics;
mod drafts;
mod due;
mod epoch;
mod export;
mod family;
mod files;
mod finish;
mod judging;
mod listen;
mod lists;
mod looks;
mod met;
pub mod model;
mod moving;
mod opening;
mod oversight;
mod pull;
mod read;
mod receipts;
mod record;
mod same_visit;
mod save;
mod sending;
mod show;
mod standing;
mod stranded;
mod sync;
mod telling;
mod verify;
mod visit;
mod voice;

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::Arc;

use rusqlite::{Transaction, TransactionBehavior, params};
use visitbook_record::commit::{Clocks, Origin};
use visitbook_record::id::{CommitHash, CouncilId, DeviceId, Incarnation, StatementHash, WorkerId};
use visitbook_record::scope::LogPosition;
use visitbook_record::time::WallMillis;
use visitbook_seal::bundle::KeyBundle;
use visitbook_seal::envelope::SealingSession;
use visitbook_seal::hardware::HardwareKeys;
use visitbook_seal::secret::Secret32;
use visitbook_seal::vault::{VaultImage, VaultKeys};

use crate::attached::lane::Lane;
use crate::attached::shelf::Shelf;
use crate::clock::Clock;
use crate::council::{CouncilFile, verified};
use crate::error::{SaveError, UnlockError};
use crate::files::{self as disk, Folder};
use crate::locked::{Locked, StillLocked};
use crate::outbox::Outbox;
use crate::random;
use crate::spool::Spool;
use crate::store::rows::{name, optional_name, signed, unsigned};
use crate::store::{Store, StoreError, log, search};
use crate::uploads;

pub use biometric::{BiometricKey, BiometricOffer};
pub use family::{EnterError, NotEntered};
use stranded::short;

pub use listen::{Change, Listener, Subscription};
pub use met::Met;
pub use receipts::SyncError;
pub use record::VoiceGiven;
pub use save::Saved;
pub use voice::{Reply, Sharing};

/// What the device knows of itself; one row of the store, kept at hand.
#[derive(Debug, Clone)]
pub(crate) struct Me {
    pub(crate) council: CouncilId,
    pub(crate) worker: WorkerId,
    pub(crate) device: DeviceId,
    pub(crate) label: String,
    pub(crate) root: [u8; 32],
    pub(crate) incarnation: Incarnation,
    pub(crate) seq: u64,
    pub(crate) head: Option<CommitHash>,
    pub(crate) receipt_seen: Option<StatementHash>,
    pub(crate) assignment_seen: Option<LogPosition>,
}

impl Me {
    fn origin(&self) -> Origin {
        Origin {
            device: self.device,
            incarnation: self.incarnation,
        }
    }

    fn load(db: &rusqlite::Connection, vault: [u8; 16]) -> Result<(Self, Found), StoreError> {
        let mut query = db.prepare(
            "SELECT vault, council, worker, device, label, root, incarnation, seq, head, receipt_seen,
                assignment_epoch, assignment_position, bundle, clean FROM meta",
        )?;
        let mut rows = query.query([])?;
        let row = rows.next()?.ok_or(StoreError::Damaged)?;
        let stored: [u8; 16] = name(row, 0)?;
        if stored != vault {
            return Err(StoreError::WrongVault);
        }
        let epoch: Option<i64> = row.get(10)?;
        let position: Option<i64> = row.get(11)?;
        let assignment_seen = match (epoch, position) {
            (Some(epoch), Some(position)) => Some(LogPosition {
                epoch: unsigned(epoch)?,
                position: unsigned(position)?,
            }),
            _ => None,
        };
        let me = Self {
            council: name(row, 1)?,
            worker: name(row, 2)?,
            device: name(row, 3)?,
            label: row.get(4)?,
            root: name(row, 5)?,
            incarnation: name(row, 6)?,
            seq: unsigned(row.get(7)?)?,
            head: optional_name(row, 8)?,
            receipt_seen: optional_name(row, 9)?,
            assignment_seen,
        };
        let found = Found {
            bundle: row.get(12)?,
            clean: row.get(13)?,
        };
        Ok((me, found))
    }
}

/// What else the sentinel row says at unlock.
struct Found {
    bundle: Vec<u8>,
    clean: bool,
}

/// An unlocked device.
pub struct Working {
    folder: Folder,
    lock: File,
    hardware: Arc<dyn HardwareKeys>,
    clock: Arc<dyn Clock>,
    image: VaultImage,
    council: CouncilFile,
    keys: VaultKeys,
    tag_key: Secret32,
    store: Store,
    spool: Spool,
    session: SealingSession,
    bundle: KeyBundle,
    me: Me,
    listeners: listen::Listeners,
    looks: looks::Looks,
    recovered: Vec<model::Recovered>,
    kept_drafts: Vec<model::KeptDraft>,
    unread: pull::Unread,
    own_commits: pull::OwnCommits,
    /// Of the pull request that is out: opens its reply.
    awaited: Option<visitbook_seal::request::ReplyOpener>,
    shelf: Shelf,
    lane: Lane,
    /// The question about files that is out.
    asked: Option<files::Asked>,
    /// Envelopes handed out for sending since the last answer.
    on_their_way: BTreeSet<crate::sync::store::ParcelKey>,
    /// In which order envelopes are sent, since it was last worked out.
    sending: Option<sending::Sending>,
    /// The council asked who this is: what is sealed again carries the certificate.
    introduces_itself: bool,
}

impl Working {
    /// Opens the book. On failure the device is handed back as it was.
    pub(crate) fn open(locked: Locked, keys: VaultKeys) -> Result<Self, Box<StillLocked>> {
        let opened = Self::begin(&locked, &keys);
        let (store, me, found, bundle, session) = match opened {
            Ok(parts) => parts,
            Err(error) => return Err(Box::new(StillLocked { locked, error })),
        };
        let Locked {
            outbox,
            hardware,
            clock,
            image,
        } = locked;
        let Outbox {
            folder,
            lock,
            spool,
            council,
            lane,
        } = outbox;
        let mut working = Self {
            shelf: Shelf::new(folder.attachments()),
            lane,
            asked: None,
            folder,
            lock,
            hardware,
            clock,
            image,
            council,
            tag_key: keys.derive("spool tags"),
            keys,
            store,
            spool,
            session,
            bundle,
            me,
            listeners: listen::Listeners::default(),
            looks: looks::Looks::default(),
            recovered: Vec::new(),
            kept_drafts: Vec::new(),
            unread: pull::Unread::default(),
            own_commits: pull::OwnCommits::default(),
            awaited: None,
            on_their_way: BTreeSet::new(),
            sending: None,
            introduces_itself: false,
        };
        match working.put_in_order(&found) {
            Ok(()) => Ok(working),
            Err(error) => Err(Box::new(StillLocked {
                locked: working.into_locked(),
                error,
            })),
        }
    }

    #[allow(clippy::type_complexity)]
    fn begin(
        locked: &Locked,
        keys: &VaultKeys,
    ) -> Result<(Store, Me, Found, KeyBundle, SealingSession), UnlockError> {
        let folder = &locked.outbox.folder;
        crate::rekey::put_in_place(folder, keys)?;
        let store = Store::open(&folder.book(), keys)?;
        let (me, found) = Me::load(&store.writer, locked.image.ids().vault)?;
        let bundle = verified(&found.bundle, &me.root)?;
        let ingest = bundle
            .ingest
            .first()
            .ok_or(visitbook_seal::bundle::BundleError::NoIngestKey)?;
        let session = SealingSession::start(ingest)?;
        Ok((store, me, found, bundle, session))
    }

    /// Everything that must be true before a screen is shown.
    fn put_in_order(&mut self, found: &Found) -> Result<(), UnlockError> {
        let went_back = self.went_back()?;
        let stranded: BTreeSet<String> = self
            .stranded()?
            .iter()
            .map(|frame| short(&frame.key.session))
            .collect();
        let transaction = begin(&mut self.store.writer)?;
        transaction.execute("UPDATE meta SET generation = generation + 1, clean = 0", [])?;
        put_session(&transaction, &self.session)?;
        Self::ask_again_for_unread(&transaction)?;
        if went_back {
            for session in &stranded {
                log::raise(&transaction, self.clock.read().wall, "stranded", session)?;
            }
            let now = self.clock.read().wall;
            self.me.incarnation =
                new_life(&transaction, now, "book_went_back").map_err(Box::new)?;
            self.me.seq = 0;
        }
        transaction.commit()?;
        put_off_if_full(self.seal_missing().map(|_| ())).map_err(Box::new)?;
        // Before the answers that came meanwhile: their secrets are found in the posts.
        self.take_in_posts()?;
        self.open_kept_replies()?;
        if uploads::forget_answered(&self.folder.uploads()).is_err() {
            tracing::warn!("what a system was given to send is tidied at the next unlock");
        }
        if self.let_go_of_receipted().is_err() {
            tracing::warn!("an envelope that has its receipt still lies in the spool");
        }
        put_off_if_full(self.seal_relearned()).map_err(Box::new)?;
        put_off_if_full(self.seal_given_back()).map_err(Box::new)?;
        (self.recovered, self.kept_drafts) = self.recover_drafts().map_err(Box::new)?;
        if self.settle_files().is_err() {
            tracing::warn!("a file is put right at the next unlock");
        }
        put_off_if_full(self.settle_moves()).map_err(Box::new)?;
        if !found.clean {
            self.index().map_err(UnlockError::Store)?;
        }
        self.anchor();
        Ok(())
    }

    /// Whether the book is older than what this device has already said: an old file put back, or a clone. The keystore's
    /// anchor and the spool each remember a later state.
    fn went_back(&self) -> Result<bool, StoreError> {
        let anchored = self
            .hardware
            .get_small(&self.anchor_name())
            .ok()
            .flatten()
            .and_then(|bytes| Anchor::read(&bytes, &self.keys));
        let behind = anchored.is_some_and(|anchor| {
            anchor.incarnation == self.me.incarnation && anchor.seq > self.me.seq
        });
        if behind {
            return Ok(true);
        }
        // What was judged once stays judged: the alarm is in the book that was put back, and goes if an older one is.
        for frame in self.stranded()? {
            let judged = log::exists(
                &self.store.writer,
                "SELECT 1 FROM alarm WHERE kind = 'stranded' AND about = ?1",
                params![short(&frame.key.session)],
            )?;
            if !judged {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn anchor_name(&self) -> String {
        let vault: String = self
            .image
            .ids()
            .vault
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("visitbook.anchor.{vault}")
    }

    /// Best effort: a keystore that does not take it costs one way of noticing an old file, nothing else.
    fn anchor(&self) {
        let bytes = Anchor {
            incarnation: self.me.incarnation,
            seq: self.me.seq,
        }
        .write(&self.keys);
        if self
            .hardware
            .put_small(&self.anchor_name(), &bytes)
            .is_err()
        {
            tracing::warn!("the keystore did not take the anchor");
        }
    }

    /// Commits what is being typed and says what was looked at, writes everything into the main file, closes it and forgets every key. If the draft
    /// cannot be committed (the storage is full), it stays a draft and is committed at the next unlock.
    #[must_use = "a locked device can still send, and keeps the folder for this process"]
    pub fn lock(mut self) -> Locked {
        if self.draft_commit(None).is_err() {
            tracing::warn!("a draft was left as a draft at lock");
        }
        if self.say_looks().is_err() {
            tracing::warn!("what was looked at is said at the next lock");
        }
        if self.index().is_err() {
            tracing::warn!("the search index was left behind at lock");
        }
        self.anchor();
        if self
            .store
            .writer
            .execute("UPDATE meta SET clean = 1", [])
            .is_err()
        {
            tracing::warn!("the book was not marked as closed");
        }
        self.into_locked()
    }

    fn into_locked(self) -> Locked {
        let Self {
            folder,
            lock,
            hardware,
            clock,
            image,
            council,
            keys,
            store,
            spool,
            session,
            lane,
            ..
        } = self;
        if store.close().is_err() {
            // The WAL stays beside the file, encrypted, and is read at the next unlock.
            tracing::warn!("the book was closed without a checkpoint");
        }
        drop((keys, session));
        Locked {
            outbox: Outbox {
                folder,
                lock,
                spool,
                council,
                lane,
            },
            hardware,
            clock,
            image,
        }
    }

    /// What a crash cut off and this unlock turned into entries, to be shown first.
    #[must_use]
    pub fn recovered(&self) -> &[model::Recovered] {
        &self.recovered
    }

    /// What a crash left and this unlock could not turn into entries, each with the reason. Nothing of it is lost.
    #[must_use]
    pub fn kept_drafts(&self) -> &[model::KeptDraft] {
        &self.kept_drafts
    }

    /// Work for a quiet moment: indexes new words for search and moves the WAL into the main file. Interrupting it, or never
    /// calling it, loses nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn idle(&mut self) -> Result<(), StoreError> {
        self.index()?;
        self.store.checkpoint()
    }

    pub(crate) fn index(&mut self) -> Result<(), StoreError> {
        if search::is_behind(&self.store.writer)? {
            let transaction = begin(&mut self.store.writer)?;
            search::index_new(&transaction)?;
            transaction.commit()?;
        }
        Ok(())
    }

    /// The council's address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.council.address
    }

    /// TLS roots to trust for the council's own server beside the platform's, DER.
    #[must_use]
    pub fn tls_roots(&self) -> Vec<Vec<u8>> {
        self.bundle.tls_roots.clone()
    }

    /// Takes a newer key bundle of the council. An older or equal one is ignored. Returns whether it was taken; from then on
    /// new envelopes are sealed to its newest key. One that opens a new epoch says that the council's server was restored: what
    /// lies beyond what it kept is sealed again, to be given back.
    ///
    /// # Errors
    /// [`UnlockError::Council`] if it is not from this council; the old one stays.
    pub fn take_bundle(&mut self, bytes: &[u8]) -> Result<bool, UnlockError> {
        let bundle = verified(bytes, &self.me.root)?;
        let epoch = bundle.epoch.verify(&bundle.control)?;
        match self.compare(&bundle, &epoch)? {
            epoch::Newness::Older => return Ok(false),
            epoch::Newness::Fork => {
                let about = format!("epoch {}", epoch.number);
                log::raise(&self.store.writer, self.now().wall, "epoch_fork", &about)?;
                return Ok(false);
            }
            epoch::Newness::Newer | epoch::Newness::Restored => {}
        }
        let restored = epoch.number > self.epoch_statement()?.number;
        let ingest = bundle
            .ingest
            .first()
            .ok_or(visitbook_seal::bundle::BundleError::NoIngestKey)?;
        let session = SealingSession::start(ingest)?;
        let transaction = begin(&mut self.store.writer)?;
        transaction.execute("UPDATE meta SET bundle = ?1", params![bytes])?;
        put_session(&transaction, &session)?;
        if restored {
            epoch::step_back(&transaction, &epoch)?;
        }
        transaction.commit()?;
        let council = CouncilFile::new(self.council.address.clone(), self.me.root, bytes.to_vec());
        disk::replace(&self.folder.council(), &council.to_bytes())?;
        self.council = council;
        self.bundle = bundle;
        self.session = session;
        if restored {
            self.sending = None;
            self.seal_relearned().map_err(Box::new)?;
            self.seal_given_back().map_err(Box::new)?;
            self.tell(BTreeSet::new(), true);
        }
        Ok(true)
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(crate) fn spool(&self) -> &Spool {
        &self.spool
    }

    fn now(&self) -> Clocks {
        self.clock.read()
    }
}

/// What only a full or failing disk kept from being sealed is no reason to stay locked: the words are in the book, and the
/// next sync and the next unlock seal them.
pub(crate) fn put_off_if_full(sealed: Result<(), SaveError>) -> Result<(), SaveError> {
    match sealed {
        Err(SaveError::KeptUnsealed(_) | SaveError::Store(StoreError::Full)) => {
            tracing::warn!("something could not be sealed yet");
            Ok(())
        }
        other => other,
    }
}

/// A transaction that takes the write lock at once, so that it cannot fail for it later.
pub(crate) fn begin(db: &mut rusqlite::Connection) -> Result<Transaction<'_>, StoreError> {
    Ok(db.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

fn put_session(db: &rusqlite::Connection, session: &SealingSession) -> Result<(), StoreError> {
    db.execute(
        "INSERT OR IGNORE INTO session (enc, ingest_key, reply_secret) VALUES (?1, ?2, ?3)",
        params![
            session.enc(),
            session.ingest_key(),
            session.reply_secret().expose()
        ],
    )?;
    Ok(())
}

/// What the keystore remembers of the newest commit, so that an old file put back is noticed.
struct Anchor {
    incarnation: Incarnation,
    seq: u64,
}

impl Anchor {
    fn sum(keys: &VaultKeys, body: &[u8]) -> [u8; 32] {
        let key = keys.derive("anchor");
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.expose());
        let mut sum = [0; 32];
        sum.copy_from_slice(ring::hmac::sign(&key, body).as_ref());
        sum
    }

    fn write(&self, keys: &VaultKeys) -> Vec<u8> {
        let mut bytes = self.incarnation.0.to_vec();
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        let sum = Self::sum(keys, &bytes);
        bytes.extend_from_slice(&sum);
        bytes
    }

    fn read(bytes: &[u8], keys: &VaultKeys) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<32>()?;
        if *sum != Self::sum(keys, body) {
            return None;
        }
        let (incarnation, seq) = body.split_first_chunk::<16>()?;
        Some(Self {
            incarnation: Incarnation(*incarnation),
            seq: u64::from_be_bytes(seq.try_into().ok()?),
        })
    }
}

impl From<SaveError> for UnlockError {
    fn from(error: SaveError) -> Self {
        Self::Save(Box::new(error))
    }
}

/// Begins a new writing life, because numbers of the present one may have been used already, and raises why. Its first commit
/// names the last one that this book knows.
fn new_life(
    db: &rusqlite::Connection,
    now: WallMillis,
    why: &str,
) -> Result<Incarnation, SaveError> {
    let life = Incarnation(random::bytes()?);
    db.execute("UPDATE meta SET incarnation = ?1, seq = 0", params![life.0])
        .map_err(StoreError::from)?;
    log::raise(db, now, why, &life.to_string())?;
    Ok(life)
}

/// The own chain's new head, in the same transaction as the commit.
pub(crate) fn set_head(
    db: &rusqlite::Connection,
    seq: u64,
    head: &CommitHash,
) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE meta SET seq = ?1, head = ?2")?
        .execute(params![signed(seq), head.0])?;
    Ok(())
}
