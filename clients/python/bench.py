"""This client and a broker beside nats-py with nats-server and paho-mqtt with mosquitto, in one run.

``python bench.py [RUNS]`` in ``clients/python``, with ``RIALTO_BINARY`` (a release build), ``PYTHONPATH=src:.``, the packages nats-py and
paho-mqtt, and Debian's nats-server and mosquitto. They take turns; the medians of five are printed, and the exit code says whether this client is
ahead. Same payload, same promise: at most once between one publisher and one subscriber, each message read from JSON; and publishes that are
acknowledged when the operating system has them, which JetStream promises by default (mosquitto acknowledges what it has in memory). ``synced`` is
what a broker of ours promises by default: acknowledged when the disk has it. All of it, clients and servers, shares the machine.
"""

import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, Awaitable, Callable, Dict, List, Optional

import nats
import paho.mqtt.client as paho

from rialto_client import blocking, connect
from tests.broker import Broker

FLEETING = 5_000
KEPT = 2_000
# So many are under way at once.
BATCH = 500
READING = {"channel": "office/temperature", "time": "2013-07-04T00:00:00", "value": 69.88, "note": "x" * 64}
PATIENCE_SECONDS = 30


class Countdown:
    """Is over when so many messages have come; counted on any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._left = 0
        self._over: "Optional[asyncio.Future[None]]" = None

    def begin(self, count: int) -> "asyncio.Future[None]":
        self._left, self._over = count, self._loop.create_future()
        return self._over

    def one(self) -> None:
        self._left -= 1
        if self._left == 0 and self._over is not None:
            self._over.set_result(None)

    def one_elsewhere(self) -> None:
        self._left -= 1
        if self._left == 0 and self._over is not None:
            self._loop.call_soon_threadsafe(self._over.set_result, None)


async def in_batches(count: int, countdown: Countdown, publish: Callable[[], Awaitable[None]]) -> None:
    """Publishes a batch, and the next one when the subscriber has it: nobody then drops anything."""
    for _ in range(count // BATCH):
        over = countdown.begin(BATCH)
        await publish()
        await asyncio.wait_for(over, PATIENCE_SECONDS)


class Peer:
    """A client library and its server: ``fleeting`` and ``kept`` deal with so many messages."""

    async def start(self) -> None: ...
    async def fleeting(self, count: int) -> None: ...
    async def kept(self, count: int) -> None: ...
    async def stop(self) -> None: ...


class Rialto(Peer):
    def __init__(self, durability: str) -> None:
        self.broker = Broker("--set", f"store.durability={durability}")

    async def start(self) -> None:
        self.countdown = Countdown(asyncio.get_running_loop())
        self.speaker = await connect(self.broker.address(), "speaker")
        self.listener = await connect(self.broker.address(), "listener")
        await self.listener.subscribe("readings", lambda _: self.countdown.one())

    async def fleeting(self, count: int) -> None:
        async def publish() -> None:
            for _ in range(BATCH):
                await self.speaker.publish("readings", READING)

        await in_batches(count, self.countdown, publish)

    async def kept(self, count: int) -> None:
        for _ in range(count // BATCH):
            await asyncio.gather(*(self.speaker.publish_nowait("kept", READING) for _ in range(BATCH)))

    async def stop(self) -> None:
        await asyncio.gather(self.speaker.close(), self.listener.close())
        self.broker.stop()


class RialtoBlocking(Peer):
    """The face without asyncio, beside paho, which has none either."""

    def __init__(self) -> None:
        self.broker = Broker("--set", "store.durability=os")

    async def start(self) -> None:
        self.countdown = Countdown(asyncio.get_running_loop())
        self.speaker = blocking.connect(self.broker.address(), "speaker")
        self.listener = blocking.connect(self.broker.address(), "listener")
        self.listener.subscribe("readings", lambda _: self.countdown.one_elsewhere()).ready()

    async def fleeting(self, count: int) -> None:
        async def publish() -> None:
            for _ in range(BATCH):
                self.speaker.publish_nowait("readings", READING, qos=0)

        await in_batches(count, self.countdown, publish)

    async def kept(self, count: int) -> None:
        for _ in range(count // BATCH):
            for answer in [self.speaker.publish_nowait("kept", READING) for _ in range(BATCH)]:
                answer.result(PATIENCE_SECONDS)

    async def stop(self) -> None:
        self.speaker.close()
        self.listener.close()
        self.broker.stop()


class Other(Peer):
    """A server of somebody else, in a directory of its own, on a free port."""

    def __init__(self, program: str, configuration: str, *arguments: str) -> None:
        self.directory = tempfile.mkdtemp(prefix="bench-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        path = os.path.join(self.directory, "server.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(configuration.format(port=self.port, directory=self.directory))
        self.child = subprocess.Popen([program, *arguments, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    async def reachable(self) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                assert time.monotonic() < end, "the server does not start"
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return

    def end(self) -> None:
        self.child.terminate()
        self.child.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


class NatsPy(Other):
    def __init__(self) -> None:
        super().__init__("nats-server", 'listen: 127.0.0.1:{port}\njetstream {{ store_dir: "{directory}" }}\n', "-c")

    async def start(self) -> None:
        self.countdown = Countdown(asyncio.get_running_loop())
        await self.reachable()
        self.speaker = await nats.connect(f"nats://127.0.0.1:{self.port}")
        self.listener = await nats.connect(f"nats://127.0.0.1:{self.port}")

        async def handle(message: Any) -> None:
            json.loads(message.data)
            self.countdown.one()

        await self.listener.subscribe("readings", cb=handle)
        await self.listener.flush()
        self.stream = self.speaker.jetstream()
        await self.stream.add_stream(name="kept", subjects=["kept"])

    async def fleeting(self, count: int) -> None:
        async def publish() -> None:
            for _ in range(BATCH):
                await self.speaker.publish("readings", json.dumps(READING).encode())

        await in_batches(count, self.countdown, publish)

    async def kept(self, count: int) -> None:
        for _ in range(count // BATCH):
            answers = [await self.stream.publish_async("kept", json.dumps(READING).encode()) for _ in range(BATCH)]
            await asyncio.gather(*answers)

    async def stop(self) -> None:
        await self.speaker.close()
        await self.listener.close()
        self.end()


class Paho(Other):
    def __init__(self) -> None:
        lines = "listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\n"
        super().__init__("/usr/sbin/mosquitto", lines, "-c")

    async def start(self) -> None:
        self.countdown = Countdown(asyncio.get_running_loop())
        await self.reachable()
        self.speaker, self.listener = self.open(), self.open()
        subscribed = threading.Event()
        self.listener.on_subscribe = lambda *_: subscribed.set()
        self.listener.on_message = self.handle
        self.listener.subscribe("readings")
        await asyncio.get_running_loop().run_in_executor(None, subscribed.wait, PATIENCE_SECONDS)

    def open(self) -> paho.Client:
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.max_inflight_messages_set(BATCH)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        return client

    def handle(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        json.loads(message.payload)
        self.countdown.one_elsewhere()

    async def fleeting(self, count: int) -> None:
        async def publish() -> None:
            for _ in range(BATCH):
                self.speaker.publish("readings", json.dumps(READING).encode(), qos=0)

        await in_batches(count, self.countdown, publish)

    async def kept(self, count: int) -> None:
        for _ in range(count // BATCH):
            for info in [self.speaker.publish("kept", json.dumps(READING).encode(), qos=1) for _ in range(BATCH)]:
                info.wait_for_publish(PATIENCE_SECONDS)

    async def stop(self) -> None:
        for client in (self.speaker, self.listener):
            client.disconnect()
            client.loop_stop()
        self.end()


async def measure(runs: int) -> int:
    peers: Dict[str, Peer] = {
        "rialto_client": Rialto("os"), "nats-py": NatsPy(), "rialto_client.blocking": RialtoBlocking(), "paho-mqtt": Paho(), "synced": Rialto("fsync"),
    }
    is_ahead = True
    try:
        for peer in peers.values():
            await peer.start()
        for task, count in (("fleeting", FLEETING), ("kept", KEPT)):
            rates: Dict[str, List[float]] = {name: [] for name in peers}
            costs: Dict[str, List[float]] = {name: [] for name in peers}
            for run in range(runs + 1):
                for name, peer in peers.items():
                    begun, used = time.perf_counter(), time.process_time()
                    await getattr(peer, task)(count)
                    # The first run warms up.
                    if run > 0:
                        rates[name].append(count / (time.perf_counter() - begun))
                        costs[name].append((time.process_time() - used) / count * 1e6)
            medians = {name: statistics.median(measured) for name, measured in rates.items()}
            for name, measured in rates.items():
                rate = f"{medians[name]:9.0f} messages a second ({min(measured):.0f} to {max(measured):.0f})"
                print(f"{task:9} {name:23} {rate}, {statistics.median(costs[name]):.0f} µs of this process each", flush=True)
            is_ahead &= medians["rialto_client"] > medians["nats-py"] and medians["rialto_client.blocking"] > medians["paho-mqtt"]
    finally:
        for peer in peers.values():
            await peer.stop()
    return 0 if is_ahead else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5)))
