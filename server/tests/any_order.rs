//! Envelopes come in any order, several times, in uploads of any size: what the council ends up with is the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Which store these tests run over; see `support`.
const ON_DISK: bool = false;

use proptest::prelude::*;
use support::{BRYONY, Council, ROWAN, WREN, answer, called_off, finish, note, ops_of};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::scope::Scope;
use visitbook_record::wire::EnvelopeBody;
use visitbook_server::store::StorageExt as _;

/// Two workers' saves on one visit, and a finish that lists one's; each call makes the very same bytes.
fn saves(council: &Council) -> Vec<EnvelopeBody> {
    let (mut rowan, mut bryony) = (council.device(1, ROWAN), council.device(2, BRYONY));
    rowan.pull(council);
    bryony.pull(council);
    let mut bodies = vec![rowan.save(WREN, 1, vec![called_off(), note("n0", "first")])];
    for i in 0..4 {
        bodies.push(rowan.save(WREN, 1, vec![note(&format!("n{i}x"), "words")]));
    }
    let listed = bodies.iter().flat_map(ops_of).collect();
    bodies.push(rowan.save(WREN, 1, vec![finish(listed)]));
    for i in 0..4 {
        bodies.push(bryony.save(WREN, 1, vec![answer(&format!("f{i}"), "yes")]));
    }
    bodies
}

/// The scope's digest, and which texts colleagues may read.
fn outcome(council: &Council, bodies: &[EnvelopeBody]) -> (ScopeDigest, Vec<bool>) {
    council
        .store
        .read_with::<_, visitbook_server::store::StoreError>(|tx| {
            let digest = tx.last(&Scope::Child(WREN))?.unwrap().1;
            let mut readable = Vec::new();
            for id in bodies.iter().flat_map(ops_of) {
                readable.push(!tx.op(&id)?.unwrap().withheld);
            }
            Ok((digest, readable))
        })
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_order_any_repetition_any_grouping_gives_the_same_state(
        order in Just((0..10usize).collect::<Vec<_>>()).prop_shuffle(),
        again in proptest::collection::vec(0..10usize, 0..20),
        sizes in proptest::collection::vec(1..6usize, 40),
    ) {
        let straight = Council::new();
        let bodies = saves(&straight);
        prop_assert_eq!(bodies.len(), order.len());
        straight.upload(bodies.clone());
        let expected = outcome(&straight, &bodies);
        prop_assert!(expected.1.iter().all(|readable| *readable), "the finish releases every text");

        let crooked = Council::new();
        let same = saves(&crooked);
        prop_assert!(same == bodies);
        // Repetitions are strewn between the first comings.
        let mut sent: Vec<usize> = order;
        for (at, which) in again.into_iter().enumerate() {
            let place = (at * 7 + which) % (sent.len() + 1);
            sent.insert(place, which);
        }
        let mut rest = &sent[..];
        for size in sizes {
            let (part, left) = rest.split_at(size.min(rest.len()));
            rest = left;
            crooked.upload(part.iter().map(|i| bodies[*i].clone()).collect());
        }
        prop_assert!(rest.is_empty());
        prop_assert_eq!(outcome(&crooked, &bodies), expected);
    }
}
