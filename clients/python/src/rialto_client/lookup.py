"""Names of hosts become addresses on a thread of their own, which nothing waits for when the client ends (K-60, K-62)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from typing import Any, Callable, List, TypeVar

T = TypeVar("T")


async def addresses_of(host: str, port: int) -> List[str]:
    """Returns the addresses of a host. ``OSError``: it has none."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        found = await in_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return [host]


def in_thread(work: Callable[[], T]) -> "asyncio.Future[T]":
    """Runs something that blocks on a daemon thread of its own.

    The threads of a loop's executor would hold up the end of the program.
    """
    loop = asyncio.get_running_loop()
    future: "asyncio.Future[T]" = loop.create_future()

    def finish(result: Any, error: Any) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def run() -> None:
        result: Any = None
        problem: Any = None
        try:
            result = work()
        except Exception as error:
            problem = error
        except BaseException as error:
            # Raised in the loop, `sys.exit()` would end that.
            problem = RuntimeError(f"it ended with {error!r}")
        try:
            loop.call_soon_threadsafe(finish, result, problem)
        except RuntimeError:
            # The loop is closed, and nobody asks any more.
            pass

    threading.Thread(target=run, name="rialto-client-lookup", daemon=True).start()
    return future
