"""Runs a command beside a private, throw-away PostgreSQL cluster.

    python tools/postgres.py COMMAND [ARGUMENT…]

COMMAND finds the cluster in TEST_POSTGRES_URL (a superuser on a free loopback port), and in
TEST_POSTGRES_THROWAWAY that nothing in it needs cleaning up. The cluster
lives in a temporary folder, is not durable, and is gone when COMMAND ends; COMMAND's exit status
is passed on.
"""

import contextlib
import ctypes
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

START_TIMEOUT = 60.0
PR_SET_PDEATHSIG = 1
# Nothing here survives a crash, and nothing has to: the cluster lasts as long as one test run.
SERVER_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "listen_addresses": "127.0.0.1",
}

DURABLE = dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "on")


class PostgresUnavailable(Exception):
    """No cluster can be made here; the message says what to do."""


def find_binaries() -> Path:
    """The folder of initdb and postgres: PATH, then pg_config, then where packages put them."""
    candidates = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        )
        candidates.append(Path(answer.stdout.strip()))
    for pattern in ("lib/postgresql/*/bin", "pgsql-*/bin", "local/opt/postgresql*/bin"):
        candidates += sorted(Path("/usr").glob(pattern), key=_version, reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresUnavailable(
        "PostgreSQL's server programs are missing; install them: "
        "apt-get install postgresql, or brew install postgresql"
    )


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(folder))]


def find_account() -> pwd.struct_passwd | None:
    """The account to run as: None is one's own; PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresUnavailable(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody"
    )


class Cluster:
    def __init__(
        self,
        folder: Path,
        binaries: Path,
        account: pwd.struct_passwd | None,
        settings: Mapping[str, str] = SERVER_SETTINGS,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.binaries = binaries
        self.account = account
        self.password = secrets.token_urlsafe(24)
        self.port = 0
        self.server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        if self.account:
            for path in (self.folder, password_file):
                os.chown(path, self.account.pw_uid, self.account.pw_gid)
        # "password" and not scram: thousands of short connections, and only over the loopback.
        options = ["--encoding=UTF8", "--locale=C", "--auth=password", "--no-sync"]
        made = self._spawn(
            "initdb", "-D", self._data, "-U", "postgres", f"--pwfile={password_file}", *options
        )
        if made.wait() != 0:
            raise PostgresUnavailable(f"initdb failed: {self._last_words()}")

    def start(self, port: int = 0) -> None:
        """On `port`, where it was before; on a free one by default."""
        for _ in range(5):  # another process may take the free port before the server does
            self.port = port or _free_port()
            options = [
                f"--{name.replace('_', '-')}={value}" for name, value in self.settings.items()
            ]
            self.server = self._spawn(
                "postgres", "-D", self._data, "-p", str(self.port), "-k", str(self.folder), *options
            )
            if self._answers(self.server):
                return
        raise PostgresUnavailable(f"PostgreSQL did not start: {self._last_words()}")

    def stop(self) -> None:
        if self.server is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.server.send_signal(signal.SIGQUIT)  # at once: there is nothing to keep
        self.server.wait()

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        account = self.account
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self.binaries / program), *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one thread; after the change of user
            )

    def _answers(self, server: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + START_TIMEOUT
        ready = [str(self.binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while server.poll() is None and time.monotonic() < deadline:
            if subprocess.run(ready, check=False).returncode == 0:
                return server.poll() is None
            time.sleep(0.05)
        return False

    def _last_words(self) -> str:
        return (self.folder / "log").read_text(errors="replace").strip().rpartition("\n")[2]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


@contextlib.contextmanager
def running_cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """`durable`: it waits for the disk, as it does in production."""
    folder = Path(tempfile.mkdtemp(prefix="shop-pg-"))
    settings = SERVER_SETTINGS | (DURABLE if durable else {})
    cluster = Cluster(folder, find_binaries(), find_account(), settings)
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def run(command: list[str], url: str) -> int:
    """COMMAND's exit status; COMMAND gets this tool's SIGTERM, so that all stops in order."""
    told = {"TEST_POSTGRES_URL": url, "TEST_POSTGRES_THROWAWAY": "1"}
    child = subprocess.Popen(command, env=os.environ | told)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to COMMAND as well
    status = child.wait()
    return status if status >= 0 else 128 - status


def main() -> int:
    command = sys.argv[1:]
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with running_cluster() as cluster:
            return run(command, cluster.url)
    except (PostgresUnavailable, FileNotFoundError) as error:
        print(f"postgres: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
