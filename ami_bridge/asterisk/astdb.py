"""Rows of Asterisk's own database: written by small calls into dialplan/store.conf, each confirmed; read by lists."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct, field

from ami_bridge.asterisk import phone, translate
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.phone import Row
from ami_bridge.errors import NotReachableError, RefusedError

AT_ONCE = 10
"""Calls under way; more pile up in Asterisk's queue of events."""
CONFIRMED_WITHIN = 10.0


class Link(Protocol):
    """What we need of the connection."""

    async def send(self, action: str, headers: Mapping[str, str | Sequence[str]] = ...) -> Message | list[Message]:
        """One action, one answer."""

    async def items(self, action: str, headers: Mapping[str, str | Sequence[str]] = ...) -> list[Message]:
        """One action that answers with a list."""


class _Write(Struct):
    """A row under way."""

    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    sum: str | None = None
    """What the dialplan says that stands there now."""
    answered: bool = False

    def look(self) -> None:
        """See whether both are there, in whichever order they came."""
        if self.answered and self.sum is not None and not self.done.done():
            self.done.set_result(None)


class AstDb:
    """Writes rows and knows that they are written."""

    def __init__(self, *, link: Link, new_id: Callable[[], str], confirmed_within: float = CONFIRMED_WITHIN) -> None:
        self._link = link
        self._new_id = new_id
        self._confirmed_within = confirmed_within
        self._writes: dict[str, _Write] = {}

    def take(self, message: Message) -> bool:
        """Take an event, if it is about a row under way; everything else is for others."""
        if not self._writes:
            return False
        if told := translate.stored(message):
            if write := self._writes.get(told.id):
                write.sum = told.sum
                write.look()
            return True
        if (answer := translate.originated(message)) is None or (write := self._writes.get(answer.id)) is None:
            return False
        if answer.ok:
            write.answered = True
            write.look()
        elif not write.done.done():
            write.done.set_exception(RefusedError(f"[{phone.STORE}] does not answer; is store.conf included?"))
        return True

    async def rows(self, family: phone.Family) -> dict[str, str]:
        """Read a family: values by what comes after its name. Asterisk may call it an error when there is nothing."""
        try:
            return translate.rows(await self._link.items(*phone.rows(family)), family)
        except RefusedError as error:
            if "not found" in str(error):
                return {}
            raise

    async def write_all(self, rows: Sequence[tuple[Row, str]]) -> None:
        """Write rows, some at a time; the first failure ends it, and the next comparison finds what is missing."""
        waiting = iter(rows)
        troubles: list[RefusedError | NotReachableError] = []
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(AT_ONCE, len(rows))):
                tasks.create_task(self._write_some(waiting, troubles), name="astdb")
        if troubles:
            raise troubles[0]

    async def _write_some(
        self, rows: Iterator[tuple[Row, str]], troubles: list[RefusedError | NotReachableError]
    ) -> None:
        for row, value in rows:
            if troubles:
                return
            try:
                await self.write(row, value)
            except (RefusedError, NotReachableError) as error:
                troubles.append(error)

    async def write(self, row: Row, value: str) -> None:
        """Write one row, or with nothing delete it, and see that it is so."""
        id_ = self._new_id()
        write = self._writes[id_] = _Write()
        try:
            await self._link.send(*phone.store(row, value=value, id=id_, other_id=self._new_id()))
            async with asyncio.timeout(self._confirmed_within):
                await write.done
        except TimeoutError as error:
            raise NotReachableError("a row of AstDB was not confirmed") from error
        finally:
            del self._writes[id_]
        # Asterisk's MD5() of nothing is nothing.
        if write.sum != (hashlib.md5(value.encode(), usedforsecurity=False).hexdigest() if value else ""):
            raise RefusedError("AstDB has something else than was written")
