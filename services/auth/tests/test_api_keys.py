"""API keys: who makes, sees and revokes them, and what they are good for in auth itself."""

import base64
from datetime import timedelta
from typing import Any

import jwt
import pytest
from pydantic import TypeAdapter
from sqlalchemy import select, update

from auth import api_keys as use_cases
from auth.api_key_schemas import NewApiKey
from auth.models import api_keys, audit_log, roles, users
from shopkit.clock import FrozenClock
from shopkit.ids import new_id
from shopkit.key_limits import FORM

from .conftest import Auth, SignedIn, bearer
from .staffing import with_role
from .test_events import told_of

pytestmark = pytest.mark.anyio
READER = ["audit:read", "users:read"]


@pytest.fixture(autouse=True)
def _room(clock: FrozenClock) -> None:
    """To go on in without leaving what verifiers take for the present."""
    clock.advance(minutes=-5)


async def make(auth: Auth, who: SignedIn, **given: Any) -> Any:
    body = {"name": "Warehouse", "scopes": READER, **given}
    return await auth.public.post("/api/auth/keys", json=body, headers=who.headers)


async def made(auth: Auth, who: SignedIn, **given: Any) -> dict[str, Any]:
    answer = await make(auth, who, **given)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"] == f"/api/auth/keys/{answer.json()['id']}"
    return dict(answer.json())


async def users_by(auth: Auth, key: str) -> tuple[int, str]:
    """How the key is answered that lists users."""
    answer = await auth.public.get("/api/auth/users", headers=bearer(key))
    return answer.status_code, answer.json().get("code", "")


async def exchange(auth: Auth, key: str) -> Any:
    headers = bearer(auth.context.issuer.service_token("orders"))
    return await auth.internal.post("/internal/keys/exchange", json={"key": key}, headers=headers)


async def set_roles(auth: Auth, admin: SignedIn, user_id: str, *names: str) -> None:
    path = f"/api/auth/users/{user_id}/roles"
    answer = await auth.public.put(path, json={"roles": names}, headers=admin.headers)
    assert answer.status_code == 200, answer.text


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


async def test_a_key_is_shown_once_and_stored_as_a_hash(auth: Auth, admin: SignedIn) -> None:
    key = await made(auth, admin)
    assert FORM.fullmatch(key["key"])
    assert (key["made_by"], key["scopes"]) == (admin.user["id"], READER)
    assert (key["expires_at"], key["last_used_at"], key["revoked_at"]) == (None, None, None)
    shown = {name: value for name, value in key.items() if name != "key"}
    path = f"/api/auth/keys/{key['id']}"
    assert (await auth.public.get(path, headers=admin.headers)).json() == shown
    page = (await auth.public.get("/api/auth/keys", headers=admin.headers)).json()
    assert page == {"items": [shown], "next_cursor": None}
    secret = key["key"].removeprefix(key["starts_with"] + "_")
    for table in (api_keys, audit_log):
        (row,) = await auth.database.read(lambda conn, t=table: conn.execute(select(t)).all())
        assert secret not in str(row)
    assert await users_by(auth, key["key"]) == (200, "")


async def test_a9_wrong_keys_are_answered_like_wrong_tokens(auth: Auth, admin: SignedIn) -> None:
    key = (await made(auth, admin))["key"]
    other = (await made(auth, admin))["key"]
    prefix, secret = key[:16], key[16:]
    wrong = [
        *("nonsense", "sk_", key[:-1], f"{key}A", key.upper(), f"{key} ", f"{key}\u00e9"),
        *(f"{prefix}{other[16:]}", f"sk_{'0' * 12}_{secret}", f"{prefix}{'A' * 43}"),
    ]
    answers = []
    for token in wrong:
        headers = [("authorization", f"Bearer {token}".encode())]
        answers.append(await auth.public.get("/api/auth/users", headers=headers))
    told = [{**answer.json(), "request_id": ""} for answer in answers]
    assert (answers[0].status_code, told[0]["code"]) == (401, "invalid_token")
    assert [one for one in told if one != told[0]] == []
    for token in wrong[-3:]:
        assert (await exchange(auth, token)).status_code == 404


async def test_b4_nobody_makes_a_key_that_does_more_than_they(auth: Auth, admin: SignedIn) -> None:
    maker = await with_role(auth, admin, "maker", "keys:write", "orders:read")
    await made(auth, maker, scopes=["orders:read"])
    refused = await make(auth, maker, scopes=["orders:read", "orders:write"])
    assert (refused.status_code, refused.json()["code"]) == (403, "cannot_grant")
    assert refused.json()["missing_scopes"] == ["orders:write"]
    assert (await make(auth, admin, scopes=["no:such"])).status_code == 422
    unfit = await make(auth, admin, scopes=["orders:read", "users:write", "keys:write"])
    (error,) = unfit.json()["errors"]
    assert (unfit.status_code, error["pointer"]) == (422, "/scopes")
    assert error["detail"] == "Only people may have keys:write, users:write."


async def test_b4_a_key_makes_no_key_and_has_no_account(auth: Auth, admin: SignedIn) -> None:
    key = await made(auth, admin)
    # As if it had been given what keys never get:
    everything = [*READER, "keys:read", "keys:write", "users:write"]
    await auth.database.run(lambda conn: conn.execute(update(api_keys).values(scopes=everything)))
    token = (await exchange(auth, key["key"])).json()["access_token"]
    for credential in (key["key"], token):
        headers = bearer(credential)
        body = {"name": "x", "scopes": READER}
        answer = await auth.public.post("/api/auth/keys", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
        path = f"/api/auth/users/{admin.user['id']}/disabled"
        answer = await auth.public.put(path, json={"disabled": True}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
        for path in ("me", "sessions", "second-factor"):
            answer = await auth.public.get(f"/api/auth/{path}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "person_required")
        answer = await auth.public.post("/api/auth/logout-all", headers=headers)
        assert answer.json()["code"] == "person_required"


async def test_b4_a_key_loses_what_its_maker_loses_and_gets_it_back(
    auth: Auth, admin: SignedIn
) -> None:
    maker = await with_role(auth, admin, "maker", "keys:write", "users:read", "orders:read")
    key = (await made(auth, maker, scopes=["orders:read", "users:read"]))["key"]
    first = claims((await exchange(auth, key)).json()["access_token"])
    assert (first["scope"], first["ver"]) == ("orders:read users:read", 0)
    await set_roles(auth, admin, maker.user["id"], "order_manager")
    assert claims((await exchange(auth, key)).json()["access_token"])["ver"] == 1
    await set_roles(auth, admin, maker.user["id"], "customer")
    assert await users_by(auth, key) == (403, "insufficient_scope")
    assert claims((await exchange(auth, key)).json()["access_token"])["scope"] == ""
    await set_roles(auth, admin, maker.user["id"], "customer", "maker")
    assert await users_by(auth, key) == (200, "")
    path = f"/api/auth/users/{maker.user['id']}/disabled"
    await auth.public.put(path, json={"disabled": True}, headers=admin.headers)
    assert await users_by(auth, key) == (401, "invalid_token")
    assert (await exchange(auth, key)).status_code == 404
    await auth.public.put(path, json={"disabled": False}, headers=admin.headers)
    assert await users_by(auth, key) == (200, "")
    gone = users.delete().where(users.c.id == maker.user["id"])
    await auth.database.run(lambda conn: conn.execute(gone))
    assert await users_by(auth, key) == (401, "invalid_token")


async def test_a10_a_token_of_a_key_ends_in_auth_with_it(auth: Auth, admin: SignedIn) -> None:
    key = await made(auth, admin)
    token = (await exchange(auth, key["key"])).json()["access_token"]
    assert await users_by(auth, token) == (200, "")
    shrunk = update(roles).where(roles.c.name == "admin").values(scopes=["keys:write"])
    was = await auth.database.read(
        lambda conn: conn.execute(select(roles.c.scopes).where(roles.c.name == "admin")).scalar()
    )
    await auth.database.run(lambda conn: conn.execute(shrunk))
    assert await users_by(auth, token) == (403, "insufficient_scope")
    await auth.database.run(lambda conn: conn.execute(shrunk.values(scopes=was)))
    await auth.public.delete(f"/api/auth/keys/{key['id']}", headers=admin.headers)
    assert await users_by(auth, token) == (401, "invalid_token")


async def test_a10_a_revoked_key_is_over_and_everybody_is_told_once(
    auth: Auth, admin: SignedIn
) -> None:
    key = await made(auth, admin)
    for _ in range(2):
        path = f"/api/auth/keys/{key['id']}"
        assert (await auth.public.delete(path, headers=admin.headers)).status_code == 204
    assert await users_by(auth, key["key"]) == (401, "invalid_token")
    assert (await exchange(auth, key["key"])).status_code == 404
    assert await told_of(auth) == [("session_ended", admin.user["id"], key["id"])]
    shown = (await auth.public.get(path, headers=admin.headers)).json()
    assert shown["revoked_at"] is not None


async def test_a_key_expires_and_so_do_its_tokens(auth: Auth, admin: SignedIn, clock: Any) -> None:
    late = (clock.now() + timedelta(minutes=4)).isoformat()
    key = (await made(auth, admin, expires_at=late))["key"]
    answer = (await exchange(auth, key)).json()
    lasts = claims(answer["access_token"])
    assert (answer["expires_in"], lasts["exp"] - lasts["iat"]) == (240, 240)
    clock.advance(minutes=4)
    assert await users_by(auth, key) == (401, "invalid_token")
    assert (await exchange(auth, key)).status_code == 404
    refused = await make(auth, admin, expires_at=late)
    assert refused.json()["errors"][0]["pointer"] == "/expires_at"
    for wrong in ("tomorrow", 1, "2030-01-01T00:00:00"):
        assert (await make(auth, admin, expires_at=wrong)).status_code == 422


async def test_its_last_use_is_noted_once_a_minute(auth: Auth, admin: SignedIn, clock: Any) -> None:
    key = await made(auth, admin)

    async def last_used() -> Any:
        path = f"/api/auth/keys/{key['id']}"
        shown = (await auth.public.get(path, headers=admin.headers)).json()
        found: Any = TypeAdapter(NewApiKey).validate_python({**shown, "key": ""}).last_used_at
        return found

    began = clock.now()
    await users_by(auth, key["key"])
    clock.advance(seconds=59)
    await users_by(auth, key["key"])
    assert await last_used() == began
    clock.advance(seconds=1)
    await exchange(auth, key["key"])
    assert await last_used() == began + timedelta(minutes=1)


async def test_b1_others_keys_are_not_there_but_for_who_manages_users(
    auth: Auth, admin: SignedIn
) -> None:
    one = await with_role(auth, admin, "one", "keys:read", "keys:write", "orders:read")
    two = await with_role(auth, admin, "two", "keys:read", "keys:write", "orders:read")
    mine, theirs = [await made(auth, who, scopes=["orders:read"]) for who in (one, two)]

    async def ids(who: SignedIn, **query: Any) -> list[str]:
        answer = await auth.public.get("/api/auth/keys", params=query, headers=who.headers)
        return [item["id"] for item in answer.json()["items"]]

    assert (await ids(one), await ids(two)) == ([mine["id"]], [theirs["id"]])
    assert await ids(one, made_by=two.user["id"]) == []
    assert await ids(admin) == [theirs["id"], mine["id"]]
    assert await ids(admin, made_by=one.user["id"]) == [mine["id"]]
    path = f"/api/auth/keys/{theirs['id']}"
    for method in ("GET", "DELETE"):
        assert (await auth.public.request(method, path, headers=one.headers)).status_code == 404
        unknown = f"/api/auth/keys/{new_id()}"
        answer = await auth.public.request(method, unknown, headers=admin.headers)
        assert answer.status_code == 404
    assert (await auth.public.delete(path, headers=admin.headers)).status_code == 204


async def test_keys_come_in_pages(auth: Auth, admin: SignedIn) -> None:
    ids = [(await made(auth, admin))["id"] for _ in range(3)]
    path, headers = "/api/auth/keys", admin.headers
    first = (await auth.public.get(path, params={"limit": 2}, headers=headers)).json()
    query = {"limit": 2, "cursor": first["next_cursor"]}
    rest = (await auth.public.get(path, params=query, headers=headers)).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    query["made_by"] = admin.user["id"]
    assert (await auth.public.get(path, params=query, headers=headers)).status_code == 400


async def test_oauth_clients_get_short_tokens_with_it(auth: Auth, admin: SignedIn) -> None:
    key = await made(auth, admin)
    asked = {"grant_type": "client_credentials", "client_id": key["id"]}
    answer = await auth.form(**asked, client_secret=key["key"])
    assert answer.status_code == 200, answer.text
    token = answer.json()
    assert token.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (token["scope"], answer.headers["cache-control"]) == (" ".join(READER), "no-store")
    told = claims(token["access_token"])
    assert (told["sub"], told["sid"], told["client_id"]) == (key["id"],) * 3
    assert (told["made_by"], told["rate_class"]) == (admin.user["id"], "standard")
    assert await users_by(auth, token["access_token"]) == (200, "")
    basic = base64.b64encode(f"{key['id']}:{key['key']}".encode()).decode()
    narrow = {"grant_type": "client_credentials", "scope": "audit:read"}
    answer = await auth.public.post(
        "/api/auth/token", data=narrow, headers={"Authorization": f"Basic {basic}"}
    )
    assert answer.json()["scope"] == "audit:read"
    assert await users_by(auth, answer.json()["access_token"]) == (403, "insufficient_scope")
    wide = await auth.form(**asked, client_secret=key["key"], scope="audit:read orders:write")
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")


async def test_oauth_clients_with_wrong_credentials_are_refused_alike(
    auth: Auth, admin: SignedIn
) -> None:
    key, other = await made(auth, admin), await made(auth, admin)
    revoked = await made(auth, admin)
    await auth.public.delete(f"/api/auth/keys/{revoked['id']}", headers=admin.headers)
    pairs = [
        (key["id"], other["key"]),
        (key["id"], key["key"][:-1] + "\u00e9"),
        ("cart", "cart-" + "s" * 40),
        (revoked["id"], revoked["key"]),
    ]
    for client_id, secret in pairs:
        answer = await auth.form(
            grant_type="client_credentials", client_id=client_id, client_secret=secret
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_b4_only_services_exchange_keys(auth: Auth, admin: SignedIn) -> None:
    key = (await made(auth, admin))["key"]
    path, body = "/internal/keys/exchange", {"key": key}
    assert (await auth.internal.post(path, json=body)).status_code == 401
    assert (await auth.internal.post(path, json=body, headers=bearer(key))).status_code == 401
    stranger = bearer(auth.context.issuer.service_token("somebody"))
    assert (await auth.internal.post(path, json=body, headers=stranger)).status_code == 403


async def test_a_key_may_send_so_many_requests_a_second(auth: Auth, admin: SignedIn) -> None:
    slow, other = (await made(auth, admin))["key"], (await made(auth, admin))["key"]
    token = (await exchange(auth, slow)).json()["access_token"]
    answers = [
        await auth.public.get("/api/auth/me", headers=bearer(credential))
        for _ in range(100)
        for credential in (slow, token)
    ]
    (refused, *_) = [answer for answer in answers if answer.status_code == 429]
    assert refused.json()["code"] == "rate_limited"
    assert refused.headers["retry-after"] == "1"
    assert await users_by(auth, other) == (200, "")


async def test_c20_a_person_has_a_bounded_number_of_keys(
    auth: Auth, admin: SignedIn, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    monkeypatch.setattr(use_cases, "MAX_ALIVE", 2)
    soon = (clock.now() + timedelta(hours=1)).isoformat()
    first, _ = (
        await made(auth, admin, scopes=["audit:read"]),
        await made(auth, admin, scopes=["audit:read"], expires_at=soon),
    )
    refused = await make(auth, admin, scopes=["audit:read"])
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_keys")
    await auth.public.delete(f"/api/auth/keys/{first['id']}", headers=admin.headers)
    await made(auth, admin, scopes=["audit:read"])
