"""What people see of calls, on recordings of real ones: every kind, disturbed in every way."""

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.translate import translate
from ami_bridge.calls.board import Board
from ami_bridge.calls.events import (
    CallEvent,
    DialEnded,
    Dialled,
    Entered,
    Floor,
    Held,
    HintChanged,
    HungUp,
    InRoom,
    Left,
    Leg,
    LegNow,
    Originated,
    Parked,
    Phase,
    Queued,
    Renamed,
    Seen,
    Transferred,
)  # fmt: skip
from ami_bridge.calls.leg import device
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
    "transfer_not_taken": {
        CARLA: ["dialing", "answered", "answered!"],
        ANNA: ["ringing", "answered", "transferred!"],
        BEN: ["ringing", "missed!"],
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
    "sent_on": {
        CARLA: ["dialing", "answered", "answered!"],
        ANNA: ["ringing", "missed!"],
        BEN: ["ringing", "answered", "answered!"],
    },
    "consulted": {
        CARLA: ["dialing", *("answered", "held") * 3, "answered", "answered!"],
        ANNA: ["ringing", "answered", "held", "answered", "held", "transferred!"],
        DIETER: ["ringing", "answered", "held", "answered", "answered!"] * 2,
    },
    "made_a_conference": {
        CARLA: ["dialing", "answered", "conference", "answered", "answered!"],
        ANNA: ["ringing", "answered", "conference", "answered", "answered!"],
        BEN: ["ringing", "answered", "conference", "answered", "answered!"],
    },
    "fetched": {
        CARLA: ["dialing", "answered", "parked", "answered", "answered!"],
        ANNA: ["ringing", "answered", "parked", "dialing", "answered!", "merged!", "answered", "answered!"],
    },
    "queue_taken": {
        CARLA: ["dialing", "answered", "queued", "answered", "dialing", "queued", "answered", "answered!"],
        BEN: ["ringing", "rejected!"],
        ANNA: ["ringing", "answered", "answered!"],
    },
    "picked_up": {
        CARLA: ["dialing", "answered", "answered!"],
        ANNA: ["ringing", "missed!", "answered!"],
        BEN: ["dialing", "merged!", "answered", "answered!"],
    },
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

    def does(self, *events: CallEvent) -> None:
        for event in events:
            self.time += timedelta(seconds=1)
            self.said += self.board.apply(event, self.time)

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


def test_who_sends_a_ringing_call_on_did_not_miss_it() -> None:
    world = World()
    heard = messages("sent_on")
    cut = next(at for at, one in enumerate(heard) if one["Event"] == "DialEnd")
    world.hears(heard[:cut])
    (mine,) = world.board.views([ANNA])
    world.board.grip.sends_on(mine.call, ANNA)
    world.hears(heard[cut:])
    assert world.last(ANNA).result == "transferred"
    assert world.last(BEN).forwarded_by == Party(exten=ANNA)


def test_an_order_to_send_on_that_failed_is_forgotten() -> None:
    world = World()
    heard = messages("no_answer")
    cut = next(at for at, one in enumerate(heard) if one["Event"] == "DialEnd")
    world.hears(heard[:cut])
    (mine,) = world.board.views([BEN])
    world.board.grip.sends_on(mine.call, BEN)()
    world.hears(heard[cut:])
    assert (world.last(BEN).result, world.last(BEN).forwarded_by) == ("missed", None)


def test_who_asks_somebody_talks_to_them_and_sees_who_waits() -> None:
    world = World()
    heard = messages("consulted")
    asked = next(at for at, one in enumerate(heard) if one.get("Channel", "").startswith("Local/"))
    world.hears(heard[:asked])
    (mine,) = world.board.views([ANNA])
    world.board.grip.asks(mine.call, ANNA)
    world.hears(heard[asked:])
    waiting = [view for view in world.said if view.extension == ANNA and view.waits is not None]
    assert waiting
    assert {view.waits for view in waiting} == {Party(exten=CARLA)}
    assert Party(exten=DIETER) in {view.peer for view in waiting}
    assert world.last(ANNA).result == "transferred"


def test_what_is_reached_is_told_by_the_channels_that_are_there() -> None:
    world = World()
    assert world.board.grip.reach("CALL1", ANNA) is None
    reaches = []
    for one in messages("made_a_conference"):
        world.hears([one])
        reaches += [(view, world.board.grip.reach(view.call, ANNA)) for view in world.board.views([ANNA])]
    assert all(reach is not None for _, reach in reaches)
    talks = next(reach for _, reach in reaches if reach is not None and reach.partner)
    assert (talks.room, talks.device, talks.of_the_house) == (None, "PJSIP/101", True)
    assert [one.partition("-")[0] for one in (*talks.mine, talks.partner or "")] == ["PJSIP/101", "PJSIP/103"]
    full = next(reach for view, reach in reaches if reach is not None and view.others)
    assert (full.room, full.mine) == ("call-123456789012", talks.mine)
    assert full.partner is None, "where several talk nobody is given away"
    stranger = world.board.grip.reach("CALL1", EVA)
    assert stranger is None or not stranger.mine


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
    assert not world.board._calls._aliases
    assert len(world.board._bridges) == 0


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
            waiting = {
                device(one.channel)
                for leg in world.board._legs.values() if leg.holding and not leg.gone
                for one in world.board._bridges.partners(leg)
            }  # fmt: skip
            floor = Floor(legs=legs, hints=HINTS, on_hold=frozenset(waiting))
            assert world.board.replace(floor, world.time) == [], (play, cut)


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


# ---- What a review found, each as it was found


def two_devices() -> World:
    """Anna has a telephone on the desk and one at home."""
    return World({"101": ("PJSIP/101", "PJSIP/home"), "103": ("PJSIP/103",)})


def rings_both(world: World) -> tuple[Leg, Leg, Leg]:
    caller = leg("1", "PJSIP/103-1", "down", number="103")
    desk = leg("2", "PJSIP/101-2", "ringing", linked="1", connected="103")
    home = leg("3", "PJSIP/home-3", "ringing", linked="1", connected="103")
    world.does(Seen(caller), Dialled(desk, caller), Dialled(home, caller), Seen(desk), Seen(home))
    return caller, desk, home


@pytest.mark.parametrize("first", [1, 0])
def test_a_call_answered_at_one_of_two_telephones_is_answered_by_nobody_else(first: int) -> None:
    world = two_devices()
    caller, desk, home = rings_both(world)
    taken, other = (desk, home) if first else (home, desk)
    up = Leg(taken.id, "1", taken.channel, "up", None, "103", "")
    world.does(
        Seen(up), DialEnded(up, "ANSWER", "", caller), DialEnded(other, "CANCEL", "", caller), HungUp(other, 26, 0)
    )
    assert world.last(ANNA).state == "answered"
    world.does(HungUp(up, 16, 0), HungUp(caller, 16, 0))
    assert (world.last(ANNA).result, world.last(ANNA).answered_by) == ("answered", None)


def test_one_telephone_declined_and_the_other_answered_is_answered() -> None:
    world = two_devices()
    caller, desk, home = rings_both(world)
    up = Leg(home.id, "1", home.channel, "up", None, "103", "")
    world.does(
        HungUp(desk, 21, 603), Seen(up), DialEnded(up, "ANSWER", "", caller), HungUp(up, 16, 0), HungUp(caller, 16, 0)
    )
    assert world.last(ANNA).result == "answered"


def test_a_transfer_that_nobody_takes_is_missed() -> None:
    """Carla talks to Anna, who sends her to Ben; Ben's telephone rings in vain: it was not "answered by Anna"."""
    world = World()
    carla, anna = leg("1", "PJSIP/103-1", number="103"), leg("2", "PJSIP/101-2", linked="1", connected="103")
    world.does(
        Seen(carla), Dialled(anna, carla), Seen(anna), Entered(anna, "B", talk=True), Entered(carla, "B", talk=True)
    )
    ben = leg("3", "PJSIP/102-3", "ringing", linked="1", connected="103")
    world.does(
        Transferred((anna,)),
        HungUp(anna, 16, 0),
        Dialled(ben, carla),
        Seen(ben),
        DialEnded(ben, "NOANSWER", "", carla),
        HungUp(ben, 0, 0),
    )
    assert (world.last(BEN).result, world.last(BEN).answered_by) == ("missed", None)
    assert world.last(ANNA).result == "transferred"


def test_a_parked_call_that_comes_back_in_vain_is_missed_and_not_taken_by_the_parker() -> None:
    world = World()
    carla, anna = leg("1", "PJSIP/103-1", number="103"), leg("2", "PJSIP/101-2", linked="1", connected="103")
    world.does(
        Seen(carla), Dialled(anna, carla), Seen(anna), Entered(anna, "B", talk=True), Entered(carla, "B", talk=True)
    )
    world.does(Transferred((anna,)), Parked(carla, "701", "PJSIP/101"), HungUp(anna, 16, 0))
    assert world.last(ANNA).state == "parked"
    again = leg("3", "PJSIP/101-3", "ringing", linked="1", connected="103")
    world.does(Parked(carla, None, ""), Dialled(again, carla), Seen(again))
    assert world.last(ANNA).state == "ringing"
    world.does(DialEnded(again, "NOANSWER", "", carla), HungUp(again, 0, 0))
    assert world.last(ANNA).answered_by is None
    assert world.last(ANNA).result in {"transferred", "answered"}, "she had talked to her"


def test_a_lamp_for_the_ring_group_takes_nobody_s_calls() -> None:
    for order in (["101", "102", "200"], ["200", "102", "101"]):
        hints: dict[str, tuple[str, ...]] = {
            exten: (f"PJSIP/{exten}",) if exten != "200" else ("PJSIP/101", "PJSIP/102") for exten in order
        }
        world = World(hints)
        world.does(HintChanged("200", "hints", ("PJSIP/101", "PJSIP/102")), HintChanged("101", "hints", ("PJSIP/101",)))
        assert world.board.extension_of("PJSIP/101-1") == "101"
        assert world.board.extension_of("PJSIP/102-1") == "102"


def test_a_device_of_another_name_belongs_to_the_smallest_hint() -> None:
    world = World({"200": ("PJSIP/a", "PJSIP/b"), "7": ("PJSIP/a",), "8": ("PJSIP/b", "PJSIP/c", "PJSIP/d")})
    assert [world.board.extension_of(f"PJSIP/{one}-1") for one in "abcd"] == ["7", "200", "8", "8"]
    world.does(HintChanged("7", "hints", ("PJSIP/x",)))
    assert world.board.extension_of("PJSIP/a-1") == "200"
    assert world.board.extension_of("PJSIP/x-1") == "7"


def test_a_call_goes_with_its_telephone_when_the_hint_moves() -> None:
    world = World()
    world.does(Seen(leg("1", "PJSIP/desk9-1")))
    assert world.said == []
    world.does(HintChanged("101", "hints", ("PJSIP/101", "PJSIP/desk9")))
    assert world.last(ANNA).state == "answered"


def test_an_end_stays_as_it_was_told() -> None:
    """Anna hands over a call of the house; later it goes outside, which changes nothing for her."""
    world = World()
    carla, anna = leg("1", "PJSIP/103-1", number="103"), leg("2", "PJSIP/101-2", linked="1", connected="103")
    world.does(Seen(carla), Dialled(anna, carla), Seen(anna), Transferred((anna,)), HungUp(anna, 16, 0))
    told = world.last(ANNA)
    outside = leg("3", "PJSIP/trunk-3", linked="1")
    world.does(Dialled(outside, carla), Seen(outside), Entered(outside, "B", talk=True), Entered(carla, "B", talk=True))
    assert world.last(ANNA) == told
    assert world.last(CARLA).outside


def test_who_rang_in_vain_before_two_calls_became_one_is_no_party_of_the_other() -> None:
    """Ben talks to somebody outside, asks the ring group, Carla takes it, he joins them: Anna rang only for Ben."""
    world = World()
    caller, ben = leg("1", "PJSIP/trunk-1", number=OUTSIDE), leg("2", "PJSIP/102-2", linked="1", connected=OUTSIDE)
    world.does(
        Seen(caller), Dialled(ben, caller), Seen(ben), Entered(ben, "B1", talk=True), Entered(caller, "B1", talk=True)
    )
    asks = leg("3", "PJSIP/102-3", number="102")
    anna, carla = (
        leg(n, f"PJSIP/{ext}-{n}", "ringing", linked="3", connected="102") for n, ext in (("4", ANNA), ("5", CARLA))
    )
    world.does(Seen(asks), Dialled(anna, asks), Dialled(carla, asks), Seen(anna), Seen(carla))
    up = leg("5", "PJSIP/103-5", linked="3", connected="102")
    world.does(Seen(up), DialEnded(up, "ANSWER", "", asks), DialEnded(anna, "CANCEL", "", asks), HungUp(anna, 26, 0))
    world.does(
        Entered(up, "B2", talk=True),
        Entered(asks, "B2", talk=True),
        Entered(up, "B1", talk=True),
        Transferred((ben, asks)),
    )
    world.does(HungUp(ben, 16, 0), HungUp(asks, 16, 0))
    outside_call = world.last(CARLA).call
    assert world.last(CARLA).peer == Party(number=OUTSIDE)
    assert all(view.call != outside_call for view in world.said if view.extension == ANNA)


def test_one_leg_that_leaves_does_not_end_the_call_of_those_who_stay() -> None:
    world = World()
    one, two, three = leg("1", "PJSIP/101-1"), leg("2", "PJSIP/102-2", linked="1"), leg("9", "PJSIP/103-9")
    world.does(Seen(one), Dialled(two, one), Seen(two), Seen(three))
    moved = Leg("1", "9", "PJSIP/101-1", "up", None, None, "")
    world.does(Seen(moved))
    assert world.last(ANNA).call == world.last(CARLA).call
    world.does(HungUp(two, 16, 0))
    assert world.last(BEN).result == "answered"


def test_how_long_a_call_lasts_is_not_forgotten_with_the_daemon() -> None:
    world = World()
    floor = Floor(
        legs=(
            LegNow(leg=leg("1", "PJSIP/103-1"), dialled=False, bridge="B", seconds=3600),
            LegNow(leg=leg("2", "PJSIP/101-2", linked="1"), dialled=True, bridge="B", seconds=3595),
        ),
        hints=HINTS,
    )
    views = {view.extension: view for view in world.board.replace(floor, START)}
    assert views[ANNA].answered_at == START - timedelta(seconds=3595)


def test_hold_is_read_after_a_gap() -> None:
    def floor(*on_hold: str) -> Floor:
        legs = (
            LegNow(leg=leg("1", "PJSIP/103-1"), dialled=False, bridge="B"),
            LegNow(leg=leg("2", "PJSIP/101-2", linked="1"), dialled=True, bridge="B"),
        )
        return Floor(legs=legs, hints=HINTS, on_hold=frozenset(on_hold))

    world = World()
    world.said += world.board.replace(floor("PJSIP/103"), START)
    assert world.last(ANNA).state == world.last(CARLA).state == "held"
    world.said += world.board.replace(floor(), START)
    assert world.last(ANNA).state == world.last(CARLA).state == "answered"


def test_what_was_thinned_out_of_a_long_queue_does_not_come_back() -> None:
    world = World()
    caller = leg("1", "PJSIP/trunk-1", number=OUTSIDE)
    world.does(Seen(caller), Queued(caller, "300"))
    for n in range(200):
        rung = leg(f"r{n}", f"PJSIP/10{1 + n % 4}-{n}", "ringing", linked="1")
        world.does(Dialled(rung, caller), Seen(rung), HungUp(rung, 0, 0), DialEnded(rung, "NOANSWER", "", caller))
    assert world.board.counts()[1] < 60
    world.does(HungUp(caller, 16, 0))
    assert world.board.counts() == (0, 0)


def test_nothing_that_can_be_heard_breaks_the_board() -> None:
    """Random histories with snapshots in between; at the end everybody hangs up and nothing is left."""
    for seed in range(1_000):
        _any_history(random.Random(seed))  # noqa: S311 - the same every time


def _any_history(chance: random.Random) -> None:
    world = World({"101": ("PJSIP/101",), "102": ("PJSIP/102", "PJSIP/101"), "103": ("PJSIP/103",)})
    ids = [f"{n}.1" for n in range(6)]
    channels = [f"PJSIP/10{n}-{k}" for n in range(1, 5) for k in (1, 2)]
    channels += ["PJSIP/trunk-1", "Local/x@y-1;1", "Local/x@y-1;2"]
    known = {one: leg(one, chance.choice(channels), "down", linked=chance.choice(ids)) for one in ids}

    def some() -> Leg:
        was = known[chance.choice(ids)]
        known[was.id] = now = Leg(
            was.id,
            chance.choice(ids) if chance.random() < 0.2 else was.linked,
            chance.choice(channels) if chance.random() < 0.05 else was.channel,
            chance.choice(PHASES),
            chance.choice([None, "101", OUTSIDE]),
            chance.choice([None, "102"]),
            chance.choice(["", "101"]),
        )
        return now

    kinds = (
        lambda: Seen(some()),
        lambda: Dialled(some(), chance.choice([None, some()])),
        lambda: DialEnded(some(), chance.choice(["ANSWER", "CANCEL", "BUSY", ""]), chance.choice(["", "x"]), some()),
        lambda: Entered(some(), chance.choice("ab"), chance.random() < 0.7),
        lambda: Left(some(), chance.choice("ab")),
        lambda: Held(some(), chance.random() < 0.5),
        lambda: HungUp(some(), 16, 0),
        lambda: Transferred((some(), some())),
        lambda: Parked(some(), chance.choice(["701", None]), "PJSIP/101"),
        lambda: Queued(some(), chance.choice(["q", None])),
        lambda: InRoom(some(), chance.choice(["r", None])),
        lambda: Renamed(chance.choice(ids), chance.choice(channels)),
        lambda: HintChanged(chance.choice(["101", "200"]), "hints", ("PJSIP/101", "PJSIP/102")[: chance.randrange(3)]),
    )  # fmt: skip
    for _ in range(60):
        if chance.random() < 0.03:
            legs = tuple(
                LegNow(leg=some(), dialled=chance.random() < 0.5, bridge=chance.choice([None, "a", "b"]))
                for _ in range(chance.randrange(4))
            )
            world.board.replace(Floor(legs=legs, hints=HINTS), world.time)
        world.does(chance.choice(kinds)())
        for call in world.board._calls:
            for one in call.legs.values():
                assert one.linked == call.linked
                assert world.board._legs.get(one.id) is one
    for last in known.values():
        world.does(HungUp(last, 16, 0))
    assert world.board.counts() == (0, 0)
    assert not world.board._calls._aliases
    assert len(world.board._bridges) == 0


OURS = "01M8GY5KH13G3J514KYQDDZKQ0"


def expected(world: World, *, outside: bool = True) -> View:
    """A call that Anna has clicked on, before Asterisk was asked."""
    (view,) = world.board.expect(OURS, extension=ANNA, number="003023125001", outside=outside, now=world.time)
    return view


def own(phase: Phase = "down", exten: str = "s") -> Leg:
    return Leg(OURS, OURS, "PJSIP/101-00000001", phase, ANNA, None, exten)


def test_a_call_that_was_clicked_on_is_there_before_asterisk_says_anything() -> None:
    world = World()
    view = expected(world)
    assert (view.call, view.state, view.outside, view.caller) == (OURS, "dialing", True, True)
    assert view.peer == Party(number="003023125001", dialled=True)
    assert world.board.views([ANNA]) == [view]


def test_it_is_the_leg_that_then_rings() -> None:
    world = World()
    expected(world)
    world.does(Seen(own()))
    world.does(Dialled(own(), None))
    world.does(Seen(own("ringing")))
    assert world.board.counts() == (1, 1)
    (now,) = world.board.views([ANNA])
    assert (now.call, now.state) == (OURS, "dialing")


@pytest.mark.parametrize(
    ("rang", "status", "cause", "sip", "result"),
    [
        (False, "BUSY", 17, 486, "busy"),
        (False, "CHANUNAVAIL", 17, 486, "busy"),
        (True, "BUSY", 17, 486, "rejected"),
        (True, "CHANUNAVAIL", 21, 603, "rejected"),
        (True, "NOANSWER", 19, 480, "missed"),
        (True, "", 19, 480, "missed"),
        (True, "NOANSWER", 16, 0, "cancelled"),
        (False, "CHANUNAVAIL", 3, 0, "failed"),
    ],
)
def test_ones_own_telephone_that_is_not_picked_up_ends_the_call_and_says_how(
    rang: bool,  # noqa: FBT001 - a case
    status: str,
    cause: int,
    sip: int,
    result: str,
) -> None:
    world = World()
    expected(world)
    world.does(Seen(own()))
    world.does(Dialled(own(), None))
    if rang:
        world.does(Seen(own("ringing")))
    if status:
        world.does(DialEnded(own("ringing" if rang else "down"), status, "", None))
    world.does(HungUp(own(), cause, sip))
    world.does(Originated(OURS, ok=False))
    assert [(one.state, one.result) for one in world.said[-1:]] == [("ended", result)]
    assert world.board.counts() == (0, 0)


def test_a_telephone_that_is_not_registered_has_no_leg_and_ends_the_call_all_the_same() -> None:
    world = World()
    expected(world)
    world.does(Originated(OURS, ok=False))
    assert [(one.state, one.result) for one in world.said[-1:]] == [("ended", "failed")]
    assert world.board.counts() == (0, 0)


def test_a_number_that_leads_nowhere_fails() -> None:
    world = World()
    expected(world)
    world.does(Seen(own()))
    world.does(Dialled(own(), None))
    world.does(Seen(own("up")))
    world.does(DialEnded(own("up"), "ANSWER", "", None))
    world.does(Originated(OURS, ok=True))
    world.does(HungUp(own("up"), 1, 0))
    assert [(one.state, one.result) for one in world.said[-1:]] == [("ended", "failed")]


def test_a_snapshot_read_before_it_rang_does_not_end_it() -> None:
    world = World()
    expected(world)
    assert world.board.replace(Floor(legs=(), hints=HINTS), world.time) == []
    world.does(Seen(own()))
    assert world.board.lives(OURS)
    assert world.board.replace(Floor(legs=(), hints=HINTS), world.time)[0].state == "ended"


def test_after_a_lost_connection_the_snapshot_says_whether_it_came_about() -> None:
    for there in (True, False):
        world = World()
        expected(world)
        world.board.lost()
        legs = (LegNow(leg=own("ringing"), dialled=False),) if there else ()
        world.board.replace(Floor(legs=legs, hints=HINTS), world.time)
        assert world.board.lives(OURS) is there


def test_after_a_restart_of_ours_a_call_that_we_had_rung_has_its_id_again() -> None:
    world = World()
    world.board.replace(Floor(legs=(LegNow(leg=own("up"), dialled=False),), hints=HINTS), world.time)
    assert world.board.lives(OURS)
    assert world.board.views([ANNA])[0].call == OURS
