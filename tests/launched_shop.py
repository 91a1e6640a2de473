"""The shop as `make run` starts it, on a free port and with data of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

ROOT = Path(__file__).parents[1]
START_TIMEOUT = 90.0
STOP_TIMEOUT = 30.0
LAST_LINE = "Ctrl-C stops it."
SERVICES = ("auth", "catalog", "cart", "orders")


@dataclass
class LaunchedShop:
    url: str
    data: Path
    process: subprocess.Popen[bytes]
    output: Path

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_for(self, words: str, timeout: float = START_TIMEOUT) -> str:
        """All that it printed, as soon as `words` are in it; fails when it ends before."""
        deadline = time.monotonic() + timeout
        while words not in (text := self.text()):
            assert self.process.poll() is None, f"the launcher ended:\n{text}"
            assert time.monotonic() < deadline, f"{words!r} is not there after {timeout} s:\n{text}"
            time.sleep(0.05)
        return text

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_TIMEOUT)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_starts = count()


def start(data: Path, settings: Mapping[str, str]) -> LaunchedShop:
    """Returns at once; `wait_for(LAST_LINE)` waits until it serves."""
    port = settings.get("GATEWAY_PORT") or str(free_port())
    given = {"GATEWAY_HOST": "127.0.0.1", "GATEWAY_PORT": port, "DATA_DIR": str(data), **settings}
    output = data.with_name(f"{data.name}.output-{next(_starts)}")
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "launcher"],
            cwd=ROOT,
            env={**os.environ, **given},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    return LaunchedShop(f"http://127.0.0.1:{port}", data, process, output)


@contextmanager
def launched_shop(data: Path, settings: Mapping[str, str]) -> Iterator[LaunchedShop]:
    shop = start(data, settings)
    try:
        shop.wait_for(LAST_LINE)
        yield shop
    finally:
        if shop.process.poll() is None:
            shop.stop()


def database_settings(name: str) -> dict[str, str]:
    """With TEST_POSTGRES_URL: a new database for each service. Without: SQLite, as always."""
    url = os.environ.get("TEST_POSTGRES_URL")
    if not url:
        return {}
    databases = {service: f"{name}_{service}_{os.getpid()}" for service in SERVICES}
    asyncio.run(_create(url, databases.values()))
    return {
        f"{service.upper()}_DATABASE_URL": urlsplit(url)._replace(path=f"/{database}").geturl()
        for service, database in databases.items()
    }


async def _create(url: str, names: Iterable[str]) -> None:
    connection = await asyncpg.connect(url)
    for name in names:
        await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
