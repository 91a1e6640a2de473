"""Words that were mistyped, or are meant in another number."""

import random
import string
from collections.abc import Iterable
from typing import Any

import pytest
from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from catalog.vocabulary import Vocabulary, number_forms

from .conftest import Shop


def vocabulary(words: str) -> Vocabulary:
    found = Vocabulary()
    found.add(words.split())
    return found


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("lamp", "lamps"), ("box", "boxes"), ("dress", "dresses"), ("watch", "watches"),
        ("brush", "brushes"), ("lady", "ladies"), ("toy", "toys"), ("knife", "knives"),
        ("shelf", "shelves"), ("shoe", "shoes"), ("potato", "potatoes"), ("piano", "pianos"),
        ("cookie", "cookies"), ("glove", "gloves"), ("bus", "buses"), ("case", "cases"),
    ],
)  # fmt: skip
def test_plural_and_singular_lead_to_each_other(one: str, many: str) -> None:
    assert many in number_forms(one)
    assert one in number_forms(many)


def test_a_form_that_no_product_has_is_none() -> None:
    assert vocabulary("lamps box").numbers_of("lamp") == ["lamps"]
    assert vocabulary("lamps box").numbers_of("boxes") == ["box"]
    assert vocabulary("gla").numbers_of("glass") == []
    assert vocabulary("a1s").numbers_of("a1") == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("lmap", ["lamp"]),
        ("lam", []),
        ("lampe", ["lamp", "lampy"]),
        ("xamp", ["lamp"]),
        ("lampyx", ["lampy"]),
        ("lxmxy", []),
        ("chandeleer", ["chandelier"]),
        ("hcandeleer", ["chandelier"]),
        ("hcandelire", []),  # neither outer letter is right
        ("cxandxlixr", []),
        ("lamp5", []),
    ],
)
def test_the_closest_words_are_meant(typed: str, found: list[str]) -> None:
    words = vocabulary("lamp lampy chandelier stool")
    assert words.corrections(typed, beginning=False) == found


def test_a_beginning_may_have_one_error() -> None:
    words = vocabulary("chandelier chandeliers stool")
    assert words.corrections("chanedl", beginning=True) == ["chandelier", "chandeliers"]
    assert words.corrections("chanedl", beginning=False) == []


def test_nothing_close_is_overlooked() -> None:
    """Against a comparison with all words: an error or two leave one of the outer letters."""
    chance = random.Random(4)
    words = {"".join(chance.choices("abcde", k=chance.randint(3, 10))) for _ in range(800)}
    known = vocabulary(" ".join(sorted(words)))
    assert len(known._sorted) == len(words)
    for word in sorted(words)[::7]:
        at = chance.randrange(1, len(word))
        typed = word[:at] + chance.choice(string.ascii_lowercase) + word[at:]
        distances = {one: OSA.distance(typed, one) for one in words}
        allowed = 0 if len(typed) < 4 else 1
        least = min(distances.values())
        expected = sorted(one for one, far in distances.items() if far == least <= allowed)
        if least == 1:
            assert known.corrections(typed, beginning=False) == expected[:16]


def test_c11_few_of_very_many_words_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those with the same length or beginning first: what is meant is mostly among them."""
    compared: list[int] = []

    def counted(word: str, candidates: Iterable[str], **options: Any) -> Any:
        candidates = list(candidates)
        compared.append(len(candidates))
        return extract(word, candidates, **options)

    monkeypatch.setattr("catalog.vocabulary.extract", counted)
    monkeypatch.setattr("catalog.vocabulary.MOST_COMPARED", 50)
    chance = random.Random(4)
    noise = {"c" + "".join(chance.choices("abcdefgh", k=9)) for _ in range(1000)}
    words = vocabulary(" ".join(["chandelier", "chandeliers", *sorted(noise)]))
    assert words.corrections("chandeleir", beginning=True) == ["chandelier"]
    assert words.corrections("chanedl", beginning=True) == ["chandelier", "chandeliers"]
    words.corrections("cabcabcabc", beginning=True)
    assert max(compared) == 50


@pytest.mark.anyio
async def test_searches_forgive_what_nobody_could_have_meant(shop: Shop) -> None:
    await shop.product(name="Crystal chandeliers", sku="CHX-2000")
    await shop.product(name="Chandelier bulb")
    await shop.learn()

    async def found(q: str) -> list[str]:
        return [one["name"] for one in await shop.listed(q=q)]

    both = ["Chandelier bulb", "Crystal chandeliers"]
    for q in ("chandelier", "chandeliers", "chandlier", "chanedliers", "Chandelïer", "chand"):
        assert await found(q) == both, q
    assert await found("crsytal chandlier") == ["Crystal chandeliers"]
    assert await found("chandlier crsytal") == ["Crystal chandeliers"]
    assert await found("chanedl") == both
    assert await found("CHX-2001") == [] and await found("chx2000") == ["Crystal chandeliers"]
    assert await found("xyzzy") == [] and await found("bulx lamp") == []


@pytest.mark.anyio
async def test_a_word_that_came_a_moment_ago_is_no_error(shop: Shop) -> None:
    await shop.product(name="Lamp")
    await shop.learn()
    await shop.product(name="Lump sugar")
    for q in ("lump", "lump sugar", "lump sug"):
        assert [one["name"] for one in await shop.listed(q=q)] == ["Lump sugar"], q


@pytest.mark.anyio
async def test_many_errors_in_one_search_cost_little(shop: Shop) -> None:
    """C11: four words are compared with all others, no more."""
    await shop.product(name="Chandelier")
    await shop.learn()
    assert len(await shop.listed(q="chandeleir chandleier chandeiler chadnelier")) == 1
    q = "chandeleir chandleier chandeiler chadnelier chandelire"
    assert await shop.listed(q=q) == []
