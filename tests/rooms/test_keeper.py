"""Rooms as people make them: only what both database and PBX have is told, and only to those whom it concerns."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ami_bridge.errors import BadRequestError, NotAllowedError, NotFoundError, NotReachableError
from ami_bridge.people.model import People, Person
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.pins import Row
from ami_bridge.rooms.store import RoomStore
from ami_bridge.rooms.wishes import Change, Invited, Rules, Wish
from ami_bridge.tasks import Errands
from tests.empty import empty_database

if TYPE_CHECKING:
    from ami_bridge.rooms.model import Room

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANNA = Person(login="anna", name="Anna Amsel", department="Bau")
BEN = Person(login="ben", name="Ben Biber", department="Bau")
EVA = Person(login="eva", name="Eva Eule", roles=("user", "admin"))


class Pbx:
    """Rows of AstDB, in the order in which they were written."""

    def __init__(self) -> None:
        self.up = True
        self.rows: dict[Row, str] = {}
        self.written: list[Row] = []
        self.fails_after = 1000

    async def write(self, row: Row, value: str) -> None:
        if not self.up or len(self.written) >= self.fails_after:
            raise NotReachableError("away")
        self.written.append(row)
        if value:
            self.rows[row] = value
        else:
            self.rows.pop(row, None)


class World:
    def __init__(self, store: RoomStore) -> None:
        self.store = store
        self.pbx = Pbx()
        self.time = NOON
        self.people = People([ANNA, BEN, EVA])
        self.told: list[Room] = []
        self.compared = 0
        self.count = 0

    def daemon(self, **more: int) -> Keeper:
        rnd = random.Random(7)  # noqa: S311 - a test that can be repeated
        rules = Rules(
            pbx_id="town",
            numbers=(range(8000, 9000),),
            before=timedelta(minutes=15),
            after=HOUR,
            most=20,
            waits=True,
            per_person=more.get("per_person", 50),
            language="de",
            kept=timedelta(days=more.get("kept", 90)),
        )
        return Keeper(
            store=self.store,
            pbx=self.pbx,
            people=self.people,
            rules=rules,
            new_id=self.new_id,
            random=rnd.randrange,
            now=lambda: self.time,
            changed=self.told.append,
            compare=self.compare,
            errands=Errands(),
        )

    def new_id(self) -> str:
        self.count += 1
        return f"ID{self.count:04}"

    def compare(self) -> None:
        self.compared += 1


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        yield World(RoomStore(db))


def booked(**more: object) -> Wish:
    return Wish(title=" Bau \n abnahme ", starts=NOON, ends=NOON + HOUR, **more)  # type: ignore[arg-type]


async def test_a_room_has_its_pins_before_it_opens_and_is_there_after_a_restart(world: World) -> None:
    keeper = world.daemon()
    room = await keeper.make("anna", booked(people=[Invited(login="ben"), Invited(name="Büro Maier")]))
    assert (room.title, room.opens, room.closes) == ("Bau abnahme", NOON - timedelta(minutes=15), NOON + 2 * HOUR)
    assert [row.verb for row in world.pbx.written] == ["pin"] * 4 + ["room"]
    assert {(pin.role, pin.login, pin.name) for pin in keeper.pins_of(room)} == {
        ("guest", None, ""), ("mod", "anna", "Anna Amsel"), ("part", "ben", "Ben Biber"), ("part", None, "Büro Maier"),
    }  # fmt: skip
    assert world.pbx.rows == keeper.rows()
    again = world.daemon()
    await again.load()
    assert again.rows() == world.pbx.rows
    assert again.room(room.number) == room


async def test_a_pbx_that_is_away_makes_no_room_and_nothing_is_left(world: World) -> None:
    keeper = world.daemon()
    world.pbx.up = False
    with pytest.raises(NotReachableError):
        await keeper.make("anna", booked())
    world.pbx.up = True
    world.pbx.fails_after = 1
    with pytest.raises(NotReachableError):
        await keeper.make("anna", booked())
    assert (keeper.all(), keeper.rows(), world.told) == ([], {}, [])
    assert world.compared == 1, "the PIN that was written is taken away"
    again = world.daemon()
    await again.load()
    assert again.rows() == {}


async def test_what_is_changed_while_the_pbx_is_away_is_kept_and_follows(world: World) -> None:
    keeper = world.daemon()
    room = await keeper.make("anna", booked())
    world.pbx.up = False
    with pytest.raises(NotReachableError, match="will follow"):
        await keeper.change(room.number, Change(most=5))
    changed = keeper.room(room.number)
    assert changed is not None
    assert changed.most == 5
    assert world.compared == 1
    with pytest.raises(NotReachableError):
        await keeper.end(room.number)
    assert keeper.rows() == {}
    again = world.daemon()
    await again.load()
    assert again.all() == []


async def test_a_title_does_nothing_to_the_terminal_of_who_lists_rooms(world: World) -> None:
    keeper = world.daemon()
    room = await keeper.make("anna", Wish(title="\x1b[2JBau\x9b31m\x00 \x07", kind="personal"))
    assert room.title == "[2JBau 31m"
    assert (await keeper.change(room.number, Change(title="Bau\r\x1bc"))).title == "Bau c"


async def test_what_is_changed_while_the_pbx_is_away_is_seen_at_once(world: World) -> None:
    keeper = world.daemon()
    room = await keeper.make("anna", booked())
    world.pbx.up = False
    with pytest.raises(NotReachableError):
        await keeper.change(room.number, Change(title="Anderes"))
    assert world.told[-1].title == "Anderes"


class Compared(Pbx):
    """Compares what stands there with what is to stand there each time, as after a login: what is not wanted goes."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: Callable[[], Mapping[Row, str]] = dict

    async def write(self, row: Row, value: str) -> None:
        await super().write(row, value)
        self.rows = {row: value for row, value in self.rows.items() if row in self.wanted()}


async def test_a_room_made_while_rows_are_compared_has_all_its_pins(world: World) -> None:
    world.pbx = pbx = Compared()
    keeper = world.daemon()
    pbx.wanted = keeper.rows
    await keeper.make("anna", booked(people=[Invited(login="ben")]))
    assert pbx.rows == keeper.rows()
    assert len(pbx.rows) == 4


class Swapping(Pbx):
    """What is written stands there later than what is deleted, as two calls of Asterisk's may overtake each other."""

    async def write(self, row: Row, value: str) -> None:
        await asyncio.sleep(0.02 if value else 0)
        await super().write(row, value)


async def test_a_pin_that_is_revoked_while_it_is_changed_lets_nobody_in(world: World) -> None:
    world.pbx = Swapping()
    keeper = world.daemon()
    room = await keeper.make("anna", booked(people=[Invited(login="ben")]))
    ben = keeper.pins_of(room)[-1]
    async with asyncio.TaskGroup() as people:
        people.create_task(keeper.let_moderate(room.number, ben.id, on=True))
        people.create_task(keeper.revoke(room.number, ben.id))
    assert ben.id not in {pin.id for pin in keeper.pins_of(room)}
    assert world.pbx.rows == keeper.rows()


async def test_who_closes_the_page_while_a_room_ends_ends_it_all_the_same(world: World) -> None:
    world.pbx = Swapping()
    keeper = world.daemon()
    room = await keeper.make("anna", booked())
    async with asyncio.TaskGroup() as pages:
        ending = pages.create_task(keeper.end(room.number))
        await asyncio.sleep(0)
        ending.cancel()
    with pytest.raises(NotFoundError):  # it comes after that one
        await keeper.end(room.number)
    assert (keeper.rows(), world.pbx.rows) == ({}, {})
    again = world.daemon()
    await again.load()
    assert again.all() == []


async def test_an_end_closes_the_room_first(world: World) -> None:
    keeper = world.daemon()
    room = await keeper.make("anna", booked())
    world.pbx.written.clear()
    await keeper.end(room.number)
    assert world.pbx.written[0] == Row("room", room.number)
    assert world.pbx.rows == {}
    assert world.told[-1].ended_at == NOON
    with pytest.raises(NotFoundError):
        await keeper.end(room.number)


async def test_a_revoked_pin_lets_nobody_in_and_guests_get_another(world: World) -> None:
    keeper = world.daemon()
    room = await keeper.make("anna", booked(people=[Invited(login="ben")]))
    guest, _, ben = keeper.pins_of(room)
    await keeper.revoke(room.number, ben.id)
    await keeper.revoke(room.number, guest.id)
    roles = [pin.role for pin in keeper.pins_of(room)]
    assert sorted(roles) == ["guest", "mod"]
    assert Row("pin", room.number, ben.digits) not in world.pbx.rows
    assert Row("pin", room.number, guest.digits) not in world.pbx.rows
    with pytest.raises(NotFoundError):
        await keeper.revoke(room.number, ben.id)


async def test_several_are_invited_at_once_or_nobody_and_who_is_invited_can_be_made_to_moderate(world: World) -> None:
    keeper = world.daemon()
    room = await keeper.make("anna", booked())
    with pytest.raises(BadRequestError):
        await keeper.invite(room.number, Invited(login="ben"), Invited(login="nobody"))
    assert len(keeper.pins_of(room)) == 2
    ben, maier = await keeper.invite(room.number, Invited(login="ben"), Invited(name="Büro Maier", moderates=True))
    assert (ben.role, maier.role, len({ben.digits, maier.digits})) == ("part", "mod", 2)
    await keeper.let_moderate(room.number, ben.id, on=True)
    await keeper.let_moderate(room.number, maier.id, on=False)
    assert keeper.moderates("ben", room)
    assert '"role":"mod"' in world.pbx.rows[Row("pin", room.number, ben.digits)]
    assert '"role":"part"' in world.pbx.rows[Row("pin", room.number, maier.digits)]
    again = world.daemon()
    await again.load()
    assert [pin.role for pin in again.pins_of(room)] == ["guest", "mod", "mod", "part"]
    guest, own, *_ = keeper.pins_of(room)
    for pin in (guest, own):
        with pytest.raises(BadRequestError):
            await keeper.let_moderate(room.number, pin.id, on=False)


async def test_who_is_invited_twice_has_one_pin_so_that_who_is_removed_does_not_come_back(world: World) -> None:
    keeper = world.daemon()
    room = await keeper.make("anna", booked(people=[Invited(login="ben"), Invited(login="ben"), Invited(login="anna")]))
    given = await keeper.invite(room.number, Invited(login="ben"), Invited(login="eva"), Invited(login="eva"))
    assert [pin.login for pin in given] == ["eva"]
    assert [pin.login for pin in keeper.pins_of(room)] == [None, "anna", "ben", "eva"]


async def test_who_made_the_room_gets_another_pin_when_somebody_revokes_it(world: World) -> None:
    keeper = world.daemon()
    room = await keeper.make("anna", booked())
    _, own = keeper.pins_of(room)
    await keeper.revoke(room.number, own.id)
    _, new = keeper.pins_of(room)
    assert (new.login, new.name, new.role, new.digits == own.digits) == ("anna", "Anna Amsel", "mod", False)
    assert world.pbx.rows == keeper.rows()


async def test_who_may_see_and_who_may_act(world: World) -> None:
    keeper = world.daemon()
    room = await keeper.make("anna", booked(people=[Invited(login="ben")]))
    own = await keeper.make("anna", Wish(title="Mein Raum", kind="personal"))
    bau = await keeper.make("anna", Wish(title="Bauamt", kind="department"))
    with pytest.raises(NotAllowedError, match=f"a room of your own already, {own.number}"):
        await keeper.make("anna", Wish(title="Noch einer", kind="personal"))
    assert [keeper.may_see(login, room) for login in ("anna", "ben", "eva", "nobody")] == [True, True, True, False]
    assert [keeper.may_see(login, own) for login in ("anna", "ben")] == [True, False]
    assert keeper.may_see("ben", bau)
    with pytest.raises(NotFoundError):
        keeper.seen_by("ben", own.number)
    with pytest.raises(NotFoundError):
        keeper.seen_by("ben", "8")
    for login in ("ben", "eva"):
        with pytest.raises(NotAllowedError):
            keeper.moderated_by(login, room.number)
    assert keeper.moderated_by("anna", room.number) == room


@pytest.mark.parametrize(
    "wish",
    [
        Wish(title=" "),
        Wish(title="x" * 201, kind="personal"),
        Wish(title="x"),
        Wish(title="x", starts=NOON, ends=NOON),
        Wish(title="x", starts=NOON, ends=NOON + timedelta(days=401)),
        Wish(title="x", starts=NOON - timedelta(days=365), ends=NOON - timedelta(days=364)),
        Wish(title="x", starts=NOON.replace(tzinfo=None), ends=NOON),
        Wish(title="x", kind="personal", starts=NOON, ends=NOON + HOUR),
        Wish(title="x", kind="personal", language="fr"),
        Wish(title="x", kind="personal", most=0),
        Wish(title="x", kind="personal", most=201),
        Wish(title="x", kind="personal", people=[Invited()]),
        Wish(title="x", kind="personal", people=[Invited(login="nobody")]),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_is_kept(world: World, wish: Wish) -> None:
    keeper = world.daemon()
    with pytest.raises(BadRequestError):
        await keeper.make("anna", wish)
    assert (keeper.all(), world.pbx.written) == ([], [])


async def test_who_is_gone_gets_in_no_more_and_what_was_booked_for_others_stays(world: World) -> None:
    keeper = world.daemon()
    booked_room = await keeper.make("anna", booked(people=[Invited(login="ben")]))
    await keeper.make("anna", Wish(title="Mein Raum", kind="personal"))
    await keeper.forget({"anna"})
    assert keeper.all() == [booked_room]
    assert {pin.login for pin in keeper.pins_of(booked_room)} == {None, "ben"}
    assert world.pbx.rows == keeper.rows()
    world.pbx.up = False
    await keeper.forget({"anna"}, wholly=True)
    assert keeper.all() == []
    assert world.compared > 0, "the PBX follows when it is back"


async def test_nobody_takes_all_rooms(world: World) -> None:
    keeper = world.daemon(per_person=1)
    await keeper.make("anna", booked())
    with pytest.raises(NotAllowedError):
        await keeper.make("anna", booked())
    await keeper.make("ben", booked())


async def test_a_room_whose_time_is_over_ends_and_its_pins_rest(world: World) -> None:
    keeper = world.daemon()
    room = await keeper.make("anna", booked())
    world.time += timedelta(days=2)
    await keeper.purge()
    assert keeper.all() == []
    assert world.pbx.rows == {}
    _, pins = await world.store.all()
    assert {pin.room for pin in pins} == {room.id}, "their digits are not given out again yet"
    world.time += timedelta(days=91)
    await keeper.purge()
    assert await world.store.all() == ([], [])


async def test_whose_a_room_was_is_known_as_long_as_its_recordings_are_kept(world: World) -> None:
    keeper = world.daemon(kept=365)
    room = await keeper.make("anna", booked())
    await keeper.end(room.number)
    world.time += timedelta(days=364)
    await keeper.purge()
    assert [one.owner for one in (await world.store.all())[0]] == ["anna"], "else nobody could hear or erase them"
    world.time += timedelta(days=2)
    await keeper.purge()
    assert await world.store.all() == ([], [])


async def test_rooms_whose_time_is_over_end_while_the_pbx_is_away(world: World) -> None:
    keeper = world.daemon()
    for _ in range(3):
        await keeper.make("anna", booked())
    world.time += timedelta(days=2)
    world.pbx.up = False
    await keeper.purge()
    assert keeper.all() == []
    assert world.compared == 3
