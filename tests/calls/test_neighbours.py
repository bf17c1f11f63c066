"""Who sees that somebody else's telephone rings: the pickup group, and what of it they may know."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ami_bridge import wire
from ami_bridge.calls.actions import Means, Might
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.neighbours import Neighbours
from ami_bridge.calls.view import Party, View
from ami_bridge.config import Site
from ami_bridge.contacts.directory import Directory
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANNA = Person(login="anna", name="Anna", extensions=("101",), department="Bürgerbüro")
BEN = Person(login="ben", name="Ben", extensions=("102",), department="Bürgerbüro")
CARLA = Person(login="carla", name="Carla", extensions=("103",), department="Bauamt")
EVA = Person(login="eva", name="Eva", extensions=("105",), roles=("user", "switchboard"))
DIETER = Person(login="dieter", name="Dieter", extensions=("104",))
ABLE = Might(means=Means(send=True), rings=True)
OFFICE, HOUSE = "calls.dept:Bürgerbüro", "calls.dept:Haus"


@dataclass
class Group:
    name: str
    who: Sequence[str]
    of: Sequence[str] = ()
    lines: Sequence[str] = ()
    peer: bool = False


@dataclass
class Hub:
    news: list[tuple[str, str | None, wire.Call]] = field(default_factory=list)

    def publish(
        self, topic: str, event: str, kind: str, body: wire.Call, *, key: str, login: str | None = None
    ) -> None:
        assert (event, kind) == ("call.changed", "call")
        assert key == f"{body.id} {body.extension}"
        self.news.append((topic, login, body))

    def told(self) -> list[tuple[str, str | None]]:
        return [(topic, login) for topic, login, _ in self.news]


class Board:
    def __init__(self) -> None:
        self.views: list[View] = []

    def ringing(self) -> list[View]:
        return [view for view in self.views if view.state == "ringing"]


def view(extension: str = "101", **changes: Any) -> View:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "call": "C1", "pbx": "town", "extension": extension, "rev": 1, "state": "ringing", "outside": True,
        "caller": False, "since": NOON, "peer": Party(number="+493023125001"), "line": "101",
    }  # fmt: skip
    return View(**{**fields, **changes})


class World:
    def __init__(self, *groups: Group) -> None:
        self.hub, self.board = Hub(), Board()
        self.people = People([ANNA, BEN, CARLA, DIETER, EVA])
        self.silent: set[str] = set()
        self.might = ABLE
        self.neighbours = Neighbours(
            groups=groups,
            board=self.board,
            bubbles=Bubbles(numbers=Numbers(Site()), names=Directory({"200": "Gruppe"}), lines={"200": "Gruppe"}),
            people=self.people,
            hub=self.hub,
            might=lambda _person, _view: self.might,
            silent=self.silent.__contains__,
        )
        self.neighbours.live = True

    def shows(self, *views: View) -> list[tuple[str, str | None]]:
        self.hub.news.clear()
        self.board.views = list(views)
        for one in views:
            self.neighbours.show(one)
        return self.hub.told()


@pytest.fixture
def world() -> World:
    return World(
        Group("Bürgerbüro", ["department:Bürgerbüro", "eva"], of=["department:Bürgerbüro"], peer=True),
        Group("Haus", ["eva", "dieter"], of=["dieter"], lines=["200"]),
    )


def test_the_group_is_told_and_nobody_else_nor_whose_telephone_it_is(world: World) -> None:
    assert world.shows(view("101")) == [(OFFICE, "ben"), (OFFICE, "eva")]
    assert world.shows(view("103")) == []


def test_a_call_is_over_for_the_group_as_soon_as_it_no_longer_rings_there(world: World) -> None:
    world.shows(view())
    assert world.shows(view(state="answered", answered_at=NOON)) == [(OFFICE, "ben"), (OFFICE, "eva")]
    over = world.hub.news[0][2]
    assert (over.state, over.result, over.ended_at, over.actions) == ("ended", "answered", NOON, ())
    assert world.shows(view(state="ended", ended_at=NOON)) == [], "said once"
    world.shows(view())
    world.shows(view(state="ended", result="missed", ended_at=NOON + timedelta(seconds=5)))
    assert world.hub.news[0][2].result == "missed"


def test_what_never_rang_is_no_news(world: World) -> None:
    assert world.shows(view(state="dialing", caller=True)) == []


def test_who_calls_is_told_where_the_group_may_know_it(world: World) -> None:
    world.shows(view())
    told = world.hub.news[0][2]
    assert told.peer.number == "+493023125001"
    assert told.actions == ("pickup",)
    world.shows(view("104"))
    ((topic, login, hidden),) = world.hub.news
    assert (topic, login) == (HOUSE, "eva")
    assert hidden.peer == wire.Peer()
    assert hidden.extension == "104"


def test_the_switchboard_sees_its_lines_wherever_they_ring(world: World) -> None:
    assert world.shows(view("103", line="200")) == [(HOUSE, "eva")], "dieter is in the group, and no switchboard"


def test_calls_that_are_nobodys_business_are_shown_to_nobody(world: World) -> None:
    world.silent.add("101")
    assert world.shows(view("101")) == []
    world.silent = {"+493023125001"}
    world.neighbours._silent = world.silent.__contains__
    assert world.shows(view("102")) == []


def test_who_has_no_telephone_sees_it_and_cannot_take_it(world: World) -> None:
    world.might = Might(means=Means(send=True))
    world.shows(view())
    assert world.hub.news[0][2].actions == ()


def test_while_asterisk_is_out_of_sight_nothing_can_be_taken(world: World) -> None:
    world.shows(view())
    world.neighbours.live = False
    world.hub.news.clear()
    world.neighbours.retell()
    assert {call.actions for _, _, call in world.hub.news} == {()}


def test_a_topic_is_for_the_group_alone_and_is_offered_to_it(world: World) -> None:
    assert world.neighbours.may_follow("ben", OFFICE)
    assert not world.neighbours.may_follow("carla", OFFICE)
    assert not world.neighbours.may_follow("ben", "calls.dept:Nobody")
    assert not world.neighbours.may_follow("gone", OFFICE)
    assert world.neighbours.offers("eva") == [OFFICE, HOUSE]
    assert world.neighbours.offers("carla") == []


def test_a_late_comer_gets_what_rings_now(world: World) -> None:
    world.shows(view("101"), view("102", call="C2"), view("103", call="C3"), view("101", call="C4", state="answered"))
    snapshot = world.neighbours.snapshot("ben", OFFICE, seq=7)
    assert snapshot.calls is not None
    assert [call.id for call in snapshot.calls] == ["C1"], "not one's own, not others', not what is answered"
    for login, topic in (("gone", OFFICE), ("ben", "calls.dept:Nobody")):
        assert world.neighbours.snapshot(login, topic, seq=7).calls == ()


def test_what_one_sees_one_may_take_and_nothing_else(world: World) -> None:
    world.shows(view("101"), view("103", call="C3"))
    assert [(one.view.extension, one.verbs) for one in world.neighbours.offered("ben", "C1")] == [("101", ("pickup",))]
    for login, call in (("anna", "C1"), ("carla", "C1"), ("ben", "C3"), ("gone", "C1")):
        assert world.neighbours.offered(login, call) == []


def test_who_sits_elsewhere_today_is_not_shown_the_calls_of_that_seat(world: World) -> None:
    world.people.seat({"ben": "101"})
    assert world.shows(view("101")) == [(OFFICE, "eva")]
    world.people.seat({})
    assert world.shows(view("101")) == [(OFFICE, "ben"), (OFFICE, "eva")]


def test_groups_follow_the_staff_book(world: World) -> None:
    world.people.replace([ANNA, EVA])
    assert world.shows(view("101")) == [(OFFICE, "eva")]
