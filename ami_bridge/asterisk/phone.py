"""Our verbs as actions of the manager interface: the only place where an action that changes something is built.

Contexts, applications and names of variables are constants here; others give values only. A value with a line end is
refused by the link.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from ami_bridge.errors import RefusedError

STORE = "bridge-store"
"""Context of dialplan/store.conf."""
STORE_WITHIN_MS = 5000
CHANNEL = re.compile(r"[A-Za-z0-9]+/[\x21-\x7e]{1,200}")  # Hangup takes a pattern too: /…/ would end many calls
LONGEST_VALUE = 600  # bytes; a line of the manager takes a thousand, and base64 adds a third


class Action(NamedTuple):
    """An action and its headers, for the link."""

    name: str
    headers: Mapping[str, str | Sequence[str]]


def store(verb: Literal["name"], *, key: str, value: str, id: str, other_id: str) -> Action:  # noqa: A002 - AMI's word
    """Write a row of AstDB, or with an empty value delete it; `id` comes back in what confirms it."""
    if not (key.isascii() and key.isdigit()):
        raise RefusedError("a key of AstDB is digits")
    if len(value.encode()) > LONGEST_VALUE:
        raise RefusedError(f"a value of AstDB has at most {LONGEST_VALUE} bytes")
    written = base64.b64encode(value.encode()).decode()  # else the manager cuts at commas and eats quotes
    return Action(
        "Originate",
        {
            "ActionID": id,
            "Channel": f"Local/{verb}@{STORE}/n",
            "Context": STORE,
            "Exten": "done",
            "Priority": "1",
            "Timeout": str(STORE_WITHIN_MS),
            "Async": "true",
            "ChannelId": id,
            "OtherChannelId": other_id,
            "Variable": [f"BS_KEY={key}", f"BS_VAL={written}", f"BS_ID={id}"],
        },
    )


def rows(family: Literal["cidname"]) -> Action:
    """Read all rows of a family of AstDB."""
    return Action("DBGetTree", {"Family": family})


def hangup(channel: str, *, cause: int) -> Action:
    """End one leg; `cause` (Q.850) is what the other side is told."""
    return Action("Hangup", {"Channel": _named(channel), "Cause": str(cause)})


def _named(channel: str) -> str:
    """Let only the name of one channel through."""
    if not CHANNEL.fullmatch(channel):
        raise RefusedError("not the name of a channel")
    return channel
