//! Commits that break a rule on purpose, one way each, as a broken or hostile phone would make them.
//!
//! All but the refusable ones are signed by an enrolled device: the council must keep them, judge them, and let nothing of
//! them touch anybody else's record.

use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Assignment, Content, Settlement, Value};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::Verdict;

use super::author::{
    a_child, a_visit, assert, entry, finish_of, finished, give_back, known, placement, plan_of,
    sign_off, text, value, void_of,
};
use super::forms::forms;
use super::names;
use super::phone::{Died, Draft, Phone, Plan, Row, Twist, purged};
use super::rng::Rng;

/// A way to break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Poison {
    UnknownKind,
    UnknownKindManyLinks,
    UnknownCode,
    UnknownField,
    WrongPolicy,
    NewerCatalogue,
    ManyLinks,
    OtherChild,
    OtherHome,
    AnotherName,
    OldAssignment,
    NoAssignment,
    ForgedSignature,
    OtherCouncil,
    Garbage,
    Gap,
    SameNumber,
    WrongWords,
    NoWords,
    GivesItselfAChild,
    RevisesWords,
    LowersWorry,
    SettlesTheUnknown,
    RewritesAnothersText,
    OthersObservation,
    FinishesUnread,
    FinishesTheUnknown,
    FinishesOtherRecord,
    BadTarget,
    SignsOffOwn,
    SignsOffUnasked,
    VoidsUnasked,
    PlacesAnothers,
    PlacesWhatWaits,
    PlacesOwnBreach,
    PlacesElsewhere,
    PlacesFromElsewhere,
    PlacesTheUnknown,
    PurgedInAChildsFile,
    SaysTwice,
    EditsRefused,
}

const ALL: [Poison; 41] = [
    Poison::UnknownKind,
    Poison::UnknownKindManyLinks,
    Poison::UnknownCode,
    Poison::UnknownField,
    Poison::WrongPolicy,
    Poison::NewerCatalogue,
    Poison::ManyLinks,
    Poison::OtherChild,
    Poison::OtherHome,
    Poison::AnotherName,
    Poison::OldAssignment,
    Poison::NoAssignment,
    Poison::ForgedSignature,
    Poison::OtherCouncil,
    Poison::Garbage,
    Poison::Gap,
    Poison::SameNumber,
    Poison::WrongWords,
    Poison::NoWords,
    Poison::GivesItselfAChild,
    Poison::RevisesWords,
    Poison::LowersWorry,
    Poison::SettlesTheUnknown,
    Poison::RewritesAnothersText,
    Poison::OthersObservation,
    Poison::FinishesUnread,
    Poison::FinishesTheUnknown,
    Poison::FinishesOtherRecord,
    Poison::BadTarget,
    Poison::SignsOffOwn,
    Poison::SignsOffUnasked,
    Poison::VoidsUnasked,
    Poison::PlacesAnothers,
    Poison::PlacesWhatWaits,
    Poison::PlacesOwnBreach,
    Poison::PlacesElsewhere,
    Poison::PlacesTheUnknown,
    Poison::PurgedInAChildsFile,
    Poison::SaysTwice,
    Poison::PlacesFromElsewhere,
    Poison::EditsRefused,
];

impl Poison {
    /// What only a manager's phone can try.
    pub(crate) const fn is_managers(self) -> bool {
        matches!(
            self,
            Self::SignsOffOwn | Self::PlacesOwnBreach | Self::PlacesFromElsewhere
        )
    }

    pub(crate) fn draw(rng: &mut Rng) -> Self {
        ALL[rng.below(ALL.len())]
    }
}

/// Breaks the rule, if this phone is in a position to. Returns whether anything was saved.
///
/// # Errors
/// [`Died`]: the phone was killed on the way.
pub(crate) fn act(phone: &mut Phone, poison: Poison, rng: &mut Rng) -> Result<bool, Died> {
    match poison {
        Poison::PlacesOwnBreach => return places_own(phone, Poison::SignsOffOwn, rng),
        Poison::PlacesFromElsewhere => return places_own(phone, Poison::OtherHome, rng),
        Poison::EditsRefused => return edits_refused(phone, rng),
        _ => {}
    }
    let Some(plan) = plan(phone, poison, rng) else {
        return Ok(false);
    };
    phone.save(vec![plan])?;
    Ok(true)
}

/// Breaks a rule, and lets that count by their own word, before anybody has judged either: signs off their own work, or says in
/// one child's log something about another's visit, and places it there.
fn places_own(phone: &mut Phone, breach: Poison, rng: &mut Rng) -> Result<bool, Died> {
    let Some(first) = plan(phone, breach, rng) else {
        return Ok(false);
    };
    let record = first.record;
    let scope = match breach {
        // A planned visit says whose it is.
        Poison::OtherHome if record.0[0] == 0x01 => Scope::Child(names::child(record.0[1])),
        _ => first.scope,
    };
    phone.save(vec![first])?;
    let made = phone
        .disk
        .own
        .last()
        .map(|own| own.written.volume.ids.clone());
    let Some(placed) = made.and_then(|ids| ids.first().copied()) else {
        return Ok(true);
    };
    phone.save(vec![Plan {
        record,
        kind: RecordKind::Visit,
        scope,
        drafts: vec![placement(placed)],
        twist: Twist::None,
    }])?;
    Ok(true)
}

/// Settles an answer on a finished page in a way that cannot stand, and edits that settlement before anybody has judged it.
/// The edit counts, beside the page; by way of the settlement it must take nothing off the page.
fn edits_refused(phone: &mut Phone, rng: &mut Rng) -> Result<bool, Died> {
    let Some((child, first, edit)) = refused_settlement(phone, rng) else {
        return Ok(false);
    };
    let mut second = plan_of(first.record, first.kind, child, vec![]);
    phone.save(vec![first])?;
    let made = phone.disk.own.last().map(|own| &own.written.volume.ids);
    if let Some(settlement) = made.and_then(|ids| ids.first().copied()) {
        let replaces = vec![settlement];
        second.drafts = vec![Draft { replaces, ..edit }];
        phone.save(vec![second])?;
    }
    Ok(true)
}

/// The child, the settlement, and the edit, which does not name it yet.
fn refused_settlement(phone: &Phone, rng: &mut Rng) -> Option<(RecordId, Plan, Draft)> {
    let child = a_child(phone, rng)?;
    let visit = a_visit(phone, child, rng);
    finished(phone, visit)?;
    let form = &forms().visit;
    let from = if rng.chance(50) {
        &form.risk
    } else {
        &form.ordinary
    };
    let question = rng.pick(from)?;
    let target = Target::field(&question.field);
    let live = phone.live_here(&visit, &target);
    (!live.is_empty()).then_some(())?;
    let edit = assert(question, target.clone(), rng, vec![])?;
    let settlement = Draft {
        kind: Kind::Resolve,
        policy: question.policy,
        target,
        replaces: live.iter().map(|fact| fact.id).collect(),
        content: Some(settled("no_such_code")),
    };
    let mut plan = plan_of(visit, RecordKind::Visit, child, vec![settlement]);
    plan.twist = Twist::Content;
    Some((child, plan, edit))
}

/// The commit, if this phone is in a position to make it.
fn plan(phone: &mut Phone, poison: Poison, rng: &mut Rng) -> Option<Plan> {
    let child = a_child(phone, rng)?;
    let visit = a_visit(phone, child, rng);
    let form = &forms().visit;
    let risk = rng.pick(&form.risk)?;
    let target = Target::field(&risk.field);
    // Every link to anything known about the question: what a careless merge would replace.
    let known_ids: Vec<OpId> = phone
        .rows_of(&visit)
        .filter(|row| row.fact.target == target)
        .map(|row| row.fact.id)
        .collect();
    let mut draft = assert(
        risk,
        target,
        rng,
        known_ids.last().copied().into_iter().collect(),
    )?;
    let mut plan = plan_of(visit, RecordKind::Visit, child, vec![]);
    plan.twist = Twist::Content;
    match poison {
        Poison::UnknownKind => {
            draft.kind = Kind::Unknown(77);
            plan.twist = Twist::None;
        }
        Poison::UnknownKindManyLinks => {
            draft.kind = Kind::Unknown(78);
            draft.replaces = several(known_ids)?;
        }
        Poison::UnknownCode => draft.content = Some(value("no_such_code")),
        Poison::UnknownField => draft.target = Target::field("no_such_field"),
        Poison::WrongPolicy => draft.policy = Policy::Ordinary,
        Poison::NewerCatalogue => {
            draft.content = Some(value("code_of_next_year"));
            plan.twist = Twist::Catalogue(99);
        }
        Poison::ManyLinks => draft.replaces = several(known_ids)?,
        Poison::OtherChild => {
            let others: Vec<RecordId> = (0..8)
                .map(names::child)
                .filter(|c| phone.role_for(c).is_none())
                .collect();
            let other = *rng.pick(&others)?;
            plan.record = names::planned_visit(other.0[0].wrapping_sub(0x10), 0);
            plan.scope = Scope::Child(other);
        }
        Poison::OtherHome => {
            // A record of a child that the phone's owner does hold, said to be another such child's.
            let other = a_child(phone, rng).filter(|other| *other != child)?;
            plan.scope = Scope::Child(other);
        }
        Poison::AnotherName => {
            let other = names::worker(u8::from(phone.worker == names::worker(0)));
            plan.twist = Twist::Author(other);
        }
        Poison::OldAssignment => {
            let seen = phone.disk.assignment_seen?;
            let older = LogPosition {
                position: seen.position.checked_sub(1 + rng.below(3) as u64)?,
                ..seen
            };
            plan.twist = Twist::Assignment(Some(older));
        }
        Poison::NoAssignment => plan.twist = Twist::Assignment(None),
        Poison::ForgedSignature => plan.twist = Twist::ForgedSignature,
        Poison::OtherCouncil => plan.twist = Twist::OtherCouncil,
        Poison::Garbage => plan.twist = Twist::Garbage,
        Poison::Gap => plan.twist = Twist::Gap,
        Poison::SameNumber => plan.twist = Twist::SameNumber,
        Poison::WrongWords => plan.twist = Twist::WrongWords,
        Poison::NoWords => plan.twist = Twist::NoWords,
        Poison::GivesItselfAChild => {
            let other = names::child(u8::try_from(rng.below(8)).unwrap_or(0));
            plan.record = RecordId(phone.worker.0);
            plan.kind = RecordKind::Worker;
            plan.scope = Scope::Worker(phone.worker);
            draft = Draft {
                kind: Kind::Assign,
                policy: Policy::Ordinary,
                target: Target::element("holds", other.to_string()),
                replaces: vec![],
                content: Some(Content::Assignment(Assignment {
                    worker: phone.worker,
                    child: other,
                    role: Role::Manager,
                    reason: "because".to_owned(),
                    moved_to: None,
                })),
            };
        }
        Poison::RevisesWords => {
            let voice = *rng.pick(&known(phone, child, 0x03))?;
            let words = phone
                .rows_of(&voice)
                .find(|row| row.fact.policy == Policy::Words)?;
            plan.record = voice;
            plan.kind = RecordKind::Voice;
            draft = entry(
                Kind::EntryRevise,
                words.fact.target.clone(),
                "what they meant to say".to_owned(),
                vec![words.fact.id],
            );
            draft.policy = Policy::Words;
        }
        Poison::LowersWorry => {
            draft.kind = Kind::Resolve;
            (!known_ids.is_empty()).then_some(())?;
            draft.replaces = known_ids;
            draft.content = Some(settled(risk.codes.last()?));
            plan.twist = Twist::None;
        }
        Poison::SettlesTheUnknown => {
            draft.kind = Kind::Resolve;
            draft.replaces = vec![OpId([0x77; 32])];
            draft.content = Some(settled(risk.codes.first()?));
        }
        Poison::RewritesAnothersText => {
            let theirs = phone
                .rows_of(&visit)
                .find(|row| row.fact.kind.is_entry() && row.fact.author != phone.worker)?;
            draft = entry(
                Kind::EntryRevise,
                theirs.fact.target.clone(),
                text(rng),
                vec![theirs.fact.id],
            );
            plan.twist = Twist::None;
        }
        Poison::OthersObservation => {
            let question = rng.pick(&form.observed)?;
            let other = names::worker(u8::from(phone.worker == names::worker(0)));
            draft = assert(
                question,
                Target::element(&question.field, other.to_string()),
                rng,
                vec![],
            )?;
        }
        Poison::FinishesUnread => {
            let all: Vec<OpId> = phone
                .rows_of(&visit)
                .filter(|row| !matches!(row.fact.kind, Kind::Finish))
                .map(|row| row.fact.id)
                .collect();
            (!all.is_empty()).then_some(())?;
            draft = finish_of(all);
            plan.twist = Twist::None;
        }
        Poison::FinishesTheUnknown => draft = finish_of(vec![OpId([0x66; 32])]),
        Poison::FinishesOtherRecord => {
            let voice = *rng.pick(&known(phone, child, 0x03))?;
            draft = finish_of(phone.rows_of(&voice).map(|row| row.fact.id).collect());
        }
        Poison::BadTarget => draft.target = Target::field(""),
        Poison::SignsOffOwn | Poison::SignsOffUnasked => {
            let finish = finished(phone, visit)?;
            let is_own = finish.author == phone.worker;
            (is_own == (poison == Poison::SignsOffOwn)).then_some(())?;
            draft = if rng.chance(70) {
                sign_off(finish.id)
            } else {
                give_back(finish.id)
            };
            plan.twist = Twist::None;
        }
        Poison::VoidsUnasked => {
            (phone.role_for(&child) != Some(Role::Manager)).then_some(())?;
            draft = void_of(None);
        }
        Poison::PlacesAnothers | Poison::PlacesWhatWaits | Poison::PlacesElsewhere => {
            let fits = |row: &&Row| match (poison, &row.fact.verdict) {
                (Poison::PlacesWhatWaits, Some(Verdict::Held { .. })) => true,
                (Poison::PlacesAnothers, Some(Verdict::Quarantined { owner, .. })) => {
                    *owner != phone.worker
                }
                (Poison::PlacesElsewhere, Some(Verdict::Quarantined { .. })) => {
                    row.fact.record != visit
                }
                _ => false,
            };
            let all: Vec<&Row> = phone.disk.rows.iter().filter(fits).collect();
            let row = *rng.pick(&all)?;
            let home = phone.home_of(&row.fact.record)?;
            draft = placement(row.fact.id);
            if poison != Poison::PlacesElsewhere {
                plan.record = row.fact.record;
                (plan.scope, plan.kind) = home;
            }
            // Of an earlier placement that a manager made in the meantime nothing is known here.
            plan.twist = Twist::None;
        }
        // Made of two commits, see `places_own` and `edits_refused`.
        Poison::PlacesOwnBreach | Poison::PlacesFromElsewhere | Poison::EditsRefused => {
            return None;
        }
        Poison::SaysTwice => {
            let last = &phone.disk.own.last()?.written;
            let commit = &last.volume.commit;
            (last.twist == Twist::None).then_some(())?;
            (plan.record, plan.kind, plan.scope) =
                (commit.record, commit.record_kind, commit.scope);
            plan.twist = Twist::Again;
        }
        Poison::PlacesTheUnknown => draft = placement(OpId([0x55; 32])),
        Poison::PurgedInAChildsFile => {
            draft.kind = Kind::Purged;
            draft.policy = Policy::Ordinary;
            draft.target = purged(child);
            draft.replaces = vec![];
            draft.content = None;
        }
    }
    plan.drafts = vec![draft];
    Some(plan)
}

fn several(ids: Vec<OpId>) -> Option<Vec<OpId>> {
    (ids.len() > 1).then_some(ids)
}

fn settled(code: &str) -> Content {
    Content::Settlement(Settlement {
        value: Value::new(code, "as shown"),
        both_happened: false,
        reason: Some("I am sure".to_owned()),
    })
}
