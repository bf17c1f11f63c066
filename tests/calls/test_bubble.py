"""What one person is shown of a call: everybody by name, and nothing of who withheld theirs."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.calls.bubble import Bubbles, direction
from ami_bridge.calls.view import Party, View
from ami_bridge.config import OwnBlock, Site
from ami_bridge.contacts.directory import ANYBODY, Audience
from ami_bridge.numbers import Number, Numbers

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SITE = Site(area_code="89", own_block=OwnBlock(prefix="+4989999981", digits=3), outside_line="0")
LINES = {"100": "Bürgerbüro", "600": "Warteschlange"}


class Entry(Struct, frozen=True):
    name: str
    org: str | None = None
    source: str = "Rathaus"
    reason: str = "exact"
    kind: str | None = None
    matches: int = 1
    names: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    ref: str | None = None


class Names:
    """An address book; one entry is Ben's own."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    def lookup(self, number: Number | None, audience: Audience = ANYBODY) -> Entry | None:
        if number is None:
            return None
        self.asked.append((number.exten or number.e164 or "", audience.owner))
        match number.exten or number.e164:
            case "+493023125001":
                return Entry("Bäckerei Huber", org="Huber GmbH", matches=2, names=("Huber", "Maier"), refs=("7", "9"))
            case "+493023125002" if audience.owner == "ben":
                return Entry("Dr. Private", kind="mobile", names=("Dr. Private",), refs=("5",), ref="5")
            case "101":
                return Entry("Anna Amsel", source="Haus", reason="extension")
        return None


def view(**changes: Any) -> View:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "call": "CALL1", "pbx": "town", "extension": "101", "rev": 4, "state": "ringing", "outside": True,
        "caller": False, "since": NOON, "peer": Party(number="+493023125001"), "line": "101",
    }  # fmt: skip
    return View(**{**fields, **changes})


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def bubbles(names: Names) -> Bubbles:
    return Bubbles(numbers=Numbers(SITE), names=names, lines=LINES)


def test_a_caller_is_named_with_everything_that_is_known(bubbles: Bubbles) -> None:
    call = bubbles.bubble(view())
    assert call == wire.Call(
        id="CALL1", pbx="town", rev=4, state="ringing", direction="in", role="callee", since=NOON,
        peer=wire.Peer(
            number="+493023125001", display="030 23125001", name="Bäckerei Huber", org="Huber GmbH",
            source="Rathaus", matches=2, names=("Huber", "Maier"), refs=("7", "9"), reason="exact",
        ),
        line=wire.Line(exten="101", label="Anna Amsel"), extension="101",
    )  # fmt: skip


def test_a_private_name_is_its_owners_alone(bubbles: Bubbles, names: Names) -> None:
    call = view(peer=Party(number="+493023125002"), forwarded_by=Party(number="+493023125002"))
    bens, annas, anybodys = (
        bubbles.bubble(call, audience) for audience in (Audience(owner="ben"), Audience(owner="anna"), ANYBODY)
    )
    assert bens.peer == wire.Peer(
        number="+493023125002", display="030 23125002", name="Dr. Private", source="Rathaus", kind="mobile",
        matches=1, reason="exact", ref="5",
    )  # fmt: skip
    assert bens.forwarded_by == bens.peer
    assert annas == anybodys
    assert annas.peer == wire.Peer(number="+493023125002", display="030 23125002")
    assert {owner for number, owner in names.asked if number == "+493023125002"} == {"ben", "anna", None}


def test_an_unknown_number_is_shown_as_people_write_it(bubbles: Bubbles) -> None:
    peer = bubbles.bubble(view(peer=Party(number="08912345678"))).peer
    assert peer == wire.Peer(number="+498912345678", display="089 12345678")


@pytest.mark.parametrize("withheld", [Party(), Party(number=None), None, Party(number="Anonymous"), Party(number="")])
def test_who_withholds_the_number_is_nobody(bubbles: Bubbles, names: Names, withheld: Party | None) -> None:
    assert bubbles.bubble(view(peer=withheld, line=None)).peer == wire.Peer()
    assert bubbles.number(withheld) is None
    assert names.asked == []


def test_somebody_of_the_house_is_an_extension(bubbles: Bubbles) -> None:
    peer = bubbles.bubble(view(peer=Party(exten="101"), extension="102", outside=False)).peer
    assert (peer.number, peer.display, peer.name, peer.reason) == ("101", "101", "Anna Amsel", "extension")


def test_a_line_of_the_house_is_known_by_its_label(bubbles: Bubbles, names: Names) -> None:
    peer = bubbles.bubble(view(peer=Party(exten="100"), line=None)).peer
    assert (peer.number, peer.name, peer.reason) == ("100", "Bürgerbüro", "extension")
    assert names.asked == []


def test_what_was_dialled_with_the_outside_line_in_front_is_the_number_behind_it(bubbles: Bubbles) -> None:
    called = bubbles.bubble(view(peer=Party(number="003023125001", dialled=True), caller=True))
    assert (called.peer.number, called.peer.name) == ("+493023125001", "Bäckerei Huber")


@pytest.mark.parametrize(
    ("outside", "caller", "way"),
    [(True, False, "in"), (True, True, "out"), (False, False, "internal"), (False, True, "internal")],
)
def test_the_direction_is_seen_from_the_extension(outside: bool, caller: bool, way: str) -> None:  # noqa: FBT001
    assert direction(view(outside=outside, caller=caller)) == way


@pytest.mark.parametrize(
    ("dialled", "line"),
    [
        ("100", wire.Line(exten="100", label="Bürgerbüro")),
        ("101", wire.Line(exten="101", label="Anna Amsel")),
        ("+4989999981101", wire.Line(exten="101", label="Anna Amsel")),
        ("103", wire.Line(exten="103")),
        ("", None),
        ("s", None),
        (None, None),
    ],
)
def test_the_called_line_has_its_label(bubbles: Bubbles, dialled: str | None, line: wire.Line | None) -> None:
    assert bubbles.bubble(view(line=dialled)).line == line


def test_a_caller_has_no_line(bubbles: Bubbles) -> None:
    call = bubbles.bubble(view(caller=True))
    assert (call.role, call.line) == ("caller", None)


def test_all_others_are_named_too(bubbles: Bubbles) -> None:
    huber, anna, nobody = Party(number="+493023125001"), Party(exten="101"), Party()
    call = bubbles.bubble(
        view(
            state="ended", extension="102", others=(huber, anna, nobody), forwarded_by=anna, answered_by=anna,
            result="answered", merged_into="CALL2", answered_at=NOON, ended_at=NOON,
        )
    )  # fmt: skip
    assert [peer.name for peer in call.others] == ["Bäckerei Huber", "Anna Amsel", None]
    assert call.forwarded_by == call.answered_by
    assert call.answered_by is not None
    assert call.answered_by.name == "Anna Amsel"
    assert (call.result, call.merged_into, call.answered_at, call.ended_at) == ("answered", "CALL2", NOON, NOON)


def test_where_a_call_waits_is_told(bubbles: Bubbles) -> None:
    assert bubbles.bubble(view(queue="600")).queue == "Warteschlange"
    assert bubbles.bubble(view(queue="hall")).queue == "hall"
    call = bubbles.bubble(view(parked_at="701", room="800"))
    assert (call.parked_at, call.room, call.queue) == ("701", "800", None)


def test_a_conference_made_of_a_call_has_no_room_to_dial(bubbles: Bubbles) -> None:
    assert bubbles.bubble(view(state="conference", room="call-123456789012")).room is None


def test_who_waits_while_somebody_is_asked_is_named(bubbles: Bubbles) -> None:
    waits = bubbles.bubble(view(state="answered", waits=Party(number="+493023125001"))).waits
    assert waits is not None
    assert waits.name == "Bäckerei Huber"
    assert bubbles.bubble(view()).waits is None
