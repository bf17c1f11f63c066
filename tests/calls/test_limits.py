"""How much may be dialled, and what is odd at night."""

from datetime import UTC, datetime, timedelta

import pytest

from ami_bridge.calls.limits import Limits, Nights
from ami_bridge.config import Rate
from ami_bridge.errors import RateLimitedError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday
MANY = Rate(minute=1000, day=1000)


def at(**time: float) -> datetime:
    return NOON + timedelta(**time)


def test_nobody_dials_more_often_in_a_minute_than_allowed() -> None:
    limits = Limits(per_person=Rate(minute=3, day=100), in_total=MANY)
    for second in (0, 10, 20):
        limits.take("anna", at(seconds=second))
    with pytest.raises(RateLimitedError) as refused:
        limits.take("anna", at(seconds=30))
    assert refused.value.retry_after == 30
    limits.take("ben", at(seconds=30))
    limits.take("anna", at(seconds=61))


def test_nor_in_a_day_and_a_refused_one_counts_for_nothing() -> None:
    limits = Limits(per_person=Rate(minute=3, day=4), in_total=MANY)
    for minute in range(4):
        limits.take("anna", at(minutes=minute))
    for minute in range(5, 60):
        with pytest.raises(RateLimitedError):
            limits.take("anna", at(minutes=minute))
    limits.take("anna", at(days=1, seconds=1))


def test_all_together_have_a_limit_too() -> None:
    limits = Limits(per_person=MANY, in_total=Rate(minute=5, day=100))
    for number in range(5):
        limits.take(f"person {number}", at(seconds=number))
    with pytest.raises(RateLimitedError, match="house"):
        limits.take("anna", at(seconds=6))


def test_none_at_all_is_a_limit_like_any_other() -> None:
    with pytest.raises(RateLimitedError):
        Limits(per_person=Rate(minute=0, day=0), in_total=MANY).take("anna", NOON)


def test_what_was_dialled_before_a_restart_counts() -> None:
    limits = Limits(per_person=Rate(minute=2, day=10), in_total=MANY)
    limits.load([("anna", at(seconds=-20)), ("anna", at(seconds=-10)), ("ben", at(seconds=-5))])
    with pytest.raises(RateLimitedError):
        limits.take("anna", NOON)
    limits.take("ben", NOON)


def test_many_calls_at_night_are_told_once_and_by_day_never() -> None:
    nights = Nights(hours="06:00-20:00", burst=3)
    assert not any(nights.dialled(at(seconds=second)) for second in range(20))
    evening = at(hours=8)
    told = [nights.dialled(evening + timedelta(minutes=minute)) for minute in (0, 1, 2, 3, 4, 5)]
    assert told == [False, False, True, False, False, True]


def test_a_few_calls_at_night_are_nothing_odd() -> None:
    nights = Nights(hours="06:00-20:00", burst=3)
    assert not any(nights.dialled(at(hours=9, minutes=6 * turn)) for turn in range(10))


def test_on_sunday_nobody_works_at_any_hour() -> None:
    nights = Nights(hours="00:00-24:00", burst=1)
    assert not nights.dialled(at(hours=11.99))
    assert nights.dialled(at(days=2))
