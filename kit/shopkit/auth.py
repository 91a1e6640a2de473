"""Who is calling: verify tokens locally, and the policies that every route declares."""

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal, Protocol

import jwt
from fastapi import Depends, Request

from shopkit.errors import InsufficientScope, InvalidToken, NotAuthenticated, TokenExpired
from shopkit.settings import ServiceSettings

ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068
LEEWAY = 30
"""Seconds by which the clocks of two machines may differ."""
MAX_TOKEN = 8192
MAX_LIFETIME = 3600
"""Seconds. A token that says it lives longer is not one of ours."""
REMEMBERED_SECONDS = 60


@dataclass(frozen=True)
class Principal:
    """Who calls. For a service, `id` is its client id."""

    id: str
    kind: Literal["user", "service"]
    email: str = ""
    roles: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    session_id: str = ""


class KeySource(Protocol):
    """Where public keys come from; `find_key` answers None for a `kid` that is not known."""

    async def find_key(self, kid: str) -> Any | None: ...


class TokenVerifier:
    """Verifies ES256 access tokens (RFC 9068) of one issuer for one audience.

    A verified token is remembered by its hash for a minute, so that 110 µs become 1, and yet a key
    that is taken away ends its tokens soon.
    """

    def __init__(
        self, keys: KeySource, *, issuer: str, audience: str, kind: Literal["user", "service"]
    ) -> None:
        self._keys, self._issuer, self._audience, self._kind = keys, issuer, audience, kind
        self._known: dict[bytes, tuple[float, Principal]] = {}

    async def verify(self, token: str) -> Principal:
        """Raises TokenExpired, or InvalidToken with the same answer for everything else."""
        digest = sha256(token.encode("utf-8", errors="replace")).digest()
        known = self._known.get(digest)
        if known and known[0] > time.time():
            return known[1]
        claims = await self._verified_claims(token)
        principal = _principal(claims, self._kind)
        if len(self._known) >= 10_000:
            self._known.clear()
        self._known[digest] = (min(claims["exp"], time.time() + REMEMBERED_SECONDS), principal)
        return principal

    async def _verified_claims(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN or not token.isascii():
            raise InvalidToken
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            if header.get("typ") != TOKEN_TYPE or header.get("alg") != ALGORITHM:
                raise InvalidToken
            key = await self._keys.find_key(kid) if isinstance(kid, str) else None
            if key is None or "crit" in header:
                raise InvalidToken
            return self._decoded(token, key)
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise InvalidToken from None

    def _decoded(self, token: str, key: Any) -> dict[str, Any]:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=self._audience,
            issuer=self._issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "sub", "jti"], "strict_aud": True},
        )
        if not _well_formed(claims):
            raise InvalidToken
        return claims


def user_verifier(keys: KeySource, settings: ServiceSettings) -> TokenVerifier:
    """For the public app."""
    return TokenVerifier(keys, issuer=settings.issuer, audience=settings.audience, kind="user")


def service_verifier(keys: KeySource, settings: ServiceSettings) -> TokenVerifier:
    """For the internal app."""
    audience = settings.internal_audience
    return TokenVerifier(keys, issuer=settings.issuer, audience=audience, kind="service")


def _well_formed(claims: dict[str, Any]) -> bool:
    texts = (claims.get(name, "") for name in ("sub", "email", "scope", "sid"))
    roles, expires = claims.get("roles", []), claims["exp"]
    return (
        all(isinstance(text, str) for text in texts)
        and isinstance(roles, list)
        and all(isinstance(role, str) for role in roles)
        and isinstance(expires, int)
        and expires - time.time() < MAX_LIFETIME
    )


def _principal(claims: dict[str, Any], kind: Literal["user", "service"]) -> Principal:
    return Principal(
        id=claims["sub"],
        kind=kind,
        email=claims.get("email", ""),
        roles=tuple(claims.get("roles", ())),
        scopes=frozenset(claims.get("scope", "").split()),
        session_id=claims.get("sid", ""),
    )


def bearer_token(request: Request) -> str | None:
    """The token of the one Authorization header; raises InvalidToken for anything else there."""
    sent = request.headers.getlist("authorization")
    if not sent:
        return None
    scheme, _, token = sent[0].partition(" ")
    if len(sent) > 1 or scheme.lower() != "bearer" or not token or " " in token:
        raise InvalidToken
    return token


@dataclass(frozen=True)
class Policy:
    """Who may call a route. Used through the aliases below; an app refuses routes without one."""

    kind: Literal["public", "maybe_user", "user", "staff", "service"]
    scope: str = ""
    callers: tuple[str, ...] = ()

    async def __call__(self, request: Request) -> Principal | None:
        if self.kind == "public":
            return None
        token = bearer_token(request)
        if token is None:
            if self.kind == "maybe_user":
                return None
            raise NotAuthenticated
        principal: Principal = await request.app.state.verifier.verify(token)
        if self.scope and self.scope not in principal.scopes:
            raise InsufficientScope(self.scope)
        if self.kind == "service" and principal.id not in self.callers:
            raise InsufficientScope(f"caller:{'|'.join(self.callers)}")
        return principal


def Staff(scope: str) -> Any:
    """`staff: Annotated[Principal, Staff("orders:write")]`"""
    return Depends(Policy("staff", scope=scope))


def Caller(*client_ids: str) -> Any:
    """`caller: Annotated[Principal, Caller("orders")]`, on internal routes"""
    return Depends(Policy("service", callers=client_ids))


Public = Annotated[None, Depends(Policy("public"))]
CurrentUser = Annotated[Principal, Depends(Policy("user"))]
MaybeUser = Annotated[Principal | None, Depends(Policy("maybe_user"))]
