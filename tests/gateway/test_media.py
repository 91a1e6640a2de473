"""Images: sent up to catalog, shown from the disk or from where catalog has them."""

import socket
import time

import pytest

from tests.gateway.stage import Reply, Stage, wait_for
from tests.gateway.test_errors import assert_problem
from tests.gateway.test_limits import many

NAME = "3fa0" + "0" * 28
FOR_EVER = "public, max-age=31536000, immutable"
LARGEST = 10 * 1024 * 1024


def on_disk(shop: Stage, file: str, content: bytes = b"picture") -> str:
    folder = shop.folder / "media" / "images" / file[:2]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(content)
    return f"/media/{file}"


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        (".jpg", "image/jpeg"),
        (".png", "image/png"),
        (".webp", "image/webp"),
        ("-small.webp", "image/webp"),
    ],
)
def test_an_image_on_the_disk_is_served_for_ever(shop: Stage, suffix: str, kind: str) -> None:
    answer = shop.get(on_disk(shop, NAME + suffix))
    assert (answer.status, answer.body) == (200, b"picture")
    assert answer.one("Content-Type") == kind
    assert answer.one("Cache-Control") == FOR_EVER
    assert answer.one("X-Content-Type-Options") == "nosniff"
    assert answer.one("Content-Security-Policy").startswith("default-src 'none'")
    again = shop.get(f"/media/{NAME}{suffix}", {"If-None-Match": answer.one("ETag")})
    assert (again.status, again.one("Cache-Control")) == (304, FOR_EVER)
    assert shop.seen == [], "no service was asked"


def test_what_is_not_on_the_disk_is_fetched_from_catalog_once(shop: Stage) -> None:
    headers = {"content-type": "image/png", "cache-control": FOR_EVER}
    shop.services["catalog"].reply = lambda sent: Reply(200, b"from afar", headers)
    path = f"/media/{'ab' * 16}.png"
    answers = [shop.get(path, {"Authorization": "Bearer x"}) for _ in range(3)]
    assert {(a.status, a.body, a.one("Cache-Control")) for a in answers} == {
        (200, b"from afar", FOR_EVER)
    }
    assert [sent.path for sent in shop.seen] == [path]


def test_what_is_nowhere_is_not_remembered(shop: Stage) -> None:
    shop.services["catalog"].reply = lambda sent: Reply(404)
    path = f"/media/{'cd' * 16}.png"
    assert [shop.get(path).status for _ in range(2)] == [404, 404]
    assert len(shop.seen) == 2
    assert shop.get(on_disk(shop, f"{'cd' * 16}.png")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/a.jpg",
        f"/media/{NAME}.svg",
        f"/media/{NAME}.jpg/x",
        f"/media/../media/{NAME[:-1]}.jpg",
        "/media/x/..%2f..%2fsecret",
        f"/media/3f/{NAME}.jpg",
        f"/images/3f/{NAME}.jpg",
        "/media/.incoming/0123456789abcdef",
    ],
)
def test_there_is_nothing_else(shop: Stage, path: str) -> None:
    on_disk(shop, f"{NAME}.jpg")
    answer = shop.get(path)
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert shop.seen == []


def test_images_are_only_read(shop: Stage) -> None:
    answer = shop.call("DELETE", on_disk(shop, f"{NAME}.jpg"))
    assert answer.status == 405


def test_c2_an_image_may_be_larger_than_other_bodies(shop: Stage) -> None:
    answer = shop.call("POST", "/api/media", {"Content-Type": "image/png"}, b"x" * LARGEST)
    assert answer.status == 200
    (sent,) = shop.services["catalog"].seen
    assert len(sent.body) == LARGEST
    shop.services["catalog"].reset()
    refused = shop.call("POST", "/api/media", {"Content-Length": str(LARGEST + 1)}, b"x")
    assert_problem(refused, 413, "payload_too_large", "/api/media")
    assert str(LARGEST) in refused.json["detail"]
    for path in ("/api/media/", "/api/media/x", "/api/products", "/api/mediax"):
        larger = shop.call("POST", path, {"Content-Length": "65537"}, b"x" * 100)
        assert larger.status in (404, 413), path
    assert shop.seen == []


def test_an_upload_is_passed_on_while_it_arrives(own_shop: Stage) -> None:
    """So catalog may refuse it before it has come, and nothing of it lies on the gateway's disk."""
    head = b"POST /api/media HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", own_shop.port)) as connection:
        connection.sendall(head + b"x" * 1_000_000)
        time.sleep(0.2)
        assert not any(
            file.stat().st_size
            for file in own_shop.folder.glob("client_body/**/*")
            if file.is_file()
        )


def test_one_address_has_few_uploads_under_way(limited_shop: Stage) -> None:
    head = b"POST /api/media HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx"
    waiting = [socket.create_connection(("127.0.0.1", limited_shop.port)) for _ in range(4)]
    try:
        for connection in waiting:
            connection.sendall(head)
        wait_for(lambda: limited_shop.call("POST", "/api/media", body=b"x").status == 429)
        # Once the burst of the tests before is over.
        wait_for(lambda: limited_shop.get("/api/products").status == 200)
    finally:
        for connection in waiting:
            connection.close()


def test_a_page_may_ask_for_many_images(limited_shop: Stage) -> None:
    path = on_disk(limited_shop, f"{NAME}.jpg")
    answers = many(limited_shop, 120, "GET", path)
    assert {answer.status for answer in answers} == {200}
    assert {answer.one("RateLimit-Policy") for answer in answers} == {'"media";q=400;w=2'}
    assert limited_shop.get("/api/products").status == 200, "nor do they use up others' share"


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/feeds/google.xml", "feeds/google.xml"),
        ("/sitemap.xml", "sitemaps/index.xml"),
        ("/sitemaps/12.xml", "sitemaps/12.xml"),
    ],
)
def test_feeds_are_served_from_the_disk_or_by_catalog(
    own_shop: Stage, path: str, file: str
) -> None:
    assert own_shop.get(path).status == 200
    assert [sent.path for sent in own_shop.seen] == [path]
    place = own_shop.folder / "media" / file
    place.parent.mkdir(parents=True)
    place.write_bytes(b"<x/>")
    answer = own_shop.get(path)
    assert (answer.body, answer.one("Content-Type")) == (b"<x/>", "application/xml")
    assert answer.one("Cache-Control") == "public, max-age=600"
    assert answer.one("X-Content-Type-Options") == "nosniff"
    assert len(own_shop.seen) == 1
    for other in ("/feeds/x.xml", "/sitemaps/index.xml", "/sitemaps/0.xml", "/sitemaps/1.xml/"):
        assert own_shop.get(other).status == 404
    assert own_shop.call("POST", path, body=b"{}").status == 405
