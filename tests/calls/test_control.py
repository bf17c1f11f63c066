"""Who may have what done with which call, and what Asterisk is told: exact channels of one's own, once, now."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import pytest
from msgspec import Struct
from structlog.testing import capture_logs

from ami_bridge import wire
from ami_bridge.calls.actions import Means, Might, possible
from ami_bridge.calls.board import Board
from ami_bridge.calls.control import Control, Offered, OwnTelephone, Target, Wish
from ami_bridge.calls.events import Dialled, Entered, Floor, HungUp, Left, Leg, Parked, Phase, Seen
from ami_bridge.calls.view import View
from ami_bridge.errors import (
    BadRequestError,
    GoneError,
    NotAllowedError,
    NotFoundError,
    NotReachableError,
    RefusedError,
)

T = TypeVar("T")

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HINTS = {"101": ("PJSIP/101", "PJSIP/151"), "102": ("PJSIP/102",), "103": ("PJSIP/103",)}
EXTENSIONS = {"anna": ("101",), "ben": ("102",), "carla": ("103",), "both": ("101", "102"), "none": ()}
ABLE = Might(means=Means(send=True, consult=True, park=True), rings=True, drives=("answer", "hold"), clears=True)
STRANGER = "PJSIP/trunk-01"


def leg(n: int, channel: str, *, phase: Phase = "ringing", number: str = "101", linked: int = 1) -> Leg:
    return Leg(f"1.{n}", f"1.{linked}", channel, phase, number, None, "101")


class Telephones:
    """Asterisk, as far as it is steered: remembers in words."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gone: set[str] = set()
        self.error: Exception | None = None
        self.unknown: set[str] = set()
        self.rooms = True

    async def knows(self, keys: str) -> bool:
        return keys not in self.unknown

    async def hang_up(self, channel: str, *, cause: int) -> None:
        await self._do("hang up", channel, cause)

    async def send_on(self, channel: str, keys: str) -> None:
        await self._do("send on", channel, keys)

    async def give_on(self, channel: str, keys: str) -> None:
        await self._do("give on", channel, keys)

    async def ask(self, channel: str, keys: str) -> None:
        await self._do("ask", channel, keys)

    async def park(self, channel: str, *, by: str) -> None:
        await self._do("park", channel, by)

    async def has_rooms(self) -> bool:
        return self.rooms

    async def bring_together(
        self, channel: str, other: str, room: str, *, hosts: Sequence[str], moderator: str = ""
    ) -> None:
        room = room if moderator else room[:5]
        await self._do("bring together", channel, other, room, *hosts, *([moderator] if moderator else []))

    async def invite(self, id_: str, keys: str, room: str, *, caller: str, host: bool, shows: str) -> None:
        assert shows == keys.replace("0030", "+4930")
        await self._do("invite", id_, keys, room if len(room) < 12 else room[:5], caller, "host" if host else "guest")

    async def pick_up(self, id_: str, own: OwnTelephone, channel: str, *, extension: str) -> None:
        await self._do("pick up", id_, own.id, channel, extension)

    async def fetch(self, id_: str, own: OwnTelephone, space: str) -> None:
        await self._do("fetch", id_, own.id, space)

    async def _do(self, *words: object) -> None:
        if self.error is not None:
            raise self.error
        if self.gone.intersection(map(str, words)):
            raise GoneError("The call has just ended.")
        self.done.append(" ".join(map(str, words)))


class Desk:
    """Shows everybody the calls of their extensions, and Ben's group what rings at 101."""

    def __init__(self, board: Board) -> None:
        self.ami: Literal["up", "down"] = "up"
        self.board = board
        self.might = ABLE
        self.notes: list[tuple[str, str, str]] = []

    @property
    def bridge(self) -> wire.Bridge:
        return wire.Bridge(pbx="town", ami=self.ami, since=NOON)

    def offered(self, login: str, call: str) -> list[Offered]:
        own = [Offered(one, possible(one, self.might)) for one in self.board.views(EXTENSIONS.get(login, ()))]
        group = [Offered(one, ("pickup",)) for one in self.board.ringing() if one.extension == "101"]
        seen = own + (group if login == "carla" else [])
        return [one for one in seen if one.view.call == call]

    def note(self, view: View, text: str) -> None:
        self.notes.append((view.call, view.extension, text))


class Targets:
    def __init__(self) -> None:
        self.counted: list[tuple[str, str, str]] = []

    def look(self, login: str, to: str, *, confirmed: bool, credential: str) -> Target:
        assert credential == "token:1"
        if to.startswith("0900") and not confirmed:
            raise NotAllowedError(f"{login} may not")
        if not to.isdigit():
            raise BadRequestError("This is not a telephone number.")
        kind: Literal["national", "internal"] = "national" if to.startswith("0") else "internal"
        return Target(keys=to, kind=kind, number=to.replace("0030", "+4930"))

    async def called(self, login: str, targets: Iterable[Target], *, credential: str) -> None:
        self.counted += [(login, one.keys, credential) for one in targets]


class Devices:
    def are_of(self, extension: str) -> bool:
        return extension in HINTS

    def rung_first(self, login: str) -> OwnTelephone:
        return OwnTelephone(id=f"PJSIP/{EXTENSIONS[login][0]}")


class Rooms:
    """Rooms of the house, of which there may be no more."""

    def __init__(self) -> None:
        self.free: list[str] = []
        self.dropped: list[str] = []

    async def make(self, login: str) -> tuple[str, str] | None:
        return (self.free.pop(), f"PIN-{login}") if self.free else None

    async def drop(self, number: str) -> None:
        self.dropped.append(number)


class Drivers:
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def do(self, device: str, what: str) -> None:
        self.told.append((device, what))


class Once:
    """The same key, the same answer."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def do(
        self, login: str, key: str, what: Struct, *, check: Callable[[], T], errand: Callable[[str, T], Awaitable[None]]
    ) -> str:
        assert login
        assert isinstance(what, Wish)
        if key not in self.kept:
            await errand(f"K{len(self.kept) + 1}", check())
            self.kept[key] = f"K{len(self.kept) + 1}"
        return self.kept[key]


class World:
    """A stranger calls 101, where two telephones ring, and 102."""

    def __init__(self) -> None:
        self.ids = 0
        self.looks = 0
        self.board = Board("town", hints_context="hints", new_id=self._new_id)
        self.board.replace(Floor(legs=(), hints=HINTS), NOON)
        self.stranger = leg(1, STRANGER, phase="down", number="030")
        self.board.apply(Seen(self.stranger), NOON)
        for n, channel in ((2, "PJSIP/101-02"), (3, "PJSIP/151-03"), (4, "PJSIP/102-04")):
            self.rings(n, channel)
        self.telephones, self.desk, self.drivers = Telephones(), Desk(self.board), Drivers()
        self.targets, self.rooms = Targets(), Rooms()
        self.control = Control(
            grip=self.board.grip,
            desk=self.desk,
            telephones=self.telephones,
            targets=self.targets,
            devices=Devices(),
            drivers=self.drivers,
            once=Once(),
            rooms=self.rooms,
            look_again=self._look,
            new_id=lambda: "N1",
        )

    def _new_id(self, _now: datetime) -> str:
        self.ids += 1
        return f"C{self.ids}"

    async def _look(self) -> None:
        self.looks += 1

    def rings(self, n: int, channel: str) -> None:
        self.board.apply(Dialled(leg(n, channel, phase="down"), self.stranger), NOON)
        self.board.apply(Seen(leg(n, channel)), NOON)

    def ends(self, *legs: tuple[int, str]) -> None:
        for n, channel in legs:
            self.board.apply(HungUp(leg(n, channel), 16, 0), NOON)

    def answers(self, n: int, channel: str) -> None:
        """One takes the call, the others fall silent; the two talk."""
        self.board.apply(Seen(leg(n, channel, phase="up")), NOON)
        others = ((2, "PJSIP/101-02"), (3, "PJSIP/151-03"), (4, "PJSIP/102-04"))
        self.ends(*[one for one in others if one[0] != n])
        for one in (leg(1, STRANGER, phase="up", number="030"), leg(n, channel, phase="up")):
            self.board.apply(Entered(one, "B1", talk=True), NOON)

    def asks(self) -> None:
        """Ben's telephone leaves the stranger waiting and talks through a Local channel."""
        ben, way = leg(4, "PJSIP/102-04", phase="up"), leg(5, "Local/103@x-05;1", phase="up")
        self.board.apply(Seen(way), NOON)
        self.board.apply(Left(ben, "B1"), NOON)
        for one in (way, ben):
            self.board.apply(Entered(one, "B2", talk=True), NOON)

    async def do(self, login: str, verb: str, *, key: str = "k1", **more: Any) -> list[str]:  # noqa: ANN401 - a wish
        wish = Wish(**{"verb": verb, "call": "C1", **more})

        def needed() -> str:
            if not key:
                raise BadRequestError("a key is needed")
            return key

        await self.control.do(login, wish, credential="token:1", key=needed)
        return self.telephones.done

    def view(self, extension: str) -> View:
        return self.board.views([extension])[0]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def talk(world: World) -> World:
    """Ben has taken the call."""
    world.answers(4, "PJSIP/102-04")
    return world


async def test_who_rejects_silences_all_own_telephones_and_nobody_elses(world: World) -> None:
    assert await world.do("anna", "reject") == ["hang up PJSIP/101-02 17", "hang up PJSIP/151-03 17"]


async def test_a_telephone_that_was_quicker_is_no_failure(world: World) -> None:
    world.telephones.gone = {"PJSIP/101-02"}
    assert await world.do("anna", "reject") == ["hang up PJSIP/151-03 17"]
    world.telephones.gone.add("PJSIP/151-03")
    with pytest.raises(GoneError):
        await world.do("anna", "reject")


async def test_who_talks_hangs_up_and_does_not_reject(talk: World) -> None:
    with pytest.raises(GoneError):
        await talk.do("ben", "reject")
    assert await talk.do("ben", "hangup") == ["hang up PJSIP/102-04 16"]


async def test_an_end_is_what_the_call_allows(world: World) -> None:
    assert await world.do("ben", "end") == ["hang up PJSIP/102-04 17"]
    world.answers(4, "PJSIP/102-04")
    assert (await world.do("ben", "end"))[1:] == ["hang up PJSIP/102-04 16"]


async def test_of_several_own_extensions_one_can_be_meant(world: World) -> None:
    world.board.apply(Seen(leg(4, "PJSIP/102-04", phase="up")), NOON)
    assert await world.do("both", "hangup") == ["hang up PJSIP/102-04 16"], "the one for which it is possible"
    assert (await world.do("both", "reject", extension="101"))[1:] == [
        "hang up PJSIP/101-02 17", "hang up PJSIP/151-03 17",
    ]  # fmt: skip


async def test_a_call_that_rings_for_others_too_is_not_sent_elsewhere(world: World) -> None:
    with pytest.raises(GoneError):
        await world.do("ben", "redirect", to="103")


async def test_a_call_that_rings_here_alone_is_sent_on_by_who_rings_it(world: World) -> None:
    world.ends((2, "PJSIP/101-02"), (3, "PJSIP/151-03"))
    assert await world.do("ben", "redirect", to="103") == [f"send on {STRANGER} 103"]
    world.ends((4, "PJSIP/102-04"))
    world.rings(6, "PJSIP/103-06")
    then = world.view("103")
    assert then.forwarded_by is not None
    assert then.forwarded_by.exten == "102"


async def test_a_call_that_could_not_be_sent_on_still_is_ones_own(world: World) -> None:
    world.ends((2, "PJSIP/101-02"), (3, "PJSIP/151-03"))
    world.telephones.error = RefusedError("no")
    with pytest.raises(RefusedError):
        await world.do("ben", "redirect", to="103")
    ended = world.board.apply(HungUp(leg(4, "PJSIP/102-04"), 16, 0), NOON)
    assert [one.result for one in ended if one.extension == "102"] == ["missed"]


async def test_the_other_is_given_to_somebody_else(talk: World) -> None:
    assert await talk.do("ben", "transfer", to="103") == ["give on PJSIP/102-04 103"]
    assert talk.targets.counted == [("ben", "103", "token:1")]


async def test_who_could_not_ask_lets_nobody_wait(talk: World) -> None:
    talk.telephones.error = RefusedError("no")
    with pytest.raises(RefusedError):
        await talk.do("ben", "consult", to="103")
    talk.asks()
    assert talk.view("102").waits is None, "whatever the telephone does then is its own"


async def test_somebody_is_asked_first_then_joined_or_left(talk: World) -> None:
    assert await talk.do("ben", "consult", to="103") == ["ask PJSIP/102-04 103"]
    assert talk.view("102").waits is None, "not yet"
    talk.asks()
    view = talk.view("102")
    assert view.waits is not None
    assert view.waits.number == "030"
    with pytest.raises(BadRequestError):
        await talk.do("ben", "transfer", to="103", key="k2")
    assert (await talk.do("ben", "transfer", key=""))[1:] == ["hang up PJSIP/102-04 16"], "leaves the two to each other"
    assert (await talk.do("ben", "resume", key=""))[2:] == ["hang up Local/103@x-05;1 16"], "goes back"
    for verb in ("hangup", "park", "consult", "conference"):
        with pytest.raises(GoneError):
            await talk.do("ben", verb, to="103", key=f"k-{verb}")


async def test_who_is_back_has_nobody_waiting(talk: World) -> None:
    await talk.do("ben", "consult", to="103")
    talk.asks()
    ben = leg(4, "PJSIP/102-04", phase="up")
    talk.board.apply(Left(ben, "B2"), NOON)
    talk.board.apply(Entered(ben, "B1", talk=True), NOON)
    assert talk.view("102").waits is None
    assert "hangup" in possible(talk.view("102"), ABLE)


async def test_the_other_waits_on_a_parking_place_and_is_fetched(talk: World) -> None:
    assert await talk.do("ben", "park", key="") == [f"park {STRANGER} PJSIP/102-04"]
    talk.board.apply(Parked(leg(1, STRANGER, phase="up", number="030"), "701", "PJSIP/102"), NOON)
    talk.ends((4, "PJSIP/102-04"))
    assert talk.view("102").state == "parked"
    assert (await talk.do("ben", "fetch"))[1:] == ["fetch K1 PJSIP/102 701"]


async def test_a_neighbours_call_is_picked_up_at_the_telephone_that_rings(world: World) -> None:
    assert await world.do("carla", "pickup") == ["pick up K1 PJSIP/103 PJSIP/101-02 101"]
    for stranger in ("ben", "none"):
        with pytest.raises((GoneError, NotFoundError)):
            await world.do(stranger, "pickup", key=f"k-{stranger}")
    assert len(world.telephones.done) == 1


async def test_a_call_becomes_a_conference_and_grows(talk: World) -> None:
    assert await talk.do("ben", "conference", add=("103", "003023125001")) == [
        f"bring together PJSIP/102-04 {STRANGER} call- PJSIP/102-04",
        "invite N1 103 call- 102 host",
        "invite N1 003023125001 call- 102 guest",
    ]
    with pytest.raises(BadRequestError):
        await talk.do("ben", "conference", add=tuple("1" * 11), key="k11")


async def test_a_call_gets_a_room_of_the_house_whose_owner_moderates_it(talk: World) -> None:
    """Others may come later: nobody has to be named."""
    talk.rooms.free = ["8123", "8124"]
    assert await talk.do("ben", "conference", key="k1") == [
        f"bring together PJSIP/102-04 {STRANGER} call-8124 PJSIP/102-04 PIN-ben"
    ]
    talk.telephones.gone = {STRANGER}
    with pytest.raises(GoneError):
        await talk.do("ben", "conference", add=("103",), key="k2")
    assert talk.rooms.dropped == ["8123"], "nobody came"
    talk.telephones.gone, talk.telephones.rooms, talk.rooms.free = set(), False, ["8125"]
    assert (await talk.do("ben", "conference", key="k3"))[-1].startswith("bring together PJSIP/102-04"), "without one"
    assert talk.rooms.free == ["8125"]


async def test_whom_one_may_not_call_one_may_not_give_a_call_to(talk: World) -> None:
    for verb, more in (
        ("transfer", {"to": "0900123"}),
        ("consult", {"to": "0900123"}),
        ("conference", {"add": ("0900123",)}),
    ):
        with pytest.raises(NotAllowedError):
            await talk.do("ben", verb, key=verb, **more)
    with pytest.raises(BadRequestError):
        await talk.do("ben", "transfer", to="103&Local/x@y", key="k2")
    talk.telephones.unknown = {"777"}
    with pytest.raises(NotFoundError):
        await talk.do("ben", "transfer", to="777", key="k3")
    assert talk.telephones.done == []


async def test_what_rings_needs_a_key_and_the_same_key_is_the_same_wish(talk: World) -> None:
    for verb in ("transfer", "consult"):
        with pytest.raises(BadRequestError):
            await talk.do("ben", verb, to="103", key="")
    for _ in range(3):
        await talk.do("ben", "transfer", to="103")
    assert talk.telephones.done == ["give on PJSIP/102-04 103"]


async def test_the_telephone_itself_answers_and_holds(world: World) -> None:
    world.ends((2, "PJSIP/101-02"), (3, "PJSIP/151-03"))
    await world.do("ben", "answer", key="")
    world.answers(4, "PJSIP/102-04")
    await world.do("ben", "hold", key="")
    assert world.drivers.told == [("PJSIP/102", "answer"), ("PJSIP/102", "hold")]
    assert world.telephones.done == []


async def test_a_note_goes_to_the_call_of_ones_extension(world: World) -> None:
    await world.do("anna", "note", text="  calls again \n", key="")
    assert world.desk.notes == [("C1", "101", "calls again")]
    for text in (None, "x" * 1001):
        with pytest.raises(BadRequestError):
            await world.do("anna", "note", text=text, key="")


async def test_a_row_that_hangs_is_looked_at_anew(world: World) -> None:
    await world.do("anna", "forget", key="")
    assert world.looks == 1


@pytest.mark.parametrize(
    ("login", "more"),
    [
        ("none", {}),
        ("nobody", {}),
        ("anna", {"extension": "102"}),
        ("anna", {"call": "C2"}),
        ("anna", {"call": "/.*/"}),
        ("anna", {"call": "PJSIP/102-04"}),
    ],
)
async def test_calls_of_others_do_not_exist_and_nothing_happens(world: World, login: str, more: dict[str, str]) -> None:
    with pytest.raises(NotFoundError):
        await world.do(login, "reject", **more)
    assert world.telephones.done == []


async def test_what_is_over_is_gone(world: World) -> None:
    world.ends((2, "PJSIP/101-02"), (3, "PJSIP/151-03"))
    with pytest.raises(NotFoundError):
        await world.do("anna", "reject")


@pytest.mark.parametrize("verb", ["", "Hangup", "explode", "hangup\r\n"])
async def test_there_are_no_other_verbs(world: World, verb: str) -> None:
    with pytest.raises(BadRequestError):
        await world.do("anna", verb)


async def test_while_asterisk_is_out_of_sight_nothing_is_done_and_nothing_later(world: World) -> None:
    world.desk.ami = "down"
    with pytest.raises(NotReachableError):
        await world.do("anna", "reject")
    world.desk.ami, world.telephones.error = "up", NotReachableError("Asterisk is not connected")
    with pytest.raises(NotReachableError):
        await world.do("anna", "reject")
    world.telephones.error = None
    assert world.telephones.done == []


async def test_the_log_names_the_call_and_nobody(world: World) -> None:
    with capture_logs() as logs:
        await world.do("anna", "reject")
    told = {"verb": "reject", "call": "C1", "credential": "token:1"}
    assert logs == [{"event": "control.done", "log_level": "info", **told}]


def test_a_call_that_is_not_there_is_out_of_reach(world: World) -> None:
    assert world.board.grip.reach("C9", "101") is None
    reach = world.board.grip.reach("C1", "103")
    assert reach is not None
    assert reach.mine == ()
    world.board.grip.sends_on("C9", "101")()
    world.board.grip.asks("C9", "101")
