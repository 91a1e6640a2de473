"""Starting processes that never outlive the launcher."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from launcher.errors import LaunchError
from launcher.interruption import STOPPING

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str | Path], environment: Mapping[str, str], output: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    """In a process group of its own: the terminal's Ctrl-C reaches the launcher alone.

    Not in a session of its own: Linux would share the CPU between sessions first (autogroup, see
    sched(7)), and niceness would order no more than a service's own threads.
    """
    launcher = os.getpid()

    def die_with_launcher() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        if _libc:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != launcher:
            os._exit(1)

    with _stopping_later():
        return subprocess.Popen(
            [str(word) for word in command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=die_with_launcher,  # noqa: PLW1509 - the launcher has one thread
        )


@contextlib.contextmanager
def _stopping_later() -> Iterator[None]:
    """Python drops a KeyboardInterrupt that is raised in what it does around a fork."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """The process and what it started, also when it is dead already (nginx leaves workers)."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


class Job:
    """A process with an end: a migration, the first admin, the sample catalog."""

    def __init__(
        self, label: str, command: Sequence[str | Path], environment: Mapping[str, str]
    ) -> None:
        self.label = label
        self._process = spawn(command, environment, subprocess.PIPE)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def finish(self) -> str:
        """Its output; raises LaunchError with the last line of it when the job failed."""
        output = self._process.communicate()[0].decode(errors="replace").strip()
        if self._process.returncode != 0:
            raise LaunchError(f"{self.label} failed: {output.rpartition(chr(10))[2]}")
        return output
