"""What people see of alarms is what stands in the database, whatever happens while it is read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from ami_bridge.alarms.acts import take_over
from ami_bridge.alarms.desk import AlarmDesk
from ami_bridge.alarms.model import Alarm, Attempt
from ami_bridge.errors import NotReachableError
from ami_bridge.people.model import People
from ami_bridge.web.hub import Hub
from tests.alarms.world import STAFF, World, world_of
from tests.empty import empty_database


class Town:
    """A world whose database takes its time, or is away: meanwhile something happens."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        hub = Hub(epoch="x", now=world.clock)
        self.desk = AlarmDesk(store=self, people=People(STAFF), hub=hub, on_call=world.rota, now=world.clock)

    async def open(self, since: datetime) -> list[Alarm]:
        return await self.world.store.open(since)

    async def some(self, ids: Sequence[str]) -> list[Alarm]:
        found = await self.world.store.some(ids)
        if (happens := self.meanwhile) is not None:
            self.meanwhile = None
            await happens()
        return found

    async def attempts_of(self, ids: Sequence[str]) -> dict[str, list[Attempt]]:
        return await self.world.store.attempts_of(ids)

    def seen(self, alarm: str) -> str:
        shown = self.desk.one("dieter", alarm)
        return shown.taken_over.name if shown.taken_over is not None else ""


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with empty_database(tmp_path / "bridge.sqlite") as db, world_of(db) as world:
        yield Town(world)


async def test_who_takes_over_while_an_alarm_is_being_read_is_seen(town: Town) -> None:
    alarm = await town.world.come()

    async def taken() -> None:
        await town.world.acts(alarm, take_over)
        town.desk.changed({alarm})

    town.meanwhile = taken
    town.desk.changed({alarm})
    await town.desk.catch_up()
    assert town.seen(alarm) == "Dieter"


async def test_who_looks_while_it_is_being_read_waits_for_that(town: Town) -> None:
    """Whoever has raised an alarm by a form is shown the list at once, and must find it there."""
    alarm = await town.world.come()
    looks: list[asyncio.Task[str]] = []

    async def look() -> str:
        await town.desk.catch_up()
        return town.seen(alarm)

    async def another_looks() -> None:
        looks.append(asyncio.get_running_loop().create_task(look()))
        await asyncio.sleep(0)

    town.meanwhile = another_looks
    town.desk.changed({alarm})
    await town.desk.catch_up()
    assert await looks[0] == ""


async def test_what_could_not_be_read_is_read_later(town: Town) -> None:
    alarm = await town.world.come()

    async def away() -> None:
        raise NotReachableError("the database is away")

    town.meanwhile = away
    town.desk.changed({alarm})
    with pytest.raises(NotReachableError):
        await town.desk.catch_up()
    await town.desk.catch_up()
    assert town.seen(alarm) == ""
