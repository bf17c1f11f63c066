"""Rooms end when their time is over, after two warnings; who is left alone is sent away, and nobody else."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
from msgspec import structs

from ami_bridge.errors import NotReachableError
from ami_bridge.rooms.events import Joined, Left
from ami_bridge.rooms.model import Room
from ami_bridge.rooms.participants import Participants
from ami_bridge.rooms.wardens import Wardens

if TYPE_CHECKING:
    from ami_bridge.rooms.keeper import Keeper

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
BOOKED = Room(
    id="R", pbx_id="town", number="8123", title="Bau", owner="anna", created=NOON,
    starts=NOON, ends=NOON + 60 * MINUTE, opens=NOON - 15 * MINUTE, closes=NOON + 120 * MINUTE,
)  # fmt: skip


class World:
    """One room, whose time passes as the test wants; it is keeper and conference bridge."""

    def __init__(self, room: Room) -> None:
        self.there: Room | None = room
        self.number = room.number
        self.time = NOON
        self.up = self.live = True
        self.did: list[tuple[timedelta, str]] = []
        self.participants = Participants()
        self.wardens = Wardens(
            keeper=cast("Keeper", self),
            participants=self.participants,
            bridge=self,
            alone=15 * MINUTE,
            now=lambda: self.time,
        )

    def room(self, _number: str) -> Room | None:
        return self.there

    def all(self) -> list[Room]:
        return [] if self.there is None else [self.there]

    async def end(self, number: str) -> None:
        self.did.append((self.time - NOON, f"end {number}"))
        self.there = None

    async def say(self, room: str, saying: str) -> None:
        await self.remove(room, saying)

    async def remove(self, room: str, whom: str) -> None:
        if not self.up:
            raise NotReachableError("away")
        assert room == self.number
        self.did.append((self.time - NOON, whom))

    def come(self, *legs: str) -> None:
        for leg in legs:
            self.participants.apply(
                Joined(room=self.number, leg=leg, channel=leg, number=leg, role="part", person="", name=""), self.time
            )

    def go(self, leg: str) -> None:
        self.participants.apply(Left(self.number, leg), self.time)

    async def until(self, after: timedelta) -> list[tuple[timedelta, str]]:
        """Let time pass, and look as the daemon does; return what was done."""
        self.did.clear()
        while self.time < NOON + after:
            self.time += 4 * SECOND
            await self.wardens.look()
        return self.did.copy()


async def test_a_room_ends_after_two_warnings_and_a_goodbye() -> None:
    world = World(BOOKED)
    world.come("1", "2")
    did = await world.until(120 * MINUTE + 8 * SECOND)
    assert did == [
        (110 * MINUTE, "room-ends-soon"),
        (119 * MINUTE, "room-ends-now"),
        (120 * MINUTE, "room-over"),
        (120 * MINUTE + 8 * SECOND, "all"),
    ]


async def test_who_prolongs_a_room_is_warned_anew_and_what_is_too_late_is_not_said() -> None:
    world = World(BOOKED)
    world.come("1", "2")
    assert len(await world.until(112 * MINUTE)) == 1
    world.there = structs.replace(BOOKED, closes=NOON + 130 * MINUTE)
    assert await world.until(121 * MINUTE) == [(120 * MINUTE, "room-ends-soon")]
    world.there = structs.replace(BOOKED, closes=NOON + 125 * MINUTE)
    assert await world.until(124 * MINUTE) == [(124 * MINUTE, "room-ends-now")], "not that it ends in ten minutes"
    world.there = None
    assert await world.until(140 * MINUTE) == [], "a room that nobody keeps is left alone"


async def test_the_pbx_away_costs_a_moment_only() -> None:
    world = World(BOOKED)
    world.come("1", "2")
    world.up = False
    assert await world.until(110 * MINUTE + 8 * SECOND) == []
    world.up = True
    assert await world.until(111 * MINUTE) == [(110 * MINUTE + 12 * SECOND, "room-ends-soon")]


@pytest.mark.parametrize("starts", [NOON, None])
async def test_who_is_left_alone_is_told_and_a_minute_later_sent_away(starts: datetime | None) -> None:
    world = World(structs.replace(BOOKED, starts=starts, closes=None))
    world.come("1", "2")
    assert await world.until(40 * MINUTE) == []
    world.go("2")
    first = 55 * MINUTE + 4 * SECOND
    assert await world.until(first + MINUTE) == [(first, "room-alone-long"), (first + MINUTE, "all")]


async def test_company_or_an_early_hour_lets_one_stay() -> None:
    world = World(structs.replace(BOOKED, starts=NOON + 10 * MINUTE))
    world.come("1")
    assert await world.until(24 * MINUTE) == [], "who is early waits for as long from the beginning on"
    world.come("2")
    assert await world.until(50 * MINUTE) == []
    world.go("2")
    assert len(await world.until(50 * MINUTE + 15 * MINUTE + 30 * SECOND)) == 1
    world.come("3")
    assert await world.until(80 * MINUTE) == []


async def test_a_room_made_of_a_call_ends_half_a_minute_after_the_last_has_gone() -> None:
    made_of_a_call = structs.replace(BOOKED, kind="adhoc", starts=None, ends=None, opens=None, closes=None)
    world = World(made_of_a_call)
    world.come("1", "2")
    assert await world.until(5 * MINUTE) == []
    world.go("1")
    world.go("2")
    assert await world.until(5 * MINUTE + 20 * SECOND) == []
    world.come("1")
    assert await world.until(6 * MINUTE) == [], "who was cut off has come back"
    world.go("1")
    world.live = False
    assert await world.until(8 * MINUTE) == [], "nobody knows who is there"
    world.live = True
    assert await world.until(9 * MINUTE) == [(8 * MINUTE + 36 * SECOND, "end 8123")]
    booked = World(BOOKED)
    assert await booked.until(60 * MINUTE) == [], "a booked room waits for people"
