"""What the routes work with."""

import asyncio
from dataclasses import dataclass

from fastapi import Response

from paysandbox.books import Terms
from paysandbox.domain import Trouble
from paysandbox.payments import Done, refusal
from shopkit.clock import Clock
from shopkit.errors import InternalError
from shopkit.outbox import Relay
from shopkit.pagination import Cursors
from shopkit.sqlite import SqliteDatabase


@dataclass(frozen=True)
class Context:
    database: SqliteDatabase
    clock: Clock
    cursors: Cursors
    relay: Relay | None
    """None: no webhooks are sent."""
    public_url: str
    slow_seconds: float

    def terms(self) -> Terms:
        return Terms(self.public_url, self.relay is not None, self.clock.now())

    def tell(self) -> None:
        """What was written down may go out."""
        if self.relay:
            self.relay.wake()

    async def answered(self, done: Done) -> Response:
        """The answer, or what the token makes of it. Raises what was refused."""
        self.tell()
        answer, trouble = done
        if trouble == Trouble.SLOW:
            await asyncio.sleep(self.slow_seconds)
        if trouble == Trouble.ERROR:
            raise InternalError
        if answer.status != 200:
            raise refusal(answer)
        return answer.response()
