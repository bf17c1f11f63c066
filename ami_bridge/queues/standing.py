"""Who stands in which queue, and who serves it: what is known from Asterisk, before anybody is named. Pure."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from msgspec import Struct, structs

from ami_bridge.queues.events import MemberGone, MemberNow, QueueEvent, QueueNow

BACK_WITHIN = timedelta(minutes=2)
"""Who was taken out and comes back because nobody answered has waited all the time."""
MOST_TAKEN = 1_000


class Waiting(Struct, frozen=True, kw_only=True):
    """Somebody who waits."""

    id: str
    """Ours: clients name it."""
    leg: str
    channel: str
    number: str | None
    since: datetime


class State:
    """One queue."""

    __slots__ = ("members", "name", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.waiting: dict[str, Waiting] = {}
        """By leg."""
        self.members: dict[str, MemberNow] = {}
        """By id."""

    @property
    def in_line(self) -> list[Waiting]:
        """Who waits, the longest first."""
        return sorted(self.waiting.values(), key=lambda one: one.since)


class Standing:
    """All queues of one PBX."""

    def __init__(self, *, new_id: Callable[[datetime], str]) -> None:
        self._new_id = new_id
        self._queues: dict[str, State] = {}
        self._taken: dict[str, tuple[Waiting, datetime]] = {}

    def all(self) -> list[State]:
        """Return all queues."""
        return list(self._queues.values())

    def named(self, name: str) -> State | None:
        """Return a queue."""
        return self._queues.get(name)

    def joins(self, queue: str, *, leg: str, channel: str, number: str | None, now: datetime) -> set[str]:
        """Take that somebody waits; returns the names of the queues that look different now."""
        changed = self.leaves(leg)
        kept = self._taken.pop(leg, None)
        if kept is not None and now - kept[1] <= BACK_WITHIN:
            one = structs.replace(kept[0], channel=channel)
        else:
            one = Waiting(id=self._new_id(now), leg=leg, channel=channel, number=number, since=now)
        self._queue(queue).waiting[leg] = one
        return changed | {queue}

    def leaves(self, leg: str) -> set[str]:
        """Take that somebody waits no longer."""
        found = [queue for queue in self._queues.values() if leg in queue.waiting]
        for queue in found:
            del queue.waiting[leg]
        return {queue.name for queue in found}

    def taken(self, one: Waiting, now: datetime) -> None:
        """Remember since when somebody has waited who is taken out now and may come back."""
        self._taken[one.leg] = one, now
        while len(self._taken) > MOST_TAKEN:
            del self._taken[next(iter(self._taken))]

    def served(self, leg: str) -> None:
        """Take that somebody talks to who was taken: in whatever queue they come to wait again, they begin anew."""
        self._taken.pop(leg, None)

    def apply(self, event: QueueEvent) -> set[str]:
        """Take what is told of a member."""
        id_ = id_of(event.queue, event.interface)
        if isinstance(event, MemberGone):
            queue = self._queues.get(event.queue)
            if queue is None or id_ not in queue.members:
                return set()
            del queue.members[id_]
            return {event.queue}
        members = self._queue(event.queue).members
        if members.get(id_) == event:
            return set()
        members[id_] = event
        return {event.queue}

    def replace(self, queues: Iterable[QueueNow], now: datetime) -> set[str]:
        """Take the whole truth; who is known keeps the id and since when."""
        before, self._queues = self._queues, {}
        known = {leg: one for state in before.values() for leg, one in state.waiting.items()}
        for told in queues:
            state = self._queue(told.name)
            for entry in told.waiting:
                since = now - timedelta(seconds=entry.seconds)
                one = Waiting(
                    id=self._new_id(now), leg=entry.leg, channel=entry.channel, number=entry.number, since=since
                )
                state.waiting[entry.leg] = known.get(entry.leg, one)
            state.members = {id_of(one.queue, one.interface): one for one in told.members}
        return {
            name
            for name in before.keys() | self._queues.keys()
            if _seen(before.get(name)) != _seen(self._queues.get(name))
        }

    def _queue(self, name: str) -> State:
        return self._queues.setdefault(name, State(name))


def id_of(queue: str, interface: str) -> str:
    """Name a member for clients: what a queue rings is a word of Asterisk's, which they never say."""
    return hashlib.sha256(f"{queue}\n{interface}".encode()).hexdigest()[:16]


def _seen(state: State | None) -> object:
    return None if state is None else (state.waiting, state.members)
