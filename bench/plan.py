"""The tables of docs/scaling.md: what orders a second take, by the processor times of a run."""

from collections.abc import Iterator

from bench.report import Figures, done

PER_ORDER = {
    "list, cached": 36,
    "detail, cached": 36,
    "list": 4,
    "detail": 4,
    "search": 12,
    "cart add": 2,
    "cart read": 2,
    "login": 1,
    "token refresh": 1,
    "checkout": 1,
}
"""A day in a shop (`mixed`): what people do for each order that is placed. Of ten pages nine are in
the gateway's cache, and of two who come back one still has a session."""
PROCESSES = ("nginx", "shop-auth", "shop-catalog", "shop-cart", "shop-orders", "postgres")
RATES = (10, 100, 10_000)


def cores(scenarios: Figures, process: str, orders: float) -> float:
    """How many a process needs in all its copies for so many orders a second and what goes with
    them."""
    each = (times * cpu_of(scenarios[name]["16"], process) for name, times in PER_ORDER.items())
    return orders * sum(each) / 1e6


def cpu_of(result: Figures, process: str) -> float:
    """Microseconds of a process for what counts in a scenario: a checkout is two requests."""
    requests = result["per_second"] / done(result)
    return float(result["cpu_us"].get(process, 0) * requests)


def plan(scenarios: Figures) -> Iterator[str]:
    """Cores by process, for each of RATES."""
    yield f"| | {' | '.join(f'{rate:,} orders a second' for rate in RATES)} | most of it |"
    yield f"| --- | {' | '.join('---:' for _ in RATES)} | --- |"
    totals = dict.fromkeys(RATES, 0.0)
    for process in PROCESSES:
        needed = {rate: cores(scenarios, process, rate) for rate in RATES}
        totals = {rate: totals[rate] + needed[rate] for rate in RATES}
        cells = [f"{one:,.1f}" for one in needed.values()]
        name = process.removeprefix("shop-")
        yield f"| {name} | {' | '.join(cells)} | {_dearest(scenarios, process)} |"
    yield f"| **cores** | {' | '.join(f'**{one:,.1f}**' for one in totals.values())} | |"


def _dearest(scenarios: Figures, process: str) -> str:
    shares = {
        name: times * cpu_of(scenarios[name]["16"], process) for name, times in PER_ORDER.items()
    }
    name = max(shares, key=lambda one: shares[one])
    return f"{name} {shares[name] / max(sum(shares.values()), 1e-9):.0%}"
