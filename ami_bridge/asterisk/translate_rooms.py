"""What AMI messages say about conference rooms, in our words. Pure; with `translate` all that knows Asterisk's headers.

Header names: Asterisk 22 AMI event reference, app_confbridge; the UserEvents are of dialplan/rooms.conf.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from ami_bridge.asterisk.message import Message
from ami_bridge.calls.view import ROOM_OF_A_CALL
from ami_bridge.rooms.events import (
    Closed,
    Joined,
    Left,
    Muted,
    Recording,
    Refused,
    RoomEvent,
    RoomNow,
    Talking,
    Wished,
    WrongPin,
)

Headers = Mapping[str, str]

_NUMBER = re.compile(r"[0-9]{1,8}")
_WORD = re.compile(r"[A-Za-z0-9-]{1,40}")
_UNKNOWN = frozenset({"", "<unknown>"})
TOOLS = ("@conf-say-", "@bridge-store-")
"""Local channels that are ours and no people."""


def _joined(m: Headers) -> RoomEvent | None:
    channel = m["Channel"]
    if any(tool in channel for tool in TOOLS):
        return None
    told = _variables(m)
    number = m.get("CallerIDNum", "")
    admin = m.get("Admin", "") == "Yes" and m.get("MarkedUser", "Yes") == "Yes"
    return Joined(
        room=m["Conference"],
        leg=m["Uniqueid"],
        channel=channel,
        number=None if number in _UNKNOWN else number,
        role="mod" if told.get("CONFROLE", "mod" if admin else "part") == "mod" else "part",
        person=_word(told.get("CONFPERSON", "")),
        name=told.get("CONFNAME", "")[:100],
        muted=m.get("Muted", "") == "Yes",
        talking=m.get("Talking", "") == "Yes",
        seconds=_seconds(m.get("AnsweredTime", "")),
    )


def _left(m: Headers) -> RoomEvent:
    return Left(m["Conference"], m["Uniqueid"])


_TRANSLATORS: dict[str, Callable[[Headers], RoomEvent | None]] = {
    "ConfbridgeJoin": _joined,
    "ConfbridgeLeave": _left,
    "ConfbridgeMute": lambda m: Muted(m["Conference"], m["Uniqueid"], on=True),
    "ConfbridgeUnmute": lambda m: Muted(m["Conference"], m["Uniqueid"], on=False),
    "ConfbridgeTalking": lambda m: Talking(m["Conference"], m["Uniqueid"], on=m.get("TalkingStatus", "") == "on"),
    "ConfbridgeEnd": lambda m: Closed(m["Conference"]),
}
_OWN: dict[str, Callable[[Headers], RoomEvent | None]] = {
    "ConfBadPin": lambda m: WrongPin(_digits(m.get("Room", ""))),
    "ConfRefused": lambda m: Refused(_digits(m.get("Room", "")), _word(m.get("Reason", ""))),
    "ConfRecording": lambda m: Recording(_digits(m.get("Room", "")), m.get("File", "")[:100]),
    "ConfWish": lambda m: Wished(_digits(m.get("Room", "")), m.get("Uniqueid", ""), _word(m.get("Wish", ""))),
}

WANTED = frozenset(_TRANSLATORS)
"""Names of the events we read besides UserEvent."""


def in_room(m: Headers) -> RoomEvent | None:
    """Read an event of a room; None if it is none, or incomplete."""
    name = m.get("Event", "")
    if name == "UserEvent":
        own = _OWN.get(m.get("UserEvent", ""))
        return None if own is None else own(m)
    translator = _TRANSLATORS.get(name)
    try:
        return None if translator is None else translator(m)
    except KeyError:
        return None


def in_which(m: Headers) -> str:
    """Say in which room somebody is; one who came by a call that was made a conference sees it as one of that kind."""
    room = m.get("Conference", "")
    moved = _NUMBER.fullmatch(room) is not None and _variables(m).get("CONFMOVED", "") != ""
    return f"{ROOM_OF_A_CALL}{room}" if moved else room


def rooms(listed: Sequence[Headers], people: Mapping[str, Sequence[Headers]]) -> tuple[RoomNow, ...]:
    """Make a snapshot of ConfbridgeListRooms and of ConfbridgeList for each room."""
    found = []
    for m in listed:
        room = m.get("Conference", "")
        there = []
        for one in people.get(room, ()):
            try:
                joined = _joined(_With(one, room))
            except KeyError:
                continue
            if isinstance(joined, Joined):
                there.append(joined)
        found.append(RoomNow(room=room, locked=m.get("Locked", "") == "Yes", people=tuple(there)))
    return tuple(found)


class _With(Message):
    """A list's item, which does not repeat the room."""

    __slots__ = ()

    def __init__(self, item: Headers, room: str) -> None:
        text = item.text if isinstance(item, Message) else "\r\n" + "".join(f"{k}: {v}\r\n" for k, v in item.items())
        super().__init__(b"")
        self.text = f"\r\nConference: {room}{text}"


def _variables(m: Headers) -> dict[str, str]:
    """Read the variables of the channel that manager.conf has told with each event."""
    lines = m.all("ChanVariable") if isinstance(m, Message) else [m.get("ChanVariable", "")]
    pairs = (line.partition("=") for line in lines)
    return {name: value for name, equals, value in pairs if equals}


def _digits(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else ""


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else ""


def _seconds(text: str) -> int:
    """Read `65` or `00:01:05`."""
    total = 0
    for part in text.split(":"):
        total = total * 60 + (int(part) if part.isdecimal() and len(part) <= 9 else 0)  # noqa: PLR2004
    return min(total, 366 * 24 * 3600)
