"""Hands messages from the event loop to other threads, and what became of them back."""

from __future__ import annotations

import threading
from collections import deque
from typing import Callable, Deque, Optional

from .errors import RialtoError
from .inbox import InHand, Member
from .message import Message
from .session import Session
from .threads import HandlerThread, NetworkThread

Handler = Callable[[Message], object]

_BEGUN_COUNT_MAX = 100
"""How many messages have left an inbox and wait on the other side: so many cost one wake-up."""


class Handover:
    """What both ways of taking messages share. Methods of ``MemberUser`` run on the loop."""

    def __init__(self, network: NetworkThread, session: Session) -> None:
        self.member: Member
        self._network = network
        self._session = session
        self._begun_count = 0
        self._parallel = 1
        self.changed = threading.Condition()
        self.state = "pending"
        self.error: Optional[RialtoError] = None

    def available(self) -> None:
        """There is a message to begin."""
        while self._begun_count < _BEGUN_COUNT_MAX:
            in_hand = self.member.begin()
            if in_hand is None:
                return
            self._begun_count += 1
            self._count_ahead()
            self._give(in_hand)

    def became(self, state: str, error: Optional[RialtoError]) -> None:
        """It is ``active`` or has ``ended``."""
        with self.changed:
            self.state, self.error = state, error
            self.changed.notify_all()

    def message(self, in_hand: InHand) -> Message:
        """Returns a message whose ``ack`` works on any thread. The codec's errors are raised."""
        message = self._session.message(in_hand)
        message._acknowledge = lambda: self._submit(in_hand.acknowledge)
        return message

    def handled(self, in_hand: InHand) -> None:
        """A message is dealt with."""
        self._end(in_hand.handled)

    def failed(self, in_hand: InHand, message: Optional[Message], error: BaseException) -> None:
        """Its handler has failed."""
        self._end(lambda: self._session.handler_failed(in_hand, message, error))

    def dropped(self, in_hand: InHand) -> None:
        """Nobody deals with it."""
        self._end(in_hand.dropped)

    def abandoned(self, in_hand: InHand) -> None:
        """Nobody deals with it in a loop any more."""
        self._end(in_hand.abandoned)

    def drain(self) -> None:
        """Begins no message any more, since the client is about to end."""
        raise NotImplementedError

    def _give(self, in_hand: InHand) -> None:
        raise NotImplementedError

    def _end(self, act: Callable[[], None]) -> None:
        def end() -> None:
            self._begun_count -= 1
            act()
            self._count_ahead()
            self.available()

        self._submit(end)

    def _count_ahead(self) -> None:
        # One is with its handler, or with who asked for it; the others only wait elsewhere.
        self.member.set_ahead(max(0, self._begun_count - self._parallel))

    def _submit(self, act: Callable[[], None]) -> None:
        # After the end of the client there is nobody to tell.
        self._network.submit(act)


class ToHandler(Handover):
    """Gives messages to a handler on threads of its own, so that one that waits keeps no other from running."""

    def __init__(self, network: NetworkThread, session: Session, handler: Handler, parallel: int) -> None:
        super().__init__(network, session)
        if parallel < 1:
            raise ValueError(f"parallel is {parallel}, less than 1")
        self._parallel = parallel
        self._handler = handler
        self._is_draining = False
        self.worker = HandlerThread(parallel)

    def drain(self) -> None:
        """Begins no message any more."""
        self._is_draining = True

    def became(self, state: str, error: Optional[RialtoError]) -> None:
        """It is ``active`` or has ``ended``."""
        super().became(state, error)
        if state == "ended":
            self.worker.stop(0)

    def _give(self, in_hand: InHand) -> None:
        if not self.worker.submit(lambda: self._handle(in_hand)):
            self.dropped(in_hand)

    def _handle(self, in_hand: InHand) -> None:
        if self._is_draining or self.state == "ended":
            return self.dropped(in_hand)
        message: Optional[Message] = None
        try:
            message = self.message(in_hand)
            self._handler(message)
        except BaseException as error:
            # `sys.exit()` ends no program from here, only this thread, and with it the subscription.
            self.failed(in_hand, message, error)
        else:
            self.handled(in_hand)


class ToCaller(Handover):
    """Keeps messages for threads that ask for them."""

    def __init__(self, network: NetworkThread, session: Session) -> None:
        super().__init__(network, session)
        self._waiting: Deque[InHand] = deque()

    def drain(self) -> None:
        """Gives back what nobody has asked for."""
        with self.changed:
            waiting, self._waiting = self._waiting, deque()
        for in_hand in waiting:
            self.dropped(in_hand)

    def became(self, state: str, error: Optional[RialtoError]) -> None:
        """It is ``active`` or has ``ended``."""
        super().became(state, error)
        if state == "ended":
            self.drain()

    def take(self, timeout: Optional[float]) -> Optional[InHand]:
        """Waits for a message; ``None``: none came in time, or it has ended."""
        with self.changed:
            self.changed.wait_for(lambda: self._waiting or self.state == "ended", timeout)
            return self._waiting.popleft() if self._waiting else None

    def _give(self, in_hand: InHand) -> None:
        with self.changed:
            self._waiting.append(in_hand)
            self.changed.notify()
