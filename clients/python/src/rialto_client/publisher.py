"""What is published, and the answers to it (K-40 to K-48)."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any, Callable, Deque, List, Mapping, Optional

from .connection import Connection
from .environment import Environment, Timer
from .errors import INVALID_PACKET, Full, Lost, RialtoError, offline, refusal
from .farewell import status_of, text_of
from .framing import to_json
from .ids import Ids
from .options import Outbox, PublishEvent
from .outbox import KeptPublishes, Publish, Settle

_ANSWER_SECONDS = 30.0
_UNKEPT_COUNT_MAX = 1_000


class Publisher:
    """The publishes of a client."""

    def __init__(
        self, env: Environment, connection: Connection, limits: Outbox, ids: Ids, report: Callable[[PublishEvent], None],
    ) -> None:
        if limits.full not in ("wait", "reject", "drop-oldest"):
            raise ValueError(f"Outbox.full is {limits.full!r}, not 'wait', 'reject' or 'drop-oldest'")
        self._env = env
        self._connection = connection
        self._limits = limits
        self._ids = ids
        self._report = report
        self._kept = KeptPublishes(limits.count, limits.bytes)
        # Publishes whose callers wait for room, in the order of the calls (K-45).
        self._waiting: Deque[Publish] = deque()
        # Channels of QoS 0 publishes whose refusal may still come, by id.
        self._unkept: "OrderedDict[str, str]" = OrderedDict()
        # The last channel, and its name as JSON.
        self._channel: Optional[str] = None
        self._channel_json = ""
        self._timer: Optional[Timer] = None
        self._settled: List[Callable[[], None]] = []

    @property
    def waits(self) -> bool:
        """Whether a call waits for its answer, so that reading must go on (K-36)."""
        return len(self._kept) > 0

    def send_bounded(self, channel: str, payload: str, retain: bool, unsent_bytes: int) -> None:
        """As ``send``, for who cannot wait. ``Full``: so many bytes have not left yet that an outbox would be full (K-43)."""
        if self._connection.is_online and unsent_bytes + len(payload) > self._limits.bytes:
            error = Full(f"the connection does not take more: the publish to {channel} was not sent", "overrun", None, True)
            self._tell(channel, self._ids.next(), error)
            raise error
        self.send(channel, payload, retain)

    def send(self, channel: str, payload: str, retain: bool) -> None:
        """Sends a QoS 0 publish (K-42). ``Lost``: there is no connection."""
        id = self._ids.next()
        if not self._connection.send(self._frame(channel, payload, "", retain, id)):
            error = offline(f"the publish to {channel}")
            self._report(PublishEvent(channel, id, "failed", error))
            raise error
        self._unkept[id] = channel
        if len(self._unkept) > _UNKEPT_COUNT_MAX:
            self._unkept.popitem(last=False)

    def keep(self, channel: str, payload: str, retain: bool, settle: Settle, may_wait: bool) -> Publish:
        """Keeps a QoS 1 publish until it is answered, or lets it wait for room. ``Full``: neither is possible."""
        id = self._ids.next()
        publish = Publish(id, channel, self._frame(channel, payload, ',"q":1', retain, id), settle)
        size = len(publish.frame)
        if not self._waiting and (self._kept.has_room(size) or self._make_room(size)):
            self._kept.keep(publish)
            self.pump()
        elif may_wait and self._limits.full == "wait" and self._kept.could_have_room(size):
            self._waiting.append(publish)
        else:
            raise _full(channel)
        return publish

    def cancel(self, publish: Publish) -> None:
        """Withdraws a publish that has not left; otherwise only its caller does not wait for it any more (K-48)."""
        if not publish.was_sent:
            self._forget(publish)
        publish.settle = _ignore

    def pump(self) -> None:
        """Sends what may be sent."""
        publish = self._kept.next_unsent()
        while publish is not None and self._connection.send(publish.frame):
            self._kept.sent(self._env.clock.now())
            publish = self._kept.next_unsent()
        if self._timer is None and self._kept.oldest_sent() is not None:
            self._timer = self._env.clock.set(_ANSWER_SECONDS, self._overdue)

    def lost(self, reason: str) -> None:
        """The connection is lost: what is unanswered leaves again with the next one (K-44)."""
        self._cancel_timer()
        if reason == "too-large":
            largest = self._kept.largest_sent()
            if largest is not None:
                text = f"the publish to {largest.channel} is too large for the server"
                self._fail(largest, RialtoError(text, "too-large", INVALID_PACKET))
        self._kept.connection_ended()

    def answered(self, body: Mapping[str, Any]) -> None:
        """Takes a ``pubAck``; one that belongs to nothing is ignored (K-41)."""
        id = body.get("id")
        publish = self._kept.answered(id)
        if publish is not None:
            self._settle(publish, _refusal(publish.channel, body))
            self._make_use_of_room()
            self.pump()
        elif isinstance(id, str) and id in self._unkept:
            channel = self._unkept.pop(id)
            error = _refusal(channel, body)
            if error is not None:
                self._tell(channel, id, error)

    def when_settled(self, act: Callable[[], None]) -> None:
        """Calls ``act`` as soon as no publish waits for anything."""
        if len(self._kept) == 0 and not self._waiting:
            act()
        else:
            self._settled.append(act)

    def end(self, error: RialtoError) -> None:
        """Answers all calls with ``error`` (K-62)."""
        self._cancel_timer()
        waiting, self._waiting = self._waiting, deque()
        for publish in [*self._kept.take_all(), *waiting]:
            self._settle(publish, error)
        self._unkept.clear()
        self._tell_settled()

    def _frame(self, channel: str, payload: str, qos: str, retain: bool, id: str) -> bytes:
        # Put together from parts, since the payload is JSON text already.
        if channel != self._channel:
            self._channel, self._channel_json = channel, to_json(channel)
        flags = qos + ',"rt":1' if retain else qos
        return f'{{"pub":{{"cn":{self._channel_json},"dt":{payload}{flags},"id":"{id}"}}}}'.encode("utf-8")

    def _make_room(self, size: int) -> bool:
        if self._limits.full != "drop-oldest":
            return False
        while not self._kept.has_room(size):
            oldest = self._kept.oldest_unsent()
            if oldest is None or not self._kept.could_have_room(size):
                return False
            self._kept.forget(oldest)
            self._settle(oldest, _full(oldest.channel))
        return True

    def _make_use_of_room(self) -> None:
        while self._waiting:
            if self._waiting[0].is_over:
                self._waiting.popleft()
            elif self._kept.has_room(len(self._waiting[0].frame)):
                self._kept.keep(self._waiting.popleft())
            else:
                return
        self._tell_settled()

    def _forget(self, publish: Publish) -> None:
        self._kept.forget(publish)
        publish.is_over = True
        self._make_use_of_room()
        self.pump()

    def _fail(self, publish: Publish, error: RialtoError) -> None:
        if self._kept.forget(publish):
            self._settle(publish, error)
            self._make_use_of_room()

    def _settle(self, publish: Publish, error: Optional[RialtoError]) -> None:
        publish.settle(error)
        if error is not None:
            self._tell(publish.channel, publish.id, error)

    def _tell(self, channel: str, id: str, error: RialtoError) -> None:
        self._report(PublishEvent(channel, id, "refused" if error.reason == "refused" else "failed", error))

    def _tell_settled(self) -> None:
        if len(self._kept) == 0 and not self._waiting:
            settled, self._settled = self._settled, []
            for act in settled:
                act()

    def _overdue(self) -> None:
        self._timer = None
        oldest = self._kept.oldest_sent()
        if oldest is None:
            return
        left = oldest.sent_at + _ANSWER_SECONDS - self._env.clock.now()
        if left > 0:
            self._timer = self._env.clock.set(left, self._overdue)
            return
        oldest.silence_count += 1
        if oldest.silence_count > 1:
            text = f"the publish to {oldest.channel} was not answered on two connections"
            self._fail(oldest, Lost(text, "timeout", None, True))
        self._connection.lose("no-ack")

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _refusal(channel: str, body: Mapping[str, Any]) -> Optional[RialtoError]:
    status = status_of(body)
    return None if status == 1 else refusal(f"the publish to {channel}", status, text_of(body))


def _full(channel: str) -> RialtoError:
    return Full(f"the outbox is full: the publish to {channel} was not kept", "overrun", None, True)


def _ignore(_: Optional[RialtoError]) -> None:
    pass
