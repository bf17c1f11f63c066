"""Work is done at a plant: its alarms are kept and ring nobody until it ends, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from ami_bridge.alarms.maintenance import Maintenance
from ami_bridge.alarms.maintenance_store import MaintenanceStore
from ami_bridge.alarms.model import By
from ami_bridge.db.database import Database
from tests.alarms.world import World, world_of

HOUR = 3600


class Works:
    """The plant, and who works there."""

    def __init__(self, world: World, db: Database) -> None:
        self.world, self.store = world, MaintenanceStore(db, world.store)

    async def begin(self, *, hours: float = 1, urgent: bool = False) -> list[str]:
        now = self.world.clock()
        by = By(login="eva", name="Eva Eule", at=now, how="page")
        wanted = Maintenance(
            source="sewage",
            since=now,
            until=now + timedelta(hours=hours),
            urgent=urgent,
            reason="Ölwechsel",
            by=by,
        )
        return await self.store.begin(wanted)

    async def end(self) -> list[str] | None:
        return await self.store.end("sewage", "eva", self.world.clock())

    async def rung(self) -> list[str]:
        """Return about which alarms somebody was rung, in the order of the calls."""
        found = [await self.world.store.attempt(call.attempt) for call in self.world.phones.calls]
        return [one.alarm for one in found if one is not None]

    async def look(self) -> list[str] | None:
        return await self.store.end("sewage", "engine", self.world.clock(), due=True)


@pytest.fixture
async def works(db: Database) -> AsyncIterator[Works]:
    async with world_of(db) as world:
        yield Works(world, db)


async def test_what_comes_meanwhile_rings_nobody_and_rings_when_the_time_is_over(works: Works) -> None:
    world = works.world
    await works.begin()
    alarm = await world.come()
    other = await world.come(source="water")
    await world.tick()
    assert await works.rung() == [other]  # work at one plant silences no other
    kept = await world.alarm(alarm)
    assert (kept.overlay, kept.overlay_reason, kept.active) == ("suppressed", "Ölwechsel", True)
    assert kept.overlay_by is not None
    assert kept.overlay_by.name == "Eva Eule"
    assert len(await world.told()) == 1  # nor is anybody sent a mail
    await world.answers()
    await world.types()
    await world.ends("acked")
    await world.go(source="water")
    assert await works.look() is None
    await world.tick(HOUR + 1)
    assert await works.look() is not None
    await world.tick()
    assert alarm in await works.rung()
    assert (await world.alarm(alarm)).overlay == ""
    assert await works.store.all() == []


async def test_what_rings_is_silent_from_the_beginning_on_and_rings_again_at_an_early_end(works: Works) -> None:
    world = works.world
    alarm = await world.come()
    await world.tick()
    assert await works.begin() == [alarm]
    await world.ends("no_answer")
    await world.tick(600)
    assert len(world.phones.calls) == 1
    assert await works.end() == [alarm]
    await world.tick()
    assert len(world.phones.calls) == 2
    assert await works.end() is None
    assert "suppressed" in await world.log(alarm)
    assert (await world.log())[-4:].count("maintenance_ended") == 1


async def test_what_came_and_went_meanwhile_asks_for_nobody(works: Works) -> None:
    world = works.world
    await works.begin()
    alarm = await world.come()
    await world.tick()
    await world.go()
    assert not (await world.alarm(alarm)).open
    assert world.phones.calls == []
    assert await world.told() == []


async def test_what_had_rung_before_still_wants_a_word_when_it_is_over(works: Works) -> None:
    world = works.world
    alarm = await world.come()
    await world.tick()
    await works.begin()
    await world.go()
    assert (await world.alarm(alarm)).open


async def test_what_is_most_urgent_rings_unless_it_was_said_otherwise(works: Works) -> None:
    world = works.world
    await works.begin()
    gas = await world.come(point="gas", alarm_class="gas")
    await world.tick()
    assert await works.rung() == [gas]
    assert await works.begin(urgent=True) == [gas]
    assert (await world.alarm(gas)).overlay == "suppressed"
    assert await works.begin(urgent=False) == [gas]  # taken back: it rings again
    assert (await world.alarm(gas)).overlay == ""


async def test_a_longer_time_holds_for_what_is_silent_already(works: Works) -> None:
    world = works.world
    await works.begin()
    alarm = await world.come()
    assert await works.begin(hours=3) == [alarm]
    await world.tick(HOUR * 2)
    assert world.phones.calls == []
    await world.tick(HOUR + 1)
    assert len(world.phones.calls) == 1


async def test_work_that_takes_a_whole_day_is_left_alone_by_the_sweeper(works: Works) -> None:
    world = works.world
    await works.begin(hours=24)
    alarm = await world.come()
    assert await world.upkeep.sweep(world.clock()) == []
    await world.tick(12 * HOUR)
    assert await world.upkeep.sweep(world.clock()) == []
    await world.tick()
    assert await works.rung() == []
    await world.tick(12 * HOUR)
    await works.look()
    await world.tick()
    assert await works.rung() == [alarm]


async def test_who_takes_care_already_keeps_it_and_what_comes_back_is_silent(works: Works) -> None:
    world = works.world
    alarm = await world.come()
    await world.tick()
    await world.answers()
    await world.types()
    assert await works.begin() == []
    assert (await world.alarm(alarm)).overlay == ""
    await world.intake.reports([])
    latched = await world.come(point="gas", alarm_class="gas")
    await world.tick()
    await world.answers()
    await world.types()
    await works.begin(urgent=True)
    await world.go(point="gas")
    calls = len(world.phones.calls)
    await world.come(point="gas", alarm_class="gas")
    await world.tick()
    assert len(world.phones.calls) == calls
    assert (await world.alarm(latched)).overlay == "suppressed"


async def test_a_flood_meanwhile_is_told_together_and_rings_as_one_at_the_end(works: Works) -> None:
    world = works.world
    await works.begin()
    ids = [await world.come(point=f"p{n}") for n in range(30)]
    await world.tick()
    await world.tick(600)
    assert world.phones.calls == []
    bundled = [one for one in [await world.alarm(id_) for id_ in ids] if one.bundle]
    assert len(bundled) == 20
    await world.tick(HOUR)
    await works.look()
    for _ in range(3):
        await world.tick(30)
    lead = set(await works.rung())
    assert len(lead) <= 10  # of those before the flood each calls for itself, all others with the first
    assert {(await world.alarm(id_)).overlay for id_ in ids} == {""}


async def test_a_flood_is_not_told_with_an_alarm_that_was_set_aside(works: Works) -> None:
    world = works.world
    before = [await world.come(point=f"p{n}") for n in range(10)]
    await works.begin()
    await works.end()
    await works.begin(hours=0.5)
    assert {(await world.alarm(id_)).overlay for id_ in before} == {"suppressed"}
    urgent = await world.come(point="gas", alarm_class="gas")
    await world.tick()
    assert await works.rung() == [urgent]
    late = await world.come(point="late")
    assert (await world.alarm(late)).bundle in before
