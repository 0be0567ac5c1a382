"""The main job through the Python API, and everything that a border gets wrong: errors, callbacks, threads, text.

Run by `tests/languages/python.sh`, which builds and installs the wheel. Each class has devices of its own, enrolled by code with the
one council that all share. Nothing here waits for a time to pass: a test that hangs is a failure, and says where.
"""

import datetime
import gc
import inspect
import re
import threading
import unittest
import uuid

import visitbook
from council import PIN, Phone, SilentServer, shared
from visitbook import (
    AnswerGiven,
    Finishing,
    KeystoreError,
    LockedBook,
    ReplyGiven,
    SharingGiven,
    SyncCancel,
    SyncEnded,
    SyncTrouble,
    VisitbookError,
    VoiceGiven,
)

# Longer than anything here takes; passing it means that something waits for ever.
FOR_EVER = 120

EMOJI_AND_HEBREW = "Pipit 👶🏽 slept. אִמָּא אמרה: «הוא לא גר פה» — Ivy said “he doesn’t live here”. e\u0301 \u202eback\u202c"
CHILDS_WORDS = " I put Pipits bottle in my bed 🍼\nso it stays warm.  "

council = shared()


class Case(unittest.TestCase):
    """What all tests share."""

    def refused(self, code, call, *args, kind=VisitbookError, retryable=False, **more):
        """That a call fails with this code. Returns the error."""
        with self.assertRaises(kind) as caught:
            call(*args, **more)
        error = caught.exception
        self.assertEqual(error.code, code, error.explanation)
        self.assertEqual(error.retryable, retryable, error.explanation)
        self.assertTrue(error.explanation.endswith("."), error.explanation)
        return error

    def joined(self, thread):
        thread.join(FOR_EVER)
        self.assertFalse(thread.is_alive(), "it waits for ever")

    def status(self, book, record):
        return next(line.status.code for line in book.statuses() if line.record == record)


class TheBorder(Case):
    """What must hold for every function that is exported, by the generated code itself."""

    def test_every_call_returns_an_error_of_ours_or_cannot_fail(self):
        source = inspect.getsource(visitbook.visitbook_ffi)
        calls = re.findall(r"_uniffi_error_converter = (\w+)\n.*\n.*\n *_UniffiLib\.uniffi_visitbook_ffi_fn_(\w+)", source)
        self.assertGreater(len(calls), 60)
        cannot_fail = sorted(name for converter, name in calls if converter == "None")
        self.assertEqual(
            cannot_fail,
            [
                "constructor_synccancel_new",
                "method_familypage_nothing_to_read",
                "method_subscription_cancel",
                "method_synccancel_cancel",
                "method_synccancel_is_cancelled",
            ],
        )
        # What apps implement has errors of its own; everything else has the one.
        foreign = ("method_hardwarekeys_", "method_transport_", "method_changelistener_", "method_syncprogress_")
        ours = {converter for converter, name in calls if converter != "None" and not name.startswith(foreign)}
        self.assertEqual(ours, {"_UniffiFfiConverterTypeVisitbookError"})

    def test_every_error_has_the_same_three_things(self):
        kinds = [kind for kind in vars(VisitbookError).values() if isinstance(kind, type)]
        self.assertEqual(len(kinds), 5)
        for kind in kinds:
            error = kind("code", "Say what to do.", True)
            self.assertIsInstance(error, VisitbookError)
            self.assertEqual((error.code, error.explanation, error.retryable), ("code", "Say what to do.", True))

    def test_everything_exported_says_what_it_is(self):
        for name in visitbook.__all__:
            if name.endswith(("Impl", "Protocol")) or name == "InternalError":
                continue
            thing = getattr(visitbook, name)
            self.assertTrue(thing.__doc__ and thing.__doc__.strip(), name)
            for method, function in vars(thing).items():
                if not method.startswith("_") and inspect.isfunction(function) and not method.startswith("is_"):
                    self.assertTrue(function.__doc__ and function.__doc__.strip(), f"{name}.{method}")


class TheDay(Case):
    """Two workers, one family, one council."""

    @classmethod
    def setUpClass(cls):
        cls.rowan = Phone(council, "W-ROWAN", "Rowan's phone")
        cls.bryony = Phone(council, "W-BRYONY", "Bryony's phone", connect_via=council.listening)
        for phone in (cls.rowan, cls.bryony):
            assert phone.sync().ended == SyncEnded.COMPLETE

    def test_1_what_came_with_the_first_sync(self):
        book = self.rowan.book
        me = book.who()
        self.assertEqual((me.name, me.label, me.council_name), ("Rowan Teasel", "Rowan's phone", "Fernmouth Council"))
        self.assertTrue(book.has_pulled())
        self.assertEqual(
            [line.name for line in book.children()],
            ["Kite", "Baby Hawthorn", "Merle", "Finch", "Pipit", "Wren"],
        )
        self.assertEqual(len(book.today().children), 6)
        card = book.child_card(self.rowan.child("Merle"))
        self.assertEqual(card.child.code, "C-MERLE")
        self.assertEqual(card.last_seen.date, "2026-09-29")
        self.assertIn(("Rowan Teasel", "allocated"), [(holder.name, holder.role) for holder in card.held_by])
        self.assertEqual(book.child_by_code("C-MERLE"), card.child.child)
        self.assertEqual([line.name for line in self.bryony.book.children()], ["Finch", "Pipit", "Wren", "Robin"])

    def test_2_a_visit_recorded_here_is_read_there(self):
        rowan, bryony = self.rowan.book, self.bryony.book
        finch, pipit = self.rowan.child("Finch"), self.rowan.child("Pipit")
        visit, sibling = rowan.begin_visit([finch, pipit])
        self.assertEqual(sorted(rowan.outing_of(visit)), sorted([visit, sibling]))
        saved = rowan.set_for_outing(visit, "outcome", "went_ahead")
        self.assertEqual(sorted(saved.records), sorted([visit, sibling]))
        self.assertEqual((len(saved.commits), len(saved.ops)), (2, 2))
        person = f"people_present/{uuid.uuid4()}"
        rowan.set_for_outing(visit, person, "Reed")
        rowan.set_for_outing(visit, person + "/lives_here", "not_sure", note="Ivy says no")
        rowan.set_all(
            visit,
            [
                AnswerGiven(target="seen", code="yes"),
                AnswerGiven(target="alone", code="spoke_alone"),
                AnswerGiven(target="bedroom", code="seen", note="a mattress"),
                AnswerGiven(target="safe_now", code="no_worry_today"),
            ],
        )
        rowan.observe(visit, "area_food", "not_met", line="nothing in the cupboards")
        note = rowan.note(visit, "saw", EMOJI_AND_HEBREW)
        given = VoiceGiven(how="said", words=CHILDS_WORDS, more=[AnswerGiven(target="asked", code="nothing_asked")])
        voice = rowan.voice(finch, given, visit=visit)
        self.assertEqual(self.status(rowan, visit), "saved_here")
        self.assertIn(visit, [line.record for line in rowan.today().visits])

        missing = rowan.finish([visit])
        self.assertTrue(missing.is_MISSING())
        self.assertEqual([(item.record, item.field) for item in missing.items], [(visit, "meaning")])
        rowan.note(visit, "meaning", "Finch looks after Pipit at night.")
        self.assertTrue(rowan.finish([visit]).is_FINISHED())
        self.refused("finished", rowan.note, visit, "saw", "more", kind=VisitbookError.Request)
        rowan.add_late(visit, "saw", "Ivy rang: Reed stays most nights.")

        waiting = rowan.sealed_waiting()
        self.assertGreater(waiting, 0)
        sent = self.rowan.sync()
        self.assertEqual((sent.ended, sent.trouble, sent.more_waiting), (SyncEnded.COMPLETE, None, False))
        self.assertEqual((sent.counts.receipted, sent.counts.refused), (waiting, 0))
        self.assertEqual(rowan.sealed_waiting(), 0)
        self.assertEqual(self.status(rowan, visit), "council_has_it")

        self.assertGreater(self.bryony.sync().counts.pulled_entries, 0)
        for book in (rowan, bryony):
            page = book.visit(visit)
            self.assertEqual((page.child_name, page.finished.by), ("Finch", "Rowan Teasel"))
            answers = {question.target: question.answers[question.standing or 0] for question in page.questions}
            self.assertEqual(answers["bedroom"].code, "seen")
            self.assertEqual(answers["bedroom"].note, "a mattress")
            self.assertEqual(answers[person].code, "Reed")
            self.assertEqual(answers[person + "/lives_here"].note, "Ivy says no")
            texts = {entry.entry: entry.versions[0].text for entry in page.entries}
            self.assertEqual(texts[note.entry], EMOJI_AND_HEBREW)
            self.assertEqual([late.text for late in page.late], ["Ivy rang: Reed stays most nights."])
            self.assertEqual(book.page(voice.voice).words, [CHILDS_WORDS])
            self.assertEqual(book.child_card(finch).voices[0].words, [CHILDS_WORDS])
            self.assertEqual([found.record for found in book.search("cupboards")], [visit])
            self.assertEqual(book.search('" OR * NEAR('), [])
            history = book.history(visit)
            self.assertTrue(all(version.verdict == "applied" for version in history))
            self.assertTrue(any(version.kind == "finish" for version in history))
            case = book.case_text(visit)
            self.assertTrue(case.finished and case.for_the_file)
            self.assertTrue(case.text.startswith(case.child_name))
            self.assertEqual(len(case.history), len(history))
        self.assertIsNone(bryony.visit(sibling).finished)
        self.refused("other_kind", bryony.visit, voice.voice)

    def test_3_two_answers_meet_and_a_person_settles_them(self):
        rowan, bryony = self.rowan.book, self.bryony.book
        wren = self.rowan.child("Wren")
        colleague = bryony.who().worker
        (visit,) = rowan.plan_visit([wren], rowan.today().date, [colleague]).records
        self.rowan.sync()
        self.bryony.sync()
        self.assertEqual(bryony.begin_visit([wren]), [visit])
        rowan.set(visit, "alone", "spoke_alone")
        bryony.set(visit, "alone", "not_alone", note="Reed stood in the doorway")
        self.bryony.sync()
        self.rowan.sync()
        (question,) = [open for open in rowan.questions() if open.record == visit]
        self.assertEqual((question.question, question.mine, question.unseen), ("Was Wren seen alone?", True, True))
        self.assertEqual(question.answers[question.standing].code, "not_alone")
        needs = {choice.code: choice.needs for choice in question.choices}
        self.assertEqual((needs["not_alone"], needs["spoke_alone"]), (None, colleague))
        self.assertEqual(self.status(rowan, visit), "needs_you")
        error = self.refused("needs_agreement", rowan.answer, visit, "alone", "spoke_alone", reason="I was there")
        self.assertNotIn("Bryony", error.explanation)
        self.refused("reason_needed", rowan.answer, visit, "alone", "not_alone")
        rowan.ask(visit, "alone", "spoke_alone", colleague)
        rowan.answer(visit, "alone", "not_alone", reason="I could not see the door")
        self.refused("nothing_to_settle", rowan.answer, visit, "alone", "not_alone", reason="again")
        self.rowan.sync()
        self.bryony.sync()
        for book in (rowan, bryony):
            self.assertNotIn(visit, [open.record for open in book.questions()])
            (asked,) = [question for question in book.visit(visit).questions if question.target == "alone"]
            (answer,) = asked.answers
            self.assertEqual((answer.code, answer.settled, answer.by), ("not_alone", True, "Rowan Teasel"))

    def test_4_a_concern_and_its_decision(self):
        rowan = self.rowan.book
        finch = self.rowan.child("Finch")
        saved = rowan.concern([finch], "manager_today", "No food, no heating.", told="Sage Mallow")
        self.rowan.sync()
        self.bryony.sync()
        (concern,) = self.bryony.book.concerns(finch)
        self.assertEqual((concern.record, concern.urgency), (saved.records[0], "manager_today"))
        self.assertEqual((concern.about, concern.told), (["No food, no heating."], ["Sage Mallow"]))
        self.refused("managers_only", rowan.decide, [concern.record], "Fuel money agreed.")
        sage = Phone(council, "W-SAGE", "Sage's laptop")
        sage.sync()
        sage.book.decide([concern.record], "Fuel money agreed.")
        board = sage.book.board()
        self.assertIn(
            ([concern.record], "Fuel money agreed."),
            [(line.concerns, line.decision and line.decision.text) for line in board.board.asked],
        )
        self.assertTrue(board.lines)
        sage.sync()
        self.rowan.sync()
        (decided,) = rowan.concerns(finch)
        self.assertEqual([(one.by, one.text) for one in decided.decisions], [("Sage Mallow", "Fuel money agreed.")])

    def test_4_a_line_about_what_was_not_met_is_closed_and_read(self):
        rowan, finch = self.rowan.book, self.rowan.child("Finch")
        today = datetime.date.fromisoformat(rowan.today().date)
        for days in (28, 14, 0):
            (visit,) = rowan.begin_visit([finch])
            rowan.set(visit, "outcome", "went_ahead")
            rowan.set(visit, "visit_date", str(today - datetime.timedelta(days=days)))
            rowan.observe(visit, "area_health", "not_met")
        self.rowan.sync()
        sage = Phone(council, "W-SAGE", "Sage's other laptop")
        sage.sync()
        (line,) = sage.book.board().board.not_met
        self.assertEqual((line.area, line.state, line.closing), ("area_health", "open", None))
        steps = [step.code for step in line.steps]
        self.assertEqual(steps, ["practical_help", "core_group", "legal_advice"])
        later = str(today + datetime.timedelta(days=14))
        why = "The school nurse sees Finch on Thursday."
        closing = (finch, "area_health", "core_group", why, later)
        self.refused("managers_only", rowan.close_line, *closing)
        self.refused("no_line", sage.book.close_line, finch, "area_food", "core_group", why, later)
        sage.book.close_line(*closing)
        self.refused("step_too_small", sage.book.close_line, finch, "area_health", "practical_help", why, later)
        after = str(today + datetime.timedelta(days=15))
        self.refused("still_closed", sage.book.close_line, finch, "area_health", "core_group", why, after)
        board = sage.book.board().board
        self.assertEqual(board.not_met, [])
        (closed,) = board.not_met_closed
        self.assertEqual((closed.state, closed.closing.reason, closed.closing.look_again), ("closed", why, later))
        sage.sync()
        self.rowan.sync()
        (read,) = rowan.page(finch).oversight.closings
        self.assertEqual((read.by, read.step_words), ("Sage Mallow", "bring the core group forward"))
        self.assertIn(why, rowan.case_text(finch).text)

    def test_5_everything_verifies_and_all_agree(self):
        for phone in (self.rowan, self.bryony):
            phone.sync()
        found = {}
        for phone in (self.rowan, self.bryony):
            phone.book.idle()
            report = phone.book.verify()
            self.assertEqual(report.problems, [])
            self.assertEqual((report.waiting, report.receipted), (0, report.own_commits))
            self.assertGreater(report.own_commits, 0)
            self.assertEqual(phone.book.alarms(), [])
            for line in phone.book.digests():
                found.setdefault(line.scope, []).append((line.epoch, line.position, line.digest))
        for name in ("Wren", "Finch", "Pipit"):
            (scope,) = [scope for scope in found if self.rowan.child(name) in scope]
            rowans, bryonys = found[scope]
            self.assertEqual(rowans, bryonys, name)
        council_finds = council.command("verify")
        self.assertEqual(council_finds["problems"], [])


class Refusals(Case):
    """Each a code, an explanation and no content; nothing saved."""

    @classmethod
    def setUpClass(cls):
        cls.phone = Phone(council, "W-ROWAN", "Rowan's tablet")
        cls.phone.sync()
        cls.book = cls.phone.book
        cls.child = cls.phone.child("Merle")
        (cls.visit,) = cls.book.begin_visit([cls.child])

    def setUp(self):
        self.before = len(self.book.history(self.visit))

    def test_fields_and_answers_that_no_form_has(self):
        secret = "Merle said she is scared"
        error = self.refused("unknown_field", self.book.set, self.visit, secret, "yes")
        self.assertNotIn("scared", error.explanation)
        self.assertIn("see_n", self.refused("unknown_field", self.book.set, self.visit, "see_n", "yes").explanation)
        error = self.refused("unknown_code", self.book.set, self.visit, "seen", secret)
        self.assertIn("yes", error.explanation)
        self.assertNotIn("scared", str(error))
        self.refused("bad_form", self.book.set, self.visit, "arrived", "ten to ten")
        self.refused("bad_form", self.book.set_for_outing, self.visit, "seen", "yes")
        self.refused("unknown_field", self.book.observe, self.visit, "area_weather", "met")
        self.refused("unknown_field", self.book.note, self.visit, "gossip", "words")
        given = [AnswerGiven(target="seen", code="yes"), AnswerGiven(target="alone", code="perhaps")]
        self.refused("unknown_code", self.book.set_all, self.visit, given)
        self.assertEqual(len(self.book.history(self.visit)), self.before)

    def test_ids_and_days_that_are_none(self):
        error = self.refused("bad_id", self.book.visit, "Merle, who is scared")
        self.assertNotIn("scared", error.explanation)
        self.refused("bad_id", self.book.plan_visit, [self.child], "2026-11-02", ["Bryony"])
        self.refused("bad_date", self.book.today, "2026-02-30")
        self.refused("bad_form", self.book.plan_visit, [self.child], "tomorrow")
        nobody = str(uuid.uuid4())
        self.refused("unknown_record", self.book.page, nobody)
        self.refused("unknown_record", self.book.set, nobody, "seen", "yes")
        self.refused("not_held", self.book.begin_visit, [nobody])

    def test_text_too_long_empty_or_with_nul(self):
        most = 1 << 20
        self.refused("too_long", self.book.note, self.visit, "saw", "a" * (most + 1))
        self.refused("too_long", self.book.note, self.visit, "saw", "é" * (most // 2) + "a")
        self.refused("too_long", self.book.draft_update, self.visit, "saw", "a" * (most + 1))
        self.refused("empty", self.book.note, self.visit, "saw", " \n\t")
        error = self.refused("nul_character", self.book.note, self.visit, "saw", "before\0after")
        self.assertNotIn("before", error.explanation)
        self.assertEqual(len(self.book.history(self.visit)), self.before)
        longest = "é" * (most // 2)
        entry = self.book.note(self.visit, "saw", longest).entry
        (kept,) = [entry_.versions[0].text for entry_ in self.book.visit(self.visit).entries if entry_.entry == entry]
        self.assertTrue(kept == longest)

    def test_half_a_character_is_a_clear_error_here_and_nothing_is_saved(self):
        for call in (
            lambda: self.book.note(self.visit, "saw", "half \ud83d"),
            lambda: self.book.set(self.visit, "seen", "yes", note="\udc00"),
            lambda: self.book.set_all(self.visit, [AnswerGiven(target="seen", code="\ud800")]),
            lambda: self.book.voice(self.child, VoiceGiven(how="said", words="\ud800\ud800"), visit=self.visit),
            lambda: self.book.search("\ud800"),
            lambda: self.book.visit("\ud800"),
            lambda: LockedBook.open("/tmp/\udcff", self.phone.keys),
        ):
            with self.assertRaisesRegex(UnicodeEncodeError, "surrogates not allowed"):
                call()
        self.assertEqual(len(self.book.history(self.visit)), self.before)

    def test_things_of_another_type_never_reach_the_core(self):
        for call in (
            lambda: self.book.visit(7),
            lambda: self.book.note(self.visit, "saw", b"bytes"),
            lambda: self.book.begin_visit("not a list of ids"),
            lambda: self.book.subscribe(None),
        ):
            with self.assertRaises((TypeError, AttributeError, VisitbookError)):
                call()
        self.assertEqual(len(self.book.history(self.visit)), self.before)

    def test_somebody_elses_and_ones_own_text(self):
        entry = self.book.note(self.visit, "changed", "one").entry
        self.book.revise(self.visit, "changed", entry, "two")
        self.book.withdraw(self.visit, "changed", entry, "wrong child")
        (kept,) = [one for one in self.book.visit(self.visit).entries if one.entry == entry]
        self.assertTrue(kept.withdrawn)
        self.assertEqual(
            [version.kind for version in self.book.history(self.visit) if entry in version.target],
            ["entry_add", "entry_revise", "entry_withdraw"],
        )
        member = f"people_present/{uuid.uuid4()}"
        self.book.set(self.visit, member, "Hazel")
        self.book.set_remove(self.visit, member, reason="was not there")
        self.refused("not_finished", self.book.add_late, self.visit, "saw", "late")


class Unlocking(Case):
    """PINs, keystores, and objects that are spent."""

    @classmethod
    def setUpClass(cls):
        cls.phone = Phone(council, "W-BRYONY", "Bryony's tablet")
        cls.phone.sync()

    def setUp(self):
        self.keys = self.phone.keys
        self.phone.open()
        self.locked = self.phone.locked

    def tearDown(self):
        self.keys.fault = None
        self.locked = None

    def test_a_wrong_pin_is_an_error_and_the_right_one_still_opens(self):
        error = self.refused("wrong_pin", self.locked.unlock, b"tansy-84-otter", kind=VisitbookError.Unlock)
        self.assertIn("9 tries", error.explanation)
        self.assertIn("Your signed work is safe", error.explanation)
        for pin in (b"", b"\xff\xfe", b"\0" * 1000):
            self.refused("wrong_pin", self.locked.unlock, pin, kind=VisitbookError.Unlock)
        self.assertTrue(self.locked.has_pin())
        self.assertEqual(self.locked.unlock(PIN).who().name, "Bryony Sorrel")

    def test_what_a_keystore_throws_is_an_error_of_a_kind(self):
        for fault, code, retryable in (
            (RuntimeError("the password is tansy"), "keystore_transient", True),
            (RuntimeError("\ud800"), "keystore_transient", True),
            (ZeroDivisionError(), "keystore_transient", True),
            (VisitbookError.Request("other", "an error of ours, and not one a keystore may throw", False),
             "keystore_transient", True),
            (KeystoreError.Transient(-25293), "keystore_transient", True),
            (KeystoreError.LockedNow(), "keystore_locked", True),
            (KeystoreError.UserCancelled(), "keystore_cancelled", True),
            (KeystoreError.NotAuthenticated(), "keystore_not_authenticated", True),
            (KeystoreError.Invalidated(), "keystore_gone", True),
            (KeystoreError.Missing(), "keystore_gone", True),
            (KeystoreError.Unsupported(), "keystore_unsupported", False),
        ):
            with self.subTest(fault=repr(fault)):
                self.keys.fault = fault
                error = self.refused(
                    code, self.locked.unlock, PIN, kind=VisitbookError.Unlock, retryable=retryable
                )
                self.assertNotIn("tansy", str(error))
        self.keys.fault = KeystoreError.Transient(-25293)
        self.assertIn("-25293", self.refused("keystore_transient", self.locked.unlock, PIN, retryable=True).explanation)
        self.keys.fault = None
        self.locked.unlock(PIN)

    def test_a_keystore_that_answers_nonsense_uses_up_no_try(self):
        for answer in (lambda: None, lambda: "text", lambda: 7):
            self.keys.fault = answer
            self.refused("keystore_transient", self.locked.unlock, PIN, kind=VisitbookError.Unlock, retryable=True)
        for answer in (lambda: b"", lambda: bytes(31), lambda: bytes(32)):
            self.keys.fault = answer
            with self.assertRaises(VisitbookError.Unlock) as caught:
                self.locked.unlock(PIN)
            self.assertTrue(caught.exception.code.startswith("keystore_"), caught.exception.code)
        self.keys.fault = None
        self.locked.unlock(PIN)

    def test_a_keystore_that_calls_back_is_answered_and_not_kept_waiting(self):
        codes = []

        def call_back():
            for call in (self.locked.sealed_waiting, lambda: self.locked.unlock(PIN), self.open_again):
                try:
                    call()
                except VisitbookError as error:
                    codes.append(error.code)
            raise KeystoreError.UserCancelled()

        self.keys.fault = call_back
        self.refused("keystore_cancelled", self.locked.unlock, PIN, retryable=True)
        self.assertEqual(codes, ["busy", "busy", "busy"])
        self.keys.fault = None
        self.locked.unlock(PIN)

    def open_again(self):
        return LockedBook.open(self.phone.folder, self.keys)

    def test_an_object_that_was_unlocked_or_locked_is_spent(self):
        self.refused("busy", self.open_again, kind=VisitbookError.State, retryable=True)
        book = self.locked.unlock(PIN)
        for call in (self.locked.sealed_waiting, self.locked.has_pin, lambda: self.locked.unlock(PIN)):
            self.refused("spent", call, kind=VisitbookError.State)
        self.refused("spent", self.locked.sync, SyncCancel(), kind=VisitbookError.State)
        heard = Heard()
        subscription = book.subscribe(heard)
        book.lock()
        for call in (book.today, book.lock, book.sealed_waiting, lambda: book.subscribe(heard)):
            self.refused("locked", call, kind=VisitbookError.State)
        self.refused("locked", book.sync, SyncCancel(), kind=VisitbookError.State)
        subscription.cancel()

    def test_in_a_childs_hands_it_takes_and_gives_nothing_until_the_pin(self):
        book = self.locked.unlock(PIN)
        wren = next(line.child for line in book.children() if line.name == "Wren")
        page = book.enter_family(wren)
        self.refused("locked", book.today, kind=VisitbookError.State)
        self.assertEqual(page.page().title, "This page is for you, Wren.")
        self.refused("empty", page.hand_in, kind=VisitbookError.Request)
        self.refused("unknown_code", page.choose, "not_with/nobody", kind=VisitbookError.Request)
        self.refused("not_a_picture", page.draw, "text/plain", b"x", kind=VisitbookError.Request)
        page.write("changed my mind")
        page.write(CHILDS_WORDS)
        page.choose("not_with/mum")
        page.draw("image/png", b"five seats")
        self.assertTrue(page.undo())
        self.assertEqual(page.on_the_page(), CHILDS_WORDS)
        self.assertEqual(page.hand_in().title, "Bryony has it, in your words.")
        self.assertEqual((page.count(), page.on_the_page()), (1, None))
        error = self.refused("wrong_pin", page.leave, b"tansy-84-otter", kind=VisitbookError.Unlock)
        self.assertNotIn("Wren", error.explanation + page.nothing_to_read().title)
        self.assertIsNone(page.sync(SyncCancel()).trouble)
        book = page.leave(PIN)
        self.refused("page_left", page.hand_in, kind=VisitbookError.State)
        (left,) = book.left_for_you()
        self.assertEqual(left.title, "Wren left you 1 thing.")
        self.assertEqual(book.today().left_for_you, [left])
        (voice,) = left.records
        opened = book.open_voice(voice)
        self.assertEqual((opened.words, opened.by_the_child), ([CHILDS_WORDS], True))
        self.assertEqual(opened.child_asks[1:], ["Mum"])
        self.assertEqual(book.left_for_you(), [])
        self.refused("empty", book.reply, voice, ReplyGiven(code="we_will"), kind=VisitbookError.Request)
        book.reply(voice, ReplyGiven(code="we_will", who="Bryony", by_when="2026-11-02"))
        book.decide_sharing(voice, SharingGiven(decision="as_child_asked", because="she asked", family_papers=False))
        again = next(one for one in book.voices(wren) if one.record == voice)
        self.assertEqual((again.words, again.replies[0].who, again.family_papers), ([CHILDS_WORDS], "Bryony", "no"))
        self.assertEqual(book.family_sessions()[0].ended, "confirmed")

    def test_folders_and_codes_that_are_none(self):
        keys = self.phone.keys
        empty = self.phone.folder + "-empty"
        self.refused("no_device_here", LockedBook.open, empty, keys, kind=VisitbookError.Storage)
        self.refused("bad_address", LockedBook.open, self.phone.folder, keys, "the relay")
        for code in ("", "VB1.", "Rowan's code", council.code("W-ROWAN", "x")[:-2]):
            self.refused("bad_code", LockedBook.enrol, empty, keys, code, PIN, "x")
        code = council.code("W-ROWAN", "x")
        self.refused("bad_pin", LockedBook.enrol, empty, keys, code, b"123456", "x", kind=VisitbookError.Unlock)
        self.refused("bad_label", LockedBook.enrol, empty, keys, code, PIN, "")
        used = council.code("W-ROWAN", "x")
        LockedBook.enrol(empty, keys, used, PIN, "x")
        self.refused(
            "code_refused", LockedBook.enrol, empty + "-2", keys, used, PIN, "x", kind=VisitbookError.Council
        )
        gc.collect()
        self.refused("already_enrolled", LockedBook.enrol, empty, keys, used, PIN, "x")
        error = self.refused(
            "no_line", LockedBook.enrol, empty + "-3", keys, code, PIN, "x", "127.0.0.1:1",
            kind=VisitbookError.Council, retryable=True,
        )
        self.assertIn("Try again", error.explanation)

    def test_a_locked_device_sends_and_what_was_typed_at_the_end_is_kept(self):
        book = self.locked.unlock(PIN)
        robin = next(line.child for line in book.children() if line.name == "Robin")
        (visit,) = book.begin_visit([robin])
        entry = book.draft_update(visit, "saw", "Looked awa")
        self.assertEqual(book.draft_update(visit, "saw", "Looked away.", entry), entry)
        locked = book.lock()
        waiting = locked.sealed_waiting()
        self.assertGreater(waiting, 1)
        self.assertIn(f"{waiting} sealed items", locked.safe_words())
        sent = locked.sync(SyncCancel())
        self.assertEqual((sent.counts.sent, sent.trouble), (waiting, None))
        self.assertEqual(sent.counts.pulled_entries, 0)
        book = locked.unlock(PIN)
        self.assertEqual(self.status(book, visit), "council_has_it")
        self.assertEqual(book.sealed_waiting(), 0)
        self.assertEqual(book.recovered(), [])
        book.draft_update(visit, "changed", "Cut off here, mid-sen")
        self.phone.locked = self.locked = None
        del book, locked
        gc.collect()
        book = self.open_again().unlock(PIN)
        (recovered,) = book.recovered()
        self.assertEqual((recovered.record, recovered.tail), (visit, "Cut off here, mid-sen"))
        book.carry_on(visit, "changed", recovered.entry, "Cut off here, mid-sentence.")
        self.assertIsNone(book.draft_commit_all())


class Heard(visitbook.ChangeListener):
    """A listener that writes down what it hears, and does one thing more."""

    def __init__(self, then=None):
        self.changes = []
        self.then = then

    def changed(self, change):
        self.changes.append(change)
        if self.then:
            self.then(change)


class Listening(Case):
    """Changes: first value at once, in order, outside every lock."""

    @classmethod
    def setUpClass(cls):
        cls.phone = Phone(council, "W-ROWAN", "Rowan's second phone")
        cls.phone.sync()
        cls.book = cls.phone.book
        (cls.visit,) = cls.book.begin_visit([cls.phone.child("Kite")])

    def test_first_value_at_once_then_each_change_in_order(self):
        heard = Heard()
        subscription = self.book.subscribe(heard)
        self.assertEqual([(change.records, change.statuses) for change in heard.changes], [([], True)])
        voice = self.book.voice(self.phone.child("Kite"), VoiceGiven(how="said", words="no more moving"))
        self.book.set(self.visit, "seen", "yes")
        self.assertEqual([change.records for change in heard.changes[1:]], [[voice.voice], [self.visit]])
        subscription.cancel()
        subscription.cancel()
        self.book.set(self.visit, "seen", "no")
        self.assertEqual(len(heard.changes), 3)

    def test_a_freed_subscription_ends(self):
        heard = Heard()
        subscription = self.book.subscribe(heard)
        del subscription
        gc.collect()
        self.book.note(self.visit, "saw", "a bus with five empty seats")
        self.assertEqual(len(heard.changes), 1)

    def test_a_listener_may_read_and_write_the_book(self):
        seen = []

        def then(change):
            seen.append(len(self.book.history(self.visit)))
            self.book.today()
            if change.records and len(heard.changes) < 4:
                self.book.note(self.visit, "saw", f"from within, {len(heard.changes)}")

        heard = Heard(then)
        subscription = self.book.subscribe(heard)
        self.book.note(self.visit, "saw", "from without")
        self.assertEqual(len(heard.changes), 4)
        self.assertEqual(seen, [seen[0], seen[0] + 1, seen[0] + 2, seen[0] + 3])
        subscription.cancel()

    def test_a_listener_that_waits_for_another_thread_does_not_hold_it_up(self):
        def then(change):
            if change.records:
                other = threading.Thread(target=self.book.today)
                other.start()
                self.joined(other)
                heard.waited = True

        heard = Heard(then)
        subscription = self.book.subscribe(heard)
        self.book.note(self.visit, "saw", "and then")
        self.assertTrue(heard.waited)
        subscription.cancel()

    def test_a_listener_that_raises_hurts_nobody(self):
        def fail(change):
            raise RuntimeError("a screen that is gone")

        first, second = Heard(fail), Heard()
        subscriptions = [self.book.subscribe(first), self.book.subscribe(second)]
        self.book.note(self.visit, "saw", "one")
        self.book.note(self.visit, "saw", "two")
        self.assertEqual((len(first.changes), len(second.changes)), (3, 3))
        for subscription in subscriptions:
            subscription.cancel()

    def test_many_threads_at_once_and_every_change_is_told(self):
        heard = Heard()
        subscription = self.book.subscribe(heard)
        failures = []

        def work(number):
            try:
                for turn in range(5):
                    self.book.note(self.visit, "changed", f"{number}.{turn}")
                    self.book.today()
                    self.book.visit(self.visit)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            self.joined(thread)
        self.assertEqual(failures, [])
        self.assertEqual(len(heard.changes), 31)
        texts = [entry.versions[0].text for entry in self.book.visit(self.visit).entries if entry.heading == "changed"]
        self.assertEqual(sorted(texts), sorted(f"{number}.{turn}" for number in range(6) for turn in range(5)))
        subscription.cancel()


class Files(Case):
    """A drawing goes from one device to another byte for byte, and its words before it."""

    def test_a_drawing_is_attached_handed_in_fetched_and_opened(self):
        phone = Phone(council, "W-ROWAN", "Rowan's drawing tablet")
        phone.sync()
        book = phone.book
        (visit,) = book.begin_visit([phone.child("Kite")])
        drawing = bytes(at * 7 % 251 for at in range(200_000))
        saved = book.attach(visit, "drawing", drawing)
        (file,) = book.attachments(visit)
        self.assertEqual([file.op], saved.ops)
        self.assertEqual((file.size, file.state, file.here), (len(drawing), "only_here", True))
        self.assertEqual(book.open_attachment(visit, file.op), drawing)
        parts = [book.attachment_part(visit, file.op, begin, 70_000) for begin in range(0, len(drawing), 70_000)]
        self.assertEqual(b"".join(parts), drawing)
        self.refused("file_unreadable", book.attach_file, visit, "drawing", "/dev/zero", retryable=True)
        self.assertEqual([one.record for one in book.expected_files()], [visit])

        self.refused("empty", book.attach, visit, "drawing", b"")
        self.refused("unknown_code", book.attach, visit, "recording", drawing)
        self.refused("no_such_file", book.open_attachment, visit, "ab" * 32)
        self.refused("bad_id", book.want_attachment, visit, "../x")

        outcome = phone.sync()
        self.assertEqual((outcome.ended, outcome.counts.files_received), (SyncEnded.COMPLETE, 1))
        self.assertEqual(self.status(book, visit), "council_has_it")
        self.assertEqual(book.expected_files(), [])

        other = Phone(council, "W-ROWAN", "Rowan's desk")
        other.sync()
        (seen,) = other.book.page(visit).attachments
        self.assertEqual((seen.op, seen.state, seen.here), (file.op, "council", False))
        self.refused("not_here", other.book.open_attachment, visit, seen.op, retryable=True)
        self.assertFalse(other.book.want_attachment(visit, seen.op))
        self.assertEqual(other.sync().counts.files_fetched, 1)
        self.assertEqual(other.book.open_attachment(visit, seen.op), drawing)


class Progress(visitbook.SyncProgress):
    """Shows how a sync goes on, and does one thing more at each step."""

    def __init__(self, then=None):
        self.steps = []
        self.then = then

    def progressed(self, so_far):
        self.steps.append(so_far)
        if self.then:
            self.then()


class Syncing(Case):
    """One at a time, cancelled at once, and never in the way of recording."""

    @classmethod
    def setUpClass(cls):
        cls.phone = Phone(council, "W-ROWAN", "Rowan's laptop")
        cls.phone.sync()
        (cls.visit,) = cls.phone.book.begin_visit([cls.phone.child("Kite")])

    def test_a_second_sync_is_busy_and_saving_goes_on(self):
        book = self.phone.book
        codes = []

        def then():
            book.note(self.visit, "saw", "written while a sync runs")
            try:
                book.sync(SyncCancel())
            except VisitbookError as error:
                codes.append((error.code, error.retryable))

        progress = Progress(then)
        # A budget, because each step here gives it more to do.
        outcome = book.sync(SyncCancel(), budget_ms=2000, progress=progress)
        self.assertIn(outcome.ended, (SyncEnded.COMPLETE, SyncEnded.BUDGET))
        self.assertGreater(len(progress.steps), 1)
        self.assertEqual(set(codes), {("busy", True)})
        self.assertEqual(len(codes), len(progress.steps))
        sent = [step.sent for step in progress.steps]
        self.assertEqual(sent, sorted(sent))
        self.assertEqual(self.phone.sync().ended, SyncEnded.COMPLETE)

    def test_progress_that_raises_does_not_stop_the_words(self):
        def fail():
            raise RuntimeError("a screen that is gone")

        self.phone.book.note(self.visit, "saw", "must leave")
        outcome = self.phone.book.sync(SyncCancel(), progress=Progress(fail))
        self.assertEqual((outcome.ended, self.phone.book.sealed_waiting()), (SyncEnded.COMPLETE, 0))

    def test_what_a_sync_brings_is_told_while_it_runs(self):
        other = Phone(council, "W-ROWAN", "Rowan's other laptop")
        other.sync()
        running = []
        heard = Heard(lambda change: running.append(threading.current_thread().name))
        subscription = other.book.subscribe(heard)
        self.phone.book.set(self.visit, "bedroom", "seen")
        self.phone.sync()
        thread = threading.Thread(target=other.sync, name="the sync's thread")
        thread.start()
        self.joined(thread)
        brought = [change for change in heard.changes if self.visit in change.records]
        self.assertEqual(len(brought), 1)
        self.assertIn("the sync's thread", running)
        subscription.cancel()

    def test_cancelled_before_it_begins(self):
        cancel = SyncCancel()
        cancel.cancel()
        cancel.cancel()
        self.assertTrue(cancel.is_cancelled())
        self.phone.book.note(self.visit, "saw", "stays here for now")
        self.assertEqual(self.phone.book.sync(cancel).ended, SyncEnded.CANCELLED)
        self.assertEqual(self.phone.sync().ended, SyncEnded.COMPLETE)

    def test_cancelled_or_locked_while_a_server_says_nothing(self):
        self.phone.book.note(self.visit, "saw", "on a bad line")
        silent = SilentServer()
        self.addCleanup(silent.close)
        self.phone.open(connect_via=silent.address)
        self.phone.unlock()
        waiting = self.phone.book.sealed_waiting()
        self.assertGreater(waiting, 0)

        for stop in ("cancel", "lock"):
            silent.met.clear()
            ended = []

            def run(book=self.phone.book, cancel=SyncCancel()):
                self.cancel = cancel
                try:
                    ended.append(book.sync(cancel).ended)
                except VisitbookError as error:
                    ended.append(error.code)

            thread = threading.Thread(target=run)
            thread.start()
            self.assertTrue(silent.met.wait(FOR_EVER))
            # The sync waits for an answer that never comes; reading and saving do not.
            self.phone.book.note(self.visit, "saw", f"before the {stop}")
            self.phone.book.today()
            if stop == "cancel":
                self.cancel.cancel()
            else:
                self.phone.lock()
            self.joined(thread)
            self.assertIn(ended[0], (SyncEnded.CANCELLED,) if stop == "cancel" else (SyncEnded.CANCELLED, "locked"))
        self.assertGreater(self.phone.locked.sealed_waiting(), waiting)

        self.phone.open()
        self.phone.unlock()
        self.assertEqual(self.phone.sync().ended, SyncEnded.COMPLETE)
        self.assertEqual(self.phone.book.sealed_waiting(), 0)

    def test_no_line_is_an_outcome_and_a_second_try_is_too_soon_unless_asked(self):
        self.phone.open(connect_via="127.0.0.1:1")
        self.phone.unlock()
        outcome = self.phone.sync()
        self.assertEqual((outcome.ended, outcome.trouble), (SyncEnded.TROUBLE, SyncTrouble.NO_LINE))
        self.assertGreater(outcome.next_allowed_in_ms, 0)
        unasked = self.phone.book.sync(SyncCancel(), asked=False)
        self.assertEqual(unasked.ended, SyncEnded.TOO_SOON)
        self.assertEqual(self.phone.sync().trouble, SyncTrouble.NO_LINE)
        self.phone.open()
        self.phone.unlock()
        self.assertEqual(self.phone.sync().ended, SyncEnded.COMPLETE)
