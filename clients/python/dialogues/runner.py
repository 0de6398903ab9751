"""The runner of ``spec/dialogues`` for the asyncio client, and with ``--blocking`` for the blocking one.

Actions in, events out, each a line of JSON (see ``spec/dialogues/README.md``). Played by ``rialto-dialogues`` of the testkit.
"""

import asyncio
import gc
import json
import os
import ssl
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, List, Optional, cast

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parent), str(HERE)]

from application import EVENTS, FailsOnBad, Handler  # noqa: E402
from counted_clock import CountedClock  # noqa: E402
from faces import AsyncioFace, BlockingFace, Face, light  # noqa: E402
from rialto_client import Auth, Inbox, Outbox, Token, Unauthorized, Why  # noqa: E402
from rialto_client.options import PlainJson, Settings  # noqa: E402
from sockets import open_sockets  # noqa: E402
from tests.clock import MovedClock  # noqa: E402

Json = Dict[str, Any]

SETTLING_TURNS = 20


class Runner:
    """Carries out actions, one after the other."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.loop = asyncio.get_running_loop()
        self.clients: Dict[str, Any] = {}
        self.calls: Dict[str, List["asyncio.Future[Any]"]] = {}
        self.handlers: Dict[str, Handler] = {}
        self.clock: Optional[MovedClock] = MovedClock()
        self.counted = CountedClock(self.loop)
        self.rejections = 0
        self.loop.set_exception_handler(lambda _, context: self.reject(context))
        self.lock = threading.Lock()
        self.lines: List[str] = []
        self.own_tasks = asyncio.all_tasks()
        self.sockets = open_sockets()

    def reject(self, context: Json) -> None:
        self.rejections += 1
        error: Optional[BaseException] = context.get("exception")
        if error is None:
            print(context.get("message"), file=sys.stderr)
        else:
            traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)

    def write(self, line: Json) -> None:
        text = json.dumps(line)
        with self.lock:
            is_first = not self.lines
            self.lines.append(text + "\n")
        if is_first:
            self.loop.call_soon_threadsafe(self.flush)

    def flush(self) -> None:
        with self.lock:
            lines, self.lines = self.lines, []
        sys.stdout.write("".join(lines))
        sys.stdout.flush()

    def tell(self, who: str, event: Json) -> None:
        self.write({"who": who, "event": event})

    async def settle(self) -> None:
        """Lets everything run that can without new bytes and time."""
        for client in self.clients.values():
            await self.face.settle(client)
        for _ in range(SETTLING_TURNS):
            await asyncio.sleep(0)

    async def act(self, line: str) -> None:
        action = json.loads(line)
        n, name = action.pop("n"), action.pop("do")
        try:
            result = getattr(self, "do_" + name)(self.clients.get(action.get("who")), **action)
            result = await result if asyncio.iscoroutine(result) else None
            await self.settle()
            self.write({"n": n, **(result or {})})
        except Exception as error:
            self.write({"n": n, "failed": f"{name}: {error!r}"})

    def outcome(self, who: str, name: str, *calls: Awaitable[Any]) -> None:
        """Tells how calls end, once for all of them: as soon as one has failed."""
        futures: List["asyncio.Future[Any]"] = [asyncio.ensure_future(light(call)) for call in calls]
        self.calls[name] = futures

        async def wait() -> None:
            try:
                results = await asyncio.gather(*futures)
            except (Exception, asyncio.CancelledError) as failed:
                how = "refused" if getattr(failed, "reason", None) == "refused" else "failed"
                about = {name: getattr(failed, name, None) for name in ("reason", "status", "temporary")}
                how = "cancelled" if isinstance(failed, asyncio.CancelledError) else how
                self.tell(who, {"outcome": name, "is": how, "text": str(failed), **about})
            else:
                self.tell(who, {"outcome": name, "is": "done", "answer": results[0] if len(results) == 1 else None})

        self.own_tasks.add(self.loop.create_task(wait()))

    def credentials(self, who: str, given: Any) -> Any:
        def value(of: Json) -> Any:
            return Auth(of["auth"]) if "auth" in of else Token(of["client"], of["token"])

        if "function" not in given:
            return value(given)
        results = list(given["function"])

        def provide(why: Why) -> Any:
            self.tell(who, {"credentials": why.attempt, "reason": why.reason, "status": why.status})
            result = results.pop(0) if len(results) > 1 else results[0]
            if "throws" in result:
                raise ValueError(result["throws"])
            if "unauthorized" in result:
                raise Unauthorized()
            return self.face.hang() if "hangs" in result else value(result)

        return provide

    def do_connect(self, client: Any, who: str, addresses: Any = None, ca: str = "", options: Any = None, time: str = "") -> None:
        if client is not None:
            return self.face.begin(client)
        given = options or {}
        give_up = given.get("give_up_after_ms")
        settings = Settings(
            given.get("retry_first", False), None if give_up is None else give_up / 1000, given.get("in_order", False),
            Outbox(**given.get("outbox", {})), Inbox(**given.get("inbox", {})),
        )
        clock: Any = self.counted if time == "real" else self.clock
        codec = FailsOnBad() if given.get("codec") else PlainJson()
        tls = ssl.create_default_context(cafile=ca)
        client = self.face.make(addresses, self.credentials(who, given.get("credentials")), settings, codec, tls, clock)
        for name, form in EVENTS.items():
            client._events.on(name, lambda event, form=form: self.tell(who, form(event)))
        self.clients[who] = client
        self.face.begin(client)

    def subscribed(self, who: str, name: str, does: str, begin: Callable[[Optional[Handler]], Any]) -> None:
        handler = self.handlers[name] = Handler(self.tell, self.face.hold, who, name, does)
        self.outcome(who, name, self.face.ready(name, begin(None if does == "iterator" else handler), does == "iterator"))

    def do_subscribe(self, client: Any, who: str, channel: str, handler: str = "takes", **more: Any) -> None:
        name = more.pop("as")
        self.subscribed(who, name, handler, lambda it: self.face.subscribe(client, channel, it, more))

    def do_listen(self, client: Any, who: str, channel: str, handler: str = "takes", **more: Any) -> None:
        name = more.pop("as")
        self.subscribed(who, name, handler, lambda it: client.listen(channel, it, **more))

    def do_direct(self, client: Any, who: str, handler: str = "takes", **more: Any) -> None:
        self.subscribed(who, more["as"], handler, client.direct)

    def do_handler(self, _: Any, does: str, **more: Any) -> None:
        self.handlers[more["as"]].does = does

    async def do_release(self, _: Any, count: Optional[int] = None, **more: Any) -> None:
        handler = self.handlers[more["as"]]
        released, handler.held = handler.held[:count], handler.held[len(handler.held) if count is None else count :]
        for release in released:
            release()
            if self.face.is_threaded:
                # Threads that wake up together end in any order.
                await self.settle()

    def do_ack(self, _: Any, message: int, **more: Any) -> None:
        self.handlers[more["as"]].messages[message].ack()

    def do_next(self, _: Any, **more: Any) -> None:
        handler = self.handlers[more["as"]]

        async def take() -> None:
            message = await self.face.next(more["as"])
            if message is not None:
                handler.take(message)

        self.own_tasks.add(self.loop.create_task(take()))

    async def do_leave(self, _: Any, **more: Any) -> None:
        await self.face.leave(more["as"])

    def do_unsubscribe(self, _: Any, who: str, call: str, **more: Any) -> None:
        self.outcome(who, call, self.face.unsubscribe(more["as"]))

    def do_stop(self, _: Any, **more: Any) -> None:
        self.face.subscriptions[more["as"]].stop()

    def do_publish(
        self, client: Any, who: str, channel: str, data: Any = None, qos: int = 0, retain: bool = False, times: int = 1, bytes: int = 0,
        **more: Any,
    ) -> None:
        first, text = more.get("from", 0), json.dumps(data)
        values = (json.loads(text.replace('"<#>"', str(first + n))) for n in range(times))
        calls = [self.face.publish(client, channel, "x" * bytes if bytes else value, qos, retain) for value in values]
        self.outcome(who, more["as"], *calls)

    def do_send(self, _: Any, who: str, client: str, data: Any = None, qos: int = 0, **more: Any) -> None:
        self.outcome(who, more["as"], self.face.publish(self.clients[who], f"#{client}", data, qos, False))

    def do_request(
        self, client: Any, who: str, channel: str, data: Any = None, repeat: bool = False, timeout_ms: float = 10_000, **more: Any,
    ) -> None:
        self.outcome(who, more["as"], self.face.request(client, channel, data, timeout_ms / 1000, repeat))

    def do_cancel(self, _: Any, **more: Any) -> None:
        for call in self.calls[more["as"]]:
            call.cancel()

    def do_wake(self, client: Any, who: str) -> None:
        client.wake()

    def do_drain(self, client: Any, who: str, limit_ms: float = 10_000, **more: Any) -> None:
        self.outcome(who, more.get("as", "drain"), self.face.drain(client, limit_ms / 1000))

    def do_close(self, client: Any, who: str, **more: Any) -> None:
        self.outcome(who, more.get("as", "close"), self.face.close(client))

    def do_listener(self, client: Any, who: str, event: str) -> None:
        def fail(_: Any) -> None:
            raise ValueError("the listener fails")

        client._events.on(event, fail)

    async def do_advance(self, _: Any, ms: float) -> None:
        clock = cast(MovedClock, self.clock)
        await self.face.advance(list(self.clients.values()), clock, ms / 1000, self.settle)
        # The harness has time to notice a connection before it moves the clock on.
        await asyncio.sleep(0.002)

    def do_sync(self, _: Any) -> None:
        pass

    async def do_memory(self, _: Any) -> Json:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return {"bytes": pages * os.sysconf("SC_PAGE_SIZE")}

    async def do_left(self, _: Any) -> Json:
        # The thread of a function for credentials lives as long as the function does.
        self.face.release()
        for _turn in range(200):
            # The system tells of a socket's end a turn later.
            if open_sockets() <= self.sockets and self.face.threads() == 0:
                break
            await asyncio.sleep(0.01)
        gc.collect()
        await asyncio.sleep(0)
        tasks = [it for it in asyncio.all_tasks() if it not in self.own_tasks and it is not asyncio.current_task()]
        timers = len(cast(MovedClock, self.clock).timers) + self.counted.count()
        threads = self.face.threads() + len(tasks)
        return {"timers": timers, "threads": threads, "rejections": self.rejections, "sockets": max(0, open_sockets() - self.sockets)}

    async def do_end(self, _: Any) -> None:
        for handler in self.handlers.values():
            for release in handler.held:
                release()
        self.face.release()
        await asyncio.gather(*(self.face.close(client) for client in self.clients.values()), return_exceptions=True)
        self.clients.clear()
        self.handlers.clear()
        self.calls.clear()
        self.face.subscriptions.clear()
        self.clock = MovedClock()
        self.rejections = 0
        self.sockets = open_sockets()


async def main() -> None:
    blocking = "--blocking" in sys.argv
    loop = asyncio.get_running_loop()
    lines: "asyncio.Queue[str]" = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        os._exit(0)

    threading.Thread(target=read, name="reader", daemon=True).start()
    runner = Runner(BlockingFace() if blocking else AsyncioFace())
    lacks = {carrier: ["order-of-parallel"] for carrier in ("tcp", "tls", "websocket")} if blocking else {}
    runner.write({"runner": 1, "language": "python, blocking" if blocking else "python", "lacks": lacks})
    while True:
        await runner.act(await lines.get())


if __name__ == "__main__":
    asyncio.run(main())
