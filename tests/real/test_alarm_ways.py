"""What stands between an alarm and a person: nobody there, all busy, a dead trunk, two at once, a crash, no rota."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from ami_bridge.alarms.sources.telephony import PATIENCE
from ami_bridge.demo import alarms
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.ports import free
from ami_bridge.demo.sipp import PlayedPhone, TrunkPhone
from tests.real.conftest import HOME, RING_SECONDS, _say
from tests.real.house import House, a_house
from tests.real.test_alarms import ended, one, raise_alarm, until

EVERYONE = ("anna", "ben")
OUTSIDE = "+493023125001"
REMOTE = """
[[alarm_class]]
name = "remote"
priority = 2
sound = "pump"
ladder = "remote"
[[ladder]]
name = "remote"
repeat = 120
[[ladder.steps]]
who = ["carla"]
"""
LISTENS = 2.5
"""Seconds until a person types."""


def config(house: Pbx) -> str:
    """Dieter is on duty, then Anna and Ben are rung; Carla has one number outside, and the first way there is none."""
    more = f'everyone = {json.dumps(EVERYONE)}\nring_seconds = 6\npaths = ["no-such-trunk", "trunk"]'
    text = alarms.CONFIG.format(media=house.alarms_folder).replace('everyone = ["role:plant"]', more)
    limit = text.replace('classes = ["gas"', 'limit.count = 1000\nclasses = ["remote", "gas"')
    return f'{limit}{REMOTE}[alarms.numbers]\ncarla = ["{OUTSIDE}"]\n'


pytestmark = pytest.mark.shares("ways")  # dear to start, so it is started by one worker


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plant(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A town hall with a sewage plant, and an Asterisk of its own, which is killed."""
    folder = tmp_path_factory.mktemp("ways")
    async with Pbx(home=HOME, instance=f"ways-{free().web}", ports=free(), ring_seconds=RING_SECONDS, say=_say) as own:
        async with a_house(own, folder, alarms=config(own)) as running:
            yield running
        shutil.rmtree(own.folder)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def _the_daemon_runs(plant: House) -> None:
    """Start it where a test that failed has left it dead: else all after it would fail too."""
    if not plant.daemon.running:
        await plant.start()


def outcomes(alarm: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Who was called, and what came of it, in order."""
    calls = sorted(alarm["attempts"], key=lambda call: call["id"])
    return [(call["person"].split()[0], call.get("outcome")) for call in calls]


async def answers(house: House, phone: Phone, mark: int) -> str:
    """Take the receiver off, and listen; return the keys that the voice has asked for."""
    await phone.ringing(after=mark)
    await phone.accept()
    await phone.talking(after=mark)
    await asyncio.sleep(LISTENS)
    return code(house, phone.extension)


def code(house: House, number: str) -> str:
    with sqlite3.connect(f"file:{house.folder}/bridge.sqlite?mode=ro", uri=True) as rows:
        query = "SELECT code FROM attempts WHERE destination = ? ORDER BY claimed_at DESC LIMIT 1"
        found = rows.execute(query, (number,)).fetchone()
    rows.close()
    return f"{found[0]}#"


async def test_nobody_is_at_the_telephone_of_who_is_on_duty_and_two_take_over_at_once(plant: House) -> None:
    """Dieter's telephone is not there: Anna and Ben ring at once; both type their codes, one of them has taken over."""
    async with Phone(plant.pbx, "101") as anna, Phone(plant.pbx, "102") as ben:
        marks = anna.mark(), ben.mark()
        alarm = await raise_alarm(plant, "gas-engine")
        keys = await asyncio.gather(answers(plant, anna, marks[0]), answers(plant, ben, marks[1]))
        assert keys[0] != keys[1] or keys[0], "each call has its own"
        await asyncio.gather(anna.press(keys[0]), ben.press(keys[1]))
        taken = await until(plant, alarm, state="acknowledged")
        await anna.idle(after=marks[0], within=20)
        await ben.idle(after=marks[1], within=20)
        calls = outcomes(await ended(plant, alarm))
        assert calls[0] == ("Dieter", "unreachable")
        assert sorted(str(outcome) for _, outcome in calls[1:]) in (["acked", "acked"], ["acked", "cancelled"])
        assert taken["acknowledged"]["login"] in EVERYONE
        later = await one(plant, alarm)
        assert later["acknowledged"] == taken["acknowledged"], "who came second changes nothing"
    (_, log) = await plant.rest("eva", "GET", f"/alarms/log?alarm={alarm}")
    assert sum(line["kind"] == "acknowledged" for line in log["lines"]) == 1, [line["kind"] for line in log["lines"]]


async def test_all_are_busy_and_are_called_again(plant: House) -> None:
    async with AsyncExitStack() as stack:
        for extension in ("101", "102"):
            await stack.enter_async_context(PlayedPhone(plant.pbx, extension, answer="486", ring_seconds=0.1))
        dieter = await stack.enter_async_context(PlayedPhone(plant.pbx, "104", answer="486", ring_seconds=0.1))
        alarm = await raise_alarm(plant, "pump-1")
        async with asyncio.timeout(20):
            while ("Dieter", "busy") not in outcomes(await one(plant, alarm)):
                await asyncio.sleep(0.1)
        waits = await one(plant, alarm)
        assert waits["state"] == "unacknowledged"
        wait = datetime.fromisoformat(waits["next_at"]) - datetime.now(UTC)  # noqa: TID251 - the daemon is a process
        assert wait <= timedelta(seconds=31), "who is busy is called again soon"
        assert len(dieter.said()) > 0
    async with Phone(plant.pbx, "104") as free_again:
        mark = free_again.mark()
        await free_again.ringing(after=mark, within=45)
        await free_again.accept()
        await free_again.talking(after=mark)
        await asyncio.sleep(LISTENS)
        await free_again.press(code(plant, "104"))
        assert (await until(plant, alarm, state="acknowledged"))["acknowledged"]["login"] == "dieter"
        await free_again.idle(after=mark, within=20)
    await ended(plant, alarm)


async def test_a_dead_trunk_changes_the_way_and_not_the_person(plant: House) -> None:
    async with TrunkPhone(plant.pbx, ring_seconds=0.2):
        alarm = await raise_alarm(plant, "level", **{"class": "remote"})
        async with asyncio.timeout(20):
            seen = await one(plant, alarm)
            while not any(call["state"] == "talking" for call in seen["attempts"]):
                await asyncio.sleep(0.1)
                seen = await one(plant, alarm)
        calls = sorted(seen["attempts"], key=lambda call: call["id"])
        assert [(call["path"], call.get("outcome")) for call in calls] == [
            ("no-such-trunk", "path_failed"),
            ("trunk", None),
        ]
        assert {call["person"] for call in calls} == {"Carla Çelik"}
        assert seen["state"] == "unacknowledged", "somebody, or something, has answered: that is nothing"
        assert (await plant.rest("dieter", "POST", f"/alarms/{alarm}/acknowledge"))[0] == 200
        await plant.pbx.cli("channel request hangup all")  # that telephone has no ears
        await ended(plant, alarm)


async def test_the_code_outlives_a_crash_of_everything(plant: House) -> None:
    """Daemon killed, code pressed, Asterisk killed: when both are back, the alarm has been taken over."""
    async with Phone(plant.pbx, "104") as dieter:
        mark = dieter.mark()
        alarm = await raise_alarm(plant, "pump-2")
        keys = await answers(plant, dieter, mark)
        await plant.daemon.kill()
        await dieter.press(keys)
        await asyncio.sleep(3)  # Asterisk says that it is noted; its database is synced within a second
        await plant.pbx.kill()
    await plant.pbx.start()
    await plant.start()
    taken = await until(plant, alarm, state="acknowledged")
    assert taken["acknowledged"]["login"] == "dieter"
    assert len((await ended(plant, alarm))["attempts"]) == 1, "nobody was called twice"


async def test_an_asterisk_that_stays_away_is_an_alarm_itself(plant: House) -> None:
    """Nobody can be called then; the page, bubbles, mail and chat tell it, until Asterisk is back."""

    def is_it(message: dict[str, Any], *, active: bool) -> bool:
        alarm = message.get("alarm", {}) if message.get("event") == "alarm.changed" else {}
        return (alarm.get("source"), alarm.get("point"), alarm.get("active")) == ("ami-bridge", "telephone", active)

    async with plant.listen("dieter", topics=["alarms"]) as page:
        await plant.pbx.kill()
        told = page.heard[await page.until(lambda one: is_it(one, active=True), within=PATIENCE + 20)]["alarm"]
        assert "niemand angerufen" in told["text"]
        await plant.pbx.start()
        await page.until(lambda one: is_it(one, active=False), within=PATIENCE)
    await plant.rest("dieter", "POST", f"/alarms/{told['id']}/acknowledge")
    await ended(plant, told["id"])


async def test_without_a_rota_everybody_is_called_and_told_why(plant: House) -> None:
    """A calendar that is not there: nobody is on duty, which is itself an alarm, and no alarm waits for that."""
    await plant.daemon.stop()
    plant.write(alarms=config(plant.pbx).replace('"bereitschaft-klaeranlage"', '"no-such-calendar"'))
    await plant.start()
    async with Phone(plant.pbx, "101") as anna:
        mark = anna.mark()
        alarm = await raise_alarm(plant, "pump-3")
        await anna.ringing(after=mark)
        (_, lines) = await plant.rest("eva", "GET", "/alarms?state=open")
        own = {line["id"] for line in lines["alarms"] if line["source"] == "ami-bridge"}
        for id_ in (alarm, *own):
            await plant.rest("dieter", "POST", f"/alarms/{id_}/acknowledge")
        await anna.hangup()
        calls = (await one(plant, alarm))["attempts"]
        assert {call["person"] for call in calls} <= {"Anna Amsel", "Ben Biber"}
    (_, rota) = await plant.rest("eva", "GET", "/alarms/rota")
    assert any(plan["trouble"] or plan["gaps"] for plan in rota["rotas"])
