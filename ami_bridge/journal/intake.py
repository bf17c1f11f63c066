"""What the desk tells of calls, on its way into the journal: everything here answers at once."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from ami_bridge.journal.model import JournalRow, Kept
from ami_bridge.journal.rules import Rules
from ami_bridge.journal.writer import CalledBack, Key
from ami_bridge.people.model import People

REMEMBER_REACHED = 1_000


class Writer(Protocol):
    """Sees that things are written."""

    def take(self, key: Key, rows: Sequence[Kept]) -> None:
        """Have these rows kept of a call, none where it is to be forgotten."""

    def call_back(self, said: CalledBack) -> None:
        """Have it noted that somebody has called back."""


class Intake:
    """Decides by the rules what is kept of a call, and notices when somebody calls back."""

    def __init__(self, *, rules: Rules, people: People, writer: Writer) -> None:
        self._rules = rules
        self._people = people
        self._writer = writer
        self._reached: OrderedDict[Key, None] = OrderedDict()
        """Calls of which it was noted that their caller reached somebody."""

    def notice(self, row: JournalRow) -> None:
        """Take a finished call."""
        if rows := self._rules.kept(row):
            self._writer.take((row.call_id, row.extension), rows)
        self.reached(row)

    def reached(self, row: JournalRow) -> None:
        """Be told that a caller talks to whom was called: who missed that one's calls need not call any more."""
        key = row.call_id, row.extension
        if row.role != "caller" or row.answered_at is None or row.peer_number is None or key in self._reached:
            return
        if not self._rules.may_tell(row):
            return
        self._reached[key] = None
        if len(self._reached) > REMEMBER_REACHED:
            self._reached.popitem(last=False)
        for person in self._people.by_extension(row.extension):
            self._writer.call_back(
                CalledBack(
                    number=row.peer_number,
                    at=row.answered_at,
                    by=person.login,
                    department=self._rules.department_of(person.login),
                )
            )

    def take_back(self, row: JournalRow) -> None:
        """Forget a call that turned out to be somebody else's, or to go on."""
        self._writer.take((row.call_id, row.extension), ())
