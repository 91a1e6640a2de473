"""Uploads that are not taken, and what they leave: nothing."""

import asyncio
import struct
import zlib

import pytest
from PIL import Image

from catalog import uploads
from catalog.uploads import MAX_BYTES, MAX_UNDER_WAY

from .conftest import Shop
from .pictures import moving, picture, saved
from .test_media import upload

pytestmark = pytest.mark.anyio
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is so large, in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(b"\x00" * 100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + rows + chunk(b"IEND", b"")


def webp_of(side: int) -> bytes:
    """A WebP of one color of `side` x `side` pixels, in a few bytes: its header is written anew."""
    small = bytearray(saved(Image.new("RGB", (8, 8), "red"), "WEBP", lossless=True))
    at = small.index(b"VP8L") + 9  # behind the length and the signature: 14 bits for each side
    (bits,) = struct.unpack_from("<I", small, at)
    struct.pack_into("<I", small, at, bits >> 28 << 28 | (side - 1) << 14 | (side - 1))
    return bytes(small)


def avif_of_noise() -> bytes:
    """An AVIF whose header is whole while its picture is not."""
    whole = bytearray(picture("AVIF", (400, 300)))
    at = whole.index(b"mdat") + 4
    whole[at:] = bytes(byte ^ 0x5A for byte in whole[at:])
    return bytes(whole)


UNUSABLE = {
    "50,000 x 50,000": png_of(50_000, 50_000),
    "wide": png_of(2_000_000_000, 1),
    "cut off": picture("JPEG", (400, 300))[:-500],
    "cut off PNG": picture("PNG", (400, 300))[:-200],
    "cut off WebP": picture("WEBP", (400, 300))[:-20],
    "cut off AVIF": picture("AVIF", (400, 300))[:-20],
    "damaged AVIF": avif_of_noise(),
    "wider than what it is stored as": picture("AVIF", (17_000, 20)),
    "a larger canvas than memory": webp_of(16383),
    "magic only": b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
    "HTML": b"<html><script>alert(1)</script></html>",
    "HTML that begins like a GIF": b"GIF89a/*" + b"<script>alert(1)</script>",
    "SVG": SVG,
    "moving WebP": moving("WEBP"),
    "moving PNG": moving("PNG"),
    "GIF": picture("GIF", mode="P"),
    "TIFF": picture("TIFF"),
    "nothing": b"",
}


@pytest.mark.parametrize("name", UNUSABLE)
async def test_c14_what_is_no_good_image_is_refused(shop: Shop, name: str) -> None:
    answer = await upload(shop, UNUSABLE[name], "image/png")
    assert (answer.status_code, answer.json()["code"]) == (422, "unusable_image"), answer.text
    assert not shop.media_dir.exists() and await shop.query("SELECT * FROM media_leftovers") == []


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("image/svg+xml", {}),
        ("image/gif", {}),
        ("text/html", {}),
        ("multipart/form-data; boundary=x", {}),
        ("", {}),
        ("image/png", {"Content-Encoding": "gzip"}),
    ],
)
async def test_c13_c16_other_types_are_refused_unread(
    shop: Shop, kind: str, more: dict[str, str]
) -> None:
    answer = await upload(shop, picture("PNG"), kind, **more)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "image/avif" in answer.headers["accept-post"]


async def test_c14_too_many_bytes_are_refused_before_they_are_read(shop: Shop) -> None:
    taken = 0

    async def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield b"\xff" * 65536

    answer = await upload(shop, endless())  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert taken <= MAX_BYTES // 65536 + 2
    declared = await upload(shop, b"x", **{"Content-Length": str(MAX_BYTES + 1)})
    assert declared.status_code == 413


async def test_who_may_not_upload_is_told_before_anything_is_read(shop: Shop) -> None:
    async def unread() -> object:
        raise AssertionError("it was read")
        yield b""

    content = unread()
    headers = {"Content-Type": "image/png"}
    for token, status in (("", 401), (shop.tokens.user(scopes=["products:read"]), 403)):
        told = headers | ({"Authorization": token} if token else {})
        answer = await shop.guest.post("/api/media", content=content, headers=told)  # type: ignore[arg-type]
        assert answer.status_code == status


async def test_few_wait_and_the_others_come_again(shop: Shop) -> None:
    """While images are drawn, the service answers."""
    content = picture("JPEG", (800, 600))
    sending = [asyncio.ensure_future(upload(shop, content)) for _ in range(MAX_UNDER_WAY + 3)]
    while not any(one.done() for one in sending):
        assert (await shop.guest.get("/api/products")).status_code == 200
        await asyncio.sleep(0.001)
    answers = await asyncio.gather(*sending)
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * MAX_UNDER_WAY + [503] * 3
    assert {a.headers["retry-after"] for a in answers if a.status_code == 503} == {"5"}
    assert (await upload(shop, content)).status_code == 201


async def test_who_sends_slowly_does_not_keep_a_place(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "READ_SECONDS", 0.01)

    async def slow() -> object:
        yield b"\xff"
        await asyncio.sleep(5)
        yield b"\xff"

    for _ in range(MAX_UNDER_WAY + 1):
        answer = await upload(shop, slow())  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (408, "request_timeout")
