//! The words of the command line.
//!
//! Every command works on one device's folder and is a thin layer over the core's API. The PIN comes from the terminal or
//! from a file descriptor, never from an argument, where other programs could read it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A device on a terminal.
#[derive(Parser)]
#[command(
    name = "visitbook",
    version,
    about = "Home visits, written down where they happen: a device on a terminal."
)]
pub(crate) struct Cli {
    /// The device's folder.
    #[arg(
        long,
        global = true,
        default_value = "visitbook-device",
        value_name = "DIR"
    )]
    pub(crate) store: PathBuf,
    /// Print JSON for scripts.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Read the PIN, one line, from this file descriptor instead of the terminal.
    #[arg(long, global = true, value_name = "N")]
    pub(crate) pin_fd: Option<i32>,
    /// Connect to this address instead of the council's: a test line or a tunnel. What is verified does not change.
    #[arg(long, global = true, value_name = "ADDR:PORT", hide = true)]
    pub(crate) via: Option<std::net::SocketAddr>,
    /// Read the time from this file, in milliseconds since 1970, as the demonstration does.
    #[arg(long, global = true, value_name = "FILE", hide = true)]
    pub(crate) clock_file: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make this folder a device of the council, with the code you were given.
    Enrol {
        /// The code.
        code: String,
        /// What you call it: "Rowan's phone".
        #[arg(long)]
        label: String,
    },
    /// Play a working day with a council server and five devices, and check everything. Has options of its own:
    /// visitbook demo --help
    Demo,
    /// Run the council's server program.
    #[command(hide = true, disable_help_flag = true)]
    Council {
        /// The server's own arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<std::ffi::OsString>,
    },
    /// Send what is sealed and waits, without the PIN and without reading anything: what a phone does while it is locked.
    Send,
    /// Write a file for whoever supports this device: versions, numbers, sizes, states and times. No name, no word and no id of a child
    /// is in it.
    Diagnostics {
        /// The file, which must not exist.
        file: PathBuf,
        /// Do not ask for the PIN, and leave out what only the open book knows.
        #[arg(long)]
        locked: bool,
    },
    /// Stay unlocked and take one command a line: a JSON array of words, or words parted by spaces.
    Session,
    /// A command that needs the unlocked book.
    #[command(flatten)]
    Book(Book),
}

/// The demonstration's own command line: it uses no device's folder, and its `--json` takes a file.
#[derive(Parser)]
#[command(name = "visitbook", version)]
pub(crate) struct DemoLine {
    #[command(subcommand)]
    command: DemoOnly,
}

#[derive(Subcommand)]
enum DemoOnly {
    /// Play a working day with a council server and five devices, and check everything.
    Demo(DemoArgs),
}

impl DemoLine {
    /// The demonstration asked for, if these words ask for one.
    pub(crate) fn asked_for(words: &[std::ffi::OsString]) -> Option<DemoArgs> {
        if words.get(1).is_none_or(|word| word != "demo") {
            return None;
        }
        let DemoOnly::Demo(demo) = Self::parse_from(words).command;
        Some(demo)
    }
}

/// The demonstration.
#[derive(Args)]
pub(crate) struct DemoArgs {
    /// Leave everything the run made in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Play it with a council's whole caseload beside the story: an SSDA903 return's folder, or a children in need census. Invented
    /// names are laid over the children.
    #[arg(long, value_name = "DIR")]
    pub(crate) caseload: Option<PathBuf>,
    /// Varies timings and identifiers' order, not the story.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Write checks and figures here.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// A command that needs the unlocked book. One at a time, or many in a session.
#[derive(Subcommand)]
pub(crate) enum Book {
    /// Who is to be seen today, and what is open.
    Today {
        /// Another day.
        #[arg(long, value_name = "YYYY-MM-DD")]
        date: Option<String>,
    },
    /// A child's card.
    Child {
        /// A child's name or id.
        child: String,
    },
    /// Plan a visit to one child or several, before the day.
    Plan {
        /// The children.
        #[arg(required = true)]
        children: Vec<String>,
        /// The day.
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: String,
        /// Colleagues who come along.
        #[arg(long = "with", value_name = "WORKER")]
        with: Vec<String>,
    },
    /// Record a visit.
    #[command(subcommand)]
    Visit(Visit),
    /// Record one thing a child gave: exact words, or how they showed it, or that they chose not to say.
    Voice {
        /// The child.
        child: String,
        /// The visit it belongs to.
        #[arg(long)]
        visit: Option<String>,
        /// said, wrote, signed, observed, chose_not_to_say, not_sought, …
        #[arg(long)]
        how: String,
        /// The reason, for chose_not_to_say and not_sought.
        #[arg(long)]
        because: Option<String>,
        /// Further answers, FIELD=CODE or FIELD/ELEMENT=CODE: child_asks=ask_me_first, about/worry=worry, …
        #[arg(long = "with", value_name = "FIELD=CODE")]
        with: Vec<String>,
        /// The child's exact words.
        words: Option<String>,
    },
    /// What becomes of something a child gave: answers, the decision about sharing it, a worker's reading of it.
    #[command(subcommand)]
    Heard(Heard),
    /// A page for a child, on which things can be handed in and nothing can be read. Needs a session; see `family enter`.
    #[command(subcommand)]
    Family(Family),
    /// Mark something urgent. This rings nobody.
    Concern {
        /// The children it is about; one record each.
        #[arg(required = true)]
        children: Vec<String>,
        /// The visit it comes from.
        #[arg(long)]
        visit: Option<String>,
        /// manager_today or danger_now.
        #[arg(long)]
        urgency: String,
        /// What is wrong.
        #[arg(long)]
        text: String,
        /// Who was told, if anybody was.
        #[arg(long)]
        told: Option<String>,
    },
    /// A manager's written decision on a concern.
    Decide {
        /// The concerns; the same text is written on each.
        #[arg(required = true)]
        concerns: Vec<String>,
        /// What was decided and why.
        #[arg(long)]
        text: String,
    },
    /// The concerns this device holds.
    Concerns,
    /// A manager has read finished visits and agrees that they are sound. Never one's own.
    SignOff {
        /// The visits.
        #[arg(required = true)]
        visits: Vec<String>,
    },
    /// Give a finished visit back to its author with a question. It stays finished.
    Return {
        /// The visit.
        visit: String,
        /// The question.
        #[arg(long)]
        question: String,
    },
    /// A manager opens the text of a visit that its author has not finished. The author sees who did, and why.
    Open {
        /// The visit.
        visit: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Put a fact of a finished visit right. The finished page keeps what was.
    Correct {
        /// The visit.
        visit: String,
        /// What it is about: FIELD, FIELD/ELEMENT or FIELD/ELEMENT/PART.
        field: String,
        /// What is.
        value: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Entered in error: takes a visit, voice or concern out of the child's file on every device, and keeps it as evidence.
    Void {
        /// The record.
        record: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// The record that stands in its place, made before on the right child.
        #[arg(long, value_name = "RECORD")]
        made_again: Option<String>,
    },
    /// A manager closes a line about an area that was not met on three visits running. It comes back one step up if nothing changes.
    CloseLine {
        /// The child.
        child: String,
        /// The area: food, health, …
        area: String,
        /// The step taken: practical_help, core_group or legal_advice.
        #[arg(long)]
        step: String,
        /// Why, in your own words.
        #[arg(long)]
        reason: String,
        /// The day for looking again, 2026-11-10.
        #[arg(long, value_name = "DAY")]
        look_again: String,
    },
    /// The team's day on one page: now, or as the council knew it at a time, with what came after it.
    Board {
        /// A time of today, 17:00, or a day and a time, "2026-10-27 17:00".
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Reconcile with the council.
    Sync {
        /// Stop after this long: 3s, 500ms, 2m.
        #[arg(long, value_name = "TIME")]
        budget: Option<String>,
    },
    /// The questions of the visit's form and the answers they take.
    Fields,
    /// Write an attached file out, readable, where you say. If it is not on this device yet, it is fetched first.
    Attachment {
        /// The record.
        record: String,
        /// The file's number, as `visit show` gives it.
        no: usize,
        /// Where to. Nothing that is there is overwritten.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// For every record, whether the council has it.
    Status,
    /// Your own words that are not in the file yet, to read and copy.
    KeptAside,
    /// What waits for your decision where it goes.
    SetAside,
    /// Put what was set aside in its place, under its author's name.
    Place {
        /// The statements, or records to place all of, as `set-aside` shows them.
        #[arg(required = true)]
        what: Vec<String>,
        /// Why it belongs there.
        #[arg(long)]
        reason: String,
    },
    /// What needs your answer.
    Questions,
    /// Answer a question.
    Answer {
        /// The question's record, as `questions` shows it.
        record: String,
        /// What it is about.
        field: String,
        /// The answer's code.
        choice: String,
        /// Both happened: the most worrying answer stands, and this is the explanation.
        #[arg(long)]
        both: bool,
        /// Why; asked for on risk facts.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Ask the other person to agree to an answer. Nothing changes until they do.
    Ask {
        /// The question's record.
        record: String,
        /// What it is about.
        field: String,
        /// The answer's code.
        choice: String,
        /// Who should agree.
        #[arg(long)]
        of: String,
    },
    /// Two visits that were begun apart are one visit: which of them people should read first. Both are kept as they are.
    OneVisit {
        /// The one to read first.
        first: String,
        /// The other.
        beside: String,
    },
    /// Two visits that were begun apart are two visits.
    TwoVisits {
        /// One.
        one: String,
        /// The other.
        other: String,
    },
    /// You have told a child who the worker is now.
    Told {
        /// The child.
        child: String,
        /// How, and where.
        #[arg(long)]
        how: String,
        /// On which day, if not today.
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<String>,
        /// Of whom, where the change has not reached this device yet.
        #[arg(long)]
        worker: Option<String>,
    },
    /// Children for whom you stand in: names only, until you open a file.
    Cover {
        #[command(subcommand)]
        command: Option<Cover>,
    },
    /// Somebody you met who is on nobody's list: begins a file for that child, also with no line.
    Met {
        /// A name or a description: "the baby's cousin".
        description: String,
        /// About how old.
        #[arg(long)]
        age: Option<String>,
        /// How they are related to whom.
        #[arg(long)]
        relation: Option<String>,
    },
    /// The children somebody met, and what became of each.
    MetList,
    /// A manager says which known child it is that somebody met.
    Match {
        /// The child whom somebody met.
        met: String,
        /// The known child.
        child: String,
    },
    /// A manager refers a child whom somebody met.
    Refer {
        /// The child whom somebody met.
        met: String,
        /// To whom.
        #[arg(long)]
        to: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Find words in everything this device holds.
    Search {
        /// The words.
        text: String,
    },
    /// Every version of everything in a record: who, and both times.
    History {
        /// The record.
        record: String,
    },
    /// Records as text for the case system: one for each child, with its headings, nothing to type again.
    Export {
        /// The visits, voices or concerns, or the names of the children just visited; a child's own id for what its manager closed.
        #[arg(required = true)]
        records: Vec<String>,
    },
    /// Check the chain of commits, the receipts and the store. Each problem is said with what to do about it; exit code 1 if there
    /// is one.
    Verify,
    /// Make every list anew from the log, when `verify` finds one behind it. Changes no word.
    Rebuild,
    /// One number for each scope this device holds, to compare with another device or the council.
    Digests,
}

/// Standing in.
#[derive(Subcommand)]
pub(crate) enum Cover {
    /// Open a file, and say why. Everybody who holds the child sees that you did.
    Open {
        /// The child.
        child: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// What becomes of something a child gave. Nothing here touches the child's words.
#[derive(Subcommand)]
pub(crate) enum Heard {
    /// Open one thing a child gave, with everything that became of it.
    Show {
        /// The voice.
        voice: String,
        /// Write the drawing into this new file, readable by anybody who can read the file.
        #[arg(long, value_name = "FILE")]
        drawing: Option<PathBuf>,
    },
    /// Everything a child gave, newest first.
    List {
        /// The child.
        child: String,
    },
    /// Answer the child.
    Reply {
        /// The voice.
        voice: String,
        /// heard, we_will, we_did, we_cannot, told_child or child_replied.
        code: String,
        /// Who will.
        #[arg(long)]
        who: Option<String>,
        /// By when.
        #[arg(long, value_name = "YYYY-MM-DD")]
        by_when: Option<String>,
        /// Why not.
        #[arg(long)]
        because: Option<String>,
        /// When.
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<String>,
        /// How the child was told.
        #[arg(long)]
        how: Option<String>,
        /// The voice that is the child's reply.
        #[arg(long, value_name = "VOICE")]
        replied: Option<String>,
    },
    /// Decide about sharing it.
    Share {
        /// The voice.
        voice: String,
        /// as_child_asked, shared_for_safety, shared_by_law_or_court or held_back_for_safety.
        decision: String,
        /// Why.
        #[arg(long)]
        because: String,
        /// When the child was told; left out, that is still to be done.
        #[arg(long, value_name = "YYYY-MM-DD")]
        told_on: Option<String>,
        /// Whether it may stand in papers that the family sees: yes or no; left out, that stays undecided.
        #[arg(long, value_name = "YES|NO")]
        family_papers: Option<String>,
    },
    /// Write what you think it tells you. It stands apart from the child's words, under your name.
    Reading {
        /// The voice.
        voice: String,
        /// Your reading.
        text: String,
    },
    /// Write the words in English, beside them.
    Translate {
        /// The voice.
        voice: String,
        /// The translation.
        text: String,
        /// Who translated.
        #[arg(long)]
        by: String,
    },
    /// Give any other answer of the form about it: topic/home home, who_could_hear/nobody_else nobody_else, …
    Set {
        /// The voice.
        voice: String,
        /// FIELD, FIELD/ELEMENT or FIELD/ELEMENT/PART.
        field: String,
        /// The answer.
        value: String,
    },
}

/// The child's page, and what the worker does about it afterwards.
#[derive(Subcommand)]
pub(crate) enum Family {
    /// Close the vault and hand the device over. From here on only text, choice, draw, undo, hand-in and leave do anything.
    Enter {
        /// Whose page it is.
        child: String,
        /// The visit it belongs to.
        #[arg(long)]
        visit: Option<String>,
    },
    /// The child's words, in place of what is on the page.
    Text {
        /// Exactly these words.
        text: String,
    },
    /// not_here, not_today, not_to_you, not_about_this, no_reason; fine_to_share, ask_me_first, only_my_worker; not_with/mum, …
    Choice {
        /// The choice.
        code: String,
    },
    /// A drawing from a file, at most 1 MiB: png, jpeg or svg.
    Draw {
        /// The file.
        file: PathBuf,
    },
    /// Take the last change of the page back.
    Undo,
    /// Give what is on the page to the worker. Nobody can read it here afterwards.
    HandIn,
    /// Back to the worker. The next line of the input is the PIN.
    Leave,
    /// What children left on this device and you have not opened yet.
    Unread,
    /// Open one thing that a child gave.
    Open {
        /// The voice.
        record: String,
        /// Write the drawing into this file, which must not exist.
        #[arg(long, value_name = "FILE")]
        drawing: Option<PathBuf>,
    },
    /// When this device was in a child's hands, and how each time ended.
    Sessions,
}

/// Recording a visit.
#[derive(Subcommand)]
pub(crate) enum Visit {
    /// Begin a visit to one child or several. Uses the one planned for today, if there is one.
    New {
        /// The children.
        #[arg(required = true)]
        children: Vec<String>,
    },
    /// Lay a visit out.
    Show {
        /// The visit: the end of its id, or the child's name for the only visit of today.
        visit: String,
    },
    /// Answer a question of the form: FIELD, FIELD/ELEMENT or FIELD/ELEMENT/PART.
    Set {
        /// The visit.
        visit: String,
        /// What it is about.
        field: String,
        /// The answer's code, or a date, time or few words.
        value: String,
        /// A few words beside the answer.
        #[arg(long)]
        note: Option<String>,
        /// Write it into every child's visit of this outing. Only for what is common to the outing.
        #[arg(long)]
        all: bool,
    },
    /// Write under a heading: saw, said_by_adult, changed, meaning, next_and_told.
    Note {
        /// The visit.
        visit: String,
        /// The heading.
        heading: String,
        /// The text; `-` reads it from standard input.
        text: String,
        /// The entry this is a new version of.
        #[arg(long)]
        entry: Option<String>,
    },
    /// Type without saving yet: what a crash leaves is kept and shown at the next unlock.
    Draft {
        /// The visit.
        visit: String,
        /// The heading.
        heading: String,
        /// The text so far.
        text: String,
        /// The entry, if it is being changed.
        #[arg(long)]
        entry: Option<String>,
    },
    /// What you observed in one area; both observers' answers stand for ever.
    Observe {
        /// The visit.
        visit: String,
        /// The area: food, home_heating_and_sleep, …
        area: String,
        /// met, partly, not_met or not_seen_today.
        answer: String,
        /// One line.
        #[arg(long)]
        line: Option<String>,
    },
    /// Somebody who was there, written into every child's visit of the outing.
    Person {
        /// The visit.
        visit: String,
        /// Name or description.
        name: String,
        /// mother, father, carer, unknown, …
        #[arg(long)]
        relation: Option<String>,
        /// yes, no or not_sure.
        #[arg(long)]
        lives_here: Option<String>,
        /// yes or no.
        #[arg(long)]
        new_to_us: Option<String>,
    },
    /// Attach a drawing, photograph or other file, byte for byte, up to 50 MB.
    Attach {
        /// The visit, or another record.
        visit: String,
        /// The file; `-` reads it from standard input.
        file: PathBuf,
        /// What it is: drawing, photo, letter, document, other.
        #[arg(long, default_value = "other")]
        what: String,
        /// Attach it to this voice of the visit: then it is the child's own, and nobody changes it.
        #[arg(long)]
        voice: Option<String>,
    },
    /// Fix a visit. After this you can add or correct, and both will show.
    Finish {
        /// The visits, one per child.
        #[arg(required = true)]
        visits: Vec<String>,
    },
    /// Add to a visit that was finished.
    Add {
        /// The visit.
        visit: String,
        /// The heading.
        heading: String,
        /// The text; `-` reads it from standard input.
        text: String,
    },
}
