"""What a search asks for, and how both databases are asked for it.

A search is a list of slots that must all be filled. A slot is one typed word, or some in a row
that have a synonym: any of its alternatives fills it. An alternative is a tuple of words that must
all occur, each in one of its forms. A form that ends in `*` is the beginning of a word.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from catalog.search_text import MARK, attribute_words, sku_words, words

Forms = tuple[str, ...]
Alternative = tuple[Forms, ...]
Slot = tuple[Alternative, ...]
Slots = Sequence[Slot]
Phrase = tuple[str, ...]

BEGINNING = "*"  # in no word
MAX_PHRASES = 16
"""A search is looked for as a phrase in so many of its wordings."""


@dataclass(frozen=True)
class _Language:
    every: str
    either: str
    phrase: Callable[[Phrase], str]

    def all_of(self, slots: Slots) -> str:
        return self.every.join(self._any(map(self._all, slot)) for slot in slots)

    def phrases(self, phrases: Iterable[Phrase]) -> str:
        return self._any(map(self.phrase, phrases))

    def _all(self, alternative: Alternative) -> str:
        found = [self._any(self.phrase((form,)) for form in forms) for forms in alternative]
        return found[0] if len(found) == 1 else f"({self.every.join(found)})"

    def _any(self, expressions: Iterable[str]) -> str:
        found = list(expressions)
        return found[0] if len(found) == 1 else f"({self.either.join(found)})"


def _fts5_phrase(mark: str) -> Callable[[Phrase], str]:
    def spelled(phrase: Phrase) -> str:
        text = " ".join(mark + form for form in phrase)
        return f'"{text[:-1]}" *' if text.endswith(BEGINNING) else f'"{text}"'

    return spelled


def _tsquery_phrase(weights: str) -> Callable[[Phrase], str]:
    """In some fields; in any without `weights`, which would have every match looked at again."""

    def spelled(phrase: Phrase) -> str:
        return " <-> ".join(
            f"'{form[:-1]}':*{weights}"
            if form.endswith(BEGINNING)
            else f"'{form}'" + (weights and f":{weights}")
            for form in phrase
        )

    return spelled


_FTS5, _FTS5_MARKED = (_Language(" AND ", " OR ", _fts5_phrase(mark)) for mark in ("", MARK))
_TSQUERY = [_Language(" & ", " | ", _tsquery_phrase("ABC"[:count])) for count in (1, 2, 3, 0)]
"""One per tier; the last looks anywhere."""


def plain(found: Sequence[str]) -> Slots:
    """Words as they are; the last may be the beginning of one."""
    return [(((word,),),) for word in [*found[:-1], found[-1] + BEGINNING]]


def phrases(slots: Slots) -> list[Phrase]:
    """The wordings of a search as phrases of two words or more, at most MAX_PHRASES."""
    ways = [[way for alternative in slot for way in product(*alternative)] for slot in slots]
    together = islice(product(*ways), MAX_PHRASES)
    wordings = [tuple(form for way in chosen for form in way) for chosen in together]
    return wordings if any(len(wording) > 1 for wording in wordings) else []


def fts5(slots: Slots, endings: Forms | None = None) -> str:
    """The FTS5 expression for all slots, anywhere.

    `endings` are the words that the search's beginning may stand for, where they are known: FTS5
    walks through those, but copies all it knows of a prefix before it finds the first product.
    """
    return _FTS5.all_of(_with_endings(slots, endings))


def tsquery(slots: Slots, endings: Forms | None = None) -> str:
    """`fts5` as a tsquery."""
    return _TSQUERY[-1].all_of(_with_endings(slots, endings))


def fts5_tiers(slots: Slots, endings: Forms | None = None) -> list[str]:
    """One expression per tier of relevance, best first; each finds what those before it find.

    The tiers: the words as a phrase in the name; all in the name; all in name and SKU; all in
    those and the attributes; all anywhere.
    """
    every = _FTS5_MARKED.all_of(_with_endings(slots, endings))
    tiers = [f"name : ({every})", f"{{name sku}} : ({every})", every, fts5(slots, endings)]
    if as_phrases := phrases(slots):
        ended = [one for phrase in as_phrases for one in _ended(phrase, endings)]
        tiers.insert(0, f"name : {_FTS5_MARKED.phrases(ended)}")
    return tiers


def tsquery_tiers(slots: Slots, endings: Forms | None = None) -> list[str]:
    """`fts5_tiers` as tsqueries."""
    every = _with_endings(slots, endings)
    tiers = [language.all_of(every) for language in _TSQUERY]
    if as_phrases := phrases(slots):
        ended = [one for phrase in as_phrases for one in _ended(phrase, endings)]
        tiers.insert(0, _TSQUERY[0].phrases(ended))
    return tiers


def _with_endings(slots: Slots, endings: Forms | None) -> Slots:
    if endings is None:
        return slots
    return [
        tuple(
            tuple(tuple(_ended_forms(forms, endings)) for forms in alternative)
            for alternative in slot
        )
        for slot in slots
    ]


def _ended_forms(forms: Forms, endings: Forms) -> Iterator[str]:
    for form in forms:
        yield from endings if form.endswith(BEGINNING) else (form,)


def _ended(phrase: Phrase, endings: Forms | None) -> list[Phrase]:
    if endings is None or not phrase[-1].endswith(BEGINNING):
        return [phrase]
    return [(*phrase[:-1], ending) for ending in endings]


def tier_of(
    slots: Slots,
    wordings: list[Phrase],
    *,
    name: str,
    sku: str,
    attributes: dict[str, object],
    last: int,
) -> int:
    """The number of the first of `fts5_tiers` that finds a product; `last` when no other does.

    `wordings` are the search's `phrases`.
    """
    seen = words(name)
    if fills_all(seen, slots):
        return 0 if has_phrase(seen, wordings) else last - 3
    seen += sku_words(sku)
    if fills_all(seen, slots):
        return last - 2
    seen += attribute_words(attributes)
    return last - 1 if fills_all(seen, slots) else last


def fills_all(field: list[str], slots: Slots) -> bool:
    for slot in slots:  # in loops, at every row of a page: `all(any(` takes twice as long
        for alternative in slot:
            if _has_all(field, alternative):
                break
        else:
            return False
    return True


def _has_all(field: list[str], alternative: Alternative) -> bool:
    for forms in alternative:
        for form in forms:
            if form in field or (form[-1] == BEGINNING and _begins(field, form[:-1])):
                break
        else:
            return False
    return True


def _begins(field: list[str], beginning: str) -> bool:
    return any(word.startswith(beginning) for word in field)


def has_phrase(field: list[str], wordings: list[Phrase]) -> bool:
    return any(
        all(is_form(word, form) for word, form in zip(field[at:], phrase, strict=False))
        for phrase in wordings
        for at in range(len(field) - len(phrase) + 1)
    )


def is_form(word: str, form: str) -> bool:
    return word.startswith(form[:-1]) if form.endswith(BEGINNING) else word == form
