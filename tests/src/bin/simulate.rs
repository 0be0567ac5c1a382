//! `simulate`: plays days by the hundred thousand, replays one, or shows that planted faults are found.

use std::process::ExitCode;

fn main() -> ExitCode {
    visitbook_tests::command::run()
}
