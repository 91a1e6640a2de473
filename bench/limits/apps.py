"""What bounds the shop's speed from above: apps for uvicorn that do less than any shop can.

`constant` is ASGI alone: an answer of so many bytes. `bare` is a FastAPI application with one route
each for pages and products, which sends the same statements as catalog to the database by the
driver alone, and answers the rows as they are.
"""

import os
import pickle
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
from fastapi import FastAPI, Response
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

from shopkit.db import is_sqlite
from shopkit.sqlite import PRAGMAS

DATABASE = "LIMITS_DATABASE_URL"
STATEMENTS = "LIMITS_STATEMENTS"
FILES = "LIMITS_FILES"


def constant() -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """The bytes of the files `list` and `detail` in a folder."""
    folder = Path(os.environ[FILES])
    bodies = {f"/constant/{name}": (folder / name).read_bytes() for name in ("list", "detail")}

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = bodies[scope["path"]]
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def bare() -> FastAPI:
    """On SQLite or PostgreSQL."""
    url = os.environ[DATABASE]
    asked = pickle.loads(Path(os.environ[STATEMENTS]).read_bytes())
    ask = _asker_of_sqlite(url) if is_sqlite(url) else _asker_of_postgres(url)
    app = FastAPI(openapi_url=None)

    @app.get("/api/products")
    async def list_products(limit: int = 20, q: str | None = None) -> Response:
        wanted = f"limit={limit}" if q is None else f"q={q.replace(' ', '+')}"
        return await answer(f"/api/products?{wanted}")

    @app.get("/api/products/{ref}")
    async def get_product(ref: str) -> Response:
        return await answer(f"/api/products/{ref}")

    async def answer(path: str) -> Response:
        return Response(to_json(await ask(asked[path])), media_type="application/json")

    return app


def _asker_of_sqlite(url: str) -> Callable[[Any], Awaitable[Any]]:
    path = url.removeprefix("sqlite:///")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    for pragma in PRAGMAS[2:]:
        connection.execute(f"PRAGMA {pragma}")

    async def ask(statements: Any) -> Any:
        found = []
        for text, parameters in statements:
            cursor = connection.execute(text, parameters)
            names = [column[0] for column in cursor.description]
            found.append([dict(zip(names, row, strict=True)) for row in cursor.fetchall()])
        return found

    return ask


def _asker_of_postgres(url: str) -> Callable[[Any], Awaitable[Any]]:
    pool: Any = None

    async def ask(statements: Any) -> Any:
        nonlocal pool
        pool = pool or await asyncpg.create_pool(url, min_size=10, max_size=10)
        async with pool.acquire() as connection:
            return [
                [dict(row) for row in await connection.fetch(text, *parameters)]
                for text, parameters in statements
            ]

    return ask
