"""Questions by which the doctor sees what Asterisk is prepared for and our account may do; none does anything."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.phone import Action

CONTEXT = "bridge-doctor"
"""Context of dialplan/doctor.conf."""
NOWHERE = "bridge-doctor-nowhere"
"""A context that nobody has: what is sent there ends before it begins."""
WITHIN_MS = 5000
MOST_MISSING = 20
_SOUND = re.compile(r"[a-z0-9-]{1,40}")

Global = Literal["BRIDGE", "BRIDGE_SECRET", "BRIDGE_DIAL", "ROOM_SOUNDS", "ROOM_NAMES"]
READ: tuple[Global, ...] = ("BRIDGE", "BRIDGE_SECRET", "BRIDGE_DIAL")


def try_all(sounds: Sequence[str], *, id: str, other_id: str) -> Action:  # noqa: A002 - AMI's word
    """Have the dialplan ask for a name, look for sounds and say what time it is (dialplan/doctor.conf)."""
    wanted = "&".join(sound for sound in sounds if _SOUND.fullmatch(sound))
    return Action(
        "Originate",
        {
            "ActionID": id,
            "Channel": f"Local/try@{CONTEXT}/n",
            "Context": CONTEXT,
            "Exten": "done",
            "Priority": "1",
            "Timeout": str(WITHIN_MS),
            "Async": "true",
            "ChannelId": id,
            "OtherChannelId": other_id,
            "Variable": [f"BE_ID={id}", f"BE_SOUNDS={wanted}"],
        },
    )


class Tried(Struct, frozen=True, kw_only=True):
    """What the dialplan says came of it."""

    id: str
    answered: bool
    """Whether the question for a name was answered in time and in the right form."""
    now: int
    """Asterisk's clock, in seconds since 1970."""
    missing: tuple[str, ...]
    """Sounds that Asterisk does not find, such as `de/room-welcome`."""
    names: bool
    """Whether the folder of spoken names is one, to Asterisk."""


def tried(m: Mapping[str, str]) -> Tried | None:
    """Read the event of dialplan/doctor.conf; None if it is none."""
    if m.get("Event", "") != "UserEvent" or m.get("UserEvent", "") != "BridgeTried":
        return None
    now = m.get("Now", "")
    return Tried(
        id=m.get("Id", ""),
        answered=m.get("Answered", "") == "1",
        now=int(now) if now.isdecimal() and len(now) < 12 else 0,  # noqa: PLR2004 - no clock shows more
        missing=tuple(one for one in m.get("Missing", "").split("&") if one)[:MOST_MISSING],
        names=m.get("Names", "") == "1",
    )


def is_channel(m: Mapping[str, str], id_: str) -> bool:
    """Whether this event tells of the channel with this id, which only an account with read=call hears."""
    return m.get("Event", "") == "Newchannel" and m.get("Uniqueid", "") == id_


def is_outcome(m: Mapping[str, str], id_: str) -> bool:
    """Whether this event says how the attempt ended."""
    return m.get("Event", "") == "OriginateResponse" and id_ in {m.get("ActionID", ""), m.get("Uniqueid", "")}


def commands() -> Action:
    """Ask which actions the account may send: Asterisk lists those, and no others."""
    return Action("ListCommands", {})


def names_of(answer: Message) -> frozenset[str]:
    """Return the names of actions in the answer."""
    return frozenset(name for name, text in answer.lines() if "(Priv: " in text)


def forbidden() -> dict[str, Action]:
    """Return what Asterisk must refuse to an account without `system`.

    Where it does not, nothing is done either: it looks at words before it makes a channel, and nobody answers there.
    """
    channel = {"Channel": f"Local/s@{NOWHERE}/n", "Timeout": "1000", "Async": "true"}
    return {
        "Originate System": Action("Originate", {**channel, "Application": "System", "Data": "true"}),
        "Originate SHELL": Action("Originate", {**channel, "Application": "NoOp", "Data": "${SHELL(true)}"}),
        "Getvar SHELL": Action("Getvar", {"Variable": "SHELL(true)"}),
    }


def value_of(name: Global) -> Action:
    """Read a global variable of the dialplan."""
    return Action("Getvar", {"Variable": name})


def context(name: str) -> Action:
    """Ask whether the dialplan has a context."""
    return Action("ShowDialPlan", {"Context": name})


def hints() -> Action:
    """Ask for all hints."""
    return Action("ExtensionStateList", {})


def settings() -> Action:
    """Ask which Asterisk this is."""
    return Action("CoreSettings", {})
