"""The loop that rings: what is due is decided by `policy`, claimed in the database, and only then rung.

What must survive lives in rows. In memory are only the lines in use, and who waits for one. The telephone system
tells facts by `heard`, a code that was typed by `acknowledge`, what is still alive after a login by `adopt`, and by
`lost` that it is away; nothing is rung in between. Nothing here waits for an output, a calendar or a slow call.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from msgspec import structs

from ami_bridge.alarms import acts
from ami_bridge.alarms.booking import TALK_LONGEST, booked, code_typed
from ami_bridge.alarms.calling import Caller
from ami_bridge.alarms.letters import Writer
from ami_bridge.alarms.model import Alarm, Attempt, By, How, LogEntry
from ami_bridge.alarms.policy import Turn, next_step
from ami_bridge.alarms.ports import Ended, Fact, OnCall, Talking, Verdict
from ami_bridge.alarms.queue import Line, Lines, Rank, queue
from ami_bridge.alarms.raising import closed_where_done
from ami_bridge.alarms.store import AlarmStore, Change, Due, Fence
from ami_bridge.alarms.upkeep import Upkeep
from ami_bridge.db.turns import urgent
from ami_bridge.errors import BridgeError
from ami_bridge.tasks import Errands

log = structlog.get_logger()

TICK_EVERY = 5.0
LEASE_HOLDS = timedelta(seconds=15)
BEAT_EVERY = timedelta(seconds=2)
RING_LONGER = timedelta(seconds=20)
"""After the ring time nobody has said how the call ended."""
RECENT = timedelta(hours=24)
"""A code is booked late when the daemon was away; but not for calls of another day."""
POSTPONED = timedelta(seconds=240)


class Engine:
    """Rings about alarms until somebody takes over."""

    def __init__(
        self,
        *,
        store: AlarmStore,
        upkeep: Upkeep,
        caller: Caller,
        on_call: OnCall,
        writer: Writer,
        errands: Errands,
        lines: int,
        holder: str,
        now: Callable[[], datetime],
        changed: Callable[[Iterable[str]], None],
    ) -> None:
        """Ring on `lines` lines outside at most; `changed` is told which alarms are others now."""
        self._store = store
        self._upkeep = upkeep
        self._caller = caller
        self._on_call = on_call
        self._writer = writer
        self._errands = errands
        self._holder = holder
        self._now = now
        self._changed = changed
        self._lines = Lines(lines)
        self._noticed: deque[tuple[str, Fact]] = deque()
        self._held: dict[str, tuple[Due, frozenset[tuple[str, str]]]] = {}
        self._called: dict[str, datetime] = {}
        """When somebody was called last about each source."""
        self._linked = False
        self._login = 0
        """Which login calls belong to: none is begun after the next one, which has taken it for lost."""
        self._fence: Fence | None = None
        self._beaten: datetime | None = None
        self.wake = asyncio.Event()
        self.ticked: datetime | None = None
        """When the last whole turn of the loop ended; its age is what an outside monitor looks at."""
        self.counts: dict[str, int] = {}
        """How many attempts have ended how."""

    # -- what is told to it -------------------------------------------------------------------------------------------

    def heard(self, attempt: str, fact: Fact) -> None:
        """Be told something about a call; acted on in `tick`."""
        self._noticed.append((attempt, fact))
        self.wake.set()

    async def acknowledge(self, *, attempt: str, by: How = "phone") -> Verdict:
        """Book a code that was typed in this call: `taken` only after the commit, and again if it is asked again."""
        with urgent():
            booking = self._errands.start(self._acknowledge(attempt, by), name="alarm acknowledged")
        return await asyncio.shield(booking)

    async def adopt(self, live: Collection[str]) -> None:
        """Go on after a login: these channels live, all other attempts that were under way are lost."""
        now = self._now()
        self._login += 1
        self._lines.clear()
        self._held.clear()
        with urgent():
            claimed = await self._store.live()
        self._linked = True
        for attempt in claimed:
            if attempt.id in live:
                self._lines.take(
                    attempt.id, _line(attempt, (0, 0, 0, attempt.claimed_at, attempt.claimed_at, attempt.alarm))
                )
            else:
                self._give_up(attempt, f"gone at {now:%H:%M:%S}")
        self.wake.set()

    def lost(self) -> None:
        """Ring nobody until the telephone system is there again; alarms wait, none is given up."""
        self._linked = False

    @property
    def rings(self) -> bool:
        """Whether this instance rings: it has the lease, and the telephone system is there."""
        return self._fence is not None and self._linked

    @property
    def leads(self) -> bool:
        """Whether this instance has the lease."""
        return self._fence is not None

    # -- the loop -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Turn for ever; a database that is away costs turns, and the lease if it stays away."""
        while True:
            self.wake.clear()
            try:
                with urgent():
                    await self.tick()
            except BridgeError as error:
                log.warning("alarm.turn_failed", code=error.code)
                await asyncio.sleep(1)
            try:
                async with asyncio.timeout(TICK_EVERY if self._fence is None else BEAT_EVERY.total_seconds()):
                    await self.wake.wait()
            except TimeoutError:
                continue

    async def tick(self) -> None:
        """Do all that is due."""
        await self._book_noticed()
        if not await self._leads():
            self.ticked = self._now()
            return
        if self._linked:  # first of all: who is to be rung waits for nothing else
            come = {one.id: one for one in await self._store.due(self._now())}
            due = {id_: held for id_, (held, wanted) in self._held.items() if self._frees(wanted)} | come
            for rank, id_ in queue(due.values(), self._called):
                # Of those that wait for the same telephone the first has it now.
                if id_ in come or self._frees(self._held[id_][1]):
                    await self._one(due[id_], rank)
        await self._tidy()
        self.ticked = self._now()

    async def _tidy(self) -> None:
        """End what nobody says the end of; let bundled alarms wait on, or call for themselves."""
        await self._expire()
        now = self._now()
        await self._store.postpone_bundled(now, now + POSTPONED)
        for leader in await self._store.orphans(now):
            if (first := await self._store.rebundle(leader, now, now + POSTPONED)) is not None:
                self._changed({first})
                self.wake.set()

    async def _one(self, due: Due, rank: Rank) -> None:
        """Give one alarm its turn; whatever is odd about it, the others have theirs."""
        self._held.pop(due.id, None)
        try:
            await self._turn(due, rank)
        except BridgeError:
            raise  # the database is away: for all of them
        except Exception:  # one odd alarm must not silence the others
            log.exception("alarm.odd", alarm=due.id)

    async def _turn(self, due: Due, rank: Rank) -> None:
        now, login = self._now(), self._login
        turns: list[Turn] = []

        def decide(alarm: Alarm, live: Sequence[Attempt]) -> Change | None:
            turns.clear()
            if not alarm.open or alarm.bundle is not None:
                return None
            turn = next_step(
                alarm, live, lambda rank: self._on_call.now(alarm.plan.ladder, rank, now), self._lines.frees(), now
            )
            turns.append(turn)
            return self._claimed(alarm, turn, now)

        change = await self._store.change(due.id, decide, self._fence)
        if change is None:
            return
        turn = turns[-1]
        for attempt in change.new:
            self._called[due.source] = now
            self._lines.take(attempt.id, _line(attempt, rank))
            self._errands.start(self._ring(attempt, change.alarm, login), name="alarm call")
        if turn.speakers:
            self._errands.start(self._caller.announce(change.alarm), name="alarm speakers")
        if turn.blocked:
            self._held[due.id] = (due, turn.blocked)
            await self._make_room(turn, rank)
        self._changed({due.id})

    def _claimed(self, seen: Alarm, turn: Turn, now: datetime) -> Change:
        """Turn a decision into rows: the attempts, the log, what outputs are told."""
        alarm, new = turn.alarm, []
        for ring in turn.rings:
            attempt = self._caller.attempt(seen.id, ring, now, now + self._longest_ring(seen))
            new.append(attempt)
            targets = tuple(
                structs.replace(target, attempt=attempt.id)
                if target.person.login == ring.person.login and not target.attempt and target.due is None
                and target.number < len(target.person.numbers)
                and target.person.numbers[target.number] == ring.destination
                else target
                for target in alarm.targets
            )  # fmt: skip
            alarm = structs.replace(alarm, targets=targets)
        alarm = closed_where_done(alarm, now)
        kinds = (*turn.log, *(() if alarm.open else ("closed",)))
        entries = [LogEntry(at=now, actor="engine", kind=kind, alarm=seen.id) for kind in kinds]
        entries += [
            LogEntry(
                at=now, actor="engine", kind="called", alarm=seen.id, attempt=one.id,
                data={"login": one.login, "path": one.path, "round": alarm.round, "purpose": one.purpose},
            )
            for one in new
        ]  # fmt: skip
        told = "" if alarm.test else turn.told
        return Change(alarm=alarm, new=tuple(new), log=tuple(entries), letters=self._writer.letters(seen.id, told, now))

    async def _ring(self, attempt: Attempt, alarm: Alarm, login: int) -> None:
        """Have one call made; whatever keeps it from beginning is told like any other end."""
        ended = await self._caller.ring(attempt, alarm, still=lambda: self._linked and self._login == login)
        if ended is not None:
            self.heard(attempt.id, ended)

    async def _make_room(self, turn: Turn, rank: Rank) -> None:
        """End calls that still ring about something less urgent, where this one must ring (I11)."""
        for number, _path in turn.blocked:
            other = self._lines.less_urgent(number, rank)
            if other is not None and (line := self._lines.get(other)) is not None:
                line.stopped = True
                self._errands.start(self._caller.stop(other), name="alarm call ended for another")

    def _frees(self, wanted: frozenset[tuple[str, str]]) -> bool:
        return any(self._lines.free(number) for number, _path in wanted)

    def _longest_ring(self, alarm: Alarm) -> timedelta:
        return timedelta(seconds=alarm.plan.ring_seconds) + RING_LONGER

    # -- facts --------------------------------------------------------------------------------------------------------

    async def _book_noticed(self) -> None:
        """Write down what was told, in its order; what could not be written is tried again."""
        while self._noticed:
            attempt, fact = self._noticed[0]
            await self._book(attempt, fact)
            self._noticed.popleft()

    async def _book(self, id_: str, fact: Fact) -> None:
        now = self._now()
        if isinstance(fact, Ended):
            self._lines.leave(id_)
        elif isinstance(fact, Talking) and (line := self._lines.get(id_)) is not None:
            line.talking, line.until = True, now + TALK_LONGEST
        known = await self._store.attempt(id_)
        if known is None or known.ended_at is not None:
            return
        if isinstance(fact, Ended) and fact.outcome == "acked":
            await self._acknowledge(id_, "dialplan")  # the code was typed, and nobody here was there to be asked
            return

        def decide(alarm: Alarm, live: Sequence[Attempt]) -> Change | None:
            attempt = next((one for one in live if one.id == id_), None)
            return None if attempt is None else booked(alarm, attempt, fact, now)

        if await self._store.change(known.alarm, decide) is not None:
            if isinstance(fact, Ended):
                self.counts[fact.outcome] = self.counts.get(fact.outcome, 0) + 1
            self._changed({known.alarm})

    async def _expire(self) -> None:
        """End what nobody says the end of (I8); while the telephone system is away, only what cannot live any more."""
        now = self._now()
        self._lines.expire(now)
        for attempt in await self._store.live():
            if attempt.deadline + (timedelta() if self._linked else TALK_LONGEST) <= now:
                self._give_up(attempt, "deadline")

    def _give_up(self, attempt: Attempt, why: str) -> None:
        """Take an attempt for lost; should its call come about after all, it ends: another one will be made."""
        self.heard(attempt.id, Ended(outcome="daemon_lost", cause=why))
        if self._linked:
            self._errands.start(self._caller.stop(attempt.id), name="alarm call given up")

    async def _acknowledge(self, id_: str, how: How) -> Verdict:
        now = self._now()
        attempt = await self._store.attempt(id_)
        if attempt is None or attempt.claimed_at < now - RECENT:
            return Verdict(what="wrong")
        by = By(login=attempt.login, name=attempt.name, at=now, how=how)
        verdict = Verdict(what="wrong")

        def decide(alarm: Alarm, live: Sequence[Attempt]) -> Change | None:
            nonlocal verdict
            verdict, change = code_typed(alarm, live, attempt, by, self._writer.letters)
            return change

        change = await self._store.change(attempt.alarm, decide)
        if change is not None and verdict.what == "taken":
            self.counts["acked"] = self.counts.get("acked", 0) + 1
            self._errands.start(self.with_its_bundle(attempt.alarm, by, attempt.claimed_at), name="alarms told with it")
            for other in await self._store.live():
                if other.alarm == attempt.alarm and other.state == "talking":
                    self._errands.start(self._caller.tell(other.id, attempt.login), name="alarm taken over")
        self._changed({attempt.alarm})
        self.wake.set()
        return verdict

    async def with_its_bundle(self, leader: str, by: By, before: datetime, act: acts.Act = acts.by_phone) -> None:
        """Do the same about all that were told with an alarm when it was taken over; later ones call themselves."""

        def decide(alarm: Alarm, _live: Sequence[Attempt]) -> Change | None:
            done = act(alarm, by) if alarm.open else None
            if done is None:
                return None
            return Change(alarm=structs.replace(done.alarm, bundle=None), log=done.log)

        ids = await self._store.bundled(leader, before)
        if ids:
            await self._store.change_many(ids, decide)
            self._changed(ids)
        await self._store.hasten_bundled(leader, self._now())
        self.wake.set()

    # -- the lease ----------------------------------------------------------------------------------------------------

    async def _leads(self) -> bool:
        """Whether this instance may ring; takes the lease where nobody has it."""
        now = self._now()
        if self._fence is not None and self._beaten is not None and now - self._beaten < BEAT_EVERY:
            return True
        if self._fence is not None:
            if await self._upkeep.beat(self._fence, now):
                self._beaten = now
                return True
            log.warning("alarm.lease_lost")
            self._fence = None
        self._fence = await self._upkeep.lease(self._holder, now, now - LEASE_HOLDS)
        if self._fence is not None:
            self._beaten = now
            log.info("alarm.lease_taken", epoch=self._fence.epoch)
        return self._fence is not None

    async def release(self) -> None:
        """Give the lease back at the end."""
        if self._fence is not None:
            fence, self._fence = self._fence, None
            await self._upkeep.release(fence)


def _line(attempt: Attempt, rank: Rank) -> Line:
    return Line(
        destination=attempt.destination,
        path=attempt.path,
        rank=rank,
        until=attempt.deadline + TALK_LONGEST,
        talking=attempt.state == "talking",
    )
