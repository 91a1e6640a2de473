"""Many upserts in one request."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from catalog.category_ways import KnownWays
from catalog.models import idempotency_keys
from catalog.upsert_places import fitting
from catalog.upsert_rows import Result, Row, row_of, shown
from catalog.upserts import Upserter
from shopkit.audit import By
from shopkit.db import Database
from shopkit.idempotency import Answer, fingerprint, replayable

CHUNK = 40
"""Rows of one transaction at most: more would keep checkouts waiting."""


async def upsert_products(
    database: Database,
    items: Sequence[Any],
    *,
    known: KnownWays,
    create_categories: bool,
    key: str | None,
    by: By,
    now: datetime,
) -> Answer:
    """Each chunk of the rows is a transaction that keeps its part of the answer under its part of
    the key. So a request that was cut short is finished by its repetition: what was done is
    answered as it was then, nothing is done twice, and the next chunk begins where that ended."""
    same = hashlib.sha256(json.dumps(items, sort_keys=True).encode()).hexdigest()
    results, replayed = list[Any](), list[bool]()
    while (start := len(results)) < len(items):
        rows = [row_of(start + at, one) for at, one in enumerate(items[start : start + CHUNK])]
        answer = await database.run(
            _upsert_chunk,
            rows=rows,
            known=known,
            create_categories=create_categories,
            key=key and (f"{key} {start}" if start else key),
            same=f"{same} {create_categories} {start}",
            by=by,
            now=now,
        )
        results += answer.body
        replayed.append(answer.replayed)
        await asyncio.sleep(0)
    return Answer(200, {"items": results}, replayed=all(replayed))


def _upsert_chunk(
    conn: Connection,
    *,
    rows: Sequence[Row],
    known: KnownWays,
    create_categories: bool,
    key: str | None,
    same: str,
    by: By,
    now: datetime,
) -> Answer:
    def effect() -> Answer:
        upserter = Upserter(conn, known=known, by=by, now=now, create_categories=create_categories)
        most = fitting(rows, known.current(conn)) if create_categories else len(rows)
        return Answer(200, [_told(one) for one in upserter.apply(rows[:most]).results])

    return replayable(
        conn,
        table=idempotency_keys,
        key=key,
        caller=by.actor,
        route="upsert_products",
        fingerprint=fingerprint(None, same),
        now=now,
        effect=effect,
    )


def _told(result: Result) -> dict[str, Any]:
    within = f"/items/{result.row.number}"
    return {
        "index": result.row.number,
        "sku": result.row.sku,
        "status": result.status,
        "id": result.id,
        "errors": shown(result.errors, within),
        "warnings": shown(result.warnings, within),
    }
