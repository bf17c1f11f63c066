"""Signs of life of sources in the database, and which alarms of a source are still there."""

from datetime import datetime

from sqlalchemy import insert, select, update

from ami_bridge.alarms.sources.heartbeats import Heartbeat
from ami_bridge.db.database import Database, read
from ami_bridge.db.tables_alarms import alarms, heartbeats


class SourceStore:
    """What is kept of sources."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def heartbeats(self) -> list[Heartbeat]:
        """Return all that were ever armed."""
        return [read(row, Heartbeat) for row in await self._db.rows(select(heartbeats))]

    async def arm(self, source: str, now: datetime) -> None:
        """Expect signs of life from now on."""
        await self._db.run(insert(heartbeats).values(source=source, armed_at=now))

    async def beat(self, source: str, at: datetime) -> None:
        """Keep that it lives."""
        await self._db.run(
            update(heartbeats).where(heartbeats.c.source == source).values(beat_at=at, missing_since=None)
        )

    async def missing(self, source: str, since: datetime) -> None:
        """Keep that it is missed."""
        await self._db.run(update(heartbeats).where(heartbeats.c.source == source).values(missing_since=since))

    async def open_keys(self, source: str) -> list[str]:
        """Return the keys of the open alarms of a source whose fault is still there."""
        wanted = select(alarms.c.dedup).where(
            alarms.c.source == source, alarms.c.closed_at.is_(None), alarms.c.active.is_(True)
        )
        return [str(row.dedup) for row in await self._db.rows(wanted)]
