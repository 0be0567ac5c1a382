//! One day, played step by step, then healed.

mod beside;

use std::rc::Rc;

use visitbook_device::sync::engine::{Config, Engine};
use visitbook_device::sync::exchange::Route;
use visitbook_device::sync::outcome::Ended;
use visitbook_device::sync::store::SyncStore;
use visitbook_record::commit::Role;
use visitbook_record::id::{DeviceId, RecordId, WorkerId};
use visitbook_record::limits;
use visitbook_record::scope::Scope;

use super::author;
use super::clock::Jump;
use super::council::Council;
use super::laws::{Broken, Checked, along, files, must};
use super::ledger::Ledger;
use super::line::{self, Ends, Ran, Wayside};
use super::names;
use super::phone::{Moment, Phone};
use super::poison;
use super::rng::Rng;
use super::schedule::{Line, Schedule, Setting, Step, Timed};
use super::tally::Tally;

/// Which clocks a run has: those of its schedule, or others throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clocks {
    AsDrawn,
    Others,
}

/// What is told of every step, if anybody listens.
pub(crate) type Trace<'a> = Option<&'a mut dyn FnMut(&Timed, &World)>;

/// Everything in one run.
pub(crate) struct World {
    pub(crate) setting: Setting,
    pub(crate) ledger: Rc<Ledger>,
    pub(crate) council: Council,
    pub(crate) phones: Vec<Phone>,
    engines: Vec<Engine>,
    wayside: Wayside,
    now: u64,
    clocks: Clocks,
}

fn engine() -> Engine {
    Engine::new(Config::default())
}

impl World {
    pub(crate) fn new(setting: Setting, clocks: Clocks) -> Result<Self, Broken> {
        let ledger = Rc::new(Ledger::default());
        let council = Council::new(setting, Rc::clone(&ledger))
            .map_err(|_| Broken::new(0, "the council cannot be set up"))?;
        let mut phones: Vec<Phone> = (0..setting.phones)
            .map(|n| Phone::new(n, names::worker(setting.holder(n)), Rc::clone(&ledger)))
            .collect();
        if clocks == Clocks::Others {
            for phone in &mut phones {
                let years = i8::try_from(phone.number).unwrap_or(0) * 9 - 24;
                phone.clock.jump(Jump::Years(years), 0);
            }
        }
        Ok(Self {
            setting,
            ledger,
            council,
            engines: phones.iter().map(|_| engine()).collect(),
            phones,
            wayside: Wayside::default(),
            now: 0,
            clocks,
        })
    }

    /// Plays a schedule, heals everything and lets everybody read everything.
    ///
    /// # Errors
    /// The first law seen broken along the way.
    pub(crate) fn play(&mut self, schedule: &Schedule, mut trace: Trace<'_>) -> Checked {
        for n in 0..self.phones.len() {
            // In the morning every phone has read what its holder holds.
            self.sync(n, Line::GOOD, n as u64)?;
        }
        for timed in &schedule.steps {
            self.now += u64::from(timed.after_ms);
            self.step(timed.step)?;
            if let Some(trace) = &mut trace {
                trace(timed, self);
            }
        }
        self.ledger.tally.borrow_mut().steps += schedule.steps.len() as u64;
        self.heal(schedule.is_long)
    }

    fn other(&self, jump: Jump) -> Jump {
        match (self.clocks, jump) {
            (Clocks::AsDrawn, jump) => jump,
            (Clocks::Others, Jump::Years(years)) => Jump::Years(-years),
            (Clocks::Others, Jump::Backwards) => Jump::Frozen,
            (Clocks::Others, Jump::Frozen) => Jump::Years(31),
            (Clocks::Others, Jump::Right) => Jump::Backwards,
        }
    }

    fn step(&mut self, step: Step) -> Checked {
        self.council.at(self.now);
        match step {
            Step::Write {
                phone,
                deed,
                chance,
            } => {
                let n = self.one_of(phone, chance);
                let phone = &mut self.phones[n];
                phone.now = self.now;
                phone.open();
                match author::act(phone, deed, &mut Rng::new(chance)) {
                    Ok(true) => self.ledger.tally.borrow_mut().deed(deed.name()),
                    Ok(false) => {}
                    Err(_) => self.killed(n, "phone killed in a save"),
                }
            }
            Step::Poison {
                phone,
                poison,
                chance,
            } => {
                let n = self.one_of(phone, chance);
                let phone = &mut self.phones[n];
                phone.now = self.now;
                phone.open();
                let broken = poison::act(phone, poison, &mut Rng::new(chance));
                if !matches!(broken, Ok(false)) {
                    let mut tally = self.ledger.tally.borrow_mut();
                    tally.fault("rule broken on purpose");
                }
                if broken.is_err() {
                    self.killed(n, "phone killed in a save");
                }
            }
            Step::Sync {
                phone,
                line,
                chance,
            } => self.sync(self.one_of(phone, chance), line, chance)?,
            Step::Copy { phone, knows } => self.copy(usize::from(phone), knows),
            Step::Dies { phone, moment } => {
                if moment == Moment::Now {
                    self.killed(usize::from(phone), "phone killed");
                } else {
                    self.phones[usize::from(phone)].dies = Some(moment);
                }
            }
            Step::Lock { phone } => self.phones[usize::from(phone)].lock(),
            Step::Council(what) => {
                let done = self.council.meanwhile(what);
                done.map_err(|_| Broken::new(0, "the council cannot arrange something"))?;
                self.ledger.tally.borrow_mut().fault(what.name());
            }
            Step::PhoneClock { phone, jump } => {
                let jump = self.other(jump);
                self.phones[usize::from(phone)].clock.jump(jump, self.now);
                self.ledger.tally.borrow_mut().fault("clock wrong");
            }
            Step::CouncilClock { jump } => {
                let jump = self.other(jump);
                self.council.jump(jump);
                self.ledger.tally.borrow_mut().fault("clock wrong");
            }
            Step::CouncilFails { after } => self.council.fail(after),
            Step::BackUp => self.council.back_up(),
            Step::Restore => {
                let restored = self.council.restore();
                if restored.map_err(|_| Broken::new(0, "the council cannot be restored"))? {
                    let mut tally = self.ledger.tally.borrow_mut();
                    tally.fault("council restored from a back-up");
                }
            }
            Step::Confirm => self.confirm()?,
            Step::Family { phone, chance } => self.hand_over(phone, chance),
            Step::File { phone, act, chance } => self.about_a_file(phone, act, chance),
            Step::Arrives { chance } => {
                let mut rng = Rng::new(chance);
                let at = rng.below(self.wayside.requests.len());
                if let Some((route, body)) = self.wayside.requests.get(at) {
                    self.council.answer(*route, body);
                    self.ledger
                        .tally
                        .borrow_mut()
                        .fault("old or late request arrived");
                }
            }
        }
        Ok(())
    }

    /// Of the phones that are this device, whichever the step means.
    fn one_of(&self, phone: u8, chance: u64) -> usize {
        let device = names::device(phone);
        let same = |n: &usize| self.phones[*n].device == device;
        let all: Vec<usize> = (0..self.phones.len()).filter(same).collect();
        let at = usize::try_from(chance >> 32).unwrap_or(0) % all.len().max(1);
        all.get(at).copied().unwrap_or(usize::from(phone))
    }

    fn copy(&mut self, n: usize, knows: bool) {
        let copies = self.phones.len() - usize::from(self.setting.phones);
        if copies >= 2 {
            return;
        }
        let number = 10 + u8::try_from(copies).unwrap_or(0);
        let copy = self.phones[n].copy(number, knows);
        self.phones.push(copy);
        self.engines.push(engine());
        let mut tally = self.ledger.tally.borrow_mut();
        tally.fault("phone cloned or put back");
    }

    fn killed(&mut self, phone: usize, how: &'static str) {
        self.phones[phone].kill();
        self.engines[phone] = engine();
        self.ledger.tally.borrow_mut().fault(how);
    }

    fn sync(&mut self, n: usize, line: Line, chance: u64) -> Checked {
        let mut tally = std::mem::take(&mut *self.ledger.tally.borrow_mut());
        let answered = Some(self.phones[n].answered());
        let knew = self.knows_the_epoch(&self.phones[n]);
        if !knew {
            // What was removed at the unlock, before this phone could hear of a restore, may be lost with the server.
            self.phones[n].removed.clear();
        }
        let ends = Ends {
            phone: &mut self.phones[n],
            engine: &mut self.engines[n],
            council: &mut self.council,
            wayside: &mut self.wayside,
            tally: &mut tally,
        };
        let ran = line::run(ends, self.now, line, &mut Rng::new(chance));
        add_back(&self.ledger, tally);
        self.now = self.now.max(ran.now);
        if ran.outcome.is_none() {
            self.killed(n, "phone killed in a sync");
        }
        must!(
            !ran.set_up_failed,
            0,
            "the council cannot arrange something"
        );
        along::phone_has_no_alarm(&self.phones[n])?;
        along::nothing_is_sent_unconfirmed(self)?;
        along::removed_was_received(self, n)?;
        along::status_is_truthful(self, &self.phones[n])?;
        files::no_word_waits_for_bytes(ran.ahead_of_words)?;
        files::receipted_files_are_there(self, &self.phones[n])?;
        self.words_given_were_due(n)?;
        self.complete_means_complete(n, &ran)?;
        self.windows_are_used(n, line, &ran, answered.filter(|_| knew))
    }

    fn words_given_were_due(&mut self, n: usize) -> Checked {
        let given = std::mem::take(&mut self.phones[n].given);
        for op in given {
            along::words_were_due(self, &self.phones[n], &op)?;
        }
        Ok(())
    }

    /// Law 22: a run that says it did everything left nothing unsent and nothing unread.
    fn complete_means_complete(&self, n: usize, ran: &Ran) -> Checked {
        let phone = &self.phones[n];
        let Some(outcome) = ran
            .outcome
            .filter(|outcome| outcome.ended == Ended::Complete)
        else {
            return Ok(());
        };
        if outcome.trouble.is_some() || outcome.more_waiting || !phone.is_open {
            return Ok(());
        }
        must!(
            phone.waits() == 0,
            22,
            "a run of phone {n} says that it is complete, and words wait"
        );
        must!(
            self.is_up_to_date(n) || !self.council.is_confirmed() || ran.has_changed_since,
            22,
            "a run of phone {n} says that it is complete, and has not read all"
        );
        Ok(())
    }

    /// Law 20: a firewall never lets one envelope pass. Everything else of that phone gets through all the same, in as many
    /// runs as halving takes.
    fn one_that_never_passes_stops_no_other(&mut self) -> Checked {
        let Some(n) = (0..self.phones.len()).max_by_key(|n| self.phones[*n].waits()) else {
            return Ok(());
        };
        let Some(blocked) = self.phones[n]
            .first_waiting()
            .filter(|_| self.phones[n].waits() > 1)
        else {
            return Ok(());
        };
        self.wayside.blocked = Some(blocked);
        for run in 0..12 {
            self.now += 3_600_000;
            self.sync(n, Line::GOOD, run)?;
            if self.phones[n].waits() <= 1 {
                break;
            }
        }
        self.wayside.blocked = None;
        self.ledger
            .tally
            .borrow_mut()
            .fault("firewall drops one envelope");
        must!(
            self.phones[n].waits() <= 1,
            20,
            "one envelope that never passes keeps {} others of phone {n} back",
            self.phones[n].waits() - 1
        );
        Ok(())
    }

    /// Law 21: brief windows are used.
    fn windows_are_used(
        &self,
        n: usize,
        line: Line,
        ran: &Ran,
        answered: Option<usize>,
    ) -> Checked {
        let phone = &self.phones[n];
        let Some(first) = ran.first.filter(|_| ran.had_work) else {
            return Ok(());
        };
        must!(
            first.is_upload,
            21,
            "words wait, and the first request does not carry them"
        );
        let small = limits::FIRST_REQUEST_BYTES.max(phone.largest_parcel() + 64);
        must!(
            first.bytes <= small,
            21,
            "the first request is larger than a short window"
        );
        must!(
            first.begins_with_the_most_urgent,
            21,
            "the first request does not begin with what is most urgent"
        );
        let wide_enough = line.open_ms.is_none_or(|ms| ms >= 2_000) && line.rate >= 13;
        let undisturbed = !ran.disturbed && line.budget_bytes.is_none() && ran.outcome.is_some();
        // A phone that hears of a restore spends the window on that, and what it gives back is not its own.
        let answered = answered.filter(|_| phone.disk.back.is_empty());
        if let Some(answered) = answered
            && wide_enough
            && undisturbed
            && phone.is_open
            && first.bytes < 8_000
        {
            must!(
                phone.answered() > answered,
                21,
                "a window of two seconds brought no receipt"
            );
        }
        Ok(())
    }

    /// Everything works again, everybody reads everything.
    fn heal(&mut self, is_long: bool) -> Checked {
        self.council.heal();
        self.now += 2 * 3_600_000;
        self.council.at(self.now);
        for (route, body) in std::mem::take(&mut self.wayside).requests {
            self.council.answer(route, &body);
        }
        for n in 0..self.phones.len() {
            self.phones[n].dies = None;
            self.phones[n].now = self.now;
            self.phones[n].open();
        }
        if is_long {
            let tired = self.phones.len() - 1;
            along::effort_is_bounded(&mut self.phones[tired], self.now, self.now)?;
            self.one_that_never_passes_stops_no_other()?;
        }
        // A phone that learns in one round what to remove says so in the next, and its holder's other phones read that. What is
        // given back to a restored council the others read in one more.
        let is_restored = self.council.epoch.0 > 1;
        for round in 0..if is_restored { 7 } else { 5 } {
            for n in 0..self.phones.len() {
                self.now += 3_600_000;
                let everybody = round == 0 || (round == 1 && is_restored);
                if everybody || !self.is_up_to_date(n) || self.phones[n].is_busy() {
                    self.sync(n, Line::GOOD, n as u64)?;
                }
            }
            if round == 0 && is_restored {
                self.confirm()?;
            }
        }
        along::repeats_change_nothing(self, self.now)?;
        if is_long {
            self.a_new_phone_reads_everything()?;
        }
        Ok(())
    }

    /// Law 8: a phone that is enrolled today reads everything in small pages; the laws at the end hold for it as for those
    /// that were there all day.
    fn a_new_phone_reads_everything(&mut self) -> Checked {
        let (number, holder) = (self.setting.phones, names::worker(0));
        let enrolled = self.council.enrol(number, holder);
        enrolled.map_err(|_| Broken::new(0, "the council cannot enrol a phone"))?;
        let mut phone = Phone::new(number, holder, Rc::clone(&self.ledger));
        phone.enrolled_in(&self.council.epoch);
        // More pages than there can be entries.
        for _ in 0..1_000 {
            let request = phone.pull_request(900).ok().flatten();
            let request = request.ok_or_else(|| Broken::new(8, "a new phone cannot ask"))?;
            let reply = self.council.answer(Route::Pull, &request.body);
            let taken = phone.take_pull_reply(&reply.body);
            let taken = taken.map_err(|_| Broken::new(8, "a new phone cannot read a page"))?;
            if !taken.more {
                break;
            }
        }
        along::phone_has_no_alarm(&phone)?;
        self.phones.push(phone);
        Ok(())
    }

    /// Whom a worker holds, by what was arranged.
    pub(crate) fn children_of(&self, worker: WorkerId) -> Vec<(RecordId, Role)> {
        (0..self.setting.children)
            .map(names::child)
            .filter_map(|child| {
                let at = self.council.last(Scope::Worker(worker));
                let role = self.ledger.role_at(worker, child, Some(at))?;
                Some((child, role))
            })
            .collect()
    }

    /// Whose device it is.
    pub(crate) fn holder_of(&self, device: &DeviceId) -> WorkerId {
        self.phones
            .iter()
            .find(|phone| phone.device == *device)
            .map_or(WorkerId(names::COUNCIL.0), |phone| phone.worker)
    }

    fn is_up_to_date(&self, n: usize) -> bool {
        let phone = &self.phones[n];
        if phone.disk.ended {
            return true;
        }
        let scopes = phone.disk.holds.keys().map(|child| Scope::Child(*child));
        let has_read = scopes
            .chain([Scope::Worker(phone.worker), Scope::Council])
            .all(|scope| {
                let last = self.council.last(scope);
                let read = phone.disk.vector.get(&scope).copied();
                read == Some(last).filter(|last| last.position > 0)
            });
        has_read && self.knows_the_epoch(phone)
    }
}

/// A run's counts are lent out while the council counts too.
fn add_back(ledger: &Ledger, mut tally: Tally) {
    let mut current = ledger.tally.borrow_mut();
    tally.add(&current);
    *current = tally;
}
