"""Recordings of conferences: files that Asterisk wrote, for who moderates the room and nobody else, deleted in time."""

import asyncio
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import structlog
from msgspec import Struct, structs

from ami_bridge.errors import NotFoundError
from ami_bridge.rooms.model import Pin, Room

log = structlog.get_logger()

_FILE = re.compile(r"conf-([0-9]{1,8})-([0-9]{1,12})\.wav")
_HEAD, _A_SECOND = 44, 16_000
"""Bytes of a wav: before the sound, and of a second of it."""


class Recording(Struct, frozen=True, kw_only=True):
    """What was said in a conference, as a file."""

    id: str
    room: str
    """Number that the room has, or had."""
    title: str
    started: datetime
    seconds: int


class Store(Protocol):
    """Where rooms are kept, those that have ended too."""

    async def all(self) -> tuple[list[Room], list[Pin]]:
        """Read everything."""


class Recordings:
    """The folder with the recordings."""

    def __init__(self, *, folder: Path, store: Store, keep: timedelta, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._store = store
        self._keep = keep
        self._now = now

    async def of(self, login: str) -> list[Recording]:
        """Return those that somebody may hear, the newest first."""
        found = await asyncio.to_thread(self._files)
        if not found:
            return []
        rooms, pins = await self._store.all()
        theirs = {pin.room for pin in pins if pin.login == login and pin.role == "mod" and pin.revoked_at is None}
        return _those(found, [room for room in rooms if room.owner == login or room.id in theirs])

    async def told(self, login: str) -> list[dict[str, Any]]:
        """Return a row of each that somebody may hear, with its file."""
        return [{**structs.asdict(one), "file": f"conf-{one.id}.wav"} for one in await self.of(login)]

    async def theirs(self, login: str) -> int:
        """Count those that somebody may hear."""
        return len(await self.of(login))

    async def erase(self, login: str) -> int:
        """Delete those of rooms that are, or were, somebody's; what they moderated for others stays with those."""
        found = await asyncio.to_thread(self._files)
        rooms, _ = await self._store.all()
        own = _those(found, [room for room in rooms if room.owner == login])
        for one in own:
            await asyncio.to_thread((self._folder / f"conf-{one.id}.wav").unlink, missing_ok=True)
            log.info("rooms.recording_deleted", why="erase")
        return len(own)

    async def file(self, login: str, id_: str) -> Path:
        """Return the file of one that somebody may hear; raises NotFoundError for all others alike."""
        if id_ not in {one.id for one in await self.of(login)}:
            raise NotFoundError("There is no such recording.")
        return self._folder / f"conf-{id_}.wav"

    async def remove(self, login: str, id_: str) -> None:
        """Delete one."""
        path = await self.file(login, id_)
        await asyncio.to_thread(path.unlink, missing_ok=True)
        log.info("rooms.recording_deleted", why="wish")

    async def purge(self) -> None:
        """Delete those that are too old, whoever they are of."""
        before = self._now() - self._keep
        for number, started, _ in await asyncio.to_thread(self._files):
            if started < before:
                path = self._folder / f"conf-{number}-{int(started.timestamp())}.wav"
                try:
                    await asyncio.to_thread(path.unlink, missing_ok=True)
                except OSError as error:
                    log.warning("rooms.recording_stays", why=type(error).__name__)
                    return
                log.info("rooms.recording_deleted", why="age")

    def _files(self) -> list[tuple[str, datetime, int]]:
        """Look which there are: number, beginning and size."""
        found = []
        for path in self._folder.glob("conf-*.wav"):
            if named := _FILE.fullmatch(path.name):
                started = datetime.fromtimestamp(int(named[2]), UTC)
                try:
                    found.append((named[1], started, path.stat().st_size))
                except OSError:
                    continue  # deleted just now
        return found


def _those(files: Iterable[tuple[str, datetime, int]], rooms: Iterable[Room]) -> list[Recording]:
    """Return those that were made in one of these rooms, the newest first."""
    may = list(rooms)
    listed = [
        Recording(
            id=f"{number}-{int(started.timestamp())}",
            room=number,
            title=room.title,
            started=started,
            seconds=max(0, size - _HEAD) // _A_SECOND,
        )
        for number, started, size in files
        if (room := _of(number, started, may)) is not None
    ]
    return sorted(listed, key=lambda one: one.started, reverse=True)


def _of(number: str, started: datetime, rooms: Iterable[Room]) -> Room | None:
    """Find the room that had this number then; another may have it later."""
    for room in rooms:
        # Asterisk's clock tells whole seconds.
        was_there = room.created - timedelta(seconds=1) <= started <= (room.ended_at or started)
        if room.number == number and was_there:
            return room
    return None
