"""The audit log, and whatever any table holds of one person, in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, delete, func, insert, or_, select, tuple_, update

from ami_bridge.db.database import Database, read
from ami_bridge.db.tables import audit, books, contacts, devices, journal, metadata, people, rooms
from ami_bridge.errors import NotFoundError
from ami_bridge.privacy.model import Looked

MOST_AT_ONCE = 500
SECRET = (bytes,)
"""Hashes and sealed passwords: they say nothing to anybody, and must not leave."""
OWN = "owner:"
"""How the scope of somebody's own address books begins."""


class AuditStore:
    """Entries are added and read; triggers refuse everything else for a year."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, entries: Sequence[Looked]) -> None:
        """Keep these entries."""
        if entries:
            await self._db.run(insert(audit).values([msgspec.structs.asdict(one) for one in entries]))

    async def page(self, *, after: str | None = None, limit: int = MOST_AT_ONCE) -> list[Looked]:
        """One page, newest first; `after` is the id of the last entry one has."""
        wanted = select(audit).order_by(audit.c.at.desc(), audit.c.id.desc())
        if after is not None:
            last = await self._db.rows(select(audit.c.at, audit.c.id).where(audit.c.id == after))
            if not last:
                raise NotFoundError("There is no such entry.")
            wanted = wanted.where(tuple_(audit.c.at, audit.c.id) < tuple_(last[0].at, last[0].id))
        rows = await self._db.rows(wanted.limit(max(1, min(limit, MOST_AT_ONCE))))
        return [read(row, Looked) for row in rows]

    async def purge(self, before: datetime) -> int:
        """Delete what is older; the database itself refuses where that is less than a year."""
        return await self._db.run(delete(audit).where(audit.c.at < before))


class PersonalStore:
    """Everything that belongs to one person: in all tables that have a `login`, and what else is known to be theirs."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def counts(self, login: str) -> dict[str, int]:
        """Return how many rows of each table are about somebody."""
        found = {}
        async with self._db.transaction() as transaction:
            for name, (table, theirs) in _about(login).items():
                rows = await transaction.rows(select(func.count()).select_from(table).where(theirs))
                found[name] = int(rows[0][0])
        return found

    async def everything(self, login: str) -> dict[str, list[dict[str, Any]]]:
        """Return all rows that are about somebody, without hashes and sealed passwords."""
        found = {}
        async with self._db.transaction() as transaction:
            for name, (table, theirs) in _about(login).items():
                rows = await transaction.rows(select(table).where(theirs))
                found[name] = [_told(row) for row in rows]
            mine = await transaction.rows(select(people.c.extensions).where(people.c.login == login))
            extensions = [extension for row in mine for extension in row.extensions]
            rows = await transaction.rows(select(devices).where(devices.c.extension.in_(extensions)))
            found["devices"] = [_told(row) for row in rows]
            rows = await transaction.rows(
                select(journal.c.call_id, journal.c.done_at).where(journal.c.done_by == login)
            )
            found["done"] = [_told(row) for row in rows]
        return found

    async def erase(self, login: str) -> dict[str, int]:
        """Delete all rows that are somebody's, in every file; returns how many by table.

        What stays: the copy of the staff book's card, which the next look would bring back, and the audit log.
        """
        gone = {}
        async with self._db.transaction() as transaction:
            for name, (table, theirs) in _about(login).items():
                if name not in {"people", "audit", "contacts"}:
                    gone[name] = await transaction.run(delete(table).where(theirs))
            own = select(books.c.id).where(books.c.scope == OWN + login)
            gone["contacts"] = await transaction.run(delete(contacts).where(contacts.c.book.in_(own)))
            await transaction.run(delete(books).where(books.c.scope == OWN + login))
            by_them = update(journal).where(journal.c.done_by == login)
            gone["done"] = await transaction.run(by_them.values(done_by=None))
        await self._db.rewrite()
        await self._db.forget_copies()
        return {name: number for name, number in gone.items() if number}


def _about(login: str) -> dict[str, tuple[Table, ColumnElement[bool]]]:
    """Return every table that holds something of somebody, and which rows those are."""
    found: dict[str, tuple[Table, ColumnElement[bool]]] = {
        name: (table, table.c.login == login) for name, table in metadata.tables.items() if "login" in table.c
    }
    own = select(books.c.id).where(books.c.scope == OWN + login)
    found["contacts"] = contacts, contacts.c.book.in_(own)
    found["rooms"] = rooms, rooms.c.owner == login
    found["audit"] = audit, or_(audit.c.who == login, audit.c.whose == login)
    return found


def _told(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of any table
    return {name: value for name, value in row._asdict().items() if not isinstance(value, SECRET)}
