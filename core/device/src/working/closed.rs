//! What a child handed in stays closed until somebody opens it by a deliberate tap.
//!
//! The tablet lies in the room when it comes back, and the phone is looked at in doorways, so that no list, page, search or text to be
//! copied shows such words by the way. A closed voice says whose it is and since when, and nothing of what it says.
//!
//! On the device that it was left on, it is closed until its holder has opened it. Everywhere else until anybody has: whoever
//! reads it first thereby says so, and the manager is not told of unread words that somebody has read. It is not closed to
//! each reader apart, because what a child said months ago must be found by the worker who comes new to the child.

use visitbook_record::commit::RecordKind;
use visitbook_record::family::is_handed_in;
use visitbook_record::page::{Page, Statement};
use visitbook_record::payload::Content;
use visitbook_record::time::WallMillis;
use visitbook_record::words;

use super::Working;
use crate::clock::Moment;
use crate::store::StoreError;
use crate::store::log::RecordRow;

impl Working {
    /// What to show instead of a voice that nobody has opened; `None` for everything else.
    pub(super) fn closed(
        &self,
        row: &RecordRow,
        child_name: &str,
        page: &Page,
        statements: &[Statement],
    ) -> Result<Option<String>, StoreError> {
        let handed_in = row.home.kind == RecordKind::Voice && is_handed_in(row.id);
        let closed = handed_in && (self.is_unread(row.id)? || !is_opened(page));
        let since = statements
            .iter()
            .filter(|statement| {
                matches!(
                    statement.content,
                    Some(Content::Words(_) | Content::Drawing(_))
                )
            })
            .map(|statement| statement.written)
            .min()
            .or_else(|| statements.iter().map(|statement| statement.written).min());
        Ok(since
            .filter(|_| closed)
            .map(|since| self.closed_words(child_name, since)))
    }

    fn closed_words(&self, child_name: &str, since: WallMillis) -> String {
        let today = Moment::of(self.now().wall).date;
        words::left_closed(child_name, &Moment::of(since).beside(&today))
    }
}

/// Whether anybody has opened it. [`crate::store::search::matches`] asks the same of the tables.
fn is_opened(page: &Page) -> bool {
    page.questions
        .keys()
        .any(|target| target.name() == "opened")
}
