"""Staff disable users, and enable them again."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from auth.models import users
from auth.repository import find_user
from auth.scopes import SCOPES
from services.auth.tests.staffing import code, with_role
from shopkit.ids import new_id

pytestmark = pytest.mark.anyio
CREDENTIALS = {"email": "ada@example.com", "password": "correct horse battery"}


async def put(auth: Any, who: Any, user_id: str, disabled: Any = True, **headers: str) -> Any:
    return await auth.public.put(
        f"/api/auth/users/{user_id}/disabled",
        json={"disabled": disabled},
        headers={**who.headers, **headers},
    )


async def test_a10_a_disabled_user_is_out_at_once(auth: Any, admin: Any, signed_in: Any) -> None:
    answer = await put(auth, admin, signed_in.user["id"])
    assert (answer.status_code, answer.json()["disabled"]) == (200, True)
    assert (await auth.me(signed_in.access_token)).status_code == 401
    assert (await auth.refresh(signed_in.refresh_token)).status_code == 401
    assert code(await auth.post("login", **CREDENTIALS)) == (401, "invalid_credentials")
    shown = await auth.public.get(f"/api/auth/users/{signed_in.user['id']}", headers=admin.headers)
    assert (shown.json(), shown.headers["etag"]) == (answer.json(), answer.headers["etag"])


async def test_a10_enabling_brings_no_session_back(auth: Any, admin: Any, signed_in: Any) -> None:
    await put(auth, admin, signed_in.user["id"])
    answer = await put(auth, admin, signed_in.user["id"], False)
    assert (answer.status_code, answer.json()["disabled"]) == (200, False)
    assert (await auth.me(signed_in.access_token)).status_code == 401
    assert (await auth.refresh(signed_in.refresh_token)).status_code == 401
    pair = await auth.log_in()
    assert (await auth.me(pair["access_token"])).json().items() >= signed_in.user.items()


async def test_disabling_twice_changes_nothing(auth: Any, admin: Any, signed_in: Any) -> None:
    tag = (await put(auth, admin, signed_in.user["id"])).headers["etag"]
    again = await put(auth, admin, signed_in.user["id"], **{"If-Match": tag})
    assert (again.status_code, again.headers["etag"]) == (200, tag)
    enabled = await put(auth, admin, signed_in.user["id"], False, **{"If-Match": tag})
    assert enabled.status_code == 200
    stale = await put(auth, admin, signed_in.user["id"], True, **{"If-Match": tag})
    assert code(stale) == (412, "precondition_failed")


async def test_nobody_disables_themselves(auth: Any, admin: Any) -> None:
    other = await with_role(auth, admin, "admin")
    assert code(await put(auth, admin, admin.user["id"])) == (409, "own_account")
    assert (await put(auth, admin, admin.user["id"], False)).status_code == 200
    assert (await put(auth, admin, other.user["id"])).status_code == 200


async def test_the_last_admin_cannot_be_disabled(auth: Any, admin: Any) -> None:
    """By who may do all that an admin may, and is none."""
    deputy = await with_role(auth, admin, "deputy", *sorted(SCOPES))
    assert code(await put(auth, deputy, admin.user["id"])) == (409, "last_admin")
    second = await with_role(auth, admin, "admin")
    assert (await put(auth, deputy, admin.user["id"])).status_code == 200
    assert code(await put(auth, deputy, second.user["id"])) == (409, "last_admin")
    assert (await put(auth, deputy, admin.user["id"], False)).status_code == 200
    await auth.database.run(lambda conn: conn.execute(update(users).values(disabled=True)))
    again = update(users).where(users.c.id == deputy.user["id"]).values(disabled=False)
    await auth.database.run(lambda conn: conn.execute(again))
    assert (await put(auth, deputy, admin.user["id"], False)).status_code == 200  # none is left


async def test_nobody_disables_or_enables_who_has_a_scope_that_they_lack(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    registrar = await with_role(auth, admin, "registrar", "users:read", "users:write")
    support = await with_role(auth, admin, "support")
    for disabled in (True, False):
        refused = await put(auth, registrar, support.user["id"], disabled)
        assert code(refused) == (403, "cannot_grant")
        assert "orders:read" in refused.json()["missing_scopes"]
    assert (await auth.me(support.access_token)).status_code == 200
    assert code(await put(auth, registrar, admin.user["id"])) == (403, "cannot_grant")
    assert (await put(auth, registrar, signed_in.user["id"])).status_code == 200


async def test_b4_customers_and_who_only_reads_may_not(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    support = await with_role(auth, admin, "support")
    for who in (signed_in, support):
        refused = await put(auth, who, admin.user["id"])
        assert code(refused) == (403, "insufficient_scope")
    url = f"/api/auth/users/{signed_in.user['id']}/disabled"
    assert (await auth.public.put(url, json={"disabled": True})).status_code == 401
    assert (await auth.public.post(url, headers=signed_in.headers)).status_code == 405


async def test_a10_a_demoted_or_disabled_admin_disables_nobody_with_the_old_token(
    auth: Any, admin: Any, signed_in: Any
) -> None:
    second, third = await with_role(auth, admin, "admin"), await with_role(auth, admin, "support")
    demoted = await auth.public.put(
        f"/api/auth/users/{second.user['id']}/roles",
        json={"roles": ["customer"]},
        headers=admin.headers,
    )
    assert demoted.status_code == 200
    refused = await put(auth, second, signed_in.user["id"])
    assert code(refused) == (403, "insufficient_scope")
    await put(auth, admin, second.user["id"])
    assert code(await put(auth, second, third.user["id"])) == (401, "invalid_token")
    assert (await auth.me(signed_in.access_token)).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"disabled": 1}, {"disabled": "true"}, {"disabled": True, "roles": []}], ids=str
)
async def test_b3_odd_input_is_refused(auth: Any, admin: Any, signed_in: Any, body: Any) -> None:
    url = f"/api/auth/users/{signed_in.user['id']}/disabled"
    answer = await auth.public.put(url, json=body, headers=admin.headers)
    assert code(answer) == (422, "validation_error")
    assert (await auth.me(signed_in.access_token)).status_code == 200


async def test_c9_who_does_not_exist_is_not_found(auth: Any, admin: Any) -> None:
    assert (await put(auth, admin, new_id())).status_code == 404
    assert (await put(auth, admin, "1")).status_code == 404


async def test_admins_who_disable_each_other_at_once_leave_one(auth: Any, admin: Any) -> None:
    second = await with_role(auth, admin, "admin")
    pairs = [(admin, second), (second, admin)] * 3
    answers = await asyncio.gather(*(put(auth, who, whom.user["id"]) for who, whom in pairs))
    assert {answer.status_code for answer in answers} == {200, 401}
    left = [await auth.database.read(find_user, user_id=w.user["id"]) for w in (admin, second)]
    assert [user.disabled for user in left].count(True) == 1


async def test_a10_a_login_at_once_leaves_a_disabled_user_no_session(
    auth: Any, admin: Any, signed_in: Any, held: Any
) -> None:
    late = await held.hold(auth.post("login", **CREDENTIALS))
    assert (await put(auth, admin, signed_in.user["id"])).status_code == 200
    assert code(await held.let_go(late)) == (401, "invalid_credentials")
