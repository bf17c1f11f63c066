"""Watches over open rooms: says when one will end, ends it when its time is over, sends away who is left alone."""

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec import Struct, structs

from ami_bridge.errors import GoneError, NotFoundError, NotReachableError, RefusedError
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.model import Room
from ami_bridge.rooms.participants import Participants

log = structlog.get_logger()

LOOK_EVERY = 4.0
EVERYBODY = "all"
WARNINGS = ((timedelta(minutes=10), "room-ends-soon"), (timedelta(minutes=1), "room-ends-now"))
"""How long before its end which sound is spoken."""
TIMELY = timedelta(seconds=30)
"""So much later what a warning says is not true any more."""
GOODBYE = timedelta(seconds=5)
"""In which the last words are spoken."""
EMPTY = timedelta(seconds=30)
"""After which a room ends that was made of a call: who was cut off can come back so long."""
ANSWER = timedelta(minutes=1)
"""In which somebody may still come to who is alone."""


class Bridge(Protocol):
    """The PBX's conference bridge."""

    async def say(self, room: str, saying: str) -> None:
        """Speak one of our sounds into the room."""

    async def remove(self, room: str, whom: str) -> None:
        """Put a channel, or `all`, out of the room."""


class Seen(Struct, frozen=True, kw_only=True):
    """What was seen and said in an open room."""

    warned: tuple[datetime, str] | None = None
    """Of which end, and how."""
    over: datetime | None = None
    """When goodbye was said."""
    alone: datetime | None = None
    """Since when one person is there."""
    told: datetime | None = None
    """When that person was told that the room will end."""


class Deed(Struct, frozen=True):
    """What is to be done in a room now: speak, or (nothing to say) send everybody away."""

    saying: str
    why: str


NEW = Seen()


def due(room: Room, people: int, seen: Seen, now: datetime, *, alone: timedelta) -> tuple[Seen, Deed | None]:
    """Say what is to be done in a room with so many people, and what will have been seen then."""
    if room.closes is not None and now >= room.closes:
        if seen.over is None:
            return structs.replace(seen, over=now), Deed("room-over", "time")
        return seen, Deed("", "time") if now >= seen.over + GOODBYE else None
    seen = structs.replace(seen, over=None)
    if room.closes is not None:
        for before, saying in WARNINGS:
            warned = (room.closes, saying)
            if before - TIMELY < room.closes - now <= before and seen.warned != warned:
                return structs.replace(seen, warned=warned), Deed(saying, "time")
    if people == 1 and alone:
        return _alone(room, structs.replace(seen, alone=seen.alone or now), now, alone)
    return structs.replace(seen, alone=None, told=None), None


def _alone(room: Room, seen: Seen, now: datetime, alone: timedelta) -> tuple[Seen, Deed | None]:
    """Say what is to be done where one person is left; who is early waits for the others, and for as long again."""
    since = seen.alone or now
    if now < max(since, room.starts or since) + alone:
        return seen, None
    if seen.told is None:
        return structs.replace(seen, told=now), Deed("room-alone-long", "alone")
    return seen, Deed("", "alone") if now >= seen.told + ANSWER else None


class Wardens:
    """Does what is due in all rooms."""

    def __init__(
        self,
        *,
        keeper: Keeper,
        participants: Participants,
        bridge: Bridge,
        alone: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        """Send away who is alone for longer than `alone`; nothing: never."""
        self._keeper = keeper
        self._participants = participants
        self._bridge = bridge
        self._alone = alone
        self._now = now
        self._seen: dict[str, Seen] = {}
        self._empty: dict[str, datetime] = {}
        """Rooms made of calls in which nobody is, by number, and since when."""

    async def look(self) -> None:
        """Look at all open rooms once."""
        open_ = set(self._participants.rooms())
        self._seen = {number: seen for number, seen in self._seen.items() if number in open_}
        for number in sorted(open_):
            room, there = self._keeper.room(number), self._participants.open(number)
            if room is None or there is None:
                continue
            seen, deed = due(
                room, len(there.people), self._seen.get(number, NEW), self._now(), alone=self._alone
            )  # fmt: skip
            if deed is None or await self._done(room, deed):
                self._seen[number] = seen
        await self._end_left(open_)

    async def _end_left(self, open_: Collection[str]) -> None:
        """End rooms that were made of calls and in which nobody is any more."""
        now = self._now()
        left = [room for room in self._keeper.all() if room.kind == "adhoc" and room.number not in open_]
        self._empty = {room.number: self._empty.get(room.number, now) for room in left if self._keeper.live}
        for number in [number for number, since in self._empty.items() if now >= since + EMPTY]:
            with suppress(NotFoundError, GoneError, NotReachableError):  # the PBX follows later
                await self._keeper.end(number)

    async def _done(self, room: Room, deed: Deed) -> bool:
        """Do it; false where it has to be tried again."""
        try:
            if deed.saying:
                await self._bridge.say(room.number, deed.saying)
            else:
                await self._bridge.remove(room.number, EVERYBODY)
                log.info("rooms.closed", room=room.id, why=deed.why)
        except (GoneError, RefusedError):
            return True  # nobody is there any more
        except NotReachableError:
            return False
        return True
