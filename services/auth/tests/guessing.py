"""Trying passwords, and what is stored about it."""

from typing import Any

from sqlalchemy import Connection, select

from auth.login_limits import ACCOUNT
from auth.models import login_failures

ADA, EVE = "ada@example.com", "eve@example.com"
PASSWORD, WRONG = "correct horse battery", "a guess of it"


async def attempt(
    auth: Any, password: str = WRONG, *, address: str | None = None, **more: Any
) -> Any:
    headers = {"X-Real-IP": address} if address else {}
    body = {"email": ADA, "password": password, **more}
    return await auth.public.post("/api/auth/login", json=body, headers=headers)


async def guess(auth: Any, times: int, **more: Any) -> None:
    for _ in range(times):
        answer = await attempt(auth, **more)
        assert answer.status_code == 401, answer.text


async def close_account(auth: Any, **more: Any) -> None:
    await guess(auth, ACCOUNT.free + 1, **more)
    assert (await attempt(auth, **more)).status_code == 429


def rows(conn: Connection) -> list[Any]:
    return list(conn.execute(select(login_failures)))
