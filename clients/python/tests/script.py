"""The core without sockets: a scripted server, a clock that the test moves, fixed random numbers."""

import json
from typing import Any, Callable, Dict, List, Optional, Tuple

from rialto_client.core import Core
from rialto_client.environment import Listener, Timer
from rialto_client.errors import RialtoError
from rialto_client.inbox import InHand, Member
from rialto_client.options import Credentials, Provider, Settings, Token, Why
from tests.clock import MovedClock


class Carrier:
    def __init__(self, script: "Script") -> None:
        self.script = script
        self.is_paused = False
        self.is_aborted = False

    def send(self, frame: bytes) -> None:
        self.script.frames.append(frame)
        self.script.sent.append(json.loads(frame))

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def abort(self) -> None:
        self.is_aborted = True

    def end(self, done: Callable[[], None]) -> None:
        done()


class User:
    """Takes the messages of a subscription, at once unless it is told to hold them."""

    def __init__(self, handle: Optional[Callable[[Any], None]] = None) -> None:
        self.member: Member
        self.handle = handle
        self.holds = False
        self.seen: List[Any] = []
        self.held: List[InHand] = []
        self.error: Optional[RialtoError] = None

    def available(self) -> None:
        if self.holds:
            if not self.held:
                self.hold_next()
            return
        in_hand = self.member.begin()
        while in_hand is not None:
            self.seen.append(in_hand.delivery.data)
            try:
                if self.handle is not None:
                    self.handle(in_hand.delivery.data)
            except ValueError:
                in_hand.failed()
            else:
                in_hand.handled()
            in_hand = self.member.begin()

    def hold_next(self) -> None:
        in_hand = self.member.begin()
        if in_hand is not None:
            self.seen.append(in_hand.delivery.data)
            self.held.append(in_hand)

    def release(self) -> None:
        """The handler of the message in hand returns."""
        self.held.pop(0).handled()
        self.hold_next()

    def became(self, state: str, error: Optional[RialtoError]) -> None:
        self.error = error


class Script:
    """The server's side of a core under test."""

    def __init__(
        self, settings: Settings = Settings(retry_first=True), credentials: Credentials = Token("ada", "t"), addresses: Tuple[str, ...] = ("jmqt://a",),
        random: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self.clock = MovedClock()
        self.random = random
        self.sent: List[Dict[str, Any]] = []
        self.frames: List[bytes] = []
        self.opened: List[str] = []
        self.events: List[Tuple[str, Any]] = []
        self.outcomes: Dict[str, Optional[RialtoError]] = {}
        self.answers: List[Tuple[Any, Optional[RialtoError]]] = []
        self.asked: List[Why] = []
        self.connection: Listener
        self.carrier: Carrier
        self.core = Core(self, addresses, credentials, settings, self)
        self.core.connect()

    # The environment.

    def open(self, address: str, listener: Listener) -> Carrier:
        self.opened.append(address)
        self.connection = listener
        self.carrier = Carrier(self)
        return self.carrier

    def ask(self, provider: Provider, why: Why, answer: Callable[[Any, Optional[BaseException]], None]) -> Timer:
        self.asked.append(why)
        self.answer = answer
        return self.clock.set(1_000_000, lambda: None)

    # The owner.

    def tell(self, name: str, event: Any) -> None:
        self.events.append((name, event))

    def came_online(self) -> None:
        pass

    def has_ended(self, error: RialtoError) -> None:
        pass

    # The test's words.

    def online(self, **body: Any) -> "Script":
        self.connection.opened()
        self.say(connAck={"st": 1, "ts": 15, **body})
        return self

    def say(self, **packet: Any) -> None:
        self.connection.frame(json.dumps(packet).encode())

    def lose(self) -> None:
        """Ends the connection, and lets the wait for the next one pass."""
        self.connection.closed(1006, "")
        self.clock.advance(20)

    def take(self) -> List[Dict[str, Any]]:
        sent, self.sent = self.sent, []
        return sent

    def publish(self, name: str, channel: str = "c", data: str = "1", may_wait: bool = True) -> Any:
        def settle(error: Optional[RialtoError]) -> None:
            assert name not in self.outcomes, f"{name} was answered twice"
            self.outcomes[name] = error

        return self.core.publisher.keep(channel, data, False, settle, may_wait)

    def ask_control(self, repeat: bool = False) -> None:
        self.core.requests.ask("$time", "{}", 10.0, repeat, lambda answer, error: self.answers.append((answer, error)))

    def subscribe(self, channel: str, user: Optional[User] = None, persistent: bool = False, listens: bool = False, ack: str = "handled") -> User:
        user = user or User()
        user.member = Member(self.core.channels, channel, persistent, listens, ack, user, True)
        self.core.channels.add(user.member)
        return user

    def subscribed(self, channel: str, user: Optional[User] = None, persistent: bool = False) -> User:
        user = self.subscribe(channel, user, persistent)
        self.say(subAck={"st": 1, "cn": channel})
        self.take()
        return user

    def of(self, name: str) -> List[Any]:
        return [event for it, event in self.events if it == name]

    @property
    def state(self) -> Tuple[str, Optional[str]]:
        """The state and the last reason."""
        return self.core.state, self.of("state")[-1].reason
