"""Invitations: staff send and withdraw them, and who is invited accepts."""

from typing import Any

from fastapi import Response

from auth import acceptance, invitations
from auth.answers import shown, shown_made
from auth.deps import Auth, Caller, UserReader, UserWriter
from auth.errors import Busy, CannotGrant, InvalidEmailToken, TooManyAttempts
from auth.grants import require_current
from auth.schemas import EmailToken, User
from auth.staff_errors import (
    AccountExists,
    AlreadyInvited,
    OtherAddress,
    TooManyInvitations,
    TooManyMails,
)
from auth.staff_schemas import Acceptance, Invitation, InvitationInput, InvitationList
from shopkit.app import PathId
from shopkit.auth import CurrentUser, Public
from shopkit.errors import RequestInProgress
from shopkit.idempotency import IdempotencyKey
from shopkit.openapi import problems
from shopkit.routing import new_router

router = new_router()


@router.post(
    "/api/auth/invitations",
    summary="Invite somebody",
    status_code=201,
    response_model=Invitation,
    responses=problems(CannotGrant, AlreadyInvited, TooManyInvitations, TooManyMails),
    tags=["Invitations"],
)
async def invite(
    payload: InvitationInput, staff: UserWriter, auth: Auth, key: IdempotencyKey
) -> Response:
    """Send a mail with a token, by which its reader gets these roles within seven days: with a new
    account (`…/accept`) or with the one that they have (`…/join`). You cannot give a scope that you
    lack, and must still have it then. Disabling you withdraws your invitations.
    """
    answer = await invitations.invite(auth, actor=staff, payload=payload, key=key)
    return answer.response()


@router.get(
    "/api/auth/invitations",
    summary="List invitations",
    response_model=InvitationList,
    tags=["Invitations"],
)
async def list_invitations(staff: UserReader, auth: Auth) -> dict[str, Any]:
    """Those that are open, newest first; what is accepted, withdrawn or expired is gone."""
    await require_current(auth, staff)
    return {"items": [vars(each) for each in await invitations.list_invitations(auth)]}


@router.delete(
    "/api/auth/invitations/{invitation_id}",
    summary="Withdraw an invitation",
    status_code=204,
    tags=["Invitations"],
)
async def withdraw(invitation_id: PathId, staff: UserWriter, auth: Auth) -> None:
    """Its token is worth nothing any more."""
    await invitations.withdraw(auth, actor=staff, invitation_id=invitation_id)


@router.post(
    "/api/auth/invitations/accept",
    summary="Accept an invitation with a new account",
    status_code=201,
    response_model=User,
    responses=problems(InvalidEmailToken, AccountExists, RequestInProgress, TooManyAttempts, Busy),
    tags=["Invitations"],
)
async def accept(
    payload: Acceptance,
    response: Response,
    auth: Auth,
    client: Caller,
    key: IdempotencyKey,
    _: Public,
) -> dict[str, Any]:
    """With the token of the mail, once. The account has the invited address, which is verified by
    this. Then log in. 409 `account_exists` when the address has one: log in to it and join.
    """
    made = await acceptance.accept(
        auth,
        token=payload.token,
        password=payload.password,
        name=payload.name,
        key=key,
        network=client.network,
    )
    return shown_made(made, response)


@router.post(
    "/api/auth/invitations/join",
    summary="Accept an invitation with my account",
    response_model=User,
    responses=problems(InvalidEmailToken, OtherAddress),
    tags=["Invitations"],
)
async def join(
    payload: EmailToken, user: CurrentUser, response: Response, auth: Auth
) -> dict[str, Any]:
    """With the token of the mail, once, in the account of the address that it was sent to. You get
    the roles beside your own; refresh your tokens to use them.
    """
    me = await acceptance.join(auth, principal=user, token=payload.token)
    return shown(me, response)
