"""Registering, and one's own account."""

from collections.abc import Mapping
from typing import Any

import pytest

from shopkit.ids import is_id

pytestmark = pytest.mark.anyio
PASSWORD = "correct horse battery"


async def test_register_answers_with_the_user(auth: Any) -> None:
    body = {"email": "Ada@Example.com", "password": PASSWORD, "name": " Ada "}
    answer = await auth.post("register", **body)
    user = answer.json()
    assert answer.status_code == 201
    assert is_id(user.pop("id"))
    assert user.pop("created_at").endswith("Z")
    assert user == {
        "email": "Ada@Example.com",
        "name": "Ada",
        "roles": ["customer"],
        "scopes": [],
        "email_verified": False,
        "second_factor": False,
        "second_factor_required": False,
    }
    assert answer.headers["location"] == "/api/auth/me"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "twin",
    ["ada@example.com", "ADA@EXAMPLE.COM", " ada@Example.com ", "Ada@example.COM"],
)
async def test_c4_an_address_is_taken_in_any_case(auth: Any, twin: str) -> None:
    await auth.register("ada@example.com")
    answer = await auth.post("register", email=twin, password=PASSWORD)
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")


async def test_c4_composed_and_decomposed_addresses_are_one(auth: Any) -> None:
    await auth.register("jos\u00e9@example.com")
    answer = await auth.post("register", email="JOSE\u0301@example.com", password=PASSWORD)
    assert answer.json()["code"] == "email_taken"
    assert await auth.log_in("JOSE\u0301@example.com")


@pytest.mark.parametrize(
    "twin",
    [
        "\uff41da@example.com",  # a wide letter: NFKC makes an a of it
        "\ufb01nn@example.com",  # the ligature fi
        "a\u200bda@example.com",  # an invisible space
        "a\u00adda@example.com",  # a soft hyphen
        "ada@ex\u0430mple.com",  # a Cyrillic a
        "ada@ex\u00e4mple.com",
        "ada@exampl\u0131.com",  # a dotless i, which is an i where case is ignored
        "ada@example.com\u2060",
    ],
    ids=ascii,
)
async def test_c4_an_address_that_only_looks_like_another_is_refused(auth: Any, twin: str) -> None:
    answer = await auth.post("register", email=twin, password=PASSWORD)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "validation_error")
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("/email", "value_error")]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"email": "nobody"}, "/email", "value_error"),
        ({"email": "a@b"}, "/email", "value_error"),
        ({"email": "a\u202e@example.com"}, "/email", "value_error"),
        ({"email": "=?utf-8?q?a=0d=0aBcc=3ae=40e.org?=@example.com"}, "/email", "value_error"),
        ({"email": 7}, "/email", "string_type"),
        ({"password": "1234567"}, "/password", "string_too_short"),
        ({"password": "x" * 129}, "/password", "string_too_long"),
        ({"password": 12345678}, "/password", "string_type"),
        ({"name": ""}, "/name", "string_too_short"),
        ({"name": "a\x07b"}, "/name", "value_error"),
        ({"roles": ["admin"]}, "/roles", "extra_forbidden"),
        ({"is_admin": True}, "/is_admin", "extra_forbidden"),
        ({"id": "1"}, "/id", "extra_forbidden"),
        ({"email_verified": True}, "/email_verified", "extra_forbidden"),
        ({"disabled": False}, "/disabled", "extra_forbidden"),
    ],
    ids=str,
)
async def test_b3_register_refuses_what_is_not_for_clients(
    auth: Any, change: Mapping[str, Any], pointer: str, code: str
) -> None:
    answer = await auth.post(
        "register", **{"email": "ada@example.com", "password": PASSWORD, **change}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "validation_error")
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [(pointer, code)]
    assert "x" * 129 not in answer.text


async def test_register_names_all_that_is_wrong_at_once(auth: Any) -> None:
    answer = await auth.post("register", email="x", name=1)
    assert {e["pointer"] for e in answer.json()["errors"]} == {"/email", "/password", "/name"}


async def test_me_needs_a_token(auth: Any) -> None:
    answer = await auth.public.get("/api/auth/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_me_has_an_etag(auth: Any, signed_in: Any) -> None:
    answer = await auth.me(signed_in.access_token)
    assert answer.json().items() >= signed_in.user.items()
    again = await auth.public.get(
        "/api/auth/me", headers={**signed_in.headers, "If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_update_me_is_a_merge_patch(auth: Any, signed_in: Any) -> None:
    async def patch(**body: Any) -> Any:
        answer = await auth.public.patch("/api/auth/me", json=body, headers=signed_in.headers)
        return answer.status_code, answer.json()

    assert (await patch(name="Ada"))[1]["name"] == "Ada"
    assert (await patch())[1]["name"] == "Ada"
    assert (await patch(name=None))[1]["name"] is None
    status, problem = await patch(email="else@example.com")
    assert (status, problem["errors"][0]["code"]) == (422, "extra_forbidden")


async def test_update_me_refuses_a_stale_etag(auth: Any, signed_in: Any) -> None:
    first = (await auth.me(signed_in.access_token)).headers["etag"]

    async def patch(name: str, tag: str) -> Any:
        headers = {**signed_in.headers, "If-Match": tag}
        return await auth.public.patch("/api/auth/me", json={"name": name}, headers=headers)

    changed = await patch("Ada", first)
    assert changed.status_code == 200
    stale = await patch("Eve", first)
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await patch("Ida", changed.headers["etag"])).json()["name"] == "Ida"


async def test_a10_me_ends_with_the_session(auth: Any, signed_in: Any) -> None:
    assert (await auth.me(signed_in.access_token)).status_code == 200
    await auth.post("logout", refresh_token=signed_in.refresh_token)
    answer = await auth.me(signed_in.access_token)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    patched = await auth.public.patch(
        "/api/auth/me", json={"name": "Eve"}, headers=signed_in.headers
    )
    assert patched.status_code == 401


async def test_b7_no_answer_carries_a_hash(auth: Any, signed_in: Any) -> None:
    for text in (str(signed_in.user), (await auth.me(signed_in.access_token)).text):
        assert "argon2" not in text
        assert "password" not in text
