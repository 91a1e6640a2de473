"""The connection that short commands use: whoever waits is told why."""

from shopcli.screen import say
from shopcli.wire import Wire

WORTH_TELLING = 2.0
"""Seconds."""


def connect(url: str) -> Wire:
    return Wire(url, on_pause=_tell)


def _tell(seconds: float) -> None:
    if seconds >= WORTH_TELLING:
        say(f"The shop is busy; trying again in {seconds:.0f} s.")
