"""What keeps the alarms in order, in the database: the lease, letters, the sweeper's own look, the log, retention."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ami_bridge.alarms.model import Chained, LogEntry
from ami_bridge.alarms.store import LEASE, Fence, Letter, Work
from ami_bridge.db.database import Database, read
from ami_bridge.db.tables_alarms import (
    alarm_events,
    alarm_log,
    alarm_log_head,
    alarm_once,
    alarm_outbox,
    alarms,
    early_ends,
    leases,
)

_OPEN = alarms.c.closed_at.is_(None)
_NOBODYS = _OPEN & alarms.c.acknowledged.is_(None) & alarms.c.taken_over.is_(None)
LONGEST = timedelta(seconds=900)
"""The longest interval that can be configured."""
OVERDUE = timedelta(seconds=60)
SHIFT = timedelta(hours=8)
DAY = timedelta(hours=24)
"""For so long maintenance may keep an alarm from ringing; people set one aside for a shift."""


class Upkeep:
    """Keeps alarms in order."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # -- the lease ----------------------------------------------------------------------------------------------------

    async def lease(self, holder: str, now: datetime, silent_since: datetime) -> Fence | None:
        """Take the lease, if nobody has it or its holder has been silent since; None where another one has it."""
        async with self._db.transaction() as transaction:
            new = (postgresql.insert if self._db.dialect == "postgresql" else sqlite.insert)(leases)
            await transaction.run(
                new.values(name=LEASE, holder="", epoch=0, beat_at=silent_since).on_conflict_do_nothing()
            )
            free = (leases.c.holder == "") | (leases.c.holder == holder) | (leases.c.beat_at <= silent_since)
            taken = update(leases).where(leases.c.name == LEASE, free)
            if await transaction.run(taken.values(holder=holder, epoch=leases.c.epoch + 1, beat_at=now)) != 1:
                return None
            rows = await transaction.rows(select(leases.c.epoch).where(leases.c.name == LEASE))
        return Fence(holder=holder, epoch=rows[0].epoch)

    async def beat(self, fence: Fence, now: datetime) -> bool:
        """Show that the holder lives; False where the lease is somebody else's by now."""
        mine = (leases.c.name == LEASE) & (leases.c.holder == fence.holder) & (leases.c.epoch == fence.epoch)
        return await self._db.run(update(leases).where(mine).values(beat_at=now)) == 1

    async def release(self, fence: Fence) -> None:
        """Give the lease back, so that another one need not wait."""
        mine = (leases.c.name == LEASE) & (leases.c.holder == fence.holder) & (leases.c.epoch == fence.epoch)
        await self._db.run(update(leases).where(mine).values(holder=""))

    # -- letters ------------------------------------------------------------------------------------------------------

    async def letters(self, now: datetime, most: int = 50) -> list[Letter]:
        """Return what is to be told now, oldest first."""
        wanted = select(alarm_outbox).where(alarm_outbox.c.due <= now).order_by(alarm_outbox.c.created).limit(most)
        return [read(row, Letter) for row in await self._db.rows(wanted)]

    async def told(self, letter: Letter) -> None:
        """Forget what was told, or can never be."""
        await self._db.run(delete(alarm_outbox).where(alarm_outbox.c.id == letter.id))

    async def later(self, letter: Letter, due: datetime) -> None:
        """Tell it later."""
        its = update(alarm_outbox).where(alarm_outbox.c.id == letter.id)
        await self._db.run(its.values(due=due, tries=letter.tries + 1))

    # -- the sweeper --------------------------------------------------------------------------------------------------

    async def sweep(self, now: datetime) -> list[str]:
        """Give every open alarm without a next time one, by a condition of its own; returns which those were."""
        async with self._db.transaction() as transaction:
            silent = (alarms.c.overlay == "") & (
                alarms.c.next_at.is_(None) | (alarms.c.next_at > now + LONGEST + OVERDUE)
            )
            hidden = (alarms.c.overlay != "") & (
                alarms.c.overlay_until.is_(None)
                | (alarms.c.overlay_until > now + DAY + OVERDUE)
                | ((alarms.c.overlay != "suppressed") & (alarms.c.overlay_until > now + SHIFT + OVERDUE))
                | alarms.c.next_at.is_(None)
            )
            stray = alarms.c.active & _OPEN & alarms.c.next_at.is_(None)
            wanted = select(alarms.c.id).where((_NOBODYS & silent) | (_OPEN & hidden) | stray).with_for_update()
            ids = [str(row.id) for row in await transaction.rows(wanted)]
            if not ids:
                return []
            work = Work(transaction, self._db.dialect)
            for id_ in ids:
                mended = update(alarms).where(alarms.c.id == id_)
                await transaction.run(
                    mended.values(next_at=now, why="swept", turn=alarms.c.turn + 1, overlay_until=now)
                )
                work.log(LogEntry(at=now, actor="sweeper", kind="swept", alarm=id_))
            await work.finish()
        return ids

    async def overdue(self, now: datetime) -> int:
        """Return how many open alarms should have had their turn a while ago."""
        wanted = select(func.count()).select_from(alarms).where(_OPEN, alarms.c.next_at < now - OVERDUE)
        return int((await self._db.rows(wanted))[0][0])

    # -- the log ------------------------------------------------------------------------------------------------------

    async def log(
        self, *, after: int, limit: int, alarm: str | None = None, before: int | None = None
    ) -> list[Chained]:
        """Return lines of the log from the one after `after` on; with `before` the newest first, 0 from the end."""
        wanted = select(alarm_log).where(alarm_log.c.seq > after).limit(limit)
        wanted = wanted.order_by(alarm_log.c.seq if before is None else alarm_log.c.seq.desc())
        if before:
            wanted = wanted.where(alarm_log.c.seq < before)
        if alarm is not None:
            wanted = wanted.where(alarm_log.c.alarm == alarm)
        return [_line(row) for row in await self._db.rows(wanted)]

    async def head(self) -> tuple[int, str, int, str]:
        """Return where the log ends (number, hash), and where it begins (number, the hash before)."""
        rows = await self._db.rows(select(alarm_log_head).where(alarm_log_head.c.id == 1))
        return (rows[0].seq, rows[0].hash, rows[0].first_seq, rows[0].first_prev) if rows else (0, "", 1, "")

    # -- retention ----------------------------------------------------------------------------------------------------

    async def purge(self, before: datetime, ends_before: datetime, events_before: datetime) -> int:
        """Delete closed alarms and the beginning of the log that are older; returns how many alarms."""
        async with self._db.transaction() as transaction:
            await transaction.run(delete(early_ends).where(early_ends.c.received < ends_before))
            await transaction.run(delete(alarm_once).where(alarm_once.c.taken_at < before))
            await transaction.run(delete(alarm_events).where(alarm_events.c.at < events_before))
            last = await transaction.rows(select(func.max(alarm_log.c.seq)).where(alarm_log.c.at < before))
            if (seq := last[0][0]) is not None:
                kept = await transaction.rows(select(alarm_log.c.hash).where(alarm_log.c.seq == seq))
                await transaction.run(
                    update(alarm_log_head)
                    .where(alarm_log_head.c.id == 1)
                    .values(first_seq=seq + 1, first_prev=kept[0].hash)
                )
                await transaction.run(delete(alarm_log).where(alarm_log.c.seq <= seq))
            return await transaction.run(delete(alarms).where(alarms.c.closed_at < before))


def _line(row: Any) -> Chained:  # noqa: ANN401 - a row of any table
    line: dict[str, object] = {str(name): value for name, value in row._asdict().items()}  # the names may be quoted
    line["data"] = msgspec.json.decode(row.data)
    return msgspec.convert(line, Chained)
