"""What a second factor is asked for, and whether what was sent is one."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from auth import second_factor_repository as store
from auth.domain import CUSTOMER, User
from auth.errors import InvalidSecondFactor, SecondFactorRequired
from auth.recovery_codes import code_hash, is_recovery_code
from auth.secret_box import SecretBox
from auth.totp import find_step
from shopkit.logs import get_logger

log = get_logger()


@dataclass(frozen=True)
class SecondFactorPolicy:
    box: SecretBox
    shop_name: str
    """As authenticator apps show it."""
    staff_must: bool

    def seen(self, user: User, *, with_second_factor: bool) -> User:
        """The user as a session shows them that was, or was not, opened with a second factor."""
        if with_second_factor or not self.staff_must:
            return user
        return without_staff_rights(user)


def without_staff_rights(user: User) -> User:
    """Nothing of what roles beyond `customer` allow."""
    own = tuple(role for role in user.roles if role == CUSTOMER)
    if own == user.roles:
        return user
    return replace(user, roles=own, scopes=(), second_factor_required=True)


def check_second_factor(
    conn: Connection, *, user: User, code: str | None, box: SecretBox, now: datetime
) -> bool:
    """Whether the user has one, and has proved it. The password was right, and the user is locked.
    Raises SecondFactorRequired and InvalidSecondFactor."""
    if not user.second_factor:
        return False
    if not code:
        raise SecondFactorRequired
    if not spend_code(conn, user_id=user.id, code=code, box=box, now=now):
        log.warning("second_factor_refused", user=user.id)
        raise InvalidSecondFactor
    return True


def spend_code(conn: Connection, *, user_id: str, code: str, box: SecretBox, now: datetime) -> bool:
    """Whether it is a code of these seconds or a recovery code, and was not used before: of many at
    once, one is. The user is locked."""
    if is_recovery_code(code):
        return store.spend_recovery_code(conn, user_id=user_id, code_hash=code_hash(code))
    factor = store.find_factor(conn, user_id=user_id)
    if factor is None or factor.confirmed_at is None:
        return False
    secret = box.open(factor.sealed_secret, owner=user_id)
    if secret is None:
        log.error("second_factor_unreadable", user=user_id)  # AUTH_SECRET_KEY is another one now
        return False
    step = find_step(secret, code, now=now, after=factor.last_step)
    return step is not None and store.spend_step(conn, user_id=user_id, step=step)
