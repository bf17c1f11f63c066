"""Who works here: persons with their extensions and roles, in memory, and what they sign in with."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from ami_bridge import wire


class Person(Struct, frozen=True, kw_only=True):
    """One person as the groupware knows them, with what the PBX calls theirs."""

    login: str
    name: str
    email: str | None = None
    department: str | None = None
    extensions: tuple[str, ...] = ()
    """The first one is the main one."""
    roles: tuple[str, ...] = ("user",)
    groups: tuple[str, ...] = ()
    """Whose books this person may know: the department and the categories of the card."""


class Account(Struct, frozen=True, kw_only=True):
    """A person's own account at the groupware, given to have their address books read."""

    id: str
    """Names it where the person's name is nobody's business."""
    login: str
    sealed: bytes
    """The password, as the vault seals it."""
    given: datetime


class Token(Struct, frozen=True, kw_only=True):
    """An app token, without its secret."""

    id: str
    login: str
    name: str
    host: str | None = None
    scopes: tuple[str, ...]
    created: datetime
    last_used: datetime | None = None
    expires: datetime


class Session(Struct, frozen=True, kw_only=True):
    """A browser that is signed in, without its secret."""

    id: str
    login: str
    created: datetime
    last_used: datetime
    expires: datetime


class People:
    """Everybody, as of the last look at the staff book."""

    def __init__(self, persons: Iterable[Person] = ()) -> None:
        self._by_login: dict[str, Person] = {}
        self._by_extension: dict[str, tuple[Person, ...]] = {}
        self._show_private: set[str] = set()
        self.replace(persons)

    def replace(self, persons: Iterable[Person]) -> frozenset[str]:
        """Take these persons instead; returns logins of changed rights: gone, other extensions, roles, groups."""
        before = self._by_login
        self._by_login = {person.login: person for person in persons}
        by_extension: dict[str, tuple[Person, ...]] = {}
        for person in self._by_login.values():
            for extension in dict.fromkeys(person.extensions):
                by_extension[extension] = (*by_extension.get(extension, ()), person)
        self._by_extension = by_extension
        return frozenset(login for login, old in before.items() if _rights(old) != _rights(self.by_login(login)))

    def shows_private(self, login: str) -> bool:
        """Whether names of this person's own books may stand on the display of their telephone."""
        return login in self._show_private

    def show_private(self, login: str, *, wanted: bool) -> None:
        """Let the display show names of this person's own books, or not."""
        if wanted:
            self._show_private.add(login)
        else:
            self._show_private.discard(login)

    def by_login(self, login: str) -> Person | None:
        """Return the person with exactly this login."""
        return self._by_login.get(login)

    def by_extension(self, extension: str) -> tuple[Person, ...]:
        """Everybody whose extension this is."""
        return self._by_extension.get(extension, ())

    def all(self) -> tuple[Person, ...]:
        """Everybody, in the order of the staff book."""
        return tuple(self._by_login.values())


def user_of(person: Person) -> wire.User:
    """Return what clients are told of a person."""
    return wire.User(
        login=person.login,
        name=person.name,
        extensions=person.extensions,
        roles=person.roles,
        department=person.department,
    )


def _rights(person: Person | None) -> tuple[frozenset[str], ...] | None:
    return None if person is None else tuple(map(frozenset, (person.extensions, person.roles, person.groups)))
