"""Run wrk with a list of visits and read its result."""

import json
import resource
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

REPLAY = Path(__file__).with_name("replay.lua")


@dataclass(frozen=True)
class Request:
    """`<name>` in path, headers and body is a value of the connection's own, or was taken from an
    answer before."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    kind: str = ""
    """Its latency is told by kind; only of visits that are walked (see `measure`)."""
    takes: dict[str, str] = field(default_factory=dict)
    """Name: a member of the answer, or `:` and a header of it."""

    def line(self) -> str:
        headers = dict(self.headers)
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        head = "|".join(f"{name}={value}" for name, value in headers.items())
        body = json.dumps(self.body) if self.body is not None else ""
        takes = "|".join(f"{name}={what}" for name, what in self.takes.items())
        return f"{self.method}\t{self.path}\t{head}\t{body}\t{self.kind}\t{takes}\n"


Visit = Sequence[Request]


def measure(
    url: str,
    visits: Iterable[Request | Visit],
    *,
    seconds: int,
    connections: int = 16,
    own: Mapping[str, Sequence[str]] | None = None,
    thinking_ms: int = 0,
) -> dict[str, Any]:
    """Closed loop over `connections`; answers requests that succeeded per second, and latencies.

    Requests without a kind are sent by one thread in turn, whoever is free. With kinds, or values
    of their own, visits are walked: each connection makes a visit from its beginning to its end.
    """
    listed = [[visit] if isinstance(visit, Request) else list(visit) for visit in visits]
    walks = bool(own) or any(request.kind for visit in listed for request in visit)
    with NamedTemporaryFile("w", suffix=".tsv") as file:
        for name, values in (own or {}).items():
            file.write("\t".join(["@", name, *values]) + "\n")
        for visit in listed:
            file.writelines([*(request.line() for request in visit), "\n"])
        file.flush()
        threads = connections if walks else 1
        command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s"]
        command += ["--timeout", "10s", "-s", str(REPLAY), url, file.name, str(thinking_ms)]
        before = seconds_of_children()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        cpu = seconds_of_children() - before
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    result: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    result["per_second"] = round((result["requests"] - result["refused"]) / result["seconds"], 1)
    result["wrk_cores"] = round(cpu / result["seconds"], 2)
    return result


def seconds_of_children() -> float:
    """CPU of the programs that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
