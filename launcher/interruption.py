"""Ctrl-C and its like: they end the launcher once, wherever it is."""

import signal
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_asked = False


def stop_on_signals() -> None:
    """Also as a shell's background job, for which the shell ignores SIGINT; nohup is respected."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Once: what is being stopped is not interrupted by a second, impatient Ctrl-C."""
    global _asked
    _asked = True
    for again in STOPPING:
        signal.signal(again, signal.SIG_IGN)
    raise KeyboardInterrupt


def raise_if_asked() -> None:
    """Python drops a KeyboardInterrupt that comes up while it finalizes an object: whoever waits
    asks again. Raises KeyboardInterrupt."""
    if _asked:
        raise KeyboardInterrupt
