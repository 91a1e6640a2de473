import pytest

from tests.gateway.stage import Answer, Stage
from tests.gateway.test_errors import assert_problem

GENERAL = '"general";q=40;w=2'


def many(shop: Stage, times: int, method: str, path: str) -> list[Answer]:
    """Each with forged addresses: only the connection's counts."""
    return [
        shop.call(
            method,
            path,
            {"X-Forwarded-For": f"10.0.{i // 250}.{i % 250}", "Forwarded": f"for=10.1.1.{i % 250}"},
            b"{}" if method == "POST" else None,
        )
        for i in range(times)
    ]


def passed(answers: list[Answer]) -> int:
    return [answer.status for answer in answers].index(429)


@pytest.mark.parametrize(
    ("path", "name", "allowed", "retry_after"),
    [
        ("/api/auth/login", "login", 10, "6"),
        ("/api/auth/token", "login", 10, "6"),
        ("/api/auth/register", "register", 5, "12"),
        ("/api/auth/password/reset-request", "register", 5, "12"),
        ("/api/auth/password/reset", "register", 5, "12"),
        ("/api/auth/email/verification", "register", 5, "12"),
        ("/api/auth/email/change", "register", 5, "12"),
        ("/api/orders", "checkout", 30, "2"),
        ("/api/orders/019ab1d2-7c40-7a31-8f52-3b6c1d2e4f50/payment", "checkout", 30, "2"),
    ],
)
def test_posts_that_are_limited(
    limited_shop: Stage, path: str, name: str, allowed: int, retry_after: str
) -> None:
    answers = many(limited_shop, allowed + 2, "POST", path)
    assert passed(answers) in (allowed, allowed + 1)  # one more when the machine was slow
    refused = answers[-1]
    assert_problem(refused, 429, "rate_limited", path)
    assert refused.one("Retry-After") == retry_after
    policy = f'"{name}";q={allowed};w=60, {GENERAL}'
    assert {answer.one("RateLimit-Policy") for answer in answers} == {policy}
    assert refused.all("RateLimit") == [], "nginx does not know what is left"


@pytest.mark.parametrize(
    "path", ["/api/auth/%6cogin", "/api//auth/login", "/api/x/../auth/login", "/api/auth/login/"]
)
def test_other_spellings_count_as_well(limited_shop: Stage, path: str) -> None:
    many(limited_shop, 12, "POST", "/api/auth/login")
    assert limited_shop.call("POST", path, body=b"{}").status == 429


def test_payment_providers_may_send_in_bursts(limited_shop: Stage) -> None:
    answers = many(limited_shop, 120, "POST", "/api/payments/webhooks/sandbox")
    assert 429 not in {answer.status for answer in answers}
    assert {answer.one("RateLimit-Policy") for answer in answers} == {'"webhook";q=400;w=2'}
    assert limited_shop.get("/api/products").status == 200, "nor do they use up others' share"


def test_login_and_token_share_one_limit(limited_shop: Stage) -> None:
    many(limited_shop, 6, "POST", "/api/auth/login")
    assert passed(many(limited_shop, 8, "POST", "/api/auth/token")) in (4, 5)


def test_a15_reading_is_not_limited_like_writing(limited_shop: Stage) -> None:
    many(limited_shop, 12, "POST", "/api/auth/login")
    for path in ("/api/auth/me", "/api/orders", "/api/products"):
        assert limited_shop.get(path).status == 200


def test_d4_the_general_limit_counts_connections_not_headers(limited_shop: Stage) -> None:
    answers = many(limited_shop, 400, "GET", "/api/cart")
    assert passed(answers) >= 40
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) > 100
    assert_problem(refused[0], 429, "rate_limited", "/api/cart")
    assert refused[0].one("Retry-After") == "1"
    assert {answer.one("RateLimit-Policy") for answer in answers} == {GENERAL}


def test_limits_can_be_off(shop: Stage) -> None:
    for path in ("/api/auth/login", "/api/auth/register", "/api/orders"):
        answers = many(shop, 60, "POST", path)
        assert {(answer.status, *answer.all("RateLimit-Policy")) for answer in answers} == {(200,)}
