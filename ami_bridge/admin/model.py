"""What administrators are shown: nothing secret, and nothing that counts or times what people do. Pure."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct


class PbxShown(Struct, frozen=True, kw_only=True):
    """One Asterisk and the link to it."""

    id: str
    host: str
    port: int
    live: bool
    since: datetime


class BookShown(Struct, frozen=True, kw_only=True):
    """One address book, or where else the staff is read from."""

    label: str
    scope: str
    """`shared`, `group:NAME`, or `staff`."""
    at: datetime | None
    """When it was last read; null: not since the daemon's start."""
    why: str | None
    """Why the last look failed, and below the same in German."""
    why_de: str | None


class SourceShown(Struct, frozen=True, kw_only=True):
    """A source of alarms, as configured."""

    name: str
    label: str
    place: str
    kind: str
    heartbeat_every: int


class State(Struct, frozen=True, kw_only=True):
    """How the house stands."""

    version: str
    pbxs: Sequence[PbxShown]
    groupware_away: bool
    names: int
    """How many numbers have a name."""
    books: Sequence[BookShown]
    sources: Sequence[SourceShown]


class PersonShown(Struct, frozen=True, kw_only=True):
    """Somebody who works here."""

    login: str
    name: str
    department: str | None
    extensions: tuple[str, ...]
    roles: tuple[str, ...]


class PeoplePage(Struct, frozen=True, kw_only=True):
    """A piece of the staff, by login."""

    people: Sequence[PersonShown]
    total: int
    """How many were found in all."""
    next: str | None
    """What `after` must be to go on; null where this is the end."""


class TokenOfSomebody(Struct, frozen=True, kw_only=True):
    """An app token, without its text. When somebody used it last is nobody else's business, to the day."""

    id: str
    login: str
    name: str
    host: str | None
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime
    unused: bool
    """Whether it was not used for at least 90 days."""
    broker: bool
    """Whether a terminal server's broker asked for it."""


class TokensPage(Struct, frozen=True, kw_only=True):
    """A piece of all tokens, the oldest first."""

    tokens: Sequence[TokenOfSomebody]
    next: str | None


class RateShown(Struct, frozen=True, kw_only=True):
    """How often something may be done."""

    minute: int
    day: int


class GroupShown(Struct, frozen=True, kw_only=True):
    """People who take each other's calls, as configured: logins, `department:NAME`, `group:NAME`."""

    name: str
    who: Sequence[str]
    of: Sequence[str]
    """Whose calls these are; empty: those of the same people."""
    peer: bool
    """Whether they see who is calling."""


class QueueShown(Struct, frozen=True, kw_only=True):
    """Who has to do with a queue besides its members and the switchboard, as configured."""

    name: str
    label: str
    who: Sequence[str]
    members: Sequence[str]
    manages: Sequence[str]


class Rules(Struct, frozen=True, kw_only=True):
    """Who may dial what, who has which role, and how long things are kept, as configured."""

    allow: tuple[str, ...]
    """Kinds of numbers that everybody may dial."""
    allow_for: dict[str, tuple[str, ...]]
    per_person: RateShown
    in_total: RateShown
    hours: str
    journal: str
    """`off`, `own` or `dept`."""
    keep: dict[str, int]
    """Days by class of calls; `calls` where no class says otherwise, `audit`, `tokens`."""
    longer_because: str
    silent: int
    """How many numbers, devices and groups have no journal."""
    roles: dict[str, tuple[str, ...]]
    """Besides `user`, which everybody has: by login, `department:NAME`, `group:NAME`."""
    presence: bool
    """Whether colleagues of a department see of each other who is free."""
    pickup: Sequence[GroupShown]
    queues: Sequence[QueueShown]
