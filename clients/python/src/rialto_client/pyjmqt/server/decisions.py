"""From the broker's events to the program's callbacks, and from what these return to what the broker is answered."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Awaitable, Callable, Dict, Mapping, Optional

from ...errors import FAILED, NETWORK_ERROR, OK, SERVER_ERROR
from ..log import Logger
from . import opening
from .callbacks import Callbacks
from .opening import Opening

Event = Mapping[str, Any]
Answer = Dict[str, Any]

_PROTOCOLS = {
    ("jmqt", False): "SOCKET", ("jmqt", True): "SSL_SOCKET",
    ("jmqt-websocket", False): "WEB_SOCKET", ("jmqt-websocket", True): "SSL_WEB_SOCKET",
}
_STATUS_MAX = 255


class Decisions:
    """Calls the callbacks. ``catch_up`` does at once what was asked for a session that does not open."""

    def __init__(self, callbacks: Callbacks, logger: Logger, catch_up: Callable[[Opening], Awaitable[None]]) -> None:
        self._callbacks = callbacks
        self._logger = logger
        self._catch_up = catch_up

    async def answer(self, event: Event) -> Optional[bytes]:
        """Returns the answer to an event as JSON, ``None`` if it needs none. One whose callback fails is refused."""
        kind, given = str(event["event"]), (event["address"] or "", protocol_of(event))
        is_notification = kind in ("disconnect", "close")
        try:
            if is_notification:
                await self._callbacks.of(kind)(event["client"], *given)
                return None
            answer = await self._decide(kind, event, given)
            return json.dumps(answer, allow_nan=False).encode()
        except asyncio.CancelledError:
            self._logger.log_error(f"the callback for {kind} took too long, and was cancelled")
            raise
        except Exception as error:
            self._logger.log_error(f"the callback for {kind} failed: {error!r}")
            if is_notification:
                return None
            return json.dumps(refusal(SERVER_ERROR, "the server has failed")).encode()

    async def _decide(self, kind: str, event: Event, given: "tuple[str, str]") -> Answer:
        callback = self._callbacks.of(kind)
        if kind == "auth":
            status, client, token, text = await callback(event["data"], *given)
            answer = self._refused(kind, event, status, text)
            return answer or {"allow": True, "client": client, **({"token": token} if token else {})}
        if kind == "connect":
            return await self._connect(event, given)
        client, channel = event["client"], event["channel"]
        if kind == "control":
            status, data = await callback(client, channel, event["payload"], *given)
            return {"answer": data} if is_ok(status) else {"answer": data, "status": number(status)}
        about = {"subscribe": ("persistent",), "publish": ("payload", "qos")}.get(kind, ())
        status = await callback(client, channel, *(event[name] for name in about), *given)
        return self._refused(kind, event, status) or {"allow": True}

    async def _connect(self, event: Event, given: "tuple[str, str]") -> Answer:
        asked = opening.begin(event["client"])
        try:
            status = await self._callbacks.of("connect")(event["client"], event["token"], *given)
        finally:
            asked.is_over = True
        answer = self._refused("connect", event, status)
        if answer is not None:
            await self._catch_up(asked)
            return answer
        self._logger.log_info(f"Connected: client {event['client']} {given[0]}", given[1])
        channels = [{"channel": name, "persistent": persistent} for name, persistent in asked.subscriptions.items()]
        return {"allow": True, "subscribe": channels, "publish": asked.messages}

    def _refused(self, kind: str, event: Event, status: object, text: object = "") -> Optional[Answer]:
        if is_ok(status):
            return None
        # What was shown to authenticate is a secret, and stays out of the log.
        about = "".join(f", {name} {event[name]}" for name in ("client", "channel") if name in event)
        self._logger.log_warning(f"{kind} refused: status {status}{about}, {event['address']}", protocol_of(event))
        return refusal(number(status), str(text or ""))


def is_ok(status: object) -> bool:
    """Whether a callback allows it."""
    return isinstance(status, int) and status == OK


def number(status: object) -> int:
    """Returns a status that can be sent: those that only stand for something at one end are ``FAILED``."""
    is_sent = isinstance(status, int) and FAILED <= status <= _STATUS_MAX and status not in (OK, NETWORK_ERROR)
    return int(status) if is_sent and isinstance(status, int) else FAILED


def refusal(status: int, text: str) -> Answer:
    """Returns the answer that refuses."""
    return {"allow": False, "status": status, **({"mg": text} if text else {})}


def protocol_of(event: Event) -> str:
    """Returns the original's name of how a client is connected; the empty text after a crash, when that is not known."""
    return _PROTOCOLS.get((str(event["protocol"]), bool(event["tls"])), "")
