"""The work of imports, some rows at a time. What was done and how far it came are written in one
transaction: whenever it is killed, each row has its effect once."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import Connection

from catalog.category_ways import KnownWays
from catalog.errors import CategoryNotEmpty
from catalog.import_files import Slice
from catalog.imports import finish
from catalog.product_changes import change_product, remove_product
from catalog.product_forms import thawed
from catalog.repository import categories, groups, products
from catalog.repository import imports as rows
from catalog.repository.attributes import lock_definitions
from catalog.repository.slugs import forget_slugs
from catalog.upsert_places import fitting
from catalog.upsert_rows import Result, Touched, shown
from catalog.upserts import Upserter
from shopkit.audit import By
from shopkit.db import savepoint
from shopkit.errors import FieldError, InternalError, Problem

MOST_ERRORS = 5_000
"""Rows whose errors are kept; `failed` counts all."""
_CHANGED = FieldError("", "changed_since", "Somebody has changed it since the import: left alone.")
_BUG = FieldError("", InternalError.code, InternalError().detail)
_IN_USE = FieldError("", "in_use", "Something is in it by now: left alone.")


def import_rows(
    conn: Connection, *, id: str, part: Slice, known: KnownWays, now: datetime
) -> dict[str, Any] | None:
    """The import as it is then; None when another copy has it, or has done these rows."""
    job = rows.lock_import(conn, id=id, if_free=True)
    if job is None or job["state"] not in rows.UNFINISHED or job["position"] != part.position:
        return None
    if job["create_categories"]:
        part = part.first(fitting(part.rows, known.current(conn)))
    by = By(job["actor"], job["request_id"])
    upserter = Upserter(
        conn,
        known=known,
        by=by,
        now=now,
        create_categories=job["create_categories"],
        audited=False,
    )
    applied = upserter.apply(part.rows)
    _remember(conn, id, [*applied.made, *_touched(applied.results)])
    _report(conn, job, applied.results)
    counts = _counted(job, [one.status for one in applied.results])
    values = {"position": part.end, "line": job["line"] + part.lines, **counts}
    return _stepped(conn, job, values, last=part.end >= job["size"], now=now)


def without_effect(part: Slice) -> Slice:
    """For a row that nothing can be done with: a bug, but the rows after it are not to wait."""
    rows = [replace(row, sent=None, errors=[_BUG]) for row in part.rows]
    return replace(part, rows=rows)


def undo_rows(
    conn: Connection, *, id: str, limit: int, skip: bool = False, now: datetime
) -> dict[str, Any] | None:
    """Take back what the import did last, or `skip` that. As `import_rows`."""
    job = rows.lock_import(conn, id=id, if_free=True)
    if job is None or job["state"] not in rows.UNFINISHED:
        return None
    lock_definitions(conn, "use")
    taken = rows.take_last_changes(conn, import_id=job["undo_of"], limit=limit)
    results, left = [], dict[int, dict[str, Any]]()
    for change in taken:
        errors = [_BUG] if skip else _taken_back(conn, change, now)
        results.append("failed" if errors else "updated" if change["was"] else "deleted")
        if errors:
            number, sku = change["number"], (change["was"] or {}).get("sku")
            told = {"import_id": id, "number": number, "sku": sku, "errors": shown(errors)}
            left.setdefault(number, told)
    _add_errors(conn, job, list(left.values()))
    return _stepped(conn, job, _counted(job, results), last=len(taken) < limit, now=now)


def _stepped(
    conn: Connection, job: dict[str, Any], values: dict[str, Any], *, last: bool, now: datetime
) -> dict[str, Any]:
    values |= {"state": "running", "started_at": job["started_at"] or now}
    rows.update_import(conn, id=job["id"], values=values)
    job |= values
    by = By(job["actor"], job["request_id"])
    return finish(conn, job, "done", by=by, now=now) if last else job


def _counted(job: dict[str, Any], results: Iterable[str]) -> dict[str, Any]:
    counts = {"done": job["done"]}
    for result in results:
        counts[result] = counts.get(result, job[result]) + 1
        counts["done"] += 1
    return counts


def _report(conn: Connection, job: dict[str, Any], results: Iterable[Result]) -> None:
    failed = [
        {
            "import_id": job["id"],
            "number": one.row.number,
            "sku": one.row.sku,
            "errors": shown(one.errors),
        }
        for one in results
        if one.status == "failed"
    ]
    _add_errors(conn, job, failed)


def _add_errors(conn: Connection, job: dict[str, Any], failed: list[dict[str, Any]]) -> None:
    """The first of each row, of as many rows as are kept: a file of nothing but bad ones must not
    fill the disk."""
    rows.add_errors(conn, failed[: max(MOST_ERRORS - job["failed"], 0)])


def _touched(results: Iterable[Result]) -> list[Touched]:
    """What rows made or changed, each once: as it was before the first of them."""
    found: dict[str, Touched] = {}
    for one in (result.touched for result in results):
        if one is not None:
            before = found.get(one.id)
            found[one.id] = one if before is None else replace(before, after=one.after)
    return list(found.values())


def _remember(conn: Connection, id: str, touched: Sequence[Touched]) -> None:
    again = [one.id for one in touched if one.was is not None]
    left = rows.versions_left(conn, import_id=id, ids=again) if again else {}
    new = [
        {
            "object_id": one.id,
            "kind": one.kind,
            "number": one.number,
            "version": one.after,
            "was": to_jsonable_python(one.was),
        }
        for one in touched
        if one.id not in left
    ]
    rows.add_changes(conn, new, import_id=id)
    # Where somebody else was there in between, the version stays: it is theirs to keep.
    moved = {one.id: one.after for one in touched if left.get(one.id) == one.before}
    rows.move_versions(conn, import_id=id, versions=moved)


def _taken_back(conn: Connection, change: dict[str, Any], now: datetime) -> list[FieldError]:
    """Why it was not."""
    try:
        with savepoint(conn):
            if change["kind"] == "product":
                _undo_product(conn, change, now)
            elif change["kind"] == "group":
                _undo_group(conn, change)
            else:
                _undo_category(conn, change)
    except CategoryNotEmpty:
        return [_IN_USE]
    except _Left as left:
        return [left.error]
    except Problem as exc:
        return exc.errors or [FieldError("", exc.code, exc.detail)]
    return []


class _Left(Exception):
    def __init__(self, error: FieldError) -> None:
        super().__init__(error.detail)
        self.error = error


def _undo_product(conn: Connection, change: dict[str, Any], now: datetime) -> None:
    was = thawed(change["was"]) if change["was"] else None
    if was is not None and was["group_id"] is not None:
        groups.lock_group(conn, id=was["group_id"])
    row = products.lock_product(conn, id=change["object_id"])
    if row is None or row["version"] != change["version"]:
        raise _Left(_CHANGED)
    if was is None:
        remove_product(conn, row, now=now)
    else:
        change_product(conn, row, was, now=now)


def _undo_group(conn: Connection, change: dict[str, Any]) -> None:
    id_ = change["object_id"]
    group = groups.lock_group(conn, id=id_)
    if group is None or group["version"] != change["version"]:
        raise _Left(_CHANGED)
    if products.count_variants(conn, group_ids=[id_]):
        raise _Left(_IN_USE)
    groups.delete_group(conn, id=id_)
    forget_slugs(conn, kind="group", id=id_)


def _undo_category(conn: Connection, change: dict[str, Any]) -> None:
    id_ = change["object_id"]
    categories.lock_tree(conn, "change")
    category = categories.find_category(conn, ref=id_, by_id=True)
    if category is None or category["version"] != change["version"]:
        raise _Left(_CHANGED)
    categories.delete_category(conn, id=id_)
    forget_slugs(conn, kind="category", id=id_)
