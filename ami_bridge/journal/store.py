"""Finished calls in the database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from ami_bridge.db.database import Database, read
from ami_bridge.db.tables import journal
from ami_bridge.journal.model import JournalRow

MOST_AT_ONCE = 200
"""Rows a list answers with at most, and rows that one transaction writes or deletes."""


class JournalStore:
    """The journal: written when calls end, read by page, emptied by age."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, rows: Sequence[JournalRow]) -> None:
        """Keep these rows; one with a known id replaces it, for a call may end for somebody and come back."""
        for start in range(0, len(rows), MOST_AT_ONCE):
            batch = [_values(row) for row in rows[start : start + MOST_AT_ONCE]]
            insert = postgresql.insert if self._db.dialect == "postgresql" else sqlite.insert
            new = insert(journal).values(batch)
            newer = {name: new.excluded[name] for name in batch[0] if name != "id"}
            await self._db.run(new.on_conflict_do_update(index_elements=["id"], set_=newer))

    async def remove(self, ids: Collection[str]) -> None:
        """Forget these rows, where they are kept."""
        await self._db.run(delete(journal).where(journal.c.id.in_(ids)))

    async def purge(self, before: datetime) -> int:
        """Delete calls that ended before this time, in small batches; returns how many."""
        gone = 0
        while True:
            old = select(journal.c.id).where(journal.c.ended_at < before).limit(MOST_AT_ONCE)
            deleted = await self._db.run(delete(journal).where(journal.c.id.in_(old)))
            gone += deleted
            if deleted < MOST_AT_ONCE:
                break
        if gone:
            await self._db.forget_deleted()
        return gone

    async def of(
        self, extensions: Collection[str], limit: int = 50, after: str | None = None, *, pbx_id: str | None = None
    ) -> list[JournalRow]:
        """One page of the calls of these extensions, newest first; `after` is the id of the last row one has."""
        wanted = select(journal).where(journal.c.extension.in_(extensions))
        if pbx_id is not None:
            wanted = wanted.where(journal.c.pbx_id == pbx_id)
        if after is not None:
            last = await self._db.rows(select(journal.c.started_at, journal.c.id).where(journal.c.id == after))
            if not last:
                return []
            here = tuple_(journal.c.started_at, journal.c.id)
            wanted = wanted.where(here < tuple_(last[0].started_at, last[0].id))
        wanted = wanted.order_by(journal.c.started_at.desc(), journal.c.id.desc())
        found = await self._db.rows(wanted.limit(max(1, min(limit, MOST_AT_ONCE))))
        return [read(row, JournalRow) for row in found]


def _values(row: JournalRow) -> dict[str, Any]:
    return msgspec.structs.asdict(row)
