"""Ids: UUIDv7 (RFC 9562, method 1: a counter beside the milliseconds keeps them in order)."""

import os
import re
import threading
import time
from collections.abc import Callable

IdFactory = Callable[[], str]

UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_UUID = re.compile(UUID_PATTERN[:-1] + r"\Z")
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A new id. Ids of one process sort in the order in which they were made."""
    global _last
    with _lock:
        stamp = (time.time_ns() // 1_000_000) << 12
        _last = stamp if stamp > _last else _last + 1
        count = _last
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = (count >> 12) << 80 | 0x7 << 76 | (count & 0xFFF) << 64 | 0b10 << 62 | tail
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    return _UUID.match(text) is not None
