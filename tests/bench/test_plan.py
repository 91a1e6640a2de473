"""What orders a second take, by what was measured."""

from collections import Counter
from typing import Any

import pytest

from bench.place import Place
from bench.plan import PER_ORDER, cores, plan
from bench.scenarios import MIXED, mixed
from bench.wrk import Request


def measured(microseconds: dict[str, float], *, orders: bool = False) -> dict[str, Any]:
    """100 answers a second; as orders, of two requests each."""
    kinds = {"order": {"requests": 50, "refused": 0, "p99_ms": 1.0}} if orders else {}
    return {"per_second": 100.0, "seconds": 1.0, "cpu_us": microseconds, "kinds": kinds}


def scenarios(**of: dict[str, float]) -> dict[str, Any]:
    names = {name: name.replace(", ", "_").replace(" ", "_") for name in PER_ORDER}
    return {
        name: {"16": measured(of.get(key, {}), orders=name == "checkout")}
        for name, key in names.items()
    }


def test_cores_are_what_each_order_and_all_that_goes_with_it_costs() -> None:
    run = scenarios(search={"postgres": 1_000, "nginx": 10}, checkout={"postgres": 500})
    assert cores(run, "postgres", 1) == pytest.approx((12 * 1_000 + 2 * 500) / 1e6)
    assert cores(run, "nginx", 100) == pytest.approx(100 * 12 * 10 / 1e6)
    assert list(plan(run))[-2:] == [
        "| postgres | 0.1 | 1.3 | 130.0 | search 92% |",
        "| **cores** | **0.1** | **1.3** | **131.2** | |",
    ]


def test_what_goes_with_an_order_is_a_day_in_a_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Place, "_many", lambda *_: [])
    visits = mixed(Place("http://127.0.0.1:1", [str(number) for number in range(1000)])).visits
    kinds = Counter(
        request.kind
        for visit in visits
        for request in ([visit] if isinstance(visit, Request) else visit)
    )
    pages = [times for name, times in PER_ORDER.items() if name.startswith(("list", "detail"))]
    assert kinds == {
        "browse": sum(pages) * MIXED,
        "search": PER_ORDER["search"] * MIXED,
        "cart add": (PER_ORDER["cart add"] + PER_ORDER["checkout"]) * MIXED,
        "cart read": PER_ORDER["cart read"] * MIXED,
        "login": (PER_ORDER["login"] + PER_ORDER["token refresh"]) * MIXED,
        "order": PER_ORDER["checkout"] * MIXED,
    }
