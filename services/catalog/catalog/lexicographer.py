"""Keeps each process's lexicon as the database has it."""

from sqlalchemy import Connection

from catalog.category_names import CategoryNames
from catalog.lexicon import Lexicon
from catalog.repository.categories import list_categories, state_of_tree
from catalog.repository.synonyms import all_terms, edition
from catalog.repository.vocabulary import newest_word, words_among
from catalog.search_text import words
from shopkit.background import every
from shopkit.db import Reads

SECONDS = 5
BATCH = 10_000
_UNCOMMITTED = 500
"""On PostgreSQL what has a smaller number may be committed later: so many are read again."""


def learn_synonyms(conn: Connection, *, lexicon: Lexicon) -> None:
    """If there are others than it knows."""
    number = edition(conn)
    if number != lexicon.edition:
        folded = [[tuple(words(term)) for term in group] for group in all_terms(conn)]
        lexicon.use_synonyms(folded, number)


class Lexicographer:
    def __init__(self, database: Reads, lexicon: Lexicon) -> None:
        self._database, self._lexicon = database, lexicon
        self._seq = 0
        self._categories: object = None

    async def run(self) -> None:
        await every(SECONDS, self.follow)

    async def follow(self) -> None:
        """Learn what is new. A search that needs it earlier asks the database."""
        await self._database.read(learn_synonyms, lexicon=self._lexicon)
        await self.follow_products()

    async def follow_products(self) -> None:
        """Words of products and names of categories."""
        await self._follow_categories()
        newest = await self._database.read(newest_word)
        for after in range(max(self._seq - _UNCOMMITTED, 0), newest, BATCH):
            upto = min(after + BATCH, newest)
            found = await self._database.read_slow(words_among, after=after, upto=upto)
            self._lexicon.vocabulary.add(found)
        self._seq = newest

    async def _follow_categories(self) -> None:
        newest = await self._database.read(state_of_tree)
        if newest != self._categories:
            names = CategoryNames(await self._database.read_slow(list_categories))
            self._lexicon.categories, self._categories = names, newest
