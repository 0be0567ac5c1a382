//! `visitbook demo`: a working day, with a council server and its devices as separate processes, and checks.

mod canary;
mod caseload;
mod cast;
mod checks;
mod line;
mod memory;
mod stage;
mod story;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::Value as Json;
use visitbook_record::id::CouncilId;

use crate::args::DemoArgs;
use caseload::Caseload;
use cast::{Council, DayClock, Device, StageError, Staged};
use checks::Checks;
use line::Line;
use stage::{Day, text};

/// The families and staff of Fernmouth, as a council would bring them.
const FILES: [(&str, &str); 7] = [
    (
        "children.csv",
        include_str!("../../../server/fixtures/fernmouth/children.csv"),
    ),
    (
        "periods.csv",
        include_str!("../../../server/fixtures/fernmouth/periods.csv"),
    ),
    (
        "people.csv",
        include_str!("../../../server/fixtures/fernmouth/people.csv"),
    ),
    (
        "workers.csv",
        include_str!("../../../server/fixtures/fernmouth/workers.csv"),
    ),
    (
        "involvements.csv",
        include_str!("../../../server/fixtures/fernmouth/involvements.csv"),
    ),
    (
        "alerts.csv",
        include_str!("../../../server/fixtures/fernmouth/alerts.csv"),
    ),
    (
        "council.csv",
        include_str!("../../../server/fixtures/fernmouth/council.csv"),
    ),
];

/// Runs the council's server program, on the clock that the demonstration sets.
pub(crate) fn council(
    args: Vec<std::ffi::OsString>,
    clock: Arc<dyn visitbook_device::clock::Clock>,
) -> ExitCode {
    let words = std::iter::once("visitbook-server".into()).chain(args);
    visitbook_server::run_at(words, Arc::new(move || clock.read().wall))
}

/// Plays the day, prints it and its checks, and says by the exit code whether all held.
pub(crate) fn run(args: &DemoArgs) -> ExitCode {
    match play(args) {
        Ok(checks) => {
            print!("{}", checks.table());
            if checks.all_held() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(problem) => {
            eprintln!("The day could not be played to its end. {problem}");
            ExitCode::FAILURE
        }
    }
}

fn play(args: &DemoArgs) -> Staged<Checks> {
    let scratch;
    let folder: &Path = match &args.keep {
        Some(folder) => {
            fs::create_dir_all(folder)?;
            if fs::read_dir(folder)?.next().is_some() {
                return Err(StageError::Unexpected(format!(
                    "{} is not empty: name an empty folder",
                    folder.display()
                )));
            }
            folder
        }
        None => {
            scratch = tempfile::tempdir()?;
            scratch.path()
        }
    };
    println!(
        "Fernmouth Council (invented), Tuesday 27 October 2026. Seed {}.",
        args.seed
    );
    println!(
        "Six programs, each a process of its own: the council's server, Rowan's phone and tablet and the phone before it,"
    );
    println!(
        "Bryony's phone, Sage's laptop. They read the day's clock from a file; everything else is real."
    );
    let mut day = set_up(folder, args.seed, args.caseload.as_deref())?;
    story::play(&mut day)?;
    day.close(folder)?;
    let checks = std::mem::take(&mut day.checks);
    if let Some(file) = &args.json {
        let json = serde_json::to_vec_pretty(&checks)
            .map_err(|e| StageError::Unexpected(e.to_string()))?;
        fs::write(file, json)?;
    }
    Ok(checks)
}

fn set_up(folder: &Path, seed: u64, caseload: Option<&Path>) -> Staged<Day> {
    let clock = DayClock::in_file(folder.join("clock"));
    clock.set(1_793_088_000_000)?;
    let mut council = Council::new(folder.join("council"), &clock);
    let made = council.run(&[
        "init",
        "--name",
        "Fernmouth Council (invented)",
        "--address",
        "https://127.0.0.1:0",
    ])?;
    let files = folder.join("import");
    fs::create_dir_all(&files)?;
    for (name, content) in FILES {
        fs::write(files.join(name), content)?;
    }
    let files_path = files.display().to_string();
    council.run(&["import", &files_path])?;
    let caseload = caseload
        .map(|from| {
            let id = text(&made, "council").parse::<CouncilId>();
            let id = id.map_err(|_| StageError::Unexpected("init names no council".into()))?;
            Caseload::bring_in(&council, id, from, folder)
        })
        .transpose()?;
    let address = council.serve(&folder.join("council.log"))?;
    let line = || open_line(&council, address);
    let device = |name, part: &str, pin| -> Staged<Device> {
        let device = Device::new(name, folder.join(part), pin, &clock, line()?);
        device.line.set(line::Mode::Clean);
        Ok(device)
    };
    let phone = device("Rowan's phone", "rowan-phone", "482917")?;
    let tablet = device("Rowan's tablet", "rowan-tablet", "739154")?;
    let bryony = device("Bryony's phone", "bryony-phone", "615827")?;
    let sage = device("Sage's laptop", "sage-laptop", "940263")?;
    let old_phone = device("Rowan's old phone", "rowan-old-phone", "573086")?;
    let mut day = Day {
        council,
        phone,
        tablet,
        bryony,
        sage,
        old_phone,
        earlier_visits: Vec::new(),
        old_phone_visit: String::new(),
        not_met_before: 0,
        clock,
        checks: Checks::default(),
        visits: std::collections::BTreeMap::new(),
        concerns: Vec::new(),
        merle_concern: Vec::new(),
        bryony_entry: String::new(),
        folder: folder.to_owned(),
        wren_left: Vec::new(),
        kite_left: Vec::new(),
        photograph_bytes: (0, 0),
        reed: String::new(),
        finished_page: Json::Null,
        board: Json::Null,
        caseload,
        visited: Vec::new(),
        date: story::MONDAY_BEFORE,
        random: seed.wrapping_mul(2).wrapping_add(1),
    };
    story::earlier_visits(&mut day)?;
    day.date = story::MONDAY_BEFORE;
    day.time("08:50")?;
    for (worker, at) in [
        ("W-ROWAN", 0),
        ("W-ROWAN", 1),
        ("W-BRYONY", 2),
        ("W-SAGE", 3),
    ] {
        let name = day.devices()[at].name;
        let code = day
            .council
            .run(&["enrol-code", "--worker", worker, "--label", name])?;
        let code = text(&code, "code");
        let mut devices = day.devices();
        let device = &mut devices[at];
        device.enrol(&code)?;
        device.unlock()?;
    }
    Ok(day)
}

/// A line that the devices accept as the council: it holds the council's own TLS identity, as an inspecting proxy holds
/// one that its network's devices trust.
fn open_line(council: &Council, address: std::net::SocketAddr) -> Result<Line, StageError> {
    let staging = |problem: &dyn std::fmt::Display| StageError::Program {
        program: "line".into(),
        problem: problem.to_string(),
    };
    let read = |name: &str| -> PathBuf { council.folder().join(name) };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(read("tls.crt"))
        .map_err(|e| staging(&e))?
        .collect::<Result<_, _>>()
        .map_err(|e| staging(&e))?;
    let key = PrivateKeyDer::from_pem_file(read("tls.key")).map_err(|e| staging(&e))?;
    let mut roots = RootCertStore::empty();
    for certificate in &chain {
        roots.add(certificate.clone()).map_err(|e| staging(&e))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| staging(&e))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| staging(&e))?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| staging(&e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = ServerName::try_from("127.0.0.1").map_err(|e| staging(&e))?;
    Ok(Line::open(
        address,
        host,
        Arc::new(server),
        Arc::new(client),
    )?)
}
