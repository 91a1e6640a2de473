"""The limits, running on what a shop has."""

import pickle
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.limits.apps import DATABASE, FILES, STATEMENTS
from bench.limits.statements import statements_of
from bench.place import Place
from bench.programs import running, running_nginx, wait_for
from bench.scenarios import PAGE, detail_paths, search_paths
from bench.shop import free_port
from bench.wrk import Request

HERE = Path(__file__).parent


@contextmanager
def running_limits(place: Place, catalog_url: str) -> Iterator[tuple[str, list[int]]]:
    """Where they answer, and their processes; `catalog_url` is the database of the shop at `place`,
    which they read."""
    with TemporaryDirectory(prefix="shop-limits-") as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        for file, path in (("list", PAGE), ("detail", detail_paths(place)[0])):
            with urllib.request.urlopen(place.url + path, timeout=10) as answer:
                (folder / file).write_bytes(answer.read())
        paths = [PAGE, *detail_paths(place), *search_paths()]
        (folder / "statements").write_bytes(pickle.dumps(statements_of(catalog_url, paths)))
        settings = {
            FILES: str(folder),
            DATABASE: catalog_url,
            STATEMENTS: str(folder / "statements"),
        }
        url = f"http://127.0.0.1:{port}"
        with (
            running(
                _uvicorn("constant", folder), log=folder / "constant.log", more=settings
            ) as one,
            running(_uvicorn("bare", folder), log=folder / "bare.log", more=settings) as two,
            running_nginx(HERE / "nginx.conf", folder, PORT=port) as three,
        ):
            for path in ("/files/list", "/constant/list", PAGE):
                wait_for(three, url + path, folder / "nginx.log")
            yield url, [one.pid, two.pid, three.pid]


def limits(place: Place) -> dict[str, list[Request]]:
    """What to ask of them, by name."""
    return {
        "nginx, file: list": [Request("GET", "/files/list")],
        "nginx, file: detail": [Request("GET", "/files/detail")],
        "ASGI alone: list": [Request("GET", "/constant/list")],
        "ASGI alone: detail": [Request("GET", "/constant/detail")],
        "bare driver: list": [Request("GET", PAGE)],
        "bare driver: detail": [Request("GET", path) for path in detail_paths(place)],
        "bare driver: search": [Request("GET", path) for path in search_paths()],
    }


def _uvicorn(app: str, folder: Path) -> list[str | Path]:
    command = [sys.executable, "-m", "uvicorn", "--factory", f"bench.limits.apps:{app}"]
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--lifespan", "off"]
    return [*command, *options, "--uds", folder / f"{app}.sock", "--log-level", "warning"]
