"""What a person reads after an import."""

from hypothesis import given
from hypothesis import strategies as st

from shopcli.drafts import ProductDraft, Remark
from shopcli.importer import Outcome, Result
from shopcli.report import Tally, counted, remark_lines, row_ranges, skipped_rows, summary

DRAFT = ProductDraft(7, "SKU-1", "a", "A", 100, "USD")


def test_every_reason_is_told_once_with_all_its_rows() -> None:
    remarks = [
        Remark(3, "Price", "is empty", skipped=True),
        Remark(2, "Handle", "is empty", skipped=True),
        Remark(4, "Price", "is empty", skipped=True),
        Remark(9, "Price", "is empty", skipped=True),
    ]
    assert remark_lines(remarks) == [
        ("3-4, 9", "Price", "is empty"),
        ("2", "Handle", "is empty"),
    ]
    assert skipped_rows(remarks) == 4


@given(st.lists(st.integers(1, 60), min_size=1))
def test_row_ranges_name_exactly_the_rows(numbers: list[int]) -> None:
    named: set[int] = set()
    for part in row_ranges(numbers).split(", "):
        first, _, last = part.partition("-")
        named |= set(range(int(first), int(last or first) + 1))
    assert named == set(numbers)


def test_one_thing_is_no_plural() -> None:
    told = [counted(number, "group") for number in (0, 1, 2000)]
    assert told == ["0 groups", "1 group", "2,000 groups"]


def test_the_sum_names_every_result() -> None:
    tally = Tally()
    tally.add(Outcome(DRAFT, Result.CREATED))
    tally.add(Outcome(DRAFT, Result.FAILED, "the shop said no"))
    assert summary(tally, skipped=2) == "1 created, 0 updated, 0 unchanged, 2 skipped, 1 failed"
    assert tally.failures == [Remark(7, "SKU SKU-1", "the shop said no", skipped=True)]
