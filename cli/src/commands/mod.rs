//! One function for each command: words in, an answer out.

mod aside;
mod export;
pub(crate) mod family;
mod files;
mod heard;
mod oversight;
mod page;
mod people;
mod read;
pub(crate) mod sync;
mod write;

use std::net::SocketAddr;

use visitbook_device::sync::driver::Driver;
use visitbook_device::sync::engine::Config;
use visitbook_device::sync::http::HttpsTransport;
use visitbook_device::{Met, Working};

use crate::args::{Book, Cover, Visit};
use crate::failure::Failure;
use crate::reply::Reply;

/// An unlocked device and its line to the council.
pub(crate) struct Desk {
    /// The book.
    pub(crate) working: Working,
    driver: Driver,
    via: Option<SocketAddr>,
    transport: Option<HttpsTransport>,
}

impl Desk {
    /// A desk with this book on it.
    pub(crate) fn new(working: Working, via: Option<SocketAddr>) -> Self {
        Self {
            working,
            driver: Driver::new(Config::default()),
            via,
            transport: None,
        }
    }

    /// The book and the way to the council, to be put on a desk again later.
    pub(crate) fn clear(self) -> (Working, Option<SocketAddr>) {
        (self.working, self.via)
    }

    /// Does what a command says. `show` is told how a sync goes on.
    pub(crate) fn run(
        &mut self,
        command: Book,
        show: &mut dyn FnMut(&str),
    ) -> Result<Reply, Failure> {
        let working = &mut self.working;
        match command {
            Book::Today { date } => read::today(working, date),
            Book::Child { child } => read::child(working, &child),
            Book::Plan { children, on, with } => write::plan(working, &children, &on, &with),
            Book::Visit(visit) => Self::visit(working, visit),
            Book::Voice {
                child,
                visit,
                how,
                because,
                with,
                words,
            } => heard::voice(
                working,
                &child,
                visit.as_deref(),
                (how, because),
                &with,
                words,
            ),
            Book::Heard(command) => heard::run(working, command),
            Book::Family(command) => family::after(working, command),
            Book::Concern {
                children,
                visit,
                urgency,
                text,
                told,
            } => write::concern(
                working,
                &children,
                visit.as_deref(),
                &urgency,
                &text,
                told.as_deref(),
            ),
            Book::Decide { concerns, text } => write::decide(working, &concerns, &text),
            Book::Concerns => read::concerns(working),
            Book::SignOff { visits } => oversight::sign_off(working, &visits),
            Book::Return { visit, question } => oversight::give_back(working, &visit, &question),
            Book::Open { visit, reason } => oversight::open(working, &visit, &reason),
            Book::Correct {
                visit,
                field,
                value,
                reason,
            } => oversight::correct(working, &visit, &field, &value, &reason),
            Book::Void {
                record,
                reason,
                made_again,
            } => oversight::void(working, &record, &reason, made_again.as_deref()),
            Book::CloseLine {
                child,
                area,
                step,
                reason,
                look_again,
            } => oversight::close_line(working, &child, &area, &step, &reason, &look_again),
            Book::Board { at } => oversight::board(working, at.as_deref()),
            Book::Sync { budget } => self.sync(budget.as_deref(), show),
            Book::Attachment { record, no, to } => self.attachment(&record, no, &to, show),
            Book::Status => read::status(working),
            Book::KeptAside => aside::kept_aside(working),
            Book::SetAside => aside::set_aside(working),
            Book::Place { what, reason } => aside::place(working, &what, &reason),
            Book::Fields => Ok(read::fields()),
            Book::Questions => read::questions(working),
            Book::Answer {
                record,
                field,
                choice,
                both,
                reason,
            } => write::answer(working, &record, &field, &choice, both, reason.as_deref()),
            Book::Ask {
                record,
                field,
                choice,
                of,
            } => write::ask(working, &record, &field, &choice, &of),
            Book::OneVisit { first, beside } => people::one_visit(working, &first, &beside),
            Book::TwoVisits { one, other } => people::two_visits(working, &one, &other),
            Book::Told {
                child,
                how,
                on,
                worker,
            } => people::told(working, &child, &how, on, worker.as_deref()),
            Book::Cover { command: None } => people::cover(working),
            Book::Cover {
                command: Some(Cover::Open { child, reason }),
            } => people::open_cover(working, &child, &reason),
            Book::Met {
                description,
                age,
                relation,
            } => people::met(
                working,
                &Met {
                    description,
                    age,
                    relation,
                },
            ),
            Book::MetList => people::met_list(working),
            Book::Match { met, child } => people::match_met(working, &met, &child),
            Book::Refer { met, to, reason } => people::refer(working, &met, &to, &reason),
            Book::Search { text } => read::search(working, &text),
            Book::History { record } => read::history(working, &record),
            Book::Export { records } => export::case_text(working, &records),
            Book::Verify => read::verify(working),
            Book::Rebuild => read::rebuild(working),
            Book::Digests => read::digests(working),
        }
    }

    fn visit(working: &mut Working, command: Visit) -> Result<Reply, Failure> {
        match command {
            Visit::New { children } => write::begin(working, &children),
            Visit::Show { visit } => page::show(working, &visit),
            Visit::Set {
                visit,
                field,
                value,
                note,
                all,
            } => write::set(working, &visit, &field, &value, note.as_deref(), all),
            Visit::Note {
                visit,
                heading,
                text,
                entry,
            } => write::note(working, &visit, &heading, &text, entry.as_deref()),
            Visit::Draft {
                visit,
                heading,
                text,
                entry,
            } => write::draft(working, &visit, &heading, &text, entry.as_deref()),
            Visit::Observe {
                visit,
                area,
                answer,
                line,
            } => write::observe(working, &visit, &area, &answer, line.as_deref()),
            Visit::Person {
                visit,
                name,
                relation,
                lives_here,
                new_to_us,
            } => {
                let parts = [
                    ("relation", relation),
                    ("lives_here", lives_here),
                    ("new_to_us", new_to_us),
                ];
                write::person(working, &visit, &name, parts)
            }
            Visit::Attach {
                visit,
                file,
                what,
                voice,
            } => files::attach(working, &visit, voice.as_deref(), &what, &file),
            Visit::Finish { visits } => write::finish(working, &visits),
            Visit::Add {
                visit,
                heading,
                text,
            } => write::add(working, &visit, &heading, &text),
        }
    }

    /// A file that is not here is asked for and fetched, with everything else that waits.
    fn attachment(
        &mut self,
        record: &str,
        no: usize,
        to: &std::path::Path,
        show: &mut dyn FnMut(&str),
    ) -> Result<Reply, Failure> {
        let (id, file) = files::numbered(&self.working, record, no)?;
        if !self.working.want_attachment(id, file.op)? {
            self.sync(None, show)?;
        }
        files::write_out(&self.working, record, no, to)
    }

    fn sync(&mut self, budget: Option<&str>, show: &mut dyn FnMut(&str)) -> Result<Reply, Failure> {
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => crate::open::transport(&self.working, self.via)?,
        };
        let transport = self.transport.insert(transport);
        sync::sync(&mut self.working, &self.driver, transport, budget, show)
    }
}
