"""Does what people want done at queues: looks again whether it can be done, then has Asterisk do it."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, Protocol

import structlog
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.calls.control import Once, OwnTelephone
from ami_bridge.errors import BadRequestError, GoneError, NotAllowedError, NotFoundError, NotReachableError
from ami_bridge.people.model import Person
from ami_bridge.queues.desk import QueueDesk
from ami_bridge.queues.events import MemberNow
from ami_bridge.queues.standing import Standing, State, Waiting

log = structlog.get_logger()

Verb = Literal["take", "pause", "unpause", "login", "logout"]


class Wish(Struct, frozen=True, kw_only=True):
    """What somebody wants done at a queue."""

    verb: str
    queue: str
    caller: str = ""
    """With `take`: who of those that wait."""
    member: str = ""
    """With `pause`, `unpause` and `logout`: who; empty: the reader's own telephone."""


class Steer(Protocol):
    """Asterisk, as far as queues are steered; each raises GoneError, NotReachableError, RefusedError."""

    async def pause(self, queue: str, interface: str, *, on: bool) -> None:
        """Have a member pause, or serve again."""

    async def log_in(self, queue: str, device: str, *, name: str) -> None:
        """Let a telephone serve."""

    async def log_out(self, queue: str, interface: str) -> None:
        """Let it serve no longer."""

    async def take(self, channel: str, queue: str, device: str, *, waits: Callable[[], bool]) -> None:
        """Let who waits ring this telephone."""


class Devices(Protocol):
    """Whose telephones are whose."""

    def rung_first(self, login: str) -> OwnTelephone:
        """Return the own telephone to ring; raises NotAllowedError, NotReachableError where there is none."""


class QueueControl:
    """A wish is carried out at once or refused; none is kept for later."""

    def __init__(
        self,
        *,
        desk: QueueDesk,
        standing: Standing,
        steer: Steer,
        devices: Devices,
        once: Once,
        now: Callable[[], datetime],
    ) -> None:
        self._desk = desk
        self._standing = standing
        self._steer = steer
        self._devices = devices
        self._once = once
        self._now = now

    async def do(self, login: str, wish: Wish, *, credential: str, key: Callable[[], str]) -> wire.Queue:
        """Carry out a wish and return the queue; raises a BridgeError where that cannot be or may not be."""
        person, state = self._see(login, wish.queue)
        match wish.verb:
            case "take":
                await self._once.do(
                    login,
                    key(),
                    wish,
                    check=lambda: self._may_take(login, wish),
                    errand=lambda _, found: self._take(wish.queue, *found),
                )
            case "pause" | "unpause":
                member = self._may(person, state, wish, wish.verb)
                await self._steer.pause(state.name, member.interface, on=wish.verb == "pause")
            case "login":
                if not self._desk.may_log_in(state, person):
                    raise NotAllowedError("You may not log in here, or you already are.")
                device = self._devices.rung_first(login).id
                await self._steer.log_in(state.name, device, name=person.name)
            case "logout":
                member = self._may(person, state, wish, "logout")
                await self._steer.log_out(state.name, member.interface)
            case _:
                raise BadRequestError("There is no such thing to do at a queue.")
        log.info("queue.done", verb=wish.verb, queue=state.name, credential=credential, others=wish.member != "")
        return self._desk.show(state, person)

    def _see(self, login: str, queue: str) -> tuple[Person, State]:
        """Find a queue among those that this person sees; others do not exist for them."""
        if not self._desk.live:
            raise NotReachableError("Asterisk is not connected, so nothing can be done at queues just now.")
        seen = self._desk.seen(login, queue)
        if seen is None:
            raise NotFoundError("There is no such queue, or it is not yours.")
        return seen

    def _may(self, person: Person, state: State, wish: Wish, verb: Literal["pause", "unpause", "logout"]) -> MemberNow:
        """Return the member that is meant; raises where there is none, or it may not be."""
        member = state.members.get(wish.member) if wish.member else self._desk.own(state, person)
        if member is None:
            raise GoneError("Nobody of this name serves the queue any more.")
        can = self._desk.member_actions(member, state, person)
        if verb not in can:
            if {"pause", "unpause"} & {verb} and can:
                raise GoneError("That is so already.")
            raise NotAllowedError("You may not do this here.")
        return member

    def _may_take(self, login: str, wish: Wish) -> tuple[Waiting, OwnTelephone]:
        person, state = self._see(login, wish.queue)
        if not self._desk.may_take(state, person):
            raise NotAllowedError("You may not take callers from this queue.")
        caller = next((one for one in state.in_line if one.id == wish.caller), None)
        if caller is None:
            raise GoneError("This caller waits no longer.")
        return caller, self._devices.rung_first(login)

    async def _take(self, queue: str, caller: Waiting, own: OwnTelephone) -> None:
        self._standing.taken(caller, self._now())
        await self._steer.take(caller.channel, queue, own.id, waits=lambda: self._waits(queue, caller))

    def _waits(self, queue: str, caller: Waiting) -> bool:
        state = self._standing.named(queue)
        return state is not None and caller.leg in state.waiting
