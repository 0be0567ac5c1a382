//! The verdicts, held against the sentences of the rule in the order in which commits arrived.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use visitbook_record::fact::Answer;
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::Kind;
use visitbook_record::payload::Content;
use visitbook_record::scope::Scope;
use visitbook_record::verdict::{Reason, Verdict};

use super::super::council::Arrival;
use super::super::ledger::Volume;
use super::super::oracle::{self, Circumstances, Class, Known, State};
use super::super::phone::Twist;
use super::super::reading::Reading;
use super::super::world::World;
use super::{Broken, Checked, must};

/// Law 15: every verdict is the one the sentences of the rule give, and nobody receives words that they may not
/// read.
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
                    scope: commit.scope,
                    came: 0,
                    class: Class::Applied,
                    breach: false,
                },
            );
        }
    }
    let mut waiting: Vec<(Rc<Volume>, usize, usize)> = Vec::new();
    let mut touched = BTreeSet::new();
    let mut placements: Vec<(OpId, usize)> = Vec::new();
    // Records with statements that were judged by more than today's sentences: by a receipt of an epoch that was lost, or by
    // rights that came back later. What law 17 says of them is checked there.
    let mut unsure: BTreeSet<RecordId> = BTreeSet::new();
    let arrivals = &world.council.arrivals;
    for (n, arrival) in arrivals.iter().enumerate() {
        let Some(volume) = world.ledger.by_hash(&arrival.commit) else {
            return Err(Broken::new(15, "a receipt for a commit that nobody wrote"));
        };
        let circumstances = circumstances(world, &volume, arrival);
        if came_with_more(world, &volume, arrival) || names_lost_entry(reading, &volume, arrival) {
            unsure.insert(volume.commit.record);
        }
        for (index, id) in volume.ids.iter().enumerate() {
            let Some(stated) = reading.op(id) else {
                return Err(Broken::new(
                    2,
                    "an acknowledged statement is not at the council",
                ));
            };
            if state.known.contains_key(id) {
                // Said before, under the same number, by a copy of the phone; or the council's own, given back.
                continue;
            }
            let content = content_at_council(world, id);
            let mut class = circumstances.judge(&state, index, content.as_ref());
            if unsure.contains(&volume.commit.record) {
                class = Class::of(&stated.arrived_as);
            }
            must!(
                class == Class::of(&stated.arrived_as),
                15,
                "{:?} on {} ({:?}) was judged {:?}, by the sentences it is {class:?}",
                stated.fact.kind,
                stated.fact.target,
                twist_of(world, id),
                stated.arrived_as
            );
            let place = (n, index);
            know(&mut state, &circumstances, place, content.as_ref(), class);
            if let Some(known) = state.known.get_mut(id) {
                known.breach = is_breach(&stated.arrived_as);
            }
            if let (
                Some(Content::Placement { op, .. }),
                Class::Applied | Class::FromPreviousWorker,
            ) = (&content, class)
            {
                placements.push((*op, n));
            }
            if class == Class::Held {
                waiting.push((Rc::clone(&volume), index, n));
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
            for (op, n) in std::mem::take(&mut placements) {
                place(world, &mut state, &op, n, commit.scope);
            }
            due.retain(|(v, ..)| !unsure.contains(&v.commit.record));
            judge_waiting(world, reading, &mut state, &mut due)?;
            waiting = rest;
            waiting.extend(due);
            touched.clear();
        }
    }
    for stated in &reading.ops {
        let known = state.known.get(&stated.fact.id);
        let now = stated.fact.verdict.as_ref().map(Class::of);
        must!(
            oracle::is_writer(&stated.volume)
                || unsure.contains(&stated.fact.record)
                || known.map(|known| known.class) == now,
            15,
            "{:?} on {} ({:?}) is now {now:?}, by the sentences it is {:?}",
            stated.fact.kind,
            stated.fact.target,
            twist_of(world, &stated.fact.id),
            known.map(|known| known.class)
        );
    }
    must!(
        waiting
            .iter()
            .filter(|(v, ..)| !unsure.contains(&v.commit.record))
            .all(|(v, i, _)| reading
                .op(&v.ids[*i])
                .is_some_and(|s| { matches!(s.fact.verdict, Some(Verdict::Held { .. })) })),
        15,
        "something that waits for a missing statement was judged all the same"
    );
    super::oversight::oversight_is_seen(world, reading)
}

fn circumstances<'a>(world: &'a World, volume: &'a Volume, arrival: &Arrival) -> Circumstances<'a> {
    Circumstances {
        ledger: &world.ledger,
        volume,
        holder: world.holder_of(&volume.commit.origin.device),
        acknowledged: arrival.acknowledged,
        moves: arrival.moves,
        ended: arrival.ended,
    }
}

/// Whether somebody has what an epoch that was lost had said of a commit: the council is told, if not at once.
fn came_with_more(world: &World, volume: &Volume, arrival: &Arrival) -> bool {
    let mut phones = world.phones.iter();
    arrival.epoch > 1 && phones.any(|phone| phone.disk.earlier.contains_key(&volume.hash))
}

/// Whether a restore lost the assignment entry that a commit names.
fn names_lost_entry(reading: &Reading, volume: &Volume, arrival: &Arrival) -> bool {
    let Some(seen) = volume.commit.assignment_seen else {
        return false;
    };
    let log = reading.logs.get(&Scope::Worker(volume.commit.author));
    let there = log.is_some_and(|log| log.rows.iter().any(|row| row.at == seen));
    seen.epoch < arrival.epoch && !there
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
    (came, index): (usize, usize),
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
    if fact.kind == Kind::Open && applied {
        state.openings.push((fact.record, fact.author, came));
    }
    let known = Known {
        fact,
        withheld,
        scope: circumstances.volume.commit.scope,
        came,
        class,
        breach: false,
    };
    state.known.insert(id, known);
    if is_finish {
        release(state, content);
    }
}

/// Why it was set aside: because nobody decides about their own work, or alone about a colleague's worry.
const fn is_breach(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Quarantined {
            reason: Reason::OwnWork | Reason::MayNotSettle,
            ..
        }
    )
}

/// An applied placement puts a statement that was set aside in its place, if it is in the log where the placement stands.
fn place(world: &World, state: &mut State, op: &OpId, n: usize, scope: Scope) {
    let Some(known) = state.known.get(op) else {
        return;
    };
    if known.class != Class::Aside || known.scope != scope {
        return;
    }
    let arrival = &world.council.arrivals[n];
    let Some(volume) = world.ledger.by_hash(&arrival.commit) else {
        return;
    };
    let class = circumstances(world, &volume, arrival).placed(known);
    let is_finish = known.fact.kind == Kind::Finish;
    if let Some(known) = state.known.get_mut(op) {
        known.class = class;
    }
    if is_finish {
        release(state, content_at_council(world, op).as_ref());
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
    waiting: &mut Vec<(Rc<Volume>, usize, usize)>,
) -> Checked {
    let mut still = Vec::new();
    let mut last = BTreeMap::new();
    waiting.sort_by_key(|(_, index, n)| (*n, *index));
    for (volume, index, n) in std::mem::take(waiting) {
        let arrival = &world.council.arrivals[n];
        let circumstances = circumstances(world, &volume, arrival);
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
        // What was set aside may have been put in its place since, which the last look at every statement judges.
        let raised = class == Class::Aside && reading.was_placed(&id);
        must!(
            now == Some(class) || raised,
            15,
            "what waited was judged {now:?}, by the sentences it is {class:?}"
        );
        if let Some(known) = state.known.get_mut(&id) {
            known.class = class;
            known.breach = reading
                .op(&id)
                .and_then(|stated| stated.fact.verdict.as_ref())
                .is_some_and(is_breach);
        }
        if class == Class::Applied || class == Class::FromPreviousWorker {
            let counted_at = reading.op(&id).and_then(|stated| stated.counted_at);
            must!(
                last.insert(volume.commit.record, counted_at) < Some(counted_at),
                12,
                "of two statements that waited for the same words the later came to count first"
            );
            release(
                state,
                content.as_ref().filter(|c| matches!(c, Content::Finish(_))),
            );
            if let Some(Content::Placement { op, .. }) = &content {
                place(world, state, op, n, volume.commit.scope);
            }
        }
    }
    *waiting = still;
    Ok(())
}
