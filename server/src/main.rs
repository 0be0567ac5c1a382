//! The council's server as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    visitbook_server::run(std::env::args_os())
}
