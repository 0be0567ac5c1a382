//! The command that makes the council's returns about visits.

use std::path::{Path, PathBuf};

use chrono::{NaiveDate, NaiveDateTime, TimeZone as _};
use clap::Args;
use serde_json::Value as Json;
use visitbook_record::calendar::Date;
use visitbook_record::id::WorkerId;
use visitbook_record::time::WallMillis;

use super::{Done, Problem, done, find_worker};
use crate::exports::{Asked, export};
use crate::keys::ServerKeys;

/// See [`crate::exports`].
#[derive(Args)]
pub(super) struct ExportArgs {
    /// The folder to make. It must not exist, or be empty.
    folder: PathBuf,
    /// As the council knew it at that moment, London time: 2026-10-27T17:00, or 2026-10-27 for the end of that day. Without it, now.
    #[arg(long, value_name = "DATE/TIME")]
    as_of: Option<String>,
    /// Only visits on or after this day in the ssd_* files. Annex A's lists look back as Ofsted asks.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Only visits on or before this day in the ssd_* files.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// Who asks for it, by their code in the case system.
    #[arg(long)]
    by: Option<String>,
}

pub(super) fn exporting(dir: &Path, args: &ExportArgs, now: WallMillis) -> Done {
    let (keys, store) = ServerKeys::load(dir)?;
    let by = match &args.by {
        Some(code) => find_worker(&keys, &store, code)?,
        None => WorkerId(keys.council.0),
    };
    let as_of = match &args.as_of {
        Some(text) => moment(text, now).ok_or_else(|| Problem::NoSuchMoment(text.clone()))?,
        None => now,
    };
    let asked = Asked {
        as_of,
        from: args.from,
        to: args.to,
    };
    let report = export(&store, now, by, &asked, &args.folder)?;
    let mut text = format!("{} as known on {}:", args.folder.display(), report.day);
    for file in &report.files {
        text += &format!("\n{:>6} rows  {}", file.rows, file.file);
    }
    text += &format!(
        "\n{:>6} lines {} to look at",
        report.exceptions.len(),
        crate::exports::EXCEPTIONS
    );
    done(serde_json::to_value(&report).unwrap_or(Json::Null), text)
}

/// A moment on the clocks of London. A day alone is its end or, if it is today, now. An hour that the clocks show twice is the
/// later of the two; one that they skip is none.
fn moment(text: &str, now: WallMillis) -> Option<WallMillis> {
    let london = chrono_tz::Europe::London;
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let next = day.succ_opt()?.and_hms_opt(0, 0, 0)?;
        let end = london.from_local_datetime(&next).earliest()?;
        let end = WallMillis(end.timestamp_millis() - 1);
        let is_today = crate::exports::day_of(now).is_some_and(|today| today.to_string() == text);
        return Some(if is_today { end.min(now) } else { end });
    }
    let time = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    let time = london.from_local_datetime(&time).latest()?;
    Some(WallMillis(time.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn moments_are_those_on_the_clocks_of_london() {
        let now = WallMillis(1_793_127_600_000);
        for (text, millis) in [
            ("2026-10-27T17:00", Some(1_793_120_400_000)),
            ("2026-10-27 17:00", Some(1_793_120_400_000)),
            ("2026-07-27T17:00", Some(1_785_168_000_000)),
            ("2026-10-26", Some(1_793_059_199_999)),
            // Today is not over.
            ("2026-10-27", Some(now.0)),
            // One o'clock comes twice that night.
            ("2026-10-25T01:30", Some(1_792_891_800_000)),
            ("2026-03-29T01:30", None),
            ("27/10/2026", None),
            ("soon", None),
        ] {
            assert_eq!(moment(text, now), millis.map(WallMillis), "{text}");
        }
    }
}
