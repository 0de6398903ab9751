"""The two threads of a blocking client: one for its event loop, one for its handlers."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections import deque
from concurrent.futures import Future
from typing import Any, Callable, Coroutine, Deque, List, Optional, TypeVar

T = TypeVar("T")

_log = logging.getLogger("rialto_client")


class NetworkThread:
    """Runs an event loop on a daemon thread. What one thread submits is done in the order it was submitted."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._acts: Deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._is_woken = False
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="rialto-client", daemon=True)
        self._thread.start()

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this thread."""
        return threading.current_thread() is self._thread

    def submit(self, act: Callable[[], None]) -> bool:
        """Does something on the loop, soon; false if the thread has ended."""
        with self._lock:
            if self._is_over:
                return False
            self._acts.append(act)
            # One wake-up for many acts: each costs a system call.
            if not self._is_woken:
                self._is_woken = True
                self.loop.call_soon_threadsafe(self._do_all)
        return True

    def start(self, work: Callable[[], Coroutine[Any, Any, T]]) -> "Future[T]":
        """Starts a coroutine on the loop; cancelling the future cancels it."""
        future: "Future[T]" = Future()

        def begin() -> None:
            task = self.loop.create_task(work())
            follow(task, future, self)

        if not self.submit(begin):
            future.cancel()
        return future

    def stop(self, timeout: Optional[float]) -> None:
        """Ends the thread, and waits for that unless it is its own caller."""
        with self._lock:
            if not self._is_over:
                self._is_over = True
                self.loop.call_soon_threadsafe(self.loop.stop)
        if not self.is_here:
            self._thread.join(timeout)

    def join(self, timeout: float) -> None:
        """Waits until another thread has ended it."""
        self._thread.join(timeout)

    def _do_all(self) -> None:
        with self._lock:
            self._is_woken = False
            acts, self._acts = self._acts, deque()
        for act in acts:
            try:
                act()
            except Exception as error:
                # The others are of callers that wait.
                self.loop.call_exception_handler({"message": "an act of the client failed", "exception": error})

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            # What was submitted before the end is answered, if only by its end.
            self._do_all()
            self.loop.run_until_complete(self._end_tasks())
        finally:
            asyncio.set_event_loop(None)
            self.loop.close()

    async def _end_tasks(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.loop.shutdown_asyncgens()


def follow(source: "asyncio.Future[T]", target: "Future[T]", thread: NetworkThread) -> None:
    """Ends ``target`` as ``source`` ends, and cancels ``source`` if ``target`` is cancelled. To be called on the loop."""

    def ended(future: "asyncio.Future[T]") -> None:
        if future.cancelled():
            target.cancel()
            return
        error = future.exception()
        if not target.set_running_or_notify_cancel():
            return
        if error is not None:
            target.set_exception(error)
        else:
            target.set_result(future.result())

    def cancelled(future: "Future[T]") -> None:
        if future.cancelled():
            thread.submit(lambda: void(source.cancel()))

    source.add_done_callback(ended)
    target.add_done_callback(cancelled)


def void(_: object) -> None:
    """Forgets a result."""


class HandlerThread:
    """Runs what it is given on ``count`` daemon threads, which begin with the first of it: on one, one after the other."""

    def __init__(self, count: int = 1) -> None:
        self._count = count
        self._queue: "queue.SimpleQueue[Optional[Callable[[], None]]]" = queue.SimpleQueue()
        self._threads: List[threading.Thread] = []
        self._lock = threading.Lock()
        self._is_over = False

    @property
    def is_here(self) -> bool:
        """Whether the caller is on such a thread."""
        return threading.current_thread() in self._threads

    def submit(self, act: Callable[[], None]) -> bool:
        """Does something, in turn; false after the end."""
        with self._lock:
            if self._is_over:
                return False
            if not self._threads:
                self._threads = [self._new_thread() for _ in range(self._count)]
            self._queue.put(act)
        return True

    def stop(self, timeout: Optional[float]) -> None:
        """Ends the threads after what they were given, and waits for that save on one of them."""
        with self._lock:
            self._is_over = True
            for _ in self._threads:
                self._queue.put(None)
        if not self.is_here:
            for thread in self._threads:
                thread.join(timeout)

    def _new_thread(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="rialto-client-handlers", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        act = self._queue.get()
        while act is not None:
            try:
                act()
            except BaseException as error:
                # Even `sys.exit()`: the thread would end without a word, and what waits for it stay.
                _log.error("a listener failed", exc_info=error)
            act = self._queue.get()
