"""What alarms need of others, in our words: who is on duty, telephones, sounds, outputs; and what is told back.

Sources call `intake.Intake.report`. The dialplan's part calls `engine.heard`, `engine.acknowledge`, `engine.adopt` and
`engine.lost`. Everything here fits by shape; `compose/alarms.py` puts it together.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from ami_bridge.alarms.model import Outcome, Person, Purpose, Report, Told


class AlarmCall(Struct, frozen=True, kw_only=True):
    """One call to make: everything that the telephone system must know."""

    attempt: str
    """Also the id of the channel: `att-` and a ULID, 30 characters."""
    number: str
    """An extension, or E.164. Whatever it is, emergency numbers are refused once more by the dialplan."""
    path: str
    """Name of the PJSIP endpoint of a trunk; empty for telephones of the house."""
    ring_seconds: int
    code: str
    """What must be typed. Never empty; the menu that speaks it is the dialplan's (`digits/…` of the core sounds)."""
    sounds: tuple[str, ...]
    """Names without suffix, as Asterisk plays them, in this order, before the menu; never empty."""
    purpose: Purpose | Literal["sound"] = "alarm"
    """`sound`: nothing has happened, the sound is tried."""
    alert: str = ""
    """Value of the header Alert-Info; empty: none."""
    caller: str = ""
    """Number to show."""


class Ringing(Struct, frozen=True):
    """The telephone rings."""


class Talking(Struct, frozen=True):
    """Somebody, or something, has answered; that alone says nothing."""


class Ended(Struct, frozen=True, kw_only=True):
    """The call is over, or was never one."""

    outcome: Outcome
    cause: str = ""
    tech: str = ""


Fact = Ringing | Talking | Ended


class Verdict(Struct, frozen=True, kw_only=True):
    """What became of a code that was typed: `taken` is said only after the commit."""

    what: Literal["taken", "already", "wrong"]
    who: str = ""
    """With `already`: display name of who was first."""
    login: str = ""


class Phone(Protocol):
    """What we need of the telephone system."""

    async def ring_with_alarm(self, call: AlarmCall) -> None:
        """Begin a call; how it ends is told by `engine.heard`, or by the next login, or it comes to its deadline.

        Raises NotReachableError or RefusedError where it was certainly not begun, which is a failure of the path. An
        answer that was lost is none of them, for the call may live.
        """

    async def stop(self, attempt: str) -> None:
        """End a call that still rings, for something more urgent; how it ended is told by `engine.heard` as ever."""

    async def tell(self, attempt: str, who: str) -> None:
        """Let who listens hear that somebody else was first: an extension, or the name of a sound; or nothing."""


class OnCall(Protocol):
    """Knows the rota. From memory, never waiting: the calendar may be away."""

    def now(self, ladder: str, rank: int, at: datetime) -> tuple[Person, ...]:
        """Return who is on duty (`rank` 1) or behind (2 to 9); nobody: everybody of the list is rung instead."""


class Sounds(Protocol):
    """Knows what Asterisk can play."""

    def alarm(self, sound: str) -> str:
        """Return the name, without suffix, that Asterisk plays for this sound; of an unknown one the horn's."""

    async def speech(self, text: str, language: str) -> str:
        """Return the name of this text, spoken. Raises TimeoutError, NotReachableError or OSError: then without."""


class Speakers(Protocol):
    """Loudspeakers. They are heard, perhaps; they are never an acknowledgement."""

    async def announce(self, alarm: str, sounds: tuple[str, ...]) -> None:
        """Play it once on all of them; must come back within seconds."""


class Output(Protocol):
    """A mail, a webhook: told at least once, from rows, and never waited for by the engine."""

    async def tell(self, what: Told) -> None:
        """Tell. Raises NotReachableError to be asked again later, RefusedError where that would not help."""


class Takes(Protocol):
    """Where reports go; `intake.Intake` is it."""

    async def report(self, report: Report) -> str:
        """Keep one; returns the alarm's id after the commit, when it is on the disk.

        Raises NotReachableError where it could not be kept: the source must not be told that it was (503, no PUBACK).
        """

    async def reports(self, reports: Sequence[Report]) -> list[str]:
        """Keep all of them or none, in one transaction."""
