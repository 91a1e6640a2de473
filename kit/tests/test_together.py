"""Answers leave with one system call, whole and in order."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from shopkit.server import Together

pytestmark = pytest.mark.anyio


class Recorded:
    """A transport of the event loop, and what it is given to write."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


@pytest.fixture
async def recorded() -> AsyncIterator[tuple[Recorded, asyncio.StreamReader]]:
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    yield Recorded(transport), reader
    writer.close()
    transport.close()


Pair = tuple[Recorded, asyncio.StreamReader]


async def test_a_head_and_its_body_are_one_write(recorded: Pair) -> None:
    transport, reader = recorded
    together = Together(transport)  # type: ignore[arg-type]
    for number in range(3):
        together.write(b"head %d " % number)
        together.write(b"body %d " % number)
    assert len(transport.written) == 3
    together.close()
    assert await reader.read() == b"head 0 body 0 head 1 body 1 head 2 body 2 "


async def test_what_comes_alone_leaves_in_the_next_turn(recorded: Pair) -> None:
    transport, reader = recorded
    together = Together(transport)  # type: ignore[arg-type]
    together.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
    together.write(b"the last")
    together.writelines([b" but", b" one"])
    together.write(b", and the last")
    together.write_eof()
    assert (await reader.read()).endswith(b"the last but one, and the last")


async def test_a_stream_is_never_held_whole(recorded: Pair) -> None:
    """Or nobody would be told to wait for a slow reader."""
    transport, _ = recorded
    together = Together(transport)  # type: ignore[arg-type]
    for _ in range(100):
        together.write(b"x" * 65_536)
    assert sum(map(len, transport.written)) >= 99 * 65_536
    assert together.get_write_buffer_size() > 65_536
