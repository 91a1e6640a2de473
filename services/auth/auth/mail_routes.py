"""What is done with the help of mail: verify an address, reset a password, change an address."""

from typing import Any

from auth import email_change, password_reset, verification
from auth.deps import Auth, Caller
from auth.email_tokens import LIFETIME
from auth.errors import Busy, EmailTaken, InvalidEmailToken, TooManyAttempts, WrongPassword
from auth.schemas import EmailChange, EmailToken, MailAsked, PasswordReset, ResetRequest
from shopkit.auth import CurrentUser, Public
from shopkit.openapi import problems
from shopkit.routing import new_router

router = new_router()
ASKED: dict[str, Any] = {"expires_in": int(LIFETIME.total_seconds())}


@router.post(
    "/api/auth/email/verification",
    summary="Send the mail that verifies my address",
    status_code=202,
    response_model=MailAsked,
    tags=["Account"],
)
async def ask_for_verification(user: CurrentUser, auth: Auth) -> dict[str, Any]:
    """Registering sends one too. Three mails an hour; none when the address is verified."""
    await verification.ask_for_verification(auth, principal=user)
    return ASKED


@router.post(
    "/api/auth/email/verify",
    summary="Verify an address",
    status_code=204,
    responses=problems(InvalidEmailToken),
    tags=["Account"],
)
async def verify_email(payload: EmailToken, auth: Auth, _: Public) -> None:
    """With the token of the mail, once, within ten minutes. Nobody needs to be logged in."""
    await verification.verify_email(auth, token=payload.token)


@router.post(
    "/api/auth/password/reset-request",
    summary="Ask for a new password",
    status_code=202,
    response_model=MailAsked,
    tags=["Account"],
)
async def ask_for_reset(
    payload: ResetRequest, auth: Auth, client: Caller, _: Public
) -> dict[str, Any]:
    """Send a mail with a token, if the address has an account: the answer is the same if not.
    Three mails an hour to an address for each network that asks, ten for all."""
    await password_reset.ask_for_reset(auth, email=payload.email, network=client.network)
    return ASKED


@router.post(
    "/api/auth/password/reset",
    summary="Set a new password",
    status_code=204,
    responses=problems(InvalidEmailToken, Busy),
    tags=["Account"],
)
async def reset_password(payload: PasswordReset, auth: Auth, _: Public) -> None:
    """With the token of the mail, once, within ten minutes. Ends all sessions and verifies the
    address; then log in. A password that is refused (422) leaves the token as it is."""
    await password_reset.reset_password(auth, token=payload.token, new=payload.new_password)


@router.post(
    "/api/auth/email/change",
    summary="Change my address",
    status_code=202,
    response_model=MailAsked,
    responses=problems(WrongPassword, TooManyAttempts, Busy),
    tags=["Account"],
)
async def ask_for_email_change(
    payload: EmailChange, user: CurrentUser, auth: Auth, client: Caller
) -> dict[str, Any]:
    """Send a mail with a token to the new address; nothing changes before it is confirmed. The
    answer is the same when somebody else has the address: then they get a mail that says so.
    Three mails an hour to one address. Wrong passwords count like those at login."""
    await email_change.ask_for_change(
        auth,
        principal=user,
        new_email=payload.new_email,
        password=payload.password,
        network=client.network,
    )
    return ASKED


@router.post(
    "/api/auth/email/confirm",
    summary="Confirm my new address",
    status_code=204,
    responses=problems(InvalidEmailToken, EmailTaken),
    tags=["Account"],
)
async def confirm_email(payload: EmailToken, auth: Auth, _: Public) -> None:
    """With the token of the mail, once, within ten minutes. Ends all sessions: log in again with
    the new address. A mail tells the old one. 409 when somebody took the address meanwhile."""
    await email_change.confirm_email(auth, token=payload.token)
