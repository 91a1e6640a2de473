"""Keeps the children running, and stops them in order."""

import time
from collections.abc import Callable, Sequence

from launcher.child import Child
from launcher.errors import LaunchError
from launcher.interruption import raise_if_asked
from launcher.log_file import last_lines, trim

TICK = 0.1
READY_TIMEOUT = 30.0
STOP_TIMEOUT = 15.0
GATEWAY_STOP_TIMEOUT = 4.0
FAILURES_AT_START = 3
FAILURES_TO_REPORT = 3
TRIM_EVERY = 5.0


class Supervisor:
    def __init__(self, services: Sequence[Child], gateway: Child, say: Callable[[str], None]):
        self.services = services
        self.gateway = gateway
        self._children = [*services, gateway]
        self._say = say
        self._next_trim = 0.0

    def start(self) -> None:
        """Returns when all children are ready; raises LaunchError when one cannot be."""
        for child in self._children:
            child.start()
        deadline = time.monotonic() + READY_TIMEOUT
        while not all(child.ready for child in self._children):
            self._tick(announce=False)
            self._give_up(deadline)
            time.sleep(0.03)

    def run_while(self, busy: Callable[[], bool]) -> None:
        while busy():
            self._tick()
            time.sleep(TICK)

    def stop(self) -> None:
        """The gateway first, so that requests it has taken are answered."""
        self.gateway.ask_to_stop()
        self.gateway.wait(time.monotonic() + GATEWAY_STOP_TIMEOUT)
        for child in self.services:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_TIMEOUT
        for child in self.services:
            child.wait(deadline)

    def _give_up(self, deadline: float) -> None:
        for child in self._children:
            late = not child.ready and time.monotonic() > deadline
            if late or child.refused or child.failures >= FAILURES_AT_START:
                last = "".join(last_lines(child.log, 1)) or "it said nothing"
                raise LaunchError(f"{child.name} does not start: {last} (see {child.log})")

    def _tick(self, *, announce: bool = True) -> None:
        raise_if_asked()
        for child in self._children:
            ended = child.take_end()
            if ended and announce:
                self._report(child, ended)
            if not child.running and time.monotonic() >= child.start_again:
                child.start()
            if child.look() and announce:
                self._say(f"{child.name} is back after {time.monotonic() - child.started:.1f} s")
        if time.monotonic() >= self._next_trim:
            self._next_trim = time.monotonic() + TRIM_EVERY
            for child in self._children:
                trim(child.log)

    def _report(self, child: Child, ended: str) -> None:
        self._say(f"{child.name} ended ({ended}); starting it again")
        if child.failures and child.failures % FAILURES_TO_REPORT == 0:
            wait = max(0.0, child.start_again - time.monotonic())
            self._say(f"{child.name} keeps ending; next try in {wait:.0f} s; {child.log} says:")
            for line in last_lines(child.log, 5):
                self._say(f"    {line}")
