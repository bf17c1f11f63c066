"""Alarms while daemon, Asterisk, broker, database are killed and networks cut, at random: an outside ledger judges.

`AMI_BRIDGE_LEDGER_SEED` repeats the order of a run that was printed, not its moments. The long form has 10,000 alarms.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.real.house import SOAK
from tests.real.ledger import BATCH
from tests.real.ledger_judge import GOES_ON, OPEN, judge, told
from tests.real.ledger_plant import PEOPLE, Plant, a_plant

SEED = int(os.environ.get("AMI_BRIDGE_LEDGER_SEED") or random.SystemRandom().randrange(1_000_000))
SECONDS = 200.0 if SOAK else 40.0
"""For how long alarms are sent while things die."""
EACH = 320 if SOAK else 50
"""Alarms that call for themselves."""
FLOOD = 5_000 if SOAK else 250
MQTT = 4_680 if SOAK else 200
NOBODYS = 2
"""Alarms about which nobody can be reached."""
ENDS_AFTER = 15.0
"""Seconds from the confirmation of an alarm to its end: longer than a network is silent."""
OVER_WITHIN = 170.0


class Sources:
    """Begin all alarms, at random moments: single ones, floods, by MQTT; a third of them end again."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Begin to send."""
        people = list(PEOPLE)[:-2]  # the others take over what the floods are about
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
        watching = asyncio.get_running_loop().create_task(plant.watch())
        try:
            async with asyncio.timeout(SECONDS + OVER_WITHIN), asyncio.TaskGroup() as tasks:
                Sources(plant).begin(tasks)
                await plant.torment(SECONDS)
            sent = time.monotonic()
            await plant.house.until_ready()
            await over(plant)
        finally:
            watching.cancel()
            figures = await told(plant)
        times = {"start": ready - began, "torment": sent - ready, "until all is over": time.monotonic() - sent}
        print(json.dumps({**figures, "seconds": {name: round(took) for name, took in times.items()}}))
        await judge(plant)


async def over(plant: Plant) -> None:
    """Wait until all is confirmed, somebody has taken over, and where nobody can it goes on."""
    async with asyncio.timeout(OVER_WITHIN):
        while plant.ledger.open() or (await plant.rows(OPEN))[0][0] or (await plant.rows(GOES_ON))[0][0] < NOBODYS:
            await asyncio.sleep(0.5)
