"""Named places where a test may make a process die, fail or stall. Off unless a setting says so."""

import asyncio
import os
import signal

from shopkit.errors import Unavailable
from shopkit.logs import get_logger

log = get_logger()
ACTIONS = ("kill", "error", "delay")
DELAY_SECONDS = 2.0


class Failpoints:
    """Parsed from `name:action[,name:action]`; each acts once, and then says nothing more.

    A place that always failed would only show that nothing gets past it; one that fails once
    shows what the next try makes of it.
    """

    def __init__(self, setting: str = "") -> None:
        pairs = [item.split(":") for item in setting.split(",") if item]
        if any(len(pair) != 2 or pair[1] not in ACTIONS for pair in pairs):
            raise ValueError(f"failpoints are name:action with action one of {ACTIONS}")
        self._named = bool(pairs)
        self._actions = dict(pairs)

    def __bool__(self) -> bool:
        return self._named

    async def hit(self, name: str) -> None:
        action = self._actions.pop(name, None)
        if action is None:
            return
        log.warning("failpoint", name=name, action=action)
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if action == "error":
            raise Unavailable(f"failpoint {name}")
        await asyncio.sleep(DELAY_SECONDS)
