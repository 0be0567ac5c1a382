//! Finishing a visit, by what the phone shows and lets its owner read.

use std::collections::BTreeSet;

use visitbook_record::catalogue::{Catalogue, Sort};
use visitbook_record::commit::RecordKind;
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::Content;
use visitbook_record::visit::missing_at_finish;

use super::super::phone::{Died, Draft, Phone};
use super::super::rng::Rng;
use super::{a_child, a_visit, entry, plan_of, value};

/// Finishes a visit: what still binds is answered first, then everything this phone can read and shows as live is listed.
pub(super) fn finish(phone: &mut Phone, rng: &mut Rng) -> Result<bool, Died> {
    let Some(child) = a_child(phone, rng) else {
        return Ok(false);
    };
    let visit = a_visit(phone, child, rng);
    let Some(missing) = fill_in(phone, visit, rng) else {
        return Ok(false);
    };
    if !missing.is_empty() {
        phone.save(vec![plan_of(visit, RecordKind::Visit, child, missing)])?;
    }
    let listed = listable(phone, visit);
    if listed.is_empty() {
        return Ok(false);
    }
    phone.save(vec![plan_of(
        visit,
        RecordKind::Visit,
        child,
        vec![finish_of(listed)],
    )])?;
    Ok(true)
}

pub(crate) fn finish_of(mut listed: Vec<OpId>) -> Draft {
    listed.sort_unstable();
    listed.dedup();
    Draft {
        kind: Kind::Finish,
        policy: Policy::Ordinary,
        target: Target::field("finish"),
        replaces: vec![],
        content: Some(Content::Finish(listed)),
    }
}

/// What a finish by this phone's owner lists: live here, and readable here.
pub(crate) fn listable(phone: &Phone, visit: RecordId) -> Vec<OpId> {
    let targets: BTreeSet<&Target> = phone
        .rows_of(&visit)
        .map(|row| &row.fact)
        .filter(|fact| !fact.kind.is_about_the_record())
        .map(|fact| &fact.target)
        .collect();
    let mut listed = Vec::new();
    for target in targets {
        for fact in phone.live_here(&visit, target) {
            let readable = phone.row(&fact.id).is_some_and(|row| row.words.is_some());
            if readable {
                listed.push(fact.id);
            }
        }
    }
    listed
}

/// The answers that still bind, as drafts; `None` if they cannot be given here.
fn fill_in(phone: &Phone, visit: RecordId, rng: &mut Rng) -> Option<Vec<Draft>> {
    let mut facts: Vec<Fact> = listable(phone, visit)
        .iter()
        .filter_map(|id| phone.row(id))
        .map(|row| row.fact.clone())
        .collect();
    let template = phone.rows_of(&visit).next()?.fact.clone();
    let mut drafts: Vec<Draft> = Vec::new();
    // Ten things can bind at most; each turn adds one.
    for _ in 0..12 {
        let missing = missing_at_finish(&facts);
        let Some(code) = missing.first().map(|missing| missing.code()) else {
            return Some(drafts);
        };
        let draft = filled(code, phone.number, rng)?;
        facts.push(Fact {
            kind: draft.kind,
            policy: draft.policy,
            target: draft.target.clone(),
            replaces: vec![],
            answer: Answer::of(draft.content.as_ref()),
            ..template.clone()
        });
        drafts.push(draft);
    }
    None
}

fn filled(code: &str, phone: u8, rng: &mut Rng) -> Option<Draft> {
    let fields = Catalogue::newest().fields(RecordKind::Visit.form());
    let field = fields.iter().find(|field| field.code == code)?;
    if field.sort == Sort::Entry {
        let target = Target::element(code, format!("f{phone}"));
        return Some(entry(
            Kind::EntryAdd,
            target,
            "It was a good visit.".to_owned(),
            vec![],
        ));
    }
    let choice = rng
        .pick(&field.choices)
        .map_or("2026-10-30", |choice| choice.code.as_str());
    Some(Draft {
        kind: if field.elements {
            Kind::SetAdd
        } else {
            Kind::Assert
        },
        policy: field.policy(),
        target: if field.elements {
            Target::element(code, format!("f{phone}"))
        } else {
            Target::field(code)
        },
        replaces: vec![],
        content: Some(value(choice)),
    })
}
