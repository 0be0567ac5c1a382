//! An independent oracle: where every write replaces all that its author saw, live values are what Automerge's `get_all`
//! returns for the same history.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ROOT, ReadDoc};
use common::{Draft, Pen};
use visitbook_record::fact::Fact;
use visitbook_record::fold::live_shared;
use visitbook_record::id::WorkerId;
use visitbook_record::op::{Policy, Target};
use visitbook_record::verdict::Verdict;

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

struct Replica {
    doc: AutoCommit,
    pen: Pen,
    facts: Vec<Fact>,
}

impl Replica {
    fn new(n: u8) -> Self {
        let mut doc = AutoCommit::new();
        doc.set_actor(ActorId::from([n; 16]));
        Self {
            doc,
            pen: Pen::new(WorkerId([n; 16]), n),
            facts: vec![],
        }
    }

    fn live(&self, field: &str) -> Vec<&Fact> {
        let group: Vec<Fact> = self
            .facts
            .iter()
            .filter(|f| f.target.name() == field)
            .cloned()
            .collect();
        let live: BTreeSet<_> = live_shared(&group)
            .into_iter()
            .map(|i| group[i].id)
            .collect();
        self.facts
            .iter()
            .filter(|fact| live.contains(&fact.id))
            .collect()
    }

    fn write(&mut self, field: &str, value: &str) {
        self.doc.put(ROOT, field, value).unwrap();
        self.doc.commit();
        let seen: Vec<_> = self.live(field).iter().map(|fact| fact.id).collect();
        let target = Target::field(field);
        let draft = if seen.len() > 1 {
            Draft::resolve(Policy::Ordinary, target, value, &seen)
        } else {
            Draft::assert(Policy::Ordinary, target, value, &seen)
        };
        self.facts
            .extend(self.pen.write(vec![draft]).facts(Some(Verdict::Applied)));
    }

    fn merge(&mut self, other: &mut Self) {
        self.doc.merge(&mut other.doc).unwrap();
        for fact in &other.facts {
            if !self.facts.iter().any(|known| known.id == fact.id) {
                self.facts.push(fact.clone());
            }
        }
    }

    fn check(&self, field: &str, seed: u64) {
        let theirs: BTreeSet<String> = self
            .doc
            .get_all(ROOT, field)
            .unwrap()
            .into_iter()
            .map(|(value, _)| value.into_string().unwrap())
            .collect();
        let ours: BTreeSet<String> = self
            .live(field)
            .iter()
            .map(|fact| fact.answer.code().unwrap().to_owned())
            .collect();
        assert_eq!(ours, theirs, "seed {seed}, field {field}");
    }
}

#[test]
fn live_values_are_automerges_conflict_sets() {
    let mut checked = 0;
    for seed in 0..400u64 {
        let mut random = Random(seed * 2 + 1);
        let mut replicas: Vec<Replica> = (1..=u8::try_from(2 + random.below(3)).unwrap())
            .map(Replica::new)
            .collect();
        for step in 0..40 {
            let i = random.below(replicas.len());
            if random.below(3) < 2 {
                let field = ["seen", "place", "alone"][random.below(3)];
                replicas[i].write(field, &format!("{i}-{step}"));
            } else {
                let j = random.below(replicas.len());
                if i != j {
                    let (low, high) = (i.min(j), i.max(j));
                    let (left, right) = replicas.split_at_mut(high);
                    left[low].merge(&mut right[0]);
                }
            }
            for field in ["seen", "place", "alone"] {
                replicas[i].check(field, seed);
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 400 * 40 * 3);
}
