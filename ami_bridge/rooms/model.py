"""What a conference room is, and who has which PIN of it."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Kind = Literal["booked", "department", "personal", "adhoc"]
"""For a time; for a department or a person for good; made of a running call."""
Role = Literal["mod", "part", "guest"]


class Room(Struct, frozen=True, kw_only=True):
    """One room; its number is dialled, its id is ours."""

    id: str
    pbx_id: str
    number: str
    title: str
    owner: str
    """Login of who made it, and moderates it."""
    department: str | None = None
    """Whose members see a department's room."""
    kind: Kind = "booked"
    language: str = "de"
    starts: datetime | None = None
    ends: datetime | None = None
    """What it is booked for; None for rooms that stay."""
    opens: datetime | None = None
    closes: datetime | None = None
    """When people get in: a little before, and longer than booked. None: always."""
    most: int = 20
    """People at the same time."""
    waits: bool = True
    """Whether people wait with music until a moderator comes."""
    recording: bool = False
    created: datetime
    ended_at: datetime | None = None


class Pin(Struct, frozen=True, kw_only=True):
    """One way into a room: shared by guests, or of one person."""

    id: str
    room: str
    """Id of the room."""
    digits: str
    role: Role
    login: str | None = None
    """Whose it is, of the house."""
    name: str = ""
    """Who is named in the room when somebody comes in with it; empty for guests."""
    created: datetime
    revoked_at: datetime | None = None
