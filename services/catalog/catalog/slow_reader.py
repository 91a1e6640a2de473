"""A process that reads what may take long, for as long as somebody asks on the socket that is its
first argument (the number of an open one); the second is the database's URL.

A question is a name of READS, arguments, but for connection and lexicon, and the edition of the
synonyms, pickled; the first message says that questions may come. Frames are those of
`catalog.slow_link`.
"""

import asyncio
import os
import pickle
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

import uvloop

from catalog.facets import count_facets
from catalog.lexicographer import SECONDS, Lexicographer, learn_synonyms
from catalog.lexicon import Lexicon
from catalog.listing import list_products
from catalog.slow_link import Frames, frame
from catalog.suggest import suggest
from shopkit.background import every
from shopkit.errors import Problem
from shopkit.logs import configure_logs
from shopkit.program import spare_what_stays
from shopkit.sqlite_reader import SqliteReader

READS: dict[str, Callable[..., bytes]] = {
    read.__name__: read for read in (list_products, count_facets, suggest)
}


class _Answering(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, database: SqliteReader, lexicon: Lexicon) -> None:
        self._database, self._lexicon = database, lexicon
        self._frames = Frames()
        self.ended = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(frame(b""))

    def data_received(self, data: bytes) -> None:
        for question, _ in self._frames.received(data):
            self.transport.write(self._answer(question))

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()

    def _answer(self, question: bytes) -> bytes:
        try:
            name, values, edition = pickle.loads(question)  # noqa: S301 (we wrote it)
            if edition != self._lexicon.edition:
                self._database.now(learn_synonyms, lexicon=self._lexicon)
            return frame(self._database.now(READS[name], lexicon=self._lexicon, **values))
        except Problem as problem:
            return frame(pickle.dumps(problem), failed=True)
        except Exception:
            error = RuntimeError(traceback.format_exc())
            return frame(pickle.dumps(error), failed=True)


async def _serve(number: int, url: str) -> None:
    """Until the socket ends. Who cannot follow the lexicon any more ends too: another will come."""
    database, lexicon = SqliteReader(url), Lexicon()
    lexicographer = Lexicographer(database, lexicon)
    await lexicographer.follow()
    spare_what_stays()
    _, answering = await asyncio.get_running_loop().create_connection(
        lambda: _Answering(database, lexicon), sock=socket.socket(fileno=number)
    )
    async with asyncio.TaskGroup() as beside:
        following = beside.create_task(every(SECONDS, lexicographer.follow_products))
        await answering.ended.wait()
        following.cancel()


def main() -> None:
    os.nice(10)
    configure_logs("catalog", "WARNING")
    for one in (signal.SIGINT, signal.SIGTERM):  # to all processes at once: the service ends first
        signal.signal(one, signal.SIG_IGN)
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2]))
    os._exit(0)  # without closing the database; see SqliteReader
