"""Who may have what done with which call, and what Asterisk is told: exact channels of one's own, once, now."""

from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from structlog.testing import capture_logs

from ami_bridge import wire
from ami_bridge.calls.board import Board
from ami_bridge.calls.control import Control, Wish
from ami_bridge.calls.events import Dialled, Floor, HungUp, Leg, Phase, Seen
from ami_bridge.errors import BadRequestError, GoneError, NotFoundError, NotReachableError
from ami_bridge.people.model import People, Person

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HINTS = {"101": ("PJSIP/101", "PJSIP/151"), "102": ("PJSIP/102",), "103": ("PJSIP/103",)}
PEOPLE = [
    Person(login="anna", name="Anna", extensions=("101",)),
    Person(login="ben", name="Ben", extensions=("102",)),
    Person(login="both", name="Both", extensions=("101", "102")),
    Person(login="none", name="None"),
]


def leg(n: int, channel: str, *, phase: Phase = "ringing", number: str = "101", linked: int = 1) -> Leg:
    return Leg(f"1.{n}", f"1.{linked}", channel, phase, number, None, "101")


class Telephones:
    """Asterisk, as far as it is steered."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gone: set[str] = set()
        self.away = False

    async def hang_up(self, channel: str, *, cause: int) -> None:
        if self.away:
            raise NotReachableError("Asterisk is not connected")
        if channel in self.gone:
            raise GoneError("The call has just ended.")
        self.done.append(f"hang up {channel} {cause}")


class Desk:
    def __init__(self) -> None:
        self.ami: Literal["up", "down"] = "up"

    @property
    def bridge(self) -> wire.Bridge:
        return wire.Bridge(pbx="town", ami=self.ami, since=NOON)


class World:
    """A stranger calls 101, where two telephones ring, and 102."""

    def __init__(self) -> None:
        self.ids = 0
        self.board = Board("town", hints_context="hints", new_id=self._new_id)
        self.board.replace(Floor(legs=(), hints=HINTS), NOON)
        self.stranger = leg(1, "PJSIP/trunk-01", phase="down", number="030")
        self.board.apply(Seen(self.stranger), NOON)
        for n, channel in ((2, "PJSIP/101-02"), (3, "PJSIP/151-03"), (4, "PJSIP/102-04")):
            self.board.apply(Dialled(leg(n, channel, phase="down"), self.stranger), NOON)
            self.board.apply(Seen(leg(n, channel)), NOON)
        self.telephones, self.desk = Telephones(), Desk()
        self.control = Control(board=self.board, desk=self.desk, people=People(PEOPLE), telephones=self.telephones)

    def _new_id(self, _now: datetime) -> str:
        self.ids += 1
        return f"C{self.ids}"

    def answers(self, n: int, channel: str) -> None:
        self.board.apply(Seen(leg(n, channel, phase="up")), NOON)

    def ends(self, *legs: tuple[int, str]) -> None:
        for n, channel in legs:
            self.board.apply(HungUp(leg(n, channel), 16, 0), NOON)

    async def do(self, login: str, verb: str, **more: Any) -> list[str]:  # noqa: ANN401 - any field of a wish
        await self.control.do(login, Wish(**{"verb": verb, "call": "C1", **more}))
        return self.telephones.done


@pytest.fixture
def world() -> World:
    return World()


async def test_who_rejects_silences_all_own_telephones_and_nobody_elses(world: World) -> None:
    assert await world.do("anna", "reject") == ["hang up PJSIP/101-02 17", "hang up PJSIP/151-03 17"]


async def test_a_telephone_that_was_quicker_is_no_failure(world: World) -> None:
    world.telephones.gone = {"PJSIP/101-02"}
    assert await world.do("anna", "reject") == ["hang up PJSIP/151-03 17"]
    world.telephones.gone.add("PJSIP/151-03")
    with pytest.raises(GoneError):
        await world.do("anna", "reject")


async def test_who_talks_hangs_up_and_does_not_reject(world: World) -> None:
    world.answers(4, "PJSIP/102-04")
    with pytest.raises(GoneError):
        await world.do("ben", "reject")
    assert await world.do("ben", "hangup") == ["hang up PJSIP/102-04 16"]


async def test_an_end_is_what_the_call_allows(world: World) -> None:
    assert await world.do("ben", "end") == ["hang up PJSIP/102-04 17"]
    world.answers(4, "PJSIP/102-04")
    assert (await world.do("ben", "end"))[1:] == ["hang up PJSIP/102-04 16"]


async def test_of_several_own_extensions_one_can_be_meant(world: World) -> None:
    world.answers(4, "PJSIP/102-04")
    assert await world.do("both", "hangup") == ["hang up PJSIP/102-04 16"], "the one for which it is possible"
    assert (await world.do("both", "reject", extension="101"))[1:] == [
        "hang up PJSIP/101-02 17", "hang up PJSIP/151-03 17",
    ]  # fmt: skip


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
    world.desk.ami, world.telephones.away = "up", True
    with pytest.raises(NotReachableError):
        await world.do("anna", "reject")
    world.telephones.away = False
    assert world.telephones.done == []


async def test_the_log_names_the_call_and_nobody(world: World) -> None:
    with capture_logs() as logs:
        await world.do("anna", "reject")
    assert logs == [{"event": "control.done", "log_level": "info", "verb": "reject", "call": "C1"}]


def test_a_call_that_is_not_there_is_out_of_reach(world: World) -> None:
    assert world.board.reach("C9", "101") is None
    reach = world.board.reach("C1", "103")
    assert reach is not None
    assert reach.mine == ()
