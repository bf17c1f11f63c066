"""The lines of iCalendar text, changed one by one: whatever is not ours stays octet by octet. Pure."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

LONGEST_LINE = 74
"""Octets, without the space at the beginning of a continuation."""
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
DANGLING = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")
"""A backslash at the end that escapes nothing: it would escape what is put behind it."""


class Line(NamedTuple):
    """One content line."""

    raw: str
    """As it came, folds and all, without the last line end."""
    name: str
    parameters: tuple[str, ...]
    value: str


def lines_of(text: str) -> list[Line]:
    """Read them; line ends may be of any kind."""
    folded: list[list[str]] = []
    for piece in text.replace("\r\n", "\n").rstrip("\n").split("\n"):
        if piece[:1] in {" ", "\t"} and folded:
            folded[-1].append(piece)
        else:
            folded.append([piece])
    return [_line("\n".join(pieces), pieces[0] + "".join(piece[1:] for piece in pieces[1:])) for pieces in folded]


def text_of(lines: Iterable[Line]) -> str:
    """Write them, with the line ends of the standard."""
    return "".join(line.raw.replace("\n", "\r\n") + "\r\n" for line in lines)


def line(name: str, value: str, parameters: Sequence[str] = ()) -> Line:
    """Make a line; the value is as it stands in the file."""
    whole = ";".join((name, *parameters)) + ":" + value
    return Line(_folded(whole), name.upper(), tuple(parameters), value)


def escaped(text: str) -> str:
    """Write text as a value."""
    for sign, instead in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\n"), ("\n", "\\n")):
        text = text.replace(sign, instead)
    return text


def unescaped(value: str) -> str:
    """Read a value as text."""
    return ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def in_lines(value: str) -> str:
    """Break a value into the lines of its text, each still as it stands in the file."""
    text = ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[0], value)
    return text + "\\" if DANGLING.search(value) else text


def _line(raw: str, whole: str) -> Line:
    """Cut a line at its semicolons and its colon, but for those in quotes."""
    parts, quoted, begin = [], False, 0
    for place, sign in enumerate(whole):
        if sign == '"':
            quoted = not quoted
        elif sign in ";:" and not quoted:
            parts.append(whole[begin:place])
            begin = place + 1
            if sign == ":":
                return Line(raw, parts[0].upper(), tuple(parts[1:]), whole[begin:])
    return Line(raw, "", (), whole)  # no content line; it stays as it is


def _folded(whole: str) -> str:
    pieces, piece, length = [], "", 0
    for sign in whole:
        octets = len(sign.encode("utf-8", "replace"))
        if length + octets > LONGEST_LINE:
            pieces.append(piece)
            piece, length = "", 0
        piece += sign
        length += octets
    return "\n ".join([*pieces, piece])
