"""``Server`` as ``pyjmqt.server.api`` has it, carried out by a ``rialto`` process."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any, Dict, Optional
from urllib.parse import quote

from ..configuration import Value, read
from ..log import Logger
from . import opening, settings
from .broker import Broker
from .callbacks import Callback, Callbacks
from .constants import Protocol, StatusCode
from .decisions import Decisions
from .event_loop import provide_loop
from .http_api import ApiError, HttpApi
from .opening import Opening
from .runner import Runner
from .webhook import Webhook

# The guide's program asks for the loop of a main thread that has none; Python 3.14 raises there.
provide_loop()


class Server:
    """A JMQT server whose decisions are the callbacks of this program, on its event loop.

    ``configFile`` is a ``server.conf``; ``None`` or ``""`` stand for the defaults.
    """

    StatusCodes = StatusCode()
    Protocols = Protocol()
    JMQT_VERSION = "1.0"

    def __init__(self, eventLoop: asyncio.AbstractEventLoop, configFile: Optional[str] = None) -> None:
        self._loop = eventLoop
        self._configuration = read(configFile, settings.DEFAULTS)
        self._logger = Logger("JMQTServer", self._configuration)
        self._logger.log_info(f'Loading config "{configFile}"' if configFile else "No config file passed, the defaults hold")
        self._callbacks = Callbacks()
        self._decisions = Decisions(self._callbacks, self._logger, self._catch_up)
        self._runner: Optional[Runner] = None
        self._api: Optional[HttpApi] = None

    def get_server_config(self) -> Dict[str, Value]:
        """Returns the configuration. A port that was 0 is the one that the system chose, once the server has started."""
        return dict(self._configuration)

    def get_logger(self) -> Logger:
        """Returns the logger that this server uses."""
        return self._logger

    def set_authentication_validator(self, _callback: Callback) -> None:
        """Sets ``async (auth_data, remote_host, protocol)``, which returns ``(status, client_id, token, message)``."""
        self._callbacks.set("auth", _callback)

    def set_connection_validator(self, _callback: Callback) -> None:
        """Sets ``async (client_id, token, remote_host, protocol)``, which returns a status."""
        self._callbacks.set("connect", _callback)

    def set_subscription_validator(self, _callback: Callback) -> None:
        """Sets ``async (client_id, channel, persistent_flag, remote_host, protocol)``, which returns a status."""
        self._callbacks.set("subscribe", _callback)

    def set_unsubscription_validator(self, _callback: Callback) -> None:
        """Sets ``async (client_id, channel, remote_host, protocol)``, which returns a status."""
        self._callbacks.set("unsubscribe", _callback)

    def set_publish_validator(self, _callback: Callback) -> None:
        """Sets ``async (client_id, channel, data, qos, remote_host, protocol)``, which returns a status."""
        self._callbacks.set("publish", _callback)

    def set_control_channel_handler(self, _callback: Callback) -> None:
        """Sets ``async (client_id, channel, data, remote_host, protocol)``, which returns ``(status, answer)``."""
        self._callbacks.set("control", _callback)

    def set_disconnection_notifier(self, _callback: Callback) -> None:
        """Sets ``async (client_id, remote_host, protocol)``, called when a client has said goodbye."""
        self._callbacks.set("disconnect", _callback)

    def set_conn_close_notifier(self, _callback: Callback) -> None:
        """Sets ``async (client_id, remote_host, protocol)``, called when the connection of a session has ended."""
        self._callbacks.set("close", _callback)

    async def get_subscriptions(self, client_id: str) -> Dict[str, str]:
        """Returns what a client is subscribed to, each channel with ``"persistent"`` or ``"temp"``; of an unknown client nothing."""
        found: Dict[str, str] = {}
        try:
            answer = await self._called().call("GET", _subscriptions(client_id))
        except ApiError as error:
            if error.status != 404:
                raise
        else:
            found = {it["channel"]: _kind(it["persistent"]) for it in answer["subscriptions"]}
            found[f"#{client_id}"] = _kind(True)
        asked = opening.present()
        if asked is not None and asked.client == client_id:
            found.update((name, _kind(persistent)) for name, persistent in asked.subscriptions.items())
        return found

    async def force_sub(self, client_id: str, channel: str, persistent_flag: Any) -> None:
        """Subscribes a client, whatever its rights are. Every client has its ``#`` channel already."""
        if channel == f"#{client_id}":
            return
        api, persistent, asked = self._called(), bool(persistent_flag), opening.present()
        if asked is None or not asked.subscribe(client_id, channel, persistent):
            await self._act(api, "POST", _subscriptions(client_id), {"channel": channel, "persistent": persistent})

    async def force_unsub(self, client_id: str, channel: str) -> None:
        """Ends a subscription of a client, if it has it."""
        api, asked = self._called(), opening.present()
        if asked is not None:
            asked.unsubscribe(client_id, channel)
        await self._act(api, "DELETE", _subscriptions(client_id), {"channel": channel})

    async def force_pub(self, channel: str, data: Any, qos: Any, retain: Any) -> None:
        """Publishes as the server. Within the decision about a client's session it leaves when the session has opened."""
        api, asked = self._called(), opening.present()
        # The text of now: what the caller changes afterwards is not sent.
        payload = json.loads(json.dumps(data, allow_nan=False))
        message = {"channel": channel, "payload": payload, "qos": int(qos), "retain": bool(retain)}
        if asked is None or not asked.publish(message):
            await self._act(api, "POST", "/v1/publish", message)

    def start(self) -> None:
        """Starts the server; it serves when this returns.

        ``Exception``: a callback is missing or not ``async``. ``RuntimeError``: the server runs already, or the broker
        cannot start; the text says why.
        """
        self._callbacks.check()
        if self._runner is not None:
            raise RuntimeError("the server has been started already")
        for key in ("ENABLE_REDIS", "ENABLE_MYSQL"):
            if self._configuration[key]:
                self._logger.log_warning(f"{key} has no counterpart and is left out")
        secret, key = secrets.token_hex(32), secrets.token_hex(32)
        api, webhook = HttpApi(key), Webhook(self._loop, secret, self._decisions.answer)
        environment = {
            "RIALTO_WEBHOOK__SECRET": secret,
            "RIALTO_API__KEYS": f'[{{name="pyjmqt",key="{key}",allow=["read","publish","manage"]}}]',
        }
        broker = Broker(str(self._configuration["RIALTO_BINARY"]), environment, self._logger, lambda: runner.broker_ended())
        runner = self._runner = Runner(self._loop, self._configuration, self._logger, broker, webhook, api)
        self._api = api
        try:
            runner.start()
        except BaseException:
            self._runner = self._api = None
            raise

    def stop(self) -> None:
        """Stops the server, and returns when it has stopped and the last notifications have come.

        On a loop that runs it cannot wait: there it only begins to stop.
        """
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.stop()

    def _called(self) -> HttpApi:
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("the server's calls belong to its own event loop; use asyncio.run_coroutine_threadsafe")
        if self._api is None:
            raise RuntimeError("the server has not been started")
        return self._api

    async def _act(self, api: HttpApi, method: str, path: str, body: Dict[str, Any]) -> None:
        try:
            await api.call(method, path, body)
        except ApiError as error:
            # Who is not there gets no direct message, or gets it later, and has nothing to be ended.
            if error.status != 409 or (method == "POST" and body["channel"][:1] != "#"):
                raise
        except OSError:
            # The last notifications come when the broker takes nothing any more.
            if self._runner is not None:
                raise

    async def _catch_up(self, asked: Opening) -> None:
        """Does what was asked for a session that was refused: the original had done it by then."""
        api = self._called()
        for channel, persistent in asked.subscriptions.items():
            body = {"channel": channel, "persistent": persistent}
            if persistent:
                await self._act(api, "POST", _subscriptions(asked.client), body)
        for message in asked.messages:
            await self._act(api, "POST", "/v1/publish", message)


def _subscriptions(client: str) -> str:
    return f"/v1/clients/{quote(client, safe='')}/subscriptions"


def _kind(persistent: bool) -> str:
    return "persistent" if persistent else "temp"
