"""What is offered for a call: never a button that cannot work."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ami_bridge.calls.actions import RINGS, VERBS, Means, Might, capabilities, possible, possible_of_others
from ami_bridge.calls.view import Party, View

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALL = Means(send=True, consult=True, park=True)
ABLE = Might(means=ALL, rings=True)
DRIVEN = Might(means=ALL, rings=True, drives=("answer", "hold", "resume"))
BARE = Might()


def view(state: str, **changes: Any) -> View:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "call": "C1", "pbx": "town", "extension": "101", "rev": 1, "state": state, "outside": True, "caller": False,
        "since": NOON, "devices": ("PJSIP/101",),
    }  # fmt: skip
    return View(**{**fields, **changes})


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("ringing", ("reject", "note")),
        ("dialing", ("hangup", "note")),
        ("answered", ("hangup", "note")),
        ("held", ("hangup", "note")),
        ("queued", ("hangup", "note")),
        ("conference", ("hangup", "note")),
        ("parked", ("hangup", "note")),
        ("ended", ()),
    ],
)
def test_at_a_pbx_that_is_prepared_for_nothing_one_can_hang_up(state: str, offered: tuple[str, ...]) -> None:
    assert possible(view(state, alone=True, pair=True), BARE) == offered


def test_nothing_can_be_done_where_no_telephone_is_left_in_the_call() -> None:
    assert possible(view("answered", pair=True, devices=()), ABLE) == ("note",)


def test_a_call_that_rings_here_alone_can_be_sent_on_and_one_that_rings_at_others_too_cannot() -> None:
    assert possible(view("ringing", alone=True), ABLE) == ("reject", "redirect", "note")
    assert possible(view("ringing"), ABLE) == ("reject", "note")


def test_a_conversation_of_two_can_be_given_on_and_one_of_three_cannot() -> None:
    talk = view("answered", pair=True)
    assert possible(talk, ABLE) == ("hangup", "transfer", "consult", "park", "conference", "note")
    assert possible(view("answered"), ABLE) == ("hangup", "note")
    assert possible(talk, Might(means=Means(send=True))) == ("hangup", "transfer", "conference", "note")
    assert possible(talk, Might(means=Means(park=True))) == ("hangup", "park", "note")


def test_while_somebody_waits_one_joins_them_or_goes_back() -> None:
    for state in ("answered", "held"):
        assert possible(view(state, pair=True, waits=Party(exten="103")), ABLE) == ("resume", "transfer", "note")


def test_what_only_the_telephone_itself_can_do_is_offered_where_its_driver_can() -> None:
    assert "answer" in possible(view("ringing"), DRIVEN)
    assert "answer" not in possible(view("ringing"), ABLE)
    talk = possible(view("answered", pair=True), DRIVEN)
    assert "hold" in talk
    assert "resume" not in talk
    held = possible(view("held", pair=True, holds=True), DRIVEN)
    assert "resume" in held
    assert "hold" not in held
    assert "hold" in possible(view("held", pair=True), DRIVEN), "the other holds; one can do so too"
    no_way_back = Might(drives=("answer", "hold"))
    assert "resume" not in possible(view("held", holds=True), no_way_back)


def test_who_has_parked_a_call_can_fetch_it_and_who_is_parked_can_hang_up() -> None:
    assert possible(view("parked", has_parked=True, devices=()), ABLE) == ("fetch", "note")
    assert possible(view("parked", has_parked=True, devices=()), Might(means=ALL)) == ("note",), "nothing would ring"
    assert possible(view("parked", caller=True), ABLE) == ("hangup", "note")


def test_only_into_a_room_that_was_made_of_a_call_others_can_be_called() -> None:
    assert possible(view("conference", room="call-123"), ABLE) == ("hangup", "conference", "note")
    assert possible(view("conference", room="8000"), ABLE) == ("hangup", "note")


def test_a_row_that_hangs_is_cleared_by_who_may() -> None:
    assert "forget" in possible(view("answered"), Might(clears=True))
    assert "forget" not in possible(view("answered"), ABLE)


def test_a_neighbours_call_can_be_picked_up_while_it_rings_and_by_who_has_a_telephone() -> None:
    assert possible_of_others(view("ringing"), ABLE) == ("pickup",)
    assert possible_of_others(view("answered"), ABLE) == ()
    assert possible_of_others(view("ringing"), Might(means=ALL)) == ()
    assert possible_of_others(view("ringing"), Might(rings=True)) == ()


def test_capabilities_are_all_that_might_ever_be_offered() -> None:
    everything = Might(means=ALL, rings=True, drives=("answer", "hold", "resume"), clears=True)
    assert capabilities(everything) == VERBS
    assert capabilities(BARE) == ("reject", "hangup", "note")


def test_what_rings_needs_a_key() -> None:
    assert frozenset(VERBS) >= RINGS
