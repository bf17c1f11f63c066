"""What may be kept of a finished call, of whom, and for how long. Pure."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct, structs

from ami_bridge.config_journal import Journal
from ami_bridge.journal.model import JournalRow, Kept
from ami_bridge.people.model import People, Person

CUT_DIGITS = 3
"""What is left out of the number of a private call."""


class Limits(Struct, frozen=True, kw_only=True):
    """Before which time each class of calls is over; a call belongs to several, and the first that is over counts."""

    answered: datetime
    missed: datetime
    internal: datetime
    external: datetime
    private: datetime


class Rules:
    """The configuration's words about the journal, as answers."""

    def __init__(
        self,
        config: Journal,
        *,
        people: People,
        extension_of: Callable[[str], str | None],
        comparable: Callable[[str], str] = str,
    ) -> None:
        """`extension_of` knows whose extension a device (`PJSIP/101`) is, `comparable` how a number is kept."""
        self._config = config
        self._people = people
        self._extension_of = extension_of
        self._numbers = frozenset(map(comparable, config.none.numbers))
        self._groups = frozenset(config.none.groups)
        keep = config.keep
        self._days = {
            name: config.keep_days if (days := getattr(keep, name)) is None else days for name in keep.__struct_fields__
        }

    @property
    def on(self) -> bool:
        """Whether there is a journal at all."""
        return self._config.department != "off"

    @property
    def shared(self) -> bool:
        """Whether departments read journals of their own."""
        return self._config.department == "dept"

    @property
    def only_missed(self) -> bool:
        """Whether a department is shown its missed calls alone."""
        return self._config.department_shows == "missed"

    def kept_for(self, *classes: str) -> int:
        """Return for how many days a call of all these classes is kept; 0 where nothing is kept at all."""
        return min(self._days[name] for name in classes) if self.on else 0

    def limits(self, now: datetime) -> Limits:
        """Return what is too old by now: all of it where there is no journal."""
        if not self.on:
            return Limits(**dict.fromkeys(self._days, now))
        return Limits(**{name: now - timedelta(days=days) for name, days in self._days.items()})

    def kept(self, row: JournalRow) -> list[Kept]:
        """Return what is kept of a finished call: a row for each person whose extension it is."""
        if not self.on or self._is_nobodys_business(row):
            return []
        private = self.is_private(row.dialled)
        whole = Kept(
            **{name: getattr(row, name) for name in row.__struct_fields__ if name != "dialled"}, private=private
        )
        if private:
            whole = structs.replace(whole, peer_number=self._without_end(row.peer_number))
        if any(self._days[name] == 0 for name in classes(whole)):
            return []
        return [
            structs.replace(
                whole, id=row_id(row, person), login=person.login, department=self.department_of(person.login)
            )
            for person in self._people.by_extension(row.extension)
        ] or [whole]

    def may_tell(self, row: JournalRow) -> bool:
        """Whether others may learn from a call that it was made, such as that somebody has called back."""
        return self.on and not self.is_private(row.dialled) and not self._is_nobodys_business(row)

    def is_private(self, dialled: str | None) -> bool:
        """Whether somebody made this call a private one by what was dialled."""
        prefix = self._config.private_prefix
        return bool(prefix and dialled and dialled.startswith(prefix))

    def department_of(self, login: str) -> str | None:
        """Return whose journal this person may read besides their own, or None.

        Calls of a time without journals of departments belong to none, also if they are allowed later.
        """
        person = self._people.by_login(login) if self.shared else None
        return person.department if person is not None and person.department else None

    def is_silent(self, number: str) -> bool:
        """Whether an extension, a line or a number outside is one of which nothing is kept."""
        if number in self._numbers:
            return True
        if any(self._extension_of(device) == number for device in self._config.none.devices):
            return True
        return bool(self._groups) and any(map(self._is_of_such_a_group, self._people.by_extension(number)))

    def _is_of_such_a_group(self, person: Person) -> bool:
        return not self._groups.isdisjoint((*person.groups, *([person.department] if person.department else [])))

    def _is_nobodys_business(self, row: JournalRow) -> bool:
        return any(number and self.is_silent(number) for number in (row.extension, row.peer_number, row.line))

    def _without_end(self, number: str | None) -> str | None:
        if number is None or self._config.private_number == "none":
            return None
        return number[:-CUT_DIGITS] + "x" * CUT_DIGITS if len(number) > 2 * CUT_DIGITS else None


def classes(row: Kept) -> Iterator[str]:
    """Name the classes that a call belongs to."""
    yield "missed" if row.answered_at is None else "answered"
    yield "internal" if row.direction == "internal" else "external"
    if row.private:
        yield "private"


def row_id(row: JournalRow, person: Person) -> str:
    """Return the id of one person's row; a login may have any letters, so a mark of it stands there."""
    return f"{row.id}-{hashlib.blake2s(person.login.encode(), digest_size=5).hexdigest()}"
