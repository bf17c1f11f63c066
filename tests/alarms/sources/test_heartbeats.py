"""A source that is silent is an alarm: also one that was never heard, and also after a start of ours."""

from pathlib import Path

import pytest
from msgspec import structs

from ami_bridge.errors import NotReachableError
from tests.alarms.sources.world import PLANT, world

MISSED = ("plant", "heartbeat", "come")
BACK = ("plant", "heartbeat", "go")


async def test_a_source_that_was_never_heard_is_missed(tmp_path: Path) -> None:
    async with world(tmp_path) as town:
        town.later(90)
        await town.lives.look()
        assert town.kept.told() == []
        town.later(1)
        await town.lives.look()
        await town.lives.look()
        assert town.kept.told() == [MISSED]
        assert "kein Lebenszeichen seit" in town.kept.reports_[0].text


async def test_a_sign_of_life_puts_it_off_and_brings_a_missed_one_back(tmp_path: Path) -> None:
    async with world(tmp_path) as town:
        for _ in range(5):
            town.later(60)
            await town.lives.beat("plant")
            await town.lives.look()
        assert town.kept.told() == []
        town.later(91)
        await town.lives.look()
        await town.lives.beat("plant")
        await town.lives.beat("plant")
        assert town.kept.told() == [MISSED, BACK]
        town.later(91)
        await town.lives.look()
        assert town.kept.told() == [MISSED, BACK, MISSED]


async def test_a_start_gives_its_grace_and_remembers_who_is_missed(tmp_path: Path) -> None:
    async with world(tmp_path) as town:
        town.later(1000)
        town.begin()
        await town.lives.load()
        town.later(30)
        await town.lives.look()
        assert town.kept.told() == []
        town.later(1)
        await town.lives.look()
        assert town.kept.told() == [MISSED]
        town.begin()
        await town.lives.load()
        town.later(1000)
        await town.lives.look()
        assert town.kept.told() == [MISSED]
        await town.lives.beat("plant")
        assert town.kept.told() == [MISSED, BACK]


async def test_an_alarm_that_cannot_be_kept_is_raised_as_soon_as_it_can(tmp_path: Path) -> None:
    async with world(tmp_path) as town:
        town.later(91)
        town.kept.full = True
        with pytest.raises(NotReachableError):
            await town.lives.look()
        town.kept.full = False
        await town.lives.look()
        assert town.kept.told() == [MISSED]


async def test_a_source_without_signs_of_life_is_never_missed(tmp_path: Path) -> None:
    async with world(tmp_path, structs.replace(PLANT, heartbeat_every=0)) as town:
        town.later(100_000)
        await town.lives.look()
        await town.lives.beat("plant")
        assert town.kept.told() == []
        assert town.lives.states() == {}
