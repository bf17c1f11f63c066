"""What a desk telephone gets: a page of a phone book; and the device that asks for it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from ami_bridge.contacts.directory import ANYBODY, Audience
from ami_bridge.contacts.search import Hit, HitNumber
from ami_bridge.people.model import Person


class Device(Struct, frozen=True, kw_only=True):
    """A telephone with a credential of its own, without its secret."""

    name: str
    """Also its user name."""
    pbx_id: str
    extension: str | None = None
    """Whose telephone it is; without one it is shown what anybody may know."""
    private: bool = False
    """Whether it is shown the own books of the one person whose telephone it is."""
    created: datetime
    last_used: datetime | None = None


class Entry(Struct, frozen=True):
    """Somebody on a page, with numbers as they are dialled here."""

    name: str
    numbers: tuple[HitNumber, ...]
    org: str | None = None

    def first_and_last(self, longest: int = 60) -> tuple[str, str]:
        """Split the name as it is written; what is no person's, or of one word, is a last name alone."""
        name = self.name[:longest]
        if self.name == self.org or any(sign in name for sign in "(/"):
            return "", name
        first, _, last = name.rpartition(" ")
        return first, last


class Page(Struct, frozen=True, kw_only=True):
    """Some entries, and where to go on."""

    entries: Sequence[Entry]
    offset: int = 0
    following: int | None = None
    """Offset of the next page; None on the last one."""


def audience_of(device: Device, persons: Sequence[Person], *, shows_private: bool = False) -> Audience:
    """Say what a telephone may show; one that several people share shows what all of them may know.

    Private names need both: the administrator's leave for the device, and the person's own wish.
    """
    if not persons:
        return ANYBODY
    first, *others = persons
    groups = tuple(group for group in first.groups if all(group in one.groups for one in others))
    return Audience(groups=groups, owner=first.login if device.private and shows_private and not others else None)


def lines_of(entries: Iterable[Entry], words: "Words") -> list[tuple[str, str]]:
    """Write each number on a line of its own, for forms that know only one number of a name."""
    found = []
    for entry in entries:
        for number in entry.numbers:
            kind = f" ({words.kinds.get(number.kind, number.kind)})" if len(entry.numbers) > 1 else ""
            found.append((f"{entry.name}{kind}", number.number))
    return found


def page_of(hits: Sequence[Hit], *, offset: int, most: int, per_number: bool) -> Page:
    """Fill a page with as many of the hits as fit; there are more if one of them does not."""
    entries: list[Entry] = []
    room = most
    for hit in hits:
        needs = max(1, len(hit.numbers)) if per_number else 1
        if needs > room and entries:
            break
        numbers = hit.numbers[:most] if per_number else hit.numbers
        entries.append(Entry(hit.name, numbers, hit.org))
        room -= needs
        if room <= 0:
            break
    following = offset + len(entries) if len(entries) < len(hits) else None
    return Page(entries=[entry for entry in entries if entry.numbers], offset=offset, following=following)


class Words(Struct, frozen=True):
    """What telephones are told to show."""

    title: str
    prompt: str
    more: str
    nobody: str
    dial: str
    leave: str
    kinds: dict[str, str]


GERMAN = Words(
    title="Telefonbuch",
    prompt="Name oder Nummer",
    more="Weiter",
    nobody="Kein Eintrag",
    dial="Wählen",
    leave="Beenden",
    kinds={"work": "Büro", "home": "privat", "mobile": "mobil", "assistant": "Sekretariat", "other": "weitere"},
)
ENGLISH = Words(
    title="Phone book",
    prompt="Name or number",
    more="Next",
    nobody="No entry",
    dial="Dial",
    leave="Exit",
    kinds={"work": "office", "home": "home", "mobile": "mobile", "assistant": "secretary", "other": "other"},
)


def words_in(language: str) -> Words:
    """Return the words of a language; German where there are none of it."""
    return ENGLISH if language.lower().startswith("en") else GERMAN
