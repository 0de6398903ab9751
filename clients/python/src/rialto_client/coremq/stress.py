"""Many connections at once, to see how many messages a server takes."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable, List

from .queue import MessageQueue


def parallel_stress(
    server: str, port: int, queue: str, count: int = 1000, wait: float = 0.01, workers: int = 10, listeners: int = 90,
) -> None:
    """Sends ``count`` messages on each of ``workers`` connections to ``listeners`` others, and prints what became of them."""
    rates: List[float] = []
    missing: List[int] = []
    ready = threading.Barrier(workers + listeners)

    def work() -> None:
        with_queue(lambda mq: None, send)

    def send(mq: MessageQueue) -> None:
        begun = time.monotonic()
        mq.stress(queue, count, wait, silent=True)
        rates.append(count / (time.monotonic() - begun))

    def listen(mq: MessageQueue) -> None:
        left = count * workers
        while left > 0 and mq.get_message(timeout=10)[0] is not None:
            left -= 1
        missing.append(left)

    def with_queue(prepare: Callable[[MessageQueue], Any], use: Callable[[MessageQueue], None]) -> None:
        mq = MessageQueue(server, port)
        try:
            mq.connect()
            prepare(mq)
            ready.wait()
            use(mq)
        finally:
            mq.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    threads += [threading.Thread(target=with_queue, args=(lambda mq: mq.subscribe(queue), listen)) for _ in range(listeners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"messages sent: {count * workers}, missing at listeners: {sum(missing)}")
    print(f"messages per second and worker: {min(rates):.0f} to {max(rates):.0f}, on average {sum(rates) / len(rates):.0f}")
