"""Announcements on loudspeakers as actions of the manager interface; as in `phone`, others give values only."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from ami_bridge.alarms.paging import Announcement
from ami_bridge.asterisk.alarm_call import MOST_SOUNDS, SOUND
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.phone import Action
from ami_bridge.errors import NotReachableError, RefusedError

log = structlog.get_logger()

PAGE = "alarm-page"
ANNOUNCE = "alarm-announce"
"""Contexts of dialplan/paging.conf."""
TIMEOUT_MS = 10_000
MOST_TARGETS = 700
_ID = re.compile(r"page-[0-9A-Z]{26}")
_TARGET = re.compile(r"[A-Za-z0-9_.:-]{1,80}")


class Link(Protocol):
    """What we need of the connection."""

    @property
    def up(self) -> bool:
        """Whether there is one."""

    async def items(self, action: str, headers: Mapping[str, str | Sequence[str]] = ...) -> list[Message]:
        """One action, a list as its answer."""

    async def send(self, action: str, headers: Mapping[str, str | Sequence[str]] = ...) -> Message | list[Message]:
        """One action, one answer."""


class Paging:
    """Pages."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def page(self, announcement: Announcement) -> None:
        """Have it played; raises NotReachableError or RefusedError."""
        if not self._link.up:
            raise NotReachableError("Asterisk is not connected")
        await self._link.send(*action_of(announcement))

    async def run(self) -> None:
        """Look once, as long as the connection lives (the link cancels it)."""
        await self.look()
        await asyncio.Event().wait()

    async def look(self) -> None:
        """Say it loudly where the dialplan cannot play to loudspeakers: Asterisk takes the wish and does nothing."""
        try:
            there = bool(await self._link.items("ShowDialPlan", {"Context": PAGE}))
        except NotReachableError:
            return  # the next login looks again
        except RefusedError:
            there = False
        if not there:
            log.error("alarms.no_loudspeakers", context=PAGE)


def action_of(one: Announcement) -> Action:
    """Play something on loudspeakers."""
    targets, sounds = "&".join(one.targets), "&".join(one.sounds)
    if not _ID.fullmatch(one.id) or not all(_TARGET.fullmatch(target) for target in one.targets):
        raise RefusedError("not the name of a loudspeaker")
    if len(targets) > MOST_TARGETS or len(sounds) > MOST_SOUNDS or not all(map(SOUND.fullmatch, one.sounds)):
        raise RefusedError("not the name of a sound, or too many")
    return Action(
        "Originate",
        {
            "ActionID": one.id,
            "Channel": f"Local/{one.id}@{PAGE}/n",
            "ChannelId": one.id,
            "OtherChannelId": f"{one.id}-2",
            "Context": ANNOUNCE,
            "Exten": "s",
            "Priority": "1",
            "Timeout": str(TIMEOUT_MS),
            "Async": "true",
            "Variable": [
                f"__AMIB_PAGE={targets}",
                f"__AMIB_HEADS={'&'.join(map(str, one.heads))}",
                f"AMIB_CODEC={one.codec}",
                f"AMIB_SND={sounds}",
            ],
        },
    )
