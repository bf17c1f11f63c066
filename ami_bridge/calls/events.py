"""What the telephone system says about calls, in our words.

A *leg* is one channel: one telephone's (or trunk's) part in a call. msgspec structs instead of dataclasses: thousands
are made per second on the one path where speed decides.
"""

from typing import Literal

from msgspec import Struct

Phase = Literal["down", "ringing", "up"]


class Leg(Struct, frozen=True):
    """A leg as an event showed it."""

    id: str
    """Uniqueid: never changes, unlike the channel's name."""
    linked: str
    """Linkedid: the id of the oldest leg of the call. It may change with every event."""
    channel: str
    phase: Phase
    number: str | None
    """The leg's own number: for a caller what the trunk or phone says, for a called leg what was dialled."""
    connected: str | None
    """The number of whom it talks to or is rung by."""
    exten: str
    """Where in the dialplan it is; at the very first sight, what was dialled."""


class Seen(Struct, frozen=True):
    """A leg exists, in this state."""

    leg: Leg


class Dialled(Struct, frozen=True):
    """A leg is being rung, by another one or (`by` is None) by an Originate."""

    leg: Leg
    by: Leg | None


class DialEnded(Struct, frozen=True):
    """The ringing of a leg is over; the status is Asterisk's DIALSTATUS word."""

    leg: Leg
    status: str
    forward: str
    """Where the called telephone forwards to, empty where it does not."""
    by: Leg | None
    """Who rang it. A leg that fetches somebody's call is named here as if it had been rung."""


class Entered(Struct, frozen=True):
    """A leg came into a bridge."""

    leg: Leg
    bridge: str
    talk: bool
    """Whether it is a plain conversation, not a room or a parking place."""


class Left(Struct, frozen=True):
    """A leg went out of a bridge."""

    leg: Leg
    bridge: str


class Held(Struct, frozen=True):
    """A leg's telephone put the others on hold, or took them back."""

    leg: Leg
    on: bool


class HungUp(Struct, frozen=True):
    """A leg is gone for good."""

    leg: Leg
    cause: int
    """Q.850 cause."""
    sip: int
    """SIP status where the call failed with one, else 0."""


class Transferred(Struct, frozen=True):
    """Legs gave their call to somebody else."""

    legs: tuple[Leg, ...]


class Parked(Struct, frozen=True):
    """A leg waits on a parking place, or (`space` is None) no longer does."""

    leg: Leg
    space: str | None
    parker: str
    """Device of whoever parked it, like `PJSIP/101`."""


class Queued(Struct, frozen=True):
    """A leg waits in a queue, or (`queue` is None) no longer does."""

    leg: Leg
    queue: str | None


class InRoom(Struct, frozen=True):
    """A leg is in a conference room, or (`room` is None) no longer is."""

    leg: Leg
    room: str | None


class Renamed(Struct, frozen=True):
    """A leg's channel has another name: another telephone has taken its place."""

    id: str
    channel: str


class Originated(Struct, frozen=True):
    """How an Originate of ours ended; its id is the ChannelId we gave."""

    id: str
    ok: bool


class HintChanged(Struct, frozen=True):
    """An extension's devices may have changed."""

    exten: str
    context: str
    devices: tuple[str, ...]


LegEvent = Seen | Dialled | DialEnded | Entered | Left | Held | Parked | Queued | InRoom
CallEvent = LegEvent | HungUp | Transferred | Renamed | Originated | HintChanged


class LegNow(Struct, frozen=True, kw_only=True):
    """A leg in a snapshot, with all that is known of where it is."""

    leg: Leg
    dialled: bool
    """Whether somebody rang it (in contrast to having begun the call)."""
    bridge: str | None = None
    room: str | None = None
    queue: str | None = None
    parked_at: str | None = None
    parker: str = ""
    seconds: int = 0
    """For how long it has existed."""


class Floor(Struct, frozen=True, kw_only=True):
    """Everything that is going on, as read after a login."""

    legs: tuple[LegNow, ...]
    hints: dict[str, tuple[str, ...]]
    """Extension to its devices (`PJSIP/101`)."""
    on_hold: frozenset[str] = frozenset()
    """Devices that somebody has put on hold."""
