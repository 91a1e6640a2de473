"""The `shop` program against the running shop, as a person and as a machine use it."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.conftest import Admin

PROGRAM = Path(sys.executable).parent / "shop"
CATALOGS = Path(os.environ.get("SHOP_TEST_CATALOGS", "/nowhere"))
COLUMNS = [
    *("Handle", "Title", "Body (HTML)", "Type", "Variant SKU", "Variant Price"),
    *("Variant Inventory Qty", "Option1 Name", "Option1 Value", "Image Src"),
]


@pytest.fixture(scope="module", autouse=True)
def ctrl_c() -> None:
    """Where the tests run in the background of a shell, they and what they start ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass
class Cli:
    """Runs `shop` with an environment of its own, so that no session of the tester is touched."""

    environment: dict[str, str]
    more: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [PROGRAM, *arguments],
            env=self.environment | self.more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        assert "Traceback" not in err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture
def cli(shop_url: str, tmp_path: Path) -> Cli:
    kept = ("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "COVERAGE_PROCESS_START")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    own = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    return Cli(environment | own | {"SHOP_URL": shop_url})


@pytest.fixture
def machine(cli: Cli, admin: Admin) -> Cli:
    """Logged in by its environment, as staff."""
    return Cli(cli.environment, {"SHOP_EMAIL": admin.email, "SHOP_PASSWORD": admin.password})


@pytest.fixture
def mark() -> str:
    """A word that only this test's products have in their handles."""
    return f"x{uuid4().hex[:10]}"


WriteFile = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    def file(*rows: dict[str, str]) -> Path:
        path = tmp_path / "products.csv"
        with path.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return file


def row(handle: str, **more: str) -> dict[str, str]:
    values = {"Handle": handle, "Title": handle.title(), "Variant Price": "19.99"}
    return (
        values | {"Variant Inventory Qty": "5"} | {k.replace("_", " "): v for k, v in more.items()}
    )


def listed(cli: Cli, *options: str) -> list[dict[str, Any]]:
    answer = cli.run("products", "list", "--json", *options)
    assert answer.returncode == 0, answer.stderr
    items: list[dict[str, Any]] = json.loads(answer.stdout)
    return items


def test_an_import_can_be_repeated(machine: Cli, write: WriteFile, mark: str) -> None:
    tee = f"tee-{mark}"
    size = {"Option1_Name": "Size", "Type": f"Shirts {mark} > Tees"}
    file = write(
        row(tee, Option1_Value="S", **size),
        {**row(tee, Option1_Value="M"), "Title": ""},
        {"Handle": tee, "Image Src": "https://images.example.com/tee.jpg"},
        row(f"mug-{mark}", **{"Body (HTML)": "<p>Tea &amp; more</p>"}),
    )
    first = machine.run("import", file)
    assert first.returncode == 0, first.stderr
    assert "3 created, 0 updated, 0 unchanged, 0 skipped, 0 failed" in first.stdout
    found = {product["sku"]: product for product in listed(machine, "--q", mark)}
    assert set(found) == {f"tee-{mark}-s", f"tee-{mark}-m", f"mug-{mark}"}
    small = found[f"tee-{mark}-s"]
    assert small["price"] == {"amount": 1999, "currency": "USD"}
    assert small["group"]["options"] == {"size": "S"}
    assert [image["url"] for image in small["images"]] == ["https://images.example.com/tee.jpg"]
    assert found[f"mug-{mark}"]["description"] == "Tea & more"
    again = machine.run("import", file)
    assert "0 created, 0 updated, 3 unchanged, 0 skipped, 0 failed" in again.stdout
    below = listed(machine, "--category", small["category_ids"][0])
    assert {product["sku"] for product in below} == {f"tee-{mark}-s", f"tee-{mark}-m"}


def test_bad_rows_are_told_and_the_others_are_there(
    machine: Cli, write: WriteFile, mark: str
) -> None:
    bad = [row(f"bad-{n}-{mark}", Variant_Price=text) for n, text in enumerate(("", "1,5", "x"))]
    answer = machine.run("import", write(*bad, row(f"good-{mark}")))
    assert answer.returncode == 1
    assert "1 created, 0 updated, 0 unchanged, 3 skipped, 0 failed" in answer.stdout
    told = [line.split()[:3] for line in answer.stdout.splitlines() if "Variant Price" in line]
    assert told == [[str(number), "Variant", "Price"] for number in (2, 3, 4)]
    assert len(listed(machine, "--q", mark)) == 1


PARTS = 200  # as many as are loaded one by one


def number(text: str) -> int:
    return int(text.replace(",", ""))


def _found(url: str, words: str, limit: int) -> bool:
    params: dict[str, str | int] = {"q": words, "limit": limit}
    answer = httpx2.get(f"{url}/api/products", params=params, timeout=30)
    return bool(answer.json()["items"])


def test_an_import_that_is_stopped_goes_on(machine: Cli, write: WriteFile, mark: str) -> None:
    file = write(*(row(f"part-{n}-{mark}") for n in range(PARTS)))
    process = machine.start("import", file)
    url = machine.environment["SHOP_URL"]
    deadline = time.monotonic() + 60
    limits = cycle(range(1, 101))  # so that the gateway does not answer from its cache
    while not _found(url, mark, next(limits)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "goes on where this one stopped" in err
    made = number(out.split(" created")[0])
    rest = machine.run("import", file)
    assert rest.returncode == 0, rest.stderr
    created, _, unchanged = (number(part.split()[0]) for part in rest.stdout.split(", ")[:3])
    assert created + unchanged == PARTS
    assert made <= unchanged <= made + 8  # what was under way when it stopped
    assert len(listed(machine, "--q", mark, "--limit", str(PARTS + 1))) == PARTS


def test_the_sample_is_loaded_once(machine: Cli) -> None:
    for _ in range(2):
        answer = machine.run("sample", "--force")
        assert answer.returncode == 0, answer.stderr
    assert "62 unchanged" in answer.stdout


def test_a_shop_with_products_of_its_own_gets_no_sample(
    machine: Cli, write: WriteFile, mark: str
) -> None:
    machine.run("import", write(row(f"own-{mark}")))
    answer = machine.run("sample")
    assert answer.returncode == 0
    assert "nothing loaded" in answer.stderr


def test_a_person_logs_in_looks_and_logs_out(cli: Cli, admin: Admin, tmp_path: Path) -> None:
    assert "shop login" in cli.run("orders", "list").stderr
    answer = cli.run("login", "--email", admin.email, "--password", admin.password)
    assert answer.returncode == 0, answer.stderr
    stored = tmp_path / "config/shop/sessions.json"
    assert stored.stat().st_mode & 0o777 == 0o600
    assert admin.password not in stored.read_text()
    assert cli.run("orders", "list", "--json").returncode == 0
    assert cli.run("logout").returncode == 0
    assert cli.run("orders", "list").returncode == 1


def test_a_customer_sees_only_own_orders(cli: Cli, shop_url: str, mark: str) -> None:
    account = {"email": f"{mark}@example.com", "password": "correct horse battery"}
    number = bought(shop_url, account)
    customer = Cli(
        cli.environment, {"SHOP_EMAIL": account["email"], "SHOP_PASSWORD": account["password"]}
    )
    answer = customer.run("orders", "list", "--mine")
    assert answer.returncode == 0, answer.stderr
    assert number in answer.stdout
    refused = customer.run("orders", "list")
    assert refused.returncode == 1
    assert "--mine" in refused.stderr
    assert customer.run("sample", "--force").returncode == 1


def test_a_customer_takes_along_what_the_shop_keeps(
    cli: Cli, shop_url: str, tmp_path: Path, mark: str
) -> None:
    account = {"email": f"{mark}@example.com", "password": "correct horse battery"}
    number = bought(shop_url, account)
    customer = Cli(
        cli.environment, {"SHOP_EMAIL": account["email"], "SHOP_PASSWORD": account["password"]}
    )
    file = tmp_path / "my-data.json"
    answer = customer.run("account", "export", file)
    assert (answer.returncode, account["email"] in answer.stderr) == (0, True), answer.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    found = json.loads(file.read_text())
    assert found["account"]["account"]["email"] == account["email"]
    assert [order["number"] for order in found["orders"]["orders"]] == [number]
    assert [cart["state"] for cart in found["cart"]["carts"]] == ["converted"]
    again = customer.run("account", "export", file)
    assert (again.returncode, "--force" in again.stderr) == (2, True)
    assert customer.run("account", "export", "--force", file).returncode == 0
    assert json.loads(customer.run("account", "export", "-").stdout)["cart"]
    assert "shop login" in cli.run("account", "export", "-").stderr


def test_staff_find_an_order_by_its_number(
    cli: Cli, machine: Cli, shop_url: str, mark: str
) -> None:
    account = {"email": f"{mark}@example.com", "password": "correct horse battery"}
    number = bought(shop_url, account)
    bought(shop_url, account | {"email": f"other-{mark}@example.com"})
    found = machine.run("orders", "list", "--number", number, "--json")
    assert [order["number"] for order in json.loads(found.stdout)] == [number]
    assert "--number" in machine.run("orders", "list", "--number", number, "--mine").stderr


def test_what_is_no_import_cannot_be_undone(machine: Cli) -> None:
    answer = machine.run("import", "--undo", "x")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("shop: x is no import's id")


def test_half_a_login_in_the_environment_is_told(cli: Cli, admin: Admin) -> None:
    answer = Cli(cli.environment, {"SHOP_EMAIL": admin.email}).run("orders", "list")
    assert (answer.returncode, "SHOP_PASSWORD is not" in answer.stderr) == (2, True)


def test_a_list_says_that_there_is_more(cli: Cli) -> None:
    answer = cli.run("products", "list", "--limit", "2")
    assert "first 2; there are more" in answer.stderr
    assert len(answer.stdout.splitlines()) == 1 + 2


def test_a_login_can_be_piped_in(cli: Cli, admin: Admin) -> None:
    answer = subprocess.run(
        [PROGRAM, "login"],
        env=cli.environment,
        input=f"{admin.email}\n{admin.password}\n",
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr.startswith("Logged in to ")
    assert "Warning" not in answer.stderr


def bought(shop_url: str, account: dict[str, str]) -> str:
    """The number of an order of a new customer."""
    with httpx2.Client(base_url=shop_url, timeout=30) as client:
        client.post("/api/auth/register", json=account).raise_for_status()
        login = client.post("/api/auth/login", json=account).raise_for_status()
        client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        page = client.get("/api/products", params={"in_stock": "true", "limit": 1})
        line = {"product_id": page.json()["items"][0]["id"], "quantity": 1}
        client.post("/api/cart", json=line).raise_for_status()
        order = client.post("/api/orders", json={}).raise_for_status()
        return str(order.json()["number"])


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("products", "list", "--url", "http://127.0.0.1:9"), 1, "No shop answers"),
        (("products", "list", "--url", "nonsense"), 2, "is not an address"),
        (("products", "list", "--limit", "none"), 2, "--limit"),
        (("products", "list", "--status", "draft"), 1, "shop login"),
        (("import", "/nowhere/at/all.csv"), 2, "No such file"),
        (("import", str(PROGRAM)), 2, "not a"),
        (("login", "--email", "nobody@example.com", "--password", "wrong-password"), 1, "belong"),
        (("fly",), 2, "No such command"),
        (("import", "all.csv", "--currency", "FOO"), 2, "'FOO' is not a currency"),
        (("import", "--check", "all.csv", "--currency", "FOO"), 2, "'FOO' is not a currency"),
        (("import", "all.csv", "--undo", "x"), 2, "not both"),
    ],
)
def test_every_error_is_one_line(
    cli: Cli, arguments: tuple[str, ...], code: int, told: str
) -> None:
    answer = cli.run(*arguments)
    assert answer.returncode == code
    assert answer.stdout == ""
    assert len(answer.stderr.splitlines()) == 1
    assert told in answer.stderr


@pytest.mark.skipif(not CATALOGS.is_dir(), reason="SHOP_TEST_CATALOGS names no catalogs")
@pytest.mark.parametrize(
    ("name", "products"),
    [
        ("shopify-apparel.csv", 22),
        ("shopify-home-and-garden.csv", 21),
        ("shopify-jewelery.csv", 23),
        ("shopify-marketplace-1000.csv", 996),
    ],
)
def test_published_catalogs_load_whole_and_once(machine: Cli, name: str, products: int) -> None:
    first = machine.run("import", CATALOGS / name)
    assert first.returncode == 0, first.stderr
    assert "0 skipped, 0 failed" in first.stdout
    again = machine.run("import", CATALOGS / name)
    assert f"0 created, 0 updated, {products:,} unchanged, 0 skipped, 0 failed" in again.stdout
