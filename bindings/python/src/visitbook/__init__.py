"""Visitbook's core for Python: what an app on a phone does, for scripts and analysts.

Begin with `LockedBook.enrol` or `LockedBook.open`, and `unlock` it. Everything here is generated from the core's own
declarations; the native library has to lie beside `visitbook_ffi.py`.
"""

from .visitbook_ffi import *  # noqa: F401,F403
from .visitbook_ffi import __all__  # noqa: F401
