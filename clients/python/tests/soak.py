"""Publishes and receives for a long time, while the broker is killed now and then; memory must stay flat and nothing get lost.

``python -m tests.soak [SECONDS [RATE]]`` in ``clients/python``, with ``RIALTO_BINARY`` and ``PYTHONPATH=src:.``. ``RATE`` is how many
messages each writer publishes in a second at most; without it as many as go through.
"""

import asyncio
import gc
import os
import sys
import time
from pathlib import Path
from typing import Dict, List, Optional

from rialto_client import Client, Message, Outbox, connect
from tests.broker import Broker

SCHEMES = ("jmqt", "ws")
KILL_SECONDS = 30.0
WARM_SHARE = 0.2
GROWTH_MIB_MAX = 16.0
# So many publishes are under way at once for each client.
IN_FLIGHT_COUNT = 100
PATIENCE_SECONDS = 60.0


class Soak:
    """A pair of clients for each carrier, and what they did."""

    def __init__(self, broker: Broker, seconds: float, rate: Optional[float] = None, kill_seconds: float = KILL_SECONDS) -> None:
        self.broker = broker
        self.rate = rate
        self.kill_seconds = kill_seconds
        self.kill_count = 0
        self.end = time.monotonic() + seconds
        self.published: Dict[str, int] = {}
        self.highest: Dict[str, int] = {}
        self.received_count = 0
        self.warm_mib: Optional[float] = None
        self.warm_at = time.monotonic() + seconds * WARM_SHARE

    async def run(self) -> None:
        killer = asyncio.ensure_future(self.kill_now_and_then())
        try:
            await asyncio.gather(*(self.pair(scheme) for scheme in SCHEMES))
        finally:
            killer.cancel()
            await asyncio.gather(killer, return_exceptions=True)

    async def kill_now_and_then(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.kill_seconds)
            self.broker.kill()
            self.kill_count += 1
            await loop.run_in_executor(None, self.broker.run)
            self.measure()

    async def pair(self, scheme: str) -> None:
        address, complete = self.broker.address(scheme), asyncio.Event()

        def handle(message: Message) -> None:
            self.received_count += 1
            expected = self.highest.get(scheme, -1) + 1
            # Repeated ones may come, but none may be left out.
            assert message.data["n"] <= expected, f"{expected} to {message.data['n'] - 1} are missing over {scheme}"
            self.highest[scheme] = max(expected - 1, message.data["n"])
            if self.published.get(scheme) == self.highest[scheme] + 1 and time.monotonic() > self.end:
                complete.set()

        async with connect(address, f"soak-reader-{scheme}", retry_first=True) as reader:
            await reader.subscribe(f"soak/{scheme}", handle, persistent=True)
            async with connect(address, f"soak-writer-{scheme}", retry_first=True, outbox=Outbox(count=1000)) as writer:
                await self.publish(writer, scheme)
            if self.highest.get(scheme) != self.published[scheme] - 1:
                await asyncio.wait_for(complete.wait(), PATIENCE_SECONDS)

    async def publish(self, writer: Client, scheme: str) -> None:
        n, payload, begin = 0, "x" * 200, time.monotonic()
        while time.monotonic() < self.end:
            batch: List["asyncio.Future[None]"] = []
            for _ in range(IN_FLIGHT_COUNT):
                self.published[scheme] = n + 1
                batch.append(writer.publish_nowait(f"soak/{scheme}", {"n": n, "payload": payload}))
                n += 1
            await asyncio.gather(*batch)
            if self.rate:
                await asyncio.sleep(max(0.0, begin + n / self.rate - time.monotonic()))

    def measure(self) -> None:
        gc.collect()
        mib = resident_mib()
        print(f"{self.received_count} messages received, {mib:.1f} MiB resident", flush=True)
        if self.warm_mib is None and time.monotonic() > self.warm_at:
            self.warm_mib = mib
        elif self.warm_mib is not None:
            assert mib < self.warm_mib + GROWTH_MIB_MAX, f"{mib:.1f} MiB resident, {self.warm_mib:.1f} when it was warm"


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3600.0
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else None
    broker = Broker()
    try:
        soak = Soak(broker, seconds, rate)
        asyncio.run(soak.run())
        soak.measure()
        print(f"published {sum(soak.published.values())}, none lost")
    finally:
        broker.stop()


if __name__ == "__main__":
    main()
