"""API keys as bearer tokens: each is swapped with auth for a short access token.

See docs/decisions/0013-api-keys.md.
"""

import asyncio
from contextlib import suppress
from hashlib import sha256
from time import monotonic
from typing import TypeVar

from shopkit.auth import KeySource, Principal, TokenVerifier
from shopkit.errors import InvalidToken, Unavailable
from shopkit.http_client import ServiceClient
from shopkit.key_limits import FORM, Bucket, KeyLimits, is_api_key, too_many
from shopkit.revocations import RevocationFeed
from shopkit.settings import ServiceSettings

T = TypeVar("T")
STRANGERS_A_SECOND = 20
"""Keys not seen before of which auth is asked."""
REFUSED_SECONDS = 10
MAX_REMEMBERED = 10_000
DEADLINE_SECONDS = 1.5


class KeySwap:
    """Access tokens in place of keys, by the keys' hashes.

    Auth is asked about each key once at a time; about what it has refused not again for a while;
    and about few that are new here, so that a flood of inventions is not one of questions.
    """

    def __init__(self, auth: ServiceClient) -> None:
        self._auth = auth
        self._tokens: dict[bytes, str] = {}
        self._refused: dict[bytes, float] = {}
        self._asking: dict[bytes, asyncio.Task[str | None]] = {}
        self._strangers = Bucket(STRANGERS_A_SECOND)

    def find(self, key: str) -> str | None:
        """The token in hand, which may be void or over."""
        return self._tokens.get(_digest(key))

    async def swap(self, key: str) -> str:
        """A new token. Raises InvalidToken, RateLimited, and Unavailable without auth."""
        digest = _digest(key)
        if not FORM.fullmatch(key) or self._refused.get(digest, 0) > monotonic():
            raise InvalidToken
        asking = self._asking.get(digest)
        if asking is None:
            if digest not in self._tokens and (wait := self._strangers.wait()):
                raise too_many("Too many unknown API keys are being sent.", wait)
            asking = self._asking[digest] = asyncio.create_task(self._ask(key, digest))
            asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        token = await asyncio.shield(asking)
        if token is None:
            raise InvalidToken
        return token

    async def _ask(self, key: str, digest: bytes) -> str | None:
        try:
            answer = await self._auth.call(
                "POST",
                "/internal/keys/exchange",
                json={"key": key},
                attempts=2,
                deadline=DEADLINE_SECONDS,
            )
        finally:
            del self._asking[digest]
        if answer.status == 200:
            token = str(answer.json["access_token"])
            _remember(self._tokens, digest, token)
            return token
        if answer.status != 404:
            raise Unavailable(f"Auth refuses to tell of API keys ({answer.status}).")
        self._tokens.pop(digest, None)
        _remember(self._refused, digest, monotonic() + REFUSED_SECONDS)
        return None


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", errors="replace")).digest()


def _remember(known: dict[bytes, T], digest: bytes, value: T) -> None:
    if len(known) >= MAX_REMEMBERED:
        known.clear()
    known[digest] = value


class KeyVerifier(TokenVerifier):
    """For the public app of a service that asks auth: verifies access tokens, and API keys.

    A key in use costs a question in ten minutes, and one look-up more than a token for a request.
    """

    def __init__(
        self, keys: KeySource, settings: ServiceSettings, revocations: RevocationFeed
    ) -> None:
        super().__init__(
            keys,
            issuer=settings.issuer,
            audience=settings.audience,
            kind="user",
            revocations=revocations,
        )
        self._swap = KeySwap(revocations.auth)
        self._limits = KeyLimits()

    async def verify(self, token: str) -> Principal:
        """Raises RateLimited and, for keys, Unavailable, too."""
        known = self._verify_key if is_api_key(token) else super().verify
        principal = await known(token)
        self._limits.count(principal)
        return principal

    async def _verify_key(self, key: str) -> Principal:
        held = self._swap.find(key)
        if held is not None:
            with suppress(InvalidToken):  # it has expired, or its maker's rights have changed
                return await super().verify(held)
        return await super().verify(await self._swap.swap(key))
