"""A source may say what it may say; what is too much is raised as that, and nothing is dropped."""

from pathlib import Path

import pytest
from msgspec import structs

from ami_bridge.alarms.model import Report
from ami_bridge.config_alarms import Point, Source, SourceLimit
from ami_bridge.errors import NotReachableError
from tests.alarms.sources.world import PLANT, world

FLOOD = ("ami-bridge", "flood/plant", "come")
CALM = ("ami-bridge", "flood/plant", "go")


def come(point: str, **more: object) -> Report:
    return Report(source="plant", point=point, dedup=point, **more)  # type: ignore[arg-type]


async def test_three_hundred_reports_are_all_kept_and_the_flood_is_told_once(tmp_path: Path) -> None:
    quiet = Source(name="quiet", token="another-secret-token")
    async with world(tmp_path, structs.replace(PLANT, limit=SourceLimit(count=10, minutes=10)), quiet) as town:
        for number in range(300):
            await town.gate.take("plant", [come(f"p{number}")])
        await town.gate.take("quiet", [Report(source="quiet", point="a", dedup="a")])
        told = town.kept.told()
        assert told.count(FLOOD) == 1
        assert len(told) == 302
        town.later(599)
        await town.gate.calm()
        assert CALM not in town.kept.told()
        town.later(2)
        await town.gate.calm()
        await town.gate.calm()
        assert town.kept.told().count(CALM) == 1


async def test_what_is_configured_of_a_point_wins(tmp_path: Path) -> None:
    source = Source(
        name="plant",
        token="x" * 16,
        alarm_class="machine",
        classes=["door"],
        points={"gas": Point(alarm_class="gas", priority=1), "pump": Point()},
    )
    async with world(tmp_path, source) as town:
        await town.gate.take(
            "plant",
            [
                come("gas", alarm_class="door", priority=4),
                come("pump", alarm_class="door", priority=3),
                come("pump", alarm_class="everybody", priority=3),
                come("other"),
            ],
        )
        gas, pump, foreign, other = town.kept.reports_
        assert (gas.alarm_class, gas.priority) == (None, None)
        assert (pump.alarm_class, pump.priority) == ("door", 3)
        assert foreign.alarm_class is None
        assert other.values == {"unbekannter Punkt": "other"}


async def test_whoever_reports_lives_and_a_watchdog_that_ends_is_missed_at_once(tmp_path: Path) -> None:
    async with world(tmp_path) as town:
        town.later(80)
        await town.gate.take("plant", [come("pump")])
        town.later(80)
        await town.lives.look()
        assert town.kept.told() == [("plant", "pump", "come")]
        ids = await town.gate.take("plant", [come("heartbeat", text="weg")])
        assert ids
        await town.gate.take("plant", [Report(source="plant", point="heartbeat", dedup="heartbeat", what="alive")])
        assert town.kept.told()[1:] == [("plant", "heartbeat", "come"), ("plant", "heartbeat", "go")]


async def test_what_cannot_be_kept_is_not_confirmed(tmp_path: Path) -> None:
    async with world(tmp_path) as town:
        town.kept.full = True
        with pytest.raises(NotReachableError):
            await town.gate.take("plant", [come("pump")])
        town.kept.full = False
        await town.gate.take("plant", [come("pump")])
        assert town.kept.told() == [("plant", "pump", "come")]
