"""Numbers and PINs: never what one tries first, never a used one; rows that the dialplan reads."""

import itertools
import json
import random
from datetime import UTC, datetime

import pytest

from ami_bridge.errors import BusyError
from ami_bridge.rooms.model import Pin, Room
from ami_bridge.rooms.pins import number_for, pin_for, ranges_of, row_of_pin, row_of_room

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROOM = Room(id="R", pbx_id="town", number="8123", title="Bau", owner="anna", created=NOON)


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a test that can be repeated


def test_a_number_is_a_free_one_of_the_ranges() -> None:
    free = ranges_of("8100-8102, 8200")
    found = {number_for(free, {"8101"}, chance(seed).randrange) for seed in range(50)}
    assert found == {"8100", "8102", "8200"}
    assert number_for(free, {"8100", "8101", "8102"}, lambda _: 0) == "8200"
    with pytest.raises(BusyError):
        number_for(free, {"8100", "8101", "8102", "8200"}, lambda _: 0)


@pytest.mark.parametrize("text", ["", "a", "8-", "9-8", "0800-0900", "80-800", "8 000", "८-९"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no range"):
        ranges_of(text)


def test_guests_have_six_digits_and_persons_seven_and_none_is_what_one_tries() -> None:
    rnd = chance(1)
    for role, length in (("guest", 6), ("part", 7), ("mod", 7)):
        for _ in range(2_000):
            pin = pin_for(role, "8123", set(), rnd.randrange)  # type: ignore[arg-type]
            assert len(pin) == length
            assert "8123" not in pin
            assert "3218" not in pin
            assert len(set(pin)) > 2


@pytest.mark.parametrize("tried", [0, 111111, 123456, 654321, 890123, 121212, 881230, 132180])
def test_a_pin_that_one_tries_is_not_given(tried: int) -> None:
    given = itertools.chain([tried, 284705], itertools.repeat(1))
    assert pin_for("guest", "8123", set(), lambda _: next(given)) == "284705"


def test_a_used_pin_is_not_given_again() -> None:
    given = iter([284705, 730951])
    assert pin_for("guest", "8123", {"284705"}, lambda _: next(given)) == "730951"


def test_rows_are_texts_and_names_are_tame() -> None:
    room = json.loads(row_of_room(ROOM))
    told = {"lang": "de", "wait": "yes", "rec": "no", "mute": "no", "end": "no"}
    assert room == {"max": "20", "nbf": "0", "exp": "", **told}
    hostile = 'Eve "\\<a>|,${EPOCH}\r\nAction: x\u202e' + "x" * 500
    row = row_of_pin(Pin(id="P", room="R", digits="1", role="guest", name=hostile, created=NOON))
    assert len(row.encode()) <= 600
    name = json.loads(row)["name"]
    assert not set('"\\<>|\r\n\u202e') & set(name)
    assert json.loads(row)["role"] == "part"
