"""Who reads which journal: one's own, and where that is allowed the department's; and who is told of changes."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol

import phonenumbers
from msgspec import UNSET, Meta, Struct, UnsetType

from ami_bridge import wire
from ami_bridge.contacts.folding import terms
from ami_bridge.errors import BadRequestError, NotAllowedError, NotFoundError
from ami_bridge.journal.entries import Entries, gone, has
from ami_bridge.journal.missed import Group, groups
from ami_bridge.journal.model import Change, Filters, Kept, Reader, shown
from ami_bridge.journal.rules import Rules
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People
from ami_bridge.privacy.model import Kind
from ami_bridge.web.ops import Asked, Op

OWN = "journal.self"
DEPARTMENT = "journal.dept:"
OPS: dict[str, str] = {
    "journal.done": "Say that nothing is left to do about the missed call `params.id`; it is done for the whole "
    "department where that reads a journal. `result` is the entry.",
}
MOST_AT_ONCE = 100
LONGEST_NOTE = 2_000
SEARCHED_AT_ONCE = 200
MOST_SEARCHED = 2_000
"""Calls that one question looks through; the next page goes on from there."""


class Page(Struct, frozen=True, kw_only=True):
    """A piece of a journal, newest first."""

    entries: tuple[wire.Entry, ...]
    next: str | None
    """What `after` must be to go on; null where this is the end. A search may go on after an empty page."""


class Patch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one changes of a call of one's own; a field that is not there stays as it is."""

    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] | UnsetType | None = UNSET
    private: bool | UnsetType = UNSET


class ById(Struct, frozen=True, forbid_unknown_fields=True):
    """Which entry."""

    id: str


class Store(Protocol):
    """Where finished calls are kept."""

    async def page(self, reader: Reader, filters: Filters, *, after: str | None = None, limit: int = 50) -> list[Kept]:
        """One page of a journal, newest first, each call once."""

    async def of_call(self, call_id: str) -> list[Kept]:
        """Return all rows of one call."""

    async def done(self, call_id: str, at: datetime, *, by: str, department: str | None) -> Change:
        """Note that nothing is left to do about a missed call."""

    async def change(self, call_id: str, login: str, values: dict[str, Any]) -> Change:
        """Change what a person has written about a call of theirs."""

    async def counts(self, login: str) -> dict[str, int]:
        """Return how many calls of each kind, and how many notes, are kept of somebody."""

    async def erase(self, login: str) -> Change:
        """Delete all that is kept of somebody's calls."""


class Hub(Protocol):
    """Where news go."""

    def publish(
        self, topic: str, event: str, kind: str, body: wire.Entry, *, key: str, login: str | None = None
    ) -> None:
        """Tell one person's clients."""


class Audit(Protocol):
    """Remembers who looked at what of others."""

    async def record(self, *, who: str, did: str, whose: str, how: str) -> None:
        """Write it down before it is shown."""

    def notice(self, *, who: str, did: str, whose: str, how: str) -> None:
        """Have it written down; returns at once."""


class JournalDesk:
    """Journals as people see them."""

    def __init__(
        self,
        *,
        store: Store,
        rules: Rules,
        entries: Entries,
        numbers: Numbers,
        people: People,
        hub: Hub,
        audit: Audit,
        country: str,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._rules = rules
        self._entries = entries
        self._numbers = numbers
        self._people = people
        self._hub = hub
        self._audit = audit
        self._country_code = str(phonenumbers.country_code_for_region(country.upper()))
        self._now = now

    # ---- Reading

    async def page(
        self, login: str, of: str, filters: Filters, *, q: str = "", after: str | None = None, limit: int = 50
    ) -> Page:
        """Return a piece of this person's own journal (`self`) or of the department's (`dept`)."""
        reader = await self._open(login, of, how="rest")
        wanted = terms(q, self._numbers, self._country_code)
        if q.strip() and not wanted:
            return Page(entries=(), next=None)
        limit = max(1, min(limit, MOST_AT_ONCE))
        found: list[wire.Entry] = []
        looked = 0
        while True:
            at_once = SEARCHED_AT_ONCE if wanted else limit + 1
            rows = await self._store.page(reader, self._narrowed(reader, filters), after=after, limit=at_once)
            for row in rows:
                if len(found) == limit:
                    return Page(entries=tuple(found), next=after)
                entry, after = self._entries.entry(row, login, reader), row.call_id
                if has(entry, wanted):
                    found.append(entry)
            looked += len(rows)
            if len(rows) < at_once:
                return Page(entries=tuple(found), next=None)
            if looked >= MOST_SEARCHED:
                return Page(entries=tuple(found), next=after)

    async def missed(self, login: str, of: str, filters: Filters) -> list[Group]:
        """Return missed calls by who called."""
        reader = await self._open(login, of, how="rest")
        return groups([one async for one in self._each(login, reader, filters, most=MOST_SEARCHED)])

    async def own(self, login: str, filters: Filters) -> AsyncIterator[wire.Entry]:
        """Yield all of a person's own calls, newest first."""
        async for entry in self._each(login, await self._open(login, "self", how="rest"), filters):
            yield entry

    # ---- Changing

    async def done(self, login: str, id_: str) -> wire.Entry:
        """Say that nothing is left to do about a missed call; who said so first stands there."""
        row, reader = await self._one(login, id_)
        if not row.unanswered:
            raise BadRequestError("Only a missed call can be done.")
        change = await self._store.done(id_, self._now(), by=login, department=self._rules.department_of(login))
        self.told(change)
        return self._entries.entry(shown(change.after, reader) or row, login, reader)

    async def change(self, login: str, id_: str, patch: Patch) -> wire.Entry:
        """Write a note about a call of one's own, or keep it from the department."""
        reader = Reader(login=login)
        if shown(await self._store.of_call(id_), reader) is None or not self._rules.on:
            raise NotFoundError("There is no such call in your journal.")
        values: dict[str, Any] = {}
        if patch.note is not UNSET:
            values["note"] = (patch.note or "").strip() or None
        if patch.private is not UNSET:
            values["private"] = patch.private
        if values:
            change = await self._store.change(id_, login, values)
            self.told(change)
            row = shown(change.after, reader)
        else:
            row = shown(await self._store.of_call(id_), reader)
        if row is None:
            raise NotFoundError("There is no such call in your journal any more.")
        return self._entries.entry(row, login, reader)

    def ops(self) -> Mapping[str, Op]:
        """Return what clients may ask for over the websocket."""
        return {"journal.done": Op("events", self._done)}

    # ---- Following

    def may_follow(self, login: str, topic: str) -> bool:
        """Whether this person may follow a topic."""
        if not self._rules.on or self._people.by_login(login) is None:
            return False
        department = self._rules.department_of(login)
        return topic == OWN or (department is not None and topic == DEPARTMENT + department)

    def offers(self, login: str) -> Sequence[str]:
        """Return the journal of the department, where this person may follow it."""
        department = self._rules.department_of(login) if self._rules.on else None
        return () if department is None else (DEPARTMENT + department,)

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        """Say from which `seq` on changes are told; what a journal holds is asked for over HTTP."""
        if topic != OWN:
            self._audit.notice(who=login, did="follow", whose=topic.removeprefix(DEPARTMENT), how="websocket")
        return wire.Snapshot(topic=topic, seq=seq, prev=seq)

    def told(self, change: Change) -> None:
        """Tell all whom it concerns that calls have changed; answers from memory, at once."""
        before, after = _by_call(change.before), _by_call(change.after)
        for call in {**before, **after}:
            old, new = before.get(call, ()), after.get(call, ())
            for reader in dict.fromkeys(_readers((*old, *new), shared=self._rules.shared)):
                was, now = self._shown(old, reader), self._shown(new, reader)
                if now is not None or was is not None:
                    self._tell(reader, now, was)

    def _tell(self, reader: Reader, now: Kept | None, was: Kept | None) -> None:
        if reader.login is not None:
            topic, logins = OWN, [reader.login]
        else:
            topic = f"{DEPARTMENT}{reader.department}"
            logins = [person.login for person in self._people.by_department(reader.department or "")]
        for login in logins:
            entry = self._entries.entry(now, login, reader) if now is not None else gone(was) if was else None
            if entry is not None:
                self._hub.publish(topic, "journal.changed", "entry", entry, key=f"{topic} {entry.id}", login=login)

    # ---- What is stored, and erasing it

    async def kinds(self, login: str) -> Sequence[Kind]:
        """Return what is kept of somebody's calls, for how long and for whom, as it is configured now."""
        counts = await self._store.counts(login)
        found = []
        for way in ("internal", "external"):
            for ending in ("answered", "missed"):
                seen = self._rules.shared and (ending == "missed" or not self._rules.only_missed)
                found.append(
                    Kind(
                        what=f"calls.{way}.{ending}",
                        count=counts[f"{way}.{ending}"],
                        kept_days=self._rules.kept_for(way, ending),
                        for_whom="department" if seen else "self",
                    )
                )
        private = Kind(
            what="calls.private",
            count=counts["private"],
            kept_days=self._rules.kept_for("private"),
            for_whom="self",
        )
        return [*found, private, Kind(what="notes", count=counts["notes"], kept_days=None, for_whom="self")]

    async def forget(self, login: str) -> None:
        """Delete all that is kept of somebody's calls, and take it from the screens of the department."""
        self.told(await self._store.erase(login))

    # ---- How

    async def _done(self, asked: Asked) -> wire.Entry:
        return await self.done(asked.login, asked.read(ById).id)

    async def _open(self, login: str, of: str, *, how: str) -> Reader:
        """Return whose journal is meant, once it is allowed and written down."""
        if not self._rules.on:
            raise NotAllowedError("There is no journal in this house.")
        if of == "self":
            return Reader(login=login)
        department = self._rules.department_of(login) if of == "dept" else None
        if department is None:
            raise NotAllowedError("Nobody may read another's journal; departments read theirs where it is configured.")
        await self._audit.record(who=login, did="read", whose=department, how=how)
        return Reader(department=department)

    async def _one(self, login: str, id_: str) -> tuple[Kept, Reader]:
        """Find one call in what this person may read: in their own journal first."""
        rows = await self._store.of_call(id_) if self._rules.on else ()
        for reader in (Reader(login=login), Reader(department=self._rules.department_of(login))):
            if (row := self._shown(rows, reader)) is not None:
                return row, reader
        raise NotFoundError("There is no such call in your journal.")

    def _shown(self, rows: Sequence[Kept], reader: Reader) -> Kept | None:
        row = shown(rows, reader)
        hidden = row is not None and reader.login is None and self._rules.only_missed and not row.unanswered
        return None if hidden else row

    def _narrowed(self, reader: Reader, filters: Filters) -> Filters:
        """Leave to a department what it is shown."""
        if reader.login is None and self._rules.only_missed:
            return Filters(**{**{name: getattr(filters, name) for name in filters.__struct_fields__}, "missed": True})
        return filters

    async def _each(
        self, login: str, reader: Reader, filters: Filters, *, most: int | None = None
    ) -> AsyncIterator[wire.Entry]:
        after, count = None, 0
        while most is None or count < most:
            rows = await self._store.page(reader, self._narrowed(reader, filters), after=after, limit=SEARCHED_AT_ONCE)
            for row in rows:
                yield self._entries.entry(row, login, reader)
            if len(rows) < SEARCHED_AT_ONCE:
                return
            after, count = rows[-1].call_id, count + len(rows)


def _by_call(rows: Iterable[Kept]) -> dict[str, list[Kept]]:
    found: dict[str, list[Kept]] = {}
    for row in rows:
        found.setdefault(row.call_id, []).append(row)
    return found


def _readers(rows: Iterable[Kept], *, shared: bool) -> Iterable[Reader]:
    """Name all journals that a call may stand in."""
    for row in rows:
        if row.login is not None:
            yield Reader(login=row.login)
        if shared and row.department is not None:
            yield Reader(department=row.department)
