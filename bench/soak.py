"""`make soak`: a day of a few visitors, and whether anything grows that should not (threat C20).

`SPEED=36`: the shop's clocks run so many times as fast (libfaketime), and so do its time-outs."""

import asyncio
import json
import os
import sqlite3
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from bench.cpu import cpu_microseconds, open_descriptors, resident_megabytes, threads
from bench.report import machine, revision, write
from bench.shop import make_products, running_shop
from bench.visitors import Visitors

HOURS, SPEED = float(os.environ.get("HOURS") or 24), float(os.environ.get("SPEED") or 1)
PER_SECOND = 0.5
"""Visitors, however fast the shop's clocks are."""
LOOK_SECONDS = 60
TOLERATED = 1.05
"""In the last third, of what the middle third had: 5 % and one more."""
MOST_BYTES_PER_ORDER = 64 * 1024
LIBRARIES = "*/faketime/libfaketimeMT.so.1"
KEPT = ("databases", "mail")
"""What may grow, with the orders; logs and the gateway's cache have a size of their own."""


def main() -> None:
    about = {"machine": machine(), "revision": revision(), "hours": HOURS, "speed": SPEED}
    with TemporaryDirectory(prefix="shop-soak-") as folder:
        looks, told = soak(Path(folder), HOURS * 3600 / SPEED)
        told["rows"] = rows(Path(folder, "data", "databases"))
    found = verdict(looks)
    print(json.dumps({**told, **found}, indent=2))
    write(about, {**found, **told, "looks": looks}, "-soak")
    sys.exit(0 if found["flat"] else 1)


def soak(folder: Path, seconds: float) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What each look found; what visitors were answered, and how many hours passed in the shop."""
    clock = folder / "clock"
    if SPEED != 1:
        os.environ.update(faster(folder, clock))
    with running_shop(folder / "data", sample=False, postgres=None) as shop:
        visitors = Visitors(shop.url, make_products(shop, 500))
        asyncio.run(visitors.register())
        clock.write_text(f"+0 x{SPEED}\n")
        looks: list[dict[str, Any]] = []
        over = threading.Event()

        def keep_looking() -> None:
            while not over.wait(LOOK_SECONDS):
                looks.append(look(shop.process.pid, folder / "data", visitors.orders))

        opened = time_of(shop.url)
        looking = threading.Thread(target=keep_looking)
        looking.start()
        try:
            asyncio.run(visitors.come(seconds, PER_SECOND))
        finally:
            over.set()
            looking.join()
        passed = (time_of(shop.url) - opened).total_seconds() / 3600
    return looks, {"hours": round(passed, 2), "answers": dict(sorted(visitors.answers.items()))}


def time_of(url: str) -> datetime:
    """By the shop's own clock."""
    with urlopen(f"{url}/api/health", timeout=10) as answer:
        return parsedate_to_datetime(answer.headers["Date"])


def rows(databases: Path) -> dict[str, dict[str, int]]:
    """Of each table, once the shop has stopped."""
    found: dict[str, dict[str, int]] = {}
    for path in sorted(databases.glob("*.db")):
        with closing(sqlite3.connect(path)) as database:
            names = (
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
            counts = (
                (name, database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])
                for (name,) in database.execute(names).fetchall()
            )
            found[path.stem] = {name: count for name, count in counts if count}
    return found


def faster(folder: Path, clock: Path) -> dict[str, str]:
    """Settings for the clocks of all processes of a shop, which follow the file `clock`. It starts
    at the usual rate, since the launcher waits 30 s for its services."""
    library = next(Path("/usr/lib").glob(LIBRARIES), None)
    if library is None:
        raise SystemExit("SPEED needs libfaketime: apt-get install faketime")
    clock.write_text("+0 x1\n")
    # nginx forgets its environment, but for what it is told to keep.
    kept = "env FAKETIME_TIMESTAMP_FILE; env FAKETIME_CACHE_DURATION;"
    program = folder / "nginx"
    program.write_text(f'#!/bin/sh\nPATH="${{PATH#*:}}:/usr/sbin" exec nginx -g "{kept}" "$@"\n')
    program.chmod(0o755)
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_RESET": "1",
        "PATH": f"{folder}:{os.environ['PATH']}",
    }


def look(root: int, data: Path, orders: int) -> dict[str, Any]:
    cpu = sum(cpu_microseconds(root).values()) / 1e6
    return {
        "at": round(time.time()),
        "orders": orders,
        "cpu_seconds": round(cpu, 1),
        "megabytes": rounded(resident_megabytes(root)),
        "descriptors": rounded(open_descriptors(root)),
        "threads": rounded(threads(root)),
        "disk": disk(data),
    }


def rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(figure, 1) for name, figure in figures.items()}


def disk(data: Path) -> dict[str, int]:
    """Bytes by folder; databases without their write-ahead logs, which are `wal`."""
    found: dict[str, int] = {}
    for folder, _, names in os.walk(data):
        for name in names:
            path = Path(folder, name)
            kind = path.relative_to(data).parts[0] if path.parent != data else "launcher"
            kind = "wal" if name.endswith(("-wal", "-shm")) else kind
            try:
                found[kind] = found.get(kind, 0) + path.stat().st_size
            except FileNotFoundError:
                continue  # gone meanwhile
    return found


def verdict(looks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of looks at equal distances. `flat`: no process has more memory, descriptors or threads in
    the last third than in the middle one, and the disk holds no more for each order than it may."""
    third = len(looks) // 3
    middle, last = looks[third : 2 * third], looks[2 * third :]
    grown = {
        what: {name: [_median(middle, what, name), _median(last, what, name)] for name in names}
        for what, names in (
            (what, looks[-1][what]) for what in ("megabytes", "descriptors", "threads")
        )
    }
    orders = looks[-1]["orders"] - looks[third]["orders"]
    bytes_per_order = {
        kind: round(
            (looks[-1]["disk"].get(kind, 0) - looks[third]["disk"].get(kind, 0)) / max(orders, 1)
        )
        for kind in looks[-1]["disk"]
    }
    more = [
        f"{what} of {name}: {before} → {after}"
        for what, processes in grown.items()
        for name, (before, after) in processes.items()
        if after > before * TOLERATED + 1
    ]
    if sum(bytes_per_order.get(kind, 0) for kind in KEPT) > MOST_BYTES_PER_ORDER:
        more.append("bytes for each order")
    return {"flat": not more, "more": more, **grown, "bytes_per_order": bytes_per_order}


def _median(looks: Sequence[dict[str, Any]], what: str, name: str) -> float:
    return float(statistics.median(look[what].get(name, 0) for look in looks))


if __name__ == "__main__":
    main()
