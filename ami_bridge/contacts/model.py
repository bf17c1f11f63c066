"""What an address book holds: cards as written, contacts as we keep them, names as they are shown."""

import re
import unicodedata
from typing import Literal

from msgspec import Struct

MOST_NAMES = 20
LONGEST_NAME = 60  # desk phones show fewer; nothing longer helps anybody

TelKind = Literal["work", "home", "mobile", "fax", "pager", "assistant", "other"]
StemRule = Literal["head", "extension", "bare"]
"""How a number says that more digits may follow: written `…-0`, with an extension behind it, or not at all."""
Reason = Literal["exact", "extension", "stem", "head", "choice"]

_HARMLESS = re.compile(r"[ !#-;=?-\[\]-{}~]*")  # printable ASCII without " < > \ |
_DROPPED_SIGNS = frozenset('"<>\\|')
_BLANK_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Zs"})
_DROPPED_CATEGORIES = frozenset({"Cf", "Cs", "Co", "Cn"})  # invisible, turning the direction, or not text at all


class Tel(Struct, frozen=True):
    """One telephone field of a card, as somebody typed it."""

    raw: str
    kind: TelKind = "other"


class Card(Struct, frozen=True, kw_only=True):
    """What we read from a vCard; pictures, notes, birthdays and addresses are dropped on the way."""

    uid: str | None = None
    name: str = ""
    org: str | None = None
    unit: str | None = None
    """Second part of ORG: the department."""
    tels: tuple[Tel, ...] = ()
    emails: tuple[str, ...] = ()
    nickname: str | None = None
    categories: tuple[str, ...] = ()
    login: str | None = None
    """Property X-AMI-BRIDGE-USER."""
    company: bool = False
    """The card is of a company, not of a person."""
    private: bool = False
    """CLASS says that it is nobody else's business."""
    group: bool = False
    """A distribution list: no entry of its own."""


class ContactNumber(Struct, frozen=True, array_like=True):
    """One comparable number of a contact."""

    raw: str
    e164: str | None = None
    exten: str | None = None
    kind: str = "other"
    stem: int = 0
    """What a direct-dial number of the same house would begin with; 0 where the spelling says nothing of it."""
    rule: StemRule = "bare"

    @property
    def key(self) -> str:
        """What it is looked up by."""
        return self.e164 or self.exten or ""


class Contact(Struct, frozen=True, kw_only=True):
    """One entry of an address book, with numbers that can be compared."""

    href: str
    id: int = 0
    """Our own, which stays the same when the card changes; 0 before it is kept."""
    etag: str | None = None
    uid: str | None = None
    name: str = ""
    org: str | None = None
    company: bool = False
    numbers: tuple[ContactNumber, ...] = ()


class Name(Struct, frozen=True, kw_only=True):
    """Whose number it is, cleaned: fit for a telephone's display, a page, and a line of AMI."""

    name: str
    org: str | None = None
    source: str = ""
    """Label of the book or place that gave the name."""
    reason: Reason = "exact"
    """exact: the number itself; extension: one of our own; stem: a direct-dial number of a house that is known for
    sure; head: perhaps one (`Company?`); choice: the reader has chosen among several."""
    kind: str | None = None
    """What the book calls the number: work, mobile, home …"""
    matches: int = 1
    """How many contacts have this number."""
    names: tuple[str, ...] = ()
    """All who have it, the most likely first; not more than MOST_NAMES."""
    refs: tuple[str, ...] = ()
    """Which contacts `names` are, in the same order, for a choice."""
    ref: str | None = None
    """Which contact this is, for a choice and for a link; None where it is no contact, or several."""


def link(click: str, number: str | None) -> str | None:
    """Return the address of a caller's page; None where none is configured, or there is no number."""
    return click.replace("{number}", number.replace("+", "%2B")) if click and number else None


def clean(text: str | None) -> str:
    """Make hostile text harmless: no control, direction or markup signs, single blanks, at most 60 characters.

    A line break in a caller's name would let it write AMI events.
    """
    if not text:
        return ""
    text = text[: 8 * LONGEST_NAME]
    if not _HARMLESS.fullmatch(text):
        text = "".join(_cleaned(sign) for sign in unicodedata.normalize("NFC", text))
    return " ".join(text.split())[:LONGEST_NAME].rstrip()


def _cleaned(sign: str) -> str:
    if sign in _DROPPED_SIGNS:
        return ""
    category = unicodedata.category(sign)
    if category in _BLANK_CATEGORIES:
        return " "
    return "" if category in _DROPPED_CATEGORIES else sign
