//! The commands by which a council keeps going: back-up, restore and its confirmation, a new ingest key, and the log of who
//! was sent what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value as Json, json};
use visitbook_record::id::{DeviceId, WorkerId};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;

use crate::backup::backup;
use crate::command::moves::spoken;
use crate::command::{Done, Problem, child_id, done, find_worker};
use crate::ingest_key::rotate_ingest_key;
use crate::keys::ServerKeys;
use crate::looks;
use crate::restore::restore;
use crate::store::{Device, ReadTx, StorageExt, StoreError};
use crate::verify::verify;

/// See the module.
#[derive(Subcommand)]
pub(crate) enum Continuity {
    /// Make a back-up while the server runs. Only the root key opens it.
    Backup {
        /// The file to make; it must not exist.
        #[arg(long)]
        to: PathBuf,
    },
    /// Make a server from a back-up, in the folder --dir, which must not exist.
    Restore {
        /// The back-up.
        #[arg(long)]
        from: PathBuf,
        /// The root key, brought from where it is kept.
        #[arg(long)]
        root: PathBuf,
        /// The highest epoch that any server of this council has had, where that is known to be higher than the back-up's. It
        /// stands in the old server's council.json, and any device knows it.
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
    /// Look through a restored server's lists, and confirm them: from then on it sends content again.
    RestoreConfirm {
        /// Confirm. Without it the lists are only shown.
        #[arg(long)]
        yes: bool,
        /// A device that is not to be served any more; may be given several times.
        #[arg(long = "end-device")]
        end: Vec<String>,
    },
    /// Make a new ingest key, to be taken up when the server is started again. Old ones are kept for 400 days.
    RotateIngestKey {
        /// The keys before it are lost or in other hands: devices are to seal again whatever was sealed to them.
        #[arg(long)]
        lost: bool,
    },
    /// Who looked at a child, as the devices say, and who was sent pages about the child; or all that about one worker.
    ReadLog {
        /// The child's code in the case system.
        #[arg(long)]
        child: Option<String>,
        /// The worker's code in the case system.
        #[arg(long)]
        worker: Option<String>,
    },
}

pub(crate) fn run(dir: &Path, command: Continuity, now: WallMillis) -> Done {
    match command {
        Continuity::Backup { to } => {
            // Also of a database that went back and does not open: what is in it can be restored as a new epoch.
            let made = backup(&ServerKeys::of(dir)?, &to)?;
            let text = format!(
                "{} holds epoch {} in {} bytes. SHA-256: {}\nOnly the root key opens it.",
                to.display(),
                made.epoch,
                made.bytes,
                made.sha256
            );
            done(serde_json::to_value(&made).unwrap_or(Json::Null), text)
        }
        Continuity::Restore { from, root, after } => {
            let restored = restore(&from, &root, dir, after)?;
            let text = format!(
                "{} holds a restored server, epoch {}, with {} logs and {} devices.\nStart it: it takes words from every device \
                 of the council. Then look through `restore-confirm`; until that is confirmed no content is sent.",
                dir.display(),
                restored.epoch,
                restored.logs,
                restored.devices
            );
            done(serde_json::to_value(&restored).unwrap_or(Json::Null), text)
        }
        Continuity::RestoreConfirm { yes, end } => confirm(dir, yes, &end),
        Continuity::RotateIngestKey { lost } => {
            let rotated = rotate_ingest_key(dir, now.0, lost)?;
            let text = format!(
                "Key bundle {} names a new ingest key; {} are kept, {} were removed. Start the server again to use it.",
                rotated.serial, rotated.kept, rotated.removed
            );
            done(serde_json::to_value(&rotated).unwrap_or(Json::Null), text)
        }
        Continuity::ReadLog { child, worker } => read_log(dir, child.as_deref(), worker.as_deref()),
    }
}

fn confirm(dir: &Path, yes: bool, end: &[String]) -> Done {
    let (keys, store) = ServerKeys::load(dir)?;
    let end = end
        .iter()
        .map(|id| id.parse().map_err(|_| Problem::NoSuchDevice(id.clone())))
        .collect::<Result<Vec<DeviceId>, _>>()?;
    if yes {
        store.write_with(|tx| -> Result<(), Problem> {
            for id in &end {
                let device = tx.device(id)?.filter(|device| !device.is_writer);
                let device = device.ok_or_else(|| Problem::NoSuchDevice(id.to_string()))?;
                tx.put_device(Device {
                    ended: true,
                    ..device
                })?;
            }
            tx.confirm(None)?;
            for device in tx.unconfirmed()? {
                tx.confirm(device.as_ref())?;
            }
            Ok(())
        })?;
    }
    let lists = store.read_with(lists)?;
    let found = store.read_with(|tx| verify(tx, keys.council, &keys.public))?;
    let mut text = vec![
        if lists.open {
            "Not confirmed: words are taken, nothing is sent.".to_owned()
        } else {
            "Confirmed: content is sent.".to_owned()
        },
        format!(
            "{} of the devices' numbers have not arrived again yet.",
            found.gaps
        ),
    ];
    text.extend(lists.text);
    let json = json!({
        "confirmed": !lists.open,
        "epoch": keys.facts.epoch,
        "gaps": found.gaps,
        "problems": found.problems,
        "devices": lists.devices,
        "staff": lists.staff,
        "assignments": lists.assignments,
    });
    done(json, text.join("\n"))
}

/// What a person has to look through.
struct Lists {
    open: bool,
    devices: Vec<Json>,
    staff: Vec<Json>,
    assignments: Vec<Json>,
    text: Vec<String>,
}

fn lists(view: &dyn ReadTx) -> Result<Lists, StoreError> {
    let unconfirmed = view.unconfirmed()?;
    let workers = view.workers()?;
    let codes: BTreeMap<_, _> = workers
        .iter()
        .map(|worker| (worker.id, worker.code.as_str()))
        .collect();
    let mut lists = Lists {
        open: !unconfirmed.is_empty(),
        devices: Vec::new(),
        staff: Vec::new(),
        assignments: Vec::new(),
        text: Vec::new(),
    };
    for device in view.devices()?.iter().filter(|device| !device.is_writer) {
        let code = codes.get(&device.holder).copied().unwrap_or("?");
        let healed = unconfirmed.contains(&Some(device.id));
        lists.devices.push(json!({
            "device": device.id,
            "label": device.label,
            "worker": code,
            "ended": device.ended,
            "not_in_backup": healed,
        }));
        let mark = match (device.ended, healed) {
            (true, _) => ", ended",
            (false, true) => ", not in the back-up: it showed the council's certificate",
            (false, false) => "",
        };
        lists
            .text
            .push(format!("{}  {code}  {}{mark}", device.id, device.label));
    }
    for worker in &workers {
        lists.staff.push(json!({
            "worker": worker.code,
            "manager": worker.manager.and_then(|id| codes.get(&id).copied()),
        }));
        for held in view.assignments_of(&worker.id)? {
            if held.until.is_none() {
                lists.assignments.push(json!({
                    "worker": worker.code,
                    "child": held.child,
                    "role": held.role,
                    "since_epoch": held.from.epoch,
                }));
                lists.text.push(format!(
                    "{}  {}  {}  since {}/{}",
                    worker.code,
                    held.child,
                    held.role.word(),
                    held.from.epoch,
                    held.from.position
                ));
            }
        }
    }
    Ok(lists)
}

fn read_log(dir: &Path, child: Option<&str>, worker: Option<&str>) -> Done {
    if child.is_none() && worker.is_none() {
        return Err(Problem::NobodyNamed);
    }
    let (keys, store) = ServerKeys::load(dir)?;
    let child = child.map(|code| child_id(keys.council, code));
    let scope = child.map(Scope::Child);
    let worker = worker
        .map(|code| find_worker(&keys, &store, code))
        .transpose()?;
    let (served, seen, workers) = store.read_with::<_, StoreError>(|tx| {
        Ok((
            tx.served(worker.as_ref(), scope.as_ref())?,
            looks::of(tx, worker, child)?,
            tx.workers()?,
        ))
    })?;
    let code_of = |id: WorkerId| {
        workers
            .iter()
            .find(|worker| worker.id == id)
            .map_or("?", |worker| worker.code.as_str())
    };
    let mut looked = Vec::new();
    let mut text = vec!["Looked at, by the devices' clocks:".to_owned()];
    for one in &seen {
        let code = code_of(one.worker);
        text.push(format!(
            "{}  {code}  {}  {}  {} {}",
            spoken(one.at),
            one.device,
            one.looked.how.code(),
            Scope::Child(one.looked.child),
            one.looked.record,
        ));
        looked.push(json!({
            "at": one.at,
            "received": one.received,
            "worker": code,
            "device": one.device,
            "how": one.looked.how.code(),
            "child": one.looked.child,
            "record": one.looked.record,
        }));
    }
    if seen.is_empty() {
        text.push("Nothing.".to_owned());
    }
    text.push("Sent to devices:".to_owned());
    let mut rows = Vec::new();
    for one in &served {
        let code = code_of(one.worker);
        rows.push(json!({
            "at": one.at,
            "worker": code,
            "device": one.device,
            "scope": one.scope,
        }));
        let at = spoken(one.at);
        text.push(format!("{at}  {code}  {}  {}", one.device, one.scope));
    }
    if served.is_empty() {
        text.push("Nothing.".to_owned());
    }
    done(json!({ "looked": looked, "served": rows }), text.join("\n"))
}
