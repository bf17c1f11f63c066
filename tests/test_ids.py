from datetime import UTC, datetime, timedelta

from ami_bridge.ids import new_id

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_an_id_has_the_form_of_a_ulid() -> None:
    one = new_id(NOON)
    assert len(one) == 26
    assert set(one) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert new_id(datetime(1970, 1, 1, tzinfo=UTC)).startswith("0000000000")


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    made = [new_id(NOON + timedelta(milliseconds=n)) for n in range(1000)]
    assert made == sorted(made)
    assert len({new_id(NOON) for _ in range(10_000)}) == 10_000
