"""Ids: UUIDv7 (RFC 9562, method 1: a counter beside the milliseconds keeps them in order)."""

import os
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime

IdFactory = Callable[[], str]

UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_UUID = re.compile(UUID_PATTERN[:-1] + r"\Z")
LOWEST_ID = "00000000-0000-7000-8000-000000000000"
"""Comes before every id."""
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A new id. Ids of one process sort in the order in which they were made."""
    global _last
    with _lock:
        stamp = (time.time_ns() // 1_000_000) << 12
        _last = stamp if stamp > _last else _last + 1
        count = _last
    return _id(count >> 12, count & 0xFFF, int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1))


def first_id(at: datetime) -> str:
    """The lowest id of a moment: ids made since then come after it, whatever made them."""
    return _id(int(at.timestamp() * 1000), 0, 0)


def _id(milliseconds: int, count: int, tail: int) -> str:
    value = milliseconds << 80 | 0x7 << 76 | count << 64 | 0b10 << 62 | tail
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    return _UUID.match(text) is not None
