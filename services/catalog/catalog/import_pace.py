"""How much of an import is done at once, and when it gives way."""

import asyncio
import time

PAUSE_SECONDS = 0.003
LONGEST_PAUSE = 0.1
IDLE_PAUSES = 5
GLANCES = 4
AT_WORK_SECONDS = 0.0002
WATCH_SECONDS = 0.5
STEP_SECONDS = 0.02
ALONE_SECONDS = 0.1
_ROWS = range(40, 401)


class Pace:
    """How many rows to do at once, so that a transaction takes about STEP_SECONDS of the processor:
    checkouts wait for it, on SQLite all of them. It may be twice that when nobody has come for a
    second, three times after two, and so on up to ALONE_SECONDS."""

    def __init__(self) -> None:
        self._row_seconds = STEP_SECONDS / _ROWS[0]
        self._seen_at = time.monotonic()
        self._one = False
        self._watched, self._watched_at = False, 0.0

    @property
    def rows(self) -> int:
        if self._one:
            return 1
        seconds = STEP_SECONDS * (1 + int(time.monotonic() - self._seen_at))
        fitting = int(min(seconds, ALONE_SECONDS) / self._row_seconds)
        return min(max(fitting, _ROWS[0]), _ROWS[-1])

    def took(self, rows: int, seconds: float) -> None:
        self._one = False
        if rows:
            self._row_seconds = (self._row_seconds + max(seconds, 1e-6) / rows) / 2

    def one_by_one(self) -> None:
        """Do a single row next."""
        self._one = True

    def watched(self) -> None:
        """Somebody looks how far the import is, which is no reason to hold it up; but not all the
        time, or whoever shops would never be seen behind them."""
        if (now := time.monotonic()) >= self._watched_at + WATCH_SECONDS:
            self._watched, self._watched_at = True, now

    async def others_turn(self) -> None:
        """Where people shop, an import takes what they leave over: when somebody was there the loop
        must have had next to nothing to do for a while. Whoever shops is there again at the next
        look, when one who watched is not."""
        somebody = await _somebody_in(0, times=GLANCES)
        watched, self._watched = self._watched, False
        if watched or not somebody:
            return
        until, idle = time.monotonic() + LONGEST_PAUSE, 0
        while idle < IDLE_PAUSES and time.monotonic() < until:
            idle = 0 if await _somebody_in(PAUSE_SECONDS) else idle + 1
        self._seen_at = time.monotonic()


async def _somebody_in(seconds: float, times: int = 1) -> bool:
    """Whether the loop has had more to do than nothing."""
    before = time.thread_time()
    for _ in range(times):
        await asyncio.sleep(seconds)
    return time.thread_time() - before > AT_WORK_SECONDS
