"""Finished calls leave every file when their time is over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ami_bridge.journal.rules import Limits, Rules

log = structlog.get_logger()

REWRITE_EVERY = timedelta(days=1)
COPIES_KEPT = timedelta(days=7)
"""How long the copy that a migration makes can be gone back to: it holds calls that are over meanwhile."""


class Store(Protocol):
    """Where finished calls are kept."""

    async def purge(self, limits: Limits) -> int:
        """Delete what is too old; returns how many rows."""


class Files(Protocol):
    """The files that the database lies in."""

    async def rewrite(self) -> None:
        """Write them anew, without traces of what was deleted."""

    async def forget_copies(self, before: datetime | None = None) -> int:
        """Delete older copies of the whole database; returns how many."""


class Retention:
    """Deletes what is too old."""

    def __init__(self, *, store: Store, files: Files, rules: Rules, now: Callable[[], datetime]) -> None:
        self._store = store
        self._files = files
        self._rules = rules
        self._now = now
        self._traces = False
        """Whether something was deleted since the files were written anew."""
        self._rewritten: datetime | None = None

    async def forget(self) -> None:
        """Drop what is older than it may be kept, and once a day its last traces; without a journal, all of it."""
        now = self._now()
        if dropped := await self._store.purge(self._rules.limits(now)):
            log.info("journal.purged", rows=dropped)
            self._traces = True
        if self._traces and (self._rewritten is None or now - self._rewritten >= REWRITE_EVERY):
            await self._files.rewrite()
            self._traces, self._rewritten = False, now
        if copies := await self._files.forget_copies(now - COPIES_KEPT):
            log.info("db.copies_dropped", copies=copies)
