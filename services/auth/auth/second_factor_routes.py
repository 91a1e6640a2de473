"""One's own second factor."""

from typing import Any

from auth import second_factor
from auth.deps import Auth, Caller
from auth.errors import (
    Busy,
    SecondFactorActive,
    SecondFactorInactive,
    TooManyAttempts,
    WrongCode,
    WrongPassword,
)
from auth.second_factor_schemas import (
    CodeProof,
    FullProof,
    PasswordProof,
    RecoveryCodes,
    SecondFactor,
    SecondFactorBegun,
)
from shopkit.auth import CurrentUser
from shopkit.openapi import problems
from shopkit.routing import new_router

router = new_router()


@router.get(
    "/api/auth/second-factor",
    summary="Get my second factor",
    response_model=SecondFactor,
    tags=["Second factor"],
)
async def get_second_factor(user: CurrentUser, auth: Auth) -> dict[str, Any]:
    """Whether logins need a code, too, and how many recovery codes are left."""
    return vars(await second_factor.get_state(auth, principal=user))


@router.post(
    "/api/auth/second-factor",
    summary="Begin to set up a second factor",
    response_model=SecondFactorBegun,
    responses=problems(SecondFactorActive, WrongPassword, TooManyAttempts, Busy),
    tags=["Second factor"],
)
async def begin_second_factor(
    payload: PasswordProof, user: CurrentUser, auth: Auth, client: Caller
) -> dict[str, Any]:
    """Get a secret for an authenticator app (TOTP, RFC 6238). Nothing changes until a code of that
    app confirms it; beginning again replaces the secret. Wrong passwords count like those at login.
    """
    begun = await second_factor.begin(
        auth, principal=user, password=payload.password, network=client.network
    )
    return vars(begun)


@router.post(
    "/api/auth/second-factor/confirm",
    summary="Switch my second factor on",
    response_model=RecoveryCodes,
    responses=problems(SecondFactorActive, SecondFactorInactive, WrongCode, TooManyAttempts),
    tags=["Second factor"],
)
async def confirm_second_factor(
    payload: CodeProof, user: CurrentUser, auth: Auth, client: Caller
) -> dict[str, Any]:
    """From now on logins need a code, too. Keep the recovery codes: this is the only time that they
    are shown. All of the caller's other sessions end; this one counts from its next refresh as
    opened with a second factor. If the answer got lost, get new recovery codes with the next code.
    """
    codes = await second_factor.confirm(
        auth, principal=user, code=payload.code, network=client.network
    )
    return {"recovery_codes": codes}


@router.post(
    "/api/auth/second-factor/recovery-codes",
    summary="Get new recovery codes",
    response_model=RecoveryCodes,
    responses=problems(SecondFactorInactive, WrongCode, TooManyAttempts),
    tags=["Second factor"],
)
async def renew_recovery_codes(
    payload: CodeProof, user: CurrentUser, auth: Auth, client: Caller
) -> dict[str, Any]:
    """Ten new ones; the old ones are worth nothing any more."""
    codes = await second_factor.renew_recovery_codes(
        auth, principal=user, code=payload.code, network=client.network
    )
    return {"recovery_codes": codes}


@router.delete(
    "/api/auth/second-factor",
    summary="Switch my second factor off",
    status_code=204,
    responses=problems(SecondFactorInactive, WrongPassword, WrongCode, TooManyAttempts, Busy),
    tags=["Second factor"],
)
async def end_second_factor(
    payload: FullProof, user: CurrentUser, auth: Auth, client: Caller
) -> None:
    """With the password and a code, or a recovery code. All of the caller's other sessions end."""
    await second_factor.switch_off(
        auth,
        principal=user,
        password=payload.password,
        code=payload.code,
        network=client.network,
    )
