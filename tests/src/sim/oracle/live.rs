//! Which statements stand, as a fixed point over sets of pairs, and who may settle what.

use std::collections::BTreeSet;

use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::RecordKind;
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::{OpId, WorkerId};
use visitbook_record::op::{Kind, Policy, Target};

/// Groups beyond this size do not occur in a day of this length; a larger one would be skipped, and counted as such.
pub(crate) const LARGEST: usize = 128;

/// PROTOCOL §2 and decision 2, as sentences: when one statement that names another really replaces it.
fn replaces(a: &Fact, a_counts: bool, b: &Fact) -> bool {
    let about_the_same = a.record == b.record && a.target == b.target;
    let names_too_many =
        a.replaces.len() >= 2 && !matches!(a.kind, Kind::Resolve | Kind::SetRemove | Kind::Close);
    let puts_right = matches!(a.kind, Kind::Resolve | Kind::Correct);
    let is_own = a.author == b.author;
    let is_text = matches!(
        b.kind,
        Kind::EntryAdd | Kind::EntryRevise | Kind::EntryWithdraw
    );
    let is_risk = a.policy == Policy::Risk || b.policy == Policy::Risk;
    let settles = puts_right && a_counts;
    if !about_the_same || names_too_many || b.policy == Policy::Words {
        false
    } else if is_own {
        true
    } else if is_text || b.policy == Policy::Observer {
        false
    } else {
        !is_risk || settles
    }
}

/// For each statement the set of those that it stands over, through any chain, as bits. `admits` may void further links.
pub(crate) fn stands_over(
    facts: &[&Fact],
    counts: impl Fn(&Fact) -> bool,
    admits: impl Fn(&Fact, &Fact) -> bool,
) -> Vec<u128> {
    let n = facts.len().min(LARGEST);
    let mut over = vec![0u128; n];
    for (a, fact) in facts
        .iter()
        .enumerate()
        .take(n)
        .filter(|(_, fact)| !fact.replaces.is_empty())
    {
        for (b, other) in facts.iter().enumerate().take(n) {
            let named = fact.replaces.contains(&other.id);
            if named && replaces(fact, counts(fact), other) && admits(fact, other) {
                over[a] |= 1 << b;
            }
        }
    }
    loop {
        let mut grew = false;
        for a in 0..n {
            let mut wider = over[a];
            for (b, set) in over.iter().enumerate() {
                if over[a] >> b & 1 == 1 {
                    wider |= set;
                }
            }
            grew |= wider != over[a];
            over[a] = wider;
        }
        if !grew {
            return over;
        }
    }
}

/// The live statements of one target: those that count and that nothing which counts stands over, through any chain.
pub(crate) fn live(facts: &[&Fact], counts: impl Fn(&Fact) -> bool) -> BTreeSet<OpId> {
    live_where(facts, counts, |_, _| true)
}

/// As [`live`], where `admits` may void further links.
pub(crate) fn live_where(
    facts: &[&Fact],
    counts: impl Fn(&Fact) -> bool,
    admits: impl Fn(&Fact, &Fact) -> bool,
) -> BTreeSet<OpId> {
    let over = stands_over(facts, &counts, admits);
    let n = over.len();
    (0..n)
        .filter(|b| counts(facts[*b]))
        .filter(|b| !(0..n).any(|a| a != *b && counts(facts[a]) && over[a] >> *b & 1 == 1))
        .map(|b| facts[b].id)
        .collect()
}

/// How worrying an answer is by the form: the first choice is the most worrying; what the form does not know is worse.
pub(crate) fn worry(kind: RecordKind, target: &Target, answer: &Answer) -> u32 {
    let field = Catalogue::newest().field(kind.form(), target);
    let place = match (field, answer) {
        (Some(field), Answer::Code(code)) => field.choices.iter().position(|c| c.code == *code),
        _ => None,
    };
    place.map_or(u32::MAX, |place| 1000 - u32::try_from(place).unwrap_or(999))
}

/// Who may settle a risk question to an answer of this worry (PROTOCOL §2).
pub(crate) fn may_settle(
    kind: RecordKind,
    listed: &[&Fact],
    by: WorkerId,
    is_manager: bool,
    chosen: u32,
) -> bool {
    let lowers_another = listed
        .iter()
        .any(|fact| fact.author != by && worry(kind, &fact.target, &fact.answer) > chosen);
    let wrote_any = listed.iter().any(|fact| fact.author == by);
    !lowers_another || (is_manager && !wrote_any)
}
