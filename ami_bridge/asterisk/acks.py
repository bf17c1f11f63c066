"""Codes that the dialplan noted while nobody answered it: read after each login and every minute, booked, deleted.

Then, after a login, the engine is told which calls live: whatever else it has claimed is lost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog

from ami_bridge.asterisk import alarm_call, translate_alarms
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.phone import Family, Row
from ami_bridge.errors import BridgeError, RefusedError

log = structlog.get_logger()

AGAIN_AFTER = 60.0
SOON = 5.0


class Link(Protocol):
    """What we need of the connection."""

    async def items(self, action: str, headers: Mapping[str, str | Sequence[str]] = ...) -> list[Message]:
        """One action that answers with a list."""


class AstDb(Protocol):
    """What we need of the PBX's database."""

    async def rows(self, family: Family) -> dict[str, str]:
        """Read a family."""

    async def write(self, row: Row, value: str) -> None:
        """Write a row, or with nothing delete it."""


class Acks:
    """Books them."""

    def __init__(
        self,
        *,
        pbx: str,
        link: Link,
        astdb: AstDb,
        book: Callable[[str], Awaitable[object]],
        adopt: Callable[[frozenset[str]], Awaitable[None]],
        again_after: float = AGAIN_AFTER,
    ) -> None:
        """`book` takes over for an attempt, the same however often; `adopt` is told which attempts' calls live."""
        self._pbx = pbx
        self._link = link
        self._astdb = astdb
        self._book = book
        self._adopt = adopt
        self._again_after = again_after
        self._said = ""
        self._booked: dict[str, None] = {}

    async def run(self) -> None:
        """Book, adopt, then book each minute, as long as the connection lives (the link cancels it)."""
        await self._try(self._equipped)
        adopted = False
        while True:
            # In this order: a call whose code was typed is no lost one; and nobody is rung before one knows which live.
            if await self._try(self.book) and not adopted:
                adopted = await self._try(self._look_at_calls)
            await self._try(self.tidy)
            await asyncio.sleep(self._again_after if adopted else min(SOON, self._again_after))

    async def book(self) -> None:
        """Book what stands there; a row stays until it is booked."""
        for key in sorted(await self._astdb.rows(alarm_call.ACKED)):
            if translate_alarms.ATTEMPT.fullmatch(key) and key not in self._booked:
                await self._book(key)
                self._booked[key] = None
                log.info("alarms.code_booked_late", attempt=key)

    async def tidy(self) -> None:
        """Delete what is booked; that takes an action for each row, and nobody waits for it."""
        for key in list(self._booked):
            await self._astdb.write(Row("ack", key.removeprefix("att-")), "")
            del self._booked[key]

    async def _look_at_calls(self) -> None:
        await self._adopt(translate_alarms.attempts(await self._link.items(*alarm_call.channels())))

    async def _equipped(self) -> None:
        """Say it loudly where the dialplan cannot ring for alarms at all."""
        try:
            there = bool(await self._link.items(*alarm_call.context()))
        except RefusedError as error:
            if "ermission" in str(error):
                raise
            there = False
        if not there:
            log.error("alarms.not_equipped", pbx=self._pbx, context=alarm_call.OUT)

    async def _try(self, do: Callable[[], Awaitable[None]]) -> bool:
        """Do it, and say once what is wrong."""
        try:
            await do()
        except BridgeError as error:
            if self._said != str(error):
                log.warning("alarms.codes_not_read", pbx=self._pbx, why=str(error))
            self._said = str(error)
            return False
        self._said = ""
        return True
