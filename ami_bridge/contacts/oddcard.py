"""vCards that are not well-formed, or unusual, to Card. Pure; a bad line costs that line, never the card.

vobject reads the lines. It is kept from what it stumbles over: only lines that we want reach it, unfolded, decoded, of
bounded length and with their types alone, and when it refuses the card, each line is given to it alone.
"""

import quopri
import re
from collections.abc import Iterable, Iterator
from typing import Any

import vobject
from vobject.base import ContentLine, VObjectError

from ami_bridge.contacts.model import Card, Tel, TelKind

LONGEST_CARD = 2_000_000  # characters, with a picture
LONGEST_LINE = 2_000
MOST_LINES = 100
PARTS_OF_N = 5

_WANTED = re.compile(
    r"(?:[A-Za-z0-9_-]+\.)?(?P<name>FN|N|ORG|TEL|X-ASSISTANT-TEL|UID|KIND|X-ADDRESSBOOKSERVER-KIND|NICKNAME|EMAIL"
    r"|CATEGORIES|CLASS|X-AMI-BRIDGE-USER|X-ABLABEL|X-ABSHOWAS)(?=[;:])",
    re.IGNORECASE,
)
# Each sign can be read in one way only, so this ends in linear time. vobject's own expression for a line does not: it
# needs years for a few hundred ";A=B" after a ";;", which is why no parameter reaches it as it came.
_PARAM = re.compile(r';(?P<name>[A-Za-z0-9_-]+)(?:=(?P<value>(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*))?')
_SOFT_BREAK = re.compile(r"[^:]*;(?:ENCODING=)?QUOTED-PRINTABLE[;:].*=", re.IGNORECASE | re.DOTALL)
_TYPE = re.compile(r"[A-Za-z0-9_-]+")
_SEMICOLON = re.compile(r"(?<!\\);")
_COMMA = re.compile(r"(?s)(\\.)|,")
ONE_TEXT = frozenset({"FN", "TEL", "X-ASSISTANT-TEL", "UID"})
_KINDS: tuple[tuple[str, TelKind], ...] = (
    ("ASSISTANT", "assistant"),
    ("FAX", "fax"),
    ("PAGER", "pager"),
    ("CELL", "mobile"),
    ("MOBILE", "mobile"),
    ("IPHONE", "mobile"),
    ("CAR", "mobile"),
    ("WORK", "work"),
    ("HOME", "home"),
)

Fields = dict[str, list[ContentLine]]


def read(text: str) -> Card | None:
    """Read the first card of the text; None if there is none, or if it is out of all proportion."""
    if len(text) > LONGEST_CARD:
        return None
    lines = [line for raw in _wanted_lines(text) if (line := _plain(raw))]
    if not lines:
        return None
    return _card(_fields(lines))


def _wanted_lines(text: str) -> Iterator[str]:
    """Yield the lines of the first card that matter to us, at most MOST_LINES."""
    depth = given = 0
    for line in _unfolded(text):
        mark = line[:16].strip().upper()
        if mark == "BEGIN:VCARD":
            depth += 1
        elif mark == "END:VCARD":
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1 and _WANTED.match(line):
            yield line
            given += 1
            if given == MOST_LINES:
                return


def _unfolded(text: str) -> Iterator[str]:
    """Join what was broken into several lines; of each no more than LONGEST_LINE."""
    current = ""
    soft = False  # the line goes on without a leading blank: a quoted-printable soft break
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if soft and not _starts_anew(line):
            current = (current[:-1] + line)[:LONGEST_LINE]
        elif line[:1] in {" ", "\t"}:
            if len(current) < LONGEST_LINE:
                current = (current + line[1:])[:LONGEST_LINE]
            continue
        else:
            if current:
                yield current
            current = line[:LONGEST_LINE]
        soft = current.endswith("=") and len(current) < LONGEST_LINE and bool(_SOFT_BREAK.fullmatch(current))
    yield current


def _starts_anew(line: str) -> bool:
    """Tell the next property from the rest of a quoted-printable one whose writer forgot to end it."""
    return bool(_WANTED.match(line)) or line[:16].strip().upper() == "END:VCARD"


def _plain(line: str) -> str | None:
    """Write the line again with its types as only parameters, decoded; None if it is not of the form."""
    if (head := _WANTED.match(line)) is None:
        return None
    at = head.end()
    types: list[str] = []
    said: dict[str, str] = {}
    while param := _PARAM.match(line, at):
        at = param.end()
        name, value = param["name"].upper(), (param["value"] or "").replace('"', "").upper()
        if name == "TYPE" or param["value"] is None:
            types += _TYPE.findall(value or name)
        else:
            said[name] = value
    if line[at : at + 1] != ":":
        return None
    value = line[at + 1 :].rstrip()
    if (len(value) - len(value.rstrip("\\"))) % 2:  # vobject would read the end of the line as a sign
        value = value[:-1]
    if "QUOTED-PRINTABLE" in (said.get("ENCODING"), *types):
        value = _decoded(value, said.get("CHARSET") or "utf-8")
    elif said.get("ENCODING"):
        return None  # binary: nothing that we want is
    if head["name"].upper() == "N":  # vobject would mix up the names when there are more
        value = ";".join(_SEMICOLON.split(value)[:PARTS_OF_N])
    elif head["name"].upper() in ONE_TEXT:  # many do not escape it, and vobject would drop what follows
        value = _COMMA.sub(lambda found: found[1] or r"\,", value)
    return f"{head[0]};TYPE={','.join(types)}:{value}" if types else f"{head[0]}:{value}"


def _decoded(value: str, charset: str) -> str:
    """Decode quoted-printable text; a break within becomes an escaped one, as in any other line."""
    octets = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        text = octets.decode(charset, "replace")
    except (LookupError, ValueError):
        text = octets.decode("utf-8", "replace")
    # Some encodings can write halves of characters, which no database takes.
    return "\\n".join(text.encode("utf-8", "replace").decode("utf-8").splitlines())


def _fields(lines: list[str]) -> Fields:
    """Let vobject read all lines at once, or, if it refuses, those that it can."""
    fields = _parsed(lines)
    if fields is None:
        fields = {}
        for line in lines:
            for name, values in (_parsed([line]) or {}).items():
                fields.setdefault(name, []).extend(values)
    return fields


def _parsed(lines: list[str]) -> Fields | None:
    text = "\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""])
    try:
        contents: dict[str, list[Any]] = vobject.readOne(text).contents
    # What vobject lets through when fed with junk is not documented: seen were these.
    except (VObjectError, ValueError, LookupError, TypeError, AttributeError, AssertionError, StopIteration):
        return None
    return {name: [line for line in found if isinstance(line, ContentLine)] for name, found in contents.items()}


def _card(fields: Fields) -> Card:
    org = [part for part in map(_text, _parts(fields, "org")) if part]
    name = next(_texts(fields, "fn"), "") or _name_from_parts(fields)
    nickname = next(_texts(fields, "nickname"), None)
    kind = " ".join([*_texts(fields, "kind"), *_texts(fields, "x-addressbookserver-kind")]).lower()
    shown_as = " ".join(_texts(fields, "x-abshowas")).upper()
    return Card(
        uid=next(_texts(fields, "uid"), None),
        name=name or (org[0] if org else nickname or ""),
        org=org[0] if org else None,
        unit=org[1] if len(org) > 1 else None,
        tels=tuple(_tels(fields)),
        emails=tuple(_texts(fields, "email")),
        nickname=nickname,
        categories=tuple(
            one.strip() for text in _texts(fields, "categories") for one in text.split(",") if one.strip()
        ),
        login=next(_texts(fields, "x-ami-bridge-user"), None),
        company=kind == "org" or shown_as == "COMPANY" or not name or bool(org and name == org[0]),
        private=next(_texts(fields, "class"), "").upper() in {"PRIVATE", "CONFIDENTIAL"},
        group="group" in kind,
    )


def _tels(fields: Fields) -> Iterator[Tel]:
    labels = {line.group: _text(line.value).upper() for line in fields.get("x-ablabel", []) if line.group}
    for line in fields.get("tel", []):
        if raw := _text(line.value):
            types = [*line.params.get("TYPE", []), *line.singletonparams, labels.get(line.group, "")]
            yield Tel(raw=raw, kind=kind_of(types))
    for line in fields.get("x-assistant-tel", []):
        if raw := _text(line.value):
            yield Tel(raw=raw, kind="assistant")


def kind_of(types: Iterable[str]) -> TelKind:
    """Tell what kind of telephone these words mean."""
    said = " ".join(types).upper()
    return next((kind for word, kind in _KINDS if word in said), "other")


def _name_from_parts(fields: Fields) -> str:
    for line in fields.get("n", []):
        given = (getattr(line.value, part, "") for part in ("prefix", "given", "additional", "family", "suffix"))
        if name := " ".join(text for text in map(_text, given) if text):
            return name
    return ""


def _parts(fields: Fields, name: str) -> list[object]:
    for line in fields.get(name, []):
        return list(line.value) if isinstance(line.value, list) else [line.value]
    return []


def _texts(fields: Fields, name: str) -> Iterator[str]:
    """Yield what the lines of this name say, without those that say nothing."""
    return (text for line in fields.get(name, []) if (text := _text(line.value)))


def _text(value: object) -> str:
    match value:
        case str():
            return value.strip()
        case bytes():
            return value.decode("utf-8", "replace").strip()
        case list():
            return ", ".join(text for text in map(_text, value) if text)
        case _:
            return ""
