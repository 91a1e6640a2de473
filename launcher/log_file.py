"""Log files that their writers keep open, so they are cut in place."""

import os
import shutil
from pathlib import Path

LARGEST = 5_000_000
"""Bytes; one older file of the same size is kept beside it."""


def trim(path: Path, largest: int = LARGEST) -> None:
    """Writers append (O_APPEND), so they go on at the new end."""
    if path.exists() and path.stat().st_size > largest:
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
        os.truncate(path, 0)


def last_lines(path: Path, count: int) -> list[str]:
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16_384))
        text = file.read().decode(errors="replace")
    return [line for line in text.splitlines() if line.strip()][-count:]
