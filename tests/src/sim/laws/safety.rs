//! Laws of safety: worry, conflicts, finishes, rights, receipts.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_record::cbor::decode;
use visitbook_record::commit::RecordKind;
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{View, lay_out};
use visitbook_record::payload::Content;
use visitbook_record::scope::LogPosition;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::ReceiptStatement;
use visitbook_server::store::Entry;

use super::super::ledger::Volume;
use super::super::oracle::{self, Circumstances, Class, Known, State};
use super::super::phone::Twist;
use super::super::reading::{Reading, Stated};
use super::super::world::World;
use super::{Broken, Checked, must};

/// 5
pub(super) fn deletion_never_beats_content(_: &World, reading: &Reading) -> Checked {
    for record in reading.by_record.keys() {
        let statements = reading.statements(record);
        if !statements
            .iter()
            .any(|s| s.fact.kind == Kind::EntryWithdraw)
        {
            continue;
        }
        let page = lay_out(reading.kind_of(record), &statements, View::Shared);
        for entry in &page.entries {
            let group: Vec<&Fact> = statements
                .iter()
                .map(|s| &s.fact)
                .filter(|fact| fact.target == entry.target)
                .collect();
            if page.finished.is_some() {
                continue;
            }
            let live = oracle::live(&group, Fact::is_applied);
            let content = group
                .iter()
                .any(|fact| live.contains(&fact.id) && fact.kind != Kind::EntryWithdraw);
            must!(
                entry.withdrawn != content,
                5,
                "a version that a withdrawal had not seen is shown as withdrawn"
            );
        }
    }
    Ok(())
}

/// 13
pub(super) fn worry_wins(world: &World, reading: &Reading) -> Checked {
    let mut conflicts = (0, 0);
    for record in reading.by_record.keys() {
        let kind = reading.kind_of(record);
        if !matches!(kind, RecordKind::Visit | RecordKind::Concern) {
            continue;
        }
        let statements = reading.statements(record);
        let page = lay_out(kind, &statements, View::Shared);
        for question in page.questions.values() {
            let answers: BTreeSet<&Answer> = question
                .live
                .iter()
                .map(|i| &statements[*i].fact.answer)
                .collect();
            let unreadable = answers.contains(&Answer::Unreadable) && question.live.len() > 1;
            let differ = answers.len() > 1 || unreadable;
            let can = matches!(question.policy, Policy::Risk | Policy::Ordinary);
            must!(
                question.open == (differ && can),
                14,
                "{} is open: {}, differs: {differ}",
                question.target,
                question.open
            );
            conflicts.0 += u64::from(question.open);
            conflicts.1 += u64::from(question.open);
            if question.policy != Policy::Risk {
                continue;
            }
            let aside = statements.iter().any(|s| {
                s.fact.target == question.target
                    && s.fact.policy == Policy::Risk
                    && !matches!(s.fact.kind, Kind::Ask | Kind::Finish)
                    && matches!(s.fact.verdict, Some(Verdict::Quarantined { .. }))
            });
            must!(
                question.maybe_worse == aside,
                13,
                "an answer that was set aside leaves no mark"
            );
            let worry =
                |i: &usize| oracle::worry(kind, &question.target, &statements[*i].fact.answer);
            let most = question.live.iter().map(worry).max();
            let standing = question.standing.as_ref().map(worry);
            must!(
                standing == most,
                13,
                "{} shows a less worrying answer than it has",
                question.target
            );
        }
    }
    let mut tally = world.ledger.tally.borrow_mut();
    tally.conflicts_left += conflicts.1;
    Ok(())
}

/// What stood in the log when something came.
#[derive(Default)]
struct Past {
    facts: BTreeMap<(RecordId, Target), Vec<Fact>>,
}

impl Past {
    fn live(&self, about: &(RecordId, Target)) -> BTreeSet<OpId> {
        let facts: Vec<&Fact> = self.facts.get(about).into_iter().flatten().collect();
        oracle::live(&facts, Fact::is_applied)
    }
}

/// 14
pub(super) fn conflicts_end_only_by_people(world: &World, reading: &Reading) -> Checked {
    let mut conflicts = 0;
    for (scope, log) in &reading.logs {
        if scope.child().is_none() {
            continue;
        }
        let mut past = Past::default();
        for row in &log.rows {
            let came: Vec<(&Stated, Verdict)> = match &row.entry {
                Entry::Commit(hash) => {
                    let volume = world.ledger.by_hash(hash);
                    let ids = volume.iter().flat_map(|volume| volume.ids.clone());
                    ids.filter_map(|id| reading.op(&id))
                        .map(|stated| (stated, stated.arrived_as.clone()))
                        .collect()
                }
                Entry::Judged { op, verdict } => reading
                    .op(op)
                    .map(|stated| (stated, verdict.clone()))
                    .into_iter()
                    .collect(),
            };
            for (stated, verdict) in came {
                if matches!(stated.fact.kind, Kind::Finish | Kind::Ask) {
                    continue;
                }
                conflicts += one_came(world, &mut past, stated, verdict)?;
            }
        }
    }
    world.ledger.tally.borrow_mut().conflicts += conflicts;
    Ok(())
}

/// One statement comes, or is judged again: what leaves must leave rightly. Returns 1 if a question opened.
fn one_came(
    world: &World,
    past: &mut Past,
    stated: &Stated,
    verdict: Verdict,
) -> Result<u64, Broken> {
    let about = (stated.fact.record, stated.fact.target.clone());
    let before = past.live(&about);
    let group = past.facts.entry(about.clone()).or_default();
    match group.iter_mut().find(|fact| fact.id == stated.fact.id) {
        Some(fact) => fact.verdict = Some(verdict),
        None => {
            let mut fact = stated.fact.clone();
            fact.verdict = Some(verdict);
            group.push(fact);
        }
    }
    let after = past.live(&about);
    let group = &past.facts[&about];
    let fact_of = |id: &OpId| group.iter().find(|fact| fact.id == *id);
    for left in before.difference(&after).filter_map(fact_of) {
        if left.policy != Policy::Risk {
            continue;
        }
        let rightly = group.iter().any(|by| {
            by.replaces.contains(&left.id)
                && (by.author == left.author
                    || (by.kind == Kind::Resolve && by.is_applied() && may(world, by, group)))
        });
        must!(
            rightly,
            14,
            "an answer to {} left without its author and without anybody who may settle",
            about.1
        );
    }
    let differing = |ids: &BTreeSet<OpId>| {
        let answers: BTreeSet<&Answer> = ids
            .iter()
            .filter_map(fact_of)
            .map(|fact| &fact.answer)
            .collect();
        answers.len() > 1
            && group
                .iter()
                .all(|f| matches!(f.policy, Policy::Risk | Policy::Ordinary))
    };
    Ok(u64::from(!differing(&before) && differing(&after)))
}

/// Whether the author of a settlement may settle what it lists, by the assignments alone.
fn may(world: &World, by: &Fact, group: &[Fact]) -> bool {
    let Some(origin) = world.ledger.origin(&by.id) else {
        return true;
    };
    let commit = &origin.written.volume.commit;
    let listed: Vec<&Fact> = group
        .iter()
        .filter(|fact| by.replaces.contains(&fact.id))
        .collect();
    let is_manager = commit.scope.child().is_some_and(|child| {
        world
            .ledger
            .role_at(commit.author, child, commit.assignment_seen)
            == Some(visitbook_record::commit::Role::Manager)
    });
    let chosen = oracle::worry(commit.record_kind, &by.target, &by.answer);
    oracle::may_settle(commit.record_kind, &listed, by.author, is_manager, chosen)
}

/// 12
pub(super) fn finished_is_finished(world: &World, reading: &Reading) -> Checked {
    for record in reading.by_record.keys() {
        let Some(stands) = reading.finish_of(record) else {
            continue;
        };
        let Some(Content::Finish(listed)) = &stands.content else {
            continue;
        };
        let statements = reading.statements(record);
        let page = lay_out(reading.kind_of(record), &statements, View::Shared);
        let Some(finished) = &page.finished else {
            return Err(Broken::new(12, "an applied finish does not stand"));
        };
        must!(
            statements[finished.by].fact.id == stands.fact.id,
            12,
            "another finish stands than the first that was accepted"
        );
        let listed: BTreeSet<OpId> = listed.iter().copied().collect();
        must!(
            finished.listed == listed,
            12,
            "a finish fixes another list than its own"
        );
        let late: BTreeSet<OpId> = page.late.iter().map(|i| statements[*i].fact.id).collect();
        let expected: BTreeSet<OpId> = statements
            .iter()
            .map(|s| &s.fact)
            .filter(|f| f.is_applied() && !listed.contains(&f.id))
            .filter(|f| !matches!(f.kind, Kind::Finish | Kind::Ask))
            .map(|f| f.id)
            .collect();
        must!(
            late == expected,
            12,
            "what came beside a finish is not all shown beside it"
        );
        for question in page.questions.values() {
            let on_the_page: Vec<&Fact> = statements
                .iter()
                .map(|s| &s.fact)
                .filter(|f| f.target == question.target && listed.contains(&f.id))
                .filter(|f| !matches!(f.kind, Kind::Finish | Kind::Ask))
                .collect();
            let fixed = oracle::live(&on_the_page, Fact::is_applied);
            let shown: BTreeSet<OpId> = question
                .on_page
                .iter()
                .map(|i| statements[*i].fact.id)
                .collect();
            let standing: BTreeSet<OpId> = question
                .standing
                .iter()
                .map(|i| statements[*i].fact.id)
                .collect();
            let right = shown == fixed || (shown.is_empty() && standing == fixed);
            must!(
                right,
                12,
                "the finished page shows other answers to {} than were listed",
                question.target
            );
            let live: BTreeSet<OpId> = question
                .live
                .iter()
                .map(|i| statements[*i].fact.id)
                .collect();
            let settled = |id: &OpId| {
                statements.iter().any(|s| {
                    s.fact.kind == Kind::Resolve
                        && s.fact.is_applied()
                        && s.fact.replaces.contains(id)
                })
            };
            let kept = fixed
                .iter()
                .filter(|id| {
                    reading
                        .op(id)
                        .is_some_and(|s| s.fact.kind.states_something())
                })
                .all(|id| live.contains(id) || settled(id) || settled_by_chain(id, &statements));
            must!(
                kept,
                12,
                "an ordinary late edit took a finished answer to {} away",
                question.target
            );
        }
        let mut tally = world.ledger.tally.borrow_mut();
        tally.finished += 1;
        tally.late += late.len() as u64;
    }
    Ok(())
}

/// A listed answer may also leave through another listed statement that only counted later.
fn settled_by_chain(id: &OpId, statements: &[visitbook_record::page::Statement]) -> bool {
    statements.iter().any(|s| {
        s.fact.replaces.contains(id)
            && statements.iter().any(|r| {
                r.fact.kind == Kind::Resolve
                    && r.fact.is_applied()
                    && r.fact.replaces.contains(&s.fact.id)
            })
    })
}

/// 15
pub(super) fn verdicts_follow_the_sentences(world: &World, reading: &Reading) -> Checked {
    let mut state = State::default();
    for stated in &reading.ops {
        // The council's own commits are not judged here; they were there before or came in between, and nobody links to them.
        if oracle::is_writer(&stated.volume) {
            let commit = &stated.volume.commit;
            state
                .homes
                .entry(commit.record)
                .or_insert((commit.scope, commit.record_kind));
            state.known.insert(
                stated.fact.id,
                Known {
                    fact: stated.fact.clone(),
                    withheld: oracle::is_withheld_at_first(commit.record_kind, &stated.fact),
                },
            );
        }
    }
    let mut waiting: Vec<(std::rc::Rc<Volume>, usize, usize)> = Vec::new();
    let mut touched = BTreeSet::new();
    let arrivals = &world.council.arrivals;
    for (n, arrival) in arrivals.iter().enumerate() {
        let Some(volume) = world.ledger.by_hash(&arrival.commit) else {
            return Err(Broken::new(15, "a receipt for a commit that nobody wrote"));
        };
        let circumstances = circumstances(world, &volume, arrival.acknowledged, arrival.moves);
        for (index, id) in volume.ids.iter().enumerate() {
            let Some(stated) = reading.op(id) else {
                return Err(Broken::new(
                    2,
                    "an acknowledged statement is not at the council",
                ));
            };
            let content = content_at_council(world, id);
            let class = circumstances.judge(&state, index, content.as_ref());
            must!(
                class == Class::of(&stated.arrived_as),
                15,
                "{:?} on {} ({:?}) was judged {:?}, by the sentences it is {class:?}",
                stated.fact.kind,
                stated.fact.target,
                twist_of(world, id),
                stated.arrived_as
            );
            know(&mut state, &circumstances, index, content.as_ref(), class);
            if class == Class::Held {
                waiting.push((std::rc::Rc::clone(&volume), index, n));
            }
        }
        let commit = &volume.commit;
        state
            .homes
            .entry(commit.record)
            .or_insert((commit.scope, commit.record_kind));
        let ends = arrivals
            .get(n + 1)
            .is_none_or(|next| next.statement != arrival.statement);
        touched.insert(commit.record);
        if ends {
            // Only what came into the same scope can be what a sound statement waits for.
            let (mut due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut waiting)
                .into_iter()
                .partition(|(v, ..)| {
                    v.commit.scope == commit.scope && touched.contains(&v.commit.record)
                });
            judge_waiting(world, reading, &mut state, &mut due)?;
            waiting = rest;
            waiting.extend(due);
            touched.clear();
        }
    }
    must!(
        waiting.iter().all(|(v, i, _)| reading
            .op(&v.ids[*i])
            .is_some_and(|s| { matches!(s.fact.verdict, Some(Verdict::Held { .. })) })),
        15,
        "something that waits for a missing statement was judged all the same"
    );
    Ok(())
}

fn circumstances<'a>(
    world: &'a World,
    volume: &'a Volume,
    acknowledged: Option<LogPosition>,
    moves: usize,
) -> Circumstances<'a> {
    Circumstances {
        ledger: &world.ledger,
        volume,
        holder: world.holder_of(&volume.commit.origin.device),
        acknowledged,
        moves,
    }
}

fn twist_of(world: &World, id: &OpId) -> Option<Twist> {
    world.ledger.origin(id).map(|origin| origin.written.twist)
}

/// What the council could read of a statement: what its phone sent, unless that was not what it signed.
fn content_at_council(world: &World, id: &OpId) -> Option<Content> {
    let origin = world.ledger.origin(id)?;
    if origin.written.twist == Twist::WrongWords {
        return None;
    }
    origin
        .written
        .words
        .get(origin.index)?
        .as_ref()?
        .content
        .clone()
}

fn know(
    state: &mut State,
    circumstances: &Circumstances<'_>,
    index: usize,
    content: Option<&Content>,
    class: Class,
) {
    let Some(fact) = circumstances.volume.facts.get(index) else {
        return;
    };
    let mut fact = fact.clone();
    fact.answer = Answer::of(content);
    let withheld = oracle::is_withheld_at_first(circumstances.volume.commit.record_kind, &fact);
    let id = fact.id;
    let applied = matches!(class, Class::Applied | Class::FromPreviousWorker);
    let is_finish = fact.kind == Kind::Finish && applied;
    state.known.insert(id, Known { fact, withheld });
    if is_finish {
        release(state, content);
    }
}

fn release(state: &mut State, content: Option<&Content>) {
    if let Some(Content::Finish(ids)) = content {
        for id in ids {
            if let Some(known) = state.known.get_mut(id) {
                known.withheld = false;
            }
        }
    }
}

/// What waited and now has everything is judged as it would have been on arrival.
fn judge_waiting(
    world: &World,
    reading: &Reading,
    state: &mut State,
    waiting: &mut Vec<(std::rc::Rc<Volume>, usize, usize)>,
) -> Checked {
    let mut still = Vec::new();
    for (volume, index, n) in std::mem::take(waiting) {
        let arrival = &world.council.arrivals[n];
        let circumstances = circumstances(world, &volume, arrival.acknowledged, arrival.moves);
        let id = volume.ids[index];
        let content = content_at_council(world, &id);
        let class = circumstances.judge(state, index, content.as_ref());
        if class == Class::Held {
            still.push((volume, index, n));
            continue;
        }
        let now = reading
            .op(&id)
            .and_then(|stated| stated.fact.verdict.as_ref())
            .map(Class::of);
        must!(
            now == Some(class),
            15,
            "what waited was judged {now:?}, by the sentences it is {class:?}"
        );
        if class == Class::Applied || class == Class::FromPreviousWorker {
            release(
                state,
                content.as_ref().filter(|c| matches!(c, Content::Finish(_))),
            );
        }
    }
    *waiting = still;
    Ok(())
}

/// 17
pub(super) fn receipts_chain(_: &World, reading: &Reading) -> Checked {
    for (scope, log) in &reading.logs {
        let mut previous = None;
        let mut last = 0;
        for (first, signed) in &log.statements {
            let statement: ReceiptStatement = decode(&signed.bytes)
                .map_err(|_| Broken::new(17, "a stored receipt cannot be read"))?;
            must!(
                statement.previous == previous,
                17,
                "a receipt does not name the one before it"
            );
            must!(
                statement.scope == *scope && statement.first == *first,
                17,
                "a receipt is for another place"
            );
            must!(first.position > last, 17, "receipts overlap");
            last = first.position + statement.received.len() as u64 - 1;
            previous = Some(ReceiptStatement::hash_of(&signed.bytes));
        }
        let mut verdicts: BTreeMap<OpId, Verdict> = BTreeMap::new();
        for (n, row) in (1..).zip(&log.rows) {
            must!(row.at.position == n, 17, "positions of a log have a gap");
            if let Entry::Judged { op, verdict } = &row.entry {
                let before = verdicts
                    .get(op)
                    .cloned()
                    .or_else(|| reading.op(op).map(|stated| stated.arrived_as.clone()));
                let taken_back = before.is_some_and(|v| v.is_applied()) && !verdict.is_applied();
                must!(!taken_back, 17, "something applied was taken back");
                verdicts.insert(*op, verdict.clone());
            }
        }
    }
    Ok(())
}
