"""Calls from any thread to a session that lives on the network thread."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future
from typing import TypeVar

from .errors import ending
from .session import Session
from .threads import NetworkThread

T = TypeVar("T")


class Calls:
    """What the calls of a client and of its subscriptions share."""

    def __init__(self, network: NetworkThread, session: Session) -> None:
        self.network = network
        self.session = session

    def check(self, call: str) -> None:
        """``RuntimeError``: the caller is in a forked process, or on the network thread."""
        self.session.check_process(call)
        if self.network.is_here:
            raise RuntimeError(f"{call}: this is the client's own network thread, which would wait for itself")

    def wait(self, future: "Future[T]") -> T:
        """Waits for an answer. ``RialtoError``: the client ended before."""
        try:
            return future.result()
        except CancelledError:
            raise self.session.core.error or ending("asked") from None
        except BaseException:
            # Ctrl-C: nobody waits any more.
            future.cancel()
            raise
