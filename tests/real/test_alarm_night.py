"""Alarms in the nights in which clocks are changed: the daemon's own is moved, all else goes on as it does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from ami_bridge.demo import alarms
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.sipp import PlayedPhone
from tests.real.house import House, a_house
from tests.real.test_alarms import ended, one, raise_alarm
from tests.scenarios.test_nightly import faked

AUTUMN, SPRING = "2026-10-25", "2027-03-28"
NEAR = 10
"""Seconds; each move is one of minutes."""
RINGS = 5
"""Seconds that a telephone rings; then the ladder goes on."""
LATE = 15
"""Seconds that it may take on a busy machine; an hour is far from it."""
OVERRIDE = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//somebody//else//DE
BEGIN:VEVENT
UID:night
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:{day}T010000
DTEND;TZID=Europe/Berlin:{day}T030000
SUMMARY:Anna Amsel
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
"""Anna is on duty until three in the morning, Dieter else."""


class Night:
    """A town hall whose daemon believes that it is that night."""

    def __init__(self, folder: Path, day: str) -> None:
        self.house: House
        self.day = day
        self._clock = folder / "clock"

    def set(self, utc: str) -> float:
        """Move the daemon's clock, which goes on from there; return the time that it then has."""
        wanted = datetime.fromisoformat(f"{self.day}T{utc}+00:00").timestamp()
        self._clock.write_text(f"{wanted - time.time():+.3f}", encoding="utf-8")
        return wanted

    async def is_now(self, utc: str) -> None:
        """Move it, and wait until the daemon has noticed, as the date of its answers says."""
        wanted = self.set(utc)
        async with asyncio.timeout(20):
            while True:
                async with self.house.session.get(f"{self.house.web}/readyz") as answer:
                    said = parsedate_to_datetime(answer.headers["Date"]).timestamp()
                if abs(said - wanted) < NEAR:
                    return
                await asyncio.sleep(0.1)

    async def prepare(self, house: House) -> None:
        """Put the night into the calendar of exceptions."""
        self.house = house
        self.set("00:50:00")
        house.env = faked(self._clock)
        calendar = f"{house.groupware.home}ausnahmen/"
        auth = aiohttp.encode_basic_auth(house.groupware.user, house.groupware.password)
        async with aiohttp.ClientSession(headers={"Authorization": auth}, raise_for_status=True) as client:
            await client.request("MKCALENDAR", calendar)
            body = OVERRIDE.format(day=self.day.replace("-", ""))
            await client.put(f"{calendar}night.ics", data=body, headers={"Content-Type": "text/calendar"})

    async def first_called(self, point: str) -> str:
        """Raise an alarm; return whose telephone rings first, and acknowledge it."""
        alarm = await raise_alarm(self.house, point)
        async with asyncio.timeout(20):
            while not (calls := (await one(self.house, alarm))["attempts"]):
                await asyncio.sleep(0.05)
        await self.over(alarm)
        return str(calls[0]["person"])

    async def over(self, alarm: str) -> None:
        assert (await self.house.rest("dieter", "POST", f"/alarms/{alarm}/acknowledge"))[0] == 200
        await ended(self.house, alarm)

    async def moments(self) -> list[datetime]:
        """When each line of the log was written, in their order."""
        _, log = await self.house.rest("eva", "GET", "/alarms/log")
        lines = sorted(log["lines"], key=lambda line: int(line["seq"]))
        return [datetime.fromisoformat(line["at"]) for line in lines]


@pytest_asyncio.fixture(loop_scope="session")
async def night(pbx: Pbx, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Night]:
    night = Night(tmp_path, request.param)
    text = alarms.CONFIG.format(media=pbx.alarms_folder)
    text = text.replace(
        'everyone = ["role:plant"]', f'everyone = ["ben"]\nduty_overrides = "ausnahmen"\nring_seconds = {RINGS}'
    )
    async with AsyncExitStack() as stack:
        for extension in ("101", "102", "104"):  # before the daemon starts: else nobody on duty can be rung
            await stack.enter_async_context(PlayedPhone(pbx, extension, answer="180"))
        await stack.enter_async_context(
            a_house(
                pbx, tmp_path, alarms=text.replace("classes =", "limit.count = 1000\nclasses ="), prepare=night.prepare
            )
        )
        yield night
        await pbx.quiet()
    await pbx.cli("database deltree cidname")  # others have this Asterisk without a daemon, and no names


def seconds(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["at"]).timestamp()


@pytest.mark.parametrize("night", [AUTUMN, SPRING], indirect=True)
async def test_the_ladder_goes_on_over_the_change_and_the_rota_follows_the_clock_on_the_wall(night: Night) -> None:
    """Anna is on duty until three: that comes an hour late in autumn, and at once in spring."""
    await night.is_now("00:59:55")  # 02:59:55 in summer, 01:59:55 in winter
    began = time.monotonic()
    alarm = await raise_alarm(night.house, "gas-engine")
    async with asyncio.timeout(2 * LATE):
        while len(calls := (await one(night.house, alarm))["attempts"]) < 2:
            await asyncio.sleep(0.1)
    took = time.monotonic() - began
    people = [call["person"] for call in sorted(calls, key=lambda call: call["id"])]
    assert people[:2] == ["Anna Amsel", "Ben Biber"]
    assert RINGS - 1 <= took <= RINGS + LATE, "the ladder's next step neither an hour late nor at once"
    await night.over(alarm)

    expected = "Anna Amsel" if night.day == AUTUMN else "Dieter Dachs"
    assert await night.first_called("pump-1") == expected, "just after the change"
    if night.day == AUTUMN:
        await night.is_now("01:59:00")  # three o'clock is near for the second time
        assert await night.first_called("pump-2") == "Anna Amsel"
        await night.is_now("02:00:01")
        assert await night.first_called("pump-3") == "Dieter Dachs"

    moments = await night.moments()
    assert moments, "something was logged"
    back = max((before - after).total_seconds() for before, after in pairwise(moments))
    assert back < 1, "in UTC no hour comes twice"
    assert {one.astimezone(UTC).date().isoformat() for one in moments} == {night.day}
