"""`make bench-overload`: a minute of far more than the shop can do, and what is left of it then
(threat C19)."""

import json
import os
import time
from collections.abc import Callable
from typing import Any

from bench.cpu import resident_megabytes
from bench.flood import flooding
from bench.report import machine, revision, write
from bench.shop import ADMIN, Shop, log_in, make_products, running_shop
from bench.wrk import Request, measure, seconds_of_children

PEAK_CONNECTIONS = 16
PEAK_SECONDS, OVERLOAD_SECONDS = 10, 60
TIMES = 10


def main() -> None:
    about = {"machine": machine(), "revision": revision()}
    with running_shop() as shop:
        products = make_products(shop, 1_000)
        results = {"browsing": browsing(shop, products), "logins": logins(shop)}
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
    at_peak, then = _by_core(peak), _by_core(found["overloaded"])
    ratio = round(found["overloaded"]["per_second"] / peak["per_second"], 2)
    return {"peak": peak, **found, "goodput_ratio": ratio, "by_core": round(then / at_peak, 2)}


def _by_core(result: dict[str, Any]) -> float:
    """For each core that the client leaves, which is an attacker's own machine elsewhere."""
    return float(result["per_second"] / ((os.cpu_count() or 1) - result["wrk_cores"]))


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
