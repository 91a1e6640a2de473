"""For tests of services that ask auth: it answers as auth does, without one.

`tests/contract/test_services_use_auth.py` holds what follows it to the real one.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from shopkit.http_client import ServiceClient
from shopkit.ids import new_id
from shopkit.testing import TokenFactory
from shopkit.transport import TransportError


class FakeAuth:
    """A Transport: keys, service tokens, and the events that a test makes happen."""

    def __init__(self, tokens: TokenFactory) -> None:
        self._tokens = tokens
        self._events: list[dict[str, Any]] = []
        self.down = False
        self.questions = 0
        """How often somebody has asked for events."""
        self.keys: dict[str, str] = {}
        """API keys, and the access tokens that they are swapped for."""
        self.swaps = 0
        """How often somebody has asked about a key."""

    @property
    def client(self) -> ServiceClient:
        return ServiceClient("", transport=self)

    def end_session(self, session_id: str) -> None:
        self._tell("session_ended", session_id=session_id)

    def void_tokens(self, user_id: str, version: int) -> None:
        """Those below that version."""
        self._tell("tokens_voided", user_id=user_id, payload={"version": version})

    def delete_user(self, user_id: str) -> None:
        self._tell("user_deleted", user_id=user_id, expires_at=None)

    def _tell(self, kind: str, **more: Any) -> None:
        now = datetime.now(UTC)
        times = {
            "created_at": now.isoformat(),
            "expires_at": (now + timedelta(hours=1)).isoformat(),
        }
        event = {"seq": len(self._events) + 1, "kind": kind, "user_id": new_id()}
        self._events.append({**event, "session_id": None, "payload": {}, **times, **more})

    async def send(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        if self.down:
            raise TransportError("auth is down")
        if path == "/internal/keys/exchange":
            return self._swap(json.loads(body)["key"])
        return 200, json.dumps(self._answer(path)).encode()

    def _swap(self, key: str) -> tuple[int, bytes]:
        self.swaps += 1
        if key not in self.keys:
            return 404, b"{}"
        return 200, json.dumps({"access_token": self.keys[key]}).encode()

    def _answer(self, path: str) -> dict[str, Any]:
        if path == "/internal/token":
            token = self._tokens.service("somebody").removeprefix("Bearer ")
            return {"access_token": token, "token_type": "Bearer", "expires_in": 600}
        if path == "/internal/jwks.json":
            return self._tokens.jwks
        self.questions += 1
        items = self._events[int(path.partition("?after=")[2] or 0) :]
        return {"items": items, "next_after": len(self._events), "has_more": False}

    async def close(self) -> None: ...
