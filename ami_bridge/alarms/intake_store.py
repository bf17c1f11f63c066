"""What the reports of one transaction meet in the database, read at once, and what they make of it, written at once.

A flood is hundreds of reports of the same source: one by one they would keep everybody else waiting for the database.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import structs
from sqlalchemy import Select, bindparam, delete, func, insert, select, update

from ami_bridge.alarms.maintenance import Maintenance
from ami_bridge.alarms.maintenance_store import under_way
from ami_bridge.alarms.model import Alarm, Overlay, Report
from ami_bridge.alarms.store import Change, Work, row_of
from ami_bridge.db.database import read
from ami_bridge.db.tables_alarms import alarm_events, alarms, early_ends

AT_ONCE = 200
"""Keys that are asked for in one statement."""
Key = tuple[str, str]
_OPEN = alarms.c.closed_at.is_(None)


class Sight:
    """One transaction's view of open alarms; what changes is seen at once here, and written by `finish`."""

    def __init__(self, work: Work, now: datetime) -> None:
        self._work = work
        self._transaction = work.transaction
        self._now = now
        self._known: dict[str, Alarm] = {}
        """By id, as they are by now."""
        self._open: dict[Key, str] = {}
        self._closed: dict[Key, Alarm] = {}
        """The last ones of each key that were closed lately."""
        self._new: dict[str, None] = {}
        self._changed: dict[str, None] = {}
        self._more: Counter[str] = Counter()
        """How many are told under alarms that are not here."""
        self._raised: dict[str, int] = {}
        self._leaders: dict[tuple[str, Overlay], str | None] = {}
        self._works: dict[str, Maintenance | None] = {}
        self._early: dict[Key, datetime] = {}
        self._events: dict[Key, str] = {}
        self._handled: dict[Key, str] = {}

    async def look(self, reports: Sequence[Report], events_since: datetime, closed_since: datetime) -> None:
        """Read what these may meet, and keep others from changing it meanwhile."""
        by_source: dict[str, list[Report]] = {}
        for report in reports:
            by_source.setdefault(report.source, []).append(report)
        for source, its in sorted(by_source.items()):
            # Its row first, as whoever begins or ends a maintenance: else each waits for the other.
            await self.works(source)
            for keys in _parts({one.dedup for one in its}):
                mine = select(alarms).where(alarms.c.source == source, alarms.c.dedup.in_(keys), _OPEN)
                for row in await self._rows(mine.order_by(alarms.c.id).with_for_update()):
                    self._see(read(row, Alarm))
                # Raised lately, too: what flutters was, and only for that is there an index.
                past = select(func.max(alarms.c.id)).where(
                    alarms.c.source == source,
                    alarms.c.raised_at > closed_since,
                    alarms.c.dedup.in_(keys),
                    alarms.c.closed_at > closed_since,
                )
                for row in await self._rows(select(alarms).where(alarms.c.id.in_(past.group_by(alarms.c.dedup)))):
                    self._closed[source, row.dedup] = read(row, Alarm)
                ends = select(early_ends.c.dedup, early_ends.c.event_time)
                for row in await self._rows(ends.where(early_ends.c.source == source, early_ends.c.dedup.in_(keys))):
                    self._early[source, row.dedup] = row.event_time
            for keys in _parts({one.event for one in its if one.event}):
                handled = select(alarm_events.c.event, alarm_events.c.alarm).where(
                    alarm_events.c.source == source, alarm_events.c.event.in_(keys), alarm_events.c.at > events_since
                )
                for row in await self._rows(handled):
                    self._events[source, row.event] = row.alarm

    def open_by_key(self, source: str, dedup: str) -> Alarm | None:
        """Return the open alarm of this key."""
        id_ = self._open.get((source, dedup))
        return None if id_ is None else self._known[id_]

    def closed_lately(self, source: str, dedup: str) -> Alarm | None:
        """Return the alarm of this key that was closed last, if that was lately."""
        return self._closed.get((source, dedup))

    def handled(self, report: Report) -> str | None:
        """Return the alarm of which this very event was already heard, also if that is closed by now; or nothing."""
        return self._events.get((report.source, report.event)) if report.event else None

    def handle(self, report: Report, alarm: str) -> None:
        """Remember an event that its source gave an id."""
        if report.event:
            self._events[report.source, report.event] = self._handled[report.source, report.event] = alarm

    async def works(self, source: str) -> Maintenance | None:
        """Return the maintenance of a source, which does not end before the commit."""
        if source not in self._works:
            self._works[source] = await under_way(self._work, source, self._now)
        return self._works[source]

    async def raised_since(self, source: str, since: datetime, most: int) -> int:
        """Return how many alarms a source raised since; counting ends at `most`."""
        if source not in self._raised:
            some = (
                select(alarms.c.id)
                .where(alarms.c.source == source, alarms.c.raised_at > since, alarms.c.test.is_(False))
                .limit(most)
                .subquery()
            )
            before = int((await self._rows(select(func.count()).select_from(some)))[0][0])
            self._raised[source] = before + sum(self._known[id_].source == source for id_ in self._new)
        return self._raised[source]

    async def leader(self, source: str, overlay: Overlay) -> str | None:
        """Return the first open alarm of a source that calls for itself, and that nobody has taken over or set aside.

        With `overlay` the first that is set aside so: while work is done at a source, its alarms are told together too.
        """
        known = self._leaders.get((source, overlay))
        if known is not None and _leads(self._known.get(known), overlay):
            return known
        await self._write()
        wanted = (
            select(alarms.c.id)
            .where(alarms.c.source == source, _OPEN, alarms.c.bundle.is_(None), alarms.c.next_at.is_not(None))
            .where(alarms.c["acknowledged"].is_(None), alarms.c.taken_over.is_(None), alarms.c.test.is_(False))
            .where(alarms.c.overlay == overlay)
            .order_by(alarms.c.priority, alarms.c.raised_at, alarms.c.id)
            .limit(1)
        )
        rows = await self._rows(wanted)
        found = self._leaders[source, overlay] = str(rows[0].id) if rows else None
        return found

    async def early_end(self, source: str, dedup: str) -> datetime | None:
        """Take back an end that came before its beginning, if there is one."""
        end = self._early.pop((source, dedup), None)
        if end is not None:
            its = (early_ends.c.source == source) & (early_ends.c.dedup == dedup)
            await self._transaction.run(delete(early_ends).where(its))
        return end

    async def keep_early_end(self, source: str, dedup: str, event_time: datetime) -> None:
        """Keep an end that has no beginning yet."""
        await self.early_end(source, dedup)
        row = {"source": source, "dedup": dedup, "event_time": event_time, "received": self._now}
        await self._transaction.run(insert(early_ends).values(row))
        self._early[source, dedup] = event_time

    def add(self, change: Change) -> None:
        """Keep a new alarm."""
        alarm = change.alarm
        self._new[alarm.id] = None
        self._see(alarm)
        if alarm.source in self._raised and not alarm.test:
            self._raised[alarm.source] += 1
        if (leader := alarm.bundle) is not None and leader in self._known:
            first = self._known[leader]
            self._set(structs.replace(first, bundled=first.bundled + 1))
        elif leader is not None:
            self._more[leader] += 1
        self._work.note(change)

    def apply(self, change: Change) -> None:
        """Carry out a change of an alarm that is seen here."""
        self._set(change.alarm)
        self._work.note(change)

    async def finish(self) -> None:
        """Write all of it."""
        await self._write()
        if self._handled:
            # The same id may be there from another day.
            for source, event in self._handled:
                old = (alarm_events.c.source == source) & (alarm_events.c.event == event)
                await self._transaction.run(delete(alarm_events).where(old))
            rows = [
                {"source": source, "event": event, "alarm": alarm, "at": self._now}
                for (source, event), alarm in self._handled.items()
            ]
            await self._transaction.many(insert(alarm_events), rows)

    async def _write(self) -> None:
        if self._new:
            await self._transaction.many(insert(alarms), [row_of(self._known[id_]) for id_ in self._new])
        if self._changed:
            for id_ in self._changed:
                self._known[id_] = structs.replace(self._known[id_], turn=self._known[id_].turn + 1)
            rows = [{**row_of(self._known[id_]), "its": id_} for id_ in self._changed]
            await self._transaction.many(update(alarms).where(alarms.c.id == bindparam("its")), rows)
        for leader, more in self._more.items():
            first = update(alarms).where(alarms.c.id == leader)
            await self._transaction.run(first.values(bundled=alarms.c.bundled + more, turn=alarms.c.turn + 1))
        self._new, self._changed, self._more = {}, {}, Counter()

    def _set(self, alarm: Alarm) -> None:
        if alarm.id not in self._new:
            self._changed[alarm.id] = None
        self._see(alarm)

    def _see(self, alarm: Alarm) -> None:
        self._known[alarm.id] = alarm
        if alarm.open:
            self._open[alarm.source, alarm.dedup] = alarm.id
        else:
            self._open.pop((alarm.source, alarm.dedup), None)
            self._closed[alarm.source, alarm.dedup] = alarm

    async def _rows(self, wanted: Select[Any]) -> Sequence[Any]:
        return await self._transaction.rows(wanted)


def _leads(alarm: Alarm | None, overlay: Overlay) -> bool:
    """Whether what was read as the first one is so still; what is not here cannot have changed meanwhile."""
    return alarm is None or (
        alarm.open and alarm.bundle is None and alarm.next_at is not None
        and not alarm.answered_for and not alarm.test and alarm.overlay == overlay
    )  # fmt: skip


def _parts(keys: Iterable[str]) -> list[list[str]]:
    """Return them in order, some at a time: everybody locks in the same one."""
    ordered = sorted(keys)
    return [ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE)]
