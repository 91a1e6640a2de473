"""Images as people send them, and as those send them who mean harm."""

import io
from typing import Any

from PIL import Image

SIZE = (64, 48)


def picture(
    kind: str = "JPEG", size: tuple[int, int] = SIZE, mode: str = "RGB", **options: Any
) -> bytes:
    """Red on the left, blue on the right."""
    image = Image.new(mode, size, "blue")
    image.paste(Image.new(mode, (size[0] // 2, size[1]), "red"), (0, 0))
    return saved(image, kind, **options)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def moving(kind: str) -> bytes:
    frames = [Image.new("RGB", SIZE, colour) for colour in ("red", "blue")]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:])


def photo_with_a_place(orientation: int = 6) -> bytes:
    """Lying on its side, with where it was taken, a comment, and a script behind its end."""
    image = Image.new("RGB", SIZE, "blue")
    image.paste(Image.new("RGB", (SIZE[0] // 2, SIZE[1]), "red"), (0, 0))
    exif = image.getexif()
    exif[0x0112] = orientation
    exif[0x010F] = "SECRET-CAMERA"
    exif.get_ifd(0x8825)[1] = "SECRET-PLACE"
    content = saved(image, "JPEG", exif=exif, comment=b"SECRET-COMMENT")
    return content + b"<script>SECRET-SCRIPT</script>"
