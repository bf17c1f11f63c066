"""A source whose values are watched beside the test, and stopped as the daemon does it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from ami_bridge.alarms.sources.watching import Watch
from ami_bridge.compose.alarm_watched import watch
from ami_bridge.tasks import race
from tests.alarms.sources.world import World


@asynccontextmanager
async def watching(town: World, clock: Callable[[], float] = monotonic) -> AsyncIterator[Watch]:
    found = watch(
        town.sources[0], gate=town.gate, known=town.kept, troubles=town.troubles, language="de", monotonic=clock
    )
    ended = asyncio.Event()
    running = asyncio.get_running_loop().create_task(race(found.run(), ended.wait()))
    try:
        yield found
    finally:
        ended.set()
        await running


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)
