"""People of a plant who take over by telephone, all of them behind one SIP socket, and what they have seen."""

import asyncio
import random
import sqlite3
from collections.abc import Mapping
from contextlib import suppress

import asyncpg

from tests.real.crew import Call, Crew, Kind, Line
from tests.real.ledger import Rows

LISTENS = 2.0
DECLINES = 0.1


class Staff(Crew):
    """People who listen, and type the code, some of them nine; and what their telephones have seen."""

    def __init__(self, kinds: Mapping[str, Kind], rows: Rows, chance: random.Random) -> None:
        super().__init__(kinds, self._nothing)
        self._rows = rows
        self._chance = chance

    async def listen(self, call: Call, line: Line) -> None:
        keys = "9" if self._chance.random() < DECLINES else await self._code(attempt_of(call))
        for _ in range(3):
            await asyncio.sleep(LISTENS)
            await line.press(f"{keys}#", call.sound, call.keys)
            with suppress(TimeoutError):
                async with asyncio.timeout(8):
                    await call.over.wait()
                return
        self.hang_up(call)

    def cut_off(self) -> None:
        """Notice that Asterisk is dead, as telephones do by the silence."""
        for call in self.calls.values():
            call.end()

    async def _code(self, attempt: str) -> str:
        """What they hear; kept where a database may be dead just now."""
        for _ in range(40):
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, sqlite3.OperationalError):
                return str((await self._rows(f"SELECT code FROM attempts WHERE id = '{attempt}'"))[0][0])  # noqa: S608
            await asyncio.sleep(0.25)
        return "9"

    async def _nothing(self, _number: str) -> str:
        return ""


def attempt_of(call: Call) -> str:
    return call.invite.one("X-Attempt")
