"""`make soak`: a day of a few visitors, and whether anything grows that should not (threat C20).

With SPEED=24 the shop's clocks run so many times as fast, and so do its time-outs."""

import asyncio
import json
import os
import statistics
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from bench.cpu import cpu_microseconds, open_descriptors, resident_megabytes, threads
from bench.place import Place
from bench.report import machine, revision, write
from bench.shop import make_products, running_shop
from bench.visitors import Visitors

HOURS, SPEED = float(os.environ.get("HOURS") or 24), float(os.environ.get("SPEED") or 1)
PER_SECOND, LOOK_SECONDS = 0.5, 60
"""Of this machine's clock: visitors come no faster where the shop's clocks do."""
COME_AND_GO = ("slow_reader",)
"""One that was not there before is no growth."""
OF_PROCESSES = {
    "megabytes": resident_megabytes,
    "descriptors": open_descriptors,
    "threads": threads,
}
TOLERATED, MOST_BYTES_PER_ORDER = 1.05, 64 * 1024
KEPT = ("databases", "mail")
"""What may grow, with the orders; logs and the gateway's cache have sizes of their own."""


def main() -> None:
    about = {"machine": machine(), "revision": revision(), "hours": HOURS, "speed": SPEED}
    with TemporaryDirectory(prefix="shop-soak-") as folder:
        looks, told = soak(Path(folder), HOURS * 3600 / SPEED)
    found = verdict(looks)
    if SPEED == 1 and (turned_away := refused(told["answers"])):
        found = {**found, "flat": False, "more": [*found["more"], *turned_away]}
    print(json.dumps({**told, **found}, indent=2))
    write(about, {**found, **told, "looks": looks}, "-soak")
    sys.exit(0 if found["flat"] else 1)


def soak(folder: Path, seconds: float) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What was seen each minute; what visitors were told, and how many hours the shop counted."""
    data, clock = folder / "data", folder / "clock"
    if SPEED != 1:
        os.environ.update(faster(folder, clock))
    with running_shop(data, sample=False, postgres=None) as shop:
        visitors = Visitors(Place(shop.url, make_products(shop, 500)))
        if SPEED != 1:
            clock.write_text(f"+0 x{SPEED}\n")
        looks, opened = [], time_of(shop.url)
        for _ in range(round(seconds / LOOK_SECONDS)):
            asyncio.run(visitors.come(LOOK_SECONDS, PER_SECOND))
            looks.append(look(shop.process.pid, data, visitors.orders))
        passed = (time_of(shop.url) - opened).total_seconds() / 3600
    return looks, {"hours": round(passed, 2), "answers": dict(sorted(visitors.answers.items()))}


def time_of(url: str) -> datetime:
    """By the shop's own clock."""
    with urlopen(f"{url}/api/health", timeout=10) as answer:
        return parsedate_to_datetime(answer.headers["Date"])


def faster(folder: Path, clock: Path) -> dict[str, str]:
    """Settings for all processes of a shop, whose clocks follow the file `clock`. They start at the
    usual rate, since the launcher waits 30 s for its services."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        raise SystemExit("SPEED needs libfaketime: apt-get install faketime")
    clock.write_text("+0 x1\n")
    # nginx forgets its environment, but for what it is told to keep.
    kept = "env FAKETIME_TIMESTAMP_FILE; env FAKETIME_CACHE_DURATION;"
    nginx = folder / "nginx"
    nginx.write_text(f'#!/bin/sh\nPATH="${{PATH#*:}}:/usr/sbin" exec nginx -g "{kept}" "$@"\n')
    nginx.chmod(0o755)
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_RESET": "1",
        "PATH": f"{folder}:{os.environ['PATH']}",
    }


def look(root: int, data: Path, orders: int) -> dict[str, Any]:
    processes = {
        what: {name: round(figure, 1) for name, figure in figures(root).items()}
        for what, figures in OF_PROCESSES.items()
    }
    cpu = round(sum(cpu_microseconds(root).values()) / 1e6, 1)
    return {"orders": orders, "cpu_seconds": cpu, **processes, "disk": disk(data)}


def disk(data: Path) -> dict[str, int]:
    """Bytes by folder; databases without their write-ahead logs, which are `wal`."""
    found: dict[str, int] = {}
    for folder, _, names in os.walk(data):
        for path in (Path(folder, name) for name in names):
            kind = "wal" if path.name.endswith("-wal") else path.relative_to(data).parts[0]
            with suppress(FileNotFoundError):  # gone meanwhile
                found[kind] = found.get(kind, 0) + path.stat().st_size
    return found


def verdict(looks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of looks at equal distances. `flat`: in the last third no process has 5 % and one more of
    anything than in the middle one, and each order took no more of the disk than it may."""
    third = len(looks) // 3
    if third == 0 or looks[-1]["orders"] == looks[third]["orders"]:
        raise SystemExit("too short: no order was placed after the first of three minutes")
    middle, last = looks[third : 2 * third], looks[2 * third :]
    medians = {
        what: {
            name: [_median(part, what, name) for part in (middle, last)] for name in last[0][what]
        }
        for what in OF_PROCESSES
    }
    more = [
        f"{what} of {name}: {before} → {after}"
        for what, processes in medians.items()
        for name, (before, after) in processes.items()
        if after > before * TOLERATED + 1 and (before or name not in COME_AND_GO)
    ]
    per_order = _bytes_per_order(looks[third], looks[-1])
    if sum(per_order.get(kind, 0) for kind in KEPT) > MOST_BYTES_PER_ORDER:
        more.append("bytes for each order")
    return {"flat": not more, "more": more, **medians, "bytes_per_order": per_order}


def refused(answers: dict[str, int]) -> list[str]:
    """Visits that did not end as they should: with usual clocks there are none."""
    good = ("guess 401 /api/auth/login",)
    return [
        f"{visit}: {times}"
        for visit, times in answers.items()
        if visit not in good and not visit.partition(" ")[2].startswith("2")
    ]


def _median(looks: Sequence[dict[str, Any]], what: str, name: str) -> float:
    return float(statistics.median(look[what].get(name, 0) for look in looks))


def _bytes_per_order(first: dict[str, Any], last: dict[str, Any]) -> dict[str, int]:
    orders = last["orders"] - first["orders"]
    grown = {kind: size - first["disk"].get(kind, 0) for kind, size in last["disk"].items()}
    return {kind: round(size / orders) for kind, size in grown.items()}


if __name__ == "__main__":
    main()
