"""What the telephone system tells about calls of alarms, in our words."""

from msgspec import Struct


class Began(Struct, frozen=True):
    """The channel of an attempt is there."""

    attempt: str


class Rings(Struct, frozen=True):
    """A telephone rings for an attempt."""

    attempt: str


class Answered(Struct, frozen=True):
    """Somebody, or something, has answered."""

    attempt: str


class Dialled(Struct, frozen=True, kw_only=True):
    """Nobody answered; what the dialplan says about it."""

    attempt: str
    status: str
    """Of Dial(), or FORBIDDEN."""
    cause: int = 0
    """Q.850."""
    tech: str = ""
    """What the other side said last, such as `SIP 486 Busy Here`."""
    outside: bool = False
    """Whether it went over a trunk."""


class LegGone(Struct, frozen=True):
    """A telephone's own leg is over."""

    attempt: str
    code: int
    """SIP status, where it failed."""


class Said(Struct, frozen=True, kw_only=True):
    """The conversation is over."""

    attempt: str
    result: str
    """`code`, `declined`, `heard`, `already` (somebody else was first), `told` (it was to be told only)."""
    tries: int = 0
    """How often it was played; 4 where nobody stopped it."""
    keys: int = 0
    """How many keys were pressed."""
    defect: str = ""
    """What did not work: `sounds`, `code`."""


class Gone(Struct, frozen=True):
    """The channel of an attempt is no more."""

    attempt: str


class Refused(Struct, frozen=True):
    """Asterisk did not do what was asked: known by the id of the action, for a live channel may have the same id."""

    action: str


class BadCode(Struct, frozen=True, kw_only=True):
    """Somebody typed a wrong code at an alarm number, or called one that is none."""

    extension: str
    endpoint: str
    number: str
    tries: int
    """How many by this caller within ten minutes."""


AlarmEvent = Began | Rings | Answered | Dialled | LegGone | Said | Gone | Refused
