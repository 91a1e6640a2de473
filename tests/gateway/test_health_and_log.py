import time

from tests.gateway.stage import SERVICES, Reply, Stage, wait_for


def test_health_when_all_is_well(shop: Stage) -> None:
    answer = shop.get("/api/health", {"Authorization": "Bearer secret"})
    assert (answer.status, answer.one("Content-Type")) == (200, "application/json")
    assert answer.json == {"status": "ok", "services": dict.fromkeys(SERVICES, "ok")}
    assert answer.one("Cache-Control") == "no-store"
    assert shop.call("HEAD", "/api/health").status == 200


def test_d9_health_names_who_is_down_and_nothing_more(own_shop: Stage) -> None:
    down: set[str] = set()
    for name in ("cart", "auth", "orders", "catalog"):
        own_shop.services[name].stop()
        down.add(name)
        answer = own_shop.get("/api/health")
        assert (answer.status, answer.one("Content-Type")) == (503, "application/json")
        assert answer.json == {
            "status": "unavailable",
            "services": {n: "unavailable" if n in down else "ok" for n in SERVICES},
        }
        assert answer.one("Retry-After") == "1"


def test_health_of_a_service_that_answers_badly(shop: Stage) -> None:
    for status in (500, 503, 401, 403, 302):
        shop.services["catalog"].health = status
        answer = shop.get("/api/health")
        assert answer.status == 503
        assert answer.json["services"]["catalog"] == "unavailable"
        assert answer.json["services"]["orders"] == "ok"


def test_the_log_has_one_line_per_request_and_no_personal_data(shop: Stage) -> None:
    mark = f"mark-{time.monotonic_ns()}"
    headers = {
        "X-Request-ID": mark,
        "Authorization": "Bearer top-secret",
        "User-Agent": "agent-of-somebody",
        "X-Cart-Token": "guest-secret",
    }
    shop.services["orders"].reply = lambda _: Reply(201)
    shop.call("POST", '/api/orders/x"y?token=query-secret', headers, b'{"email":"a@b.example"}')
    shop.get("/nowhere?token=query-secret", headers)
    wait_for(lambda: len(_marked(shop, mark)) == 2)
    # Each worker of nginx writes its lines out when it likes, so their order is not that of time.
    first, second = sorted(_marked(shop, mark), key=lambda line: line["method"], reverse=True)
    assert (first["method"], first["path"], first["status"]) == ("POST", '/api/orders/x"y', "201")
    assert (second["path"], second["status"], second["upstream_status"]) == ("/nowhere", "404", "")
    text = str([first, second])
    for secret in ("secret", "127.0.0.1", "agent-of", "a@b"):
        assert secret not in text


def _marked(shop: Stage, mark: str) -> list[dict[str, str]]:
    return [line for line in shop.log_lines() if line["request_id"] == mark]
