"""Users and roles, for staff."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import insert, update

from auth.models import roles, users
from auth.repository import find_user, insert_roles
from auth.scopes import SCOPES
from shopkit.ids import new_id

pytestmark = pytest.mark.anyio


async def get(auth: Any, who: Any, path: str = "", **query: Any) -> Any:
    return await auth.public.get(f"/api/auth/users{path}", params=query, headers=who.headers)


async def put_roles(auth: Any, who: Any, user_id: str, *names: str, **headers: str) -> Any:
    return await auth.public.put(
        f"/api/auth/users/{user_id}/roles",
        json={"roles": names},
        headers={**who.headers, **headers},
    )


async def test_roles_are_those_of_the_contract(auth: Any, admin: Any) -> None:
    answer = await auth.public.get("/api/auth/roles", headers=admin.headers)
    found = {role["name"]: set(role["scopes"]) for role in answer.json()["items"]}
    names = {"customer", "support", "catalog_manager", "order_manager", "admin"}
    assert found.keys() == names
    assert found["admin"] == SCOPES.keys()
    assert found["customer"] == set()
    assert all(scopes <= SCOPES.keys() for scopes in found.values())


async def test_a10_a_session_that_is_over_ends_staff_calls_at_once(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    await auth.public.post("/api/auth/logout-all", headers=admin.headers)
    assert (await get(auth, admin)).status_code == 401
    assert (await get(auth, admin, f"/{signed_in.user['id']}")).status_code == 401
    for path in ("/api/auth/roles", "/api/audit/accounts"):
        assert (await auth.public.get(path, headers=admin.headers)).status_code == 401
    assert (await put_roles(auth, admin, signed_in.user["id"], "admin")).status_code == 401
    again = await auth.public.post("/api/auth/logout-all", headers=admin.headers)
    assert again.status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/01a2045d-f955-7000-aa33-51b3e0e4c83c"),
        ("PUT", "/01a2045d-f955-7000-aa33-51b3e0e4c83c/roles"),
    ],
)
async def test_b4_customers_see_nothing_of_it(
    auth: Any, signed_in: Any, method: str, path: str
) -> None:
    body = {"json": {"roles": ["admin"]}} if method == "PUT" else {}
    url = f"/api/auth/users{path}"
    answer = await auth.public.request(method, url, headers=signed_in.headers, **body)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert (await auth.public.request(method, url, **body)).status_code == 401


async def test_users_are_paged_newest_first(auth: Any, admin: Any) -> None:
    made = [(await auth.register(f"user{n}@example.com"))["id"] for n in range(5)]
    page = (await get(auth, admin, limit=2, count="true")).json()
    seen = [user["id"] for user in page["items"]]
    assert page["total"] == 6
    await auth.register("late@example.com")  # while somebody reads page after page
    while page["next_cursor"]:
        page = (await get(auth, admin, limit=2, cursor=page["next_cursor"])).json()
        assert "total" not in page
        seen += [user["id"] for user in page["items"]]
    assert seen == [*reversed(made), admin.user["id"]]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ADA@", ["ada@example.com"]),
        ("@example.com", ["ada_2@example.com", "ada@example.com", "root@example.com"]),
        ("a_2", ["ada_2@example.com"]),
        ("a%", []),
        ("'", []),
    ],
)
async def test_c10_c11_users_are_found_by_part_of_the_address(
    auth: Any, admin: Any, q: str, found: list[str]
) -> None:
    await auth.register("ada@example.com")
    await auth.register("ada_2@example.com")
    page = (await get(auth, admin, q=q, count="true")).json()
    assert [user["email"] for user in page["items"]] == found
    assert page["total"] == len(found)


async def test_c8_cursors_fit_their_own_query_only(auth: Any, admin: Any) -> None:
    await auth.register("ada@example.com")
    cursor = (await get(auth, admin, limit=1)).json()["next_cursor"]
    other = await get(auth, admin, limit=1, cursor=cursor, q="ada")
    assert (other.status_code, other.json()["code"]) == (400, "invalid_cursor")
    assert (await get(auth, admin, cursor="forged")).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "1.0"},
        {"count": "1"},
        {"q": ""},
        {"q": "a\0"},
        {"page": 2},
    ],
    ids=str,
)
async def test_c8_odd_queries_are_refused(auth: Any, admin: Any, query: dict[str, Any]) -> None:
    assert (await get(auth, admin, **query)).status_code == 422


async def test_a_user_is_shown_with_an_etag(auth: Any, admin: Any) -> None:
    ada = await auth.register()
    del ada["second_factor_required"]  # of a session
    answer = await get(auth, admin, f"/{ada['id']}")
    assert answer.json().items() >= ada.items()
    assert answer.json()["disabled"] is False
    headers = {**admin.headers, "If-None-Match": answer.headers["etag"]}
    again = await auth.public.get(f"/api/auth/users/{ada['id']}", headers=headers)
    assert again.status_code == 304


@pytest.mark.parametrize("user_id", ["01a2045d-f955-7000-aa33-51b3e0e4c83c", "1", "' OR 1=1"])
async def test_c9_unknown_users_are_not_found(auth: Any, admin: Any, user_id: str) -> None:
    assert (await get(auth, admin, f"/{user_id}")).status_code == 404
    assert (await put_roles(auth, admin, user_id)).status_code == 404


async def test_roles_take_effect_at_the_next_token(auth: Any, admin: Any, signed_in: Any) -> None:
    answer = await put_roles(auth, admin, signed_in.user["id"], "customer", "order_manager")
    assert answer.json()["roles"] == ["customer", "order_manager"]
    assert "refunds:write" in answer.json()["scopes"]
    assert (await get(auth, signed_in)).status_code == 403
    assert "refunds:write" in (await auth.me(signed_in.access_token)).json()["scopes"]
    fresh = (await auth.refresh(signed_in.refresh_token)).json()
    headers = {"Authorization": f"Bearer {fresh['access_token']}"}
    assert (await auth.public.get("/api/auth/users", headers=headers)).status_code == 200


async def test_setting_the_same_roles_changes_nothing(auth: Any, admin: Any) -> None:
    ada = await auth.register()
    tag = (await get(auth, admin, f"/{ada['id']}")).headers["etag"]
    same = await put_roles(auth, admin, ada["id"], "customer", "customer", **{"If-Match": tag})
    assert (same.status_code, same.headers["etag"]) == (200, tag)
    changed = await put_roles(auth, admin, ada["id"], **{"If-Match": tag})
    assert changed.json()["roles"] == []
    stale = await put_roles(auth, admin, ada["id"], "support", **{"If-Match": tag})
    assert stale.status_code == 412


async def test_unknown_roles_are_refused(auth: Any, admin: Any) -> None:
    ada = await auth.register()
    answer = await put_roles(auth, admin, ada["id"], "owner")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_role")


async def test_nobody_gives_or_takes_a_scope_that_they_lack(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    """A role that may give roles, and has little else."""
    row = {"name": "registrar", "description": "", "built_in": False}
    row |= {"scopes": ["users:read", "users:write", "orders:read"]}
    await auth.database.run(lambda conn: conn.execute(insert(roles).values(row)))
    await put_roles(auth, admin, signed_in.user["id"], "registrar")
    registrar = await auth.log_in()
    headers = {"Authorization": f"Bearer {registrar['access_token']}"}

    async def give(user_id: str, *names: str) -> Any:
        url = f"/api/auth/users/{user_id}/roles"
        return await auth.public.put(url, json={"roles": names}, headers=headers)

    eve = await auth.register("eve@example.com")
    refused = await give(eve["id"], "customer", "support")
    assert (refused.status_code, refused.json()["code"]) == (403, "cannot_grant")
    assert "refunds:read" in refused.json()["missing_scopes"]
    assert (await give(signed_in.user["id"], "admin")).status_code == 403  # oneself
    assert (await give(admin.user["id"], "customer")).status_code == 403  # taking
    assert (await give(eve["id"], "registrar")).status_code == 200


async def test_the_last_admin_cannot_be_lost(auth: Any, admin: Any, signed_in: Any) -> None:
    alone = await put_roles(auth, admin, admin.user["id"], "customer")
    assert (alone.status_code, alone.json()["code"]) == (409, "last_admin")
    await put_roles(auth, admin, signed_in.user["id"], "customer", "admin")
    ada = users.c.id == signed_in.user["id"]
    await auth.database.run(lambda c: c.execute(update(users).where(ada).values(disabled=True)))
    assert (await put_roles(auth, admin, admin.user["id"], "customer")).status_code == 409
    await auth.database.run(lambda c: c.execute(update(users).where(ada).values(disabled=False)))
    assert (await put_roles(auth, admin, admin.user["id"], "customer")).status_code == 200


async def test_admins_who_demote_each_other_at_once_leave_one(auth: Any, admin: Any) -> None:
    """Each demotes the next one."""
    ring = [admin]
    for number in range(7):
        email = f"admin{number}@example.com"
        user = await auth.register(email)
        await auth.database.run(insert_roles, user_id=user["id"], names=["admin"])
        pair = await auth.log_in(email)
        ring.append(type(admin)(user, pair["access_token"], pair["refresh_token"]))
    await asyncio.gather(*(auth.me(each.access_token) for each in ring))  # opens connections
    answers = await asyncio.gather(
        *(
            put_roles(auth, each, following.user["id"], "customer")
            for each, following in pairwise([*ring, admin])
        )
    )
    assert {answer.status_code for answer in answers} <= {200, 403}
    users_now = [await auth.database.read(find_user, user_id=each.user["id"]) for each in ring]
    demoted = [user for user in users_now if "admin" not in user.roles]
    assert len(demoted) == sum(answer.status_code == 200 for answer in answers) < len(ring)


async def test_a10_a_demoted_admin_gives_nothing_with_the_old_token(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    await auth.database.run(insert_roles, user_id=signed_in.user["id"], names=["admin"])
    assert (await put_roles(auth, admin, admin.user["id"], "customer")).status_code == 200
    answer = await put_roles(auth, admin, admin.user["id"], "customer", "admin")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


async def test_roles_are_given_to_who_exists(auth: Any, admin: Any) -> None:
    assert (await put_roles(auth, admin, new_id(), "support")).status_code == 404
