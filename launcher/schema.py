"""Whether a database has the newest schema: asked without starting a service."""

import asyncio
import re
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

_REVISION_FILE = re.compile(r"(\d{4})_\w+\.py")
_ASK = "SELECT version_num FROM alembic_version"
_FILE = "sqlite:///"
_SECONDS = 5


def is_current(url: str, migrations: Path) -> bool:
    """False where it cannot be asked, or is damaged: the service itself should say why."""
    names = (_REVISION_FILE.fullmatch(file.name) for file in migrations.iterdir())
    newest = max((name[1] for name in names if name), default=None)
    ask = _revision_of_file if url.startswith(_FILE) else _revision_of_server
    return newest is not None and ask(url) == newest


def _revision_of_file(url: str) -> str | None:
    database = Path(url.removeprefix(_FILE))
    if not database.is_file():
        return None
    address = f"{database.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            row = connection.execute(_ASK).fetchone()
    except sqlite3.Error:
        return None
    return str(row[0]) if row else None


def _revision_of_server(url: str) -> str | None:
    try:
        return asyncio.run(_asked(url))
    except Exception:  # whatever is wrong with it, its migration will find it too
        return None


async def _asked(url: str) -> str | None:
    connection = await import_module("asyncpg").connect(url, timeout=_SECONDS)
    try:
        found: str | None = await connection.fetchval(_ASK, timeout=_SECONDS)
        return found
    finally:
        await connection.close(timeout=_SECONDS)
