"""A route knows its query parameters, however they are declared."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import BackgroundTasks, Cookie, Depends, FastAPI, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import Field

from shopkit.auth import Public
from shopkit.openapi import document
from shopkit.query import FromQuery
from shopkit.responses import add_error_handlers
from shopkit.routing import answers_by_itself, new_router, query_names
from shopkit.schemas import Input, Limit


class Filters(Input):
    color: Annotated[str | None, Field(max_length=5, description="Its color.")] = None
    limit: Limit = 20


class Open(Filters):
    attr: Annotated[
        dict[str, Annotated[str, Field(max_length=3)]],
        Field(max_length=2, description="Whatever the data knows."),
    ] = Field(default_factory=dict)


def new_app() -> FastAPI:
    router = new_router()

    @router.get("/open")
    async def by_open_model(
        _: Public, filters: Annotated[Open, FromQuery(Open, gathers="attr")]
    ) -> Any:
        return filters.model_dump()

    @router.get("/model")
    async def by_model(_: Public, filters: Annotated[Filters, FromQuery(Filters)]) -> Any:
        return filters.model_dump()

    @router.get("/plain")
    async def by_parameter(_: Public, limit: int = 1) -> None: ...

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes.extend(router.routes)
    add_error_handlers(app)
    return app


def test_models_and_plain_parameters_are_all_known() -> None:
    names = [query_names(route.dependant) for route in new_app().router.routes]  # type: ignore[attr-defined]
    assert names == [{"color", "limit"}, {"color", "limit"}, {"limit"}]


async def of_a_parameter(cursor: str | None = None) -> str | None:
    return cursor


async def of_a_header(request: Request, x_tag: Annotated[str, Header()]) -> str:
    return x_tag


async def of_another(request: Request, tag: Annotated[str, Depends(of_a_header)]) -> str:
    return tag


async def of_a_cookie(request: Request, sid: Annotated[str | None, Cookie()] = None) -> None: ...


async def of_the_response(request: Request, response: Response) -> None: ...


async def yielding(request: Request) -> AsyncIterator[int]:
    yield 1


def waiting(request: Request) -> None: ...


@pytest.mark.parametrize(
    "asks_for_more",
    [of_a_parameter, of_a_header, of_another, of_a_cookie, of_the_response, yielding, waiting],
)
def test_a_dependency_may_only_ask_for_the_request(asks_for_more: Any) -> None:
    async def endpoint(_: Public, more: Annotated[Any, Depends(asks_for_more)]) -> None: ...

    with pytest.raises(RuntimeError, match="takes `request` and nothing else"):
        new_router().get("/more")(endpoint)


def test_a_models_members_are_documented() -> None:
    parameters = document(new_app())["paths"]["/model"]["get"]["parameters"]
    assert parameters[0] == {
        "name": "color",
        "in": "query",
        "required": False,
        "description": "Its color.",
        "schema": {"type": "string", "maxLength": 5, "title": "Color"},
    }
    assert parameters[1]["schema"]["default"] == 20


@pytest.mark.anyio
async def test_all_that_is_wrong_with_a_query_is_told() -> None:
    transport = httpx2.ASGITransport(new_app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        good = await client.get("/model?color=blue&limit=3")
        bad = await client.get("/model?color=orange&limit=+3")
        unknown = await client.get("/model?colour=blue")
        repeated = await client.get("/model?color=a&color=b")
    assert good.json() == {"color": "blue", "limit": 3}
    assert {error["pointer"] for error in bad.json()["errors"]} == {"?color", "?limit"}
    codes = [answer.json()["errors"][0]["code"] for answer in (unknown, repeated)]
    assert codes == ["unknown_parameter", "repeated_parameter"]


@pytest.mark.anyio
async def test_parameters_whose_names_only_the_data_knows() -> None:
    transport = httpx2.ASGITransport(new_app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        good = await client.get("/open?attr.a=1&limit=3&attr.b.c=2")
        bad = [
            await client.get(f"/open?{query}")
            for query in ("attr.a=1234", "attr.a=1&attr.a=2", "attr=1", "attr.a=&attr.b=&attr.c=")
        ]
        closed = await client.get("/model?attr.a=1")
    assert good.json() == {"color": None, "limit": 3, "attr": {"a": "1", "b.c": "2"}}
    assert [answer.json()["errors"][0]["pointer"] for answer in bad] == [
        "?attr.a",
        "?attr.a",
        "?attr",
        "?attr",
    ]
    assert closed.json()["errors"][0]["code"] == "unknown_parameter"
    (attr,) = [
        one
        for one in document(new_app())["paths"]["/open"]["get"]["parameters"]
        if one["name"] == "attr"
    ]
    assert (attr["style"], attr["explode"]) == ("form", True)
    assert attr["schema"]["propertyNames"] == {"pattern": "^attr[.]"}


async def by_itself(_: Public, filters: Annotated[Filters, FromQuery(Filters)]) -> Response: ...
async def of_no_response(_: Public) -> None: ...
async def with_a_path(_: Public, name: str) -> Response: ...
async def with_a_query(_: Public, limit: int = 1) -> Response: ...
async def with_a_body(_: Public, filters: Filters) -> Response: ...
async def with_two_bodies(_: Public, one: Filters, other: Filters) -> Response: ...
async def with_headers(_: Public, x_tag: Annotated[str, Header()]) -> Response: ...
async def with_the_request(_: Public, request: Request) -> Response: ...
async def with_tasks(_: Public, tasks: BackgroundTasks) -> Response: ...
async def with_the_response(_: Public, response: Response) -> Response: ...


@pytest.mark.parametrize(
    ("endpoint", "alone"),
    [
        (by_itself, True),
        (of_no_response, False),
        (with_a_path, True),
        (with_a_query, False),
        (with_a_body, True),
        (with_two_bodies, False),
        (with_headers, False),
        (with_the_request, False),
        (with_tasks, False),
        (with_the_response, False),
    ],
)
def test_fastapi_is_passed_by_only_where_nothing_is_left_to_it(endpoint: Any, alone: bool) -> None:
    router = new_router()
    router.post("/{name}" if endpoint is with_a_path else "/")(endpoint)
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    assert answers_by_itself(route) is alone
