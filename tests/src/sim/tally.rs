//! What the runs did, counted, so that an empty run cannot pass for a clean one.

use std::collections::BTreeMap;

/// Counts of one run or of many.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) schedules: u64,
    pub(crate) steps: u64,
    pub(crate) ops: u64,
    pub(crate) commits: u64,
    pub(crate) exchanges: u64,
    pub(crate) conflicts: u64,
    pub(crate) conflicts_left: u64,
    pub(crate) finished: u64,
    pub(crate) late: u64,
    pub(crate) checks: u64,
    /// Numbers under which two copies of one device wrote.
    pub(crate) forks: u64,
    /// Records whose oversight was compared on a phone.
    pub(crate) oversight: u64,
    /// Own commits removed from phones after their receipts.
    pub(crate) removed: u64,
    /// Own commits given back to a restored council with the receipt they had.
    pub(crate) given_back: u64,
    /// Commits removed from a phone and then lost with the council's server, which nobody else had whole.
    pub(crate) lost: u64,
    /// Things that children handed in.
    pub(crate) handed_in: u64,
    /// Attached files that were compared byte by byte at the council.
    pub(crate) files: u64,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) deeds: BTreeMap<&'static str, u64>,
    pub(crate) verdicts: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn fault(&mut self, name: &'static str) {
        *self.faults.entry(name).or_default() += 1;
    }

    pub(crate) fn deed(&mut self, name: &'static str) {
        *self.deeds.entry(name).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.steps += other.steps;
        self.ops += other.ops;
        self.commits += other.commits;
        self.exchanges += other.exchanges;
        self.conflicts += other.conflicts;
        self.conflicts_left += other.conflicts_left;
        self.finished += other.finished;
        self.late += other.late;
        self.checks += other.checks;
        self.forks += other.forks;
        self.oversight += other.oversight;
        self.removed += other.removed;
        self.given_back += other.given_back;
        self.lost += other.lost;
        self.handed_in += other.handed_in;
        self.files += other.files;
        for (name, n) in &other.faults {
            *self.faults.entry(name).or_default() += n;
        }
        for (name, n) in &other.deeds {
            *self.deeds.entry(name).or_default() += n;
        }
        for (name, n) in &other.verdicts {
            *self.verdicts.entry(name).or_default() += n;
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "steps {} · commits {} · ops {} · exchanges with the council {} · checks {}",
            self.steps, self.commits, self.ops, self.exchanges, self.checks
        )?;
        writeln!(
            f,
            "questions in conflict at some time {} · still open at the end {} · finished visits {} · late additions {}",
            self.conflicts, self.conflicts_left, self.finished, self.late
        )?;
        writeln!(
            f,
            "commits removed after their receipts {} · records with oversight compared {} · numbers used twice by copies {}",
            self.removed, self.oversight, self.forks
        )?;
        writeln!(
            f,
            "commits given back after a restore with their receipts {} · lost with the server after they were removed {} · things that children handed in {} · attached files compared {}",
            self.given_back, self.lost, self.handed_in, self.files
        )?;
        list(f, "verdicts", &self.verdicts)?;
        list(f, "written", &self.deeds)?;
        list(f, "faults", &self.faults)
    }
}

fn list<K: std::fmt::Display>(
    f: &mut std::fmt::Formatter<'_>,
    title: &str,
    counts: &BTreeMap<K, u64>,
) -> std::fmt::Result {
    let all: Vec<String> = counts
        .iter()
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    let all = if all.is_empty() {
        "none".to_owned()
    } else {
        all.join(" · ")
    };
    writeln!(f, "{title}: {all}")
}
