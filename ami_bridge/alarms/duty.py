"""Who is on duty now, from memory; the calendars behind it are looked at again and again, and their troubles reported.

Nobody on duty is an answer, too: then everybody of the list is rung. A calendar that is away, or suddenly empty, takes
nobody off duty.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

import structlog
from msgspec import Struct

from ami_bridge.alarms.duty_calendar import DutyCalendar
from ami_bridge.alarms.duty_troubles import AHEAD, State, Trouble, gaps, troubles
from ami_bridge.alarms.model import Person, Report
from ami_bridge.alarms.ports import Takes
from ami_bridge.calendars.rota import FIRST, Gap, Names, Rota, Shift, shift_of
from ami_bridge.calendars.times import Occurrence
from ami_bridge.errors import NotFoundError, NotReachableError
from ami_bridge.people import model as people

log = structlog.get_logger()

OURSELVES = "ami-bridge"
BACK = timedelta(days=15)
FORWARD = timedelta(days=60)
"""How far shifts are unfolded: if nothing could be looked at any more, the rota would last that long."""
UNFOLD_EVERY = timedelta(hours=1)
NO_ROTA = Rota()


class Store(Protocol):
    """Where it is kept what was reported."""

    async def told(self) -> frozenset[str]:
        """Read what was reported and is not over yet."""

    async def tell(self, told: frozenset[str], now: datetime) -> None:
        """Keep what is reported."""


class Plan(Struct, frozen=True, kw_only=True):
    """Which calendars say who is on duty for some ladders."""

    calendar: DutyCalendar
    over: DutyCalendar | None = None
    """Its shifts win."""
    ranks: tuple[int, ...] = (FIRST,)
    """Which ranks the ladders ask for."""


class Unfolded(Struct, frozen=True, kw_only=True):
    """What stands in a plan's calendars for the next weeks."""

    stamp: tuple[int, int]
    """Which state of both calendars that is."""
    at: datetime
    found: Sequence[Occurrence]
    over: Sequence[Occurrence]
    unreadable: int


class Shown(Struct, frozen=True, kw_only=True):
    """One rota, as people see it."""

    calendar: str
    ladders: tuple[str, ...]
    read_at: datetime | None
    trouble: str
    trouble_since: datetime | None
    unreadable: int
    shifts: tuple[Shift, ...]
    gaps: tuple[Gap, ...]
    troubles: tuple[Trouble, ...]


class Duty:
    """The rotas of all ladders."""

    def __init__(
        self,
        *,
        plans: Mapping[str, Plan],
        people: people.People,
        person: Callable[[people.Person], Person],
        reachable: Callable[[str], bool],
        store: Store,
        reports: Takes,
        zone: tzinfo,
        language: str = "de",
        now: Callable[[], datetime],
    ) -> None:
        """`plans` by ladder; `person` makes of somebody who works here somebody who can be rung.

        `reachable` says of a login whether any of the numbers of this person can be rung just now.
        """
        self._plans = plans
        self._people = people
        self._person = person
        self._reachable = reachable
        self._store = store
        self._reports = reports
        self._zone = zone
        self._language = language
        self._now = now
        self._unfolded: dict[str, Unfolded] = {}
        """By calendar."""
        self._rotas: dict[str, tuple[Unfolded, int, Rota]] = {}
        """By calendar: what it was made of, of which staff, and the shifts."""
        self._told: frozenset[str] | None = None

    def now(self, ladder: str, rank: int, at: datetime) -> tuple[Person, ...]:
        """Return who is on duty (`rank` 1) or behind (2 to 9), and can be rung at all."""
        plan = self._plans.get(ladder)
        if plan is None:
            return ()
        logins = self._rota(plan)[0].logins(at, rank)
        known = [person for login in logins if (person := self._people.by_login(login))]
        return tuple(ready for person in known if (ready := self._person(person)).numbers)

    async def load(self) -> None:
        """Read the copies, so that somebody is on duty before the first look."""
        for calendar in self._calendars():
            await calendar.load()
        await self._unfold()

    async def look(self) -> None:
        """Have one look at all calendars, and report what is wrong."""
        for calendar in self._calendars():
            await calendar.look()
        await self._unfold()
        await self._report()

    async def believe_empty(self, name: str) -> None:
        """Take a calendar as it is, for somebody says that it really is empty."""
        found = next((one for one in self._calendars() if one.name == name), None)
        if found is None:
            raise NotFoundError("No rota comes from this calendar.")
        await found.look(believe_empty=True)
        await self._unfold()

    def shown(self) -> list[Shown]:
        """Return what people see of each rota: the shifts of the next days, gaps, and what is wrong."""
        now = self._now()
        found = []
        for plan in self._distinct():
            state = self._state(plan)
            found.append(
                Shown(
                    calendar=state.name,
                    ladders=tuple(one for one, other in self._plans.items() if other.calendar is plan.calendar),
                    read_at=state.read_at,
                    trouble=state.trouble,
                    trouble_since=state.trouble_since,
                    unreadable=state.unreadable,
                    shifts=state.rota.within(now, now + AHEAD),
                    gaps=tuple(gaps(state, now)),
                    troubles=tuple(self._wrong(state)),
                )
            )
        return found

    # -- inside -------------------------------------------------------------------------------------------------------

    def _distinct(self) -> list[Plan]:
        return list({id(plan.calendar): plan for plan in self._plans.values()}.values())

    def _calendars(self) -> list[DutyCalendar]:
        both = [one for plan in self._distinct() for one in (plan.calendar, plan.over) if one is not None]
        return list({id(one): one for one in both}.values())

    def _rota(self, plan: Plan) -> tuple[Rota, int]:
        """Return the shifts, and how many appointments cannot be read; whoever came to the staff just now counts."""
        name, staff = plan.calendar.name, self._people.changes
        unfolded = self._unfolded.get(name)
        if unfolded is None:
            return NO_ROTA, 0
        made = self._rotas.get(name)
        if made is None or made[0] is not unfolded or made[1] != staff:
            made = self._rotas[name] = unfolded, staff, _named(unfolded, Names(self._people.all()))
        return made[2], unfolded.unreadable

    def _state(self, plan: Plan) -> State:
        rota, unreadable = self._rota(plan)
        both: Sequence[DutyCalendar] = [plan.calendar, *([plan.over] if plan.over is not None else [])]
        worst = next((one for one in both if one.trouble), plan.calendar)
        return State(
            name=plan.calendar.name,
            rota=rota,
            ranks=plan.ranks,
            read_at=worst.copy.read_at if worst.copy is not None else None,
            trouble=worst.trouble,
            trouble_since=worst.trouble_since,
            unreadable=unreadable,
        )

    def _wrong(self, state: State) -> list[Trouble]:
        return troubles(state, now=self._now(), zone=self._zone, reachable=self._reachable)

    async def _unfold(self) -> None:
        """Work out what stands in the calendars for the next weeks, where something is another, and once an hour."""
        now = self._now()
        for plan in self._distinct():
            name, over = plan.calendar.name, plan.over
            stamp = plan.calendar.changes, over.changes if over is not None else 0
            known = self._unfolded.get(name)
            if known is None or known.stamp != stamp or now - known.at >= UNFOLD_EVERY:
                self._unfolded[name] = await asyncio.to_thread(_unfolded, plan, stamp, now)

    async def _report(self) -> None:
        """Report what is wrong, once, and when it is over.

        As long as it is not known who works here, each name is a stranger's: that is no news of the rota.
        """
        if not self._people.all():
            return
        if self._told is None:
            self._told = await self._store.told()
        wrong = {one.id: one for plan in self._distinct() for one in self._wrong(self._state(plan))}
        new = [_report(one.id, one, self._language) for one in wrong.values() if one.id not in self._told]
        over = [_report(one, None) for one in sorted(self._told - wrong.keys())]
        if not new and not over:
            return
        try:
            await self._reports.reports([*new, *over])
            await self._store.tell(frozenset(wrong), self._now())
        except NotReachableError as error:
            log.warning("alarms.rota_not_told", code=error.code)
            return
        self._told = frozenset(wrong)


def _unfolded(plan: Plan, stamp: tuple[int, int], now: datetime) -> Unfolded:
    since, until = now - BACK, now + FORWARD
    found, unreadable = plan.calendar.shifts(since, until)
    over: Sequence[Occurrence] = ()
    if plan.over is not None:
        over, unread = plan.over.shifts(since, until)
        unreadable += unread
    return Unfolded(stamp=stamp, at=now, found=found, over=over, unreadable=unreadable)


def _named(unfolded: Unfolded, names: Names) -> Rota:
    """Say of each appointment whose shift it is."""
    usual = [shift_of(one, names) for one in unfolded.found]
    return Rota([*usual, *(shift_of(one, names, over=True) for one in unfolded.over)])


def _report(id_: str, trouble: Trouble | None, language: str = "de") -> Report:
    if trouble is None:
        return Report(source=OURSELVES, point="rota", dedup=id_, what="go")
    text = trouble.text if language == "de" else trouble.text_en
    return Report(source=OURSELVES, point="rota", dedup=id_, text=text, priority=trouble.priority)
