"""Column types that mean the same on SQLite (STRICT) and PostgreSQL; constraint names."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import repeat
from typing import Any, Self

from pydantic_core import from_json
from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    Connection,
    Dialect,
    Double,
    Index,
    Insert,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine, UserDefinedType

from shopkit.prepared import write_rows

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
}

_Processor = Callable[[Any], Any]


class _SqliteInstant(UserDefinedType[datetime]):
    """Fixed-width RFC 3339 text, so that it sorts like time."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "TEXT"

    def bind_processor(self, dialect: Dialect) -> _Processor:
        def to_text(value: datetime | None) -> str | None:
            if value is None:
                return None
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

        return to_text

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
        return lambda text: None if text is None else datetime.fromisoformat(text)


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class _SqliteJson(UserDefinedType[Any]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "TEXT"

    def bind_processor(self, dialect: Dialect) -> _Processor:
        return lambda value: None if value is None else _to_json(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
        return lambda text: None if text is None else from_json(text)


class _SqliteFlag(UserDefinedType[bool]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "INTEGER"

    def bind_processor(self, dialect: Dialect) -> _Processor:
        return lambda value: None if value is None else int(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> _Processor:
        return lambda value: None if value is None else bool(value)


Str = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that sorts by code point on both."""
Id = Text().with_variant(postgresql.UUID(as_uuid=False), "postgresql")
Int = BigInteger().with_variant(Integer(), "sqlite")
Instant = postgresql.TIMESTAMP(timezone=True).with_variant(_SqliteInstant(), "sqlite")
Json = postgresql.JSONB(none_as_null=True).with_variant(_SqliteJson(), "sqlite")
Verbatim = postgresql.JSON(none_as_null=True).with_variant(_SqliteJson(), "sqlite")
"""JSON whose members keep their order: for answers that are to be repeated byte by byte."""


def as_shown(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """An instant for an answer and nothing else: where the database keeps the text that answers
    have, a page of products takes a tenth longer to make times of them and texts again. The text
    has six digits of a second, where a time without a fraction is written without one."""
    return type_coerce(column, Text).label(column.key)


Real: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")
Flag = Boolean().with_variant(_SqliteFlag(), "sqlite")


def new_metadata() -> MetaData:
    return MetaData(naming_convention=NAMING)


def new_table(metadata: MetaData, name: str, *items: SchemaItem) -> Table:
    """A table that is STRICT on SQLite."""
    return Table(name, metadata, *items, sqlite_strict=True)


def one_of(column: str, *values: str) -> CheckConstraint:
    quoted = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({quoted})", name=column)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows for which `where` holds."""
    rows = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=rows, postgresql_where=rows)


class _Among(FunctionElement[bool]):
    inherit_cache = True
    type = Boolean()

    def self_group(self, against: OperatorType | None = None) -> Self:
        """A condition as it is: SQLAlchemy would add `= 1` on SQLite, which no index answers."""
        return self


@compiles(_Among)
def _among(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, values = (compiler.process(one, **how) for one in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_Among, "sqlite")
def _among_on_sqlite(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, values = (compiler.process(one, **how) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether the column has one of the values of the parameter `name`, a list. With `in_` each is
    a parameter of its own, and for another number of them all is compiled and planned again."""
    kind = postgresql.ARRAY(column.type).with_variant(_SqliteJson(), "sqlite")
    return _Among(column, bindparam(name, type_=kind))


def insert_or_ignore(conn: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert unless a unique constraint is in the way; True when the row went in."""
    return conn.execute(_insert_or_ignore(table, conn.dialect.name), values).rowcount == 1


@cache
def _insert_or_ignore(table: Table, dialect: str) -> Insert:
    """Without values, so that it is built once: they are the parameters."""
    kind = sqlite if dialect == "sqlite" else postgresql
    statement: Insert = kind.insert(table).on_conflict_do_nothing()
    return statement


def insert_rows(
    conn: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    same: Mapping[str, Any] | None = None,
    or_ignore: bool = False,
) -> None:
    """Insert rows with the same columns by the driver itself: with hundreds of small rows
    SQLAlchemy's part of each would be half of the work. On PostgreSQL as one statement, whose
    parameters are columns. `same` are values of further columns, that all rows have. With
    `or_ignore` without rows that a unique constraint is in the way of.
    """
    if not rows:
        return
    same = same or {}
    names = tuple(rows[0])
    statement, processors = _inserting(conn.dialect, table, names, tuple(same))
    columns = [
        [row[name] for row in rows] if bound is None else [bound(row[name]) for row in rows]
        for name, bound in zip(names, processors, strict=False)
    ]
    once = [
        value if bound is None else bound(value)
        for value, bound in zip(same.values(), processors[len(names) :], strict=True)
    ]
    each = [repeat(value, len(rows)) for value in once]
    ignoring = " ON CONFLICT DO NOTHING" if or_ignore else ""
    by_row = conn.dialect.name == "sqlite"
    values = list(zip(*columns, *each, strict=True)) if by_row else (*columns, *once)
    write_rows(conn, statement + ignoring, values)


@cache
def _inserting(
    dialect: Dialect, table: Table, names: tuple[str, ...], same: tuple[str, ...]
) -> tuple[str, list[_Processor | None]]:
    """The statement, and how the values of each column are bound where not as they are."""
    types = [table.c[name].type.dialect_impl(dialect) for name in (*names, *same)]
    quoted = ", ".join(f'"{name}"' for name in (*names, *same))
    if dialect.name == "sqlite":
        source = f"VALUES ({', '.join('?' for _ in types)})"
    else:
        plain = [kind.compile(dialect).partition(" COLLATE ")[0] for kind in types]
        each = [f"${at}::{kind}" for at, kind in enumerate(plain, start=1)]
        arrays = ", ".join(f"{one}[]" for one in each[: len(names)])
        chosen = ", ".join(("*", *each[len(names) :]))
        source = f"SELECT {chosen} FROM unnest({arrays})"  # noqa: S608
    statement = f'INSERT INTO "{table.name}" ({quoted}) {source}'
    return statement, [kind.bind_processor(dialect) for kind in types]


def violated(exc: IntegrityError) -> str:
    """The name of the violated constraint, or "" when the database does not tell."""
    for told in (exc.orig, getattr(exc.orig, "__cause__", None)):
        if name := getattr(told, "constraint_name", None):
            return str(name)
    kind, _, rest = str(exc.orig).partition(" constraint failed: ")
    if kind != "UNIQUE":
        return rest
    columns = [column.split(".") for column in rest.split(", ")]
    return "_".join(["uq", columns[0][0], *(column[-1] for column in columns)])
