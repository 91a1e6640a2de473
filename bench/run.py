"""`make bench`: measure the shop through its gateway and write the result under bench/results/."""

import argparse
import json
import os
import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.cpu import cpu_microseconds
from bench.shop import ADMIN, Shop, log_in, make_guest_carts, make_products, running_shop
from bench.words import Vocabulary
from bench.wrk import Request, measure

CART_LINES = 5
RESULTS = Path(__file__).with_name("results")
TARGETS = {
    "list, cached": 20_000,
    "detail, cached": 20_000,
    "list": 2_000,
    "detail": 2_000,
    "search": 1_000,
    "cart add": 1_000,
    "checkout": 200,
}
Scenario = Callable[[Shop, list[str]], list[Request]]


def static_file(_: Shop, __: list[str]) -> list[Request]:
    return [Request("GET", "/docs/page.js")]


def cached_list(_: Shop, __: list[str]) -> list[Request]:
    return [Request("GET", "/api/products?limit=20")]


def cached_detail(_: Shop, products: list[str]) -> list[Request]:
    return [Request("GET", f"/api/products/{products[0]}")]


def uncached_list(shop: Shop, _: list[str]) -> list[Request]:
    return [Request("GET", "/api/products?limit=20", log_in(shop))]


def uncached_detail(shop: Shop, products: list[str]) -> list[Request]:
    bearer = log_in(shop)  # a request with a token is never answered from the cache
    return [Request("GET", f"/api/products/{product}", bearer) for product in products]


def search(shop: Shop, _: list[str]) -> list[Request]:
    bearer = log_in(shop)
    words = Vocabulary(seed=2)
    queries = [words.text(2).replace(" ", "+") for _ in range(1000)]  # as often as they occur
    return [Request("GET", f"/api/products?q={query}", bearer) for query in queries]


def login(_: Shop, __: list[str]) -> list[Request]:
    body = {"email": ADMIN[0], "password": ADMIN[1]}
    return [Request("POST", "/api/auth/login", body=body)]


def cart_add(shop: Shop, products: list[str]) -> list[Request]:
    tokens = make_guest_carts(shop, products, 1024)
    return [
        Request("POST", "/api/cart", {"X-Cart-Token": token}, {"product_id": products[n]})
        for n in range(CART_LINES)
        for token in tokens
    ]


def checkout(shop: Shop, products: list[str]) -> list[Request]:
    tokens = make_guest_carts(shop, products, 6_000)
    body = {"email": "guest@example.com"}
    return [Request("POST", "/api/orders", {"X-Cart-Token": token}, body) for token in tokens]


SCENARIOS: dict[str, Scenario] = {
    "list, cached": cached_list,
    "detail, cached": cached_detail,
    "list": uncached_list,
    "detail": uncached_detail,
    "search": search,
    "login": login,
    "cart add": cart_add,
    "checkout": checkout,
}


def run(names: list[str], products: int, seconds: int) -> dict[str, Any]:
    results = {}
    scenarios = {"nginx static file": static_file} | {name: SCENARIOS[name] for name in names}
    with running_shop() as shop:
        print(f"making {products} products …", flush=True)
        ids = make_products(shop, products)
        for name, scenario in scenarios.items():
            requests = scenario(shop, ids)
            before = cpu_microseconds(shop.process.pid)
            results[name] = result = measure(shop.url, requests, seconds=seconds)
            after = cpu_microseconds(shop.process.pid)
            result["cpu_us"] = {
                process: round((after[process] - before[process]) / result["requests"])
                for process in after
            }
            print(row(name, result), flush=True)
    return results


def row(name: str, result: dict[str, Any]) -> str:
    target = TARGETS.get(name)
    aim = f"{result['per_second'] / target:6.2f} × of {target}" if target else ""
    return (
        f"{name:17} {result['per_second']:9,.0f}/s  p50 {result['p50_ms']:7.2f} ms"
        f"  p99 {result['p99_ms']:7.2f} ms  refused {result['refused']:4.0f}"
        f"  CPU {sum(result['cpu_us'].values()):6.0f} µs  {aim}"
    )


def machine() -> dict[str, Any]:
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load_before": os.getloadavg()[0],
    }


def revision() -> str:
    asked = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS], help="all by default")
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=8)
    chosen = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: install it (Debian: apt-get install wrk)")
    about = {"machine": machine(), "revision": revision(), "products": chosen.products}
    about |= {"connections": 16, "seconds": chosen.seconds}
    results = run(chosen.scenarios or list(SCENARIOS), chosen.products, chosen.seconds)
    for result in results.values():
        result["of_static_file"] = round(
            result["per_second"] / results["nginx static file"]["per_second"], 4
        )
    write(about, results)


def write(about: dict[str, Any], results: dict[str, Any], name: str = "") -> None:
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%MZ}{name}.json"
    file.write_text(json.dumps({"about": about, "results": results}, indent=2) + "\n")
    print(f"written to {file.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
