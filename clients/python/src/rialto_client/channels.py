"""The channels of a client: what is subscribed to on the wire, and who gets what comes (K-20 to K-27, K-35, K-36)."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Protocol

from .acknowledger import Acknowledger
from .channel import Channel
from .connection import Connection
from .environment import Environment
from .errors import Refused, RialtoError, offline, refusal
from .farewell import status_of, text_of
from .framing import encode
from .inbox import Delivery, Member
from .options import Inbox, SlowEvent, SubscriptionEvent
from .requests import Requests
from .unclaimed import Unclaimed

_BYTES_MAX = 64 * 1024 * 1024
_REQUEST_SECONDS = 10.0

Done = Callable[[Optional[RialtoError]], None]


class Report(Protocol):
    """Who is told of events."""

    def tell(self, name: str, event: Any) -> None:
        """An event has happened."""


class Channels:
    """All subscriptions of a client."""

    def __init__(self, env: Environment, connection: Connection, requests: Requests, limits: Inbox, report: Report) -> None:
        self.limits = limits
        self._env = env
        self._connection = connection
        self._requests = requests
        self._report = report
        self._channels: Dict[str, Channel] = {}
        self._acknowledger = Acknowledger(connection)
        self._unclaimed = Unclaimed(lambda event: report.tell("slow", event))
        self._bytes = 0
        self._is_paused = False
        self._must_read = False
        self._takes_pushes = True

    # What the application asks.

    def add(self, member: Member) -> None:
        """Adds a subscription, and makes it on the wire when there is a session."""
        channel = self._channels.get(member.channel)
        if channel is None:
            channel = self._channels[member.channel] = Channel()
        other = next((it for it in channel.members if not it.listens), None)
        if not member.listens and other is not None and other.persistent != member.persistent:
            text = f"{member.channel} has a subscription with another persistence"
            return member.become("ended", Refused(text, "refused"), reason="refused", text=text)
        channel.members.append(member)
        if member.listens:
            member.become("active")
        elif self._connection.is_online:
            self._subscribe(member.channel, channel, [member])
        self._claim(member.channel, channel)

    def unsubscribe(self, member: Member, done: Done) -> None:
        """Ends a subscription, at the server too if it is the channel's last (K-26)."""
        channel = self._channels[member.channel]
        if member.state == "ended":
            return done(None)
        channel.remove(member)
        member.become("ended", reason="unsubscribed")
        if member.listens or channel.wired():
            return done(None)
        channel.forget()
        if self._connection.send(encode("unsub", {"cn": member.channel})):
            channel.await_end(member.channel, self._env.clock, done)
        elif member.persistent:
            done(offline(f"the end of the subscription to {member.channel}"))
        else:
            # The server drops what is not persistent with the connection.
            done(None)

    def stop(self, member: Member, reason: str = "unsubscribed") -> None:
        """Ends a subscription here only."""
        if member.state != "ended":
            self._channels[member.channel].remove(member)
            member.become("ended", reason=reason)

    def must_read(self, must: bool) -> None:
        """Says whether a call waits for its answer, so that reading must go on at full inboxes."""
        if must != self._must_read:
            self._must_read = must
            self._consider_reading()

    def drain(self, done: Callable[[], None]) -> None:
        """Takes no more pushes and calls ``done`` when non-persistent subscriptions and running handlers have ended (K-61)."""
        self._takes_pushes = False
        members = list(self._members())
        left = len(members) + 1

        def one_less(_: Optional[RialtoError] = None) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                done()

        for member in members:
            member.forget_waiting()
            left += 1
            member.when_idle(one_less)
            if member.persistent or member.listens:
                one_less()
            else:
                self.unsubscribe(member, one_less)
        one_less()

    def end(self, error: RialtoError) -> None:
        """Ends all subscriptions."""
        self._unclaimed.clear()
        for channel in self._channels.values():
            channel.forget()
            channel.settle_leavers()
            for member in list(channel.members):
                channel.remove(member)
                member.become("ended", error, reason="closed")
        self._channels.clear()
        self._takes_pushes = True

    # What a subscription asks of its owner.

    def drained(self, size: int) -> None:
        """A message has left an inbox."""
        self._bytes -= size
        if self._is_paused:
            self._consider_reading()

    def tell_slow(self, event: SlowEvent) -> None:
        """Messages are dropped."""
        self._report.tell("slow", event)

    def tell_subscription(self, event: SubscriptionEvent) -> None:
        """The state of a subscription has changed."""
        self._report.tell("subscription", event)

    def give_up(self, member: Member) -> None:
        """Its handler failed too often (K-32)."""
        self.stop(member, "handler-failed")

    def abandon(self, delivery: Delivery) -> None:
        """A message may be given out again with the next connection."""
        if delivery.id is not None:
            self._acknowledger.abandon(delivery.id)

    def acknowledge(self, delivery: Delivery) -> None:
        """All that had a message are done with it, or one of them has failed."""
        if delivery.id is None:
            return
        if delivery.has_failed:
            self._acknowledger.release(delivery.id)
        else:
            self._acknowledger.acknowledge(delivery.id)

    # What the connection brings.

    @property
    def has_room(self) -> bool:
        """Whether a connection that was left because of all that waits may be opened again (K-36)."""
        return self._bytes <= _BYTES_MAX / 2

    def online(self, resumed: bool) -> None:
        """Subscribes again before all else, in the order of the subscriptions (K-23)."""
        self._is_paused = False
        self._acknowledger.online()
        lasting = False
        for name, channel in list(self._channels.items()):
            channel.resumed = resumed
            members = channel.wired()
            channel.retained_for = set(members)
            if members and members[0].persistent and channel.was_made:
                lasting = True
            elif members:
                self._subscribe(name, channel, members)
        if lasting:
            self._requests.ask("$mySubscriptions", "{}", _REQUEST_SECONDS, False, self._compare)
        self._consider_reading()

    def lost(self) -> None:
        """The connection is lost."""
        self._acknowledger.lost()
        self._unclaimed.clear()
        for channel in self._channels.values():
            channel.lost()
            for member in channel.wired():
                if member.state == "active":
                    member.become("waiting")

    def subscribed(self, body: Mapping[str, Any]) -> None:
        """Takes a ``subAck``."""
        name = str(body.get("cn"))
        channel = self._channels.get(name)
        if channel is None or not channel.asked:
            return
        members = [member for member in channel.asked.popleft() if member.state != "ended"]
        status, text = status_of(body), text_of(body)
        if status == 1:
            channel.made(members)
        elif status == 5:
            wait = channel.backoff(self._env.random).next_wait("")
            channel.set_timer(self._env.clock.set(wait, lambda: self._subscribe(name, channel, channel.wired())))
        else:
            for member in members:
                channel.remove(member)
                error = refusal(f"the subscription to {name}", status, text)
                member.become("ended", error, reason="refused", status=status, text=text)

    def unsubscribed(self, body: Mapping[str, Any]) -> None:
        """Takes an ``unsubAck``."""
        channel = self._channels.get(str(body.get("cn")))
        if channel is not None and channel.leavers:
            status = status_of(body)
            what = f"the end of the subscription to {body.get('cn')}"
            channel.leavers.popleft()(None if status == 1 else refusal(what, status, text_of(body)))

    def push(self, body: Mapping[str, Any], size: int) -> None:
        """Takes a ``push``."""
        delivery = Delivery(body, size, self.acknowledge)
        if delivery.id is not None and not self._takes_pushes:
            return
        channel = self._channels.get(str(delivery.channel))
        if channel is None or not channel.members:
            return self._unclaimed.keep(delivery)
        self._deliver(delivery, channel)

    def _deliver(self, delivery: Delivery, channel: Channel) -> None:
        members = channel.members
        if delivery.retained:
            members = [it for it in members if it.listens or it in channel.retained_for]
        if delivery.id is not None:
            lasts = any(it.persistent or it.listens for it in members)
            if not self._acknowledger.is_new(delivery.id, lasts):
                return
        # Held open until all have it: one that is done at once must not end it for the others.
        delivery.open_count += 1
        for member in [*members]:
            if member.take(delivery):
                self._bytes += delivery.size
        delivery.leave()
        if self._bytes > _BYTES_MAX:
            self._connection.lose("overrun")
        elif not self._is_paused and not self._must_read:
            # Without `any`, whose generator costs as much as taking a small message.
            for member in members:
                if member.is_full:
                    return self._consider_reading()

    def _consider_reading(self) -> None:
        if self._is_paused:
            pause = not self._must_read and any(member.is_half_full for member in self._members())
        else:
            pause = not self._must_read and any(member.is_full for member in self._members())
        if pause != self._is_paused:
            self._is_paused = pause
            self._connection.read(not pause)

    def _members(self) -> Iterator[Member]:
        for channel in self._channels.values():
            yield from channel.members

    def _subscribe(self, name: str, channel: Channel, members: List[Member]) -> None:
        channel.set_timer(None)
        if not members:
            return
        body: Dict[str, Any] = {"cn": name}
        if members[0].persistent:
            body["pr"] = 1
        if self._connection.send(encode("sub", body)):
            channel.asked.append(members)

    def _compare(self, answer: Any, error: Optional[RialtoError]) -> None:
        """Subscribes to the persistent channels that the server does not have (K-23)."""
        if error is not None and not self._connection.is_online:
            return
        there = answer.get("subscriptions") if isinstance(answer, dict) else None
        for name, channel in list(self._channels.items()):
            members = [it for it in channel.wired() if it.persistent and it.state == "waiting"]
            if not members:
                continue
            if isinstance(there, dict) and there.get(name) == "persistent":
                channel.kept(members)
            else:
                self._subscribe(name, channel, members)

    def _claim(self, name: str, channel: Channel) -> None:
        for delivery in self._unclaimed.take(name):
            self._deliver(delivery, channel)
