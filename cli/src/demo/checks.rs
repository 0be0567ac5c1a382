//! What the day must have shown, and the figures beside it.

use std::fmt::Write as _;

use serde::Serialize;

/// One thing that must hold.
#[derive(Serialize)]
pub(crate) struct Check {
    /// In a sentence.
    pub(crate) what: String,
    /// It held.
    pub(crate) held: bool,
    /// What was found, in a few words.
    pub(crate) found: String,
}

/// One figure.
#[derive(Serialize)]
pub(crate) struct Figure {
    /// Of what.
    pub(crate) what: String,
    /// How much.
    pub(crate) value: f64,
    /// In what unit.
    pub(crate) unit: &'static str,
}

/// All of them, in the order they were made.
#[derive(Default, Serialize)]
pub(crate) struct Checks {
    checks: Vec<Check>,
    figures: Vec<Figure>,
}

impl Checks {
    /// Notes whether something held, and what was found.
    pub(crate) fn expect(&mut self, what: impl Into<String>, held: bool, found: impl Into<String>) {
        self.checks.push(Check {
            what: what.into(),
            held,
            found: found.into(),
        });
    }

    /// Notes a figure.
    pub(crate) fn figure(&mut self, what: impl Into<String>, value: f64, unit: &'static str) {
        self.figures.push(Figure {
            what: what.into(),
            value,
            unit,
        });
    }

    /// True if everything held. False if nothing was checked at all.
    pub(crate) fn all_held(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.held)
    }

    /// The table for a person.
    pub(crate) fn table(&self) -> String {
        let mut text = String::from("\nChecks\n");
        for check in &self.checks {
            let mark = if check.held { "ok  " } else { "FAIL" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {mark}  {}\n          {}", check.what, check.found);
        }
        text.push_str("\nFigures (this machine, this run)\n");
        let width = self
            .figures
            .iter()
            .map(|figure| figure.what.chars().count())
            .max()
            .unwrap_or(0);
        for Figure { what, value, unit } in &self.figures {
            let _ = writeln!(text, "  {what:<width$}  {value:>10.1} {unit}");
        }
        let failed = self.checks.iter().filter(|check| !check.held).count();
        let _ = writeln!(text, "\n{} checks, {failed} failed", self.checks.len());
        text
    }
}

/// The value below which a share of the samples lies; the samples need not be sorted.
pub(crate) fn percentile(samples: &[u64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    let index = ((sorted.len().saturating_sub(1)) as f64 * share).round() as usize;
    #[allow(clippy::cast_precision_loss)]
    sorted.get(index).map_or(0.0, |value| *value as f64)
}
