"""Maintenance in the database: one row a source, and in the same transaction what it does to open alarms."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec import structs
from sqlalchemy import delete, insert, select

from ami_bridge.alarms.maintenance import Maintenance, resumed, silenced
from ami_bridge.alarms.model import Alarm, LogEntry
from ami_bridge.alarms.raising import Done
from ami_bridge.alarms.store import AlarmStore, Change, Work
from ami_bridge.db.database import Database, read
from ami_bridge.db.tables_alarms import alarms, maintenance


async def under_way(work: Work, source: str, now: datetime) -> Maintenance | None:
    """Return the maintenance of a source, held until the commit: none ends between this look and what is made of it."""
    wanted = select(maintenance).where(maintenance.c.source == source, maintenance.c.until > now)
    rows = await work.transaction.rows(wanted.with_for_update(read=True))
    return read(rows[0], Maintenance) if rows else None


class MaintenanceStore:
    """What is kept of maintenance."""

    def __init__(self, db: Database, kept: AlarmStore) -> None:
        self._db = db
        self._kept = kept

    async def all(self) -> list[Maintenance]:
        """Return all that is under way, or has just come to its end by itself."""
        return [read(row, Maintenance) for row in await self._db.rows(select(maintenance))]

    async def begin(self, wanted: Maintenance) -> list[str]:
        """Begin it, or change its end; returns which alarms are others now."""

        async def do(work: Work) -> list[str]:
            before = await _take(work, wanted.source)
            row = structs.asdict(wanted) | {"by": msgspec.to_builtins(wanted.by)}
            await work.transaction.run(insert(maintenance).values(row))
            data: dict[str, str | int | bool | None] = {
                "source": wanted.source,
                "until": wanted.until.isoformat(),
                "urgent": wanted.urgent,
                "reason": wanted.reason,
            }
            work.log(LogEntry(at=wanted.by.at, actor=_who(wanted), kind="maintenance_begun", data=data))

            def anew(alarm: Alarm) -> Done | None:
                free = alarm
                log: tuple[LogEntry, ...] = ()
                if before is not None and before.holds(alarm):
                    free = structs.replace(alarm, overlay="")
                    if not wanted.silences(free):
                        return resumed(alarm, wanted.by.at, _who(wanted))
                elif not wanted.silences(alarm):
                    return None
                else:
                    log = (LogEntry(at=wanted.by.at, actor=_who(wanted), kind="suppressed", alarm=alarm.id),)
                return Done(alarm=silenced(free, wanted), log=log)

            return await _each(work, wanted.source, anew)

        ids: list[str] = await self._kept.work(do)
        return ids

    async def end(self, source: str, actor: str, now: datetime, *, due: bool = False) -> list[str] | None:
        """End it; returns which alarms are others now, and None where there was none. `due`: only if its time is up."""

        async def do(work: Work) -> list[str] | None:
            if due and await under_way(work, source, now) is not None:
                return None
            ended = await _take(work, source)
            if ended is None:
                return None
            work.log(LogEntry(at=now, actor=actor, kind="maintenance_ended", data={"source": source}))
            return await _each(work, source, lambda alarm: resumed(alarm, now, actor) if ended.holds(alarm) else None)

        ids: list[str] | None = await self._kept.work(do)
        return ids


async def _take(work: Work, source: str) -> Maintenance | None:
    """Take the row away; whoever raises an alarm at this moment comes before, or sees none."""
    mine = maintenance.c.source == source
    rows = await work.transaction.rows(select(maintenance).where(mine).with_for_update())
    await work.transaction.run(delete(maintenance).where(mine))
    return read(rows[0], Maintenance) if rows else None


async def _each(work: Work, source: str, anew: Callable[[Alarm], Done | None]) -> list[str]:
    """Change open alarms of a source, in one order, so that no two transactions wait for each other."""
    wanted = select(alarms).where(alarms.c.source == source, alarms.c.closed_at.is_(None)).order_by(alarms.c.id)
    changed = []
    for row in await work.transaction.rows(wanted.with_for_update()):
        alarm = read(row, Alarm)
        done = anew(alarm)
        if done is not None and await work.apply(alarm, Change(alarm=done.alarm, log=done.log)):
            changed.append(alarm.id)
    return changed


def _who(one: Maintenance) -> str:
    return one.by.login or one.by.name
