//! The verdict: what the server makes of a commit.
//!
//! A pure function of a small named context, the commit and the rules of the form catalogue that the commit names. It
//! reads no clock and asks no network, so the device, the server and the simulator reach the same judgement, and a device
//! can refuse to build what the server would set aside.
//!
//! Rights are judged by what the author could have known: the assignment state that the commit names, which may not be
//! older than what the device had acknowledged (PROTOCOL §5).

mod attachment;
mod closing;
mod opening;
mod oversight;
mod redaction;

use std::collections::HashMap;

use crate::catalogue::{Catalogue, Field, Sort};
use crate::commit::{Commit, RecordKind, Role};
use crate::conflict::may_settle;
use crate::fact::{Fact, RecordHome};
use crate::id::{OpId, WorkerId};
use crate::limits;
use crate::op::{Kind, Op, Policy};
use crate::payload::Content;
use crate::scope::Scope;
use crate::verdict::{Reason, Verdict};

pub use opening::{ALSO_MET, COVER_OPENED, MATCHED_TO, MET, REFERRED, begins_file, opens_cover};

/// What the server knows of the device that signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceStanding {
    /// Whose it is.
    pub holder: WorkerId,
    /// It is the server's own writer.
    pub is_writer: bool,
    /// The device was revoked or its holder dismissed.
    pub ended: bool,
}

/// How an author came to a child's file beside having been given it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// As one who stands in: with a reason, since the child was last given to them so.
    Cover,
    /// As the first to write about a child who is on nobody's list, before they could know that the child was given to them.
    Scope,
}

/// What the author could have known of their right to the commit's scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// The commit names an assignment entry older than the newest this device had acknowledged.
    pub stale: bool,
    /// The author's role for the scope by the state the commit names; `None` if they did not hold it.
    pub role_known: Option<Role>,
    /// The author's role for the scope now.
    pub role_now: Option<Role>,
    /// Whether the author opened the child's file.
    pub opened: Option<Opening>,
}

/// A known statement of the same record, with what the judge must know beside the fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOp {
    /// The fact.
    pub fact: Fact,
    /// Its payload is at present withheld from the author of the commit that is judged.
    pub withheld: bool,
}

/// Everything a verdict depends on beside the commit itself.
pub struct Context<'a> {
    /// The signing device.
    pub device: DeviceStanding,
    /// The author's rights.
    pub rights: Rights,
    /// Who decides about what is set aside in this scope.
    pub owner: WorkerId,
    /// Where the record lives, if the server knows it.
    pub home: Option<RecordHome>,
    /// The statements the server already has, by name; asked only for statements that the commit names.
    pub known: &'a dyn Fn(&OpId) -> Option<KnownOp>,
}

/// Judges every operation of a commit, in order; an operation sees those before it in the same commit.
///
/// `contents` is by operation: `None` where the operation names no payload, or where the payload is missing, malformed or
/// not the one signed.
#[must_use]
pub fn judge_commit(
    context: &Context<'_>,
    commit: &Commit,
    contents: &[Option<Content>],
) -> Vec<Verdict> {
    judge_facts(
        context,
        commit,
        &Fact::of_commit(commit, contents),
        contents,
    )
}

/// As [`judge_commit`], for a caller who has the facts of the commit already: naming them is dear.
#[must_use]
pub fn judge_facts(
    context: &Context<'_>,
    commit: &Commit,
    facts: &[Fact],
    contents: &[Option<Content>],
) -> Vec<Verdict> {
    let mut earlier: HashMap<OpId, KnownOp> = HashMap::new();
    let mut verdicts = Vec::with_capacity(commit.ops.len());
    for (index, (op, fact)) in commit.ops.iter().zip(facts).enumerate() {
        let known = |id: &OpId| earlier.get(id).cloned().or_else(|| (context.known)(id));
        let content = contents.get(index).and_then(Option::as_ref);
        let verdict = Judge {
            context,
            commit,
            known: &known,
        }
        .judge(op, fact, content);
        if commit.ops.len() > 1 {
            let mut fact = fact.clone();
            fact.verdict = Some(verdict.clone());
            let withheld = crate::fact::is_withheld_until_finish(commit.record_kind, op.kind);
            earlier.insert(fact.id, KnownOp { fact, withheld });
        }
        verdicts.push(verdict);
    }
    verdicts
}

/// Judges one operation of a stored commit again: one that was held, now that more has arrived.
#[must_use]
pub fn judge_again(
    context: &Context<'_>,
    commit: &Commit,
    index: usize,
    contents: &[Option<Content>],
) -> Option<Verdict> {
    let op = commit.ops.get(index)?;
    let facts = Fact::of_commit(commit, contents);
    let fact = facts.get(index)?;
    let content = contents.get(index).and_then(Option::as_ref);
    Some(
        Judge {
            context,
            commit,
            known: context.known,
        }
        .judge(op, fact, content),
    )
}

struct Judge<'a> {
    context: &'a Context<'a>,
    commit: &'a Commit,
    known: &'a dyn Fn(&OpId) -> Option<KnownOp>,
}

type Ruling = Result<(), Verdict>;

impl Judge<'_> {
    fn judge(&self, op: &Op, fact: &Fact, content: Option<&Content>) -> Verdict {
        match self.rule(op, fact, content) {
            Err(verdict) => verdict,
            Ok(()) if self.is_from_previous_worker() => Verdict::AppliedFromPreviousWorker,
            Ok(()) => Verdict::Applied,
        }
    }

    fn is_from_previous_worker(&self) -> bool {
        !self.context.device.is_writer
            && self.context.rights.role_now.is_none()
            && self.context.rights.opened != Some(Opening::Scope)
            && self.commit.scope.child().is_some()
    }

    fn aside(&self, reason: Reason) -> Verdict {
        Verdict::Quarantined {
            reason,
            owner: self.context.owner,
        }
    }

    fn refuse_if(&self, broken: bool, reason: Reason) -> Ruling {
        if broken {
            Err(self.aside(reason))
        } else {
            Ok(())
        }
    }

    fn rule(&self, op: &Op, fact: &Fact, content: Option<&Content>) -> Ruling {
        self.rule_rights(op)?;
        self.rule_shape(op, content)?;
        match op.kind {
            Kind::Unknown(_) => Ok(()),
            Kind::Finish => self.rule_finish(op, content),
            Kind::Assign | Kind::Unassign => Ok(()),
            Kind::SignOff | Kind::Return | Kind::Void => self.rule_oversight(op, content),
            Kind::Place => self.rule_placement(content),
            Kind::EnterFamily => self.rule_family(),
            Kind::Purged => self.rule_purged(),
            Kind::Attach => self.rule_attachment(op, content),
            Kind::Open => self.rule_opening(op),
            Kind::Close => self.rule_closing(op, content),
            Kind::Redact => self.rule_redaction(op),
            Kind::Read => self.rule_read(),
            Kind::Resolve | Kind::Correct => {
                self.rule_field(op, content)?;
                self.rule_whose_answer(op)?;
                self.rule_settlement(op, content)
            }
            Kind::EntryAdd
            | Kind::EntryRevise
            | Kind::EntryWithdraw
            | Kind::Assert
            | Kind::SetAdd
            | Kind::SetRemove
            | Kind::Ask => {
                self.rule_field(op, content)?;
                self.rule_whose_answer(op)?;
                self.rule_ownership(op, fact)
            }
        }
    }

    fn rule_rights(&self, op: &Op) -> Ruling {
        let Context {
            device,
            rights,
            home,
            ..
        } = self.context;
        // An ended device still says that it has removed what it held, and what was looked at on it: no word about a child.
        let confirms = matches!(op.kind, Kind::Purged | Kind::Read);
        self.refuse_if(device.ended && !confirms, Reason::DeviceEnded)?;
        self.refuse_if(
            !device.is_writer && device.holder != self.commit.author,
            Reason::NotYourName,
        )?;
        let moved = home.is_some_and(|home| {
            home.scope != self.commit.scope || home.kind != self.commit.record_kind
        });
        self.refuse_if(moved, Reason::OtherHome)?;
        if device.is_writer {
            return Ok(());
        }
        self.refuse_if(
            matches!(op.kind, Kind::Assign | Kind::Unassign | Kind::Redact),
            Reason::ServerOnly,
        )?;
        match self.commit.scope {
            Scope::Council => Err(self.aside(Reason::ServerOnly)),
            Scope::Worker(worker) | Scope::Audit(worker) => {
                self.refuse_if(worker != self.commit.author, Reason::NotHeld)
            }
            Scope::Child(_) | Scope::Restricted(_) => {
                self.refuse_if(rights.stale, Reason::OldAssignment)?;
                let began = rights.opened == Some(Opening::Scope);
                self.refuse_if(rights.role_known.is_none() && !began, Reason::NotHeld)?;
                self.rule_opened(op)
            }
        }
    }

    fn rule_shape(&self, op: &Op, content: Option<&Content>) -> Ruling {
        self.refuse_if(self.commit.ops.len() > limits::COMMIT_OPS, Reason::TooLarge)?;
        self.refuse_if(!op.target.is_well_formed(), Reason::BadTarget)?;
        self.refuse_if(
            op.replaces.len() > 1 && !op.kind.may_replace_several(),
            Reason::TooManyReplaced,
        )?;
        if matches!(op.kind, Kind::Unknown(_)) {
            return Ok(());
        }
        let Some(content) = content else {
            // A payload in words that this version cannot read is a newer version's affair when the commit says so.
            let newer = op.payload.is_some() && self.is_newer_form();
            return self.refuse_if(!newer && needs_payload(op.kind), Reason::PayloadMissing);
        };
        self.refuse_if(!suits(op, content), Reason::WrongContent)?;
        self.refuse_if(text_bytes(content) > limits::ENTRY_BYTES, Reason::TooLarge)
    }

    fn is_newer_form(&self) -> bool {
        Catalogue::version(self.commit.catalogue).is_none()
    }

    /// The field must be on the form that the commit names and be treated as that form says. A form the server does not
    /// have is a newer one: its answers are kept and rank as most worrying.
    fn rule_field(&self, op: &Op, content: Option<&Content>) -> Ruling {
        let Some(catalogue) = Catalogue::version(self.commit.catalogue) else {
            return Ok(());
        };
        let form = self.commit.record_kind.form();
        if matches!(self.commit.record_kind, RecordKind::Unknown(_)) {
            return Ok(());
        }
        let Some(field) = catalogue.field(form, &op.target) else {
            return Err(self.aside(Reason::UnknownField));
        };
        self.refuse_if(field.policy() != op.policy, Reason::WrongPolicy)?;
        let answers = matches!(op.kind, Kind::Assert | Kind::SetAdd | Kind::SetRemove);
        let unsuited = if field.sort == Sort::Entry {
            answers
        } else {
            op.kind.is_entry()
        };
        self.refuse_if(unsuited, Reason::WrongContent)?;
        let sets = matches!(op.kind, Kind::SetAdd | Kind::SetRemove);
        self.refuse_if(sets && op.policy != Policy::Set, Reason::WrongPolicy)?;
        self.rule_code(field, content)
    }

    fn rule_code(&self, field: &Field, content: Option<&Content>) -> Ruling {
        let code = match content {
            Some(Content::Ask { value, .. }) => Some(value.code.as_str()),
            other => other
                .and_then(Content::value)
                .map(|value| value.code.as_str()),
        };
        let unknown =
            field.sort == Sort::Choice && code.is_some_and(|code| field.choice(code).is_none());
        self.refuse_if(unknown, Reason::UnknownCode)
    }

    fn rule_ownership(&self, op: &Op, fact: &Fact) -> Ruling {
        let edits_words =
            op.policy == Policy::Words && (op.kind != Kind::EntryAdd || !op.replaces.is_empty());
        self.refuse_if(edits_words, Reason::ChildsWords)?;
        let observer = op
            .target
            .element_id()
            .and_then(|id| id.parse::<WorkerId>().ok());
        let of_another = op.policy == Policy::Observer
            && !self.context.device.is_writer
            && observer != Some(fact.author);
        self.refuse_if(of_another, Reason::NotYourObservation)
    }

    fn rule_settlement(&self, op: &Op, content: Option<&Content>) -> Ruling {
        self.refuse_if(
            matches!(op.policy, Policy::Observer | Policy::Set),
            Reason::CannotSettle,
        )?;
        self.refuse_if(op.policy == Policy::Words, Reason::ChildsWords)?;
        self.refuse_if(op.replaces.is_empty(), Reason::CannotSettle)?;
        let Some(catalogue) = Catalogue::version(self.commit.catalogue) else {
            return Err(self.aside(Reason::CannotSettle));
        };
        let (listed, missing) = self.look_up(&op.replaces);
        if !missing.is_empty() {
            return Err(Verdict::Held { missing });
        }
        let elsewhere = listed
            .iter()
            .any(|k| k.fact.record != self.commit.record || k.fact.target != op.target);
        self.refuse_if(elsewhere, Reason::CannotSettle)?;
        if op.policy != Policy::Risk {
            return Ok(());
        }
        let form = self.commit.record_kind.form();
        let worry = |answer: &crate::fact::Answer| catalogue.worry(form, &op.target, answer);
        let chosen = worry(&crate::fact::Answer::of(content));
        let is_manager = self.context.rights.role_known == Some(Role::Manager);
        let facts = listed.iter().map(|known| &known.fact);
        self.refuse_if(
            !may_settle(facts, self.commit.author, is_manager, chosen, worry),
            Reason::MayNotSettle,
        )
    }

    fn rule_finish(&self, op: &Op, content: Option<&Content>) -> Ruling {
        let Some(Content::Finish(ids)) = content else {
            return Err(self.aside(Reason::WrongContent));
        };
        self.refuse_if(!op.replaces.is_empty(), Reason::TooManyReplaced)?;
        self.refuse_if(
            self.commit.record_kind != RecordKind::Visit,
            Reason::FinishListsOther,
        )?;
        self.refuse_if(!ids.is_sorted_by(|a, b| a < b), Reason::WrongContent)?;
        let (listed, missing) = self.look_up(ids);
        if !missing.is_empty() {
            return Err(Verdict::Held { missing });
        }
        let other = listed
            .iter()
            .any(|k| k.fact.record != self.commit.record || k.fact.kind == Kind::Finish);
        self.refuse_if(other, Reason::FinishListsOther)?;
        let unread = listed
            .iter()
            .any(|known| known.withheld && known.fact.author != self.commit.author);
        self.refuse_if(unread, Reason::FinishListsUnread)?;
        let facts: Vec<Fact> = listed.into_iter().map(|known| known.fact).collect();
        self.refuse_if(
            !crate::visit::missing_at_finish(&facts).is_empty(),
            Reason::FinishIncomplete,
        )
    }

    fn look_up(&self, ids: &[OpId]) -> (Vec<KnownOp>, Vec<OpId>) {
        let mut found = Vec::with_capacity(ids.len());
        let mut missing = Vec::new();
        for id in ids {
            match (self.known)(id) {
                Some(known) => found.push(known),
                None => missing.push(*id),
            }
        }
        (found, missing)
    }
}

const fn needs_payload(kind: Kind) -> bool {
    !matches!(
        kind,
        // What a redaction does follows from its target: its own words may be removed in their turn.
        Kind::SetRemove | Kind::Purged | Kind::Read | Kind::Redact | Kind::Unknown(_)
    )
}

const fn suits(op: &Op, content: &Content) -> bool {
    match op.kind {
        Kind::EntryAdd => match op.policy {
            Policy::Words => matches!(content, Content::Words(_) | Content::Drawing(_)),
            _ => matches!(content, Content::Text { .. }),
        },
        Kind::EntryRevise => matches!(content, Content::Text { .. }),
        Kind::EntryWithdraw | Kind::SetRemove => matches!(content, Content::Reason(_)),
        Kind::Assert | Kind::SetAdd => matches!(content, Content::Value(_)),
        Kind::Finish => matches!(content, Content::Finish(_)),
        Kind::Resolve => matches!(content, Content::Settlement(_)),
        Kind::Correct => matches!(content, Content::Correction(_)),
        Kind::SignOff => matches!(content, Content::SignOff(_)),
        Kind::Return | Kind::Open => matches!(content, Content::Reason(_)),
        Kind::Close => matches!(content, Content::Closing(_)),
        Kind::Void => matches!(content, Content::Void { .. }),
        Kind::Place => matches!(content, Content::Placement { .. }),
        Kind::EnterFamily => matches!(content, Content::FamilySession(_)),
        Kind::Purged | Kind::Read => false,
        Kind::Attach => matches!(content, Content::Attachment(_)),
        Kind::Ask => matches!(content, Content::Ask { .. }),
        Kind::Redact => matches!(content, Content::Redaction(_)),
        Kind::Assign | Kind::Unassign => matches!(content, Content::Assignment(_)),
        Kind::Unknown(_) => true,
    }
}

const fn text_bytes(content: &Content) -> usize {
    match content {
        Content::Text { text, .. } => text.len(),
        Content::Words(text) | Content::Reason(text) => text.len(),
        Content::Value(value) => match &value.note {
            Some(note) => note.len(),
            None => 0,
        },
        Content::Drawing(drawing) => drawing.bytes.len(),
        Content::Closing(closing) => closing.reason.len(),
        _ => 0,
    }
}
