"""What OpenLDAP's programs print: entries in LDIF, and how a value stands in a filter. Pure."""

import base64
import binascii
import re
from collections.abc import Iterator

from msgspec import Struct

MOST_VALUES = 1000
"""Of one attribute; whoever is in more groups is in these."""
ESCAPED = re.compile(r"[\\*()\x00]")


class Entry(Struct, frozen=True):
    """One entry of the directory."""

    dn: str
    values: dict[str, list[str]]
    """By attribute, in small letters."""

    def first(self, attribute: str) -> str | None:
        """Return the first value that says something."""
        return next(iter(self.all(attribute)), None)

    def all(self, attribute: str) -> list[str]:
        """Return all values that say something, without spaces around."""
        return [text for value in self.values.get(attribute.lower(), ()) if (text := value.strip())]


def read(text: str) -> Iterator[Entry]:
    """Read what `ldapsearch -LLL -o ldif-wrap=no` prints; references to other servers and comments are left out."""
    for block in re.split(r"\n{2,}", text):
        dn, values = "", dict[str, list[str]]()
        for line in block.splitlines():
            name, colon, rest = line.partition(":")
            if not colon or line.startswith("#"):
                continue
            value = _decoded(rest[1:]) if rest.startswith(":") else rest.strip(" ")
            if value is None or rest.startswith("<"):  # an address instead of a value
                continue
            attribute = name.partition(";")[0].lower()  # cn;lang-de is a name too
            if attribute == "dn" and not dn:
                dn = value
            elif len(kept := values.setdefault(attribute, [])) < MOST_VALUES:
                kept.append(value)
        if dn:
            yield Entry(dn, values)


def escape(value: str) -> str:
    """Write a value so that it means itself in a filter (RFC 4515)."""
    return ESCAPED.sub(lambda found: f"\\{ord(found[0]):02x}", value)


def group_in(dn: str) -> str:
    """Return the name of a group: the value of the first part of its distinguished name (RFC 4514)."""
    first = re.match(r"[^=]+=((?:\\.|[^,+\\])*)", dn, re.DOTALL)
    if first is None:
        return ""
    pairs = re.split(r"((?:\\[0-9A-Fa-f]{2})+)", first[1])
    text = "".join(
        bytes.fromhex(part.replace("\\", "")).decode("utf-8", "replace") if at % 2 else re.sub(r"\\(.)", r"\1", part)
        for at, part in enumerate(pairs)
    )
    return " ".join(text.split())


def _decoded(value: str) -> str | None:
    """Return what stands in base64; None for what is no text."""
    try:
        return base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
