"""Search filters of LDAP (RFC 4515): what a telephone looks for. Pure."""

import itertools
import re
from collections.abc import Sequence

from msgspec import Struct

from ami_bridge.errors import BadRequestError

NAMES = frozenset(
    {"cn", "sn", "givenname", "displayname", "o", "ou", "gn", "surname", "commonname", "organizationname"}
)
NUMBERS = frozenset({"telephonenumber", "mobile", "homephone", "mobiletelephonenumber", "hometelephonenumber"})
LONGEST = 2_000
DEEPEST = 10
MOST_QUERIES = 4

_ITEM = re.compile(r"([A-Za-z0-9.;?-]+)(?::[^=]*)?[~<>:]?=(.*)", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2})")


class Wanted(Struct, frozen=True):
    """What a filter comes down to: searches of which one is to fit, and the numbers as they were written."""

    queries: tuple[str, ...]
    numbers: tuple[tuple[str, str], ...] = ()
    """Attribute and number, where a whole number is looked for: the answer must repeat it in this spelling."""


def read(text: str) -> Wanted:
    """Read a filter; raises BadRequestError for what is none."""
    if len(text) > LONGEST:
        raise BadRequestError("The filter is too long.")
    numbers: list[tuple[str, str]] = []
    queries, rest = _node(text.strip(), numbers, 0)
    if rest.strip():
        raise BadRequestError("The filter goes on behind its end.")
    return Wanted(tuple(dict.fromkeys(queries or [""]))[:MOST_QUERIES], tuple(dict.fromkeys(numbers)))


def _node(text: str, numbers: list[tuple[str, str]], depth: int) -> tuple[list[str] | None, str]:
    """Read one part in brackets; None stands for what says nothing about whom to find."""
    if not text.startswith("(") or depth > DEEPEST:
        raise BadRequestError("The filter has no brackets, or too many.")
    kind = text[1:2]
    if kind not in {"&", "|", "!"}:
        inside, closed, rest = text[1:].partition(")")
        if not closed:
            raise BadRequestError("The filter has an open bracket.")
        return _item(inside, numbers), rest
    parts: list[list[str]] = []
    rest = text[2:].lstrip()
    while rest.startswith("("):
        part, rest = _node(rest, numbers, depth + 1)
        rest = rest.lstrip()
        if part is not None:
            parts.append(part)
    if not rest.startswith(")"):
        raise BadRequestError("The filter has an open bracket.")
    if kind == "!" or not parts:
        return None, rest[1:]
    return (_all_of(parts) if kind == "&" else [query for part in parts for query in part]), rest[1:]


def _all_of(parts: Sequence[list[str]]) -> list[str]:
    """Join searches that must all fit; of many combinations the first few."""
    several = itertools.islice(itertools.product(*(part[:MOST_QUERIES] for part in parts)), MOST_QUERIES)
    return [" ".join(dict.fromkeys(query for query in one if query)) for one in several]


def _item(text: str, numbers: list[tuple[str, str]]) -> list[str] | None:
    found = _ITEM.fullmatch(text)
    if found is None:
        raise BadRequestError("The filter compares nothing.")
    name = found[1].partition(";")[0].lower()
    if name not in NAMES | NUMBERS:
        return None
    pieces = [_plain(piece) for piece in found[2].split("*")]
    if name in NUMBERS and len(pieces) == 1:
        numbers.append((name, pieces[0]))
    return [" ".join(piece for piece in pieces if piece)]


def _plain(value: str) -> str:
    """Undo the escapes: a backslash and two hexadecimal digits are a byte."""
    raw = _ESCAPED.sub(lambda one: bytes([int(one[1], 16)]), value.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "replace")
