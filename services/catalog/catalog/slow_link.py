"""What the service and a process that reads for it (`catalog.slow_reader`) say to each other."""

import asyncio
import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

PATIENCE_SECONDS = 10.0
"""For so long a process may have a question without answering any."""
IDLE_SECONDS = 600.0
_HEAD = 5


def frame(content: bytes, *, failed: bool = False) -> bytes:
    """A message of the stream: its size, whether it is an error, and itself."""
    return len(content).to_bytes(_HEAD - 1) + bytes((failed,)) + content


class Frames:
    """Takes a stream apart."""

    def __init__(self) -> None:
        self._held = b""

    def received(self, data: bytes) -> list[tuple[bytes, bool]]:
        """Messages that are whole, and whether each is an error."""
        held, start, found = self._held + data, 0, []
        while len(held) >= (begin := start + _HEAD):
            end = begin + int.from_bytes(held[start : begin - 1])
            if len(held) < end:
                break
            found.append((held[begin:end], bool(held[begin - 1])))
            start = end
        self._held = held[start:]
        return found


class Reader(asyncio.Protocol):
    """The service's end. Answers come in the order of the questions."""

    transport: asyncio.Transport

    def __init__(self, has_answered: Callable[[], None]) -> None:
        self._has_answered = has_answered
        self._frames = Frames()
        self.asked: deque[asyncio.Future[bytes]] = deque()
        self.ready: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.asked.append(self.ready)  # the first message has no question
        self.at_work_since = time.monotonic()
        self.ended = asyncio.Event()

    def ask(self, question: bytes, answer: asyncio.Future[bytes]) -> None:
        """`answer` gets what the process reads or raises, or ConnectionError when it ends."""
        if self.transport.is_closing():  # uvloop tells it before it tells us
            answer.set_exception(_ended())
            return
        if not self.asked:
            self.at_work_since = time.monotonic()
        self.transport.write(frame(question))
        self.asked.append(answer)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for content, failed in self._frames.received(data):
            error = pickle.loads(content) if failed else None  # noqa: S301 (we wrote it)
            answer = self.asked.popleft()
            if answer.done():
                continue
            if error is None:
                answer.set_result(content)
            else:
                answer.set_exception(error)
        self.at_work_since = time.monotonic()
        self._has_answered()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()
        fail(self.asked)

    async def watch(self) -> None:
        """Until it has ended, or hangs, or nobody has asked for long."""
        while not self.ended.is_set() and (left := self._patience()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), min(left, PATIENCE_SECONDS))

    def _patience(self) -> float:
        """Seconds that are left to answer, or to be asked."""
        most = PATIENCE_SECONDS if self.asked else IDLE_SECONDS
        return self.at_work_since + most - time.monotonic()


def _ended() -> ConnectionError:
    return ConnectionError("The slow reader has ended.")


def fail(answers: Iterable[asyncio.Future[bytes]]) -> None:
    """Tell them who wait that the reader has ended."""
    for answer in answers:
        if not answer.done():
            answer.set_exception(_ended())
