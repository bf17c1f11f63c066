"""Who looked at what of others: written down before it is shown, and never changed."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from ami_bridge.errors import NotAllowedError
from ami_bridge.ids import new_id
from ami_bridge.people.model import People
from ami_bridge.privacy.model import Looked

ONCE_WITHIN = timedelta(minutes=10)
"""Somebody who reads on, page by page or letter by letter, has looked once."""
KEPT = timedelta(days=366)
LOOKS = frozenset({"read", "follow", "listen"})
MOST_WAITING = 10_000
MOST_REMEMBERED = 10_000


class Store(Protocol):
    """Where entries are kept."""

    async def add(self, entries: Sequence[Looked]) -> None:
        """Keep these entries."""

    async def page(self, *, after: str | None = None, limit: int = 500) -> list[Looked]:
        """One page, newest first."""

    async def purge(self, before: datetime) -> int:
        """Delete what is older."""


class Audit:
    """The audit log."""

    def __init__(self, *, store: Store, people: People, now: Callable[[], datetime]) -> None:
        self._store = store
        self._people = people
        self._now = now
        self._lately: dict[tuple[str, str, str, str], datetime] = {}
        self._waiting: deque[Looked] = deque(maxlen=MOST_WAITING)
        self.wake = asyncio.Event()
        """Set when something waits to be written."""

    async def record(self, *, who: str, did: str, whose: str, how: str) -> None:
        """Write down what somebody is about to see or do; raises NotReachableError where that is not possible."""
        if self._is_news(who, did, whose, how):
            await self._store.add([self._entry(who, did, whose, how)])
            self._remember(who, did, whose, how)

    def notice(self, *, who: str, did: str, whose: str, how: str) -> None:
        """Have it written down in a moment; returns at once."""
        if self._is_news(who, did, whose, how):
            self._waiting.append(self._entry(who, did, whose, how))
            self._remember(who, did, whose, how)
            self.wake.set()

    async def write(self) -> None:
        """Write what was noticed."""
        while self._waiting:
            some = list(self._waiting)[:100]
            await self._store.add(some)
            for _ in some:
                self._waiting.popleft()

    async def read(self, login: str, *, how: str, after: str | None = None, limit: int = 100) -> list[Looked]:
        """Return a page, newest first, to somebody with the role `auditor`; that is an entry too."""
        person = self._people.by_login(login)
        if person is None or "auditor" not in person.roles:
            raise NotAllowedError("Only somebody with the role auditor may read the audit log.")
        await self.record(who=login, did="read", whose="audit", how=how)
        return await self._store.page(after=after, limit=limit)

    async def forget(self) -> None:
        """Drop what is older than a year."""
        await self._store.purge(self._now() - KEPT)

    def _entry(self, who: str, did: str, whose: str, how: str) -> Looked:
        now = self._now()
        return Looked(id=new_id(now), at=now, who=who, did=did, whose=whose, how=how)

    def _is_news(self, *what: str) -> bool:
        _, did, _, _ = what
        last = self._lately.get((what[0], did, what[2], what[3])) if did in LOOKS else None
        return last is None or self._now() - last >= ONCE_WITHIN

    def _remember(self, who: str, did: str, whose: str, how: str) -> None:
        self._lately[who, did, whose, how] = self._now()
        while len(self._lately) > MOST_REMEMBERED:
            del self._lately[next(iter(self._lately))]
