"""Uploading images, and showing them with products."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from catalog.image_names import SIDES, storage_key

from .conftest import Shop
from .pictures import opened, photo_with_a_place, picture

pytestmark = pytest.mark.anyio


async def upload(
    shop: Shop, content: bytes, kind: str = "image/jpeg", **headers: str
) -> httpx2.Response:
    return await shop.staff(
        "POST", "/api/media", content=content, headers={"Content-Type": kind, **headers}
    )


async def uploaded(shop: Shop, content: bytes | None = None) -> dict[str, Any]:
    answer = await upload(shop, picture() if content is None else content)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def file_of(shop: Shop, url: str) -> Path:
    return shop.media_dir / storage_key(url.removeprefix("/media/"))


@pytest.mark.parametrize(
    ("kind", "stored"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("AVIF", "webp")]
)
async def test_an_image_is_drawn_anew_and_served(shop: Shop, kind: str, stored: str) -> None:
    sent = picture(kind, (1500, 900), comment=b"by somebody", compress_level=1)
    answer = await upload(shop, sent, f"image/{kind.lower()}")
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["width"], shown["height"]) == (1500, 900)
    assert answer.headers["location"] == shown["url"] and shown["url"].endswith(f".{stored}")
    got = await shop.guest.get(shown["url"])
    expected = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}[stored]
    assert (got.status_code, got.headers["content-type"]) == (200, expected)
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in got.headers["cache-control"]
    assert got.content != sent and opened(got.content).size == (1500, 900)
    for size, side in SIDES.items():
        got = await shop.guest.get(shown["thumbnails"][size])
        assert (got.status_code, got.headers["content-type"]) == (200, "image/webp")
        assert opened(got.content).size == (side, side * 900 // 1500)


async def test_small_images_are_not_made_larger(shop: Shop) -> None:
    shown = await uploaded(shop, picture(size=(30, 20)))
    for url in shown["thumbnails"].values():
        assert opened(file_of(shop, url).read_bytes()).size == (30, 20)


async def test_c14_what_was_in_the_file_beside_its_picture_is_gone(shop: Shop) -> None:
    """It stands upright as well: red was on the left, and the camera lay on its side."""
    sent = photo_with_a_place()
    assert sent.count(b"SECRET") >= 3
    shown = await uploaded(shop, sent)
    for url in (shown["url"], *shown["thumbnails"].values()):
        content = file_of(shop, url).read_bytes()
        assert b"SECRET" not in content and b"Exif" not in content and b"EXIF" not in content
        image = opened(content).convert("RGB")
        assert image.width < image.height
        red, _, blue = image.getpixel((image.width // 2, 4))  # type: ignore[misc]
        assert red > 200 > 50 > blue


async def test_transparency_stays(shop: Shop) -> None:
    answer = await upload(shop, picture("PNG", mode="RGBA"), "image/png")
    image = opened(file_of(shop, answer.json()["url"]).read_bytes())
    assert image.mode == "RGBA"


async def test_a_product_shows_thumbnails_of_what_was_uploaded(shop: Shop) -> None:
    one, other = await uploaded(shop), await uploaded(shop)
    elsewhere = "https://images.example.com/a.jpg"
    images = [
        {"url": other["url"], "alt": "From behind"},
        {"url": elsewhere, "alt": ""},
        {"url": one["url"], "alt": "From the front"},
    ]
    product = await shop.product(images=images)
    shown = (await shop.guest.get(f"/api/products/{product['id']}")).json()["images"]
    assert shown == product["images"]
    assert [{"url": image["url"], "alt": image["alt"]} for image in shown] == images
    assert [image.get("thumbnails") for image in shown] == [
        other["thumbnails"],
        None,
        one["thumbnails"],
    ]
    path = f"/api/products/{product['id']}"
    renamed = (await shop.staff("PATCH", path, json={"name": "Other"})).json()
    assert renamed["images"] == shown and renamed["version"] == 2
    again = await shop.staff("PATCH", path, json={"images": images})
    assert again.json()["version"] == 2, "nothing has changed"


async def test_an_image_that_is_not_there_is_refused(shop: Shop) -> None:
    known = await uploaded(shop)
    body = {"images": [{"url": known["url"]}, {"url": f"/media/{'0' * 32}.jpg"}]}
    product = await shop.product()
    answer = await shop.staff("PATCH", f"/api/products/{product['id']}", json=body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/images/1/url", "not_found")
    assert await shop.query("SELECT * FROM product_media") == []


async def test_an_image_by_another_suffix_is_not_there(shop: Shop) -> None:
    """Its picture would be broken, of a product that shows it already too."""
    url = (await uploaded(shop))["url"]
    other = [{"url": url.replace(".jpg", ".png"), "alt": ""}]
    showing = await shop.product(images=[{"url": url}])
    for product in (showing, await shop.product()):
        path = f"/api/products/{product['id']}"
        answer = await shop.staff("PATCH", path, json={"images": other})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/images/0/url")
        both = await shop.staff("PATCH", path, json={"images": [{"url": url}, *other]})
        assert (both.status_code, both.json()["errors"][0]["pointer"]) == (422, "/images/1/url")


async def test_the_same_key_gives_the_same_image(shop: Shop) -> None:
    first = await upload(shop, picture(), **{"Idempotency-Key": "once"})
    again = await upload(shop, picture(), **{"Idempotency-Key": "once"})
    assert again.json() == first.json() and again.headers["idempotent-replayed"] == "true"
    other = await upload(shop, picture(size=(9, 9)), **{"Idempotency-Key": "once"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await shop.query("SELECT count(*) FROM media") == [(1,)]


async def test_names_cannot_be_guessed(shop: Shop) -> None:
    one, other = await uploaded(shop), await uploaded(shop)
    name, next_name = (image["url"].removeprefix("/media/")[:32] for image in (one, other))
    differing = int(name, 16) ^ int(next_name, 16)
    assert differing.bit_count() > 30
    assert (await shop.guest.get(f"/media/{'0' * 32}.jpg")).status_code == 404
    assert (await shop.guest.get("/media/..%2f..%2fcatalog.db")).status_code == 404
