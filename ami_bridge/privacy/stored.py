"""What is stored about a person: told to them, handed out, erased."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from ami_bridge.errors import NotFoundError
from ami_bridge.privacy.audit import Audit
from ami_bridge.privacy.model import Held, Kind


class Store(Protocol):
    """Finds what any table holds of somebody."""

    async def counts(self, login: str) -> dict[str, int]:
        """Return how many rows of each table are about somebody."""

    async def everything(self, login: str) -> dict[str, list[dict[str, Any]]]:
        """Return all rows that are about somebody."""

    async def erase(self, login: str) -> dict[str, int]:
        """Delete all rows that are somebody's."""


class Calls(Protocol):
    """The journal, which has classes of its own."""

    async def kinds(self, login: str) -> Sequence[Kind]:
        """Return what is kept of somebody's calls, by class."""


class Files(Protocol):
    """What is kept of people outside the database."""

    async def told(self, login: str) -> list[dict[str, Any]]:
        """Return one row of each file that somebody may open."""

    async def theirs(self, login: str) -> int:
        """Count those that somebody may open."""

    async def erase(self, login: str) -> int:
        """Delete those that are somebody's own; returns how many."""


Forget = Callable[[str], Awaitable[None]]


class Stored:
    """Answers what is stored about somebody."""

    def __init__(self, *, store: Store, calls: Calls, audit: Audit, held: Mapping[str, Held], forget: Forget) -> None:
        """`held` says of each table how long and for whom; `forget` ends what is in memory, before the rows go."""
        self.files: dict[str, Files] = {}
        """What is kept besides, by name; whoever keeps it puts it here."""
        self._store = store
        self._calls = calls
        self._audit = audit
        self._held = held
        self._forget = forget

    async def kinds(self, login: str) -> list[Kind]:
        """Return what is stored about somebody, as the configuration has it now."""
        counts = await self._counts(login)
        found = list(await self._calls.kinds(login))
        for name, count in counts.items():
            if name != "journal":
                held = self._held.get(name, Held())
                found.append(Kind(what=name, count=count, kept_days=held.kept_days, for_whom=held.for_whom))
        return found

    async def export(self, login: str, *, who: str) -> dict[str, list[dict[str, Any]]]:
        """Return everything, for whom it is about (Art. 15 GDPR); that it was handed out is written down first."""
        await self._must_be_there(login)
        await self._audit.record(who=who, did="export", whose=login, how="control")
        found = await self._store.everything(login)
        return found | {name: await files.told(login) for name, files in self.files.items()}

    async def erase(self, login: str, *, who: str) -> dict[str, int]:
        """Delete everything (Art. 17 GDPR) but the card in the staff book and the audit log; returns how many rows."""
        await self._must_be_there(login)
        await self._audit.record(who=who, did="erase", whose=login, how="control")
        before = await self._store.counts(login)
        # Whose the files are is told by rows that go.
        files = {name: await kept.erase(login) for name, kept in self.files.items()}
        await self._forget(login)
        erased = await self._store.erase(login)
        left = await self._store.counts(login)
        gone = {name: number - left.get(name, 0) for name, number in before.items()}
        return {name: number for name, number in {**erased, **gone, **files}.items() if number > 0}

    async def _counts(self, login: str) -> dict[str, int]:
        files = {name: await kept.theirs(login) for name, kept in self.files.items()}
        return await self._store.counts(login) | files

    async def _must_be_there(self, login: str) -> None:
        if not any((await self._counts(login)).values()):
            raise NotFoundError(f"Nothing is stored about {login!r}; logins are written as in the staff book.")
