"""Whether two series of measurements, taken in turn, differ beyond their noise."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# Student's t, two-sided 99 %, by degrees of freedom (NIST/SEMATECH e-Handbook, 1.3.6.7.2).
_T99 = {
    2: 9.925, 3: 5.841, 4: 4.604, 5: 4.032, 6: 3.707, 7: 3.499, 8: 3.355, 9: 3.250, 10: 3.169,
    11: 3.106, 12: 3.055, 13: 3.012, 14: 2.977, 15: 2.947, 16: 2.921, 17: 2.898, 18: 2.878,
    19: 2.861,
}  # fmt: skip
FEWEST, MOST = min(_T99) + 1, max(_T99) + 1
"""Pairs of measurements."""


@dataclass(frozen=True)
class Change:
    """B in relation to A: 1.10 is 10 % more. With 99 % confidence it is within low and high."""

    ratio: float
    low: float
    high: float

    @property
    def is_real(self) -> bool:
        return not self.low <= 1 <= self.high


def change(a: Sequence[float], b: Sequence[float]) -> Change:
    """The n-th of `a` and the n-th of `b` were measured one right after the other: what slows both
    of a pair down, a neighbour or a warm processor, is in neither side of their ratio."""
    if len(a) != len(b) or not FEWEST <= len(a) <= MOST:
        raise ValueError(f"{FEWEST} to {MOST} pairs are needed, not {len(a)} and {len(b)}")
    logs = [math.log(after / before) for before, after in zip(a, b, strict=True)]
    mean = statistics.fmean(logs)
    margin = _T99[len(logs) - 1] * statistics.stdev(logs) / math.sqrt(len(logs))
    return Change(math.exp(mean), math.exp(mean - margin), math.exp(mean + margin))
