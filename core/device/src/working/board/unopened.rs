//! What children handed in and nobody has opened: told to the manager after two hours or at the close of the day, whichever
//! is first. The times are the council's, of when it received the words; no record is judged by them.

use rusqlite::params;
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::RecordId;
use visitbook_record::op::Target;
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;

use super::super::Working;
use super::super::model::UnopenedLine;
use super::known::KnownRecord;
use crate::clock::Moment;
use crate::error::ReadError;
use crate::store::StoreError;
use crate::store::rows::{coded, name, number_of};

/// How long words may lie, in milliseconds.
const LONGEST_MS: i64 = 2 * 60 * 60 * 1000;

/// When the day closes, in London.
const CLOSE_OF_DAY: &str = "17:00";

fn too_long(received: &Moment, now: &Moment) -> bool {
    let lain = now.millis.saturating_sub(received.millis);
    lain >= LONGEST_MS || now.date > received.date || now.time.as_str() >= CLOSE_OF_DAY
}

fn line(voice: RecordId, child: &str, received: WallMillis, now: &Moment) -> Option<UnopenedLine> {
    let received = Moment::of(received);
    too_long(&received, now).then(|| UnopenedLine {
        voice,
        name: child.to_owned(),
        words: format!(
            "{child} handed something in; the council has it since {}, and nobody has opened it.",
            received.beside(&now.date)
        ),
        received,
    })
}

/// That line for a voice on the board, if nobody has opened it for too long.
pub(super) fn of(voice: &KnownRecord, child: &str, now: &Moment) -> Option<UnopenedLine> {
    let answers = voice.answers();
    let by_the_child =
        answers.get(&Target::field("entered_by")) == Some(&Some("child_themselves".to_owned()));
    let opened = answers.keys().any(|target| target.name() == "opened");
    if voice.kind != RecordKind::Voice || !by_the_child || opened {
        return None;
    }
    let received = voice.statements.iter().filter_map(|one| one.received).min();
    line(voice.id, child, received?, now)
}

impl Working {
    /// Those lines for children whose manager the holder is, longest first.
    pub(crate) fn unopened(&self) -> Result<Vec<UnopenedLine>, ReadError> {
        let now = Moment::of(self.now().wall);
        // CROSS JOIN keeps SQLite to the order written: the voices of children whose manager this is, and nobody else's. By
        // itself it goes through every commit there is, and the day's list waits for that.
        let mut found = self.store.reader.prepare_cached(
            "SELECT record.id, scope.name,
                (SELECT min(received.at) FROM op JOIN received ON received.signed = op.signed WHERE op.record = record.no) AS at
             FROM scope CROSS JOIN record ON record.scope = scope.no AND record.kind = ?1
                CROSS JOIN answer_view ON answer_view.record = record.no AND answer_view.field = 'entered_by'
                LEFT JOIN oversight_view ON oversight_view.record = record.no
             WHERE scope.held = 1 AND scope.role = ?2 AND answer_view.code = 'child_themselves' AND voided IS NOT 1
                AND NOT EXISTS (SELECT 1 FROM answer_view AS seen WHERE seen.record = record.no AND seen.field = 'opened')
             ORDER BY at, record.no",
        )?;
        let mut rows = found.query(params![RecordKind::Voice.code(), number_of(&Role::Manager)])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let scope: Scope = coded(row, 1)?;
            let Some(child) = scope.child() else { continue };
            if self.role_for(child)? != Some(Role::Manager) {
                continue;
            }
            let received: Option<i64> = row.get(2).map_err(StoreError::from)?;
            let Some(received) = received else { continue };
            all.extend(line(
                name(row, 0)?,
                &self.child_name(child)?,
                WallMillis(received),
                &now,
            ));
        }
        Ok(all)
    }
}
