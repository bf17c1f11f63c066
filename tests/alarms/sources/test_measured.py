"""When a value is an alarm, what is read for it, and what is told of it."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.alarms.sources.measured import (
    MOST_PENDING,
    Block,
    OddValueError,
    Point,
    Reading,
    Value,
    Wish,
    blocks,
    condition,
    shown,
    spot,
    value_at,
)


@pytest.mark.parametrize(
    ("written", "yes", "no"),
    [
        ("!= 0", [1, True, -3, 0.5], [0, False, 0.0]),
        ("= 0", [0, False], [1, True, 2]),
        ("= true", [True, 1], [False, 0]),
        ("> 80", [80.1, 81], [80, -80]),
        (">=80", [80], [79.9]),
        ("< -2.5", [-3], [-2.5, 0]),
        ("<= 1e3", [1000], [1001]),
        ("= FAULT", ["fault", " Fault "], ["OK", 1]),
        ("!= 'RUN'", ["STOP"], ["run"]),
    ],
)
def test_conditions_are_read_as_they_are_written(written: str, yes: list[Value], no: list[Value]) -> None:
    judge = condition(written, texts=True)
    assert all(judge(one) for one in yes)
    assert not any(judge(one) for one in no)


@pytest.mark.parametrize("written", ["", "80", "=> 3", "> high", "> nan", "> inf", "= FAULT", "== 3", "> 1 2"])
def test_what_is_no_condition_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        condition(written)


@pytest.mark.parametrize("value", ["on", "", float("nan"), float("inf")])
def test_what_cannot_be_compared_is_no_quiet_normality(value: Value) -> None:
    with pytest.raises(OddValueError):
        condition("> 80")(value)


@pytest.mark.parametrize(
    "written",
    ["", "coil", "coil -1", "coil 70000", "coil 3 bit 1", "holding 3 bit 16", "holding 65535 float32", "register 3"],
)
def test_what_lies_nowhere_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"is not like|outside"):
        spot(written)


@given(st.lists(st.tuples(st.sampled_from(["coil", "holding"]), st.integers(0, 300), st.booleans()), max_size=40))
def test_everything_is_read_once_and_nothing_that_nobody_asked_for(wanted: list[tuple[str, int, bool]]) -> None:
    spots = [
        spot(f"{table} {at} float32" if wide and table == "holding" else f"{table} {at}") for table, at, wide in wanted
    ]
    read = [(block.table, block.at + n) for block in blocks(spots) for n in range(block.count)]
    assert len(read) == len(set(read))
    assert set(read) == {(one.table, one.at + n) for one in spots for n in range(one.width)}
    assert all(block.count <= 125 for block in blocks(spots) if block.table == "holding")
    for one in spots:
        assert any(
            b.table == one.table and b.at <= one.at and one.at + one.width <= b.at + b.count for b in blocks(spots)
        )


def test_words_are_numbers_of_all_kinds() -> None:
    words = [0, 0b100000, 0xFFFF, *struct.unpack(">2H", struct.pack(">f", 81.5)), 5]
    block = Block(table="holding", at=10, count=6)

    def value(written: str, *, little: bool = False) -> Value:
        return value_at(spot(written), block, words, little=little)

    assert value("holding 11 bit 5") == 1
    assert value("holding 11 bit 4") == 0
    assert value("holding 12") == 65535
    assert value("holding 12 int16") == -1
    assert value("holding 13 float32") == 81.5
    assert value("holding 10 uint32") == 32
    assert value("holding 10 int32", little=True) == 32 << 16
    assert value_at(spot("coil 3"), Block(table="coil", at=2, count=2), [False, True], little=False) == 1
    with pytest.raises(OddValueError):
        value("holding 15 uint32")


def point(told: frozenset[str] = frozenset(), alarm: str = "> 80", normal: str = "") -> Point:
    wish = Wish(alarm=condition(alarm), normal=condition(normal) if normal else None)
    return Point("level", wish, source="plant", told=told)


def heard(it: Point, *values: Value | None) -> list[tuple[str, str]]:
    for value in values:
        it.hear(Reading(point="level", value=value, why="" if value is not None else "weg"))
    return [(one.dedup, one.what) for one in it.pending]


def test_only_changes_are_told() -> None:
    it = point()
    assert heard(it, 10.0, 81.5, 99.0, 80.0, 79.0) == [("level", "come"), ("level", "go")]
    assert it.pending[0].values == {"value": "81.5"}


def test_between_alarm_and_normal_nothing_changes() -> None:
    it = point(normal="< 75")
    assert heard(it, 79, 81, 79, 75, 81) == [("level", "come")]
    assert heard(it, 74, 79) == [("level", "come"), ("level", "go")]


def test_what_was_told_before_the_start_goes_on() -> None:
    assert heard(point(frozenset({"level"})), 90) == []
    assert heard(point(frozenset({"level"})), 10) == [("level", "go")]
    assert heard(point(frozenset({"level"}), normal="< 75"), 79) == []
    assert heard(point(frozenset({"unreadable/level"})), 10) == [("unreadable/level", "go")]


def test_a_bad_value_is_an_alarm_that_says_so_and_ends_no_other() -> None:
    it = point()
    assert heard(it, 90, None, "on", None) == [("level", "come"), ("unreadable/level", "come")]
    assert it.pending[1].unreadable
    assert it.pending[1].text == "level: kein brauchbarer Wert (weg)"
    assert heard(it, 90) == [("level", "come"), ("unreadable/level", "come"), ("unreadable/level", "go")]
    assert heard(it, 10)[-1] == ("level", "go")


@given(st.lists(st.sampled_from([10, 90, None]), max_size=200))
def test_however_long_the_disk_is_full_the_end_is_the_truth_and_an_alarm_that_came_is_there(
    values: list[int | None],
) -> None:
    it = point()
    told = heard(it, *values)
    assert len(told) <= MOST_PENDING
    for key in {key for key, _ in told}:
        changes = [what for one, what in told if one == key]
        assert changes == [("come", "go")[n % 2] for n in range(len(changes))], "each coming has its going"
    good = [value for value in values if value is not None]
    ends = [what for key, what in told if key == "level"]
    assert (ends[-1:] == ["come"]) == (good[-1:] == [90])
    assert bool(ends) == (90 in good)
    odd = [what for key, what in told if key != "level"]
    assert (odd[-1:] == ["come"]) == (values[-1:] == [None])
    assert bool(odd) == (None in values)


def test_one_alarm_is_not_lost_among_many_bad_values() -> None:
    it = point()
    told = heard(it, None, 90, *[None, 90] * 20, 10)
    assert len(told) <= MOST_PENDING
    assert ("level", "come") in told
    assert told[-2:] == [("unreadable/level", "go"), ("level", "go")]


def test_values_are_written_as_people_read_them() -> None:
    assert [shown(one) for one in (True, 3, 81.25, 1 / 3, "a\nb")] == ["1", "3", "81.25", "0.333333", "a b"]
