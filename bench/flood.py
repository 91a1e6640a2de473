"""A flood beside what is measured."""

import json
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from bench.wrk import Request

SCRIPT = Path(__file__).with_suffix(".lua")


@contextmanager
def flooding(url: str, requests: Sequence[Request]) -> Iterator[dict[str, int]]:
    """Each of the requests always under way on a connection of its own, until the block ends; then
    how many answers had which status. An attacker has a machine of their own: wrk is as nice as
    can be."""
    answers: dict[str, int] = {}
    with NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(request.line() for request in requests)
        file.flush()
        command = ["nice", "-n", "19", "wrk", "-t1", f"-c{len(requests)}", "-d1h"]
        command += ["--timeout", "10s", "-s", str(SCRIPT), url, file.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wrk:
            try:
                yield answers
            finally:
                wrk.send_signal(signal.SIGINT)
                told = wrk.communicate()[0].partition("RESULT ")[2]
                answers |= json.loads(told.splitlines()[0])
