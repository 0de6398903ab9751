"""The client for programs without asyncio: its calls wait, and may come from any thread.

One daemon thread runs the connection, one the listeners, and one each subscription's handler. Handlers and listeners may
call anything here, save what would wait for themselves.
"""

from __future__ import annotations

import ssl
import weakref
from concurrent.futures import Future
from typing import Any, Callable, List, Optional, Sequence, Type, TypeVar, Union

from .blocking_subscription import Subscription
from .calls import Calls
from .endpoint import parse
from .environment import Clock
from .errors import Closed, ending
from .events import Events
from .framing import to_json
from .handover import Handler, Handover, ToCaller, ToHandler
from .inbox import Member
from .lookup import in_thread
from .options import Codec, Credentials, Identity, Inbox, Listener, Outbox, PlainJson, Provider, Settings, Why
from .session import Session, checked_qos
from .threads import HandlerThread, NetworkThread, follow, void

__all__ = ["Client", "Subscription", "connect"]

T = TypeVar("T")

_END_SECONDS = 2.0
_DRAIN_SECONDS = 10.0
_REQUEST_SECONDS = 10.0


class Client:
    """A connection to a broker that is made again after each loss; made by ``connect``. Use it with ``with``, or close it."""

    def __init__(
        self, addresses: Sequence[str], credentials: Credentials, settings: Settings, codec: Codec, tls: Optional[ssl.SSLContext],
        clock: Optional[Clock] = None,
    ) -> None:
        for address in addresses:
            parse(address)
        self._made_of = (addresses, _on_a_thread(credentials) if callable(credentials) else credentials, settings, codec, tls)
        self._clock = clock
        self._codec = codec
        self._events = Events()
        # Kept for listeners that were added before the client was connected again.
        self._workers: List[HandlerThread] = []
        self._start()

    def _start(self) -> None:
        self._network = NetworkThread()
        self._workers[:] = [HandlerThread()]
        self._session = Session(self._network.loop, *self._made_of, self._events, self._clock)
        self._calls = Calls(self._network, self._session)
        self._handovers: List[Handover] = []
        # At the end of the program too, or when nobody has the client any more.
        self._end = weakref.finalize(self, _end, self._network, self._workers[0], self._session, self._handovers)
        network, worker = self._network, self._workers[0]

        def end_threads() -> None:
            worker.stop(0)
            network.stop(0)

        # It has ended by itself: there is nothing left for the threads to do.
        self._session.ended_by_itself = lambda: void(network.loop.call_soon(end_threads))

    @property
    def state(self) -> str:
        """``idle``, ``connecting``, ``online``, ``waiting``, ``draining`` or ``closed``."""
        return self._session.core.state

    @property
    def id(self) -> str:
        """The client id of the session; empty before the first one."""
        return self._session.core.connection.id or ""

    def connect(self) -> None:
        """Connects again after the end, or waits until it is online. ``RialtoError``: it failed."""
        self._check("connect")
        if self.state == "closed":
            self.close()
            self._start()
        self._wait(self._network.start(self._session.connect))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        if kind is None:
            self.drain()
        else:
            self.close()

    def publish(self, channel: str, data: Any, *, qos: int = 0, retain: bool = False) -> None:
        """Publishes. QoS 1: returns when the broker has stored it; QoS 0: when it was handed to the connection.

        ``Refused``, ``Lost``, ``Full`` or ``Closed`` say why it failed. Ctrl-C withdraws a QoS 1 publish that has not left.
        """
        self._check("publish")
        self._wait(self._publish(channel, data, checked_qos(qos), retain, True))

    def publish_nowait(self, channel: str, data: Any, *, qos: int = 1, retain: bool = False) -> "Future[None]":
        """Publishes without waiting, and returns the answer to come; nobody has to look at it.

        It fails with ``Full`` if the outbox has no room, at QoS 0 if as many bytes have not left yet.
        """
        self._session.check_process("publish_nowait")
        return self._publish(channel, data, checked_qos(qos), retain, False)

    def send(self, client: str, data: Any, *, qos: int = 0) -> None:
        """Publishes to one client."""
        self.publish(f"#{client}", data, qos=qos)

    def request(self, control: str, data: Any = None, *, timeout: float = _REQUEST_SECONDS, repeat: bool = False) -> Any:
        """Asks a control channel, such as ``$time``. ``repeat``: ask again after a lost connection; it may act twice."""
        self._check("request")
        payload = self._encode({} if data is None else data)
        return self._wait(self._network.start(lambda: self._session.ask(control, payload, timeout, repeat)))

    def subscribe(
        self, channel: str, handler: Optional[Handler] = None, *, persistent: bool = False, ack: str = "handled", parallel: int = 1,
    ) -> Subscription:
        """Subscribes to a channel; ``ready`` on what it returns waits until it is active.

        With a handler, messages go to it, on ``parallel`` threads of its own; otherwise ``get`` them or iterate. ``ack`` says when a QoS 1
        message is acknowledged: when it was ``"handled"``, by ``message.ack()`` (``"manual"``), or as ``"received"``.
        """
        return self._subscribe("subscribe", channel, handler, persistent, False, ack, parallel)

    def listen(self, channel: str, handler: Optional[Handler] = None, *, ack: str = "handled") -> Subscription:
        """Takes what comes on a channel without subscribing to it."""
        return self._subscribe("listen", channel, handler, False, True, ack, 1)

    def direct(self, handler: Optional[Handler] = None) -> Subscription:
        """Takes messages to this client."""
        return self.listen(f"#{self._session.own_id}", handler)

    def on(self, event: str, listener: Listener) -> Callable[[], None]:
        """Calls ``listener``, on a thread for listeners, with each ``state``, ``subscription``, ``publish``, ``slow`` or
        ``error`` event. Returns how to stop that."""
        workers = self._workers
        return self._events.on(event, lambda it: void(workers[0].submit(lambda: listener(it))))

    def wake(self) -> None:
        """Says that the network may be back."""
        self._session.check_process("wake")
        self._network.submit(self._session.core.connection.wake)

    def drain(self, timeout: float = _DRAIN_SECONDS) -> None:
        """Lets handlers and publishes finish, for at most ``timeout`` seconds, then closes."""
        self._check("drain")
        if any(isinstance(it, ToHandler) and it.worker.is_here for it in self._handovers):
            raise RuntimeError("drain: it waits for the handlers, and this is one of them; use close, or another thread")
        try:
            if self._end.alive:
                for handover in list(self._handovers):
                    handover.drain()
                self._wait(self._network.start(lambda: self._session.drain(timeout)))
        except Closed:
            # It had ended before.
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Ends at once, in every state. Calls that wait fail with ``Closed``. The threads end, a handler that runs when it is over."""
        self._check("close")
        # Whoever ends it has waited for the handlers.
        has_waited = self._end.alive
        self._end()
        handlers = [it.worker for it in self._handovers if isinstance(it, ToHandler)]
        if not has_waited and not any(it.is_here for it in [*handlers, *self._workers]):
            # A handler may have begun to close it just before, which is then still under way.
            self._network.join(2 * _END_SECONDS)
            for worker in [*handlers, *self._workers]:
                worker.stop(_END_SECONDS)

    def _check(self, call: str) -> None:
        self._calls.check(call)

    def _wait(self, future: "Future[T]") -> T:
        return self._calls.wait(future)

    def _encode(self, data: Any) -> str:
        return to_json(self._codec.encode(data))

    def _publish(self, channel: str, data: Any, qos: int, retain: bool, may_wait: bool) -> "Future[None]":
        payload, session, network = self._encode(data), self._session, self._network
        future: "Future[None]" = Future()

        def act() -> None:
            try:
                if qos == 1:
                    follow(session.keep(channel, payload, retain, may_wait), future, network)
                elif may_wait:
                    follow(session.loop.create_task(session.send(channel, payload, retain)), future, network)
                else:
                    session.send_bounded(channel, payload, retain)
                    if future.set_running_or_notify_cancel():
                        future.set_result(None)
            except Exception as error:
                if future.set_running_or_notify_cancel():
                    future.set_exception(error)

        if not network.submit(act):
            future.set_exception(session.core.error or ending("asked"))
        return future

    def _subscribe(
        self, call: str, channel: str, handler: Optional[Handler], persistent: bool, listens: bool, ack: str,
        parallel: int,
    ) -> Subscription:
        self._check(call)
        handover: Handover
        if handler is None:
            handover = ToCaller(self._network, self._session)
        else:
            handover = ToHandler(self._network, self._session, handler, parallel)
        core = self._session.core

        async def add() -> None:
            core.check_open()
            handover.member = Member(core.channels, channel, persistent, listens, ack, handover, handler is not None)
            self._handovers[:] = [it for it in self._handovers if it.state != "ended"] + [handover]
            core.channels.add(handover.member)

        self._wait(self._network.start(add))
        return Subscription(channel, handover, self._calls)


def connect(
    address: Union[str, Sequence[str]], credentials: Credentials, *, retry_first: bool = False,
    give_up_after: Optional[float] = None, in_order: bool = False, outbox: Outbox = Outbox(), inbox: Inbox = Inbox(),
    codec: Codec = PlainJson(), tls: Optional[ssl.SSLContext] = None,
) -> Client:
    """Returns a client that is online. Options are those of ``rialto_client.connect``; ``RialtoError``: it could not connect.

    A function for credentials runs on a thread of its own each time.
    """
    addresses = [address] if isinstance(address, str) else list(address)
    client = Client(addresses, credentials, Settings(retry_first, give_up_after, in_order, outbox, inbox), codec, tls)
    try:
        client.connect()
    except BaseException:
        client.close()
        raise
    return client


def _on_a_thread(provider: Provider) -> Provider:
    # It may block, and must not keep the connection from being served, nor wait behind a handler that waits for it.
    async def ask(why: Why) -> Identity:
        identity = await in_thread(lambda: provider(why))
        if not isinstance(identity, (tuple, str)):
            raise TypeError("a blocking client's function for credentials returns a name, Token or Auth, and nothing to await")
        return identity

    return ask


def _end(network: NetworkThread, worker: HandlerThread, session: Session, handovers: List[Handover]) -> None:
    """Closes a client and ends its threads; the parts of it, since nobody may have the client itself any more."""
    try:
        session.check_process("close")
    except RuntimeError:
        # The threads are the parent's.
        return
    if network.is_here:
        # The garbage collector came by: nothing here can wait.
        network.loop.create_task(session.close()).add_done_callback(lambda _: network.stop(0))
        worker.stop(0)
        return
    closing = network.start(session.close)
    try:
        closing.result(_END_SECONDS + 1)
    except Exception:
        # It is closed as far as it can be; its threads are daemons.
        pass
    finally:
        for handover in handovers:
            if isinstance(handover, ToHandler):
                handover.worker.stop(_END_SECONDS)
        worker.stop(_END_SECONDS)
        network.stop(_END_SECONDS)
