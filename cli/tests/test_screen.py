"""Tables on a terminal and in a pipe."""

import sys

import pytest

from shopcli.screen import show_table

SKU, NAME, PRICE, STATUS = (
    "SKU-" + "1" * 26,
    ("Ein sehr langer Name " * 9).strip(),
    "1,234.50 EUR",
    "archived",
)


def shown_row(capsys: pytest.CaptureFixture[str]) -> str:
    show_table(("SKU", "Name", "Price", "Status"), [(SKU, NAME, PRICE, STATUS)], shrinks="Name")
    _, row = capsys.readouterr().out.splitlines()
    return row


@pytest.mark.parametrize("width", [30, 60, 80, 120])
def test_a_narrow_terminal_cuts_the_name_and_nothing_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    row = shown_row(capsys)
    assert row.startswith(f"{SKU}  Ein")
    assert row.endswith(f"…  {PRICE}  {STATUS}")
    assert len(row) == max(width, len(f"{SKU}  1234  {PRICE}  {STATUS}"))


def test_a_pipe_cuts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown_row(capsys).split("  ") == [SKU, NAME, PRICE, STATUS]


def test_without_a_column_that_shrinks_long_cells_are_folded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reason = "123456789 " * 60
    show_table(("Row", "Reason"), [("2", reason)])
    assert capsys.readouterr().out.count("123456789") == 60
