"""Names for displays that cannot show every letter. Pure."""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Style = Literal["de", "ascii"]
"""`de`: ä becomes ae, as Germans write it; `ascii`: ä becomes a."""

_GERMAN = MappingProxyType(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "ß": "ss",
        "\N{LATIN CAPITAL LETTER SHARP S}": "SS",
    }
)
# Letters and signs that no decomposition takes apart.
_SIGNS: Mapping[str, str] = MappingProxyType(
    dict(
        zip(
            "ßẞæÆœŒøØđĐðÐþÞłŁıħĦŋŊſ‘’‚‛“”„‟‹›«»‐‑‒–—―…•·×€",  # noqa: RUF001 - the look-alikes are the point
            "ss SS ae Ae oe Oe o O d D d D th Th l L i h H n N s ' ' ' ' ' ' ' ' ' ' ' ' - - - - - - ... * . x EUR".split(),  # noqa: E501, SIM905 - side by side
            strict=True,
        )
    )
)


def displayed(name: str, style: Style | None) -> str:
    """Write a name with the letters that a display has; letters without an equal (Greek, emoji) are left out."""
    if style is None or name.isascii():
        return name
    text = unicodedata.normalize("NFC", name)
    if style == "de":
        text = "".join(_german(sign, text[at + 1 : at + 2]) for at, sign in enumerate(text))
    text = "".join(_SIGNS.get(sign, sign) for sign in text)
    # Compatibility forms may bring back what clean() took out, such as a wide quote or an ideographic blank.
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join("".join(sign for sign in plain if sign.isprintable() and sign not in '"<>\\|').split())


def _german(sign: str, following: str) -> str:
    """MÜLLER becomes MUELLER, Übel becomes Uebel."""
    written = _GERMAN.get(sign)
    if written is None:
        return sign
    return written.upper() if sign.isupper() and following.isupper() else written
