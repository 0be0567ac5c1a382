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
            println!(
                "{label} is a device of the council now. Next: visitbook --store {} sync",
                cli.store.display()
            );
            Ok(ExitCode::SUCCESS)
        }
        Command::Session => {
            let pin = pin::read(cli.pin_fd, "PIN: ")?;
            let working = open::unlock(&cli.store, clock, &pin)?;
            session::run(Desk::new(working, cli.via))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Book(command) => {
            let pin = pin::read(cli.pin_fd, "PIN: ")?;
            let working = open::unlock(&cli.store, clock, &pin)?;
            let hello = session::hello(&working)?;
            if !working.recovered().is_empty() && !cli.json {
                println!("{}", hello.text);
            }
            let mut desk = Desk::new(working, cli.via);
            let quiet = cli.json || !std::io::stderr().is_terminal();
            let outcome = desk.run(command, &mut |line| {
                if !quiet {
                    eprintln!("{line}");
                }
            });
            drop(desk.working.lock());
            let Reply { text, json } = outcome?;
            if cli.json {
                println!("{json}");
            } else {
                println!("{}", text.trim_end());
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}
