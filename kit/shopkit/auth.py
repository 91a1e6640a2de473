"""Who is calling: verify tokens locally, and the policies that every route declares."""

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal, Protocol

import jwt
from fastapi import Depends, Request

from shopkit.errors import (
    InsufficientScope,
    InvalidToken,
    NotAuthenticated,
    PersonRequired,
    TokenExpired,
)
from shopkit.principal import Principal as Principal
from shopkit.principal import principal_of
from shopkit.settings import ServiceSettings

ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068
LEEWAY = 30
"""Seconds by which the clocks of two machines may differ."""
MAX_TOKEN = 8192
MAX_LIFETIME = 3600
"""Seconds. A token that says it lives longer is not one of ours."""
REMEMBERED_SECONDS = 60
REVOKED = (
    "The access token is good no more: its session is over, or what its user may do has changed. "
    "Use the refresh token or log in again."
)
KEY_CHANGED = (
    "What this API key may do has changed, or it was revoked. Get a new token with the key, or "
    "send the key once more."
)


class KeySource(Protocol):
    """Where public keys come from; `find_key` answers None for a `kid` that is not known."""

    async def find_key(self, kid: str) -> Any | None: ...


class Revocations(Protocol):
    """Which tokens are void before they expire."""

    def include(self, principal: Principal) -> bool: ...

    async def catch_up(self) -> None:
        """Learn all that is true by now. Raises Unavailable."""


class TokenVerifier:
    """Verifies ES256 access tokens (RFC 9068) of one issuer for one audience.

    A verified token is remembered by its hash for a minute, so that 110 µs become 1, and yet a key
    that is taken away ends its tokens soon.
    """

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str,
        audience: str,
        kind: Literal["user", "service"],
        revocations: Revocations | None = None,
    ) -> None:
        self._keys, self._issuer, self._audience, self._kind = keys, issuer, audience, kind
        self._revocations = revocations
        self._known: dict[bytes, tuple[float, Principal]] = {}

    async def verify(self, token: str) -> Principal:
        """Raises TokenExpired, or InvalidToken with the same answer for everything else."""
        digest = sha256(token.encode("utf-8", errors="replace")).digest()
        known = self._known.get(digest)
        if known and known[0] > time.time():
            principal = known[1]
        else:
            claims = await self._verified_claims(token)
            principal = principal_of(claims, self._kind)
            if len(self._known) >= 10_000:
                self._known.clear()
            self._known[digest] = (min(claims["exp"], time.time() + REMEMBERED_SECONDS), principal)
        self._refuse_revoked(principal)
        return principal

    async def confirm(self, principal: Principal) -> None:
        """That the token is good at this very moment. Raises TokenExpired, and Unavailable when
        that cannot be known."""
        if self._revocations is not None:
            await self._revocations.catch_up()
            self._refuse_revoked(principal)

    def _refuse_revoked(self, principal: Principal) -> None:
        if self._revocations is not None and self._revocations.include(principal):
            raise TokenExpired(KEY_CHANGED if principal.made_by else REVOKED)

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


def service_verifier(keys: KeySource, settings: ServiceSettings) -> TokenVerifier:
    """For the internal app."""
    audience = settings.internal_audience
    return TokenVerifier(keys, issuer=settings.issuer, audience=audience, kind="service")


def _well_formed(claims: dict[str, Any]) -> bool:
    named = ("sub", "email", "scope", "sid", "made_by", "rate_class")
    texts = (claims.get(name, "") for name in named)
    roles, expires, version = claims.get("roles", []), claims["exp"], claims.get("ver", 0)
    return (
        all(isinstance(text, str) for text in texts)
        and isinstance(roles, list)
        and all(isinstance(role, str) for role in roles)
        and isinstance(version, int)
        and isinstance(claims.get("second_factor_required", False), bool)
        and isinstance(expires, int)
        and expires - time.time() < MAX_LIFETIME
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


WITHOUT_TOKEN = ("maybe_user", "maybe_person")
PEOPLE = ("maybe_person", "user")
"""Kinds of routes for what is somebody's own, which an API key has none of."""


@dataclass(frozen=True)
class Policy:
    """Who may call a route. Used through the aliases below; an app refuses routes without one."""

    kind: Literal["public", "maybe_user", "maybe_person", "user", "staff", "service"]
    scope: str = ""
    callers: tuple[str, ...] = ()

    @property
    def at_once(self) -> bool:
        """Whether it asks auth first. What staff change does, so that it ends with the session and
        the scope; others follow within seconds, and work while auth is down."""
        return self.kind == "staff" and self.scope.endswith(":write")

    async def __call__(self, request: Request) -> Principal | None:
        if self.kind == "public":
            return None
        token = bearer_token(request)
        if token is None:
            if self.kind in WITHOUT_TOKEN:
                return None
            raise NotAuthenticated
        verifier: TokenVerifier = request.app.state.verifier
        principal = await self._admitted(verifier, token)
        if self.at_once:
            try:
                await verifier.confirm(principal)
            except TokenExpired:  # an API key may still do it, by a token of its rights of now
                principal = await self._admitted(verifier, token)
        return principal

    async def _admitted(self, verifier: TokenVerifier, token: str) -> Principal:
        principal = await verifier.verify(token)
        if principal.made_by and self.kind in PEOPLE:
            raise PersonRequired
        if self.scope and self.scope not in principal.scopes:
            withheld = principal.second_factor_required
            raise InsufficientScope(self.scope, second_factor_required=withheld)
        if self.kind == "service" and principal.id not in self.callers:
            raise InsufficientScope(f"caller:{'|'.join(self.callers)}")
        return principal


def Staff(scope: str) -> Any:
    """`staff: Annotated[Principal, Staff("orders:write")]`. A write asks auth, see `at_once`."""
    return Depends(Policy("staff", scope=scope))


def Caller(*client_ids: str) -> Any:
    """`caller: Annotated[Principal, Caller("orders")]`, on internal routes"""
    return Depends(Policy("service", callers=client_ids))


Public = Annotated[None, Depends(Policy("public"))]


async def _verifier(request: Request) -> TokenVerifier:
    found: TokenVerifier = request.app.state.verifier
    return found


Verifier = Annotated[TokenVerifier, Depends(_verifier)]
"""For a route that learns only later that it must `confirm` who calls."""
CurrentUser = Annotated[Principal, Depends(Policy("user"))]
MaybeUser = Annotated[Principal | None, Depends(Policy("maybe_user"))]
MaybePerson = Annotated[Principal | None, Depends(Policy("maybe_person"))]
