"""A council for the tests: a real server on loopback with the families of the fixtures, and a keystore in memory."""

import atexit
import functools
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading

import visitbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCRATCH = pathlib.Path(os.environ["VISITBOOK_SCRATCH"])
SERVER = os.environ["VISITBOOK_SERVER"]
PIN = b"tansy-83-otter"


class Keys(visitbook.HardwareKeys):
    """A keystore as an app writes one. `fault` is raised, or called, instead of the next and every later answer; `finger` is
    called while a prompt for a fingerprint stands."""

    def __init__(self):
        self.keys = {}
        self.small = {}
        self.fault = None
        self.of_a_person = set()
        self.dead = set()
        self.finger = None

    def _fail(self):
        if isinstance(self.fault, BaseException):
            raise self.fault

    def ensure(self, alias, policy):
        self._fail()
        assert isinstance(policy, visitbook.KeyPolicy)
        self.keys.setdefault(alias, os.urandom(32))
        if policy == visitbook.KeyPolicy.BIOMETRIC_CURRENT_SET:
            self.of_a_person.add(alias)

    def another_finger_is_enrolled(self):
        """What a phone does to the keys that wait for a person."""
        self.dead |= self.of_a_person

    def derive(self, alias, input):
        self._fail()
        if callable(self.fault):
            return self.fault()
        if alias not in self.keys:
            raise visitbook.KeystoreError.Missing()
        if alias in self.dead:
            raise visitbook.KeystoreError.Invalidated()
        if alias in self.of_a_person and self.finger:
            self.finger()
        return hmac.new(self.keys[alias], input, hashlib.sha256).digest()

    def put_small(self, name, value):
        self._fail()
        self.small[name] = bytes(value)

    def get_small(self, name):
        self._fail()
        return self.small.get(name)

    def delete(self, alias):
        self._fail()
        self.keys.pop(alias, None)
        self.dead.discard(alias)

    def protected_data_available(self):
        self._fail()
        return True


class Council:
    """A server process. Stopped with the tests, however they end."""

    def __init__(self):
        self.folder = SCRATCH / "council"
        self.command("init", "--name", "Fernmouth Council", "--address", "https://127.0.0.1:8443")
        files = SCRATCH / "files"
        shutil.copytree(ROOT / "server" / "fixtures" / "fernmouth", files)
        report = self.command("import", str(files))
        assert report["rejected"] == [], report
        with open(SCRATCH / "council.log", "wb") as log:
            self.process = subprocess.Popen(
                [SERVER, "--dir", str(self.folder), "--json", "serve", "--listen", "127.0.0.1:0"],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        atexit.register(self.stop)
        (SCRATCH / "council.pid").write_text(str(self.process.pid))
        self.listening = json.loads(self.process.stdout.readline())["listening"]

    def command(self, *words):
        done = subprocess.run(
            [SERVER, "--dir", str(self.folder), "--json", *words], capture_output=True, text=True
        )
        assert done.returncode == 0, (words, done.stderr)
        return json.loads(done.stdout)

    def code(self, worker, label):
        return self.command(
            "enrol-code", "--worker", worker, "--label", label, "--address", f"https://{self.listening}"
        )["code"]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self.process.stdout.close()
        (SCRATCH / "council.pid").write_text("")


@functools.lru_cache(maxsize=None)
def shared():
    """The one council of all tests."""
    return Council()


class Phone:
    """An enrolled, unlocked device."""

    made = 0

    def __init__(self, council, worker, label, connect_via=None):
        Phone.made += 1
        self.folder = str(SCRATCH / f"device-{Phone.made}")
        self.keys = Keys()
        self.locked = visitbook.LockedBook.enrol(
            self.folder, self.keys, council.code(worker, label), PIN, label, connect_via
        )
        self.unlock()

    def unlock(self):
        self.book = self.locked.unlock(PIN)
        self.locked = None

    def lock(self):
        self.locked = self.book.lock()
        self.book = None

    def open(self, connect_via=None):
        """Frees the device as a process that ends does, and opens it again, locked."""
        self.book = self.locked = None
        self.locked = visitbook.LockedBook.open(self.folder, self.keys, connect_via)

    def sync(self):
        return self.book.sync(visitbook.SyncCancel())

    def child(self, name):
        return next(line.child for line in self.book.children() if line.name == name)


class SilentServer:
    """Takes connections and never says a word."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.met = threading.Event()
        self.taken = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        while True:
            try:
                self.taken.append(self.listener.accept()[0])
            except OSError:
                return
            self.met.set()

    def close(self):
        self.listener.close()
        for connection in self.taken:
            connection.close()
