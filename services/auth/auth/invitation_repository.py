"""Open invitations in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from auth.domain import Invitation, email_key
from auth.models import invitations
from shopkit.background import delete_batch
from shopkit.tables import insert_or_ignore

_SHOWN = [c for c in invitations.c if c.name not in ("email_key", "token_hash")]


def insert_invitation(conn: Connection, *, invitation: Invitation) -> bool:
    """False when one to this address is there."""
    row = {**vars(invitation), "roles": list(invitation.roles), "token_hash": None}
    return insert_or_ignore(conn, invitations, {**row, "email_key": email_key(invitation.email)})


def list_invitations(conn: Connection, *, now: datetime) -> list[Invitation]:
    """Newest first."""
    open_ones = select(*_SHOWN).where(invitations.c.expires_at > now)
    return [_invitation(row) for row in conn.execute(open_ones.order_by(invitations.c.id.desc()))]


def find_invitation(conn: Connection, *, invitation_id: str, now: datetime) -> Invitation | None:
    found = select(*_SHOWN).where(invitations.c.id == invitation_id, invitations.c.expires_at > now)
    row = conn.execute(found).first()
    return _invitation(row) if row else None


def find_invitation_by_token(
    conn: Connection, *, token_hash: str, now: datetime
) -> Invitation | None:
    found = select(*_SHOWN).where(
        invitations.c.token_hash == token_hash, invitations.c.expires_at > now
    )
    row = conn.execute(found).first()
    return _invitation(row) if row else None


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(**{**row._mapping, "roles": tuple(row.roles)})


def count_invitations(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(invitations)).scalar_one())


def count_invitations_to(conn: Connection, *, role: str) -> int:
    """Also those that have expired and are not yet cleared away: none is left without its role."""
    return sum(role in row.roles for row in conn.execute(select(invitations.c.roles)))


def set_token(conn: Connection, *, invitation_id: str, token_hash: str) -> None:
    changed = update(invitations).where(invitations.c.id == invitation_id)
    conn.execute(changed.values(token_hash=token_hash))


def delete_invitation(conn: Connection, *, invitation_id: str) -> bool:
    """False when it is gone: of many at once, one gets True."""
    gone = delete(invitations).where(invitations.c.id == invitation_id)
    return conn.execute(gone).rowcount == 1


def delete_invitations_by(conn: Connection, *, user_id: str) -> None:
    conn.execute(delete(invitations).where(invitations.c.invited_by == user_id))


def delete_expired_invitations(conn: Connection, *, now: datetime, limit: int) -> int:
    """How many went; at most `limit`."""
    return delete_batch(conn, invitations, invitations.c.expires_at <= now, limit=limit)
