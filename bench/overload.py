"""`make bench-overload`: a minute of far more than the shop can do, and what is left of it then
(threat C19)."""

import asyncio
import json
import time
from collections.abc import Callable
from http import HTTPStatus
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from bench.cpu import resident_megabytes
from bench.flood import flooding
from bench.place import CUSTOMERS, Place
from bench.report import machine, revision, write
from bench.shop import ADMIN, Shop, log_in, make_products, running_shop
from bench.wrk import Request, measure, seconds_of_children

PEAK_CONNECTIONS = 16
PEAK_SECONDS, OVERLOAD_SECONDS = 10, 60
TIMES = 10
NETWORKS = 100
"""Of each client: at five logins a second it has the same one again after twenty seconds."""


def main() -> None:
    about = {"machine": machine(), "revision": revision()}
    with TemporaryDirectory(prefix="shop-bench-") as folder:
        with running_shop(Path(folder)) as shop:
            products = make_products(shop, 1_000)
            Place(shop.url, products)
            results = {"browsing": browsing(shop, products), "logins": logins(shop)}
        with running_shop(Path(folder), limits="on") as shop:
            peak = results["logins"]["peak"]["per_second"]
            results["logins, limited"] = limited_logins(shop, peak)
    print(json.dumps(results, indent=2))
    write(about, results, "-overload")


def browsing(shop: Shop, products: list[str]) -> dict[str, Any]:
    """Ten times as many clients as it takes to get the most out of it, past the cache."""
    bearer = log_in(shop)
    requests = [Request("GET", f"/api/products/{product}", bearer) for product in products]
    measure(shop.url, requests, seconds=2)

    def overloaded() -> dict[str, Any]:
        clients = TIMES * PEAK_CONNECTIONS
        return measure(shop.url, requests, seconds=OVERLOAD_SECONDS, connections=clients)

    def answers() -> bool:
        return bool(shop.get(f"/api/products/{products[0]}", bearer))

    peak = measure(shop.url, requests, seconds=PEAK_SECONDS, connections=PEAK_CONNECTIONS)
    found = _overload(shop, overloaded, answers)
    ratio = round(found["overloaded"]["per_second"] / peak["per_second"], 2)
    return {"peak": peak, **found, "goodput_ratio": ratio}


def logins(shop: Shop) -> dict[str, Any]:
    """Ten times as many a second as can be had: whoever is refused comes again a second later."""
    request = Request("POST", "/api/auth/login", body={"email": ADMIN[0], "password": ADMIN[1]})
    peak = measure(shop.url, [request], seconds=PEAK_SECONDS, connections=PEAK_CONNECTIONS)

    def overloaded() -> dict[str, Any]:
        before = seconds_of_children()
        with flooding(shop.url, [request] * int(TIMES * peak["per_second"])) as answers:
            time.sleep(OVERLOAD_SECONDS)
        cores = round((seconds_of_children() - before) / OVERLOAD_SECONDS, 2)
        per_second = round(answers["200"] / OVERLOAD_SECONDS, 1)
        return {"answers": answers, "per_second": per_second, "wrk_cores": cores}

    found = _overload(shop, overloaded, lambda: bool(log_in(shop)))
    ratio = round(found["overloaded"]["per_second"] / peak["per_second"], 2)
    return {"peak": peak, **found, "goodput_ratio": ratio}


def limited_logins(shop: Shop, peak_per_second: float) -> dict[str, Any]:
    """As a shop is that has its limits: ten times too many from one address, and those who log in
    from others."""
    request = Request("POST", "/api/auth/login", body={"email": ADMIN[0], "password": ADMIN[1]})
    asyncio.run(from_everywhere(shop.url, 2))
    peak = asyncio.run(from_everywhere(shop.url, PEAK_SECONDS))

    def overloaded() -> dict[str, Any]:
        with flooding(shop.url, [request] * int(TIMES * peak_per_second)) as answers:
            time.sleep(1)
            found = asyncio.run(from_everywhere(shop.url, OVERLOAD_SECONDS))
        return {"answers": answers, "per_second": found}

    found = _overload(shop, overloaded, lambda: asyncio.run(from_everywhere(shop.url, 1)) > 0)
    ratio = round(found["overloaded"]["per_second"] / peak, 2)
    return {"peak": {"per_second": peak}, **found, "goodput_ratio": ratio}


async def from_everywhere(url: str, seconds: float) -> float:
    """Logins a second of as many customers at once as it takes for the most, each time from another
    network: one may log in ten times a minute."""
    place, done, ends_at = Place(url, [], new=False), 0, time.monotonic() + seconds

    async def log_in_again(client: int) -> None:
        nonlocal done
        for turn in count():
            connector = aiohttp.TCPConnector(local_addr=(f"127.{turn % NETWORKS}.{client}.1", 0))
            account = place.account((client + turn * PEAK_CONNECTIONS) % CUSTOMERS)
            async with (
                aiohttp.ClientSession(url, connector=connector) as session,
                session.post("/api/auth/login", json=account) as answer,
            ):
                done += answer.status == HTTPStatus.OK
                if answer.status != HTTPStatus.OK:
                    await asyncio.sleep(1)
            if time.monotonic() > ends_at:
                return

    await asyncio.gather(*map(log_in_again, range(PEAK_CONNECTIONS)))
    return round(done / seconds, 1)


def _overload(
    shop: Shop, overloaded: Callable[[], dict[str, Any]], answers: Callable[[], bool]
) -> dict[str, Any]:
    """With the memory of all processes before and at its end, and how long it takes after that
    until somebody is answered."""
    before = sum(resident_megabytes(shop.process.pid).values())
    found = overloaded()
    ended = time.perf_counter()
    after = sum(resident_megabytes(shop.process.pid).values())
    answers()
    return {
        "overloaded": found,
        "recovered_after_seconds": round(time.perf_counter() - ended, 2),
        "megabytes": {"before": round(before), "after": round(after)},
    }


if __name__ == "__main__":
    main()
