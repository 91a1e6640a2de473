"""Where things are printed: results to stdout, everything about the run to stderr.

What a file or a shop says is shown, and steers no terminal: nothing else here prints it.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 200
"""Where long lines of a table are folded that goes to a file or another program."""
GAP = 2
"""Spaces between two columns of a table."""
NARROWEST = 4
_BEYOND_ASCII = (
    "\x7f-\x9f"  # DEL and C1
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # what turns lines around, or ends them
    "\ud800-\udfff"  # bytes of a file's name that are no text
)
_HIDDEN = re.compile(f"[\x00-\x1f{_BEYOND_ASCII}]")
_HIDDEN_IN_JSON = re.compile(f"[{_BEYOND_ASCII}]")


def visible(text: str) -> str:
    """Control characters as they are written in programs: `\\x1b`."""
    return _HIDDEN.sub(lambda found: ascii(found[0])[1:-1], text)


def out() -> Console:
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def err() -> Console:
    width = None if sys.stderr.isatty() else PIPE_WIDTH
    return Console(stderr=True, width=width, highlight=False, soft_wrap=True)


def say(message: str) -> None:
    err().print(Text(visible(message)))


def show_json(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    text = _HIDDEN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()  # here, where a closed pipe is still an error to handle


def show(message: str) -> None:
    out().print(Text(visible(message)), soft_wrap=True)


def show_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: str = "",
    shrinks: str | None = None,
) -> None:
    """`right`: names of the columns that hold numbers. Texts are shown, never interpreted.

    `shrinks`: the one column that a narrow terminal may cut; without it, long cells are folded.
    """
    console, lines = out(), [[visible(cell) for cell in row] for row in rows]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in right.split() else "left"
        table.add_column(column, justify=justify, overflow="fold")
    if shrinks is not None:
        _fit(table, columns.index(shrinks), [columns, *lines], console)
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    console.print(table)


def _fit(table: Table, index: int, lines: Sequence[Sequence[str]], console: Console) -> None:
    """All columns get what they need, and what is not there is taken from one of them."""
    widths = [max(map(cell_len, cells)) for cells in zip(*lines, strict=True)]
    needed = sum(widths) + GAP * (len(widths) - 1)
    missing = max(0, needed - console.width) if sys.stdout.isatty() else 0
    column = table.columns[index]
    column.no_wrap, column.overflow = True, "ellipsis"
    column.max_width = max(NARROWEST, widths[index] - missing)
    console.width = max(console.width, needed - widths[index] + column.max_width)
