"""What users take along."""

from typing import Any

import pytest

from auth.models import refresh_tokens, users

pytestmark = pytest.mark.anyio


async def test_an_export_has_account_preferences_and_sessions(auth: Any, signed_in: Any) -> None:
    other = await auth.log_in()
    await auth.post("logout", refresh_token=other["refresh_token"])
    answer = await auth.public.get("/api/auth/export", headers=signed_in.headers)
    assert answer.headers["content-disposition"] == 'attachment; filename="account.json"'
    found = answer.json()
    assert found["exported_at"].endswith("Z")
    assert found["account"].items() >= (await auth.me(signed_in.access_token)).json().items()
    ended, current = found["sessions"]
    assert (ended["current"], ended["ended_because"]) == (False, "logout")
    assert (current["current"], current["ended_at"]) == (True, None)


async def test_b7_an_export_has_no_secret_and_nothing_of_others(
    auth: Any, signed_in: Any, admin: Any
) -> None:
    answer = await auth.public.get("/api/auth/export", headers=signed_in.headers)
    tokens = await auth.database.read(lambda conn: conn.execute(refresh_tokens.select()).all())
    rows = await auth.database.read(lambda conn: conn.execute(users.select()).all())
    secrets = [row.token_hash for row in tokens] + [row.password_hash for row in rows]
    secrets += [signed_in.refresh_token, signed_in.access_token, admin.user["id"], "root@"]
    assert [secret for secret in secrets if secret in answer.text] == []


async def test_a10_a_session_that_is_over_exports_nothing(auth: Any, signed_in: Any) -> None:
    await auth.post("logout", refresh_token=signed_in.refresh_token)
    answer = await auth.public.get("/api/auth/export", headers=signed_in.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert (await auth.public.get("/api/auth/export")).status_code == 401
