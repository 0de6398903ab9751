"""The client for asyncio."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Callable, Generator, Optional, Sequence, Type, Union

from .endpoint import parse
from .environment import Clock
from .events import Events
from .options import Codec, Credentials, Inbox, Listener, Outbox, PlainJson, Settings
from .session import Session, checked_qos
from .subscription import Handler, Subscription

_DRAIN_SECONDS = 10.0
_REQUEST_SECONDS = 10.0


class Client:
    """A connection to a broker that is made again after each loss; made by ``connect``.

    Await it, or use it as ``async with connect(…) as client``. All calls belong to the event loop it was first used on.
    """

    def __init__(
        self, addresses: Sequence[str], credentials: Credentials, settings: Settings, codec: Codec, tls: Optional[ssl.SSLContext],
        clock: Optional[Clock] = None,
    ) -> None:
        for address in addresses:
            parse(address)
        self._made_of = (addresses, credentials, settings, codec, tls)
        self._clock = clock
        self._events = Events()
        self._session: Optional[Session] = None

    @property
    def state(self) -> str:
        """``idle``, ``connecting``, ``online``, ``waiting``, ``draining`` or ``closed``."""
        return self._session.core.state if self._session is not None else "idle"

    @property
    def id(self) -> str:
        """The client id of the session; empty before the first one."""
        return (self._session.core.connection.id or "") if self._session is not None else ""

    def connect(self) -> None:
        """Begins to connect; after the end, again. Await the client instead to know that it is online."""
        self._here("connect").core.connect()

    async def ready(self) -> None:
        """Waits until it is online. ``RialtoError``: it ended."""
        await self._here("ready").ready()

    def __await__(self) -> Generator[Any, None, "Client"]:
        self.connect()
        yield from self.ready().__await__()
        return self

    async def __aenter__(self) -> "Client":
        try:
            return await self
        except BaseException:
            await self.close()
            raise

    async def __aexit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        if kind is None:
            await self.drain()
        else:
            await self.close()

    async def publish(self, channel: str, data: Any, *, qos: int = 0, retain: bool = False) -> None:
        """Publishes. QoS 1: returns when the broker has stored it; QoS 0: when it was handed to the connection.

        ``Refused``, ``Lost``, ``Full`` or ``Closed`` say why it failed. Cancelling withdraws a QoS 1 publish that has not left.
        """
        session = self._here("publish")
        payload = session.encode(data)
        if checked_qos(qos) == 1:
            await session.keep(channel, payload, retain, True)
        elif not session.send_now(channel, payload, retain):
            await session.send(channel, payload, retain)

    def publish_nowait(self, channel: str, data: Any, *, qos: int = 1, retain: bool = False) -> "asyncio.Future[None]":
        """Publishes without waiting, and returns the answer to come; nobody has to look at it.

        ``Full``: the outbox has no room, which this call cannot wait for; at QoS 0, that as many bytes have not left yet.
        """
        session = self._here("publish_nowait")
        payload = session.encode(data)
        if checked_qos(qos) == 1:
            return session.keep(channel, payload, retain, False)
        session.send_bounded(channel, payload, retain)
        done: "asyncio.Future[None]" = session.loop.create_future()
        done.set_result(None)
        return done

    async def send(self, client: str, data: Any, *, qos: int = 0) -> None:
        """Publishes to one client."""
        await self.publish(f"#{client}", data, qos=qos)

    async def request(self, control: str, data: Any = None, *, timeout: float = _REQUEST_SECONDS, repeat: bool = False) -> Any:
        """Asks a control channel, such as ``$time``. ``repeat``: ask again after a lost connection; it may act twice."""
        session = self._here("request")
        return await session.ask(control, session.encode({} if data is None else data), timeout, repeat)

    def subscribe(
        self, channel: str, handler: Optional[Handler] = None, *, persistent: bool = False, ack: str = "handled", parallel: int = 1,
    ) -> Subscription:
        """Subscribes to a channel; await what it returns to know that it is active.

        With a handler, messages go to it, ``parallel`` at once; otherwise iterate over the subscription. ``ack`` says when a
        QoS 1 message is acknowledged: when it was ``"handled"``, by ``message.ack()`` (``"manual"``), or as ``"received"``.
        """
        session = self._here("subscribe")
        session.core.check_open()
        return Subscription(session, channel, handler, persistent, False, ack, parallel)

    def listen(self, channel: str, handler: Optional[Handler] = None, *, ack: str = "handled") -> Subscription:
        """Takes what comes on a channel without subscribing to it."""
        session = self._here("listen")
        session.core.check_open()
        return Subscription(session, channel, handler, False, True, ack, 1)

    def direct(self, handler: Optional[Handler] = None) -> Subscription:
        """Takes messages to this client. ``RuntimeError``: it has no id before its first session."""
        return self.listen(f"#{self._here('direct').own_id}", handler)

    def on(self, event: str, listener: Listener) -> Callable[[], None]:
        """Calls ``listener`` with each ``state``, ``subscription``, ``publish``, ``slow`` or ``error`` event.

        Returns how to stop that.
        """
        return self._events.on(event, listener)

    def wake(self) -> None:
        """Says that the network may be back."""
        self._here("wake").core.connection.wake()

    async def drain(self, timeout: float = _DRAIN_SECONDS) -> None:
        """Lets handlers and publishes finish, for at most ``timeout`` seconds, then closes."""
        await self._here("drain").drain(timeout)

    async def close(self) -> None:
        """Ends at once, in every state. Calls that wait fail with ``Closed``, handlers are cancelled."""
        await self._here("close").close()

    def _here(self, call: str) -> Session:
        try:
            running: Optional[asyncio.AbstractEventLoop] = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if self._session is None:
            if running is None:
                raise RuntimeError(f"{call}: there is no running event loop; use rialto_client.blocking without one")
            self._session = Session(running, *self._made_of, self._events, self._clock)
        if running is not self._session.loop or self._session.is_of_parent:
            self._session.check_process(call)
            self._session.check_loop(running, call)
        return self._session


def connect(
    address: Union[str, Sequence[str]], credentials: Credentials, *, retry_first: bool = False,
    give_up_after: Optional[float] = None, in_order: bool = False, outbox: Outbox = Outbox(), inbox: Inbox = Inbox(),
    codec: Codec = PlainJson(), tls: Optional[ssl.SSLContext] = None,
) -> Client:
    """Returns a client, which connects when it is awaited or entered with ``async with``.

    ``address``: ``jmqt://host``, ``jmqts:``, ``ws:`` or ``wss:``, or several, which are tried in turn, in random order unless
    ``in_order``. ``credentials``: a client's name, ``Token(client, token)``, ``Auth(data)``, or a function that returns one of
    them. ``retry_first``: go on if the first round of attempts fails. ``give_up_after``: end after so many seconds without a
    session. ``tls``: instead of Python's default. ``ValueError``: an address is none.
    """
    addresses = [address] if isinstance(address, str) else list(address)
    return Client(addresses, credentials, Settings(retry_first, give_up_after, in_order, outbox, inbox), codec, tls)
