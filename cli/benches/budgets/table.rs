//! The table that is printed: what was measured, beside what, and whether the budget is met.

use std::fmt;
use std::time::{Duration, Instant};

/// One figure.
struct Row {
    what: String,
    figure: String,
    beside: String,
    budget: String,
}

/// All figures, in the order they were measured.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

/// A limit that a figure is held against.
pub(crate) enum Budget {
    /// At most this.
    Most(f64, &'static str),
    /// At least this.
    Least(f64, &'static str),
    /// None: the figure is there to be compared with.
    None,
}

impl Table {
    /// Adds a row. `measured` is held against the budget, in the budget's unit.
    pub(crate) fn row(
        &mut self,
        what: &str,
        figure: impl Into<String>,
        beside: impl Into<String>,
        measured: f64,
        budget: &Budget,
    ) {
        let row = Row {
            what: what.to_owned(),
            figure: figure.into(),
            beside: beside.into(),
            budget: budget.judge(measured),
        };
        eprintln!("{:<52} {} {}", row.what, row.figure, row.beside);
        self.rows.push(row);
    }

    /// Adds a row that has no budget.
    pub(crate) fn note(
        &mut self,
        what: &str,
        figure: impl Into<String>,
        beside: impl Into<String>,
    ) {
        self.row(what, figure, beside, 0.0, &Budget::None);
    }
}

impl Budget {
    fn judge(&self, measured: f64) -> String {
        let (limit, sign, unit, met) = match self {
            Self::Most(limit, unit) => (limit, "≤", unit, measured <= *limit),
            Self::Least(limit, unit) => (limit, "≥", unit, measured >= *limit),
            Self::None => return String::new(),
        };
        if met {
            format!("{sign} {limit}{unit}: met")
        } else {
            let by = (measured / limit).max(limit / measured);
            format!("{sign} {limit}{unit}: missed, {by:.1}×")
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| What | Measured | Beside | Budget |")?;
        writeln!(f, "| --- | --- | --- | --- |")?;
        for row in &self.rows {
            writeln!(
                f,
                "| {} | {} | {} | {} |",
                row.what, row.figure, row.beside, row.budget
            )?;
        }
        Ok(())
    }
}

/// The median of `rounds` runs.
pub(crate) fn median(rounds: usize, mut act: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..rounds.max(1))
        .map(|_| {
            let start = Instant::now();
            act();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// How many times as long.
pub(crate) fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64().max(f64::EPSILON)
}

/// A duration in the unit that suits it.
pub(crate) fn time(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    match micros {
        ..1_000.0 => format!("{micros:.1} µs"),
        1_000.0..1e6 => format!("{:.2} ms", micros / 1e3),
        _ => format!("{:.1} s", micros / 1e6),
    }
}
