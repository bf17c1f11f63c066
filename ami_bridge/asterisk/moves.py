"""Call control as actions of the manager interface; as in `phone`, others give values only."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from ami_bridge.asterisk.phone import AUTO_ANSWER, Action, named
from ami_bridge.errors import RefusedError

SEND: Literal["bridge-send"] = "bridge-send"
"""Contexts of dialplan/control.conf."""
PICKUP, FETCH, CONFERENCE = "bridge-pickup", "bridge-fetch", "bridge-conference"
TAKE: Literal["bridge-take"] = "bridge-take"
INTO_ROOM: Literal["conf-convert"] = "conf-convert"
"""Of dialplan/rooms.conf."""
HOST = "BC_HOST"
Global = Literal["BRIDGE_DIAL", "BRIDGE_CONSULT"]
"""Variables by which the dialplan says what it is prepared for."""
OWN_RINGS_MS = 20_000
INVITED_RINGS_MS = 30_000
_KEYS = re.compile(r"[0-9]{1,32}")
_DEVICE = re.compile(r"PJSIP/[A-Za-z0-9_.-]{1,80}")
_CONTEXT = re.compile(r"[A-Za-z0-9_.-]{1,79}")
_EXTENSION = re.compile(r"[0-9*#+]{1,32}")
_ID = re.compile(r"[0-9A-Z]{1,32}")


def redirect(channel: str, keys: str) -> Action:
    """Let a leg that rings somebody dial something else instead."""
    return Action("Redirect", {"Channel": named(channel), "Context": SEND, "Exten": _keys(keys), "Priority": "1"})


def blind_transfer(channel: str, keys: str) -> Action:
    """Give whom this leg talks to to somebody else."""
    return Action("BlindTransfer", {"Channel": named(channel), "Context": SEND, "Exten": _keys(keys)})


def attended_transfer(channel: str, keys: str) -> Action:
    """Let this leg talk to somebody else first. Asterisk presses the digits for it, and # ends them."""
    return Action("Atxfer", {"Channel": named(channel), "Context": SEND, "Exten": f"{_keys(keys)}#"})


def park(channel: str, *, by: str) -> Action:
    """Let a leg wait; `by` hears where, and it rings there again when nobody fetches it."""
    parker = named(by)
    return Action("Park", {"Channel": named(channel), "TimeoutChannel": parker, "AnnounceChannel": parker})


def bring_together(channel: str, other: str, number: str) -> Action:
    """Move both ends of a conversation into a conference, in one go: alone, each would be hung up."""
    return _both(channel, other, CONFERENCE, number)


def into_room(channel: str, other: str, number: str) -> Action:
    """Likewise, into a room with a number, where the dialplan looks at its row first."""
    return _both(channel, other, INTO_ROOM, number)


def moderates(channel: str, person: str) -> tuple[Action, Action]:
    """Let who has this leg moderate the room it is about to be moved into, as who has this PIN."""
    if not _ID.fullmatch(person):
        raise RefusedError("not the id of a PIN")
    leg = named(channel)
    return (
        Action("Setvar", {"Channel": leg, "Variable": "CONFROLE", "Value": "mod"}),
        Action("Setvar", {"Channel": leg, "Variable": "CONFPERSON", "Value": person}),
    )


def stays(channel: str) -> Action:
    """Let this leg's being there keep a conference alive: without one of the house it ends."""
    return Action("Setvar", {"Channel": named(channel), "Variable": HOST, "Value": "yes"})


def invite(keys: str, number: str, *, caller: str, host: bool, id: str, other_id: str) -> Action:  # noqa: A002 - AMI's word
    """Call somebody, and into the conference with whoever answers."""
    return _originate(
        f"Local/{_keys(keys)}@{SEND}",
        CONFERENCE,
        _keys(number),
        id_=id,
        other_id=other_id,
        within_ms=INVITED_RINGS_MS,
        more={"CallerID": _extension(caller), "Variable": [f"{HOST}={'yes' if host else 'no'}"]},
    )


class Ring(NamedTuple):
    """Somebody's own telephone that is to ring."""

    device: str
    shows: str
    """What it shows meanwhile: a number of the house."""
    auto_answer: str
    """Whose header makes it answer by itself; empty: it rings."""


def pick_up(ring: Ring, channel: str, *, id: str, other_id: str) -> Action:  # noqa: A002 - AMI's word
    """Ring somebody's telephone; answered, it takes the call that rings at this leg."""
    return _own(ring, PICKUP, "s", id_=id, other_id=other_id, variables=[f"BC_CHANNEL={named(channel)}"])


def fetch(ring: Ring, space: str, *, id: str, other_id: str) -> Action:  # noqa: A002 - AMI's word
    """Ring somebody's telephone; answered, it takes the call that waits on this parking place."""
    return _own(ring, FETCH, _keys(space), id_=id, other_id=other_id)


def contacts() -> Action:
    """Read which telephones are registered, as Asterisk itself keeps it."""
    return Action("DBGetTree", {"Family": "registrar/contact"})


def context(name: Literal["bridge-send", "bridge-take", "conf-convert"]) -> Action:
    """Ask whether the dialplan has one of our contexts."""
    return Action("ShowDialPlan", {"Context": name})


def dialled_in(context: str, keys: str) -> Action:
    """Ask what the dialplan has for these digits in the context where telephones dial."""
    if not is_context(context):
        raise RefusedError("BRIDGE_DIAL is no name of a context")
    return Action("ShowDialPlan", {"Context": context, "Extension": _keys(keys)})


def is_context(name: str) -> bool:
    """Whether this could be the name of a context."""
    return bool(_CONTEXT.fullmatch(name))


def variable(name: Global) -> Action:
    """Read a global variable of the dialplan."""
    return Action("Getvar", {"Variable": name})


def _both(channel: str, other: str, context: str, number: str) -> Action:
    return Action(
        "Redirect",
        {
            "Channel": named(channel),
            "ExtraChannel": named(other),
            "Context": context,
            "Exten": _keys(number),
            "Priority": "1",
        },
    )


def _own(ring: Ring, context: str, exten: str, *, id_: str, other_id: str, variables: Sequence[str] = ()) -> Action:
    if not _DEVICE.fullmatch(ring.device):
        raise RefusedError("only a telephone of our own PBX is rung")
    told = [*variables, f"CONNECTEDLINE(num,i)={_extension(ring.shows)}", "CONNECTEDLINE(num-pres,i)=allowed"]
    if ring.auto_answer:
        header, value = AUTO_ANSWER[ring.auto_answer]
        told.append(f"PJSIP_HEADER(add,{header})={value}")
    return _originate(
        ring.device, context, exten, id_=id_, other_id=other_id, within_ms=OWN_RINGS_MS, more={"Variable": told}
    )


def _originate(
    channel: str,
    context: str,
    exten: str,
    *,
    id_: str,
    other_id: str,
    within_ms: int,
    more: Mapping[str, str | Sequence[str]],
) -> Action:
    return Action(
        "Originate",
        {
            "ActionID": id_,
            "Channel": channel,
            "Context": context,
            "Exten": exten,
            "Priority": "1",
            "Timeout": str(within_ms),
            "Async": "true",
            "ChannelId": id_,
            "OtherChannelId": other_id,
            **more,
        },
    )


def _keys(keys: str) -> str:
    """Let only digits through."""
    if not _KEYS.fullmatch(keys):
        raise RefusedError("what is dialled is digits")
    return keys


def _extension(extension: str) -> str:
    """Let only a number of the house through."""
    if not _EXTENSION.fullmatch(extension):
        raise RefusedError("not an extension")
    return extension
