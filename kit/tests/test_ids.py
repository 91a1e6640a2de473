from datetime import UTC, datetime, timedelta

from shopkit.ids import LOWEST_ID, first_id, is_id, new_id


def test_ids_made_since_a_moment_come_after_its_first_id() -> None:
    now = datetime.now(UTC)
    older, made, younger = (first_id(now + timedelta(seconds=n)) for n in (-1, 0, 1))
    assert older < made < new_id() < younger
    assert is_id(made) and is_id(LOWEST_ID)
    assert first_id(datetime.fromtimestamp(0, UTC)) == LOWEST_ID
    assert made == first_id(now.replace(microsecond=now.microsecond // 1000 * 1000))
