"""`make seed-million`: a shop with a million products, brought in as staff would: by imports."""

import argparse
import json
import time
import urllib.request
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from bench.assortment import COLORS, MATERIALS, Assortment, Item
from bench.shop import Shop, log_in, running_shop

ROWS = 100_000
"""Of one import."""
DATA = Path("var/million")
ATTRIBUTES: list[dict[str, Any]] = [
    {"code": "color", "name": "Color", "type": "choice", "choices": COLORS},
    {"code": "material", "name": "Material", "type": "choice", "choices": MATERIALS},
    {"code": "brand", "name": "Brand", "type": "text"},
    {"code": "weight", "name": "Weight", "type": "number", "unit": "kg"},
    {"code": "handmade", "name": "Handmade", "type": "boolean"},
]


def row_of(item: Item) -> dict[str, Any]:
    """As an import takes it."""
    row: dict[str, Any] = {
        "sku": item.sku,
        "name": item.name,
        "description": item.description,
        "price": {"amount": item.amount, "currency": "USD"},
        "stock": item.stock,
        "categories": [" > ".join(item.category)],
        "attributes": item.attributes,
    }
    if item.group:
        row["group"] = {"slug": item.group, "name": item.group_name, "options": item.options}
    return row


def call(shop: Shop, method: str, path: str, body: Any = None, kind: str = "json") -> Any:
    """The answer's JSON, as the admin sees it."""
    headers = {**log_in(shop), "Content-Type": f"application/{kind}"}
    data = json.dumps(body).encode() if kind == "json" and body is not None else body
    request = urllib.request.Request(shop.url + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def seed(shop: Shop, count: int) -> dict[str, float]:
    """Rows per second of each import, without the time for sending its file."""
    for attribute in ATTRIBUTES:
        call(shop, "POST", "/api/attributes", {**attribute, "filterable": True})
    rates = {}
    for number, rows in enumerate(_files(count)):
        job = call(shop, "POST", "/api/imports?create_categories=true", rows, "x-ndjson")
        rates[f"{number * ROWS:,}"] = rate = _wait(shop, job["id"])
        print(f"\r{min((number + 1) * ROWS, count):9,} products, {rate:6,.0f}/s", flush=True)
    return rates


def _files(count: int) -> Iterator[bytes]:
    items = Assortment().items(count)
    while rows := list(islice(items, ROWS)):
        yield b"".join(json.dumps(row_of(item)).encode() + b"\n" for item in rows)


def _wait(shop: Shop, job_id: str) -> float:
    begun = time.monotonic()
    while True:
        job = call(shop, "GET", f"/api/imports/{job_id}")
        rate = float(job["rows"]["done"] / (time.monotonic() - begun))
        if job["state"] == "done":
            if job["counts"]["failed"]:
                raise SystemExit(f"rows failed: see /api/imports/{job_id}/errors")
            return round(rate, 1)
        print(f"\r{job['rows']['done']:9,} of {job['rows']['total']:,}, {rate:6,.0f}/s ", end="")
        time.sleep(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, default=DATA)
    chosen = parser.parse_args()
    if chosen.data.exists():
        raise SystemExit(f"{chosen.data} is there already: remove it, or give another --data")
    with running_shop(chosen.data, sample=False) as shop:
        seed(shop, chosen.products)
    print(f"done; look around in it: DATA_DIR={chosen.data} make run")


if __name__ == "__main__":
    main()
