"""Whether a database has the schema that the code was written for."""

import re
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from shopkit.db import Database

_REVISION_FILE = re.compile(r"(\d{4})_\w+\.py")


class SchemaMismatch(RuntimeError):
    """The database's schema is not the one that this code was written for."""


def newest_revision(migrations: Path) -> str:
    """Revisions are numbered `NNNN` like their files, so that a start needs no Alembic."""
    names = (_REVISION_FILE.fullmatch(path.name) for path in (migrations / "versions").iterdir())
    return max(name.group(1) for name in names if name)


async def check_schema(database: Database, migrations: Path, command_name: str) -> None:
    """Raises SchemaMismatch unless the database is exactly at the newest revision."""
    found, wanted = await database.read(_revision), newest_revision(migrations)
    if found != wanted:
        advice = (
            f"run `{command_name} migrate`"
            if (found or "") < wanted
            else "this release is older than the database: deploy the newer one"
        )
        raise SchemaMismatch(f"the database is at revision {found}, not {wanted}; {advice}")


def _revision(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
