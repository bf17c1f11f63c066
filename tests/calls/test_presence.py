"""Who sees that a colleague is free, rung, talking or away: the department, and never with whom."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from ami_bridge import wire
from ami_bridge.calls.presence import Presence
from ami_bridge.calls.view import Party, View
from ami_bridge.people.model import People, Person

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OFFICE, WORKS = "presence.dept:Bürgerbüro", "presence.dept:Bauamt"
PEOPLE = [
    Person(login="anna", name="Anna", extensions=("101", "111"), department="Bürgerbüro"),
    Person(login="ben", name="Ben", extensions=("102",), department="Bürgerbüro"),
    Person(login="carla", name="Carla", extensions=("103",), department="Bauamt"),
    Person(login="eva", name="Eva", extensions=("105",), roles=("user", "switchboard")),
    Person(login="frieda", name="Frieda", extensions=("106",), department="Bürgerbüro"),
]
CALLER = "+493023125001"


@dataclass
class Hub:
    news: list[tuple[str, str | None, wire.Presence]] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    """Who was made to come back for a new snapshot."""

    def publish(
        self, topic: str, event: str, kind: str, body: wire.Presence, *, key: str, login: str | None = None
    ) -> None:
        assert (event, kind, key) == ("presence.changed", "presence", body.login)
        self.news.append((topic, login, body))

    def rights_changed(self, login: str) -> None:
        self.back.append(login)


class World:
    def __init__(self, *, shown: bool = True) -> None:
        self.hub = Hub()
        self.away: set[str] = set()
        self.people = People(PEOPLE)
        self.presence = Presence(
            people=self.people,
            hub=self.hub,
            reachable=lambda login: login not in self.away,
            silent={"106"}.__contains__,
            shown=shown,
        )

    def tell(self, extension: str, state: str, call: str = "C1") -> list[tuple[str, str | None, str]]:
        more: dict[str, Any] = {"state": state, "call": call, "extension": extension}
        self.hub.news.clear()
        self.presence.calls_changed(
            [View(pbx="town", rev=1, outside=True, caller=False, since=NOON, peer=Party(number=CALLER), **more)]
        )
        return [(topic, login, body.state) for topic, login, body in self.hub.news]

    def states(self, login: str = "ben", topic: str = OFFICE) -> dict[str, str]:
        return {one.login: one.state for one in self.presence.snapshot(login, topic, seq=1).presences or ()}


@pytest.fixture
def world() -> World:
    return World()


def test_the_department_and_the_switchboard_hear_of_it_and_nobody_else(world: World) -> None:
    readers = ["anna", "ben", "eva", "frieda"]
    assert world.tell("101", "ringing") == [(OFFICE, login, "ringing") for login in readers]
    assert world.tell("101", "answered") == [(OFFICE, login, "talking") for login in readers]
    assert world.tell("101", "held") == [], "still talking"
    assert world.tell("101", "ended") == [(OFFICE, login, "free") for login in readers]


def test_nothing_is_told_of_with_whom_or_since_when(world: World) -> None:
    world.tell("101", "answered")
    told = msgspec.json.encode([body for _, _, body in world.hub.news]).decode()
    assert CALLER not in told
    assert set(msgspec.to_builtins(world.hub.news[0][2])) == {"login", "name", "extension", "state", "rev"}


def test_all_telephones_and_calls_of_a_person_count(world: World) -> None:
    world.tell("101", "answered")
    assert world.tell("111", "ringing", call="C2") == [], "who talks and is rung talks"
    assert {state for _, _, state in world.tell("101", "ended")} == {"ringing"}
    assert world.states() == {"anna": "ringing"}


def test_who_has_no_telephone_that_rings_is_away(world: World) -> None:
    assert world.states() == {"anna": "free"}
    world.away.add("anna")
    world.presence.look(["101"])
    assert next((login, body.state) for _, login, body in world.hub.news) == ("anna", "away")
    assert world.states() == {"anna": "away"}


def test_who_sits_down_at_a_telephone_is_seen_there_at_once(world: World) -> None:
    world.away.add("anna")
    assert world.states() == {"anna": "away"}
    world.away.clear()
    world.people.seat({"anna": "150"})
    world.presence.moved({"anna", "nobody"})
    assert {(login, body.extension, body.state) for _, login, body in world.hub.news} == {
        (login, "150", "free") for login in ("anna", "ben", "eva", "frieda")
    }
    world.hub.news.clear()
    world.presence.moved({"anna"})
    assert world.hub.news == [], "told once"


def test_who_is_not_spoken_of_is_not_shown(world: World) -> None:
    assert world.tell("106", "ringing") == []
    assert "frieda" not in world.states()


def test_one_may_follow_ones_own_department_and_the_switchboard_all(world: World) -> None:
    assert list(world.presence.offers("anna")) == [OFFICE]
    assert list(world.presence.offers("eva")) == [WORKS, OFFICE]
    assert not world.presence.may_follow("anna", WORKS)
    assert not world.presence.may_follow("eva", "presence.dept:Nirgends")
    assert not world.presence.may_follow("nobody", OFFICE)


def test_where_it_is_off_nobody_sees_anything() -> None:
    world = World(shown=False)
    assert world.tell("101", "ringing") == []
    assert list(world.presence.offers("anna")) == []
    assert not world.presence.may_follow("eva", OFFICE)


def test_the_newest_has_the_highest_rev(world: World) -> None:
    revs = []
    for state in ("ringing", "answered", "ended"):
        world.tell("103", state)
        revs.append(world.hub.news[0][2].rev)
    assert revs == sorted(set(revs))


def test_who_has_left_or_come_is_no_longer_shown_or_shown_to_all_who_look(world: World) -> None:
    for login in ("anna", "ben", "eva"):
        world.states(login)
    world.states("carla", WORKS)
    gina = Person(login="gina", name="Gina", extensions=("107",), department="Bürgerbüro")
    world.people.replace([*(one for one in PEOPLE if one.login != "anna"), gina])
    world.presence.review()
    assert sorted(world.hub.back) == ["ben", "eva", "frieda", "gina"]
    assert world.states() == {"gina": "free"}
    world.hub.back.clear()
    world.presence.review()
    assert world.hub.back == [], "nobody is sent for twice"


def test_who_sits_elsewhere_is_shown_with_the_telephone_there(world: World) -> None:
    world.states("ben")
    world.people.seat({"anna": "150"})
    world.presence.review()
    assert [(login, body.extension) for _, login, body in world.hub.news][:1] == [("anna", "150")]
    assert world.hub.back == []


def test_the_switchboard_is_offered_a_new_department(world: World) -> None:
    world.presence.offers("eva")
    world.people.replace([*PEOPLE, Person(login="ida", name="Ida", extensions=("108",), department="Standesamt")])
    world.presence.review()
    assert world.hub.back == ["eva"]
    assert "presence.dept:Standesamt" in world.presence.offers("eva")
