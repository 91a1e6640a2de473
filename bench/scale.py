"""`make bench-scale`: the shop on one PostgreSQL, with one, two and four copies of each service: as
many whole shops as that, each with a gateway, behind an nginx that spreads the requests."""

import argparse
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from bench.place import Place
from bench.programs import running_nginx, wait_for
from bench.report import line, machine, revision, write
from bench.run import play, started
from bench.scenarios import SCENARIOS
from bench.shop import analyze, free_port, make_products, postgres_databases, running_shop
from tools.postgres import PostgresUnavailable, running_cluster

COPIES = (1, 2, 4)
NAMES = ("list", "detail", "search", "login", "cart add", "checkout", "mixed")
OF_ONE_RUN = ("databases", "gateway", "logs", "launcher.lock", "launcher.log")
"""What copies of a shop do not share; its keys, secrets and the names of its databases they do."""
FRONT = Path(__file__).with_name("front.conf")


@contextmanager
def running_copies(data: Path, count: int, postgres: str) -> Iterator[tuple[str, list[int]]]:
    """Where `count` copies of the shop in `data` answer together, and their processes."""
    with ExitStack() as stack:
        shops = []
        for _ in range(count):
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="shop-copy-")))
            ignore = shutil.ignore_patterns(*OF_ONE_RUN)
            shutil.copytree(data, folder, dirs_exist_ok=True, ignore=ignore)
            shops.append(stack.enter_context(running_shop(folder, sample=False, postgres=postgres)))
        folder, port = Path(stack.enter_context(TemporaryDirectory(prefix="front-"))), free_port()
        gateways = " ".join(f"server {urlsplit(shop.url).netloc};" for shop in shops)
        front = stack.enter_context(running_nginx(FRONT, folder, PORT=port, GATEWAYS=gateways))
        wait_for(front, f"http://127.0.0.1:{port}/api/health", folder / "nginx.log")
        yield f"http://127.0.0.1:{port}", [front.pid, *(shop.process.pid for shop in shops)]


def measure_copies(chosen: argparse.Namespace, postgres: str, server: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    with TemporaryDirectory(prefix="shop-bench-") as name:
        data = Path(name)
        with started(data, postgres) as (shop, _):
            place = Place(shop.url, make_products(shop, chosen.products))
        analyze(postgres_databases(postgres, data).values())
        for count in chosen.copies:
            print(f"  {count} of each", flush=True)
            with running_copies(data, count, postgres) as (place.url, pids):
                results[str(count)] = _measure(place, [server, *pids], chosen)
    return results


def _measure(place: Place, roots: list[int], chosen: argparse.Namespace) -> dict[str, Any]:
    results = {}
    for name in NAMES:
        make = partial(SCENARIOS[name], place)
        results[name] = play(place.url, roots, make, chosen.seconds, chosen.connections)
        print(line(name, chosen.connections, results[name]), flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", nargs="+", type=int, default=list(COPIES))
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=6)
    chosen = parser.parse_args()
    about = {"machine": machine(), "revision": revision(), "connections": chosen.connections}
    results: dict[str, Any] = {}
    try:
        with running_cluster(durable=True) as cluster:
            assert cluster.server is not None
            results = measure_copies(chosen, cluster.url, cluster.server.pid)
    except PostgresUnavailable as error:
        raise SystemExit(str(error)) from None
    finally:
        write(about, results, "-scale")


if __name__ == "__main__":
    main()
