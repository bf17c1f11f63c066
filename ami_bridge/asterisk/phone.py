"""Our verbs as actions of the manager interface: the only place where an action that changes something is built.

Contexts, applications and names of variables are constants here; others give values only. A value with a line end is
refused by the link.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from ami_bridge.errors import RefusedError

STORE = "bridge-store"
"""Context of dialplan/store.conf."""
STORE_WITHIN_MS = 5000
CHANNEL = re.compile(r"[A-Za-z0-9]+/[\x21-\x7e]{1,200}")  # Hangup takes a pattern too: /…/ would end many calls
DIAL = "bridge-dial"
"""Context of dialplan/dial.conf."""
AUTO_ANSWER = {
    "snom": ("Alert-Info", "<http://127.0.0.1>;info=alert-autoanswer;delay=0"),
    "yealink": ("Alert-Info", "<http://127.0.0.1>;info=alert-autoanswer"),
    "grandstream": ("Call-Info", "<sip:127.0.0.1>;answer-after=0"),
    "standard": ("Answer-Mode", "Auto"),  # RFC 5373
}
"""By which header a maker's telephones answer by themselves; each must be allowed at the telephone too."""
_DEVICE = re.compile(r"PJSIP/[A-Za-z0-9_.-]{1,80}")
_KEYS = re.compile(r"[0-9]{1,32}")
_EXTENSION = re.compile(r"[0-9]{0,32}")
_SHOWN = re.compile(r"\+?[0-9]{0,32}")
_ULID = re.compile(r"[0-9A-Z]{26}")
_SPECIAL = re.compile(r"[!-/:-@\[-`{-~]")
LONGEST_NAME = 60
LONGEST_VALUE = 600  # bytes; a line of the manager takes a thousand, and base64 adds a third


class Action(NamedTuple):
    """An action and its headers, for the link."""

    name: str
    headers: Mapping[str, str | Sequence[str]]


Family = Literal["cidname", "confroom", "confpin", "conffail", "amib_ack", "amib_src", "amib_call", "amib_fail"]
Verb = Literal["name", "room", "pin", "fail", "ack", "source", "called", "tried"]


class Row(NamedTuple):
    """A row of AstDB that dialplan/store.conf writes; the verb names the family."""

    verb: Verb
    key: str
    """Digits: a telephone number, or a room's; with `ack` the ULID of an attempt."""
    pin: str = ""
    """With `pin` its digits; with `fail` the word `room` for a room's row instead of a caller's."""


def store(row: Row, *, value: str, id: str, other_id: str) -> Action:  # noqa: A002 - AMI's word
    """Write a row of AstDB, or with an empty value delete it; `id` comes back in what confirms it."""
    digits = row.key.isascii() and row.key.isdigit()
    if not digits and not (row.verb == "ack" and _ULID.fullmatch(row.key)):
        raise RefusedError("a key of AstDB is digits")
    if row.pin and not ((row.pin.isascii() and row.pin.isdigit()) or (row.verb, row.pin) == ("fail", "room")):
        raise RefusedError("a PIN is digits")
    if len(value.encode()) > LONGEST_VALUE:
        raise RefusedError(f"a value of AstDB has at most {LONGEST_VALUE} bytes")
    written = base64.b64encode(value.encode()).decode()  # else the manager cuts at commas and eats quotes
    return Action(
        "Originate",
        {
            "ActionID": id,
            "Channel": f"Local/{row.verb}@{STORE}/n",
            "Context": STORE,
            "Exten": "done",
            "Priority": "1",
            "Timeout": str(STORE_WITHIN_MS),
            "Async": "true",
            "ChannelId": id,
            "OtherChannelId": other_id,
            "Variable": [
                f"BS_KEY={row.key}",
                *([f"BS_PIN={row.pin}"] if row.pin else []),
                f"BS_VAL={written}",
                f"BS_ID={id}",
            ],
        },
    )


class Dialling(Struct, frozen=True, kw_only=True):
    """Somebody's own telephone that is to ring, and whom it calls once it is answered."""

    id: str
    """What the telephone's channel will have as Uniqueid and Linkedid."""
    other_id: str
    device: str
    keys: str
    """What a person of the house would press."""
    extension: str
    """Whose number the called is shown where the telephone has none of its own."""
    name: str
    """Who is called, for the telephone's display."""
    auto_answer: str
    """Whose header makes the telephone answer by itself; empty: it rings."""
    ring_seconds: int


def originate(dialling: Dialling) -> Action:
    """Ring somebody's own telephone, and dial for it when it is answered."""
    if not _DEVICE.fullmatch(dialling.device):
        raise RefusedError("only a telephone of our own PBX is rung")
    if not _KEYS.fullmatch(dialling.keys):
        raise RefusedError("what is dialled is digits")
    if len(dialling.id) != len(dialling.other_id):
        raise RefusedError("both ids have one length")
    variables = [
        f"BD_TO={dialling.keys}",
        f"BD_FROM={dialling.extension}",
        # There is nothing: a telephone that forwards its calls is not followed to somebody else's.
        "FORWARD_CONTEXT=bridge-dial-nowhere",
        # What the telephone shows; set on its leg before the INVITE, by functions that do nothing else. (PreDialGoSub
        # would leave that to the dialplan, but Asterisk 22 leaves it out where the Originate is Async.)
        f"CONNECTEDLINE(num,i)={dialling.keys}",
        "CONNECTEDLINE(num-pres,i)=allowed",
        "CONNECTEDLINE(name-pres,i)=allowed",
        "CONNECTEDLINE(tag,i)=bridge",  # it is for this telephone alone, see names.conf
        f"CONNECTEDLINE(name,i)={_escaped(dialling.name[:LONGEST_NAME])}",
    ]
    if dialling.auto_answer:
        header, value = AUTO_ANSWER[dialling.auto_answer]
        variables.append(f"PJSIP_HEADER(add,{header})={value}")
    return Action(
        "Originate",
        {
            "ActionID": dialling.id,
            "Channel": dialling.device,
            "Context": DIAL,
            "Exten": "s",
            "Priority": "1",
            "Timeout": str(dialling.ring_seconds * 1000),
            "Async": "true",
            "ChannelId": dialling.id,
            "OtherChannelId": dialling.other_id,
            "Variable": variables,
        },
    )


def state(device: str) -> Action:
    """Read the state of a telephone."""
    if not _DEVICE.fullmatch(device):
        raise RefusedError("only telephones of our own PBX are looked at")
    return Action("Getvar", {"Variable": f"DEVICE_STATE({device})"})


def _escaped(text: str) -> str:
    """Write a text so that it is one value: the manager cuts at commas, counts brackets and eats quotes."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def rows(family: Family) -> Action:
    """Read all rows of a family of AstDB."""
    return Action("DBGetTree", {"Family": family})


def hangup(channel: str, *, cause: int) -> Action:
    """End one leg; `cause` (Q.850) is what the other side is told."""
    return Action("Hangup", {"Channel": named(channel), "Cause": str(cause)})


_ROOM = re.compile(r"[0-9]{1,8}")
ALL = "all"
OTHERS = "participants"
"""Of a room: everybody, and all but moderators, in Asterisk's words."""


def in_room(verb: Literal["Mute", "Unmute", "Kick"], room: str, whom: str) -> Action:
    """Do something to somebody in a room (a channel), or to `ALL`, or to all `OTHERS`."""
    return Action(
        f"Confbridge{verb}",
        {"Conference": _room(room), "Channel": whom if whom in {ALL, OTHERS} else named(whom)},
    )


def lock_room(room: str, *, on: bool) -> Action:
    """Let nobody else into a room, or let them in again."""
    return Action("ConfbridgeLock" if on else "ConfbridgeUnlock", {"Conference": _room(room)})


def list_rooms() -> Action:
    """Ask which rooms somebody is in, and whether they are locked."""
    return Action("ConfbridgeListRooms", {})


class CalledIn(Struct, frozen=True, kw_only=True):
    """Somebody who is called into a room."""

    id: str
    other_id: str
    room: str
    keys: str
    """What a person of the house would press."""
    person: str
    """Id of the PIN that stands for them, or empty."""
    ring_seconds: int
    caller: str = ""
    """Extension of who calls them; empty: their telephone shows nobody."""
    shows: str = ""
    """Their number, as the others in the room see it."""
    host: bool = False
    """Whether a telephone of the house is called."""
    moved: bool = False
    """Into a call that goes on, which was made a conference."""


def call_in(called: CalledIn) -> Action:
    """Call somebody, who is in the room when they press 1 (dialplan/rooms.conf)."""
    if not _KEYS.fullmatch(called.keys) or len(called.id) != len(called.other_id):
        raise RefusedError("what is dialled is digits, and both ids have one length")
    if not _EXTENSION.fullmatch(called.caller) or not _SHOWN.fullmatch(called.shows):
        raise RefusedError("who calls and is called are numbers")
    variables = [f"CONFPERSON={called.person}", "CONFROLE=part", f"CONFRING={called.ring_seconds}"]
    variables += [f"CONFFROM={called.caller}", f"CONFSHOWS={called.shows}", f"BC_HOST={'yes' if called.host else 'no'}"]
    return Action(
        "Originate",
        {
            "ActionID": called.id,
            "Channel": f"Local/{called.keys}@conf-call/n",
            "Context": "conf-invited",
            "Exten": _room(called.room),
            "Priority": "1",
            "Timeout": str((called.ring_seconds + 5) * 1000),
            "Async": "true",
            "ChannelId": called.id,
            "OtherChannelId": called.other_id,
            "Variable": [*variables, *(["CONFMOVED=1"] if called.moved else [])],
        },
    )


SAYINGS = frozenset(
    {"room-recorded", "room-recording-ends", "room-ends-soon", "room-ends-now", "room-alone-long", "room-over"}
)


def say_in(room: str, saying: str, *, id: str, other_id: str) -> Action:  # noqa: A002 - AMI's word
    """Speak one of our sounds into a room that is open."""
    if saying not in SAYINGS:
        raise RefusedError("not a sound that is spoken into rooms")
    return Action(
        "Originate",
        {
            "ActionID": id,
            "Channel": f"Local/{_room(room)}@conf-say/n",
            "Context": "conf-play",
            "Exten": "s",
            "Priority": "1",
            "Timeout": "5000",
            "Async": "true",
            "ChannelId": id,
            "OtherChannelId": other_id,
            "Variable": [f"SAYFILE={saying}"],
        },
    )


def record_in(room: str, *, id: str, other_id: str) -> Action:  # noqa: A002 - AMI's word
    """Write down what is said in a room that is open."""
    return Action(
        "Originate",
        {
            "ActionID": id,
            "Channel": f"Local/{_room(room)}@conf-say/n",
            "Context": "conf-record",
            "Exten": _room(room),
            "Priority": "1",
            "Timeout": "5000",
            "Async": "true",
            "ChannelId": id,
            "OtherChannelId": other_id,
        },
    )


def recorder_of(room: str) -> Action:
    """Ask which channel writes down what is said in a room."""
    return Action("Getvar", {"Variable": f"CONFREC_{_room(room)}"})


def _room(number: str) -> str:
    """Let only the number of a room through."""
    if not _ROOM.fullmatch(number):
        raise RefusedError("not the number of a room")
    return number


def named(channel: str) -> str:
    """Let only the name of one channel through."""
    if not CHANNEL.fullmatch(channel):
        raise RefusedError("not the name of a channel")
    return channel
