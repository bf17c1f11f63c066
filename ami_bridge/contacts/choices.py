"""Who a number is to somebody, where several contacts have it: remembered across restarts."""

from typing import Protocol

from ami_bridge.contacts.directory import ANYBODY, Directory, audience_of
from ami_bridge.errors import NotAllowedError, NotFoundError
from ami_bridge.numbers import Number
from ami_bridge.people.model import People

MOST = 500


class Store(Protocol):
    """Where choices are kept."""

    async def choices(self) -> list[tuple[str, str, str]]:
        """Read everybody's: login, number, contact."""

    async def keep_choice(self, login: str, number: str, ref: str | None) -> None:
        """Keep one; None forgets it."""


class Numbers(Protocol):
    """What we need of the reader of numbers."""

    def from_pbx(self, raw: str) -> Number | None:
        """Read a number."""


class Choices:
    """Keeps choices, and tells the Directory, which knows no store."""

    def __init__(self, *, store: Store, directory: Directory, numbers: Numbers, people: People) -> None:
        self._store = store
        self._directory = directory
        self._numbers = numbers
        self._people = people

    async def load(self) -> None:
        """Begin with what was chosen before."""
        for login, number, ref in await self._store.choices():
            self._directory.choose(login, number, ref)

    async def choose(self, login: str, raw: str, ref: str | None) -> None:
        """Remember which of several contacts a number is; None forgets it. Only of those whom the person may know."""
        number = self._numbers.from_pbx(raw)
        key = (number.e164 or number.exten) if number else None
        if key is None:
            raise NotFoundError("This is no telephone number.")
        person = self._people.by_login(login)
        name = self._directory.lookup(number, audience_of(person) if person else ANYBODY)
        if ref is not None and (name is None or ref not in name.refs):
            raise NotFoundError("None of your address books has this contact with this number.")
        chosen = self._directory.choices(login)
        if ref is not None and key not in chosen and len(chosen) >= MOST:
            raise NotAllowedError(f"Nobody can choose for more than {MOST} numbers.")
        await self._store.keep_choice(login, key, ref)
        self._directory.choose(login, key, ref)

    def forget(self, login: str) -> None:
        """Forget somebody who is gone."""
        for key in self._directory.choices(login):
            self._directory.choose(login, key, None)
