"""Of whatever goes wrong in a run, all that is needed to see why is there afterwards."""

import json
from pathlib import Path

import pytest

from tests.faults import evidence, scenario
from tests.faults.asking import NoAnswer
from tests.faults.journeys import STOCK, Traveller
from tests.faults.memory import Memory
from tests.faults.scenario import Broken, hold, kept
from tests.faults.staging import Staging
from tests.shop_clients import Staff

pytestmark = pytest.mark.torture


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(evidence, "KEPT", tmp_path)
    monkeypatch.setattr(scenario, "KEEP", False)
    return tmp_path


@pytest.mark.parametrize("failure", [NoAnswer("/api/orders"), AssertionError("not 100 orders")])
async def test_a_run_that_comes_to_no_verdict_is_kept(
    shop: Staging, staff: Staff, folder: Path, failure: Exception
) -> None:
    one = Traveller(shop, staff, await staff.product(stock=STOCK))
    with pytest.raises(type(failure)) as raised:
        async with kept("ended", shop, {"seed": "5eed"}, one.memory):
            await one.placed()
            raise failure
    (kept_in,) = folder.iterdir()
    assert raised.value.__notes__ == [f"seed 5eed; everything is in {kept_in}"]
    assert json.loads((kept_in / "verdict.json").read_text()) == {"no verdict": [repr(failure)]}
    assert json.loads((kept_in / "plan.json").read_text()) == {"seed": "5eed"}
    assert (kept_in / "clients.jsonl").read_text().count("POST") >= 2
    assert (kept_in / "orders.log").exists()
    assert {path.stem for path in kept_in.iterdir()} >= {"auth", "catalog", "cart", "sandbox"}


async def test_a_broken_promise_is_kept_with_its_verdict(
    shop: Staging, staff: Staff, folder: Path
) -> None:
    one = Traveller(shop, staff, await staff.product(stock=STOCK))
    with pytest.raises(Broken, match="I3 answers stay true"):
        async with kept("broken", shop, {"seed": "5eed"}, one.memory):
            where = await one.placed()
            one.memory.orders[where.rpartition("/")[2]]["total"]["amount"] += 1
            await hold("broken", shop, "5eed", one.memory)
    (kept_in,) = folder.iterdir()
    assert list(json.loads((kept_in / "verdict.json").read_text())) == ["I3 answers stay true"]


async def test_of_a_good_run_nothing_is_kept(shop: Staging, folder: Path) -> None:
    async with kept("good", shop, {"seed": "5eed"}, Memory()):
        pass
    assert list(folder.iterdir()) == []
