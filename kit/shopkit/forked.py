"""For tests: a program of ours as a process that may be killed, started in a tenth of the time.

It is forked from a server that has everything imported; otherwise it is what its console script
is, with the settings it gets in production.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_SERVER = multiprocessing.get_context("forkserver")


def preload(packages: Sequence[str]) -> None:
    """Of all that this test process will start; has an effect before the first of them only."""
    _SERVER.set_forkserver_preload([f"{package}.main" for package in packages])


def start_program(
    package: str, command: str, settings: Mapping[str, str], log: Path
) -> ForkServerProcess:
    """`shop-<package> <command>`; what it says is appended to `log`."""
    process = _SERVER.Process(target=_main, args=(package, command, settings, log), daemon=True)
    process.start()
    return process


def _main(package: str, command: str, settings: Mapping[str, str], log: Path) -> None:
    """What runs in the process: the console script."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(settings)
    sys.argv = [f"shop-{package}", command]
    import_module(f"{package}.main").main()


def end(process: ForkServerProcess, number: signal.Signals, timeout: float) -> int:
    """Its status, negative where a signal ended it; TimeoutError where it lives on after `timeout`
    seconds."""
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, number)
    process.join(timeout)
    if process.exitcode is None:
        raise TimeoutError(f"{process} lives on after {timeout} s")
    return process.exitcode
