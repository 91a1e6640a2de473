"""Many that come at once, to a service as it is served: on uvloop, in a process of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.anyio
REGULARS, NEWCOMERS = 8, 56
SERVER = """
import asyncio, sys, time, uvloop
from shopkit.server import serve_apps

async def slow(scope, receive, send):
    time.sleep(0.003)
    head = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
    await send(head)
    await send({"type": "http.response.body"})

uvloop.run(serve_apps((f"unix:{sys.argv[1]}", slow)))
"""


@pytest.fixture
async def socket(tmp_path: Path) -> AsyncIterator[str]:
    path = tmp_path / "crowd.sock"
    program = (sys.executable, "-c", SERVER, str(path))
    process = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout and b"serving" in await process.stdout.readline()
    yield str(path)
    process.terminate()
    await process.wait()


async def test_newcomers_are_not_left_waiting_while_regulars_come_back(socket: str) -> None:
    answers = [0] * (REGULARS + NEWCOMERS)
    all_served = asyncio.Event()

    async def ask(number: int) -> None:
        reader, writer = await asyncio.open_unix_connection(socket)
        while not all_served.is_set():
            writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            answers[number] += 1
            if all(answers):
                all_served.set()
        writer.close()

    async with asyncio.TaskGroup() as tasks:
        for number in range(REGULARS):
            tasks.create_task(ask(number))
        while not all(answers[:REGULARS]):
            await asyncio.sleep(0.01)
        answers[:REGULARS] = [1] * REGULARS
        for number in range(REGULARS, REGULARS + NEWCOMERS):
            tasks.create_task(ask(number))
    assert max(answers) < NEWCOMERS / 2
