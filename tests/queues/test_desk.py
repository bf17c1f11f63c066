"""Who sees which queue, and what of it: who waits, what its members are just now, never with whom or how often."""

from datetime import timedelta
from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from ami_bridge import wire
from ami_bridge.asterisk.message import Message
from ami_bridge.calls.actions import Means, Might
from ami_bridge.config import Queue
from tests.queues.world import ABLE, CALLER, NOON, PEOPLE, World, member, waiting

PLAYS = Path(__file__).parents[1] / "recordings" / "plays"
TOPIC = "queue:300"


def play(name: str) -> list[Message]:
    return [Message(raw) for raw in (PLAYS / f"{name}.ami").read_bytes().split(b"\r\n\r\n") if raw]


def test_a_real_caller_is_seen_waiting_taken_back_in_front_and_served() -> None:
    world = World().is_live(members=())
    world.hears(*play("queue_taken"))
    told = world.hub.told("eva")
    lines = [[one.peer.name or one.peer.number for one in queue.waiting] for queue in told]
    assert [key for key, _ in groupby(lines)] == [[], ["103"], [], ["103"], []]
    assert [queue.rev for queue in told] == list(range(1, len(told) + 1)), "newer ones have a higher rev"
    ben = [next((one.state for one in queue.members if one.extension == "102"), None) for queue in told]
    assert [key for key, _ in groupby(ben)][:4] == [None, "free", "ringing", "free"]
    anna = [next((one.state for one in queue.members if one.extension == "101"), None) for queue in told]
    assert [key for key, _ in groupby(anna)] == [None, "free", "ringing", "talking", "free"]
    assert "Dieter Dachs" in {one.name for queue in told for one in queue.members}, "he has logged in and out"
    assert [one.name for one in told[-1].members] == ["Anna Amsel", "Ben Biber"]
    assert not any(one.paused for one in told[-1].members)


def test_members_the_switchboard_and_those_who_are_named_see_a_queue_and_nobody_else() -> None:
    world = World().is_live()
    for login in ("anna", "ben", "carla", "dieter", "eva", "frieda"):
        assert world.desk.offers(login) == [TOPIC]
        assert world.desk.may_follow(login, TOPIC)
    alone = World(rules=[]).is_live()
    assert [one.login for one in alone.people.all() if alone.desk.offers(one.login)] == ["anna", "ben", "eva"]
    assert not alone.desk.may_follow("frieda", TOPIC)
    assert not world.desk.may_follow("eva", "queue:301")
    assert not world.desk.may_follow("nobody", TOPIC)


def test_who_has_waited_longest_comes_first_with_name_and_since_when() -> None:
    world = World().is_live(waiting("9.1", seconds=10), waiting("9.2", "+493023125002", 70), waiting("9.3", None, 5))
    shown = world.sees("anna").waiting
    assert [one.since for one in shown] == [NOON - timedelta(seconds=seconds) for seconds in (70, 10, 5)]
    assert [one.peer.number for one in shown] == ["+493023125002", CALLER, None]
    assert len({one.id for one in shown}) == len(shown)
    assert not any("9." in one.id for one in shown), "clients learn no ids of Asterisk's"


def test_nothing_is_told_of_with_whom_since_when_or_how_often_a_member_talks() -> None:
    world = World().is_live(members=(member("101", state="talking"), member("102", paused=True)))
    told = msgspec.to_builtins(world.sees("eva"))
    assert {key for one in told["members"] for key in one} == {
        "id",
        "name",
        "extension",
        "state",
        "paused",
        "me",
        "actions",
    }
    assert world.states("eva") == {"Anna Amsel": "talking", "Ben Biber": "paused"}


def test_where_colleagues_do_not_see_each_other_only_who_manages_does() -> None:
    world = World(shown=False).is_live()
    assert (world.states("anna"), world.sees("anna").all_members) == ({"Anna Amsel": "free"}, False)
    assert (world.states("eva"), world.sees("eva").all_members) == ({}, False)
    assert len(world.states("dieter")) == 2


def test_of_private_numbers_nothing_is_told() -> None:
    world = World(silent=frozenset({CALLER, "101"})).is_live(waiting())
    assert world.sees("eva").waiting[0].peer == wire.Peer()
    assert world.states("eva") == {"Ben Biber": "free"}
    assert set(world.states("anna")) == {"Anna Amsel", "Ben Biber"}, "one sees oneself"


def test_each_may_what_the_role_allows() -> None:
    world = World().is_live(waiting(), members=(member("101"), member("102", paused=True, own=True)))
    may = {
        login: (
            world.sees(login).actions,
            world.sees(login).waiting[0].actions,
            {one.name: one.actions for one in world.sees(login).members if one.actions},
        )
        for login in ("anna", "ben", "carla", "dieter", "eva", "frieda")
    }
    others = {"Anna Amsel": ("pause",), "Ben Biber": ("unpause", "logout")}
    assert may == {
        "anna": ((), ("take",), {"Anna Amsel": ("pause",)}),
        "ben": ((), ("take",), {"Ben Biber": ("unpause", "logout")}),
        "carla": (("login",), (), {}),
        "dieter": ((), ("take",), others),
        "eva": ((), ("take",), {}),
        "frieda": ((), (), {}),
    }


@pytest.mark.parametrize(
    ("might", "login", "take", "own"),
    [
        (ABLE, ("login",), ("take",), ("pause",)),
        (Might(means=ABLE.means), (), (), ("pause",)),
        (Might(means=Means(send=True, take=True), rings=True), (), ("take",), ()),
        (Might(means=Means(send=True, queues=True), rings=True), ("login",), (), ("pause",)),
    ],
)
def test_only_what_can_work_is_offered(
    might: Might, login: tuple[str, ...], take: tuple[str, ...], own: tuple[str, ...]
) -> None:
    world = World().is_live(waiting())
    world.might = dict.fromkeys(("anna", "carla"), might)
    assert world.sees("carla").actions == login
    assert world.sees("anna").waiting[0].actions == take
    assert next(one.actions for one in world.sees("anna").members if one.me) == own


def test_while_asterisk_is_out_of_sight_nothing_can_be_done() -> None:
    world = World().is_live(waiting())
    world.desk.lost()
    shown = world.hub.told("anna")[-1]
    assert (len(shown.waiting), shown.waiting[0].actions, {one.actions for one in shown.members}) == (1, (), {()})
    world.is_live(waiting())
    assert world.hub.told("anna")[-1].waiting[0].actions == ("take",)


def test_after_a_snapshot_who_waits_is_the_same_and_has_waited_as_long() -> None:
    world = World().is_live(waiting())
    before = world.sees("eva").waiting
    world.time += timedelta(minutes=1)
    told = len(world.hub.news)
    world.is_live(waiting(seconds=89))
    assert world.sees("eva").waiting == before
    assert len(world.hub.news) == told, "nothing is told that is no news"


def test_who_begins_or_ceases_to_serve_is_offered_the_queue_anew() -> None:
    world = World(rules=[]).is_live()
    world.hub.sent_back.clear()
    world.desk.apply(member("103", own=True))
    assert world.hub.sent_back == ["carla"]
    assert world.desk.offers("carla") == [TOPIC]
    world.is_live()
    assert world.hub.sent_back == ["carla", "carla"]
    assert world.desk.offers("carla") == []


def test_who_is_named_may_follow_before_asterisk_tells_of_it_and_is_not_sent_back_then() -> None:
    world = World()
    assert world.desk.offers("carla") == world.desk.offers("eva") == [TOPIC]
    assert world.desk.may_follow("carla", TOPIC)
    assert world.desk.snapshot("carla", TOPIC, seq=1).queues == ()
    world.is_live()
    assert set(world.hub.sent_back) == {"anna", "ben"}, "only those see it anew who are its members"
    assert [one.name for one in world.hub.told("carla")] == ["300"]


def test_a_pbx_that_began_anew_has_nobody_waiting() -> None:
    world = World().is_live(waiting())
    world.desk.emptied()
    assert world.sees("eva").waiting == ()
    world.hub.sent_back.clear()
    world.desk.replace([])
    assert {"anna", "carla", "eva", "frieda"} <= set(world.hub.sent_back), "or they would see it for ever"
    assert world.desk.queues("eva") == ()
    assert world.desk.snapshot("eva", TOPIC, seq=1).queues == ()


def test_a_queue_that_has_no_label_is_called_as_asterisk_does() -> None:
    world = World(rules=[Queue(name="301", who=["frieda"])])
    world.desk.apply(member("101", queue="301"))
    assert [one.label for one in world.desk.queues("frieda")] == ["301"]


def test_who_became_known_after_the_queue_is_not_sent_back_by_its_next_news() -> None:
    world = World(rules=[])
    world.people.replace([])
    world.is_live()
    world.people.replace(PEOPLE)  # the staff book sends everybody back itself, whose rights it changes
    world.hub.sent_back.clear()
    world.desk.apply(member("101", state="talking"))
    assert world.hub.sent_back == []
    assert world.hub.told("anna")
