"""A statement that comes again goes to the driver as it was compiled.

SQLAlchemy's part of a run takes 15 to 60 µs on SQLite, whose driver takes 2 to 10, and 120 µs on
PostgreSQL, where asyncpg takes 40.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Float, TupleType
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import Numeric, TypeEngine

MOST_PREPARED = 1_000
"""Statements, with each set of names of their parameters. All begin anew beyond that: what is
prepared refers to its statement, which would otherwise stay for good."""
MOST_LENGTHS = 64
"""Texts that are kept of each of them that has lists."""
_FLOAT8 = 701
"""PostgreSQL's number of the type, which SQLAlchemy wants to know of fractions."""


class Prepared:
    """By the statement and the names of its parameters. Of all connections of a kind, which differ
    in nothing that a statement could depend on; of all threads, which at worst do the same work
    twice."""

    def __init__(self) -> None:
        self.known: WeakKeyDictionary[Any, dict[tuple[str, ...], _Statement | None]] = (
            WeakKeyDictionary()
        )
        self._count = 0

    def add(self, statement: Any, names: tuple[str, ...], prepared: "_Statement | None") -> None:
        if self._count >= MOST_PREPARED:
            self.known.clear()
            self._count = 0
        self._count += 1
        self.known.setdefault(statement, {})[names] = prepared


class PreparingConnection(Connection):
    """Does what its base does, and answers rows, names and `rowcount` as that does; other members
    of results are missing, and errors are IntegrityError or DBAPIError. A statement is prepared
    when the same object is run again: one that is built anew for each run never is, and what is
    constant in it stays as it was then. Nothing is while somebody listens to what SQLAlchemy does,
    as tracing does."""

    prepared: Prepared

    @property
    def is_heard(self) -> bool:
        """Whether somebody listens, who must hear of every statement."""
        return bool(self.engine._has_events)

    @abstractmethod
    def ask(
        self, text: str, values: Sequence[Any], *, reads: bool
    ) -> tuple[list[tuple[Any, ...]], int]:
        """Have the driver run a statement: its rows, if it `reads` any, and how many there are or
        were changed. Raises DBAPIError as SQLAlchemy does."""

    @abstractmethod
    def write_rows(self, text: str, rows: Any) -> None:
        """Have the driver run a statement for many rows, given as that takes them. Raises
        DBAPIError as SQLAlchemy does."""

    def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        known = self.prepared.known.get(statement)
        if known is None:
            self.prepared.known[statement] = {}
        elif not options and isinstance(parameters, dict | None) and not self.is_heard:
            names = tuple(parameters or ())
            prepared = known[names] if names in known else self._prepare(statement, names)
            if prepared:
                return prepared.run(self, parameters or {})
        return super().execute(statement, parameters, **options)

    def _prepare(self, statement: Any, names: tuple[str, ...]) -> "_Statement | None":
        compiled = statement.compile(dialect=self.dialect, column_keys=sorted(names))
        prepared = _Statement(compiled, names) if _is_whole(compiled) else None
        self.prepared.add(statement, names, prepared)
        return prepared


def write_rows(conn: Connection, statement: str, rows: Any) -> None:
    """Run a statement for many rows, given as the driver takes them: on SQLite a list of tuples, on
    PostgreSQL its parameters."""
    if isinstance(conn, PreparingConnection) and not conn.is_heard:
        conn.write_rows(statement, rows)
    else:
        conn.exec_driver_sql(statement, rows)


def _is_whole(compiled: Any) -> bool:
    """Whether SQLAlchemy has nothing to add to text and parameters when it is run."""
    return (
        isinstance(compiled, SQLCompiler)
        and not compiled.isplaintext
        and not (compiled.insert_prefetch or compiled.update_prefetch)
        and not compiled.literal_execute_params
        and (compiled._ordered_columns or not compiled._result_columns)
        and not any(_is_of_its_own(bind) for bind in compiled.binds.values())
        and not any(_is_decimal(column.type) for column in compiled._result_columns)
    )


def _is_of_its_own(bind: Any) -> bool:
    """Whether each run may ask it for its value, or for more than one."""
    return isinstance(bind.type, TupleType) or bind.callable is not None


def _is_decimal(kind: TypeEngine[Any]) -> bool:
    """What becomes of it depends on what the database says of each answer."""
    return isinstance(kind, Numeric) and not isinstance(kind, Float)


class _Result(IteratorResult[Any]):
    """Of rows that are read already."""

    rowcount = -1


class _Statement:
    """Its text depends on the lengths of lists among its parameters."""

    def __init__(self, compiled: SQLCompiler, names: tuple[str, ...]) -> None:
        self._compiled = compiled
        self._lists = [name for name in names if _is_list(compiled, name)]
        self._texts: dict[tuple[int, ...], _Text] = {}
        self._metadata = _metadata(compiled)

    def run(self, connection: PreparingConnection, parameters: dict[str, Any]) -> _Result:
        lengths = tuple([len(parameters[name]) for name in self._lists])
        text = self._texts.get(lengths)
        if text is None:
            if len(self._texts) >= MOST_LENGTHS:
                self._texts.clear()
            text = self._texts[lengths] = _Text(self._compiled, parameters, self._lists)
        return text.run(connection, parameters, self._metadata)


def _is_list(compiled: SQLCompiler, name: str) -> bool:
    return name in compiled.binds and compiled.binds[name] in compiled.post_compile_params


def _metadata(compiled: SQLCompiler) -> SimpleResultMetaData:
    """The names of its columns, and how values come out."""
    columns, dialect = compiled._result_columns, compiled.dialect
    return SimpleResultMetaData(
        [column.keyname for column in columns],
        extra=[column.objects for column in columns],
        _processors=[
            column.type.dialect_impl(dialect).result_processor(dialect, _FLOAT8)
            for column in columns
        ],
    )


class _Text:
    def __init__(self, compiled: SQLCompiler, parameters: dict[str, Any], lists: list[str]) -> None:
        dialect = compiled.dialect
        state = compiled.construct_expanded_state(parameters)
        self._text, self._reads = state.statement, bool(compiled._result_columns)
        self._lists = {name: state.parameter_expansion[name] for name in lists}
        whole = {part: name for name, parts in state.parameter_expansion.items() for part in parts}
        self._binds = [
            (name, kind.dialect_impl(dialect).bind_processor(dialect))
            for name in state.positiontup or ()
            for kind in (compiled.binds[whole.get(name, name)].type,)
        ]
        self._constants = {
            name: state.parameters[name]
            for name, _ in self._binds
            if whole.get(name, name) not in parameters
        }

    def run(
        self, connection: PreparingConnection, parameters: dict[str, Any], metadata: Any
    ) -> _Result:
        """Raises DBAPIError as SQLAlchemy does."""
        if self._constants:
            parameters = self._constants | parameters
        for name, parts in self._lists.items():
            parameters = {**parameters, **dict(zip(parts, parameters[name], strict=True))}
        values = [
            parameters[name] if bound is None else bound(parameters[name])
            for name, bound in self._binds
        ]
        rows, count = connection.ask(self._text, values, reads=self._reads)
        result = _Result(metadata, iter(rows))
        result.rowcount = count
        return result
