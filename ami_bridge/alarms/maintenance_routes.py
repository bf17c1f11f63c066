"""Maintenance over HTTP: begin it, change its end, end it; for who manages alarms."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Protocol

from aiohttp import web
from msgspec import Meta, Struct

from ami_bridge.alarms.desk import AlarmDesk
from ami_bridge.alarms.maintenance import LONGEST, Maintenance
from ami_bridge.alarms.model import By
from ami_bridge.alarms.states import MANAGES
from ami_bridge.errors import NotAllowedError, NotFoundError
from ami_bridge.people.model import Person
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard
from ami_bridge.web.openapi import Operation

SCOPE = "alarms"
PATH = "/api/v1/alarms/sources/{name}/maintenance"
MOST_MINUTES = int(LONGEST.total_seconds()) // 60


class Work(Struct, frozen=True, forbid_unknown_fields=True):
    """For how long work is done at a source, and what for."""

    reason: Annotated[str, Meta(min_length=3, max_length=200)]
    minutes: Annotated[int, Meta(ge=1, le=MOST_MINUTES)] = 120
    urgent: bool = False
    """Whether also alarms of priority 1 keep silent."""


class Shown(Struct, frozen=True, kw_only=True):
    """Maintenance that is under way."""

    since: datetime
    until: datetime
    urgent: bool
    reason: str
    by: str
    """Display name."""


_ERRORS = ("not_allowed", "not_found", "unavailable")
OPERATIONS = (
    Operation(method="PUT", path=PATH, summary="Work is done at a source: until it ends its alarms ring nobody",
              body=Work, result=Shown, errors=("bad_request", *_ERRORS)),
    Operation(method="DELETE", path=PATH, summary="The work is done: what is still there rings now", status=204,
              errors=_ERRORS),
)  # fmt: skip


class Store(Protocol):
    """Keeps maintenance."""

    async def all(self) -> list[Maintenance]:
        """Return all."""

    async def begin(self, wanted: Maintenance) -> list[str]:
        """Begin it; returns which alarms are others now."""

    async def end(self, source: str, actor: str, now: datetime, *, due: bool = False) -> list[str] | None:
        """End it; returns which alarms are others now, and None where there was none."""


class MaintenanceRoutes:
    """The routes, and what is under way, for whoever shows sources."""

    def __init__(
        self,
        *,
        guard: Guard,
        desk: AlarmDesk,
        store: Store,
        sources: Iterable[str],
        changed: Callable[[Iterable[str]], None],
        now: Callable[[], datetime],
    ) -> None:
        """Take the names of all `sources`; `changed` is told which alarms are others now."""
        self._guard = guard
        self._desk = desk
        self._store = store
        self._sources = frozenset(sources)
        self._changed = changed
        self._now = now
        self._known: Mapping[str, Maintenance] = {}

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_put(PATH, self._begin)
        router.add_delete(PATH, self._end)

    def shown(self, source: str) -> Shown | None:
        """Return what is under way at a source."""
        one = self._known.get(source)
        if one is None or one.until <= self._now():
            return None
        return Shown(since=one.since, until=one.until, urgent=one.urgent, reason=one.reason, by=one.by.name)

    async def look(self) -> None:
        """End what is over by its own time, and learn what another instance has begun or ended."""
        now = self._now()
        for one in await self._store.all():
            if one.until <= now and (ids := await self._store.end(one.source, "engine", now, due=True)):
                self._changed(ids)
        await self._learn()

    async def _begin(self, request: web.Request) -> web.Response:
        person, name = await self._who(request)
        wish, now = await read_body(request, Work), self._now()
        before = self.shown(name)
        wanted = Maintenance(
            source=name,
            since=before.since if before else now,
            until=now + timedelta(minutes=wish.minutes),
            urgent=wish.urgent,
            reason=wish.reason.strip(),
            by=By(login=person.login, name=person.name, at=now, how="page"),
        )
        self._changed(await self._store.begin(wanted))
        await self._learn()
        return answer(self.shown(name))

    async def _end(self, request: web.Request) -> web.Response:
        person, name = await self._who(request)
        ids = await self._store.end(name, person.login, self._now())
        await self._learn()
        if ids is None:
            raise NotFoundError("No work is done there.")
        self._changed(ids)
        return web.Response(status=204)

    async def _who(self, request: web.Request) -> tuple[Person, str]:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        person = self._desk.operator(identity.login)
        if not MANAGES & set(person.roles):
            raise NotAllowedError("Only who manages alarms may say that work is done at a source.")
        name = request.match_info["name"]
        if name not in self._sources:
            raise NotFoundError("There is no such source.")
        return person, name

    async def _learn(self) -> None:
        self._known = {one.source: one for one in await self._store.all()}
