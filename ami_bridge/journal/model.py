"""What is kept of a finished call, and which row of it a reader is shown. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from ami_bridge.wire import Direction, Result, Role

UNANSWERED = ("missed", "busy")
"""How a call ends for a callee that somebody ought to call back."""


class JournalRow(Struct, frozen=True, kw_only=True):
    """One finished call as one extension had it, as the desk tells of it."""

    id: str
    call_id: str
    pbx_id: str
    extension: str
    direction: Direction
    role: Role
    """Whether the extension began it."""
    result: Result
    peer_number: str | None
    """None where it was withheld."""
    line: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    note: str | None = None
    """What its owner wrote down about it."""
    dialled: str | None = None
    """The keys that a caller pressed; never kept."""


class Kept(Struct, frozen=True, kw_only=True):
    """One finished call as one person had it, as it is kept; names are looked up when it is read."""

    id: str
    call_id: str
    pbx_id: str
    extension: str
    direction: Direction
    role: Role
    result: Result
    peer_number: str | None
    """None where it was withheld or must not be kept."""
    line: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    login: str | None = None
    """Whose extension it was then; None for nobody's."""
    department: str | None = None
    """Where that person belonged then, if departments had journals then."""
    note: str | None = None
    private: bool = False
    done_by: str | None = None
    done_at: datetime | None = None
    rev: int = 1

    @property
    def unanswered(self) -> bool:
        """Whether somebody called and nobody was there."""
        return self.role == "callee" and self.result in UNANSWERED


class Notice(Struct, frozen=True, kw_only=True):
    """A missed call that is to be told elsewhere, once per department; who called stands in the journal alone."""

    id: str
    pbx_id: str
    call_id: str
    department: str
    """Empty for people without one."""
    created: datetime
    due: datetime
    tries: int = 0


class Reader(Struct, frozen=True):
    """Whose journal is read: a person's own calls, or what a department is shown of those of its people."""

    login: str | None = None
    department: str | None = None

    def sees(self, row: Kept) -> bool:
        """Whether a row belongs to this journal at all."""
        if self.login is not None:
            return row.login == self.login
        return row.department is not None and row.department == self.department and not row.private


class Filters(Struct, frozen=True, kw_only=True):
    """Which calls of a journal are wanted."""

    missed: bool = False
    """Those alone that somebody ought to call back, or ought to have."""
    open: bool = False
    """Of those, what nobody has done yet."""
    direction: Direction | None = None
    result: Result | None = None
    since: datetime | None = None
    until: datetime | None = None
    private: bool = False
    """Private ones too."""


class Change(Struct, frozen=True):
    """All rows of some calls, before and after something happened to them."""

    before: Sequence[Kept] = ()
    after: Sequence[Kept] = ()


def rank(row: Kept) -> tuple[int, str]:
    """Order the rows of one call: who talked stands for the others, who was called for who called."""
    return (0 if row.result == "answered" else 1 if row.role == "callee" else 2), row.id


def shown(rows: Iterable[Kept], reader: Reader) -> Kept | None:
    """Return the one row of a call that this journal shows, or None."""
    return min((row for row in rows if reader.sees(row)), key=rank, default=None)
