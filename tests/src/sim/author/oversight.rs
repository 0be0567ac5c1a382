//! What a manager does about finished work and about what was set aside, and what anybody puts right after a finish, by the
//! rules that the device has.

use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::conflict::may_settle;
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{Finished, Page, Statement, View, lay_out};
use visitbook_record::payload::{Content, Correction, Value};
use visitbook_record::verdict::{Reason, Verdict};

use super::super::phone::{Draft, Phone, Plan, Row};
use super::super::rng::Rng;
use super::super::schedule::Deed;
use super::{known, plan_of, visits};

/// A record as this phone lays it out.
pub(crate) fn laid_out(
    phone: &Phone,
    record: RecordId,
    kind: RecordKind,
    view: View,
) -> (Vec<Statement>, Page) {
    let statements: Vec<Statement> = phone
        .rows_of(&record)
        .map(|row| Statement {
            fact: row.fact.clone(),
            content: row.words.as_ref().and_then(|words| words.content.clone()),
            written: visitbook_record::time::WallMillis(0),
            received: row.received,
            counted_at: row.counted_at,
        })
        .collect();
    let page = lay_out(kind, &statements, view);
    (statements, page)
}

pub(super) fn plan(phone: &Phone, child: RecordId, deed: Deed, rng: &mut Rng) -> Option<Vec<Plan>> {
    let is_manager = phone.role_for(&child) == Some(Role::Manager);
    match deed {
        Deed::Correct => visits(phone, child)
            .into_iter()
            .find_map(|visit| correct(phone, visit, child, is_manager, rng)),
        _ if !is_manager => None,
        Deed::Void => void(phone, child, rng),
        Deed::Place => place(phone, child, rng),
        Deed::Open => visits(phone, child)
            .into_iter()
            .find_map(|visit| open(phone, visit, child)),
        Deed::SignOff => visits(phone, child).into_iter().find_map(|visit| {
            let finish = to_sign(phone, visit, rng)?;
            let draft = sign_off(finish);
            Some(vec![plan_of(visit, RecordKind::Visit, child, vec![draft])])
        }),
        _ => visits(phone, child).into_iter().find_map(|visit| {
            let finish = finished(phone, visit)?;
            (finish.author != phone.worker).then_some(())?;
            let draft = give_back(finish.id);
            Some(vec![plan_of(visit, RecordKind::Visit, child, vec![draft])])
        }),
    }
}

/// A colleague's finish that this phone shows without a sign-off: mostly the one that stands, but a manager whose screen is old
/// may take another for it, or mean the other.
fn to_sign(phone: &Phone, visit: RecordId, rng: &mut Rng) -> Option<OpId> {
    let (statements, shown) = shown_finished(phone, visit)?;
    let signed: Vec<OpId> = statements
        .iter()
        .filter_map(|s| match &s.content {
            Some(Content::SignOff(finish)) => Some(*finish),
            _ => None,
        })
        .collect();
    let may = |fact: &Fact| fact.author != phone.worker && !signed.contains(&fact.id);
    let stands = Some(&statements.get(shown.by)?.fact).filter(|fact| may(fact));
    let others: Vec<&Fact> = shown
        .others
        .iter()
        .filter_map(|at| statements.get(*at).map(|s| &s.fact))
        .filter(|fact| may(fact))
        .collect();
    let other = rng.pick(&others).copied();
    let chosen = if rng.chance(40) {
        other.or(stands)
    } else {
        stands.or(other)
    };
    chosen.map(|fact| fact.id)
}

/// The finish that stands here.
pub(crate) fn finished(phone: &Phone, visit: RecordId) -> Option<Fact> {
    let (statements, shown) = shown_finished(phone, visit)?;
    Some(statements.get(shown.by)?.fact.clone())
}

fn shown_finished(phone: &Phone, visit: RecordId) -> Option<(Vec<Statement>, Finished)> {
    let any = phone
        .rows_of(&visit)
        .any(|row| row.fact.kind == Kind::Finish);
    any.then_some(())?;
    let (statements, page) = laid_out(phone, visit, RecordKind::Visit, View::Here);
    Some((statements, page.finished?))
}

pub(crate) fn about(kind: Kind, target: Target, content: Content) -> Draft {
    Draft {
        kind,
        policy: Policy::Ordinary,
        target,
        replaces: vec![],
        content: Some(content),
    }
}

pub(crate) fn sign_off(finish: OpId) -> Draft {
    let target = Target::field("sign_off");
    about(Kind::SignOff, target, Content::SignOff(finish))
}

pub(crate) fn give_back(finish: OpId) -> Draft {
    let target = Target::element("returned", finish.to_string());
    let question = Content::Reason("Who else was in the house?".to_owned());
    about(Kind::Return, target, question)
}

pub(crate) fn void_of(made_again: Option<RecordId>) -> Draft {
    let content = Content::Void {
        reason: "it is about another child".to_owned(),
        made_again,
    };
    about(Kind::Void, Target::field("void"), content)
}

pub(crate) fn placement(op: OpId) -> Draft {
    let content = Content::Placement {
        op,
        reason: "it belongs here".to_owned(),
    };
    about(
        Kind::Place,
        Target::element("placed", op.to_string()),
        content,
    )
}

/// Entered in error: seldom the visit where everybody meets.
fn void(phone: &Phone, child: RecordId, rng: &mut Rng) -> Option<Vec<Plan>> {
    let (kind, records) = match rng.below(3) {
        0 => (RecordKind::Voice, known(phone, child, 0x03)),
        1 => (RecordKind::Concern, known(phone, child, 0x06)),
        _ => (RecordKind::Visit, visits(phone, child)),
    };
    let record = *rng.pick(&records)?;
    let again = rng.pick(&records).copied().filter(|other| *other != record);
    phone.rows_of(&record).next()?;
    Some(vec![plan_of(record, kind, child, vec![void_of(again)])])
}

/// Opens what colleagues have not finished in a visit.
fn open(phone: &Phone, visit: RecordId, child: RecordId) -> Option<Vec<Plan>> {
    let hidden = |row: &Row| {
        row.fact.kind.is_entry() && row.fact.author != phone.worker && row.words.is_none()
    };
    phone.rows_of(&visit).any(hidden).then_some(())?;
    let reason = Content::Reason("their author is off sick".to_owned());
    let draft = about(Kind::Open, Target::field("open"), reason);
    Some(vec![plan_of(visit, RecordKind::Visit, child, vec![draft])])
}

/// What waits for this person's decision, in one child's file, is put in its place.
fn place(phone: &Phone, child: RecordId, rng: &mut Rng) -> Option<Vec<Plan>> {
    let waiting: Vec<(RecordId, OpId)> = phone
        .disk
        .rows
        .iter()
        .filter(|row| row.scope.child() == Some(child))
        .filter(|row| may_place(phone, &row.fact))
        .map(|row| (row.fact.record, row.fact.id))
        .collect();
    let (record, op) = *rng.pick(&waiting)?;
    let home = phone.home_of(&record)?;
    (home.0.child() == Some(child)).then_some(())?;
    Some(vec![plan_of(record, home.1, child, vec![placement(op)])])
}

fn may_place(phone: &Phone, fact: &Fact) -> bool {
    match &fact.verdict {
        Some(Verdict::Quarantined { reason, owner }) => {
            let own_rule = matches!(reason, Reason::OwnWork | Reason::MayNotSettle)
                && fact.author == phone.worker;
            *owner == phone.worker && !own_rule && *reason != Reason::OtherHome
        }
        _ => false,
    }
}

/// Puts a fact of a finished visit right, where its author may.
fn correct(
    phone: &Phone,
    visit: RecordId,
    child: RecordId,
    is_manager: bool,
    rng: &mut Rng,
) -> Option<Vec<Plan>> {
    finished(phone, visit)?;
    let (statements, page) = laid_out(phone, visit, RecordKind::Visit, View::Here);
    let questions: Vec<_> = page
        .questions
        .values()
        .filter(|q| matches!(q.policy, Policy::Risk | Policy::Ordinary) && q.live.len() == 1)
        .collect();
    let question = *rng.pick(&questions)?;
    let standing = &statements.get(*question.live.first()?)?.fact;
    let form = RecordKind::Visit.form();
    let field = Catalogue::newest().field(form, &question.target)?;
    let choice = rng.pick(&field.choices)?;
    let worry = |answer: &Answer| Catalogue::newest().worry(form, &question.target, answer);
    let chosen = Answer::Code(choice.code.clone());
    let may = field.policy() != Policy::Risk
        || may_settle([standing], phone.worker, is_manager, worry(&chosen), worry);
    (may && standing.answer != chosen && field.policy() == question.policy).then_some(())?;
    let draft = Draft {
        kind: Kind::Correct,
        policy: field.policy(),
        target: question.target.clone(),
        replaces: vec![standing.id],
        content: Some(Content::Correction(Correction {
            value: Value::new(choice.code.clone(), "as shown"),
            was: "as it was shown".to_owned(),
            reason: "I had mixed up two visits".to_owned(),
        })),
    };
    Some(vec![plan_of(visit, RecordKind::Visit, child, vec![draft])])
}
