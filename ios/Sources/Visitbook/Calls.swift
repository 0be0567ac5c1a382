// Written by bindings/facades.py from what UniFFI generated. Do not change it by hand: run bindings/generate.sh.
import Foundation
import VisitbookCore

extension Locked {
  /**
   * The council's address, as the enrolment code gave it.
   */
  public func address() throws(BookError) -> String {
    try call { try $0.address() }
  }

  /**
   * Whether a fingerprint or face is set. That the phone has destroyed the key since is found when it is asked.
   */
  public func hasBiometric() throws(BookError) -> Bool {
    try call { try $0.hasBiometric() }
  }

  /**
   * Whether a PIN can still open the vault. After ten wrong ones none can.
   */
  public func hasPin() throws(BookError) -> Bool {
    try call { try $0.hasPin() }
  }

  /**
   * What to say on the lock screen: that signed work is safe, and how much of it waits to be sent.
   */
  public func safeWords() throws(BookError) -> String {
    try call { try $0.safeWords() }
  }

  /**
   * How many sealed envelopes wait to be sent.
   */
  public func sealedWaiting() throws(BookError) -> UInt64 {
    try call { try $0.sealedWaiting() }
  }

  /**
   * Every request that the system is to send: those from before that are not answered, and new ones of what waits besides,
   * the most urgent first. Asking again gives the same ones again, so begin each that the system has not got. `most_bytes`
   * is the size of one, `most_files` how many there are at most.
   */
  public func cutUploads(mostBytes: UInt32 = UInt32(524288), mostFiles: UInt32 = UInt32(8)) throws(BookError) -> [UploadOrder] {
    try call { try $0.cutUploads(mostBytes: mostBytes, mostFiles: mostFiles) }
  }

  /**
   * Takes the answer to a request that the system sent, with any status, exactly as a sync would. Handing one over twice, or
   * after the app was started anew, does no harm. A request that got no answer needs no call: ask for the uploads again.
   */
  public func takeUpload(name: String, answer: CouncilAnswer) throws(BookError) -> UploadOutcome {
    try call { try $0.takeUpload(name: name, answer: answer) }
  }
}

extension Working {
  /**
   * Lets a fingerprint or face open the book beside the PIN, which stays. Shows the phone's prompt, through `HardwareKeys`,
   * and takes until it was answered. What was set before is replaced. The phone destroys the key when an enrolled
   * fingerprint or face is added or removed: then the PIN opens, and this can be called again.
   *
   * Errors: `pin_needed` if this book was not opened with its PIN; those of the keystore begin with `keystore_`, and
   * `keystore_unsupported` says that the phone has no fingerprint or face to recognise. The book opens as before then.
   */
  public func addBiometric() throws(BookError) {
    try call { try $0.addBiometric() }
  }

  /**
   * Whether a fingerprint or face opens the book. That the phone has destroyed the key since is found at the next unlock.
   */
  public func hasBiometric() throws(BookError) -> Bool {
    try call { try $0.hasBiometric() }
  }

  /**
   * Lets the PIN alone open the book. Shows no prompt. What was not set is no error.
   */
  public func removeBiometric() throws(BookError) {
    try call { try $0.removeBiometric() }
  }

  /**
   * The council's address, as the enrolment code gave it.
   */
  public func address() throws(BookError) -> String {
    try call { try $0.address() }
  }

  /**
   * Whether anything was ever fetched from the council. Until then lists are empty because nothing has come yet.
   */
  public func hasPulled() throws(BookError) -> Bool {
    try call { try $0.hasPulled() }
  }

  /**
   * Work for a quiet moment: prepares search and tidies the files. Interrupting it, or never calling it, loses nothing.
   */
  public func idle() throws(BookError) {
    try call { try $0.idle() }
  }

  /**
   * Whether the council has ended this device. What was written on it is taken all the same; it receives nothing more.
   */
  public func isEnded() throws(BookError) -> Bool {
    try call { try $0.isEnded() }
  }

  /**
   * How many sealed envelopes wait to be sent.
   */
  public func sealedWaiting() throws(BookError) -> UInt64 {
    try call { try $0.sealedWaiting() }
  }

  /**
   * Whose device this is, of which council, and the number to ring out of hours.
   */
  public func who() throws(BookError) -> Identity {
    try call { try $0.who() }
  }

  /**
   * Attaches a file to a record, byte for byte, up to 50 MB. `what` is `drawing`, `photo`, `letter`, `document` or `other`;
   * attached to a voice it is the child's own. Nothing in it is changed: take out where a photograph was taken before
   * handing it over. The same file attached before is not encrypted or sent twice. When this returns, it is durable.
   *
   * Errors: `empty`, `file_too_large`, `unknown_code`, and those of every record. Nothing was saved then.
   */
  public func attach(record: String, what: String, bytes: Data) throws(BookError) -> Saved {
    try call { try $0.attach(record: record, what: what, bytes: bytes) }
  }

  /**
   * As `attach`, for a file of the app's: read part by part and encrypted as it is read, so that it is never whole in memory.
   * `path` may be `/proc/self/fd/N` on Android. The file itself stays where it is: delete it if it holds what nobody else
   * should read. Blocks for as long as reading takes; other calls wait meanwhile.
   *
   * Errors: as `attach`, and `file_unreadable` for what is no ordinary file.
   */
  public func attachFile(record: String, what: String, path: String) throws(BookError) -> Saved {
    try call { try $0.attachFile(record: record, what: what, path: path) }
  }

  /**
   * A part of an attached file, for a player or a viewer that reads a large file as it needs it: at most `at_most` bytes from
   * byte `from` on, fewer only at its end. Every part is checked before it is given; that the rest is sound too, only
   * `open_attachment` says. Errors as there.
   */
  public func attachmentPart(record: String, op: String, from: UInt64, atMost: UInt32) throws(BookError) -> Data {
    try call { try $0.attachmentPart(record: record, op: op, from: from, atMost: atMost) }
  }

  /**
   * The files that belong to a record, in the order in which they came.
   */
  public func attachments(record: String) throws(BookError) -> [AttachmentView] {
    try call { try $0.attachments(record: record) }
  }

  /**
   * Files of children the holder holds whose bytes the council does not have: own ones, and those on colleagues' devices.
   */
  public func expectedFiles() throws(BookError) -> [ExpectedFile] {
    try call { try $0.expectedFiles() }
  }

  /**
   * The exact bytes of an attached file, or an error: never a part of it. Keep them in memory; what is written to a disk
   * lies there readable, and so does a small picture made of it.
   *
   * Errors: `not_here` (ask for it with `want_attachment` and sync), `damaged`, `wrong_key`, `no_such_file`.
   */
  public func openAttachment(record: String, op: String) throws(BookError) -> Data {
    try call { try $0.openAttachment(record: record, op: op) }
  }

  /**
   * Asks for a file that is not on this device: the next sync fetches it, if the council has it. Returns whether it is
   * here already.
   */
  public func wantAttachment(record: String, op: String) throws(BookError) -> Bool {
    try call { try $0.wantAttachment(record: record, op: op) }
  }

  /**
   * Decides about sharing what a child gave. What the child asked stays beside it.
   */
  public func decideSharing(voice: String, sharing: SharingGiven) throws(BookError) -> Saved {
    try call { try $0.decideSharing(voice: voice, sharing: sharing) }
  }

  /**
   * The exact bytes of a drawing that a child gave.
   */
  public func drawing(voice: String) throws(BookError) -> DrawingBytes? {
    try call { try $0.drawing(voice: voice) }
  }

  /**
   * The sessions in which this device was in a child's hands, newest first, and how each ended.
   */
  public func familySessions() throws(BookError) -> [FamilySessionView] {
    try call { try $0.familySessions() }
  }

  /**
   * What children left on this device and the holder has not opened: prompt for it before leaving the address, without a
   * word of it, and never open it as the first screen.
   */
  public func leftForYou() throws(BookError) -> [LeftForYou] {
    try call { try $0.leftForYou() }
  }

  /**
   * Opens one thing a child gave, by a deliberate tap. For what a child handed in, that it was opened is said to the team.
   */
  public func openVoice(voice: String) throws(BookError) -> VoiceView {
    try call { try $0.openVoice(voice: voice) }
  }

  /**
   * Answers a child, beside the child's words. Error `empty`: a part that this answer needs is missing.
   */
  public func reply(voice: String, reply: ReplyGiven) throws(BookError) -> Saved {
    try call { try $0.reply(voice: voice, reply: reply) }
  }

  /**
   * Everything a child gave, newest first, without what `left_for_you` prompts for.
   */
  public func voices(child: String) throws(BookError) -> [VoiceView] {
    try call { try $0.voices(child: child) }
  }

  /**
   * The team's day on one page: of today for all that this device knows, or as the council knew it at a moment in
   * milliseconds since 1970-01-01T00:00:00Z, with what came after it. Takes its time for a large team, and other calls wait
   * meanwhile: a page to be asked for, not a list to be scrolled.
   */
  public func board(asKnownAt: Int64? = nil) throws(BookError) -> BoardView {
    try call { try $0.board(asKnownAt: asKnownAt) }
  }

  /**
   * Closes the line about an area of a child that was not met on three visits running, as the board shows it: with a step by its
   * code, a reason, and the day for looking again, written `2026-11-10`. The line comes back, one step up, with the next visit on
   * which the area is not met again, or once that day has passed with nothing changed. Managers only.
   *
   * Errors: `managers_only`; `no_line`; `step_too_small` if a step as large changed nothing; `still_closed` where it is closed and
   * this would look again later; `bad_form` for a day that is past; `would_be_set_aside` where only the holder observed it. Nothing
   * was saved then.
   */
  public func closeLine(child: String, area: String, step: String, reason: String, lookAgain: String) throws(BookError) -> Saved {
    try call { try $0.closeLine(child: child, area: area, step: step, reason: reason, lookAgain: lookAgain) }
  }

  /**
   * Puts a fact of a finished visit right. The page keeps what was; lists, dates and exports count with what is.
   *
   * Errors: `not_finished`, `nothing_to_correct`, `two_answers`; `needs_agreement` if only somebody else, or a manager, may
   * lower the worry. Nothing was saved then.
   */
  public func correct(visit: String, target: String, code: String, reason: String) throws(BookError) -> Saved {
    try call { try $0.correct(visit: visit, target: target, code: code, reason: reason) }
  }

  /**
   * When every child whom the holder holds is next to be seen, overdue first, for a day written `2026-10-27`. A child to whom
   * no visits are owed is left out.
   */
  public func due(date: String) throws(BookError) -> [DueLine] {
    try call { try $0.due(date: date) }
  }

  /**
   * Gives a finished visit back to the author of the finish with a question. It stays finished; the question is a task of
   * theirs until they add to the visit or correct it. Errors as for `sign_off`.
   */
  public func giveBack(visit: String, question: String) throws(BookError) -> Saved {
    try call { try $0.giveBack(visit: visit, question: question) }
  }

  /**
   * The holder's own words that are not in the file yet, to read and copy, also about children they no longer hold; and those
   * that have come into it since.
   */
  public func keptAside() throws(BookError) -> KeptAside {
    try call { try $0.keptAside() }
  }

  /**
   * What to show after a visit on which nobody could be got hold of; nothing for any other visit.
   */
  public func noAnswer(visit: String) throws(BookError) -> NoAnswerView? {
    try call { try $0.noAnswer(visit: visit) }
  }

  /**
   * Asks the council for the text of a visit that its authors have not finished, and tells them so with the reason. It can be
   * read here after the next sync. Managers only.
   *
   * Errors: `managers_only`, `nothing_to_open`. Nothing was saved then.
   */
  public func openUnfinished(visit: String, reason: String) throws(BookError) -> Saved {
    try call { try $0.openUnfinished(visit: visit, reason: reason) }
  }

  /**
   * Puts statements that were set aside in their place, under their authors' names.
   *
   * Errors: `not_set_aside` if one of them does not wait for the holder's decision, `reason_needed`. Nothing was saved then.
   */
  public func place(ops: [String], reason: String) throws(BookError) -> Saved {
    try call { try $0.place(ops: ops, reason: reason) }
  }

  /**
   * Questions that were sent back and wait for an answer, the holder's own first.
   */
  public func returned() throws(BookError) -> [ReturnedView] {
    try call { try $0.returned() }
  }

  /**
   * What waits for the holder's decision, with the words, oldest first.
   */
  public func setAside() throws(BookError) -> [SetAside] {
    try call { try $0.setAside() }
  }

  /**
   * A manager has read these finished visits and agrees that they are sound. One save; nobody signs off their own.
   *
   * Errors: `managers_only`, `not_finished`, `signed_off` if one of them is already, `would_be_set_aside` for own work.
   * Nothing was saved then.
   */
  public func signOff(visits: [String]) throws(BookError) -> Saved {
    try call { try $0.signOff(visits: visits) }
  }

  /**
   * Marks a visit, a voice or a concern as entered in error: it leaves every list, and stays in its own history as evidence.
   * `made_again` is the record that stands in its place, made before on the right child. Managers only.
   */
  public func void(record: String, reason: String, madeAgain: String? = nil) throws(BookError) -> Saved {
    try call { try $0.void(record: record, reason: reason, madeAgain: madeAgain) }
  }

  /**
   * The children whom the holder holds as one who stands in: of those that are closed the name and nothing else. A closed child's
   * card answers `not_opened`.
   */
  public func cover() throws(BookError) -> [CoverChild] {
    try call { try $0.cover() }
  }

  /**
   * The child whom somebody met is this known child. For the manager of both.
   *
   * Errors: `managers_only`, `other_kind`. Nothing was saved then.
   */
  public func matchMet(met: String, child: String) throws(BookError) -> Saved {
    try call { try $0.matchMet(met: met, child: child) }
  }

  /**
   * Begins a file for a child whom the holder met and who is on nobody's list: `description` is a name or "the baby's cousin".
   * Works without a line, and the file takes visits, voices and concerns at once.
   */
  public func met(description: String, age: String? = nil, relation: String? = nil) throws(BookError) -> MetSaved {
    try call { try $0.met(description: description, age: age, relation: relation) }
  }

  /**
   * Children whom somebody met, those of whom nobody has said who they are first.
   */
  public func metChildren() throws(BookError) -> [MetChild] {
    try call { try $0.metChildren() }
  }

  /**
   * Says that two records are of one visit, and that `first` is the one people should read first. Nothing in either changes:
   * the other stands whole beside it, and the visit is counted once.
   *
   * Errors: `other_kind` for anything but two visits to one child. Nothing was saved then.
   */
  public func oneVisit(first: String, beside: String) throws(BookError) -> Saved {
    try call { try $0.oneVisit(first: first, beside: beside) }
  }

  /**
   * Opens the file of a child whom the holder holds as one who stands in. Works without a line. Everybody who holds the child sees
   * who opened the file, when and why.
   *
   * Errors: `not_held`, `other_kind` for a child held in another role, `empty` without a reason. Nothing was saved then.
   */
  public func openCover(child: String, reason: String) throws(BookError) -> Saved {
    try call { try $0.openCover(child: child, reason: reason) }
  }

  /**
   * The child whom somebody met was referred to somebody else. For the child's manager. Errors as for `match_met`, and `empty`
   * without a reason.
   */
  public func referMet(met: String, to: String, reason: String) throws(BookError) -> Saved {
    try call { try $0.referMet(met: met, to: to, reason: reason) }
  }

  /**
   * Visits of which it must be asked whether they are one or two, those that the holder began first in the list. The first
   * screen has the holder's own.
   */
  public func sameVisits() throws(BookError) -> [SameVisitQuestion] {
    try call { try $0.sameVisits() }
  }

  /**
   * Children who changed worker and are to be told, as it stands on a day written `2026-10-27`; the longest due first. The
   * first screen has those whose worker the holder has become.
   */
  public func toTell(date: String) throws(BookError) -> [ToTell] {
    try call { try $0.toTell(date: date) }
  }

  /**
   * Says that the holder has told a child who the worker is now, on a day written `2026-10-27`, and how. To say it before the
   * change has reached this device, name the worker.
   *
   * Errors: `nothing_to_tell` if no worker is named and the child need not be told. Nothing was saved then.
   */
  public func toldWorker(child: String, on: String, how: String, worker: String? = nil) throws(BookError) -> Saved {
    try call { try $0.toldWorker(child: child, on: on, how: how, worker: worker) }
  }

  /**
   * Says that two records are of two visits. It is not asked again. Errors as for `one_visit`.
   */
  public func twoVisits(one: String, other: String) throws(BookError) -> Saved {
    try call { try $0.twoVisits(one: one, other: other) }
  }

  /**
   * What should not have been possible, newest first. None of it lost a word; a person should look.
   */
  public func alarms() throws(BookError) -> [AlarmView] {
    try call { try $0.alarms() }
  }

  /**
   * A visit, a voice or a concern as text for the council's case system, about one child. Of a child: `other_kind`.
   */
  public func caseText(record: String) throws(BookError) -> CaseText {
    try call { try $0.caseText(record: record) }
  }

  /**
   * The record of a child by the case system's code. Says nothing about whether this device has it.
   */
  public func childByCode(code: String) throws(BookError) -> String {
    try call { try $0.childByCode(code: code) }
  }

  /**
   * A child's card: what a worker reads in thirty seconds on the doorstep.
   */
  public func childCard(child: String) throws(BookError) -> ChildCard {
    try call { try $0.childCard(child: child) }
  }

  /**
   * Everybody the holder holds, by family and name.
   */
  public func children() throws(BookError) -> [ChildLine] {
    try call { try $0.children() }
  }

  /**
   * Concerns, newest first: of one child, or all this device holds.
   */
  public func concerns(child: String? = nil) throws(BookError) -> [ConcernView] {
    try call { try $0.concerns(child: child) }
  }

  /**
   * One number for each scope this device holds, to compare with another device or the council.
   */
  public func digests() throws(BookError) -> [DigestLine] {
    try call { try $0.digests() }
  }

  /**
   * Every statement about a record in the order of the council's log, own unsent ones last: who, both times, and what
   * became of it.
   */
  public func history(record: String) throws(BookError) -> [Version] {
    try call { try $0.history(record: record) }
  }

  /**
   * What a crash left and this unlock could not turn into entries, each with the reason, to be copied from. Nothing of it is
   * lost.
   */
  public func keptDrafts() throws(BookError) -> [KeptDraft] {
    try call { try $0.keptDrafts() }
  }

  /**
   * The visits of the outing that this one belongs to, itself included, to children the holder holds.
   */
  public func outingOf(visit: String) throws(BookError) -> [String] {
    try call { try $0.outingOf(visit: visit) }
  }

  /**
   * Any record about a child, laid out: a visit, a voice, a concern, the child's own.
   */
  public func page(record: String) throws(BookError) -> RecordPage {
    try call { try $0.page(record: record) }
  }

  /**
   * Every question to which two answers are open, the holder's own first.
   */
  public func questions() throws(BookError) -> [OpenQuestion] {
    try call { try $0.questions() }
  }

  /**
   * Makes every list anew from the log. For support, when `verify` finds one behind; changes no word.
   */
  public func rebuildLists() throws(BookError) {
    try call { try $0.rebuildLists() }
  }

  /**
   * What a crash cut off and this unlock turned into entries. Show it first: its author goes on with it by `carry_on`.
   */
  public func recovered() throws(BookError) -> [Recovered] {
    try call { try $0.recovered() }
  }

  /**
   * Finds words in everything this device holds, at most 50 places. Whatever is typed, it is only ever searched for.
   */
  public func search(text: String) throws(BookError) -> [Found] {
    try call { try $0.search(text: text) }
  }

  /**
   * The council's staff, by name.
   */
  public func staff() throws(BookError) -> [Person] {
    try call { try $0.staff() }
  }

  /**
   * Where every record is that this device has written in, newest first, in the words of the screen.
   */
  public func statuses() throws(BookError) -> [RecordStatus] {
    try call { try $0.statuses() }
  }

  /**
   * The first screen: visits of a day, what is unfinished, everybody the holder holds, concerns without a decision, and
   * how much waits. `date` is written `2026-10-27`; today by this device's clock if none is given.
   */
  public func today(date: String? = nil) throws(BookError) -> Today {
    try call { try $0.today(date: date) }
  }

  /**
   * Checks everything this device holds: file, chain, signatures, payloads, receipts. Takes seconds for a large book, and
   * other calls wait meanwhile. What it finds is in its result, not an error.
   */
  public func verify() throws(BookError) -> Verification {
    try call { try $0.verify() }
  }

  /**
   * A visit, laid out. Of a record of another kind: `other_kind`.
   */
  public func visit(visit: String) throws(BookError) -> RecordPage {
    try call { try $0.visit(visit: visit) }
  }

  /**
   * The visits to a child, newest first.
   */
  public func visits(child: String) throws(BookError) -> [VisitLine] {
    try call { try $0.visits(child: child) }
  }

  /**
   * Adds a piece of text to a finished visit. It stands beside the page with both times.
   */
  public func addLate(visit: String, heading: String, text: String) throws(BookError) -> Saved {
    try call { try $0.addLate(visit: visit, heading: heading, text: text) }
  }

  /**
   * Goes on with an own entry that was cut off by a crash, or keeps it as it is: pass its whole text. Also for any own
   * entry of a finished visit.
   */
  public func carryOn(record: String, heading: String, entry: String, text: String) throws(BookError) -> Saved {
    try call { try $0.carryOn(record: record, heading: heading, entry: entry, text: text) }
  }

  /**
   * Saves one draft: call it when the person leaves the entry. Returns nothing if there was nothing new in it.
   */
  public func draftCommit(record: String, heading: String, entry: String) throws(BookError) -> Saved? {
    try call { try $0.draftCommit(record: record, heading: heading, entry: entry) }
  }

  /**
   * Saves every draft: call it when the app goes to the background or the phone is handed over. Locking and finishing do it
   * by themselves.
   */
  public func draftCommitAll() throws(BookError) -> Saved? {
    try call { try $0.draftCommitAll() }
  }

  /**
   * Keeps what has been typed so far under a heading, durably, on this device alone. Call it at most 2 s after a keystroke.
   * Give no `entry` the first time, then the one that the first call returned; or the entry that is being changed. Say
   * "kept on this phone" of it, never "saved".
   */
  public func draftUpdate(record: String, heading: String, text: String, entry: String? = nil) throws(BookError) -> String {
    try call { try $0.draftUpdate(record: record, heading: heading, text: text, entry: entry) }
  }

  /**
   * Writes a piece of text under a heading, at once. Whatever the language, the writing direction or the emoji, it is kept
   * as typed; at most 1 MiB of UTF-8 (`too_long`).
   */
  public func note(record: String, heading: String, text: String) throws(BookError) -> NoteSaved {
    try call { try $0.note(record: record, heading: heading, text: text) }
  }

  /**
   * Writes the whole text of an own entry again. The version before stays readable in the history.
   */
  public func revise(record: String, heading: String, entry: String, text: String) throws(BookError) -> Saved {
    try call { try $0.revise(record: record, heading: heading, entry: entry, text: text) }
  }

  /**
   * Takes an own entry back, and says why. Its text stays readable.
   */
  public func withdraw(record: String, heading: String, entry: String, why: String) throws(BookError) -> Saved {
    try call { try $0.withdraw(record: record, heading: heading, entry: entry, why: why) }
  }

  /**
   * As `LockedBook.cut_uploads`: ask for it as the app goes away.
   */
  public func cutUploads(mostBytes: UInt32 = UInt32(524288), mostFiles: UInt32 = UInt32(8)) throws(BookError) -> [UploadOrder] {
    try call { try $0.cutUploads(mostBytes: mostBytes, mostFiles: mostFiles) }
  }

  /**
   * As `LockedBook.take_upload`; an open book opens the answer at once.
   */
  public func takeUpload(name: String, answer: CouncilAnswer) throws(BookError) -> UploadOutcome {
    try call { try $0.takeUpload(name: name, answer: answer) }
  }

  /**
   * Settles a question to which two answers are open. `code` is the answer that is to stand; with `both`, both happened,
   * the most worrying stands and `reason` tells the story. For a piece of text that its author wrote in two places, `code` is the
   * id of the version to read first. A risk question needs a reason.
   *
   * Error `needs_agreement`: only somebody else may settle it so; `questions` says who. Ask them with `ask`.
   */
  public func answer(record: String, target: String, code: String, both: Bool = false, reason: String? = nil) throws(BookError) -> Saved {
    try call { try $0.answer(record: record, target: target, code: code, both: both, reason: reason) }
  }

  /**
   * Asks a colleague to agree to an answer. Nothing changes until they settle it.
   */
  public func ask(record: String, target: String, code: String, person: String) throws(BookError) -> Saved {
    try call { try $0.ask(record: record, target: target, code: code, person: person) }
  }

  /**
   * What to show a person before `finish`: the question, naming every child with their age, and what children left on this device
   * that has not been opened. Changes nothing, and refuses nothing.
   */
  public func beforeFinishing(visits: [String]) throws(BookError) -> BeforeFinishing {
    try call { try $0.beforeFinishing(visits: visits) }
  }

  /**
   * Begins a visit to one child or several: the one planned for today where there is one, a new one otherwise. All visits
   * begun together belong to one outing. Returns a record for each child, in the order given.
   */
  public func beginVisit(children: [String]) throws(BookError) -> [String] {
    try call { try $0.beginVisit(children: children) }
  }

  /**
   * Marks something urgent about one child or several: `urgency` is `manager_today` or `danger_now`. It goes before
   * everything else at the next sync. **It rings nobody**: show whom to ring, from `staff` and `who`, and ask who was
   * told; `told` says so.
   */
  public func concern(children: [String], urgency: String, text: String, visit: String? = nil, told: String? = nil) throws(BookError) -> Saved {
    try call { try $0.concern(children: children, urgency: urgency, text: text, visit: visit, told: told) }
  }

  /**
   * A manager's written decision on concerns; the same text stands on each. Others get `managers_only`.
   */
  public func decide(concerns: [String], text: String) throws(BookError) -> Saved {
    try call { try $0.decide(concerns: concerns, text: text) }
  }

  /**
   * Finishes visits, in one save: fixes for ever what this device shows of each. Ask the person first, with `before_finishing`. What is being typed is saved first. If anything that binds is missing from any of them, none is finished
   * and everything missing is listed, each as a question to ask.
   */
  public func finish(visits: [String]) throws(BookError) -> Finishing {
    try call { try $0.finish(visits: visits) }
  }

  /**
   * Records what the holder observed of one area of the form. A colleague's observation stands beside it and is never
   * in conflict with it.
   */
  public func observe(visit: String, area: String, answer: String, line: String? = nil) throws(BookError) -> Saved {
    try call { try $0.observe(visit: visit, area: area, answer: answer, line: line) }
  }

  /**
   * Plans a visit to one child or several on a day written `2026-10-27`, with named colleagues. Everybody who holds the
   * child sees it. Returns a record for each child, in the order given.
   */
  public func planVisit(children: [String], date: String, jointWorkers: [String] = []) throws(BookError) -> Saved {
    try call { try $0.planVisit(children: children, date: date, jointWorkers: jointWorkers) }
  }

  /**
   * Answers a question of the form. `target` is a field such as `seen`, an element `people_present/ID` or a part of one
   * `people_present/ID/lives_here`; `code` a code of the form, a date `2026-10-27`, a time `09:52`, or words. When this
   * returns, the answer is durable and signed.
   *
   * Errors: `unknown_field`, `unknown_code` (which lists what the field takes), `bad_form`, `two_answers`, and the others
   * of kind `Request`. Nothing was saved then.
   */
  public func set(record: String, target: String, code: String, note: String? = nil) throws(BookError) -> Saved {
    try call { try $0.set(record: record, target: target, code: code, note: note) }
  }

  /**
   * Answers several questions of one record in one save, in order. If one cannot be given, none is saved.
   */
  public func setAll(record: String, answers: [AnswerGiven]) throws(BookError) -> Saved {
    try call { try $0.setAll(record: record, answers: answers) }
  }

  /**
   * Answers a question about the whole outing: written into the visit of every child on it that the holder holds, in one
   * save. What is about one child (seen, alone, bedroom) cannot be answered so.
   */
  public func setForOuting(visit: String, target: String, code: String, note: String? = nil) throws(BookError) -> Saved {
    try call { try $0.setForOuting(visit: visit, target: target, code: code, note: note) }
  }

  /**
   * Takes a member out of a set again, such as `people_present/ID`. What a colleague adds meanwhile stays.
   */
  public func setRemove(record: String, target: String, reason: String? = nil) throws(BookError) -> Saved {
    try call { try $0.setRemove(record: record, target: target, reason: reason) }
  }

  /**
   * Records one thing a child gave: a record of its own, and its mark on the visit if one is named. The child's words are
   * kept byte for byte and never change.
   */
  public func voice(child: String, given: VoiceGiven, visit: String? = nil) throws(BookError) -> VoiceSaved {
    try call { try $0.voice(child: child, given: given, visit: visit) }
  }
}

extension Family {
  /**
   * Makes a choice: `not_here`, `not_today`, …; `fine_to_share`, `ask_me_first`, `only_my_worker`; `not_with/mum`, ….
   */
  public func choose(code: String) throws(BookError) {
    try call { try $0.choose(code: code) }
  }

  /**
   * How many things were handed in.
   */
  public func count() throws(BookError) -> UInt64 {
    try call { try $0.count() }
  }

  /**
   * Puts a drawing on the page: the bytes of an image of at most 1 MiB, which are never re-encoded.
   */
  public func draw(media: String, bytes: Data) throws(BookError) {
    try call { try $0.draw(media: media, bytes: bytes) }
  }

  /**
   * Hands in what is on the page. When this returns it is durable, and nobody reads or changes it on this device but the
   * worker, who needs the PIN.
   */
  public func handIn() throws(BookError) -> PageWords {
    try call { try $0.handIn() }
  }

  /**
   * What to say to whoever tries to read, or to leave with a wrong PIN. Names nobody.
   */
  public func nothingToRead() throws(BookError) -> PageWords {
    try call { $0.nothingToRead() }
  }

  /**
   * The words that are on the page now. What was handed in is not.
   */
  public func onThePage() throws(BookError) -> String? {
    try call { try $0.onThePage() }
  }

  /**
   * What stands on the page before anything is written: whose it is, who will read it, and what may follow.
   */
  public func page() throws(BookError) -> PageWords {
    try call { try $0.page() }
  }

  /**
   * Takes the last change of the page back. What was handed in is beyond it.
   */
  public func undo() throws(BookError) -> Bool {
    try call { try $0.undo() }
  }

  /**
   * Puts the child's words on the page, in place of what was there. Exactly these are handed in.
   */
  public func write(text: String) throws(BookError) {
    try call { try $0.write(text: text) }
  }

  /**
   * As `LockedBook.cut_uploads`, while the page stays open.
   */
  public func cutUploads(mostBytes: UInt32 = UInt32(524288), mostFiles: UInt32 = UInt32(8)) throws(BookError) -> [UploadOrder] {
    try call { try $0.cutUploads(mostBytes: mostBytes, mostFiles: mostFiles) }
  }

  /**
   * As `LockedBook.take_upload`.
   */
  public func takeUpload(name: String, answer: CouncilAnswer) throws(BookError) -> UploadOutcome {
    try call { try $0.takeUpload(name: name, answer: answer) }
  }
}

extension Outbox {
  /**
   * The council's address, as the enrolment code gave it.
   */
  public func address() throws(BookError) -> String {
    try call { try $0.address() }
  }

  /**
   * What to say where the vault is lost: that signed work is safe, and how much of it waits to be sent.
   */
  public func safeWords() throws(BookError) -> String {
    try call { try $0.safeWords() }
  }

  /**
   * How many sealed envelopes wait to be sent.
   */
  public func sealedWaiting() throws(BookError) -> UInt64 {
    try call { try $0.sealedWaiting() }
  }

  /**
   * As `LockedBook.cut_uploads`.
   */
  public func cutUploads(mostBytes: UInt32 = UInt32(524288), mostFiles: UInt32 = UInt32(8)) throws(BookError) -> [UploadOrder] {
    try call { try $0.cutUploads(mostBytes: mostBytes, mostFiles: mostFiles) }
  }

  /**
   * As `LockedBook.take_upload`.
   */
  public func takeUpload(name: String, answer: CouncilAnswer) throws(BookError) -> UploadOutcome {
    try call { try $0.takeUpload(name: name, answer: answer) }
  }
}
