"""Who works here: persons with their extensions and roles, in memory, and what they sign in with."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct, structs

from ami_bridge import wire


class Person(Struct, frozen=True, kw_only=True):
    """One person as the groupware knows them, with what the PBX calls theirs."""

    login: str
    name: str
    email: str | None = None
    department: str | None = None
    extensions: tuple[str, ...] = ()
    """The first one is the main one: the seat's while the person sits at one."""
    roles: tuple[str, ...] = ("user",)
    groups: tuple[str, ...] = ()
    """Whose books this person may know: the department and the categories of the card."""


PLANT = frozenset({"plant", "alarm-manager", "admin"})
"""Roles that see alarms of plants and act on them."""


def desk_scopes(roles: Collection[str]) -> tuple[str, ...]:
    """Return what a program at somebody's desk is good for: `alarms` only for who looks after plants."""
    return ("events", "dial", "alarms") if PLANT & set(roles) else ("events", "dial")


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
    broker: str | None = None
    """The terminal server's broker that asked for it: it ends when it expires, used or not, and with the broker."""


class Broker(Struct, frozen=True, kw_only=True):
    """A terminal server's broker, without its key."""

    id: str
    name: str
    source: str
    """From where it may ask: a network."""
    created: datetime
    last_used: datetime | None = None


class Session(Struct, frozen=True, kw_only=True):
    """A browser that is signed in, without its secret."""

    id: str
    login: str
    created: datetime
    last_used: datetime
    expires: datetime


class Wish(Struct, frozen=True, kw_only=True):
    """What somebody wishes for themselves."""

    private_on_display: bool = False
    """Whether names of their own books may stand on the display of their telephone."""
    language: Literal["de", "en"] | None = None
    """What programs speak to them; None: what the program finds right."""


NO_WISH = Wish()


class Seating(Struct, frozen=True, kw_only=True):
    """Somebody who sits at a seat."""

    seat: str
    login: str
    since: datetime
    until: datetime


class People:
    """Everybody, as of the last look at the staff book, and where they sit."""

    def __init__(self, persons: Iterable[Person] = ()) -> None:
        self._staff: dict[str, Person] = {}
        self._seated: dict[str, str] = {}
        self._by_login: dict[str, Person] = {}
        self._by_extension: dict[str, tuple[Person, ...]] = {}
        self._by_department: dict[str, list[Person]] = {}
        self._wishes: dict[str, Wish] = {}
        self.changes = 0
        """Grows whenever somebody is, or has, something else than before."""
        self.replace(persons)

    def replace(self, persons: Iterable[Person]) -> frozenset[str]:
        """Take these persons instead; returns logins of changed rights: gone, other extensions, roles, groups."""
        before = self._staff
        self._staff = {person.login: person for person in persons}
        self._arrange()
        return frozenset(login for login, old in before.items() if _rights(old) != _rights(self._staff.get(login)))

    def seat(self, seated: Mapping[str, str]) -> None:
        """Give these people (login to extension) the extension of the seat where they sit, beside their own."""
        self._seated = dict(seated)
        self._arrange()

    def _arrange(self) -> None:
        """Work out who has which extension."""
        self._by_login = {
            login: structs.replace(person, extensions=(seat, *(one for one in person.extensions if one != seat)))
            if (seat := self._seated.get(login))
            else person
            for login, person in self._staff.items()
        }
        by_extension: dict[str, tuple[Person, ...]] = {}
        by_department: dict[str, list[Person]] = {}
        for person in self._by_login.values():
            if person.department:
                by_department.setdefault(person.department, []).append(person)
            for extension in dict.fromkeys(person.extensions):
                by_extension[extension] = (*by_extension.get(extension, ()), person)
        self._by_extension, self._by_department = by_extension, by_department
        self.changes += 1

    def wish(self, login: str) -> Wish:
        """Return what this person wishes."""
        return self._wishes.get(login, NO_WISH)

    def wished(self, login: str, wish: Wish) -> None:
        """Know what this person wishes from now on."""
        self._wishes[login] = wish

    def shows_private(self, login: str) -> bool:
        """Whether names of this person's own books may stand on the display of their telephone."""
        return self.wish(login).private_on_display

    def by_login(self, login: str) -> Person | None:
        """Return the person with exactly this login."""
        return self._by_login.get(login)

    def by_extension(self, extension: str) -> tuple[Person, ...]:
        """Everybody whose extension this is."""
        return self._by_extension.get(extension, ())

    def by_department(self, department: str) -> tuple[Person, ...]:
        """Everybody who belongs there."""
        return tuple(self._by_department.get(department, ()))

    def all(self) -> tuple[Person, ...]:
        """Everybody, in the order of the staff book, with the extensions that they have there."""
        return tuple(self._staff.values())

    def sits(self, login: str) -> bool:
        """Whether this person sits at a seat."""
        return login in self._seated

    def seated(self) -> dict[str, Person]:
        """Who sits where, by the extension of the seat."""
        return {seat: person for login, seat in self._seated.items() if (person := self._by_login.get(login))}


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
    if person is None:
        return None
    return tuple(map(frozenset, (person.extensions, person.roles, person.groups, {person.department or ""})))
