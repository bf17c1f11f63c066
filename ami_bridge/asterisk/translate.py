"""AMI message to our event. Pure, and the only file that knows the names of Asterisk's headers.

Header names and sequences: Asterisk 22 AMI event reference, checked against recordings of 22.10.1.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec
from msgspec import Struct

from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.translate_queues import WANTED as QUEUES
from ami_bridge.asterisk.translate_rooms import WANTED as ROOMS
from ami_bridge.asterisk.translate_rooms import in_which
from ami_bridge.calls.devices import Registered
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

Headers = Mapping[str, str]

_PHASES: dict[str, Phase] = {"Up": "up", "Ringing": "ringing"}
_UNKNOWN = frozenset({"", "<unknown>"})
_MOST_DIGITS = 9
_MOST_SECONDS = 366 * 24 * 3600  # a leg that is said to be older is as old as that


class _Block:
    """The headers of one channel among those of an event, which may tell of several channels."""

    def __init__(self, prefix: str) -> None:
        self.id, self.linked, self.channel, self.state, self.number, self.connected, self.exten = self.read = tuple(
            prefix + name
            for name in (
                "Uniqueid", "Linkedid", "Channel", "ChannelStateDesc", "CallerIDNum", "ConnectedLineNum", "Exten",
            )
        )  # fmt: skip
        self.start = f"\r\n{self.channel}: "
        # What is read must have no blanks in it: at its ends they would not be part of it.
        word, number, skipped = r"(\S*)", r"(?:<unknown>|(\S*))", r"[^\r]*"
        self.match = re.compile(
            rf"{self.start}{word}"
            rf"\r\n{prefix}ChannelState: {skipped}"
            rf"\r\n{self.state}: {word}"
            rf"\r\n{self.number}: {number}"
            rf"\r\n{prefix}CallerIDName: {skipped}"
            rf"\r\n{self.connected}: {number}"
            rf"\r\n{prefix}ConnectedLineName: {skipped}"
            rf"\r\n{prefix}Language: {skipped}"
            rf"\r\n{prefix}AccountCode: {skipped}"
            rf"\r\n{prefix}Context: {skipped}"
            rf"\r\n{self.exten}: {word}"
            rf"\r\n{prefix}Priority: {skipped}"
            rf"\r\n{self.id}: {word}"
            rf"\r\n{self.linked}: {word}\r\n"
        ).match


ALARMS = ("att-", "page-")
"""How ids of the channels begin that we start about alarms: everything linked to one is about that alarm."""

_BLOCKS = {
    prefix: _Block(prefix) for prefix in ("", "Dest", "Transferer", "OrigTransferer", "SecondTransferer", "Parkee")
}


def _leg(m: Headers, prefix: str = "") -> Leg:
    """Read one channel; raises KeyError where the event has none, where it is not clear which, or none of a call.

    Calls about alarms are no calls of people: who is rung is told by the alarm, and its log is kept, not a journal.
    """
    block = _BLOCKS[prefix]
    if isinstance(m, Message):
        # As Asterisk writes it, its headers stand in one piece and in this order, and are read in one go. A stranger's
        # name with line ends in it breaks the order, or brings a second block.
        text = m.text
        at = text.find(block.start)
        if at >= 0 and (found := block.match(text, at)) and text.find(block.start, found.end() - 2) < 0:
            channel, state, number, connected, exten, id_, linked = found.groups()
            if linked.startswith(ALARMS):
                raise KeyError(linked)
            phase = _PHASES.get(state, "down")
            return Leg(id_, linked or id_, channel, phase, number or None, connected or None, exten)
        _check_single(m, block.read)
    if m.get(block.linked, "").startswith(ALARMS):
        raise KeyError(block.linked)
    number, connected = m.get(block.number, ""), m.get(block.connected, "")
    return Leg(
        m[block.id],
        m.get(block.linked) or m[block.id],
        m[block.channel],
        _PHASES.get(m.get(block.state, ""), "down"),
        None if number in _UNKNOWN else number,
        None if connected in _UNKNOWN else connected,
        m.get(block.exten, ""),
    )


def _check_single(m: Message, names: Collection[str]) -> None:
    """Whoever smuggles a second header into an event must not decide whose call it is."""
    met: set[str] = set()
    for name, _ in m.lines():
        if name in names:
            if name in met:
                raise KeyError(name)
            met.add(name)


def _number(m: Headers, header: str) -> int:
    """One header as a number, 0 where it is none."""
    return _whole(m.get(header, ""))


def _whole(text: str) -> int:
    """Read digits; whatever else it is, is 0."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else 0


def _dialled(m: Headers) -> CallEvent:
    return Dialled(_leg(m, "Dest"), _leg(m) if "Uniqueid" in m else None)


def _dial_ended(m: Headers) -> CallEvent:
    by = _leg(m) if "Uniqueid" in m else None
    return DialEnded(_leg(m, "Dest"), m.get("DialStatus", ""), m.get("Forward", ""), by)


def _blind(m: Headers) -> CallEvent | None:
    return Transferred((_leg(m, "Transferer"),)) if m.get("Result", "") == "Success" else None


def _attended(m: Headers) -> CallEvent | None:
    if m.get("Result", "") != "Success":
        return None
    return Transferred((_leg(m, "OrigTransferer"), _leg(m, "SecondTransferer")))


def _hint(m: Headers) -> CallEvent | None:
    """Read a hint; while Asterisk loads its dialplan it tells of extensions with none, which says nothing of them."""
    found = devices(m.get("Hint", ""))
    return HintChanged(m.get("Exten", ""), m.get("Context", ""), found) if found else None


_TRANSLATORS: dict[str, Callable[[Headers], CallEvent | None]] = {
    "Newchannel": lambda m: Seen(_leg(m)),
    "Newstate": lambda m: Seen(_leg(m)),
    "DialBegin": _dialled,
    "DialState": lambda m: Seen(_leg(m, "Dest")),
    "DialEnd": _dial_ended,
    "BridgeEnter": lambda m: Entered(_leg(m), m.get("BridgeUniqueid", ""), m.get("BridgeType", "") == "basic"),
    "BridgeLeave": lambda m: Left(_leg(m), m.get("BridgeUniqueid", "")),
    "Hold": lambda m: Held(_leg(m), on=True),
    "Unhold": lambda m: Held(_leg(m), on=False),
    "Hangup": lambda m: HungUp(_leg(m), _number(m, "Cause"), _number(m, "TechCause")),
    "BlindTransfer": _blind,
    "AttendedTransfer": _attended,
    "ParkedCall": lambda m: Parked(_leg(m, "Parkee"), m.get("ParkingSpace", ""), m.get("ParkerDialString", "")),
    "UnParkedCall": lambda m: Parked(_leg(m, "Parkee"), None, ""),
    "ParkedCallTimeOut": lambda m: Parked(_leg(m, "Parkee"), None, ""),
    "ParkedCallGiveUp": lambda m: Parked(_leg(m, "Parkee"), None, ""),
    "QueueCallerJoin": lambda m: Queued(_leg(m), m.get("Queue", "")),
    "QueueCallerLeave": lambda m: Queued(_leg(m), None),
    "ConfbridgeJoin": lambda m: InRoom(_leg(m), in_which(m)),
    "ConfbridgeLeave": lambda m: InRoom(_leg(m), None),
    "Rename": lambda m: Renamed(m.get("Uniqueid", ""), m.get("Newname", "")),
    "OriginateResponse": lambda m: Originated(m.get("Uniqueid", ""), m.get("Response", "") == "Success"),
    "ExtensionStatus": _hint,
}

CONTROL = frozenset({"FullyBooted", "Shutdown", "UserEvent", "ContactStatus"})
"""Events about Asterisk itself, and of our own dialplan; the link and the daemon look at them."""

WANTED = frozenset(_TRANSLATORS) | ROOMS | QUEUES | CONTROL
"""Names of all events we read; all others are skipped unparsed."""


def translate(message: Headers) -> CallEvent | None:
    """Our event, or None where the message says nothing to us. Incomplete messages are nothing, not errors."""
    try:
        translator = _TRANSLATORS.get(message.get("Event", ""))
        return None if translator is None else translator(message)
    except KeyError:
        return None


def devices(hint: str) -> tuple[str, ...]:
    """Read a hint: `PJSIP/101&PJSIP/201,CustomPresence:101` names two devices."""
    channels = hint.split(",", 1)[0]
    return tuple(one for one in channels.split("&") if one and not one.startswith("Custom:"))


def hints(items: Sequence[Headers], context: str) -> dict[str, tuple[str, ...]]:
    """Answer of ExtensionStateList, for the one context that holds the hints."""
    return {
        m.get("Exten", ""): devices(m.get("Hint", ""))
        for m in items
        if m.get("Context", "") == context and not m.get("Exten", "").startswith("_")
    }


def floor(
    *,
    channels: Sequence[Headers],
    parked: Sequence[Headers],
    queued: Sequence[Headers],
    in_rooms: Sequence[Headers],
    hints: dict[str, tuple[str, ...]],
    states: Sequence[Headers] = (),
) -> Floor:
    """Make one picture of CoreShowChannels, ParkedCalls, QueueStatus (entries), ConfbridgeList, DeviceStateList."""
    spaces = {m.get("ParkeeUniqueid", ""): m for m in parked}
    queues = {m.get("Uniqueid", ""): m.get("Queue", "") for m in queued if m.get("Event", "") == "QueueEntry"}
    rooms = {m.get("Uniqueid", ""): in_which(m) for m in in_rooms}
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
                dialled=m.get("Application", "") in {"AppDial", "AppQueue"},
                bridge=m.get("BridgeId", "") or None,
                room=rooms.get(leg.id),
                queue=queues.get(leg.id),
                parked_at=place.get("ParkingSpace", "") if place else None,
                parker=place.get("ParkerDialString", "") if place else "",
                seconds=_seconds(m.get("Duration", "")),
            )
        )
    on_hold = frozenset(m.get("Device", "") for m in states if m.get("State", "") == "ONHOLD")
    return Floor(legs=tuple(legs), hints=hints, on_hold=on_hold)


def _seconds(duration: str) -> int:
    """`00:01:05` as 65."""
    total = 0
    for part in duration.split(":"):
        total = min(total * 60 + _whole(part), _MOST_SECONDS)
    return total


def started(status: Headers) -> str:
    """Answer of CoreStatus: when this Asterisk process began, as it says it."""
    return f"{status.get('CoreStartupDate', '')} {status.get('CoreStartupTime', '')}"


def version(settings: Headers) -> str:
    """Answer of CoreSettings: `22.10.1+dfsg…`."""
    return settings.get("AsteriskVersion", "")


class Stored(Struct, frozen=True):
    """What the dialplan says about a row of AstDB that it wrote."""

    id: str
    sum: str
    """MD5 of what stands there now, in hexadecimal."""


def stored(m: Headers) -> Stored | None:
    """Read a UserEvent of dialplan/store.conf; None if it is none."""
    if m.get("Event", "") != "UserEvent" or m.get("UserEvent", "") != "BridgeStored":
        return None
    return Stored(m.get("Id", ""), m.get("Sum", ""))


def originated(m: Headers) -> Originated | None:
    """Read the outcome of an Originate; None if it is none."""
    event = translate(m) if m.get("Event", "") == "OriginateResponse" else None
    return event if isinstance(event, Originated) else None


def rows(items: Sequence[Headers], family: str) -> dict[str, str]:
    """Answer of DBGetTree: the family's keys and values."""
    start = f"/{family}/"
    return {m.get("Key", "").removeprefix(start): m.get("Val", "") for m in items if m.get("Key", "").startswith(start)}


def registrations(contacts: Sequence[Headers], states: Sequence[Headers]) -> dict[str, Registered]:
    """Make one picture of DBGetTree (family of contacts) and DeviceStateList: which telephones can be reached."""
    agents: dict[str, str] = {}
    for m in contacts:
        try:
            contact = msgspec.json.decode(m.get("Val", ""), type=_Contact)
        except msgspec.DecodeError:
            continue
        agents[f"PJSIP/{contact.endpoint}"] = contact.user_agent
    found = {
        m.get("Device", ""): Registered(reachable=m.get("State", "") not in _UNREACHABLE)
        for m in states
        if m.get("Device", "").startswith("PJSIP/")
    }
    for device, agent in agents.items():
        found[device] = Registered(reachable=found[device].reachable if device in found else True, agent=agent)
    return found


class _Contact(Struct, frozen=True):
    """A row of AstDB that Asterisk keeps of a registration."""

    endpoint: str
    user_agent: str = ""


_UNREACHABLE = frozenset({"UNAVAILABLE", "INVALID"})


def came_or_went(m: Headers) -> str | None:
    """Return the telephone that has registered, or no longer is registered somewhere; None where none has."""
    return f"PJSIP/{m.get('EndpointName', '')}" if m.get("Event", "") == "ContactStatus" else None


def has_come(m: Headers) -> bool:
    """Whether that telephone is there now."""
    return m.get("ContactStatus", "") in {"Created", "Updated", "Reachable", "NonQualified"}


def reachable(answer: Headers) -> bool:
    """Answer of Getvar, for DEVICE_STATE(): whether a telephone can be rung."""
    return value(answer) not in _UNREACHABLE


def value(answer: Headers) -> str:
    """Answer of Getvar: what stands in a variable."""
    return answer.get("Value", "")
