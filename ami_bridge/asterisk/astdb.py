"""The copy of shared names in Asterisk's own database, kept equal to ours by small calls into dialplan/store.conf."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, Protocol

import structlog
from msgspec import Struct, field

from ami_bridge.asterisk import phone, translate
from ami_bridge.asterisk.message import Message
from ami_bridge.errors import NotReachableError, RefusedError

log = structlog.get_logger()

FAMILY: Literal["cidname"] = "cidname"
OURS = "0"
"""Key of the row that says that the family is ours; without it, what stands there is some other phone book."""
MARK = "ami-bridge"
AT_ONCE = 10
"""Calls under way; more pile up in Asterisk's queue of events."""
CONFIRMED_WITHIN = 10.0
AGAIN_AFTER = 60.0
"""Seconds until another attempt after a failure."""
AT_A_STRETCH = 200
"""Names that are looked up before everything else gets its turn."""


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
    """Compares, and writes the differences, as long as a connection lives."""

    def __init__(
        self,
        *,
        pbx: str,
        link: Link,
        new_id: Callable[[], str],
        names: Callable[[], Iterable[tuple[str, str]]],
        confirmed_within: float = CONFIRMED_WITHIN,
        again_after: float = AGAIN_AFTER,
    ) -> None:
        """`names` gives the digits and names that are to stand there."""
        self._pbx = pbx
        self._link = link
        self._new_id = new_id
        self._names = names
        self._confirmed_within = confirmed_within
        self._again_after = again_after
        self._changed = asyncio.Event()
        self._writes: dict[str, _Write] = {}
        self._said = ""
        self._told_not_ours = False

    def changed(self) -> None:
        """Say that there may be other names now."""
        self._changed.set()

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

    async def run(self) -> None:
        """Compare now, after each change, and after a failure once more; the link cancels it with the connection."""
        while True:
            self._changed.clear()
            try:
                await self._compare()
            except (RefusedError, NotReachableError) as error:
                if self._said != (why := str(error)):  # one line per trouble, not one per attempt
                    log.warning("astdb.not_written", pbx=self._pbx, why=why)
                self._said = why
                again: float | None = self._again_after
            else:
                self._said, again = "", None
            try:
                async with asyncio.timeout(again):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _compare(self) -> None:
        wanted = await self._wanted()
        stored = await self._stored()
        ours = stored.pop(OURS, None) is not None
        # The mark may have got lost while rows were written: a family with nothing but rows of ours is ours.
        if not ours and any(wanted.get(key) != name for key, name in stored.items()):
            if wanted and not self._told_not_ours:
                log.warning("astdb.not_ours", pbx=self._pbx, rows=len(stored))
                self._told_not_ours = True
            return
        if wanted and not ours:
            await self._write(OURS, MARK)
        rows = [(key, "") for key in stored if key not in wanted]  # who is gone goes first
        rows += [(key, name) for key, name in wanted.items() if stored.get(key) != name]
        await self._write_all(rows)
        if ours and not wanted:
            await self._write(OURS, "")
        if rows:
            gone = sum(not name for _, name in rows)
            log.info("astdb.written", pbx=self._pbx, written=len(rows) - gone, deleted=gone, rows=len(wanted))

    async def _wanted(self) -> dict[str, str]:
        wanted = {}
        for count, (key, name) in enumerate(self._names(), start=1):
            wanted[key] = name
            if count % AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        return wanted

    async def _stored(self) -> dict[str, str]:
        """Read what is there; Asterisk may call it an error when there is nothing."""
        try:
            return translate.rows(await self._link.items(*phone.rows(FAMILY)), FAMILY)
        except RefusedError as error:
            if "not found" in str(error):
                return {}
            raise

    async def _write_all(self, rows: Sequence[tuple[str, str]]) -> None:
        """Write rows, some at a time; the first failure ends it, and the next comparison finds what is missing."""
        waiting = iter(rows)
        troubles: list[RefusedError | NotReachableError] = []
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(AT_ONCE, len(rows))):
                tasks.create_task(self._write_some(waiting, troubles), name="astdb")
        if troubles:
            raise troubles[0]

    async def _write_some(
        self, rows: Iterator[tuple[str, str]], troubles: list[RefusedError | NotReachableError]
    ) -> None:
        for key, value in rows:
            if troubles:
                return
            try:
                await self._write(key, value)
            except (RefusedError, NotReachableError) as error:
                troubles.append(error)

    async def _write(self, key: str, value: str) -> None:
        """Write one row, or delete it, and see that it is so."""
        id_ = self._new_id()
        write = self._writes[id_] = _Write()
        try:
            await self._link.send(*phone.store("name", key=key, value=value, id=id_, other_id=self._new_id()))
            async with asyncio.timeout(self._confirmed_within):
                await write.done
        except TimeoutError as error:
            raise NotReachableError("a row of AstDB was not confirmed") from error
        finally:
            del self._writes[id_]
        # Asterisk's MD5() of nothing is nothing.
        if write.sum != (hashlib.md5(value.encode(), usedforsecurity=False).hexdigest() if value else ""):
            raise RefusedError("AstDB has something else than was written")
