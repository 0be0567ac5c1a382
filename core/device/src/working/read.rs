//! Records as screens show them: laid out from the log, with the holder's own unsent words over what all see.

use std::collections::BTreeSet;

use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::look::Look;
use visitbook_record::op::Target;
use visitbook_record::page::{Page, Statement, View, lay_out};
use visitbook_record::payload::Content;
use visitbook_record::scope::Scope;

use super::Working;
use super::model::{
    AskView, ConcernView, DrawingView, Found, LateView, OpenQuestion, RecordPage, Version,
    VoiceView,
};
use super::show::Show;
use super::standing::question_text;
use super::voice;
use crate::clock::Moment;
use crate::error::ReadError;
use crate::store::log::{self, RecordRow, Row};
use crate::store::rows::name;
use crate::store::{StoreError, devices, search, views};

const MOST_FOUND: usize = 50;

/// Whether what a child handed in is to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It stays closed.
    No,
    /// By a tap of the holder's, who is then said to have opened it.
    Deliberately,
}

type Result<T> = std::result::Result<T, ReadError>;

impl Working {
    pub(crate) fn voices_of(&self, scope: i64, most: usize) -> Result<Vec<VoiceView>> {
        let mut voices = Vec::new();
        let all = log::records_of(&self.store.reader, scope, RecordKind::Voice)?;
        for record in all.into_iter().rev().take(most) {
            voices.extend(self.voice_view(record, Opening::No)?);
        }
        Ok(voices)
    }

    pub(crate) fn voice_view(
        &self,
        record: RecordId,
        opening: Opening,
    ) -> Result<Option<VoiceView>> {
        let (row, child, rows) = self.rows_of(record)?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let page = self.page_of(record, opening)?;
        if page.closed.is_some() {
            return Ok(Some(self.closed_voice(page, &first.statement)?));
        }
        self.looked(Look::Page, child, record);
        let texts = |wanted: &str| -> Vec<String> {
            each_once(
                rows.iter()
                    .map(|row| &row.statement)
                    .filter(|statement| statement.fact.target.name() == wanted),
            )
        };
        let drawing = rows.iter().find_map(|row| match &row.statement.content {
            Some(Content::Drawing(drawing)) => Some(DrawingView {
                media: drawing.media.clone(),
                bytes: drawing.bytes.len(),
                sha256: visitbook_seal::sha256(&drawing.bytes)
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect(),
            }),
            _ => None,
        });
        let how = views::answer(&self.store.reader, row.no, "how")?;
        let (how, how_label) = how.map_or((None, None), |(code, label, _)| (code, label));
        let opened_by = voice::of_field(&page, "opened")
            .filter_map(|(_, one)| Some(one.answers.first()?.by.clone()))
            .collect();
        Ok(Some(VoiceView {
            record,
            child,
            closed: None,
            how,
            how_label,
            words: texts("words"),
            removed: page
                .entries
                .iter()
                .flat_map(|entry| &entry.versions)
                .filter_map(|version| version.removed.clone())
                .collect(),
            saw: texts("saw"),
            drawing,
            by_the_child: voice::code(&page, &Target::field("entered_by")).as_deref()
                == Some("child_themselves"),
            opened_by,
            child_asks: voice::child_asks(&page),
            family_papers: voice::code(&page, &Target::field("family_papers")),
            sharing: voice::sharing(&page),
            replies: voice::replies(&page),
            readings: voice::texts(&page, "reading"),
            translations: voice::texts(&page, "translation"),
            by: self.staff_name(first.statement.fact.author)?,
            written: Moment::of(first.statement.written),
        }))
    }

    /// A voice that nobody has opened, as lists show it.
    fn closed_voice(&self, page: RecordPage, first: &Statement) -> Result<VoiceView> {
        Ok(VoiceView {
            record: page.record,
            child: page.child,
            closed: page.closed,
            how: None,
            how_label: None,
            words: Vec::new(),
            removed: Vec::new(),
            saw: Vec::new(),
            drawing: None,
            by_the_child: true,
            opened_by: Vec::new(),
            child_asks: Vec::new(),
            family_papers: None,
            sharing: None,
            replies: Vec::new(),
            readings: Vec::new(),
            translations: Vec::new(),
            by: self.staff_name(first.fact.author)?,
            written: Moment::of(first.written),
        })
    }

    pub(crate) fn rows_of(&self, record: RecordId) -> Result<(RecordRow, RecordId, Vec<Row>)> {
        let unknown = || ReadError::UnknownRecord(record);
        let row = log::record(&self.store.reader, record)?.ok_or_else(unknown)?;
        let child = row.home.scope.child().ok_or_else(unknown)?;
        self.held_scope(child).map_err(|_| unknown())?;
        let rows = log::statements(&self.store.reader, row.no)?;
        Ok((row, child, rows))
    }

    /// A visit, laid out.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn visit(&self, record: RecordId) -> Result<RecordPage> {
        let page = self.page(record)?;
        if page.kind == RecordKind::Visit.form() {
            Ok(page)
        } else {
            Err(ReadError::OtherKind("visit"))
        }
    }

    /// Any record about a child, laid out. What a child handed in and nobody has opened is `closed`: it says whose it is and since
    /// when, and nothing more, until [`Self::open_voice`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn page(&self, record: RecordId) -> Result<RecordPage> {
        let page = self.page_of(record, Opening::No)?;
        self.looked(Look::Page, page.child, record);
        Ok(page)
    }

    pub(super) fn page_of(&self, record: RecordId, opening: Opening) -> Result<RecordPage> {
        let (row, child, rows) = self.rows_of(record)?;
        let (signed, statements): (Vec<i64>, Vec<Statement>) = rows
            .into_iter()
            .map(|row| (row.signed, row.statement))
            .unzip();
        let page = lay_out(row.home.kind, &statements, View::Here);
        let staff = self.staff_names()?;
        let show = Show {
            kind: row.home.kind,
            me: self.me.worker,
            staff: &staff,
            statements: &statements,
        };
        let child_name = self.child_name(child)?;
        let oversight = self.oversight_of(&row, child, &page, &statements)?;
        let closed = match opening {
            Opening::No => self.closed(&row, &child_name, &page, &statements)?,
            Opening::Deliberately => None,
        };
        if page.voided.is_some() || closed.is_some() {
            // What was entered in error stands in the record's history and nowhere else.
            return Ok(RecordPage {
                closed,
                record,
                kind: row.home.kind.form().to_owned(),
                child,
                child_name,
                questions: Vec::new(),
                entries: Vec::new(),
                words: Vec::new(),
                attachments: Vec::new(),
                from_previous_worker: Vec::new(),
                finished: None,
                late: Vec::new(),
                unread: 0,
                oversight,
                same_visit: Vec::new(),
                status: self.status_of(&row)?,
            });
        }
        let words = each_once(
            statements
                .iter()
                .filter(|statement| matches!(statement.content, Some(Content::Words(_)))),
        );
        Ok(RecordPage {
            closed: None,
            record,
            kind: row.home.kind.form().to_owned(),
            child,
            child_name,
            questions: show.questions(&page),
            entries: show.entries(&page),
            words,
            attachments: self.attachment_views(&page, &statements)?,
            from_previous_worker: show.by_previous_worker(),
            finished: show.finished(&page),
            late: self.late(&show, &page.late, &signed)?,
            unread: page.unread.len(),
            oversight,
            same_visit: self.same_visit_of(record)?,
            status: self.status_of(&row)?,
        })
    }

    /// What came after the finish, with the devices it was written on.
    fn late(&self, show: &Show<'_>, late: &[usize], signed: &[i64]) -> Result<Vec<LateView>> {
        let db = &self.store.reader;
        let labels = devices::labels(db)?;
        let mut all = Vec::with_capacity(late.len());
        for at in late {
            let Some(view) = show.late(*at) else {
                continue;
            };
            let device = match signed.get(*at) {
                Some(signed) => devices::of_commit(db, *signed)?,
                None => None,
            };
            let device = device.and_then(|device| labels.get(&device).cloned());
            all.push(LateView { device, ..view });
        }
        Ok(all)
    }

    /// Concerns, newest first: of one child, or all this device holds.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn concerns(&self, child: Option<RecordId>) -> Result<Vec<ConcernView>> {
        let all = self.concerns_of(child)?;
        self.looked_at_all(Look::Page, all.iter().map(|one| (one.child, one.record)));
        Ok(all)
    }

    /// Which concerns there are, and about whom: to find one by its name, without reading any.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn concern_names(&self) -> Result<Vec<(RecordId, String)>> {
        let all = self.concerns_of(None)?;
        Ok(all
            .into_iter()
            .map(|one| (one.record, one.child_name))
            .collect())
    }

    pub(crate) fn concerns_of(&self, child: Option<RecordId>) -> Result<Vec<ConcernView>> {
        let mut all = Vec::new();
        for scope in log::scopes(&self.store.reader)? {
            let wanted =
                scope.is_open() && child.is_none_or(|child| scope.scope == Scope::Child(child));
            if !wanted {
                continue;
            }
            for record in log::records_of(&self.store.reader, scope.no, RecordKind::Concern)? {
                all.extend(self.concern_view(record)?);
            }
        }
        all.sort_by(|a, b| b.written.cmp(&a.written));
        Ok(all)
    }

    fn concern_view(&self, record: RecordId) -> Result<Option<ConcernView>> {
        let (row, child, rows) = self.rows_of(record)?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let first = first.statement.clone();
        let statements: Vec<Statement> = rows.into_iter().map(|row| row.statement).collect();
        let page = lay_out(RecordKind::Concern, &statements, View::Here);
        let staff = self.staff_names()?;
        let show = Show {
            kind: RecordKind::Concern,
            me: self.me.worker,
            staff: &staff,
            statements: &statements,
        };
        let entries = |heading: &str| -> Vec<LateView> {
            page.entries
                .iter()
                .filter(|entry| entry.target.name() == heading && !entry.withdrawn)
                .filter_map(|entry| show.late(entry.first?))
                .collect()
        };
        let urgency = views::answer(&self.store.reader, row.no, "urgency")?;
        let (urgency, urgency_label) =
            urgency.map_or((None, None), |(code, label, _)| (code, label));
        let told = page
            .questions
            .values()
            .filter(|question| {
                question.target.name() == "told" && question.target.part_name().is_none()
            })
            .flat_map(|question| &question.live)
            .filter_map(|at| show.text(*at))
            .collect();
        Ok(Some(ConcernView {
            record,
            child,
            child_name: self.child_name(child)?,
            urgency,
            urgency_label,
            about: entries("about")
                .into_iter()
                .filter_map(|entry| entry.text)
                .collect(),
            by: show.name(first.fact.author),
            written: Moment::of(first.written),
            received: first.received.map(Moment::of),
            told,
            decisions: entries("decision"),
        }))
    }

    /// Every question to which two answers are open, the holder's own first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn questions(&self) -> Result<Vec<OpenQuestion>> {
        let mut found = self.store.reader.prepare_cached(
            "SELECT DISTINCT record.id FROM answer_view JOIN record ON record.no = answer_view.record
                JOIN scope ON scope.no = record.scope
             WHERE answer_view.open = 1 AND scope.held = 1 AND scope.closed = 0 ORDER BY record.no",
        )?;
        let mut rows = found.query([])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(name::<RecordId>(row, 0)?);
        }
        let mut all = Vec::new();
        for record in records {
            let (row, child, rows) = self.rows_of(record)?;
            let statements: Vec<Statement> = rows.into_iter().map(|row| row.statement).collect();
            let page = lay_out(row.home.kind, &statements, View::Here);
            all.extend(self.open_questions(&row, child, &page, &statements)?);
        }
        all.sort_by_key(|question| !question.mine);
        Ok(all)
    }

    fn open_questions(
        &self,
        row: &RecordRow,
        child: RecordId,
        page: &Page,
        statements: &[Statement],
    ) -> Result<Vec<OpenQuestion>> {
        let staff = self.staff_names()?;
        let child_name = self.child_name(child)?;
        let is_manager = self.role_for(child)? == Some(Role::Manager);
        let show = Show {
            kind: row.home.kind,
            me: self.me.worker,
            staff: &staff,
            statements,
        };
        let mut all = Vec::new();
        for question in page.questions.values().filter(|question| question.open) {
            let asks: Vec<AskView> = page
                .asks
                .iter()
                .filter_map(|at| show.ask(*at, &question.target))
                .collect();
            let asked = asks.iter().any(|ask| ask.of == self.me.worker);
            let standing = question
                .standing
                .and_then(|standing| question.live.iter().position(|at| *at == standing));
            all.push(OpenQuestion {
                record: row.id,
                kind: row.home.kind.form().to_owned(),
                child,
                child_name: child_name.clone(),
                target: question.target.to_string(),
                question: question_text(row.home.kind, &question.target, &child_name),
                answers: show.answers(&question.live),
                standing,
                mine: asked || show.any_mine(&question.live),
                text: false,
                unseen: show.unseen(&question.live),
                choices: show.choices(&question.target, &question.live, is_manager),
                asks,
            });
        }
        for entry in page.entries.iter().filter(|entry| entry.open) {
            all.push(OpenQuestion {
                record: row.id,
                kind: row.home.kind.form().to_owned(),
                child,
                child_name: child_name.clone(),
                target: entry.target.to_string(),
                question: question_text(row.home.kind, &entry.target, &child_name),
                answers: show.answers(&entry.live),
                standing: None,
                mine: show.any_mine(&entry.live),
                text: true,
                unseen: show.unseen(&entry.live),
                choices: Vec::new(),
                asks: Vec::new(),
            });
        }
        Ok(all)
    }

    /// Every statement about a record in log order, own unsent ones last: who, both times, what became of it. Of what a child
    /// handed in and nobody has opened nothing is told: whom it is not to be shared with stands in it too.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn history(&self, record: RecordId) -> Result<Vec<Version>> {
        let (_, child, _) = self.rows_of(record)?;
        self.looked(Look::History, child, record);
        self.history_of(record)
    }

    pub(super) fn history_of(&self, record: RecordId) -> Result<Vec<Version>> {
        let (row, _, mut rows) = self.rows_of(record)?;
        rows.extend(self.said_elsewhere(&row)?);
        let statements: Vec<Statement> = rows.iter().map(|row| row.statement.clone()).collect();
        let page = lay_out(row.home.kind, &statements, View::Here);
        let live: BTreeSet<OpId> = page
            .questions
            .values()
            .flat_map(|question| &question.live)
            .chain(page.entries.iter().flat_map(|entry| &entry.live))
            .filter_map(|at| statements.get(*at))
            .map(|statement| statement.fact.id)
            .collect();
        let staff = self.staff_names()?;
        if self.closed(&row, "", &page, &statements)?.is_some() {
            return Ok(Vec::new());
        }
        let show = Show {
            kind: row.home.kind,
            me: self.me.worker,
            staff: &staff,
            statements: &statements,
        };
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|at| {
            let position = rows.get(*at).and_then(|row| row.statement.counted_at);
            (position.is_none(), position)
        });
        let mut all = Vec::with_capacity(rows.len());
        for at in order {
            if let Some(found) = rows.get(at) {
                let commit = log::commit_no(&self.store.reader, found.signed)?
                    .ok_or(StoreError::Row("a commit"))?;
                all.extend(show.version(at, commit.hash, live.contains(&found.statement.fact.id)));
            }
        }
        Ok(all)
    }

    /// Finds words in everything this device holds. Whatever is typed, it is only ever searched for. New words are indexed
    /// first, so this writes to the search index. What a child handed in and nobody has opened is not searched: that a word
    /// occurs in it says something of what it says, to whoever sees the screen.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn search(&mut self, text: &str) -> Result<Vec<Found>> {
        self.index()?;
        let Some(query) = search::query(text) else {
            return Ok(Vec::new());
        };
        let staff = self.staff_names()?;
        let mut all = Vec::new();
        for no in search::matches(&self.store.reader, &query, MOST_FOUND)? {
            let Some(found) = log::statement_no(&self.store.reader, no)? else {
                continue;
            };
            let Some(words) = found.statement.content.as_ref().and_then(search::words_of) else {
                continue;
            };
            let fact = &found.statement.fact;
            let Some(row) = log::record(&self.store.reader, fact.record)? else {
                continue;
            };
            let child = row.home.scope.child();
            all.push(Found {
                op: fact.id,
                record: fact.record,
                kind: row.home.kind.form().to_owned(),
                child,
                child_name: match child {
                    Some(child) => self.child_name(child)?,
                    None => String::new(),
                },
                target: fact.target.to_string(),
                excerpt: excerpt(&words, text),
                by: staff
                    .get(&fact.author)
                    .cloned()
                    .unwrap_or_else(|| fact.author.to_string()),
                written: Moment::of(found.statement.written),
            });
        }
        let of_children = all
            .iter()
            .filter_map(|hit: &Found| Some((hit.child?, hit.record)));
        self.looked_at_all(Look::Search, of_children);
        Ok(all)
    }
}

/// The texts, in order. What the council and the worker's device both made of one thing a child handed in has one name and one
/// wording, and is read once.
fn each_once<'a>(statements: impl Iterator<Item = &'a Statement>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    statements
        .filter_map(|statement| match &statement.content {
            Some(Content::Words(text) | Content::Text { text, .. }) => {
                Some((&statement.fact.target, text))
            }
            _ => None,
        })
        .filter(|one| seen.insert(*one))
        .map(|(_, text)| text.clone())
        .collect()
}

/// At most 200 characters around the first word looked for, or the beginning.
fn excerpt(words: &str, looked_for: &str) -> String {
    const LENGTH: usize = 200;
    const BEFORE: usize = 40;
    let lower: Vec<char> = words
        .chars()
        .flat_map(|c| c.to_lowercase().next())
        .collect();
    let first: Vec<char> = looked_for
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .chars()
        .flat_map(|c| c.to_lowercase().next())
        .collect();
    let at = if first.is_empty() {
        0
    } else {
        lower
            .windows(first.len())
            .position(|window| window == first.as_slice())
            .unwrap_or(0)
    };
    words
        .chars()
        .skip(at.saturating_sub(BEFORE))
        .take(LENGTH)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_cut_between_characters() {
        let words = "ä".repeat(500) + " bottle " + &"ß".repeat(500);
        let cut = excerpt(&words, "BOTTLE");
        assert!(cut.contains("bottle"));
        assert_eq!(cut.chars().count(), 200);
        assert_eq!(excerpt("short", "nothing"), "short");
    }
}
