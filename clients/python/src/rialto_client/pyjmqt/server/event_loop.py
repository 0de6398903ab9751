"""The event loop that ``asyncio.get_event_loop()`` returns where no loop runs."""

from __future__ import annotations

import asyncio
import atexit
import sys
import threading
import warnings


def provide_loop() -> None:
    """Sets a loop in a main thread that has none.

    Before Python 3.12 ``get_event_loop`` makes one without a word; then it warns, and from 3.14 on it raises.
    """
    if sys.version_info < (3, 12) or threading.current_thread() is not threading.main_thread():
        return
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            try:
                asyncio.get_event_loop()
            except (RuntimeError, DeprecationWarning):
                loop = asyncio.new_event_loop()
                asyncio.set_event_loop(loop)
                atexit.register(loop.close)
