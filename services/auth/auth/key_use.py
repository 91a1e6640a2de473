"""What an API key is good for at this moment: no more than its maker."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from auth import api_key_repository as store
from auth.context import Context
from auth.domain import User
from auth.repository import find_user
from auth.scopes import NOT_FOR_KEYS
from auth.second_factor_checks import SecondFactorPolicy
from auth.tokens import token_hash
from shopkit.auth import KeySource, Principal, TokenVerifier
from shopkit.errors import InsufficientScope, InvalidToken
from shopkit.key_limits import FORM, KeyLimits, is_api_key
from shopkit.settings import ServiceSettings

USE_IS_NEWS_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class KeyInUse:
    row: Row[Any]
    maker: User
    scopes: frozenset[str]


async def use_key(context: Context, key: str) -> KeyInUse:
    """The key, whose use is noted once a minute. Raises InvalidToken when it is wrong, expired or
    revoked, or its maker is disabled: with one and the same answer."""
    form, now = FORM.fullmatch(key), context.clock.now()
    if form is None:
        raise InvalidToken
    found = await context.database.read(
        _find_in_use, prefix=form[1], policy=context.second_factor, now=now
    )
    if found is None or not hmac.compare_digest(found.row.key_hash, token_hash(key)):
        raise InvalidToken
    last = found.row.last_used_at
    if last is None or now - last >= USE_IS_NEWS_AFTER:
        await context.database.run(store.touch_key, key_id=found.row.id, now=now)
    return found


def _find_in_use(
    conn: Connection, *, prefix: str, policy: SecondFactorPolicy, now: datetime
) -> KeyInUse | None:
    row = store.find_key_by_prefix(conn, prefix=prefix)
    return _in_use(conn, row, policy, now)


def _in_use(
    conn: Connection, row: Row[Any] | None, policy: SecondFactorPolicy, now: datetime
) -> KeyInUse | None:
    if row is None or row.revoked_at or (row.expires_at and row.expires_at <= now):
        return None
    maker = find_user(conn, user_id=row.made_by)
    if maker is None or maker.disabled:
        return None
    theirs = policy.seen(maker, with_second_factor=maker.second_factor).scopes
    return KeyInUse(row, maker, frozenset(row.scopes).intersection(theirs) - NOT_FOR_KEYS)


def issue_key_token(
    context: Context, found: KeyInUse, *, scopes: frozenset[str] | None = None
) -> dict[str, Any]:
    """An access token for all that the key may do, or for these scopes of it."""
    scope = " ".join(sorted(found.scopes if scopes is None else scopes))
    ends_at = found.row.expires_at
    token = context.issuer.key_token(
        found.maker,
        key_id=found.row.id,
        scope=scope,
        rate_class=found.row.rate_class,
        ends_at=ends_at,
    )
    expires_in = context.issuer.seconds_until(ends_at)
    return {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": expires_in,
        "scope": scope,
    }


async def require_key_scope(context: Context, principal: Principal, scope: str) -> None:
    """Raises InvalidToken once the key is no good, InsufficientScope once it lacks the scope."""
    found = await context.database.read(
        _find_by_id, key_id=principal.id, policy=context.second_factor, now=context.clock.now()
    )
    if found is None:
        raise InvalidToken
    if scope not in found.scopes:
        raise InsufficientScope(scope)


def _find_by_id(
    conn: Connection, *, key_id: str, policy: SecondFactorPolicy, now: datetime
) -> KeyInUse | None:
    return _in_use(conn, store.find_key(conn, key_id=key_id), policy, now)


class OwnKeyVerifier(TokenVerifier):
    """For auth's own public app, which looks keys up in its own database, each time."""

    def __init__(self, keys: KeySource, settings: ServiceSettings, context: Context) -> None:
        super().__init__(
            keys, issuer=settings.issuer, audience=settings.audience, kind="user", revocations=None
        )
        self._context, self._limits = context, KeyLimits()

    async def verify(self, token: str) -> Principal:
        if is_api_key(token):
            principal = _principal(await use_key(self._context, token))
        else:
            principal = await super().verify(token)
        self._limits.count(principal)
        return principal


def _principal(found: KeyInUse) -> Principal:
    return Principal(
        id=found.row.id,
        kind="user",
        scopes=found.scopes,
        session_id=found.row.id,
        token_version=found.maker.token_version,
        made_by=found.maker.id,
        rate_class=found.row.rate_class,
    )
