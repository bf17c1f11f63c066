"""Calls of the house by hour: each once, whoever it rang at; nothing private, and nothing of a very small house."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ami_bridge.journal.hours import Began, HouseHours, by_hour
from tests.journal.world import NOON, World, a_world, finished, missed

BERLIN = ZoneInfo("Europe/Berlin")


def hours_of(world: World, telephones: int = 5) -> HouseHours:
    return HouseHours(store=world.store, telephones=lambda: telephones, zone=UTC, now=world.now)


async def test_a_call_that_rang_at_three_telephones_is_one_call(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.keep(finished(1), missed(1, "102"), missed(1, "103"), missed(2), missed(2, "102"))
        await world.keep(
            finished(70, direction="internal", role="caller"), finished(71, direction="out", role="caller")
        )
        await world.keep(finished(-60 * 24))  # yesterday
        world.time += timedelta(hours=2)
        counted = await hours_of(world).today()
        assert [one.starts.hour for one in counted.hours] == [*range(24)]
        some = {
            one.starts.hour: one for one in counted.hours if one.incoming or one.missed or one.internal or one.outgoing
        }
        assert some.keys() == {NOON.hour, NOON.hour + 1}
        assert (some[NOON.hour].incoming, some[NOON.hour].missed) == (1, 1)
        assert (some[NOON.hour + 1].internal, some[NOON.hour + 1].outgoing) == (1, 1)


async def test_a_small_house_tells_nothing(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.keep(finished(1))
        told = await hours_of(world, 4).today()
        assert told.too_few
        assert not told.hours


def test_the_days_when_clocks_change_have_23_and_25_hours() -> None:
    for day, count in ((datetime(2026, 3, 29, tzinfo=BERLIN), 23), (datetime(2026, 10, 25, tzinfo=BERLIN), 25)):
        late = Began("c", "in", "answered", day + timedelta(hours=23, minutes=30))
        hours = by_hour([late], day, BERLIN)
        assert len(hours) == count
        assert hours[-1].incoming == 1
