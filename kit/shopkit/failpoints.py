"""Named places where a test may make a process die, fail or stall. Off unless a setting says so."""

import asyncio
import os
import signal

from shopkit.errors import Unavailable

ACTIONS = ("kill", "error", "delay")


class Failpoints:
    """Parsed from `name:action[,name:action]`; a name may be hit more than once."""

    def __init__(self, setting: str = "") -> None:
        pairs = [item.split(":") for item in setting.split(",") if item]
        if any(len(pair) != 2 or pair[1] not in ACTIONS for pair in pairs):
            raise ValueError(f"failpoints are name:action with action one of {ACTIONS}")
        self._actions = dict(pairs)

    def __bool__(self) -> bool:
        return bool(self._actions)

    async def hit(self, name: str) -> None:
        action = self._actions.get(name)
        if action is None:
            return
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if action == "error":
            raise Unavailable(f"failpoint {name}")
        await asyncio.sleep(2)
