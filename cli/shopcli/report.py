"""What an import found and did, in words: one line for each thing that was wrong, and a sum."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shopcli.drafts import Remark
from shopcli.importer import Outcome, Result
from shopcli.screen import show, show_table

INTERRUPTED = "Stopped. Run the same command again: it goes on where this one stopped."


@dataclass
class Tally:
    """Outcomes as they come in."""

    counts: Counter[Result] = field(default_factory=Counter)
    failures: list[Remark] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.counts[outcome.result] += 1
        if outcome.result is Result.FAILED:
            row, sku = outcome.draft.row, outcome.draft.sku
            self.failures.append(Remark(row, f"SKU {sku}", outcome.reason, skipped=True))

    @property
    def done(self) -> int:
        return self.counts.total()


def remark_lines(remarks: Iterable[Remark]) -> list[tuple[str, str, str]]:
    """(rows, column, reason), each reason once with all its rows, in the order of the first."""
    rows: dict[tuple[str, str], list[int]] = {}
    for remark in remarks:
        rows.setdefault((remark.column, remark.reason), []).append(remark.row)
    return [(row_ranges(numbers), *key) for key, numbers in rows.items()]


def tell_remarks(remarks: Sequence[Remark]) -> None:
    for title, wanted in (("Not imported", True), ("Imported with changes", False)):
        chosen = [remark for remark in remarks if remark.skipped is wanted]
        if chosen:
            show(f"{title}:")
            show_table(("Row", "Column", "Reason"), remark_lines(chosen))


def row_ranges(numbers: Sequence[int]) -> str:
    """`2, 5-7`"""
    ordered = sorted(set(numbers))
    parts: list[str] = []
    start = 0
    for index, number in enumerate(ordered):
        if index + 1 == len(ordered) or ordered[index + 1] != number + 1:
            first = ordered[start]
            parts.append(str(number) if first == number else f"{first}-{number}")
            start = index + 1
    return ", ".join(parts)


def summary(tally: Tally, *, skipped: int) -> str:
    """`12 created, 0 updated, 3 unchanged, 1 skipped, 0 failed`"""
    parts = [f"{tally.counts[result]:,} {result}" for result in Result if result != Result.FAILED]
    return ", ".join((*parts, f"{skipped:,} skipped", f"{tally.counts[Result.FAILED]:,} failed"))


def counted(number: int, what: str) -> str:
    """`1 group`, `2,000 groups`"""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def skipped_rows(remarks: Iterable[Remark]) -> int:
    return len({remark.row for remark in remarks if remark.skipped})
