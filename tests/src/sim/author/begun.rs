//! Records that a phone begins: what a child said, a concern; and one save that touches several children's visits.

use visitbook_record::commit::RecordKind;
use visitbook_record::conflict::may_edit_plainly;
use visitbook_record::id::RecordId;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::Content;

use super::super::forms::forms;
use super::super::names;
use super::super::phone::{Draft, Phone, Plan};
use super::super::rng::Rng;
use super::{assert, entry, ids, plan_of, text, value};

pub(super) fn words(phone: &mut Phone, child: RecordId, rng: &mut Rng) -> Option<Vec<Plan>> {
    let question = forms().voice.words.first()?;
    let number = phone.begin();
    let voice = names::begun(0x03, phone.number, number);
    let mut drafts = vec![Draft {
        kind: Kind::EntryAdd,
        policy: Policy::Words,
        target: Target::element(&question.field, "1"),
        replaces: vec![],
        content: Some(Content::Words(text(rng))),
    }];
    if let Some(how) = forms().voice.ordinary.iter().find(|q| q.is_choice) {
        drafts.push(assert(how, Target::field(&how.field), rng, vec![])?);
    }
    Some(vec![plan_of(voice, RecordKind::Voice, child, drafts)])
}

pub(super) fn concern(phone: &mut Phone, child: RecordId, rng: &mut Rng) -> Option<Vec<Plan>> {
    let form = &forms().concern;
    let question = form.risk.first()?;
    let about = form.entries.first()?;
    let number = phone.begin();
    let concern = names::begun(0x06, phone.number, number);
    let drafts = vec![
        assert(question, Target::field(&question.field), rng, vec![])?,
        entry(
            Kind::EntryAdd,
            Target::element(&about.field, "1"),
            text(rng),
            vec![],
        ),
    ];
    Some(vec![plan_of(concern, RecordKind::Concern, child, drafts)])
}

/// One save for up to three children: what is common is stated in each child's visit, nothing about the child herself is.
pub(super) fn outing(phone: &mut Phone, rng: &mut Rng) -> Option<Vec<Plan>> {
    let number = phone.begin();
    let outing = names::outing(phone.number, number).to_string();
    let question = forms().visit.ordinary.last()?;
    let code = rng.pick(&question.codes)?.clone();
    let children: Vec<RecordId> = phone.disk.holds.keys().copied().take(3).collect();
    let mut plans = Vec::new();
    for child in children {
        let visit = names::planned_visit(child.0[0].wrapping_sub(0x10), 0);
        let mut drafts = Vec::new();
        for (field, code) in [("outing_id", &outing), (question.field.as_str(), &code)] {
            let target = Target::field(field);
            let live = phone.live_here(&visit, &target);
            if may_edit_plainly(&live, phone.worker) {
                drafts.push(Draft {
                    kind: Kind::Assert,
                    policy: Policy::Ordinary,
                    target,
                    replaces: ids(&live),
                    content: Some(value(code)),
                });
            }
        }
        if !drafts.is_empty() {
            plans.push(plan_of(visit, RecordKind::Visit, child, drafts));
        }
    }
    Some(plans)
}
