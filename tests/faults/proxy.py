"""A network between two processes: it loses, repeats, delays and cuts what it carries.

One `Link` carries the HTTP/1.1 calls of one caller to one callee. It reads whole messages, since
a loss is only interesting where it happens: before the effect or after it.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
SILENCE_SECONDS = 2.5
"""Longer than callers wait for a byte."""


class Fate(StrEnum):
    """Of one call."""

    PASS = "pass"
    LOST_REQUEST = "lost_request"
    LOST_ANSWER = "lost_answer"
    """The callee has done it, and the connection breaks."""
    CUT_ANSWER = "cut_answer"
    """Half of the answer arrives."""
    SILENCE = "silence"
    """The callee has done it, and the caller waits in vain."""
    TWICE = "twice"
    """It arrives two times at once; the first answer counts."""
    LATE_COPY = "late_copy"
    """It is answered, and arrives once more some seconds later."""
    DELAY = "delay"


LOSSES = (Fate.LOST_REQUEST, Fate.LOST_ANSWER, Fate.CUT_ANSWER, Fate.SILENCE)
REPETITIONS = (Fate.TWICE, Fate.LATE_COPY)
Choice = Callable[[bytes], Fate]
"""Says by the first line of a request what becomes of it."""


def calm(_: bytes) -> Fate:
    return Fate.PASS


@dataclass
class Weather:
    """Chooses by chance, the same for every run with this seed; shares of all calls, 0 to 1."""

    seed: str
    lost: float = 0.0
    repeated: float = 0.0
    delayed: float = 0.0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def __call__(self, _: bytes) -> Fate:
        number = self._random.random()
        if number < self.lost:
            return self._random.choices(LOSSES, weights=(4, 4, 2, 1))[0]
        if number < self.lost + self.repeated:
            return self._random.choice(REPETITIONS)
        return Fate.DELAY if number < self.lost + self.repeated + self.delayed else Fate.PASS


@dataclass
class Script:
    """Does one thing to the calls whose first line has `pattern`, so many times."""

    pattern: str
    fate: Fate
    times: int = 1
    done: int = 0

    def __call__(self, first_line: bytes) -> Fate:
        if self.done < self.times and re.search(self.pattern, first_line.decode("latin-1")):
            self.done += 1
            return self.fate
        return Fate.PASS


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """Head and body. Raises IncompleteReadError at the end of the stream."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = LENGTH.search(head)
    return head + await reader.readexactly(int(length[1]) if length else 0)


@dataclass
class Link:
    """Listens on one Unix socket, and calls another; a connection of its own for each call."""

    listen: str
    callee: str
    choose: Choice = calm
    counts: Counter[Fate] = field(default_factory=Counter)
    _late: set["asyncio.Task[None]"] = field(default_factory=set)
    _open: set["asyncio.Task[None]"] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, self.listen)

    async def close(self) -> None:
        self._server.close()
        for task in (*self._open, *self._late):
            task.cancel()
        await asyncio.gather(*self._open, *self._late, return_exceptions=True)

    async def clear(self) -> None:
        """Good weather from now on; what is still under way arrives."""
        self.choose = calm
        while self._late:
            await asyncio.gather(*self._late)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            while await self._carry(await read_message(reader), writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _carry(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """False when the connection is to break."""
        fate = self.choose(request.partition(b"\r\n")[0])
        self.counts[fate] += 1
        if fate == Fate.LOST_REQUEST:
            return False
        if fate == Fate.DELAY:
            await asyncio.sleep(random.uniform(0.05, 1.0))
        if fate in REPETITIONS:
            self._send_again(request, 0 if fate == Fate.TWICE else random.uniform(0.1, 5))
        answer = await self._call(request)
        if fate == Fate.SILENCE:
            await asyncio.sleep(SILENCE_SECONDS)
        if fate in (Fate.LOST_ANSWER, Fate.SILENCE):
            return False
        writer.write(answer[: len(answer) // 2] if fate == Fate.CUT_ANSWER else answer)
        await writer.drain()
        return fate != Fate.CUT_ANSWER

    def _send_again(self, request: bytes, after: float) -> None:
        async def send() -> None:
            await asyncio.sleep(after)
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._call(request)

        task = asyncio.create_task(send())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _call(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self.callee)
        try:
            writer.write(request)
            return await read_message(reader)
        finally:
            writer.close()
