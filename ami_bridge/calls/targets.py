"""Whom people may give calls to, send them to or call into them: the same rules as for dialling."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from ami_bridge.calls.classes import ASKED_TWICE
from ami_bridge.config import Kind
from ami_bridge.errors import NotAllowedError, UnconfirmedError
from ami_bridge.numbers import Number
from ami_bridge.people.model import People, Person

FREE: frozenset[Kind] = frozenset({"internal", "emergency"})
"""What costs nothing, or must never be barred, is not counted."""


class Dialling(Protocol):
    """Who may dial what."""

    def looked_at(self, to: str) -> tuple[Number, Kind]:
        """Return what somebody would call; raises BadRequestError where it is no number."""

    def allowed(self, person: Person) -> frozenset[Kind]:
        """Return what somebody may dial."""


class Plan(Protocol):
    """The numbering plan."""

    def keys(self, number: Number) -> str:
        """Return what a person of this house would press to call it."""


class Limits(Protocol):
    """How much may be dialled."""

    def take(self, login: str, now: datetime) -> None:
        """Count one more; raises RateLimitedError where that is too many."""


class Targets:
    """Looks at what somebody wants to reach."""

    def __init__(
        self, *, dialling: Dialling, plan: Plan, people: People, limits: Limits, now: Callable[[], datetime]
    ) -> None:
        self._dialling = dialling
        self._plan = plan
        self._people = people
        self._limits = limits
        self._now = now

    def keys(self, login: str, to: str, *, confirmed: bool) -> str:
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
            self._limits.take(login, self._now())
        return self._plan.keys(number)
