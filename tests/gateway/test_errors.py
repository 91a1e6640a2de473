from contextlib import closing

import pytest

from tests.gateway.stage import Answer, Reply, Stage

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id"}


def assert_problem(answer: Answer, status: int, code: str, instance: str) -> None:
    assert answer.status == status
    assert answer.one("Content-Type") == "application/problem+json"
    assert answer.one("Cache-Control") == "no-store"
    body = answer.json
    assert set(body) == MEMBERS
    assert (body["status"], body["code"], body["instance"]) == (status, code, instance)
    assert body["type"] == f"/docs/#error-{code}"
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.one("X-Request-ID")


def test_unknown_path(shop: Stage) -> None:
    assert_problem(shop.get("/no/such?token=secret"), 404, "not_found", "/no/such")


@pytest.mark.parametrize("path", ["/a%22b", "/a%5Cb", "/caf%C3%A9", "/a'b(c)"])
def test_encoded_paths_are_quoted_as_sent(shop: Stage, path: str) -> None:
    assert_problem(shop.get(path), 404, "not_found", path)


@pytest.mark.parametrize("path", ['/a"b', "/a\\b", "/" + "a" * 600])
def test_paths_that_could_break_json_are_not_quoted(shop: Stage, path: str) -> None:
    assert_problem(shop.get(path), 404, "not_found", "/")


@pytest.mark.parametrize("size", [65_537, 20_000_000])
def test_c2_too_large_a_body(shop: Stage, size: int) -> None:
    answer = shop.call("POST", "/api/cart", {"Content-Length": str(size)}, b"x" * 1000)
    assert_problem(answer, 413, "payload_too_large", "/api/cart")
    assert shop.seen == []


def test_c2_too_large_without_a_length(shop: Stage) -> None:
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    answer = shop.raw(
        b"POST /api/cart HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 17 + b"0\r\n\r\n"
    )
    assert b" 413 " in answer.splitlines()[0]
    assert b'"code":"payload_too_large"' in answer
    assert shop.seen == []


def test_c2_the_largest_body_arrives_whole_with_a_length(shop: Stage) -> None:
    assert shop.call("POST", "/api/cart", body=b"x" * 65_536).status == 200
    (sent,) = shop.services["cart"].seen
    assert (len(sent.body), sent.values("Content-Length")) == (65_536, ["65536"])


@pytest.mark.parametrize(
    ("path", "most"), [("/api/products/bulk", 4 << 20), ("/api/imports", 200 << 20)]
)
def test_c2_bodies_with_many_products_may_be_larger(shop: Stage, path: str, most: int) -> None:
    answer = shop.call("POST", path, {"Content-Length": str(most + 1)}, b"x" * 1000)
    assert_problem(answer, 413, "payload_too_large", path)
    assert answer.json["detail"] == f"The body may have {most} bytes."
    assert shop.seen == []
    assert shop.call("POST", path, body=b"x" * (4 << 20)).status == 200
    assert len(shop.services["catalog"].seen[0].body) == 4 << 20


@pytest.mark.parametrize("path", ["/api/imports/x", "/api/products/bulk/x", "/api/products/export"])
def test_c2_no_other_path_takes_more(shop: Stage, path: str) -> None:
    answer = shop.call("POST", path, {"Content-Length": "65537"}, b"x" * 1000)
    assert_problem(answer, 413, "payload_too_large", path)
    assert shop.seen == []


def test_d7_too_large_headers(shop: Stage) -> None:
    assert_problem(
        shop.get("/api/cart", {"X-Big": "x" * 9000}), 431, "headers_too_large", "/api/cart"
    )
    many = [(f"X-{i}", "x" * 50) for i in range(1500)]
    assert_problem(shop.get("/api/cart", many), 431, "headers_too_large", "/api/cart")
    cookies = {"Cookie": "; ".join(f"c{i}=xxxxxxxxxx" for i in range(1000))}
    assert_problem(shop.get("/api/cart", cookies), 431, "headers_too_large", "/api/cart")
    assert shop.seen == []


def test_d7_too_long_a_url(shop: Stage) -> None:
    assert_problem(shop.get("/api/products?q=" + "x" * 9000), 414, "uri_too_long", "/")
    assert shop.seen == []


@pytest.mark.parametrize(
    "head",
    [
        b"POST /api/cart HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n",
        b"POST /api/cart HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        b"POST /api/cart HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n",
        b"POST /api/cart HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n",
        b"POST /api/cart HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n",
    ],
)
def test_d1_ambiguous_lengths_reach_no_service(shop: Stage, head: bytes) -> None:
    answer = shop.raw(head + b"Connection: close\r\n\r\n0\r\n\r\n")
    assert answer.split()[1] in (b"400", b"501")
    assert b"application/problem+json" in answer
    assert shop.seen == []


def test_412_of_nginx_has_the_form_too(shop: Stage) -> None:
    answer = shop.get("/api/openapi.json", {"If-Match": '"other"'})
    assert_problem(answer, 412, "precondition_failed", "/api/openapi.json")


def test_errors_of_services_pass_unchanged(shop: Stage) -> None:
    problem = b'{"code":"cart_locked"}'
    headers = {"Content-Type": "application/problem+json", "Retry-After": "7", "Allow": "GET"}
    for status in (400, 404, 405, 409, 413, 429, 500, 502, 503, 504):
        shop.services["cart"].reply = lambda _, s=status: Reply(s, problem, headers)  # type: ignore[misc]
        answer = shop.get("/api/cart")
        assert (answer.status, answer.body) == (status, problem)
        assert (answer.one("Retry-After"), answer.one("Allow")) == ("7", "GET")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("auth", "/api/auth/me"),
        ("catalog", "/api/products"),
        ("cart", "/api/cart"),
        ("orders", "/api/orders"),
    ],
)
def test_d11_a_service_that_is_down_is_503(
    own_shop: Stage, name: str, path: str, method: str
) -> None:
    own_shop.services[name].stop()
    answer = own_shop.call(method, path, body=b"{}" if method == "POST" else None)
    assert_problem(answer, 503, "service_unavailable", path)
    assert answer.one("Retry-After") == "1"


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_d11_what_may_have_happened_is_never_sent_twice(shop: Stage, method: str) -> None:
    orders = shop.services["orders"]
    with closing(shop.connect()) as connection:
        shop.call_on(connection, "GET", "/api/orders")  # now there is a kept one, to break in use
        orders.seen.clear()
        orders.reply = lambda _: Reply(hang_up=True)
        answer = shop.call_on(connection, method, "/api/orders", body=b"{}")
    assert_problem(answer, 503, "service_unavailable", "/api/orders")
    assert len(orders.seen) == 1


def test_d11_a_get_on_a_broken_connection_is_tried_once_more(shop: Stage) -> None:
    orders = shop.services["orders"]
    with closing(shop.connect()) as connection:
        shop.call_on(connection, "GET", "/api/orders")
        orders.seen.clear()
        orders.reply = lambda _: Reply(hang_up=len(orders.seen) == 1)
        assert shop.call_on(connection, "GET", "/api/orders").status == 200
    assert len(orders.seen) == 2


def test_d11_a_service_that_comes_back_is_used_at_once(own_shop: Stage) -> None:
    cart = own_shop.services["cart"]
    assert own_shop.get("/api/cart").status == 200
    cart.stop()
    assert [own_shop.get("/api/cart").status for _ in range(3)] == [503] * 3
    cart.start()
    assert own_shop.get("/api/cart").status == 200
