"""A visit to Asterisk: over the daemon's connection where that is up, else over one of its own, for this look alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal, Protocol

from msgspec import Struct

from ami_bridge.asterisk.link import AmiLink, LoginRefusedError
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.phone import Action
from ami_bridge.asterisk.probes import Tried, is_channel, is_outcome, tried, try_all
from ami_bridge.config import Pbx
from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.tasks import race

HEARD = frozenset({"UserEvent", "OriginateResponse", "Newchannel"})
LOGIN_WITHIN = 6.0
HEARD_WITHIN = 2.0

Trouble = Literal["", "away", "refused", "not_booted"]


class Link(Protocol):
    """What we need of the daemon's connection."""

    @property
    def up(self) -> bool:
        """Whether there is one."""

    async def send(self, action: str, headers: Mapping[str, str | Sequence[str]] = ...) -> Message | list[Message]:
        """One action, one answer."""


class Heard(Struct):
    """What came of having the dialplan try."""

    told: Tried | None = None
    channel: bool = False
    outcome: bool = False


class Ear:
    """Hears what comes of it; takes nothing from anybody."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Heard, asyncio.Event]] = {}

    def take(self, message: Mapping[str, str]) -> bool:
        """Listen to an event; others hear it too."""
        for id_, (heard, enough) in self._waiting.items():
            told = tried(message)
            if told is not None and told.id == id_:
                heard.told = told
            heard.channel = heard.channel or is_channel(message, id_)
            heard.outcome = heard.outcome or is_outcome(message, id_)
            if heard.told is not None and heard.channel and heard.outcome:
                enough.set()
        return False

    async def listen(self, id_: str, send: Callable[[], object], within: float) -> Heard:
        """Have it sent, and return what was heard until all came, or the time is over."""
        heard, enough = self._waiting.setdefault(id_, (Heard(), asyncio.Event()))
        try:
            if asyncio.iscoroutine(sent := send()):
                await sent
            async with asyncio.timeout(within):
                await enough.wait()
        except TimeoutError:
            pass
        finally:
            del self._waiting[id_]
        return heard


class Visit:
    """A connection for one look, or why there is none; what was learnt is not asked twice."""

    def __init__(self, link: Link | None, ear: Ear, *, trouble: Trouble = "", why: str = "") -> None:
        self._link = link
        self._ear = ear
        self.trouble: Trouble = trouble
        self.why = why

    async def ask(self, action: Action) -> Message:
        """One answer. Raises RefusedError, NotReachableError."""
        answer = await self._send(action)
        return answer if isinstance(answer, Message) else (answer[0] if answer else Message(b""))

    async def items(self, action: Action) -> list[Message]:
        """Return a list; Asterisk calls it an error where there is nothing."""
        try:
            answer = await self._send(action)
        except RefusedError as error:
            if "ermission" in str(error):
                raise
            return []
        return answer if isinstance(answer, list) else []

    async def has(self, action: Action) -> bool:
        """Whether there is any of it."""
        return bool(await self.items(action))

    async def have_tried(self, sounds: Sequence[str], *, id_: str, other_id: str) -> Heard:
        """Have the dialplan try what a call needs."""
        action = try_all(sounds, id=id_, other_id=other_id)
        return await self._ear.listen(id_, lambda: self._send(action), HEARD_WITHIN)

    async def _send(self, action: Action) -> Message | list[Message]:
        if self._link is None:
            raise NotReachableError("Asterisk is not connected")
        return await self._link.send(action.name, action.headers)


@asynccontextmanager
async def visit(config: Pbx, link: Link | None, ear: Ear, *, within: float = LOGIN_WITHIN) -> AsyncIterator[Visit]:
    """Go there; never raises for what is wrong there, the visit tells."""
    if link is not None and link.up:
        yield Visit(link, ear)
        return
    own, ready = AmiLink(config, wanted=HEARD), asyncio.Event()
    trouble: tuple[Trouble, str] = ("", "")

    async def arrived() -> None:
        ready.set()
        await asyncio.Event().wait()

    def hear(message: Message) -> None:
        ear.take(message)

    async def go() -> None:
        nonlocal trouble
        try:
            await own.once(hear, connected=arrived)
        except LoginRefusedError as error:
            trouble = ("refused", str(error))
        except (OSError, UnicodeError, RefusedError, NotReachableError) as error:
            trouble = ("away", str(error) or type(error).__name__)

    async with asyncio.TaskGroup() as tasks:
        going = tasks.create_task(go(), name="doctor's own connection")
        try:
            async with asyncio.timeout(within):
                await race(ready.wait(), asyncio.wait({going}))
        except TimeoutError:
            trouble = ("not_booted" if own.up else "away", "no answer in time")
        try:
            yield Visit(own if ready.is_set() else None, ear, trouble=trouble[0], why=trouble[1])
        finally:
            going.cancel()
