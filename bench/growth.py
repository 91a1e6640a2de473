"""`make bench-growth`: what people do in a shop that has ten and a hundred times as many accounts,
carts and orders as a small one. Products in such numbers: `make bench-million`."""

import argparse
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.copies import Copies, copies_of
from bench.place import CUSTOMERS, ORDERS_BEFORE, Place
from bench.report import line, machine, revision, write
from bench.run import play, started
from bench.scenarios import SCENARIOS
from bench.shop import analyze, make_products, postgres_databases
from tools.postgres import PostgresUnavailable, running_cluster

STAGES = (10_000, 100_000, 1_000_000)
"""So many orders; and as many carts, with an account each."""
GROWING = {
    "auth": CUSTOMERS,
    "cart": CUSTOMERS * (ORDERS_BEFORE + 1),
    "orders": CUSTOMERS * ORDERS_BEFORE,
}
"""Services whose tables grow, and how many rows there are to copy."""
DATABASES = ("SQLite", "PostgreSQL")
NAMES = ("login", "token refresh", "cart add", "cart read", "checkout", "order history")


def grow(copies: dict[str, Copies], before: int, upto: int) -> None:
    """From `before` rows of each kind to `upto`. The services do not run."""
    for service, each in GROWING.items():
        copies[service].add(range(before // each + 1, upto // each + 1))


def measure_stage(place: Place, roots: list[int], seconds: int) -> dict[str, Any]:
    results = {}
    for name in NAMES:
        results[name] = play(place.url, roots, partial(SCENARIOS[name], place), seconds, 16)
        print(line(name, 16, results[name]), flush=True)
    return results


def measure_shop(
    stages: list[int], products: int, seconds: int, postgres: str | None, pids: list[int]
) -> dict[str, Any]:
    results: dict[str, Any] = {}
    with TemporaryDirectory(prefix="shop-bench-") as folder:
        data = Path(folder, "data")
        with started(data, postgres) as (shop, _):
            place = Place(shop.url, make_products(shop, products))
            place.have_history()
            place.have_carts(1)
        settings = postgres_databases(postgres, data) if postgres else {}
        copies = {
            name: copies_of(name, settings.get(f"{name.upper()}_DATABASE_URL", data))
            for name in GROWING
        }
        for before, upto in zip([0, *stages], stages, strict=False):
            grow(copies, before, upto)
            analyze(settings.values())
            with started(data, postgres) as (shop, _):
                print(f"  {upto:,} orders and carts", flush=True)
                place.url = shop.url
                results[f"{upto:,}"] = measure_stage(place, [shop.process.pid, *pids], seconds)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--stages", nargs="+", type=int, default=list(STAGES))
    parser.add_argument("--products", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=6)
    chosen = parser.parse_args()
    about = {"machine": machine(), "revision": revision(), "connections": 16}
    run = partial(measure_shop, chosen.stages, chosen.products, chosen.seconds)
    results: dict[str, Any] = {}
    try:
        if "SQLite" in chosen.on:
            print("SQLite", flush=True)
            results["SQLite"] = run(None, [])
        if "PostgreSQL" in chosen.on:
            print("PostgreSQL", flush=True)
            with running_cluster(durable=True) as cluster:
                assert cluster.server is not None
                results["PostgreSQL"] = run(cluster.url, [cluster.server.pid])
    except PostgresUnavailable as error:
        raise SystemExit(f"{error}; or leave it out: --on SQLite") from None
    finally:
        write(about, results, "-growth")


if __name__ == "__main__":
    main()
