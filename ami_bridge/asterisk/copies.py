"""Families of AstDB kept equal to what the daemon knows, as long as a connection lives."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime

import structlog

from ami_bridge.asterisk.astdb import AstDb
from ami_bridge.asterisk.phone import Row
from ami_bridge.errors import NotReachableError, RefusedError

log = structlog.get_logger()

FORGET_EVERY = 3600.0
OURS = "0"
"""Key of the row that says that the family of names is ours; without it, what stands there is some other phone book."""
MARK = "ami-bridge"
AGAIN_AFTER = 60.0
"""Seconds until another attempt after a failure."""
AT_A_STRETCH = 200
"""Names that are looked up before everything else gets its turn."""


class Copy:
    """Compares now, after each change, and after a failure once more."""

    def __init__(
        self, *, pbx: str, what: str, compare: Callable[[], Awaitable[None]], again_after: float = AGAIN_AFTER
    ) -> None:
        self._pbx = pbx
        self._what = what
        self._compare = compare
        self._again_after = again_after
        self._changed = asyncio.Event()
        self._said = ""

    def changed(self) -> None:
        """Say that there may be something else to write now."""
        self._changed.set()

    async def run(self) -> None:
        """Keep it equal; the link cancels it with the connection."""
        while True:
            self._changed.clear()
            try:
                await self._compare()
            except (RefusedError, NotReachableError) as error:
                if self._said != (why := str(error)):  # one line per trouble, not one per attempt
                    log.warning("astdb.not_written", pbx=self._pbx, family=self._what, why=why)
                self._said = why
                again: float | None = self._again_after
            else:
                self._said, again = "", None
            try:
                async with asyncio.timeout(again):
                    await self._changed.wait()
            except TimeoutError:
                continue


class Names:
    """The shared names that telephones show while the daemon is away."""

    def __init__(self, *, pbx: str, astdb: AstDb, names: Callable[[], Iterable[tuple[str, str]]]) -> None:
        """`names` gives the digits and names that are to stand there."""
        self._pbx = pbx
        self._astdb = astdb
        self._names = names
        self._told_not_ours = False

    async def compare(self) -> None:
        """Write the differences."""
        wanted = await self._wanted()
        stored = await self._astdb.rows("cidname")
        ours = stored.pop(OURS, None) is not None
        # The mark may have got lost while rows were written: a family with nothing but rows of ours is ours.
        if not ours and any(wanted.get(key) != name for key, name in stored.items()):
            if wanted and not self._told_not_ours:
                log.warning("astdb.not_ours", pbx=self._pbx, rows=len(stored))
                self._told_not_ours = True
            return
        if wanted and not ours:
            await self._astdb.write(Row("name", OURS), MARK)
        rows = [(Row("name", key), "") for key in stored if key not in wanted]  # who is gone goes first
        rows += [(Row("name", key), name) for key, name in wanted.items() if stored.get(key) != name]
        await self._astdb.write_all(rows)
        if ours and not wanted:
            await self._astdb.write(Row("name", OURS), "")
        _say(self._pbx, "names", rows, len(wanted))

    async def _wanted(self) -> dict[str, str]:
        wanted = {}
        for count, (key, name) in enumerate(self._names(), start=1):
            wanted[key] = name
            if count % AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        return wanted


class Rooms:
    """The conference rooms and their PINs: all that a caller needs to get in."""

    def __init__(self, *, pbx: str, astdb: AstDb, rows: Callable[[], Mapping[Row, str]]) -> None:
        """`rows` gives what is to stand there."""
        self._pbx = pbx
        self._astdb = astdb
        self._rows = rows

    async def compare(self) -> None:
        """Write the differences: a room goes before its PINs, and comes after them."""
        stored = {Row("room", key): value for key, value in (await self._astdb.rows("confroom")).items()}
        for key, value in (await self._astdb.rows("confpin")).items():
            room, _, pin = key.partition("/")
            stored[Row("pin", room, pin)] = value
        wanted = self._rows()
        gone = sorted((row for row in stored if row not in wanted), key=lambda row: row.verb, reverse=True)
        new = sorted(row for row in wanted if stored.get(row) != wanted[row])
        rows = [(row, "") for row in gone if row.key.isdigit()] + [(row, wanted[row]) for row in new]
        for verb in ("room", "pin"):
            await self._astdb.write_all([(row, value) for row, value in rows if not value and row.verb == verb])
        for verb in ("pin", "room"):
            await self._astdb.write_all([(row, value) for row, value in rows if value and row.verb == verb])
        _say(self._pbx, "rooms", rows, len(wanted))


class Failures:
    """Who mistyped a PIN, and in which room, which dialplan/rooms.conf counts: forgotten when it counts no more."""

    def __init__(self, *, pbx: str, astdb: AstDb, now: Callable[[], datetime]) -> None:
        self._pbx = pbx
        self._astdb = astdb
        self._now = now

    async def run(self) -> None:
        """Forget again and again; the link cancels it with the connection."""
        while True:
            try:
                await self.forget()
            except (RefusedError, NotReachableError) as error:
                log.warning("astdb.not_written", pbx=self._pbx, family="failures", why=str(error))
            await asyncio.sleep(FORGET_EVERY)

    async def forget(self) -> None:
        """Delete rows whose first failure is an hour ago: numbers of callers, and whatever they took for a room."""
        before = self._now().timestamp() - FORGET_EVERY
        rows = []
        for key, value in (await self._astdb.rows("conffail")).items():
            _, _, first = value.partition(":")
            number = key.removeprefix("room-")
            if _are_digits(number) and (not _are_digits(first) or int(first) < before):
                rows.append((Row("fail", number, "room" if number != key else ""), ""))
        await self._astdb.write_all(rows)
        _say(self._pbx, "failures", rows, 0)


def _are_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _say(pbx: str, family: str, rows: list[tuple[Row, str]], total: int) -> None:
    if rows:
        gone = sum(not value for _, value in rows)
        log.info("astdb.written", pbx=pbx, family=family, written=len(rows) - gone, deleted=gone, rows=total)
