"""What shall happen in a run, all of it from one seed."""

import os
import secrets
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from tests.faults.proxy import Weather
from tests.faults.staging import LINKS

FULL = os.environ.get("FULL") == "1"
SCALE = float(os.environ.get("SCALE", "1"))
"""A tenth of everything with 0.1."""


def seed_of(scenario: str) -> str:
    """TORTURE_SEED repeats a run's plan."""
    return f"{os.environ.get('TORTURE_SEED') or secrets.token_hex(4)}:{scenario}"


def scaled(number: int) -> int:
    return max(1, round(number * SCALE))


def sized(often: int, full: int) -> int:
    """How many in CI, and how many in a full run."""
    return scaled(full if FULL else often)


@dataclass(frozen=True)
class Kill:
    """`kill -9` once so many checkouts are done; it is started again after so many seconds."""

    after: int
    service: str
    down: float


@dataclass(frozen=True)
class Plan:
    seed: str
    clients: int
    checkouts: int
    kills: tuple[Kill, ...] = ()
    lost: float = 0.0
    repeated: float = 0.0
    delayed: float = 0.0
    products: int = 20
    stock: int = 100
    """Of each product."""

    def random(self, part: str) -> Random:
        return Random(f"{self.seed}:{part}")

    def weathers(self) -> dict[str, Weather]:
        return {
            name: Weather(f"{self.seed}:{name}", self.lost, self.repeated, self.delayed)
            for name in LINKS
        }

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def kills(seed: str, number: int, checkouts: int, weights: dict[str, int]) -> tuple[Kill, ...]:
    random = Random(f"{seed}:kills")
    moments = sorted(random.randint(1, max(1, checkouts * 95 // 100)) for _ in range(number))
    names = random.choices(list(weights), weights=list(weights.values()), k=number)
    return tuple(
        Kill(moment, name, round(random.uniform(0, 0.5), 2))
        for moment, name in zip(moments, names, strict=True)
    )
