"""Text as it is searched: without case, accents, or the choice between ü, ue and u; numbers as digits. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Protocol, TypeAlias

from ami_bridge.numbers import Number

MOST_TERMS = 8
LONGEST_QUERY = 100
LONGEST_SEARCHED = 600
"""Characters kept of a contact; an index of PostgreSQL takes 2,700 bytes at most."""
SHORTEST_WHOLE = 7
"""Digits; what is shorter is a piece of a number, and cannot be completed."""

Term: TypeAlias = tuple[str, ...]
"""Pieces of which the searched text must hold one; a leading blank marks the beginning of a word."""

_NOT_LETTERS = re.compile(r"[\W_]+")
_WRITTEN_OUT = re.compile(r"([aou])e")
_DIALLED = re.compile(r"[0-9+()/.\-*#]*[0-9][0-9+()/.\-*#]*")
_NO_MARKS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "\N{LATIN SMALL LETTER DOTLESS I}": "i"}
)


class Numbers(Protocol):
    """What we need of the reader of numbers."""

    def from_card(self, raw: str) -> list[Number]:
        """Read a number as people write it."""

    def from_pbx(self, raw: str) -> Number | None:
        """Read a number as telephones send it."""


def words(text: str) -> list[str]:
    """Return the words of a text as they are compared: Müller, MUELLER and Muller are one."""
    if text.isascii():
        text = text.lower()
    else:
        plain = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(sign for sign in plain if not unicodedata.combining(sign)).translate(_NO_MARKS)
    return _WRITTEN_OUT.sub(r"\1", _NOT_LETTERS.sub(" ", text)).split()


def searched(texts: Iterable[str | None], numbers: Iterable[str]) -> str:
    """Return what is kept of a contact to search in: its words, then its numbers, a blank before each.

    Numbers are E.164 or extensions. Nothing comes out for a contact without a word: it cannot be shown.
    """
    found = [word for text in texts if text for word in words(text)]
    if not found:
        return ""
    digits = dict.fromkeys(number.lstrip("+") for number in numbers if number)
    return (" " + " ".join([*found, *digits]))[:LONGEST_SEARCHED]


def terms(query: str, numbers: Numbers, country_code: str) -> tuple[Term, ...]:
    """Read what somebody types: beginnings of words in any order, and pieces of numbers in any spelling."""
    found: list[Term] = []
    dialled = ""
    for piece in [*query[:LONGEST_QUERY].split(), ""]:
        if _DIALLED.fullmatch(piece):
            dialled += f" {piece}"
            continue
        if dialled:
            found.append(_number(dialled.strip(), numbers, country_code))
            dialled = ""
        found += [(f" {word}",) for word in words(piece)]
    return tuple(dict.fromkeys(term for term in found if term))[:MOST_TERMS]


def fits(text: str, wanted: Iterable[Term]) -> bool:
    """Tell whether a searched text has all that is wanted."""
    return all(any(piece in text for piece in term) for term in wanted)


def _number(written: str, numbers: Numbers, country_code: str) -> Term:
    """Return the pieces of which one is in the digits of a number that was written so, or begun so."""
    plain = re.sub(r"\(\s*0\s*\)", "", written) if written.startswith(("+", "00")) else written
    digits = re.sub(r"[^0-9]", "", plain)
    if not digits:
        return ()
    whole = [*numbers.from_card(written), numbers.from_pbx(digits)] if len(digits) >= SHORTEST_WHOLE else []
    found = [f" {one.e164.lstrip('+')}" for one in whole if one and one.e164]
    if plain.startswith("+"):
        found.append(f" {digits}")
    elif digits.startswith("00"):
        found.append(f" {digits[2:]}")
    elif digits.startswith("0"):
        found += [f" {country_code}{digits[1:]}", digits]
    else:
        found.append(digits)
    return tuple(dict.fromkeys(found))
