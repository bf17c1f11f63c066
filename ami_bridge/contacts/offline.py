"""Which names the PBX keeps a copy of, for when the daemon does not answer. Shared ones only. Pure."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Literal, Protocol

import phonenumbers

from ami_bridge.contacts.model import Name, clean
from ami_bridge.numbers import Number
from ami_bridge.people.model import Person

Spelling = Literal["international", "00", "national"]
"""How callers' numbers stand at the PBX: +49… or 49…, 0049…, 089…."""
SHORTEST = 2


class Directory(Protocol):
    """What we need of the names."""

    def lookup(self, number: Number | None) -> Name | None:
        """Whose number this is, as anybody may know it."""

    def each(self) -> Iterator[tuple[str, Name]]:
        """All numbers of the shared books with their names."""


class People(Protocol):
    """What we need of the staff."""

    def all(self) -> Iterable[Person]:
        """Everybody."""


class Offline:
    """Chooses what is copied."""

    def __init__(
        self, *, directory: Directory, people: People, country: str, spelling: Spelling = "international", most: int
    ) -> None:
        """`country` is the site's, `most` how many numbers there may be."""
        self._directory = directory
        self._people = people
        self._home = f"+{phonenumbers.country_code_for_region(country.upper())}"
        self._spelling = spelling
        self._most = most

    def __call__(self) -> Iterator[tuple[str, str]]:
        """Give digits as the PBX has them and the name, each number once: the staff first, then book after book."""
        return islice(self._once(chain(self._staff(), self._directory.each())), self._most)

    def _once(self, found: Iterable[tuple[str, Name]]) -> Iterator[tuple[str, str]]:
        met = set()
        for number, name in found:
            key, shown = self._spelled(number), clean(name.name)
            if key and shown and key not in met:
                met.add(key)
                yield key, shown

    def _staff(self) -> Iterator[tuple[str, Name]]:
        for person in self._people.all():
            for exten in person.extensions:
                if name := self._directory.lookup(Number(exten=exten, display=exten)):
                    yield exten, name

    def _spelled(self, number: str) -> str:
        """Write a number as the trunk does, in digits only; empty where that cannot be a caller's number."""
        if number.startswith("+"):
            if self._spelling == "national" and number.startswith(self._home):
                digits = "0" + number.removeprefix(self._home)
            elif self._spelling == "international":
                digits = number[1:]
            else:
                digits = "00" + number[1:]
        else:
            digits = number
        return digits if len(digits) >= SHORTEST and digits.isascii() and digits.isdigit() else ""
