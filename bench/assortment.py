"""A made-up assortment of any size, the same in every run: believable names, 1,998 categories,
brands and words as unevenly distributed as real ones, variants, prices and stock."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

_WORDS = json.loads(Path(__file__).with_name("assortment.json").read_text())
DEPARTMENTS: dict[str, list[str]] = {
    name: things.split() for name, things in _WORDS["departments"].items()
}
USES, ADJECTIVES, MATERIALS, COLORS, SIZES, _SYLLABLES = (
    _WORDS[name].split()
    for name in ("uses", "adjectives", "materials", "colors", "sizes", "syllables")
)
_PHRASES: list[str] = _WORDS["phrases"]


@dataclass(frozen=True)
class Item:
    """A product as an assortment has it; `group` is the slug of the group that it is of."""

    sku: str
    name: str
    description: str
    amount: int
    stock: int
    category: tuple[str, ...]
    attributes: dict[str, object]
    group: str | None = None
    group_name: str = ""
    options: dict[str, str] = field(default_factory=dict)


class Assortment:
    """Draws products one after the other; a seed gives the same ones again."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._brands = [
            (a + b + c).title() for a in _SYLLABLES for b in _SYLLABLES for c in _SYLLABLES
        ]
        random.Random(0).shuffle(self._brands)
        self._uneven = list(accumulate(1 / rank for rank in range(1, len(self._brands) + 1)))

    def items(self, count: int) -> Iterator[Item]:
        made = 0
        while made < count:
            variants = self._listing(made)[: count - made]
            yield from variants
            made += len(variants)

    def _listing(self, number: int) -> list[Item]:
        """A plain product, or all variants of a group: a quarter of what is drawn."""
        chance = self._chance
        department = chance.choice(list(DEPARTMENTS))
        noun = chance.choice(DEPARTMENTS[department])
        use, adjective = chance.choice(USES), chance.choice(ADJECTIVES)
        brand = chance.choices(self._brands, cum_weights=self._uneven)[0]
        material, color = chance.choice(MATERIALS), chance.choice(COLORS)
        name = f"{brand} {adjective} {use} {noun}"
        item = Item(
            sku=f"{brand[:4].upper()}-{number:07}",
            name=name,
            description=self._description(adjective, material, noun),
            amount=max(99, round(chance.lognormvariate(8, 1)) // 100 * 100 + 99),
            stock=0 if chance.random() < 0.1 else chance.randrange(1, 500),
            category=(department, noun, use),
            attributes={
                "brand": brand,
                "color": color,
                "material": material,
                "weight": round(chance.lognormvariate(0, 1), 2),
                "handmade": adjective == "Handmade",
            },
        )
        return self._variants(item) if chance.random() < 0.25 else [item]

    def _variants(self, item: Item) -> list[Item]:
        sizes = SIZES[: self._chance.randrange(2, len(SIZES) + 1)]
        return [
            Item(
                **{
                    **vars(item),
                    "sku": f"{item.sku}-{size}",
                    "name": f"{item.name} {size}",
                    "stock": self._chance.randrange(50),
                    "group": f"group-{item.sku.lower()}",
                    "group_name": item.name,
                    "options": {"size": size},
                }
            )
            for size in sizes
        ]

    def _description(self, adjective: str, material: str, noun: str) -> str:
        first, second = self._chance.sample(_PHRASES, 2)
        return (
            f"{adjective} {noun.lower()} of {material}. {first.capitalize()}. "
            f"{second.capitalize()}. Edition {self._chance.randrange(100_000)}."
        )
