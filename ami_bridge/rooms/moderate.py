"""What moderators do in a room: mute, remove, lock, call somebody in, end; each is done by the PBX or refused."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec import Struct

from ami_bridge.config import Kind
from ami_bridge.errors import (
    BadRequestError,
    GoneError,
    NotAllowedError,
    NotFoundError,
    NotReachableError,
    RateLimitedError,
)
from ami_bridge.people.tries import Tries
from ami_bridge.rooms.events import Wished
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.lobby import Lobby
from ami_bridge.rooms.model import Room
from ami_bridge.rooms.participants import Participants, Person

log = structlog.get_logger()

LOOK_EVERY = 3.0
"""Seconds between two looks whether open rooms are locked: no event tells."""
BEGINS = "booked"
"""What the dialplan says instead of a channel while a recording that was booked is about to begin."""
CALLS_A_DAY = 30
RING_SECONDS = 30


class Bridge(Protocol):
    """The PBX's conference bridge."""

    async def mute(self, room: str, whom: str, *, on: bool) -> None:
        """Silence a channel, or `participants`."""

    async def remove(self, room: str, whom: str) -> None:
        """Put a channel, or `all`, out of the room."""

    async def lock(self, room: str, *, on: bool) -> None:
        """Close the door, or open it."""

    async def locked(self) -> Mapping[str, bool]:
        """Say of each open room whether it is locked."""

    async def call_in(self, room: str, keys: str, *, caller: str, shows: str, ring_seconds: int) -> None:
        """Call somebody, who is in when they press 1; `caller` is who calls, `shows` whom the others see."""

    async def record(self, room: str) -> None:
        """Write down what is said, from when everybody was told on."""

    async def recorder(self, room: str) -> str:
        """Say which channel writes down what is said, BEGINS if it is about to; empty: none."""

    async def stop_recording(self, recorder: str) -> None:
        """End that."""

    async def say(self, room: str, saying: str) -> None:
        """Speak one of our sounds into the room."""


class Called(Struct, frozen=True, kw_only=True):
    """Somebody who may be called into a room."""

    keys: str
    """What is pressed to dial them."""
    number: str
    kind: Kind
    caller: str
    """Extension of who calls."""


class May(Protocol):
    """Knows which numbers may be dialled, and counts."""

    def look(self, login: str, number: str, *, credential: str) -> Called:
        """Return what is dialled; raises NotAllowedError, BadRequestError, RateLimitedError."""

    async def called(self, login: str, called: Called, *, credential: str) -> None:
        """Be told that they are being called."""


class Moderate:
    """Carries out what moderators want."""

    def __init__(
        self,
        *,
        keeper: Keeper,
        lobby: Lobby,
        participants: Participants,
        bridge: Bridge,
        may: May,
        records: bool,
        now: Callable[[], datetime],
    ) -> None:
        """Record only where `records` says that it is set up."""
        self._records = records
        self._keeper = keeper
        self._lobby = lobby
        self._participants = participants
        self._bridge = bridge
        self._may = may
        self._now = now
        self._calls = Tries(most=CALLS_A_DAY, within=timedelta(days=1))
        self._wishes: asyncio.Queue[Wished] = asyncio.Queue(maxsize=100)

    def wished(self, wish: Wished) -> None:
        """Take a wish that a moderator's key made; done by `run`."""
        if not self._wishes.full():
            self._wishes.put_nowait(wish)

    async def run(self) -> None:
        """Do what keys wish, for ever."""
        while True:
            wish = await self._wishes.get()
            there = self._participants.open(wish.room)
            person = None if there is None else there.people.get(wish.leg)
            if there is None or person is None or person.role != "mod":
                continue
            try:
                if wish.wish == "lock":
                    await self._lock(wish.room, on=not there.locked)
                elif wish.wish == "silence":
                    others = [one for one in there.people.values() if one.role != "mod"]
                    await self._bridge.mute(wish.room, "participants", on=not all(one.muted for one in others))
            except (NotReachableError, NotFoundError, GoneError) as error:
                log.warning("rooms.key_failed", wish=wish.wish, why=str(error))

    async def look(self) -> None:
        """See whether open rooms are locked."""
        self._lobby.look()
        if not self._participants.rooms():
            return
        try:
            for number, on in (await self._bridge.locked()).items():
                self._lobby.locked(number, on=on)
            for number in self._participants.rooms() if self._records else ():
                self._lobby.recorded(number, on=await self._bridge.recorder(number) != "")
        except NotReachableError:
            return  # the next look, or the next snapshot, tells

    async def mute(self, login: str, number: str, leg: str, *, on: bool) -> None:
        """Silence one person, or let them be heard again. One may always do that to oneself."""
        room = self._keeper.seen_by(login, number)
        person = self._there(room, leg)
        if not self._lobby.is_of(person, login):
            self._keeper.moderated_by(login, number)
        await self._bridge.mute(number, person.channel, on=on)

    async def mute_all(self, login: str, number: str, *, on: bool) -> None:
        """Silence all but moderators."""
        room = self._open(self._keeper.moderated_by(login, number))
        await self._bridge.mute(room.number, "participants", on=on)

    async def remove(self, login: str, number: str, leg: str) -> None:
        """Put somebody out of the room, and let their PIN open it no more."""
        room = self._keeper.moderated_by(login, number)
        person = self._there(room, leg)
        pin = self._keeper.pin(person.person)
        if pin is not None and pin.login == room.owner:
            raise NotAllowedError("Who made the room cannot be removed from it.")
        if pin is not None:
            await self._keeper.revoke(number, pin.id)
        await self._bridge.remove(number, person.channel)

    async def lock(self, login: str, number: str, *, on: bool) -> None:
        """Close the door, or open it."""
        self._open(self._keeper.moderated_by(login, number))
        await self._lock(number, on=on)

    async def call_in(self, login: str, number: str, to: str, *, credential: str) -> None:
        """Call somebody into the room; they are in when they press 1. It counts as if it had been dialled."""
        room = self._keeper.moderated_by(login, number)
        now = self._now()
        if (wait := self._calls.wait(login, now)) > 0:
            raise RateLimitedError(f"At most {CALLS_A_DAY} people a day can be called in.", retry_after=wait)
        called = self._may.look(login, to, credential=credential)
        self._calls.count(login, now)
        await self._bridge.call_in(
            room.number, called.keys, caller=called.caller, shows=called.number, ring_seconds=RING_SECONDS
        )
        await self._may.called(login, called, credential=credential)

    async def record(self, login: str, number: str) -> None:
        """Have written down what is said; everybody there is told, and everybody who comes."""
        self._open(self._keeper.moderated_by(login, number))
        if not self._records:
            raise NotAllowedError("Recording is not set up here.")
        if await self._bridge.recorder(number):
            raise GoneError("This conference is being recorded already.")
        await self._bridge.record(number)

    async def stop(self, login: str, number: str) -> None:
        """End a recording; everybody is told."""
        self._keeper.moderated_by(login, number)
        await self.stop_any(number)

    async def stop_any(self, number: str) -> None:
        """End a recording, for an administrator; one that was booked does not begin again by itself."""
        room = self._keeper.room(number)
        if room is None:
            raise NotFoundError("There is no such room.")
        self._open(room)
        recorder = await self._bridge.recorder(number)
        if not recorder:
            raise GoneError("This conference is not being recorded.")
        if recorder == BEGINS:
            raise GoneError("The recording is about to begin; it can be stopped in a moment.")
        await self._bridge.stop_recording(recorder)
        self._lobby.recorded(number, on=False)
        await self._bridge.say(number, "room-recording-ends")

    async def end(self, login: str, number: str) -> None:
        """End the room: everybody is sent away, nobody gets in any more."""
        room = self._keeper.moderated_by(login, number)
        try:
            await self._keeper.end(number)
        finally:
            if self._participants.open(room.number) is not None:
                await self._bridge.remove(room.number, "all")

    async def _lock(self, number: str, *, on: bool) -> None:
        await self._bridge.lock(number, on=on)
        self._lobby.locked(number, on=on)

    def _open(self, room: Room) -> Room:
        if self._participants.open(room.number) is None:
            raise GoneError("Nobody is in this room just now.")
        return room

    def _there(self, room: Room, leg: str) -> Person:
        there = self._participants.open(room.number)
        person = None if there is None else there.people.get(leg)
        if person is None:
            raise NotFoundError("This person is not in the room any more.")
        return person


async def act(moderate: Moderate, login: str, number: str, verb: str) -> None:
    """Do something to a whole room, by its name in HTTP and on the websocket."""
    match verb:
        case "lock" | "unlock":
            await moderate.lock(login, number, on=verb == "lock")
        case "mute" | "unmute":
            await moderate.mute_all(login, number, on=verb == "mute")
        case "record":
            await moderate.record(login, number)
        case "stop":
            await moderate.stop(login, number)
        case "end":
            await moderate.end(login, number)
        case _:
            raise BadRequestError("Rooms know lock, unlock, mute, unmute, record, stop and end.")
