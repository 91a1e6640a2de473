"""Pages of other origins, as their browsers ask."""

import time
from collections.abc import Iterator

import pytest

from tests.gateway.stage import CACHEABLE, Answer, Reply, Stage, stage
from tests.gateway.test_errors import assert_problem

SHOP, ADMIN = "https://shop.example", "https://admin.shop.example:8443"
STRANGERS = [
    "https://evil.example",
    "null",
    "*",
    "",
    "http://shop.example",
    "https://shop.example.evil.example",
    "https://evilshop.example",
    "https://www.shop.example",
    "https://shop.example:8443",
    "https://shop.example/",
    "https://SHOP.example",
    "https://shop.exampl",
    "https://shopXexample",
    "https://admin.shop.example",
    f"{SHOP},{ADMIN}",
    f"{SHOP} {ADMIN}",
    f"{SHOP}|{SHOP}",
    "x,https://evil.example,|https://evil.example",
    "|https://evil.example,|https://evil.example",
    "https://evil.example,|https://evil.example",
]
ASKED = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
}
NEEDED = {"authorization", "content-type", "idempotency-key", "if-match", "if-none-match"}
NEEDED |= {"x-cart-token", "x-request-id"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    origins = f"{SHOP},{ADMIN}"
    with stage(tmp_path_factory.mktemp("gw"), CORS_ORIGINS=origins) as running:
        yield running


def cors(answer: Answer) -> dict[str, str]:
    headers = {name.lower(): value for name, value in answer.headers}
    return {name: value for name, value in headers.items() if name.startswith("access-control-")}


def words(text: str) -> set[str]:
    return {word.strip().lower() for word in text.split(",")}


@pytest.mark.parametrize("origin", [SHOP, ADMIN])
@pytest.mark.parametrize("path", ["/api/auth/login", "/api/products", "/api/cart", "/api/orders/x"])
def test_d8_a_preflight_of_a_listed_origin_is_answered_here(
    shop: Stage, origin: str, path: str
) -> None:
    answer = shop.call("OPTIONS", path, {"Origin": origin, **ASKED})
    assert (answer.status, answer.body) == (204, b"")
    said = cors(answer)
    assert said["access-control-allow-origin"] == origin
    assert words(said["access-control-allow-methods"]) >= {"get", "post", "put", "patch", "delete"}
    assert words(said["access-control-allow-headers"]) == NEEDED
    assert said["access-control-max-age"] == "7200"
    assert "access-control-allow-credentials" not in said
    assert "Origin" in answer.all("Vary")
    assert answer.one("X-Content-Type-Options") == "nosniff"
    assert shop.seen == []


@pytest.mark.parametrize("origin", STRANGERS)
def test_d8_other_origins_are_told_nothing(shop: Stage, origin: str) -> None:
    preflight = shop.call("OPTIONS", "/api/cart", {"Origin": origin, **ASKED})
    assert_problem(preflight, 405, "method_not_allowed", "/api/cart")
    plain = shop.get("/api/cart", {"Origin": origin})
    assert cors(preflight) == cors(plain) == {}
    assert plain.all("Vary") == ["Origin"], "a browser's cache must not mix origins"


def test_options_that_is_no_preflight_is_405(shop: Stage) -> None:
    for headers in ({}, {"Origin": SHOP}, ASKED):
        answer = shop.call("OPTIONS", "/api/cart", headers)
        assert_problem(answer, 405, "method_not_allowed", "/api/cart")
    assert shop.seen == []


def test_d8_a_listed_origin_may_read_answers_and_their_headers(shop: Stage) -> None:
    shop.services["cart"].reply = lambda _: Reply(
        201, headers={"X-Cart-Token": "t", "Access-Control-Allow-Origin": "*", "Vary": "Accept"}
    )
    answer = shop.call("POST", "/api/cart", {"Origin": SHOP}, b"{}")
    assert answer.one("Access-Control-Allow-Origin") == SHOP
    shown = words(answer.one("Access-Control-Expose-Headers"))
    assert shown >= {"etag", "location", "link", "retry-after", "x-request-id", "x-cart-token"}
    assert shown >= {"idempotent-replayed", "ratelimit-policy"}
    assert answer.all("Vary") == ["Accept", "Origin"]
    assert "access-control-allow-credentials" not in cors(answer)


@pytest.mark.parametrize("status", [304, 400, 401, 404, 409, 422, 429, 500, 503])
def test_d8_errors_of_services_may_be_read_too(shop: Stage, status: int) -> None:
    shop.services["orders"].reply = lambda _: Reply(status, b"" if status == 304 else b"{}")
    answer = shop.get("/api/orders", {"Origin": SHOP})
    assert (answer.status, answer.one("Access-Control-Allow-Origin")) == (status, SHOP)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("FOO", "/api/cart", 405),
        ("POST", "/api/cart", 413),
        ("GET", "/api/products?q=" + "x" * 9000, 414),
    ],
)
def test_d8_errors_of_nginx_may_be_read_too(
    shop: Stage, method: str, path: str, status: int
) -> None:
    body = b"x" * 70_000 if status == 413 else None
    answer = shop.call(method, path, {"Origin": SHOP}, body)
    assert answer.status == status
    if status != 414:  # its headers were not read
        assert answer.one("Access-Control-Allow-Origin") == SHOP


def test_d8_a_service_that_is_down_and_a_limit_may_be_read_too(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("gw")
    with stage(folder, rate_limits="on", CORS_ORIGINS=SHOP) as shop:
        shop.services["cart"].stop()
        statuses = set()
        for _ in range(12):
            for path in ("/api/cart", "/api/auth/login"):
                answer = shop.call("POST", path, {"Origin": SHOP}, b"{}")
                statuses.add(answer.status)
                assert answer.one("Access-Control-Allow-Origin") == SHOP
                assert answer.status == 200 or answer.one("Retry-After")
    assert statuses == {200, 429, 503}


def test_d8_the_cache_does_not_mix_origins(shop: Stage) -> None:
    path = f"/api/products?q={time.monotonic_ns()}"
    expires = {"Cache-Control": CACHEABLE, "X-Accel-Expires": f"@{int(time.time()) + 60}"}
    shop.services["catalog"].reply = lambda _: Reply(headers=expires)
    seen = []
    for origin in (SHOP, ADMIN, "https://evil.example", None, SHOP):
        answer = shop.get(path, {"Origin": origin} if origin else {})
        seen.append((answer.one("X-Cache"), cors(answer).get("access-control-allow-origin")))
        assert answer.all("Vary") == ["Origin"]
    assert seen == [("MISS", SHOP), ("HIT", ADMIN), ("HIT", None), ("HIT", None), ("HIT", SHOP)]
