"""Visitbook's core for Python: what an app on a phone does, for scripts and analysts.

Begin with `LockedBook.enrol` or `LockedBook.open`, and `unlocked`. Everything but that is generated from the core's own
declarations; the native library lies beside `visitbook_ffi.py`.
"""

import contextlib
import typing

from .visitbook_ffi import *  # noqa: F401,F403
from .visitbook_ffi import Book, LockedBook
from .visitbook_ffi import __all__ as _generated

__all__ = [*_generated, "unlocked"]


@contextlib.contextmanager
def unlocked(locked: LockedBook, pin: bytes) -> typing.Iterator[Book]:
    """Opens a locked book for as long as the `with` statement lasts, and locks it again, whatever happens in it.

    Do not lock the book inside. The locked book that was handed in is spent; to go on, `LockedBook.open` the folder again
    once the book is freed.
    """
    book = locked.unlock(pin)
    try:
        yield book
    finally:
        book.lock()
