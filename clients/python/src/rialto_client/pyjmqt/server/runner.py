"""A server from its start to its end: listener, broker, and the broker's return after a crash."""

from __future__ import annotations

import asyncio
import threading
from typing import Callable, Dict, Optional

from ..configuration import Value
from ..log import Logger
from . import settings
from .broker import Broker
from .http_api import HttpApi
from .webhook import Webhook

_RETURN_SECONDS = 0.2
_RETURN_SECONDS_MAX = 10.0
# The broker waits no longer for its last notifications.
_CALLBACKS_SECONDS = 10.0


class Runner:
    """Runs once. ``configuration`` is told the ports that the system chose."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, configuration: Dict[str, Value], logger: Logger, broker: Broker, webhook: Webhook, api: HttpApi,
    ) -> None:
        self._loop = loop
        self._configuration = configuration
        self._logger = logger
        self._broker = broker
        self._webhook = webhook
        self._api = api
        self._task: Optional["asyncio.Task[None]"] = None
        self._return: Optional["asyncio.Task[None]"] = None
        self._is_stopping = False

    def start(self) -> None:
        """Starts the broker, then the listener that it asks; what it asks before waits."""
        try:
            self._start_broker()
            self._do(self._webhook.serve())
        except BaseException:
            self._broker.begin_stop()
            self._broker.wait()
            self._webhook.abandon()
            raise
        for key, _, name in settings.listeners(self._configuration):
            self._logger.log_info(f"Listening on tcp {self._configuration[key]}", name)

    def stop(self) -> None:
        """Stops everything, and waits for it unless the loop runs."""
        self._is_stopping = True
        self._broker.begin_stop()
        if self._loop.is_closed():
            self._broker.wait()
            self._webhook.abandon()
        else:
            self._do(self._stop())

    def broker_ended(self) -> None:
        """Called on another thread: the broker is gone, and must come back."""
        try:
            self._loop.call_soon_threadsafe(self._begin_return)
        except RuntimeError:
            # The loop is closed: nobody decides any more.
            self._broker.begin_stop()

    def _do(self, work: "object") -> None:
        assert asyncio.iscoroutine(work)
        if self._loop.is_running():
            self._task = self._loop.create_task(work)
        else:
            self._loop.run_until_complete(work)

    def _in_thread(self, work: Callable[[], None]) -> "asyncio.Future[None]":
        """Does what waits on a daemon thread: one of an executor's that Ctrl-C meets as it starts would hold up the end."""
        future: "asyncio.Future[None]" = self._loop.create_future()

        def end(error: Optional[Exception]) -> None:
            if not future.done():
                future.set_result(None) if error is None else future.set_exception(error)

        def run() -> None:
            error: Optional[Exception] = None
            try:
                work()
            except Exception as failed:
                error = failed
            try:
                self._loop.call_soon_threadsafe(end, error)
            except RuntimeError:
                # The loop is closed: nobody waits any more.
                pass

        threading.Thread(target=run, name="rialto-server-wait", daemon=True).start()
        return future

    def _start_broker(self) -> None:
        self._broker.start(settings.arguments(self._configuration, self._webhook.url))
        addresses = self._broker.addresses
        self._api.port = _port(addresses["http"])
        for key, listener, _ in settings.listeners(self._configuration):
            self._configuration[key] = _port(addresses[listener])

    async def _stop(self) -> None:
        if self._return is not None:
            self._return.cancel()
        await self._in_thread(self._broker.wait)
        await self._webhook.close(_CALLBACKS_SECONDS)
        self._api.close()

    def _begin_return(self) -> None:
        if not self._is_stopping:
            self._return = self._loop.create_task(self._come_back())

    async def _come_back(self) -> None:
        pause = _RETURN_SECONDS
        while not self._is_stopping:
            await asyncio.sleep(pause)
            try:
                await self._in_thread(self._start_broker)
            except RuntimeError as error:
                self._logger.log_error(f"the broker is not back: {error}")
                pause = min(2 * pause, _RETURN_SECONDS_MAX)
            else:
                self._logger.log_info("the broker is back")
                return


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
