"""A subscription whose messages threads ask for."""

from __future__ import annotations

import threading
from typing import Iterator, Optional

from .calls import Calls
from .errors import Closed, ended_by
from .handover import Handover, ToCaller
from .inbox import InHand
from .message import Message


class Subscription:
    """A subscription. Messages come from ``get`` or by iterating, to any number of threads, unless it has a handler."""

    def __init__(self, channel: str, handover: Handover, calls: Calls) -> None:
        self.channel = channel
        self._calls = calls
        self._handover = handover
        self._own = threading.local()

    @property
    def state(self) -> str:
        """``pending``, ``active``, ``waiting`` (not online) or ``ended``."""
        return self._handover.member.state

    def ready(self, timeout: Optional[float] = None) -> "Subscription":
        """Waits until it is active. ``Refused``: the server refused it; ``TimeoutError``: it took too long."""
        self._calls.check("ready")
        handover = self._handover
        with handover.changed:
            if not handover.changed.wait_for(lambda: handover.state != "pending", timeout):
                raise TimeoutError(f"the subscription to {self.channel} is not active after {timeout} seconds")
        if handover.state == "ended":
            raise self._ended()
        return self

    def get(self, timeout: Optional[float] = None) -> Message:
        """Waits for the next message, and acknowledges the one that this thread got before.

        ``TimeoutError``: none came in time; ``Closed`` or ``Refused``: the subscription has ended.
        """
        self._calls.check("get")
        handover = self._handover
        if not isinstance(handover, ToCaller):
            raise RuntimeError(f"the subscription to {self.channel} has a handler, which gets its messages")
        in_hand: Optional[InHand] = getattr(self._own, "in_hand", None)
        if in_hand is not None:
            self._own.in_hand = None
            handover.handled(in_hand)
        while True:
            in_hand = handover.take(timeout)
            if in_hand is None:
                if handover.state == "ended":
                    raise self._ended()
                raise TimeoutError(f"no message of {self.channel} within {timeout} seconds")
            try:
                message = handover.message(in_hand)
            except Exception as error:
                handover.failed(in_hand, None, error)
            else:
                self._own.in_hand = in_hand
                return message

    def __iter__(self) -> Iterator[Message]:
        try:
            while True:
                try:
                    message = self.get()
                except Closed as error:
                    if ended_by(error):
                        raise
                    return
                yield message
        finally:
            self._leave()

    def __enter__(self) -> "Subscription":
        return self.ready()

    def __exit__(self, *_: object) -> None:
        self._leave()

    def unsubscribe(self) -> None:
        """Ends it at the server too."""
        self._calls.check("unsubscribe")
        session, member = self._calls.session, self._handover.member
        self._calls.wait(self._calls.network.start(lambda: session.unsubscribe(member)))

    def stop(self) -> None:
        """Ends it here only: for a persistent one the server stores on."""
        session, member = self._calls.session, self._handover.member
        session.check_process("stop")
        self._calls.network.submit(lambda: session.core.channels.stop(member))

    def _leave(self) -> None:
        """Ends it as leaving a loop does (K-26); the message in hand stays unacknowledged."""
        in_hand: Optional[InHand] = getattr(self._own, "in_hand", None)
        if in_hand is not None:
            self._own.in_hand = None
            self._handover.abandoned(in_hand)
        session, member = self._calls.session, self._handover.member
        if session.is_of_parent:
            # A loop that a fork copied is left: it is the parent's.
            return

        def leave() -> None:
            if member.persistent:
                session.core.channels.stop(member)
            elif member.state != "ended":
                session.core.channels.unsubscribe(member, lambda _: None)

        self._calls.network.submit(leave)

    def _ended(self) -> Exception:
        return self._handover.error or Closed(f"the subscription to {self.channel} has ended", "asked")
