//! What children handed in: one record, whoever opened it first, in the file of the child in whose hands the phone was.

use visitbook_record::op::Target;
use visitbook_record::payload::Content;
use visitbook_record::scope::Scope;
use visitbook_server::store::{StorageExt, StoreError};

use super::super::oracle;
use super::super::phone::{HandedIn, Phone};
use super::super::reading::{Reading, Stated};
use super::super::world::World;
use super::{Checked, must};

/// Law 3, of what was handed in: it is in the file of the session's child, byte for byte, whatever the page said; nothing that
/// somebody made up is in anybody's; and the council adds nothing to what a phone had said.
pub(super) fn what_was_handed_in_is_a_record(world: &World, reading: &Reading) -> Checked {
    for phone in &world.phones {
        for post in &phone.disk.posts {
            let at = reading.by_record.get(&post.record).into_iter().flatten();
            let stated: Vec<&Stated> = at.map(|at| &reading.ops[*at]).collect();
            if post.is_hostile {
                must!(
                    stated.is_empty() || world.ledger.ever_held(phone.worker, post.child),
                    15,
                    "what somebody made up about a child they never held is in the child's file"
                );
                continue;
            }
            if post.gone && stated.is_empty() && world.council.epoch.0 > 1 {
                // Removed here after its receipt, then lost with the council's server, and nobody else had it.
                continue;
            }
            is_received(world, phone, post)?;
            is_in_the_file(post, &stated, world.council.epoch.0 > 1)?;
            // What is given back to a restored council comes beside what it has from elsewhere.
            if world.council.epoch.0 == 1 {
                nothing_is_said_twice(&stated)?;
            }
            world.ledger.tally.borrow_mut().handed_in += 1;
        }
    }
    Ok(())
}

fn is_received(world: &World, phone: &Phone, post: &HandedIn) -> Checked {
    must!(
        post.receipt.is_some(),
        if post.gone { 16 } else { 11 },
        "what a child handed in on phone {} has no receipt",
        phone.number
    );
    // Sealed posts themselves are not given back to a restored council; the records made of them are.
    if world.council.epoch.0 > 1 {
        return Ok(());
    }
    let kept = world.council.store.read_with(|tx| {
        let posts = tx.family_posts(&post.session)?;
        let kept = posts.into_iter().find(|kept| kept.bytes == post.bytes);
        Ok::<_, StoreError>(kept.map(|kept| kept.placed))
    });
    must!(
        matches!(kept, Ok(Some(true))),
        2,
        "what a child handed in on phone {} has a receipt, and is {kept:?} at the council",
        phone.number
    );
    Ok(())
}

/// After a restore the council's own record may be lost, and the phone's be set aside; the words are there all the same.
fn is_in_the_file(post: &HandedIn, stated: &[&Stated], is_restored: bool) -> Checked {
    let counts = |s: &&&Stated| is_restored || s.fact.is_applied();
    let mut said = stated.iter().filter(counts);
    must!(
        said.any(|s| s.fact.target == Target::field("how")),
        3,
        "what a child handed in is no record at the council"
    );
    must!(
        stated
            .iter()
            .all(|s| s.volume.commit.scope == Scope::Child(post.child)),
        15,
        "what a child handed in is in another child's file"
    );
    let words: Vec<&String> = stated
        .iter()
        .filter(counts)
        .filter_map(|s| match &s.content {
            Some(Content::Words(words)) => Some(words),
            _ => None,
        })
        .collect();
    let same = words
        .iter()
        .all(|words| Some(*words) == post.post.words.as_ref());
    must!(
        same && words.is_empty() == post.post.words.is_none(),
        3,
        "a child's own words are not in the file as they were handed in"
    );
    Ok(())
}

/// The council's writer adds only what has not been said; two phones may, before they hear of each other.
fn nothing_is_said_twice(stated: &[&Stated]) -> Checked {
    for one in stated.iter().filter(|s| oracle::is_writer(&s.volume)) {
        let before = stated.iter().any(|other| {
            other.fact.target == one.fact.target
                && other.content == one.content
                && other.counted_at.is_some()
                && other.counted_at < one.counted_at
        });
        must!(
            !before,
            4,
            "the council wrote down once more what was in the file"
        );
    }
    Ok(())
}
