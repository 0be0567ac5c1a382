//! Which devices the council has heard from, and when last: an answer that does not come may be in a phone with no signal.
//!
//! Known here by the newest commit about the board's children that the council had received from each device at the moment of
//! the board, so that it reads the same later. A device that only asked and sent nothing leaves no trace in the log: this says
//! less than the council's own `devices`.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use visitbook_record::calendar::Date;
use visitbook_record::commit::Role;
use visitbook_record::id::{DeviceId, WorkerId};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;

use super::super::model::DeviceHeard;
use super::known::Known;
use crate::clock::Moment;
use crate::store::rows::{coded, name, number_of};
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
        "SELECT signed.device, signed.author, scope.name, received.at FROM received
            JOIN signed ON signed.no = received.signed JOIN record ON record.no = signed.record
            JOIN scope ON scope.no = record.scope JOIN op ON op.no = signed.first_op
         WHERE received.at BETWEEN ?1 AND ?2 AND op.acting_as <> ?3 ORDER BY received.at DESC",
    )?;
    let from = until.0 - DAYS * 24 * 3600 * 1000;
    let mut rows = found.query(params![from, until.0, number_of(&Role::Writer)])?;
    let mut newest: BTreeMap<DeviceId, DeviceHeard> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let device: DeviceId = name(row, 0)?;
        let scope: Scope = coded(row, 2)?;
        let counts = scope
            .child()
            .is_some_and(|child| known.children.iter().any(|one| one.id == child));
        if !counts || newest.contains_key(&device) {
            continue;
        }
        let Some(label) = labels.get(&device) else {
            continue;
        };
        let author: WorkerId = name(row, 1)?;
        let of = known.staff.get(&author);
        let last = Moment::of(WallMillis(row.get(3)?));
        newest.insert(
            device,
            DeviceHeard {
                label: label.clone(),
                of: of.map_or_else(|| author.to_string(), String::clone),
                words: format!("{label} {}", last.beside(&day.to_string())),
                last,
            },
        );
    }
    let mut all: Vec<DeviceHeard> = newest.into_values().collect();
    all.sort_by(|a, b| (&a.of, &a.label).cmp(&(&b.of, &b.label)));
    Ok(all)
}
