//! Which devices the council has heard from, and when last: an answer that does not come may be in a phone with no signal.
//!
//! Known here by the newest commit about the board's children that the council had received from each device at the moment of
//! the board, so that it reads the same later. A device that only asked and sent nothing leaves no trace in the log: this says
//! less than the council's own `devices`.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use visitbook_record::calendar::Date;
use visitbook_record::commit::{Commit, Role};
use visitbook_record::id::DeviceId;
use visitbook_record::time::WallMillis;

use super::super::model::DeviceHeard;
use super::known::Known;
use crate::clock::Moment;
use crate::store::{StoreError, devices};

type Result<T> = std::result::Result<T, StoreError>;

/// A device that has sent nothing for longer is left out.
const DAYS: i64 = 30;

/// The devices of colleagues and of the holder, by label.
pub(super) fn last_heard(
    db: &Connection,
    known: &Known,
    until: WallMillis,
    day: Date,
) -> Result<Vec<DeviceHeard>> {
    let labels = devices::labels(db)?;
    let mut found = db.prepare_cached(
        "SELECT signed.bytes, received.at FROM received JOIN signed ON signed.no = received.signed
         WHERE received.at BETWEEN ?1 AND ?2 ORDER BY received.at DESC",
    )?;
    let from = until.0 - DAYS * 24 * 3600 * 1000;
    let mut rows = found.query(params![from, until.0])?;
    let mut newest: BTreeMap<DeviceId, DeviceHeard> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        let Ok(commit) = Commit::from_bytes(&bytes) else {
            continue;
        };
        let device = commit.origin.device;
        let counts = commit
            .scope
            .child()
            .is_some_and(|child| known.children.iter().any(|one| one.id == child));
        if commit.acting_as == Role::Writer || !counts || newest.contains_key(&device) {
            continue;
        }
        let Some(label) = labels.get(&device) else {
            continue;
        };
        let of = known.staff.get(&commit.author);
        let last = Moment::of(WallMillis(row.get(1)?));
        newest.insert(
            device,
            DeviceHeard {
                label: label.clone(),
                of: of.map_or_else(|| commit.author.to_string(), String::clone),
                words: format!("{label} {}", last.beside(&day.to_string())),
                last,
            },
        );
    }
    let mut all: Vec<DeviceHeard> = newest.into_values().collect();
    all.sort_by(|a, b| (&a.of, &a.label).cmp(&(&b.of, &b.label)));
    Ok(all)
}
