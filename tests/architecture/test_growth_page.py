"""docs/growth.md says of every table what ends it (C20)."""

import re
from importlib import import_module
from pathlib import Path

import pytest

SERVICES = ("auth", "cart", "catalog", "orders")


def listed(page: str, service: str) -> set[str]:
    rows = [row.split(" | ") for row in page.splitlines() if row.startswith("| ")]
    return {
        table
        for cells in rows
        if service in cells[0].removeprefix("| ").split(", ")
        for table in re.findall(r"`(\w+)`", cells[1])
    }


@pytest.mark.parametrize("service", SERVICES)
def test_c20_every_table_has_an_end_or_a_reason(root: Path, service: str) -> None:
    page = (root / "docs" / "growth.md").read_text(encoding="utf-8")
    tables = set(import_module(f"{service}.models").metadata.tables)
    told = listed(page, service)
    assert tables - told == set()
    assert told - tables <= {"checkout_keys"}  # a row for several services names it
