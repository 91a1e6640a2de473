"""Threats A1 to A9 against auth's own routes, with keys of its own ring."""

from typing import Any

import jwt
import pytest

from shopkit.forged_tokens import forgeries, signed, twin, wrong_claims

pytestmark = pytest.mark.anyio


async def test_an_access_token_is_as_rfc_9068_has_it(auth: Any, signed_in: Any) -> None:
    token = signed_in.access_token
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    key = auth.context.issuer.keys.signing_key()
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}
    assert claims.pop("exp") - claims.pop("iat") == 600
    assert claims.pop("jti") != claims.pop("sid")
    assert claims == {
        "iss": "shop-auth",
        "aud": "shop-api",
        "sub": signed_in.user["id"],
        "client_id": "storefront",
        "scope": "",
        "ver": 0,
        "roles": ["customer"],
        "email": "ada@example.com",
        "amr": ["pwd"],
    }


async def test_an_admins_token_carries_the_scopes(auth: Any, admin: Any) -> None:
    claims = jwt.decode(admin.access_token, options={"verify_signature": False})
    assert {"users:write", "orders:read"} <= set(claims["scope"].split())
    assert claims["roles"] == ["admin", "customer"]


async def refusal(auth: Any, token: str) -> tuple[int, dict[str, Any], str]:
    answer = await auth.me(token)
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    return answer.status_code, body, answer.headers.get("www-authenticate", "")


async def test_a1_to_a9_forgeries_get_one_and_the_same_answer(auth: Any, signed_in: Any) -> None:
    jwk = auth.context.issuer.keys.signing_key().jwk
    forged = forgeries(signed_in.access_token, jwk)
    answers = {name: await refusal(auth, token) for name, token in forged.items()}
    first = next(iter(answers.values()))
    assert first[0] == 401
    assert first[1]["code"] == "invalid_token"
    assert first[2] == 'Bearer error="invalid_token"'
    assert {name: answer for name, answer in answers.items() if answer != first} == {}
    assert (await auth.me(signed_in.access_token)).status_code == 200


async def test_a5_to_a7_wrong_claims_are_401(auth: Any, signed_in: Any) -> None:
    key = auth.context.issuer.keys.signing_key()
    good = jwt.decode(signed_in.access_token, options={"verify_signature": False})
    for name, claims in wrong_claims(good).items():
        status, body, _ = await refusal(auth, signed(claims, key.private, kid=key.kid))
        expected = "token_expired" if name == "a5_expired" else "invalid_token"
        assert (name, status, body["code"]) == (name, 401, expected)


async def test_a7_tokens_for_other_purposes_are_401(auth: Any, signed_in: Any) -> None:
    service = auth.context.issuer.service_token("orders")
    for token in (signed_in.refresh_token, service):
        assert (await refusal(auth, token))[0] == 401


async def test_a8_the_twin_signature_is_the_same_user(auth: Any, signed_in: Any) -> None:
    assert (await auth.me(twin(signed_in.access_token))).json().items() >= signed_in.user.items()


async def test_a9_one_authorization_header(auth: Any, signed_in: Any) -> None:
    value = f"Bearer {signed_in.access_token}"
    twice = [("Authorization", value), ("Authorization", value)]
    assert (await auth.public.get("/api/auth/me", headers=twice)).status_code == 401


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
async def test_a9_the_scheme_is_in_any_case(auth: Any, signed_in: Any, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {signed_in.access_token}"}
    assert (await auth.public.get("/api/auth/me", headers=headers)).status_code == 200


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Basic abc", "Token abc", "Bearer  a b"])
async def test_a9_odd_authorization_is_401(auth: Any, value: str) -> None:
    answer = await auth.public.get("/api/auth/me", headers={"Authorization": value})
    assert answer.status_code == 401


@pytest.mark.parametrize("name", ["access_token", "token", "authorization"])
async def test_a9_a_token_in_the_query_is_not_accepted(
    auth: Any, signed_in: Any, name: str
) -> None:
    answer = await auth.public.get("/api/auth/me", params={name: signed_in.access_token})
    assert answer.status_code in (401, 422)
    header_too = await auth.public.get(
        "/api/auth/me", params={name: signed_in.access_token}, headers=signed_in.headers
    )
    assert header_too.status_code == 422
