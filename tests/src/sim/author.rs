//! People who record, through their phone, what the device's rules let them.
//!
//! They see what their phone sees and nothing else. What the council would set aside they do not write; that is the
//! business of [`super::poison`].

mod begun;
pub(crate) mod family;
pub(crate) mod files;
mod finish;
mod oversight;

use std::collections::BTreeSet;

use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::conflict::{is_conflict, may_edit_plainly, may_settle};
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, Settlement, Value};
use visitbook_record::scope::Scope;

use super::forms::{Question, forms};
use super::names;
use super::phone::{Died, Draft, Phone, Plan, Twist};
use super::rng::Rng;
use super::schedule::Deed;

pub(crate) use finish::finish_of;
pub(crate) use oversight::{finished, give_back, laid_out, placement, sign_off, void_of};

/// What is typed: among it, text that naive code breaks.
pub(crate) const TEXTS: [&str; 8] = [
    "Mum said he sleeps at his nan's on Fridays.",
    "",
    "I don't want to go  back there.\nNot ever.",
    "\u{202e}أخاف عندما يصرخ\u{202c}",
    "🙁🏠 \u{1f469}\u{200d}\u{1f467}",
    "null\u{0}byte and \\ and \" and <b>",
    "e\u{301}\u{323} is not \u{e9}\u{323}",
    "He is not safe there alone.",
];

/// Records what the deed says, if the phone's owner can at all. Returns whether anything was saved.
///
/// # Errors
/// [`Died`]: the phone was killed on the way.
pub(crate) fn act(phone: &mut Phone, deed: Deed, rng: &mut Rng) -> Result<bool, Died> {
    if deed == Deed::Finish {
        return finish::finish(phone, rng);
    }
    let plans = plan(phone, deed, rng).unwrap_or_default();
    let any = !plans.is_empty();
    if any {
        phone.save(plans)?;
    }
    Ok(any)
}

/// A child that the phone's owner holds, as far as the phone knows: often the first, whom everybody knows.
pub(crate) fn a_child(phone: &Phone, rng: &mut Rng) -> Option<RecordId> {
    let mut held = phone.disk.holds.keys().copied();
    if rng.chance(50) {
        return held.next();
    }
    rng.pick(&held.collect::<Vec<_>>()).copied()
}

/// A visit to that child: mostly the first planned one, so that people meet in it.
pub(crate) fn a_visit(phone: &Phone, child: RecordId, rng: &mut Rng) -> RecordId {
    let number = child.0[0].wrapping_sub(0x10);
    match rng.below(10) {
        0..7 => names::planned_visit(number, 0),
        7..9 => names::planned_visit(number, 1),
        _ => {
            let begun: Vec<RecordId> = known(phone, child, 0x02);
            rng.pick(&begun)
                .copied()
                .unwrap_or_else(|| names::planned_visit(number, 0))
        }
    }
}

/// All visits to the child that the phone knows.
fn visits(phone: &Phone, child: RecordId) -> Vec<RecordId> {
    let number = child.0[0].wrapping_sub(0x10);
    let mut visits = vec![
        names::planned_visit(number, 0),
        names::planned_visit(number, 1),
    ];
    visits.extend(known(phone, child, 0x02));
    visits
}

/// Records of a sort that phones began for this child.
pub(crate) fn known(phone: &Phone, child: RecordId, sort: u8) -> Vec<RecordId> {
    phone
        .records()
        .filter(|record| record.0[0] == sort && record.0[1] >= 0x80)
        .filter(|record| {
            phone
                .rows_of(record)
                .next()
                .is_some_and(|row| row.scope == Scope::Child(child))
        })
        .copied()
        .collect()
}

pub(crate) fn plan_of(
    record: RecordId,
    kind: RecordKind,
    child: RecordId,
    drafts: Vec<Draft>,
) -> Plan {
    Plan {
        record,
        kind,
        scope: Scope::Child(child),
        drafts,
        twist: Twist::None,
    }
}

pub(crate) fn value(code: &str) -> Content {
    Content::Value(Value::new(code, "as shown"))
}

pub(crate) fn text(rng: &mut Rng) -> String {
    let mut text = TEXTS[rng.below(TEXTS.len())].to_owned();
    if rng.chance(1) {
        text = text.repeat(200);
    }
    text
}

fn plan(phone: &mut Phone, deed: Deed, rng: &mut Rng) -> Option<Vec<Plan>> {
    let child = a_child(phone, rng)?;
    let visit = a_visit(phone, child, rng);
    let form = &forms().visit;
    let on_visit = |drafts| Some(vec![plan_of(visit, RecordKind::Visit, child, drafts)]);
    match deed {
        Deed::AnswerRisk => on_visit(vec![answer(
            phone,
            visit,
            child,
            rng.pick(&form.risk)?,
            rng,
        )?]),
        Deed::AnswerOrdinary => on_visit(vec![answer(
            phone,
            visit,
            child,
            rng.pick(&form.ordinary)?,
            rng,
        )?]),
        Deed::Blind => {
            let from = if rng.chance(70) {
                &form.risk
            } else {
                &form.ordinary
            };
            let question = rng.pick(from)?;
            on_visit(vec![assert(
                question,
                Target::field(&question.field),
                rng,
                vec![],
            )?])
        }
        Deed::Observe => {
            let question = rng.pick(&form.observed)?;
            let target = Target::element(&question.field, phone.worker.to_string());
            let seen = ids(&phone.live_here(&visit, &target));
            (seen.len() < 2).then_some(())?;
            on_visit(vec![assert(question, target, rng, seen)?])
        }
        Deed::Entry => {
            let question = rng.pick(&form.entries)?;
            let number = phone.begin();
            let name = format!("{}-{number}", phone.number);
            let target = Target::element(&question.field, name);
            on_visit(vec![entry(Kind::EntryAdd, target, text(rng), vec![])])
        }
        Deed::Revise | Deed::Withdraw => visits(phone, child)
            .into_iter()
            .find_map(|visit| revise(phone, visit, child, deed, rng)),
        Deed::SetAdd => {
            let question = rng.pick(&form.sets)?;
            let target = member(question, rng);
            let mut draft = assert(question, target, rng, vec![])?;
            draft.kind = Kind::SetAdd;
            on_visit(vec![draft])
        }
        Deed::SetRemove => {
            let added: Vec<&Target> = phone
                .rows_of(&visit)
                .filter(|row| row.fact.kind == Kind::SetAdd && row.fact.policy == Policy::Set)
                .map(|row| &row.fact.target)
                .collect();
            let target = (*rng.pick(&added)?).clone();
            let seen = ids(&phone.live_here(&visit, &target));
            (!seen.is_empty()).then_some(())?;
            on_visit(vec![Draft {
                kind: Kind::SetRemove,
                policy: Policy::Set,
                target,
                replaces: seen,
                content: Some(Content::Reason("was not there after all".to_owned())),
            }])
        }
        Deed::Part => {
            let (set, question) = rng.pick(&form.parts)?;
            let target = Target::part(set, ["one", "two"][rng.below(2)], &question.field);
            on_visit(vec![answer_at(phone, visit, child, question, target, rng)?])
        }
        Deed::Settle => settle(phone, child, rng),
        Deed::AskAgreement => {
            let question = rng.pick(&form.risk)?;
            let content = Content::Ask {
                value: Value::new(rng.pick(&question.codes)?, "as shown"),
                person: names::worker(1),
            };
            on_visit(vec![Draft {
                kind: Kind::Ask,
                policy: question.policy,
                target: Target::field(&question.field),
                replaces: vec![],
                content: Some(content),
            }])
        }
        Deed::Words => begun::words(phone, child, rng),
        Deed::Concern => begun::concern(phone, child, rng),
        Deed::Decision => {
            let question = forms().concern.entries.last()?;
            let concern = *rng.pick(&known(phone, child, 0x06))?;
            let number = phone.begin();
            let name = format!("{}-{number}", phone.number);
            let target = Target::element(&question.field, name);
            let draft = entry(Kind::EntryAdd, target, text(rng), vec![]);
            Some(vec![plan_of(
                concern,
                RecordKind::Concern,
                child,
                vec![draft],
            )])
        }
        Deed::Outing => begun::outing(phone, rng),
        Deed::NewVisit => {
            let number = phone.begin();
            let visit = names::begun(0x02, phone.number, number);
            let question = rng.pick(&form.risk)?;
            let draft = assert(question, Target::field(&question.field), rng, vec![])?;
            Some(vec![plan_of(visit, RecordKind::Visit, child, vec![draft])])
        }
        Deed::SignOff | Deed::GiveBack | Deed::Correct | Deed::Void | Deed::Place | Deed::Open => {
            oversight::plan(phone, child, deed, rng)
        }
        Deed::Finish => None,
    }
}

fn ids(facts: &[&Fact]) -> Vec<OpId> {
    facts.iter().map(|fact| fact.id).collect()
}

fn member(question: &Question, rng: &mut Rng) -> Target {
    Target::element(&question.field, ["one", "two", "three"][rng.below(3)])
}

pub(crate) fn assert(
    question: &Question,
    target: Target,
    rng: &mut Rng,
    replaces: Vec<OpId>,
) -> Option<Draft> {
    Some(Draft {
        kind: Kind::Assert,
        policy: question.policy,
        target,
        replaces,
        content: Some(value(rng.pick(&question.codes)?)),
    })
}

pub(crate) fn entry(kind: Kind, target: Target, text: String, replaces: Vec<OpId>) -> Draft {
    let content = match kind {
        Kind::EntryWithdraw => Content::Reason(text),
        _ => Content::Text {
            text,
            cut_off: false,
        },
    };
    Draft {
        kind,
        policy: Policy::Ordinary,
        target,
        replaces,
        content: Some(content),
    }
}

fn answer(
    phone: &Phone,
    visit: RecordId,
    child: RecordId,
    question: &Question,
    rng: &mut Rng,
) -> Option<Draft> {
    answer_at(
        phone,
        visit,
        child,
        question,
        Target::field(&question.field),
        rng,
    )
}

/// An ordinary edit where that is enough, else a settlement that the author may make, else nothing.
fn answer_at(
    phone: &Phone,
    visit: RecordId,
    child: RecordId,
    question: &Question,
    target: Target,
    rng: &mut Rng,
) -> Option<Draft> {
    let live = phone.live_here(&visit, &target);
    if may_edit_plainly(&live, phone.worker) {
        return assert(question, target, rng, ids(&live));
    }
    settlement(phone, &live, RecordKind::Visit, child, target, rng)
}

/// Settles to one of the answers that this person may choose; nothing if none is theirs to choose.
fn settlement(
    phone: &Phone,
    live: &[&Fact],
    kind: RecordKind,
    child: RecordId,
    target: Target,
    rng: &mut Rng,
) -> Option<Draft> {
    let policy = live
        .iter()
        .map(|fact| fact.policy)
        .max_by_key(|p| *p == Policy::Risk)?;
    let is_manager = phone.role_for(&child) == Some(Role::Manager);
    let worry = |answer: &Answer| Catalogue::newest().worry(kind.form(), &target, answer);
    let may = |code: &&str| {
        let chosen = worry(&Answer::Code((*code).to_owned()));
        policy != Policy::Risk
            || may_settle(
                live.iter().copied(),
                phone.worker,
                is_manager,
                chosen,
                worry,
            )
    };
    let answers = live
        .iter()
        .filter_map(|fact| fact.answer.code())
        .filter(may);
    let code = (*rng.pick(&answers.collect::<Vec<&str>>())?).to_owned();
    Some(Draft {
        kind: Kind::Resolve,
        policy,
        target,
        replaces: ids(live),
        content: Some(Content::Settlement(Settlement {
            value: Value::new(code, "as shown"),
            both_happened: false,
            reason: (policy == Policy::Risk).then(|| "we spoke about it".to_owned()),
        })),
    })
}

/// Looks through the child's records for a question in conflict and settles it.
fn settle(phone: &Phone, child: RecordId, rng: &mut Rng) -> Option<Vec<Plan>> {
    for visit in visits(phone, child) {
        let targets: BTreeSet<&Target> = phone
            .rows_of(&visit)
            .map(|row| &row.fact)
            .filter(|fact| matches!(fact.policy, Policy::Risk | Policy::Ordinary))
            .filter(|fact| !fact.kind.is_entry() && !fact.kind.is_about_the_record())
            .map(|fact| &fact.target)
            .collect();
        for target in targets {
            let live = phone.live_here(&visit, target);
            if is_conflict(&live) {
                let draft =
                    settlement(phone, &live, RecordKind::Visit, child, target.clone(), rng)?;
                return Some(vec![plan_of(visit, RecordKind::Visit, child, vec![draft])]);
            }
        }
    }
    None
}

/// Goes on with, or takes back, an entry of one's own.
fn revise(
    phone: &Phone,
    visit: RecordId,
    child: RecordId,
    deed: Deed,
    rng: &mut Rng,
) -> Option<Vec<Plan>> {
    let targets: BTreeSet<&Target> = phone
        .rows_of(&visit)
        .map(|row| &row.fact)
        .filter(|fact| fact.author == phone.worker && fact.kind.is_entry())
        .map(|fact| &fact.target)
        .collect();
    let targets: Vec<&Target> = targets.into_iter().collect();
    let target = (*rng.pick(&targets)?).clone();
    let live = phone.live_here(&visit, &target);
    let draft = match (live.as_slice(), deed) {
        ([], _) => return None,
        ([only], Deed::Withdraw) => entry(
            Kind::EntryWithdraw,
            target,
            "written in the wrong place".to_owned(),
            vec![only.id],
        ),
        ([only], _) => entry(Kind::EntryRevise, target, text(rng), vec![only.id]),
        (several, _) => {
            let first = several.first()?.id;
            Draft {
                kind: Kind::Resolve,
                policy: Policy::Ordinary,
                target,
                replaces: ids(&live),
                content: Some(Content::Settlement(Settlement {
                    value: Value::new(first.to_string(), "the first version"),
                    both_happened: false,
                    reason: None,
                })),
            }
        }
    };
    Some(vec![plan_of(visit, RecordKind::Visit, child, vec![draft])])
}
