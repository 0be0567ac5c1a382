//! A phone in a child's hands: its vault is closed, and what is handed in lies sealed in the spool until somebody opens it, the
//! council or the phone's owner, whoever is first.

use visitbook_device::sync::store::ParcelKey;
use visitbook_record::commit::RecordKind;
use visitbook_record::fact::Fact;
use visitbook_record::family::{Post, missing_from, statements_of};
use visitbook_record::id::RecordId;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, FamilySession};
use visitbook_record::scope::Scope;
use visitbook_record::wire::{PostReply, PostStatement, SealedGroup, Signed};

use super::super::names;
use super::super::null;
use super::save::{Draft, Plan, Twist};
use super::{Died, Phone};

/// One thing that a child handed in.
#[derive(Clone)]
pub(crate) struct HandedIn {
    pub(super) no: u64,
    pub(super) key: ParcelKey,
    pub(crate) session: [u8; 16],
    /// Whose page it really was.
    pub(crate) child: RecordId,
    pub(crate) record: RecordId,
    pub(crate) post: Post,
    pub(crate) bytes: Vec<u8>,
    pub(crate) receipt: Option<Signed>,
    /// It is a voice record in this phone's book.
    taken_in: bool,
    /// Removed with everything about the child.
    pub(crate) gone: bool,
    /// The phone's owner never held the child.
    pub(crate) is_hostile: bool,
}

impl HandedIn {
    pub(super) const fn waits(&self) -> bool {
        self.receipt.is_none()
    }
}

impl Phone {
    /// Enters family mode for a child: a commit that tells of the session, and then the vault is closed.
    ///
    /// # Errors
    /// [`Died`]: the phone was killed in the save; nobody got it into their hands.
    pub(crate) fn enter_family(&mut self, child: RecordId, twist: Twist) -> Result<[u8; 16], Died> {
        let session = names::family_session(self.number, self.begin());
        let name: String = session.iter().map(|byte| format!("{byte:02x}")).collect();
        let draft = Draft {
            kind: Kind::EnterFamily,
            policy: Policy::Ordinary,
            target: Target::element("family", name),
            replaces: vec![],
            content: Some(Content::FamilySession(FamilySession {
                session,
                first_key: [7; 32],
            })),
        };
        self.save(vec![Plan {
            record: child,
            kind: RecordKind::Child,
            scope: Scope::Child(child),
            drafts: vec![draft],
            twist,
        }])?;
        self.lock();
        Ok(session)
    }

    /// The child hands in what is on the page. `claims` is what the page says whose it is.
    pub(crate) fn hand_in(
        &mut self,
        session: [u8; 16],
        child: RecordId,
        post: Post,
        is_hostile: bool,
    ) {
        let index = self
            .disk
            .posts
            .iter()
            .filter(|p| p.session == session)
            .count() as u64;
        let record = names::begun(0x03, self.number, self.begin());
        let (enc, bytes) = null::seal_post(&session, index, &record.0, &post.to_bytes());
        let no = self.next_no();
        self.disk.posts.push(HandedIn {
            no,
            key: ParcelKey {
                session: enc,
                number: 0,
            },
            session,
            child,
            record,
            post,
            bytes,
            receipt: None,
            taken_in: false,
            gone: false,
            is_hostile,
        });
    }

    /// Somebody takes a post out of the closed phone's spool before it was sent. It is evidence that the chain shows; its words
    /// are nowhere else. Returns whether there was one.
    pub(crate) fn take_one_out(&mut self, at: usize) -> bool {
        let there = self.disk.posts.get(at);
        let can = there.is_some_and(|post| post.waits() && !post.taken_in);
        if can {
            self.disk.posts.remove(at);
        }
        can
    }

    /// On return: each post becomes a voice record, but for what the council's record of it has said already.
    pub(super) fn take_in_posts(&mut self) -> Result<(), Died> {
        for index in 0..self.disk.posts.len() {
            let one = &self.disk.posts[index];
            if one.taken_in || one.gone || one.is_hostile {
                continue;
            }
            let (record, child) = (one.record, one.child);
            let facts: Vec<Fact> = self.rows_of(&record).map(|row| row.fact.clone()).collect();
            let said = missing_from(&facts, statements_of(&one.post, record));
            let drafts: Vec<Draft> = said
                .into_iter()
                .map(|said| Draft {
                    kind: said.kind,
                    policy: said.policy,
                    target: said.target,
                    replaces: vec![],
                    content: Some(said.content),
                })
                .collect();
            self.disk.posts[index].taken_in = true;
            if !drafts.is_empty() {
                self.save(vec![Plan {
                    record,
                    kind: RecordKind::Voice,
                    scope: Scope::Child(child),
                    drafts,
                    twist: Twist::None,
                }])?;
            }
        }
        Ok(())
    }

    /// The council's receipt for a post of this phone, if the answer is one; an error if it is not the council's.
    pub(super) fn read_post_receipt(
        &self,
        group: &SealedGroup,
    ) -> Result<Option<(usize, Signed)>, ()> {
        let mut posts = self.disk.posts.iter();
        let Some(index) = posts.position(|post| post.key.session == *group.session) else {
            return Ok(None);
        };
        let opened = null::open_answer(&group.session, &group.sealed).ok_or(())?;
        let reply: PostReply = null::read(opened).ok_or(())?;
        let exact = reply.statement;
        let statement: PostStatement = null::read(&exact.bytes).ok_or(())?;
        let is_signed = null::receipt_verifies(statement.epoch, &exact.bytes, &exact.signature);
        let names_it = statement.post == PostStatement::hash_of(&self.disk.posts[index].bytes);
        if is_signed && names_it {
            Ok(Some((index, exact)))
        } else {
            Err(())
        }
    }
}
