"""Whether a database has the newest schema: asked without starting a service."""

import re
import sqlite3
from pathlib import Path

_REVISION_FILE = re.compile(r"(\d{4})_\w+\.py")


def is_current(database: Path, migrations: Path) -> bool:
    """False where the file is missing, or so damaged that the service itself should say it."""
    names = (_REVISION_FILE.fullmatch(file.name) for file in migrations.iterdir())
    newest = max((name[1] for name in names if name), default=None)
    return newest is not None and _revision(database) == newest


def _revision(database: Path) -> str | None:
    if not database.exists():
        return None
    try:
        connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error:
        return None
    return str(row[0]) if row else None
