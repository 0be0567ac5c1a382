//! Schedules: what happens in a day, drawn from a seed before the day begins.
//!
//! Each step carries its own source of chance, so that leaving one out changes nothing in the others.

mod beside;
mod deed;
mod fault;

use super::clock::Jump;
use super::phone::Moment;
use super::poison::Poison;
use super::rng::Rng;

pub(crate) use deed::Deed;
use fault::FAULTS;
pub(crate) use fault::Fault;

/// How large the council is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// Without the manager, who is worker 0.
    pub(crate) workers: u8,
    pub(crate) phones: u8,
    pub(crate) children: u8,
}

impl Setting {
    /// Whose phone it is. The manager has one phone; the others share out the rest.
    pub(crate) const fn holder(self, phone: u8) -> u8 {
        if phone == 0 {
            0
        } else {
            1 + (phone - 1) % self.workers
        }
    }
}

/// What somebody arranges at the council.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    Give { worker: u8, child: u8, role: u8 },
    Take { worker: u8, child: u8 },
    End { phone: u8 },
}

#[allow(clippy::cast_possible_truncation)] // as below
impl Meanwhile {
    fn draw(rng: &mut Rng, setting: Setting) -> Self {
        let worker = rng.below(usize::from(setting.workers) + 1) as u8;
        let child = rng.below(usize::from(setting.children)) as u8;
        match rng.below(20) {
            0..8 => Self::Give {
                worker,
                child,
                role: rng.below(3) as u8,
            },
            8..19 => Self::Take { worker, child },
            _ => Self::End {
                phone: rng.below(usize::from(setting.phones)) as u8,
            },
        }
    }

    /// As it is counted when it comes between two exchanges of one run.
    pub(crate) const fn name_within(self) -> &'static str {
        match self {
            Self::Give { .. } | Self::Take { .. } => "child moved in the middle of a sync",
            Self::End { .. } => "phone ended in the middle of a sync",
        }
    }

    /// As it is counted otherwise.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Give { .. } | Self::Take { .. } => "child moved",
            Self::End { .. } => "phone ended",
        }
    }
}

impl std::fmt::Display for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Give {
                worker,
                child,
                role,
            } => write!(f, "worker {worker} is given child {child}, role {role}"),
            Self::Take { worker, child } => write!(f, "worker {worker} loses child {child}"),
            Self::End { phone } => write!(f, "the council ends phone {phone}"),
        }
    }
}

/// The line during one run of the engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    /// The window closes after so many milliseconds.
    pub(crate) open_ms: Option<u32>,
    /// Bytes that fit through a millisecond.
    pub(crate) rate: u32,
    /// At which exchange the fault comes, from 0.
    pub(crate) fault: Option<(u8, Fault)>,
    /// What the engine may use.
    pub(crate) budget_bytes: Option<u32>,
    /// What is arranged at the council just before the n-th request arrives.
    pub(crate) meanwhile: Option<(u8, Meanwhile)>,
}

impl Line {
    pub(crate) const GOOD: Self = Self {
        open_ms: None,
        rate: 1000,
        fault: None,
        budget_bytes: None,
        meanwhile: None,
    };
}

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Write {
        phone: u8,
        deed: Deed,
        chance: u64,
    },
    Poison {
        phone: u8,
        poison: Poison,
        chance: u64,
    },
    Sync {
        phone: u8,
        line: Line,
        chance: u64,
    },
    Dies {
        phone: u8,
        moment: Moment,
    },
    Lock {
        phone: u8,
    },
    Council(Meanwhile),
    PhoneClock {
        phone: u8,
        jump: Jump,
    },
    CouncilClock {
        jump: Jump,
    },
    /// The council's next transaction fails at its n-th write.
    CouncilFails {
        after: u8,
    },
    /// The phone is cloned, or an older book will be put back: from now on there are two.
    Copy {
        phone: u8,
        knows: bool,
    },
    /// A request that was on its way arrives, or an old one arrives again.
    Arrives {
        chance: u64,
    },
    /// The council makes a back-up.
    BackUp,
    /// The council's server is lost, and made again from the last back-up.
    Restore,
    /// Somebody confirms the lists of the restored server.
    Confirm,
    /// The phone is handed to a child.
    Family {
        phone: u8,
        chance: u64,
    },
    /// A file is attached, asked for, or meddled with.
    File {
        phone: u8,
        act: FileAct,
        chance: u64,
    },
}

/// What is done about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileAct {
    Attach,
    Want,
    /// A stranger sends other bytes for it.
    Meddle,
}

/// A step and the time since the one before, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timed {
    pub(crate) after_ms: u32,
    pub(crate) step: Step,
}

/// A whole day.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) setting: Setting,
    pub(crate) steps: Vec<Timed>,
    /// Also played: an hour without a line, and a firewall that drops one envelope. Costly, so not every day.
    pub(crate) is_long: bool,
}

#[allow(clippy::cast_possible_truncation)] // every number here is drawn below a small bound
impl Schedule {
    pub(crate) fn draw(seed: u64, steps: usize) -> Self {
        let mut rng = Rng::new(super::rng::mix(seed ^ 0x7649_5349_5442_4f4f));
        // Small councils more often than large ones: they are quicker, and their people meet more.
        let workers = 1 + rng.below(3) as u8;
        let setting = Setting {
            workers,
            phones: (2 + rng.below(5).min(rng.below(5)) as u8).max(workers + 1),
            children: 1 + rng.below(8).min(rng.below(8)).min(rng.below(8)) as u8,
        };
        // Some days are quiet, some are nothing but trouble.
        let trouble = [5, 25, 25, 60][rng.below(4)];
        let steps = (0..steps)
            .map(|_| Timed {
                after_ms: [100, 5_000, 60_000, 3_600_000][rng.below(4)],
                step: Step::draw(&mut rng, setting, trouble),
            })
            .collect();
        let is_long = rng.chance(15);
        let mut schedule = Self {
            setting,
            steps,
            is_long,
        };
        schedule.lose_the_server(&mut rng);
        schedule.hand_phones_over(&mut rng);
        schedule.attach_files(&mut rng);
        schedule
    }
}

#[allow(clippy::cast_possible_truncation)] // as above
impl Step {
    fn draw(rng: &mut Rng, setting: Setting, trouble: usize) -> Self {
        let phone = rng.below(usize::from(setting.phones)) as u8;
        match rng.below(100) {
            0..58 => {
                let deed = Deed::draw(rng);
                Self::Write {
                    phone: if deed.is_managers() { 0 } else { phone },
                    deed,
                    chance: rng.next(),
                }
            }
            58..63 => {
                let poison = Poison::draw(rng);
                Self::Poison {
                    phone: if poison.is_managers() { 0 } else { phone },
                    poison,
                    chance: rng.next(),
                }
            }
            63..85 => Self::Sync {
                phone,
                line: Line::draw(rng, setting, trouble),
                chance: rng.next(),
            },
            85..87 => Self::Lock { phone },
            87..91 => Self::Dies {
                phone,
                moment: [
                    Moment::Now,
                    Moment::BeforeDatabase,
                    Moment::BeforeSpool,
                    Moment::BeforeSaved,
                    Moment::BeforeReply,
                    Moment::AfterReply,
                    Moment::BeforePurge,
                ][rng.below(7)],
            },
            91..95 => Self::Council(Meanwhile::draw(rng, setting)),
            95 => Self::PhoneClock {
                phone,
                jump: Jump::draw(rng),
            },
            96 => Self::CouncilClock {
                jump: Jump::draw(rng),
            },
            97 => Self::CouncilFails {
                after: rng.below(24) as u8,
            },
            98 if rng.chance(20) => Self::Copy {
                phone,
                knows: rng.chance(30),
            },
            _ => Self::Arrives { chance: rng.next() },
        }
    }
}

#[allow(clippy::cast_possible_truncation)] // as above
impl Line {
    fn draw(rng: &mut Rng, setting: Setting, trouble: usize) -> Self {
        let mut line = Self::GOOD;
        if rng.chance(trouble / 2) {
            line.open_ms = Some([300, 900, 2_000, 5_000, 30_000][rng.below(5)]);
            line.rate = [2, 13, 40][rng.below(3)];
        }
        if rng.chance(trouble) {
            let exchange = rng.below(4).min(rng.below(3)) as u8;
            line.fault = rng.pick(&FAULTS).map(|(fault, _)| (exchange, *fault));
        }
        if rng.chance(trouble / 5) {
            line.budget_bytes = Some([600, 3_000, 10_000][rng.below(3)]);
        }
        if rng.chance(6) {
            let exchange = rng.below(4) as u8;
            line.meanwhile = Some((exchange, Meanwhile::draw(rng, setting)));
        }
        line
    }
}

impl std::fmt::Display for Timed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>6} s later: ", f64::from(self.after_ms) / 1000.0)?;
        match self.step {
            Step::Write { phone, deed, .. } => write!(f, "phone {phone} writes {deed:?}"),
            Step::Poison { phone, poison, .. } => {
                write!(f, "phone {phone} breaks a rule: {poison:?}")
            }
            Step::Sync { phone, line, .. } => {
                write!(f, "phone {phone} syncs")?;
                if let Some(ms) = line.open_ms {
                    write!(f, " in a window of {ms} ms at {} B/ms", line.rate)?;
                }
                if let Some(bytes) = line.budget_bytes {
                    write!(f, " with a budget of {bytes} B")?;
                }
                if let Some((exchange, what)) = line.meanwhile {
                    write!(f, "; before exchange {exchange} {what}")?;
                }
                if let Some((exchange, fault)) = line.fault {
                    write!(f, "; at exchange {exchange}: {}", fault.name())?;
                }
                Ok(())
            }
            Step::Dies { phone, moment } => write!(f, "phone {phone} dies: {moment:?}"),
            Step::Lock { phone } => write!(f, "phone {phone} locks"),
            Step::Council(what) => write!(f, "{what}"),
            Step::PhoneClock { phone, jump } => write!(f, "phone {phone}'s clock: {jump:?}"),
            Step::CouncilClock { jump } => write!(f, "the council's clock: {jump:?}"),
            Step::CouncilFails { after } => {
                write!(
                    f,
                    "the council's next transaction fails after {after} writes"
                )
            }
            Step::Copy { phone, knows } => {
                let how = if knows { ", and the copy knows it" } else { "" };
                write!(f, "phone {phone} is copied{how}")
            }
            Step::Arrives { .. } => write!(f, "a late or old request arrives"),
            Step::BackUp => write!(f, "the council makes a back-up"),
            Step::Restore => write!(f, "the council's server is lost, and restored"),
            Step::Confirm => write!(f, "the restored lists are confirmed"),
            Step::Family { phone, .. } => write!(f, "phone {phone} is handed to a child"),
            Step::File {
                phone,
                act: FileAct::Attach,
                ..
            } => write!(f, "phone {phone} attaches a file"),
            Step::File {
                phone,
                act: FileAct::Want,
                ..
            } => write!(f, "phone {phone} asks for a file"),
            Step::File { .. } => write!(f, "a stranger sends other bytes for a file"),
        }
    }
}
