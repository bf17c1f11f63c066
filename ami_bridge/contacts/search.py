"""People and contacts by what somebody types: from the books that they may know, colleagues first."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import phonenumbers
from msgspec import Struct

from ami_bridge.contacts.directory import SHARED, Audience
from ami_bridge.contacts.folding import Term, fits, searched, terms
from ami_bridge.contacts.model import Contact, clean
from ami_bridge.numbers import Number
from ami_bridge.people.model import People, Person

MOST_AT_ONCE = 100


class HitNumber(Struct, frozen=True, kw_only=True):
    """One number of a hit."""

    number: str
    """E.164, or an extension as it is: what to dial."""
    display: str
    """As people write it."""
    kind: str = "other"
    """`work`, `home`, `mobile`, `fax`, `pager`, `assistant` or `other`."""


class Hit(Struct, frozen=True, kw_only=True):
    """Somebody who was found."""

    name: str
    org: str | None = None
    numbers: tuple[HitNumber, ...] = ()
    source: str = ""
    """Label of the book; empty for one of our own extensions."""
    ref: str | None = None
    """Which contact this is; None for one of our own."""
    login: str | None = None
    """Of a colleague: who can be invited to a conference."""


class Found(Protocol):
    """A contact with the label of its book."""

    @property
    def contact(self) -> Contact:
        """The contact itself."""

    @property
    def source(self) -> str:
        """What its book is called."""


class Store(Protocol):
    """Where contacts are kept."""

    async def search(
        self, wanted: Sequence[Term], scopes: Collection[str], *, limit: int, offset: int
    ) -> Sequence[Found]:
        """Find contacts that have all that is wanted, in books of these scopes, in the order of their names."""


class Numbers(Protocol):
    """What we need of the reader of numbers."""

    def from_card(self, raw: str) -> list[Number]:
        """Read a number as people write it."""

    def from_pbx(self, raw: str) -> Number | None:
        """Read a number as telephones send it."""


class Search:
    """Finds names, organisations and numbers."""

    def __init__(
        self, *, store: Store, people: People, numbers: Numbers, lines: Mapping[str, str], country: str
    ) -> None:
        self._store = store
        self._people = people
        self._numbers = numbers
        self._lines = lines
        self._country_code = str(phonenumbers.country_code_for_region(country.upper()))
        self._persons: tuple[Person, ...] = ()
        self._own: list[tuple[str, Hit]] = self._fold()

    async def find(self, query: str, audience: Audience, *, limit: int, offset: int = 0) -> list[Hit]:
        """Return who fits, for this reader: our own first, then the books; an empty query fits everybody."""
        wanted = terms(query, self._numbers, self._country_code)
        if not wanted and query.strip():
            return []
        limit = min(limit, MOST_AT_ONCE)
        if self._persons != self._people.all():
            self._own = self._fold()
        own = [hit for text, hit in self._own if fits(text, wanted)]
        hits = own[offset : offset + limit]
        if len(hits) < limit:
            kept = await self._store.search(
                wanted, scopes_of(audience), limit=limit - len(hits), offset=max(0, offset - len(own))
            )
            hits += [self._hit(one.contact, one.source) for one in kept]
        return hits

    def _fold(self) -> list[tuple[str, Hit]]:
        """Prepare our own people and lines, by name."""
        self._persons = self._people.all()
        found = [self._colleague(person.name or person.login, person.department, person.extensions, person.login)
                 for person in self._persons if person.extensions]  # fmt: skip
        found += [self._colleague(label, None, (exten,)) for exten, label in self._lines.items()]
        return sorted((one for one in found if one[0]), key=lambda one: one[0])

    def _colleague(
        self, name: str, org: str | None, extensions: Sequence[str], login: str | None = None
    ) -> tuple[str, Hit]:
        read = [self._numbers.from_pbx(exten) or Number(exten=exten) for exten in extensions]
        text = searched([name, org], [one for number in read for one in (number.exten, number.e164) if one])
        numbers = tuple(HitNumber(number=exten, display=exten, kind="work") for exten in extensions)
        return text, Hit(name=clean(name), org=clean(org) or None, numbers=numbers, login=login)

    def _hit(self, contact: Contact, source: str) -> Hit:
        org = clean(contact.org)
        return Hit(
            name=clean(contact.name) or org,
            org=org or None,
            source=clean(source),
            ref=str(contact.id) if contact.id else None,
            numbers=tuple(
                HitNumber(number=one.key, display=self._display(one.key), kind=one.kind)
                for one in contact.numbers
                if one.key
            ),
        )

    def _display(self, key: str) -> str:
        number = self._numbers.from_pbx(key)
        return number.display if number else key


def scopes_of(audience: Audience) -> list[str]:
    """Return the scopes of the books that a reader may know."""
    own = [f"owner:{audience.owner}"] if audience.owner else []
    return [*own, *(f"group:{group}" for group in audience.groups), SHARED]
