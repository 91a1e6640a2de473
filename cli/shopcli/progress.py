"""How far it is: a bar where somebody watches, a line now and then where it goes to a file."""

import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

EVERY = 3.0
"""Seconds between two lines where no bar can be drawn."""


class Meter(Protocol):
    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def step(self, done: int) -> None:
        """So many are done."""

    def tell(self, what: str) -> None:
        """What it is doing or waiting for now."""


class Bar:
    def __init__(self, console: Console, total: int, what: str) -> None:
        self._what = what.capitalize()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task(self._what, total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def step(self, done: int) -> None:
        self._progress.update(self._task, completed=done, description=self._what)

    def tell(self, what: str) -> None:
        self._progress.update(self._task, description=what)


class Lines:
    def __init__(self, console: Console, total: int, what: str) -> None:
        self._what = what
        self._console = console
        self._total = total
        self._told_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def step(self, done: int) -> None:
        if time.monotonic() >= self._told_at + EVERY and done < self._total:
            self._told_at = time.monotonic()
            self._console.print(f"{done:,} of {self._total:,} {self._what}", highlight=False)

    def tell(self, what: str) -> None:
        pass


def meter(console: Console, total: int, what: str) -> Meter:
    """`what`: of which there are `total`."""
    kind = Bar if console.is_terminal else Lines
    return kind(console, total, what)
