//! A manager's board: the team's day on one page, now or as it was known at a moment.
//!
//! Everything is computed from the log each time, and nothing is stored: a board of yesterday at 17:00 printed next week is
//! the same sum over the same statements. It folds every record of every child that is held, which takes its time on a
//! large team; it is a page to be asked for, not a list to be scrolled.

mod day;
mod heard;
mod known;
mod later;
mod neglect;
mod unopened;
mod words;

use visitbook_record::calendar::Date;
use visitbook_record::id::RecordId;
use visitbook_record::time::WallMillis;

use super::Working;
use super::model::{Board, BoardView, DeviceHeard};
use crate::clock::Moment;
use crate::error::ReadError;
use crate::store::StoreError;

use self::known::Known;
pub(crate) use self::neglect::Line;

impl Working {
    /// The board of a day: of today for all that this device knows, or as the council knew it at a moment, of that moment's
    /// day and with what came after it.
    ///
    /// A board of an earlier moment is the same whenever it is asked for, once this device has heard from the council since
    /// that moment; until then [`BoardView::warning`] says so. Children whom the holder no longer holds are left out.
    ///
    /// # Errors
    /// [`ReadError::BadDate`] for a moment that has no day; else [`ReadError::Store`].
    pub fn board(&self, as_known_at: Option<WallMillis>) -> Result<BoardView, ReadError> {
        let at = as_known_at.map(Moment::of);
        let date = match &at {
            Some(at) => at.date.clone(),
            None => Moment::of(self.now().wall).date,
        };
        let day: Date = date.parse().map_err(|_| ReadError::BadDate)?;
        let then = Known::load(&self.store.reader, self.me.worker, as_known_at, None)?;
        let until = as_known_at.unwrap_or(self.now().wall);
        let devices = heard::last_heard(&self.store.reader, &then, until, day)?;
        let board = self.board_of(&then, day, at.clone(), devices);
        let mut lines = words::lines(&board, day);
        let heard = self.heard()?;
        let since = match &at {
            Some(at) => {
                let now = Known::load(&self.store.reader, self.me.worker, None, None)?;
                // Only its lines are compared, and they do not name devices.
                let board_now = self.board_of(&now, day, None, Vec::new());
                let lines_now = words::lines(&board_now, day)
                    .into_iter()
                    .skip(1)
                    .filter(|line| !lines.contains(line))
                    .collect();
                Some(later::since(&then, &now, at, lines_now))
            }
            None => None,
        };
        lines.extend(words::last_heard(&board));
        let behind = at
            .as_ref()
            .is_some_and(|at| heard.as_ref().is_none_or(|heard| heard.millis < at.millis));
        let warning = behind.then(|| words::behind(heard.as_ref()));
        Ok(BoardView {
            board,
            lines,
            since,
            heard,
            warning,
        })
    }

    /// Where the line about one area of one child stands today, if the area was not met on three visits running.
    pub(crate) fn line_of(&self, child: RecordId, area: &str) -> Result<Option<Line>, StoreError> {
        let Ok(day) = Moment::of(self.now().wall).date.parse() else {
            return Ok(None);
        };
        let known = Known::load(&self.store.writer, self.me.worker, None, Some(child))?;
        let sheet = day::Sheet::new(&known, self.me.worker, day);
        let lines = sheet.lines();
        Ok(lines
            .into_iter()
            .map(|(_, line)| line)
            .find(|line| line.area.code == area))
    }

    fn board_of(
        &self,
        known: &Known,
        day: Date,
        at: Option<Moment>,
        devices: Vec<DeviceHeard>,
    ) -> Board {
        let whose = match known.staff.get(&self.me.worker) {
            Some(name) => name.clone(),
            None => self.me.worker.to_string(),
        };
        let now = at.clone().unwrap_or_else(|| Moment::of(self.now().wall));
        day::Sheet::new(known, self.me.worker, day).board(whose, at, &now, devices)
    }

    /// When the council last had nothing more for this device, by the council's clock.
    fn heard(&self) -> Result<Option<Moment>, ReadError> {
        let at: Option<i64> = self
            .store
            .reader
            .query_row("SELECT heard FROM meta", [], |row| row.get(0))?;
        Ok(at.map(|at| Moment::of(WallMillis(at))))
    }
}
