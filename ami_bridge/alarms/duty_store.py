"""The last good copies of the calendars that say who is on duty, in the database."""

from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import delete, insert, select

from ami_bridge.db.database import Database
from ami_bridge.db.tables_alarms import rota_copies

TOLD = ""
"""In place of a calendar: what was reported and is not over yet."""


class Kept(Struct, frozen=True, array_like=True):
    """One appointment."""

    etag: str
    text: str = ""
    """Empty where it is over for good."""


class Copy(Struct, frozen=True, kw_only=True):
    """A calendar as it was when it was read last without trouble, and what has been the trouble since."""

    calendar: str
    content: dict[str, Kept] = {}
    """By the path of each appointment."""
    read_at: datetime
    trouble: str = ""
    """In English, for the log and the administrator; empty: none."""
    trouble_since: datetime | None = None


class CopyStore:
    """Keeps the copies."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self, calendar: str) -> Copy | None:
        """Read one."""
        for row in await self._db.rows(select(rota_copies).where(rota_copies.c.calendar == calendar)):
            return Copy(
                calendar=row.calendar,
                content=msgspec.json.decode(row.content, type=dict[str, Kept]),
                read_at=row.read_at,
                trouble=row.trouble,
                trouble_since=row.trouble_since,
            )
        return None

    async def keep(self, copy: Copy) -> None:
        """Keep one instead of what there was."""
        await self._write(copy, msgspec.json.encode(copy.content).decode())

    async def told(self) -> frozenset[str]:
        """Read what was reported and is not over yet."""
        rows = await self._db.rows(select(rota_copies.c.content).where(rota_copies.c.calendar == TOLD))
        return frozenset(msgspec.json.decode(rows[0].content, type=list[str])) if rows else frozenset()

    async def tell(self, told: frozenset[str], now: datetime) -> None:
        """Keep what is reported."""
        await self._write(Copy(calendar=TOLD, read_at=now), msgspec.json.encode(sorted(told)).decode())

    async def _write(self, copy: Copy, content: str) -> None:
        async with self._db.transaction() as transaction:
            await transaction.run(delete(rota_copies).where(rota_copies.c.calendar == copy.calendar))
            await transaction.run(
                insert(rota_copies).values(
                    calendar=copy.calendar,
                    content=content,
                    read_at=copy.read_at,
                    trouble=copy.trouble,
                    trouble_since=copy.trouble_since,
                )
            )
