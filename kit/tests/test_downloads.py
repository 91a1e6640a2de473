"""Long answers, written while they are read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends

from kit.tests.conftest import serving
from shopkit.app import build_app
from shopkit.auth import Policy
from shopkit.downloads import download
from shopkit.errors import Unavailable
from shopkit.routing import new_router

pytestmark = pytest.mark.anyio


async def pages(*found: Any) -> AsyncIterator[list[Any]]:
    for page in found:
        if isinstance(page, Exception):
            raise page
        yield page


@asynccontextmanager
async def client(path: Path, **lists: tuple[Any, ...]) -> AsyncIterator[httpx2.AsyncClient]:
    """Over a real socket: what becomes of an answer that breaks off is the server's to say."""
    router = new_router()

    @router.get("/api/export")
    async def export(_: Annotated[None, Depends(Policy("public"))]) -> Any:
        written = {name: pages(*found) for name, found in lists.items()}
        return await download("all.json", {"of": "Ada"}, written)

    app = build_app(title="x", routers=[router], state={"database": None})
    async with serving(path / "s", app):
        transport = httpx2.AsyncHTTPTransport(uds=str(path / "s"))
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as http:
            yield http


@pytest.mark.parametrize(
    "lists",
    [
        {},
        {"a": ()},
        {"a": ([],)},
        {"a": ([1],)},
        {"a": ([1, 2], [], [{"b": "ü"}]), "c": ([], [None])},
    ],
    ids=str,
)
async def test_pages_become_arrays_of_one_object(
    tmp_path: Path, lists: dict[str, tuple[Any, ...]]
) -> None:
    async with client(tmp_path, **lists) as http:
        answer = await http.get("/api/export")
    whole = {name: [entry for page in found for entry in page] for name, found in lists.items()}
    assert answer.json() == {"of": "Ada"} | whole
    assert answer.headers["content-type"] == "application/json"


async def test_what_fails_at_once_is_a_problem(tmp_path: Path) -> None:
    async with client(tmp_path, a=(Unavailable(),)) as http:
        answer = await http.get("/api/export")
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")


async def test_what_fails_later_is_not_taken_for_all(tmp_path: Path) -> None:
    async with client(tmp_path, a=([1], Unavailable())) as http:
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.get("/api/export")
