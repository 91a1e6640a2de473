"""Imports in the background."""

from typing import Annotated, Literal

from pydantic import Field

from shopkit.schemas import Input, Limit, Output, QueryBool, Timestamp

State = Literal["queued", "running", "done", "cancelled"]


class ImportOptions(Input):
    """What `POST /api/imports` takes beside the file."""

    create_categories: Annotated[
        QueryBool,
        Field(
            description="Make what is missing of categories that are named by their way; needs "
            "`categories:write` too."
        ),
    ] = False


class ImportQuery(Input):
    """What `GET /api/imports` takes."""

    limit: Limit = 20
    cursor: Annotated[str | None, Field(max_length=1000)] = None


class ImportRows(Output):
    done: int
    total: int


class ImportCounts(Output):
    """Of an import its rows, `deleted` is 0. Of an undo what it deleted, what it gave its former
    values back (`updated`), and what it left alone (`failed`)."""

    created: int
    updated: int
    unchanged: int
    deleted: int
    failed: int


class Import(Output):
    """`undo_of`: the import whose effects this one takes back. After 30 days its file, its errors
    and what was before it are forgotten, and it cannot be undone any more."""

    id: str
    kind: Literal["import", "undo"]
    state: State
    undo_of: str | None
    create_categories: bool
    rows: ImportRows
    counts: ImportCounts
    forgotten: bool
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None


class ImportPage(Output):
    items: list[Import]
    next_cursor: str | None
