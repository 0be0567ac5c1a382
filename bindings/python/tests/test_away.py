"""A fingerprint beside the PIN, and sending while the app is away: by the system, and without a vault.

Run by `tests/languages/python.sh`, with the other tests.
"""

import pathlib
import ssl
import urllib.request

from council import PIN, Phone, shared
from test_border import Case
from visitbook import CouncilAnswer, KeystoreError, LockedBook, SealedOutbox, SyncCancel, SyncTrouble, VisitbookError

WRONG = b"tansy-84-otter"

council = shared()


class AFingerprint(Case):
    """It opens the same book, dies with every change of who is enrolled, and never takes the PIN's place."""

    def setUp(self):
        self.phone = Phone(council, "W-ROWAN", "Rowan's phone with a sensor")
        self.phone.sync()
        self.keys = self.phone.keys

    def set(self):
        self.phone.book.add_biometric()
        self.phone.lock()
        self.assertTrue(self.phone.locked.has_biometric())

    def test_it_opens_the_book_that_the_pin_opens(self):
        self.assertFalse(self.phone.book.has_biometric())
        self.set()
        book = self.phone.locked.unlock_with_biometric()
        self.assertEqual(book.who().name, "Rowan Teasel")
        self.refused("pin_needed", book.add_biometric, kind=VisitbookError.Unlock)
        self.refused("spent", self.phone.locked.unlock_with_biometric, kind=VisitbookError.State)
        locked = book.lock()
        self.assertEqual(locked.unlock(PIN).who().name, "Rowan Teasel")

    def test_another_finger_ends_it_and_loses_nothing(self):
        self.set()
        self.keys.another_finger_is_enrolled()
        locked = self.phone.locked
        error = self.refused("biometric_gone", locked.unlock_with_biometric, kind=VisitbookError.Unlock)
        self.assertIn("Use the PIN", error.explanation)
        self.assertFalse(locked.has_biometric())
        self.phone.unlock()
        self.phone.book.add_biometric()
        self.phone.lock()
        self.assertEqual(self.phone.locked.unlock_with_biometric().who().name, "Rowan Teasel")

    def test_what_the_prompt_says_is_an_error_of_a_kind_and_ends_nothing(self):
        self.set()
        locked = self.phone.locked
        for thrown, code in [
            (KeystoreError.UserCancelled(), "keystore_cancelled"),
            (KeystoreError.NotAuthenticated(), "keystore_not_authenticated"),
            (KeystoreError.LockedNow(), "keystore_locked"),
            (KeystoreError.Transient(-3), "keystore_transient"),
            (KeystoreError.Unsupported(), "keystore_unsupported"),
            (RuntimeError("tansy"), "keystore_transient"),
        ]:

            def prompt(thrown=thrown):
                raise thrown

            self.keys.finger = prompt
            error = self.refused(code, locked.unlock_with_biometric, retryable=code != "keystore_unsupported")
            self.assertNotIn("tansy", error.explanation)
            self.assertIn("signed work is safe", error.explanation)
        self.keys.finger = None
        self.assertTrue(locked.has_biometric())
        locked.unlock_with_biometric()

    def test_wrong_pins_stay_counted(self):
        self.set()
        locked = self.phone.locked
        self.refused("wrong_pin", locked.unlock, WRONG)
        locked = locked.unlock_with_biometric().lock()
        self.assertIn("8 tries", self.refused("wrong_pin", locked.unlock, WRONG).explanation)

    def test_taken_away_the_pin_alone_opens(self):
        self.set()
        book = self.phone.locked.unlock_with_biometric()
        book.remove_biometric()
        book.remove_biometric()
        self.assertFalse(book.has_biometric())
        self.assertFalse(self.keys.of_a_person & set(self.keys.keys))
        locked = book.lock()
        self.refused("biometric_gone", locked.unlock_with_biometric)
        locked.unlock(PIN)

    def test_the_book_is_used_while_the_prompt_stands(self):
        book = self.phone.book
        done = []

        def prompt():
            (visit,) = book.begin_visit([self.phone.child("Kite")])
            done.append(book.note(visit, "saw", "while the prompt stands"))
            done.append(book.sync(SyncCancel()).trouble)

        self.keys.finger = prompt
        book.add_biometric()
        self.assertEqual((len(done), done[1]), (2, None))
        self.assertTrue(book.has_biometric())


def carry(order):
    """What a system does with one request."""
    roots = "".join(ssl.DER_cert_to_PEM_cert(der) for der in order.tls_roots)
    context = ssl.create_default_context(cadata=roots)
    body = pathlib.Path(order.path).read_bytes()
    assert len(body) == order.bytes
    request = urllib.request.Request(
        order.url, body, {"Content-Type": order.media_type, "Accept": order.media_type}, method="POST"
    )
    with urllib.request.urlopen(request, context=context) as reply:
        return CouncilAnswer(
            status=reply.status, body=reply.read(), media_type=reply.headers["Content-Type"], retry_after=None
        )


class Away(Case):
    """The app is not running; the system sends, and brings the answers back whenever it likes."""

    def setUp(self):
        self.phone = Phone(council, "W-ROWAN", "Rowan's phone in a bag")
        self.phone.sync()
        (self.visit,) = self.phone.book.begin_visit([self.phone.child("Kite")])
        self.phone.book.note(self.visit, "saw", "Kite showed me the bike.")

    def locked(self):
        self.phone.open()
        return self.phone.locked

    def arrived(self):
        return self.status(self.phone.book, self.visit) == "council_has_it"

    def test_the_system_sends_and_the_answer_counts_at_the_unlock(self):
        locked = self.locked()
        waiting = locked.sealed_waiting()
        (order,) = locked.cut_uploads()
        self.assertEqual((order.envelopes, locked.cut_uploads()), (waiting, [order]))
        answer = carry(order)
        # The app was ended in the meantime.
        del locked
        locked = self.locked()
        end = locked.take_upload(order.name, answer)
        self.assertEqual((end.trouble, end.kept_unopened), (None, 1))
        self.assertEqual(locked.cut_uploads(), [])
        self.assertEqual(locked.take_upload(order.name, answer).kept_unopened, 0)
        self.phone.unlock()
        self.assertTrue(self.arrived())
        self.assertEqual(self.phone.book.cut_uploads(), [])

    def test_an_open_book_takes_the_answer_at_once(self):
        (order,) = self.phone.book.cut_uploads()
        end = self.phone.book.take_upload(order.name, carry(order))
        self.assertEqual((end.trouble, end.receipted, end.refused), (None, order.envelopes, 0))
        self.assertTrue(self.arrived())

    def test_it_is_one_and_the_same_while_a_child_has_the_device(self):
        (order,) = self.phone.book.cut_uploads()
        page = self.phone.book.enter_family(self.phone.child("Kite"))
        self.assertIn(order, page.cut_uploads())
        self.assertEqual(page.take_upload(order.name, carry(order)).kept_unopened, 1)
        self.phone.book = page.leave(PIN)
        self.assertTrue(self.arrived())

    def test_a_sign_in_page_ends_nothing_and_what_has_arrived_may_be_sent_again(self):
        book = self.phone.book
        (order,) = book.cut_uploads()
        page = CouncilAnswer(status=200, body=b"<html>Sign in", media_type="text/html", retry_after=None)
        self.assertEqual(book.take_upload(order.name, page).trouble, SyncTrouble.SIGN_IN_PAGE)
        carry(order)
        self.assertIsNone(book.take_upload(order.name, carry(order)).trouble)
        self.assertTrue(self.arrived())
        history = [version.op for version in book.history(self.visit)]
        self.assertEqual(len(history), len(set(history)))

    def test_a_device_without_its_vault_still_sends(self):
        folder = pathlib.Path(self.phone.folder)
        self.phone.lock()
        self.phone.locked = None
        vaults = {name: (folder / name).read_bytes() for name in ("vault.a", "vault.b")}
        for name in vaults:
            (folder / name).unlink()
        self.refused("no_device_here", LockedBook.open, str(folder), self.phone.keys, kind=VisitbookError.Storage)
        outbox = SealedOutbox.open(str(folder))
        self.refused("busy", SealedOutbox.open, str(folder), kind=VisitbookError.State, retryable=True)
        self.assertIn("safe", outbox.safe_words())
        self.assertEqual(outbox.address(), f"https://{council.listening}")
        (order,) = outbox.cut_uploads()
        self.assertEqual(order.envelopes, outbox.sealed_waiting())
        self.assertEqual(outbox.take_upload(order.name, carry(order)).kept_unopened, 1)
        outcome = outbox.sync(SyncCancel())
        self.assertEqual((outcome.trouble, outcome.counts.sent), (None, outbox.sealed_waiting()))
        del outbox
        for name, image in vaults.items():
            (folder / name).write_bytes(image)
        self.phone.open()
        self.phone.unlock()
        self.assertTrue(self.arrived())
        self.refused("no_device_here", SealedOutbox.open, str(folder) + "-none", kind=VisitbookError.Storage)
