"""The lines about a conference within a description that belongs to people: put there, found again. Pure."""

import re

from ami_bridge.calendars.model import Entrance

FOOT = "---"
TEXTS = {
    "de": ("Telefonkonferenz", "Einwahl", "Raum", "PIN", "Vom Mobiltelefon", "Hinweis"),
    "en": ("Telephone conference", "Dial in", "Room", "PIN", "From a mobile", "Note"),
}
HEADS = frozenset(f"--- {words[0]} ---" for words in TEXTS.values())
OURS = re.compile(r"(?:" + "|".join(re.escape(word) for words in TEXTS.values() for word in words[1:]) + r"): .*")
PLACE = re.compile(r"(?:Telefonkonferenz|Telephone conference)(?: [+(\d][^,]*, (?:Raum|Room) \d+#, PIN \d+#)?")
MOST_LINES = 24


def block(said: Entrance) -> str:
    """Write the lines."""
    head, dial_in, room, pin, mobile, note = TEXTS.get(said.language, TEXTS["en"])
    lines = [f"--- {head} ---"]
    if said.number:
        lines += [f"{dial_in}: {said.dial_in}", f"{room}: {said.number}#", f"{pin}: {said.pin}#"]
        lines.append(f"{mobile}: {one_tap(said)}")
    lines += [f"{note}: {' '.join(one.split())}" for one in said.notes]
    return "\n".join([*lines, FOOT])


def one_tap(said: Entrance) -> str:
    """Write what a telephone dials by itself: the number, pauses, the room, a pause, the PIN."""
    # +49 (0)89: that zero is dialled without the country only
    written = said.dial_in.replace("(0)", "") if said.dial_in.strip().startswith("+") else said.dial_in
    number = "".join(sign for sign in written if sign.isdigit() or sign == "+")
    return f"{number},,{said.number}#,,{said.pin}#"


def place(said: Entrance) -> str:
    """Write the one line for where it is."""
    head, _, room, *_ = TEXTS.get(said.language, TEXTS["en"])
    return f"{head} {said.dial_in}, {room} {said.number}#, PIN {said.pin}#"


def is_our_place(text: str) -> bool:
    """Whether a location is empty, or of us."""
    return not text.strip() or PLACE.fullmatch(text.strip()) is not None


def with_block(text: str, new: str) -> str:
    """Put the block into a description: where ours stood, else below; what people wrote into it stays, behind it."""
    kept: list[str] = []
    at: int | None = None
    lines = text.split("\n")
    here = 0
    while here < len(lines):
        if lines[here].strip() not in HEADS:
            kept.append(lines[here])
            here += 1
            continue
        end, theirs = _end_of(lines, here)
        if at is None:
            at = len(kept)
        kept += theirs
        here = end
    if at is None:
        own = text.rstrip()
        return f"{own}\n\n{new}" if own else new
    return "\n".join([*kept[:at], new, *kept[at:]])


def _end_of(lines: list[str], head: int) -> tuple[int, list[str]]:
    """Say where a block ends, and which lines in it are not ours; without its foot it ends at the first of those."""
    inside = lines[head + 1 : head + 1 + MOST_LINES]
    for place_, one in enumerate(inside):
        if one.strip() == FOOT:
            return head + place_ + 2, [line for line in inside[:place_] if not OURS.fullmatch(line.strip())]
        if one.strip() in HEADS:
            break
    end = head + 1
    while end < len(lines) and OURS.fullmatch(lines[end].strip()):
        end += 1
    return end, []
