"""Answers that are worked out once for many."""

import asyncio

import pytest

from catalog import answers
from catalog.answers import Answers

from .conftest import Shop

pytestmark = pytest.mark.anyio


class Work:
    """Answers how often it was done; goes on when it is let."""

    def __init__(self) -> None:
        self.done, self.may, self.fails = 0, asyncio.Event(), False

    async def __call__(self) -> int:
        await self.may.wait()
        self.done += 1
        if self.fails:
            raise KeyError("mine")
        return self.done


async def test_c11_who_asks_the_same_at_once_waits_for_one() -> None:
    kept, work = Answers[int](), Work()
    asked = [asyncio.create_task(kept.get("a", work)) for _ in range(9)]
    await asyncio.sleep(0)
    asked[0].cancel()  # whoever began it may go away
    work.may.set()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert found[1:] == [1] * 8
    assert await kept.get("b", work) == 2


async def test_no_answer_is_older_than_said() -> None:
    at = [0.0]
    kept, work = Answers[int](lambda: at[0]), Work()
    work.may.set()
    found = []
    for at[0] in (0.0, answers.FRESH - 1, answers.FRESH + 1, answers.FRESH + 1, 100.0):
        found.append(await kept.get("a", work))
        await asyncio.sleep(0.01)  # what is being worked out is done
    assert found == [1, 1, 1, 2, 3]


async def test_what_is_worked_out_anew_takes_turns() -> None:
    at = [0.0]
    kept, works = Answers[int](lambda: at[0]), {name: Work() for name in "abc"}
    for name, work in works.items():
        work.may.set()
        await kept.get(name, work)
        work.may.clear()
    at[0] = answers.FRESH + 1
    assert [await kept.get(name, work) for name, work in works.items()] == [1, 1, 1]
    works["c"].may.set()  # but has to wait for the two before it
    for name in "ab":
        await asyncio.sleep(0.01)
        assert works["c"].done == 1
        works[name].may.set()
    await asyncio.sleep(0.01)
    assert [await kept.get(name, work) for name, work in works.items()] == [2, 2, 2]


async def test_a_failure_is_told_and_not_kept() -> None:
    kept, work = Answers[int](), Work()
    work.may.set()
    work.fails = True
    with pytest.raises(KeyError):
        await kept.get("a", work)
    work.fails = False
    assert await kept.get("a", work) == 2


async def test_c11_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST", 2)
    kept, work = Answers[int](), Work()
    work.may.set()
    assert [await kept.get(name, work) for name in "abcba"] == [1, 2, 3, 2, 4]


async def test_staff_get_facets_of_now_and_shoppers_of_some_seconds_ago(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/api/products/facets"
    assert (await shop.guest.get(path)).json()["total"] == 0
    await shop.product()
    assert (await shop.guest.get(path)).json()["total"] == 0
    assert (await shop.staff("GET", path)).json()["total"] == 1
    monkeypatch.setattr(answers, "FRESH", 0.0)
    monkeypatch.setattr(answers, "OLDEST", 0.0)
    assert (await shop.guest.get(path)).json()["total"] == 1
