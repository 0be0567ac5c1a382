//! Closing a line about an area of care that was not met visit after visit: a manager's, with the step taken, a reason and a day
//! for looking again.
//!
//! The line itself is computed and stored nowhere; what is saved says what it rested on, so that every device sees the same line
//! closed, and the same line come back. A step that changed nothing does not close it twice, and a closed line is closed anew only to
//! look again sooner.

use visitbook_record::calendar::Date;
use visitbook_record::commit::RecordKind;
use visitbook_record::id::RecordId;
use visitbook_record::neglect::{self, Closing, STEPS, Standing};
use visitbook_record::op::{Kind, Policy};
use visitbook_record::payload::{Content, Value};

use super::Working;
use super::model::ClosingView;
use super::save::{NewStatement, Plan, Refusing, Saved};
use super::show::Show;
use super::visit::check_text;
use crate::clock::Moment;
use crate::error::SaveError;

/// A closing as a screen shows it on a day; `None` for a statement that is none, or whose words are not here.
pub(crate) fn view(show: &Show<'_>, at: usize, today: &str) -> Option<ClosingView> {
    let statement = show.statements.get(at)?;
    let Some(Content::Closing(closing)) = &statement.content else {
        return None;
    };
    let area = neglect::area_of(&statement.fact.target)?;
    let known = neglect::areas(visitbook_record::catalogue::Catalogue::newest())
        .find(|known| known.code == area);
    let label = known.map_or(area, |known| known.label.as_str());
    let (by, written) = (
        show.name(statement.fact.author),
        Moment::of(statement.written),
    );
    let Closing {
        step,
        reason,
        look_again,
        ..
    } = closing;
    Some(ClosingView {
        op: statement.fact.id,
        area: area.to_owned(),
        label: label.to_owned(),
        words: format!(
            "{label}, not met: closed by {by}, {}: {}, look again {}. “{reason}”",
            written.beside(today),
            step.label,
            day_words(look_again, today)
        ),
        step: step.code.clone(),
        step_words: step.label.clone(),
        reason: reason.clone(),
        look_again: look_again.clone(),
        by,
        written,
        received: statement.received.map(Moment::of),
    })
}

/// A day written `2026-11-10`, for a sentence read on another: "Tue 10 Nov".
pub(crate) fn day_words(day: &str, today: &str) -> String {
    match (day.parse::<Date>(), today.parse::<Date>()) {
        (Ok(day), Ok(today)) => day.words(today),
        _ => day.to_owned(),
    }
}

impl Working {
    /// Closes the line about an area of a child that was not met on three visits running: by the child's manager, with a step of
    /// [`STEPS`] by its code, a reason, and the day for looking again, written `2026-11-10`. The board names all of it until a
    /// further visit finds the area not met again, or that day has passed; then the line is back, one step up.
    ///
    /// # Errors
    /// [`SaveError::ManagersOnly`]; [`SaveError::NoLine`]; [`SaveError::StepTooSmall`] if nothing changed after a step as large;
    /// [`SaveError::StillClosed`] where it is closed already and this would look again later; [`SaveError::BadForm`] for a day that
    /// is none or is past; [`SaveError::WouldBeSetAside`] with [`visitbook_record::verdict::Reason::OwnWork`] where only the holder
    /// observed it. Nothing was saved.
    pub fn close_line(
        &mut self,
        child: RecordId,
        area: &str,
        step: &str,
        reason: &str,
        look_again: &str,
    ) -> Result<Saved, SaveError> {
        check_text("reason", reason)?;
        let row = self.record_of_kind(child, RecordKind::Child, "child")?.0;
        self.managers_only(child)?;
        let at = neglect::step(step).ok_or_else(|| SaveError::UnknownCode {
            field: "step".to_owned(),
            allowed: STEPS.map(|step| step.code.to_owned()).to_vec(),
        })?;
        let day = self.day_to_come(look_again)?;
        let line = self.line_of(child, area)?.ok_or(SaveError::NoLine)?;
        let least = line.standing.least_step();
        if let (true, Some(least)) = (at < least, STEPS.get(least)) {
            return Err(SaveError::StepTooSmall { least: least.words });
        }
        if let Standing::Closed { look_again, .. } = line.standing
            && day > look_again
        {
            return Err(SaveError::StillClosed {
                until: look_again.to_string(),
            });
        }
        let words = STEPS.get(at).map_or(step, |step| step.words);
        let closing = Closing {
            step: Value::new(step, words),
            reason: reason.to_owned(),
            look_again: day.to_string(),
            rests_on: line.rests_on(),
        };
        let statement = NewStatement::new(
            Kind::Close,
            Policy::Ordinary,
            neglect::target(area),
            Content::Closing(closing),
        )
        .replacing(line.live_closings());
        let plan = Plan {
            record: row.id,
            kind: RecordKind::Child,
            child,
            statements: vec![statement],
        };
        self.save(vec![plan], Refusing::Yes)
    }

    /// A day that is not past, by this device's clock in London.
    fn day_to_come(&self, text: &str) -> Result<Date, SaveError> {
        let today = Moment::of(self.now().wall).date;
        let today: Option<Date> = today.parse().ok();
        let day: Option<Date> = text.parse().ok();
        day.filter(|day| today.is_none_or(|today| *day >= today))
            .ok_or(SaveError::BadForm {
                field: "look_again".to_owned(),
                expected: "a day that is not past, such as 2026-11-10",
            })
    }
}
