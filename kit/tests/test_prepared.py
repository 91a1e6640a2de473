"""What is prepared does and answers what SQLAlchemy does, every time that it is run."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    Connection,
    Numeric,
    bindparam,
    cast,
    delete,
    event,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from kit.tests.conftest import boxes
from shopkit.db import Database, savepoint
from shopkit.ids import new_id
from shopkit.prepared import MOST_LENGTHS, PreparingConnection
from shopkit.tables import Int, Real, Str, insert_or_ignore, insert_rows, violated

pytestmark = pytest.mark.anyio
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
b = boxes.c
NAMED = b.name == bindparam("wanted")
ONE_OF = select(b.name).where(b.name.in_(bindparam("names", expanding=True))).order_by(b.name)
READS: dict[str, tuple[Any, list[dict[str, Any]]]] = {
    "every type": (select(boxes).order_by(b.name), [{}]),
    "a parameter": (select(boxes).where(NAMED), [{"wanted": "a"}, {"wanted": "none"}]),
    "lists": (ONE_OF, [{"names": names} for names in (["a"], [], ["c", "a"], ["b"], ["b", "d"])]),
    "constants": (select(b.name).where(b.stock > 1, b.name.not_in(["c", "d"]), b.open), [{}]),
    "one twice": (
        select(b.name).where(or_(NAMED, b.name > bindparam("wanted"))),
        [{"wanted": "b"}],
    ),
    "terms": (select((b.stock - bindparam("n", type_=Int)).label("left"), b.stock > 2), [{"n": 1}]),
    "fractions": (select(cast(b.stock, Real) / 2, cast(b.stock, Numeric(9, 2))), [{}]),
    "a limit": (select(b.name).order_by(b.name).limit(bindparam("most", type_=Int)), [{"most": 2}]),
    "plain text": (text("SELECT count(*) AS found FROM boxes WHERE name > :name"), [{"name": "a"}]),
}


INSERT = insert(boxes)
Run = Callable[[Callable[[PreparingConnection], None]], Awaitable[None]]


def add(conn: Connection, name: str, **values: Any) -> None:
    rest = {"stock": 0, "made_at": None, "tags": None, "open": None}
    conn.execute(INSERT, {"id": new_id(), "name": name, **rest, **values})


def add_four(conn: Connection) -> None:
    for number, name in enumerate("abcd"):
        add(conn, name, stock=number, made_at=AT, tags={"ä": [number, None]}, open=number > 1)


@pytest.fixture
async def reading(database: Database) -> Run:
    await database.run(add_four)
    return database.read  # type: ignore[return-value]


@pytest.fixture
async def writing(database: Database) -> Run:
    await database.run(add_four)
    return database.run  # type: ignore[return-value]


@pytest.mark.parametrize("name", READS)
async def test_reads_answer_the_same(reading: Run, name: str) -> None:
    def body(conn: PreparingConnection) -> None:
        statement, parameters = READS[name]
        with conn.engine.connect() as plain:
            for values in [*parameters, *parameters, *parameters]:
                expected, found = plain.execute(statement, values), conn.execute(statement, values)
                assert found.keys() == expected.keys()
                assert found.mappings().all() == expected.mappings().all()

    await reading(body)


async def test_what_needs_no_parameters_is_prepared_as_well(reading: Run) -> None:
    def body(conn: PreparingConnection) -> None:
        statement = select(b.name).where(b.stock > 1).order_by(b.name)
        for _ in range(3):
            assert conn.execute(statement).scalars().all() == ["c", "d"]
        assert conn.prepared.known[statement][()] is not None

    await reading(body)


async def test_rows_are_found_by_name_and_by_column(reading: Run) -> None:
    def body(conn: PreparingConnection) -> None:
        for _ in range(3):
            row = conn.execute(READS["a parameter"][0], {"wanted": "c"}).one()
            assert (row.stock, row._mapping[b.stock], row[2]) == (2, 2, 2)
            assert conn.execute(ONE_OF, {"names": ["d", "a"]}).scalars().all() == ["a", "d"]
            assert conn.execute(ONE_OF, {"names": []}).one_or_none() is None

    await reading(body)


async def test_writes_tell_how_many_rows_they_changed(writing: Run) -> None:
    def body(conn: PreparingConnection) -> None:
        more = (
            update(boxes)
            .where(b.stock >= bindparam("least"))
            .values(stock=b.stock + bindparam("n"))
        )
        one_more = more.where(NAMED).returning(b.name, b.stock, b.made_at)
        gone = delete(boxes).where(NAMED)
        for times in range(1, 4):
            assert conn.execute(more, {"least": 1, "n": 1}).rowcount == 3
            row = conn.execute(one_more, {"least": 2, "n": 5, "wanted": "c"}).one()
            assert tuple(row) == ("c", 2 + 6 * times, AT)
            assert conn.execute(one_more, {"least": 1, "n": 5, "wanted": "a"}).all() == []
            assert conn.execute(gone, {"wanted": "nobody"}).rowcount == 0
            assert not insert_or_ignore(conn, boxes, {"id": new_id(), "name": "a", "stock": 1})

    await writing(body)


async def test_errors_are_those_of_sqlalchemy(writing: Run) -> None:
    def body(conn: PreparingConnection) -> None:
        for _ in range(3):
            with pytest.raises(IntegrityError) as refused, savepoint(conn):
                add(conn, "a", tags="a secret")
            assert violated(refused.value) == "uq_boxes_name"
            assert "a secret" not in str(refused.value)
            with pytest.raises(IntegrityError) as refused, savepoint(conn):
                insert_rows(conn, boxes, [{"id": new_id(), "name": "x", "stock": -1}])
            assert violated(refused.value) == "ck_boxes_stock_not_negative"

    await writing(body)


async def test_what_is_built_anew_is_not_kept(reading: Run) -> None:
    def body(conn: PreparingConnection) -> None:
        known = len(conn.prepared.known)
        for number in range(5):
            conn.execute(select(b.name).where(b.stock == number), {}).all()
        assert len(conn.prepared.known) <= known + 1

    await reading(body)


async def test_only_some_of_what_is_prepared_is_kept(
    reading: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def body(conn: PreparingConnection) -> None:
        monkeypatch.setattr("shopkit.prepared.MOST_PREPARED", 10)
        for number in range(40):
            of_number = select(b.name).where(b.stock == bindparam("stock")).limit(number + 1)
            for _ in range(3):
                assert conn.execute(of_number, {"stock": 1, f"other_{number}": 1}).all() is not None
        assert sum(len(known) for known in conn.prepared.known.values()) <= 10

    await reading(body)


async def test_what_sqlalchemy_finds_by_name_is_left_to_it(reading: Run) -> None:
    def body(conn: PreparingConnection) -> None:
        crossed = text("SELECT stock AS x, name AS y FROM boxes").columns(y=Str, x=Int)
        found = [dict(row) for _ in range(3) for row in conn.execute(crossed, {}).mappings().all()]
        assert found and all(isinstance(row["x"], int) for row in found)

    await reading(body)


async def test_only_some_lengths_of_lists_are_kept(reading: Run) -> None:
    def body(conn: PreparingConnection) -> None:
        for length in range(MOST_LENGTHS + 20):
            names = ["a", "b", *map(str, range(length))]
            assert conn.execute(ONE_OF, {"names": names}).scalars().all() == ["a", "b"]
        (kept,) = conn.prepared.known[ONE_OF].values()
        assert kept is not None and len(kept._texts) <= MOST_LENGTHS

    await reading(body)


async def test_who_listens_to_sqlalchemy_hears_of_everything(writing: Run) -> None:
    def body(conn: PreparingConnection) -> None:
        heard: list[str] = []

        def hear(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            heard.append(statement)

        count = select(func.count()).select_from(boxes)
        for _ in range(3):
            conn.execute(count, {})
        event.listen(conn.engine, "before_cursor_execute", hear)
        conn.execute(count, {})
        insert_rows(conn, boxes, [{"id": new_id(), "name": "x"}])
        assert len(heard) == 2

    await writing(body)
