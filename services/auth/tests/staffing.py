"""Staff for tests."""

from typing import Any

from sqlalchemy import insert

from auth.models import roles
from auth.repository import insert_roles


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def with_role(auth: Any, like: Any, name: str, *scopes: str) -> Any:
    """Somebody who has the role of this name, which is made when it has scopes."""
    if scopes:
        row = {"name": name, "description": "", "built_in": False, "scopes": scopes}
        await auth.database.run(lambda conn: conn.execute(insert(roles).values(row)))
    user = await auth.register(f"{name}@example.com")
    await auth.database.run(insert_roles, user_id=user["id"], names=[name])
    pair = await auth.log_in(f"{name}@example.com")
    return type(like)(user, pair["access_token"], pair["refresh_token"])
