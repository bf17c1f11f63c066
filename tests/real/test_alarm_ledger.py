"""Alarms while daemon, Asterisk, broker, database are killed and networks cut, at random: an outside ledger judges.

`AMI_BRIDGE_LEDGER_SEED` repeats the order of a run that was printed, not its moments. The long form has 10,000 alarms,
one between the two as many as `AMI_BRIDGE_LEDGER_ALARMS` says.
"""

import asyncio
import json
import os
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from tests.real.house import SOAK
from tests.real.ledger import BATCH
from tests.real.ledger_judge import GOES_ON, OPEN, judge, told
from tests.real.ledger_plant import FLOODED, PEOPLE, Plant, a_plant

SEED = int(os.environ.get("AMI_BRIDGE_LEDGER_SEED") or random.SystemRandom().randrange(1_000_000))
ALARMS = int(os.environ.get("AMI_BRIDGE_LEDGER_ALARMS") or (10_000 if SOAK else 500))
SECONDS = max(32.0, ALARMS / 30)
"""For how long alarms are sent while things die; in the short form each of these things once."""
PAUSE = 8.0 if SOAK else 1.5
"""At most between two deeds: where 30 alarms come in a second, some of them must be called about meanwhile."""
EACH = max(50, ALARMS * 32 // 1000)
"""Alarms that call for themselves."""
FLOOD = ALARMS // (2 * BATCH) * BATCH
MQTT = ALARMS - EACH - FLOOD
PROGRESS = os.environ.get("AMI_BRIDGE_LEDGER_PROGRESS", "")
"""File for a line every five seconds."""
NOBODYS = 2
"""Alarms about which nobody can be reached."""
ENDS_AFTER = 9.0
"""Seconds from the confirmation of an alarm to its end: longer than a network is silent."""
OVER_WITHIN = 100.0 + 10.0 * EACH / (len(PEOPLE) - len(FLOODED))
"""Seconds until all is over: in the worst case nobody was called before, and everybody then takes one call after the
other, of 7 s, and one in ten twice; 100 s are for what was not confirmed yet, and for whoever is called again."""


class Sources:
    """Begin all alarms, at random moments: single ones, floods, by MQTT; a third of them end again."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Begin to send."""
        people = [one for one in PEOPLE if one not in FLOODED]
        for point in range(EACH):
            class_ = "away" if point < NOBODYS else people[point % len(people)]
            single = partial(self._single, point, class_)
            tasks.create_task(single() if class_ == "away" else self._later(single))
        for start in range(0, FLOOD, BATCH):
            tasks.create_task(self._later(partial(self._several, range(start, start + BATCH))))
        for point in range(MQTT):
            tasks.create_task(self._later(partial(self._published, point)))

    async def _later(self, do: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(self._plant.chance.uniform(0, SECONDS))
        await do()

    async def _single(self, point: int, class_: str) -> None:
        source = self._plant.webhooks["each"]
        line = self._plant.ledger.begin("each", f"each-{point}", text="Pumpe steht", **{"class": class_})
        await source.report([line])
        if point % 3 == 2:
            await asyncio.sleep(ENDS_AFTER)
            await source.report([line], "go")

    async def _several(self, points: range) -> None:
        source = self._plant.webhooks["flood"]
        lines = [self._plant.ledger.begin("flood", f"flood-{point}", text="Stand hoch") for point in points]
        await source.report(lines)
        if points[0] % 3 == 2:
            await asyncio.sleep(ENDS_AFTER)
            await source.report(lines, "go")

    async def _published(self, point: int) -> None:
        line = self._plant.ledger.begin("tank", f"tank-{point}", text="Becken voll")
        self._plant.publisher.report(line)
        if point % 3 != 2:
            return
        while line.confirmed is None or time.monotonic() < line.confirmed + ENDS_AFTER:
            await asyncio.sleep(0.5)
        self._plant.publisher.report(line, "go")
        while line.gone is None:
            await asyncio.sleep(0.5)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"] if SOAK else ["sqlite"])
@pytest.mark.timeout(900)
async def test_no_alarm_is_lost_whatever_dies(database: str, tmp_path: Path) -> None:
    began = time.monotonic()
    async with a_plant(database, tmp_path, SEED) as plant:
        print(json.dumps({"AMI_BRIDGE_LEDGER_SEED": SEED}))
        ready = time.monotonic()
        loop = asyncio.get_running_loop()
        watching = [loop.create_task(plant.watch()), loop.create_task(progress(plant))]
        sent = ready
        try:
            async with asyncio.timeout(SECONDS + OVER_WITHIN), asyncio.TaskGroup() as tasks:
                Sources(plant).begin(tasks)
                await plant.torment(SECONDS, PAUSE)
            sent = time.monotonic()
            await plant.house.until_ready()
            await over(plant)
        finally:
            for task in watching:
                task.cancel()
            times = {"start": ready - began, "torment": sent - ready, "until all is over": time.monotonic() - sent}
            rounded = {name: round(took) for name, took in times.items()}
            print(json.dumps({**await told(plant), "seconds": rounded}))
        await judge(plant)


async def over(plant: Plant) -> None:
    """Wait until all is confirmed, somebody has taken over, and where nobody can it goes on."""
    async with asyncio.timeout(OVER_WITHIN):
        while plant.ledger.open() or (await plant.rows(OPEN))[0][0] or (await plant.rows(GOES_ON))[0][0] < NOBODYS:
            await asyncio.sleep(0.5)


async def progress(plant: Plant) -> None:
    """Write how far it is, where somebody wants to know why it takes long."""
    while PROGRESS:
        await asyncio.sleep(5)
        by_source = """SELECT source, count(*), sum(CASE WHEN acknowledged IS NULL THEN 1 ELSE 0 END),
            sum(CASE WHEN acknowledged IS NULL AND bundle IS NULL THEN 1 ELSE 0 END) FROM alarms GROUP BY 1"""
        attempts = "SELECT count(*) FROM attempts"
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, sqlite3.OperationalError):
            now = {
                "seconds": round(time.monotonic()),
                "not confirmed": len(plant.ledger.open()),
                "raised, open, calling": await plant.rows(by_source),
                "attempts": (await plant.rows(attempts))[0][0],
                "calls": len(plant.staff.calls),
                "refused": dict(plant.ledger.refused),
                "load": os.getloadavg()[0],
            }
            with Path(PROGRESS).open("a", encoding="utf-8") as paper:  # noqa: ASYNC230 - a line
                paper.write(json.dumps(now) + "\n")
