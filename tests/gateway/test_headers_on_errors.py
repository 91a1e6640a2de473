"""What every answer carries, on all that nginx can come to answer by itself."""

import http.client
import io

import pytest

from tests.gateway.stage import Answer, Reply, Stage
from tests.gateway.test_docs import CSP
from tests.gateway.test_headers import SECURITY
from tests.gateway.test_raw_vectors import exchange

PAGE = {**SECURITY, "Content-Security-Policy": CSP}
HOST = b"Host: a\r\nConnection: close\r\n"
ODD = {
    400: [
        b"GET /%00 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n" + HOST + b"\r\n",
        b"GET /api/cart HTTP/1.1\r\n\r\n",
        b"GET /api/cart HTTP/1.0\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\r\n\r\n",
    ],
    404: [b"GET /internal/token HTTP/1.1\r\n" + HOST + b"\r\n"],
    405: [
        b"TRACE /api/cart HTTP/1.1\r\n" + HOST + b"\r\n",
        b"PUT /docs HTTP/1.1\r\n" + HOST + b"\r\n",
    ],
    412: [b'GET /api/openapi.json HTTP/1.1\r\nIf-Match: "x"\r\n' + HOST + b"\r\n"],
    413: [b"POST /api/cart HTTP/1.1\r\nContent-Length: 70000\r\n" + HOST + b"\r\n"],
    414: [b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"],
    431: [b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n" + HOST + b"\r\n"],
    501: [b"POST /api/cart HTTP/1.1\r\nTransfer-Encoding: cow\r\n" + HOST + b"\r\n"],
    505: [b"GET /api/cart HTTP/2.0\r\n" + HOST + b"\r\n"],
}


class _Recorded(io.BytesIO):
    def makefile(self, *_: object) -> "_Recorded":
        return self


def parse(data: bytes) -> Answer:
    response = http.client.HTTPResponse(_Recorded(data))  # type: ignore[arg-type]
    response.begin()
    return Answer(response.status, response.getheaders(), response.read())


def assert_hardened(answer: Answer, headers: dict[str, str] = SECURITY) -> None:
    assert {name: answer.all(name) for name in headers} == {n: [v] for n, v in headers.items()}
    assert answer.one("Server") == "nginx"
    assert len(answer.all("Cache-Control")) == 1
    assert len(answer.all("X-Request-ID")) == 1
    assert answer.all("Set-Cookie") == []


@pytest.mark.parametrize(
    ("status", "data"),
    [
        pytest.param(s, data, id=f"{s} {i}")
        for s, many in ODD.items()
        for i, data in enumerate(many)
    ],
)
def test_d10_what_nginx_refuses_is_hardened(shop: Stage, status: int, data: bytes) -> None:
    answer = parse(exchange(shop, data))
    assert answer.status == status
    headers = PAGE if b" /docs " in data else SECURITY
    assert_hardened(answer, headers)
    assert answer.one("Content-Type") == "application/problem+json"
    assert answer.one("Cache-Control") == "no-store"
    assert answer.json["status"] == status


@pytest.mark.parametrize(
    "path", ["/docs", "/docs/", "/docs/page.js", "/docs/swagger-ui.css", "/docs/missing.js"]
)
def test_d10_the_page_has_a_policy_of_its_own_on_every_status(shop: Stage, path: str) -> None:
    answer = shop.get(path)
    assert answer.status == (404 if "missing" in path else 200)
    assert_hardened(answer, PAGE)
    if answer.status == 200 and (tag := answer.all("ETag")):
        unchanged = shop.get(path, {"If-None-Match": tag[0]})
        assert unchanged.status == 304
        assert_hardened(unchanged, PAGE)


def test_d10_a_limit_and_a_service_that_is_down_are_hardened(limited_shop: Stage) -> None:
    limited_shop.services["cart"].stop()
    statuses = set()
    for path in ("/api/cart", "/api/health", *["/api/auth/login"] * 12):
        answer = limited_shop.call("POST" if "login" in path else "GET", path)
        statuses.add(answer.status)
        assert_hardened(answer)
    assert statuses == {200, 429, 503}


def test_d10_a_service_that_hangs_up_is_hardened(shop: Stage) -> None:
    shop.services["orders"].reply = lambda _: Reply(hang_up=True)
    answer = shop.call("POST", "/api/orders", body=b"{}")
    assert answer.status == 503
    assert_hardened(answer)
