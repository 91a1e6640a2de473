"""shop-auth create-key, rotate-key, create-admin, and what is refused at a start."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from auth.commands import create_admin, create_key, refuse_weak_admin, rotate_key
from auth.main import build, main
from auth.settings import AuthSettings
from shopkit.settings import LOCAL_SECRET
from shopkit.testing import running

pytestmark = pytest.mark.anyio
STRONG = "vio7-Tulpen-am-Kai"
PROGRAM = Path(sys.executable).with_name("shop-auth")


def with_admin(settings: AuthSettings, email: str, password: str) -> AuthSettings:
    secrets = {"admin_email": SecretStr(email), "admin_password": SecretStr(password)}
    return settings.model_copy(update=secrets)


async def log_in(settings: AuthSettings, email: str, password: str) -> Any:
    async with running(build(settings)) as (public, _):
        return await public.post("/api/auth/login", json={"email": email, "password": password})


def test_create_key_is_idempotent(
    settings: AuthSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    create_key(settings)
    create_key(settings)
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert first == second
    rotate_key(settings)
    assert capsys.readouterr().out.startswith("next signing key ")


def test_the_admin_is_made_once(settings: AuthSettings, capsys: pytest.CaptureFixture[str]) -> None:
    create_admin(with_admin(settings, "Root@example.com", STRONG))
    create_admin(with_admin(settings, "root@example.com", "another-Strong-1-please"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["admin made", "admin is there"]


async def test_the_admin_may_do_everything_and_keeps_the_password(settings: AuthSettings) -> None:
    await asyncio.to_thread(create_admin, with_admin(settings, "root@example.com", STRONG))
    other = with_admin(settings, "root@example.com", "another-Strong-1-please")
    await asyncio.to_thread(create_admin, other)
    assert (
        await log_in(settings, "root@example.com", "another-Strong-1-please")
    ).status_code == 401
    async with running(build(settings)) as (public, _):
        body = {"email": "root@example.com", "password": STRONG}
        pair = (await public.post("/api/auth/login", json=body)).json()
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        me = (await public.get("/api/auth/me", headers=headers)).json()
    assert me["roles"] == ["admin", "customer"]


async def test_who_has_the_address_becomes_admin(settings: AuthSettings) -> None:
    body = {"email": "ada@example.com", "password": "correct horse battery"}
    async with running(build(settings)) as (public, _):
        await public.post("/api/auth/register", json=body)
    await asyncio.to_thread(create_admin, with_admin(settings, "ADA@example.com", "x"))
    async with running(build(settings)) as (public, _):
        pair = (await public.post("/api/auth/login", json=body)).json()
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        me = (await public.get("/api/auth/me", headers=headers)).json()
    assert me["roles"] == ["admin", "customer"]


@pytest.mark.parametrize(
    "password",
    [
        "admin",
        "short",
        "adminadminadmin",
        "Admin-Password-1234",
        "changeme123456",
        "change-me-please"[:9] + "12345",
        "passwordpassword",
        "aaaaaaaaaaaaaaaa",
        "root-root-root-12",
        "1234567890123",
        "x" * 129,
    ],
)
def test_a18_a_weak_admin_is_refused(settings: AuthSettings, password: str) -> None:
    with pytest.raises(ValueError, match="AUTH_ADMIN_PASSWORD"):
        create_admin(with_admin(settings, "root@example.com", password))


@pytest.mark.parametrize("password", [STRONG, "3f9a1c0e7b2d4856", "correct horse battery staple"])
def test_a_long_random_password_is_not_refused(password: str) -> None:
    refuse_weak_admin("admin@example.com", password)


@pytest.mark.parametrize(
    ("email", "password", "complaint"),
    [
        ("", STRONG, "set AUTH_ADMIN_EMAIL"),
        ("root@example.com", "", "set AUTH_"),
        ("x", STRONG, "not an"),
    ],
)
def test_create_admin_says_what_is_missing(
    settings: AuthSettings, email: str, password: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        create_admin(with_admin(settings, email, password))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"secret_key": SecretStr(LOCAL_SECRET)}, "secret_key"),
        ({"log_level": "DEBUG"}, "log_level"),
        ({"service_clients": {"cart": SecretStr("short")}}, "service client cart"),
        ({"mail_url": ""}, "mail_url is not set"),
        ({"mail_url": "smtp+insecure://mail.example.org"}, "without TLS"),
        ({"storefront_url": "http://shop.example.org"}, "storefront_url"),
        ({"mail_from": "shop@example.com"}, "mail_from"),
    ],
    ids=["secret", "debug", "client", "no mail", "mail in clear", "link in clear", "from nobody"],
)
def test_a18_unsafe_production_is_refused(change: dict[str, Any], complaint: str) -> None:
    safe: dict[str, Any] = {
        "environment": "production",
        "database_url": "sqlite:////x.db",
        "secret_key": SecretStr("s" * 40),
        "mail_url": "smtp://shop:secret@mail.example.org",
        "mail_from": "shop@example.org",
        "storefront_url": "https://shop.example.org",
    }
    AuthSettings(**safe)
    with pytest.raises(ValidationError, match=complaint):
        AuthSettings(**safe | change)


def test_nothing_secret_is_logged_at_the_start(settings: AuthSettings) -> None:
    shown = str(with_admin(settings, "root@example.com", STRONG).masked())
    for secret in (STRONG, "root@example.com", "s" * 40, LOCAL_SECRET):
        assert secret not in shown


@pytest.fixture
def shop_auth(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a command that is to fail, with an environment; gives what it says."""

    def run(command: str, **environment: str) -> str:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["shop-auth", command])
        monkeypatch.setattr("shopkit.console.configure_logs", lambda *_: None)  # of later tests
        with pytest.raises(SystemExit, match="2"):
            main()
        return capsys.readouterr().err

    return run


@pytest.mark.parametrize("command", ["serve", "create-key", "rotate-key", "create-admin"])
def test_a18_the_console_says_in_one_line_what_is_wrong(
    tmp_path: Path, shop_auth: Callable[..., str], command: str
) -> None:
    said = shop_auth(
        command,
        AUTH_DATABASE_URL=f"sqlite:///{tmp_path}/auth.db",
        AUTH_LISTEN=f"unix:{tmp_path}/public",
        AUTH_INTERNAL_LISTEN=f"unix:{tmp_path}/internal",
        AUTH_LOG_LEVEL="ERROR",
    )
    assert said.startswith("shop-auth: ")
    assert said.count("\n") == 1
    assert "AUTH_" in said


def test_a_misspelt_setting_ends_a_start(tmp_path: Path, shop_auth: Callable[..., str]) -> None:
    database = f"sqlite:///{tmp_path}/auth.db"
    said = shop_auth("create-key", AUTH_DATABASE_URL=database, AUTH_LOGLEVEL="ERROR")
    assert said == "shop-auth: there is no setting AUTH_LOGLEVEL: did you mean AUTH_LOG_LEVEL?\n"


def test_a18_malformed_clients_are_refused_without_showing_them(
    tmp_path: Path, shop_auth: Callable[..., str]
) -> None:
    database = f"sqlite:///{tmp_path}/auth.db"
    clients = '{"cart": "very-secret'
    said = shop_auth("create-key", AUTH_DATABASE_URL=database, AUTH_SERVICE_CLIENTS=clients)
    assert "very-secret" not in said


def test_the_commands_make_what_serve_needs(tmp_path: Path) -> None:
    environment = {
        "AUTH_DATABASE_URL": f"sqlite:///{tmp_path}/auth.db",
        "AUTH_KEYS_DIR": str(tmp_path / "keys"),
        "AUTH_ADMIN_EMAIL": "root@example.com",
        "AUTH_ADMIN_PASSWORD": STRONG,
    }
    for command in ("create-key", "migrate", "create-admin"):
        ended = subprocess.run(
            [PROGRAM, command],
            env={"PATH": os.environ["PATH"]} | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
    with sqlite3.connect(tmp_path / "auth.db") as connection:
        found = connection.execute("SELECT role FROM user_roles ORDER BY role").fetchall()
    connection.close()
    assert found == [("admin",), ("customer",)]
