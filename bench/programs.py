"""Programs beside the shop: started, waited for, and stopped."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

START_SECONDS = 30.0


@contextlib.contextmanager
def running(
    command: Sequence[str | Path],
    url: str = "",
    *,
    log: Path,
    more: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[Any]]:
    """Until the block ends; begins when something answers at `url`."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **(more or {})}, stdout=output, stderr=output
        )
    try:
        if url:
            wait_for(process, url, log)
        yield process
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def wait_for(process: subprocess.Popen[Any], url: str, log: Path) -> None:
    """Until something answers."""
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at and process.poll() is None:
        with contextlib.suppress(URLError, OSError), urlopen(url, timeout=5):
            return
        time.sleep(0.05)
    raise SystemExit(f"{process.args!r} does not answer:\n{log.read_text()}")
