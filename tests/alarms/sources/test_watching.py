"""What watches values ends when it is told to, whatever its library makes of that."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from msgspec import structs

from ami_bridge.alarms.sources.measured import Reading, Wish, condition
from ami_bridge.alarms.sources.watching import Rounds, Watch
from ami_bridge.tasks import race
from tests.alarms.sources.world import PLANT, world


class Forgetful:
    """Takes a cancel that comes with an answer for the answer, as `wait_for` of Python 3.11 does."""

    def __init__(self) -> None:
        self.asking = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Rounds]:
        yield self._rounds()

    async def _rounds(self) -> AsyncIterator[Sequence[Reading]]:
        while True:
            self.asking.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            yield [Reading(point="level", value=90)]


async def test_who_is_stopped_in_the_moment_of_an_answer_stops(tmp_path: Path) -> None:
    line = Forgetful()
    async with world(tmp_path, structs.replace(PLANT, kind="modbus")) as town:
        watch = Watch(
            town.sources[0],
            line=line,
            wishes={"level": Wish(alarm=condition("> 80"))},
            away_after=30,
            lives=False,
            gate=town.gate,
            known=town.kept,
            troubles=town.troubles,
            language="de",
            monotonic=lambda: 0,
        )
        async with asyncio.timeout(20):
            await race(watch.run(), line.asking.wait())
