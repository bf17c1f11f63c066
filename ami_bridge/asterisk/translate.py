"""AMI message to our event. Pure, and the only file that knows the names of Asterisk's headers.

Header names and sequences: Asterisk 22 AMI event reference, checked against recordings of 22.10.1.
"""

from collections.abc import Callable, Mapping, Sequence

from ami_bridge.calls.events import (
    CallEvent,
    DialEnded,
    Dialled,
    Entered,
    Floor,
    Held,
    HintChanged,
    HungUp,
    InRoom,
    Left,
    Leg,
    LegNow,
    Originated,
    Parked,
    Phase,
    Queued,
    Renamed,
    Seen,
    Transferred,
)

Message = Mapping[str, str | list[str]]

_PHASES: dict[object, Phase] = {"Up": "up", "Ringing": "ringing"}
_UNKNOWN = frozenset({None, "", "<unknown>"})
_MOST_DIGITS = 9
_MOST_SECONDS = 366 * 24 * 3600  # a leg that is said to be older is as old as that


def _leg(m: Message, prefix: str = "") -> Leg:
    """Read one channel block; raises KeyError where the event has none, TypeError where a header stands twice."""
    id_, channel, exten = m[prefix + "Uniqueid"], m[prefix + "Channel"], m.get(prefix + "Exten", "")
    linked = m.get(prefix + "Linkedid") or id_
    number, connected = m.get(prefix + "CallerIDNum"), m.get(prefix + "ConnectedLineNum")
    if not (type(id_) is type(linked) is type(channel) is type(exten) is str):
        raise TypeError("a header that must be single stood twice")
    return Leg(
        id_,
        linked,
        channel,
        _PHASES.get(m.get(prefix + "ChannelStateDesc"), "down"),
        None if number in _UNKNOWN else number,  # type: ignore[arg-type]
        None if connected in _UNKNOWN else connected,  # type: ignore[arg-type]
        exten,
    )


def _text(m: Message, header: str) -> str:
    """One header as text; a repeated one counts with its first value."""
    value = m.get(header, "")
    return value if isinstance(value, str) else value[0]


def _number(m: Message, header: str) -> int:
    """One header as a number, 0 where it is none."""
    return _whole(_text(m, header))


def _whole(text: str) -> int:
    """Read digits; whatever else it is, is 0."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else 0


def _dialled(m: Message) -> CallEvent:
    return Dialled(_leg(m, "Dest"), _leg(m) if "Uniqueid" in m else None)


def _dial_ended(m: Message) -> CallEvent:
    by = _leg(m) if "Uniqueid" in m else None
    return DialEnded(_leg(m, "Dest"), _text(m, "DialStatus"), _text(m, "Forward"), by)


def _blind(m: Message) -> CallEvent | None:
    return Transferred((_leg(m, "Transferer"),)) if _text(m, "Result") == "Success" else None


def _attended(m: Message) -> CallEvent | None:
    if _text(m, "Result") != "Success":
        return None
    return Transferred((_leg(m, "OrigTransferer"), _leg(m, "SecondTransferer")))


_TRANSLATORS: dict[str, Callable[[Message], CallEvent | None]] = {
    "Newchannel": lambda m: Seen(_leg(m)),
    "Newstate": lambda m: Seen(_leg(m)),
    "DialBegin": _dialled,
    "DialState": lambda m: Seen(_leg(m, "Dest")),
    "DialEnd": _dial_ended,
    "BridgeEnter": lambda m: Entered(_leg(m), _text(m, "BridgeUniqueid"), _text(m, "BridgeType") == "basic"),
    "BridgeLeave": lambda m: Left(_leg(m), _text(m, "BridgeUniqueid")),
    "Hold": lambda m: Held(_leg(m), on=True),
    "Unhold": lambda m: Held(_leg(m), on=False),
    "Hangup": lambda m: HungUp(_leg(m), _number(m, "Cause"), _number(m, "TechCause")),
    "BlindTransfer": _blind,
    "AttendedTransfer": _attended,
    "ParkedCall": lambda m: Parked(_leg(m, "Parkee"), _text(m, "ParkingSpace"), _text(m, "ParkerDialString")),
    "UnParkedCall": lambda m: Parked(_leg(m, "Parkee"), None, ""),
    "ParkedCallTimeOut": lambda m: Parked(_leg(m, "Parkee"), None, ""),
    "ParkedCallGiveUp": lambda m: Parked(_leg(m, "Parkee"), None, ""),
    "QueueCallerJoin": lambda m: Queued(_leg(m), _text(m, "Queue")),
    "QueueCallerLeave": lambda m: Queued(_leg(m), None),
    "ConfbridgeJoin": lambda m: InRoom(_leg(m), _text(m, "Conference")),
    "ConfbridgeLeave": lambda m: InRoom(_leg(m), None),
    "Rename": lambda m: Renamed(_text(m, "Uniqueid"), _text(m, "Newname")),
    "OriginateResponse": lambda m: Originated(_text(m, "Uniqueid"), _text(m, "Response") == "Success"),
    "ExtensionStatus": lambda m: HintChanged(_text(m, "Exten"), _text(m, "Context"), devices(_text(m, "Hint"))),
}

CONTROL = frozenset({"FullyBooted", "Shutdown"})
"""Events about Asterisk itself; the link and the daemon look at them."""

WANTED = frozenset(_TRANSLATORS) | CONTROL
"""Names of all events we read; all others are skipped unparsed."""


def translate(message: Message) -> CallEvent | None:
    """Our event, or None where the message says nothing to us. Incomplete messages are nothing, not errors."""
    try:
        translator = _TRANSLATORS.get(message.get("Event"))  # type: ignore[arg-type]
        return None if translator is None else translator(message)
    except (KeyError, TypeError):  # TypeError: a header that must be single stood twice
        return None


def devices(hint: str) -> tuple[str, ...]:
    """Read a hint: `PJSIP/101&PJSIP/201,CustomPresence:101` names two devices."""
    channels = hint.split(",", 1)[0]
    return tuple(one for one in channels.split("&") if one and not one.startswith("Custom:"))


def hints(items: Sequence[Message], context: str) -> dict[str, tuple[str, ...]]:
    """Answer of ExtensionStateList, for the one context that holds the hints."""
    return {
        _text(m, "Exten"): devices(_text(m, "Hint"))
        for m in items
        if _text(m, "Context") == context and not _text(m, "Exten").startswith("_")
    }


def floor(
    *,
    channels: Sequence[Message],
    parked: Sequence[Message],
    queued: Sequence[Message],
    in_rooms: Sequence[Message],
    hints: dict[str, tuple[str, ...]],
) -> Floor:
    """Answers of CoreShowChannels, ParkedCalls, QueueStatus (entries) and ConfbridgeList as one picture."""
    spaces = {_text(m, "ParkeeUniqueid"): m for m in parked}
    queues = {_text(m, "Uniqueid"): _text(m, "Queue") for m in queued if _text(m, "Event") == "QueueEntry"}
    rooms = {_text(m, "Uniqueid"): _text(m, "Conference") for m in in_rooms}
    legs = []
    for m in channels:
        try:
            leg = _leg(m)
        except (KeyError, TypeError):
            continue
        place = spaces.get(leg.id)
        legs.append(
            LegNow(
                leg=leg,
                dialled=_text(m, "Application") in {"AppDial", "AppQueue"},
                bridge=_text(m, "BridgeId") or None,
                room=rooms.get(leg.id),
                queue=queues.get(leg.id),
                parked_at=_text(place, "ParkingSpace") if place else None,
                parker=_text(place, "ParkerDialString") if place else "",
                seconds=_seconds(_text(m, "Duration")),
            )
        )
    return Floor(legs=tuple(legs), hints=hints)


def _seconds(duration: str) -> int:
    """`00:01:05` as 65."""
    total = 0
    for part in duration.split(":"):
        total = min(total * 60 + _whole(part), _MOST_SECONDS)
    return total


def started(status: Message) -> str:
    """Answer of CoreStatus: when this Asterisk process began, as it says it."""
    return f"{_text(status, 'CoreStartupDate')} {_text(status, 'CoreStartupTime')}"


def version(settings: Message) -> str:
    """Answer of CoreSettings: `22.10.1+dfsg…`."""
    return _text(settings, "AsteriskVersion")


def conferences(items: Sequence[Message]) -> list[str]:
    """Answer of ConfbridgeListRooms: the names of the open rooms."""
    return [_text(m, "Conference") for m in items]
