//! The sums of the board. A pure function of what is known and of the day.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_record::calendar::Date;
use visitbook_record::commit::RecordKind;
use visitbook_record::due::{self, Child, ChildDue, Rules};
use visitbook_record::id::{RecordId, WorkerId};
use visitbook_record::op::{Kind, Target};
use visitbook_record::page::Statement;
use visitbook_record::telling::to_tell;
use visitbook_record::verdict::Verdict;
use visitbook_record::words;

use super::super::cover::openings;
use super::super::due::{Answers, VisitFacts, child_of, is_no_access};
use super::super::met;
use super::super::model::{
    ActionBy, AloneLine, AsideLine, AskedLine, Board, Decided, DeviceHeard, DueChild, FileOpened,
    MetChild, NotMetLine, NotSeen, ReturnedView, ToSign, ToTell, TwoAnswersLine, UnopenedLine,
    WaitingChild,
};
use super::super::show::Show;
use super::super::telling::{Told, calendar, day_of};
use super::known::{Known, KnownChild, KnownRecord};
use super::neglect::{self, Line, Went};
use super::unopened;
use crate::clock::Moment;
use crate::store::oversight_view::{asked_of, is_answered};

/// One visit to a child.
struct VisitOf<'a> {
    record: &'a KnownRecord,
    answers: Answers,
    on: Option<Date>,
}

impl VisitOf<'_> {
    fn code(&self, field: &str) -> Option<&str> {
        self.answers.get(&Target::field(field))?.as_deref()
    }

    fn is_no_access(&self) -> bool {
        self.code("outcome").is_some_and(is_no_access)
    }

    /// Seen in person, whatever the visit counts as.
    fn seen(&self) -> bool {
        self.code("outcome").is_none_or(|code| code == "went_ahead")
            && self.code("mode") == Some("in_person")
            && self.code("seen") == Some("yes")
    }
}

/// One child on the day.
pub(super) struct ChildOn<'a> {
    child: &'a KnownChild,
    name: String,
    visits: Vec<VisitOf<'a>>,
    /// What was owed as the day began, and as it stands with today's visits.
    before: Option<ChildDue>,
    now: Option<ChildDue>,
}

impl<'a> ChildOn<'a> {
    fn new(child: &'a KnownChild, rules: &Rules, day: Date) -> Self {
        let together = child.together();
        let visits: Vec<VisitOf<'a>> = child
            .of_kind(RecordKind::Visit)
            .filter(|record| !together.is_beside(record.id))
            .map(|record| {
                let answers = child.answers_of_visit(record, &together);
                let on = VisitFacts::of(&answers).on;
                VisitOf {
                    record,
                    answers,
                    on,
                }
            })
            .collect();
        let known = |until: &dyn Fn(Date) -> bool| -> Child {
            let mut known = child_of(&child.answers);
            for visit in visits.iter().filter(|visit| visit.on.is_some_and(until)) {
                VisitFacts::of(&visit.answers).tell(&mut known);
            }
            known
        };
        let before = due::due(rules, &known(&|on| on < day), day).ok();
        let now = due::due(rules, &known(&|on| on <= day), day).ok();
        Self {
            child,
            name: child.name(),
            before,
            now,
            visits,
        }
    }

    fn today(&self, day: Date) -> impl Iterator<Item = &VisitOf<'a>> {
        self.visits
            .iter()
            .filter(move |visit| visit.on == Some(day))
    }

    fn seen_on(&self, day: Date) -> Option<&VisitOf<'a>> {
        self.today(day).find(|visit| visit.seen())
    }
}

/// Everything the board is computed from.
pub(super) struct Sheet<'a> {
    known: &'a Known,
    me: WorkerId,
    day: Date,
    children: Vec<ChildOn<'a>>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(known: &'a Known, me: WorkerId, day: Date) -> Self {
        let rules = Rules::england();
        let children = known
            .children
            .iter()
            .map(|child| ChildOn::new(child, &rules, day))
            .collect();
        Self {
            known,
            me,
            day,
            children,
        }
    }

    pub(super) fn board(
        &self,
        whose: String,
        at: Option<Moment>,
        now: &Moment,
        devices: Vec<DeviceHeard>,
    ) -> Board {
        let mut due = Vec::new();
        let (mut alone, mut also_seen) = (Vec::new(), Vec::new());
        let (mut written_up, mut to_write_up) = (0, 0);
        for child in &self.children {
            let line = self.due(child);
            if let Some(visit) = child.seen_on(self.day) {
                let spoken = self.alone(child, visit);
                if line.is_some() {
                    alone.push(spoken);
                    to_write_up += 1;
                    written_up += usize::from(self.finished_today(visit.record));
                } else {
                    also_seen.push(spoken);
                }
            }
            due.extend(line);
        }
        let (not_met_closed, not_met) = self.not_met().into_iter().partition(neglect::is_closed);
        Board {
            whose,
            date: self.day.to_string(),
            at,
            due,
            alone,
            also_seen,
            asked: self.asked(),
            two_answers: self.two_answers(),
            not_met,
            not_met_closed,
            waiting: self.waiting(),
            to_tell: self.to_tell(),
            opened: self.opened(),
            met: self.met(),
            unopened: self.unopened(now),
            written_up,
            to_write_up,
            aside: self.aside(),
            to_sign: self.to_sign(),
            returned: self.returned(),
            devices,
        }
    }

    fn show<'s>(&'s self, record: &'s KnownRecord) -> Show<'s> {
        Show {
            kind: record.kind,
            me: self.me,
            staff: &self.known.staff,
            statements: &record.statements,
        }
    }

    /// The day on which the council received something, or on which it was written if it has not.
    fn day_of(statement: &Statement) -> String {
        Moment::of(statement.received.unwrap_or(statement.written)).date
    }

    fn is_today(&self, statement: &Statement) -> bool {
        Self::day_of(statement) == self.day.to_string()
    }

    fn due(&self, child: &ChildOn<'_>) -> Option<DueChild> {
        let owed = child.before.as_ref()?.leading()?;
        let due = owed.due.filter(|due| *due <= self.day)?;
        let seen = child.seen_on(self.day).is_some();
        Some(DueChild {
            child: child.child.id,
            name: child.name.clone(),
            due: due.to_string(),
            overdue: due < self.day,
            line: owed.line(),
            seen,
            not_seen: (!seen).then(|| self.not_seen(child)),
        })
    }

    fn not_seen(&self, child: &ChildOn<'_>) -> NotSeen {
        let no_access = child.now.as_ref().and_then(|now| now.no_access.as_ref());
        let tried = child.today(self.day).find(|visit| visit.is_no_access());
        let visited = child
            .today(self.day)
            .find(|visit| visit.code("seen").is_some());
        let (state, words) = match (tried, visited) {
            (Some(_), _) => {
                let times = no_access.map_or(1, |none| none.on.len());
                let words = match times {
                    0 | 1 => "no answer".to_owned(),
                    2 => "second no answer".to_owned(),
                    times => format!("no answer, {times} times in a row"),
                };
                ("no_access", words)
            }
            (None, Some(visit)) => {
                let why = visit.record.label("not_seen_because");
                ("not_seen", why.unwrap_or_else(|| "not seen".to_owned()))
            }
            (None, None) => ("no_visit", "no visit yet".to_owned()),
        };
        NotSeen {
            state: state.to_owned(),
            words,
            no_access: no_access.map(|none| none.line.clone()),
            decision: tried.and_then(|visit| self.decided_about(child.child, visit.record.id)),
        }
    }

    /// The newest decision on a concern that comes from this visit.
    fn decided_about(&self, child: &KnownChild, visit: RecordId) -> Option<Decided> {
        child
            .of_kind(RecordKind::Concern)
            .filter(|concern| comes_from(concern, visit))
            .filter_map(|concern| self.decision(concern))
            .max_by_key(|decided| decided.written.millis)
    }

    fn decision(&self, concern: &KnownRecord) -> Option<Decided> {
        let show = self.show(concern);
        concern
            .page
            .entries
            .iter()
            .filter(|entry| entry.target.name() == "decision" && !entry.withdrawn)
            .filter_map(|entry| {
                let late = show.late(entry.first?)?;
                Some(Decided {
                    text: late.text?,
                    by: late.by,
                    written: late.written,
                })
            })
            .max_by_key(|decided| decided.written.millis)
    }

    fn alone(&self, child: &ChildOn<'_>, visit: &VisitOf<'_>) -> AloneLine {
        let code = visit.code("alone");
        let because = visit.code("not_spoken_alone_because");
        let state = match (code, because) {
            (Some("spoke_alone"), _) => "spoke_alone",
            (_, Some("not_right_for_age")) => "too_young",
            (Some("alone_not_talking"), _) => "alone_not_talking",
            (Some(_), _) => "not_alone",
            (None, _) if visit.record.is_open("alone") => "not_alone",
            (None, _) => "not_recorded",
        };
        let spoken = state == "spoke_alone" || state == "too_young";
        AloneLine {
            child: child.child.id,
            name: child.name.clone(),
            state: state.to_owned(),
            because: (!spoken)
                .then(|| visit.record.label("not_spoken_alone_because"))
                .flatten(),
            open: visit.record.is_open("alone"),
            action: if spoken {
                None
            } else {
                self.first_action(visit)
            },
        }
    }

    fn first_action(&self, visit: &VisitOf<'_>) -> Option<ActionBy> {
        let answer = |target: &Target| visit.answers.get(target).cloned().flatten();
        visit
            .answers
            .keys()
            .filter(|target| target.name() == "actions" && target.part_name().is_none())
            .filter_map(|target| {
                let element = target.element_id()?;
                let by: Date = answer(&Target::part("actions", element, "due"))?
                    .parse()
                    .ok()?;
                let what = answer(&Target::part("actions", element, "what"));
                Some((by, what.or_else(|| answer(target))?))
            })
            .min()
            .map(|(by, what)| ActionBy {
                what,
                by: by.to_string(),
                by_words: by.words(self.day),
            })
    }

    fn finished_today(&self, visit: &KnownRecord) -> bool {
        visit
            .page
            .finished
            .as_ref()
            .and_then(|finished| visit.statements.get(finished.by))
            .is_some_and(|finish| self.is_today(finish))
    }

    /// Concerns marked in one save are one request. One that comes from a visit with no access is shown there instead.
    fn asked(&self) -> Vec<AskedLine> {
        let mut requests: BTreeMap<(i64, WorkerId), Vec<(&KnownChild, &KnownRecord)>> =
            BTreeMap::new();
        for child in &self.children {
            let tried: Vec<RecordId> = child
                .visits
                .iter()
                .filter(|visit| visit.is_no_access())
                .map(|visit| visit.record.id)
                .collect();
            for concern in child.child.of_kind(RecordKind::Concern) {
                let Some(first) = concern.statements.first() else {
                    continue;
                };
                let shown_elsewhere = tried.iter().any(|visit| comes_from(concern, *visit));
                let calm = concern.answers().get(&Target::field("urgency"))
                    == Some(&Some("no_worry_today".to_owned()));
                let past = !self.is_today(first) && self.decision(concern).is_some();
                if !shown_elsewhere && !calm && !past {
                    requests
                        .entry((first.written.0, first.fact.author))
                        .or_default()
                        .push((child.child, concern));
                }
            }
        }
        requests
            .into_values()
            .filter_map(|one| self.request(&one))
            .collect()
    }

    fn request(&self, concerns: &[(&KnownChild, &KnownRecord)]) -> Option<AskedLine> {
        let (_, concern) = concerns.first()?;
        let first = concern.statements.first()?;
        let decision = concerns
            .iter()
            .filter_map(|(_, concern)| self.decision(concern))
            .max_by_key(|decided| decided.written.millis);
        let decided = concerns
            .iter()
            .all(|(_, concern)| self.decision(concern).is_some());
        Some(AskedLine {
            who: who(concerns.iter().map(|(child, _)| *child)),
            concerns: concerns.iter().map(|(_, concern)| concern.id).collect(),
            urgency: concern
                .label("urgency")
                .unwrap_or_else(|| "urgent".to_owned()),
            by: self.show(concern).name(first.fact.author),
            marked: Moment::of(first.written),
            received: first.received.map(Moment::of),
            decision: decision.filter(|_| decided),
        })
    }

    fn two_answers(&self) -> Vec<TwoAnswersLine> {
        let mut all = Vec::new();
        for (child, record) in self.records() {
            let show = self.show(record);
            for question in record.page.questions.values() {
                let settled = question
                    .live
                    .iter()
                    .filter_map(|at| record.statements.get(*at))
                    .find(|live| live.fact.kind == Kind::Resolve && self.is_today(live))
                    .filter(|_| !question.open);
                let standing = question
                    .standing
                    .and_then(|at| show.text(at))
                    .unwrap_or_else(|| "two answers".to_owned());
                let words = match settled {
                    Some(settled) => {
                        let time = Moment::of(settled.written).time;
                        let by = show.name(settled.fact.author);
                        words::settled_line(&standing, &by, &time)
                    }
                    None if question.open => words::two_answers_line(&standing),
                    None => continue,
                };
                let label = show.label(&question.target);
                all.push(TwoAnswersLine {
                    record: record.id,
                    name: child.name.clone(),
                    open: question.open,
                    words: format!("{}, {label}: {words}", child.name),
                    label,
                });
            }
        }
        all
    }

    /// Records of all children that were not entered in error.
    fn records(&self) -> impl Iterator<Item = (&ChildOn<'a>, &'a KnownRecord)> {
        self.children.iter().flat_map(|child| {
            let records = child.child.records.iter();
            records
                .filter(|record| record.page.voided.is_none())
                .map(move |record| (child, record))
        })
    }

    /// Voices that want an answer, until the child has been told one. Where nobody said what it is about, it may be a wish, and is listed.
    fn waiting(&self) -> Vec<WaitingChild> {
        let mut all = Vec::new();
        for (child, record) in self.records() {
            if record.kind != RecordKind::Voice || !wants_an_answer(record) {
                continue;
            }
            let given = answers_given(record);
            if given
                .iter()
                .any(|code| matches!(code.as_str(), "told_child" | "child_replied"))
            {
                continue;
            }
            let Some(first) = record.statements.first() else {
                continue;
            };
            let written = Moment::of(first.written);
            let since: Option<Date> = written.date.parse().ok();
            all.push(WaitingChild {
                voice: record.id,
                name: child.name.clone(),
                how: record.label("how").unwrap_or_else(|| "said".to_owned()),
                answered: given
                    .iter()
                    .any(|code| matches!(code.as_str(), "we_will" | "we_did" | "we_cannot")),
                days: since.map_or(0, |since| since.days_to(self.day).max(0).unsigned_abs()),
                since: written.date,
            });
        }
        all.sort_by(|a, b| (&a.since, &a.name, a.voice).cmp(&(&b.since, &b.name, b.voice)));
        all
    }

    /// Areas of care that were not met on three visits running, by child, as they stood on the day.
    pub(super) fn lines(&self) -> Vec<(&ChildOn<'a>, Line)> {
        let mut all = Vec::new();
        for child in &self.children {
            let together = child.child.together();
            let mut went = Vec::new();
            for visit in &child.visits {
                let Some(on) = visit.on.filter(|on| *on <= self.day) else {
                    continue;
                };
                if visit.code("outcome") != Some("went_ahead") {
                    continue;
                }
                let beside: BTreeSet<RecordId> = together.beside(visit.record.id).collect();
                let others = child.child.of_kind(RecordKind::Visit);
                let others = others.filter(|one| beside.contains(&one.id));
                let records = std::iter::once(visit.record).chain(others).collect();
                went.push(Went { on, records });
            }
            let own = Self::own(child).map_or(&[][..], |own| &own.statements);
            let lines = neglect::of(&went, own, self.known.view, self.day);
            all.extend(lines.into_iter().map(|line| (child, line)));
        }
        all
    }

    fn not_met(&self) -> Vec<NotMetLine> {
        let lines = self.lines().into_iter();
        let view = |(child, line): (&ChildOn<'a>, Line)| {
            let own = Self::own(child);
            let statements = own.map_or(&[][..], |own| &own.statements);
            let show = Show {
                kind: RecordKind::Child,
                me: self.me,
                staff: &self.known.staff,
                statements,
            };
            line.view(child.child.id, &child.name, &show, self.day)
        };
        lines.map(view).collect()
    }

    /// Children who changed worker. Of a past moment it is what the log said then, with the words of that day.
    fn to_tell(&self) -> Vec<ToTell> {
        let mut all = Vec::new();
        for child in &self.children {
            let Some(own) = Self::own(child) else {
                continue;
            };
            let Some(telling) = to_tell(&own.statements, self.known.view, calendar(), day_of)
            else {
                continue;
            };
            let told = Told {
                child: child.child.id,
                child_name: &child.name,
                sex: child.child.fact("sex"),
                me: self.me,
                today: self.day,
            };
            all.push(told.view(&telling, self.show(own).name(telling.worker)));
        }
        all.sort_by(|a, b| (&a.due, &a.child_name).cmp(&(&b.due, &b.child_name)));
        all
    }

    /// The child's own record.
    fn own(child: &ChildOn<'a>) -> Option<&'a KnownRecord> {
        let mut records = child.child.records.iter();
        records.find(|one| one.id == child.child.id)
    }

    /// Files that were opened today by somebody who stands in.
    fn opened(&self) -> Vec<FileOpened> {
        let today = self.day.to_string();
        let mut all = Vec::new();
        for child in &self.children {
            let Some(own) = Self::own(child) else {
                continue;
            };
            let named = |worker| self.show(own).name(worker);
            let openings = openings(child.child.id, &child.name, &today, &own.statements, named);
            all.extend(openings.filter(|one| {
                let at = one.received.as_ref().unwrap_or(&one.written);
                at.date == today
            }));
        }
        all.sort_by_key(|one| one.written.millis);
        all
    }

    /// Of whom nobody has said yet who they are, or two people differently.
    fn met(&self) -> Vec<MetChild> {
        let today = self.day.to_string();
        let known = |record: RecordId| {
            let mut children = self.children.iter();
            children
                .find(|one| one.child.id == record)
                .map(|one| one.name.clone())
        };
        let mut all = Vec::new();
        for child in &self.children {
            let Some(own) = Self::own(child) else {
                continue;
            };
            let named = |worker| self.show(own).name(worker);
            let (id, answers) = (child.child.id, own.answers());
            let met = met::view(id, &answers, &own.statements, &today, named, known);
            all.extend(met.filter(|met| matches!(met.state.as_str(), "open" | "two_answers")));
        }
        all.sort_by_key(|one| one.written.millis);
        all
    }

    fn unopened(&self, now: &Moment) -> Vec<UnopenedLine> {
        let mut all: Vec<UnopenedLine> = self
            .records()
            .filter_map(|(child, record)| unopened::of(record, &child.name, now))
            .collect();
        all.sort_by_key(|line| (line.received.millis, line.voice));
        all
    }

    fn aside(&self) -> Vec<AsideLine> {
        let mut all = Vec::new();
        for (child, record) in self.records() {
            let show = self.show(record);
            let mut by_author: BTreeMap<WorkerId, AsideLine> = BTreeMap::new();
            for statement in &record.statements {
                let waits = matches!(
                    statement.fact.verdict,
                    Some(Verdict::Quarantined { .. } | Verdict::Held { .. })
                );
                if !waits {
                    continue;
                }
                let line = by_author
                    .entry(statement.fact.author)
                    .or_insert_with(|| AsideLine {
                        record: record.id,
                        name: child.name.clone(),
                        kind: record.kind.form().to_owned(),
                        statements: 0,
                        by: show.name(statement.fact.author),
                        received: statement.received.map(Moment::of),
                    });
                line.statements += 1;
                line.received = match (&line.received, statement.received.map(Moment::of)) {
                    (Some(known), Some(other)) if other < *known => Some(other),
                    (known, other) => known.clone().or(other),
                };
            }
            all.extend(by_author.into_values());
        }
        all
    }

    fn to_sign(&self) -> Vec<ToSign> {
        let finish = |record: &'a KnownRecord| {
            let finished = record.page.finished.as_ref()?;
            record.statements.get(finished.by)
        };
        let mut all: Vec<ToSign> = self
            .records()
            .filter(|(_, record)| {
                record.kind == RecordKind::Visit && record.page.signed_off.is_none()
            })
            .filter_map(|(child, record)| {
                let finish = finish(record).filter(|finish| finish.fact.author != self.me)?;
                Some(ToSign {
                    visit: record.id,
                    name: child.name.clone(),
                    by: self.show(record).name(finish.fact.author),
                    finished: Moment::of(finish.written),
                })
            })
            .collect();
        all.sort_by_key(|line| line.finished.millis);
        all
    }

    fn returned(&self) -> Vec<ReturnedView> {
        let mut all = Vec::new();
        for (child, record) in self.records() {
            let show = self.show(record);
            for at in &record.page.returned {
                let Some(asked) = record.statements.get(*at) else {
                    continue;
                };
                let Some(of) = asked_of(asked, &record.statements) else {
                    continue;
                };
                if is_answered(*at, &record.statements) {
                    continue;
                }
                let (by, of_name) = (show.name(asked.fact.author), show.name(of));
                let question = show.text(*at).unwrap_or_default();
                let written = Moment::of(asked.written);
                all.push(ReturnedView {
                    record: record.id,
                    child: child.child.id,
                    child_name: child.name.clone(),
                    words: format!(
                        "{}: {by} asked {of_name}, {}: “{question}”",
                        child.name,
                        written.beside(&self.day.to_string())
                    ),
                    question,
                    by,
                    mine: of == self.me,
                    of,
                    of_name,
                    written,
                    received: asked.received.map(Moment::of),
                    answered: false,
                });
            }
        }
        all
    }
}

fn comes_from(concern: &KnownRecord, visit: RecordId) -> bool {
    let target = Target::field("visit_id");
    concern.answers().get(&target) == Some(&Some(visit.to_string()))
}

/// The family's name if they share one, else the children's.
fn who<'k>(children: impl Iterator<Item = &'k KnownChild>) -> String {
    let children: Vec<&KnownChild> = children.collect();
    let family = children.first().and_then(|child| child.fact("family_name"));
    let shared = children
        .iter()
        .all(|child| child.fact("family_name") == family);
    match family.filter(|_| shared) {
        Some(family) => family.to_owned(),
        None => children
            .iter()
            .map(|child| child.name())
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// Something the child gave, which is a wish as far as anybody knows.
fn wants_an_answer(voice: &KnownRecord) -> bool {
    let answers = voice.answers();
    let gave = answers
        .get(&Target::field("how"))
        .cloned()
        .flatten()
        .is_some_and(|how| !matches!(how.as_str(), "observed" | "chose_not_to_say" | "not_sought"));
    let about: Vec<&str> = answers
        .iter()
        .filter(|(target, _)| target.name() == "about")
        .filter_map(|(_, code)| code.as_deref())
        .collect();
    let is_wish = about.is_empty()
        || about.iter().any(|code| {
            matches!(
                *code,
                "want_now" | "worry" | "hope_for_future" | "view_of_plan" | "complaint"
            )
        });
    gave && is_wish
}

fn answers_given(voice: &KnownRecord) -> Vec<String> {
    voice
        .answers()
        .iter()
        .filter(|(target, _)| target.name() == "answers" && target.part_name().is_none())
        .filter_map(|(_, code)| code.clone())
        .collect()
}
