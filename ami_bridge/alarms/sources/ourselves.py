"""What is wrong with ourselves and our neighbours is an alarm, too: it comes once, and goes when all is well again."""

from collections.abc import Sequence
from typing import Protocol

from ami_bridge.alarms.classes import OURSELVES
from ami_bridge.alarms.model import Priority, Report


class Takes(Protocol):
    """Where reports go."""

    async def report(self, report: Report) -> str:
        """Keep one; returns after the commit."""


class Known(Protocol):
    """Knows what was raised before we were started."""

    async def open_keys(self, source: str) -> Sequence[str]:
        """Return the keys of the open alarms of a source whose fault is still there."""


class Ourselves:
    """The alarms of the source that we are."""

    def __init__(self, *, takes: Takes, known: Known) -> None:
        self._takes = takes
        self._known = known
        self._wrong: set[str] = set()

    async def load(self) -> None:
        """Remember what was wrong when we stopped."""
        self._wrong = set(await self._known.open_keys(OURSELVES.name))

    async def wrong(self, key: str, text: str, *, point: str, priority: Priority | None = None) -> None:
        """Raise it, unless it is raised already. Raises NotReachableError where it could not be kept: try again."""
        if key not in self._wrong:
            await self._takes.report(
                Report(source=OURSELVES.name, point=point, dedup=key, text=text, priority=priority)
            )
            self._wrong.add(key)

    async def fine(self, key: str, *, point: str) -> None:
        """End it, if it is raised."""
        if key in self._wrong:
            await self._takes.report(Report(source=OURSELVES.name, point=point, dedup=key, what="go"))
            self._wrong.discard(key)
