"""Finished calls on their way to the disk: noticed at once, written by a task of their own."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from msgspec import Struct

from ami_bridge.journal.model import Change, Kept

log = structlog.get_logger()

MOST_WAITING = 100_000  # a day of a large house; then the disk has been full for a day
BATCH = 500
TRY_AGAIN_AFTER = 5.0
LAST_WRITE_WITHIN = 5.0

Key = tuple[str, str]
"""A call's id and the extension that had it."""


class CalledBack(Struct, frozen=True, kw_only=True):
    """Somebody has reached a number, so what was missed from there before is done."""

    number: str
    at: datetime
    by: str
    department: str | None


class Store(Protocol):
    """Where rows are kept; each change says what it did."""

    async def add(self, rows: Sequence[Kept]) -> Change:
        """Keep rows; a row with a known id replaces it."""

    async def remove(self, calls: Collection[Key]) -> Change:
        """Forget these calls of these extensions."""

    async def called_back(self, number: str, at: datetime, *, by: str, department: str | None) -> Change:
        """Note that missed calls of this number are done."""


class Writer:
    """Takes finished calls and sees that they are kept."""

    def __init__(self, *, store: Store, written: Callable[[Change], None]) -> None:
        """`written` is told of every change once it is on the disk."""
        self._store = store
        self._written = written
        self._waiting: OrderedDict[Key, Sequence[Kept]] = OrderedDict()
        """Rows to keep, none for those to take back; the last word about a call stands in for all before."""
        self._writing: dict[Key, Sequence[Kept]] = {}
        self._called_back: deque[CalledBack] = deque(maxlen=MOST_WAITING)
        self._failing = False
        self._dropped = 0
        """Calls that memory had no room for since writing failed."""
        self._wake = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many calls are not on the disk yet."""
        return len(self._waiting) + len(self._writing)

    def take(self, key: Key, rows: Sequence[Kept]) -> None:
        """Have these rows kept of a call, none where it is to be forgotten; returns at once."""
        self._waiting[key] = rows
        self._make_room()
        self._wake.set()

    def call_back(self, said: CalledBack) -> None:
        """Have it noted that somebody has called back; returns at once."""
        self._called_back.append(said)
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
                    if not self._failing:
                        log.exception("journal.write_failed", waiting=self.waiting)
                    self._failing = True
                    await asyncio.sleep(TRY_AGAIN_AFTER)
                    self._wake.set()
        finally:
            await self._write_at_last()

    async def _write_at_last(self) -> None:
        """Write what is left if the disk lets us; a dead one must not keep the daemon from stopping cleanly."""
        try:
            async with asyncio.timeout(LAST_WRITE_WITHIN):
                await self._write()
        except Exception:  # whatever it is, there is no later
            log.exception("journal.lost_at_stop", waiting=self.waiting, dropped=self._dropped)

    async def _write(self) -> None:
        """Write all that waits; what was missed must be there before somebody's calling back is noted."""
        while self._waiting or self._called_back:
            batch = [self._waiting.popitem(last=False) for _ in range(min(BATCH, len(self._waiting)))]
            self._writing = dict(batch)
            changes = []
            try:
                if rows := [row for several in self._writing.values() for row in several]:
                    changes.append(await self._store.add(rows))
                if gone := [key for key, several in self._writing.items() if not several]:
                    changes.append(await self._store.remove(gone))
            except BaseException:  # stopped, or not written: they wait again, before the others
                unsaved, self._writing = self._writing, {}
                self._put_back(unsaved)
                raise
            self._writing = {}
            for change in changes:
                self._written(change)
            if not self._waiting and self._called_back:
                said = self._called_back[0]
                change = await self._store.called_back(said.number, said.at, by=said.by, department=said.department)
                self._called_back.popleft()
                self._written(change)
            if self._failing:
                log.info("journal.written_again", waiting=self.waiting, dropped=self._dropped)
                self._failing, self._dropped = False, 0

    def _put_back(self, unsaved: Mapping[Key, Sequence[Kept]]) -> None:
        """Let calls wait again, as the oldest, unless there is a later word about them."""
        for key, rows in reversed(list(unsaved.items())):
            if key not in self._waiting:
                self._waiting[key] = rows
                self._waiting.move_to_end(key, last=False)
        self._make_room()

    def _make_room(self) -> None:
        """Give up the oldest where there are too many, and count them."""
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
            if self._dropped == 0:
                log.error("journal.memory_full", waiting=self.waiting)
            self._dropped += 1
