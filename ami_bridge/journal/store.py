"""Finished calls in the database."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from ami_bridge.db.database import Database, Transaction, read
from ami_bridge.db.tables import journal, notices
from ami_bridge.errors import NotFoundError
from ami_bridge.journal.hours import Began
from ami_bridge.journal.model import UNANSWERED, Change, Filters, Kept, Notice, Reader
from ami_bridge.journal.rules import Limits

MOST_AT_ONCE = 200
"""Rows a list answers with at most, and rows that one transaction writes or deletes."""
MOST_NAMED = 1000
"""Calls that one statement names."""
STAYS = frozenset({"id", "note", "private", "done_by", "done_at", "rev"})
"""What a call that ends once more does not overwrite."""


class JournalStore:
    """The journal: written when calls end, read by people, emptied by age."""

    def __init__(self, db: Database, *, new_notice: Callable[[Kept], Notice | None] | None = None) -> None:
        """`new_notice` says what is to be told of a call elsewhere, to be kept together with it."""
        self._db = db
        self._new_notice = new_notice

    # ---- Writing

    async def add(self, rows: Sequence[Kept]) -> Change:
        """Keep these rows; one with a known id replaces it, for a call may end for somebody and come back."""
        before: list[Kept] = []
        after: list[Kept] = []
        for start in range(0, len(rows), MOST_AT_ONCE):
            batch = rows[start : start + MOST_AT_ONCE]
            calls = {row.call_id for row in batch}
            async with self._db.transaction() as transaction:
                there = await _of_calls(transaction, calls)
                await transaction.run(self._insert(batch))
                await self._add_notices(transaction, batch)
                await _count_up(transaction, {row.call_id for row in there})
                before += there
                after += await _of_calls(transaction, calls)
        return Change(before, after)

    async def remove(self, calls: Collection[tuple[str, str]]) -> Change:
        """Forget what these extensions had of these calls, each a call's id and the extension."""
        its = tuple_(journal.c.call_id, journal.c.extension).in_(list(calls))
        ids = {call for call, _ in calls}
        async with self._db.transaction() as transaction:
            before = await _of_calls(transaction, ids)
            await transaction.run(delete(journal).where(its))
            return Change(before, await _changed(transaction, ids))

    async def called_back(self, number: str, at: datetime, *, by: str, department: str | None) -> Change:
        """Note that somebody has reached this number: calls from there that were missed before are done."""
        theirs = _or(Reader(login=by), Reader(department=department) if department else None)
        missed = and_(theirs, _is_open(), journal.c.peer_number == number, journal.c.started_at < at)
        return await self._done(missed, by=by, at=at)

    async def done(self, call_id: str, at: datetime, *, by: str, department: str | None) -> Change:
        """Note that nothing is left to do about a missed call, for this person and the department."""
        theirs = _or(Reader(login=by), Reader(department=department) if department else None)
        return await self._done(and_(theirs, _is_open(), journal.c.call_id == call_id), by=by, at=at)

    async def change(self, call_id: str, login: str, values: dict[str, Any]) -> Change:
        """Change what a person has written about a call of theirs."""
        mine = and_(journal.c.call_id == call_id, journal.c.login == login)
        async with self._db.transaction() as transaction:
            before = await _of_calls(transaction, [call_id])
            await transaction.run(update(journal).where(mine).values(**values))
            return Change(before, await _changed(transaction, [call_id]))

    async def erase(self, login: str) -> Change:
        """Delete all that is kept of somebody's calls."""
        mine = journal.c.login == login
        async with self._db.transaction() as transaction:
            calls = {row.call_id for row in await transaction.rows(select(journal.c.call_id).where(mine))}
            before = await _of_calls(transaction, calls)
            await transaction.run(delete(journal).where(mine))
            return Change(before, await _changed(transaction, calls))

    async def purge(self, limits: Limits) -> int:
        """Delete what is too old, in small batches; returns how many."""
        gone = 0
        while True:
            old = select(journal.c.id).where(_is_over(limits)).limit(MOST_AT_ONCE)
            deleted = await self._db.run(delete(journal).where(journal.c.id.in_(old)))
            gone += deleted
            if deleted < MOST_AT_ONCE:
                break
        if gone:
            await self._db.forget_deleted()
        return gone

    # ---- Reading

    async def page(self, reader: Reader, filters: Filters, *, after: str | None = None, limit: int = 50) -> list[Kept]:
        """One page of a journal, newest first, each call once; `after` is the id of the last call one has.

        Raises NotFoundError where that call is in this journal no more.
        """
        of_it = _belongs(journal, reader, private=filters.private)
        other = journal.alias()
        better = exists().where(
            _belongs(other, reader, private=filters.private),
            other.c.call_id == journal.c.call_id,
            tuple_(_rank(other), other.c.id) < tuple_(_rank(journal), journal.c.id),
        )
        its = and_(of_it, ~better)
        wanted = select(journal).where(its, *_filtered(filters))
        if after is not None:
            last = await self._db.rows(
                select(journal.c.started_at, journal.c.id).where(its, journal.c.call_id == after)
            )
            if not last:
                raise NotFoundError("This call is not in the journal any more; read it from its beginning.")
            wanted = wanted.where(tuple_(journal.c.started_at, journal.c.id) < tuple_(last[0].started_at, last[0].id))
        return await self._kept(
            wanted.order_by(journal.c.started_at.desc(), journal.c.id.desc()).limit(max(1, min(limit, MOST_AT_ONCE)))
        )

    async def of_call(self, call_id: str) -> list[Kept]:
        """Return all rows of one call."""
        return await self._kept(select(journal).where(journal.c.call_id == call_id))

    async def counts(self, login: str) -> dict[str, int]:
        """Return how many calls of each kind, and how many notes, are kept of somebody."""
        open_ = journal.c.private.is_(False)
        counted = {"private": journal.c.private, "notes": journal.c.note.is_not(None)}
        for way, internal in (("internal", _is_internal()), ("external", ~_is_internal())):
            counted[f"{way}.answered"] = and_(open_, internal, _is_answered())
            counted[f"{way}.missed"] = and_(open_, internal, ~_is_answered())
        columns = [func.count(case((which, 1))).label(name) for name, which in counted.items()]
        found = await self._db.rows(select(*columns).where(journal.c.login == login))
        return dict(zip(counted, found[0], strict=True))

    # ---- How

    async def began(self, since: datetime) -> list[Began]:
        """Return what began since then, and of whom nothing, for counting; private calls are not counted."""
        columns = (journal.c.call_id, journal.c.direction, journal.c.result, journal.c.started_at)
        lately = (journal.c.ended_at >= since, journal.c.started_at >= since)
        wanted = select(*columns).where(*lately, journal.c.private.is_(False))
        return [read(row, Began) for row in await self._db.rows(wanted)]

    async def _add_notices(self, transaction: Transaction, rows: Sequence[Kept]) -> None:
        """Keep what is to be told of these calls elsewhere, together with them, so that none is told of and lost."""
        new = [notice for row in rows if self._new_notice and (notice := self._new_notice(row))]
        if new:
            insert = self._inserts(notices).values([msgspec.structs.asdict(one) for one in new])
            await transaction.run(insert.on_conflict_do_nothing(index_elements=["call_id", "department"]))

    def _inserts(self, table: Any) -> Any:  # noqa: ANN401 - each dialect has its own class, of the same form
        return (postgresql.insert if self._db.dialect == "postgresql" else sqlite.insert)(table)

    def _insert(self, batch: Sequence[Kept]) -> Any:  # noqa: ANN401
        values = [msgspec.structs.asdict(row) for row in batch]
        new = self._inserts(journal).values(values)
        newer = {name: new.excluded[name] for name in values[0] if name not in STAYS}
        newer["note"] = func.coalesce(new.excluded.note, journal.c.note)
        newer["private"] = or_(new.excluded.private, journal.c.private)
        return new.on_conflict_do_update(index_elements=["id"], set_=newer)

    async def _done(self, which: ColumnElement[bool], *, by: str, at: datetime) -> Change:
        async with self._db.transaction() as transaction:
            calls = {row.call_id for row in await transaction.rows(select(journal.c.call_id).where(which))}
            before = await _of_calls(transaction, calls)
            if not calls:
                return Change()
            await transaction.run(update(journal).where(which).values(done_by=by, done_at=at))
            return Change(before, await _changed(transaction, calls))

    async def _kept(self, wanted: Select[Any]) -> list[Kept]:
        return [read(row, Kept) for row in await self._db.rows(wanted)]


class NoticeStore:
    """Missed calls that are to be told elsewhere, until they are."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def due(self, now: datetime, *, limit: int = MOST_AT_ONCE) -> list[Notice]:
        """Return what is to be told by now, the oldest first."""
        wanted = select(notices).where(notices.c.due <= now).order_by(notices.c.due, notices.c.id).limit(limit)
        return [read(row, Notice) for row in await self._db.rows(wanted)]

    async def later(self, notice: Notice, due: datetime, *, tries: int) -> bool:
        """Put it off, unless somebody else has dealt with it; says whether that is so."""
        same = and_(notices.c.id == notice.id, notices.c.tries == notice.tries)
        return await self._db.run(update(notices).where(same).values(due=due, tries=tries)) == 1

    async def drop(self, notice: Notice) -> None:
        """Forget it: it is told, or nothing is left to tell."""
        await self._db.run(delete(notices).where(notices.c.id == notice.id))


async def _of_calls(transaction: Transaction, calls: Iterable[str]) -> list[Kept]:
    found: list[Kept] = []
    for some in _batches(calls):
        wanted = select(journal).where(journal.c.call_id.in_(some))
        found += [read(row, Kept) for row in await transaction.rows(wanted)]
    return found


async def _changed(transaction: Transaction, calls: Collection[str]) -> list[Kept]:
    """Return the rows of these calls after a change."""
    await _count_up(transaction, calls)
    return await _of_calls(transaction, calls)


async def _count_up(transaction: Transaction, calls: Collection[str]) -> None:
    """Give all rows of these calls a higher `rev`: a reader is shown now this one of them, now that."""
    other = journal.alias()
    highest = select(func.max(other.c.rev) + 1).where(other.c.call_id == journal.c.call_id).scalar_subquery()
    for some in _batches(calls):
        await transaction.run(update(journal).where(journal.c.call_id.in_(some)).values(rev=highest))


def _batches(calls: Iterable[str]) -> Iterator[list[str]]:
    """Give the calls in pieces: a statement takes 32,767 values at most, and somebody has more in a quarter."""
    ordered = sorted(calls)
    for start in range(0, len(ordered), MOST_NAMED):
        yield ordered[start : start + MOST_NAMED]


def _belongs(table: FromClause, reader: Reader, *, private: bool) -> ColumnElement[bool]:
    """Say in SQL what `Reader.sees` says."""
    if reader.login is not None:
        mine = table.c.login == reader.login
        return and_(mine) if private else and_(mine, table.c.private.is_(False))
    whose = table.c.department
    return and_(whose.is_not(None), whose == reader.department, table.c.private.is_(False))


def _or(*readers: Reader | None) -> ColumnElement[bool]:
    return or_(*(_belongs(journal, reader, private=True) for reader in readers if reader is not None))


def _rank(table: FromClause) -> ColumnElement[int]:
    """Say in SQL what `model.rank` says."""
    return case((table.c.result == "answered", 0), (table.c.role == "callee", 1), else_=2)


def _is_unanswered() -> ColumnElement[bool]:
    return and_(journal.c.role == "callee", journal.c.result.in_(UNANSWERED))


def _is_open() -> ColumnElement[bool]:
    return and_(_is_unanswered(), journal.c.done_at.is_(None))


def _filtered(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.missed or filters.open:
        found.append(_is_open() if filters.open else _is_unanswered())
    if filters.direction is not None:
        found.append(journal.c.direction == filters.direction)
    if filters.result is not None:
        found.append(journal.c.result == filters.result)
    if filters.since is not None:
        found.append(journal.c.started_at >= filters.since)
    if filters.until is not None:
        found.append(journal.c.started_at < filters.until)
    return found


def _is_answered() -> ColumnElement[bool]:
    return journal.c.answered_at.is_not(None)


def _is_internal() -> ColumnElement[bool]:
    return journal.c.direction == "internal"


def _is_over(limits: Limits) -> ColumnElement[bool]:
    answered, internal, ended = _is_answered(), _is_internal(), journal.c.ended_at
    return or_(
        and_(answered, ended < limits.answered),
        and_(~answered, ended < limits.missed),
        and_(internal, ended < limits.internal),
        and_(~internal, ended < limits.external),
        and_(journal.c.private, ended < limits.private),
    )
