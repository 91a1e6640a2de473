"""Run wrk with a list of requests and read its result."""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

REPLAY = Path(__file__).with_name("replay.lua")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None

    def line(self) -> str:
        headers = dict(self.headers)
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        head = "|".join(f"{name}={value}" for name, value in headers.items())
        body = json.dumps(self.body) if self.body is not None else ""
        return f"{self.method}\t{self.path}\t{head}\t{body}\n"


def measure(
    url: str, requests: Iterable[Request], *, seconds: int, connections: int = 16
) -> dict[str, Any]:
    """Closed loop over `connections`; answers requests that succeeded per second, and latencies."""
    with NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(request.line() for request in requests)
        file.flush()
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--timeout",
            "10s",
            "--latency",
        ]
        command += ["-s", str(REPLAY), url, file.name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    result: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    result["per_second"] = round((result["requests"] - result["refused"]) / result["seconds"], 1)
    return result
