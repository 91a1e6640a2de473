"""A process that is meant to run for as long as the launcher does."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher.process import kill_group, spawn

FIRST_DELAY = 0.2
LONGEST_DELAY = 15.0
REFUSED = 2
"""The status of a service that says why it will not start with these settings and data."""


@dataclass
class Child:
    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    log: Path
    is_ready: Callable[[], bool]
    stop_signal: signal.Signals = signal.SIGTERM
    ready: bool = False
    failures: int = 0
    """Ends in a row without having been ready between them."""
    refused: bool = False
    started: float = 0.0
    start_again: float = 0.0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        with self.log.open("ab", buffering=0) as log:
            self._process = spawn(self.command, self.environment, log)
        self.ready = False
        self.started = time.monotonic()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def take_end(self) -> str | None:
        """How it ended, told once; None while it runs. Nothing of it is left afterwards."""
        if self._process is None or (status := self._process.poll()) is None:
            return None
        kill_group(self._process)
        self._process = None
        self.failures = 0 if self.ready else self.failures + 1
        self.refused = status == REFUSED and not self.ready
        delay = min(FIRST_DELAY * 2 ** max(0, self.failures - 1), LONGEST_DELAY)
        self.start_again = time.monotonic() + delay
        return f"killed by {signal.Signals(-status).name}" if status < 0 else f"status {status}"

    def look(self) -> bool:
        """Whether it became ready just now."""
        if self.ready or not self.running or not self.is_ready():
            return False
        self.ready = True
        self.failures = 0
        return True

    def ask_to_stop(self) -> None:
        if self._process and self.running:
            self._process.send_signal(self.stop_signal)

    def wait(self, deadline: float) -> None:
        """Until it ended; at `deadline` (monotonic) it is killed."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        kill_group(self._process)
        self._process.wait()
