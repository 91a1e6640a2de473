"""`make bench-million`: what a catalog of a million products costs whoever looks into it, beside
one of ten thousand in the same run, and whether slow reads hold up a checkout. On PostgreSQL with
CATALOG_DATABASE_URL in the environment; a database `…_small` beside it has the ten thousand."""

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import asyncpg

from bench.cpu import cpu_microseconds, own_megabytes, resident_megabytes
from bench.report import machine, revision, write
from bench.seed import call, seed
from bench.shop import Shop, log_in, make_guest_carts, running_shop
from bench.wrk import Request, measure

PAGES = 10_000
LIMIT = 20
WALK = 100
"""Products of a page on the way to page 10,000; a cursor does not know its page's size."""
SMALL = 10_000
CATALOG = ("shop-catalog", "slow_reader")
WARM = 3
"""Seconds before each measurement: what it reads is in memory then, as in a shop that is open."""
QUERIES = {
    "rare word": ["marbelil", "arcor", "selros", "dangar", "holkel", "penlun", "jornor", "finmar"],
    "middling word": [
        "lantern",
        "sneaker",
        "kettle",
        "drill",
        "atlas",
        "violin",
        "leash",
        "racket",
    ],
    "most common word": ["edition"],
    "two words": ["quilted+backpack", "magnetic+lamp", "oak+shelf", "vintage+ring"],
    "two common words": ["edition+fits", "tested+customers", "compact+cloth"],
    "a typing error": ["lantren", "sneekers", "violni", "backpakc"],
}
BEGINNINGS = ["s", "la", "sne", "viol", "quilted b", "mag", "edit", "o"]


class Place:
    """What scenarios need to know of a shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.chance = shop, random.Random(1)
        self.staff, self.bearer = log_in(shop), _customer(shop)
        tree = call(shop, "GET", "/api/categories")["items"]
        self.departments = [one["slug"] for one in tree if len(one["children"]) > 1]
        self.things = [two["slug"] for one in tree for two in one["children"]]
        self.ids, self.last = self._walk(PAGES * LIMIT // WALK)

    def _walk(self, pages: int) -> tuple[list[str], str]:
        """Ids from everywhere on the way, and the cursor of the last page there is before the end
        or before page 10,000."""
        ids, cursor = list[str](), ""
        for _ in range(pages):
            path = f"/api/products?limit={WALK}" + (f"&cursor={cursor}" if cursor else "")
            page = self.shop.get(path, self.bearer)
            ids += [self.chance.choice(page["items"])["id"]]
            if page["next_cursor"] is None:
                break
            cursor = page["next_cursor"]
        return ids, cursor

    def requests(self, *paths: str) -> list[Request]:
        """Of a customer who is logged in: past the gateway's cache."""
        return [Request("GET", path, self.bearer) for path in paths]


def _customer(shop: Shop) -> dict[str, str]:
    account = (f"customer-{time.time_ns()}@example.com", "a-long-bench-password")
    call(shop, "POST", "/api/auth/register", dict(zip(("email", "password"), account, strict=True)))
    return log_in(shop, *account)


def _filtered(place: Place) -> list[Request]:
    return place.requests(
        *(
            f"/api/products?category={thing}&attr.color={color}&min_price=1000&in_stock=true"
            f"&sort=price&limit={LIMIT}"
            for thing in place.chance.sample(place.things, 20)
            for color in ("blue", "red,green", "olive")
        )
    )


def _facets(place: Place) -> list[Request]:
    paths = ["/api/products/facets"]
    paths += [f"/api/products/facets?category={one}" for one in place.departments]
    paths += [f"/api/products/facets?category={one}&attr.color=blue" for one in place.things[:20]]
    return place.requests(*paths)


def _facets_anew(place: Place) -> list[Request]:
    """Staff get no answers of some seconds ago."""
    return [replace(one, headers=place.staff) for one in _facets(place)]


def _searches(kind: str) -> Callable[[Place], list[Request]]:
    return lambda place: place.requests(
        *(f"/api/products?q={query}&limit={LIMIT}" for query in QUERIES[kind])
    )


SCENARIOS: dict[str, Callable[[Place], list[Request]]] = {
    "first page": lambda place: place.requests(f"/api/products?limit={LIMIT}"),
    "first page, cached": lambda _: [Request("GET", f"/api/products?limit={LIMIT}")],
    "page 10,000": lambda place: place.requests(f"/api/products?limit={LIMIT}&cursor={place.last}"),
    "detail": lambda place: place.requests(*(f"/api/products/{id}" for id in place.ids)),
    "category, three filters, by price": _filtered,
    "facets": _facets,
    "facets, counted anew": _facets_anew,
    **{f"search: {kind}": _searches(kind) for kind in QUERIES},
    "suggest": lambda place: place.requests(
        *(f"/api/products/suggest?q={q.replace(' ', '+')}" for q in BEGINNINGS)
    ),
}


def look(shop: Shop, seconds: int) -> dict[str, Any]:
    place, results = Place(shop), dict[str, Any]()
    for name, scenario in SCENARIOS.items():
        requests = scenario(place)
        measure(shop.url, requests, seconds=WARM)
        before = cpu_microseconds(shop.process.pid)
        results[name] = result = measure(shop.url, requests, seconds=seconds)
        after = cpu_microseconds(shop.process.pid)
        used = sum(after.get(one, 0) - before.get(one, 0) for one in CATALOG)
        result["catalog_cpu_us"] = round(used / max(result["requests"], 1))
        print(
            f"{name:36} {result['per_second']:9,.0f}/s  p50 {result['p50_ms']:8.2f} ms"
            f"  p99 {result['p99_ms']:8.2f} ms  refused {result['refused']}",
            flush=True,
        )
    for what, figures in (("", resident_megabytes), ("own_", own_megabytes)):
        found = figures(shop.process.pid)
        results[f"catalog_{what}megabytes"] = round(sum(found.get(one, 0) for one in CATALOG))
    return results


def checkout(shop: Shop, products: list[str]) -> list[Request]:
    tokens = make_guest_carts(shop, products, 6_000)
    body = {"email": "guest@example.com"}
    return [Request("POST", "/api/orders", {"X-Cart-Token": token}, body) for token in tokens]


def beside_slow_reads(shop: Shop, seconds: int) -> dict[str, Any]:
    """Checkouts by 4, alone and while 4 search for the most common words, and have facets counted
    anew, all the time."""
    place = Place(shop)
    stocked = place.ids[:100]
    for id in stocked:
        receipt = {"delta": 10_000, "kind": "receipt", "reason": "to be sold here"}
        call(shop, "POST", f"/api/products/{id}/stock/adjust", receipt)
    alone = measure(shop.url, checkout(shop, stocked), seconds=seconds, connections=4)
    slow = _searches("most common word")(place) + _searches("two common words")(place)
    slow += _facets_anew(place)
    found: dict[str, Any] = {}
    orders = checkout(shop, stocked)
    other = Thread(
        target=lambda: found.update(measure(shop.url, slow, seconds=seconds + 1, connections=4))
    )
    other.start()
    beside = measure(shop.url, orders, seconds=seconds, connections=4)
    other.join()
    return {"checkout alone": alone, "checkout beside slow reads": beside, "slow reads": found}


def run(products: int, data: Path | None, seconds: int) -> dict[str, Any]:
    with running_shop(data, sample=False) as shop:
        there = call(shop, "GET", "/api/products?count=true")["total"]
        imported = seed(shop, products) if there < min(products, SMALL) else {}
        results = {"import_rows_per_second": imported, **look(shop, seconds)}
        return results | {"checkout and slow reads": beside_slow_reads(shop, seconds)}


async def small_database(url: str) -> str:
    """The address of another in the same cluster, empty."""
    server, _, name = url.rpartition("/")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}_small"')
        await connection.execute(f'CREATE DATABASE "{name}_small"')
    finally:
        await connection.close()
    return f"{server}/{name}_small"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="made by `make seed-million`; else made anew")
    parser.add_argument("--seconds", type=int, default=8)
    chosen = parser.parse_args()
    about = {"machine": machine(), "revision": revision(), "connections": 16}
    url = os.environ.get("CATALOG_DATABASE_URL")
    about["database"] = "PostgreSQL" if url else "SQLite"
    large = run(chosen.products, chosen.data, chosen.seconds)
    if url:
        os.environ["CATALOG_DATABASE_URL"] = asyncio.run(small_database(url))
    with tempfile.TemporaryDirectory(prefix="shop-bench-") as folder:
        small = run(SMALL, Path(folder), chosen.seconds)
    write(about, {f"{SMALL:,}": small, f"{chosen.products:,}": large}, "-million")


if __name__ == "__main__":
    main()
