"""What was found is marked, and the rest of a text is harmless."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.highlights import SNIPPET, Highlighter
from catalog.slots import plain

from .conftest import Shop

NASTY = "<script>alert(1)</script>"


def marked(q: str, name: str, description: str = "") -> dict[str, str]:
    return Highlighter(plain(q.split())).highlights(name=name, description=description)


def test_whole_words_are_marked() -> None:
    found = marked("red la", "Red Lámp, bored; lamp-shade", "A red <b>lantern</b> & more.")
    assert found == {
        "name": "<mark>Red</mark> <mark>Lámp</mark>, bored; <mark>lamp</mark>-shade",
        "description": "A <mark>red</mark> <mark>lantern</mark> &amp; more.",
    }


def test_a_description_is_shown_around_the_first_hit() -> None:
    text = f"{'before ' * 50}the lamp {'after ' * 50}".strip()
    shown = marked("lamp", "x", text)["description"]
    assert "the <mark>lamp</mark> after" in shown
    assert shown.startswith("… before") and shown.endswith("after …")
    assert len(shown) < SNIPPET + 30
    assert marked("lamp", "x", "word " * 100)["description"].startswith("word word")


def test_what_looks_like_html_is_shown_as_text() -> None:
    found = marked("script", f"A {NASTY}", "&lt;script&gt; <script>\"'")
    assert "<script" not in found["name"] + found["description"]
    assert found["description"] == "&lt;<mark>script</mark>&gt; &quot;&#x27;"


@given(st.text(max_size=60), st.text(max_size=400))
def test_nothing_but_marks_is_html(name: str, description: str) -> None:
    found = marked("a b script", f"{name} {NASTY} a", f"{description} &#60;b&#62; <i>b")
    for shown in found.values():
        assert not re.search(r"[<>\"']", re.sub(r"</?mark>", "", shown))
    assert unescape(re.sub(r"</?mark>", "", found["name"])) == f"{name} {NASTY} a"


@pytest.mark.anyio
async def test_lists_mark_what_was_meant(shop: Shop) -> None:
    await shop.product(name="Grey sofas", description="<p>Seats <i>two</i>.</p>")
    await shop.staff("POST", "/api/search/synonyms", json={"terms": ["sofa", "love seat"]})
    await shop.learn()
    for q, name, description in (
        ("sofa", "Grey <mark>sofas</mark>", "Seats two ."),
        ("gray sofaz", "<mark>Grey</mark> <mark>sofas</mark>", "Seats two ."),
        ("gr", "<mark>Grey</mark> sofas", "Seats two ."),
        ("love seat", "Grey <mark>sofas</mark>", "<mark>Seats</mark> two ."),
    ):
        (one,) = await shop.listed(q=q, highlight="true")
        assert one["highlights"] == {"name": name, "description": description}, q
    (plain_one,) = await shop.listed(highlight="true")
    assert plain_one["highlights"]["name"] == "Grey sofas"
    assert "highlights" not in (await shop.listed(q="sofa"))[0]
