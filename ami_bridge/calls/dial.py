"""Click to dial: may they, with which telephone, and have it rung."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

import structlog
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.calls.classes import ASKED_TWICE, Plan
from ami_bridge.calls.limits import DAY, Limits, Nights
from ami_bridge.calls.once import Once
from ami_bridge.calls.view import View
from ami_bridge.config import Kind
from ami_bridge.errors import (
    NotAllowedError,
    NotFoundError,
    NotReachableError,
    RateLimitedError,
    RefusedError,
    UnconfirmedError,
)
from ami_bridge.numbers import Number
from ami_bridge.people.model import Person
from ami_bridge.people.rules import means

log = structlog.get_logger()


class Wanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom somebody wants to call."""

    to: str
    """A number as people write it, or an extension."""
    device: str | None = None
    """Which of the person's own telephones rings; by default the one that was chosen, else the first."""
    confirmed: bool = False
    """The person has said once more that it is meant: needed for emergency calls and what is dear."""


class People(Protocol):
    """Who works here."""

    def by_login(self, login: str) -> Person | None:
        """Return the person with exactly this login."""


class Device(Protocol):
    """A telephone."""

    @property
    def id(self) -> str:
        """Its name, like `PJSIP/101`."""

    @property
    def extension(self) -> str:
        """Whose it is."""

    @property
    def registered(self) -> bool:
        """Whether it can be reached."""

    @property
    def chosen(self) -> bool:
        """Whether its owner wants to dial with it."""


class Devices(Protocol):
    """Who has which telephones."""

    def of(self, login: str) -> Sequence[Device]:
        """Return a person's own telephones, those of the main extension first."""


class Board(Protocol):
    """The live calls."""

    def expect(self, id_: str, *, extension: str, number: str, outside: bool, now: datetime) -> list[View]:
        """Begin the call of somebody whose own telephone is about to be rung."""

    def give_up(self, id_: str, now: datetime) -> list[View]:
        """End an expected call that does not come about."""


class Desk(Protocol):
    """Who is told."""

    @property
    def bridge(self) -> wire.Bridge:
        """Whether what is known is live."""

    def show(self, views: Sequence[View]) -> None:
        """Tell those whom it concerns."""


class Ringer(Protocol):
    """Has telephones rung."""

    async def reachable(self, device: str) -> bool:
        """Whether one can be rung, at this moment."""

    async def ring(
        self,
        device: str,
        *,
        id: str,  # noqa: A002 - AMI's word
        other_id: str,
        keys: str,
        extension: str,
        name: str,
        auto_answer: str,
        ring_seconds: int,
    ) -> None:
        """Ring one; raises LateError where nobody knows whether it does."""


class Store(Protocol):
    """Where it is kept who dialled when."""

    async def add(self, id_: str, login: str, at: datetime) -> None:
        """Keep one."""

    async def since(self, at: datetime) -> list[tuple[str, datetime]]:
        """Read who has dialled since."""

    async def purge(self, before: datetime) -> int:
        """Delete what is older."""


class Config(Protocol):
    """What is configured of it."""

    @property
    def allow(self) -> Sequence[Kind]:
        """What everybody may dial."""

    @property
    def allow_for(self) -> Mapping[str, Sequence[Kind]]:
        """What some may dial."""

    @property
    def ring_seconds(self) -> int:
        """How long one's own telephone rings."""

    @property
    def auto_answer(self) -> Mapping[str, str]:
        """Which telephones answer by themselves, and how."""


class _Plan(Struct, frozen=True, kw_only=True):
    """A call that may be made."""

    number: Number
    kind: Kind
    devices: Sequence[Device]
    """What may ring, the best first."""


class Dial:
    """Dials for people, from their own telephones."""

    def __init__(
        self,
        *,
        config: Config,
        plan: Plan,
        people: People,
        devices: Devices,
        once: Once,
        limits: Limits,
        nights: Nights,
        store: Store,
        board: Board,
        desk: Desk,
        ringer: Ringer,
        shown: Callable[[Mapping[str, str]], str],
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        """`shown` answers what a telephone shows for a number, as for a call that comes in."""
        self._config = config
        self._plan = plan
        self._people = people
        self._devices = devices
        self._once = once
        self._limits = limits
        self._nights = nights
        self._store = store
        self._board = board
        self._desk = desk
        self._ringer = ringer
        self._shown = shown
        self._new_id = new_id
        self._now = now

    async def load(self) -> None:
        """Begin with what was dialled before."""
        self._limits.load(await self._store.since(self._now() - DAY))

    async def purge(self) -> None:
        """Forget what counts no more."""
        await self._once.purge()
        await self._store.purge(self._now() - DAY)

    async def call(self, login: str, wanted: Wanted, *, key: str, credential: str) -> str:
        """Have somebody's own telephone rung, then whom they want; returns the call's id as soon as it is under way.

        The same key again is the same call. Raises a BridgeError where it may not be, or cannot.
        """
        return await self._once.do(
            login,
            key,
            wanted,
            check=lambda: self._may(login, wanted),
            errand=lambda id_, plan: self._ring(id_, login, plan, credential),
        )

    def looked_at(self, to: str) -> tuple[Number, Kind]:
        """Return what somebody would call; raises BadRequestError where it is no number."""
        number = self._plan.read(to)
        return number, self._plan.kind(number)

    def _may(self, login: str, wanted: Wanted) -> _Plan:
        """Say what is to be done; raises where it may not be, or cannot."""
        person = self._people.by_login(login)
        if person is None:
            raise NotAllowedError("This person is not known any more.")
        number, kind = self.looked_at(wanted.to)
        if kind != "emergency" and kind not in self.allowed(person):
            raise NotAllowedError(f"You may not dial numbers of this kind ({kind}).")
        if kind in ASKED_TWICE and not wanted.confirmed:
            raise UnconfirmedError(f"A call of this kind ({kind}) must be confirmed.")
        devices = self._candidates(login, wanted.device)
        if self._desk.bridge.ami != "up":
            raise NotReachableError("The telephone system is not connected.")
        return _Plan(number=number, kind=kind, devices=devices)

    def allowed(self, person: Person) -> frozenset[Kind]:
        """Return what somebody may dial: by their own rule, else by those of their groups, else what everybody may."""
        rules = self._config.allow_for
        for word in (f"person:{person.login}", person.login):
            if word in rules:
                return frozenset(rules[word])
        theirs = [kinds for word, kinds in rules.items() if means(word, person)]
        return frozenset(kind for rule in theirs for kind in rule) if theirs else frozenset(self._config.allow)

    def _candidates(self, login: str, wanted: str | None) -> Sequence[Device]:
        """Say which telephones may ring, the best first; never another's."""
        own = self._devices.of(login)
        if wanted is not None:
            found = next((one for one in own if one.id == wanted), None)
            if found is None:
                raise NotAllowedError("This is not one of your telephones.")
            return (found,)
        if not own:
            raise NotFoundError("You have no telephone here.")
        # The chosen one, unless only another can be reached.
        return sorted(own, key=lambda one: (not one.registered, not one.chosen))

    async def _reachable(self, devices: Sequence[Device]) -> Device:
        """Return the best that can be rung. One that has just come may not be known yet, so Asterisk is asked."""
        for device in devices:
            if device.registered or await self._ringer.reachable(device.id):
                return device
        raise NotReachableError("None of your telephones is registered.")

    async def _ring(self, id_: str, login: str, plan: _Plan, credential: str) -> None:
        """Ring."""
        device, now, number = await self._reachable(plan.devices), self._now(), plan.number
        if plan.kind != "emergency":
            self.take(login, credential)
        keys = self._plan.keys(number)
        self._desk.show(
            self._board.expect(id_, extension=device.extension, number=keys, outside=plan.kind != "internal", now=now)
        )
        try:
            await self._ringer.ring(
                device.id,
                id=id_,
                other_id=self._new_id(),
                keys=keys,
                extension=device.extension,
                name=self._shown({"n": number.exten or number.e164 or "", "to": device.id})[1:],
                auto_answer=self._config.auto_answer.get(device.id, ""),
                ring_seconds=self._config.ring_seconds,
            )
        except (RefusedError, NotReachableError):
            self._desk.show(self._board.give_up(id_, self._now()))
            raise
        log.info("dial.rings", call=id_, credential=credential, kind=plan.kind)
        await self.called(id_, login, plan.kind, credential)

    def take(self, login: str, credential: str) -> None:
        """Count one more; raises RateLimitedError where that is too many."""
        try:
            self._limits.take(login, self._now())
        except RateLimitedError:
            log.warning("dial.too_often", credential=credential)
            raise

    async def called(self, id_: str, login: str, kind: Kind, credential: str) -> None:
        """Take down that a number of this kind is being called, by this dialling or because a call was sent there."""
        now = self._now()
        if kind not in {"internal", "emergency"} and self._nights.dialled(now.astimezone()):
            log.warning("dial.burst_off_hours", credential=credential)
        with suppress(NotReachableError):  # counted in memory all the same
            await self._store.add(id_, login, now)
