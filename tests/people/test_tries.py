from datetime import UTC, datetime, timedelta

from ami_bridge.people.tries import Tries

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_after_the_last_allowed_try_one_waits_until_the_first_is_old() -> None:
    tries = Tries(most=2, within=timedelta(seconds=60))
    tries.count("anna", NOON)
    assert tries.wait("anna", NOON) == 0
    tries.count("anna", NOON + 10 * SECOND)
    assert tries.wait("anna", NOON + 20 * SECOND) == 40
    assert tries.wait("ben", NOON + 20 * SECOND) == 0
    assert tries.wait("anna", NOON + 60 * SECOND) == 0


def test_an_honest_try_is_given_back() -> None:
    tries = Tries(most=1, within=timedelta(seconds=60))
    tries.count("anna", NOON)
    tries.give_back("anna")
    tries.give_back("anna")
    assert (tries.wait("anna", NOON), len(tries)) == (0, 0)


def test_a_right_password_wipes_the_slate() -> None:
    tries = Tries(most=1, within=timedelta(seconds=60))
    tries.count("anna", NOON)
    tries.forgive("anna")
    assert tries.wait("anna", NOON) == 0


def test_memory_is_bounded_whoever_comes() -> None:
    tries = Tries(most=1, within=timedelta(seconds=60), remember=100)
    for n in range(1000):
        tries.count(str(n), NOON)
    assert len(tries) == 100
    assert tries.wait("999", NOON) > 0
