"""`make bench`: measure the shop through its gateway on SQLite and on PostgreSQL, with what bounds
it from above and a baseline that people know beside it, and write the result."""

import argparse
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import rival
from bench.cpu import cpu_microseconds, own_megabytes, resident_megabytes
from bench.figures import rest
from bench.flash import flash_sale
from bench.limits.running import limits, running_limits
from bench.place import Place
from bench.report import line, machine, revision, table, write
from bench.scenarios import SCENARIOS, Play
from bench.shop import ROOT, Shop, analyze, make_products, postgres_databases, running_shop
from bench.telemetry import middleware_microseconds
from bench.wrk import measure
from tools.postgres import PostgresUnavailable, running_cluster

PARTS = ("baseline", "SQLite", "PostgreSQL")
QUIET_CORES, QUIET_SECONDS, MOST_QUIET_SECONDS = 0.15, 0.3, 15


def play(
    url: str, roots: Iterable[int], make: Callable[[], Play], seconds: int, connections: int
) -> dict[str, Any]:
    """One measurement, with the CPU time that a request cost each process."""
    wait_until_idle(roots)
    played = make()
    if played.warm:
        measure(url, played.visits, seconds=played.warm, connections=connections)
    wait_until_idle(roots)
    before = cpu_microseconds(*roots)
    result = measure(url, played.visits, seconds=seconds, connections=connections, own=played.own)
    after = cpu_microseconds(*roots)
    result["cpu_us"] = {
        process: round((used - before.get(process, 0)) / max(result["requests"], 1), 1)
        for process, used in after.items()
    }
    return result


def wait_until_idle(roots: Iterable[int]) -> None:
    """Until what was begun before is done: relays of orders, and orders that nobody waits for."""
    ends_at = time.monotonic() + MOST_QUIET_SECONDS
    used = sum(cpu_microseconds(*roots).values())
    while time.monotonic() < ends_at:
        time.sleep(QUIET_SECONDS)
        before, used = used, sum(cpu_microseconds(*roots).values())
        if used - before < QUIET_CORES * QUIET_SECONDS * 1e6:
            return


def play_all(
    place: Place, roots: list[int], chosen: argparse.Namespace, names: Iterable[str]
) -> dict[str, Any]:
    """By scenario and number of connections."""
    results: dict[str, Any] = {}
    for name in names:
        results[name] = {}
        for connections in chosen.connections:
            make = partial(SCENARIOS[name], place)
            result = play(place.url, roots, make, chosen.seconds, connections)
            results[name][str(connections)] = result
            print(line(name, connections, result), flush=True)
    return results


def measure_shop(
    chosen: argparse.Namespace, postgres: str | None, pids: list[int], results: dict[str, Any]
) -> None:
    """A shop that was started once before; `pids` of its PostgreSQL."""
    with TemporaryDirectory(prefix="shop-bench-") as folder:
        data = Path(folder, "data")
        with started(data, postgres) as (_, first):
            pass
        with started(data, postgres) as (shop, second):
            roots = [shop.process.pid, *pids]
            wait_until_idle(roots)
            results["start_seconds"] = {"first": round(first, 2), "second": round(second, 2)}
            results["idle_megabytes"] = rounded(resident_megabytes(*roots))
            results["idle_own_megabytes"] = rounded(own_megabytes(*roots))
            print(f"  starts in {first:.1f} s, then {second:.1f} s; making products …", flush=True)
            place = Place(shop.url, make_products(shop, chosen.products))
            settings = postgres_databases(postgres, data) if postgres else {}
            analyze(settings.values())
            results["scenarios"] = play_all(place, roots, chosen, chosen.scenarios)
            catalog = settings.get("CATALOG_DATABASE_URL", f"sqlite:///{data}/databases/catalog.db")
            results["busy_megabytes"] = rounded(resident_megabytes(*roots))
            results["limits"] = measure_limits(place, catalog, pids, chosen.seconds)
            results["flash_sale"] = flash_sale(shop, place)
            results["middleware_us"] = middleware_microseconds()


@contextmanager
def started(data: Path, postgres: str | None, root: Path = ROOT) -> Iterator[tuple[Shop, float]]:
    """The shop, and the seconds until it answered."""
    begun = time.monotonic()
    with running_shop(data, sample=False, postgres=postgres, root=root) as shop:
        yield shop, time.monotonic() - begun


def measure_limits(place: Place, catalog: str, pids: list[int], seconds: int) -> Any:
    results = {}
    with running_limits(place, catalog) as (url, roots):
        for name, requests in limits(place).items():
            make = partial(Play, list(requests))
            results[name] = play(url, [*roots, *pids], make, seconds, 16)
            print(line(name, 16, results[name]), flush=True)
    return results


def measure_baseline(chosen: argparse.Namespace) -> Any:
    with rival.running_baseline(chosen.products) as (server, products):
        place, roots = Place(server.url, products), [server.process.pid]
        names = [name for name in chosen.scenarios if name in rival.SCENARIOS]
        scenarios = play_all(place, roots, chosen, names)
        return {"busy_megabytes": rounded(resident_megabytes(*roots)), "scenarios": scenarios}


def rounded(figures: dict[str, float]) -> dict[str, int]:
    return {name: round(figure) for name, figure in figures.items()}


def run(chosen: argparse.Namespace, results: dict[str, Any]) -> None:
    """Puts into `results` what is done, as soon as it is."""
    for part in chosen.on:
        print(part, flush=True)
        if part == "baseline":
            results[part] = measure_baseline(chosen)
        elif part == "SQLite":
            measure_shop(chosen, None, [], results.setdefault(part, {}))
        else:
            with running_cluster(durable=True) as cluster:
                assert cluster.server is not None
                pids = [cluster.server.pid]
                measure_shop(chosen, cluster.url, pids, results.setdefault(part, {}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS], help="all by default")
    parser.add_argument("--on", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--connections", nargs="+", type=int, default=[1, 16, 64])
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    chosen = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: install it (Debian: apt-get install wrk)")
    chosen.scenarios = chosen.scenarios or list(SCENARIOS)
    about = {"machine": machine(), "revision": revision(), "products": chosen.products}
    results: dict[str, Any] = {}
    try:
        run(chosen, results)
    except PostgresUnavailable as error:
        raise SystemExit(f"{error}; or leave it out: --on baseline SQLite") from None
    finally:
        write(about | {"seconds": chosen.seconds}, results)
    print("\n".join([*table(results), "", *rest(results)]))


if __name__ == "__main__":
    main()
