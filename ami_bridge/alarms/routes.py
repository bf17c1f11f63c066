"""The console of alarms over HTTP and over the websocket: what is open, what was, and what is done about it."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, get_args

import msgspec
from aiohttp import web
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.alarms.console import Console, Name, Shelving
from ami_bridge.alarms.desk import AlarmDesk
from ami_bridge.alarms.model import Alarm, Attempt, Chained, How
from ami_bridge.errors import BadRequestError
from ami_bridge.web.body import answer, read_body, read_form
from ami_bridge.web.identity import Guard, Identity
from ami_bridge.web.openapi import Operation
from ami_bridge.web.ops import Asked, Op

SCOPE = "alarms"
MOST = 200
MOST_LINES = 1000
NAMES: tuple[Name, ...] = get_args(Name)
COLUMNS = ("seq", "at", "actor", "kind", "alarm", "attempt", "data", "hash")
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class Alarms(Struct, frozen=True):
    """A page of alarms."""

    alarms: Sequence[wire.Alarm]
    next: str | None = None
    """Where the next page begins; null: there is none."""


class Lines(Struct, frozen=True):
    """A part of the log, oldest first, or newest first where `before` asks for it."""

    lines: Sequence[Chained]
    next: int | None = None


class _Which(Struct, frozen=True, forbid_unknown_fields=True):
    alarm: str


class _Shelved(Struct, frozen=True, forbid_unknown_fields=True):
    alarm: str
    reason: str
    minutes: int = 60
    overlay: str = "shelved"


_ERRORS = ("not_allowed", "not_found", "gone", "unavailable")
OPERATIONS = (
    Operation(method="GET", path="/api/v1/alarms", summary="Alarms that are open, or that were", result=Alarms,
              query=("state", "after", "limit"), errors=("not_allowed",)),
    Operation(method="GET", path="/api/v1/alarms/log", summary="The chained log of alarms", result=Lines,
              query=("after", "before", "limit", "alarm"), errors=("not_allowed",)),
    Operation(method="GET", path="/api/v1/alarms/log.csv", summary="The same as a table", errors=("not_allowed",)),
    Operation(method="GET", path="/api/v1/alarms/rota", summary="Who is on duty when, and what is wrong with that",
              result=dict[str, Any], errors=("not_allowed",)),
    Operation(method="GET", path="/api/v1/alarms/sources", summary="The sources, and whether they live",
              result=dict[str, Any], errors=("not_allowed",)),
    Operation(method="GET", path="/api/v1/alarms/{id}", summary="One alarm", result=wire.Alarm, errors=_ERRORS),
    *(
        Operation(method="POST", path=f"/api/v1/alarms/{{id}}/{name}", summary=summary,
                  body=Shelving if name == "shelve" else None, result=wire.Alarm, errors=_ERRORS)
        for name, summary in (
            ("take-over", "Take care of it: nobody else is called"),
            ("acknowledge", "Confirm it"),
            ("clear", "Say that the fault is over"),
            ("reset", "Unlock one that stays until somebody has looked"),
            ("shelve", "Set it aside for a time, at most eight hours"),
            ("unshelve", "End that"),
            ("escalate", "Call more people now"),
        )
    ),
)  # fmt: skip

OPS: dict[str, str] = {
    "alarm.take-over": "Take care of alarm `params.alarm`: nobody else is called; the result is the alarm.",
    "alarm.acknowledge": "Confirm alarm `params.alarm`.",
    "alarm.clear": "Say that the fault of alarm `params.alarm` is over.",
    "alarm.reset": "Unlock alarm `params.alarm`.",
    "alarm.shelve": "Set alarm `params.alarm` aside for `params.minutes`, for `params.reason`.",
    "alarm.unshelve": "End that.",
    "alarm.escalate": "Call more people now about alarm `params.alarm`.",
}


class Archive(Protocol):
    """Closed alarms."""

    async def closed(self, *, after: str | None, limit: int) -> list[Alarm]:
        """Return closed ones, newest first."""

    async def attempts_of(self, ids: Sequence[str]) -> dict[str, list[Attempt]]:
        """Return the newest attempts of each."""


class Log(Protocol):
    """Reads the log."""

    async def log(
        self, *, after: int, limit: int, alarm: str | None = None, before: int | None = None
    ) -> list[Chained]:
        """Return lines of the log from the one after `after` on; with `before` the newest first, 0 from the end."""


class AlarmRoutes:
    """The routes, over what knows how."""

    def __init__(
        self,
        *,
        guard: Guard,
        console: Console,
        desk: AlarmDesk,
        archive: Archive,
        log: Log,
        rota: Callable[[], object],
        sources: Callable[[], object],
    ) -> None:
        """`rota` and `sources` tell what is shown of them."""
        self._guard = guard
        self._console = console
        self._desk = desk
        self._archive = archive
        self._log = log
        self._rota = rota
        self._sources = sources

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/api/v1/alarms", self._list)
        router.add_get("/api/v1/alarms/log", self._lines)
        router.add_get("/api/v1/alarms/log.csv", self._table)
        router.add_get("/api/v1/alarms/rota", self._duty)
        router.add_get("/api/v1/alarms/sources", self._alive)
        router.add_get("/api/v1/alarms/{id}", self._one)
        for name in NAMES:
            router.add_post(f"/api/v1/alarms/{{id}}/{name}", self._doing(name))

    def ops(self) -> dict[str, Op]:
        """Return the operations of the websocket."""
        return {f"alarm.{name}": Op(SCOPE, self._op(name)) for name in NAMES}

    def _doing(self, name: Name) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def do(request: web.Request) -> web.StreamResponse:
            identity = await self._identify(request)
            form = request.content_type in FORMS
            shelving = None
            if name == "shelve":
                shelving = await _of_a_form(request) if form else await read_body(request, Shelving)
            id_ = request.match_info["id"]
            done = await self._console.act(identity.login, id_, name, _how(identity.credential), shelving)
            if form:  # the page without scripts: show what it is like now
                raise web.HTTPSeeOther("/#/alarms")
            return answer(done)

        return do

    def _op(self, name: Name) -> Callable[[Asked], Awaitable[object]]:
        async def do(asked: Asked) -> object:
            shelving = None
            if name == "shelve":
                wanted = asked.read(_Shelved)
                shelving = _shelving(msgspec.structs.asdict(wanted))
                id_ = wanted.alarm
            else:
                id_ = asked.read(_Which).alarm
            return await self._console.act(asked.login, id_, name, _how(asked.credential), shelving)

        return do

    async def _list(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        state, after = request.query.get("state", "open"), request.query.get("after")
        if state == "open":
            return answer(Alarms(self._desk.open(identity.login)))
        if state != "closed":
            raise BadRequestError("`state` is open or closed.")
        roles = self._desk.operator(identity.login).roles
        limit = _number(request, "limit", 50, MOST)
        found = await self._archive.closed(after=after, limit=limit)
        attempts = await self._archive.attempts_of([one.id for one in found])
        shown = [self._desk.show(one, attempts.get(one.id, ()), roles) for one in found]
        return answer(Alarms(shown, found[-1].id if len(found) == limit else None))

    async def _one(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        return answer(await self._console.one(identity.login, request.match_info["id"]))

    async def _lines(self, request: web.Request) -> web.Response:
        lines = await self._read(request)
        return answer(Lines(lines, lines[-1].seq if len(lines) == _number(request, "limit", 200, MOST_LINES) else None))

    async def _table(self, request: web.Request) -> web.Response:
        """Give the log as a table; what a program for tables would take for a formula is put in quotes."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\r\n")
        rows.writerow(COLUMNS)
        for line in await self._read(request, 1_000_000):
            values = {**msgspec.to_builtins(line), "data": msgspec.json.encode(line.data).decode()}
            rows.writerow([_harmless(str(values[name] if values[name] is not None else "")) for name in COLUMNS])
        headers = {"Content-Disposition": 'attachment; filename="alarms.csv"'}
        return web.Response(text=text.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)

    async def _read(self, request: web.Request, most: int = MOST_LINES) -> list[Chained]:
        identity = await self._identify(request)
        self._desk.operator(identity.login)
        after = _number(request, "after", 0, 1 << 31)
        limit = most if most > MOST_LINES else _number(request, "limit", 200, most)
        before = _number(request, "before", 0, 1 << 31) if "before" in request.query else None
        return await self._log.log(after=after, limit=limit, alarm=request.query.get("alarm"), before=before)

    async def _duty(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        self._desk.operator(identity.login)
        return answer({"rotas": self._rota()})

    async def _alive(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        self._desk.operator(identity.login)
        return answer({"sources": self._sources()})

    async def _identify(self, request: web.Request) -> Identity:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        return identity


def _how(credential: str) -> How:
    return "page" if credential.startswith("session:") else "api"


async def _of_a_form(request: web.Request) -> Shelving:
    return _shelving(dict(await read_form(request)))


def _shelving(given: dict[str, Any]) -> Shelving:
    try:
        fields = {name: given[name] for name in ("reason", "minutes", "overlay") if given.get(name)}
        return msgspec.convert(fields, Shelving, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequestError(f"This is not how something is set aside: {error}.") from error


def _number(request: web.Request, name: str, usual: int, most: int) -> int:
    text = request.query.get(name, str(usual))
    if not text.isdecimal() or len(text) > 10:  # noqa: PLR2004 - digits of a number
        raise BadRequestError(f"`{name}` is not a number.")
    return min(int(text), most)


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
