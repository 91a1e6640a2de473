"""`python -I -m catalog.imaging <sent >drawn`: draws an image that somebody sent anew.

What is not ours is decoded here and nowhere else: in a process of its own, with bounded memory and
time, without the service's secrets, and gone afterwards. Nothing of what was sent but its pixels
gets into what is drawn. Answers a line of JSON, then the files that it tells the sizes of.
"""

import io
import json
import os
import resource
import sys
from typing import Any

from PIL import Image, ImageCms, UnidentifiedImageError

from catalog.image_names import SIDES

MAX_PIXELS = 25_000_000
MAX_WEBP_SIDE = 16_383
MAX_DRAWN = 32 * 1024 * 1024
MEMORY = 1536 * 1024 * 1024
CPU_SECONDS = 20
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
# Feeds and older browsers take no AVIF. Of a JPEG with several pictures, as phones make, (MPO)
# the first counts.
_WRITTEN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "JPEG": ("jpg", "JPEG", {"quality": 90, "progressive": True, "optimize": True}),
    "MPO": ("jpg", "JPEG", {"quality": 90, "progressive": True, "optimize": True}),
    "PNG": ("png", "PNG", {"compress_level": 6}),
    "WEBP": ("webp", "WEBP", {"quality": 90, "method": 2}),
    "AVIF": ("webp", "WEBP", {"quality": 90, "method": 2}),
}
_ORIENTATION = 0x0112  # of EXIF
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Refused(Exception):
    """Says to whom sent the image why it is not taken."""


def draw(sent: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """What was drawn, and the files: the image, then its thumbnails. Raises Refused."""
    try:
        return _drawn(*_read(sent))
    except MemoryError:
        raise Refused("This image takes more memory than an image may.") from None


def _read(sent: bytes) -> tuple[Image.Image, str]:
    """The image as it is to be looked at, and what it came as."""
    Image.MAX_IMAGE_PIXELS = None  # _check is stricter, and says how many there may be
    try:
        with Image.open(io.BytesIO(sent), formats=FORMATS) as image:
            _check(image)
            image.load()
            return _upright(image), str(image.format)
    except (Refused, MemoryError):
        raise
    except UnidentifiedImageError:
        raise Refused("This is no JPEG, PNG, WebP or AVIF.") from None
    except Exception:  # each decoder has errors of its own
        raise Refused("The image is damaged or incomplete.") from None


def _drawn(plain: Image.Image, kind: str) -> tuple[dict[str, Any], list[bytes]]:
    suffix, file_format, options = _WRITTEN[kind]
    files = [_written(plain, file_format, **options)]
    if len(files[0]) > MAX_DRAWN:
        raise Refused(f"The image has {len(files[0])} bytes when it is stored: too many.")
    width, height = plain.size
    smaller: dict[str, bytes] = {}
    for size, side in sorted(SIDES.items(), key=lambda pair: -pair[1]):
        plain = plain.copy()
        plain.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        smaller[size] = _written(plain, "WEBP", quality=80)
    files += [smaller[size] for size in SIDES]
    return {"suffix": suffix, "width": width, "height": height}, files


def _check(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise Refused(
            f"The image has {image.width} x {image.height} pixels; "
            f"{MAX_PIXELS // 1_000_000} million are the most."
        )
    if image.format == "AVIF" and max(image.size) > MAX_WEBP_SIDE:
        raise Refused(f"An AVIF is stored as a WebP: {MAX_WEBP_SIDE} pixels a side are the most.")
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise Refused("The image moves: send one that has a single picture.")


def _upright(image: Image.Image) -> Image.Image:
    """As it is to be looked at, in sRGB."""
    plain = _in_srgb(image)
    plain.info = {}
    turn = _UPRIGHT.get(_orientation(image))
    return plain if turn is None else plain.transpose(turn)


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(_ORIENTATION)
    except Exception:  # the picture may be good whatever stands beside it
        return None


def _in_srgb(image: Image.Image) -> Image.Image:
    mode = "RGBA" if image.has_transparency_data else "RGB"
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        try:
            found = ImageCms.getOpenProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, found, ImageCms.createProfile("sRGB"), outputMode=mode
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None  # a profile that nobody can read
        if converted is not None:
            return converted
    if image.mode.startswith("I"):  # 16 bits; converting would cut them off
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    return image.convert(mode)


def _written(image: Image.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def _limit_self() -> None:
    os.nice(10)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),  # it writes into a pipe, and no file
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main() -> None:
    _limit_self()
    try:
        told, files = draw(sys.stdin.buffer.read())
    except Refused as exc:
        told, files = {"refused": str(exc)}, []
    told["sizes"] = [len(file) for file in files]
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + b"".join(files))


if __name__ == "__main__":
    main()
