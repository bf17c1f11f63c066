"""Who works here, in a TOML file, for the smallest site."""

import asyncio
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.people.model import Person
from ami_bridge.people.rules import MOST_GROUPS

LARGEST = 16 << 20

Word = Annotated[str, Meta(min_length=1, max_length=200)]
Extension = Annotated[str, Meta(pattern=r"^[0-9*#+]{1,32}$")]


class Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person as the file has them."""

    login: Word
    name: Word | None = None
    email: Word | None = None
    department: Word | None = None
    extensions: list[Extension] = []
    groups: list[Word] = []


class Everybody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    person: list[Written] = []


class StaffFile:
    """Reads the file anew each time it is asked."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def persons(self) -> list[Person]:
        """Read everybody; raises NotReachableError where the file is not there, RefusedError where it is wrong."""
        return await asyncio.to_thread(self.read)

    def read(self) -> list[Person]:
        """Do it at once."""
        try:
            with self._path.open("rb") as file:
                raw = file.read(LARGEST + 1)
            written = msgspec.convert(tomllib.loads(raw.decode("utf-8")), Everybody)
        except OSError as error:
            raise NotReachableError(f"{self._path} cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RefusedError(f"{self._path} is not TOML") from error
        except msgspec.ValidationError as error:
            raise RefusedError(f"{self._path}: {error}") from error
        if len(raw) > LARGEST:
            raise RefusedError(f"{self._path} is too large")
        found: dict[str, Person] = {}
        for at, one in enumerate(written.person, start=1):
            person = _person(one)
            if not person.login or not person.login.isprintable():
                raise RefusedError(f"{self._path}: the login of person {at} is no word")
            if person.login in found:  # whose it is, is not for the log
                raise RefusedError(f"{self._path}: the login of person {at} stands twice")
            found[person.login] = person
        return list(found.values())


def _person(one: Written) -> Person:
    department = " ".join((one.department or "").split()) or None
    groups = [" ".join(group.split()) for group in one.groups]
    return Person(
        login=one.login.strip(),
        name=" ".join((one.name or one.login).split()),
        email=one.email,
        department=department,
        extensions=tuple(dict.fromkeys(one.extensions)),
        groups=tuple(dict.fromkeys([*([department] if department else []), *groups]))[:MOST_GROUPS],
    )
