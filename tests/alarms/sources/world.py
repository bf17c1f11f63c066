"""Sources with a real database, a clock, and a place where what they report is kept, or is not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ami_bridge.alarms.model import Report
from ami_bridge.alarms.sources.heartbeats import Heartbeats
from ami_bridge.alarms.sources.misuse import Gate
from ami_bridge.alarms.sources.ourselves import Ourselves
from ami_bridge.alarms.sources.store import SourceStore
from ami_bridge.config_alarms import Source
from ami_bridge.db.database import Database
from ami_bridge.errors import NotReachableError
from tests.empty import empty_database

NIGHT = datetime(2026, 11, 28, 3, 17, 9, tzinfo=UTC)
TOKEN = "an-entirely-secret-token"
PLANT = Source(name="plant", label="Kläranlage", token=TOKEN, heartbeat_every=60, grace=30)


class Kept:
    """Where reports go: the disk, which may be full."""

    def __init__(self) -> None:
        self.reports_: list[Report] = []
        self.full = False
        self.slow: asyncio.Event | None = None
        self.asked = asyncio.Event()

    async def report(self, report: Report) -> str:
        return (await self.reports([report]))[0]

    async def reports(self, reports: Sequence[Report]) -> list[str]:
        self.asked.set()
        if self.slow is not None:
            await self.slow.wait()
        if self.full:
            raise NotReachableError("the disk is full")
        self.reports_ += reports
        return [f"ALARM{len(self.reports_) - len(reports) + n}" for n in range(1, len(reports) + 1)]

    async def open_keys(self, source: str) -> set[str]:
        last = {one.dedup: one.what for one in self.reports_ if one.source == source}
        return {key for key, what in last.items() if what == "come"}

    def told(self) -> list[tuple[str, str, str]]:
        return [(one.source, one.dedup, one.what) for one in self.reports_]


class World:
    """All of it."""

    def __init__(self, db: Database, sources: Sequence[Source]) -> None:
        self.time = NIGHT
        self.kept = Kept()
        self.rows = SourceStore(db)
        self.sources = sources
        self.begin()

    def begin(self) -> None:
        """Start, or start again: what is in memory is gone."""
        self.troubles = Ourselves(takes=self.kept, known=self.rows)
        self.lives = Heartbeats(self.sources, rows=self.rows, takes=self.kept, now=self.now)
        self.gate = Gate(self.sources, takes=self.kept, lives=self.lives, troubles=self.troubles, now=self.now)

    def now(self) -> datetime:
        return self.time

    def later(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@asynccontextmanager
async def world(folder: Path, *sources: Source) -> AsyncIterator[World]:
    async with empty_database(folder / "bridge.sqlite") as db:
        found = World(db, sources or (PLANT,))
        await found.troubles.load()
        await found.lives.load()
        yield found
