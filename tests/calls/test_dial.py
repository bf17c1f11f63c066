"""Click to dial: who may call whom, with which telephone, and what is told meanwhile."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.calls.board import Board
from ami_bridge.calls.classes import Plan
from ami_bridge.calls.dial import Dial, Wanted
from ami_bridge.calls.events import Floor
from ami_bridge.calls.limits import Limits, Nights
from ami_bridge.calls.once import Once, Wish
from ami_bridge.calls.view import View
from ami_bridge.config import Dialling, OwnBlock, Rate, Site
from ami_bridge.errors import (
    BadRequestError,
    LateError,
    NotAllowedError,
    NotFoundError,
    NotReachableError,
    RateLimitedError,
    RefusedError,
    UnconfirmedError,
)
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person
from ami_bridge.tasks import Errands

SATURDAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
SITE = Site(area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0")
ANNA = Person(login="anna", name="Anna", extensions=("101", "151"), department="Bürgerbüro", groups=("Chor",))
BEN = Person(login="ben", name="Ben", extensions=("102",))
EVA = Person(login="eva", name="Eva")
MANY = Rate(minute=1000, day=1000)


class Telephone(Struct, frozen=True, kw_only=True):
    id: str
    extension: str
    registered: bool = True
    chosen: bool = False


class Telephones:
    def __init__(self) -> None:
        self.all = {
            "anna": [Telephone(id="PJSIP/101", extension="101"), Telephone(id="PJSIP/151", extension="151")],
            "ben": [Telephone(id="PJSIP/102", extension="102")],
        }

    def of(self, login: str) -> Sequence[Telephone]:
        return self.all.get(login, ())


class Keys:
    """Keys as a database would keep them."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Wish] = {}

    async def find(self, login: str, key: str, *, since: datetime) -> Wish | None:  # noqa: ARG002
        return self.kept.get((login, key))

    async def claim(self, wish: Wish, *, since: datetime) -> Wish:  # noqa: ARG002
        return self.kept.setdefault((wish.login, wish.key), wish)

    async def done(self, wish: Wish) -> None:
        pass

    async def drop(self, wish: Wish) -> None:
        del self.kept[wish.login, wish.key]

    async def purge(self, before: datetime) -> int:  # noqa: ARG002
        return 0


class Dialled:
    def __init__(self) -> None:
        self.rows: list[tuple[str, datetime]] = []

    async def add(self, id_: str, login: str, at: datetime) -> None:  # noqa: ARG002
        self.rows.append((login, at))

    async def since(self, at: datetime) -> list[tuple[str, datetime]]:
        return [row for row in self.rows if row[1] >= at]

    async def purge(self, before: datetime) -> int:
        self.rows = [row for row in self.rows if row[1] >= before]
        return 0


class Desk:
    def __init__(self) -> None:
        self.ami: Any = "up"
        self.told: list[View] = []

    @property
    def bridge(self) -> wire.Bridge:
        return wire.Bridge(pbx="town", ami=self.ami, since=SATURDAY)

    def show(self, views: Sequence[View]) -> None:
        self.told += views


class Ringer:
    def __init__(self) -> None:
        self.rung: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.reached: set[str] = set()

    async def reachable(self, device: str) -> bool:
        return device in self.reached

    async def ring(self, device: str, **how: Any) -> None:  # noqa: ANN401 - any value
        self.rung.append({"device": device, **how})
        if self.error is not None:
            raise self.error


class World:
    def __init__(self, config: Dialling | None = None) -> None:
        self.time = SATURDAY
        self._count = count(1)
        self.telephones, self.desk, self.ringer, self.dialled = Telephones(), Desk(), Ringer(), Dialled()
        self.board = Board("town", hints_context="hints", new_id=lambda _now: self.new_id())
        hints: dict[str, tuple[str, ...]] = {"101": ("PJSIP/101",), "151": ("PJSIP/151",), "102": ("PJSIP/102",)}
        self.board.replace(Floor(legs=(), hints=hints), self.time)
        self.keys = Keys()
        config = config or Dialling()
        numbers = Numbers(SITE)
        self.dial = Dial(
            config=config,
            plan=Plan(SITE, numbers),
            people=People([ANNA, BEN, EVA]),
            devices=self.telephones,
            once=Once(
                store=self.keys, errands=Errands(), lives=self.board.lives, new_id=self.new_id, now=lambda: self.time
            ),
            limits=Limits(per_person=config.per_person, in_total=config.in_total),
            nights=Nights(hours=config.hours, burst=config.burst),
            store=self.dialled,
            board=self.board,
            desk=self.desk,
            ringer=self.ringer,
            shown=self.shown,
            new_id=self.new_id,
            now=lambda: self.time,
        )

    def new_id(self) -> str:
        return f"01M8GY5KH13G3J514KYQDD{next(self._count):04}"

    def shown(self, form: Mapping[str, str]) -> str:
        return f"=Name of {form['n']} for {form['to']}"

    async def call(self, to: str, *, login: str = "anna", key: str = "", **more: Any) -> str:  # noqa: ANN401 - any value
        key = key or self.new_id()
        return await self.dial.call(login, Wanted(to=to, **more), key=key, credential="token:1")


@pytest.fixture
def world() -> World:
    return World()


async def test_own_telephone_is_rung_and_told_whom_it_calls(world: World) -> None:
    call = await world.call("030 23125001")
    (rung,) = world.ringer.rung
    assert rung == {
        "device": "PJSIP/101",
        "id": call,
        "other_id": rung["other_id"],
        "keys": "003023125001",
        "extension": "101",
        "name": "Name of +493023125001 for PJSIP/101",
        "auto_answer": "",
        "ring_seconds": 30,
    }
    assert len(rung["other_id"]) == len(call)
    assert rung["other_id"] != call


async def test_the_call_is_on_the_board_before_asterisk_says_anything(world: World) -> None:
    call = await world.call("+493023125001")
    (view,) = world.desk.told
    assert (view.call, view.extension, view.state, view.caller, view.outside) == (call, "101", "dialing", True, True)
    assert view.peer is not None
    assert view.peer.number == "003023125001"
    assert view.peer.dialled
    assert world.board.lives(call)
    inside = await world.call("102")
    assert (world.desk.told[-1].call, world.desk.told[-1].outside) == (inside, False)


@pytest.mark.parametrize("error", [NotReachableError("away"), RefusedError("no")])
async def test_a_call_that_asterisk_does_not_take_is_over_and_said_so(world: World, error: Exception) -> None:
    world.ringer.error = error
    with pytest.raises(type(error)):
        await world.call("102", key="k")
    assert [view.state for view in world.desk.told] == ["dialing", "ended"]
    assert world.desk.told[-1].result == "failed"
    assert world.board.counts() == (0, 0)
    world.ringer.error = None
    assert await world.call("102", key="k")


async def test_a_call_of_which_nobody_knows_stays_until_somebody_does(world: World) -> None:
    world.ringer.error = LateError("who knows")
    with pytest.raises(LateError):
        await world.call("102", key="k")
    assert [view.state for view in world.desk.told] == ["dialing"]
    assert await world.call("102", key="k") == world.desk.told[0].call
    assert len(world.ringer.rung) == 1
    world.board.lost()
    (ended,) = world.board.replace(Floor(legs=(), hints={}), world.time)
    assert (ended.state, ended.result) == ("ended", None)


async def test_nobody_rings_anothers_telephone(world: World) -> None:
    assert await world.call("102", device="PJSIP/151")
    for device in ("PJSIP/102", "Local/102@internal", "PJSIP/101&PJSIP/102", "PJSIP/101/n", ""):
        with pytest.raises(NotAllowedError):
            await world.call("103", device=device)
    with pytest.raises(NotFoundError):
        await world.call("102", login="eva")
    with pytest.raises(NotAllowedError):
        await world.call("102", login="nobody")
    assert [one["device"] for one in world.ringer.rung] == ["PJSIP/151"]


async def test_the_chosen_telephone_rings_unless_only_another_can(world: World) -> None:
    first, second = world.telephones.all["anna"]
    chosen = Telephone(id=second.id, extension=second.extension, chosen=True)
    world.telephones.all["anna"] = [first, chosen]
    await world.call("102")
    world.telephones.all["anna"] = [first, Telephone(id=second.id, extension="151", chosen=True, registered=False)]
    await world.call("102")
    world.telephones.all["anna"] = [Telephone(id=first.id, extension="101", registered=False)]
    with pytest.raises(NotReachableError):
        await world.call("102")
    with pytest.raises(NotReachableError):
        await world.call("102", device="PJSIP/101")
    assert world.keys.kept.keys().isdisjoint({("anna", "k")})
    assert [one["device"] for one in world.ringer.rung] == ["PJSIP/151", "PJSIP/101"]
    assert world.ringer.rung[0]["extension"] == "151"


async def test_a_telephone_that_has_just_come_rings_though_nobody_knows_it_yet(world: World) -> None:
    world.telephones.all["anna"] = [
        Telephone(id=f"PJSIP/{one}", extension=one, registered=False) for one in ("101", "151")
    ]
    world.ringer.reached = {"PJSIP/151"}
    await world.call("102")
    assert [one["device"] for one in world.ringer.rung] == ["PJSIP/151"]


async def test_nothing_rings_while_asterisk_is_away(world: World) -> None:
    world.desk.ami = "down"
    with pytest.raises(NotReachableError):
        await world.call("102")
    assert (world.ringer.rung, world.desk.told, world.keys.kept) == ([], [], {})


@pytest.mark.parametrize(
    "to", ["0900 1234567", "0137 123456", "0180 5123456", "118 33", "+44 20 7946 0000", "+870 773123456"]
)
async def test_dear_numbers_are_off_unless_somebody_allows_them(world: World, to: str) -> None:
    with pytest.raises(NotAllowedError):
        await world.call(to, confirmed=True)
    assert world.ringer.rung == []


async def test_kinds_are_allowed_by_person_department_or_group() -> None:
    rules: dict[str, Any] = {
        "department:Bürgerbüro": ("internal", "local"),
        "group:Chor": ("international",),
        "person:ben": ("internal",),
    }
    world = World(Dialling(allow_for=rules))
    assert world.dial.allowed(ANNA) == {"internal", "local", "international"}
    assert world.dial.allowed(BEN) == {"internal"}
    assert world.dial.allowed(EVA) == {"internal", "local", "national", "mobile"}
    await world.call("+442079460000")
    with pytest.raises(NotAllowedError):
        await world.call("+493023125001")


async def test_an_emergency_call_is_never_barred_but_confirmed() -> None:
    world = World(Dialling(allow=(), per_person=Rate(minute=0, day=0)))
    for number in ("110", "112", "0112"):
        with pytest.raises(UnconfirmedError):
            await world.call(number)
        await world.call(number, confirmed=True)
    assert [one["keys"] for one in world.ringer.rung] == ["110", "112", "112"]


async def test_a_dear_number_that_is_allowed_is_confirmed_too() -> None:
    world = World(Dialling(allow=("premium",)))
    with pytest.raises(UnconfirmedError):
        await world.call("0900 1234567", key="k")
    await world.call("0900 1234567", key="k", confirmed=True)
    assert len(world.ringer.rung) == 1


async def test_limits_hold_over_a_restart_and_repeated_keys_count_once() -> None:
    world = World(Dialling(per_person=Rate(minute=3, day=100)))
    for _ in range(5):
        await world.call("102", key="the same")
    await world.call("102")
    after = World(Dialling(per_person=Rate(minute=3, day=100)))
    after.dialled.rows = world.dialled.rows
    await after.dial.load()
    await after.call("102")
    with pytest.raises(RateLimitedError) as refused:
        await after.call("102", key="k")
    assert 0 < refused.value.retry_after <= 60
    after.time += timedelta(minutes=1)
    await after.call("102", key="k")
    assert (len(world.ringer.rung), len(after.ringer.rung)) == (2, 2)


async def test_what_is_no_number_rings_nothing(world: World) -> None:
    with pytest.raises(BadRequestError):
        await world.call("102&PJSIP/103")
    assert (world.ringer.rung, world.dialled.rows) == ([], [])


async def test_many_calls_on_a_saturday_are_told_without_a_name(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(5):
        await world.call("+493023125001")
    said = capsys.readouterr().out + caplog.text
    assert said.count("dial.burst_off_hours") == 1
    assert "3023125001" not in said
    assert "anna" not in said


async def test_a_telephone_that_answers_by_itself_is_told_to() -> None:
    world = World(Dialling(auto_answer={"PJSIP/101": "snom"}))
    await world.call("102")
    assert world.ringer.rung[0]["auto_answer"] == "snom"
