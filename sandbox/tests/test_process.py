"""The sandbox as a process: what it has answered survives its end, however it ends."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paysandbox.main import main
from sandbox.tests.process import API_KEY, SECRET, SandboxProcess, sandbox_process
from sandbox.tests.receiver import receiving, wait_until
from shopkit.errors import Unavailable
from shopkit.http_client import ServiceClient
from shopkit.ids import new_id

KILLS, BUYERS = 3, 8


@pytest.fixture
def process(tmp_path: Path) -> Iterator[SandboxProcess]:
    with sandbox_process(tmp_path) as found:
        yield found


async def insist(client: ServiceClient, path: str, body: Any, key: str) -> Any:
    """Repeat the call until it is answered."""
    while True:
        try:
            answer = await client.call("POST", path, json=body, headers={"Idempotency-Key": key})
        except Unavailable:
            await asyncio.sleep(0.05)
            continue
        assert answer.status == 200, answer
        return answer.json


async def buy(client: ServiceClient, stop: asyncio.Event) -> dict[str, tuple[Any, ...]]:
    """Pay again and again; answers, by the intent, what was answered."""
    answers: dict[str, tuple[Any, ...]] = {}
    while not stop.is_set():
        wanted = {"reference": new_id(), "amount": 1000, "currency": "USD"}
        id = (await insist(client, "/v1/intents", wanted, "-"))["id"]
        steps = (
            ("authorize", {"token": "tok_success"}),
            ("capture", {"amount": 1000}),
            ("refunds", {"amount": 400}),
        )
        told = []
        for step, body in steps:
            told.append(await insist(client, f"/v1/intents/{id}/{step}", body, f"{id}:{step}"))
        answers[id] = tuple(told)
    return answers


async def ledger(client: ServiceClient) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    cursor = ""
    while True:
        page = (await client.call("GET", f"/v1/ledger?limit=100{cursor}")).json
        found += [(row["intent"], row["kind"], row["amount"]) for row in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_nothing_answered_is_lost_and_nothing_is_charged_twice(
    process: SandboxProcess,
) -> None:
    client, stop = process.client(), asyncio.Event()
    async with receiving(process.hooks) as receiver:
        buyers = [asyncio.create_task(buy(client, stop)) for _ in range(BUYERS)]
        for _ in range(KILLS):
            await asyncio.sleep(0.5)
            await asyncio.to_thread(process.stop, signal.SIGKILL)
            await asyncio.to_thread(process.start)
        stop.set()
        answers = {
            id: told for found in await asyncio.gather(*buyers) for id, told in found.items()
        }
        assert len(answers) > BUYERS
        expected = [("authorize", 1000), ("capture", 1000), ("refund", 400)]
        entries = await ledger(client)
        assert sorted(entries) == sorted((id, *entry) for id in answers for entry in expected)
        for id, told in answers.items():
            again = await insist(
                client, f"/v1/intents/{id}/refunds", {"amount": 400}, f"{id}:refunds"
            )
            assert again == told[2]
        all_told = {"intent.authorized", "intent.captured", "intent.refunded"}
        await wait_until(lambda: all(receiver.of(id) == all_told for id in answers))
    await client.close()


async def test_sigterm_ends_it_in_order_and_its_log_tells_no_secret(
    process: SandboxProcess,
) -> None:
    client = process.client()
    body = {"reference": "order-1", "amount": 1000, "currency": "USD"}
    intent = (await client.call("POST", "/v1/intents", json=body)).json["id"]
    await insist(client, f"/v1/intents/{intent}/authorize", {"token": "tok_success"}, "a")
    await client.close()
    assert await asyncio.to_thread(process.stop, signal.SIGTERM) == 0
    said = process.log.read_text()
    assert '"stopped"' in said
    assert API_KEY not in said
    assert SECRET.removeprefix("whsec_") not in said
    process.start()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"SANDBOX_API_KEY": ""}, "SANDBOX_API_KEY"),
        ({"SANDBOX_API_KEY": "short"}, "SANDBOX_API_KEY"),
        ({"SANDBOX_WEBHOOK_SECRET": "whsec_c2hvcnQ="}, "SANDBOX_WEBHOOK_SECRET"),
        ({"SANDBOX_DATABASE": "/nowhere/sandbox.db"}, "/nowhere/sandbox.db"),
        ({"SANDBOX_SLOW_SECOND": "1"}, "did you mean SANDBOX_SLOW_SECONDS?"),
    ],
)
def test_a_wrong_setting_ends_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, str],
    told: str,
) -> None:
    good = {
        "SANDBOX_DATABASE": str(tmp_path / "sandbox.db"),
        "SANDBOX_LISTEN": f"unix:{tmp_path}/sandbox.sock",
        "SANDBOX_API_KEY": API_KEY,
    }
    for name, value in (good | settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["shop-sandbox", "serve"])
    monkeypatch.setattr("paysandbox.main.configure_logs", lambda *_: None)  # of later tests
    with pytest.raises(SystemExit, match="2"):
        main()
    said = capsys.readouterr().err
    assert said.startswith("shop-sandbox: ")
    assert told in said
    assert said.count("\n") == 1
    assert not any(value and value in said for value in ("c2hvcnQ=", "short"))
