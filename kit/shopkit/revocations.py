"""Tokens that are void before they expire: auth's events, followed.

See docs/decisions/0009-revocations-are-followed.md.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from shopkit.auth import Principal
from shopkit.auth_events import read_events
from shopkit.errors import Problem, Unavailable
from shopkit.http_client import ServiceClient
from shopkit.logs import get_logger

log = get_logger()
POLL_SECONDS = 2.0
DEADLINE_SECONDS = 1.5


class RevocationFeed:
    """The Revocations of which auth tells; `run` keeps it seconds behind, `catch_up` not at all.

    An event is remembered until it can concern no live token. While auth does not answer, what is
    known holds on: nobody can log out or be disabled then. One that starts meanwhile knows nothing
    of the past, and may accept a void token until that expires.
    """

    def __init__(self, auth: ServiceClient) -> None:
        self.auth = auth
        self._sessions: set[str] = set()
        self._versions: dict[str, int] = {}
        """The lowest that is good, by user."""
        self._ends: deque[tuple[float, str, int | None]] = deque()
        """When to forget which session, or which version of a user."""
        self._after: int | None = None
        self._asking = asyncio.Lock()
        self._asked = self._answered = 0
        self._failure: Unavailable | None = None

    def include(self, principal: Principal) -> bool:
        return (
            principal.session_id in self._sessions
            or self._versions.get(principal.made_by or principal.id, 0) > principal.token_version
        )

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            with suppress(Problem):
                await self.catch_up()
            await asyncio.sleep(random.uniform(0.5, 1) * POLL_SECONDS)  # noqa: S311 - jitter

    async def catch_up(self) -> None:
        """Learn all that auth knows by now. Raises Unavailable.

        Who comes while a question is on its way shares the next one, whose answer is young enough
        for all of them.
        """
        came = self._asked
        async with self._asking:
            if self._answered <= came:
                self._asked += 1
                await self._ask()
                self._answered = self._asked
        if self._failure is not None:
            raise Unavailable(self._failure.detail)

    async def _ask(self) -> None:
        was, self._failure = self._failure, None
        try:
            while await self._read_page():
                pass
        except Unavailable as exc:
            self._failure = exc
            if was is None:
                log.warning("auth_events_unavailable", reason=exc.detail)
        else:
            if was is not None:
                log.info("auth_events_followed_again")
        self._forget(time.time())

    async def _read_page(self) -> bool:
        """Whether there is more."""
        page = await read_events(self.auth, self._after, deadline=DEADLINE_SECONDS)
        self._learn(page["items"])
        forgotten = self._after is not None and page["next_after"] < self._after
        self._after = None if forgotten else page["next_after"]
        return bool(page["has_more"]) or forgotten

    def _learn(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            if event["kind"] == "session_ended":
                self._sessions.add(event["session_id"])
                self._keep(event, event["session_id"], None)
            elif event["kind"] == "tokens_voided":
                user, version = event["user_id"], event["payload"]["version"]
                self._versions[user] = max(version, self._versions.get(user, 0))
                self._keep(event, user, version)

    def _keep(self, event: Mapping[str, Any], key: str, version: int | None) -> None:
        ends_at = datetime.fromisoformat(event["expires_at"]).timestamp()
        self._ends.append((ends_at, key, version))

    def _forget(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            _, key, version = self._ends.popleft()
            if version is None:
                self._sessions.discard(key)
            elif self._versions.get(key) == version:
                del self._versions[key]
