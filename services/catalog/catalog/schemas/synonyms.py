"""Synonyms."""

from typing import Annotated

from pydantic import AfterValidator, Field

from catalog.search_text import words
from shopkit.schemas import Input, Limit, Output, Timestamp, clean_line

MAX_TERM_WORDS = 3


def _few_words(term: str) -> str:
    if not 0 < len(words(term)) <= MAX_TERM_WORDS:
        raise ValueError(f"must be one to {MAX_TERM_WORDS} words of letters or digits")
    return term


def _distinct(terms: list[str]) -> list[str]:
    if len({tuple(words(term)) for term in terms}) != len(terms):
        raise ValueError("terms must differ in more than case, accents and punctuation")
    return terms


Term = Annotated[
    str, Field(min_length=1, max_length=60), AfterValidator(clean_line), AfterValidator(_few_words)
]


class SynonymsInput(Input):
    """Terms that mean the same: who searches for one finds what has any of them."""

    terms: Annotated[
        list[Term],
        Field(min_length=2, max_length=12, examples=[["sneakers", "trainers", "running shoes"]]),
        AfterValidator(_distinct),
    ]


class Synonyms(Output):
    id: str
    terms: list[str]
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class SynonymsPage(Output):
    items: list[Synonyms]
    next_cursor: str | None


class SynonymsQuery(Input):
    """What `GET /api/search/synonyms` takes."""

    limit: Limit = 20
    cursor: Annotated[str | None, Field(max_length=1000)] = None
