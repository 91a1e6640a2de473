"""A route knows its query parameters, however they are declared."""

from typing import Annotated, Any

from fastapi import Depends, Query

from shopkit.auth import Public
from shopkit.routing import new_router, query_names
from shopkit.schemas import Input


class Filters(Input):
    color: str | None = None
    page_size: Annotated[int, Query(alias="page-size")] = 20


async def paging(cursor: str | None = None) -> str | None:
    return cursor


def test_models_plain_parameters_and_dependencies_are_all_known() -> None:
    router = new_router()

    @router.get("/model")
    async def by_model(filters: Annotated[Filters, Query()], _: Public) -> None: ...

    @router.get("/plain")
    async def by_parameter(
        _: Public, cursor: Annotated[Any, Depends(paging)], limit: int = 1
    ) -> None: ...

    names = [query_names(route.dependant) for route in router.routes]  # type: ignore[attr-defined]
    assert names == [{"color", "page-size"}, {"limit", "cursor"}]
