"""Registering, logging in and out, and one's own account."""

from typing import Any

from fastapi import Request, Response

from auth import accounts, oauth, sessions
from auth.answers import NOT_MODIFIED, shown, shown_if_changed, shown_made
from auth.data_schemas import Me, MeUpdate
from auth.deps import Auth, AuthWithPlace, Caller
from auth.errors import (
    Busy,
    EmailTaken,
    InvalidClient,
    InvalidCredentials,
    InvalidGrant,
    InvalidRefreshToken,
    InvalidRequest,
    InvalidScope,
    InvalidSecondFactor,
    RefreshTokenReused,
    SecondFactorRequired,
    TooManyAttempts,
    UnsupportedGrantType,
    WrongPassword,
)
from auth.forms import TOKEN_BODY, read_token_form
from auth.schemas import (
    ClientToken,
    Credentials,
    OAuthTokens,
    PasswordChange,
    RefreshInput,
    Registration,
    TokenPair,
    User,
)
from shopkit.auth import CurrentUser, Public
from shopkit.conditional import IfMatch, IfNoneMatch
from shopkit.errors import RequestInProgress
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.routing import new_router

router = new_router()


@router.post(
    "/api/auth/register",
    summary="Register",
    status_code=201,
    response_model=User,
    responses=problems(EmailTaken, RequestInProgress, TooManyAttempts, Busy),
    tags=["Account"],
)
async def register_user(
    payload: Registration,
    response: Response,
    auth: Auth,
    client: Caller,
    key: IdempotencyKey,
    _: Public,
) -> dict[str, Any]:
    """Make an account with the role `customer`. Then log in with the same e-mail and password.

    Addresses are the same account whatever their case. Repeated with the same key, it answers with
    the account as it is by then; a wrong password there counts as one at login.
    """
    made = await accounts.register(
        auth,
        email=payload.email,
        password=payload.password,
        name=payload.name,
        key=key,
        network=client.network,
    )
    return shown_made(made, response)


@router.post(
    "/api/auth/login",
    summary="Log in",
    response_model=TokenPair,
    responses=problems(
        InvalidCredentials, SecondFactorRequired, InvalidSecondFactor, TooManyAttempts, Busy
    ),
    tags=["Sessions"],
)
async def login(
    payload: Credentials, auth: AuthWithPlace, client: Caller, _: Public
) -> dict[str, Any]:
    """Begin a session. Send the access token as `Authorization: Bearer …` for ten minutes, then
    get a new pair with the refresh token.

    429 `too_many_attempts` means that too many passwords were wrong, for this account or from this
    address, and 503 `busy` that too many log in right now: try again after `Retry-After`. Whoever
    sends the `device_token` of an earlier login here does not wait for what others did.

    401 `second_factor_required` says that the password was right and that a code is needed, too:
    send all of it again with `one_time_code`. Wrong codes count like wrong passwords.
    """
    return await sessions.log_in(
        auth,
        email=payload.email,
        password=payload.password,
        device_token=payload.device_token,
        one_time_code=payload.one_time_code,
        client=client,
    )


@router.post(
    "/api/auth/token",
    summary="OAuth 2.0 token endpoint",
    response_model=OAuthTokens | ClientToken,
    responses=problems(
        InvalidRequest,
        InvalidGrant,
        UnsupportedGrantType,
        InvalidScope,
        InvalidClient,
        SecondFactorRequired,
        InvalidSecondFactor,
        TooManyAttempts,
        Busy,
    ),
    tags=["Sessions"],
    openapi_extra=TOKEN_BODY,
)
async def issue_token(request: Request, auth: Auth, client: Caller, _: Public) -> dict[str, Any]:
    """Log in or refresh, for OAuth clients (RFC 6749): form encoded, with the grants `password`
    (the username is the e-mail address) and `refresh_token`; and `client_credentials` for API
    keys, with the key's id and the key, in the form or by Basic. Those get no refresh token.

    Errors are problems that also have OAuth's members `error` and `error_description`.
    """
    return await oauth.exchange(auth, await read_token_form(request), client=client)


@router.post(
    "/api/auth/refresh",
    summary="Get a new pair of tokens",
    response_model=TokenPair,
    responses=problems(InvalidRefreshToken, RefreshTokenReused),
    tags=["Sessions"],
)
async def refresh_session(payload: RefreshInput, auth: Auth, _: Public) -> dict[str, Any]:
    """Exchange a refresh token, which is for one use, for a new pair. Keep the new one.

    If the answer got lost, repeat the request within a minute. Using an old token after its
    successor was used ends the session, since somebody else must have a copy.
    """
    return await sessions.refresh(auth, refresh_token=payload.refresh_token)


@router.post("/api/auth/logout", summary="Log out", status_code=204, tags=["Sessions"])
async def logout(payload: RefreshInput, auth: Auth, _: Public) -> None:
    """End the session of a refresh token. It is not an error if that is over already. Its access
    token is refused everywhere within seconds."""
    await sessions.log_out(auth, refresh_token=payload.refresh_token)


@router.post(
    "/api/auth/logout-all", summary="Log out everywhere", status_code=204, tags=["Sessions"]
)
async def logout_all(user: CurrentUser, auth: Auth) -> None:
    """End all of the caller's sessions, on every device; access tokens too, within seconds."""
    await accounts.get_me(auth, principal=user)  # not with the token of a session that is over
    await sessions.log_out_everywhere(auth, user_id=user.id)


@router.get(
    "/api/auth/me",
    summary="Who am I",
    response_model=Me,
    responses=NOT_MODIFIED,
    tags=["Account"],
)
async def get_me(
    user: CurrentUser, response: Response, auth: Auth, if_none_match: IfNoneMatch
) -> Any:
    """The caller's account, with the roles and scopes of today."""
    me = await accounts.get_me(auth, principal=user)
    return shown_if_changed(me, response, if_none_match)


@router.patch("/api/auth/me", summary="Change my account", response_model=Me, tags=["Account"])
async def update_me(
    payload: MeUpdate, user: CurrentUser, response: Response, auth: Auth, if_match: IfMatch
) -> dict[str, Any]:
    """Change the name and the preferences (RFC 7396: what is absent stays, null takes it away).

    `preferences.marketing` is the agreement to get advertising; when it was given or withdrawn is
    kept with it."""
    changes = payload.model_dump(exclude_unset=True)
    me = await accounts.update_me(auth, principal=user, changes=changes, if_match=if_match)
    return shown(me, response)


@router.post(
    "/api/auth/password",
    summary="Change my password",
    status_code=204,
    responses=problems(WrongPassword, TooManyAttempts, Busy),
    tags=["Account"],
)
async def change_password(
    payload: PasswordChange, user: CurrentUser, auth: Auth, client: Caller
) -> None:
    """Change the password and end all of the caller's other sessions; this one goes on.

    422 `wrong_password` says that `current_password` is not the caller's; 422 `validation_error`
    that the new one is too short, the caller's e-mail address, or what many people have. Wrong
    ones count like those at login.
    """
    current, new = payload.current_password, payload.new_password
    await accounts.change_password(
        auth, principal=user, current=current, new=new, network=client.network
    )
