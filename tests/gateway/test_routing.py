import pytest

from tests.gateway.stage import Stage

INTERNAL = [
    "/internal/jwks.json",
    "/internal/token",
    "/internal/products/lookup",
    "/internal/reservations/1",
    "/internal/claims/1/consume",
]
TRICKS = [
    "{p}",
    "{p}/",
    "/{p}",
    "//{p}",
    "/.{p}",
    "/./{p}",
    "/x/..{p}",
    "/api/..{p}",
    "/api/products/../..{p}",
    "/api/auth/%2e%2e/%2e%2e{p}",
    "/api/auth/..%2f..{p}",
    "/api/auth/..%2F..{p}",
    "/api/auth/..;{p}",
    "/api/auth/..;/..;{p}",
    "/api/cart/;/../..{p}",
    "/api/orders/%2e%2e%2f%2e%2e{p}",
    "{p}%20",
    "{p}%23",
    "{p}?x=/api/products",
    "{p}#/api/products",
    "{p};a=b",
    "{p}/.",
    "{p}/./",
    "{p}//",
    "{p}.json",
    "/api/products/..%5c..{p}",
    "\\{p}",
    "/%5c{p}",
    "/api%2f..{p}",
    "/api/%252e%252e{p}",
    "/api{p}",
    "/api/auth{p}",
    "/api/products{p}",
    "/%69nternal{rest}",
    "/INTERNAL{rest}",
    "/Internal{rest}",
    "/internal%2f{rest}",
    "/api/products/%2e%2e/%2e%2e/%69nternal{rest}",
    "/%2e{p}",
    "/%2f{p}",
    "/api/products/..%252f..{p}",
    "{p}%0a",
    "{p}%0d%0aHost:%20x",
    "/api/cart/..%c0%af..{p}",
    "/_health/auth",
    "/_health/ok",
    "/_health/..{p}",
    "/docs/..{p}",
    "/docs/%2e%2e{p}",
]
OWN = ("/api/auth", "/api/products", "/api/cart")


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/auth/login", "auth"),
        ("/api/auth/.well-known/jwks.json", "auth"),
        ("/api/products", "catalog"),
        ("/api/products/caf%C3%A9?limit=1&limit=2", "catalog"),
        ("/api/products/export?format=csv", "catalog"),
        ("/api/products/bulk", "catalog"),
        ("/api/imports", "catalog"),
        ("/api/imports/x/errors", "catalog"),
        ("/api/categories/x", "catalog"),
        ("/api/product-groups/x", "catalog"),
        ("/api/attributes/x", "catalog"),
        ("/api/search/synonyms", "catalog"),
        ("/api/cart", "cart"),
        ("/api/cart/merge", "cart"),
        ("/api/orders", "orders"),
        ("/api/payments/methods", "orders"),
        ("/api/addresses/x", "orders"),
        ("/api/orders/history?cursor=a%2Fb", "orders"),
        ("/api/audit/accounts?limit=1", "auth"),
        ("/api/audit/catalog", "catalog"),
        ("/api/stock?state=low_stock", "catalog"),
        ("/api/audit/orders", "orders"),
    ],
)
def test_every_path_reaches_its_service(shop: Stage, path: str, service: str) -> None:
    assert shop.get(path, {"Authorization": "x"}).json["service"] == service
    assert [len(s.seen) for s in shop.services.values()].count(1) == 1


def test_path_and_query_arrive_as_they_were_sent(shop: Stage) -> None:
    shop.call("PUT", "/api/orders/a%2Fb%20c/?q=%22a+b%22&x=1&x=2", body=b"{}")
    (sent,) = shop.services["orders"].seen
    assert (sent.path, sent.query) == ("/api/orders/a/b c/", "q=%22a+b%22&x=1&x=2")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_methods_and_bodies_arrive(shop: Stage, method: str) -> None:
    assert shop.call(method, "/api/cart/x", body=b'{"quantity":1}').status == 200
    (sent,) = shop.services["cart"].seen
    assert (sent.method, sent.body) == (method, b'{"quantity":1}')


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/productsx",
        "/api/product",
        "/API/products",
        "/api/users",
        "/api/auth.json",
        "/api/carts",
        "/api/orders-x",
        "/api/addressesx",
        "/api/audit",
        "/api/audit/cart",
        "/api/authx/login",
        "/api/categories.x",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/metrics",
        "/nginx_status",
        "/.git/config",
        "/.env",
        "/.well-known/x",
        "/docs/.gitattributes",
        "/docs/VERSIONS.md",
        "/docs/x/y.js",
        "/docs/missing.js",
        "/favicon.ico",
        "/gateway/README.md",
        "/api/openapi.json/",
        "/api/openapi.json.gz",
        "/docs/../templates/shop.conf.template",
        "/docs/%2e%2e/Dockerfile",
        "/_health/auth",
        "/_health/ok",
        "/_health/",
        "/_health",
        "/_problem",
        "/@problem",
    ],
)
def test_d9_everything_else_is_404(shop: Stage, path: str) -> None:
    answer = shop.get(path)
    assert (answer.status, answer.one("Content-Type")) == (404, "application/problem+json")
    assert answer.json["code"] == "not_found"
    assert shop.seen == []


@pytest.mark.parametrize("route", INTERNAL)
@pytest.mark.parametrize("trick", TRICKS)
def test_d3_internal_cannot_be_reached(shop: Stage, route: str, trick: str) -> None:
    path = trick.format(p=route, rest=route.removeprefix("/internal"))
    for method in ("GET", "POST"):
        answer = shop.raw(
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
        status = int(answer.split()[1])
        assert b"SECRET" not in answer
        assert status in (400, 404) or any(s.path.startswith(OWN) for s in shop.seen)
    assert not [sent.path for sent in shop.seen if sent.path.startswith("/internal")]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost", "127.0.0.1:1", "shop.internal", "a.b:99"]
)
def test_d5_services_never_see_the_host(shop: Stage, host: str) -> None:
    assert shop.get("/api/cart", {"Host": host}).status == 200
    (sent,) = shop.services["cart"].seen
    assert sent.values("Host") == ["shop"]
    assert "evil" not in str(sent.headers)


def test_d5_absolute_form_is_only_a_path(shop: Stage) -> None:
    request = (
        b"GET http://evil.example/api/cart HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n"
    )
    assert shop.raw(request).startswith(b"HTTP/1.1 200")
    (sent,) = shop.services["cart"].seen
    assert (sent.path, sent.values("Host")) == ("/api/cart", ["shop"])


@pytest.mark.parametrize(
    "head",
    [
        b"GET /api/cart HTTP/1.1\r\nHost: a/internal?x=\r\n",
        b"GET /api/cart HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
        b"GET /api/cart HTTP/1.1\r\n",
        b"GET /api/cart HTTP/1.0\r\n",
    ],
)
def test_d5_wrong_hosts_are_400(shop: Stage, head: bytes) -> None:
    answer = shop.raw(head + b"Connection: close\r\n\r\n")
    assert answer.split()[1] == b"400"
    assert b"application/problem+json" in answer
    assert b'"code":"bad_request"' in answer
    assert shop.seen == []


@pytest.mark.parametrize(
    "method", ["TRACE", "FOO", "PROPFIND", "LOCK", "DEBUG", "CONNECT", "OPTIONS"]
)
@pytest.mark.parametrize("path", ["/api/cart", "/api/products", "/api/auth/login", "/api/orders"])
def test_d6_odd_methods_are_405(shop: Stage, method: str, path: str) -> None:
    answer = shop.call(method, path)
    assert (answer.status, answer.json["code"]) == (405, "method_not_allowed")
    assert answer.one("Allow") == "GET, HEAD, POST, PUT, PATCH, DELETE"
    assert shop.seen == []


@pytest.mark.parametrize(
    "path", ["/docs", "/docs/", "/docs/page.js", "/api/openapi.json", "/api/health"]
)
def test_d6_what_is_served_here_is_read_only(shop: Stage, path: str) -> None:
    for method in ("POST", "DELETE", "FOO"):
        answer = shop.call(method, path, body=b"{}")
        assert (answer.status, answer.one("Allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("character", ["%0a", "%0A", "%0d", "%09", "%01", "%7f"])
@pytest.mark.parametrize(
    "path", ["/api/auth/login{c}", "/api/orders/x/payment{c}", "/api/{c}cart", "/api/products/{c}"]
)
def test_d3_no_path_has_a_control_character(shop: Stage, path: str, character: str) -> None:
    """It would not be counted for the limits of the path without."""
    answer = shop.call("POST", path.format(c=character), {}, b"{}")
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert shop.seen == []


def test_d6_http_0_9_and_lower_case_are_refused(shop: Stage) -> None:
    assert b'"status":400' in shop.raw(b"GET /api/cart\r\n")
    assert shop.raw(b"get /api/cart HTTP/1.1\r\nHost: a\r\n\r\n").split()[1] == b"400"
    assert shop.seen == []


def test_d6_upgrades_are_not_passed_on(shop: Stage) -> None:
    upgrade = {
        "Upgrade": "h2c",
        "Connection": "Upgrade, HTTP2-Settings",
        "HTTP2-Settings": "AAMAAABkAAQAAP__",
    }
    assert shop.get("/api/cart", upgrade).status == 200
    (sent,) = shop.services["cart"].seen
    assert sent.values("Upgrade") == []
    assert sent.values("Connection") == []
