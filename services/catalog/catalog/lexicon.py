"""What typed words mean: their other forms, what was probably meant, and synonyms."""

from collections.abc import Iterable

from sqlalchemy import Connection

from catalog.category_names import CategoryNames
from catalog.repository.vocabulary import is_indexed
from catalog.slots import BEGINNING, Alternative, Forms, Phrase, Slot, Slots
from catalog.vocabulary import MOST_FORMS, Vocabulary, has_digit, number_forms

MOST_ALTERNATIVES = 16
_MOST_CORRECTED = 4
"""So many words of one search are compared with all others."""
_MOST_RUNS = 4
"""So many words, or runs of words, of one search get their synonyms."""


class Synonyms:
    """Groups of terms that mean the same; each term is one to three folded words."""

    def __init__(self, groups: Iterable[list[Phrase]] = ()) -> None:
        self._same: dict[Phrase, dict[Phrase, None]] = {}
        self._by_first_word: dict[str, list[Phrase]] = {}
        for group in groups:
            for term in group:
                if term not in self._same:
                    self._by_first_word.setdefault(term[0], []).append(term)
                others = dict.fromkeys(other for other in group if other != term)
                self._same.setdefault(term, {}).update(others)

    def __bool__(self) -> bool:
        return bool(self._same)

    @property
    def words(self) -> set[str]:
        return {word for term in self._same for word in term}

    def term_at(self, meant: list[set[str]], start: int) -> Phrase | None:
        """The longest term that the words from `start` on may mean."""
        found = [
            term
            for first in meant[start]
            for term in self._by_first_word.get(first, ())
            if len(term) <= len(meant) - start
            and all(word in meant[start + at] for at, word in enumerate(term))
        ]
        return min(found, key=lambda term: (-len(term), term), default=None)

    def of(self, term: Phrase) -> list[Phrase]:
        return list(self._same[term])


class Lexicon:
    """What searches know, in the memory of one process; the worker keeps it up to date."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        self.categories = CategoryNames([])
        self.synonyms = Synonyms()
        self.edition = 0

    def use_synonyms(self, groups: list[list[Phrase]], edition: int) -> None:
        """Their words count as words that there are: nobody mistyped them."""
        synonyms = Synonyms(groups)
        self.vocabulary.add(synonyms.words)
        self.synonyms, self.edition = synonyms, edition

    def slots(self, conn: Connection, words: list[str]) -> Slots:
        """What a search for these words asks for. The last may be the beginning of a word, which
        is then the first form of the first alternative's last word."""
        reading = _Reading(conn, self.vocabulary)
        typed = [
            reading.forms(word, last=at == len(words)) for at, word in enumerate(words, start=1)
        ]
        if not self.synonyms:
            return [((forms,),) for forms in typed]
        return self._with_synonyms(words, typed)

    def _with_synonyms(self, words: list[str], typed: list[Forms]) -> Slots:
        meant = [
            {*(form.removesuffix(BEGINNING) for form in forms), *number_forms(word)}
            for word, forms in zip(words, typed, strict=True)
        ]
        slots: list[Slot] = []
        start = runs = 0
        while start < len(typed):
            term = self.synonyms.term_at(meant, start) if runs < _MOST_RUNS else None
            end = start + (len(term) if term else 1)
            others = self.synonyms.of(term)[: MOST_ALTERNATIVES - 1] if term else []
            slots.append((tuple(typed[start:end]), *map(self._alternative, others)))
            start, runs = end, runs + bool(term)
        return slots

    def _alternative(self, term: Phrase) -> Alternative:
        return tuple((word, *self.vocabulary.numbers_of(word)) for word in term)


class _Reading:
    """One search's words, read with the vocabulary; what that does not know, the database may."""

    def __init__(self, conn: Connection, vocabulary: Vocabulary) -> None:
        self._conn, self._vocabulary = conn, vocabulary
        self._corrected = 0

    def forms(self, word: str, *, last: bool) -> Forms:
        own = word + BEGINNING if last else word
        numbers = self._vocabulary.numbers_of(word)
        if last:
            numbers = [form for form in numbers if not form.startswith(word)]
        if numbers or self._is_there(word, last):
            return (own, *numbers)
        return self._corrections(word, last) or (own,)

    def _is_there(self, word: str, last: bool) -> bool:
        known = self._vocabulary.has_beginning(word) if last else word in self._vocabulary
        return known or has_digit(word) or is_indexed(self._conn, word, beginning=last)

    def _corrections(self, word: str, last: bool) -> Forms:
        if self._corrected == _MOST_CORRECTED:
            return ()
        self._corrected += 1
        found = self._vocabulary.corrections(word, beginning=last)
        numbers = [form for one in found for form in self._vocabulary.numbers_of(one)]
        return tuple(dict.fromkeys([*found, *numbers]))[:MOST_FORMS]
