"""The OAuth token endpoint, and the one for services."""

import base64
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from shopkit.openapi import document

pytestmark = pytest.mark.anyio
PASSWORD = "correct horse battery"
CART_SECRET = "cart-" + "s" * 40
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def problem(answer: Any) -> tuple[int, str]:
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["code"] == body["error"]
    assert body["detail"] == body["error_description"]
    return answer.status_code, body["error"]


async def test_the_password_grant_logs_in(auth: Any) -> None:
    await auth.register()
    answer = await auth.form(grant_type="password", username="ADA@example.com", password=PASSWORD)
    pair = answer.json()
    assert (answer.status_code, pair["token_type"], pair["scope"]) == (200, "Bearer", "")
    assert answer.headers["cache-control"] == "no-store"
    assert (await auth.me(pair["access_token"])).status_code == 200


async def test_the_scope_that_was_granted_is_named(auth: Any, admin: Any) -> None:
    answer = await auth.form(
        grant_type="password", username="root@example.com", password=PASSWORD, scope="orders:read"
    )
    assert "users:write" in answer.json()["scope"].split()


async def test_the_refresh_token_grant_rotates(auth: Any, signed_in: Any) -> None:
    old = signed_in.refresh_token
    first = (await auth.form(grant_type="refresh_token", refresh_token=old)).json()
    next_one = first["refresh_token"]
    answer = await auth.form(grant_type="refresh_token", refresh_token=next_one)
    assert answer.status_code == 200
    reused = await auth.form(grant_type="refresh_token", refresh_token=old)
    assert problem(reused) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"client_id": "docs"}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "invalid_request"),
        ({"grant_type": "password", "username": "a@example.com"}, "invalid_request"),
        ({"grant_type": "password", "username": "a", "password": "x" * 129}, "invalid_request"),
        ({"grant_type": "password", "username": "a\0", "password": "x"}, "invalid_request"),
        (
            {"grant_type": "password", "username": "ada@example.com", "password": "x"},
            "invalid_grant",
        ),
        (
            {"grant_type": "password", "username": "not an address", "password": "x"},
            "invalid_grant",
        ),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, "invalid_grant"),
        ({f"field{n}": "" for n in range(40)}, "invalid_request"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_errors_are_those_of_oauth(auth: Any, fields: dict[str, str], error: str) -> None:
    await auth.register()
    assert problem(await auth.form(**fields)) == (400, error)


@pytest.mark.parametrize(
    "content",
    [
        b"grant_type=password&grant_type=password",
        b"grant_type=password&username=%ff%fe",
        b"grant_type=pass\xffword",
        b"\xfe\xff",
        b"username=%00&grant_type=password&password=x",
    ],
    ids=repr,
)
async def test_malformed_forms_are_refused(auth: Any, content: bytes) -> None:
    answer = await auth.public.post("/api/auth/token", content=content, headers=FORM)
    assert problem(answer) == (400, "invalid_request")


async def test_a_parameter_that_comes_twice_is_refused(auth: Any) -> None:
    await auth.register()
    fields = [("grant_type", "password"), ("username", "ada@example.com"), ("password", PASSWORD)]
    for content, status in ((urlencode(fields), 200), (urlencode([*fields, fields[1]]), 400)):
        answer = await auth.public.post("/api/auth/token", content=content, headers=FORM)
        assert answer.status_code == status


@pytest.mark.parametrize(
    "media_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
)
async def test_c16_only_forms_are_read(auth: Any, media_type: str) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await auth.public.post(
        "/api/auth/token", content=b"grant_type=password", headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_c2_a_long_form_is_refused(auth: Any) -> None:
    answer = await auth.form(grant_type="password", username="a" * 70_000, password="x")
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


async def test_unknown_parameters_are_ignored_as_oauth_wants(auth: Any) -> None:
    await auth.register()
    fields = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}
    assert (await auth.form(**fields, client_id="docs", resource="x")).status_code == 200


async def test_a9_credentials_in_the_query_are_refused(auth: Any) -> None:
    answer = await auth.public.post(
        "/api/auth/token?grant_type=client_credentials", content=b"", headers=FORM
    )
    assert answer.status_code == 422


@pytest.mark.parametrize("secret", [CART_SECRET, "wrong"])
async def test_services_get_nothing_from_the_public_endpoint(auth: Any, secret: str) -> None:
    fields = {"grant_type": "client_credentials", "client_id": "cart", "client_secret": secret}
    answer = await auth.form(**fields)
    assert problem(answer) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_the_document_offers_what_the_public_endpoint_takes(auth: Any) -> None:
    call = document(auth.service.public)["paths"]["/api/auth/token"]["post"]
    schema = call["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    for grant_type in schema["properties"]["grant_type"]["enum"]:
        answer = await auth.form(grant_type=grant_type)
        assert problem(answer) == (400, "invalid_request"), "it only misses the rest"


async def service_token(auth: Any, headers: dict[str, str] | None = None, **fields: str) -> Any:
    fields = {"grant_type": "client_credentials", **fields}
    return await auth.internal.post("/internal/token", data=fields, headers=headers or {})


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"}


async def test_a_service_gets_its_token_on_the_internal_listener(auth: Any) -> None:
    in_form = await service_token(auth, client_id="cart", client_secret=CART_SECRET)
    in_header = await service_token(auth, basic("cart", CART_SECRET))
    for answer in (in_form, in_header):
        token = answer.json()["access_token"]
        claims = jwt.decode(token, options={"verify_signature": False})
        assert (claims["aud"], claims["sub"], claims["client_id"]) == (
            "shop-internal",
            "cart",
            "cart",
        )
        assert claims["exp"] - claims["iat"] == answer.json()["expires_in"] == 600
        assert "scope" not in claims
        assert jwt.get_unverified_header(token)["typ"] == "at+jwt"


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({}, {}),
        ({}, {"client_id": "cart", "client_secret": "wrong"}),
        ({}, {"client_id": "cart", "client_secret": ""}),
        ({}, {"client_id": "nobody", "client_secret": ""}),
        ({}, {"client_id": "nobody", "client_secret": CART_SECRET}),
        ({}, {"client_id": "orders", "client_secret": CART_SECRET}),
        ({}, {"client_id": "cart", "client_secret": CART_SECRET + "é"}),
        (basic("cart", "wrong"), {}),
        ({"Authorization": "Basic ?"}, {}),
        ({"Authorization": f"Bearer {CART_SECRET}"}, {}),
        (basic("cart", CART_SECRET), {"client_id": "cart", "client_secret": CART_SECRET}),
    ],
    ids=str,
)
async def test_other_clients_get_none(
    auth: Any, headers: dict[str, str], fields: dict[str, str]
) -> None:
    assert problem(await service_token(auth, headers, **fields)) == (401, "invalid_client")


async def test_users_do_not_log_in_on_the_internal_listener(auth: Any) -> None:
    fields = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}
    answer = await service_token(auth, **fields)
    assert problem(answer) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("path", ["/internal/token", "/internal/jwks.json", "/metrics"])
async def test_d3_the_public_app_has_nothing_internal(auth: Any, path: str) -> None:
    assert (await auth.public.get(path)).status_code == 404
    assert (await auth.public.post(path)).status_code == 404
