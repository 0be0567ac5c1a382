// Written by bindings/facades.py from what UniFFI generated. Do not change it by hand: run bindings/generate.sh.
package visitbook

import visitbook.core.*

/** What a [Locked] does, one function for each of `LockedBook`. */
public abstract class LockedCalls internal constructor() {
    internal abstract suspend fun <T> call(work: (LockedBook) -> T): T

    /**
     * The council's address, as the enrolment code gave it.
     */
    public suspend fun address(): String =
        call { it.address() }

    /**
     * Whether a fingerprint or face is set. That the phone has destroyed the key since is found when it is asked.
     */
    public suspend fun hasBiometric(): Boolean =
        call { it.hasBiometric() }

    /**
     * Whether a PIN can still open the vault. After ten wrong ones none can.
     */
    public suspend fun hasPin(): Boolean =
        call { it.hasPin() }

    /**
     * What to say on the lock screen: that signed work is safe, and how much of it waits to be sent.
     */
    public suspend fun safeWords(): String =
        call { it.safeWords() }

    /**
     * How many sealed envelopes wait to be sent.
     */
    public suspend fun sealedWaiting(): ULong =
        call { it.sealedWaiting() }

    /**
     * Every request that the system is to send: those from before that are not answered, and new ones of what waits besides,
     * the most urgent first. Asking again gives the same ones again, so begin each that the system has not got. `most_bytes`
     * is the size of one, `most_files` how many there are at most.
     */
    public suspend fun cutUploads(mostBytes: UInt = 524288u, mostFiles: UInt = 8u): List<UploadOrder> =
        call { it.cutUploads(mostBytes, mostFiles) }

    /**
     * Takes the answer to a request that the system sent, with any status, exactly as a sync would. Handing one over twice, or
     * after the app was started anew, does no harm. A request that got no answer needs no call: ask for the uploads again.
     */
    public suspend fun takeUpload(name: String, answer: CouncilAnswer): UploadOutcome =
        call { it.takeUpload(name, answer) }
}

/** What a [Working] does, one function for each of `Book`. */
public abstract class WorkingCalls internal constructor() {
    internal abstract suspend fun <T> call(work: (Book) -> T): T

    /**
     * Lets a fingerprint or face open the book beside the PIN, which stays. Shows the phone's prompt, through `HardwareKeys`,
     * and takes until it was answered. What was set before is replaced. The phone destroys the key when an enrolled
     * fingerprint or face is added or removed: then the PIN opens, and this can be called again.
     *
     * Errors: `pin_needed` if this book was not opened with its PIN; those of the keystore begin with `keystore_`, and
     * `keystore_unsupported` says that the phone has no fingerprint or face to recognise. The book opens as before then.
     */
    public suspend fun addBiometric(): Unit =
        call { it.addBiometric() }

    /**
     * Whether a fingerprint or face opens the book. That the phone has destroyed the key since is found at the next unlock.
     */
    public suspend fun hasBiometric(): Boolean =
        call { it.hasBiometric() }

    /**
     * Lets the PIN alone open the book. Shows no prompt. What was not set is no error.
     */
    public suspend fun removeBiometric(): Unit =
        call { it.removeBiometric() }

    /**
     * The council's address, as the enrolment code gave it.
     */
    public suspend fun address(): String =
        call { it.address() }

    /**
     * Whether anything was ever fetched from the council. Until then lists are empty because nothing has come yet.
     */
    public suspend fun hasPulled(): Boolean =
        call { it.hasPulled() }

    /**
     * Work for a quiet moment: prepares search and tidies the files. Interrupting it, or never calling it, loses nothing.
     */
    public suspend fun idle(): Unit =
        call { it.idle() }

    /**
     * Whether the council has ended this device. What was written on it is taken all the same; it receives nothing more.
     */
    public suspend fun isEnded(): Boolean =
        call { it.isEnded() }

    /**
     * How many sealed envelopes wait to be sent.
     */
    public suspend fun sealedWaiting(): ULong =
        call { it.sealedWaiting() }

    /**
     * Whose device this is, of which council, and the number to ring out of hours.
     */
    public suspend fun who(): Identity =
        call { it.who() }

    /**
     * Attaches a file to a record, byte for byte, up to 50 MB. `what` is `drawing`, `photo`, `letter`, `document` or `other`;
     * attached to a voice it is the child's own. Nothing in it is changed: take out where a photograph was taken before
     * handing it over. The same file attached before is not encrypted or sent twice. When this returns, it is durable.
     *
     * Errors: `empty`, `file_too_large`, `unknown_code`, and those of every record. Nothing was saved then.
     */
    public suspend fun attach(record: String, what: String, bytes: ByteArray): Saved =
        call { it.attach(record, what, bytes) }

    /**
     * As `attach`, for a file of the app's: read part by part and encrypted as it is read, so that it is never whole in memory.
     * `path` may be `/proc/self/fd/N` on Android. The file itself stays where it is: delete it if it holds what nobody else
     * should read. Blocks for as long as reading takes; other calls wait meanwhile.
     *
     * Errors: as `attach`, and `file_unreadable` for what is no ordinary file.
     */
    public suspend fun attachFile(record: String, what: String, path: String): Saved =
        call { it.attachFile(record, what, path) }

    /**
     * A part of an attached file, for a player or a viewer that reads a large file as it needs it: at most `at_most` bytes from
     * byte `from` on, fewer only at its end. Every part is checked before it is given; that the rest is sound too, only
     * `open_attachment` says. Errors as there.
     */
    public suspend fun attachmentPart(record: String, op: String, from: ULong, atMost: UInt): ByteArray =
        call { it.attachmentPart(record, op, from, atMost) }

    /**
     * The files that belong to a record, in the order in which they came.
     */
    public suspend fun attachments(record: String): List<AttachmentView> =
        call { it.attachments(record) }

    /**
     * Files of children the holder holds whose bytes the council does not have: own ones, and those on colleagues' devices.
     */
    public suspend fun expectedFiles(): List<ExpectedFile> =
        call { it.expectedFiles() }

    /**
     * The exact bytes of an attached file, or an error: never a part of it. Keep them in memory; what is written to a disk
     * lies there readable, and so does a small picture made of it.
     *
     * Errors: `not_here` (ask for it with `want_attachment` and sync), `damaged`, `wrong_key`, `no_such_file`.
     */
    public suspend fun openAttachment(record: String, op: String): ByteArray =
        call { it.openAttachment(record, op) }

    /**
     * Asks for a file that is not on this device: the next sync fetches it, if the council has it. Returns whether it is
     * here already.
     */
    public suspend fun wantAttachment(record: String, op: String): Boolean =
        call { it.wantAttachment(record, op) }

    /**
     * Decides about sharing what a child gave. What the child asked stays beside it.
     */
    public suspend fun decideSharing(voice: String, sharing: SharingGiven): Saved =
        call { it.decideSharing(voice, sharing) }

    /**
     * The exact bytes of a drawing that a child gave.
     */
    public suspend fun drawing(voice: String): DrawingBytes? =
        call { it.drawing(voice) }

    /**
     * The sessions in which this device was in a child's hands, newest first, and how each ended.
     */
    public suspend fun familySessions(): List<FamilySessionView> =
        call { it.familySessions() }

    /**
     * What children left on this device and the holder has not opened: prompt for it before leaving the address, without a
     * word of it, and never open it as the first screen.
     */
    public suspend fun leftForYou(): List<LeftForYou> =
        call { it.leftForYou() }

    /**
     * Opens one thing a child gave, by a deliberate tap. For what a child handed in, that it was opened is said to the team.
     */
    public suspend fun openVoice(voice: String): VoiceView =
        call { it.openVoice(voice) }

    /**
     * Answers a child, beside the child's words. Error `empty`: a part that this answer needs is missing.
     */
    public suspend fun reply(voice: String, reply: ReplyGiven): Saved =
        call { it.reply(voice, reply) }

    /**
     * Everything a child gave, newest first, without what `left_for_you` prompts for.
     */
    public suspend fun voices(child: String): List<VoiceView> =
        call { it.voices(child) }

    /**
     * The team's day on one page: of today for all that this device knows, or as the council knew it at a moment in
     * milliseconds since 1970-01-01T00:00:00Z, with what came after it. Takes its time for a large team, and other calls wait
     * meanwhile: a page to be asked for, not a list to be scrolled.
     */
    public suspend fun board(asKnownAt: Long? = null): BoardView =
        call { it.board(asKnownAt) }

    /**
     * Closes the line about an area of a child that was not met on three visits running, as the board shows it: with a step by its
     * code, a reason, and the day for looking again, written `2026-11-10`. The line comes back, one step up, with the next visit on
     * which the area is not met again, or once that day has passed with nothing changed. Managers only.
     *
     * Errors: `managers_only`; `no_line`; `step_too_small` if a step as large changed nothing; `still_closed` where it is closed and
     * this would look again later; `bad_form` for a day that is past; `would_be_set_aside` where only the holder observed it. Nothing
     * was saved then.
     */
    public suspend fun closeLine(child: String, area: String, step: String, reason: String, lookAgain: String): Saved =
        call { it.closeLine(child, area, step, reason, lookAgain) }

    /**
     * Puts a fact of a finished visit right. The page keeps what was; lists, dates and exports count with what is.
     *
     * Errors: `not_finished`, `nothing_to_correct`, `two_answers`; `needs_agreement` if only somebody else, or a manager, may
     * lower the worry. Nothing was saved then.
     */
    public suspend fun correct(visit: String, target: String, code: String, reason: String): Saved =
        call { it.correct(visit, target, code, reason) }

    /**
     * When every child whom the holder holds is next to be seen, overdue first, for a day written `2026-10-27`. A child to whom
     * no visits are owed is left out.
     */
    public suspend fun due(date: String): List<DueLine> =
        call { it.due(date) }

    /**
     * Gives a finished visit back to the author of the finish with a question. It stays finished; the question is a task of
     * theirs until they add to the visit or correct it. Errors as for `sign_off`.
     */
    public suspend fun giveBack(visit: String, question: String): Saved =
        call { it.giveBack(visit, question) }

    /**
     * The holder's own words that are not in the file yet, to read and copy, also about children they no longer hold; and those
     * that have come into it since.
     */
    public suspend fun keptAside(): KeptAside =
        call { it.keptAside() }

    /**
     * What to show after a visit on which nobody could be got hold of; nothing for any other visit.
     */
    public suspend fun noAnswer(visit: String): NoAnswerView? =
        call { it.noAnswer(visit) }

    /**
     * Asks the council for the text of a visit that its authors have not finished, and tells them so with the reason. It can be
     * read here after the next sync. Managers only.
     *
     * Errors: `managers_only`, `nothing_to_open`. Nothing was saved then.
     */
    public suspend fun openUnfinished(visit: String, reason: String): Saved =
        call { it.openUnfinished(visit, reason) }

    /**
     * Puts statements that were set aside in their place, under their authors' names.
     *
     * Errors: `not_set_aside` if one of them does not wait for the holder's decision, `reason_needed`. Nothing was saved then.
     */
    public suspend fun place(ops: List<String>, reason: String): Saved =
        call { it.place(ops, reason) }

    /**
     * Questions that were sent back and wait for an answer, the holder's own first.
     */
    public suspend fun returned(): List<ReturnedView> =
        call { it.returned() }

    /**
     * What waits for the holder's decision, with the words, oldest first.
     */
    public suspend fun setAside(): List<SetAside> =
        call { it.setAside() }

    /**
     * A manager has read these finished visits and agrees that they are sound. One save; nobody signs off their own.
     *
     * Errors: `managers_only`, `not_finished`, `signed_off` if one of them is already, `would_be_set_aside` for own work.
     * Nothing was saved then.
     */
    public suspend fun signOff(visits: List<String>): Saved =
        call { it.signOff(visits) }

    /**
     * Marks a visit, a voice or a concern as entered in error: it leaves every list, and stays in its own history as evidence.
     * `made_again` is the record that stands in its place, made before on the right child. Managers only.
     */
    public suspend fun void(record: String, reason: String, madeAgain: String? = null): Saved =
        call { it.void(record, reason, madeAgain) }

    /**
     * The children whom the holder holds as one who stands in: of those that are closed the name and nothing else. A closed child's
     * card answers `not_opened`.
     */
    public suspend fun cover(): List<CoverChild> =
        call { it.cover() }

    /**
     * The child whom somebody met is this known child. For the manager of both.
     *
     * Errors: `managers_only`, `other_kind`. Nothing was saved then.
     */
    public suspend fun matchMet(met: String, child: String): Saved =
        call { it.matchMet(met, child) }

    /**
     * Begins a file for a child whom the holder met and who is on nobody's list: `description` is a name or "the baby's cousin".
     * Works without a line, and the file takes visits, voices and concerns at once.
     */
    public suspend fun met(description: String, age: String? = null, relation: String? = null): MetSaved =
        call { it.met(description, age, relation) }

    /**
     * Children whom somebody met, those of whom nobody has said who they are first.
     */
    public suspend fun metChildren(): List<MetChild> =
        call { it.metChildren() }

    /**
     * Says that two records are of one visit, and that `first` is the one people should read first. Nothing in either changes:
     * the other stands whole beside it, and the visit is counted once.
     *
     * Errors: `other_kind` for anything but two visits to one child. Nothing was saved then.
     */
    public suspend fun oneVisit(first: String, beside: String): Saved =
        call { it.oneVisit(first, beside) }

    /**
     * Opens the file of a child whom the holder holds as one who stands in. Works without a line. Everybody who holds the child sees
     * who opened the file, when and why.
     *
     * Errors: `not_held`, `other_kind` for a child held in another role, `empty` without a reason. Nothing was saved then.
     */
    public suspend fun openCover(child: String, reason: String): Saved =
        call { it.openCover(child, reason) }

    /**
     * The child whom somebody met was referred to somebody else. For the child's manager. Errors as for `match_met`, and `empty`
     * without a reason.
     */
    public suspend fun referMet(met: String, to: String, reason: String): Saved =
        call { it.referMet(met, to, reason) }

    /**
     * Visits of which it must be asked whether they are one or two, those that the holder began first in the list. The first
     * screen has the holder's own.
     */
    public suspend fun sameVisits(): List<SameVisitQuestion> =
        call { it.sameVisits() }

    /**
     * Children who changed worker and are to be told, as it stands on a day written `2026-10-27`; the longest due first. The
     * first screen has those whose worker the holder has become.
     */
    public suspend fun toTell(date: String): List<ToTell> =
        call { it.toTell(date) }

    /**
     * Says that the holder has told a child who the worker is now, on a day written `2026-10-27`, and how. To say it before the
     * change has reached this device, name the worker.
     *
     * Errors: `nothing_to_tell` if no worker is named and the child need not be told. Nothing was saved then.
     */
    public suspend fun toldWorker(child: String, on: String, how: String, worker: String? = null): Saved =
        call { it.toldWorker(child, on, how, worker) }

    /**
     * Says that two records are of two visits. It is not asked again. Errors as for `one_visit`.
     */
    public suspend fun twoVisits(one: String, other: String): Saved =
        call { it.twoVisits(one, other) }

    /**
     * What should not have been possible, newest first. None of it lost a word; a person should look.
     */
    public suspend fun alarms(): List<AlarmView> =
        call { it.alarms() }

    /**
     * A visit, a voice or a concern as text for the council's case system, about one child. Of a child: `other_kind`.
     */
    public suspend fun caseText(record: String): CaseText =
        call { it.caseText(record) }

    /**
     * The record of a child by the case system's code. Says nothing about whether this device has it.
     */
    public suspend fun childByCode(code: String): String =
        call { it.childByCode(code) }

    /**
     * A child's card: what a worker reads in thirty seconds on the doorstep.
     */
    public suspend fun childCard(child: String): ChildCard =
        call { it.childCard(child) }

    /**
     * Everybody the holder holds, by family and name.
     */
    public suspend fun children(): List<ChildLine> =
        call { it.children() }

    /**
     * Concerns, newest first: of one child, or all this device holds.
     */
    public suspend fun concerns(child: String? = null): List<ConcernView> =
        call { it.concerns(child) }

    /**
     * One number for each scope this device holds, to compare with another device or the council.
     */
    public suspend fun digests(): List<DigestLine> =
        call { it.digests() }

    /**
     * Every statement about a record in the order of the council's log, own unsent ones last: who, both times, and what
     * became of it.
     */
    public suspend fun history(record: String): List<Version> =
        call { it.history(record) }

    /**
     * What a crash left and this unlock could not turn into entries, each with the reason, to be copied from. Nothing of it is
     * lost.
     */
    public suspend fun keptDrafts(): List<KeptDraft> =
        call { it.keptDrafts() }

    /**
     * The visits of the outing that this one belongs to, itself included, to children the holder holds.
     */
    public suspend fun outingOf(visit: String): List<String> =
        call { it.outingOf(visit) }

    /**
     * Any record about a child, laid out: a visit, a voice, a concern, the child's own.
     */
    public suspend fun page(record: String): RecordPage =
        call { it.page(record) }

    /**
     * Every question to which two answers are open, the holder's own first.
     */
    public suspend fun questions(): List<OpenQuestion> =
        call { it.questions() }

    /**
     * Makes every list anew from the log. For support, when `verify` finds one behind; changes no word.
     */
    public suspend fun rebuildLists(): Unit =
        call { it.rebuildLists() }

    /**
     * What a crash cut off and this unlock turned into entries. Show it first: its author goes on with it by `carry_on`.
     */
    public suspend fun recovered(): List<Recovered> =
        call { it.recovered() }

    /**
     * Finds words in everything this device holds, at most 50 places. Whatever is typed, it is only ever searched for.
     */
    public suspend fun search(text: String): List<Found> =
        call { it.search(text) }

    /**
     * The council's staff, by name.
     */
    public suspend fun staff(): List<Person> =
        call { it.staff() }

    /**
     * Where every record is that this device has written in, newest first, in the words of the screen.
     */
    public suspend fun statuses(): List<RecordStatus> =
        call { it.statuses() }

    /**
     * The first screen: visits of a day, what is unfinished, everybody the holder holds, concerns without a decision, and
     * how much waits. `date` is written `2026-10-27`; today by this device's clock if none is given.
     */
    public suspend fun today(date: String? = null): Today =
        call { it.today(date) }

    /**
     * Checks everything this device holds: file, chain, signatures, payloads, receipts. Takes seconds for a large book, and
     * other calls wait meanwhile. What it finds is in its result, not an error.
     */
    public suspend fun verify(): Verification =
        call { it.verify() }

    /**
     * A visit, laid out. Of a record of another kind: `other_kind`.
     */
    public suspend fun visit(visit: String): RecordPage =
        call { it.visit(visit) }

    /**
     * The visits to a child, newest first.
     */
    public suspend fun visits(child: String): List<VisitLine> =
        call { it.visits(child) }

    /**
     * Adds a piece of text to a finished visit. It stands beside the page with both times.
     */
    public suspend fun addLate(visit: String, heading: String, text: String): Saved =
        call { it.addLate(visit, heading, text) }

    /**
     * Goes on with an own entry that was cut off by a crash, or keeps it as it is: pass its whole text. Also for any own
     * entry of a finished visit.
     */
    public suspend fun carryOn(record: String, heading: String, entry: String, text: String): Saved =
        call { it.carryOn(record, heading, entry, text) }

    /**
     * Saves one draft: call it when the person leaves the entry. Returns nothing if there was nothing new in it.
     */
    public suspend fun draftCommit(record: String, heading: String, entry: String): Saved? =
        call { it.draftCommit(record, heading, entry) }

    /**
     * Saves every draft: call it when the app goes to the background or the phone is handed over. Locking and finishing do it
     * by themselves.
     */
    public suspend fun draftCommitAll(): Saved? =
        call { it.draftCommitAll() }

    /**
     * Keeps what has been typed so far under a heading, durably, on this device alone. Call it at most 2 s after a keystroke.
     * Give no `entry` the first time, then the one that the first call returned; or the entry that is being changed. Say
     * "kept on this phone" of it, never "saved".
     */
    public suspend fun draftUpdate(record: String, heading: String, text: String, entry: String? = null): String =
        call { it.draftUpdate(record, heading, text, entry) }

    /**
     * Writes a piece of text under a heading, at once. Whatever the language, the writing direction or the emoji, it is kept
     * as typed; at most 1 MiB of UTF-8 (`too_long`).
     */
    public suspend fun note(record: String, heading: String, text: String): NoteSaved =
        call { it.note(record, heading, text) }

    /**
     * Writes the whole text of an own entry again. The version before stays readable in the history.
     */
    public suspend fun revise(record: String, heading: String, entry: String, text: String): Saved =
        call { it.revise(record, heading, entry, text) }

    /**
     * Takes an own entry back, and says why. Its text stays readable.
     */
    public suspend fun withdraw(record: String, heading: String, entry: String, why: String): Saved =
        call { it.withdraw(record, heading, entry, why) }

    /**
     * As `LockedBook.cut_uploads`: ask for it as the app goes away.
     */
    public suspend fun cutUploads(mostBytes: UInt = 524288u, mostFiles: UInt = 8u): List<UploadOrder> =
        call { it.cutUploads(mostBytes, mostFiles) }

    /**
     * As `LockedBook.take_upload`; an open book opens the answer at once.
     */
    public suspend fun takeUpload(name: String, answer: CouncilAnswer): UploadOutcome =
        call { it.takeUpload(name, answer) }

    /**
     * Settles a question to which two answers are open. `code` is the answer that is to stand; with `both`, both happened,
     * the most worrying stands and `reason` tells the story. For a piece of text that its author wrote in two places, `code` is the
     * id of the version to read first. A risk question needs a reason.
     *
     * Error `needs_agreement`: only somebody else may settle it so; `questions` says who. Ask them with `ask`.
     */
    public suspend fun answer(record: String, target: String, code: String, both: Boolean = false, reason: String? = null): Saved =
        call { it.answer(record, target, code, both, reason) }

    /**
     * Asks a colleague to agree to an answer. Nothing changes until they settle it.
     */
    public suspend fun ask(record: String, target: String, code: String, person: String): Saved =
        call { it.ask(record, target, code, person) }

    /**
     * What to show a person before `finish`: the question, naming every child with their age, and what children left on this device
     * that has not been opened. Changes nothing, and refuses nothing.
     */
    public suspend fun beforeFinishing(visits: List<String>): BeforeFinishing =
        call { it.beforeFinishing(visits) }

    /**
     * Begins a visit to one child or several: the one planned for today where there is one, a new one otherwise. All visits
     * begun together belong to one outing. Returns a record for each child, in the order given.
     */
    public suspend fun beginVisit(children: List<String>): List<String> =
        call { it.beginVisit(children) }

    /**
     * Marks something urgent about one child or several: `urgency` is `manager_today` or `danger_now`. It goes before
     * everything else at the next sync. **It rings nobody**: show whom to ring, from `staff` and `who`, and ask who was
     * told; `told` says so.
     */
    public suspend fun concern(children: List<String>, urgency: String, text: String, visit: String? = null, told: String? = null): Saved =
        call { it.concern(children, urgency, text, visit, told) }

    /**
     * A manager's written decision on concerns; the same text stands on each. Others get `managers_only`.
     */
    public suspend fun decide(concerns: List<String>, text: String): Saved =
        call { it.decide(concerns, text) }

    /**
     * Finishes visits, in one save: fixes for ever what this device shows of each. Ask the person first, with `before_finishing`. What is being typed is saved first. If anything that binds is missing from any of them, none is finished
     * and everything missing is listed, each as a question to ask.
     */
    public suspend fun finish(visits: List<String>): Finishing =
        call { it.finish(visits) }

    /**
     * Records what the holder observed of one area of the form. A colleague's observation stands beside it and is never
     * in conflict with it.
     */
    public suspend fun observe(visit: String, area: String, answer: String, line: String? = null): Saved =
        call { it.observe(visit, area, answer, line) }

    /**
     * Plans a visit to one child or several on a day written `2026-10-27`, with named colleagues. Everybody who holds the
     * child sees it. Returns a record for each child, in the order given.
     */
    public suspend fun planVisit(children: List<String>, date: String, jointWorkers: List<String> = listOf()): Saved =
        call { it.planVisit(children, date, jointWorkers) }

    /**
     * Answers a question of the form. `target` is a field such as `seen`, an element `people_present/ID` or a part of one
     * `people_present/ID/lives_here`; `code` a code of the form, a date `2026-10-27`, a time `09:52`, or words. When this
     * returns, the answer is durable and signed.
     *
     * Errors: `unknown_field`, `unknown_code` (which lists what the field takes), `bad_form`, `two_answers`, and the others
     * of kind `Request`. Nothing was saved then.
     */
    public suspend fun set(record: String, target: String, code: String, note: String? = null): Saved =
        call { it.set(record, target, code, note) }

    /**
     * Answers several questions of one record in one save, in order. If one cannot be given, none is saved.
     */
    public suspend fun setAll(record: String, answers: List<AnswerGiven>): Saved =
        call { it.setAll(record, answers) }

    /**
     * Answers a question about the whole outing: written into the visit of every child on it that the holder holds, in one
     * save. What is about one child (seen, alone, bedroom) cannot be answered so.
     */
    public suspend fun setForOuting(visit: String, target: String, code: String, note: String? = null): Saved =
        call { it.setForOuting(visit, target, code, note) }

    /**
     * Takes a member out of a set again, such as `people_present/ID`. What a colleague adds meanwhile stays.
     */
    public suspend fun setRemove(record: String, target: String, reason: String? = null): Saved =
        call { it.setRemove(record, target, reason) }

    /**
     * Records one thing a child gave: a record of its own, and its mark on the visit if one is named. The child's words are
     * kept byte for byte and never change.
     */
    public suspend fun voice(child: String, given: VoiceGiven, visit: String? = null): VoiceSaved =
        call { it.voice(child, given, visit) }
}

/** What a [Family] does, one function for each of `FamilyPage`. */
public abstract class FamilyCalls internal constructor() {
    internal abstract suspend fun <T> call(work: (FamilyPage) -> T): T

    /**
     * Makes a choice: `not_here`, `not_today`, …; `fine_to_share`, `ask_me_first`, `only_my_worker`; `not_with/mum`, ….
     */
    public suspend fun choose(code: String): Unit =
        call { it.choose(code) }

    /**
     * How many things were handed in.
     */
    public suspend fun count(): ULong =
        call { it.count() }

    /**
     * Puts a drawing on the page: the bytes of an image of at most 1 MiB, which are never re-encoded.
     */
    public suspend fun draw(media: String, bytes: ByteArray): Unit =
        call { it.draw(media, bytes) }

    /**
     * Hands in what is on the page. When this returns it is durable, and nobody reads or changes it on this device but the
     * worker, who needs the PIN.
     */
    public suspend fun handIn(): PageWords =
        call { it.handIn() }

    /**
     * What to say to whoever tries to read, or to leave with a wrong PIN. Names nobody.
     */
    public suspend fun nothingToRead(): PageWords =
        call { it.nothingToRead() }

    /**
     * The words that are on the page now. What was handed in is not.
     */
    public suspend fun onThePage(): String? =
        call { it.onThePage() }

    /**
     * What stands on the page before anything is written: whose it is, who will read it, and what may follow.
     */
    public suspend fun page(): PageWords =
        call { it.page() }

    /**
     * Takes the last change of the page back. What was handed in is beyond it.
     */
    public suspend fun undo(): Boolean =
        call { it.undo() }

    /**
     * Puts the child's words on the page, in place of what was there. Exactly these are handed in.
     */
    public suspend fun write(text: String): Unit =
        call { it.write(text) }

    /**
     * As `LockedBook.cut_uploads`, while the page stays open.
     */
    public suspend fun cutUploads(mostBytes: UInt = 524288u, mostFiles: UInt = 8u): List<UploadOrder> =
        call { it.cutUploads(mostBytes, mostFiles) }

    /**
     * As `LockedBook.take_upload`.
     */
    public suspend fun takeUpload(name: String, answer: CouncilAnswer): UploadOutcome =
        call { it.takeUpload(name, answer) }
}

/** What a [Outbox] does, one function for each of `SealedOutbox`. */
public abstract class OutboxCalls internal constructor() {
    internal abstract suspend fun <T> call(work: (SealedOutbox) -> T): T

    /**
     * The council's address, as the enrolment code gave it.
     */
    public suspend fun address(): String =
        call { it.address() }

    /**
     * What to say where the vault is lost: that signed work is safe, and how much of it waits to be sent.
     */
    public suspend fun safeWords(): String =
        call { it.safeWords() }

    /**
     * How many sealed envelopes wait to be sent.
     */
    public suspend fun sealedWaiting(): ULong =
        call { it.sealedWaiting() }

    /**
     * As `LockedBook.cut_uploads`.
     */
    public suspend fun cutUploads(mostBytes: UInt = 524288u, mostFiles: UInt = 8u): List<UploadOrder> =
        call { it.cutUploads(mostBytes, mostFiles) }

    /**
     * As `LockedBook.take_upload`.
     */
    public suspend fun takeUpload(name: String, answer: CouncilAnswer): UploadOutcome =
        call { it.takeUpload(name, answer) }
}
