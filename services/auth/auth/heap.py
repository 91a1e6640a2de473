"""Where the 19 MiB of each hash come from, and that they go back (mallopt(3), malloc_trim(3)).

By itself glibc keeps them for good, 19 MiB for each thread that ever hashed: in heaps of the
threads, which nothing makes smaller again. Mapped anew for each hash they would go back at once,
and each would take half as long again. Other C libraries know nothing of this and are left alone.
"""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_MEBIBYTE = 2**20
_libc = ctypes.CDLL(None)


def share_one_heap() -> None:
    """Of all threads, before there is a second one; what is freed is at hand for the next hash."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_ARENA_MAX, 1)
        _libc.mallopt(_MMAP_THRESHOLD, 32 * _MEBIBYTE)
        _libc.mallopt(_TRIM_THRESHOLD, 128 * _MEBIBYTE)


def give_back() -> None:
    """To the system, whatever is free."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
