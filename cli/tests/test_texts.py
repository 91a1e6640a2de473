"""Descriptions and names on their way into the shop."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopcli.html_text import plain_text
from shopcli.slugs import MAX_SLUG, slug
from shopcli.texts import cleaned, one_line, shortened


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Plain words stay.", "Plain words stay."),
        ("5 < 6 > 4 & more", "5 < 6 > 4 & more"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("Fish &amp; chips &#8212; &eacute;", "Fish & chips — é"),
        ("<style>p{color:red}</style><p>Seen</p><script>alert(1)</script>", "Seen"),
        ("<p>broken <b>markup", "broken markup"),
        ("<p>many   \n  spaces</p>", "many spaces"),
        ("<!-- hidden --><p>x</p>", "x"),
    ],
)
def test_html_becomes_readable_text(source: str, text: str) -> None:
    assert plain_text(source) == text


@given(st.text())
def test_no_markup_survives_and_nothing_breaks(source: str) -> None:
    assert "<script>" not in plain_text(f"<p>{source}</p><script>x</script>").lower() or (
        "script" in source.lower()
    )


@given(st.text())
def test_cleaned_text_is_what_the_api_takes(source: str) -> None:
    text = cleaned(source)
    assert unicodedata.is_normalized("NFC", text) or text != source
    assert not any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n\r" for c in text)
    assert cleaned(text) == text
    assert "\n" not in one_line(source)


@given(st.text(), st.integers(1, 60))
def test_shortened_text_fits(source: str, limit: int) -> None:
    assert len(shortened(source, limit)) <= limit


@given(st.text(min_size=1))
def test_every_text_has_a_slug(source: str) -> None:
    name = slug(source)
    assert 0 < len(name) <= MAX_SLUG
    assert name.strip("-") == name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug(source) == name
