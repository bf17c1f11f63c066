"""Finished calls on their way to the disk: noticed at once, written by a task of their own."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ami_bridge.calls.model import JournalRow

log = structlog.get_logger()

MOST_WAITING = 100_000  # a day of a large house; then the disk has been full for a day
BATCH = 500
TRY_AGAIN_AFTER = 5.0
LAST_WRITE_WITHIN = 5.0


class Store(Protocol):
    """Where rows are kept."""

    async def add(self, rows: Sequence[JournalRow]) -> None:
        """Keep rows; a row with a known id replaces it."""

    async def remove(self, ids: Collection[str]) -> None:
        """Forget these rows."""

    async def purge(self, before: datetime) -> int:
        """Forget what ended before; return how many rows."""


class Journal:
    """Takes finished calls and sees that they are kept, and are forgotten in time."""

    def __init__(self, *, store: Store, keep_days: int, now: Callable[[], datetime]) -> None:
        self._store = store
        self._keep_for = timedelta(days=keep_days)
        self._now = now
        self._waiting: deque[JournalRow | str] = deque(maxlen=MOST_WAITING)
        """Rows to keep, and ids of rows to take back."""
        self._wake = asyncio.Event()

    def notice(self, row: JournalRow) -> None:
        """Take a finished call; returns at once."""
        self._waiting.append(row)
        self._wake.set()

    def take_back(self, row_id: str) -> None:
        """Forget a call that turned out to be somebody else's, or to go on; returns at once."""
        self._waiting.append(row_id)
        self._wake.set()

    async def run(self) -> None:
        """Write what is noticed, for ever; what is still waiting when the daemon stops is written then."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                try:
                    await self._write()
                except Exception:  # the disk may be full for an hour; the calls are kept in memory until then
                    log.exception("journal.write_failed", waiting=len(self._waiting))
                    await asyncio.sleep(TRY_AGAIN_AFTER)
                    self._wake.set()
        finally:
            await self._write_at_last()

    async def forget(self) -> None:
        """Drop what is older than it may be kept."""
        if dropped := await self._store.purge(self._now() - self._keep_for):
            log.info("journal.purged", rows=dropped)

    async def _write_at_last(self) -> None:
        """Write what is left if the disk lets us; a dead one must not keep the daemon from stopping cleanly."""
        try:
            async with asyncio.timeout(LAST_WRITE_WITHIN):
                await self._write()
        except Exception:  # whatever it is, there is no later
            log.exception("journal.lost_at_stop", waiting=len(self._waiting))

    async def _write(self) -> None:
        while self._waiting:
            batch = [self._waiting[n] for n in range(min(BATCH, len(self._waiting)))]
            newest = {one if isinstance(one, str) else one.id: one for one in batch}
            if rows := [one for one in newest.values() if not isinstance(one, str)]:
                await self._store.add(rows)
            if gone := [one for one in newest.values() if isinstance(one, str)]:
                await self._store.remove(gone)
            written = {id(one) for one in batch}
            while self._waiting and id(self._waiting[0]) in written:  # some may have made room for newer ones meanwhile
                self._waiting.popleft()
