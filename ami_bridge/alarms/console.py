"""What people have done to alarms: the same from the page, from REST and over the websocket."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct

from ami_bridge import wire
from ami_bridge.alarms import acts
from ami_bridge.alarms.desk import AlarmDesk
from ami_bridge.alarms.letters import Writer
from ami_bridge.alarms.model import Alarm, Attempt, By, How
from ami_bridge.alarms.states import MANAGES
from ami_bridge.alarms.store import Change, Decide
from ami_bridge.errors import GoneError, NotAllowedError, NotFoundError
from ami_bridge.tasks import Errands

Name = Literal["take-over", "acknowledge", "clear", "reset", "shelve", "unshelve", "escalate"]
PLAIN: dict[Name, acts.Act] = {
    "take-over": acts.take_over,
    "acknowledge": acts.acknowledge,
    "clear": acts.clear,
    "reset": acts.reset,
    "unshelve": acts.unshelve,
    "escalate": acts.escalate,
}
FOR_MANAGERS = frozenset({"shelve", "unshelve"})
BUNDLE_TOO = frozenset({"take-over", "acknowledge"})


class Shelving(Struct, frozen=True, forbid_unknown_fields=True):
    """For how long something is set aside, and why."""

    reason: Annotated[str, Meta(min_length=3, max_length=200)]
    minutes: Annotated[int, Meta(ge=1, le=480)] = 60
    overlay: Literal["shelved", "suppressed", "out-of-service"] = "shelved"


class Store(Protocol):
    """Keeps alarms."""

    async def change(self, id_: str, decide: Decide) -> Change | None:
        """Let `decide` say what becomes of one."""

    async def get(self, id_: str) -> Alarm | None:
        """Return one."""

    async def attempts_of(self, ids: Sequence[str]) -> dict[str, list[Attempt]]:
        """Return the newest attempts of each."""


class Bundles(Protocol):
    """Does the same about all that were told with an alarm."""

    async def with_its_bundle(self, leader: str, by: By, before: datetime, act: acts.Act = ...) -> None:
        """Do it about those of before a time."""


class Console:
    """Acts for people."""

    def __init__(
        self,
        *,
        store: Store,
        desk: AlarmDesk,
        writer: Writer,
        bundles: Bundles,
        errands: Errands,
        changed: Callable[[Iterable[str]], None],
        wake: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        """`wake` makes the engine look at once."""
        self._store = store
        self._desk = desk
        self._writer = writer
        self._bundles = bundles
        self._errands = errands
        self._changed = changed
        self._wake = wake
        self._now = now

    async def act(self, login: str, id_: str, name: Name, how: How, shelving: Shelving | None = None) -> wire.Alarm:
        """Do it, kept when this returns; done before, it is no error. Raises NotAllowed-, NotFound- or GoneError."""
        person = self._desk.operator(login)
        if name in FOR_MANAGERS and not MANAGES & set(person.roles):
            raise NotAllowedError("Only who manages alarms may set one aside.")
        by = By(login=login, name=person.name, at=self._now(), how=how)
        doing = self._errands.start(self._act(id_, name, by, shelving), name="alarm act")
        await asyncio.shield(doing)
        return await self.one(login, id_)

    async def one(self, login: str, id_: str) -> wire.Alarm:
        """Return one alarm as it is in the database, open or not."""
        person = self._desk.operator(login)
        alarm = await self._store.get(id_)
        if alarm is None:
            raise NotFoundError("There is no such alarm.")
        attempts = await self._store.attempts_of([id_])
        return self._desk.show(alarm, attempts.get(id_, ()), person.roles)

    async def _act(self, id_: str, name: Name, by: By, shelving: Shelving | None) -> None:
        act = PLAIN.get(name) if shelving is None else None
        if act is None:
            how = shelving or Shelving(reason="ohne Angabe")
            until = by.at + timedelta(minutes=how.minutes)
            act = partial(acts.shelve, until=until, reason=how.reason, overlay=how.overlay)
        known = await self._store.get(id_)
        if known is None:
            raise NotFoundError("There is no such alarm.")
        if not known.open:
            raise GoneError("This alarm is closed.")

        def decide(alarm: Alarm, _live: Sequence[Attempt]) -> Change | None:
            done = act(alarm, by) if alarm.open else None
            if done is None:
                return None
            letters = () if alarm.test else self._writer.letters(id_, done.told, by.at)
            return Change(alarm=done.alarm, log=done.log, letters=letters)

        if await self._store.change(id_, decide) is not None and name in BUNDLE_TOO and known.bundled:
            await self._bundles.with_its_bundle(id_, by, by.at, act)
        self._changed({id_})
        self._wake()
