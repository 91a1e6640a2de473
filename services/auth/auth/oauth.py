"""The grants of the token endpoints (RFC 6749)."""

import hmac
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from auth.context import Context
from auth.domain import Client
from auth.errors import (
    InvalidClient,
    InvalidCredentials,
    InvalidGrant,
    InvalidRefreshToken,
    InvalidRequest,
    InvalidScope,
    InvalidSecondFactor,
    RefreshTokenReused,
    SecondFactorRequired,
    UnsupportedGrantType,
)
from auth.key_use import issue_key_token, use_key
from auth.passwords import MAX_LENGTH
from auth.sessions import log_in, refresh
from shopkit.errors import InvalidToken

Form = Mapping[str, str]
MAX_USERNAME = 254


async def exchange(context: Context, form: Form, *, client: Client) -> dict[str, Any]:
    """Tokens for what a person's client holds, or an API key; raises OAuthError."""
    grant_type = _required(form, "grant_type")
    if grant_type == "client_credentials":
        return await _api_key(context, form)
    try:
        if grant_type == "password":
            return await _password(context, form, client)
        if grant_type == "refresh_token":
            return await refresh(context, refresh_token=_required(form, "refresh_token"))
    except (InvalidCredentials, InvalidRefreshToken, RefreshTokenReused) as exc:
        raise InvalidGrant(exc.detail) from None
    except (SecondFactorRequired, InvalidSecondFactor) as exc:
        exc.extra |= {"error": exc.code, "error_description": exc.detail}
        raise
    raise UnsupportedGrantType("Use password, refresh_token or client_credentials.")


async def _password(context: Context, form: Form, client: Client) -> dict[str, Any]:
    username, password = _required(form, "username"), _required(form, "password")
    if len(username) > MAX_USERNAME or len(password) > MAX_LENGTH:
        raise InvalidRequest(f"A password has at most {MAX_LENGTH} characters.")
    return await log_in(
        context,
        email=username.strip(),
        password=password,
        device_token=form.get("device_token"),
        one_time_code=form.get("one_time_code"),
        client=client,
    )


async def _api_key(context: Context, form: Form) -> dict[str, Any]:
    """A key as a client (RFC 6749, 4.4): its id, and the whole of it as the secret."""
    client_id, secret = _required(form, "client_id"), _required(form, "client_secret")
    try:
        found = await use_key(context, secret)
    except InvalidToken:
        raise InvalidClient from None
    if found.row.id != client_id:
        raise InvalidClient
    asked = frozenset(form.get("scope", "").split()) or found.scopes
    if lacking := sorted(asked - found.scopes):
        raise InvalidScope(f"This client lacks {', '.join(lacking)}.")
    return issue_key_token(context, found, scopes=asked)


def _required(form: Form, name: str) -> str:
    if not form.get(name):
        raise InvalidRequest(f"The parameter {name} is missing.")
    return form[name]


def issue_service_token(context: Context, form: Form) -> dict[str, Any]:
    """Raises OAuthError."""
    if _required(form, "grant_type") != "client_credentials":
        raise UnsupportedGrantType("Use client_credentials.")
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    known = context.service_clients.get(client_id, SecretStr("")).get_secret_value()
    if not hmac.compare_digest(known.encode(), secret.encode()) or not known:
        raise InvalidClient
    return {
        "access_token": context.issuer.service_token(client_id),
        "token_type": "Bearer",
        "expires_in": context.issuer.expires_in,
    }
