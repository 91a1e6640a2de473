"""Which passwords may be chosen."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import update

from auth import passwords
from auth.commands import create_admin
from auth.main import build
from auth.models import users
from auth.password_rules import COMMON
from auth.settings import AuthSettings
from shopkit.testing import running

pytestmark = pytest.mark.anyio
PASSWORD = "correct horse battery"


def errors_of(answer: Any) -> list[tuple[str, str]]:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "validation_error")
    return [(error["pointer"], error["code"]) for error in problem["errors"]]


def test_the_list_has_thousands_that_are_long_enough_to_be_chosen() -> None:
    assert len(COMMON) > 8_000
    assert min(map(len, COMMON)) == passwords.MIN_LENGTH
    assert {"12345678", "password1", "qwertyuiop", "iloveyou"} <= COMMON


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("12345678", "common_password"),
        ("PassWord1", "common_password"),
        ("aaaaaaaa", "common_password"),
        ("\u212aawasaki", "common_password"),  # the sign of the kelvin, a k where case is ignored
        ("ada.lovelace@example.com", "password_is_email"),
        ("ADA.Lovelace", "password_is_email"),
    ],
)
async def test_what_is_guessed_first_is_refused(
    auth: Any, signed_in: Any, password: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_ARGON2ID", None)  # refused before it costs a hash
    answer = await auth.post("register", email="Ada.Lovelace@example.com", password=password)
    assert errors_of(answer) == [("/password", code)]
    assert "Take" in answer.json()["errors"][0]["detail"]
    assert password not in answer.text


async def test_no_characters_are_asked_for(auth: Any) -> None:
    for number, password in enumerate(["qqzzxxkk", "password and more", "12345678 12345678"]):
        await auth.register(f"user{number}@example.com", password)


@pytest.mark.parametrize("new", ["Password1", "ada@EXAMPLE.com"])
async def test_what_is_guessed_first_is_no_new_password(
    auth: Any, signed_in: Any, new: str
) -> None:
    body = {"current_password": PASSWORD, "new_password": new}
    answer = await auth.public.post("/api/auth/password", json=body, headers=signed_in.headers)
    code = "password_is_email" if "@" in new else "common_password"
    assert errors_of(answer) == [("/new_password", code)]
    assert await auth.log_in()


async def test_a_password_of_old_that_is_common_still_logs_in(auth: Any, signed_in: Any) -> None:
    """The rule is for what is chosen: it locks nobody out."""
    common = passwords.hash_password("password1")
    await auth.database.run(lambda conn: conn.execute(update(users).values(password_hash=common)))
    assert await auth.log_in(password="password1")


async def test_a_shop_may_ask_for_more_characters(settings: AuthSettings) -> None:
    asking = settings.model_copy(update={"password_min": 15})
    async with running(build(asking)) as (public, _):
        body = {"email": "ada@example.com", "password": "x7 Tulpen Kai!"}
        answer = await public.post("/api/auth/register", json=body)
        assert errors_of(answer) == [("/password", "string_too_short")]
        assert "15" in answer.json()["errors"][0]["detail"]
        body["password"] += "!"
        assert (await public.post("/api/auth/register", json=body)).status_code == 201


@pytest.mark.parametrize("length", [7, 21, "many"])
def test_the_least_length_has_bounds(
    settings: AuthSettings, length: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_PASSWORD_MIN", str(length))
    with pytest.raises(ValidationError, match="password_min"):
        AuthSettings(database_url=settings.database_url)


@pytest.mark.parametrize(
    ("password", "password_min", "complaint"),
    [
        ("leonardo.da.vinci", 8, "easy to guess"),  # the address
        ("7758521852013", 8, "easy to guess"),
        ("vio7-Tulpen-am-Kai", 20, "20 to 128"),
    ],
)
async def test_a18_an_admin_is_refused_what_everybody_is(
    settings: AuthSettings,
    password: str,
    password_min: int,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("auth.password_rules.COMMON", COMMON | {"7758521852013"})
    given = {
        "admin_email": SecretStr("Leonardo.da.Vinci@example.com"),
        "admin_password": SecretStr(password),
        "password_min": password_min,
    }
    with pytest.raises(ValueError, match=complaint):
        await asyncio.to_thread(create_admin, settings.model_copy(update=given))
