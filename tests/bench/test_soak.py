"""What a soak counts as growth."""

from pathlib import Path
from typing import Any

import pytest

from bench.soak import MOST_BYTES_PER_ORDER, disk, refused, verdict

LOOKS = 30
WARMING = {"megabytes": {"shop-orders": 60.0}}


def looks(**last: dict[str, Any]) -> list[dict[str, Any]]:
    """Half an hour, with 10 orders a minute; what is in `last` holds in the last third."""
    usual = {
        "megabytes": {"shop-orders": 100.0},
        "descriptors": {"shop-orders": 50},
        "threads": {"shop-orders": 5},
    }
    found = []
    for number in range(LOOKS):
        more = last if number >= LOOKS * 2 // 3 else WARMING if number < LOOKS // 3 else {}
        orders = 10 * number
        size = {"databases": 2_000_000 + 1000 * orders, "mail": 500 * orders, "logs": 5_000_000}
        found.append({"orders": orders, "disk": size, **usual, **more})
    return found


def test_what_stays_is_flat_and_the_disk_is_told_by_orders() -> None:
    found = verdict(looks())
    assert (found["flat"], found["more"]) == (True, [])
    assert found["megabytes"] == {"shop-orders": [100.0, 100.0]}
    assert found["bytes_per_order"] == {"databases": 1000, "mail": 500, "logs": 0}


@pytest.mark.parametrize(
    ("what", "still", "more"),
    [("megabytes", 105.9, 106.1), ("descriptors", 53, 54), ("threads", 6, 7)],
)
def test_a_process_that_has_more_at_last_is_named(what: str, still: float, more: float) -> None:
    assert verdict(looks(**{what: {"shop-orders": still}}))["flat"]
    found = verdict(looks(**{what: {"shop-orders": more}}))
    assert not found["flat"]
    assert found["more"][0].startswith(f"{what} of shop-orders: ")


def test_a_process_that_is_new_is_named_but_one_that_comes_and_goes() -> None:
    both = {"shop-orders": 100.0, "slow_reader": 70.0, "nginx": 40.0}
    assert verdict(looks(megabytes=both))["more"] == ["megabytes of nginx: 0.0 → 40.0"]


def test_visits_that_are_turned_away_are_told() -> None:
    good = {"look 200": 9, "card 201": 3, "guess 401 /api/auth/login": 2, "log_out 204": 1}
    bad = {"look 503 /api/products": 2, "leave TimeoutError": 1, "card 401 /api/auth/login": 1}
    assert refused(good) == []
    assert refused({**good, **bad}) == [f"{visit}: {times}" for visit, times in bad.items()]


def test_what_an_order_may_take_on_the_disk_has_a_bound() -> None:
    grown = looks()
    grown[-1]["disk"]["databases"] += MOST_BYTES_PER_ORDER * 10 * LOOKS
    assert verdict(grown)["more"] == ["bytes for each order"]


def test_logs_and_caches_are_told_and_have_no_part_in_it() -> None:
    grown = looks()
    grown[-1]["disk"]["logs"] *= 100
    found = verdict(grown)
    assert found["flat"]
    assert found["bytes_per_order"]["logs"] > MOST_BYTES_PER_ORDER


def test_files_are_counted_by_kind(tmp_path: Path) -> None:
    for name, size in (("databases/cart.db", 7), ("databases/cart.db-wal", 5), ("mail/a/b.eml", 3)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    assert disk(tmp_path) == {"databases": 7, "wal": 5, "mail": 3}


def test_too_short_a_run_says_nothing() -> None:
    for few in ([], looks()[:2], [{**one, "orders": 7} for one in looks()]):
        with pytest.raises(SystemExit, match="too short"):
            verdict(few)
