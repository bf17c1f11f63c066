"""Finished calls on their way to the disk: noticed at once, written by a task of their own."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ami_bridge.journal.model import JournalRow

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
        self._waiting: OrderedDict[str, JournalRow | None] = OrderedDict()
        """By id: rows to keep, None for those to take back; the last word about a call stands in for all before."""
        self._writing: dict[str, JournalRow | None] = {}
        self._failing = False
        self._dropped = 0
        """Rows that memory had no room for since writing failed."""
        self._wake = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many rows are not on the disk yet."""
        return len(self._waiting) + len(self._writing)

    def notice(self, row: JournalRow) -> None:
        """Take a finished call; returns at once."""
        self._take(row.id, row)

    def take_back(self, row_id: str) -> None:
        """Forget a call that turned out to be somebody else's, or to go on; returns at once."""
        self._take(row_id, None)

    async def run(self) -> None:
        """Write what is noticed, for ever; what is still waiting when the daemon stops is written then."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                try:
                    await self._write()
                except Exception:  # the disk may be full for an hour; the calls are kept in memory until then
                    if not self._failing:
                        log.exception("journal.write_failed", waiting=self.waiting)
                    self._failing = True
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
            log.exception("journal.lost_at_stop", waiting=self.waiting, dropped=self._dropped)

    async def _write(self) -> None:
        while self._waiting:
            batch = [self._waiting.popitem(last=False) for _ in range(min(BATCH, len(self._waiting)))]
            self._writing = dict(batch)
            try:
                if rows := [row for row in self._writing.values() if row is not None]:
                    await self._store.add(rows)
                if gone := [row_id for row_id, row in self._writing.items() if row is None]:
                    await self._store.remove(gone)
            except BaseException:  # stopped, or not written: they wait again, before the others
                unsaved, self._writing = self._writing, {}
                self._put_back(unsaved)
                raise
            self._writing = {}
            if self._failing:
                log.info("journal.written_again", waiting=self.waiting, dropped=self._dropped)
                self._failing, self._dropped = False, 0

    def _take(self, row_id: str, row: JournalRow | None) -> None:
        self._waiting[row_id] = row
        self._make_room()
        self._wake.set()

    def _put_back(self, unsaved: Mapping[str, JournalRow | None]) -> None:
        """Let rows wait again, as the oldest, unless there is a later word about them."""
        for row_id, row in reversed(list(unsaved.items())):
            if row_id not in self._waiting:
                self._waiting[row_id] = row
                self._waiting.move_to_end(row_id, last=False)
        self._make_room()

    def _make_room(self) -> None:
        """Give up the oldest where there are too many, and count them."""
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
            if self._dropped == 0:
                log.error("journal.memory_full", waiting=self.waiting)
            self._dropped += 1
