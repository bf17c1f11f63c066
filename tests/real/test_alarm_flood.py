"""One source raises three hundred alarms in ten seconds, another its first: real daemon, Asterisk and telephone."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from ami_bridge.demo import alarms
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from tests.limits import allowed
from tests.real.crew import LISTENS
from tests.real.house import House, a_house
from tests.real.test_alarms import code_of, one

MANY, SECONDS = 300, 10.0
AFTER = 150
"""So many have come before the first of the other source."""
ANSWERED_WITHIN = 1.0
"""Seconds until the other source has its answer, which says that its alarm is on the disk."""
WATER = """
[[source]]
name = "water"
label = "Wasserwerk"
token_file = "water.token"
class = "machine"
"""


@pytest_asyncio.fixture(loop_scope="session")
async def dieter(pbx: Pbx) -> AsyncIterator[Phone]:
    """Who is on duty; switched on before the daemon starts, which else raises that nobody on duty can be rung."""
    async with Phone(pbx, "104") as phone:
        yield phone
    await pbx.quiet()


@pytest_asyncio.fixture(loop_scope="session")
async def plant(pbx: Pbx, dieter: Phone, tmp_path: Path) -> AsyncIterator[House]:
    assert dieter.extension == "104"

    async def prepare(house: House) -> None:
        (house.folder / "water.token").write_text(secrets.token_urlsafe(32), encoding="ascii")

    text = alarms.CONFIG.format(media=pbx.alarms_folder) + WATER
    async with a_house(pbx, tmp_path, alarms=text, prepare=prepare) as running:
        yield running
    await pbx.cli("database deltree cidname")  # others have this Asterisk without a daemon, and no names


async def come(house: House, token: str, point: str) -> tuple[str, float]:
    """Report a fault; return the alarm's id, and the seconds until it was promised that it is kept."""
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {token}"}
    async with house.session.post(f"{house.web}/api/v1/alarms", json={"point": point}, headers=headers) as answer:
        said = await answer.json()
        assert answer.status == 202, said
        return str(said["id"]), time.monotonic() - began


async def takes(house: House, phone: Phone, mark: int) -> str:
    """Answer the next call as a person does; return which alarm it was about."""
    await phone.ringing(after=mark, within=30)
    await phone.accept()
    await phone.talking(after=mark)
    async with asyncio.timeout(10):  # this telephone answers in an instant, perhaps before the page has heard of it
        while not (live := await being_called(house)):
            await asyncio.sleep(0.05)
    (now,) = live
    await asyncio.sleep(LISTENS)
    await phone.press(f"{code_of(house, now['id'])}#")
    await phone.idle(after=mark, within=20)
    return str(now["id"])


async def being_called(house: House) -> list[dict[str, Any]]:
    """The alarms about which somebody is being called."""
    return [alarm for alarm in await everything(house) for call in alarm.get("attempts", ()) if call["state"] != "done"]


async def everything(house: House) -> list[dict[str, Any]]:
    """All open alarms of both sources."""
    status, said = await house.rest("eva", "GET", "/alarms?state=open&limit=500")
    assert status == 200
    return [alarm for alarm in said["alarms"] if alarm["source"] != "ami-bridge"]


async def test_a_flood_is_kept_whole_and_the_first_of_another_plant_does_not_wait_behind_it(
    plant: House, dieter: Phone
) -> None:
    """Dieter answers the flood's first; his next call is about the other plant, and not about the flood's second."""
    mark = dieter.mark()
    water = (plant.folder / "water.token").read_text(encoding="ascii")
    others: list[asyncio.Task[tuple[str, float]]] = []
    begin = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        first_call = tasks.create_task(takes(plant, dieter, mark))
        flood: list[asyncio.Task[tuple[str, float]]] = []
        for n in range(MANY):
            flood.append(tasks.create_task(come(plant, plant.pbx.secrets.alarm_source, f"p{n}")))
            if n == AFTER:
                others.append(tasks.create_task(come(plant, water, "well")))
            await asyncio.sleep(max(0.0, begin + (n + 1) * SECONDS / MANY - time.monotonic()))
    sent = time.monotonic() - begin
    ids = [task.result()[0] for task in flood]
    waits = sorted(task.result()[1] for task in flood)
    other, waited = others[0].result()
    assert len(set(ids)) == MANY, "each is an alarm of its own"
    assert first_call.result() == ids[0]
    second = await takes(plant, dieter, dieter.mark())
    told = {"alarms": MANY, "sent in s": round(sent, 1), "answered after ms, median": round(waits[MANY // 2] * 1000)}
    print(json.dumps({**told, "the slowest": round(waits[-1] * 1000), "the other's": round(waited * 1000)}))
    assert second == other, "the first of the other plant, before the second of the flood"
    assert waited <= allowed(ANSWERED_WITHIN)

    found = {alarm["id"]: alarm for alarm in await everything(plant)}
    assert {*ids, other} <= found.keys(), "none is lost"
    bundled = [id_ for id_ in ids if found[id_].get("bundle")]
    assert len(bundled) >= MANY * 9 // 10, "what floods is told together"
    called = [alarm["id"] for alarm in found.values() if alarm.get("attempts")]
    assert not set(called) & set(bundled), "nobody is rung three hundred times"
    for id_ in set(ids) - set(bundled):
        if found[id_]["state"] == "unacknowledged":
            assert (await plant.rest("dieter", "POST", f"/alarms/{id_}/acknowledge"))[0] == 200
    await plant.pbx.cli("channel request hangup all")
    assert (await one(plant, other))["state"] == "acknowledged"
