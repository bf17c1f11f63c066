"""Whom people may give calls to, send them to or call into them: the same rules as for dialling."""

from collections.abc import Callable, Iterable
from typing import Protocol

from ami_bridge.calls.classes import ASKED_TWICE
from ami_bridge.calls.control import Target
from ami_bridge.config import Kind
from ami_bridge.errors import NotAllowedError, UnconfirmedError
from ami_bridge.numbers import Number
from ami_bridge.people.model import People, Person

FREE: frozenset[str] = frozenset({"internal", "emergency"})
"""What costs nothing, or must never be barred, is not counted."""


class Dialling(Protocol):
    """Who may dial what, and how much of it."""

    def looked_at(self, to: str) -> tuple[Number, Kind]:
        """Return what somebody would call; raises BadRequestError where it is no number."""

    def allowed(self, person: Person) -> frozenset[Kind]:
        """Return what somebody may dial."""

    def take(self, login: str, credential: str) -> None:
        """Count one more; raises RateLimitedError where that is too many."""

    async def called(self, id_: str, login: str, kind: Kind, credential: str) -> None:
        """Be told that a number of this kind is being called."""


class Plan(Protocol):
    """The numbering plan."""

    def keys(self, number: Number) -> str:
        """Return what a person of this house would press to call it."""


class Targets:
    """Looks at what somebody wants to reach."""

    def __init__(self, *, dialling: Dialling, plan: Plan, people: People, new_id: Callable[[], str]) -> None:
        self._dialling = dialling
        self._plan = plan
        self._people = people
        self._new_id = new_id

    def look(self, login: str, to: str, *, confirmed: bool, credential: str) -> Target:
        """Return what would be pressed; raises a BridgeError where this is no number, or may not be called."""
        person = self._people.by_login(login)
        if person is None:
            raise NotAllowedError("This person is not known any more.")
        number, kind = self._dialling.looked_at(to)
        if kind != "emergency" and kind not in self._dialling.allowed(person):
            raise NotAllowedError(f"You may not dial numbers of this kind ({kind}).")
        if kind in ASKED_TWICE and not confirmed:
            raise UnconfirmedError(f"A call of this kind ({kind}) must be confirmed.")
        if kind not in FREE:
            self._dialling.take(login, credential)
        return Target(keys=self._plan.keys(number), kind=kind, number=number.exten or number.e164 or "")

    async def called(self, login: str, targets: Iterable[Target], *, credential: str) -> None:
        """Be told that calls are on their way there: they count for limits and at night as if they had been dialled."""
        for one in targets:
            if one.kind not in FREE:
                await self._dialling.called(self._new_id(), login, one.kind, credential)
