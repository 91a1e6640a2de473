"""The tables of docs/performance.md, made of a run's JSON."""

from collections.abc import Iterable, Iterator
from typing import Any

from bench.cpu import SERVICES
from bench.report import LIMITS, Figures, cpu, done, p99, ratios

OF_SERVICES = (*SERVICES, "slow_reader")
DATABASES = ("SQLite", "PostgreSQL")
BEGIN, END = "<!-- figures: `make bench-plots` writes them -->", "<!-- end of figures -->"


def put_into(text: str, figures: str) -> str:
    """Between the marks of a page."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{figures}{END}{after}"


def tables(about: Figures, results: Figures, files: list[str]) -> str:
    machine = about["machine"]
    fsync = machine["fsync_us"]
    runs = " and ".join(f"[{file}](../bench/results/{file})" for file in files)
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, an fsync of 4 KiB takes {fsync['p50']} µs "
        f"(p99 {fsync['p99']:,}); {about['products']:,} products; "
        f"revision `{about['revision']}`: {runs}.",
        "",
        "### At 16 connections",
        *_main(results),
        "",
        "### A second, and p99 in ms, with 1, 16 and 64 connections",
        *_by_connections(results),
        "",
        "### The limits themselves",
        *_limits(results),
        "",
        "### Starts, memory, and the flash sale",
        *rest(results),
    ]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _main(results: Figures) -> Iterator[str]:
    head = ["scenario"]
    for database in DATABASES:
        head += [f"{database}, a second", "p99 ms", "CPU µs", "of limit", "× baseline"]
    yield _row([*head, "baseline, a second", "p99 ms", "CPU µs"])
    yield _row(["---", *["---:"] * (len(head) + 2)])
    rivals = results["baseline"]["scenarios"]
    for name in results["SQLite"]["scenarios"]:
        rival = rivals.get(name, {}).get("16")
        cells = [name]
        for database in DATABASES:
            part = results[database]
            result = part["scenarios"][name]["16"]
            limit = part["limits"].get(LIMITS.get(name, ""))
            cells += [*_three(result), ratios(result, limit, 2) if limit else "–"]
            cells += [ratios(result, rival, 1) if rival else "–"]
        yield _row([*cells, *(_three(rival) if rival else ["–"] * 3)])


def _three(result: Figures) -> list[str]:
    return [_number(done(result)), _number(p99(result)), _number(cpu(result))]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _by_connections(results: Figures) -> Iterator[str]:
    parts = [part for part in (*DATABASES, "baseline") if part in results]
    yield _row(["scenario", *parts])
    yield _row(["---", *["---"] * len(parts)])
    for name in results["SQLite"]["scenarios"]:
        cells = [_all_connections(results[part]["scenarios"].get(name, {})) for part in parts]
        yield _row([name, *cells])


def _all_connections(measured: Figures) -> str:
    rates = " · ".join(_number(done(result)) for result in measured.values())
    waits = " · ".join(_number(p99(result)) for result in measured.values())
    refused = sum(result["refused"] for result in measured.values())
    share = refused / max(sum(result["requests"] for result in measured.values()), 1)
    note = f"; {share:.0%} refused" if share >= 0.01 else ""
    return f"{rates}; {waits} ms{note}" if measured else "–"


def _limits(results: Figures) -> Iterator[str]:
    yield _row(["limit", *(f"beside {database}, a second" for database in DATABASES)])
    yield _row(["---", "---:", "---:"])
    for name in results["SQLite"]["limits"]:
        yield _row([name, *(_number(done(results[part]["limits"][name])) for part in DATABASES)])


def rest(results: Figures) -> Iterator[str]:
    """Of the databases that were measured."""
    names = [database for database in DATABASES if database in results]
    yield _row(["", *names])
    yield _row(["---", *["---"] * len(names)])
    parts = [results[database] for database in names]
    rows: dict[str, list[Any]] = {
        "first start, second": [_pair(part["start_seconds"]) for part in parts],
        "idle, all four services": [_services(part["idle_megabytes"]) for part in parts],
        "idle, shared memory counted once": [
            _services(part.get("idle_own_megabytes", {})) for part in parts
        ],
        "after the run, all four": [_services(part["busy_megabytes"]) for part in parts],
        **_sales([part["flash_sale"] for part in parts]),
        "log line, metrics, request id and headers": [_middleware(part) for part in parts],
    }
    for name, cells in rows.items():
        yield _row([name, *(str(cell) for cell in cells)])


def _pair(starts: Figures) -> str:
    return f"{starts['first']:.1f} s, {starts['second']:.1f} s"


def _services(megabytes: Figures) -> str:
    services = {name: used for name, used in megabytes.items() if name in OF_SERVICES}
    if not services:
        return "–"
    each = ", ".join(f"{name.removeprefix('shop-')} {used}" for name, used in services.items())
    return f"{sum(services.values())} MB ({each})"


def _middleware(part: Figures) -> str:
    """As a share of what pages cost all processes."""
    spent = part.get("middleware_us")
    if spent is None:
        return "–"
    shares = [
        f"{spent / cpu(part['scenarios'][name]['16']):.0%} of a {name}"
        for name in ("list", "detail")
        if "16" in part["scenarios"].get(name, {})
    ]
    return ", ".join([f"{spent} µs", *shares])


def _sales(sales: list[Figures]) -> dict[str, list[str]]:
    if not sales:
        return {}
    first = sales[0]
    name = f"{first['buyers']:,} buyers for {first['stock']:,} pieces"
    return {
        f"{name}: sold out after": [_sold_out(sale) for sale in sales],
        "64 browsers, p50 and p99, alone": [_felt(sale["browsers_alone"]) for sale in sales],
        "64 browsers, p50 and p99, during the sale": [
            _felt(sale["browsers_during"]) for sale in sales
        ],
    }


def _sold_out(sale: Figures) -> str:
    unknown = sum(sale["unknown"].values())
    told = f"; {unknown:,} did not know after a minute" if unknown else ""
    if sale["sold_out_seconds"] is None:
        return f"not: {sale['orders']:,} orders in {sale['last_order_seconds']} s{told}"
    return f"{sale['sold_out_seconds']} s{told}"


def _felt(result: Figures) -> str:
    return f"{_number(result['p50_ms'])} and {_number(result['p99_ms'])} ms"
