"""Numbers and PINs that are hard to guess, and the rows of AstDB that let people in. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import pairwise
from typing import Literal, NamedTuple

import msgspec

from ami_bridge.errors import BusyError
from ami_bridge.rooms.model import Pin, Role, Room

GUEST_DIGITS = 6
PERSON_DIGITS = 7
"""Of moderators and persons: one digit more, for one PIN of theirs opens more."""
LONGEST_NAME = 60
MOST_TRIES = 200


class Row(NamedTuple):
    """A row that the PBX is to have: a room's, or a PIN's."""

    verb: Literal["room", "pin"]
    number: str
    digits: str = ""


Random = Callable[[int], int]
"""Returns a number below its argument that nobody can foresee (`secrets.randbelow`)."""


def number_for(free: Iterable[range], taken: Collection[str], random: Random) -> str:
    """Choose a room's number among the free ones; raises BusyError where there is none."""
    ranges = list(free)
    total = sum(len(one) for one in ranges)
    for _ in range(MOST_TRIES):
        if total and (found := _at(ranges, random(total))) not in taken:
            return found
    for one in ranges:
        for number in one:
            if str(number) not in taken:
                return str(number)
    raise BusyError("All room numbers are taken; end a room, or ask the administrator for more numbers.")


def _at(ranges: Iterable[range], place: int) -> str:
    for one in ranges:
        if place < len(one):
            return str(one[place])
        place -= len(one)
    raise IndexError(place)


def ranges_of(text: str) -> list[range]:
    """Read `8000-8999, 7000-7099`; raises ValueError for anything else."""
    found = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not (first.isascii() and first.isdigit()) or (dash and not (last.isascii() and last.isdigit())):
            raise ValueError(f"{part.strip()!r} is no range of numbers")
        begin, end = int(first), int(last or first)
        if begin > end or (dash and len(first) != len(last)) or first.startswith("0"):
            raise ValueError(f"{part.strip()!r} is no range of numbers")
        found.append(range(begin, end + 1))
    return found


def pin_for(role: Role, room: str, taken: Collection[str], random: Random) -> str:
    """Choose a PIN: unlike all that `taken` has (those of the last 90 days too), unlike the room, nothing one tries."""
    length = GUEST_DIGITS if role == "guest" else PERSON_DIGITS
    while True:
        digits = f"{random(10**length):0{length}}"
        if digits not in taken and not _is_tried(digits, room):
            return digits


def _is_tried(digits: str, room: str) -> bool:
    """Tell what people try first: one digit, digits in their order, the room's number in it either way."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
    return len(set(digits)) < 3 or steps in ({1}, {9}) or room in digits or room[::-1] in digits  # noqa: PLR2004


def row_of_room(room: Room) -> str:
    """Write what Asterisk must know of a room; everything is text (dialplan/rooms.conf)."""
    return _json(
        {
            "max": str(room.most),
            "nbf": "0" if room.opens is None else str(int(room.opens.timestamp())),
            "exp": "" if room.closes is None else str(int(room.closes.timestamp())),
            "lang": room.language,
            "wait": "yes" if room.waits else "no",
            "rec": "yes" if room.recording else "no",
            "mute": "no",
            "end": "yes" if room.kind == "adhoc" else "no",
        }
    )


def row_of_pin(pin: Pin) -> str:
    """Write what Asterisk must know of a PIN."""
    name = "".join(sign for sign in pin.name if sign.isprintable() and sign not in '"\\<>|')[:LONGEST_NAME]
    return _json({"role": "mod" if pin.role == "mod" else "part", "name": name, "id": pin.id})


def _json(values: Mapping[str, str]) -> str:
    return msgspec.json.encode(values).decode()
