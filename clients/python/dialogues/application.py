"""What an application of a scenario has: handlers, a codec, and how events of its clients are told."""

from typing import Any, Callable, Dict, List

from rialto_client.options import PlainJson

Json = Dict[str, Any]
Tell = Callable[[str, Json], None]
Hold = Callable[[List[Callable[[], None]]], Callable[[], Any]]

EVENTS: Dict[str, Callable[[Any], Json]] = {
    "state": lambda it: {**it._asdict(), "wait": None if it.wait is None else round(it.wait * 1_000_000) / 1000 if it.wait else 0},
    "subscription": lambda it: {"subscription": it.state, **{name: value for name, value in it._asdict().items() if name != "state"}},
    "publish": lambda it: {"publish": it.outcome, "channel": it.channel, "reason": it.error.reason, "status": it.error.status},
    "slow": lambda it: {"slow": it.channel, "dropped": it.dropped},
    "error": lambda it: {"error": it.kind, "text": str(it.error)},
}


class FailsOnBad(PlainJson):
    """A codec that cannot decode ``"bad"``."""

    def decode(self, data: Any) -> Any:
        if data == "bad":
            raise ValueError("bad data")
        return data


class Handler:
    """What a subscription's handler does with its messages, and which of them it holds."""

    def __init__(self, tell: Tell, hold: Hold, who: str, of: str, does: str) -> None:
        self.tell, self.hold, self.who, self.of, self.does = tell, hold, who, of, does
        self.held: List[Callable[[], None]] = []
        self.messages: List[Any] = []

    def take(self, message: Any) -> None:
        self.messages.append(message)
        about = {"channel": message.channel, "from": message.sender, "qos": message.qos, "id": message.id, "retained": message.retained}
        self.tell(self.who, {"message": message.data, "of": self.of, **about})

    def __call__(self, message: Any) -> Any:
        # Held before it is told of: the harness may let go of it at once.
        wait = self.hold(self.held) if self.does == "holds" else None
        self.take(message)
        if self.does == "fails":
            raise ValueError("the handler fails")
        return wait() if wait is not None else None
