"""What the PBX says about conference rooms, in our words."""

from typing import Literal

from msgspec import Struct


class Joined(Struct, frozen=True, kw_only=True):
    """Somebody came into a room."""

    room: str
    leg: str
    """Uniqueid of the call."""
    channel: str
    number: str | None
    """As the trunk or telephone says it; None where it is withheld."""
    role: Literal["mod", "part"]
    person: str
    """Id of the PIN; empty where somebody came without one."""
    name: str
    """Who has that PIN."""
    muted: bool = False
    talking: bool = False
    seconds: int = 0
    """For how long they have been there, as a snapshot says."""


class Left(Struct, frozen=True):
    """Somebody went."""

    room: str
    leg: str


class Muted(Struct, frozen=True):
    """Somebody is not heard any more, or again."""

    room: str
    leg: str
    on: bool


class Talking(Struct, frozen=True):
    """Somebody speaks, or stopped."""

    room: str
    leg: str
    on: bool


class Closed(Struct, frozen=True):
    """Nobody is in the room any more."""

    room: str


class WrongPin(Struct, frozen=True):
    """Somebody typed a PIN, or a room, that is not right."""

    room: str


class Refused(Struct, frozen=True):
    """Somebody was sent away."""

    room: str
    reason: str


class Recording(Struct, frozen=True):
    """What is said is written to a file from now on, or (`file` is empty) no longer."""

    room: str
    file: str


class Wished(Struct, frozen=True):
    """A moderator pressed a key for something that only the daemon can do."""

    room: str
    leg: str
    wish: str


RoomEvent = Joined | Left | Muted | Talking | Closed | WrongPin | Refused | Recording | Wished


class RoomNow(Struct, frozen=True, kw_only=True):
    """A room in a snapshot: who is in it."""

    room: str
    locked: bool
    people: tuple[Joined, ...]
