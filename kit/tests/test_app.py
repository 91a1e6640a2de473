import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import pytest
from openapi_spec_validator import validate

from shopkit.app import METRICS, PathId, build_app, document
from shopkit.auth import CurrentUser, MaybeUser, Principal, Public, Staff, TokenVerifier
from shopkit.db import Database
from shopkit.errors import Conflict
from shopkit.http_client import ServiceClient
from shopkit.ids import new_id
from shopkit.jwks import JwksClient
from shopkit.openapi import problems
from shopkit.routing import new_router
from shopkit.schemas import Input, Limit, Line, MoneyInput, QueryBool
from shopkit.testing import TokenFactory, client_for

JSON = {"Content-Type": "application/json"}
router = new_router()


class BoxInput(Input):
    name: Line
    size: int = 1
    price: MoneyInput | None = None


class Full(Conflict):
    code, title = "full", "Full"


@router.post("/api/boxes", status_code=201, responses=problems(Full))
async def make_box(_: Public, box: BoxInput) -> dict[str, object]:
    if box.name == "bug":
        raise KeyError("a bug")
    if box.name == "half a character":
        raise ValueError("a file named \udcff")
    if box.name == "full":
        raise Full("No box fits.", items=[1])
    return {"name": box.name, "size": box.size}


@router.get("/api/boxes")
async def list_boxes(_: MaybeUser, limit: Limit = 20, open: QueryBool = True) -> dict[str, int]:
    return {"limit": limit, "open": open}


@router.get("/api/boxes/{id}")
async def get_box(user: CurrentUser, id: PathId) -> dict[str, str]:
    return {"id": id, "user": user.id}


@router.get("/api/stuck")
async def stuck(_: Public) -> None:
    await asyncio.sleep(3600)


@router.put("/api/boxes/{id}", status_code=204)
async def put_box(_: CurrentUser, id: PathId, box: BoxInput) -> None: ...


@router.delete("/api/boxes/{id}", status_code=204)
async def delete_box(_: Annotated[Principal, Staff("boxes:write")], id: PathId) -> None: ...


@pytest.fixture
async def client(database: Database, tokens: TokenFactory) -> AsyncIterator[httpx2.AsyncClient]:
    keys = JwksClient(ServiceClient("unix:/nowhere.sock"), tokens.jwks_cache)
    verifier = TokenVerifier(keys, issuer="shop-auth", audience="shop-api", kind="user")
    app = build_app(
        title="Boxes",
        routers=[router, METRICS],
        state={"database": database, "verifier": verifier, "keys": keys},
    )
    validate(document(app))
    async with client_for(app) as found:
        yield found


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b'{"name": 1}', JSON, 422, "validation_error"),
        (b'{"name": "a", "size": true}', JSON, 422, "validation_error"),
        (b'{"name": "a", "size": "2"}', JSON, 422, "validation_error"),
        (b'{"name": "a", "size": 2.0}', JSON, 422, "validation_error"),
        (b'{"name": "a", "is_admin": true}', JSON, 422, "validation_error"),
        (b'{"name": "a\\u0007"}', JSON, 422, "validation_error"),
        ('{"name": "a\u202eb"}'.encode(), JSON, 422, "validation_error"),
        (b'{"name": "  "}', JSON, 422, "validation_error"),
        (
            b'{"name": "a", "price": {"amount": 1, "currency": "XXX"}}',
            JSON,
            422,
            "validation_error",
        ),
        (b"[]", JSON, 422, "validation_error"),
        (b"", JSON, 422, "validation_error"),
        (b"{", JSON, 400, "invalid_json"),
        (b'{"name": "a", "name": "b"}', JSON, 400, "duplicate_key"),
        (b"name=a", {"Content-Type": "application/x-www-form-urlencoded"}, 415, None),
        (b'{"name": "a"}', {"Content-Type": "text/plain"}, 415, None),
        (b'{"name": "a"}', {}, 415, "unsupported_media_type"),
        (b'{"name": "a"}', JSON | {"Content-Encoding": "gzip"}, 415, None),
        (b'{"name": "a"}', {"Content-Type": "application/json; charset=utf-16"}, 415, None),
        (b'{"name": "' + b"a" * 65536 + b'"}', JSON, 413, "payload_too_large"),
        (b'{"name": "full"}', JSON, 409, "full"),
    ],
)
async def test_bad_input_gets_a_problem(
    client: httpx2.AsyncClient, body: bytes, headers: dict[str, str], status: int, code: str | None
) -> None:
    answer = await client.post("/api/boxes", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == (code or problem["code"])
    members = {"type", "title", "status", "detail", "instance", "code", "request_id"}
    assert members <= problem.keys()
    assert problem["request_id"] == answer.headers["X-Request-ID"]


async def test_all_errors_of_the_input_are_told_at_once(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/boxes", json={"size": "x", "price": {"amount": -1}, "y": 1})
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/name", "/size", "/price/amount", "/price/currency", "/y"}


async def test_c2_a_long_list_of_errors_is_cut(client: httpx2.AsyncClient) -> None:
    unknown = {f"member{number}": 0 for number in range(1500)}
    problem = (await client.post("/api/boxes", json={"name": "a", **unknown})).json()
    assert len(problem["errors"]) == 50
    assert "of 1500" in problem["detail"]
    query = "&".join(f"a{number}=1" for number in range(1000))
    problem = (await client.get(f"/api/boxes?{query}")).json()
    assert len(problem["errors"]) == 50


async def test_c2_a_chunked_body_is_counted(client: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    answer = await client.post("/api/boxes", content=endless(), headers=JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=101", "limit=1_0", "limit=%201", "limit=%D9%A1", "limit=1.0"]
    + ["limit=9223372036854775808", "limit=", "limit=1&limit=2", "offset=1", "open=1", "open=True"],
)
async def test_c8_c9_query_parameters_are_strict(client: httpx2.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/boxes?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("?")


@pytest.mark.parametrize("id", ["1", "9223372036854775808", "1_000", "%201", "%D9%A1", "a" * 36])
async def test_c9_an_id_that_cannot_be_is_not_found(
    client: httpx2.AsyncClient, tokens: TokenFactory, id: str
) -> None:
    answer = await client.get(f"/api/boxes/{id}", headers={"Authorization": tokens.user()})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_who_may_call_is_checked(client: httpx2.AsyncClient, tokens: TokenFactory) -> None:
    path = f"/api/boxes/{new_id()}"
    nobody = await client.delete(path)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "not_authenticated")
    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    customer = await client.delete(path, headers={"Authorization": tokens.user()})
    assert (customer.status_code, customer.json()["required_scope"]) == (403, "boxes:write")
    staff = {"Authorization": tokens.user(scopes=["boxes:write"])}
    assert (await client.delete(path, headers=staff)).status_code == 204
    service = {"Authorization": tokens.service("orders")}
    assert (await client.delete(path, headers=service)).status_code == 401
    twice = [("Authorization", staff["Authorization"])] * 2
    assert (await client.delete(path, headers=twice)).status_code == 401
    unread = await client.put(path, content=b"{", headers={"Content-Type": "text/plain"})
    assert unread.status_code == 401  # before anybody looks at the body
    forged = {"Authorization": "Bearer a.b.c"}
    assert (await client.get("/api/boxes", headers=forged)).status_code == 401


async def test_what_is_hard_to_log_is_answered_all_the_same(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/boxes", json={"name": "half a character"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")


async def test_b4_other_methods_are_405_with_allow(client: httpx2.AsyncClient) -> None:
    for method in ("PUT", "TRACE", "FOO"):
        answer = await client.request(method, "/api/boxes")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    override = {"X-HTTP-Method-Override": "DELETE"}
    assert (await client.get("/api/boxes", headers=override)).status_code == 200
    assert (await client.head("/api/boxes")).status_code == 200


async def test_a_bug_is_a_500_without_a_word_about_itself(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/boxes", json={"name": "bug"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "a bug" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_d10_every_answer_carries_the_headers(client: httpx2.AsyncClient) -> None:
    for path in ("/api/boxes", "/nope", f"/api/boxes/{new_id()}", "/healthz", "/metrics"):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Request-ID"]


async def test_a_sane_request_id_is_kept(client: httpx2.AsyncClient) -> None:
    cases = {"abcdefgh-1": True, "short": False, "x" * 65: False, "a b" * 5: False}
    for sent, kept in cases.items():
        answer = await client.get("/nope", headers={"X-Request-ID": sent})
        assert (answer.headers["X-Request-ID"] == sent) is kept


async def test_f12_a_request_that_a_stopping_server_gives_up_is_told_to_come_again(
    client: httpx2.AsyncClient,
) -> None:
    app = client._transport.app  # type: ignore[attr-defined]
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/api/stuck", "headers": []}
    request = asyncio.create_task(app({**scope, "query_string": b""}, receive, send))
    await asyncio.sleep(0.05)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"1") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["code"] == "service_unavailable"


async def test_b6_a_route_without_a_policy_does_not_start(database: Database) -> None:
    open_door = new_router()

    @open_door.get("/api/open")
    async def unguarded() -> None: ...

    with pytest.raises(RuntimeError, match="exactly one policy"):
        build_app(title="x", routers=[open_door], state={"database": database})
