"""Values that we look at ourselves: when one is an alarm, what is read for it, and what is still to be told. Pure."""

import math
import operator
import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, cast

from msgspec import Struct

from ami_bridge.alarms.model import LONGEST_NAME, Report
from ami_bridge.alarms.sources import words
from ami_bridge.config_check_watched import CONDITION, READ

Value = bool | int | float | str
Table = Literal["coil", "discrete", "input", "holding"]

MOST_PENDING = 20
"""Changes of one value that wait for the disk; of more, pairs of coming and going in the middle are left out."""
MOST_BITS, MOST_WORDS = 2000, 125
LAST = 0xFFFF
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_FORMS = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f"}
_WIDE = 2
_BITS = 16


class OddValueError(Exception):
    """A value of which nobody can say whether it is an alarm; its words are for people."""


class Condition(Struct, frozen=True):
    """Such as `> 80` or `= FAULT`."""

    how: str
    number: float | None
    text: str

    def __call__(self, value: Value) -> bool:
        """Whether a value is like that; raises OddValueError where it cannot be compared."""
        if self.number is None:
            return (str(value).strip().casefold() == self.text.casefold()) == (self.how == "=")
        if isinstance(value, str):
            raise OddValueError(f"{words.clean(value, words.LONGEST_NAME)!r} ist keine Zahl")
        if not math.isfinite(value):
            raise OddValueError("keine Zahl")
        return _COMPARE[self.how](value, self.number)


def condition(written: str, *, texts: bool = False) -> Condition:
    """Read one; raises ValueError. `texts` says whether values may be words."""
    if (found := CONDITION.fullmatch(written.strip())) is None:
        raise ValueError(f"{written!r} is not like > 80")
    how, what = found.groups()
    given = {"true": "1", "false": "0"}.get(what.casefold(), what)
    try:
        number = float(given)
    except ValueError:
        if not texts or how not in {"=", "!="}:
            raise ValueError(f"{what!r} is no number") from None
        return Condition(how, None, what.strip("\"'"))
    if not math.isfinite(number):
        raise ValueError(f"{what!r} is no number")
    return Condition(how, number, what)


class Spot(Struct, frozen=True, kw_only=True):
    """Where a value lies in a controller."""

    table: Table
    at: int
    kind: str = "uint16"
    bit: int | None = None

    @property
    def width(self) -> int:
        """How many bits or words it takes."""
        return _WIDE if self.kind.endswith("32") else 1


class Block(Struct, frozen=True, kw_only=True):
    """What is read by one question."""

    table: Table
    at: int
    count: int


def spot(written: str) -> Spot:
    """Read `holding 3 bit 5` and the like; raises ValueError."""
    found = READ.fullmatch(" ".join(written.split()))
    if found is None:
        raise ValueError(f"{written!r} is not like coil 12, holding 3 bit 5 or input 4 float32")
    bit = int(found["bit"]) if found["bit"] else None
    table = cast("Table", found["bits"] or found["words"])
    it = Spot(table=table, at=int(found["at"]), kind=found["kind"] or "uint16", bit=bit)
    if it.at + it.width - 1 > LAST or (bit is not None and bit >= _BITS):
        raise ValueError(f"{written!r} lies outside")
    return it


def blocks(spots: Sequence[Spot]) -> list[Block]:
    """Put together what lies side by side: nothing is read that nobody asked for, which some controllers refuse."""
    found: list[Block] = []
    for one in sorted(set(spots), key=lambda one: (one.table, one.at, one.width)):
        last = found[-1] if found else None
        most = MOST_BITS if one.table in {"coil", "discrete"} else MOST_WORDS
        if last is not None and last.table == one.table and one.at <= last.at + last.count:
            count = max(last.count, one.at + one.width - last.at)
            if count <= most:
                found[-1] = Block(table=last.table, at=last.at, count=count)
                continue
        found.append(Block(table=one.table, at=one.at, count=one.width))
    return found


def value_at(spot: Spot, block: Block, read: Sequence[bool] | Sequence[int], *, little: bool) -> Value:
    """Return the value that lies there; raises OddValueError where the answer is shorter than asked for."""
    part = read[spot.at - block.at : spot.at - block.at + spot.width]
    if len(part) < spot.width:
        raise OddValueError("die Antwort ist zu kurz")
    if spot.table in {"coil", "discrete"}:
        return int(part[0])
    if spot.bit is not None:
        return part[0] >> spot.bit & 1
    octets = struct.pack(f">{len(part)}H", *(reversed(part) if little else part))
    value: int | float = struct.unpack(_FORMS[spot.kind], octets)[0]
    return value


class Reading(Struct, frozen=True, kw_only=True):
    """A value as it came, or why there is none."""

    point: str
    value: Value | None = None
    why: str = ""
    """Why there is none, in words for people."""
    at: datetime | None = None
    """When it became that, if the source says so."""


class Wish(Struct, frozen=True, kw_only=True):
    """A point, and when it is an alarm."""

    alarm: Condition
    normal: Condition | None = None


class Point:
    """What is known of one value, and what of it is still to be told."""

    def __init__(self, name: str, wish: Wish, *, source: str, told: frozenset[str]) -> None:
        """`told` are the keys of open alarms whose fault is still there."""
        self._name = name
        self._wish = wish
        self._source = source
        self._key, self._odd_key = words.clean(name, LONGEST_NAME), f"unreadable/{name}"
        self._alarm = self._key in told
        self._odd = self._odd_key in told
        self.pending: list[Report] = []

    def hear(self, reading: Reading) -> None:
        """Take note of a value; what it changes is pending from then on."""
        try:
            value, alarm = self._judged(reading)
        except OddValueError as error:
            if not self._odd:
                self._odd = True
                text = f"{self._name}: kein brauchbarer Wert ({error})"
                self._tell(
                    Report(source=self._source, point=self._name, dedup=self._odd_key, text=text, unreadable=True)
                )
            return
        if self._odd:
            self._odd = False
            self._tell(Report(source=self._source, point=self._name, dedup=self._odd_key, what="go"))
        if alarm != self._alarm:
            self._alarm = alarm
            self._tell(
                Report(
                    source=self._source,
                    point=self._name,
                    dedup=self._key,
                    what="come" if alarm else "go",
                    event_time=reading.at,
                    values={"value": shown(value)},
                    raw=f"{self._name} = {shown(value)}",
                )
            )

    def _judged(self, reading: Reading) -> tuple[Value, bool]:
        """Return the value, and whether it is an alarm; between `alarm` and `normal` nothing changes."""
        value = reading.value
        if value is None:
            raise OddValueError(reading.why or "leer")
        over = self._wish.normal is None or self._wish.normal(value)
        return value, self._wish.alarm(value) or (self._alarm and not over)

    def _tell(self, report: Report) -> None:
        """Keep the order; of very many changes the first stays, and a pair of going and coming after it is left out."""
        self.pending.append(report)
        if len(self.pending) > MOST_PENDING:
            keys = [one.dedup for one in self.pending]
            key = max(self._key, self._odd_key, key=keys.count)
            second, third = [n for n, one in enumerate(keys) if one == key][1:3]
            del self.pending[third], self.pending[second]


def shown(value: Value) -> str:
    """Write a value as people read it."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.6g}"
    return words.clean(value, words.LONGEST_VALUE)
