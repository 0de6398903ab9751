"""Questions to control channels, and the answers (K-49)."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Optional

from .connection import Connection
from .environment import Environment, Timer
from .errors import Lost, RialtoError, offline, refusal
from .farewell import status_of, text_of
from .framing import to_json
from .ids import Ids

Answer = Callable[[Any, Optional[RialtoError]], None]
"""Called once, with what the server answered or with an error."""


class Request:
    """A question that waits for its answer."""

    def __init__(self, id: str, control: str, frame: bytes, repeat: bool, answer: Answer) -> None:
        self.id = id
        self.control = control
        self.frame = frame
        self.repeat = repeat
        self.answer = answer
        self.timer: Optional[Timer] = None
        self.is_sent = False


class Requests:
    """The questions of a client. They have no place in the order of publishes, so they do not wait behind them."""

    def __init__(self, env: Environment, connection: Connection, ids: Ids) -> None:
        self._env = env
        self._connection = connection
        self._ids = ids
        self._open: Dict[str, Request] = {}

    def __len__(self) -> int:
        return len(self._open)

    def ask(self, control: str, payload: str, timeout: float, repeat: bool, answer: Answer) -> Request:
        """Asks. ``Lost``: there is no connection, and the question is not to be repeated."""
        if not repeat and not self._connection.is_online:
            raise offline(f"the request to {control}")
        id = self._ids.next()
        frame = f'{{"pub":{{"cn":{to_json(control)},"dt":{payload},"id":"{id}"}}}}'.encode("utf-8")
        request = Request(id, control, frame, repeat, answer)
        self._open[id] = request
        request.timer = self._env.clock.set(timeout, lambda: self._timed_out(request))
        request.is_sent = self._connection.send(frame)
        return request

    def cancel(self, request: Request) -> None:
        """Forgets a question; what the server answers is ignored."""
        self._close(request)

    def online(self) -> None:
        """Asks again what is to be repeated."""
        for request in self._open.values():
            request.is_sent = request.is_sent or self._connection.send(request.frame)

    def lost(self) -> None:
        """The connection is lost, and with it what is not to be repeated."""
        for request in list(self._open.values()):
            request.is_sent = False
            if not request.repeat:
                self._fail(request, Lost(f"the request to {request.control} lost its connection", "lost", None, True))

    def answered(self, body: Mapping[str, Any]) -> bool:
        """Takes a ``pubAck``; false if it is not of a question."""
        id = body.get("id")
        request = self._open.get(id) if isinstance(id, str) else None
        if request is None:
            return False
        self._close(request)
        status = status_of(body)
        if status == 1:
            request.answer(body.get("dt"), None)
        else:
            request.answer(None, refusal(f"the request to {request.control}", status, text_of(body)))
        return True

    def end(self, error: RialtoError) -> None:
        """Answers all questions with ``error``."""
        for request in list(self._open.values()):
            self._fail(request, error)

    def _timed_out(self, request: Request) -> None:
        self._fail(request, Lost(f"the request to {request.control} was not answered in time", "timeout", None, True))

    def _fail(self, request: Request, error: RialtoError) -> None:
        if self._close(request):
            request.answer(None, error)

    def _close(self, request: Request) -> bool:
        if request.timer is not None:
            request.timer.cancel()
        return self._open.pop(request.id, None) is not None
