"""Queues as actions of the manager interface; as in `phone`, others give values only."""

import re
from typing import Protocol

from ami_bridge.asterisk.moves import TAKE
from ami_bridge.asterisk.phone import Action, named
from ami_bridge.asterisk.snapshot import Link
from ami_bridge.asterisk.steer import NO_CHANNEL
from ami_bridge.errors import GoneError, RefusedError
from ami_bridge.queues.events import NAME

TAKER, FROM = "BC_TAKER", "BC_QUEUE"
"""Variables that dialplan/control.conf reads in [bridge-take]."""
_DEVICE = re.compile(r"PJSIP/[A-Za-z0-9_.-]{1,80}")
MAY_STEER = Action("QueuePause", {})
"""Lacks all that it needs: an account that may not send it hears that it may not, any other that something lacks."""
LACKS = ("Need 'Interface'", "not specified")
NOT_THERE = ("not found", "not there", "no such queue")
AFTER_ALL = "already there"


def pause(queue: str, interface: str, *, on: bool) -> Action:
    """Have a queue not ring a telephone for the time being, or ring it again."""
    return Action("QueuePause", {"Queue": _queue(queue), "Interface": _line(interface), "Paused": _bool(on=on)})


def log_in(queue: str, device: str, *, name: str) -> Action:
    """Have a queue ring a telephone too."""
    if not _DEVICE.fullmatch(device):
        raise RefusedError("only a telephone of our own PBX serves a queue")
    headers = {"Queue": _queue(queue), "Interface": device, "MemberName": name[:80], "StateInterface": device}
    return Action("QueueAdd", headers)


def log_out(queue: str, interface: str) -> Action:
    """Have a queue ring a telephone no longer."""
    return Action("QueueRemove", {"Queue": _queue(queue), "Interface": _line(interface)})


def take(channel: str, queue: str, device: str) -> tuple[Action, Action, Action]:
    """Let who waits ring one telephone; unanswered, they come back to the front of the queue."""
    if not _DEVICE.fullmatch(device):
        raise RefusedError("only a telephone of our own PBX is rung")
    leg = named(channel)
    return (
        Action("Setvar", {"Channel": leg, "Variable": TAKER, "Value": device}),
        Action("Setvar", {"Channel": leg, "Variable": FROM, "Value": _queue(queue)}),
        Action("Redirect", {"Channel": leg, "Context": TAKE, "Exten": "s", "Priority": "1"}),
    )


class StillWaits(Protocol):
    """Whether somebody still waits; said at the last moment, before they are taken out."""

    def __call__(self) -> bool:
        """Answer from memory."""


class QueueSteer:
    """Steers queues at one Asterisk; each raises GoneError, NotReachableError, RefusedError."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def pause(self, queue: str, interface: str, *, on: bool) -> None:
        """Have a member pause, or serve again."""
        await self._send(pause(queue, interface, on=on))

    async def log_in(self, queue: str, device: str, *, name: str) -> None:
        """Let a telephone serve; one that does already is no failure."""
        await self._send(log_in(queue, device, name=name))

    async def log_out(self, queue: str, interface: str) -> None:
        """Let it serve no longer."""
        await self._send(log_out(queue, interface))

    async def take(self, channel: str, queue: str, device: str, *, waits: StillWaits) -> None:
        """Let who waits ring this telephone."""
        *prepare, move = take(channel, queue, device)
        for action in prepare:
            await self._send(action)
        if not waits():
            raise GoneError("Somebody else has just answered.")
        await self._send(move)

    async def _send(self, action: Action) -> None:
        try:
            await self._link.send(*action)
        except RefusedError as error:
            words = str(error).lower()
            if AFTER_ALL in words:
                return
            if any(one in words for one in (*NO_CHANNEL, *NOT_THERE)):
                raise GoneError("This is over: look at what is shown now.") from error
            raise


def _queue(name: str) -> str:
    """Let only a plain name through."""
    if not NAME.fullmatch(name):
        raise RefusedError("not the name of a queue")
    return name


def _line(interface: str) -> str:
    """Let through what Asterisk itself has told as a member, as one line; the link refuses line ends anyway."""
    if not interface.isprintable():
        raise RefusedError("not a member of a queue")
    return interface


def _bool(*, on: bool) -> str:
    return "true" if on else "false"
