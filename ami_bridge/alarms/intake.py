"""Reports become alarms here, whatever the source: kept, on the disk, and only then confirmed."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec import structs

from ami_bridge.alarms import raising
from ami_bridge.alarms.classes import Meant, Rules
from ami_bridge.alarms.letters import Writer
from ami_bridge.alarms.maintenance import silenced
from ami_bridge.alarms.maintenance_store import under_way
from ami_bridge.alarms.model import Alarm, By, LogEntry, Overlay, Report
from ami_bridge.alarms.store import Change, Work
from ami_bridge.tasks import Errands


class Store(Protocol):
    """Keeps alarms."""

    async def work(self, do: Callable[[Work], Any]) -> Any:  # noqa: ANN401 - whatever `do` returns
        """Do something in one transaction; it is on the disk when this returns."""


class Intake:
    """Takes reports of all sources."""

    def __init__(
        self,
        *,
        store: Store,
        rules: Rules,
        writer: Writer,
        errands: Errands,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
        changed: Callable[[Iterable[str]], None],
        alive: Callable[[str], None],
    ) -> None:
        """Take them; `changed` is told which alarms are others now, `alive` which source has shown that it lives."""
        self._store = store
        self._rules = rules
        self._writer = writer
        self._errands = errands
        self._new_id = new_id
        self._now = now
        self._changed = changed
        self._alive = alive

    async def report(self, report: Report) -> str:
        """Keep one; returns the alarm's id after the commit. A mere sign of life, or an end of nothing, has none."""
        return (await self.reports([report]))[0]

    async def reports(self, reports: Sequence[Report]) -> list[str]:
        """Keep all of them or none, in one transaction.

        Raises NotReachableError where they could not be kept. Whoever asked may go away meanwhile: it is kept still.
        """
        keeping = self._errands.start(self._keep([raising.tidy(one) for one in reports]), name="alarm intake")
        return await asyncio.shield(keeping)

    async def _keep(self, reports: Sequence[Report]) -> list[str]:
        touched: set[str] = set()

        async def do(work: Work) -> list[str]:
            touched.clear()
            return [await self._take(work, report, touched) for report in reports]

        ids: list[str] = await self._store.work(do)
        for source in {report.source for report in reports}:
            self._alive(source)
        if touched:
            self._changed(touched)
        return ids

    async def _take(self, work: Work, report: Report, touched: set[str]) -> str:
        now = self._now()
        if report.what == "alive" or (report.once and not await work.first_time(report.once, now)):
            return ""
        id_ = await self._deal(work, report, touched, now)
        if report.once and report.by:
            work.log(
                LogEntry(
                    at=now,
                    actor=report.source,
                    kind="by_telephone",
                    alarm=id_ or None,
                    data={"by": report.by, "what": report.what},
                )
            )
        return id_

    async def _deal(self, work: Work, report: Report, touched: set[str], now: datetime) -> str:
        known = await work.open_by_key(report.source, report.dedup)
        if known is None:
            if report.what == "come":
                return await self._raise(work, report, touched, now)
            await self._end_of_nothing(work, report, now)
            return ""
        match report.what:
            case "come":
                done = await self._again(work, known, report, now)
            case "go":
                done = raising.went(known, now)
            case "reset":
                done = raising.was_reset(known, By(login=None, name=report.source, at=now, how="source"))
        letters = () if known.test or raising.unheard(known) else self._writer.letters(known.id, done.told, now)
        await work.apply(known, Change(alarm=done.alarm, log=done.log, letters=letters))
        touched.add(known.id)
        return known.id

    async def _again(self, work: Work, known: Alarm, report: Report, now: datetime) -> raising.Done:
        """Count it; what was over and is there again rings, unless work is done at its source."""
        done = raising.came_again(known, report, now)
        works = None if known.active or known.test else await under_way(work, report.source, now)
        if works is None or not works.silences(done.alarm):
            return done
        return structs.replace(done, alarm=silenced(done.alarm, works), told="")

    async def _end_of_nothing(self, work: Work, report: Report, now: datetime) -> None:
        """Keep an end for the beginning that may come late, by the source's own times."""
        work.log(LogEntry(at=now, actor=report.source, kind="end_of_nothing", data={"point": report.point}))
        if report.what == "go" and report.event_time is not None and report.event_time.tzinfo is not None:
            await work.keep_early_end(report.source, report.dedup, report.event_time, now)

    async def _raise(self, work: Work, report: Report, touched: set[str], now: datetime) -> str:
        meant = self._rules.meant(report)
        plan = self._rules.test_plan(meant, report.people) if report.test else self._rules.plan(meant)
        works = None if report.test else await under_way(work, report.source, now)
        quiet = works is not None and (works.urgent or meant.priority > raising.UNBUNDLED)
        leader = await self._leader(work, report, meant, now, "suppressed" if quiet else "")
        done = raising.raised(self._new_id(), report, meant, plan, now, leader)
        alarm = done.alarm
        if works is not None and works.silences(alarm):
            alarm = silenced(alarm, works)
        still = report.test or alarm.bundle or alarm.overlay
        letters = () if still else self._writer.letters(alarm.id, done.told, now)
        await work.add(Change(alarm=alarm, log=done.log, letters=letters))
        touched.update({alarm.id, *([leader] if alarm.bundle and leader else [])})
        early = await work.early_end(report.source, report.dedup)
        if early is not None and report.event_time is not None and timedelta() <= early - report.event_time:
            over = raising.went(alarm, now)
            told = self._writer.letters(alarm.id, over.told, now)
            await work.apply(alarm, Change(alarm=over.alarm, log=over.log, letters=told))
        return alarm.id

    async def _leader(self, work: Work, report: Report, meant: Meant, now: datetime, overlay: Overlay) -> str | None:
        """Return the alarm under which this one is told, if its source floods; one that is as silent as this one."""
        limit = meant.source.limit
        if not raising.bundles(report, meant):
            return None
        since = now - timedelta(minutes=limit.minutes)
        if await work.raised_since(report.source, since, limit.count) < limit.count:
            return None
        return await work.leader(report.source, overlay)
