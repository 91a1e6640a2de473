"""Has an image drawn anew by `catalog.imaging`, a process of its own."""

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import Any

from catalog.errors import UnusableImage
from shopkit.logs import get_logger

log = get_logger()
SECONDS = 40
_COMMAND = (sys.executable, "-I", "-B", "-m", "catalog.imaging")
_OUR_BUG = 1
"""What Python ends with after an exception; a decoder that breaks ends by a signal."""


@dataclass(frozen=True)
class Drawn:
    suffix: str
    width: int
    height: int
    files: tuple[bytes, ...]
    """The image, then its thumbnails."""


async def draw(sent: bytes) -> Drawn:
    """Raises UnusableImage."""
    # Without an environment: nothing that is secret is where the image is decoded.
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, stdin=-1, stdout=-1, stderr=-1, env={}
    )
    try:
        async with asyncio.timeout(SECONDS):
            answer, errors = await process.communicate(sent)
    except TimeoutError:
        raise UnusableImage("The image takes longer to read than an image may.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == _OUR_BUG:
        log.error("image_not_drawn", errors=errors[-2000:].decode(errors="replace"))
        raise RuntimeError("catalog.imaging failed")
    if process.returncode:
        raise UnusableImage("The image cannot be read with the memory and time for one.")
    return _drawn(answer)


def _drawn(answer: bytes) -> Drawn:
    line, _, rest = answer.partition(b"\n")
    told: dict[str, Any] = json.loads(line)
    if "refused" in told:
        raise UnusableImage(told["refused"])
    files, at = [], 0
    for size in told["sizes"]:
        files.append(rest[at : at + size])
        at += size
    return Drawn(told["suffix"], told["width"], told["height"], tuple(files))
