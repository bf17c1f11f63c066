"""What is kept of a finished call."""

from datetime import datetime

from msgspec import Struct

from ami_bridge.wire import Direction, Result, Role


class JournalRow(Struct, frozen=True, kw_only=True):
    """One finished call as one extension had it; names are looked up when it is read."""

    id: str
    call_id: str
    pbx_id: str
    extension: str
    direction: Direction
    role: Role
    """Whether the extension began it."""
    result: Result
    peer_number: str | None
    """None where it was withheld or must not be kept."""
    line: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    note: str | None = None
    """What its owner wrote down about it."""
