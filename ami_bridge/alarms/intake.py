"""Reports become alarms here, whatever the source: kept, on the disk, and only then confirmed."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from msgspec import Struct, structs

from ami_bridge.alarms import raising
from ami_bridge.alarms.classes import Meant, Rules
from ami_bridge.alarms.intake_store import Sight
from ami_bridge.alarms.letters import Writer
from ami_bridge.alarms.maintenance import silenced
from ami_bridge.alarms.model import SAME_EVENT, Alarm, By, LogEntry, Overlay, Report
from ami_bridge.alarms.store import Change, Work
from ami_bridge.errors import BridgeError, NotReachableError
from ami_bridge.tasks import Errands

log = structlog.get_logger()

AT_ONCE = 50
"""Reports kept in one transaction, for which calls and codes wait."""
MOST_WAITING = 2_000
"""Of one source; whoever comes then must come again."""


class Store(Protocol):
    """Keeps alarms."""

    async def work(self, do: Callable[[Work], Any]) -> Any:  # noqa: ANN401 - whatever `do` returns
        """Do something in one transaction; it is on the disk when this returns."""


class _Wish(Struct, frozen=True, eq=False):
    """Reports that came together, and who waits for their alarms."""

    reports: Sequence[Report]
    ids: asyncio.Future[list[str]]


class Intake:
    """Takes reports of all sources: those that wait at the same time are kept together, each source in its turn."""

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
        self._waiting: dict[str, deque[_Wish]] = {}
        self._keeps = False

    async def report(self, report: Report) -> str:
        """Keep one; returns the alarm's id after the commit. A mere sign of life, or an end of nothing, has none."""
        return (await self.reports([report]))[0]

    async def reports(self, reports: Sequence[Report]) -> list[str]:
        """Keep all of them or none, in one transaction.

        Raises NotReachableError where they could not be kept. Whoever asked may go away meanwhile: it is kept still.
        """
        if not reports:
            return []
        wish = _Wish([raising.tidy(one) for one in reports], asyncio.get_running_loop().create_future())
        wishes = self._waiting.setdefault(reports[0].source, deque())
        if len(wishes) >= MOST_WAITING:
            raise NotReachableError("too many reports of this source wait for the disk")
        wishes.append(wish)
        if not self._keeps:
            self._keeps = True
            self._errands.start(self._keep_all(), name="alarm intake")
        return await asyncio.shield(wish.ids)

    async def _keep_all(self) -> None:
        """Keep what waits, until nothing does."""
        try:
            while together := self._next():
                await self._keep_these(together)
        finally:
            self._keeps = False
            for wish in [wish for wishes in self._waiting.values() for wish in wishes]:
                wish.ids.cancel()
            self._waiting.clear()

    def _next(self) -> list[_Wish]:
        """Take some that wait: the first of each source before the second of any."""
        found: list[_Wish] = []
        count = 0
        while self._waiting:
            for source in list(self._waiting):
                wishes = self._waiting[source]
                if found and count + len(wishes[0].reports) > AT_ONCE:
                    # It begins next time.
                    self._waiting = {source: self._waiting.pop(source), **self._waiting}
                    return found
                wish = wishes.popleft()
                found.append(wish)
                count += len(wish.reports)
                if not wishes:
                    del self._waiting[source]
        return found

    async def _keep_these(self, wishes: Sequence[_Wish]) -> None:
        """Keep them together; where something is odd about one of them, each by itself."""
        try:
            ids = await self._keep([report for wish in wishes for report in wish.reports])
        except BridgeError as error:
            _tell(wishes, NotReachableError(str(error)))
        except asyncio.CancelledError:
            for wish in wishes:
                wish.ids.cancel()
            raise
        except Exception as error:  # one odd report must not cost those that came at the same time
            log.exception("alarm.report_failed", together=len(wishes))
            if len(wishes) == 1:
                _tell(wishes, error)
                return
            for wish in wishes:
                await self._keep_these([wish])
        else:
            _answer(wishes, ids)

    async def _keep(self, reports: Sequence[Report]) -> list[str]:
        touched: set[str] = set()

        async def do(work: Work) -> list[str]:
            touched.clear()
            now = self._now()
            sight = Sight(work, now)
            await sight.look(reports, now - SAME_EVENT, now - raising.FLUTTERS_WITHIN)
            ids = [await self._take(work, sight, report, touched, now) for report in reports]
            await sight.finish()
            return ids

        ids: list[str] = await self._store.work(do)
        for source in {report.source for report in reports}:
            self._alive(source)
        if touched:
            self._changed(touched)
        return ids

    async def _take(self, work: Work, sight: Sight, report: Report, touched: set[str], now: datetime) -> str:
        if report.what == "alive" or (report.once and not await work.first_time(report.once, now)):
            return ""
        if (alarm := sight.handled(report)) is not None:
            work.log(LogEntry(at=now, actor=report.source, kind="repeated", alarm=alarm or None))
            return alarm
        id_ = await self._heard(work, sight, report, touched, now)
        sight.handle(report, id_)
        if report.once and report.by:
            data: dict[str, str | int | bool | None] = {"by": report.by, "what": report.what}
            work.log(LogEntry(at=now, actor=report.source, kind="by_telephone", alarm=id_ or None, data=data))
        return id_

    async def _heard(self, work: Work, sight: Sight, report: Report, touched: set[str], now: datetime) -> str:
        known = sight.open_by_key(report.source, report.dedup)
        if known is None:
            if report.what == "come":
                return await self._raise(sight, report, touched, now)
            await self._end_of_nothing(work, sight, report, now)
            return ""
        match report.what:
            case "come":
                done = await self._again(sight, known, report, now)
            case "reset":
                done = raising.was_reset(known, By(login=None, name=report.source, at=now, how="source"))
            case _:
                done = raising.went(known, now)
        still = known.test or known.bundle or raising.unheard(known)
        letters = () if still else self._writer.letters(known.id, done.told, now)
        sight.apply(Change(alarm=done.alarm, log=done.log, letters=letters))
        touched.add(known.id)
        return known.id

    async def _again(self, sight: Sight, known: Alarm, report: Report, now: datetime) -> raising.Done:
        """Count it; what was over and is there again rings, unless work is done at its source."""
        done = raising.came_again(known, report, now)
        works = None if known.active or known.test else await sight.works(report.source)
        if works is None or not works.silences(done.alarm):
            return done
        return structs.replace(done, alarm=silenced(done.alarm, works), told="")

    async def _end_of_nothing(self, work: Work, sight: Sight, report: Report, now: datetime) -> None:
        """Keep an end for the beginning that may come late, by the source's own times."""
        work.log(LogEntry(at=now, actor=report.source, kind="end_of_nothing", data={"point": report.point}))
        if report.what == "go" and report.event_time is not None and report.event_time.tzinfo is not None:
            await sight.keep_early_end(report.source, report.dedup, report.event_time)

    async def _raise(self, sight: Sight, report: Report, touched: set[str], now: datetime) -> str:
        meant = self._rules.meant(report)
        plan = self._rules.test_plan(meant, report.people) if report.test else self._rules.plan(meant)
        works = None if report.test else await sight.works(report.source)
        quiet = works is not None and (works.urgent or meant.priority > raising.UNBUNDLED)
        leader = await self._leader(sight, report, meant, now, "suppressed" if quiet else "")
        done = raising.raised(self._new_id(), report, meant, plan, now, leader)
        before = sight.closed_lately(report.source, report.dedup)
        if before is not None and not report.by and not report.test:  # people do not flutter
            done = raising.raised_once_more(done, before, now)
        alarm = done.alarm
        if works is not None and works.silences(alarm):
            alarm = silenced(alarm, works)
        still = report.test or alarm.bundle or alarm.overlay
        letters = () if still else self._writer.letters(alarm.id, done.told, now)
        sight.add(Change(alarm=alarm, log=done.log, letters=letters))
        touched.update({alarm.id, *([leader] if alarm.bundle and leader else [])})
        early = await sight.early_end(report.source, report.dedup)
        if early is not None and report.event_time is not None and timedelta() <= early - report.event_time:
            over = raising.went(alarm, now)
            told = () if still else self._writer.letters(alarm.id, over.told, now)
            sight.apply(Change(alarm=over.alarm, log=over.log, letters=told))
        return alarm.id

    async def _leader(self, sight: Sight, report: Report, meant: Meant, now: datetime, overlay: Overlay) -> str | None:
        """Return the alarm under which this one is told, if its source floods; one that is as silent as this one."""
        limit = meant.source.limit
        if not raising.bundles(report, meant):
            return None
        since = now - timedelta(minutes=limit.minutes)
        if await sight.raised_since(report.source, since, limit.count) < limit.count:
            return None
        return await sight.leader(report.source, overlay)


def _answer(wishes: Sequence[_Wish], ids: Sequence[str]) -> None:
    """Give everybody who waits their own of these ids."""
    start = 0
    for wish in wishes:
        end = start + len(wish.reports)
        if not wish.ids.done():
            wish.ids.set_result(list(ids[start:end]))
        start = end


def _tell(wishes: Sequence[_Wish], error: Exception) -> None:
    """Tell everybody who waits what went wrong."""
    for wish in wishes:
        if not wish.ids.done():
            wish.ids.set_exception(error)
            wish.ids.exception()  # who has gone away is told nothing, and that is no error
