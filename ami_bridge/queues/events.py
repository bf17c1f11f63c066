"""What Asterisk says of queues, in our words. Pure."""

import re
from typing import Literal

from msgspec import Struct

NAME = re.compile(r"[A-Za-z0-9_.-]{1,79}")
"""Queues with other names are not shown: their names would have to be escaped wherever they are said to Asterisk."""
MemberState = Literal["free", "ringing", "talking", "away", "unknown"]


class MemberNow(Struct, frozen=True, kw_only=True):
    """Somebody's telephone that serves a queue, as it is now."""

    queue: str
    interface: str
    """What the queue rings, such as `PJSIP/101`."""
    device: str
    """Whose state counts; the same, unless the queue was told another."""
    name: str
    state: MemberState
    paused: bool = False
    own: bool = False
    """It came by logging in, so that it can log out: it does not stand in the queue's configuration."""


class MemberGone(Struct, frozen=True):
    """It serves the queue no longer."""

    queue: str
    interface: str


class WaitingNow(Struct, frozen=True, kw_only=True):
    """Somebody who waits, as a list tells it."""

    leg: str
    channel: str
    number: str | None
    seconds: int


class QueueNow(Struct, frozen=True, kw_only=True):
    """A whole queue."""

    name: str
    waiting: tuple[WaitingNow, ...] = ()
    members: tuple[MemberNow, ...] = ()


QueueEvent = MemberNow | MemberGone
