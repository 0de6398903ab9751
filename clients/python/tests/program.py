"""A server program within a test's process."""

import asyncio
import os
import tempfile
from typing import Any, Callable, Dict, List, Tuple

from rialto_client import connect
from rialto_client.pyjmqt.server.api import Server
from tests.broker import PROGRAM
from tests.served import PATIENCE

CODES = Server.StatusCodes


class Program:
    """A server in this process, whose callbacks a test can replace."""

    def __init__(self, *lines: str) -> None:
        self.directory = tempfile.TemporaryDirectory()
        path = os.path.join(self.directory.name, "server.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join([
                f"RIALTO_BINARY = {PROGRAM}", "LOG_MODE = DISABLED", "LOG_PATH = ''", "SOCKET_PORT = 0", "WEBSOCKET_PORT = 0",
                f"RIALTO_DATA_DIR = {os.path.join(self.directory.name, 'data')}", *lines,
            ]))
        self.loop = asyncio.new_event_loop()
        self.server = Server(self.loop, path)
        self.keeps = True
        self.heard: List[Tuple[str, Tuple[Any, ...]]] = []
        self.answers: Dict[str, Callable[..., Any]] = {"auth": lambda data, *_: (CODES.OK, data["client_name"], "t", ""), "control": lambda *_: (1, None)}
        setters: Dict[str, Callable[[Callable[..., Any]], None]] = {
            "auth": self.server.set_authentication_validator, "connect": self.server.set_connection_validator,
            "subscribe": self.server.set_subscription_validator, "unsubscribe": self.server.set_unsubscription_validator,
            "publish": self.server.set_publish_validator, "control": self.server.set_control_channel_handler,
            "disconnect": self.server.set_disconnection_notifier, "close": self.server.set_conn_close_notifier,
        }
        for kind, setter in setters.items():
            setter(self._callback(kind))

    def _callback(self, kind: str) -> Callable[..., Any]:
        async def callback(*given: Any) -> Any:
            if self.keeps:
                self.heard.append((kind, given))
            answer = self.answers[kind](*given) if kind in self.answers else CODES.OK
            return await answer if asyncio.iscoroutine(answer) else answer

        return callback

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        self.loop.close()
        self.directory.cleanup()

    def run(self, work: Callable[[], Any]) -> None:
        """Starts the server, and runs a test on its loop."""
        self.server.start()
        self.loop.run_until_complete(asyncio.wait_for(work(), PATIENCE))

    def connect(self, name: str, scheme: str = "jmqt", **options: Any) -> Any:
        configuration = self.server.get_server_config()
        return connect(f"{scheme}://127.0.0.1:{configuration['SOCKET_PORT']}", name, **options)

    def of(self, kind: str) -> List[Tuple[Any, ...]]:
        return [given for heard, given in self.heard if heard == kind]
