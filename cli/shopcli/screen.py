"""Where things are printed: results to stdout, everything about the run to stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Literal

from rich.console import Console, OverflowMethod
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 200
"""Columns of a table that goes to a file or another program, where nothing should be cut."""


def out() -> Console:
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def err() -> Console:
    width = None if sys.stderr.isatty() else PIPE_WIDTH
    return Console(stderr=True, width=width, highlight=False, soft_wrap=True)


def say(message: str) -> None:
    err().print(Text(message))


def show_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()  # here, where a closed pipe is still an error to handle


def show(message: str) -> None:
    out().print(Text(message), soft_wrap=True)


def show_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: str = "",
    overflow: OverflowMethod = "ellipsis",
) -> None:
    """`right`: names of the columns that hold numbers. Texts are shown, never interpreted."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in right.split() else "left"
        table.add_column(column, justify=justify, overflow=overflow, no_wrap=overflow == "ellipsis")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    out().print(table)
