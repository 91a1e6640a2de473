"""Has lists, facets and suggestions that may take long read by processes of their own
(`catalog.slow_reader`), beside whatever else the service does."""

import asyncio
import pickle
import socket
import sys
import time
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from typing import Any

from catalog.lexicon import Lexicon
from catalog.slow_link import Reader, fail
from shopkit.db import Database
from shopkit.logs import get_logger

log = get_logger()
MOST_READERS = 2
"""As many as there are connections for slow reads on PostgreSQL."""
ASKED_AHEAD = 2
"""Questions that a process has at a time, so that it need not wait for the next."""
GIVES_WAY_SECONDS = 1.0
AGAIN_SECONDS = 1.0
START_SECONDS = 60.0
_PROGRAM = "from shopkit.program import run; run('catalog.slow_reader')"
_COMMAND = (sys.executable, "-I", "-B", "-c", _PROGRAM)


class SlowReading:
    """There is one process from the first two questions on that come at a time, and another when
    that has a line while nobody orders; each until nobody has asked it for ten minutes. There is
    none on PostgreSQL, which has processes itself. Without them the database reads what is slow, as
    everywhere else."""

    def __init__(self, database: Database, lexicon: Lexicon, url: str) -> None:
        self._database, self._lexicon, self._url = database, lexicon, url
        self._line: deque[tuple[bytes, asyncio.Future[bytes]]] = deque()
        self._readers: list[Reader] = []
        self._reading_here = 0
        self._ordered_at = float("-inf")
        self._processes: asyncio.TaskGroup | None = None
        self._count = 0

    def give_way(self) -> None:
        """Somebody orders: for a second, what is slow has one process at most."""
        self._ordered_at = time.monotonic()

    async def read(self, function: Callable[..., bytes], **values: Any) -> bytes:
        """What one of `slow_reader.READS` says, called with a connection, a lexicon and these
        values. Raises what that raises."""
        if self._readers:
            answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            self._line.append((self._question(function, values), answer))
            self._hand_out()
            with suppress(ConnectionError):
                return await answer
        return await self._read_here(function, **values)

    def _question(self, function: Callable[..., bytes], values: dict[str, Any]) -> bytes:
        """With the edition of synonyms that all who read have to know: who asks twice must not be
        understood in two ways."""
        return pickle.dumps((function.__name__, values, self._lexicon.edition))

    async def _read_here(self, function: Callable[..., bytes], **values: Any) -> bytes:
        if self._reading_here:
            self._have(1)
        self._reading_here += 1
        try:
            return await self._database.read_slow(function, lexicon=self._lexicon, **values)
        finally:
            self._reading_here -= 1

    def _hand_out(self) -> None:
        """Who comes first is asked for first."""
        alone = time.monotonic() - self._ordered_at > GIVES_WAY_SECONDS
        most = MOST_READERS if alone else 1
        readers = self._readers[:most]
        while self._line and readers:
            reader = min(readers, key=lambda one: len(one.asked))
            if len(reader.asked) >= ASKED_AHEAD:
                self._have(most)
                return
            question, answer = self._line.popleft()
            if not answer.done():
                reader.ask(question, answer)

    async def run(self) -> None:
        if self._database.dialect == "sqlite":
            async with asyncio.TaskGroup() as processes:
                self._processes, self._count = processes, 0
                try:
                    await asyncio.Event().wait()  # until the service stops
                finally:
                    self._processes = None

    def _have(self, processes: int) -> None:
        if self._processes is not None and self._count < processes:
            self._count += 1
            self._processes.create_task(self._one(), context=Context())  # of no request

    async def _one(self) -> None:
        try:
            await self._serve()
        except OSError as exc:
            log.warning("slow_reader_not_there", reason=str(exc))
        await asyncio.sleep(AGAIN_SECONDS)
        self._count -= 1

    async def _serve(self) -> None:
        """Start a process, and ask it until it ends or is not needed. Raises OSError when it cannot
        be started, or ends or hangs while it starts."""
        process, reader = await self._start()
        try:
            async with asyncio.timeout(START_SECONDS):
                await reader.ready
            self._readers.append(reader)
            self._hand_out()
            await reader.watch()
            if reader.ended.is_set() or reader.asked:
                log.warning("slow_reader_ended", hangs=not reader.ended.is_set())
        finally:
            self._leave(reader)
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _start(self) -> tuple[Process, Reader]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            # Without an environment, like `catalog.drawing`: it is told all that it needs.
            process = await asyncio.create_subprocess_exec(
                *_COMMAND, str(theirs.fileno()), self._url, pass_fds=(theirs.fileno(),), env={}
            )
            _, reader = await asyncio.get_running_loop().create_connection(
                lambda: Reader(self._hand_out), sock=ours.dup()
            )
        return process, reader

    def _leave(self, reader: Reader) -> None:
        """What was asked of it, and what nobody else is there to ask for, is read here."""
        reader.transport.close()
        if reader in self._readers:
            self._readers.remove(reader)
        self._hand_out()
        if not self._readers:
            fail(answer for _, answer in self._line)
            self._line.clear()
