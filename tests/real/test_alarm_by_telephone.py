"""Alarms raised by telephone on a real Asterisk: a code is typed, a device calls; the daemon is away, and comes back.

Beside Asterisk and the telephones all is real but the process: sources, gate and intake on a database of their own.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ami_bridge.alarms.model import Alarm
from ami_bridge.alarms.sources import codes
from ami_bridge.alarms.sources.called import Called
from ami_bridge.alarms.sources.heartbeats import Heartbeats
from ami_bridge.alarms.sources.misuse import Gate
from ami_bridge.alarms.sources.ourselves import Ourselves
from ami_bridge.alarms.sources.store import SourceStore
from ami_bridge.asterisk import translate
from ami_bridge.asterisk.alarm_numbers import AlarmNumbers
from ami_bridge.asterisk.astdb import AstDb
from ami_bridge.asterisk.link import AmiLink
from ami_bridge.asterisk.message import Message
from ami_bridge.config import Pbx as Configured
from ami_bridge.config_alarms import Source, SourceCall
from ami_bridge.db.database import Database, open_database
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.ports import LOCAL
from ami_bridge.demo.sipp import call_by_dialler
from ami_bridge.errors import RefusedError
from ami_bridge.ids import new_id
from ami_bridge.share import shared
from tests import sound
from tests.alarms.world import STAFF, World

RIGHT, OVER, WRONG = "471147", "471148", "471149"
SALT = "0" * 16
SOURCES = (
    Source(
        name="telephone",
        kind="call",
        call=SourceCall(extension="190", code=codes.kept(RIGHT, SALT), end_code=codes.kept(OVER, SALT)),
    ),
    Source(name="pumps", kind="call", call=SourceCall(extension="191", end_extension="192", devices=["dialler-1"])),
)
SOON = 15.0
HEARD = 0.6


def now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


class Plant(World):
    """What the daemon has on its disk; it may be connected, or not."""

    def __init__(self, pbx: Pbx, db: Database) -> None:
        super().__init__(db)
        self.clock.at = now()
        self.pbx = pbx
        self.rows = SourceStore(db)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Live as a daemon does, as long as the block."""
        pbx = self.pbx
        link = AmiLink(
            Configured(id="rathaus", host=LOCAL, port=pbx.ports.ami, user="ami-bridge", secret=pbx.secrets.ami),
            wanted=translate.WANTED,
        )
        astdb = AstDb(link=link, new_id=lambda: new_id(now()))
        troubles = Ourselves(takes=self.intake, known=self.rows)
        lives = Heartbeats(SOURCES, rows=self.rows, takes=self.intake, now=now)
        await lives.load()
        called = Called(
            SOURCES,
            gate=Gate(SOURCES, takes=self.intake, lives=lives, troubles=troubles, now=now),
            troubles=troubles,
            whose=lambda endpoint: next((one for one in STAFF if endpoint in one.extensions), None),
            write=lambda entry: refused.append(dict(entry.data)),
            zone=ZoneInfo("Europe/Berlin"),
            now=now,
        )
        refused = self.refused
        numbers = AlarmNumbers(pbx="rathaus", astdb=astdb, called=called, seconds=time.time)
        up = asyncio.Event()

        def receive(message: Message) -> None:
            if not astdb.take(message):
                numbers.take(message)

        async def run() -> None:
            await numbers.compare()
            up.set()
            await numbers.run()

        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(link.run(receive, connected=run, lost=lambda: None))
            async with asyncio.timeout(SOON):
                await up.wait()
            yield
            listening.cancel()

    refused: list[dict[str, object]]

    async def open_of(self, source: str, within: float = SOON) -> Alarm:
        """Wait for the one alarm of a source."""
        async with asyncio.timeout(within):
            while not (found := [one for one in await self.store.open(self.clock.at) if one.source == source]):
                await asyncio.sleep(0.05)
        (alarm,) = found
        return alarm


@pytest.fixture
async def plant(pbx: Pbx, tmp_path: Path) -> AsyncIterator[Plant]:
    await pbx.cli("database deltree amib_src")
    await pbx.cli("dialplan set global ALARM_FAILS 2")
    async with open_database(f"sqlite://{tmp_path}/bridge.sqlite") as db:
        found = Plant(pbx, db)
        found.refused = []
        yield found
        await found.calm()
    await pbx.cli("dialplan set global ALARM_FAILS 0")
    await pbx.cli("database deltree amib_fail")


async def dials(phone: Phone, *typed: str, then: float = 3.0) -> None:
    """Call the alarm number, type each of these as soon as one may, listen a while, and hang up."""
    mark = phone.mark()
    await phone.dial("190")
    await phone.talking(after=mark)
    await asyncio.sleep(1.2)
    for keys in typed:
        await phone.press(f"{keys}#" if keys else "")
        await asyncio.sleep(then)
    with suppress(RefusedError):  # it may be over already
        await phone.hangup()
    await phone.idle(after=mark)


def hears(phone: Phone, name: str, *, call: int = -1) -> None:
    heard = sound.read(phone.heard[call])
    wanted = sound.spoken(sound.read(shared("sounds") / f"de/alarm-call-{name}.wav"))[: int(1.5 * sound.RATE)]
    assert sound.find_though_cut(wanted, heard) > HEARD, f"{phone.extension} heard {name}"


async def test_a_code_or_a_device_raises_an_alarm_and_guessing_leads_nowhere(plant: Plant) -> None:
    pbx = plant.pbx
    async with (
        Phone(pbx, "101", record=True) as anna,
        Phone(pbx, "102", record=True) as ben,
        Phone(pbx, "104", record=True) as dieter,
    ):
        mark = dieter.mark()
        await dieter.dial("190")
        await dieter.talking(after=mark)  # a number that is none: the daemon has not told its numbers yet
        async with plant.connected():

            async def nowhere() -> None:
                await asyncio.sleep(1.2)
                await dieter.press(f"{RIGHT}#")
                await asyncio.sleep(3.5)
                await dieter.hangup()

            async def guesses() -> None:
                await dials(ben, WRONG, "12", then=4.0)
                assert [one["tries"] for one in plant.refused if one["by"] == "102"] == [1, 2]
                await dials(ben, "", then=1.5)

            async def person() -> None:
                await dials(anna, RIGHT)
                hears(anna, "come")
                alarm = await plant.open_of("telephone")
                assert (alarm.count, alarm.values) == (1, {"ausgelöst von": "Anna Amsel"})
                await dials(anna, OVER)
                hears(anna, "go")

            async def device() -> None:
                for extension, active in (("191", True), ("192", False)):
                    call = await call_by_dialler(pbx, extension, hold_seconds=0.2)
                    await call.until("answered")
                    alarm = await plant.open_of("pumps")
                    assert (alarm.dedup, alarm.active) == ("dialler-1", active), "it is answered after the commit only"
                    await call.ended()

            await asyncio.gather(person(), nowhere(), guesses(), device())
            hears(dieter, "wrong")
            hears(ben, "many", call=0)
            hears(ben, "many")
            alarm = await plant.open_of("telephone")
            assert (alarm.count, alarm.active) == (1, False), "nobody guessed one"
            lines = await plant.upkeep.log(after=0, limit=100)
            assert [one.data["by"] for one in lines if one.kind == "by_telephone"] == ["anna", "anna"]
    messages = (pbx.folder / "log" / "messages").read_text(errors="replace")
    assert not any(code in messages for code in (RIGHT, OVER, WRONG))


async def test_while_the_daemon_is_away_calls_are_noted_and_taken_once_when_it_is_back(plant: Plant) -> None:
    pbx = plant.pbx
    async with plant.connected():
        pass
    async with Phone(pbx, "101", record=True) as anna:
        call = await call_by_dialler(pbx, "191")
        await dials(anna, RIGHT, then=6.5)
        hears(anna, "noted")
    told = await call.ended()
    assert "answered" not in told, "what is not on the disk is not confirmed: the device tries again"
    assert any(one.startswith("refused") for one in told)
    assert await plant.store.open(plant.clock.at) == []
    assert len((await pbx.cli("database show amib_call")).split("come:")) == 3
    async with plant.connected():
        by_anna, by_device = await plant.open_of("telephone"), await plant.open_of("pumps")
        async with asyncio.timeout(SOON):
            while "come:" in await pbx.cli("database show amib_call"):
                await asyncio.sleep(0.1)
    async with plant.connected():
        await asyncio.sleep(0.5)
    for alarm in (by_anna, by_device):
        assert (await plant.alarm(alarm.id)).count == 1
    assert len(await plant.store.open(plant.clock.at)) == 2
