//! A record as text for the council's case system: one child, under the headings that such a system has, nothing to type again.
//!
//! The child's words and everybody's text stand in it exactly as given. Where two answers are open both stand, marked; where a
//! fact was corrected the corrected value stands, with what the finished page said beside it (DESIGN §5).

use std::fmt::Write as _;

use visitbook_record::commit::RecordKind;
use visitbook_record::id::RecordId;
use visitbook_record::look::Look;
use visitbook_record::words;

use super::Working;
use super::model::{
    AnswerView, CaseSection, CaseText, EntryView, LateView, QuestionView, RecordPage,
};
use super::read::Opening;
use crate::clock::Moment;
use crate::error::ReadError;
use crate::store::log;
use crate::store::views;

type Result<T> = std::result::Result<T, ReadError>;

/// Headings of a visit, in the order in which case systems ask, each with its questions. Texts have headings of their own.
const HEADINGS: [(&str, &[&str]); 4] = [
    (
        "Visit details",
        &[
            "visit_date",
            "occasion",
            "outcome",
            "arrived",
            "left",
            "place",
            "mode",
            "notice",
            "visited_by",
            "joined_by",
            "interpreter",
            "language",
            "serves",
            "statutory",
            "tried",
            "signs_of_someone_in",
            "next_try",
        ],
    ),
    ("People present", &["people_present", "expected_not_there"]),
    (
        "Child seen",
        &[
            "seen",
            "not_seen_because",
            "awake",
            "alone",
            "not_spoken_alone_because",
            "alone_where",
            "could_be_heard",
            "talked_by",
            "bedroom",
            "bedroom_because",
            "sleeps",
        ],
    ),
    (
        "Safety and welfare",
        &[
            "injury_or_mark",
            "injury_where",
            "injury_said_by_adult",
            "safe_now",
            "told",
            "told_nobody_yet",
            "welfare_ok",
            "carer_seen",
            "child_knows_how_to_reach_us",
            "pf_matters",
        ],
    ),
];
const OBSERVED: &str = "What was observed";
const ACTIONS: &str = "Actions";
const OTHER: &str = "Other answers";
const CHILDS_WORDS: &str = "What the child gave, in the child's own words";
const LATER: &str = "Added or put right after the visit was finished";
const OVERSIGHT: &str = "Management oversight";
const FILE: &str = "Record";

/// Questions whose answers are names that the core made, which nobody reads.
const NAMES: [&str; 6] = [
    "outing_id",
    "joint_workers",
    "voice",
    "planned_for",
    "injury_voice",
    "visit_id",
];

impl Working {
    /// A visit, a voice or a concern as text for the case system, about one child. What a child handed in is in it once somebody
    /// has opened it; before that, that there is something. Of a child, what managers closed in the child's own record.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::OtherKind`] for a child in whose own record nothing was closed.
    pub fn case_text(&self, record: RecordId) -> Result<CaseText> {
        let page = self.page_of(record, Opening::No)?;
        let of_a_child = page.kind == RecordKind::Child.form();
        if of_a_child && page.oversight.closings.is_empty() {
            return Err(ReadError::OtherKind("visit, a voice or a concern"));
        }
        self.looked(Look::Export, page.child, record);
        let today = Moment::of(self.now().wall);
        let child = self.child_line(page.child, &today.date)?;
        let voided = page.oversight.voided.is_some();
        let mut sections = Vec::new();
        if !voided {
            sections = if page.kind == RecordKind::Visit.form() {
                self.sections_of_visit(&page)?
            } else if of_a_child {
                vec![section(OVERSIGHT, closed(&page))]
            } else {
                sections_of_other(&page)
            };
        }
        sections.push(about_the_record(&page));
        let day = day_of(&page);
        let mut title = format!("{} · {}", child.full_name, page.kind);
        if let Some(day) = &day {
            let _ = write!(title, " · {day}");
        }
        let code = child.code.clone();
        let mut text = format!("{title}\n");
        if let Some(code) = &code {
            let _ = writeln!(text, "Case system number: {code}");
        }
        for section in &sections {
            let _ = write!(text, "\n{}\n", section.heading.to_uppercase());
            for line in &section.lines {
                let _ = writeln!(text, "{line}");
            }
        }
        Ok(CaseText {
            record,
            kind: page.kind.clone(),
            child: page.child,
            child_name: child.full_name,
            child_code: code,
            day,
            finished: page.finished.is_some(),
            for_the_file: !voided,
            sections,
            text,
            history: self.history_of(record)?,
        })
    }

    fn sections_of_visit(&self, page: &RecordPage) -> Result<Vec<CaseSection>> {
        let mut sections = Vec::new();
        let mut placed: Vec<&str> = NAMES.to_vec();
        for (heading, fields) in HEADINGS {
            placed.extend(fields);
            let lines = fields.iter().flat_map(|field| lines_of(page, field));
            sections.push(section(heading, lines.collect()));
        }
        let mut observed = Vec::new();
        for question in &page.questions {
            if question.field.starts_with("area_") && !placed.contains(&question.field.as_str()) {
                placed.push(&question.field);
                observed.extend(lines_of(page, &question.field));
            }
        }
        sections.push(section(OBSERVED, observed));
        sections.extend(texts_of(page));
        sections.push(section(CHILDS_WORDS, self.voices_in(page)?));
        sections.push(section(ACTIONS, lines_of(page, "actions")));
        placed.push("actions");
        let mut other = Vec::new();
        for question in &page.questions {
            if !placed.contains(&question.field.as_str()) {
                placed.push(&question.field);
                other.extend(lines_of(page, &question.field));
            }
        }
        sections.push(section(OTHER, other));
        sections.push(section(LATER, later(page)));
        sections.retain(|section| !section.lines.is_empty());
        Ok(sections)
    }

    /// Each voice of the visit, with how it was given and what the child asks.
    fn voices_in(&self, page: &RecordPage) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for voice in self.voices_of_visit(page)? {
            let voice = self.page_of(voice, Opening::No)?;
            if voice.oversight.voided.is_some() {
                continue;
            }
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.extend(what_was_given(&voice));
        }
        Ok(lines)
    }

    /// The voices that the visit marks, and those that name it.
    fn voices_of_visit(&self, page: &RecordPage) -> Result<Vec<RecordId>> {
        let mut voices: Vec<RecordId> = page
            .questions
            .iter()
            .filter(|question| question.field == "voice")
            .flat_map(|question| &question.answers)
            .filter_map(|answer| answer.code.as_deref()?.parse().ok())
            .collect();
        let scope = self.held_scope(page.child)?;
        let this = page.record.to_string();
        for record in log::records_of(&self.store.reader, scope, RecordKind::Voice)? {
            let Some(row) = log::record(&self.store.reader, record)? else {
                continue;
            };
            let visit = views::answer(&self.store.reader, row.no, "visit_id")?;
            let names_it = visit.is_some_and(|(code, ..)| code.as_deref() == Some(this.as_str()));
            if names_it && !voices.contains(&record) {
                voices.push(record);
            }
        }
        // A mark can come before the voice that it names.
        let mut here = Vec::new();
        for voice in voices {
            if log::record(&self.store.reader, voice)?.is_some() {
                here.push(voice);
            }
        }
        Ok(here)
    }
}

fn section(heading: &str, lines: Vec<String>) -> CaseSection {
    CaseSection {
        heading: heading.to_owned(),
        lines,
    }
}

fn sections_of_other(page: &RecordPage) -> Vec<CaseSection> {
    let mut sections = if page.kind == RecordKind::Voice.form() {
        vec![section(CHILDS_WORDS, what_was_given(page))]
    } else {
        let mut lines = Vec::new();
        let mut placed: Vec<&str> = NAMES.to_vec();
        for question in &page.questions {
            if !placed.contains(&question.field.as_str()) {
                placed.push(&question.field);
                lines.extend(lines_of(page, &question.field));
            }
        }
        let mut sections = vec![section("Details", lines)];
        sections.extend(texts_of(page));
        sections
    };
    sections.push(section(LATER, later(page)));
    sections.retain(|section| !section.lines.is_empty());
    sections
}

/// Lines that a manager closed, oldest first, in words that stand by themselves in another system.
fn closed(page: &RecordPage) -> Vec<String> {
    let closings = page.oversight.closings.iter();
    closings
        .map(|one| {
            format!(
                "{}, not met visit after visit: closed by {}, {}. Step: {}. Look again: {}. “{}”",
                one.label,
                one.by,
                moment(&one.written),
                one.step_words,
                british(&one.look_again),
                one.reason
            )
        })
        .collect()
}

/// Words first and untouched; then how they came, and who may read them.
fn what_was_given(voice: &RecordPage) -> Vec<String> {
    if let Some(closed) = &voice.closed {
        return vec![closed.clone()];
    }
    let mut lines: Vec<String> = voice
        .words
        .iter()
        .map(|words| format!("“{words}”"))
        .collect();
    for entry in &voice.entries {
        lines.push(format!("{}:", entry.label));
        lines.extend(versions(entry));
    }
    let mut placed: Vec<&str> = NAMES.to_vec();
    for question in &voice.questions {
        if !placed.contains(&question.field.as_str()) {
            placed.push(&question.field);
            lines.extend(lines_of(voice, &question.field));
        }
    }
    let decided = placed.contains(&"family_papers");
    if !decided {
        lines.push("In papers that the family sees: No, until somebody decides".to_owned());
    }
    lines
}

/// The lines of one question: for each of its elements one, with its parts on it.
fn lines_of(page: &RecordPage, field: &str) -> Vec<String> {
    let mut lines: Vec<(Option<&str>, String)> = Vec::new();
    for question in page.questions.iter().filter(|one| one.field == field) {
        let mut parts = question.target.split('/').skip(1);
        let (element, part) = (parts.next(), parts.next());
        let line = format!("{}: {}", question.label, answer_of(question));
        match lines.iter_mut().find(|(known, _)| *known == element) {
            Some((_, known)) if part.is_some() => {
                let _ = write!(known, "; {line}");
            }
            _ => lines.push((element, line)),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

fn said(answer: &AnswerView) -> String {
    if let Some(removed) = &answer.removed {
        return removed.clone();
    }
    let label = answer
        .label
        .as_deref()
        .unwrap_or("(cannot be read on this device)");
    let label = british(label);
    match &answer.note {
        Some(note) => format!("{label} (“{note}”)"),
        None => label,
    }
}

fn answer_of(question: &QuestionView) -> String {
    let by_name = |answer: &AnswerView| format!("{}: {}", answer.by, said(answer));
    let standing = question
        .standing
        .and_then(|standing| question.answers.get(standing));
    let mut text = match standing {
        Some(standing) if question.open => {
            let all: Vec<String> = question.answers.iter().map(by_name).collect();
            format!(
                "{} [{}]",
                words::two_answers_line(&said(standing)),
                all.join("; ")
            )
        }
        Some(standing) => said(standing),
        None if question.answers.len() == 1 && !question.field.starts_with("area_") => {
            question.answers.iter().map(said).collect()
        }
        None => {
            let all: Vec<String> = question.answers.iter().map(by_name).collect();
            all.join("; ")
        }
    };
    if question.maybe_worse {
        text.push_str(" (a more worrying answer may exist)");
    }
    if !question.on_page.is_empty() {
        let page: Vec<String> = question.on_page.iter().map(said).collect();
        let _ = write!(text, " (the finished page said: {})", page.join("; "));
    }
    text
}

/// What was written by the time of the finish, each heading once, in the order of the form.
fn texts_of(page: &RecordPage) -> Vec<CaseSection> {
    let mut sections: Vec<CaseSection> = Vec::new();
    for entry in page.entries.iter().filter(|entry| !entry.late) {
        let lines = versions(entry);
        match sections.iter_mut().find(|one| one.heading == entry.label) {
            Some(section) => section.lines.extend(lines),
            None => sections.push(section(&entry.label, lines)),
        }
    }
    sections
}

fn versions(entry: &EntryView) -> Vec<String> {
    let mut order: Vec<usize> = (0..entry.versions.len()).collect();
    order.sort_by_key(|at| *at != entry.first);
    let mut lines = Vec::new();
    for version in order.into_iter().filter_map(|at| entry.versions.get(at)) {
        match (&version.removed, &version.text) {
            (Some(text), _) | (None, Some(text)) => lines.push(text.clone()),
            (None, None) => lines.push(format!("({} is still writing.)", version.by)),
        }
        let back = if entry.withdrawn {
            ", taken back by its author"
        } else {
            ""
        };
        lines.push(format!(
            "— {}, {}{back}",
            version.by,
            moment(&version.written)
        ));
    }
    lines
}

fn later(page: &RecordPage) -> Vec<String> {
    let mut lines = Vec::new();
    for late in &page.late {
        lines.push(late_line(late));
    }
    for corrected in &page.oversight.corrections {
        lines.push(corrected.words.clone());
    }
    for asked in &page.oversight.returned {
        lines.push(asked.words.clone());
    }
    lines
}

fn late_line(late: &LateView) -> String {
    let received = late.received.as_ref().map_or_else(
        || "not with the council yet".to_owned(),
        |at| format!("reached the council {}", moment(at)),
    );
    format!(
        "{}: {}\n— {}, written {}, {received}",
        late.label,
        late.text.as_deref().unwrap_or("(cannot be read here)"),
        late.by,
        moment(&late.written)
    )
}

fn about_the_record(page: &RecordPage) -> CaseSection {
    let mut lines = Vec::new();
    if let Some(voided) = &page.oversight.voided {
        lines.push("Entered in error: not for the child's file.".to_owned());
        lines.push(voided.words.clone());
    }
    match &page.finished {
        Some(finished) => {
            lines.push(format!(
                "Finished by {}, {}",
                finished.by,
                moment(&finished.written)
            ));
            if finished.being_looked_at {
                lines.push("One statement is being looked at.".to_owned());
            }
        }
        None if page.kind == RecordKind::Visit.form() && page.oversight.voided.is_none() => {
            lines.push("Not finished: this may still change.".to_owned());
        }
        None => {}
    }
    if let Some(signed) = &page.oversight.signed_off {
        lines.push(signed.words.clone());
    }
    if let Some(status) = &page.status {
        lines.push(status.title.clone());
    }
    lines.push(format!("Visitbook record: {}", page.record));
    section(FILE, lines)
}

/// The day of the visit as it is written in Britain; for other records the day on which they were first written.
fn day_of(page: &RecordPage) -> Option<String> {
    let date = page.questions.iter().find(|one| one.field == "visit_date");
    let date = date.and_then(|question| {
        let standing = question.standing.unwrap_or(0);
        question.answers.get(standing)?.code.clone()
    });
    let first = page.questions.iter().flat_map(|question| &question.answers);
    let date = date.or_else(|| first.map(|answer| answer.written.date.clone()).min());
    date.map(|date| british(&date))
}

fn moment(at: &Moment) -> String {
    format!("{} {}", british(&at.date), at.time)
}

/// `2026-10-27` as 27/10/2026; everything else as it is.
fn british(text: &str) -> String {
    let digits =
        |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    match text.split('-').collect::<Vec<_>>()[..] {
        [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2) => {
            format!("{day}/{month}/{year}")
        }
        _ => text.to_owned(),
    }
}
