//! The command line. Administrators' commands work on the same database while the service runs.
//!
//! With `--json` every command prints one JSON object on standard output and nothing else; problems go to standard error, and the
//! exit code is 1 (or 2 for a command line that does not read, or 3 for an import of which some rows were not taken).

mod bring;
mod diagnostics;
mod exports;
mod family;
mod files;
pub(crate) mod moves;
mod redact;
mod standing;

use std::ffi::OsString;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::{Value as Json, json};
use visitbook_record::commit::RecordKind;
use visitbook_record::id::{CouncilId, RecordId, WorkerId, derived_uuid};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, Value};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_seal::bundle::BundleError;

use crate::clock::{self, Now};
use crate::continuity::{self, Continuity};
use crate::enrol::{CodeError, make_code};
use crate::import::ImportError;
use crate::keys::{KeysError, ServerKeys};
use crate::serve::{ServeError, serve};
use crate::store::sqlite::SqliteStore;
use crate::store::{StorageExt, StoreError};
use crate::writer::{Act, Statement, Writer, WriterError};

/// The council's server.
#[derive(Parser)]
#[command(
    name = "visitbook-server",
    version,
    about = "The council's server for Visitbook"
)]
struct Line {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Common {
    /// The folder that holds the council's keys and database.
    #[arg(long, global = true, default_value = "council")]
    dir: PathBuf,
    /// Print one JSON object.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Make a council: its keys, its TLS identity and an empty database.
    Init {
        /// The council's name, for people.
        #[arg(long)]
        name: String,
        /// Where devices will find the server, such as https://visitbook.example.gov.uk:8443.
        #[arg(long)]
        address: String,
    },
    /// Serve until asked to stop (SIGTERM, Ctrl-C). Prints the address it listens on.
    Serve {
        /// Address and port; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8443")]
        listen: SocketAddr,
    },
    /// Read what the case system knows: its own CSV files, an SSDA903 return, or a children in need census. Reading the same files
    /// again changes nothing. Exit code 3: some rows or cells were not taken, all others were.
    Import {
        /// A file, or a folder of files. What each is, is told by what is in it.
        path: PathBuf,
        /// Where to list what was not taken; otherwise in rejected.csv beside it.
        #[arg(long, value_name = "FILE")]
        rejected: Option<PathBuf>,
    },
    /// Make a code with which one device can enrol. Show it to the worker whose device it is, and to nobody else.
    EnrolCode {
        /// The worker's code in the case system.
        #[arg(long)]
        worker: String,
        /// What to call the device: "Rowan's phone".
        #[arg(long)]
        label: String,
        /// Another address than the council's own, for this device.
        #[arg(long)]
        address: Option<String>,
        /// How long the code works.
        #[arg(long, default_value_t = 15)]
        minutes: u32,
    },
    /// Give a worker a child, or another role for a child they hold.
    Assign {
        /// The worker's code in the case system.
        #[arg(long)]
        worker: String,
        /// The child's code in the case system.
        #[arg(long)]
        child: String,
        /// allocated, joint, cover or manager.
        #[arg(long)]
        role: String,
        /// Who arranged it, by their code in the case system.
        #[arg(long)]
        by: Option<String>,
    },
    /// End a worker's hold on a child. Give the child to somebody else first, so that the worker is told to whom.
    Unassign {
        /// The worker's code in the case system.
        #[arg(long)]
        worker: String,
        /// The child's code in the case system.
        #[arg(long)]
        child: String,
        /// Who arranged it, by their code in the case system.
        #[arg(long)]
        by: Option<String>,
        /// Why.
        #[arg(long, default_value = "arranged at the council's server")]
        reason: String,
    },
    /// List what is set aside: whose, about whom, who decides, since when and why. No words.
    Quarantine {
        /// With the words of what the person named decides about. This is noted.
        #[arg(long, requires = "owner")]
        show: bool,
        /// Only what this person decides about, by their code in the case system.
        #[arg(long = "as", value_name = "WORKER")]
        owner: Option<String>,
    },
    /// End a device, or all of a worker's. What was written on it is still taken, and set aside; it receives nothing more, and
    /// removes what it holds.
    Revoke {
        /// The device's id, as `devices` lists it.
        #[arg(long, required_unless_present = "worker", conflicts_with = "worker")]
        device: Option<String>,
        /// The code, in the case system, of the worker whose devices are to be ended.
        #[arg(long)]
        worker: Option<String>,
        /// Who decided it, by their code in the case system.
        #[arg(long)]
        by: Option<String>,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Make the council's returns about visits: the SSD visit tables, Annex A lists 4, 6, 7 and 8, and what somebody has to look at.
    /// This is noted.
    Export(exports::ExportArgs),
    /// List what was noted at this server: who was shown what is set aside, what was ended, who made returns.
    Noted,
    /// Back-ups, restoring, keys, and who was sent what.
    #[command(flatten)]
    Continuity(Continuity),
    /// List attached files whose bytes have not all come: from which device, when that was last heard, and who sees to it.
    Attachments,
    /// List the devices.
    Devices,
    /// Prove every chain, signature, receipt and digest of the log. Each problem is said with what to do about it; exit code 1 if
    /// there is one.
    Verify,
    /// Write a file for whoever supports this server: versions, numbers, sizes, states and times. No name, no word and no id of a
    /// child is in it.
    Diagnostics {
        /// The file, which must not exist.
        file: PathBuf,
    },
    /// Remove the words of a statement by law: find it, look at what would go, and do it.
    Redact(redact::Redact),
    /// The sessions in which a device was in a child's hands: whose, how many things came, and whether any was touched.
    Family,
}

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Export(#[from] crate::exports::ExportError),
    #[error("{0} is no moment; write 2026-10-27 or 2026-10-27T17:00")]
    NoSuchMoment(String),
    #[error(transparent)]
    Code(#[from] CodeError),
    #[error(transparent)]
    Writer(#[from] WriterError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("bundle.bin: {0}")]
    Bundle(#[from] BundleError),
    #[error("no worker has the code {0}; import workers.csv first")]
    NoSuchWorker(String),
    #[error("no child has the code {0}; import children.csv first")]
    NoSuchChild(String),
    #[error("no device has the id {0}; see `devices`")]
    NoSuchDevice(String),
    #[error("{0} is not a role: allocated, joint, cover or manager")]
    NoSuchRole(String),
    #[error(transparent)]
    Backup(#[from] crate::backup::BackupError),
    #[error(transparent)]
    Restore(#[from] crate::restore::RestoreError),
    #[error("name a child or a worker")]
    NobodyNamed,
    #[error("there is no record {0} here; `history` and the text for the case system name it")]
    NoSuchRecord(String),
    #[error(
        "no one statement of the record begins with {0}: give at least 8 letters of its name, as `redact --record` lists it"
    )]
    NoSuchStatement(String),
    #[error("say why: everybody who holds the child reads it")]
    NoReason,
    #[error(transparent)]
    Redaction(#[from] crate::redaction::Refused),
    #[error("{0}: {1}")]
    Report(PathBuf, std::io::Error),
}

/// Runs one command by the operating system's clock. `args` begins with the program's name.
#[must_use]
pub fn run<I, T>(args: I) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    run_at(args, clock::system())
}

/// Runs one command by a given clock, for a demonstration. `args` begins with the program's name. Blocks until the command has
/// ended; `serve` ends when the process is asked to stop.
#[must_use]
pub fn run_at<I, T>(args: I, now: Now) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let line = match Line::try_parse_from(args) {
        Ok(line) => line,
        Err(message) => {
            // Help goes to standard output with success, mistakes to standard error.
            let _ = message.print();
            return ExitCode::from(u8::try_from(message.exit_code()).unwrap_or(2));
        }
    };
    let json = line.common.json;
    match act(line, &now) {
        Ok((output, code)) => {
            output.print(json);
            code
        }
        Err(problem) => {
            eprintln!("visitbook-server: {problem}");
            if let Problem::Keys(error) = &problem {
                eprintln!("{}", error.what_to_do());
            }
            ExitCode::FAILURE
        }
    }
}

/// What a command has to say, for programs and for people.
pub(crate) struct Output {
    json: Json,
    text: String,
}

impl Output {
    fn print(&self, json: bool) {
        // A reader that went away wants no more of it.
        let mut out = std::io::stdout().lock();
        let _ = if json {
            writeln!(out, "{}", self.json)
        } else if self.text.is_empty() {
            Ok(())
        } else {
            writeln!(out, "{}", self.text)
        };
        let _ = out.flush();
    }
}

pub(crate) type Done = Result<(Output, ExitCode), Problem>;

pub(crate) fn done(json: Json, text: String) -> Done {
    Ok((Output { json, text }, ExitCode::SUCCESS))
}

fn act(line: Line, now: &Now) -> Done {
    let Common { dir, json } = line.common;
    match line.command {
        Command::Init { name, address } => init(&dir, &name, &address, now()),
        Command::Serve { listen } => serving(&dir, listen, now, json),
        Command::Import { path, rejected } => bring::importing(&dir, &path, rejected, now()),
        Command::EnrolCode {
            worker,
            label,
            address,
            minutes,
        } => {
            let (keys, store) = ServerKeys::load(&dir)?;
            let address = address.unwrap_or_else(|| keys.facts.address.clone());
            let ends = WallMillis(now().0.saturating_add(i64::from(minutes) * 60_000));
            let worker = find_worker(&keys, &store, &worker)?;
            let code = store.write_with(|tx| -> Result<_, Problem> {
                Ok(make_code(tx, &keys, worker, &label, &address, ends)?)
            })?;
            let code = code.to_string();
            done(json!({ "code": code, "ends": ends }), code)
        }
        Command::Assign {
            worker,
            child,
            role,
            by,
        } => moves::assigning(&dir, &worker, &child, &role, by.as_deref(), now()),
        Command::Unassign {
            worker,
            child,
            by,
            reason,
        } => moves::unassigning(&dir, &worker, &child, by.as_deref(), reason, now()),
        Command::Quarantine { show, owner } => {
            moves::quarantine(&dir, show, owner.as_deref(), now())
        }
        Command::Revoke {
            device,
            worker,
            by,
            reason,
        } => {
            let which = moves::Which {
                device: device.as_deref(),
                worker: worker.as_deref(),
            };
            moves::revoke(&dir, which, by.as_deref(), &reason, now())
        }
        Command::Export(args) => exports::exporting(&dir, &args, now()),
        Command::Noted => moves::noted(&dir),
        Command::Continuity(command) => continuity::run(&dir, command, now()),
        Command::Attachments => files::attachments(&dir),
        Command::Devices => standing::devices(&dir),
        Command::Verify => standing::verifying(&dir),
        Command::Diagnostics { file } => diagnostics::writing(&dir, &file, now()),
        Command::Redact(asked) => redact::run(&dir, &asked, now()),
        Command::Family => family::sessions(&dir),
    }
}

fn init(dir: &Path, name: &str, address: &str, now: WallMillis) -> Done {
    let (keys, store) = ServerKeys::init(dir, name, address)?;
    let act = Act {
        record: RecordId(keys.council.0),
        kind: RecordKind::Council,
        scope: Scope::Council,
        statements: vec![Statement {
            kind: Kind::Assert,
            policy: Policy::Ordinary,
            target: Target::field("name"),
            replaces: Vec::new(),
            content: Content::Value(Value::new(name, name)),
        }],
    };
    let writer = writer(&keys, None);
    store.write_with(|tx| writer.write(tx, &keys, now, vec![act]))?;
    let root = dir.join("root.key");
    let fingerprint = &keys.facts.root_fingerprint;
    let json = json!({
        "council": keys.facts.council,
        "name": name,
        "address": address,
        "root_fingerprint": fingerprint,
        "root_key": root,
    });
    let text = format!(
        "{name} is ready in {}.\nTake {} offline now: it is needed only to replace the control key.\nRoot key fingerprint: \
         {fingerprint}",
        dir.display(),
        root.display(),
    );
    done(json, text)
}

fn serving(dir: &Path, listen: SocketAddr, now: &Now, json: bool) -> Done {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A program that already has a subscriber keeps it.
    let _ = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
    let (keys, store) = ServerKeys::load(dir)?;
    serve(keys, store, listen, now.clone(), |address| {
        let output = Output {
            json: json!({ "listening": address }),
            text: format!("listening on https://{address}"),
        };
        output.print(json);
    })?;
    let output = Output {
        json: json!({ "stopped": true }),
        text: String::new(),
    };
    Ok((output, ExitCode::SUCCESS))
}

fn writer(keys: &ServerKeys, author: Option<WorkerId>) -> Writer {
    Writer {
        council: keys.council,
        origin: keys.origin,
        author: author.unwrap_or(WorkerId(keys.council.0)),
    }
}

pub(crate) fn child_id(council: CouncilId, code: &str) -> RecordId {
    RecordId(derived_uuid(council, "child", code))
}

pub(crate) fn find_worker(
    keys: &ServerKeys,
    store: &SqliteStore,
    code: &str,
) -> Result<WorkerId, Problem> {
    let id = WorkerId(derived_uuid(keys.council, "worker", code));
    store
        .read_with(|tx| tx.worker(&id))?
        .map(|worker| worker.id)
        .ok_or_else(|| Problem::NoSuchWorker(code.to_owned()))
}
