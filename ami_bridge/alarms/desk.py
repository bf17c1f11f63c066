"""What people see of alarms: all that are open, and those just closed, in memory; who is told of which change."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.alarms.model import Alarm, Attempt
from ami_bridge.alarms.ports import OnCall
from ami_bridge.alarms.shown import shown
from ami_bridge.alarms.states import OPERATES
from ami_bridge.errors import BridgeError, NotAllowedError, NotFoundError
from ami_bridge.people.model import People, Person

log = structlog.get_logger()

TOPIC = "alarms"
SHOWN_AFTER = timedelta(hours=1)
"""How long a closed alarm is still among those that are shown."""
AT_ONCE = 200
MOST_SHOWN = 2000
"""In one snapshot; in a flood the most urgent ones, newest first."""


class Hub(Protocol):
    """Where news go."""

    def publish(self, topic: str, event: str, kind: str, body: Struct, *, key: str, login: str | None = None) -> None:
        """Tell one person's clients."""


class Store(Protocol):
    """Reads alarms."""

    async def open(self, since: datetime) -> list[Alarm]:
        """Return all that are open or were closed since."""

    async def some(self, ids: Sequence[str]) -> list[Alarm]:
        """Return these."""

    async def attempts_of(self, ids: Sequence[str]) -> dict[str, list[Attempt]]:
        """Return the newest attempts of each."""


class AlarmDesk:
    """Alarms as people see them."""

    def __init__(self, *, store: Store, people: People, hub: Hub, on_call: OnCall, now: Callable[[], datetime]) -> None:
        self._store = store
        self._people = people
        self._hub = hub
        self._on_call = on_call
        self._now = now
        self._known: dict[str, tuple[Alarm, tuple[Attempt, ...]]] = {}
        self._dirty: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._reading = asyncio.Lock()

    async def load(self) -> None:
        """Read what is open."""
        found = await self._store.open(self._now() - SHOWN_AFTER)
        attempts = await self._store.attempts_of([one.id for one in found])
        self._known = {one.id: (one, tuple(attempts.get(one.id, ()))) for one in found}

    def changed(self, ids: Iterable[str]) -> None:
        """Be told that these are others now; they are read and told by `run`."""
        self._dirty.update(dict.fromkeys(ids))
        self._wake.set()

    async def run(self) -> None:
        """Read what has changed, and tell; for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.catch_up()
            except BridgeError as error:
                log.warning("alarm.not_shown", code=error.code)
                await asyncio.sleep(1)
                self._wake.set()

    async def catch_up(self) -> None:
        """Read and tell all that has changed; who asks while it is read waits for that."""
        async with self._reading:
            await self._catch_up()

    async def _catch_up(self) -> None:
        while self._dirty:
            ids = list(self._dirty)[:AT_ONCE]
            for id_ in ids:  # before they are read: what changes meanwhile is read once more
                del self._dirty[id_]
            try:
                found = await self._store.some(ids)
                attempts = await self._store.attempts_of(ids)
            except (BridgeError, asyncio.CancelledError):  # also where whoever asked has gone
                self.changed(ids)
                raise
            for alarm in found:
                self._known[alarm.id] = (alarm, tuple(attempts.get(alarm.id, ())))
                self._tell(alarm.id)
        old = self._now() - SHOWN_AFTER
        gone = [id_ for id_, (alarm, _) in self._known.items() if alarm.closed_at is not None and alarm.closed_at < old]
        for id_ in gone:
            del self._known[id_]

    # -- what is seen -------------------------------------------------------------------------------------------------

    def operator(self, login: str) -> Person:
        """Return who works with alarms; raises NotAllowedError for everybody else."""
        person = self._people.by_login(login)
        if person is None or not OPERATES & set(person.roles):
            raise NotAllowedError("Alarms are for those who look after plants.")
        return person

    def show(self, alarm: Alarm, attempts: Sequence[Attempt], roles: Sequence[str]) -> wire.Alarm:
        """Return an alarm as somebody with these roles sees it."""
        return shown(alarm, attempts, roles, self._on_duty)

    def open(self, login: str) -> list[wire.Alarm]:
        """Return all that are open, as this person may see them: the most urgent first, then the newest."""
        roles = self.operator(login).roles
        found = sorted(
            (one for one in self._known.values() if one[0].open),
            key=lambda one: (bool(one[0].bundle), one[0].priority, -one[0].raised_at.timestamp()),
        )
        return [self.show(*one, roles) for one in found[:MOST_SHOWN]]

    def one(self, login: str, id_: str) -> wire.Alarm:
        """Return one of those in memory; raises NotFoundError for any other."""
        roles = self.operator(login).roles
        if id_ not in self._known:
            raise NotFoundError("There is no such alarm.")
        return self.show(*self._known[id_], roles)

    def may_follow(self, login: str, topic: str) -> bool:
        """Whether this person may follow a topic."""
        person = self._people.by_login(login)
        return topic == TOPIC and person is not None and bool(OPERATES & set(person.roles))

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        """Return the whole state of a topic for this person."""
        person = self._people.by_login(login)
        roles = person.roles if person is not None else ()
        found = sorted(
            self._known.values(),
            key=lambda one: (not one[0].open, bool(one[0].bundle), one[0].priority, -one[0].raised_at.timestamp()),
        )
        alarms = tuple(self.show(*one, roles) for one in found[:MOST_SHOWN])
        return wire.Snapshot(topic=topic, seq=seq, prev=seq, alarms=alarms)

    def figures(self) -> tuple[dict[int, int], float]:
        """Return how many are open, by priority, and for how many seconds the oldest has been nobody's."""
        counts: dict[int, int] = {}
        oldest = self._now()
        for alarm, _ in self._known.values():
            if alarm.open and not alarm.test:
                counts[alarm.priority] = counts.get(alarm.priority, 0) + 1
                if not alarm.answered_for and not alarm.overlay and alarm.plan.rings:
                    oldest = min(oldest, alarm.raised_at)
        return counts, (self._now() - oldest).total_seconds()

    def _tell(self, id_: str) -> None:
        for person in self._people.all():
            if OPERATES & set(person.roles):
                body = self.show(*self._known[id_], person.roles)
                self._hub.publish(TOPIC, "alarm.changed", "alarm", body, key=f"alarm {id_}", login=person.login)

    def _on_duty(self, ladder: str, rank: int) -> list[str]:
        return [person.name for person in self._on_call.now(ladder, rank, self._now())]
