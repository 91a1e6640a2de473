"""What a benchmark could tell wrongly: that something changed, or that nothing was oversold."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from bench.changes import FEWEST, change
from bench.flash import Oversold, Sale, check
from bench.place import Place
from bench.report import done, p99, table
from bench.scenarios import MIXED, mixed
from bench.wrk import Request


def noisy(chance: random.Random, level: float, drift: Callable[[int], float]) -> list[float]:
    return [level * drift(number) * chance.lognormvariate(0, 0.03) for number in range(8)]


def found_of(times: int, faster: float) -> int:
    """How often in so many comparisons a change was found, on a machine that gets slower."""
    chance = random.Random(1)

    def slower(number: int) -> float:
        return float(0.9**number)

    pairs = (
        change(noisy(chance, 1000, slower), noisy(chance, 1000 * faster, slower))
        for _ in range(times)
    )
    return sum(found.is_real for found in pairs)


def test_noise_is_told_as_a_change_once_in_a_hundred_times() -> None:
    assert found_of(2_000, faster=1.0) < 40


def test_a_change_beyond_the_noise_is_found_though_the_machine_slows_down() -> None:
    assert found_of(200, faster=1.10) > 180


def test_a_change_is_told_as_large_as_it_is() -> None:
    found = change([100, 50, 25, 12.5], [121, 60, 30, 15.2])
    assert found.is_real
    assert found.low < 1.2 < found.high
    assert found.ratio == pytest.approx(1.206, abs=0.01)


@pytest.mark.parametrize(("a", "b"), [([1.0] * 2, [1.0] * 2), ([1.0] * 4, [1.0] * 5)])
def test_too_few_pairs_tell_nothing(a: list[float], b: list[float]) -> None:
    with pytest.raises(ValueError, match=f"{FEWEST} to"):
        change(a, b)


def test_a_sale_that_adds_up_is_fine() -> None:
    check(100, on_hand=0, reserved=0, sale=Sale(orders=[0.1] * 100))
    check(100, on_hand=3, reserved=0, sale=Sale(orders=[0.1] * 95, unknown=Counter({"503": 2})))
    check(
        100,
        on_hand=3,
        reserved=1,
        sale=Sale(orders=[0.1] * 95, unknown=Counter({"503": 1, "nothing": 2})),
    )


@pytest.mark.parametrize(
    ("on_hand", "reserved", "orders", "unknown"),
    [
        (0, 0, 101, 0),  # more orders than pieces
        (-1, 0, 100, 1),  # more gone than there were
        (10, 0, 95, 5),  # orders whose pieces are still on the shelf
        (0, 0, 95, 4),  # a piece gone without an order
        (5, 1, 95, 0),  # held for nobody
        (1, 2, 97, 9),  # more held than there is
    ],
)
def test_a_sale_that_does_not_add_up_is_refused(
    on_hand: int, reserved: int, orders: int, unknown: int
) -> None:
    sale = Sale([0.1] * orders, unknown=Counter({"202": unknown}))
    with pytest.raises(Oversold):
        check(100, on_hand=on_hand, reserved=reserved, sale=sale)


def test_mixed_is_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Place, "_many", lambda *_: [])
    played = mixed(Place("http://127.0.0.1:1", [str(number) for number in range(1000)]))
    kinds = [
        request.kind
        for visit in played.visits
        for request in ([visit] if isinstance(visit, Request) else visit)
    ]
    shares = {kind: kinds.count(kind) / MIXED for kind in set(kinds)}
    assert shares.pop("cart add") + shares.pop("cart read") == 5
    assert shares == {"browse": 80, "search": 12, "login": 2, "order": 1}


def test_checkouts_are_counted_and_timed_by_their_orders() -> None:
    order = {"requests": 50, "refused": 10, "p99_ms": 9.0}
    result = {
        "requests": 180,
        "per_second": 90.0,
        "seconds": 2.0,
        "p50_ms": 1.0,
        "p99_ms": 5.0,
        "wrk_cores": 0.1,
    }
    result |= {"cpu_us": {"shop-orders": 10.0}, "kinds": {"order": order, "cart add": {}}}
    assert (done(result), p99(result)) == (20, 9.0)
    in_passing = {**result, "kinds": {"order": order, "browse": {}}}
    assert (done(in_passing), p99(in_passing)) == (90.0, 5.0)
    shop = {"scenarios": {"checkout": {"16": result}}, "limits": {}}
    dear = {"requests": 1800, "seconds": 20.0, "cpu_us": {"gunicorn": 30.0}}
    slow = {"scenarios": {"checkout": {"16": {**result, **dear}}}}
    (row,) = [line for line in table({"SQLite": shop, "baseline": slow}) if "SQLite" in line]
    assert row.split()[:3] == ["checkout", "SQLite", "20"]
    assert " 10.0 · 30.0 " in row
