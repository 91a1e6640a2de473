"""Who the caller is: where the access token comes from, and how it is renewed."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol

from shopcli.errors import ApiProblem, CannotReach, LoginNeeded
from shopcli.token_store import Tokens, TokenStore
from shopcli.wire import Call, Wire

EARLY = 30
"""Seconds before its end that an access token counts as used up."""


class Session(Protocol):
    async def token(self, wire: Wire) -> str | None:
        """The access token to send, or None for a guest."""

    async def renewed(self, wire: Wire, refused: str) -> str:
        """Another token after the shop refused this one. Raises LoginNeeded."""


class Guest:
    async def token(self, wire: Wire) -> str | None:
        return None

    async def renewed(self, wire: Wire, refused: str) -> str:
        raise LoginNeeded(f"You are not logged in to {wire.url}.")


class FixedToken:
    """An access token from the environment, for machines."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self, wire: Wire) -> str | None:
        return self._token

    async def renewed(self, wire: Wire, refused: str) -> str:
        raise LoginNeeded(
            "The shop does not accept SHOP_TOKEN (any more).", "Give a fresh one, or none."
        )


class PasswordSession:
    """Logs in with e-mail and password when first asked, and again when needed. Stores nothing."""

    def __init__(self, email: str, password: str) -> None:
        self._email, self._password = email, password
        self._tokens: Tokens | None = None
        self._lock = asyncio.Lock()

    async def token(self, wire: Wire) -> str | None:
        async with self._lock:
            if self._tokens is None or _used_up(self._tokens):
                self._tokens = await log_in(wire, self._email, self._password)
            return self._tokens.access_token

    async def renewed(self, wire: Wire, refused: str) -> str:
        async with self._lock:
            if self._tokens is None or self._tokens.access_token == refused:
                self._tokens = await log_in(wire, self._email, self._password)
            return self._tokens.access_token


class StoredSession:
    """What `shop login` stored; refreshed by itself, once for all calls and all processes."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._lock = asyncio.Lock()

    async def token(self, wire: Wire) -> str | None:
        tokens = self._store.find(wire.url)
        if tokens is None:
            return None
        if not _used_up(tokens):
            return tokens.access_token
        return await self.renewed(wire, tokens.access_token)

    async def renewed(self, wire: Wire, refused: str) -> str:
        async with self._lock:
            with self._store.locked():
                tokens = self._store.find(wire.url)
                if tokens is None:
                    raise LoginNeeded(f"You are not logged in to {wire.url}.")
                if tokens.access_token == refused or _used_up(tokens):
                    tokens = await self._refreshed(wire, tokens)
                return tokens.access_token

    async def _refreshed(self, wire: Wire, tokens: Tokens) -> Tokens:
        try:
            fresh = await refresh(wire, tokens)
        except ApiProblem as problem:
            if problem.status in (400, 401, 422):
                self._store.forget(wire.url)
                raise LoginNeeded(f"Your session at {wire.url} has ended.") from None
            raise
        self._store.save(wire.url, fresh)
        return fresh


async def log_in(
    wire: Wire,
    email: str,
    password: str,
    *,
    device_token: str | None = None,
    code: str | None = None,
) -> Tokens:
    """`code`: of the account's second factor, if it has one."""
    body = {"email": email, "password": password}
    if device_token:
        body["device_token"] = device_token
    if code:
        body["one_time_code"] = code
    answer = await wire.send(Call("POST", "/api/auth/login", {}, body))
    return _tokens(answer, email, wire.url)


async def refresh(wire: Wire, tokens: Tokens) -> Tokens:
    """A lost answer may be asked for again for a minute, so a repeat is safe."""
    body = {"refresh_token": tokens.refresh_token}
    answer = await wire.send(Call("POST", "/api/auth/refresh", {}, body))
    return _tokens(answer, tokens.email, wire.url)


async def log_out(wire: Wire, tokens: Tokens) -> None:
    body = {"refresh_token": tokens.refresh_token}
    await wire.send(Call("POST", "/api/auth/logout", {}, body))


def _tokens(answer: Any, email: str, url: str) -> Tokens:
    if not isinstance(answer, Mapping) or not isinstance(answer.get("access_token"), str):
        raise CannotReach(f"What answers at {url} is not a shop: it gave no access token.")
    lifetime = float(answer.get("expires_in", 0))
    return Tokens(
        access_token=answer["access_token"],
        refresh_token=str(answer.get("refresh_token", "")),
        expires_at=time.time() + lifetime,
        email=email,
        device_token=str(answer.get("device_token", "")),
    )


def _used_up(tokens: Tokens) -> bool:
    return tokens.expires_at - EARLY < time.time()
