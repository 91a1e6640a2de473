"""What hashes leave behind; in a process of its own, for which it is settled once and for good."""

import json
import platform
import subprocess
import sys

import pytest

HASHES = """
import asyncio, json
from pathlib import Path
from auth.heap import give_back
from auth.passwords import PasswordHasher

def resident():
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096 // 2**20

async def main():
    hasher = PasswordHasher(threads=2)
    before = resident()
    await asyncio.gather(*(hasher.hash("a-good-password") for _ in range(6)))
    hashed = resident()
    give_back()
    print(json.dumps([before, hashed, resident()]))

asyncio.run(main())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about the C library glibc")
def test_the_memory_of_hashes_is_kept_for_the_next_and_goes_back() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", HASHES], capture_output=True, text=True, check=True
    )
    before, hashed, at_rest = json.loads(answer.stdout)
    assert hashed >= before + 15
    assert at_rest <= before + 5
