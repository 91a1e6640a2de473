"""Programs beside the shop: started, waited for, and stopped."""

import contextlib
import grp
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from launcher.nginx_program import find_nginx

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


@contextlib.contextmanager
def running_nginx(
    template: Path, folder: Path, **values: object
) -> Iterator[subprocess.Popen[Any]]:
    """With its files in `folder`; it logs to `nginx.log` there."""
    nginx = find_nginx(Path(".tools/nginx"), print)
    text = Template(template.read_text()).substitute(FOLDER=folder, **values)
    if os.geteuid() == 0:
        text = f"user root {grp.getgrgid(os.getegid()).gr_name};\n{text}"
    (folder / "nginx.conf").write_text(text)
    start: list[str | Path] = [nginx.program, "-e", "stderr", "-p", folder]
    start += ["-c", folder / "nginx.conf"]
    with running(start, log=folder / "nginx.log", more=nginx.environment) as process:
        yield process


def wait_for(process: subprocess.Popen[Any], url: str, log: Path) -> None:
    """Until something answers."""
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at and process.poll() is None:
        with contextlib.suppress(URLError, OSError), urlopen(url, timeout=5):
            return
        time.sleep(0.05)
    raise SystemExit(f"{process.args!r} does not answer:\n{log.read_text()}")
