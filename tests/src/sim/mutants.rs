//! stub
use std::process::ExitCode;
pub(crate) fn run(_only: Option<&str>, _steps: usize) -> ExitCode { ExitCode::SUCCESS }
