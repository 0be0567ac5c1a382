//! The stage: who is there, how the day is told, and the last checks when everybody has gone home.

use std::path::Path;

use chrono::{NaiveDate, NaiveTime, TimeZone};
use serde_json::Value as Json;

use super::canary::{self, Search};
use super::caseload::{Caseload, Loaded};
use super::cast::{Council, DayClock, Device, StageError, Staged};
use super::checks::{Checks, percentile};
use super::story::{KITE_DREW, SENTENCES, the_same_everywhere};

/// Everything the day needs.
pub(crate) struct Day {
    /// The council's server.
    pub(crate) council: Council,
    /// Rowan's phone.
    pub(crate) phone: Device,
    /// Rowan's tablet.
    pub(crate) tablet: Device,
    /// Bryony's phone.
    pub(crate) bryony: Device,
    /// Sage's laptop.
    pub(crate) sage: Device,
    /// The phone that Rowan had before.
    pub(crate) old_phone: Device,
    /// The visits of before the day.
    pub(crate) earlier_visits: Vec<String>,
    /// The one of them about which a sentence stayed on the old phone.
    pub(crate) old_phone_visit: String,
    /// Lines about areas not met on three visits running, on Sage's board as the day begins.
    pub(crate) not_met_before: usize,
    /// The clock all programs read.
    pub(crate) clock: DayClock,
    /// What must hold.
    pub(crate) checks: Checks,
    /// The Larkspurs' visits of the day, by child.
    pub(crate) visits: std::collections::BTreeMap<String, String>,
    /// The concerns about the Larkspurs.
    pub(crate) concerns: Vec<String>,
    /// The concern about Merle.
    pub(crate) merle_concern: Vec<String>,
    /// Bryony's own note on Wren's visit.
    pub(crate) bryony_entry: String,
    /// Where everything of the run lies.
    pub(crate) folder: std::path::PathBuf,
    /// The two things that Wren left.
    pub(crate) wren_left: Vec<String>,
    /// The two things that Kite left.
    pub(crate) kite_left: Vec<String>,
    /// Bytes that went up for the photograph, what was cut off among them, and down.
    pub(crate) photograph_bytes: (u64, u64),
    /// Reed, as the Larkspurs' visits name him.
    pub(crate) reed: String,
    /// Wren's page as it was when it was finished.
    pub(crate) finished_page: Json,
    /// Sage's board as it was printed at 17:00.
    pub(crate) board: Json,
    /// The children beside the story, if the day is played with a caseload.
    pub(crate) caseload: Option<Caseload>,
    /// Those of them who were visited.
    pub(crate) visited: Vec<Loaded>,
    /// What the calendar on every wall says.
    pub(crate) date: NaiveDate,
    /// Where the seed's dice are.
    pub(crate) random: u64,
}

/// A text in an answer; empty if there is none.
pub(crate) fn text(json: &Json, key: &str) -> String {
    json.get(key)
        .and_then(Json::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// A list in an answer; empty if there is none.
pub(crate) fn list(json: &Json, key: &str) -> Vec<Json> {
    json.get(key)
        .and_then(Json::as_array)
        .cloned()
        .unwrap_or_default()
}

/// A list of texts in an answer.
pub(crate) fn texts(json: &Json, key: &str) -> Vec<String> {
    list(json, key)
        .iter()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

impl Day {
    /// The four devices.
    pub(crate) fn devices(&mut self) -> [&mut Device; 4] {
        [
            &mut self.phone,
            &mut self.tablet,
            &mut self.bryony,
            &mut self.sage,
        ]
    }

    /// A number below `n`, from the seed.
    pub(crate) fn dice(&mut self, n: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % n.max(1)
    }

    /// Sets the clock on every wall.
    pub(crate) fn time(&mut self, time: &str) -> Staged<()> {
        let seconds = self.dice(50);
        let time = NaiveTime::parse_from_str(time, "%H:%M").ok();
        let local = time.map(|time| self.date.and_time(time));
        let moment = local.and_then(|local| {
            chrono_tz::Europe::London
                .from_local_datetime(&local)
                .single()
        });
        let Some(moment) = moment else {
            return Err(StageError::Unexpected("no such time".into()));
        };
        let millis = moment.timestamp_millis() + i64::try_from(seconds).unwrap_or(0) * 1000;
        Ok(self.clock.set(millis)?)
    }

    /// Begins a beat.
    pub(crate) fn at(&mut self, time: &str, place: &str, who: &str, line: &str) -> Staged<()> {
        println!("\n{time}  {place} · {who} · {line}");
        self.time(time)
    }

    /// What somebody reads.
    pub(crate) fn screen(&self, words: &str) {
        for line in words.trim_end().lines() {
            println!("  │ {line}");
        }
    }

    /// What an engineer wants to know.
    pub(crate) fn engineer(&self, words: &str) {
        println!("      {words}");
    }

    /// Commits that the council holds.
    pub(crate) fn council_commits(&self) -> Staged<u64> {
        let state = self.council.run(&["verify"])?;
        state
            .get("commits")
            .and_then(Json::as_u64)
            .ok_or_else(|| StageError::Unexpected("verify counts no commits".into()))
    }

    /// Numbers of a device's chain under which the council holds more than one commit.
    pub(crate) fn council_duplicates(&self) -> Staged<u64> {
        let state = self.council.run(&["verify"])?;
        Ok(state
            .get("forks")
            .and_then(Json::as_u64)
            .unwrap_or(u64::MAX))
    }

    /// The checks that need the whole day.
    pub(crate) fn close(&mut self, folder: &Path) -> Staged<()> {
        self.everybody_agrees()?;
        self.every_status_is_earned()?;
        self.nothing_said_is_lost()?;
        the_same_everywhere(self)?;
        self.figures();
        for device in self.devices() {
            device.lock()?;
        }
        self.council.stop()?;
        self.nothing_is_readable(folder)
    }

    fn everybody_agrees(&mut self) -> Staged<()> {
        let council = self.council.run(&["verify"])?;
        let problems = list(&council, "problems");
        let digests = council.get("digests").cloned().unwrap_or(Json::Null);
        let (mut compared, mut differ, mut troubled) = (0, Vec::new(), Vec::new());
        for device in self.devices() {
            let held = device.tell(&["digests"])?;
            for row in list(&held, "scopes") {
                compared += 1;
                let scope = text(&row, "scope");
                if digests.get(&scope).and_then(Json::as_str)
                    != row.get("digest").and_then(Json::as_str)
                {
                    differ.push(format!("{} {scope}", device.name));
                }
            }
            let verified = device.tell(&["verify"])?;
            troubled.extend(
                texts(&verified, "problems")
                    .into_iter()
                    .map(|p| format!("{}: {p}", device.name)),
            );
        }
        self.checks.expect(
            "Every device and the council have the same digest of every scope they hold",
            differ.is_empty() && compared >= 12,
            if differ.is_empty() {
                format!("{compared} digests compared")
            } else {
                differ.join(", ")
            },
        );
        self.checks.expect(
            "Every chain, signature, receipt and store verifies, on four devices and at the council",
            troubled.is_empty() && problems.is_empty(),
            if troubled.is_empty() && problems.is_empty() {
                format!("{} commits at the council", council.get("commits").and_then(Json::as_u64).unwrap_or(0))
            } else {
                format!("{troubled:?} {problems:?}")
            },
        );
        Ok(())
    }

    fn every_status_is_earned(&mut self) -> Staged<()> {
        let (mut records, mut wrong) = (0, Vec::new());
        for device in self.devices() {
            let statuses = device.tell(&["status"])?;
            for row in list(&statuses, "records") {
                records += 1;
                if !text(&row, "title").starts_with("The council has it") {
                    wrong.push(format!(
                        "{}: {} {}",
                        device.name,
                        text(&row, "kind"),
                        text(&row, "title")
                    ));
                }
            }
        }
        self.checks.expect(
            "Every record says “The council has it”, and says it on verified receipts alone",
            wrong.is_empty() && records > 0,
            if wrong.is_empty() {
                format!("{records} records on four devices")
            } else {
                wrong.join("; ")
            },
        );
        Ok(())
    }

    fn nothing_said_is_lost(&mut self) -> Staged<()> {
        let mut missing: Vec<&str> = Vec::new();
        for sentence in SENTENCES {
            let mut found = false;
            for device in self.devices() {
                let hits = device.tell(&["search", sentence])?;
                found |= list(&hits, "hits")
                    .iter()
                    .any(|hit| text(hit, "text").contains(sentence));
            }
            if !found {
                missing.push(sentence);
            }
        }
        self.checks.expect(
            "Every sentence that anybody wrote or said is still there, word for word",
            missing.is_empty(),
            if missing.is_empty() {
                format!("{} sentences found", SENTENCES.len())
            } else {
                format!("missing: {missing:?}")
            },
        );
        Ok(())
    }

    fn figures(&mut self) {
        let saves: Vec<u64> = self
            .devices()
            .iter()
            .flat_map(|device| device.saves.clone())
            .collect();
        self.checks.figure(
            format!("save, p50 of {}", saves.len()),
            percentile(&saves, 0.5) / 1000.0,
            "ms",
        );
        self.checks
            .figure("save, p99", percentile(&saves, 0.99) / 1000.0, "ms");
        let traffic: Vec<_> = self
            .devices()
            .iter()
            .map(|device| device.line.traffic())
            .collect();
        let (up, down): (u64, u64) = traffic
            .iter()
            .fold((0, 0), |(up, down), t| (up + t.up, down + t.down));
        // One file outweighs the words of many days; how much a visit costs is about the words.
        let up = up.saturating_sub(self.photograph_bytes.0);
        let down = down.saturating_sub(self.photograph_bytes.1);
        #[allow(clippy::cast_precision_loss)]
        {
            let visits = 6.0;
            self.checks.figure(
                "all four devices, up, per visit, no photograph",
                up as f64 / visits,
                "B",
            );
            self.checks.figure(
                "all four devices, down, per visit, no photograph",
                down as f64 / visits,
                "B",
            );
        }
    }

    fn nothing_is_readable(&mut self, folder: &Path) -> Staged<()> {
        let finds = canary::finds_what_it_plants(folder)?;
        let mut search = Search::for_words(SENTENCES.into_iter().chain([KITE_DREW]));
        let mut found = search.in_folder(folder)?;
        let (files, bytes) = (search.files, search.bytes);
        let seen: Vec<(&str, Vec<u8>)> = self
            .devices()
            .iter()
            .map(|device| (device.name, device.line.seen()))
            .collect();
        for (name, bytes) in seen {
            found.extend(search.in_bytes(&format!("the line of {name}"), &bytes));
        }
        let places: Vec<String> = found
            .iter()
            .map(|find| format!("“{}…” in {}", find.words, find.place))
            .collect();
        self.checks.expect(
            "No sentence can be read in any file of the run, nor by the proxy that opened TLS; a planted one is found",
            finds && found.is_empty() && files > 10 && search.sentences() == SENTENCES.len() + 1,
            if found.is_empty() { format!("{files} files, {} KiB; canary found: {finds}", bytes / 1024) } else { places.join("; ") },
        );
        Ok(())
    }
}
