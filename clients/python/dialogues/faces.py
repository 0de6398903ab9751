"""Both faces of the Python client as the runner uses them: every call returns something to await."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Awaitable, Callable, Coroutine, Dict, List, Optional

from rialto_client import Client, Closed, blocking
from rialto_client.handover import ToHandler
from tests.clock import MovedClock

THREAD_SECONDS = 10.0
Settle = Callable[[], Awaitable[None]]


class Face:
    """What both faces share."""

    is_threaded = False

    def __init__(self) -> None:
        self.subscriptions: Dict[str, Any] = {}

    def make(self, *made_of: Any) -> Any:
        raise NotImplementedError

    def begin(self, client: Any) -> None:
        raise NotImplementedError

    def subscribe(self, client: Any, channel: str, handler: Any, more: Dict[str, Any]) -> Any:
        raise NotImplementedError

    def ready(self, name: str, subscription: Any, is_iterated: bool) -> Awaitable[Any]:
        raise NotImplementedError

    def next(self, name: str) -> Awaitable[Any]:
        raise NotImplementedError

    async def leave(self, name: str) -> None:
        raise NotImplementedError

    def unsubscribe(self, name: str) -> Awaitable[Any]:
        raise NotImplementedError

    def publish(self, client: Any, channel: str, data: Any, qos: int, retain: bool) -> Awaitable[Any]:
        raise NotImplementedError

    def request(self, client: Any, control: str, data: Any, timeout: float, repeat: bool) -> Awaitable[Any]:
        raise NotImplementedError

    def drain(self, client: Any, timeout: float) -> Awaitable[Any]:
        raise NotImplementedError

    def close(self, client: Any) -> Awaitable[Any]:
        raise NotImplementedError

    def hold(self, held: List[Callable[[], None]]) -> Callable[[], Any]:
        """Adds to `held` what lets go of a message, and returns how its handler waits for that."""
        raise NotImplementedError

    def hang(self) -> Any:
        raise NotImplementedError

    def release(self) -> None:
        """Lets go of what hangs."""

    async def settle(self, client: Any) -> None:
        """Lets the client's own threads come to rest, and a connection that is being opened get open, if it does soon."""
        session = client._session
        for _ in range(50):
            carrier = session.env._carrier if session is not None else None
            if carrier is None or carrier._has_opened or carrier._listener is None:
                return
            await asyncio.sleep(0.002)

    async def advance(self, clients: List[Any], clock: MovedClock, seconds: float, settle: Settle) -> None:
        raise NotImplementedError

    def threads(self) -> int:
        """How many threads of clients there are."""
        return sum(1 for thread in threading.enumerate() if thread.name.startswith("rialto-client"))


class AsyncioFace(Face):
    """The asyncio client."""

    def __init__(self) -> None:
        super().__init__()
        self._iterators: Dict[str, Any] = {}

    def make(self, *made_of: Any) -> Client:
        return Client(*made_of)

    def begin(self, client: Client) -> None:
        client.connect()

    def subscribe(self, client: Client, channel: str, handler: Any, more: Dict[str, Any]) -> Any:
        return client.subscribe(channel, handler, **more)

    def ready(self, name: str, subscription: Any, is_iterated: bool) -> Awaitable[Any]:
        self.subscriptions[name] = subscription
        if is_iterated:
            self._iterators[name] = subscription.__aiter__()
        return without_result(subscription.ready())

    async def next(self, name: str) -> Any:
        try:
            return await self._iterators[name].__anext__()
        except (StopAsyncIteration, Closed):
            return None

    async def leave(self, name: str) -> None:
        del self._iterators[name]

    def unsubscribe(self, name: str) -> Awaitable[Any]:
        return without_result(self.subscriptions[name].unsubscribe())

    def publish(self, client: Client, channel: str, data: Any, qos: int, retain: bool) -> Awaitable[Any]:
        return asyncio.ensure_future(client.publish(channel, data, qos=qos, retain=retain))

    def request(self, client: Client, control: str, data: Any, timeout: float, repeat: bool) -> Awaitable[Any]:
        return client.request(control, data, timeout=timeout, repeat=repeat)

    def drain(self, client: Client, timeout: float) -> Awaitable[Any]:
        return client.drain(timeout)

    def close(self, client: Client) -> Awaitable[Any]:
        return client.close()

    def hold(self, held: List[Callable[[], None]]) -> Callable[[], Any]:
        future: "asyncio.Future[None]" = asyncio.get_running_loop().create_future()
        held.append(lambda: None if future.done() else future.set_result(None))
        return lambda: future

    def hang(self) -> Any:
        return asyncio.get_running_loop().create_future()

    async def advance(self, clients: List[Any], clock: MovedClock, seconds: float, settle: Settle) -> None:
        await clock.advance_with(seconds, settle)


class BlockingFace(Face):
    """The blocking client. Calls that wait are made up of the same parts, so that their order does not hang on threads."""

    is_threaded = True

    def __init__(self) -> None:
        super().__init__()
        self._readers: Dict[str, ThreadPoolExecutor] = {}
        self._iterators: Dict[str, Any] = {}
        self._hanging = threading.Event()

    def make(self, addresses: Any, credentials: Any, settings: Any, codec: Any, tls: Any, clock: Any) -> blocking.Client:
        return blocking.Client(addresses, credentials, settings, codec, tls, clock if isinstance(clock, MovedClock) else None)

    def begin(self, client: blocking.Client) -> None:
        if client.state == "closed":
            # Its threads end by themselves, which may not have come about yet: what were submitted now would get lost.
            client._network.join(THREAD_SECONDS)
        if not client._network.submit(client._session.core.connect):
            client._start()
            client._network.submit(client._session.core.connect)

    def subscribe(self, client: blocking.Client, channel: str, handler: Any, more: Dict[str, Any]) -> Any:
        return client.subscribe(channel, handler, **more)

    def ready(self, name: str, subscription: Any, is_iterated: bool) -> Awaitable[Any]:
        self.subscriptions[name] = subscription
        if is_iterated:
            self._readers[name] = ThreadPoolExecutor(1)
            self._iterators[name] = iter(subscription)
        return without_result(in_thread(subscription.ready))

    def next(self, name: str) -> Awaitable[Any]:
        return in_executor(self._readers[name], lambda: next(self._iterators[name], None))

    async def leave(self, name: str) -> None:
        await in_executor(self._readers[name], self._iterators[name].close)
        self._readers.pop(name).shutdown()

    def unsubscribe(self, name: str) -> Awaitable[Any]:
        subscription = self.subscriptions[name]
        calls, member = subscription._calls, subscription._handover.member
        return asyncio.wrap_future(calls.network.start(lambda: calls.session.unsubscribe(member)))

    def publish(self, client: blocking.Client, channel: str, data: Any, qos: int, retain: bool) -> Awaitable[Any]:
        return asyncio.wrap_future(client._publish(channel, data, qos, retain, True))

    def request(self, client: blocking.Client, control: str, data: Any, timeout: float, repeat: bool) -> Awaitable[Any]:
        payload = client._encode({} if data is None else data)
        return asyncio.wrap_future(client._network.start(lambda: client._session.ask(control, payload, timeout, repeat)))

    def drain(self, client: blocking.Client, timeout: float) -> Awaitable[Any]:
        return in_thread(lambda: client.drain(timeout))

    def close(self, client: blocking.Client) -> Awaitable[Any]:
        return in_thread(client.close)

    def hold(self, held: List[Callable[[], None]]) -> Callable[[], Any]:
        event = threading.Event()
        held.append(event.set)

        def wait() -> None:
            event.wait()

        return wait

    def hang(self) -> Any:
        self._hanging.wait()
        return "nobody"

    def release(self) -> None:
        self._hanging.set()
        self._hanging = threading.Event()
        for reader in self._readers.values():
            reader.shutdown(wait=False)
        self._readers.clear()
        self._iterators.clear()

    async def settle(self, client: blocking.Client) -> None:
        async def turns() -> None:
            for _ in range(8):
                await asyncio.sleep(0)

        # First, so that a connection which its thread is to begin has begun.
        await on_network(client, turns)
        await super().settle(client)
        await on_network(client, turns)
        for handover in list(client._handovers):
            rested = threading.Event()
            if isinstance(handover, ToHandler) and handover.worker.submit(rested.set):
                # A handler may be held; then nothing goes on anyway.
                await asyncio.get_running_loop().run_in_executor(None, rested.wait, 0.02)
        await on_network(client, turns)

    async def advance(self, clients: List[Any], clock: MovedClock, seconds: float, settle: Settle) -> None:
        async def nothing() -> None:
            for _ in range(4):
                await asyncio.sleep(0)

        for client in clients:
            if not await on_network(client, lambda: clock.advance_with(seconds, nothing)):
                continue
            return
        clock.time += seconds


async def on_network(client: blocking.Client, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
    """Runs something on the client's loop; false if that has ended."""
    try:
        await asyncio.wrap_future(client._network.start(work))
    except asyncio.CancelledError:
        return False
    return True


async def light(call: Awaitable[Any]) -> Any:
    """Ends as the call does, without the data that its traceback holds on to."""
    try:
        return await call
    except Exception as error:
        raise error.with_traceback(None)


async def without_result(call: Awaitable[Any]) -> None:
    await call


def in_thread(work: Callable[[], Any]) -> "asyncio.Future[Any]":
    return asyncio.get_running_loop().run_in_executor(None, work)


def in_executor(executor: ThreadPoolExecutor, work: Callable[[], Any]) -> "asyncio.Future[Any]":
    return asyncio.get_running_loop().run_in_executor(executor, work)
