"""Alarm numbers at the PBX: their codes are written there, and calls that were noted are read, taken, and deleted.

Read after each login, when the dialplan says so, and every minute. A note is deleted once it is taken: whoever called
hears then, and only then, that the alarm is accepted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from ami_bridge.alarms.sources import called
from ami_bridge.alarms.sources.called import Noted
from ami_bridge.asterisk import translate_alarms
from ami_bridge.asterisk.phone import Family, Row
from ami_bridge.errors import BridgeError
from ami_bridge.tasks import race

log = structlog.get_logger()

NOTES: Family = "amib_call"
NUMBERS: Family = "amib_src"
TRIED: Family = "amib_fail"
AGAIN_AFTER = 60.0
SOON = 5.0
FORGOTTEN_AFTER = 3600
"""Seconds after which it is forgotten at the PBX that somebody typed a wrong code; it counts for ten minutes."""


class AstDb(Protocol):
    """What we need of the PBX's database."""

    async def rows(self, family: Family) -> dict[str, str]:
        """Read a family."""

    async def write(self, row: Row, value: str) -> None:
        """Write a row, or with nothing delete it."""


class Called(Protocol):
    """Who takes what was noted."""

    @property
    def rows(self) -> Mapping[str, str]:
        """What the PBX must know, by extension."""

    async def take(self, noted: Noted) -> None:
        """Take one; it is on the disk when this returns."""

    async def take_odd(self, note: str) -> None:
        """Take one that nobody can read."""

    def refused(self, *, extension: str, endpoint: str, number: str, tries: int) -> None:
        """Take note that a wrong code was typed."""


class AlarmNumbers:
    """Keeps both sides equal."""

    def __init__(
        self,
        *,
        pbx: str,
        astdb: AstDb,
        called: Called,
        seconds: Callable[[], float],
        again_after: float = AGAIN_AFTER,
    ) -> None:
        """`seconds` is the time since 1970."""
        self._pbx = pbx
        self._astdb = astdb
        self._called = called
        self._seconds = seconds
        self._again_after = again_after
        self._wake = asyncio.Event()
        self._said = ""

    def take(self, message: Mapping[str, str]) -> bool:
        """Hear of calls to alarm numbers: the event only wakes, what counts is the note."""
        if translate_alarms.was_called(message):
            self._wake.set()
            return True
        if (bad := translate_alarms.bad_code(message)) is not None:
            self._called.refused(extension=bad.extension, endpoint=bad.endpoint, number=bad.number, tries=bad.tries)
            return True
        return False

    async def run(self) -> None:
        """Take what was noted and write what the PBX must know, as long as the link lives, which cancels it."""
        await race(self._taking(), self._comparing())

    async def _taking(self) -> None:
        while True:
            self._wake.clear()
            well = await self._try(self.look)
            try:
                async with asyncio.timeout(self._again_after if well else min(SOON, self._again_after)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _comparing(self) -> None:
        while True:
            well = await self._try(self.compare)
            await asyncio.sleep(self._again_after if well else min(SOON, self._again_after))

    async def look(self) -> None:
        """Take what is noted, oldest first; a note stays until it is on the disk."""
        noted = {key: called.read(key, row) for key, row in (await self._astdb.rows(NOTES)).items() if key.isdigit()}
        for key, one in sorted(noted.items(), key=_age):
            if one is None:
                await self._called.take_odd(key)
            else:
                await self._called.take(one)
            await self._astdb.write(Row("called", key), "")

    async def compare(self) -> None:
        """Write numbers and codes that the PBX has otherwise, and forget old failures."""
        stored, wanted = await self._astdb.rows(NUMBERS), self._called.rows
        rows = [(Row("source", key), "") for key in stored if key not in wanted and key.isdigit()]
        rows += [(Row("source", key), row) for key, row in wanted.items() if stored.get(key) != row]
        for row, value in rows:
            await self._astdb.write(row, value)
        if rows:
            log.info("alarms.numbers_written", pbx=self._pbx, rows=len(rows))
        for key, tried in (await self._astdb.rows(TRIED)).items():
            since = tried.partition(":")[2]
            if key.isdigit() and (not since.isdigit() or self._seconds() - int(since) > FORGOTTEN_AFTER):
                await self._astdb.write(Row("tried", key), "")

    async def _try(self, do: Callable[[], Awaitable[None]]) -> bool:
        """Do it, and say once what is wrong."""
        try:
            await do()
        except BridgeError as error:
            if self._said != str(error):
                log.warning("alarms.numbers_not_read", pbx=self._pbx, why=str(error))
            self._said = str(error)
            return False
        self._said = ""
        return True


def _age(item: tuple[str, Noted | None]) -> tuple[float, int]:
    """Let an alarm come before its end."""
    key, noted = item
    return (0.0 if noted is None else noted.at.timestamp(), int(key))
