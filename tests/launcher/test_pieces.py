import asyncio
import http.server
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import asyncpg
import pytest

from launcher.administrator import find_administrator
from launcher.banner import curl_lines, shown_mails, shown_password
from launcher.data_folder import DataFolder
from launcher.errors import LaunchError
from launcher.gateway import check_port
from launcher.log_file import last_lines, trim
from launcher.process import Job
from launcher.sample import SampleCatalog
from launcher.sandbox import find_sandbox
from launcher.schema import is_current
from launcher.services import NAMES, Layout, service_environment
from launcher.settings import read_settings
from launcher.vault import Vault
from tools.postgres import PostgresUnavailable, running_cluster


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "versions"
    folder.mkdir()
    for name in ("0001_first.py", "0002_second.py", "__init__.py"):
        (folder / name).touch()
    return folder


def database_at(path: Path, revision: str) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    connection.commit()
    connection.close()
    return path


def test_only_the_newest_schema_is_current(tmp_path: Path, migrations: Path) -> None:
    for name, revision, expected in (("new", "0002", True), ("old", "0001", False)):
        database = database_at(tmp_path / f"{name}.db", revision)
        assert is_current(f"sqlite:///{database}", migrations) is expected


def test_a_server_is_asked_too(migrations: Path) -> None:
    async def set_revision(revision: str) -> None:
        connection = await asyncpg.connect(cluster.url)
        await connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num text)")
        await connection.execute("DELETE FROM alembic_version")
        await connection.execute("INSERT INTO alembic_version VALUES ($1)", revision)
        await connection.close()

    try:
        with running_cluster() as cluster:
            assert not is_current(cluster.url, migrations)
            for revision, expected in (("0002", True), ("0001", False)):
                asyncio.run(set_revision(revision))
                assert is_current(cluster.url, migrations) is expected
            assert not is_current(f"{cluster.url}-that-is-not-there", migrations)
        assert not is_current(cluster.url, migrations)
    except PostgresUnavailable as error:
        pytest.skip(str(error))


def test_a_missing_or_damaged_database_is_not_current(tmp_path: Path, migrations: Path) -> None:
    (tmp_path / "damaged.db").write_bytes(b"not a database" * 100)
    assert not is_current(f"sqlite:///{tmp_path}/missing.db", migrations)
    assert not is_current(f"sqlite:///{tmp_path}/damaged.db", migrations)
    assert not (tmp_path / "missing.db").exists()


def test_a_log_is_bounded_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 100)
        trim(log, largest=100)
        writer.write(b"new\n")
        trim(log, largest=100)
    assert log.read_text() == "new\n"
    assert (tmp_path / "auth.log.1").read_text() == "old\n" * 100


def test_last_lines_leaves_empty_ones_out(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    assert last_lines(log, 2) == []
    log.write_text("one\ntwo\n\nthree\n\n")
    assert last_lines(log, 2) == ["two", "three"]


def test_a_failed_job_tells_its_last_line() -> None:
    script = "echo working; echo it is damaged >&2; exit 3"
    job = Job("shop-auth migrate", ["sh", "-c", script], {"PATH": "/bin:/usr/bin"})
    with pytest.raises(LaunchError, match="shop-auth migrate failed: it is damaged"):
        job.finish()


def test_who_deletes_the_sample_is_not_given_it_again(tmp_path: Path) -> None:
    sample = SampleCatalog(Layout(tmp_path, DataFolder(tmp_path), tmp_path, tmp_path))
    sample.settle()
    assert not sample.is_wanted()  # nobody is asked whether there are products


def test_a_service_gets_no_setting_of_another_nor_the_admins_password(tmp_path: Path) -> None:
    layout = Layout(tmp_path, DataFolder(tmp_path), tmp_path, tmp_path)
    given = {"PATH": "/bin", "ADMIN_EMAIL": "a@b.de", "ADMIN_PASSWORD": "correct horse"}
    given |= {f"{name.upper()}_LOG_LEVEL": "DEBUG" for name in (*NAMES, "sandbox")}
    for name in NAMES:
        told = service_environment(name, layout, Vault(tmp_path), given)
        mine = f"{name.upper()}_"
        assert {key for key in told if not key.startswith(mine)} == {"PATH"}
        assert told[f"{mine}LOG_LEVEL"] == "DEBUG"
        assert told[f"{mine}LISTEN"] == f"unix:{tmp_path}/{name}.sock"


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ({}, "on"),
        ({"RATE_LIMITS": ""}, "on"),
        ({"RATE_LIMITS": "Off"}, "off"),
        ({"RATE_LIMITS": "off", "AUTH_LOGIN_LIMITS": "on"}, "on"),
    ],
)
def test_logins_are_limited_where_the_gateway_limits(
    tmp_path: Path, given: dict[str, str], limits: str
) -> None:
    layout = Layout(tmp_path, DataFolder(tmp_path), tmp_path, tmp_path)
    told = service_environment("auth", layout, Vault(tmp_path), given)
    assert told["AUTH_LOGIN_LIMITS"] == limits


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "file://{}/mail"),
        ({"MAIL_URL": ""}, "file://{}/mail"),
        ({"MAIL_URL": "smtp://a:b@c"}, "smtp://a:b@c"),
        ({"MAIL_URL": "smtp://a:b@c", "AUTH_MAIL_URL": "smtps://d"}, "smtps://d"),
    ],
)
def test_mails_are_files_unless_somebody_sends_them(
    tmp_path: Path, given: dict[str, str], url: str
) -> None:
    layout = Layout(tmp_path, DataFolder(tmp_path), tmp_path, tmp_path)
    told = service_environment("auth", layout, Vault(tmp_path), given | {"SHOP_NAME": "Tea & Co"})
    assert told["AUTH_MAIL_URL"] == url.format(tmp_path)
    assert told["AUTH_SHOP_NAME"] == "Tea & Co"
    assert not set(told) & {"MAIL_URL", "SHOP_NAME"}
    assert service_environment("orders", layout, Vault(tmp_path), {})["ORDERS_MAIL_URL"]
    assert "CART_MAIL_URL" not in service_environment("cart", layout, Vault(tmp_path), given)
    assert "a:b" not in shown_mails(given, layout.data.mail)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path, DataFolder(tmp_path), tmp_path, tmp_path)


def test_the_sandbox_gets_no_setting_of_a_service_and_says_where_it_is(
    tmp_path: Path, layout: Layout
) -> None:
    settings = read_settings({}, tmp_path)
    sandbox = find_sandbox(settings, layout, Vault(tmp_path), settings.url)
    given = {f"{name.upper()}_LOG_LEVEL": "DEBUG" for name in NAMES}
    given |= {"PATH": "/bin", "ADMIN_PASSWORD": "correct horse", "SANDBOX_SLOW_SECONDS": "1"}
    told = sandbox.environment(given | {"SANDBOX_LISTEN": "0.0.0.0:80"})
    assert {key for key in told if not key.startswith("SANDBOX_")} == {"PATH"}
    assert told["SANDBOX_SLOW_SECONDS"] == "1"
    assert told["SANDBOX_LISTEN"] == f"127.0.0.1:{sandbox.port}"
    assert told["SANDBOX_WEBHOOK_URL"] == "http://127.0.0.1:8080/api/payments/webhooks/sandbox"
    orders = sandbox.told_to_orders()
    assert orders["ORDERS_SANDBOX_URL"] == told["SANDBOX_PUBLIC_URL"]
    assert orders["ORDERS_SANDBOX_API_KEY"] == told["SANDBOX_API_KEY"]
    assert orders["ORDERS_SANDBOX_WEBHOOK_SECRET"] == told["SANDBOX_WEBHOOK_SECRET"]


def test_the_sandbox_keeps_its_port_while_it_can(
    tmp_path: Path, layout: Layout, listener: http.server.HTTPServer
) -> None:
    vault, settings = Vault(tmp_path), read_settings({}, tmp_path)
    port = find_sandbox(settings, layout, vault, "http://127.0.0.1:9").port
    assert find_sandbox(settings, layout, vault, "http://127.0.0.1:9").port == port
    for taken in (str(listener.server_port), "8080", "9", "99999", "damaged"):
        vault.keep("sandbox-port", taken)
        assert str(find_sandbox(settings, layout, vault, "http://127.0.0.1:9").port) != taken


class Silent(http.server.BaseHTTPRequestHandler):
    seen: ClassVar[list[object]] = []

    def do_POST(self) -> None:
        self.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def listener() -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_busy_port_is_named(tmp_path: Path, listener: http.server.HTTPServer) -> None:
    port = str(listener.server_port)
    with pytest.raises(LaunchError, match=f"port {port} of 127.0.0.1 is busy.*GATEWAY_PORT"):
        check_port(read_settings({"GATEWAY_PORT": port}, tmp_path))


def test_printed_curl_lines_survive_any_address_and_folder(
    tmp_path: Path, listener: http.server.HTTPServer
) -> None:
    secrets = tmp_path / """it's "$HOME" \\ `id` ünd!"""
    secrets.mkdir()
    given = {"ADMIN_EMAIL": """o'%s"\\$HOME`id`@example.com"""}
    administrator = find_administrator(read_settings(given, tmp_path), Vault(secrets))
    url = f"http://127.0.0.1:{listener.server_port}"
    login = curl_lines(url, administrator, works=True, product_id=None)[1]
    Job("curl", ["sh", "-c", login], {"PATH": "/bin:/usr/bin"}).finish()
    assert Silent.seen == [{"email": given["ADMIN_EMAIL"], "password": administrator.password}]
    assert administrator.password not in login


def test_a_password_that_was_made_is_shown_once_and_never_again(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    made = find_administrator(read_settings({}, tmp_path), vault)
    given = find_administrator(read_settings({"ADMIN_PASSWORD": "hunter2hunter2"}, tmp_path), vault)
    made.mark_as_made()
    assert shown_password(given, works=True) == "(yours, of ADMIN_PASSWORD)"
    assert shown_password(made, works=True) == made.password
    made.mark_as_shown()
    assert shown_password(made, works=True) == f"(in {tmp_path}/admin-password)"
    assert (tmp_path / "admin-password").read_text().strip() == made.password
    assert shown_password(made, works=False).startswith("(changed")
    assert "hunter2" not in "".join(curl_lines("http://x", given, works=True, product_id=None))
