"""What people see of calls, on recordings of real ones: every kind, disturbed in every way."""

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.translate import translate
from ami_bridge.calls.board import Board
from ami_bridge.calls.events import Floor, HintChanged, Leg, LegNow, Phase, Seen
from ami_bridge.calls.view import Party, View

RECORDINGS = Path(__file__).parents[1] / "recordings" / "plays"
START = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
HINTS: dict[str, tuple[str, ...]] = {f"10{n}": (f"PJSIP/10{n}",) for n in range(1, 6)}
ANNA, BEN, CARLA, DIETER, EVA = "101", "102", "103", "104", "105"
OUTSIDE = "+493023125001"
PHASES: tuple[Phase, ...] = ("down", "ringing", "up")

# Per play: of each extension the states it saw, in order and without repetitions, and how it ended.
SEEN: dict[str, dict[str, list[str]]] = {
    "answered": {CARLA: ["dialing", "answered", "answered!"], ANNA: ["ringing", "answered", "answered!"]},
    "cancelled": {ANNA: ["dialing", "cancelled!"], BEN: ["ringing", "missed!"]},
    "no_answer": {ANNA: ["dialing", "missed!"], BEN: ["ringing", "missed!"]},
    "busy": {ANNA: ["dialing", "busy!"], EVA: ["busy!"]},
    "rejected": {ANNA: ["dialing", "rejected!"], BEN: ["ringing", "rejected!"]},
    "declined": {ANNA: ["dialing", "rejected!"], EVA: ["ringing", "rejected!"]},
    "hold": {
        ANNA: ["dialing", "answered", "held", "answered", "answered!"],
        CARLA: ["ringing", "answered", "held", "answered", "answered!"],
    },
    "blind_transfer": {
        CARLA: ["dialing", "answered", "answered!"],
        ANNA: ["ringing", "answered", "transferred!"],
        BEN: ["ringing", "answered", "answered!"],
    },
    "attended_transfer": {
        ANNA: ["dialing", "answered", "held", "answered", "answered!"],
        EVA: ["ringing", "answered", "held", "dialing", "answered", "merged!", "answered", "transferred!"],
        DIETER: ["ringing", "answered", "merged!", "answered", "answered!"],
    },
    "park": {
        CARLA: ["dialing", "answered", "parked", "answered", "answered!"],
        ANNA: ["ringing", "answered", "parked", "answered", "transferred!"],
        BEN: ["dialing", "answered", "merged!", "answered", "answered!"],
    },
    "ring_group": {
        CARLA: ["dialing", "answered", "answered!"],
        ANNA: ["ringing", "answered!"],
        BEN: ["ringing", "answered", "answered!"],
    },
    "queue": {
        CARLA: ["dialing", "answered", "queued", "answered", "answered!"],
        ANNA: ["ringing", "answered", "answered!"],
        BEN: ["ringing", "answered!"],
    },
    "originate": {ANNA: ["dialing", "answered", "answered!"], CARLA: ["ringing", "answered", "answered!"]},
    "conference": {who: ["dialing", "answered", "conference", "answered", "answered!"] for who in (ANNA, BEN, CARLA)},
    "pickup": {
        CARLA: ["dialing", "answered", "answered!"],
        ANNA: ["ringing", "answered!"],
        BEN: ["dialing", "answered", "merged!", "answered", "answered!"],
    },
    "forwarded": {
        ANNA: ["dialing", "answered", "answered!"],
        EVA: ["ringing", "transferred!"],
        DIETER: ["ringing", "answered", "answered!"],
    },
    "from_outside": {ANNA: ["ringing", "answered", "answered!"]},
    "withheld": {ANNA: ["ringing", "answered", "answered!"]},
    "to_outside": {ANNA: ["dialing", "answered", "answered!"]},
}


def messages(play: str) -> list[Message]:
    blocks = (RECORDINGS / f"{play}.ami").read_bytes().split(b"\r\n\r\n")
    return [Message(block) for block in blocks if block]


class World:
    """A board and everything it ever said."""

    def __init__(self, hints: dict[str, tuple[str, ...]] | None = None) -> None:
        self.time = START
        self.count = 0
        self.board = Board("rathaus", hints_context="hints", new_id=self.new_id)
        self.board.replace(Floor(legs=(), hints=HINTS if hints is None else hints), self.time)
        self.said: list[View] = []

    def new_id(self, _now: datetime) -> str:
        self.count += 1
        return f"CALL{self.count}"

    def hears(self, several: Iterable[Mapping[str, str]]) -> "World":
        for one in several:
            self.time += timedelta(milliseconds=50)
            if event := translate(one):
                self.said += self.board.apply(event, self.time)
        return self

    def states(self) -> dict[str, list[str]]:
        """What each extension saw, repetitions left out; an end is written as its result with a `!`."""
        seen: dict[str, list[str]] = {}
        for view in self.said:
            state = f"{view.result}!" if view.state == "ended" else view.state
            states = seen.setdefault(view.extension, [])
            if not states or states[-1] != state:
                states.append(state)
        return seen

    def last(self, extension: str) -> View:
        return [view for view in self.said if view.extension == extension][-1]


@pytest.mark.parametrize("play", SEEN)
def test_each_kind_of_call_is_seen_as_it_was(play: str) -> None:
    world = World().hears(messages(play))
    seen = world.states()
    assert seen == SEEN[play]
    assert world.board.counts() == (0, 0)
    assert world.board.views(HINTS) == []


@pytest.mark.parametrize("play", SEEN)
def test_revisions_grow_and_nothing_is_said_twice(play: str) -> None:
    revisions: dict[tuple[str, str], int] = {}
    for view in World().hears(messages(play)).said:
        key = view.call, view.extension
        assert view.rev == revisions.get(key, 0) + 1
        revisions[key] = view.rev


def test_names_of_the_parties() -> None:
    ringing = next(view for view in World().hears(messages("from_outside")).said if view.state == "ringing")
    assert (ringing.peer, ringing.outside, ringing.caller) == (Party(number=OUTSIDE), True, False)
    assert ringing.line == "+498999998101"
    out = World().hears(messages("to_outside")).last(ANNA)
    assert (out.outside, out.caller) == (True, True)
    blind = World().hears(messages("blind_transfer")).last(BEN)
    assert (blind.peer, blind.forwarded_by) == (Party(exten=CARLA), Party(exten=ANNA))
    forwarded = World().hears(messages("forwarded")).last(DIETER)
    assert (forwarded.peer, forwarded.forwarded_by, forwarded.line) == (Party(exten=ANNA), Party(exten=EVA), EVA)
    group = World().hears(messages("ring_group"))
    assert (group.last(ANNA).answered_by, group.last(ANNA).line) == (Party(exten=BEN), "200")
    attended = World().hears(messages("attended_transfer"))
    assert (attended.last(ANNA).peer, attended.last(DIETER).peer) == (Party(exten=DIETER), Party(exten=ANNA))
    assert attended.last(EVA).result == "transferred"


def test_a_withheld_number_is_seen_by_nobody() -> None:
    world = World().hears(messages("withheld"))
    assert world.said
    for view in world.said:
        assert OUTSIDE not in repr(view)


def test_a_room_shows_its_number_and_who_else_is_in_it() -> None:
    full = [view for view in World().hears(messages("conference")).said if len(view.others) == 2]
    assert {view.extension for view in full} == {ANNA, BEN, CARLA}
    assert all(view.peer == Party(number="8000", dialled=True) for view in full)


@pytest.mark.parametrize("play", SEEN)
def test_a_stream_heard_from_the_middle_on_leaves_nothing_behind(play: str) -> None:
    heard = messages(play)
    for start in range(len(heard)):
        world = World().hears(heard[start:])
        assert world.board.counts() == (0, 0), start


@pytest.mark.parametrize("play", SEEN)
def test_a_link_cut_at_any_event_ends_all_calls_without_calling_them_missed(play: str) -> None:
    heard = messages(play)
    for end in range(len(heard)):
        world = World().hears(heard[:end])
        before = {(view.call, view.extension): view for view in world.board.views(HINTS)}
        ended = world.board.replace(Floor(legs=(), hints=HINTS), world.time)
        assert {(view.call, view.extension) for view in ended if view.state == "ended"} >= set(before)
        for view in ended:
            if view.answered_at is None and before.get((view.call, view.extension)):
                assert view.result is None, (end, view)
        assert world.board.counts() == (0, 0)


@pytest.mark.parametrize("play", SEEN)
def test_neighbours_swapped_still_end_with_the_same_results(play: str) -> None:
    """Events of different legs may overtake each other; those of one leg do not."""
    heard = messages(play)
    results = {ext: states[-1] for ext, states in World().hears(heard).states().items()}
    chance = random.Random(play)  # noqa: S311 - the same every time
    for _ in range(20):
        shuffled = list(heard)
        for n in range(len(shuffled) - 1):
            if chance.random() < 0.2 and not _legs(shuffled[n]) & _legs(shuffled[n + 1]):
                shuffled[n], shuffled[n + 1] = shuffled[n + 1], shuffled[n]
        world = World().hears(shuffled)
        assert world.board.counts() == (0, 0)
        assert {ext: states[-1] for ext, states in world.states().items()} == results


def _legs(message: Message) -> set[str]:
    return {str(value) for name, value in message.items() if name.endswith("Uniqueid") and "Bridge" not in name}


@pytest.mark.parametrize("play", SEEN)
def test_a_hundred_replays_keep_no_memory(play: str) -> None:
    world, heard = World(), messages(play)
    for n in range(100):
        world.time = START + timedelta(minutes=3 * n)
        world.said = []
        world.hears({name: _renamed(value, n) for name, value in one.items()} for one in heard)
        assert world.board.counts() == (0, 0)
    assert len(world.board._gone) < 60
    assert not world.board._aliases
    assert not world.board._bridges


def _renamed(value: str, n: int) -> str:
    """The same message of another call."""
    return f"{value}.{n}" if value.startswith("recording-") or value == "click-1" else value


def test_late_events_bring_nothing_back_to_life() -> None:
    heard = messages("answered")
    world = World().hears(heard)
    world.said = []
    world.hears(one for one in heard if one["Event"] != "Newchannel")
    assert world.said == []
    assert world.board.counts() == (0, 0)


def leg(id_: str, channel: str, phase: str = "up", *, linked: str = "", number: str = "", connected: str = "") -> Leg:
    return Leg(id_, linked or id_, channel, phase, number or None, connected or None, "")  # type: ignore[arg-type]


def test_a_snapshot_rebuilds_what_is_going_on() -> None:
    """The daemon was restarted in the middle of a call from outside, a held one and a conference."""
    world = World()
    floor = Floor(
        legs=(
            LegNow(leg=leg("1", "PJSIP/trunk-1", number=OUTSIDE), dialled=False, bridge="B1", seconds=65),
            LegNow(leg=leg("2", "PJSIP/101-2", linked="1", connected=OUTSIDE), dialled=True, bridge="B1", seconds=63),
            LegNow(leg=leg("3", "PJSIP/102-3"), dialled=False, bridge="B2", room="8000", seconds=5),
            LegNow(leg=leg("4", "PJSIP/103-4"), dialled=False, bridge="B2", room="8000", seconds=4),
        ),
        hints=HINTS,
    )
    views = {view.extension: view for view in world.board.replace(floor, START)}
    assert views[ANNA].state == "answered"
    assert views[ANNA].peer == Party(number=OUTSIDE)
    assert (views[ANNA].caller, views[ANNA].outside) == (False, True)
    assert views[ANNA].since == START - timedelta(seconds=63)
    assert views[BEN].state == views[CARLA].state == "conference"
    assert views[BEN].others == (Party(exten=CARLA),)
    assert world.board.replace(floor, START) == []  # the same again is no news


def test_a_snapshot_in_the_middle_of_each_call_changes_nothing_that_is_known() -> None:
    """The resync every ten minutes finds what the events have told already."""
    for play in ("answered", "hold", "ring_group"):
        heard = messages(play)
        for cut in range(len(heard)):
            world = World().hears(heard[:cut])
            legs = tuple(
                LegNow(leg=Leg(one.id, one.linked, one.channel, PHASES[one.phase], one.number, one.connected, ""),
                       dialled=one.dialled, bridge=one.bridge, room=one.room, queue=one.queue, parked_at=one.parked_at)
                for one in world.board._legs.values() if not one.gone
            )  # fmt: skip
            assert world.board.replace(Floor(legs=legs, hints=HINTS), world.time) == [], (play, cut)


def test_a_moved_extension_is_another_device_at_once() -> None:
    world = World()
    world.board.apply(HintChanged(exten="101", context="hints", devices=("PJSIP/desk7", "PJSIP/home")), START)
    world.board.apply(HintChanged(exten="102", context="elsewhere", devices=("PJSIP/other",)), START)
    [view] = world.board.apply(Seen(leg("9", "PJSIP/home-9")), START)
    assert view.extension == "101"
    assert world.board.apply(Seen(leg("10", "PJSIP/other-1")), START) == []


def test_tools_of_ours_are_no_calls() -> None:
    world = World()
    assert world.board.apply(Seen(leg("1", "Local/room@bridge-store-00000001;1")), START) == []
    assert world.board.counts() == (0, 0)
