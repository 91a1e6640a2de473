"""What a person sees while the shop starts and runs."""

import sys
import time


class Progress:
    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def step(self, text: str) -> None:
        print(f"[{self.seconds:5.1f} s] {text}", file=sys.stderr, flush=True)

    def event(self, text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
