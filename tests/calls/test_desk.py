"""Who is told of which call, what late comers see, and what is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from ami_bridge import wire
from ami_bridge.calls.board import Board
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.desk import REMEMBER_NOTED, Desk
from ami_bridge.calls.events import Floor, Leg, LegNow
from ami_bridge.calls.view import Party, View
from ami_bridge.config import Site
from ami_bridge.contacts.directory import Directory
from ami_bridge.contacts.index import Index
from ami_bridge.contacts.model import Contact, ContactNumber
from ami_bridge.journal.model import JournalRow
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANNA = Person(login="anna", name="Anna", extensions=("101", "8101"), department="Bürgerbüro", roles=("user", "admin"))
BEN = Person(login="ben", name="Ben", extensions=("102", "8101"))
LINES = {"100": "Bürgerbüro"}


def view(**changes: Any) -> View:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "call": "CALL1", "pbx": "town", "extension": "101", "rev": 1, "state": "ringing", "outside": True,
        "caller": False, "since": NOON, "peer": Party(number="+493023125001"), "line": "100",
    }  # fmt: skip
    return View(**{**fields, **changes})


def ended(**changes: Any) -> View:  # noqa: ANN401 - any field
    ending = {"state": "ended", "result": "answered", "answered_at": NOON, "ended_at": NOON + timedelta(minutes=1)}
    return view(**{**ending, **changes})


class Hub:
    def __init__(self) -> None:
        self.news: list[dict[str, Any]] = []

    def publish(self, topic: str, event: str, kind: str, body: wire.Call | wire.Bridge, **more: Any) -> None:  # noqa: ANN401
        self.news.append({"topic": topic, "event": event, "kind": kind, "body": body, **more})

    def logins(self) -> list[str | None]:
        return [one["login"] for one in self.news]


class Journal:
    """The rows as they would stand on the disk."""

    def __init__(self) -> None:
        self.rows: dict[str, JournalRow] = {}
        self.taken_back: list[str] = []
        self.reached_by: list[JournalRow] = []

    def notice(self, row: JournalRow) -> None:
        self.rows[row.id] = row

    def reached(self, row: JournalRow) -> None:
        self.reached_by.append(row)

    def take_back(self, row: JournalRow) -> None:
        self.taken_back.append(row.id)
        del self.rows[row.id]


class World:
    def __init__(self) -> None:
        self.time = NOON
        self.hub, self.journal = Hub(), Journal()
        self.directory = Directory(LINES)
        self.people = People([ANNA, BEN])
        self.board = Board("town", hints_context="hints", new_id=lambda _now: "CALL1")
        self.desk = Desk(
            board=self.board,
            bubbles=Bubbles(numbers=Numbers(Site()), names=self.directory, lines=LINES),
            people=self.people,
            hub=self.hub,
            journal=self.journal,
            now=lambda: self.time,
        )


@pytest.fixture
def world() -> World:
    return World()


def test_a_change_is_told_to_whose_extension_it_is_and_to_nobody_else(world: World) -> None:
    world.desk.show([view(), view(extension="102"), view(extension="103")])
    assert world.hub.logins() == ["anna", "ben"]
    first = world.hub.news[0]
    assert (first["topic"], first["event"], first["kind"]) == ("calls.self", "call.changed", "call")
    assert (first["key"], first["extension"], first["body"].id) == ("CALL1 101", "101", "CALL1")


def test_a_shared_extension_is_told_to_all_who_share_it_each_with_their_own_names(world: World) -> None:
    mama = Contact(href="1", id=1, name="Mama", numbers=(ContactNumber("030 23125001", "+493023125001", kind="home"),))
    index = Index()
    index.add(mama, "Privat")
    world.directory.replace(index, "owner:anna")
    world.desk.show([view(extension="8101")])
    assert world.hub.logins() == ["anna", "ben"]
    annas, bens = (one["body"] for one in world.hub.news)
    assert (annas.peer.name, annas.peer.source, annas.peer.kind, annas.peer.ref) == ("Mama", "Privat", "home", "1")
    assert bens.peer == wire.Peer(number="+493023125001", display="030 23125001")
    assert structs.replace(annas, peer=bens.peer) == bens
    world.directory.drop("owner:anna")
    world.desk.show([view(extension="8101")])
    assert world.hub.news[2]["body"] == world.hub.news[3]["body"] == bens


def test_a_groups_book_is_for_its_members(world: World) -> None:
    index = Index()
    number = ContactNumber("030 23125001", "+493023125001")
    index.add(Contact(href="1", name="Bauaufsicht", numbers=(number,)), "Bauamt")
    world.directory.replace(index, "group:Bauamt")
    world.people.replace([structs.replace(ANNA, groups=("Bürgerbüro", "Bauamt")), BEN])
    world.desk.show([view(extension="8101")])
    assert [one["body"].peer.name for one in world.hub.news] == ["Bauaufsicht", None]


def test_two_extensions_of_one_person_are_two_objects(world: World) -> None:
    world.desk.show([view(), view(extension="8101")])
    assert [one["key"] for one in world.hub.news if one["login"] == "anna"] == ["CALL1 101", "CALL1 8101"]


def test_a_finished_call_is_kept_even_if_nobody_has_the_extension(world: World) -> None:
    world.desk.show([ended(extension="109")])
    assert world.hub.news == []
    assert world.journal.rows == {
        "CALL1-109": JournalRow(
            id="CALL1-109", call_id="CALL1", pbx_id="town", extension="109", direction="in", role="callee",
            result="answered", peer_number="+493023125001", line="100", started_at=NOON, answered_at=NOON,
            ended_at=NOON + timedelta(minutes=1),
        )
    }  # fmt: skip


def test_what_a_caller_dialled_is_told_for_the_rules_alone(world: World) -> None:
    world.desk.show([ended(caller=True, line="*9030123456")])
    (row,) = world.journal.rows.values()
    assert (row.role, row.dialled, row.line) == ("caller", "*9030123456", None)


def test_who_reaches_somebody_is_told_while_they_still_talk(world: World) -> None:
    talking = view(state="answered", answered_at=NOON)
    world.desk.show([talking, structs.replace(talking, caller=True), view(caller=True, state="dialing")])
    (row,) = world.journal.reached_by
    assert (row.role, row.peer_number, row.answered_at, row.ended_at) == ("caller", "+493023125001", NOON, world.time)
    assert world.journal.rows == {}


def test_who_withheld_the_number_is_not_kept_with_one(world: World) -> None:
    world.desk.show([ended(peer=Party()), ended(call="CALL2", peer=None, line=None)])
    assert [(row.peer_number, row.line) for row in world.journal.rows.values()] == [(None, "100"), (None, None)]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "answered", "result": None, "ended_at": None},
        {"result": "merged", "merged_into": "CALL2"},
        {"result": None},
        {"answered_by": Party(exten="102")},
    ],
)
def test_what_goes_on_or_was_somebody_elses_is_not_kept(world: World, changes: dict[str, Any]) -> None:
    world.desk.show([ended(**changes)])
    assert world.journal.rows == {}
    assert world.journal.taken_back == []
    assert world.hub.logins() == ["anna"]


def test_a_note_is_shown_to_who_shares_the_call_and_kept_when_it_ends(world: World) -> None:
    shared = view(extension="8101")
    world.desk.note(shared, "ruft zurück")
    assert [(one["login"], one["body"].note) for one in world.hub.news] == [
        ("anna", "ruft zurück"),
        ("ben", "ruft zurück"),
    ]
    world.desk.show([view(extension="8101", rev=2), view()])
    assert [one["body"].note for one in world.hub.news[2:]] == ["ruft zurück", "ruft zurück", None]
    world.desk.show([ended(extension="8101", rev=3), ended()])
    assert {id_: row.note for id_, row in world.journal.rows.items()} == {
        "CALL1-8101": "ruft zurück",
        "CALL1-101": None,
    }


def test_a_note_goes_on_with_its_call(world: World) -> None:
    world.desk.note(view(call="CALL2"), "bitte durchstellen")
    world.desk.show([ended(call="CALL2", result="merged", merged_into="CALL1"), view(state="answered", rev=2)])
    assert world.hub.news[-1]["body"].note == "bitte durchstellen"
    world.desk.show([ended(rev=3)])
    assert [row.note for row in world.journal.rows.values()] == ["bitte durchstellen"]


def rung(world: World) -> View:
    """Somebody from outside rings Anna."""
    leg = Leg("1.1", "1.1", "PJSIP/trunk-01", "up", "+493023125001", None, "101")
    its = Leg("1.2", "1.1", "PJSIP/101-02", "ringing", "101", "+493023125001", "")
    floor = Floor(legs=(LegNow(leg=leg, dialled=False), LegNow(leg=its, dialled=True)), hints={"101": ("PJSIP/101",)})
    world.board.replace(floor, NOON)
    (view_,) = world.board.views(["101"])
    return view_


def test_what_can_be_done_comes_and_goes_with_the_link_and_is_told_each_time(world: World) -> None:
    its = rung(world)
    world.desk.show([its])
    world.desk.bridge_is("up")
    world.desk.bridge_is("down")
    actions = [one["body"].actions for one in world.hub.news if one["topic"] == "calls.self"]
    assert [("reject" in one, "note" in one) for one in actions] == [(False, False), (True, True), (False, False)]


def test_what_somebody_can_do_is_offered_for_their_own_calls_alone(world: World) -> None:
    its = rung(world)
    (offered,) = world.desk.offered("anna", its.call)
    assert offered.view == its
    assert "reject" in offered.verbs
    assert world.desk.offered("ben", its.call) == world.desk.offered("nobody", its.call) == []
    assert world.desk.offered("anna", "CALL9") == []


def test_what_turned_out_to_be_somebody_elses_is_taken_back_once(world: World) -> None:
    world.desk.show([ended(result="missed", answered_at=None)])
    assert list(world.journal.rows) == ["CALL1-101"]
    others = ended(rev=2, answered_by=Party(exten="102"))
    world.desk.show([others])
    world.desk.show([others])
    assert world.journal.rows == {}
    assert world.journal.taken_back == ["CALL1-101"]


def test_a_call_that_came_back_is_kept_as_it_ended_last(world: World) -> None:
    world.desk.show([ended(result="missed", answered_at=None)])
    world.desk.show([ended(rev=3)])
    assert [row.result for row in world.journal.rows.values()] == ["answered"]


def test_remembering_what_was_kept_has_an_end(world: World) -> None:
    world.desk.show(ended(call=f"CALL{number}") for number in range(3 * REMEMBER_NOTED))
    assert len(world.desk._noted) == REMEMBER_NOTED


def test_whether_it_is_live_is_told_to_all_and_only_when_it_changes(world: World) -> None:
    assert world.desk.bridge == wire.Bridge(pbx="town", ami="down", since=NOON)
    world.desk.bridge_is("down")
    assert world.hub.news == []
    world.time += timedelta(minutes=1)
    world.desk.bridge_is("up")
    world.desk.bridge_is("up")
    (news,) = world.hub.news
    assert (news["topic"], news["event"], news["kind"]) == ("bridge", "bridge.changed", "bridge")
    assert "login" not in news
    assert news["body"] == world.desk.bridge == wire.Bridge(pbx="town", ami="up", since=world.time)


def test_a_late_comer_sees_their_own_live_calls_and_the_bridge(world: World) -> None:
    leg = Leg("1.1", "1.1", "PJSIP/trunk-01", "up", "+493023125001", None, "101")
    rung = Leg("1.2", "1.1", "PJSIP/101-02", "ringing", "101", "+493023125001", "")
    floor = Floor(legs=(LegNow(leg=leg, dialled=False), LegNow(leg=rung, dialled=True)), hints={"101": ("PJSIP/101",)})
    world.board.replace(floor, NOON)
    (call,) = world.desk.calls("anna")
    assert (call.id, call.state, call.extension, call.peer.number) == ("CALL1", "ringing", "101", "+493023125001")
    assert world.desk.calls("ben") == world.desk.calls("nobody") == ()
    assert world.desk.snapshot("anna", "calls.self", seq=5) == wire.Snapshot(
        topic="calls.self", seq=5, prev=5, calls=(call,)
    )
    assert world.desk.snapshot("nobody", "calls.self", seq=5).calls == ()
    assert world.desk.snapshot("anna", "bridge", seq=5).bridges == (world.desk.bridge,)


def test_what_may_be_followed_is_ones_own_and_what_is_not_known_is_not_allowed(world: World) -> None:
    assert world.desk.may_follow("anna", "calls.self")
    assert world.desk.may_follow("nobody", "bridge")
    for topic in ("", "calls", "calls.dept:x", "CALLS.SELF", "alarms"):
        assert not world.desk.may_follow("anna", topic)
    assert not world.desk.may_follow("nobody", "calls.self")


def test_a_person_is_told_who_they_are_until_they_are_gone(world: World) -> None:
    assert world.desk.user("anna") == wire.User(
        login="anna", name="Anna", extensions=("101", "8101"), roles=("user", "admin"), department="Bürgerbüro"
    )
    assert list(world.desk.capabilities("anna")) == ["reject", "hangup", "note"]
    world.people.replace([BEN])
    assert world.desk.user("anna") is None
    world.desk.show([view()])
    assert world.hub.news == []
