"""What outputs are to be told, kept in rows with the change itself, and told from there until it is told."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.alarms.model import Told, ToldWhat
from ami_bridge.alarms.ports import Output
from ami_bridge.alarms.store import Letter
from ami_bridge.errors import NotReachableError, RefusedError

log = structlog.get_logger()

LOOK_EVERY = 5.0
TOLD_WITHIN = 30.0
"""Seconds for one output to tell one thing."""
AGAIN = timedelta(seconds=10)
LONGEST_AGAIN = timedelta(minutes=10)
KEPT = timedelta(days=3)
"""After which nobody wants to hear it any more."""


class Note(Struct, frozen=True, kw_only=True):
    """What stands in a letter; the alarm itself is looked up when it is told."""

    alarm: str
    what: ToldWhat
    text: str = ""


class Store(Protocol):
    """Keeps letters."""

    async def letters(self, now: datetime, most: int = 50) -> list[Letter]:
        """Return what is to be told now."""

    async def told(self, letter: Letter) -> None:
        """Forget what was told."""

    async def later(self, letter: Letter, due: datetime) -> None:
        """Tell it later."""


class Writer:
    """Makes letters to all outputs that there are."""

    def __init__(self, outputs: Sequence[str], new_id: Callable[[], str]) -> None:
        self._outputs = tuple(outputs)
        self._new_id = new_id

    def letters(self, alarm: str, what: str, now: datetime, text: str = "") -> tuple[Letter, ...]:
        """Return what tells all of them about an alarm; nothing where there is nothing to tell."""
        if not what:
            return ()
        body = msgspec.json.encode(Note(alarm=alarm, what=msgspec.convert(what, ToldWhat), text=text))
        return tuple(
            Letter(id=self._new_id(), output=output, body=body, created=now, due=now) for output in self._outputs
        )


class Outbox:
    """Tells what is in the rows, at least once; a slow or broken output costs the others nothing but its own time."""

    def __init__(
        self,
        *,
        store: Store,
        outputs: Mapping[str, Output],
        show: Callable[[str], Awaitable[wire.Alarm | None]],
        now: Callable[[], datetime],
    ) -> None:
        """`show` tells an alarm as outputs may see it."""
        self._store = store
        self._outputs = dict(outputs)
        self._show = show
        self._now = now

    async def look(self) -> None:
        """Tell what is due; called by `every`."""
        while letters := await self._store.letters(self._now()):
            await asyncio.gather(*(self._tell(letter) for letter in letters))

    async def _tell(self, letter: Letter) -> None:
        output, now = self._outputs.get(letter.output), self._now()
        note = msgspec.json.decode(letter.body, type=Note)
        alarm = await self._show(note.alarm)
        if output is None or alarm is None or letter.created < now - KEPT:
            await self._store.told(letter)
            return
        try:
            async with asyncio.timeout(TOLD_WITHIN):
                await output.tell(Told(id=letter.id, alarm=alarm, what=note.what, at=letter.created, text=note.text))
        except (NotReachableError, TimeoutError, OSError):
            wait = min(AGAIN * 2 ** min(letter.tries, 10), LONGEST_AGAIN)
            log.warning("alarm.not_told", output=letter.output, alarm=note.alarm, tries=letter.tries + 1)
            await self._store.later(letter, now + wait)
        except RefusedError:
            log.warning("alarm.telling_refused", output=letter.output, alarm=note.alarm)
            await self._store.told(letter)
        else:
            await self._store.told(letter)
