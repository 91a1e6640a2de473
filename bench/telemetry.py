"""What the one middleware costs a request: its id, log line, metrics and headers."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryFile

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopkit.edge import Edge
from shopkit.logs import configure_logs

ROUNDS, REQUESTS = 7, 2_000
HEADERS = [(b"host", b"shop"), (b"accept", b"*/*"), (b"x-request-id", b"measured-by-the-bench")]


def middleware_microseconds() -> float:
    """Of CPU, in a process whose standard output is a file, as a service's is."""
    command = [sys.executable, "-m", "bench.telemetry"]
    with TemporaryFile() as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, check=True)
    return float(json.loads(done.stderr))


async def _answer(_scope: Scope, _receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


async def _nothing(_message: Message) -> None: ...


async def _receive() -> Message:
    return {"type": "http.request", "body": b""}


async def _seconds(app: ASGIApp) -> float:
    begun = time.process_time()
    for _ in range(REQUESTS):
        scope = {"type": "http", "method": "GET", "path": "/", "headers": HEADERS}
        await app(scope, _receive, _nothing)
    return (time.process_time() - begun) / REQUESTS


async def _measure() -> float:
    """The least of some rounds, since others use the machine."""
    whole = Edge(_answer)
    pairs = [(await _seconds(whole), await _seconds(_answer)) for _ in range(ROUNDS)]
    return min(pair[0] for pair in pairs) - min(pair[1] for pair in pairs)


def main() -> None:
    configure_logs(Path(__file__).stem)
    sys.stderr.write(json.dumps(round(asyncio.run(_measure()) * 1e6, 1)))


if __name__ == "__main__":
    main()
