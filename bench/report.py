"""What a run tells: about the machine, as a table, and as dated JSON under bench/results/."""

import json
import os
import platform
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

RESULTS = Path(__file__).with_name("results")
LIMITS = {
    "list, cached": "nginx, file: list",
    "detail, cached": "nginx, file: detail",
    "list": "bare driver: list",
    "detail": "bare driver: detail",
    "search": "bare driver: search",
}
"""Of each scenario: the limit that it is compared with."""
BUSY_CORES = 0.9
Figures = dict[str, Any]


def machine() -> Figures:
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
        "fsync_us": fsync_microseconds(),
    }


def fsync_microseconds(count: int = 300) -> Figures:
    """What a durable write of 4 KiB waits for the disk: a checkout does so several times."""
    waits = []
    with TemporaryFile(buffering=0) as file:
        for _ in range(count):
            file.write(bytes(4096))
            begun = time.perf_counter()
            os.fsync(file.fileno())
            waits.append((time.perf_counter() - begun) * 1e6)
    waits.sort()
    return {"p50": round(waits[count // 2]), "p99": round(waits[count * 99 // 100])}


def revision() -> str:
    asked = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def write(about: Figures, results: Figures, name: str = "") -> None:
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%MZ}{name}.json"
    file.write_text(json.dumps({"about": about, "results": results}, indent=2) + "\n")
    print(f"written to {file.relative_to(Path.cwd())}")


def done(result: Figures) -> float:
    """What counts in it a second: orders where it has orders, else answers."""
    orders = _orders(result)
    if orders is None:
        return float(result["per_second"])
    return float((orders["requests"] - orders["refused"]) / result["seconds"])


def cpu(result: Figures) -> float:
    """Of all processes, in microseconds, for one of what counts: an order has two requests."""
    spent = sum(result["cpu_us"].values()) * result["requests"]
    return float(spent / max(done(result) * result["seconds"], 1))


def p99(result: Figures) -> float:
    """Of what counts in it."""
    return float((_orders(result) or result)["p99_ms"])


def _orders(result: Figures) -> Figures | None:
    """Of a result that is there for its orders."""
    found: Figures | None = result["kinds"].get("order")
    return None if "browse" in result["kinds"] else found


def ratios(result: Figures, other: Figures, digits: int) -> str:
    """In relation to another: by the rate, and by the CPU, which a busy neighbour changes less."""
    by_rate, by_cpu = done(result) / done(other), cpu(other) / cpu(result)
    return f"{by_rate:.{digits}f} · {by_cpu:.{digits}f}"


def line(name: str, connections: int, result: Figures) -> str:
    """One measurement, as it comes."""
    cpu = " ".join(
        f"{process.removeprefix('shop-')} {used:,.0f}"
        for process, used in result["cpu_us"].items()
        if used >= 1
    )
    refused = f"  refused {result['refused']}" if result["refused"] else ""
    broken = f"  broken {result['broken']}" if result["broken"] else ""
    return (
        f"  {name:20} {connections:3} {result['per_second']:9,.0f}/s  p50 {result['p50_ms']:8.2f}"
        f"  p99 {result['p99_ms']:8.2f} ms  CPU µs: {cpu}{refused}{broken}"
    )


def table(results: Figures, connections: str = "16") -> Iterator[str]:
    """With the ratios, as lines; 16 connections decide."""
    yield (
        f"{'at ' + connections + ' connections':20} {'on':10} {'a second':>9} {'p50 ms':>8} "
        f"{'p99 ms':>8} {'CPU µs':>7} {'of limit':>11} {'× baseline':>11}  wrk"
    )
    baseline = results.get("baseline", {}).get("scenarios", {})
    for name, shop in results.items():
        if name == "baseline":
            continue
        for scenario, measured in shop["scenarios"].items():
            if connections not in measured:
                continue
            yield _row(name, scenario, measured[connections], shop["limits"], baseline, connections)
    for scenario, measured in baseline.items():
        if connections in measured:
            yield _row("baseline", scenario, measured[connections], {}, {}, connections)


def _row(
    on: str, scenario: str, result: Figures, limits: Figures, baseline: Figures, connections: str
) -> str:
    limit = limits.get(LIMITS.get(scenario, ""))
    rival = baseline.get(scenario, {}).get(connections)
    of_limit = ratios(result, limit, 2) if limit else "–"
    of_rival = ratios(result, rival, 1) if rival else "–"
    wrk = result["wrk_cores"]
    busy = " (busy)" if wrk > BUSY_CORES and not result["kinds"] else ""
    return (
        f"{scenario:20} {on:10} {done(result):9,.0f} {result['p50_ms']:8.2f} {p99(result):8.2f} "
        f"{cpu(result):7,.0f} {of_limit:>11} {of_rival:>11}  {wrk:.2f}{busy}"
    )
