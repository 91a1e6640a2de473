"""What a script makes go wrong: messages between services, and drivers that stop or die."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from shopkit.testing import InProcess
from shopkit.transport import TransportError

TRIES = 3
"""Of the client for one call: as many losses leave its outcome unknown."""
PATIENCE_SECONDS = 30.0
Message = tuple[str, str, dict[str, str], bytes]


async def nothing(method: str, path: str) -> None:
    """What happens before a message unless a script says otherwise."""


@dataclass
class Network:
    """Between orders and one callee. Messages are named by the end of their path, or method."""

    callee: InProcess
    lost: Counter[str] = field(default_factory=Counter)
    """How many answers will be dropped."""
    delayed: Counter[str] = field(default_factory=Counter)
    """How many messages will be held back, unanswered."""
    late: list[Message] = field(default_factory=list)
    before: Callable[[str, str], Awaitable[None]] = nothing

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        await self.before(method, path)
        if self._takes_one(self.delayed, method, path):
            self.late.append((method, path, headers, body))
            raise TransportError("the message is on its way")
        answer = await self.callee.send(method, path, headers, body)
        if self._takes_one(self.lost, method, path):
            raise TransportError("the answer got lost")
        return answer

    def _takes_one(self, planned: Counter[str], method: str, path: str) -> bool:
        for name in (method, path.rpartition("/")[2]):
            if planned[name]:
                planned[name] -= 1
                return True
        return False

    async def deliver_late(self) -> list[int]:
        """What was held back arrives; the statuses of the answers, which nobody waits for."""
        assert self.late, "nothing was held back"
        return [(await self.callee.send(*message))[0] for message in self.late]

    async def close(self) -> None:
        await self.callee.close()


@dataclass
class Pause:
    """Whoever gets there first stays until `open`; others pass."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.reached.wait()

    def open(self) -> None:
        self.opened.set()


class Places:
    """Stands in for the failpoints of orders, by whose names it pauses and kills drivers."""

    def __init__(self) -> None:
        self._pauses: dict[str, list[Pause]] = defaultdict(list)
        self._all: list[Pause] = []
        self._kills: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return True

    @property
    def waiting(self) -> int:
        """How many drivers a script has stopped."""
        return sum(one.reached.is_set() and not one.opened.is_set() for one in self._all)

    def pause(self, name: str) -> Pause:
        pause = Pause()
        self._pauses[name].append(pause)
        self._all.append(pause)
        return pause

    def kill(self, name: str) -> None:
        """The next driver there dies: it writes nothing more, not even that it gives up."""
        self._kills[name] += 1

    def open(self) -> None:
        """Nobody waits any more."""
        for pause in self._all:
            pause.open()

    async def hit(self, name: str) -> None:
        if self._kills[name]:
            self._kills[name] -= 1
            raise asyncio.CancelledError
        if self._pauses[name]:
            pause = self._pauses[name].pop(0)
            pause.reached.set()
            await pause.opened.wait()
