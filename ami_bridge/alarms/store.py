"""Alarms, their attempts and their log in the database. Whatever changes an alarm is one transaction with its log."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, structs
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from ami_bridge.alarms.chain import chained, data_of
from ami_bridge.alarms.model import Alarm, Attempt, LogEntry
from ami_bridge.db.database import Database, Transaction, read
from ami_bridge.db.tables_alarms import alarm_log, alarm_log_head, alarm_once, alarm_outbox, alarms, attempts, leases
from ami_bridge.errors import NotReachableError

LEASE = "alarms"
AT_ONCE = 100
"""Alarms changed in one transaction, for which others wait."""
TIMES = 3
_NESTED = frozenset({"values", "changes", "taken_over", "acknowledged", "reset", "overlay_by", "plan", "targets"})
_OPEN = alarms.c.closed_at.is_(None)


class Letter(Struct, frozen=True, kw_only=True):
    """Something to be told by an output, until it is told."""

    id: str
    output: str
    body: bytes
    created: datetime
    due: datetime
    tries: int = 0


class Change(Struct, frozen=True, kw_only=True):
    """What becomes of an alarm: all of it is kept, or nothing."""

    alarm: Alarm
    new: tuple[Attempt, ...] = ()
    changed: tuple[Attempt, ...] = ()
    log: tuple[LogEntry, ...] = ()
    letters: tuple[Letter, ...] = ()


class Fence(Struct, frozen=True, kw_only=True):
    """Only who holds the lease with this epoch may ring."""

    holder: str
    epoch: int


Decide = Callable[[Alarm, Sequence[Attempt]], Change | None]
"""Decides within the transaction, from the row as it is now; None: nothing is to be done."""


class Due(Struct, frozen=True, kw_only=True):
    """An alarm that wants a decision, with what its place in the queue depends on."""

    id: str
    source: str
    priority: int
    test: bool
    raised_at: datetime
    cleared_call: str


class Work:
    """One transaction about alarms; logs and letters are written at its end, in the order of what happened."""

    def __init__(self, transaction: Transaction, dialect: str) -> None:
        self.transaction = transaction
        self._dialect = dialect
        self._log: list[LogEntry] = []
        self._letters: list[Letter] = []

    async def get(self, *ids: str) -> list[tuple[Alarm, list[Attempt]]]:
        """Return these alarms, each with its live attempts, and keep others from changing them meanwhile."""
        mine = select(alarms).where(alarms.c.id.in_(ids)).order_by(alarms.c.id).with_for_update()
        rows = await self.transaction.rows(mine)
        live: dict[str, list[Attempt]] = {row.id: [] for row in rows}
        theirs = select(attempts).where(attempts.c.alarm.in_(ids), attempts.c.ended_at.is_(None))
        for row in await self.transaction.rows(theirs):
            live[row.alarm].append(read(row, Attempt))
        return [(read(row, Alarm), live[row.id]) for row in rows]

    async def first_time(self, name: str, now: datetime) -> bool:
        """Whether a report of this name is taken for the first time; from now on it was."""
        new = (postgresql.insert if self._dialect == "postgresql" else sqlite.insert)(alarm_once)
        return await self.transaction.run(new.values(name=name, taken_at=now).on_conflict_do_nothing()) == 1

    async def apply_all(self, changes: Sequence[tuple[Alarm, Change]]) -> None:
        """Carry out changes of alarms that are kept from others, and of nothing but them."""
        if not changes:
            return
        rows = [
            {**row_of(structs.replace(change.alarm, turn=seen.turn + 1)), "its": seen.id} for seen, change in changes
        ]
        await self.transaction.many(update(alarms).where(alarms.c.id == bindparam("its")), rows)
        for _, change in changes:
            self.note(change)

    async def apply(self, seen: Alarm, change: Change) -> bool:
        """Carry out a change of an alarm as it was seen; False if it is another one by now."""
        row = row_of(structs.replace(change.alarm, turn=seen.turn + 1))
        its = update(alarms).where(alarms.c.id == seen.id, alarms.c.turn == seen.turn)
        if await self.transaction.run(its.values(row)) != 1:
            return False
        for attempt in change.changed:
            values = structs.asdict(attempt)
            await self.transaction.run(
                update(attempts).where(attempts.c.id == attempt.id, attempts.c.ended_at.is_(None)).values(values)
            )
        if change.new:
            await self.transaction.run(insert(attempts).values([structs.asdict(one) for one in change.new]))
        self.note(change)
        return True

    def note(self, change: Change) -> None:
        """Have written what a change says to the log and to outputs."""
        self._log += change.log
        self._letters += change.letters

    def log(self, *entries: LogEntry) -> None:
        """Note more lines of the log."""
        self._log += entries

    async def finish(self) -> None:
        """Write what is to be logged and told."""
        if self._letters:
            await self.transaction.many(insert(alarm_outbox), [structs.asdict(one) for one in self._letters])
        if not self._log:
            return
        # Last of all, and held until the commit: whoever comes next chains to what is written here.
        await self.transaction.run(
            (postgresql.insert if self._dialect == "postgresql" else sqlite.insert)(alarm_log_head)
            .values(id=1, seq=0, hash="", first_seq=1, first_prev="")
            .on_conflict_do_nothing()
        )
        head = (await self.transaction.rows(select(alarm_log_head).where(alarm_log_head.c.id == 1).with_for_update()))[
            0
        ]
        lines = chained(self._log, head.seq, head.hash)
        rows = [{**structs.asdict(line), "data": data_of(line)} for line in lines]
        await self.transaction.many(insert(alarm_log), rows)
        await self.transaction.run(
            update(alarm_log_head).where(alarm_log_head.c.id == 1).values(seq=lines[-1].seq, hash=lines[-1].hash)
        )


class AlarmStore:
    """What the engine, the intake and the desk keep and find."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def work(self, do: Callable[[Work], Any]) -> Any:  # noqa: ANN401 - whatever `do` returns
        """Do something in one transaction; it is on the disk when this returns.

        Done again where another instance was quicker with the same: it is seen then. `do` must allow for that.
        """
        for left in reversed(range(TIMES)):
            try:
                async with self._db.transaction() as transaction:
                    work = Work(transaction, self._db.dialect)
                    result = await do(work)
                    await work.finish()
                    return result
            except IntegrityError:
                if not left:
                    raise
        return None

    async def note(self, entry: LogEntry) -> None:
        """Add a line to the log that is of no alarm."""

        async def do(work: Work) -> None:
            work.log(entry)

        await self.work(do)

    async def change(self, id_: str, decide: Decide, fence: Fence | None = None) -> Change | None:
        """Let `decide` say what becomes of an alarm, and do that; None where nothing is to be done.

        With a fence it is done only by who holds the lease; raises NotReachableError for whoever lost it.
        """

        async def do(work: Work) -> Change | None:
            if fence is not None:
                held = select(leases.c.epoch).where(leases.c.name == LEASE, leases.c.holder == fence.holder)
                rows = await work.transaction.rows(held.with_for_update(read=True))
                if not rows or rows[0].epoch != fence.epoch:
                    raise NotReachableError("another instance rings for alarms now")
            for seen, live in await work.get(id_):
                change = decide(seen, live)
                if change is not None and await work.apply(seen, change):
                    return structs.replace(change, alarm=structs.replace(change.alarm, turn=seen.turn + 1))
            return None

        result: Change | None = await self.work(do)
        return result

    async def change_many(self, ids: Sequence[str], decide: Decide) -> None:
        """Let `decide` say what becomes of each of these alarms itself, some hundred in one transaction."""
        for start in range(0, len(ids), AT_ONCE):
            part = ids[start : start + AT_ONCE]

            async def do(work: Work, part: Sequence[str] = part) -> None:
                decided = [(seen, decide(seen, live)) for seen, live in await work.get(*part)]
                await work.apply_all([(seen, change) for seen, change in decided if change is not None])

            await self.work(do)

    # -- reading ------------------------------------------------------------------------------------------------------

    async def get(self, id_: str) -> Alarm | None:
        """Return one alarm."""
        rows = await self._db.rows(select(alarms).where(alarms.c.id == id_))
        return read(rows[0], Alarm) if rows else None

    async def open(self, since: datetime) -> list[Alarm]:
        """Return all that are open or were closed since, oldest first."""
        wanted = select(alarms).where(_OPEN | (alarms.c.closed_at >= since)).order_by(alarms.c.raised_at, alarms.c.id)
        return [read(row, Alarm) for row in await self._db.rows(wanted)]

    async def some(self, ids: Sequence[str]) -> list[Alarm]:
        """Return these, as far as they are there."""
        rows = await self._db.rows(select(alarms).where(alarms.c.id.in_(ids)))
        return [read(row, Alarm) for row in rows]

    async def closed(self, *, after: str | None, limit: int) -> list[Alarm]:
        """Return closed ones, newest first; `after` is the id of the last one has."""
        wanted = select(alarms).where(alarms.c.closed_at.is_not(None)).order_by(alarms.c.id.desc()).limit(limit)
        if after is not None:
            wanted = wanted.where(alarms.c.id < after)
        return [read(row, Alarm) for row in await self._db.rows(wanted)]

    async def attempt(self, id_: str) -> Attempt | None:
        """Return one attempt."""
        rows = await self._db.rows(select(attempts).where(attempts.c.id == id_))
        return read(rows[0], Attempt) if rows else None

    async def attempts_of(self, ids: Sequence[str], most: int = 50) -> dict[str, list[Attempt]]:
        """Return the newest attempts of each of these alarms, newest first."""
        found: dict[str, list[Attempt]] = {}
        for start in range(0, len(ids), 500):
            wanted = select(attempts).where(attempts.c.alarm.in_(ids[start : start + 500]))
            for row in await self._db.rows(wanted.order_by(attempts.c.claimed_at.desc(), attempts.c.id.desc())):
                mine = found.setdefault(row.alarm, [])
                if len(mine) < most:
                    mine.append(read(row, Attempt))
        return found

    async def live(self) -> list[Attempt]:
        """Return all attempts that nobody has said the end of."""
        rows = await self._db.rows(select(attempts).where(attempts.c.ended_at.is_(None)))
        return [read(row, Attempt) for row in rows]

    async def due(self, now: datetime) -> list[Due]:
        """Return the alarms whose time has come, and that call for themselves."""
        wanted = select(
            alarms.c.id, alarms.c.source, alarms.c.priority, alarms.c.test, alarms.c.raised_at, alarms.c.cleared_call
        ).where(_OPEN, alarms.c.next_at <= now, alarms.c.bundle.is_(None))
        return [read(row, Due) for row in await self._db.rows(wanted)]

    # -- floods -------------------------------------------------------------------------------------------------------

    async def postpone_bundled(self, now: datetime, until: datetime) -> int:
        """Let bundled ones whose leader still calls wait on; returns how many."""
        leader = alarms.alias()
        calls = (
            select(leader.c.id)
            .where(leader.c.id == alarms.c.bundle, leader.c.closed_at.is_(None))
            .where((leader.c.overlay == "") | (leader.c.overlay == alarms.c.overlay))
            .where(leader.c["acknowledged"].is_(None), leader.c.taken_over.is_(None))
            .exists()
        )
        its = update(alarms).where(_OPEN, alarms.c.bundle.is_not(None), alarms.c.next_at <= now, calls)
        return await self._db.run(its.values(next_at=until))

    async def bundled(self, leader: str, before: datetime) -> list[str]:
        """Return the open alarms that were told with this one before a time."""
        wanted = select(alarms.c.id).where(alarms.c.bundle == leader, _OPEN, alarms.c.raised_at <= before)
        return [row.id for row in await self._db.rows(wanted.order_by(alarms.c.raised_at, alarms.c.id))]

    async def hasten_bundled(self, leader: str, now: datetime) -> None:
        """Let those that are still told with this one have their turn now."""
        mine = (alarms.c.bundle == leader) & _OPEN & (alarms.c.next_at > now)
        await self._db.run(update(alarms).where(mine).values(next_at=now))

    async def orphans(self, now: datetime) -> list[str]:
        """Return the leaders that call no more, but with which open alarms are still told."""
        wanted = select(alarms.c.bundle).where(_OPEN, alarms.c.bundle.is_not(None), alarms.c.next_at <= now).distinct()
        return [row.bundle for row in await self._db.rows(wanted)]

    async def rebundle(self, leader: str, now: datetime, until: datetime) -> str | None:
        """Let the first of those that were told with `leader` call for itself, and the others be told with it."""

        async def do(work: Work) -> str | None:
            mine = (alarms.c.bundle == leader) & _OPEN
            first = (
                select(alarms.c.id)
                .where(mine)
                .order_by(alarms.c.priority, alarms.c.raised_at, alarms.c.id)
                .limit(1)
                .with_for_update()
            )
            rows = await work.transaction.rows(first)
            if not rows:
                return None
            new = str(rows[0].id)
            more = await work.transaction.run(
                update(alarms).where(mine, alarms.c.id != new).values(bundle=new, next_at=until)
            )
            await work.transaction.run(
                update(alarms)
                .where(alarms.c.id == new)
                .values(bundle=None, bundled=more, next_at=now, why="raised", turn=alarms.c.turn + 1)
            )
            work.log(LogEntry(at=now, actor="engine", kind="unbundled", alarm=new, data={"bundled": more}))
            return new

        result: str | None = await self.work(do)
        return result


def row_of(alarm: Alarm) -> Mapping[str, object]:
    """Return an alarm as its row has it."""
    return {
        name: msgspec.to_builtins(value) if name in _NESTED else value for name, value in structs.asdict(alarm).items()
    }
