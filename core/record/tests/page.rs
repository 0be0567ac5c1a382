//! A record laid out: before finish, after it, and with late words.
#![allow(clippy::unwrap_used)]

mod common;

use common::{BRYONY, Draft, Pen, ROWAN, SAGE, Written};
use visitbook_record::commit::RecordKind;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{Page, Statement, View, lay_out};
use visitbook_record::scope::LogPosition;
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};

/// The statements of commits that the council received in this order.
fn received(written: &[&Written]) -> Vec<Statement> {
    written
        .iter()
        .zip(1..)
        .flat_map(|(w, position)| statements(w, Some(position), Some(Verdict::Applied)))
        .collect()
}

fn statements(
    written: &Written,
    position: Option<u64>,
    verdict: Option<Verdict>,
) -> Vec<Statement> {
    let counted_at = position.map(|position| LogPosition { epoch: 1, position });
    written
        .facts(verdict)
        .into_iter()
        .zip(&written.contents)
        .map(|(fact, content)| Statement {
            fact,
            content: content.clone(),
            written: written.commit.clocks.wall,
            received: position.map(|_| WallMillis(0)),
            counted_at,
        })
        .collect()
}

fn shared(statements: &[Statement]) -> Page {
    lay_out(RecordKind::Visit, statements, View::Shared)
}

fn alone(code: &str) -> Draft {
    Draft::assert(Policy::Risk, Target::field("alone"), code, &[])
}

fn standing_code(page: &Page, statements: &[Statement], field: &str) -> Option<String> {
    let question = page.questions.get(&Target::field(field))?;
    statements[question.standing?]
        .fact
        .answer
        .code()
        .map(str::to_owned)
}

#[test]
fn while_two_risk_answers_are_open_the_most_worrying_stands() {
    let yes = Pen::new(ROWAN, 1).write(vec![alone("spoke_alone")]);
    let no = Pen::new(BRYONY, 2).write(vec![alone("not_alone")]);
    for order in [[&yes, &no], [&no, &yes]] {
        let statements = received(&order);
        let page = shared(&statements);
        assert!(page.questions[&Target::field("alone")].open);
        assert_eq!(
            standing_code(&page, &statements, "alone").unwrap(),
            "not_alone"
        );
    }
}

#[test]
fn the_same_answer_twice_is_no_conflict_and_ordinary_conflicts_have_no_winner() {
    let place = |code| Draft::assert(Policy::Ordinary, Target::field("place"), code, &[]);
    let a = Pen::new(ROWAN, 1).write(vec![place("home")]);
    let b = Pen::new(BRYONY, 2).write(vec![place("home")]);
    let c = Pen::new(SAGE, 3).write(vec![place("school_or_nursery")]);
    let statements = received(&[&a, &b]);
    assert!(!shared(&statements).questions[&Target::field("place")].open);
    assert_eq!(
        standing_code(&shared(&statements), &statements, "place").unwrap(),
        "home"
    );
    let statements = received(&[&a, &b, &c]);
    let question = &shared(&statements).questions[&Target::field("place")];
    assert!(question.open);
    assert_eq!(question.standing, None);
    assert_eq!(question.live.len(), 3);
}

#[test]
fn a_settlement_closes_and_a_value_it_did_not_list_reopens() {
    let yes = Pen::new(ROWAN, 1).write(vec![alone("spoke_alone")]);
    let no = Pen::new(BRYONY, 2).write(vec![alone("not_alone")]);
    let settle = Pen::new(ROWAN, 1).write(vec![Draft::resolve(
        Policy::Risk,
        Target::field("alone"),
        "not_alone",
        &[yes.id(), no.id()],
    )]);
    let statements = received(&[&yes, &no, &settle]);
    let page = shared(&statements);
    assert!(!page.questions[&Target::field("alone")].open);
    assert_eq!(
        standing_code(&page, &statements, "alone").unwrap(),
        "not_alone"
    );

    let third = Pen::new(SAGE, 3).write(vec![alone("spoke_alone")]);
    let statements = received(&[&yes, &no, &settle, &third]);
    assert!(shared(&statements).questions[&Target::field("alone")].open);
}

fn finish(pen: &mut Pen, written: &[&Written]) -> Written {
    let ids: Vec<_> = written.iter().flat_map(|w| w.ids.clone()).collect();
    pen.write(vec![Draft::finish(ids)])
}

#[test]
fn a_finished_page_never_changes_and_later_words_stand_beside_it() {
    let mut rowan = Pen::new(ROWAN, 1);
    let answer = rowan.write(vec![alone("spoke_alone")]);
    let note = rowan.write(vec![Draft::entry(
        Kind::EntryAdd,
        "saw",
        "e1",
        "Warm kitchen.",
        &[],
    )]);
    let done = finish(&mut rowan, &[&answer, &note]);
    let edit = rowan.write(vec![Draft::assert(
        Policy::Risk,
        Target::field("alone"),
        "not_alone",
        &[answer.id()],
    )]);
    let late = rowan.write(vec![Draft::entry(
        Kind::EntryAdd,
        "saw",
        "e2",
        "Reed stays most nights.",
        &[],
    )]);
    let statements = received(&[&answer, &note, &done, &edit, &late]);
    let page = shared(&statements);

    let question = &page.questions[&Target::field("alone")];
    assert!(
        question.open,
        "a worse answer after the finish opens the question"
    );
    assert_eq!(
        standing_code(&page, &statements, "alone").unwrap(),
        "not_alone"
    );
    assert_eq!(question.on_page, [0], "the page keeps what was finished");
    assert_eq!(
        page.late
            .iter()
            .map(|i| statements[*i].fact.id)
            .collect::<Vec<_>>(),
        [edit.id(), late.id()]
    );
    assert_eq!(
        page.entries
            .iter()
            .map(|entry| entry.late)
            .collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn a_settlement_set_aside_and_an_edit_of_it_leave_the_finished_answers_standing() {
    let mut rowan = Pen::new(ROWAN, 1);
    let mine = rowan.write(vec![alone("spoke_alone")]);
    let hers = Pen::new(BRYONY, 2).write(vec![alone("not_alone")]);
    let done = finish(&mut rowan, &[&mine, &hers]);
    let refused = rowan.write(vec![Draft::resolve(
        Policy::Risk,
        Target::field("alone"),
        "spoke_alone",
        &[mine.id(), hers.id()],
    )]);
    let edit = rowan.write(vec![Draft::assert(
        Policy::Risk,
        Target::field("alone"),
        "alone_not_talking",
        &[refused.id()],
    )]);
    let aside = Verdict::Quarantined {
        reason: Reason::MayNotSettle,
        owner: SAGE,
    };
    let mut all = received(&[&mine, &hers, &done]);
    all.extend(statements(&refused, None, Some(aside)));
    all.extend(statements(&edit, Some(9), Some(Verdict::Applied)));
    let question = &shared(&all).questions[&Target::field("alone")];
    let live: Vec<_> = question.live.iter().map(|i| all[*i].fact.id).collect();
    assert_eq!(live, [mine.id(), hers.id(), edit.id()]);
    assert_eq!(
        question.on_page.len(),
        2,
        "both finished answers stay on the page"
    );
}

#[test]
fn what_the_page_had_replaced_is_history_and_no_late_addition() {
    let mut rowan = Pen::new(ROWAN, 1);
    let first = rowan.write(vec![alone("not_alone")]);
    let edit = rowan.write(vec![Draft::assert(
        Policy::Risk,
        Target::field("alone"),
        "spoke_alone",
        &[first.id()],
    )]);
    let begun = rowan.write(vec![Draft::entry(Kind::EntryAdd, "saw", "e1", "Wa", &[])]);
    let done = finish(&mut rowan, &[&edit]);
    let whole = rowan.write(vec![Draft::entry(
        Kind::EntryRevise,
        "saw",
        "e1",
        "Warm.",
        &[begun.id()],
    )]);
    let statements = received(&[&first, &edit, &begun, &done, &whole]);
    let page = shared(&statements);
    let late: Vec<_> = page.late.iter().map(|i| statements[*i].fact.id).collect();
    assert_eq!(late, [whole.id()]);
}

#[test]
fn finished_twice_the_first_accepted_stands_and_the_other_is_kept() {
    let mut rowan = Pen::new(ROWAN, 1);
    let answer = rowan.write(vec![alone("spoke_alone")]);
    let first = finish(&mut rowan, &[&answer]);
    let mut bryony = Pen::new(BRYONY, 2);
    let second = finish(&mut bryony, &[&answer]);
    let statements = received(&[&answer, &second, &first]);
    let finished = shared(&statements).finished.unwrap();
    assert_eq!(statements[finished.by].fact.id, second.id());
    assert_eq!(finished.others.len(), 1);
}

#[test]
fn a_listed_statement_set_aside_leaves_the_finish_standing_and_says_so() {
    let mut rowan = Pen::new(ROWAN, 1);
    let answer = rowan.write(vec![alone("spoke_alone")]);
    let done = finish(&mut rowan, &[&answer]);
    let aside = Verdict::Quarantined {
        reason: Reason::NotHeld,
        owner: SAGE,
    };
    let mut all = statements(&answer, None, Some(aside));
    all.extend(statements(&done, Some(2), Some(Verdict::Applied)));
    let page = shared(&all);
    assert!(page.finished.unwrap().being_looked_at);
    assert!(page.questions[&Target::field("alone")].maybe_worse);
}

#[test]
fn written_in_two_places_both_are_kept_and_the_author_says_which_is_read_first() {
    let mut phone = Pen::new(ROWAN, 1);
    let mut tablet = Pen::new(ROWAN, 2);
    let first = phone.write(vec![Draft::entry(
        Kind::EntryAdd,
        "saw",
        "e1",
        "Warm.",
        &[],
    )]);
    let on_phone = phone.write(vec![Draft::entry(
        Kind::EntryRevise,
        "saw",
        "e1",
        "Warm kitchen.",
        &[first.id()],
    )]);
    let on_tablet = tablet.write(vec![Draft::entry(
        Kind::EntryRevise,
        "saw",
        "e1",
        "Warm room.",
        &[first.id()],
    )]);
    let all = received(&[&first, &on_phone, &on_tablet]);
    let entry = shared(&all).entries.remove(0);
    assert!(entry.open);
    assert_eq!(entry.live.len(), 2);

    let target = Target::element("saw", "e1");
    let choose = tablet.write(vec![Draft::resolve(
        Policy::Ordinary,
        target,
        &on_phone.id().to_string(),
        &[on_phone.id(), on_tablet.id()],
    )]);
    let all = received(&[&first, &on_phone, &on_tablet, &choose]);
    let entry = shared(&all).entries.remove(0);
    assert!(!entry.open);
    assert_eq!(all[entry.first.unwrap()].fact.id, on_phone.id());
}

#[test]
fn taking_an_entry_back_never_beats_new_words_in_it() {
    let mut phone = Pen::new(ROWAN, 1);
    let mut tablet = Pen::new(ROWAN, 2);
    let first = phone.write(vec![Draft::entry(
        Kind::EntryAdd,
        "saw",
        "e1",
        "Warm.",
        &[],
    )]);
    let back = phone.write(vec![Draft::entry(
        Kind::EntryWithdraw,
        "saw",
        "e1",
        "wrong child",
        &[first.id()],
    )]);
    let more = tablet.write(vec![Draft::entry(
        Kind::EntryRevise,
        "saw",
        "e1",
        "Warm room.",
        &[first.id()],
    )]);
    let entry = shared(&received(&[&first, &back])).entries.remove(0);
    assert!(entry.withdrawn);
    let entry = shared(&received(&[&first, &back, &more])).entries.remove(0);
    assert!(!entry.withdrawn && entry.open && entry.live.len() == 2);
}

#[test]
fn unsent_statements_show_only_here() {
    let mut rowan = Pen::new(ROWAN, 1);
    let sent = rowan.write(vec![alone("not_alone")]);
    let unsent = rowan.write(vec![Draft::assert(
        Policy::Risk,
        Target::field("alone"),
        "spoke_alone",
        &[sent.id()],
    )]);
    let mut all = statements(&sent, Some(1), Some(Verdict::Applied));
    all.extend(statements(&unsent, None, None));
    assert_eq!(
        standing_code(&shared(&all), &all, "alone").unwrap(),
        "not_alone"
    );
    let here = lay_out(RecordKind::Visit, &all, View::Here);
    assert_eq!(standing_code(&here, &all, "alone").unwrap(), "spoke_alone");
}
