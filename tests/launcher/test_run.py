"""The real shop, started as a person does."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.gateway.certificates import make_certificate
from tests.launched_shop import LaunchedShop, launched_shop, start

PATIENCE = 20.0


@dataclass(frozen=True)
class FirstRun:
    """A shop that was started in an empty folder and stopped with Ctrl-C, once too early."""

    data: Path
    early: str
    text: str
    status: int
    left_behind: list[str]
    under_way: bytes
    """What was answered to a request of which half had come when Ctrl-C did."""


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    data = tmp_path_factory.mktemp("launcher") / "var"
    early = start(data, {})
    early.wait_for("admin admin@example.com: there")
    early.stop(signal.SIGINT)
    with launched_shop(data, {}) as shop:
        children = tree_of(shop.process.pid)
        with ThreadPoolExecutor() as others:
            answer = others.submit(the_other_half, half_a_login(shop.url))
            status = shop.stop(signal.SIGINT)
    left_behind = [args for pid, args in children.items() if Path(f"/proc/{pid}").exists()]
    return FirstRun(data, early.text(), shop.text(), status, left_behind, answer.result())


LOGIN = b'{"email": "nobody@example.com", "password": "it is not"}'


def half_a_login(url: str) -> socket.socket:
    connection = socket.create_connection((httpx2.URL(url).host, httpx2.URL(url).port))
    head = f"POST /api/auth/login HTTP/1.1\r\nHost: shop\r\nContent-Length: {len(LOGIN)}\r\n"
    head += "Content-Type: application/json\r\n\r\n"
    connection.sendall(head.encode() + LOGIN[:20])
    return connection


def the_other_half(connection: socket.socket) -> bytes:
    time.sleep(0.5)  # the gateway has been told to stop
    with connection, suppress(OSError):
        connection.sendall(LOGIN[20:])
        return connection.recv(100)
    return b""


@pytest.fixture(scope="module")
def shop(first_run: FirstRun) -> Iterator[LaunchedShop]:
    """Started again: what the first start made, this one finds."""
    with launched_shop(first_run.data, {"ORDERS_UNPAID_DAYS": "9"}) as shop:
        yield shop


def products(shop: LaunchedShop) -> int:
    answer = httpx2.get(f"{shop.url}/api/products?count=true&group=expand", timeout=10)
    return int(answer.json()["total"])


def tree_of(pid: int) -> dict[int, str]:
    """The processes below `pid` and their command lines."""
    answer = subprocess.run(
        ["ps", "-wweo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in answer.stdout.splitlines()]
    found: dict[int, str] = {}
    wanted = {str(pid)}
    while more := [row for row in rows if row[1] in wanted and int(row[0]) not in found]:
        found |= {int(row[0]): row[2] for row in more}
        wanted |= {row[0] for row in more}
    return found


def test_ctrl_c_stops_everything(first_run: FirstRun) -> None:
    assert first_run.status == 0
    assert first_run.left_behind == []
    assert not (first_run.data / "run").exists()
    assert "Traceback" not in first_run.text


def test_what_the_gateway_has_taken_is_answered_before_it_stops(first_run: FirstRun) -> None:
    assert first_run.under_way.startswith(b"HTTP/1.1 401 ")


def test_first_start_loads_a_sample(first_run: FirstRun) -> None:
    assert "loading the sample catalog" in first_run.text


def test_second_start_makes_nothing_twice(first_run: FirstRun, shop: LaunchedShop) -> None:
    text = shop.text()
    assert not any(word in text for word in ("migrate", "create-key", "admin@example.com: there"))
    assert "sample" not in text
    password = (shop.data / "secrets" / "admin-password").read_text().strip()
    assert password in first_run.text
    assert password not in text
    assert products(shop) > 50
    with sqlite3.connect(shop.data / "databases" / "auth.db") as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)


def test_a_first_start_that_ended_early_leaves_the_password_to_the_next(
    first_run: FirstRun,
) -> None:
    password = (first_run.data / "secrets" / "admin-password").read_text().strip()
    assert password not in first_run.early
    assert password in first_run.text


def test_printed_commands_work_as_printed(shop: LaunchedShop) -> None:
    commands = [line for line in shop.text().splitlines() if line.startswith("  curl")]
    answers = [
        json.loads(subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout)
        for command in commands
    ]
    assert len(answers[0]["items"]) == 3
    assert answers[1]["token_type"] == "Bearer"
    assert answers[2].get("item_count") == 1, answers[2]


def test_a_forgotten_password_is_set_anew_with_the_file_that_stands_for_a_mail(
    shop: LaunchedShop,
) -> None:
    assert f"Mails:         {shop.data}/mail/*.eml" in shop.text()
    body = {"email": "ada@example.com", "password": "correct horse battery"}
    assert post(shop, "register", body).status_code == 201
    assert post(shop, "password/reset-request", {"email": body["email"]}).status_code == 202
    mail = wait_for_mail(shop.data, "Subject: Set a new password")
    token = mail.partition("http://localhost:3000/reset-password#token=")[2].split()[0]
    new = {"token": token, "new_password": "staple the horse again"}
    assert post(shop, "password/reset", new).status_code == 204
    assert post(shop, "password/reset", new).json()["code"] == "invalid_token"
    login = {"email": body["email"], "password": new["new_password"]}
    assert post(shop, "login", login).status_code == 200


def post(shop: LaunchedShop, call: str, body: dict[str, str]) -> httpx2.Response:
    return httpx2.post(f"{shop.url}/api/auth/{call}", json=body, timeout=10)


def wait_for_mail(data: Path, words: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for file in (data / "mail").glob("*.eml"):
            if words in (text := file.read_text()):
                return text
        time.sleep(0.1)
    raise AssertionError(f"no mail with {words!r}")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["orders", "reconcile"], 0, "reported: nothing"),
        (["auth", "sell"], 2, "invalid choice"),
        (["catalogue", "migrate"], 1, "catalogue is no service"),
    ],
)
def test_a_service_s_command_has_the_settings_of_the_shop(
    shop: LaunchedShop, words: list[str], status: int, said: str
) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "launcher", *words],
        env={**os.environ, "DATA_DIR": str(shop.data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, said in answer.stdout + answer.stderr) == (status, True), answer


def environment_of(shop: LaunchedShop, program: str) -> dict[str, str]:
    pid = next(pid for pid, args in tree_of(shop.process.pid).items() if program in args)
    pairs = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def test_orders_is_told_of_a_sandbox_that_takes_payments(
    first_run: FirstRun, shop: LaunchedShop
) -> None:
    told = environment_of(shop, "shop-orders")
    assert told["ORDERS_PAYMENT_METHODS"] == "manual,sandbox"
    assert told["ORDERS_UNPAID_DAYS"] == "9", "what was set for it"
    url, key = told["ORDERS_SANDBOX_URL"], told["ORDERS_SANDBOX_API_KEY"]
    headers = {"authorization": f"Bearer {key}", "idempotency-key": "a"}
    body = {"reference": "order-1", "amount": 1999, "currency": "USD"}
    intent = httpx2.post(f"{url}/v1/intents", json=body, headers=headers, timeout=30).json()
    paying = {"token": "tok_action_required"}
    path = f"{url}/v1/intents/{intent['id']}/authorize"
    waiting = httpx2.post(path, json=paying, headers=headers, timeout=30).json()
    page = httpx2.get(waiting["next_action"]["url"], timeout=30)
    assert "Confirm your payment" in page.text
    for secret in (key, told["ORDERS_SANDBOX_WEBHOOK_SECRET"]):
        assert secret not in first_run.text + shop.text()
    assert "tok_success" in shop.text()


@pytest.mark.parametrize("name", ["shop-auth", "shop-orders", "shop-sandbox", "nginx: master"])
def test_what_is_killed_comes_back(shop: LaunchedShop, name: str) -> None:
    victim = next(pid for pid, args in tree_of(shop.process.pid).items() if name in args)
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while not _all_well(shop, victim):
        assert time.monotonic() < deadline, shop.text()
        time.sleep(0.1)
    assert "(killed by SIGKILL); starting it again" in shop.text()


def _all_well(shop: LaunchedShop, victim: int) -> bool:
    try:
        well = httpx2.get(f"{shop.url}/api/health", timeout=5).status_code == 200
    except httpx2.HTTPError:
        return False
    return well and victim not in tree_of(shop.process.pid)


def test_a_second_one_with_the_same_data_is_refused(shop: LaunchedShop) -> None:
    second = start(shop.data, {})
    assert second.process.wait(PATIENCE) == 1
    line = second.text().strip()
    assert line.startswith("shop: a shop already runs with")
    assert "\n" not in line


def test_a_second_one_on_the_same_port_is_refused(shop: LaunchedShop, tmp_path: Path) -> None:
    port = shop.url.rpartition(":")[2]
    second = start(tmp_path / "var", {"GATEWAY_PORT": port})
    assert second.process.wait(PATIENCE) == 1
    assert second.text().startswith(f"shop: port {port} of 127.0.0.1 is busy")
    assert not second.data.exists()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"GATEWAY_PORT": "abc"}, "GATEWAY_PORT=abc"),
        ({"GATEWAY_PROT": "1"}, "did you mean GATEWAY_PORT?"),
        ({"RATE_LIMITS": "maybe"}, "RATE_LIMITS=maybe"),
        ({"ADMIN_PASSWORD": "short"}, "ADMIN_PASSWORD"),
        ({"ADMIN_EMAIL": "nobody"}, "ADMIN_EMAIL"),
        ({"DATA_DIR": "/dev/null/var"}, "DATA_DIR"),
    ],
)
def test_a_damaged_setting_ends_in_one_line(
    tmp_path: Path, settings: dict[str, str], named: str
) -> None:
    refused = start(tmp_path / "var", settings)
    assert refused.process.wait(PATIENCE) == 1
    line = refused.text().strip()
    assert line.startswith("shop: ")
    assert named in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"ORDERS_UNPAID_DAY": "3"}, "did you mean ORDERS_UNPAID_DAYS?"),
        ({"CATALOG_LOGLEVEL": "x"}, "did you mean CATALOG_LOG_LEVEL?"),
        ({"MAIL_URL": "foo"}, "_MAIL_URL must be smtp://"),
    ],
)
def test_what_a_service_cannot_take_ends_a_start_with_its_words(
    tmp_path: Path, shop: LaunchedShop, settings: dict[str, str], advice: str
) -> None:
    data = tmp_path / "var"
    shutil.copytree(shop.data, data, ignore=shutil.ignore_patterns("run", "*.lock"))
    refused = start(data, settings)
    assert refused.process.wait(PATIENCE * 3) == 1
    assert advice in refused.text().strip().splitlines()[-1]


def test_a_damaged_key_ends_in_a_line_that_names_it(tmp_path: Path, shop: LaunchedShop) -> None:
    data = tmp_path / "var"
    shutil.copytree(shop.data, data, ignore=shutil.ignore_patterns("run", "*.lock"))
    (data / "keys" / "0001.pem").write_text("no key")
    refused = start(data, {})
    assert refused.process.wait(PATIENCE * 3) == 1
    last = refused.text().strip().splitlines()[-1]
    assert last.startswith("shop: ")
    assert "0001.pem" in last
    assert "Traceback" not in refused.text()


def test_with_a_certificate_it_speaks_https_and_its_own_programs_reach_it(
    first_run: FirstRun, tmp_path: Path
) -> None:
    files = make_certificate(tmp_path / "tls", "shop.example")
    data = tmp_path / "var"
    shutil.copytree(first_run.data, data, ignore=shutil.ignore_patterns("run", "*.lock"))
    (data / "sample-settled").unlink()  # as if the sample were half loaded
    with launched_shop(data, files.variables) as shop:
        text, port = shop.text(), int(shop.url.rpartition(":")[2])
        assert f"Shop:          https://shop.example:{port}\n" in text
        (local,) = re.findall(r"From here: +(http://127\.0\.0\.1:\d+)\n", text)
        assert httpx2.get(f"{local}/api/products", trust_env=False, timeout=30).json()["items"]
        assert "loading the sample catalog" in text, "through it"
        context = ssl.create_default_context(cafile=str(files.certificate))
        with httpx2.Client(verify=context, trust_env=False, timeout=30) as client:
            answer = client.get(
                f"https://127.0.0.1:{port}/api/health",
                headers={"Host": "shop.example"},
                extensions={"sni_hostname": "shop.example"},
            )
        assert answer.json()["status"] == "ok"


def test_a18_a_bad_certificate_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    shop = start(tmp_path / "var", {"TLS_CERTIFICATE": "none.pem", "TLS_KEY": "none.pem"})
    assert shop.process.wait(30) == 1
    (line,) = shop.text().splitlines()
    assert line.startswith("shop: TLS_CERTIFICATE ")
    assert line.endswith("none.pem cannot be read: No such file or directory")
    assert not shop.data.exists()
