"""The payment sandbox as a process of its own, which a test may kill and start again."""

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from pydantic import SecretStr

from shopkit.forked import end, start_program
from shopkit.http_client import ApiKey, ServiceClient

API_KEY = "sandbox-key-for-tests"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
START_TIMEOUT = 30.0


@dataclass
class SandboxProcess:
    folder: Path
    settings: Mapping[str, str]
    process: ForkServerProcess | None = None

    @property
    def url(self) -> str:
        return f"unix:{self.folder / 'sandbox.sock'}"

    @property
    def hooks(self) -> Path:
        """The socket that webhooks are sent to."""
        return self.folder / "hooks.sock"

    @property
    def log(self) -> Path:
        return self.folder / "sandbox.log"

    def start(self) -> None:
        environment = {
            "SANDBOX_DATABASE": str(self.folder / "sandbox.db"),
            "SANDBOX_LISTEN": self.url,
            "SANDBOX_API_KEY": API_KEY,
            "SANDBOX_WEBHOOK_URL": f"unix:{self.hooks}",
            "SANDBOX_WEBHOOK_SECRET": SECRET,
            **self.settings,
        }
        begun = self.log.stat().st_size if self.log.exists() else 0
        self.log.touch()
        self.process = start_program("paysandbox", "serve", environment, self.log)
        deadline = time.monotonic() + START_TIMEOUT
        while '"serving"' not in (said := self.log.read_text()[begun:]):
            assert self.process.is_alive(), said
            assert time.monotonic() < deadline, said
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self.process
        return end(self.process, number, START_TIMEOUT)

    def client(self) -> ServiceClient:
        return ServiceClient(self.url, tokens=ApiKey(SecretStr(API_KEY)))


@contextmanager
def sandbox_process(folder: Path, **settings: str) -> Iterator[SandboxProcess]:
    found = SandboxProcess(folder, settings)
    found.start()
    try:
        yield found
    finally:
        found.stop()
