//! Laws that are checked while the day goes on.

use std::collections::BTreeSet;

use visitbook_device::sync::engine::{Config, Effect, Engine, Event};
use visitbook_device::sync::exchange::TransportProblem;
use visitbook_device::sync::outcome::Budget;
use visitbook_record::cbor::{decode, encode};
use visitbook_record::id::OpId;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{ReceiptStatement, Upload, UploadAnswer, UploadReply};
use visitbook_server::store::{StorageExt, StoreError};

use super::super::null;
use super::super::oracle::is_withheld_at_first;
use super::super::phone::{Phone, Twist};
use super::super::rng::Rng;
use super::super::world::World;
use super::{Broken, Checked, must};

/// Whatever a phone must never see, it says itself.
pub(crate) fn phone_has_no_alarm(phone: &Phone) -> Checked {
    match phone.alarms.first() {
        Some((law, alarm)) => Err(Broken::new(
            *law,
            format!("phone {}: {alarm}", phone.number),
        )),
        None => Ok(()),
    }
}

/// Law 15: a restored council sends nothing before somebody has looked through its lists.
pub(crate) fn nothing_is_sent_unconfirmed(world: &World) -> Checked {
    must!(
        !world.council.served_unconfirmed,
        15,
        "a restored council sent something before its lists were confirmed"
    );
    Ok(())
}

/// Law 22: a phone says that the council has a record only when the council durably has every commit it made on it, but for
/// what was lost with a server of whose end the phone has not heard, and what was removed here before.
pub(crate) fn status_is_truthful(world: &World, phone: &Phone) -> Checked {
    if !world.knows_the_epoch(phone) {
        return Ok(());
    }
    let claimed: BTreeSet<_> = phone
        .own_records()
        .into_iter()
        .filter(|record| phone.council_has(record))
        .collect();
    if claimed.is_empty() {
        return Ok(());
    }
    let missing = world.council.store.read_with(|tx| {
        for own in &phone.disk.own {
            let volume = &own.written.volume;
            let is_claimed = claimed.contains(&volume.commit.record) && !own.lost;
            if is_claimed && tx.commit(&volume.hash)?.is_none() {
                return Ok::<_, StoreError>(true);
            }
        }
        Ok(false)
    });
    must!(
        matches!(missing, Ok(false)),
        22,
        "phone {} claims a record that the council lacks",
        phone.number
    );
    Ok(())
}

/// Law 16: what a phone removed the council durably had by then, with its words.
pub(crate) fn removed_was_received(world: &mut World, n: usize) -> Checked {
    let removed = std::mem::take(&mut world.phones[n].removed);
    // What a phone removes before it can hear of a restore may be lost with the server.
    if removed.is_empty() || !world.knows_the_epoch(&world.phones[n]) {
        return Ok(());
    }
    let mut tally = world.ledger.tally.borrow_mut();
    tally.removed += removed.len() as u64;
    drop(tally);
    let missing = world.council.store.read_with(|tx| {
        for written in &removed {
            let volume = &written.volume;
            if tx.commit(&volume.hash)?.is_none() {
                return Ok::<_, StoreError>(true);
            }
            for (id, words) in volume.ids.iter().zip(&written.words) {
                let kept = tx.payload(id)?;
                let sent = words
                    .as_ref()
                    .filter(|_| written.twist != Twist::WrongWords);
                if sent.is_some_and(|words| kept.as_ref() != Some(&words.payload)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    });
    must!(
        matches!(missing, Ok(false)),
        16,
        "phone {n} removed words that the council does not have"
    );
    Ok(())
}

/// Law 15: words came to a phone because they are its holder's, because the holder decides about them, or because the
/// holder may read them.
pub(crate) fn words_were_due(world: &World, phone: &Phone, op: &OpId) -> Checked {
    let Some(row) = phone.row(op) else {
        return Ok(());
    };
    let decides = match &row.fact.verdict {
        Some(Verdict::Quarantined { owner, .. }) => *owner == phone.worker,
        _ => false,
    };
    if row.fact.author == phone.worker || decides {
        return Ok(());
    }
    if let Some(child) = row.scope.child() {
        must!(
            world.ledger.ever_held(phone.worker, child),
            15,
            "phone {} was given words about a child its holder never held",
            phone.number
        );
    }
    let Some(origin) = world.ledger.origin(op) else {
        return Ok(());
    };
    if is_withheld_at_first(origin.written.volume.commit.record_kind, &row.fact) {
        must!(
            world.council.released(row.fact.record, op, phone.worker),
            15,
            "phone {} was given a colleague's text that no finish lists and its holder did not open",
            phone.number
        );
    }
    Ok(())
}

/// Law 19: everything that any phone ever sealed is sent once more, in another order; the council answers with the same
/// receipts and its logs stay as they are.
pub(crate) fn repeats_change_nothing(world: &mut World, chance: u64) -> Checked {
    let mut rng = Rng::new(chance);
    let mut envelopes: Vec<Vec<u8>> = world
        .phones
        .iter()
        .flat_map(|phone| phone.disk.own.iter())
        .filter(|own| !own.gone)
        // Whoever tells of a session about a child that they were only given since makes a record of it by telling again.
        .filter(|own| !own.told_of_anybodys_session())
        .filter_map(|own| own.parcel.as_ref().map(|(_, bytes)| bytes.clone()))
        .collect();
    for i in (1..envelopes.len()).rev() {
        envelopes.swap(i, rng.below(i + 1));
    }
    let before = world.council.lasts();
    let body = encode(&Upload {
        envelopes: envelopes.into_iter().map(Into::into).collect(),
    });
    let reply = world
        .council
        .answer(visitbook_device::sync::exchange::Route::Upload, &body);
    must!(
        world.council.lasts() == before,
        19,
        "sending everything again added to a log"
    );
    let answer: UploadAnswer =
        decode(&reply.body).map_err(|_| Broken::new(19, "no answer to a repeated upload"))?;
    let mut statements = BTreeSet::new();
    for group in &answer.groups {
        let reply = null::open_answer(&group.session, &group.sealed)
            .and_then(|opened| decode::<UploadReply>(opened).ok())
            .ok_or_else(|| Broken::new(19, "an answer does not open"))?;
        statements.extend(reply.statements.into_iter().map(|signed| signed.bytes));
    }
    for phone in &world.phones {
        for own in &phone.disk.own {
            let was_sent = !own.gone && !own.told_of_anybodys_session();
            if let Some(receipt) = own.receipt.as_ref().filter(|_| was_sent) {
                must!(
                    statements.contains(&receipt.statement),
                    19,
                    "a commit of phone {} brought another receipt than before",
                    phone.number
                );
                must!(
                    decode::<ReceiptStatement>(&receipt.statement).is_ok(),
                    17,
                    "a receipt cannot be read"
                );
            }
        }
    }
    Ok(())
}

/// Attempts within an hour without any line, by a phone that tries as soon as it may. With a back-off that doubles to five
/// minutes and full jitter, a dozen long waits and the short ones before them.
const ATTEMPTS_PER_HOUR: usize = 80;

/// Law 23: an hour without a line.
pub(crate) fn effort_is_bounded(phone: &mut Phone, from: u64, chance: u64) -> Checked {
    let mut rng = Rng::new(chance);
    let mut engine = Engine::new(Config::default());
    let mut now = from;
    let mut attempts = 0;
    while now < from + 3_600_000 {
        let begin = Event::Begin {
            now,
            budget: Budget::default(),
            random: rng.next(),
            asked: false,
        };
        let mut effect = engine.step(phone, begin);
        while let Ok(Effect::Send { .. }) = effect {
            attempts += 1;
            must!(
                attempts <= ATTEMPTS_PER_HOUR,
                23,
                "more than {ATTEMPTS_PER_HOUR} attempts in an hour without a line"
            );
            let problem = TransportProblem::NoLine;
            effect = engine.step(phone, Event::TransportFailed { now, problem });
        }
        now = engine.next_sync_allowed_at().max(now + 1);
    }
    must!(attempts > 0, 23, "no attempt at all in an hour");
    Ok(())
}
