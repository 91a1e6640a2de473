"""Imports and undos whose service is killed, for real, and begun again."""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from catalog.import_files import ImportFiles
from catalog.imports import create_import, undo_import
from catalog.new_products import create_products, new_product
from catalog.product_places import Places
from catalog.schemas.products import ProductCreate
from shopkit.audit import By
from shopkit.clock import SYSTEM_CLOCK
from shopkit.databases import open_database
from shopkit.db import Database
from shopkit.forked import end, start_program
from shopkit.ids import new_id
from shopkit.testing import TokenFactory

from .test_bulk import new
from .test_imports import lines

pytestmark = pytest.mark.anyio
ROWS, OLD, KILLS = 2000, 200, 3
BY = By(new_id(), None)
UNTOUCHED = "SELECT count(*) FROM products WHERE name LIKE 'Old %' AND version = 1"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


def rows_of(conn: Connection, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in conn.execute(text(sql))]


async def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Beside the service, which has SQLite for itself as far as writing goes."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(make_url(url).database or "")) as conn:
            return [tuple(row) for row in conn.execute(sql)]
    async with opened(url) as database:
        return await database.read(rows_of, sql)


async def begin(url: str, folder: Path) -> str:
    """An import of products that are new, and of some that are not."""

    def some(conn: Connection) -> None:
        for n in range(0, OLD, 50):
            old = [{"sku": f"OLD-{n + m}", "name": f"Old {n + m}"} for m in range(50)]
            price = {"amount": 1, "currency": "USD"}
            payloads = [ProductCreate.model_validate(one | {"price": price}) for one in old]
            wanted = [one.model_dump(exclude={"stock"}) for one in payloads]
            made = [new_product(one, 1, Places({}, {}, {}, [])) for one in wanted]
            create_products(conn, made, by=BY, now=SYSTEM_CLOCK.now())

    async def chunks() -> AsyncIterator[bytes]:
        for n in range(ROWS):
            yield lines(new(f"NEW-{n}", stock=1))
            if n % (ROWS // OLD) == 0:
                yield lines({"sku": f"OLD-{n // (ROWS // OLD)}", "attributes": {"seen": n}})

    id_ = new_id()
    received = await ImportFiles(folder).receive(id_, chunks())
    async with opened(url) as database:
        await database.run(some)
        rest = {"digest": received.digest, "create_categories": False, "key": None, "by": BY}
        await database.run(
            create_import, id=id_, size=received.size, total=received.total,
            now=SYSTEM_CLOCK.now(), **rest,
        )  # fmt: skip
    return id_


def serve(url: str, tokens: TokenFactory, number: int) -> ForkServerProcess:
    settings = {
        "DATABASE_URL": url,
        "LISTEN": f"unix:{tokens.folder / f'{number}.sock'}",
        "INTERNAL_LISTEN": f"unix:{tokens.folder / f'{number}-in.sock'}",
        "AUTH_URL": f"unix:{tokens.folder / 'nobody.sock'}",
        "JWKS_CACHE": str(tokens.jwks_cache),
        "FILES_DIR": str(tokens.folder / "files"),
        "LOG_LEVEL": "ERROR",
    }
    own = {f"CATALOG_{name}": value for name, value in settings.items()}
    return start_program("catalog", "serve", own, tokens.folder / f"{number}.log")


async def finish_though_killed(url: str, tokens: TokenFactory, copies: int) -> int:
    """Let the newest import come to its end; how often a service was killed in its midst."""
    killed, seen = 0, 0
    async with AsyncExitStack() as stack:

        def started(number: int) -> ForkServerProcess:
            process = serve(url, tokens, number)
            stack.push_async_callback(kill, process)
            return process

        running = [started(number) for number in range(copies)]
        newest = "SELECT state, done, total FROM imports ORDER BY id DESC LIMIT 1"
        for _ in range(3000):
            await asyncio.sleep(0.02)
            ((state, done, total),) = await query(url, newest)
            if state == "done":
                return killed
            if killed < KILLS and done > seen + total // (2 * KILLS):
                number, seen = killed % copies, done
                await kill(running[number])
                running[number] = started(number)
                killed += 1
    raise AssertionError((state, done))


async def kill(process: ForkServerProcess) -> None:
    await asyncio.to_thread(end, process, signal.SIGKILL, 30)


async def test_killed_anywhere_every_row_has_its_effect_once(
    database_url: str, tokens: TokenFactory
) -> None:
    copies = 1 if database_url.startswith("sqlite") else 2
    id_ = await begin(database_url, tokens.folder / "files")
    assert await finish_though_killed(database_url, tokens, copies) == KILLS

    async def one(sql: str) -> tuple[Any, ...]:
        (found,) = await query(database_url, sql)
        return found

    of_job = "SELECT done, created, updated, unchanged, failed FROM imports WHERE kind = "
    assert await one(f"{of_job}'import'") == (ROWS + OLD, ROWS, OLD, 0, 0)
    assert await one("SELECT count(*), sum(version) FROM products") == (ROWS + OLD, ROWS + 2 * OLD)
    assert await one("SELECT count(*), sum(on_hand) FROM stock") == (ROWS + OLD, ROWS + OLD)
    assert await one("SELECT count(*), sum(quantity) FROM stock_movements") == (
        ROWS + OLD, ROWS + OLD,
    )  # fmt: skip
    assert await one("SELECT count(*) FROM product_search") == (ROWS + OLD,)
    assert await one("SELECT count(*) FROM import_changes") == (ROWS + OLD,)
    assert await one(UNTOUCHED) == (0,)
    async with opened(database_url) as database:
        await database.run(undo_import, id=id_, key=None, by=BY, now=SYSTEM_CLOCK.now())
    assert await finish_though_killed(database_url, tokens, copies) == KILLS
    of_undo = "SELECT done, deleted, updated, failed FROM imports WHERE kind = 'undo'"
    assert await one(of_undo) == (ROWS + OLD, ROWS, OLD, 0)
    live = "SELECT count(*), sum(version) FROM products WHERE status <> 'deleted'"
    assert await one(live) == (OLD, 3 * OLD)
    assert await one("SELECT count(*) FROM products WHERE details LIKE '%seen%'") == (0,)
    assert await one("SELECT count(*) FROM audit_log WHERE action LIKE 'import.%'") == (2,)
