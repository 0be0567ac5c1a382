//! Laws about words: kept, unchanged, acknowledged truthfully.

use std::collections::BTreeMap;

use visitbook_record::commit::Origin;
use visitbook_record::id::CommitHash;
use visitbook_record::op::Policy;
use visitbook_record::scope::Scope;
use visitbook_record::wire::Refusal;

use super::super::phone::Twist;
use super::super::reading::Reading;
use super::super::world::World;
use super::{Checked, must};

/// Law 1: every payload that reached a durable commit on any phone is readable on that phone and, with a
/// receipt, at the council.
pub(super) fn no_word_is_lost(world: &World, reading: &Reading) -> Checked {
    for phone in &world.phones {
        for own in &phone.disk.own {
            let volume = &own.written.volume;
            must!(
                !own.gone || own.receipt.is_some(),
                16,
                "phone {} removed a commit that has no receipt",
                phone.number
            );
            if own.lost && !reading.commits.contains_key(&volume.hash) {
                // Removed here after its receipt, then lost with the council's server, and nobody else had all of it.
                world.ledger.tally.borrow_mut().lost += 1;
                continue;
            }
            let is_not_here = own.written.is_refusable || own.gone;
            let is_kept_here = is_not_here || volume.ids.iter().all(|id| phone.row(id).is_some());
            must!(
                is_kept_here,
                1,
                "phone {} lost a commit of its own",
                phone.number
            );
            for (id, words) in volume.ids.iter().zip(&own.written.words) {
                let Some(words) = words else { continue };
                if !is_not_here {
                    let here = phone.row(id).and_then(|row| row.words.as_ref());
                    let same = here.is_some_and(|here| here.payload == words.payload);
                    must!(same, 1, "phone {} lost words of its own", phone.number);
                }
                if own.receipt.is_some() && own.written.twist != Twist::WrongWords {
                    let there = reading.op(id).and_then(|stated| stated.payload.as_ref());
                    must!(
                        there == Some(&words.payload.bytes),
                        1,
                        "the council acknowledged words of phone {} and does not have them",
                        phone.number
                    );
                }
            }
        }
    }
    Ok(())
}

/// Law 2: what has a receipt is at the council, at the position the receipt says, whatever failed since.
pub(super) fn acknowledged_is_durable(world: &World, reading: &Reading) -> Checked {
    for phone in &world.phones {
        for own in &phone.disk.own {
            let Some(receipt) = own.receipt.as_ref().filter(|_| !own.lost) else {
                continue;
            };
            let there = reading.commits.get(&own.written.volume.hash);
            let same = there.is_some_and(|(scope, at, bytes)| {
                *scope == receipt.scope && *at == receipt.at && *bytes == own.written.volume.bytes
            });
            must!(
                same,
                2,
                "a commit of phone {} is not where its receipt says",
                phone.number
            );
            for (id, verdict) in own.written.volume.ids.iter().zip(&receipt.verdicts) {
                let arrived = reading
                    .op(id)
                    .filter(|stated| stated.volume.hash == own.written.volume.hash)
                    .map(|stated| &stated.arrived_as);
                must!(
                    arrived.is_none_or(|arrived| arrived == verdict),
                    2,
                    "a receipt states another verdict than the log"
                );
            }
        }
    }
    Ok(())
}

/// Law 3: a child's words are everywhere the bytes that were saved.
pub(super) fn childs_words_are_identical(world: &World, reading: &Reading) -> Checked {
    for written in world.ledger.written.borrow().iter() {
        let volume = &written.volume;
        for (index, op) in volume.commit.ops.iter().enumerate() {
            if op.policy != Policy::Words || written.twist != Twist::None {
                continue;
            }
            let Some(Some(words)) = written.words.get(index) else {
                continue;
            };
            let id = &volume.ids[index];
            let everywhere = world
                .phones
                .iter()
                .filter_map(|phone| phone.row(id))
                .filter_map(|row| row.words.as_ref().map(|words| &words.payload.bytes))
                .chain(reading.op(id).and_then(|stated| stated.payload.as_ref()));
            for bytes in everywhere {
                must!(
                    *bytes == words.payload.bytes,
                    3,
                    "a child's words differ somewhere"
                );
            }
        }
    }
    super::family::what_was_handed_in_is_a_record(world, reading)
}

/// Law 4: whatever is shown as somebody's words is a payload that their phone saved with that statement.
pub(super) fn no_text_is_invented(world: &World, reading: &Reading) -> Checked {
    for stated in &reading.ops {
        if let (Some(origin), Some(bytes)) = (world.ledger.origin(&stated.fact.id), &stated.payload)
        {
            let written = origin
                .written
                .words
                .get(origin.index)
                .and_then(Option::as_ref);
            must!(
                written.is_some_and(|words| words.payload.bytes == *bytes),
                4,
                "the council shows words that nobody wrote"
            );
        }
    }
    for phone in &world.phones {
        for row in &phone.disk.rows {
            let (Some(origin), Some(words)) = (world.ledger.origin(&row.fact.id), &row.words)
            else {
                continue;
            };
            let written = origin
                .written
                .words
                .get(origin.index)
                .and_then(Option::as_ref);
            must!(
                written.is_some_and(|written| written.payload == words.payload),
                4,
                "phone {} shows words that nobody wrote",
                phone.number
            );
        }
    }
    Ok(())
}

/// Law 11: after healing everything is read, and every commit has a receipt or a refusal that it deserved.
pub(super) fn nothing_is_left(world: &World, _: &Reading) -> Checked {
    for phone in &world.phones {
        for own in &phone.disk.own {
            let as_deserved = match own.written.twist {
                Twist::ForgedSignature => own.refused == Some(Refusal::NotSigned),
                Twist::OtherCouncil => own.refused == Some(Refusal::OtherCouncil),
                Twist::Garbage => own.refused == Some(Refusal::Malformed),
                _ => own.receipt.is_some() && own.refused.is_none(),
            };
            must!(
                as_deserved,
                11,
                "a commit of phone {} ({:?}) has {} and {:?}",
                phone.number,
                own.written.twist,
                if own.receipt.is_some() {
                    "a receipt"
                } else {
                    "no receipt"
                },
                own.refused
            );
        }
        if phone.disk.ended {
            continue;
        }
        let own = [Scope::Worker(phone.worker), Scope::Council];
        let held = phone.disk.holds.keys().map(|child| Scope::Child(*child));
        for scope in held.chain(own) {
            let last = world.council.last(scope);
            let read = phone.disk.vector.get(&scope).copied();
            must!(
                read == Some(last).filter(|last| last.position > 0),
                11,
                "phone {} has not read all of a scope it holds",
                phone.number
            );
        }
        let really: Vec<_> = world.children_of(phone.worker);
        let thinks: Vec<_> = phone.disk.holds.iter().map(|(c, r)| (*c, *r)).collect();
        must!(
            really == thinks,
            11,
            "phone {} does not know whom its holder holds",
            phone.number
        );
    }
    Ok(())
}

/// Law 18: two commits under one number are both kept, and neither blocks anything.
pub(super) fn both_under_one_number_are_kept(world: &World, reading: &Reading) -> Checked {
    let mut under: BTreeMap<(Origin, u64), (CommitHash, bool)> = BTreeMap::new();
    let copies = world.phones.iter().filter(|phone| phone.has_copy);
    for own in copies.flat_map(|phone| &phone.disk.own) {
        let volume = &own.written.volume;
        if own.written.twist != Twist::None {
            continue;
        }
        let number = (volume.commit.origin, volume.commit.seq);
        let this = (volume.hash, own.lost);
        let first = *under.entry(number).or_insert(this);
        if first.0 != volume.hash {
            // Either may have been removed after its receipt, and then lost with the council's server.
            let both = [first, this]
                .iter()
                .all(|(hash, lost)| *lost || reading.commits.contains_key(hash));
            must!(both, 18, "one of two commits under one number is gone");
            world.ledger.tally.borrow_mut().forks += 1;
        }
    }
    for phone in &world.phones {
        for own in phone
            .disk
            .own
            .iter()
            .filter(|own| own.written.twist == Twist::SameNumber)
        {
            let hash = &own.written.volume.hash;
            must!(
                own.lost || reading.commits.contains_key(hash),
                18,
                "a second commit under one number is gone"
            );
        }
    }
    Ok(())
}

/// Law 20: however many commits break rules, every other one is acknowledged and judged as if they were not
/// there. That they are judged as if the others were not there follows with law 15: the sentences of the rule
/// name what each verdict depends on.
pub(super) fn poison_is_isolated(world: &World, reading: &Reading) -> Checked {
    for phone in &world.phones {
        for own in phone
            .disk
            .own
            .iter()
            .filter(|own| own.written.twist == Twist::None)
        {
            must!(
                own.lost || reading.commits.contains_key(&own.written.volume.hash),
                20,
                "a sound commit of phone {} never reached the council",
                phone.number
            );
        }
    }
    Ok(())
}
