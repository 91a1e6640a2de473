"""Roles of one's own: staff make, change and delete them, within their own scopes."""

from typing import Any

import jwt
import pytest
from sqlalchemy import select

from auth.models import events
from auth.models import roles as roles_table
from auth.role_repository import list_roles
from auth.roles import MAX_ROLES
from auth.scopes import SCOPES
from services.auth.tests.staffing import code, with_role

pytestmark = pytest.mark.anyio
PACKER = {"name": "packer", "description": "Sends parcels", "scopes": ["orders:write"]}
BUILT_IN = ["customer", "support", "catalog_manager", "order_manager", "admin"]


async def call(auth: Any, who: Any, method: str, name: str = "", **more: Any) -> Any:
    headers = {**who.headers, **more.pop("headers", {})}
    path = f"/api/auth/roles/{name}".rstrip("/")
    return await auth.public.request(method, path, headers=headers, **more)


async def create(auth: Any, who: Any, **changes: Any) -> Any:
    return await call(auth, who, "POST", json={**PACKER, **changes})


async def change(auth: Any, who: Any, *scopes: str, name: str = "packer", **headers: str) -> Any:
    return await call(auth, who, "PUT", name, json={"scopes": scopes}, headers=headers)


async def give(auth: Any, who: Any, user_id: str, *names: str) -> Any:
    url = f"/api/auth/users/{user_id}/roles"
    return await auth.public.put(url, json={"roles": names}, headers=who.headers)


async def test_a_role_is_made_given_changed_and_deleted(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    made = await create(auth, admin, scopes=["orders:write", "orders:read", "orders:read"])
    shown = {**PACKER, "scopes": ["orders:read", "orders:write"], "built_in": False}
    assert (made.status_code, made.json()) == (201, shown)
    assert made.headers["location"] == "/api/auth/roles/packer"
    got = await call(auth, admin, "GET", "packer")
    assert (got.json(), got.headers["etag"]) == (shown, made.headers["etag"])
    given = await give(auth, admin, signed_in.user["id"], "packer")
    assert given.json()["scopes"] == ["orders:read", "orders:write"]
    changed = await change(auth, admin, "orders:read")
    assert changed.json() == {**shown, "description": "", "scopes": ["orders:read"]}
    assert (await auth.me(signed_in.access_token)).json()["scopes"] == ["orders:read"]
    await give(auth, admin, signed_in.user["id"])
    assert (await call(auth, admin, "DELETE", "packer")).status_code == 204
    assert (await call(auth, admin, "GET", "packer")).status_code == 404


async def test_scopes_are_listed_with_what_they_allow(auth: Any, admin: Any) -> None:
    answer = await auth.public.get("/api/auth/scopes", headers=admin.headers)
    listed = {item["name"]: item["description"] for item in answer.json()["items"]}
    assert listed == SCOPES
    assert listed["refunds:write"] == "Give money back"


async def test_changes_to_what_somebody_else_changed_are_refused(auth: Any, admin: Any) -> None:
    tag = (await create(auth, admin)).headers["etag"]
    unchanged = await call(auth, admin, "GET", "packer", headers={"If-None-Match": tag})
    assert unchanged.status_code == 304
    assert (await change(auth, admin, "orders:read", **{"If-Match": tag})).status_code == 200
    assert code(await change(auth, admin, **{"If-Match": tag})) == (412, "precondition_failed")
    stale = await call(auth, admin, "DELETE", "packer", headers={"If-Match": tag})
    assert code(stale) == (412, "precondition_failed")


async def test_a_role_that_somebody_has_is_not_deleted(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    await create(auth, admin)
    await give(auth, admin, signed_in.user["id"], "packer")
    refused = await call(auth, admin, "DELETE", "packer")
    assert code(refused) == (409, "role_in_use")
    assert refused.json()["users"] == 1
    assert (await auth.me(signed_in.access_token)).json()["roles"] == ["packer"]


@pytest.mark.parametrize("name", BUILT_IN)
async def test_built_in_roles_stay_as_they_are(auth: Any, admin: Any, name: str) -> None:
    """By which the last admin cannot lose what admins may do."""
    before = await auth.database.read(list_roles)
    assert code(await change(auth, admin, name=name)) == (409, "role_built_in")
    assert code(await change(auth, admin, *SCOPES, name=name)) == (409, "role_built_in")
    assert code(await call(auth, admin, "DELETE", name)) == (409, "role_built_in")
    assert code(await create(auth, admin, name=name)) == (409, "role_taken")
    assert await auth.database.read(list_roles) == before


async def test_a_name_is_for_one_role(auth: Any, admin: Any) -> None:
    await create(auth, admin)
    assert code(await create(auth, admin, scopes=[])) == (409, "role_taken")
    assert (await call(auth, admin, "GET", "packer")).json()["scopes"] == ["orders:write"]


async def test_b4_nobody_makes_or_changes_a_role_beyond_their_own_scopes(
    auth: Any, admin: Any
) -> None:
    """Not the own role either, by which one would promote oneself."""
    own = ["users:read", "users:write", "orders:read", "orders:write"]
    registrar = await with_role(auth, admin, "registrar", *own)
    refused = await create(auth, registrar, scopes=["orders:write", "refunds:write"])
    assert code(refused) == (403, "cannot_grant")
    assert refused.json()["missing_scopes"] == ["refunds:write"]
    promoted = await change(auth, registrar, *own, "refunds:write", name="registrar")
    assert code(promoted) == (403, "cannot_grant")
    assert (await create(auth, registrar)).status_code == 201
    await create(auth, admin, name="cashier", scopes=["refunds:write"])
    assert code(await change(auth, registrar, name="cashier")) == (403, "cannot_grant")  # taking
    kept = await change(auth, registrar, "refunds:write", "orders:read", name="cashier")
    assert kept.status_code == 200
    assert code(await call(auth, registrar, "DELETE", "cashier")) == (403, "cannot_grant")
    assert code(await change(auth, registrar, name="admin")) == (403, "cannot_grant")
    assert (await auth.me(registrar.access_token)).json()["scopes"] == sorted(own)


@pytest.mark.parametrize(
    ("method", "name", "body"),
    [
        ("GET", "", None),
        ("GET", "support", None),
        ("POST", "", PACKER),
        ("PUT", "support", {"scopes": []}),
        ("DELETE", "support", None),
    ],
)
async def test_b4_roles_are_for_staff_with_the_scope(
    auth: Any, admin: Any, signed_in: Any, method: str, name: str, body: Any
) -> None:
    sent = {"json": body} if body else {}
    refused = await call(auth, signed_in, method, name, **sent)
    assert code(refused) == (403, "insufficient_scope")
    reader = await with_role(auth, admin, "support")
    assert (await call(auth, reader, method, name, **sent)).is_success == (method == "GET")
    anybody = await auth.public.request(method, f"/api/auth/roles/{name}".rstrip("/"), **sent)
    assert anybody.status_code == 401
    scopes = await auth.public.get("/api/auth/scopes", headers=signed_in.headers)
    assert code(scopes) == (403, "insufficient_scope")


async def test_a10_a_demoted_admin_changes_no_role_with_the_old_token(
    auth: Any, admin: Any
) -> None:
    second = await with_role(auth, admin, "admin")
    await give(auth, admin, second.user["id"], "support")
    assert code(await create(auth, second)) == (403, "insufficient_scope")
    await create(auth, admin)
    assert code(await change(auth, second, "orders:read")) == (403, "insufficient_scope")
    assert code(await call(auth, second, "DELETE", "packer")) == (403, "insufficient_scope")
    await auth.public.post("/api/auth/logout-all", headers=second.headers)
    assert code(await create(auth, second, name="other")) == (401, "invalid_token")
    assert code(await call(auth, second, "GET")) == (401, "invalid_token")
    ended = await auth.public.get("/api/auth/scopes", headers=second.headers)
    assert code(ended) == (401, "invalid_token")


async def told(auth: Any) -> set[tuple[str, str, int]]:
    rows = await auth.database.read(lambda conn: conn.execute(select(events)).all())
    return {(row.kind, row.user_id, row.payload.get("version", 0)) for row in rows}


async def test_a10_new_scopes_of_a_role_void_the_tokens_of_all_who_have_it(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    await create(auth, admin)
    bob = await auth.register("bob@example.com")
    for user_id in (signed_in.user["id"], bob["id"]):
        await give(auth, admin, user_id, "packer")
    before = await told(auth)
    unchanged = {"description": "Sends", "scopes": ["orders:write"]}
    await call(auth, admin, "PUT", "packer", json=unchanged)
    assert await told(auth) == before
    assert (await change(auth, admin, "orders:read")).status_code == 200
    new = await told(auth) - before
    assert new == {("tokens_voided", user_id, 2) for user_id in (signed_in.user["id"], bob["id"])}
    fresh = (await auth.refresh(signed_in.refresh_token)).json()["access_token"]
    claims = jwt.decode(fresh, options={"verify_signature": False})
    assert (claims["ver"], claims["scope"]) == (2, "orders:read")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"scopes": ["orders:read", "orders:delete"]}, "/scopes/1"),
        ({"scopes": ["*"]}, "/scopes/0"),
        ({"scopes": ["orders:read users:write"]}, "/scopes/0"),
        ({"scopes": None}, "/scopes"),
        ({"name": "Packer"}, "/name"),
        ({"name": "p" * 65}, "/name"),
        ({"name": "a/b"}, "/name"),
        ({"name": ""}, "/name"),
        ({"description": "a\0b"}, "/description"),
        ({"description": "a" * 501}, "/description"),
        ({"built_in": True}, "/built_in"),
    ],
    ids=str,
)
async def test_b3_odd_roles_are_refused(
    auth: Any, admin: Any, changes: dict[str, Any], pointer: str
) -> None:
    refused = await create(auth, admin, **changes)
    assert code(refused) == (422, "validation_error")
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    names = select(roles_table.c.name).where(roles_table.c.built_in.is_(False))
    assert await auth.database.read(lambda conn: conn.execute(names).all()) == []


@pytest.mark.parametrize("name", ["nobody", "Packer", "a%00b", "%27", "a%2Fb"])
async def test_c9_unknown_roles_are_not_found(auth: Any, admin: Any, name: str) -> None:
    assert (await call(auth, admin, "GET", name)).status_code == 404
    assert (await change(auth, admin, name=name)).status_code == 404
    assert (await call(auth, admin, "DELETE", name)).status_code == 404


async def test_c20_there_are_only_so_many_roles(auth: Any, admin: Any) -> None:
    for number in range(MAX_ROLES):
        assert (await create(auth, admin, name=f"role_{number}")).status_code == 201
    assert code(await create(auth, admin)) == (409, "too_many_roles")
    assert (await call(auth, admin, "DELETE", "role_7")).status_code == 204
    assert (await create(auth, admin)).status_code == 201
