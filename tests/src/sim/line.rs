//! The line between a phone and the council, and everything that sits in it.
//!
//! One call plays one run of the engine, in virtual time. Requests that are late, or that somebody sends again, wait in the
//! world until they arrive.

use std::collections::BTreeSet;

use visitbook_device::sync::engine::{Effect, Engine, Event};
use visitbook_device::sync::exchange::{HttpReply, Route, TransportProblem};
use visitbook_device::sync::outcome::{Budget, Outcome};
use visitbook_device::sync::store::{Parcel, SyncStore};
use visitbook_record::wire::Upload;

use super::council::Council;
use super::null;
use super::phone::Phone;
use super::rng::Rng;
use super::schedule::{Fault, Line};
use super::tally::Tally;

/// Milliseconds that anything takes on the way, apart from its size.
const LATENCY: u64 = 60;

const SIGN_IN_PAGE: &[u8] = b"<html><body>Welcome to CafeNet. Please sign in.</body></html>";

/// Requests and replies that somebody kept.
#[derive(Default)]
pub(crate) struct Wayside {
    pub(crate) requests: Vec<(Route, Vec<u8>)>,
    replies: Vec<(Route, HttpReply)>,
    /// An envelope that a firewall drops every request for.
    pub(crate) blocked: Option<Vec<u8>>,
}

impl Wayside {
    fn blocks(&self, body: &[u8]) -> bool {
        let upload = || null::read::<Upload>(body);
        self.blocked.as_ref().is_some_and(|blocked| {
            upload().is_some_and(|upload| upload.envelopes.iter().any(|e| e[..] == **blocked))
        })
    }

    fn keep_request(&mut self, route: Route, body: &[u8]) {
        // A few are enough, and an old one may come up again at any time.
        if self.requests.len() < 12 {
            self.requests.push((route, body.to_vec()));
        }
    }

    fn keep_reply(&mut self, route: Route, reply: &HttpReply) {
        if self.replies.len() < 12 {
            self.replies.push((route, reply.clone()));
        }
    }

    fn old_reply(&self, route: Route, rng: &mut Rng) -> Option<HttpReply> {
        let fitting: Vec<&HttpReply> = self
            .replies
            .iter()
            .filter(|(r, _)| *r == route)
            .map(|(_, reply)| reply)
            .collect();
        rng.pick(&fitting).map(|reply| (*reply).clone())
    }
}

/// What a run came to, as the world sees it.
pub(crate) struct Ran {
    /// `None` if the phone died.
    pub(crate) outcome: Option<Outcome>,
    /// When it ended.
    pub(crate) now: u64,
    pub(crate) first: Option<First>,
    /// Something waited to be sent when it began.
    pub(crate) had_work: bool,
    /// Something went wrong on the way.
    pub(crate) disturbed: bool,
    /// Bytes of files went by this route before words that waited.
    pub(crate) ahead_of_words: Option<Route>,
    /// Something was arranged at the council after the last page.
    pub(crate) has_changed_since: bool,
    /// The council could not do what was arranged meanwhile.
    pub(crate) set_up_failed: bool,
}

/// The first request of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct First {
    pub(crate) bytes: usize,
    pub(crate) is_upload: bool,
    pub(crate) begins_with_the_most_urgent: bool,
}

fn begins_with(body: &[u8], parcel: &[u8]) -> bool {
    let upload = null::read::<Upload>(body);
    upload.is_some_and(|upload| {
        upload
            .envelopes
            .first()
            .is_some_and(|first| first[..] == *parcel)
    })
}

/// The two ends, and what lies between them.
pub(crate) struct Ends<'a> {
    pub(crate) phone: &'a mut Phone,
    pub(crate) engine: &'a mut Engine,
    pub(crate) council: &'a mut Council,
    pub(crate) wayside: &'a mut Wayside,
    pub(crate) tally: &'a mut Tally,
}

/// Plays one run.
pub(crate) fn run(ends: Ends<'_>, begun: u64, line: Line, rng: &mut Rng) -> Ran {
    let Ends {
        phone,
        engine,
        council,
        wayside,
        tally,
    } = ends;
    let failures = council.failures;
    let mut ran = Ran {
        outcome: None,
        now: begun,
        first: None,
        had_work: false,
        disturbed: line.fault.is_some(),
        ahead_of_words: None,
        has_changed_since: false,
        set_up_failed: false,
    };
    let closes = line.open_ms.map_or(u64::MAX, |ms| begun + u64::from(ms));
    let waiting = phone.waiting(1, &BTreeSet::new());
    let waiting = waiting.ok().and_then(|mut parcels| parcels.pop());
    ran.had_work = waiting.is_some();
    let mut event = Event::Begin {
        now: begun,
        budget: Budget {
            time_ms: None,
            bytes: line.budget_bytes.map(u64::from),
        },
        random: rng.next(),
        asked: true,
    };
    let mut tried: BTreeSet<Vec<u8>> = BTreeSet::new();
    for exchange in 0u32.. {
        phone.now = ran.now;
        let Ok(effect) = engine.step(phone, event) else {
            tally.fault("phone killed in a sync");
            return ran;
        };
        let (route, body, deadline) = match effect {
            Effect::Send {
                route,
                body,
                deadline,
            } => (route, body, deadline),
            Effect::Done(outcome) => {
                ran.outcome = Some(outcome);
                return ran;
            }
            Effect::Nothing => return ran,
        };
        tally.exchanges += 1;
        match route {
            Route::Upload if !phone.disk.files.is_empty() => {
                let upload = null::read::<Upload>(&body);
                let envelopes = upload.into_iter().flat_map(|upload| upload.envelopes);
                tried.extend(envelopes.map(Vec::from));
            }
            Route::Attachments | Route::Fetch => {
                tally.fault("bytes of files on their way");
                let waiting = phone.waiting(usize::MAX, &BTreeSet::new());
                let waits =
                    |parcels: Vec<_>| parcels.iter().any(|p: &Parcel| !tried.contains(&p.bytes));
                if waiting.is_ok_and(waits) {
                    ran.ahead_of_words = Some(route);
                }
            }
            _ => {}
        }
        ran.first.get_or_insert_with(|| First {
            bytes: body.len(),
            is_upload: route == Route::Upload,
            begins_with_the_most_urgent: waiting
                .as_ref()
                .is_none_or(|parcel| begins_with(&body, &parcel.bytes)),
        });
        let fault = line
            .fault
            .filter(|(at, _)| u32::from(*at) == exchange || exchange > 40)
            .map(|(_, fault)| fault);
        if let Some(fault) = fault {
            tally.fault(fault.name());
        }
        let meanwhile = line.meanwhile.filter(|(at, _)| u32::from(*at) == exchange);
        if let Some((_, what)) = meanwhile {
            tally.fault(what.name_within());
            ran.set_up_failed |= council.meanwhile(what).is_err();
            ran.disturbed = true;
        }
        ran.has_changed_since =
            route != Route::Pull && (meanwhile.is_some() || ran.has_changed_since);
        let mut way = Way {
            council: &mut *council,
            wayside: &mut *wayside,
            rate: u64::from(line.rate.max(1)),
            closes,
            now: ran.now,
            deadline,
        };
        let answer = way.exchange(route, body, fault, rng);
        ran.now = way.now;
        ran.disturbed |= council.failures > failures || wayside.blocked.is_some();
        event = match answer {
            Ok(reply) => Event::Reply {
                now: ran.now,
                reply,
            },
            Err(problem) => {
                if line.open_ms.is_some() {
                    tally.fault("window closed");
                }
                Event::TransportFailed {
                    now: ran.now,
                    problem,
                }
            }
        };
    }
    ran
}

struct Way<'a> {
    council: &'a mut Council,
    wayside: &'a mut Wayside,
    rate: u64,
    closes: u64,
    now: u64,
    deadline: u64,
}

impl Way<'_> {
    /// Moves bytes; fails where the window closes or the phone gives up before they are through.
    fn pass(&mut self, bytes: usize) -> Result<(), TransportProblem> {
        let through = self.now + LATENCY / 2 + bytes as u64 / self.rate;
        if through > self.closes && self.closes <= self.deadline {
            self.now = self.closes.max(self.now);
            return Err(TransportProblem::Lost);
        }
        if through > self.deadline {
            self.now = self.deadline.max(self.now);
            return Err(TransportProblem::TimedOut);
        }
        self.now = through;
        Ok(())
    }

    fn arrive(&mut self, route: Route, body: &[u8]) -> HttpReply {
        self.council.at(self.now);
        self.council.answer(route, body)
    }

    fn exchange(
        &mut self,
        route: Route,
        mut body: Vec<u8>,
        fault: Option<Fault>,
        rng: &mut Rng,
    ) -> Result<HttpReply, TransportProblem> {
        match fault {
            Some(Fault::NoLine) => return Err(TransportProblem::NoLine),
            Some(Fault::LostRequest) => {
                let _ = self.pass(body.len());
                return Err(TransportProblem::Lost);
            }
            Some(Fault::Clogged) => {
                self.wayside.keep_request(route, &body);
                self.now = self.deadline.min(self.closes).max(self.now);
                return Err(TransportProblem::TimedOut);
            }
            Some(Fault::LateRequest) => {
                self.wayside.keep_request(route, &body);
                self.pass(body.len())?;
                return Err(TransportProblem::TimedOut);
            }
            Some(Fault::FlippedRequest) => flip(&mut body, rng),
            _ => {}
        }
        self.pass(body.len())?;
        match fault {
            Some(Fault::SignInPage) => return Ok(page(200, "text/html; charset=utf-8")),
            Some(Fault::DisguisedPage) => return Ok(page(200, visitbook_record::wire::MEDIA_TYPE)),
            Some(Fault::Status520) => return Ok(page(520, "text/html")),
            Some(Fault::Busy) => {
                let mut reply = page(503, "text/plain");
                reply.retry_after = Some(30);
                return Ok(reply);
            }
            Some(Fault::TooLarge) if body.len() > 600 => return Ok(page(413, "text/html")),
            _ => {}
        }
        if self.wayside.blocks(&body) {
            return Ok(page(403, "text/html"));
        }
        let mut reply = self.arrive(route, &body);
        if rng.chance(8) {
            self.wayside.keep_request(route, &body);
            self.wayside.keep_reply(route, &reply);
        }
        match fault {
            Some(Fault::TwiceRequest) => {
                // The two answers come in either order; the second never reaches the engine.
                let second = self.arrive(route, &body);
                if rng.chance(50) {
                    reply = second;
                }
            }
            Some(Fault::LostReply) => {
                self.wayside.keep_reply(route, &reply);
                return Err(TransportProblem::Lost);
            }
            Some(Fault::StaleReply) => {
                if let Some(old) = self.wayside.old_reply(route, rng) {
                    self.wayside.keep_reply(route, &reply);
                    reply = old;
                }
            }
            Some(Fault::CutReply) => {
                let keep = rng.below(reply.body.len());
                reply.body.truncate(keep);
            }
            Some(Fault::FlippedReply) => flip(&mut reply.body, rng),
            _ => {}
        }
        self.pass(reply.body.len())?;
        Ok(reply)
    }
}

fn flip(bytes: &mut [u8], rng: &mut Rng) {
    let at = rng.below(bytes.len());
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << rng.below(8);
    }
}

fn page(status: u16, media_type: &str) -> HttpReply {
    HttpReply {
        status,
        media_type: Some(media_type.to_owned()),
        retry_after: None,
        body: SIGN_IN_PAGE.to_vec(),
    }
}
