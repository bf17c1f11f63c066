"""One call as it looks from one extension, before anybody is named. Pure."""

from datetime import datetime

from msgspec import Struct

from ami_bridge.calls.leg import LiveLeg
from ami_bridge.wire import Result, State


class Party(Struct, frozen=True):
    """Who is at the other end: one of our extensions, or a raw number (None where it is withheld)."""

    exten: str | None = None
    number: str | None = None
    dialled: bool = False
    """Whether the number is what somebody of the house dialled, with the outside line in front."""


class View(Struct, frozen=True, kw_only=True):
    """One call as one extension takes part in it."""

    call: str
    pbx: str
    extension: str
    rev: int
    state: State
    outside: bool
    """Whether somebody outside the house takes part."""
    caller: bool
    """Whether this extension's leg began the call (in contrast to being rung)."""
    since: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    peer: Party | None = None
    others: tuple[Party, ...] = ()
    line: str | None = None
    """What the caller dialled, as the dialplan saw it."""
    forwarded_by: Party | None = None
    result: Result | None = None
    answered_by: Party | None = None
    merged_into: str | None = None
    parked_at: str | None = None
    queue: str | None = None
    room: str | None = None
    devices: tuple[str, ...] = ()
    """Telephones of this extension that are in the call now: those at which something can be done."""
    alone: bool = False
    """It rings nowhere but here, so it can be sent elsewhere without taking it from others."""
    pair: bool = False
    """Exactly one other talks to this extension, so that one can be given on."""
    holds: bool = False
    """This extension's own telephone has put the other on hold."""
    has_parked: bool = False
    """It waits on a parking place where this extension has put it."""
    waits: Party | None = None
    """Who waits while this extension asks somebody else whether to take the call."""


ROOM_OF_A_CALL = "call-"
"""Before the number of a room that was made of a call."""
UNLISTED = 12
"""Digits of such a room where the house has no others: nobody can dial it."""


def made_of_a_call(room: str | None) -> bool:
    """Whether a conference room was made of a call."""
    return room is not None and room.startswith(ROOM_OF_A_CALL)


def number_of(room: str | None) -> str | None:
    """Return the number of a room; None for one that nobody can dial."""
    number = (room or "").removeprefix(ROOM_OF_A_CALL)
    return number if 0 < len(number) < UNLISTED else None


def party(leg: LiveLeg) -> Party:
    """Who is at the end of a leg."""
    if leg.exten is not None:
        return Party(exten=leg.exten)
    return Party(number=leg.number, dialled=leg.dialled)
