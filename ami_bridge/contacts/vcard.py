"""vCard text to Card, in one pass. Pure; what is not plainly written is left to the careful reader, `oddcard`."""

import re
from collections.abc import Callable
from functools import lru_cache

from ami_bridge.contacts import oddcard
from ami_bridge.contacts.model import Card, Tel, TelKind
from ami_bridge.contacts.oddcard import LONGEST_CARD, LONGEST_LINE, MOST_LINES, PARTS_OF_N, kind_of

LARGE = 2_500
"""Characters; a larger card has a picture in it."""

# A picture goes before lines are joined: joining it is most of the work. Each alternative begins with another sign.
_PICTURE = re.compile(
    r"^(?:[A-Z0-9_-]+\.)?(?:PHOTO|LOGO|SOUND|KEY)[;:][^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE
)
_LINE = re.compile(
    r"^(?:([A-Za-z0-9_-]+)\.)?(FN|N|ORG|TEL|X-ASSISTANT-TEL|UID|KIND|X-ADDRESSBOOKSERVER-KIND|NICKNAME|EMAIL"
    r"|CATEGORIES|CLASS|X-AMI-BRIDGE-USER|X-ABLABEL|X-ABSHOWAS)((?:;[^:\n]*)?):([^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_PLAIN_PARAMS = re.compile(r"(?:;[A-Za-z0-9_-]+(?:=[A-Za-z0-9_,-]*)?)+")
_PARAM = re.compile(r";([A-Za-z0-9_-]+)(?:=([A-Za-z0-9_,-]*))?")
_ESCAPED = re.compile(r"\\(.)")
_PIECE = re.compile(r"(?:[^;\\]|\\.)*")
_PART = re.compile(r"(?:[^,\\]|\\.)*")
_Said = tuple[str, str, str]
_Lines = dict[str, list[_Said]]
_MEANT = {"n": "\n", "N": "\n", "\\": "\\", ",": ",", ";": ";", '"': '"'}


class _Odd(Exception):  # noqa: N818 - no error: another reader's turn
    """The card is not plain enough."""


def read(text: str) -> Card | None:
    """Read the first card of the text; None if there is none, or if it is out of all proportion."""
    if len(text) > LONGEST_CARD:
        return None
    try:
        return _read(text)
    except _Odd:
        return oddcard.read(text)


def _read(text: str) -> Card:
    """Read a plainly written card."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > LARGE:
        text = _PICTURE.sub("", text)
    if "\n " in text or "\n\t" in text:
        text = text.replace("\n ", "").replace("\n\t", "")
    _must_be_plain(text)
    found = _LINE.findall(text)
    if not 0 < len(found) <= MOST_LINES:
        raise _Odd
    lines: dict[str, list[_Said]] = {}
    for group, name, params, value in found:
        if len(value) > LONGEST_LINE - 100:
            raise _Odd
        lines.setdefault(name.upper(), []).append((value, _types(params) if params else "", group))
    return _card(lines)


def _card(lines: _Lines) -> Card:
    name = _one(lines, "FN", _text) or _one(lines, "N", _own_name)
    org = [part for part in _parts(lines["ORG"][0][0]) if part] if "ORG" in lines else []
    nickname = _one(lines, "NICKNAME", _first)
    kind = " ".join([*_all(lines, "KIND"), *_all(lines, "X-ADDRESSBOOKSERVER-KIND")]).lower()
    company = kind == "org" or not name or name == (org[0] if org else "")
    return Card(
        uid=_one(lines, "UID", _text) or None,
        name=name or (org[0] if org else nickname),
        org=org[0] if org else None,
        unit=org[1] if len(org) > 1 else None,
        tels=tuple(_tels(lines)),
        emails=tuple(_all(lines, "EMAIL")),
        nickname=nickname or None,
        categories=tuple(_categories(lines)) if "CATEGORIES" in lines else (),
        login=_one(lines, "X-AMI-BRIDGE-USER", _first) or None,
        company=company or " ".join(_all(lines, "X-ABSHOWAS")).upper() == "COMPANY",
        private=_one(lines, "CLASS", _first).upper() in {"PRIVATE", "CONFIDENTIAL"},
        group="group" in kind,
    )


def _tels(lines: _Lines) -> list[Tel]:
    labels = {group: _first(value).upper() for value, _, group in lines.get("X-ABLABEL", ()) if group}
    found = [
        Tel(raw, _kind(types, labels.get(group, "")))
        for value, types, group in lines.get("TEL", ())
        if (raw := _text(value))
    ]
    if "X-ASSISTANT-TEL" in lines:
        found += [Tel(raw, "assistant") for value, _, _ in lines["X-ASSISTANT-TEL"] if (raw := _text(value))]
    return found


def _categories(lines: _Lines) -> list[str]:
    texts = [_text(value) for value, _, _ in lines["CATEGORIES"]]
    return [one.strip() for text in texts for one in text.split(",") if one.strip()]


def _one(lines: _Lines, name: str, read_as: Callable[[str], str]) -> str:
    """Return what the first line of this name says that says anything."""
    return next((text for value, _, _ in lines.get(name, ()) if (text := read_as(value))), "")


def _all(lines: _Lines, name: str) -> list[str]:
    """Return what all lines of this name say."""
    return [text for value, _, _ in lines[name] if (text := _first(value))] if name in lines else []


def _must_be_plain(text: str) -> None:
    """Leave to the other reader: several cards, strange line ends, encoded text."""
    upper = text.upper()
    bare = text.strip("\n")
    if (
        upper.count("BEGIN:VCARD") != 1
        or upper.count("END:VCARD") != 1
        or bare[:12].upper() != "BEGIN:VCARD\n"
        or bare[-10:].upper() != "\nEND:VCARD"
        or "QUOTED-PRINTABLE" in upper
        or len(bare.splitlines()) != bare.count("\n") + 1
        or "\0" in text
    ):
        raise _Odd


@lru_cache(maxsize=1024)
def _types(params: str) -> str:
    """Return what the parameters say of the kind, in capitals."""
    if len(params) > 200 or not _PLAIN_PARAMS.fullmatch(params):  # noqa: PLR2004 - nobody has so much to say
        raise _Odd
    types: list[str] = []
    for name, value in _PARAM.findall(params.upper()):
        if name == "ENCODING":
            raise _Odd
        if name == "TYPE":
            types.append(value or name)
        elif f";{name}=" not in params.upper():
            types.append(name)
    said = " ".join(types).replace(",", " ")
    if "BASE64" in said.split() or "B" in said.split():
        raise _Odd
    return said


@lru_cache(maxsize=1024)
def _kind(types: str, label: str) -> TelKind:
    return kind_of((types, label))


def _text(value: str) -> str:
    """Read a value that is one text."""
    value = value.strip()
    if "\\" in value:
        if (len(value) - len(value.rstrip("\\"))) % 2:
            raise _Odd
        value = _ESCAPED.sub(_meant, value).strip()
    return value


def _first(value: str) -> str:
    """Read the first text of a list."""
    found = _PART.match(value)
    return _text(found[0]) if found else ""


def _meant(found: re.Match[str]) -> str:
    return _MEANT.get(found[1], found[0])


def _parts(value: str) -> list[str]:
    """Read what is made of parts; a part with several texts has them side by side."""
    if "\\" not in value:
        return [_side_by_side(part.split(",")) if "," in part else part.strip() for part in value.split(";")]
    if "\\\\" in value or value.rstrip().endswith("\\"):
        raise _Odd
    found = [part for part in _PIECE.findall(value) if part]
    return [_side_by_side([_ESCAPED.sub(_meant, one) for one in _PART.findall(part) if one]) for part in found]


def _side_by_side(texts: list[str]) -> str:
    return ", ".join(text for one in texts if (text := one.strip()))


def _own_name(value: str) -> str:
    """Put the parts of a name (family, given, additional, prefix, suffix) in the order they are spoken."""
    if "\\" in value:
        raise _Odd
    family, given, additional, prefix, suffix = [*_parts(value), *("",) * PARTS_OF_N][:PARTS_OF_N]
    return " ".join(part for part in (prefix, given, additional, family, suffix) if part)
