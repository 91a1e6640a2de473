"""The published catalogs that SHOP_TEST_CATALOGS names, in a catalog of our own, quickly."""

import csv
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from catalog.products import create_product
from catalog.schemas.products import ProductCreate
from shopkit.audit import By
from shopkit.db import Database

FOLDER = os.environ.get("SHOP_TEST_CATALOGS")
BATCH = 100


async def load(database: Database, now: datetime) -> None:
    """All products of all files, in the order in which they stand there."""
    rows = [row for path in sorted(Path(FOLDER or "").glob("*.csv")) for row in _products(path)]
    for start in range(0, len(rows), BATCH):
        await database.run(_create, rows=rows[start : start + BATCH], now=now)


def _create(conn: Connection, *, rows: list[dict[str, Any]], now: datetime) -> None:
    by = By(actor="loader", request_id="load")
    for row in rows:
        payload = ProductCreate.model_validate(row)
        create_product(conn, payload=payload, key=None, by=by, now=now, low_stock=5)


def _products(path: Path) -> list[dict[str, Any]]:
    """One product for each row with a price; what stands in the first row of a handle is all's."""
    found: list[dict[str, Any]] = []
    heads: dict[str, dict[str, str]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            head = heads.setdefault(row["Handle"], row)
            if row["Variant Price"]:
                found.append(_product(head, row, number=len(found)))
    return found


def _product(head: dict[str, str], row: dict[str, str], *, number: int) -> dict[str, Any]:
    option = row["Option1 Value"]
    name = head["Title"] if option in ("", "Default Title") else f"{head['Title']} ({option})"
    tags = [tag.strip() for tag in head["Tags"].split(",") if tag.strip()]
    return {
        "sku": row["Variant SKU"] or f"{head['Handle'][:50]}-{number}",
        "name": _printable(name)[:200],
        "description": _printable(head["Body (HTML)"])[:10_000],
        "price": {"amount": 100, "currency": "USD"},
        "attributes": {"vendor": head["Vendor"], "type": head["Type"], "tags": tags},
    }


def _printable(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
