//! Walking a session's posts from its first key.

use super::post::Parts;
use super::{FirstKey, Ratchet};
use crate::secret::equal;

/// What the count says about the end of a session whose posts are all genuine and in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// There are exactly as many posts as were counted.
    Confirmed,
    /// Fewer than were counted: the last ones are missing. More: the count is an old one, as after a crash between
    /// storing a post and counting it; the posts are genuine all the same.
    CountMismatch {
        /// What the caller's count says.
        counted: u64,
        /// How many posts there are.
        found: u64,
    },
    /// No count survived. Posts may have been removed at the end, and nobody can tell.
    NotConfirmed {
        /// How many posts there are.
        found: u64,
    },
}

/// What is wrong at one place of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Claims this place, and was not made for it: changed afterwards, or forged.
    Edited,
    /// The post of this place is not there, and a later one is.
    Missing,
    /// The post of this place comes later.
    OutOfOrder,
    /// A post from before comes again.
    Duplicate,
    /// A post of another session.
    OtherSession,
    /// Not a post.
    NotAPost,
}

/// Where a chain is first broken. The posts themselves are kept, and those that open are records: this is evidence
/// to be shown beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the posts of a family session were touched at {index}")]
pub struct Broken {
    /// The place in the list of posts, from 0; all before it are genuine and in their places.
    pub index: u64,
    /// What is wrong there.
    pub fault: Fault,
}

/// The chain of one family session.
pub struct FamilyChain;

impl FamilyChain {
    /// Checks the posts of one session, in the order in which they are kept. Posts that arrive by themselves are put in
    /// order of their index by the caller first; then a place that is still empty is [`Fault::Missing`].
    ///
    /// `count` is how many posts the device counted, from memory or from where it keeps small values; `None` if that is
    /// lost.
    ///
    /// # Errors
    /// [`Broken`], at the first place that is not as it was made. What comes after it is not looked at: tags build on
    /// each other.
    pub fn verify<'p>(
        first: &FirstKey,
        posts: impl IntoIterator<Item = &'p [u8]>,
        count: Option<u64>,
    ) -> Result<End, Broken> {
        let posts: Vec<&[u8]> = posts.into_iter().collect();
        let mut ratchet = Ratchet::new(first.session, first.key.duplicate());
        for (place, post) in posts.iter().enumerate() {
            match follow(&mut ratchet, post) {
                Ok(()) => {}
                Err(wrong) => {
                    return Err(Broken {
                        index: ratchet.index,
                        fault: wrong.fault(&ratchet, &posts, place),
                    });
                }
            }
        }
        let found = ratchet.index;
        Ok(match count {
            None => End::NotConfirmed { found },
            Some(counted) if counted == found => End::Confirmed,
            Some(counted) => End::CountMismatch { counted, found },
        })
    }
}

/// What one post shows by itself; telling a removal from a reorder takes the others.
enum Wrong {
    NotAPost,
    OtherSession,
    OtherTag,
    Earlier,
    Later,
}

fn follow(ratchet: &mut Ratchet, post: &[u8]) -> Result<(), Wrong> {
    let parts = Parts::read(post).map_err(|_| Wrong::NotAPost)?;
    if parts.session != ratchet.session {
        return Err(Wrong::OtherSession);
    }
    match parts.header.number.cmp(&ratchet.index) {
        std::cmp::Ordering::Less => return Err(Wrong::Earlier),
        std::cmp::Ordering::Greater => return Err(Wrong::Later),
        std::cmp::Ordering::Equal => {}
    }
    if !equal(&parts.tag, &ratchet.tag(parts.tagged)) {
        return Err(Wrong::OtherTag);
    }
    ratchet.advance(parts.tag);
    Ok(())
}

impl Wrong {
    fn fault(self, ratchet: &Ratchet, posts: &[&[u8]], place: usize) -> Fault {
        let (before, after) = posts.split_at(place);
        match self {
            Self::NotAPost => Fault::NotAPost,
            Self::OtherSession => Fault::OtherSession,
            Self::OtherTag => Fault::Edited,
            Self::Earlier if after.first().is_some_and(|post| before.contains(post)) => {
                Fault::Duplicate
            }
            Self::Earlier => Fault::Edited,
            Self::Later if after.iter().any(|post| belongs_here(ratchet, post)) => {
                Fault::OutOfOrder
            }
            Self::Later => Fault::Missing,
        }
    }
}

/// Whether this is the very post that the chain waits for, and not one that only claims its place.
fn belongs_here(ratchet: &Ratchet, post: &[u8]) -> bool {
    Parts::read(post).is_ok_and(|parts| {
        parts.session == ratchet.session
            && parts.header.number == ratchet.index
            && equal(&parts.tag, &ratchet.tag(parts.tagged))
    })
}
