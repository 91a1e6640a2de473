import threading
import time
from collections.abc import Iterator

import pytest

from tests.gateway.stage import CACHEABLE, Answer, Reply, Sent, Service, Stage


@pytest.fixture
def path() -> Iterator[str]:
    return f"/api/products?q={time.monotonic_ns()}"


FRESH = -60
"""For what is not about the second: a slow machine must not let the answer expire."""


def publish(
    service: Service, *, seconds_old: int = 0, cache_control: str = CACHEABLE, **reply: object
) -> None:
    """Answer like catalog; `seconds_old`: as if fetched that long ago."""

    def answer(_: Sent) -> Reply:
        expires = int(time.time()) - seconds_old
        headers = {"Cache-Control": cache_control, "X-Accel-Expires": f"@{expires}"}
        return Reply(body=str(len(service.seen)).encode(), headers=headers, **reply)  # type: ignore[arg-type]

    service.reply = answer


def at_once(shop: Stage, path: str, times: int) -> list[Answer]:
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(shop.get(path))) for _ in range(times)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_fresh_answer_is_used_again(shop: Stage, path: str) -> None:
    publish(shop.services["catalog"], seconds_old=FRESH)
    first, second = shop.get(path), shop.get(path)
    assert (first.one("X-Cache"), second.one("X-Cache")) == ("MISS", "HIT")
    assert first.body == second.body == b"1"
    assert (first.all("Age"), second.one("Age")) == ([], "0")
    assert first.one("Cache-Control") == second.one("Cache-Control") == CACHEABLE
    assert second.all("X-Accel-Expires") == []
    assert first.one("X-Request-ID") != second.one("X-Request-ID")


def test_a_first_visitor_never_gets_an_expired_one(shop: Stage, path: str) -> None:
    catalog = shop.services["catalog"]
    for age in (1, 60, 500, 100_000):
        publish(catalog, seconds_old=age)
        shop.get(path)
        again = shop.get(path)
        assert again.one("X-Cache") == "EXPIRED"
        assert again.body == str(len(catalog.seen)).encode()


def test_an_answer_is_never_older_than_a_second(shop: Stage, path: str) -> None:
    catalog = shop.services["catalog"]
    publish(catalog)
    for _ in range(4):
        fetched = shop.get(path).body
        time.sleep(1.0)
        assert shop.get(path).body != fetched
        time.sleep(0.23)  # begin at another part of the second


def test_what_takes_an_answers_place_is_given_by_every_worker(shop: Stage, path: str) -> None:
    catalog = shop.services["catalog"]
    for _ in range(3):
        publish(catalog, seconds_old=-1)
        first = shop.get(path)
        at_once(shop, path, 32)  # by as many workers as answer
        while shop.get(path).body == first.body:
            time.sleep(0.1)
        publish(catalog, seconds_old=FRESH)
        time.sleep(2.0)
        second = shop.get(path)
        assert second.body == str(len(catalog.seen)).encode()
        assert {answer.body for answer in at_once(shop, path, 32)} == {second.body}
        path += "x"


def test_d5_the_host_is_no_part_of_it(shop: Stage, path: str) -> None:
    publish(shop.services["catalog"], seconds_old=FRESH)
    shop.get(path, {"Host": "evil.example"})
    assert shop.get(path).one("X-Cache") == "HIT"


@pytest.mark.parametrize("header", ["Authorization", "Cookie"])
@pytest.mark.parametrize("value", ["Bearer x", "0"])
def test_never_with_credentials_in_either_direction(
    shop: Stage, path: str, header: str, value: str
) -> None:
    publish(shop.services["catalog"], seconds_old=FRESH)
    mine = shop.get(path, {header: value})
    anonymous = shop.get(path)
    mine_again = shop.get(path, {header: value})
    assert [a.one("X-Cache") for a in (mine, anonymous, mine_again)] == ["BYPASS", "MISS", "BYPASS"]
    assert [a.body for a in (mine, anonymous, mine_again)] == [b"1", b"2", b"3"]
    assert shop.get(path).body == b"2"


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {}),
        (200, {"Cache-Control": "no-store"}),
        (200, {"Cache-Control": "private, max-age=1"}),
        (200, {"Cache-Control": CACHEABLE, "Set-Cookie": "a=b"}),
        (404, {"Cache-Control": CACHEABLE}),
        (301, {"Cache-Control": CACHEABLE, "Location": "/x"}),
        (500, {"Cache-Control": CACHEABLE}),
    ],
)
def test_only_public_200s_are_kept(
    shop: Stage, path: str, status: int, headers: dict[str, str]
) -> None:
    catalog = shop.services["catalog"]
    catalog.reply = lambda _: Reply(status, headers=headers)
    for _ in range(3):
        assert shop.get(path).one("X-Cache") == "MISS"
    assert len(catalog.seen) == 3


@pytest.mark.parametrize("other", ["/api/cart", "/api/orders", "/api/auth/me"])
def test_only_catalog_is_cached(shop: Stage, other: str) -> None:
    for service in shop.services.values():
        publish(service)
    for _ in range(3):
        assert shop.get(other).all("X-Cache") == []
    assert len(shop.seen) == 3


def test_writes_are_not_cached(shop: Stage, path: str) -> None:
    publish(shop.services["catalog"])
    assert shop.get(path).status == 200
    assert shop.call("POST", path, body=b"{}").all("X-Cache") == []
    assert [sent.method for sent in shop.services["catalog"].seen] == ["GET", "POST"]


def test_queries_are_kept_apart_and_variants_too(shop: Stage, path: str) -> None:
    catalog = shop.services["catalog"]
    publish(catalog)
    assert len({shop.get(f"{path}&page={i}").body for i in range(4)}) == 4
    headers = {"Cache-Control": CACHEABLE, "Vary": "Accept-Language"}
    catalog.reply = lambda sent: Reply(
        body=sent.values("Accept-Language")[0].encode(), headers=headers
    )
    for language in ("de", "fr", "de"):
        assert shop.get(path, {"Accept-Language": language}).body == language.encode()


def test_head_and_304_come_from_the_cache(shop: Stage, path: str) -> None:
    catalog = shop.services["catalog"]
    headers = {"Cache-Control": "public, s-maxage=60", "ETag": '"7"'}
    catalog.reply = lambda _: Reply(body=b"body", headers=headers)
    shop.get(path)
    unchanged = shop.get(path, {"If-None-Match": '"7"'})
    assert (unchanged.status, unchanged.body, unchanged.one("ETag")) == (304, b"", '"7"')
    head = shop.call("HEAD", path)
    assert (head.status, head.body, head.one("X-Cache")) == (200, b"", "HIT")
    assert len(catalog.seen) == 1


def test_sixteen_at_once_make_one_call(shop: Stage, path: str) -> None:
    catalog = shop.services["catalog"]
    publish(catalog, seconds_old=FRESH, wait=0.05)
    answers = at_once(shop, path, 16)
    assert {answer.body for answer in answers} == {b"1"}
    assert len(catalog.seen) == 1


def test_beside_the_one_that_fetches_the_last_answer_is_given(shop: Stage, path: str) -> None:
    catalog = shop.services["catalog"]
    patient = CACHEABLE.replace("revalidate=1", "revalidate=60")
    publish(catalog, seconds_old=9, cache_control=patient)
    shop.get(path)
    publish(catalog, wait=0.4)
    answers = at_once(shop, path, 8)
    states = sorted(answer.one("X-Cache") for answer in answers)
    assert states == ["EXPIRED"] + ["UPDATING"] * 7
    assert all(int(a.one("Age")) >= 9 for a in answers if a.one("X-Cache") == "UPDATING")
    assert len(catalog.seen) == 2


def test_beside_it_nothing_old_is_given(shop: Stage, path: str) -> None:
    catalog = shop.services["catalog"]
    publish(catalog, seconds_old=3)
    shop.get(path)
    publish(catalog, wait=0.3)
    answers = at_once(shop, path, 8)
    assert {answer.one("X-Cache") for answer in answers} == {"EXPIRED"}
    assert b"1" not in {answer.body for answer in answers}


def test_while_catalog_is_down_the_last_answer_is_given_with_its_age(own_shop: Stage) -> None:
    catalog = own_shop.services["catalog"]
    ages = [1, 2, 9, 10, 59, 99, 100, 101, 199, 345, 509, 590]
    fetched = time.time()
    for age in ages:
        publish(catalog, seconds_old=age)
        assert own_shop.get(f"/api/products?age={age}").body == str(len(catalog.seen)).encode()
    catalog.stop()
    for number, age in enumerate(ages, start=1):
        answer = own_shop.get(f"/api/products?age={age}")
        assert (answer.status, answer.one("X-Cache")) == (200, "STALE")
        assert answer.body == str(number).encode()
        assert age <= int(answer.one("Age")) <= age + time.time() - fetched + 1


def test_after_ten_minutes_down_it_is_503(own_shop: Stage, path: str) -> None:
    publish(own_shop.services["catalog"], seconds_old=602)
    own_shop.get(path)
    own_shop.services["catalog"].stop()
    answer = own_shop.get(path)
    assert (answer.status, answer.json["code"]) == (503, "service_unavailable")
    assert answer.all("Age") == []


def test_an_answer_of_catalog_is_never_hidden_by_an_old_one(shop: Stage, path: str) -> None:
    """A product that is gone is gone at once, and so is an error an error."""
    catalog = shop.services["catalog"]
    for status in (404, 403, 410, 429, 500):
        publish(catalog, seconds_old=5)
        assert shop.get(path).status == 200
        catalog.reply = lambda _, s=status: Reply(s)  # type: ignore[misc]
        assert shop.get(path).status == status


def test_nobody_with_credentials_is_given_an_old_answer(own_shop: Stage, path: str) -> None:
    publish(own_shop.services["catalog"], seconds_old=5)
    own_shop.get(path)
    own_shop.services["catalog"].stop()
    assert own_shop.get(path, {"Authorization": "Bearer x"}).status == 503
