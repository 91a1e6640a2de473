"""Every write of staff lands in the audit log, once; and nothing else does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Text, cast, func, select

from auth.commands import create_admin
from auth.main import build
from auth.models import api_keys, audit_log
from auth.settings import AuthSettings
from shopkit.audit_checks import check_append_only, entries_of, writes
from shopkit.databases import open_database

from .conftest import Auth, SignedIn
from .inviting import accept, invited
from .second_factors import switch_on

pytestmark = pytest.mark.anyio
LOG = "/api/audit/accounts"
Done = tuple[httpx2.Response, str, Any, Any]
"""The answer; and action, before and after of the entry that is to be there."""


async def put(
    auth: Auth, admin: SignedIn, user: SignedIn, what: str, value: Any
) -> httpx2.Response:
    path = f"/api/auth/users/{user.user['id']}/{what}"
    return await auth.public.put(path, json={what: value}, headers=admin.headers)


async def set_roles(auth: Auth, admin: SignedIn, ada: SignedIn) -> Done:
    answer = await put(auth, admin, ada, "roles", ["support", "customer"])
    after = {"roles": ["customer", "support"]}
    return answer, "user.set_roles", {"roles": ["customer"]}, after


async def disable(auth: Auth, admin: SignedIn, ada: SignedIn) -> Done:
    answer = await put(auth, admin, ada, "disabled", True)
    return answer, "user.disable", {"disabled": False}, {"disabled": True}


async def reset_second_factor(auth: Auth, admin: SignedIn, ada: SignedIn) -> Done:
    await switch_on(auth, ada)
    path = f"/api/auth/users/{ada.user['id']}/second-factor"
    answer = await auth.public.delete(path, headers=admin.headers)
    was, is_now = {"second_factor": True}, {"second_factor": False}
    return answer, "user.reset_second_factor", was, is_now


async def create_role(auth: Auth, admin: SignedIn, ada: SignedIn) -> Done:
    body = {"name": "packer", "description": "Sends", "scopes": ["orders:write"]}
    answer = await auth.public.post("/api/auth/roles", json=body, headers=admin.headers)
    return answer, "role.create", None, {"description": "Sends", "scopes": ["orders:write"]}


async def change_role(auth: Auth, admin: SignedIn, ada: SignedIn) -> Done:
    await create_role(auth, admin, ada)
    body = {"description": "Sends", "scopes": ["orders:read"]}
    answer = await auth.public.put("/api/auth/roles/packer", json=body, headers=admin.headers)
    return answer, "role.change", {"scopes": ["orders:write"]}, {"scopes": ["orders:read"]}


async def delete_role(auth: Auth, admin: SignedIn, ada: SignedIn) -> Done:
    await create_role(auth, admin, ada)
    answer = await auth.public.delete("/api/auth/roles/packer", headers=admin.headers)
    return answer, "role.delete", {"description": "Sends", "scopes": ["orders:write"]}, None


async def invite(auth: Auth, admin: SignedIn, ada: SignedIn) -> Done:
    body = {"email": "eve@example.com", "roles": ["support"]}
    answer = await auth.public.post("/api/auth/invitations", json=body, headers=admin.headers)
    return answer, "invitation.create", None, {"roles": ["support"]}


async def withdraw(auth: Auth, admin: SignedIn, ada: SignedIn) -> Done:
    made, *_ = await invite(auth, admin, ada)
    path = f"/api/auth/invitations/{made.json()['id']}"
    answer = await auth.public.delete(path, headers=admin.headers)
    return answer, "invitation.withdraw", {"roles": ["support"]}, None


async def delete(auth: Auth, admin: SignedIn, ada: SignedIn) -> Done:
    path = f"/api/auth/users/{ada.user['id']}"
    answer = await auth.public.delete(path, headers=admin.headers)
    return answer, "user.delete", {"roles": ["customer"], "disabled": False}, None


async def make_key(auth: Auth, admin: SignedIn, _: SignedIn) -> Done:
    body = {"name": "Warehouse of Ada", "scopes": ["orders:read"], "rate_class": "high"}
    answer = await auth.public.post("/api/auth/keys", json=body, headers=admin.headers)
    after = {"scopes": ["orders:read"], "expires_at": None, "rate_class": "high"}
    return answer, "api_key.create", None, after


async def revoke_key(auth: Auth, admin: SignedIn, ada: SignedIn) -> Done:
    made, *_ = await make_key(auth, admin, ada)
    path = f"/api/auth/keys/{made.json()['id']}"
    answer = await auth.public.delete(path, headers=admin.headers)
    return answer, "api_key.revoke", {"revoked": False}, {"revoked": True}


ACTIONS: dict[str, Callable[[Auth, SignedIn, SignedIn], Awaitable[Done]]] = {
    "PUT /api/auth/users/{user_id}/roles": set_roles,
    "PUT /api/auth/users/{user_id}/disabled": disable,
    "DELETE /api/auth/users/{user_id}": delete,
    "DELETE /api/auth/users/{user_id}/second-factor": reset_second_factor,
    "POST /api/auth/roles": create_role,
    "PUT /api/auth/roles/{name}": change_role,
    "DELETE /api/auth/roles/{name}": delete_role,
    "POST /api/auth/invitations": invite,
    "DELETE /api/auth/invitations/{invitation_id}": withdraw,
    "POST /api/auth/keys": make_key,
    "DELETE /api/auth/keys/{key_id}": revoke_key,
}


@pytest.mark.parametrize("route", ACTIONS)
async def test_every_write_of_staff_has_its_entry(
    auth: Auth, admin: SignedIn, signed_in: SignedIn, route: str
) -> None:
    answer, action, before, after = await ACTIONS[route](auth, admin, signed_in)
    assert answer.is_success, answer.text
    (entry,) = await entries_of(auth.public, LOG, admin.headers["Authorization"], answer)
    assert (entry["action"], entry["actor"]) == (action, {"id": admin.user["id"]})
    kind = action.partition(".")[0]
    ids = {"user": signed_in.user["id"], "role": "packer", "api_key": await newest_key(auth)}
    object_id = ids.get(kind, entry["object"]["id"])
    assert entry["object"] == {"type": kind, "id": object_id}
    assert (entry["before"], entry["after"]) == (before, after)
    assert entry["request_id"] == answer.headers["x-request-id"]
    await check_append_only(auth.database)


async def newest_key(auth: Auth) -> str | None:
    newest = select(func.max(cast(api_keys.c.id, Text)))
    found: str | None = await auth.database.read(lambda conn: conn.execute(newest).scalar())
    return found


def test_no_write_of_staff_is_forgotten(settings: AuthSettings) -> None:
    """Whoever adds one adds it to ACTIONS, with the entry that it leaves."""
    assert writes(build(settings).public, "staff") == ACTIONS.keys()


async def test_who_accepts_an_invitation_is_written_down(auth: Auth, admin: SignedIn) -> None:
    user = (await accept(auth, await invited(auth, admin, "support"))).json()
    found = [row for row in await auth.database.read(entries) if row[1] == "invitation.accept"]
    assert [row[:4] for row in found] == [
        (user["id"], "invitation.accept", {"roles": ["support"]}, None)
    ]


async def test_enabling_has_its_entry(auth: Auth, admin: SignedIn, signed_in: SignedIn) -> None:
    await put(auth, admin, signed_in, "disabled", True)
    answer = await put(auth, admin, signed_in, "disabled", False)
    (entry,) = await entries_of(auth.public, LOG, admin.headers["Authorization"], answer)
    assert (entry["action"], entry["after"]) == ("user.enable", {"disabled": False})


async def test_failures_and_what_changes_nothing_leave_none(
    auth: Auth, admin: SignedIn, signed_in: SignedIn
) -> None:
    answers = [
        await put(auth, admin, admin, "roles", ["customer"]),
        await put(auth, admin, admin, "disabled", True),
        await put(auth, admin, signed_in, "roles", ["nobody"]),
        await put(auth, admin, signed_in, "roles", ["customer"]),
        await put(auth, admin, signed_in, "disabled", False),
    ]
    assert [answer.status_code for answer in answers] == [409, 409, 422, 200, 200]
    assert await auth.database.read(entries) == []


async def test_what_people_do_with_their_own_account_leaves_none(
    auth: Auth, signed_in: SignedIn
) -> None:
    me = {"name": "Ada L."}
    answer = await auth.public.patch("/api/auth/me", json=me, headers=signed_in.headers)
    assert answer.status_code == 200
    await auth.public.post("/api/auth/logout-all", headers=signed_in.headers)
    assert await auth.database.read(entries) == []


async def test_b4_only_who_has_the_scope_reads_it(
    auth: Auth, admin: SignedIn, signed_in: SignedIn
) -> None:
    await put(auth, admin, signed_in, "roles", ["support", "catalog_manager", "order_manager"])
    pair = await auth.log_in()
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert (await auth.public.get(LOG, headers=headers)).status_code == 403
    assert (await auth.public.get(LOG)).status_code == 401
    assert (await auth.public.get(LOG, headers=admin.headers)).status_code == 200


async def test_the_operators_command_acts_as_system(settings: AuthSettings) -> None:
    named = {"admin_email": SecretStr("root@example.com")}
    named["admin_password"] = SecretStr("vio7-Tulpen-am-Kai")
    for _ in range(2):
        await asyncio.to_thread(create_admin, settings.model_copy(update=named))
    database = open_database(settings.database_url)
    await database.start()
    found = await database.read(entries)
    await database.stop()
    assert found == [("system", "user.create", None, {"roles": ["customer", "admin"]}, None)]


def entries(conn: Connection) -> list[tuple[Any, ...]]:
    names = ("actor", "action", "before", "after", "request_id")
    rows = conn.execute(select(*(audit_log.c[name] for name in names)))
    return [tuple(row) for row in rows]
