//! The written rules once more, written by somebody who had not seen the code.
//!
//! Live values come from a fixed point over sets of pairs, not from a walk; verdicts from a list of sentences, not from a
//! judge. What both sides share is the vocabulary and the form catalogue, nothing else.

mod live;

use visitbook_record::catalogue::{Catalogue, Sort};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::{OpId, RecordId, WorkerId};
use visitbook_record::op::{Kind, Op, Policy};
use visitbook_record::payload::Content;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::Verdict;
use visitbook_record::visit::missing_at_finish;

use super::ledger::{Ledger, Volume};
use super::names::{self, Names};

pub(crate) use live::{LARGEST, live, live_where, may_settle, stands_over, worry};

/// What a verdict comes to, without its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Applied,
    FromPreviousWorker,
    Aside,
    Held,
}

impl Class {
    pub(crate) const fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Applied => Self::Applied,
            Verdict::AppliedFromPreviousWorker => Self::FromPreviousWorker,
            Verdict::Quarantined { .. } => Self::Aside,
            Verdict::Held { .. } => Self::Held,
        }
    }
}

/// A statement that the council has.
pub(crate) struct Known {
    pub(crate) fact: Fact,
    pub(crate) withheld: bool,
    pub(crate) scope: Scope,
    /// When it came, in the order of arrivals.
    pub(crate) came: usize,
    /// How it is judged now.
    pub(crate) class: Class,
    /// It was set aside because nobody decides about their own work, or about a colleague's worry.
    pub(crate) breach: bool,
}

/// What the council knows, as the sentences need it.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) known: Names<OpId, Known>,
    pub(crate) homes: Names<RecordId, (Scope, RecordKind)>,
    /// Who opened the unfinished text of which record, when it came.
    pub(crate) openings: Vec<(RecordId, WorkerId, usize)>,
}

/// The circumstances in which a commit arrived.
pub(crate) struct Circumstances<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) volume: &'a Volume,
    pub(crate) holder: WorkerId,
    pub(crate) acknowledged: Option<LogPosition>,
    pub(crate) moves: usize,
    pub(crate) ended: bool,
}

impl Circumstances<'_> {
    fn role_could_be_known(&self, child: RecordId) -> Option<Role> {
        let commit = &self.volume.commit;
        // Only what had been arranged by then can be in the log that the commit names.
        self.ledger
            .role_at(commit.author, child, commit.assignment_seen)
    }

    fn role_now(&self, child: RecordId) -> Option<Role> {
        let moves = self.ledger.moves.borrow();
        moves
            .iter()
            .take(self.moves)
            .rfind(|m| m.worker == self.volume.commit.author && m.child == child)
            .and_then(|m| m.role)
    }

    /// The verdict on one operation.
    pub(crate) fn judge(&self, state: &State, index: usize, content: Option<&Content>) -> Class {
        let Some(op) = self.volume.commit.ops.get(index) else {
            return Class::Aside;
        };
        if let Some(class) = self.rights(state, op) {
            return class;
        }
        let class = self.shape(op, content).unwrap_or_else(|| match op.kind {
            Kind::Finish => self.finish(state, op, content),
            Kind::Resolve | Kind::Correct => self.settlement(state, op, content),
            Kind::SignOff | Kind::Return | Kind::Void => self.oversight(state, op, content),
            Kind::Place => self.placement(state, content),
            Kind::Open => self.opening(op),
            Kind::Close => self.closing(op, content),
            Kind::Purged if self.volume.commit.scope.child().is_some() => Class::Aside,
            _ => Class::Applied,
        });
        let previous = self
            .volume
            .commit
            .scope
            .child()
            .is_some_and(|child| self.role_now(child).is_none());
        match class {
            Class::Applied if previous => Class::FromPreviousWorker,
            other => other,
        }
    }

    fn rights(&self, state: &State, op: &Op) -> Option<Class> {
        let commit = &self.volume.commit;
        let home = state.homes.get(&commit.record);
        let is_elsewhere = home.is_some_and(|home| *home != (commit.scope, commit.record_kind));
        let is_servers = matches!(op.kind, Kind::Assign | Kind::Unassign | Kind::Redact);
        let may = match commit.scope {
            Scope::Worker(worker) | Scope::Audit(worker) => worker == commit.author,
            Scope::Child(child) => {
                let hides_what_it_knew = self.acknowledged > commit.assignment_seen;
                !hides_what_it_knew
                    // One who stands in opens the file first; the phones here never do.
                    && self
                        .role_could_be_known(child)
                        .is_some_and(|role| role != Role::Cover)
            }
            Scope::Restricted(_) | Scope::Council => false,
        };
        let is_over = self.ended && op.kind != Kind::Purged;
        let fine = self.holder == commit.author && !is_elsewhere && !is_servers && !is_over && may;
        (!fine).then_some(Class::Aside)
    }

    /// `None` where the form and the kind of statement agree.
    fn shape(&self, op: &Op, content: Option<&Content>) -> Option<Class> {
        let aside = Some(Class::Aside);
        let several = op.replaces.len() > 1;
        if !op.target.is_well_formed()
            || (several && !matches!(op.kind, Kind::Resolve | Kind::SetRemove | Kind::Close))
        {
            return aside;
        }
        let suits = match (op.kind, content) {
            (Kind::Unknown(_), _) => return None,
            (Kind::SetRemove | Kind::Purged, None) => true,
            (_, None) => false,
            (Kind::EntryAdd, Some(c)) if op.policy == Policy::Words => {
                matches!(c, Content::Words(_))
            }
            (Kind::EntryAdd | Kind::EntryRevise, Some(c)) => matches!(c, Content::Text { .. }),
            (Kind::EntryWithdraw | Kind::SetRemove, Some(c)) => matches!(c, Content::Reason(_)),
            (Kind::Assert | Kind::SetAdd, Some(c)) => matches!(c, Content::Value(_)),
            (Kind::Finish, Some(c)) => matches!(c, Content::Finish(_)),
            (Kind::Resolve, Some(c)) => matches!(c, Content::Settlement(_)),
            (Kind::Ask, Some(c)) => matches!(c, Content::Ask { .. }),
            (Kind::Assign | Kind::Unassign, Some(c)) => matches!(c, Content::Assignment(_)),
            (Kind::Correct, Some(c)) => matches!(c, Content::Correction(_)),
            (Kind::SignOff, Some(c)) => matches!(c, Content::SignOff(_)),
            (Kind::Return | Kind::Open, Some(c)) => matches!(c, Content::Reason(_)),
            (Kind::Close, Some(c)) => matches!(c, Content::Closing(_)),
            (Kind::Void, Some(c)) => matches!(c, Content::Void { .. }),
            (Kind::Place, Some(c)) => matches!(c, Content::Placement { .. }),
            (Kind::EnterFamily, Some(c)) => matches!(c, Content::FamilySession(_)),
            (Kind::Purged | Kind::Read, Some(_)) => false,
            (Kind::Attach, Some(c)) => matches!(c, Content::Attachment(_)),
            (Kind::Redact, Some(c)) => matches!(c, Content::Redaction(_)),
        };
        if !suits {
            return aside;
        }
        if op.kind == Kind::Attach {
            return self.file(op, content);
        }
        let about_the_whole = [
            Kind::Finish,
            Kind::SignOff,
            Kind::Return,
            Kind::Void,
            Kind::Place,
            Kind::Open,
            Kind::Close,
            Kind::Purged,
            Kind::EnterFamily,
        ];
        if about_the_whole.contains(&op.kind) {
            return None;
        }
        let words_touched =
            op.policy == Policy::Words && (op.kind != Kind::EntryAdd || !op.replaces.is_empty());
        let observer_named = op.target.element_id().map(str::to_owned);
        let of_another = op.policy == Policy::Observer
            && observer_named != Some(self.volume.commit.author.to_string());
        if words_touched || of_another {
            return aside;
        }
        let catalogue = Catalogue::version(self.volume.commit.catalogue)?;
        let Some(field) = catalogue.field(self.volume.commit.record_kind.form(), &op.target) else {
            return aside;
        };
        let code = match content {
            Some(Content::Value(value) | Content::Ask { value, .. }) => Some(&value.code),
            Some(Content::Settlement(settlement)) => Some(&settlement.value.code),
            Some(Content::Correction(correction)) => Some(&correction.value.code),
            _ => None,
        };
        let is_text = matches!(
            op.kind,
            Kind::EntryAdd | Kind::EntryRevise | Kind::EntryWithdraw
        );
        let is_answer = matches!(op.kind, Kind::Assert | Kind::SetAdd | Kind::SetRemove);
        let is_set = matches!(op.kind, Kind::SetAdd | Kind::SetRemove);
        let broken = field.policy() != op.policy
            || (field.sort == Sort::Entry && is_answer)
            || (field.sort != Sort::Entry && is_text)
            || (is_set && op.policy != Policy::Set)
            || (field.sort == Sort::Choice
                && code
                    .is_some_and(|code| field.choices.iter().all(|choice| choice.code != *code)));
        if broken { aside } else { None }
    }

    /// Added under an id of its own, replacing nothing; a child's own on a voice and nowhere else.
    fn file(&self, op: &Op, content: Option<&Content>) -> Option<Class> {
        let is_voice = self.volume.commit.record_kind == RecordKind::Voice;
        let own_place = op.target.name() == "attachment"
            && op.target.element_id().is_some()
            && op.target.part_name().is_none();
        let fits = matches!(content, Some(Content::Attachment(file)) if file.size <= 50 << 20);
        let as_words = op.policy == Policy::Words;
        let plain = op.policy == Policy::Ordinary;
        let fine =
            own_place && op.replaces.is_empty() && fits && if is_voice { as_words } else { plain };
        (!fine).then_some(Class::Aside)
    }

    fn settlement(&self, state: &State, op: &Op, content: Option<&Content>) -> Class {
        let commit = &self.volume.commit;
        let cannot = matches!(op.policy, Policy::Observer | Policy::Set | Policy::Words)
            || op.replaces.is_empty()
            || Catalogue::version(commit.catalogue).is_none();
        if cannot {
            return Class::Aside;
        }
        let listed: Vec<&Fact> = op
            .replaces
            .iter()
            .filter_map(|id| state.known.get(id))
            .map(|k| &k.fact)
            .collect();
        if listed.len() < op.replaces.len() {
            return Class::Held;
        }
        if listed
            .iter()
            .any(|f| f.record != commit.record || f.target != op.target)
        {
            return Class::Aside;
        }
        if op.policy != Policy::Risk {
            return Class::Applied;
        }
        let is_manager = commit
            .scope
            .child()
            .is_some_and(|child| self.role_could_be_known(child) == Some(Role::Manager));
        let chosen = worry(commit.record_kind, &op.target, &Answer::of(content));
        let may = may_settle(
            commit.record_kind,
            &listed,
            commit.author,
            is_manager,
            chosen,
        );
        if may { Class::Applied } else { Class::Aside }
    }

    fn is_manager(&self) -> bool {
        let child = self.volume.commit.scope.child();
        child.is_some_and(|child| self.role_could_be_known(child) == Some(Role::Manager))
    }

    /// The manager of the child's team, in a visit.
    fn opening(&self, op: &Op) -> Class {
        let in_a_visit = self.volume.commit.record_kind == RecordKind::Visit;
        if self.is_manager() && in_a_visit && op.replaces.is_empty() {
            Class::Applied
        } else {
            Class::Aside
        }
    }

    /// The manager of the child's team, on the child's own record, about an area of the form; with a known step, a day, a reason, and
    /// what it rests on, of which not all is the manager's own.
    fn closing(&self, op: &Op, content: Option<&Content>) -> Class {
        let commit = &self.volume.commit;
        let Some(Content::Closing(said)) = content else {
            return Class::Aside;
        };
        let childs_own =
            commit.record_kind == RecordKind::Child && commit.scope == Scope::Child(commit.record);
        let observed = |area: &str| {
            let fields = Catalogue::newest().fields(RecordKind::Visit.form());
            area.starts_with("area_") && fields.iter().any(|field| field.code == area)
        };
        let about = op.target.name() == "not_met"
            && op.target.part_name().is_none()
            && op.target.element_id().is_some_and(observed);
        let steps = ["practical_help", "core_group", "legal_advice"];
        let mut rests_on = said.rests_on.clone();
        rests_on.sort_unstable();
        rests_on.dedup();
        let whole = steps.contains(&said.step.code.as_str())
            && said.look_again().is_some()
            && !said.reason.trim().is_empty()
            && rests_on == said.rests_on;
        let seen_by_another = rests_on.iter().any(|one| one.worker != commit.author);
        if self.is_manager() && childs_own && about && whole && seen_by_another {
            Class::Applied
        } else {
            Class::Aside
        }
    }

    /// The manager of the child's team; about a finish that is there and is somebody else's.
    fn oversight(&self, state: &State, op: &Op, content: Option<&Content>) -> Class {
        if !self.is_manager() || !op.replaces.is_empty() {
            return Class::Aside;
        }
        let finish = match (op.kind, content) {
            (Kind::Void, _) => return Class::Applied,
            (_, Some(Content::SignOff(finish))) => Some(*finish),
            _ => op.target.element_id().and_then(|id| id.parse().ok()),
        };
        let Some(finish) = finish else {
            return Class::Aside;
        };
        let Some(known) = state.known.get(&finish) else {
            return Class::Held;
        };
        let fact = &known.fact;
        let sound = fact.kind == Kind::Finish && fact.record == self.volume.commit.record;
        if sound && fact.author != self.volume.commit.author {
            Class::Applied
        } else {
            Class::Aside
        }
    }

    /// What is set aside is put in its place by the person who decides about it, who here is always the manager; never by
    /// somebody who thereby decides about their own work. What counts already may be named by anybody; what waits by nobody.
    fn placement(&self, state: &State, content: Option<&Content>) -> Class {
        let Some(Content::Placement { op, .. }) = content else {
            return Class::Aside;
        };
        let Some(known) = state.known.get(op) else {
            return Class::Held;
        };
        let author = self.volume.commit.author;
        let decides = author == names::worker(0);
        let own_breach = known.breach && known.fact.author == author;
        match known.class {
            _ if known.fact.record != self.volume.commit.record => Class::Aside,
            Class::Held => Class::Aside,
            Class::Aside if !decides || own_breach => Class::Aside,
            _ => Class::Applied,
        }
    }

    /// What a statement that was set aside counts as, once it is put in its place.
    pub(crate) fn placed(&self, known: &Known) -> Class {
        let moves = self.ledger.moves.borrow();
        let held = known.scope.child().and_then(|child| {
            moves
                .iter()
                .take(self.moves)
                .rfind(|m| m.worker == known.fact.author && m.child == child)
                .and_then(|m| m.role)
        });
        match (known.scope.child(), held) {
            (Some(_), None) => Class::FromPreviousWorker,
            _ => Class::Applied,
        }
    }

    fn finish(&self, state: &State, op: &Op, content: Option<&Content>) -> Class {
        let commit = &self.volume.commit;
        let Some(Content::Finish(ids)) = content else {
            return Class::Aside;
        };
        let ascending = ids.windows(2).all(|pair| pair[0] < pair[1]);
        if !op.replaces.is_empty() || commit.record_kind != RecordKind::Visit || !ascending {
            return Class::Aside;
        }
        let listed: Vec<&Known> = ids.iter().filter_map(|id| state.known.get(id)).collect();
        if listed.len() < ids.len() {
            return Class::Held;
        }
        let wrong = listed.iter().any(|known| {
            let opened = state.openings.iter().any(|(record, by, when)| {
                *record == commit.record && *by == commit.author && *when > known.came
            });
            let unread = known.withheld && known.fact.author != commit.author && !opened;
            known.fact.record != commit.record || known.fact.kind == Kind::Finish || unread
        });
        let facts: Vec<Fact> = listed.iter().map(|known| known.fact.clone()).collect();
        if wrong || !missing_at_finish(&facts).is_empty() {
            return Class::Aside;
        }
        Class::Applied
    }
}

/// Whether an operation is text that colleagues may not read before a finish lists it.
pub(crate) fn is_withheld_at_first(kind: RecordKind, op: &Fact) -> bool {
    kind == RecordKind::Visit
        && matches!(
            op.kind,
            Kind::EntryAdd | Kind::EntryRevise | Kind::EntryWithdraw
        )
}

/// Whose device it is, by the number in its name.
pub(crate) fn is_writer(volume: &Volume) -> bool {
    names::is_writer(&volume.commit.origin.device)
}
