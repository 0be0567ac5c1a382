//! Receipts and pages: verified, applied once, and never able to take anything away.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{
    BRYONY, FINCH, Phone, ROWAN, SAGE, Spoil, WREN, field, larkspurs, no_keys, pull, push, sync,
    visit_to_wren,
};
use visitbook_device::sync::store::{ReplyProblem, SyncStore};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::commit::Role;
use visitbook_record::id::WorkerId;
use visitbook_record::scope::Scope;
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::UploadAnswer;

#[test]
fn the_council_has_it_only_by_receipts_for_every_commit() {
    let (council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    let code =
        |working: &visitbook_device::Working| working.statuses().unwrap()[0].status.code.clone();
    assert_eq!(code(&working), "saved_here");
    let parcels = working.waiting(usize::MAX, &no_keys()).unwrap();
    let keys: Vec<_> = parcels.iter().map(|parcel| parcel.key).collect();
    working.under_way(&keys);
    assert_eq!(code(&working), "sending");
    let half = council
        .lock()
        .unwrap()
        .upload(vec![parcels[0].bytes.clone()]);
    assert_eq!(working.take_upload_answer(&half).unwrap().receipted, 1);
    working.under_way(&[]);
    assert_eq!(code(&working), "saved_here", "one of two is not all of it");
    let rest = council
        .lock()
        .unwrap()
        .upload(vec![parcels[1].bytes.clone()]);
    assert_eq!(working.take_upload_answer(&rest).unwrap().receipted, 1);
    assert_eq!(code(&working), "council_has_it");
    let status = &working.statuses().unwrap()[0].status;
    assert_eq!(status.title, "The council has it · 09:53");
    assert!(status.unfinished);
    assert_eq!(
        working.take_upload_answer(&rest).unwrap().receipted,
        0,
        "the same answer again changes nothing"
    );
    assert_eq!(working.verify().unwrap().receipted, 2);
}

#[test]
fn a_pull_alone_is_no_receipt() {
    let (council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let parcels = working.waiting(usize::MAX, &no_keys()).unwrap();
    // The answer is lost; the page that follows already carries the commit.
    council
        .lock()
        .unwrap()
        .upload(parcels.into_iter().map(|p| p.bytes).collect());
    pull(&council, &mut working);
    assert_eq!(working.statuses().unwrap()[0].status.code, "saved_here");
    assert_eq!(working.sealed_waiting(), 1);
    assert_eq!(
        push(&council, &mut working).receipted,
        1,
        "sent again, stored once"
    );
    assert_eq!(working.statuses().unwrap()[0].status.code, "council_has_it");
    assert!(working.visit(visit).is_ok());
}

#[test]
fn a_receipt_that_does_not_fit_its_commit_is_none() {
    for spoil in [Spoil::VerdictLeftOut, Spoil::OtherScope] {
        let (council, _phone, mut working) = larkspurs();
        visit_to_wren(&mut working);
        council.lock().unwrap().spoils_receipts = Some(spoil);
        assert_eq!(push(&council, &mut working).receipted, 0, "{spoil:?}");
        assert_eq!(working.statuses().unwrap()[0].status.code, "saved_here");
        assert_eq!(working.sealed_waiting(), 1);
        assert_eq!(working.alarms().unwrap()[0].kind, "bad_receipt");
    }
}

#[test]
fn a_certificate_left_out_once_costs_no_words() {
    for budget in [usize::MAX, 1] {
        let (council, _phone, mut rowan) = larkspurs();
        let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
        pull(&council, &mut bryony);
        let visit = visit_to_wren(&mut bryony);
        bryony.set(visit, &field("seen"), "yes", None).unwrap();
        let hers = bryony.begin_visit(&[FINCH]).unwrap()[0];
        sync(&council, &mut bryony);
        {
            let mut council = council.lock().unwrap();
            council.page_budget = budget;
            council.forgets_certificates = true;
            council.staff(&[(WorkerId([0xa4; 16]), "Tansy Reed")]);
        }
        pull(&council, &mut rowan);
        assert!(rowan.visits(WREN).unwrap().is_empty());
        assert!(
            rowan
                .staff()
                .unwrap()
                .iter()
                .any(|one| one.name == "Tansy Reed"),
            "the rest came"
        );
        council.lock().unwrap().forgets_certificates = false;
        pull(&council, &mut rowan);
        assert_eq!(rowan.visits(WREN).unwrap()[0].record, visit);
        assert_eq!(rowan.visits(FINCH).unwrap()[0].record, hers);
        let before = rowan.alarms().unwrap().len();
        pull(&council, &mut rowan);
        pull(&council, &mut rowan);
        assert_eq!(rowan.alarms().unwrap().len(), before, "the digests agree");
        let shared = |working: &visitbook_device::Working| -> Vec<_> {
            let lines = working.digests().unwrap().into_iter();
            lines
                .filter(|line| line.scope.starts_with("child"))
                .map(|line| (line.scope, line.position, line.digest))
                .collect()
        };
        pull(&council, &mut bryony);
        assert_eq!(shared(&rowan), shared(&bryony));
    }
}

#[test]
fn a_certificate_that_stays_away_is_asked_for_once_in_each_unlock() {
    let (council, _phone, mut rowan) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    pull(&council, &mut bryony);
    let visit = visit_to_wren(&mut bryony);
    sync(&council, &mut bryony);
    council.lock().unwrap().forgets_certificates = true;
    for _ in 0..4 {
        pull(&council, &mut rowan);
    }
    assert_eq!(rowan.alarms().unwrap()[0].kind, "no_certificate");
    // The council has sent this to a device that said how far it is, and does not send it again unasked.
    bryony.set(visit, &field("seen"), "yes", None).unwrap();
    sync(&council, &mut bryony);
    council.lock().unwrap().forgets_certificates = false;
    pull(&council, &mut rowan);
    assert!(rowan.visits(WREN).unwrap().is_empty());
    let mut rowan = rowan.lock().unlock(common::PIN).unwrap();
    pull(&council, &mut rowan);
    assert_eq!(rowan.visits(WREN).unwrap()[0].seen.as_deref(), Some("yes"));
}

#[test]
fn an_answer_that_is_not_the_councils_changes_nothing() {
    let (council, _phone, mut working) = larkspurs();
    visit_to_wren(&mut working);
    let parcels = working.waiting(usize::MAX, &no_keys()).unwrap();
    let answer = council
        .lock()
        .unwrap()
        .upload(parcels.into_iter().map(|p| p.bytes).collect());
    let garbage: [&[u8]; 4] = [
        b"",
        b"<html>sign in</html>",
        &answer[..answer.len() - 1],
        &[0x82, 0x80, 0x80],
    ];
    for body in &garbage[..3] {
        assert!(matches!(
            working.take_upload_answer(body),
            Err(ReplyProblem::NotTheCouncil)
        ));
        assert!(matches!(
            working.take_pull_reply(body),
            Err(ReplyProblem::NotTheCouncil)
        ));
    }
    let mut opened: UploadAnswer = decode(&answer).unwrap();
    let sealed = &mut opened.groups[0].sealed;
    let last = sealed.len() - 1;
    sealed[last] ^= 1;
    assert!(matches!(
        working.take_upload_answer(&encode(&opened)),
        Err(ReplyProblem::NotTheCouncil)
    ));
    assert_eq!(working.statuses().unwrap()[0].status.code, "saved_here");
    assert_eq!(working.sealed_waiting(), 1);
    let request = working.pull_request(1 << 20).unwrap().unwrap();
    let mut reply = council.lock().unwrap().pull(&request.body);
    let last = reply.len() - 1;
    reply[last] ^= 1;
    assert!(matches!(
        working.take_pull_reply(&reply),
        Err(ReplyProblem::NotTheCouncil)
    ));
    assert_eq!(working.take_upload_answer(&answer).unwrap().receipted, 1);
}

#[test]
fn digests_agree_for_all_who_hold_a_scope_and_a_difference_is_raised() {
    let (council, _phone, mut rowan) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    pull(&council, &mut bryony);
    let visit = visit_to_wren(&mut rowan);
    rowan.note(visit, "saw", "withheld from Bryony").unwrap();
    rowan.set(visit, &field("seen"), "yes", None).unwrap();
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    let shared = |working: &visitbook_device::Working| -> Vec<_> {
        working
            .digests()
            .unwrap()
            .into_iter()
            .filter(|line| !line.scope.starts_with("worker"))
            .collect()
    };
    assert!(shared(&rowan) == shared(&bryony));
    let line = shared(&rowan)
        .into_iter()
        .find(|line| line.scope == Scope::Child(WREN).to_string())
        .unwrap();
    let theirs = council
        .lock()
        .unwrap()
        .digest(&Scope::Child(WREN), line.position)
        .to_bytes();
    assert_eq!(
        line.digest,
        theirs
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>()
    );
    let unsent = rowan.set(visit, &field("bedroom"), "seen", None).unwrap();
    assert!(
        shared(&rowan) == shared(&bryony),
        "own unsent words are not in it"
    );
    assert_eq!(unsent.commits.len(), 1);
    pull(&council, &mut rowan);
    assert!(rowan.alarms().unwrap().is_empty());
    council.lock().unwrap().lies_about_digests = true;
    pull(&council, &mut rowan);
    assert_eq!(rowan.alarms().unwrap()[0].kind, "digest_differs");
    assert_eq!(
        rowan.history(visit).unwrap().len(),
        5,
        "nothing was dropped"
    );
}

#[test]
fn a_page_may_come_twice_and_in_pieces() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    sync(&council, &mut working);
    let request = working.pull_request(1 << 20).unwrap().unwrap();
    let first = council.lock().unwrap().pull(&request.body);
    working.take_pull_reply(&first).unwrap();
    assert!(
        working.take_pull_reply(&first).is_err(),
        "each request takes one reply"
    );
    let digests = working.digests().unwrap();
    drop(working.lock());

    let (_tablet, mut tablet) = Phone::enrol(&council, ROWAN, "Rowan's tablet");
    council.lock().unwrap().page_budget = 1;
    let mut pages = 0;
    loop {
        let request = tablet.pull_request(1 << 20).unwrap().unwrap();
        let reply = council.lock().unwrap().pull(&request.body);
        let taken = tablet.take_pull_reply(&reply).unwrap();
        assert!(taken.entries <= 1);
        pages += 1;
        if !taken.more {
            break;
        }
    }
    assert!(pages > 5);
    assert!(tablet.digests().unwrap() == digests);
    assert_eq!(tablet.visits(WREN).unwrap()[0].record, visit);
    tablet.note(visit, "saw", "carried on here").unwrap();
    drop(phone);
}

#[test]
fn what_is_set_aside_has_an_owner_and_may_come_back() {
    let (council, _phone, mut rowan) = larkspurs();
    let visit = visit_to_wren(&mut rowan);
    sync(&council, &mut rowan);
    council.lock().unwrap().verdict = Some(Verdict::Quarantined {
        reason: Reason::OldAssignment,
        owner: SAGE,
    });
    let saved = rowan
        .set(visit, &field("alone"), "not_alone", None)
        .unwrap();
    let answers = |working: &visitbook_device::Working| {
        let page = working.visit(visit).unwrap();
        page.questions
            .iter()
            .find(|q| q.field == "alone")
            .map(|q| (q.answers.len(), q.maybe_worse))
    };
    assert_eq!(
        answers(&rowan),
        Some((1, false)),
        "the own unsent answer lies over the shared view"
    );
    sync(&council, &mut rowan);
    assert_eq!(
        answers(&rowan),
        Some((0, true)),
        "set aside, and a more worrying answer may exist"
    );
    let status = &rowan.statuses().unwrap()[0].status;
    assert_eq!(
        (status.code.as_str(), status.title.as_str()),
        ("with", "With Sage Mallow since 09:53")
    );
    let (_laptop, mut sage) = Phone::enrol(&council, SAGE, "Sage's laptop");
    pull(&council, &mut sage);
    council
        .lock()
        .unwrap()
        .judge_again(saved.ops[0], Verdict::Applied);
    for device in [&mut rowan, &mut sage] {
        pull(&council, device);
        assert_eq!(answers(device), Some((1, false)));
        pull(&council, device);
        assert!(
            device.alarms().unwrap().is_empty(),
            "the digests went along"
        );
    }
    assert_eq!(rowan.statuses().unwrap()[0].status.code, "council_has_it");
    assert!(rowan.verify().unwrap().problems.is_empty());
}

#[test]
fn what_the_council_has_of_a_child_no_longer_held_is_not_spoken_of() {
    let (council, _phone, mut rowan) = larkspurs();
    visit_to_wren(&mut rowan);
    let finch = rowan.begin_visit(&[FINCH]).unwrap()[0];
    sync(&council, &mut rowan);
    assert_eq!(rowan.statuses().unwrap().len(), 2);
    council.lock().unwrap().unassign(ROWAN, WREN);
    pull(&council, &mut rowan);
    let left = rowan.statuses().unwrap();
    assert_eq!(
        left.iter().map(|one| one.record).collect::<Vec<_>>(),
        [finch]
    );
}

#[test]
fn a_child_comes_with_an_assignment_and_goes_with_its_end_and_comes_again() {
    let (council, _phone, mut rowan) = larkspurs();
    let visit = visit_to_wren(&mut rowan);
    rowan.set(visit, &field("seen"), "yes", None).unwrap();
    sync(&council, &mut rowan);
    assert_eq!(rowan.children().unwrap().len(), 3);
    council.lock().unwrap().unassign(ROWAN, WREN);
    let saved = rowan.set(visit, &field("bedroom"), "seen", None).unwrap();
    pull(&council, &mut rowan);
    assert_eq!(rowan.children().unwrap().len(), 2);
    assert!(rowan.child_card(WREN).is_err());
    assert!(rowan.search("seen").unwrap().is_empty());
    assert_eq!(
        rowan.statuses().unwrap().len(),
        1,
        "what is not sent yet is still spoken of"
    );
    assert_eq!(
        push(&council, &mut rowan).receipted,
        1,
        "what was written before still goes"
    );
    pull(&council, &mut rowan);
    assert!(rowan.alarms().unwrap().is_empty());
    assert_eq!(
        rowan
            .statuses()
            .unwrap()
            .iter()
            .map(|one| one.status.code.as_str())
            .collect::<Vec<_>>(),
        ["with"],
        "nor is what was set aside left out"
    );
    council.lock().unwrap().assign(ROWAN, WREN, Role::Joint);
    pull(&council, &mut rowan);
    pull(&council, &mut rowan);
    assert_eq!(
        rowan.child_card(WREN).unwrap().child.role,
        Some(Role::Joint)
    );
    assert!(
        rowan.alarms().unwrap().is_empty(),
        "its log was read again from the beginning"
    );
    assert!(
        rowan
            .history(visit)
            .unwrap()
            .iter()
            .any(|v| v.op == saved.ops[0])
    );
}

#[test]
fn the_card_shows_what_matters_on_the_doorstep() {
    let (council, phone, mut rowan) = larkspurs();
    let visits = rowan.begin_visit(&[WREN, FINCH]).unwrap();
    for (name, code) in [
        ("outcome", "went_ahead"),
        ("seen", "yes"),
        ("alone", "spoke_alone"),
        ("bedroom", "not_seen"),
    ] {
        rowan.set(visits[0], &field(name), code, None).unwrap();
    }
    sync(&council, &mut rowan);
    let card = rowan.child_card(WREN).unwrap();
    assert_eq!(card.child.full_name, "Wren Larkspur");
    assert_eq!(card.child.age.as_deref(), Some("14"));
    assert_eq!(card.last_seen.unwrap().date, "2026-10-27");
    assert_eq!(card.last_alone.unwrap().by.as_deref(), Some("Rowan Teasel"));
    assert!(card.last_bedroom.is_none());
    assert_eq!(card.family.len(), 2);
    assert!(
        card.held_by
            .contains(&("Sage Mallow".into(), Role::Manager))
    );
    let today = rowan.today(None).unwrap();
    assert_eq!(
        (
            today.date.as_str(),
            today.visits.len(),
            today.children.len()
        ),
        ("2026-10-27", 2, 3)
    );
    assert_eq!(rowan.today(Some("2026-10-28")).unwrap().visits.len(), 0);
    assert_eq!(
        rowan.today(Some("2026-10-28")).unwrap().unfinished.len(),
        1,
        "begun with an outcome, and not finished"
    );
    assert!(rowan.today(Some("28/10/2026")).is_err());
    assert_eq!(rowan.staff().unwrap().len(), 3);
    phone.clock.pass(1);
}

#[test]
fn the_lists_are_what_a_rebuild_makes_of_the_log() {
    let (council, _phone, mut rowan) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    pull(&council, &mut bryony);
    let visit = visit_to_wren(&mut rowan);
    rowan
        .set(visit, &field("alone"), "spoke_alone", None)
        .unwrap();
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    bryony
        .set(visit, &field("alone"), "not_alone", None)
        .unwrap();
    sync(&council, &mut bryony);
    pull(&council, &mut rowan);
    let lists = |working: &visitbook_device::Working| {
        (
            visitbook_device_json(&working.visits(WREN).unwrap()),
            working.questions().unwrap().len(),
            working.children().unwrap().len(),
        )
    };
    let before = lists(&rowan);
    rowan.rebuild_lists().unwrap();
    assert_eq!(lists(&rowan), before);
    assert!(rowan.verify().unwrap().problems.is_empty());
}

/// Everything on a list, as one string.
fn visitbook_device_json(lines: &[visitbook_device::model::VisitLine]) -> String {
    lines
        .iter()
        .map(|line| {
            format!(
                "{:?}",
                (
                    line.record,
                    &line.date,
                    &line.seen,
                    line.seen_open,
                    &line.alone,
                    line.alone_open,
                    line.finished,
                    &line.by
                )
            )
        })
        .collect()
}
