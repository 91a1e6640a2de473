"""Routes that answer by themselves: what FastAPI would do, without it."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx2
import pytest
from fastapi import FastAPI, Response
from fastapi.routing import APIRoute
from opentelemetry import trace
from prometheus_client import REGISTRY

from shopkit.app import PathId, build_app
from shopkit.auth import Public
from shopkit.direct import DirectApp, DirectRoutes
from shopkit.errors import Conflict
from shopkit.responses import json_response
from shopkit.routing import new_router
from shopkit.schemas import Input, Line

pytestmark = pytest.mark.anyio


class Full(Conflict):
    code, title = "full", "Full"


class Box(Input):
    name: Line


router = new_router()


@router.get("/boxes/{id}")
async def get_box(_: Public, id: PathId) -> Response:
    return json_response({"id": id})


@router.get("/boxes/{id}/lid/{lid}")
async def get_lid(_: Public, id: str, lid: str) -> Response:
    return json_response({"id": id, "lid": lid})


@router.get("/words/{word}")
async def get_word(_: Public, word: str) -> Response:
    return json_response({"word": word})


@router.get("/words/all")
async def never_reached(_: Public) -> Response:
    return json_response({"word": "this comes after one that has it"})


@router.get("/plain")
async def get_plain(_: Public) -> dict[str, str]:
    return {"by": "FastAPI"}


@router.post("/boxes")
async def make_box(_: Public, box: Box) -> Response:
    if box.name == "full":
        raise Full("No box fits.")
    if box.name == "bug":
        raise KeyError("a bug")
    return json_response(box.model_dump(), status=201)


@router.post("/lids")
async def make_lid(_: Public, box: Box) -> dict[str, str]:
    return box.model_dump()


def new_app() -> FastAPI:
    return build_app(title="Boxes", routers=[router], state={"database": None})


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(new_app(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as found:
        yield found


def found_by_the_router(app: FastAPI, scope: dict[str, Any]) -> tuple[APIRoute, dict[str, str]]:
    for route in app.router.routes:
        match, found = route.matches(scope)
        if match.name == "FULL":
            assert isinstance(route, APIRoute)
            return route, found["path_params"]
    raise LookupError


@pytest.mark.parametrize(
    ("path", "alone"),
    [
        ("/boxes/01a21bbd-4a4e-7001-8355-210feafec054", True),
        ("/boxes/a b%/lid/ü", True),
        ("/words/all", True),
        ("/plain", False),
        ("/healthz", False),
    ],
)
async def test_the_route_is_the_one_that_the_router_finds(path: str, alone: bool) -> None:
    app = new_app()
    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    route, in_path = found_by_the_router(app, scope)
    assert isinstance(route.app, DirectApp) is alone
    found = DirectRoutes(app.router.routes).find(scope)
    assert (found is route.app) is alone
    if alone:
        assert (scope["route"], scope["path_params"]) == (route, in_path)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/boxes"), ("DELETE", "/plain"), ("GET", "/boxes/"), ("GET", "/nothing")],
)
async def test_what_is_nowhere_is_left_to_fastapi(method: str, path: str) -> None:
    scope = {"type": "http", "method": method, "path": path}
    assert DirectRoutes(new_app().router.routes).find(scope) is None


async def test_an_app_below_another_is_left_to_fastapi() -> None:
    scope = {"type": "http", "method": "GET", "path": "/words/a", "root_path": "/shop"}
    assert DirectRoutes(new_app().router.routes).find(scope) is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "full"}, 409, "full"),
        ({"name": 1}, 422, "validation_error"),
        (None, 422, "validation_error"),
        ({"name": "bug"}, 500, "internal_error"),
    ],
)
async def test_errors_are_problems(
    client: httpx2.AsyncClient, body: Any, status: int, code: str
) -> None:
    answer = await client.post("/boxes", json=body) if body else await client.post("/boxes")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["instance"]) == (code, "/boxes")
    assert problem["request_id"] == answer.headers["X-Request-ID"]


async def test_ids_that_cannot_be_are_not_found(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/boxes/1")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_methods_and_parameters_are_as_strict(client: httpx2.AsyncClient) -> None:
    wrong = await client.delete("/words/a")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, HEAD")
    unknown = await client.get("/words/a?b=1")
    assert unknown.json()["errors"][0]["code"] == "unknown_parameter"
    assert (await client.head("/words/a")).status_code == 200


@pytest.mark.parametrize("path", ["/words/a%0A", "/words/%0Ab", "/plain%0A", "/boxes%0D", "/%09"])
async def test_d3_no_path_has_a_control_character(client: httpx2.AsyncClient, path: str) -> None:
    """Patterns of routes end in `$`, which lets a last line break pass."""
    for method in ("GET", "POST", "DELETE"):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/boxes", "/lids"])
async def test_who_goes_away_is_no_error_of_ours(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A direct route, and one that is FastAPI's."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"9")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b""}
    await new_app()({**scope, "headers": headers, "root_path": ""}, receive, send)
    assert REGISTRY.get_sample_value(
        "http_requests_total", {"method": "POST", "route": path, "status": "499"}
    )
    assert "unhandled_error" not in capsys.readouterr().out


LINES = """
import logging
from shopkit.logs import configure_logs, get_logger, log_request, request_id
request_id.set("asked-by-me")
for level in ("INFO", "WARNING"):
    configure_logs("boxes", level)
    log_request("GET", "/words/{word}", 200, 0.0012345)
    get_logger().info("request", method="GET", route="/words/{word}", status=200, ms=1.23)
logging.getLogger("uvicorn.error").warning("Not %s", "HTTP")
"""


def test_the_line_of_a_request_is_like_others() -> None:
    """In a process of its own: logs are set up once."""
    run = subprocess.run([sys.executable, "-c", LINES], capture_output=True, check=True, text=True)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    times = [datetime.fromisoformat(line.pop("timestamp")) for line in lines]
    assert times == sorted(times)
    ours, others = lines
    assert ours == others
    assert (ours["request_id"], ours["service"]) == ("asked-by-me", "boxes")
    told = json.loads(run.stderr)
    assert (told["logger"], told["event"]) == ("uvicorn.error", "Not HTTP")
    assert (told["level"], told["service"]) == ("warning", "boxes")
    assert told["request_id"] == "asked-by-me"


class Recorded(trace.NonRecordingSpan):
    names: ClassVar[list[str]] = []

    def is_recording(self) -> bool:
        return True

    def update_name(self, name: str) -> None:
        self.names.append(name)


async def test_what_is_traced_goes_all_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry that is set up before the app is made learns the route of each request."""
    tracer = SimpleNamespace(start_span=lambda *_, **__: Recorded(trace.INVALID_SPAN_CONTEXT))
    provider = SimpleNamespace(get_tracer=lambda *_, **__: tracer)
    for place in ("shopkit.app", "opentelemetry.trace"):
        monkeypatch.setattr(f"{place}.get_tracer_provider", lambda: provider)
    transport = httpx2.ASGITransport(new_app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        answer = await client.get("/words/a")
    assert (answer.json(), Recorded.names) == ({"word": "a"}, ["GET /words/{word}"])


@pytest.mark.parametrize("kind", ["tracer", "meter", "logger"])
def test_opentelemetry_is_there_when_any_of_it_is(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not new_app()._native_telemetry.enabled()
    monkeypatch.setattr(f"shopkit.app.get_{kind}_provider", SimpleNamespace)
    assert new_app()._native_telemetry.config["metrics"]
