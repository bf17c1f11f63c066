"""What is going on at an Asterisk, read after each login and now and then."""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog
from msgspec import Struct

from ami_bridge.asterisk import translate, translate_queues, translate_rooms
from ami_bridge.asterisk.link import NO_LIST
from ami_bridge.asterisk.message import Message
from ami_bridge.calls.events import Floor
from ami_bridge.errors import RefusedError
from ami_bridge.queues.events import QueueNow
from ami_bridge.rooms.events import RoomNow

log = structlog.get_logger()

OLDEST_GOOD = (22, 10, 1)
OLDEST_AT_ALL = (20,)


class Link(Protocol):
    """What we need of the connection."""

    async def send(self, action: str, headers: Mapping[str, str | Sequence[str]] = ...) -> Message | list[Message]:
        """One action, one answer."""

    async def items(self, action: str, headers: Mapping[str, str | Sequence[str]] = ...) -> list[Message]:
        """One action that answers with a list."""


class Status(Struct, frozen=True, kw_only=True):
    """Which Asterisk answers."""

    started: str
    """When its process began; another value means that it was restarted."""
    version: str


async def status(link: Link) -> Status:
    """Ask who is there. Raises NotReachableError, RefusedError."""
    core = await link.send("CoreStatus")
    settings = await link.send("CoreSettings")
    if isinstance(core, list) or isinstance(settings, list):
        raise RefusedError("CoreStatus was answered with a list")
    return Status(started=translate.started(core), version=translate.version(settings))


class Picture(Struct, frozen=True, kw_only=True):
    """Everything that is going on."""

    floor: Floor
    rooms: tuple[RoomNow, ...] = ()
    queues: tuple[QueueNow, ...] = ()


async def picture(link: Link, *, hints_context: str) -> Picture:
    """Ask for everything that is going on. Raises NotReachableError; RefusedError where a right is missing."""
    hints = translate.hints(await _list(link, "ExtensionStateList"), hints_context)
    channels = await link.items("CoreShowChannels")
    listed = await _list(link, "ConfbridgeListRooms")
    people = {
        room: await _list(link, "ConfbridgeList", {"Conference": room})
        for room in (m.get("Conference", "") for m in listed)
    }
    queued = await _list(link, "QueueStatus")
    floor = translate.floor(
        channels=channels,
        parked=await _list(link, "ParkedCalls"),
        queued=queued,
        in_rooms=[one for some in people.values() for one in some],
        states=await _list(link, "DeviceStateList"),
        hints=hints,
    )
    return Picture(floor=floor, rooms=translate_rooms.rooms(listed, people), queues=translate_queues.queues(queued))


async def _list(link: Link, action: str, headers: Mapping[str, str] | None = None) -> list[Message]:
    """Ask for a list of something that Asterisk calls an error when there is none of it."""
    try:
        return await link.items(action, headers or {})
    except RefusedError as error:
        if "ermission" in str(error) or NO_LIST in str(error):
            raise
        return []


def judge_version(version: str, *, pbx: str, tell: bool = True) -> None:
    """Warn loudly of an Asterisk that is too old, and refuse one that is far too old (RefusedError).

    Source: security advisories of Asterisk up to 22.10.1. `tell` is False where it has been said before.
    """
    number = re.match(
        r"(?:certified[-/]|GIT-)?(\d{1,4}(?:\.\d{1,4})*)", version
    )  # certified/20.7-cert4, GIT-22-a1b2c3d
    found = tuple(int(part) for part in number[1].split(".")) if number else (0,)
    if found < OLDEST_AT_ALL:
        if tell:
            log.error(
                "ami.version_unsupported", pbx=pbx, version=version, needed="22.10.1", reason="below 20: not served"
            )
        raise RefusedError(f"Asterisk {version} is older than 20 and is not served")
    if found < OLDEST_GOOD and tell:
        log.warning(
            "ami.version_old", pbx=pbx, version=version, needed="22.10.1", reason="known holes in the manager interface"
        )
