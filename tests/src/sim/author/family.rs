//! A phone handed to a child, who writes, or chooses not to; and what can happen to it while nobody watches.

use visitbook_record::family::Post;
use visitbook_record::id::RecordId;

use super::super::names;
use super::super::phone::{Died, Phone, Twist};
use super::super::rng::Rng;
use super::{a_child, a_visit, text};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handed {
    Nothing,
    ToAChild,
    /// To somebody who says that it is a child whom the phone's owner never held.
    ToNobodysChild,
    /// And a post was taken out before anybody came back.
    AndRobbed,
}

/// Hands the phone over, lets one to three things be handed in, and mostly comes back.
///
/// # Errors
/// [`Died`]: the phone was killed before it was handed over.
pub(crate) fn hand_over(
    phone: &mut Phone,
    never_held: Option<RecordId>,
    rng: &mut Rng,
) -> Result<Handed, Died> {
    let hostile = never_held.filter(|_| rng.chance(15));
    let Some(child) = hostile.or_else(|| a_child(phone, rng)) else {
        return Ok(Handed::Nothing);
    };
    let twist = hostile.map_or(Twist::None, |_| Twist::Content);
    let visit = a_visit(phone, child, rng);
    let session = phone.enter_family(child, twist)?;
    let first = phone.disk.posts.len();
    for _ in 0..1 + rng.below(3) {
        let says = rng.chance(80);
        let post = Post {
            format: Post::FORMAT,
            // Whatever the page says, it is the session's child that counts.
            child: if rng.chance(10) {
                names::child(0)
            } else {
                child
            },
            visit: rng.chance(50).then_some(visit),
            words: says.then(|| text(rng)),
            drawing: None,
            chose_not_to_say: (!says).then(|| "does_not_want_to".to_owned()),
            child_asks: None,
            not_with: if rng.chance(30) {
                vec!["mum".to_owned()]
            } else {
                vec![]
            },
            typed_at: phone.clock.show(phone.now),
        };
        phone.hand_in(session, child, post, hostile.is_some());
    }
    let robbed = rng.chance(10) && phone.take_one_out(first + rng.below(2));
    // Else it stays closed, as after a kill, and is opened by whoever uses it next.
    if rng.chance(60) {
        phone.open();
    }
    Ok(match hostile {
        Some(_) => Handed::ToNobodysChild,
        None if robbed => Handed::AndRobbed,
        None => Handed::ToAChild,
    })
}
