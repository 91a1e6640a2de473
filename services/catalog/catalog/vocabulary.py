"""The words that products are indexed with, in memory: what a typed word may have meant."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from catalog.search_text import LAST_CHARACTER

MOST_FORMS = 16
"""Words that one typed word may stand for."""
MOST_COMPARED = 20_000
"""So many words are looked at for each way in which a typed word may be wrong."""
_ONE_ERROR, _TWO_ERRORS = 4, 8  # letters from which a word may have so many
_HISSING = ("s", "x", "z", "ch", "sh", "o")  # a plural after these has `es`


def has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def number_forms(word: str) -> Iterator[str]:
    """The English plural of a word, or its singular; some of them are no words."""
    if len(word) < 3:
        return
    if word.endswith("s"):
        if word.endswith("ies"):
            yield word[:-3] + "y"
        if word.endswith("ves"):
            yield word[:-3] + "f"
            yield word[:-3] + "fe"
        if word.endswith("es") and word[:-2].endswith(_HISSING):
            yield word[:-2]
        if not word.endswith("ss"):
            yield word[:-1]
    if word.endswith("y"):
        yield word[:-1] + "ies"
    if word.endswith(("f", "fe")):
        yield word.removesuffix("e")[:-1] + "ves"
    yield word + ("es" if word.endswith(_HISSING) else "s")
    if word.endswith("o"):
        yield word + "s"


class Vocabulary:
    """Words without digits, sorted, and the same in buckets by length and outer letters.

    An error or two leave the first or the last letter as it was, but for a few: so a word is
    compared with those that have its length, about, and one of those letters.
    """

    def __init__(self) -> None:
        self._sorted: list[str] = []
        self._buckets: dict[tuple[int, str, str], list[str]] = {}

    def __contains__(self, word: str) -> bool:
        at = bisect_left(self._sorted, word)
        return at < len(self._sorted) and self._sorted[at] == word

    def has_beginning(self, beginning: str) -> bool:
        """Whether a word begins so, or is this."""
        at = bisect_left(self._sorted, beginning)
        return at < len(self._sorted) and self._sorted[at].startswith(beginning)

    def add(self, words: Iterable[str]) -> None:
        """Threads that look something up meanwhile find what was there before, or all."""
        new = [word for word in dict.fromkeys(words) if word not in self and not has_digit(word)]
        if not new:
            return
        for word in new:
            for key in _keys(word, len(word)):
                self._buckets.setdefault(key, []).append(word)
        self._sorted = sorted([*self._sorted, *new])

    def numbers_of(self, word: str) -> list[str]:
        """Its plural or singular, if there are products with that."""
        if has_digit(word):
            return []
        return [form for form in dict.fromkeys(number_forms(word)) if form in self]

    def corrections(self, word: str, *, beginning: bool) -> list[str]:
        """The words with the fewest typing errors between, of which a short word may have none.

        A swap of neighbours is one error. When `beginning`, and no whole word will do, those that
        begin like that: with the same first letter and one error.
        """
        if len(word) < _ONE_ERROR or has_digit(word):
            return []
        found = self._with_errors(1, word)
        if not found and len(word) >= _TWO_ERRORS:
            found = self._with_errors(2, word)
        if not found and beginning:
            found = self._with_beginnings(word)
        return found[:MOST_FORMS]

    def _with_errors(self, errors: int, word: str) -> list[str]:
        lengths = sorted(
            range(len(word) - errors, len(word) + errors + 1),
            key=lambda length: abs(length - len(word)),
        )
        by_first, by_last = zip(*(_keys(word, length) for length in lengths), strict=True)
        buckets = (self._buckets.get(key, []) for key in (*by_first, *by_last))
        likeliest = islice(chain.from_iterable(buckets), MOST_COMPARED)
        return sorted(set(_within(errors, word, list(likeliest))))

    def _with_beginnings(self, word: str) -> list[str]:
        longer = [one for one in self._beginning_alike(word) if len(one) > len(word)]
        meant = set(_within(1, word, [*{one[: len(word)] for one in longer}]))
        return [one for one in longer if one[: len(word)] in meant]

    def _beginning_alike(self, word: str) -> list[str]:
        """Those with its first letter, or its first two or more where there are too many."""
        known, first, last = self._sorted, 0, 0
        for letters in range(1, len(word)):
            first = bisect_left(known, word[:letters])
            last = bisect_left(known, word[:letters] + LAST_CHARACTER)
            if last - first <= MOST_COMPARED:
                break
        return known[first : min(last, first + MOST_COMPARED)]


def _keys(word: str, length: int) -> tuple[tuple[int, str, str], tuple[int, str, str]]:
    return (length, word[0], ""), (length, "", word[-1])


def _within(errors: int, word: str, candidates: list[str]) -> Iterator[str]:
    found = extract(word, candidates, scorer=OSA.distance, score_cutoff=errors, limit=None)
    return (candidate for candidate, _, _ in found)
