"""Whose telephones are whose, by the hints of their extensions."""

from typing import Protocol

from msgspec import Struct

from ami_bridge.people.model import Person


class People(Protocol):
    """Who works here."""

    def by_login(self, login: str) -> Person | None:
        """Return the person with exactly this login."""


class Board(Protocol):
    """Knows the hints."""

    def devices_of(self, extension: str) -> tuple[str, ...]:
        """Return the devices whose owner this extension is."""


class Telephone(Struct, frozen=True, kw_only=True):
    """One of a person's telephones."""

    id: str
    extension: str
    registered: bool = True
    chosen: bool = False


class Telephones:
    """Tells them."""

    def __init__(self, *, people: People, board: Board) -> None:
        self._people = people
        self._board = board

    def of(self, login: str) -> list[Telephone]:
        """Return a person's own telephones, those of the main extension first."""
        person = self._people.by_login(login)
        extensions = () if person is None else person.extensions
        return [
            Telephone(id=device, extension=exten) for exten in extensions for device in self._board.devices_of(exten)
        ]
