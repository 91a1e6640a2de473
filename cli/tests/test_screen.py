"""Tables on a terminal and in a pipe."""

import json
import sys

import pytest

from shopcli.screen import say, show, show_json, show_table

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


TRICKS = "a\x1b[31mRED\x1b]0;pwned\x07\rb\x9bc\x7f\u202egpj\u2066.\udc80\nend"
SHOWN = r"a\x1b[31mRED\x1b]0;pwned\x07\rb\x9bc\x7f\u202egpj\u2066.\udc80\nend"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_would_steer_a_terminal_is_shown_as_what_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    show(TRICKS)
    say(TRICKS)
    show_table(("Name",), [(TRICKS,)])
    out, err = capsys.readouterr()
    assert (out.splitlines()[0], err.splitlines()[0]) == (SHOWN, SHOWN)
    assert out.splitlines()[2].strip() == SHOWN
    for text in (out, err):
        assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_json_is_the_same_without_what_would_steer_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_json({"name": TRICKS, "city": "Kraków"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"name": TRICKS, "city": "Kraków"}
    assert "Kraków" in out
    assert all(letter.isprintable() or letter == "\n" for letter in out)
