//! `visitbook`: the core on a terminal.

mod args;
mod clock;
mod commands;
mod demo;
mod failure;
mod keystore;
mod names;
mod open;
mod pin;
mod reply;
mod session;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command, DemoLine};
use commands::Desk;
use failure::Failure;
use reply::Reply;

/// Family mode promises that nothing readable is left in memory.
#[global_allocator]
static WIPING: visitbook_device::wiping::Wiping = visitbook_device::wiping::Wiping;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(demo) = DemoLine::asked_for(&words) {
        return demo::run(&demo);
    }
    let cli = Cli::parse_from(words);
    let json = cli.json;
    match run(cli) {
        Ok(code) => code,
        Err(failure) if json => {
            println!("{}", Reply::line(Err(failure)));
            ExitCode::FAILURE
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let clock = clock::pick(cli.clock_file.clone());
    match cli.command {
        Command::Demo => Err(Failure::new(
            "usage",
            "Write `demo` first, then its options: visitbook demo --help",
        )),
        Command::Council { args } => Ok(demo::council(args, clock)),
        Command::Enrol { code, label } => {
            let pin = pin::read(
                cli.pin_fd,
                "A PIN for this device, six characters or more: ",
            )?;
            open::enrol(&cli.store, clock, &code, &pin, &label, cli.via)?;
            let next = format!("Next: visitbook --store {} sync", cli.store.display());
            let words = format!("{label} is a device of the council now. {next}");
            Ok(print(
                Reply::new(words, serde_json::json!({"enrolled": label})),
                cli.json,
            ))
        }
        Command::Send => {
            open::there_is_a_device(&cli.store)?;
            Ok(print(open::send(&cli.store, cli.via)?, cli.json))
        }
        Command::Diagnostics { file, locked } => {
            open::there_is_a_device(&cli.store)?;
            let pin = match locked {
                true => None,
                false => Some(pin::read(cli.pin_fd, "PIN: ")?),
            };
            let pin = pin.as_ref().map(|pin| pin.as_slice());
            Ok(print(
                open::diagnostics(&cli.store, clock, pin, &file)?,
                cli.json,
            ))
        }
        Command::Session => {
            open::there_is_a_device(&cli.store)?;
            let pin = pin::read(cli.pin_fd, "PIN: ")?;
            let working = open::unlock(&cli.store, clock, &pin)?;
            session::run(Desk::new(working, cli.via))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Book(command) => {
            open::there_is_a_device(&cli.store)?;
            let pin = pin::read(cli.pin_fd, "PIN: ")?;
            let working = open::unlock(&cli.store, clock, &pin)?;
            let hello = session::hello(&working)?;
            let crashed = !working.recovered().is_empty() || !working.kept_drafts().is_empty();
            if crashed && !cli.json {
                println!("{}", hello.text);
            }
            let crash = crashed.then_some(hello.json);
            let mut desk = Desk::new(working, cli.via);
            let quiet = cli.json || !std::io::stderr().is_terminal();
            let outcome = desk.run(command, &mut |line| {
                if !quiet {
                    eprintln!("{line}");
                }
            });
            drop(desk.working.lock());
            let mut reply = outcome?;
            if let (serde_json::Value::Object(fields), Some(crash)) = (&mut reply.json, crash) {
                for what in ["recovered", "kept_drafts"] {
                    fields.insert(what.to_owned(), crash[what].clone());
                }
            }
            Ok(print(reply, cli.json))
        }
    }
}

fn print(reply: Reply, json: bool) -> ExitCode {
    if json {
        println!("{}", reply.json);
    } else {
        println!("{}", reply.text.trim_end());
    }
    if reply.incomplete {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
