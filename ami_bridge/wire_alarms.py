"""Alarms as clients are told of them; `wire` has them under the same names."""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field


class AlarmBy(Struct, frozen=True, kw_only=True):
    """Who did something to an alarm."""

    login: str | None = None
    name: str
    at: datetime
    how: Literal["phone", "page", "api", "dialplan", "source"]


class Attempt(Struct, frozen=True, kw_only=True):
    """One call about an alarm."""

    id: str
    person: str
    number: str
    """Whole for who manages alarms, else but its end."""
    state: Literal["claimed", "ringing", "talking", "done"]
    outcome: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    path: str = ""


class Alarm(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One alarm; always whole, newest `rev` counts."""

    id: str
    rev: int
    source: str
    plant: str
    """How people call the source."""
    point: str
    text: str
    priority: Literal[1, 2, 3, 4]
    alarm_class: str = field(name="class")
    state: Literal["unacknowledged", "acknowledged", "returned", "latched-unacknowledged", "latched", "closed"]
    active: bool
    latched: bool = False
    test: bool = False
    flutters: bool = False
    overlay: Literal["shelved", "suppressed", "out-of-service"] | None = None
    shelved_until: datetime | None = None
    shelved_by: AlarmBy | None = None
    shelve_reason: str = ""
    raised_at: datetime
    returned_at: datetime | None = None
    taken_over: AlarmBy | None = None
    acknowledged: AlarmBy | None = None
    reset: AlarmBy | None = None
    closed_at: datetime | None = None
    count: int = 1
    """How often it has come."""
    round: int = 1
    step: int = 0
    next_at: datetime | None = None
    next: tuple[str, ...] = ()
    """Who is rung next."""
    why: str = ""
    """Why that is next, in a short stable word."""
    last_resort: bool = False
    attempts: tuple[Attempt, ...] = ()
    """The newest 50."""
    sound: str = ""
    bundled: int = 0
    """How many further ones of the same source are told with this one."""
    bundle: str | None = None
    """The one with which this is told."""
    values: dict[str, str] = {}
    actions: tuple[Literal["take-over", "acknowledge", "clear", "reset", "shelve", "unshelve", "escalate"], ...] = ()
    """What the reader can do with it now."""
