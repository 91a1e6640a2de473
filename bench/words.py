"""Made-up words with the distribution of real ones (Zipf), the same in every run."""

import random
from itertools import accumulate, product

_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "la",
    "me",
    "ni",
    "po",
    "ru",
    "sa",
    "te",
    "vi",
    "wo",
    "zu",
]


class Vocabulary:
    """3,375 words; the n-th is n times as rare as the first."""

    def __init__(self, seed: int = 1) -> None:
        self.chance = random.Random(seed)
        self.words = ["".join(syllables) for syllables in product(_SYLLABLES, repeat=3)]
        random.Random(0).shuffle(self.words)  # a word is as rare in every vocabulary
        self._weights = list(accumulate(1 / rank for rank in range(1, len(self.words) + 1)))

    def text(self, count: int) -> str:
        return " ".join(self.chance.choices(self.words, cum_weights=self._weights, k=count))
