import re

import pytest

from tests.gateway.stage import Reply, Sent, Stage

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
}
SPOOFED = [
    "X-Real-IP",
    "Forwarded",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Server",
    "X-Forwarded-User",
    "X-Client-IP",
    "True-Client-IP",
    "X-Internal",
    "X-Internal-Token",
    "X-Internal-Secret",
    "X-Internal-Key",
    "X-Internal-Caller",
    "X-Internal-User-Id",
    "X-User",
    "X-User-Id",
    "X-User-Email",
    "X-User-Role",
    "X-User-Roles",
    "X-User-Scopes",
    "Remote-User",
    "X-Remote-User",
    "X-Authenticated-User",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
    "Proxy",
    "X_Internal_Token",
    "X_User_Id",
    "X_Forwarded_For",
]


def test_d4_what_only_we_may_say_is_dropped(shop: Stage) -> None:
    shop.get("/api/cart", dict.fromkeys(SPOOFED, "spoofed"))
    (sent,) = shop.services["cart"].seen
    assert "spoofed" not in str(sent.headers)
    assert not [name for name, _ in sent.headers if "_" in name]


def test_d4_addresses_are_the_connections(shop: Stage) -> None:
    spoofed = [
        ("X-Forwarded-For", "1.2.3.4"),
        ("X-Forwarded-For", "5.6.7.8"),
        ("X-Real-IP", "1.2.3.4"),
        ("X-Forwarded-Proto", "https"),
    ]
    shop.get("/api/cart", spoofed)
    (sent,) = shop.services["cart"].seen
    assert sent.values("X-Forwarded-For") == ["127.0.0.1"]
    assert sent.values("X-Real-IP") == ["127.0.0.1"]
    assert sent.values("X-Forwarded-Proto") == ["http"]


def test_what_clients_may_say_arrives_untouched(shop: Stage) -> None:
    sent_headers = {
        "Authorization": "Bearer a.b.c",
        "Idempotency-Key": "k",
        "X-Cart-Token": "t",
        "If-Match": '"3"',
        "If-None-Match": '"4"',
        "Content-Type": "application/json",
        "Accept-Language": "de",
        "traceparent": "00-1-2-01",
    }
    shop.call("PUT", "/api/cart/x", sent_headers, b"{}")
    (sent,) = shop.services["cart"].seen
    assert {name: sent.values(name) for name in sent_headers} == {
        name: [value] for name, value in sent_headers.items()
    }


@pytest.mark.parametrize("name", ["Idempotency-Key", "X-Cart-Token"])
def test_repeated_headers_stay_repeated(shop: Stage, name: str) -> None:
    """So that services can refuse them."""
    shop.call("POST", "/api/orders", [(name, "a"), (name, "b")], b"{}")
    (sent,) = shop.services["orders"].seen
    assert sent.values(name) == ["a", "b"]


def test_c18_ranges_are_ignored_and_encodings_left_to_services(shop: Stage) -> None:
    ranges = ",".join(f"{i}-{i}" for i in range(500))
    for path in ("/api/cart", "/api/openapi.json", "/docs/page.js"):
        answer = shop.get(path, {"Range": f"bytes={ranges}", "If-Range": '"x"'})
        assert (answer.status, answer.all("Content-Range")) == (200, [])
    shop.call("POST", "/api/cart", {"Content-Encoding": "gzip", "Accept-Encoding": "gzip"}, b"x")
    first, second = shop.services["cart"].seen
    assert first.values("Range") == first.values("If-Range") == []
    assert second.values("Content-Encoding") == ["gzip"]
    assert second.values("Accept-Encoding") == []


@pytest.mark.parametrize(
    "status", [200, 201, 204, 304, 400, 401, 402, 404, 409, 422, 429, 500, 503]
)
def test_d10_security_headers_once_on_every_status(shop: Stage, status: int) -> None:
    twice = {**dict.fromkeys(SECURITY, "from the service"), "X-Request-ID": "theirs-theirs"}
    twice |= {"Server": "uvicorn", "X-Powered-By": "python"}
    shop.services["orders"].reply = lambda _: Reply(
        status, b"" if status in (204, 304) else b"{}", twice
    )
    _assert_hardened(shop, "GET", "/api/orders/x", status)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 302),
        ("GET", "/nowhere", 404),
        ("FOO", "/api/cart", 405),
        ("POST", "/api/cart", 413),
        ("GET", "/api/openapi.json", 200),
        ("GET", "/api/health", 200),
    ],
)
def test_d10_security_headers_on_the_gateways_own(
    shop: Stage, method: str, path: str, status: int
) -> None:
    _assert_hardened(shop, method, path, status, b"x" * 70_000 if status == 413 else None)


def _assert_hardened(
    shop: Stage, method: str, path: str, status: int, body: bytes | None = None
) -> None:
    answer = shop.call(method, path, body=body)
    assert answer.status == status
    assert {name: answer.all(name) for name in SECURITY} == {
        name: [value] for name, value in SECURITY.items()
    }
    assert answer.one("Server") == "nginx"
    assert answer.all("X-Powered-By") == []
    assert len(answer.all("Cache-Control")) == 1
    assert len(answer.all("X-Request-ID")) == 1
    assert answer.all("Access-Control-Allow-Origin") == []
    assert answer.all("Strict-Transport-Security") == []


def test_d10_hsts_behind_tls_only(shop: Stage) -> None:
    answer = shop.get("/api/cart", {"X-Forwarded-Proto": "https"})
    assert answer.one("Strict-Transport-Security") == "max-age=31536000"


def test_cache_control_of_services_is_kept_and_no_store_is_the_default(shop: Stage) -> None:
    assert shop.get("/api/cart").one("Cache-Control") == "no-store"
    shop.services["auth"].reply = lambda _: Reply(headers={"Cache-Control": "public, max-age=60"})
    assert shop.get("/api/auth/jwks").one("Cache-Control") == "public, max-age=60"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"]
)
def test_d8_no_cors(shop: Stage, origin: str) -> None:
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for method in ("GET", "OPTIONS"):
        answer = shop.call(method, "/api/cart", preflight)
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("given", ["abcdefgh", "9f1c2a7e-5d3b.4c60_X", "a" * 64])
@pytest.mark.parametrize("path", ["/api/cart", "/nowhere"])
def test_a_sane_request_id_is_kept(shop: Stage, path: str, given: str) -> None:
    answer = shop.get(path, {"X-Request-ID": given})
    assert answer.one("X-Request-ID") == given
    assert all(sent.values("X-Request-ID") == [given] for sent in shop.seen)
    assert path == "/api/cart" or answer.json["request_id"] == given


@pytest.mark.parametrize(
    "given", ["short", "a" * 65, "with space", 'quote"quote', "x<script>x", "ümlaut-ümlaut"]
)
def test_another_one_is_replaced(shop: Stage, given: str) -> None:
    answer = shop.raw(
        b"GET /api/cart HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-ID: "
        + given.encode()
        + b"\r\n\r\n"
    )
    (made,) = re.findall(rb"(?i)X-Request-ID: (.*)\r\n", answer)
    assert re.fullmatch(rb"[0-9a-f]{32}", made)
    (sent,) = shop.services["cart"].seen
    assert sent.values("X-Request-ID") == [made.decode()]


def test_every_request_gets_an_id_of_its_own(shop: Stage) -> None:
    ids = {shop.get("/api/cart").one("X-Request-ID") for _ in range(5)}
    assert len(ids) == 5


def test_services_cannot_steer_nginx(shop: Stage) -> None:
    def steer(_: Sent) -> Reply:
        return Reply(headers={"X-Accel-Redirect": "/_health/ok"})

    shop.services["cart"].reply = steer
    assert shop.get("/api/cart").body == b"{}"
