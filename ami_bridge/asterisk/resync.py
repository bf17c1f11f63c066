"""After each login, and every ten minutes: read what is going on and make it the truth."""

import asyncio
from typing import Protocol

import structlog

from ami_bridge.asterisk import snapshot
from ami_bridge.asterisk.snapshot import Picture
from ami_bridge.errors import NotReachableError

log = structlog.get_logger()

AGAIN_AFTER = 600.0
LOOKED_WITHIN = 10.0
UNHEARD_AGAIN_AFTER = 60.0
"""Seconds between two looks as long as no event came at all: the house may be quiet, or we may be deaf."""


class Link(snapshot.Link, Protocol):
    """What we need of the connection."""

    @property
    def events(self) -> int:
        """How many events came so far."""

    def works(self) -> None:
        """Be told that all that was asked for came."""


class Listener(Protocol):
    """Who takes the state and the events."""

    def hold(self) -> None:
        """Let events wait: the state is about to be read."""

    def go_live(self, picture: Picture) -> int:
        """Take the state, then what waited; return how many views the state changed."""

    def restarted(self) -> None:
        """End all calls: the PBX began anew."""


class Resync:
    """Keeps the picture of one PBX right."""

    def __init__(self, *, pbx: str, hints_context: str, link: Link, listener: Listener) -> None:
        self._pbx = pbx
        self._hints_context = hints_context
        self._link = link
        self._listener = listener
        self._started = ""
        self._version = ""
        self._deaf = False
        self._asked = asyncio.Event()
        self._looks = 0
        self._looked = asyncio.Condition()

    async def look(self) -> None:
        """Have the state read now, and wait until it is; raises NotReachableError where it cannot be."""
        before = self._looks
        self._asked.set()
        try:
            async with asyncio.timeout(LOOKED_WITHIN), self._looked:
                await self._looked.wait_for(lambda: self._looks > before)
        except TimeoutError as error:
            raise NotReachableError("Asterisk did not tell what is going on.") from error

    async def run(self) -> None:
        """Read the state, then again and again, as long as the connection lives (the link cancels it)."""
        began = self._link.events
        status = await snapshot.status(self._link)
        told, self._version = self._version == status.version, status.version
        snapshot.judge_version(status.version, pbx=self._pbx, tell=not told)
        if self._started and status.started != self._started:
            log.warning("ami.pbx_restarted", pbx=self._pbx)
            self._listener.restarted()
        self._started = status.started
        await self._read()
        self._link.works()
        log.info("ami.live", pbx=self._pbx, version=status.version)
        while True:
            heard = self._link.events > began
            await self._pause(AGAIN_AFTER if heard else min(AGAIN_AFTER, UNHEARD_AGAIN_AFTER))
            self._listener.hold()
            changed = await self._read()
            deaf = changed > 0 and self._link.events == began
            if deaf and not self._deaf:
                log.error("ami.hears_nothing", pbx=self._pbx, reason="calls changed and no event came: read=call?")
            elif changed and not deaf:
                log.warning("ami.board_differed", pbx=self._pbx, views=changed)
            self._deaf = deaf or (self._deaf and self._link.events == began)

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until somebody asks for a look."""
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            pass
        self._asked.clear()

    async def _read(self) -> int:
        changed = self._listener.go_live(await snapshot.picture(self._link, hints_context=self._hints_context))
        async with self._looked:
            self._looks += 1
            self._looked.notify_all()
        return changed
