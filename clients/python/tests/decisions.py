"""Decisions a second of a server program, and how long one takes, beside the same broker that decides for itself.

``python -m tests.decisions [RUNS]`` in ``clients/python``, with ``RIALTO_BINARY`` and ``PYTHONPATH=src:.``. Both are asked control requests over raw
sockets, which nothing stores: the program's callback answers ``$ask`` at once, the broker its own ``$time``. They take turns; medians are printed.
"""

import asyncio
import functools
import json
import statistics
import sys
import time
from typing import Any, Dict, List, Tuple

from tests.broker import Broker
from tests.program import CODES, Program

MEASURED_SECONDS = 2.0
CONNECTIONS = (1, 64)
PATIENCE_SECONDS = 60


class Asker(asyncio.Protocol):
    """A connection that asks again as soon as it is answered, and keeps how long each answer took."""

    def __init__(self, name: str, control: str) -> None:
        self.online: "asyncio.Future[None]" = asyncio.get_running_loop().create_future()
        self.waits: List[float] = []
        self._name = name
        self._question = json.dumps({"pub": {"cn": control, "dt": {}, "id": "1"}}).encode() + b"\0"
        self._received = b""
        self._asked_at = 0.0
        self._is_asking = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send({"auth": {"dt": {"client_name": self._name}}})

    def data_received(self, data: bytes) -> None:
        *frames, self._received = (self._received + data).split(b"\0")
        for frame in frames:
            if frame.startswith(b'{"pubAck"'):
                self.waits.append(time.perf_counter() - self._asked_at)
                if self._is_asking:
                    self.ask()
                continue
            ((root, body),) = json.loads(frame).items()
            if root == "authAck":
                self._send({"conn": {"cl": body["cl"], "at": body["at"]}})
            elif root == "connAck":
                self.online.set_result(None)

    def ask(self) -> None:
        self._is_asking, self._asked_at = True, time.perf_counter()
        self._transport.write(self._question)

    def stop(self) -> None:
        self._is_asking = False

    def close(self) -> None:
        self._transport.close()

    def _send(self, packet: Dict[str, Any]) -> None:
        self._transport.write(json.dumps(packet).encode() + b"\0")


async def asked(port: int, control: str, connections: int) -> Tuple[float, float]:
    """Returns answers a second, and the median of how long one took, in milliseconds."""
    loop = asyncio.get_running_loop()
    askers = [Asker(f"a{n}", control) for n in range(connections)]
    for asker in askers:
        await loop.create_connection(functools.partial(_same, asker), "127.0.0.1", port)
    await asyncio.wait_for(asyncio.gather(*(it.online for it in askers)), PATIENCE_SECONDS)
    begun = time.perf_counter()
    for asker in askers:
        asker.ask()
    await asyncio.sleep(MEASURED_SECONDS)
    for asker in askers:
        asker.stop()
    waits = [wait for asker in askers for wait in asker.waits]
    rate = len(waits) / (time.perf_counter() - begun)
    for asker in askers:
        asker.close()
    return rate, statistics.median(waits) * 1000


def _same(asker: Asker) -> Asker:
    return asker


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    broker = Broker()
    try:
        with Program() as program:
            program.answers["control"] = lambda *_: (CODES.OK, {})
            program.keeps = False
            program.server.start()
            port = int(program.server.get_server_config()["SOCKET_PORT"])
            for connections in CONNECTIONS:
                measured: Dict[str, List[Tuple[float, float]]] = {"the program": [], "the broker itself": []}
                for _ in range(runs):
                    measured["the program"].append(program.loop.run_until_complete(asked(port, "$ask", connections)))
                    measured["the broker itself"].append(program.loop.run_until_complete(asked(broker.port, "$time", connections)))
                for name, figures in measured.items():
                    rate, wait = (statistics.median(it) for it in zip(*figures))
                    print(f"{connections} connections, {name}: {rate:.0f} decisions a second, {wait:.2f} ms each", flush=True)
    finally:
        broker.stop()


if __name__ == "__main__":
    main()
