"""Test alarms: everybody on a list is called by the way of a real alarm, and it is reported who has confirmed.

Each person has an alarm of their own, so that one who confirms silences nobody else's telephone; the engine rings real
alarms before tests. The list is kept before anybody is rung.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Protocol

import structlog
from msgspec import Meta, Struct, structs

from ami_bridge.alarms import reach
from ami_bridge.alarms.classes import OURSELVES
from ami_bridge.alarms.model import Attempt, By, Person, Report
from ami_bridge.alarms.ports import Takes
from ami_bridge.alarms.reach import State, Test, TestKind
from ami_bridge.errors import BadRequestError, BridgeError, BusyError, NotFoundError, NotReachableError
from ami_bridge.people import model as people
from ami_bridge.people.rules import means

log = structlog.get_logger()

LOOK_EVERY = 1.0
IDLE_LOOK = timedelta(seconds=30)
SOUND = "test"
TEXT = "Es ist nichts geschehen, bitte bestätigen."
EVERYONE = "everyone"
NEWEST = 50
PATIENCE = timedelta(minutes=3)
"""How long a call may go on after the end, to hear how it ended."""


class Wish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to call for a test."""

    to: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(min_length=1, max_length=500)]
    """Logins, `role:`, `department:` or `group:` and a name, `everyone`."""
    text: Annotated[str, Meta(max_length=300)] = ""
    """What is spoken after "Probealarm"."""
    seconds: Annotated[int, Meta(ge=10, le=3600)] = 900
    """How long people have to confirm."""


class Store(Protocol):
    """Keeps tests."""

    async def begin(self, test: Test) -> None:
        """Keep a new one."""

    async def end(self, test: Test) -> None:
        """Keep one that is over."""

    async def get(self, id_: str) -> Test | None:
        """Return one."""

    async def newest(self, most: int, kind: str | None = None, *, ended: bool = False) -> list[Test]:
        """Return the newest ones first."""

    async def running(self) -> list[Test]:
        """Return those that are not over."""

    async def states(self, source: str, prefix: str) -> dict[str, State]:
        """Return what became of the alarms of a test, by login."""

    async def attempts(self, ids: Sequence[str]) -> dict[str, list[Attempt]]:
        """Return all calls of these alarms."""


class Tests:
    """Carries them out."""

    def __init__(
        self,
        *,
        store: Store,
        takes: Takes,
        people: people.People,
        person: Callable[[people.Person], Person],
        everyone: Sequence[str],
        tell: Callable[[Test, str], Awaitable[None]],
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        """`everyone` are the words that mean everybody; `tell` sends a report to those who manage alarms."""
        self._store = store
        self._takes = takes
        self._people = people
        self._person = person
        self._everyone = tuple(everyone)
        self._tell = tell
        self._new_id = new_id
        self._now = now
        self._looked: datetime | None = None
        self._any = True
        self._closed: set[tuple[str, str]] = set()

    async def start(self, wish: Wish, by: By | None, kind: TestKind = "asked") -> Test:
        """Begin one; only one runs at a time, or people would not know which of them they confirm."""
        if await self._store.running():
            raise BusyError("A test is under way.")
        listed = self._listed(wish.to)
        now = self._now()
        test = Test(
            id=self._new_id(),
            kind=kind,
            started_at=now,
            ends_at=now + timedelta(seconds=wish.seconds),
            who=tuple(wish.to),
            started_by=by,
            text=" ".join(f"{TEXT} {wish.text}".split()),
            people=tuple(reach.at_first(person) for person in listed),
        )
        await self._store.begin(test)
        self._any = True
        ringable = [person for person in listed if person.numbers]
        if ringable:
            await self._takes.reports([self._report(test, person) for person in ringable])
        log.info("alarms.test_started", test=test.id, people=len(listed))
        return test

    async def get(self, id_: str) -> Test:
        """Return one as it stands now."""
        test = await self._store.get(id_)
        if test is None:
            raise NotFoundError("There is no such test.")
        return test if test.ended_at is not None else (await self._judged(test))[0]

    async def newest(self, most: int = NEWEST) -> list[Test]:
        """Return the newest ones first; of one that runs, what is kept of it."""
        return await self._store.newest(most)

    async def before(self, test: Test) -> Test | None:
        """Return the one that ended before this one began, if it is among the newest."""
        found = await self._store.newest(NEWEST, ended=True)
        return next((one for one in found if one.started_at < test.started_at), None)

    async def look(self) -> None:
        """End those calls and tests that are over; cheap while none runs."""
        now = self._now()
        if not self._any and self._looked is not None and now - self._looked < IDLE_LOOK:
            return
        self._looked = now
        running = await self._store.running()
        self._any = bool(running)
        for test in running:
            await self._go_on(test, now)

    async def _go_on(self, test: Test, now: datetime) -> None:
        judged, states = await self._judged(test)
        late = now >= test.ends_at
        over = [state for state in states.values() if late or state.done or state.acknowledged is not None]
        await self._close(test, [state for state in over if (test.id, state.login) not in self._closed])
        missing = [one for one in test.people if one.login not in states and one.ways[0].number]
        waits = len(over) < len(states) or bool(missing)
        if waits and not late:
            return
        live = any(one.ended_at is None for some in (await self._attempts(states)).values() for one in some)
        if live and now < test.ends_at + PATIENCE:
            return
        await self._end(structs.replace(judged, ended_at=now))

    async def _end(self, test: Test) -> None:
        """Keep the result first; a report that cannot be sent does not repeat the test."""
        before = await self._store.newest(1, ended=True)
        await self._store.end(test)
        self._closed = {one for one in self._closed if one[0] != test.id}
        log.info("alarms.test_ended", test=test.id, people=len(test.people), confirmed=test.confirmed)
        try:
            await self._tell(test, reach.report(test, reach.unreached_again(test, before[0] if before else None)))
        except BridgeError as error:
            log.warning("alarms.test_not_told", test=test.id, code=error.code)

    async def _close(self, test: Test, states: Sequence[State]) -> None:
        """End the alarms of these people: nobody rings them again."""
        if not states:
            return
        gone = [
            Report(source=OURSELVES.name, point=SOUND, dedup=_prefix(test) + one.login, what="go", test=True)
            for one in states
        ]
        try:
            await self._takes.reports(gone)
        except NotReachableError:
            return  # the next look does it
        self._closed.update((test.id, one.login) for one in states)

    async def _judged(self, test: Test) -> tuple[Test, dict[str, State]]:
        states = await self._store.states(OURSELVES.name, _prefix(test))
        return reach.judged(test, states, await self._attempts(states)), states

    async def _attempts(self, states: dict[str, State]) -> dict[str, list[Attempt]]:
        return await self._store.attempts([state.alarm for state in states.values()])

    def _report(self, test: Test, person: Person) -> Report:
        return Report(
            source=OURSELVES.name,
            point=SOUND,
            dedup=_prefix(test) + person.login,
            text=test.text,
            priority=3,
            test=True,
            sound=SOUND,
            people=(person,),
        )

    def _listed(self, words: Sequence[str]) -> list[Person]:
        """Return everybody whom the words mean, also who has no telephone; a word that means nobody is a mistake."""
        found: dict[str, Person] = {}
        for word in [one for said in words for one in (self._everyone if said == EVERYONE else (said,))]:
            meant = [person for person in self._people.all() if _means(word, person)]
            if not meant:
                raise BadRequestError(f"Nobody here is meant by {word!r}.")
            for person in meant:
                found.setdefault(person.login, self._person(self._people.by_login(person.login) or person))
        if not found:  # a report about nobody would read as if all were well
            raise BadRequestError("Nobody would be called: [alarms] everyone is empty.")
        return list(found.values())


def _means(word: str, person: people.Person) -> bool:
    kind, colon, name = word.partition(":")
    return name in person.roles if colon and kind == "role" else means(word, person)


def _prefix(test: Test) -> str:
    return f"test/{test.id}/"
