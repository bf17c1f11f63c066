"""The phone book itself: entries that one telephone may show, with numbers as they are dialled here."""

import re
from collections.abc import Sequence
from typing import Protocol

from msgspec import structs

from ami_bridge.contacts.directory import Audience
from ami_bridge.contacts.model import Name
from ami_bridge.contacts.search import MOST_AT_ONCE, Hit, HitNumber
from ami_bridge.numbers import Number
from ami_bridge.people.model import People
from ami_bridge.phonebooks.model import Device, Page, audience_of, page_of

NOT_DIALLED = frozenset({"fax", "pager"})


class Search(Protocol):
    """Finds people and contacts."""

    async def find(self, query: str, audience: Audience, *, limit: int, offset: int = 0) -> Sequence[Hit]:
        """Return who fits, for this reader."""


class Numbers(Protocol):
    """What we need of the reader of numbers."""

    def from_pbx(self, raw: str, *, dialled: bool = False) -> Number | None:
        """Read a number as telephones send it."""


class Names(Protocol):
    """Who has which number, as calls show it."""

    def lookup(self, number: Number | None, audience: Audience) -> Name | None:
        """Whose number this is, as far as this audience may know."""


class Book:
    """What telephones are shown."""

    def __init__(self, *, search: Search, names: Names, people: People, numbers: Numbers, outside_line: str) -> None:
        self._search = search
        self._names = names
        self._people = people
        self._numbers = numbers
        self._outside_line = outside_line

    async def who(self, device: Device, number: str) -> Page:
        """Return who has exactly this number, in whatever spelling the telephone asks; else whom a call would show."""
        audience = self._audience(device)
        some = map(self._dialled, await self._search.find(number, audience, limit=MOST_AT_ONCE))
        hits = [hit for hit in some if any(self.same(number, one.number) for one in hit.numbers)]
        if not hits and (name := self._shown_in_calls(number, audience)) is not None:
            dialled = HitNumber(number=number, display=number, kind=name.kind or "work")
            hits = [Hit(name=name.name, org=name.org, source=name.source, numbers=(dialled,))]
        return page_of(hits, offset=0, most=MOST_AT_ONCE, per_number=False)

    def _shown_in_calls(self, written: str, audience: Audience) -> Name | None:
        """Return the name of a number that stands in no book, such as a direct-dial number of a known house."""
        read = (self._numbers.from_pbx(written), self._numbers.from_pbx(written, dialled=True))
        return next((name for one in read if one and (name := self._names.lookup(one, audience))), None)

    async def page(self, device: Device, query: str, *, offset: int, most: int, per_number: bool = False) -> Page:
        """Return what this telephone may show of a search, from this entry on."""
        audience = self._audience(device)
        hits: list[Hit] = []
        while len(hits) <= most:  # one more than fits, to know whether there is more
            wanted = min(MOST_AT_ONCE, most + 1 - len(hits))
            some = await self._search.find(query, audience, limit=wanted, offset=offset + len(hits))
            hits += map(self._dialled, some)
            if len(some) < wanted:
                break
        return page_of(hits, offset=offset, most=most, per_number=per_number)

    def _audience(self, device: Device) -> Audience:
        persons = self._people.by_extension(device.extension) if device.extension else ()
        wished = bool(persons) and self._people.shows_private(persons[0].login)
        return audience_of(device, persons, shows_private=wished)

    def same(self, one: str, other: str) -> bool:
        """Tell whether two spellings, as telephones send or dial them, are one number."""
        return not self._comparable(one).isdisjoint(self._comparable(other))

    def _comparable(self, written: str) -> set[str]:
        """Return what a spelling can mean: as it stands, or behind the digit for an outside line."""
        read = [self._numbers.from_pbx(written), self._numbers.from_pbx(written, dialled=True)]
        return {one.e164 or one.exten or "" for one in read if one is not None}

    def _dialled(self, hit: Hit) -> Hit:
        """Write numbers as somebody dials them at this site; what cannot be talked to is left out."""
        numbers = tuple(self._as_dialled(one) for one in hit.numbers if one.kind not in NOT_DIALLED)
        return structs.replace(hit, numbers=numbers)

    def _as_dialled(self, one: HitNumber) -> HitNumber:
        if not one.number.startswith("+"):
            return one
        number = self._numbers.from_pbx(one.number)
        if number is not None and number.exten:
            return structs.replace(one, number=number.exten)
        shown = one.display if one.display and not one.display.startswith("+") else f"00{one.number}"
        return structs.replace(one, number=self._outside_line + re.sub(r"[^0-9]", "", shown))
