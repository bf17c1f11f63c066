"""The journal over HTTP: one's own calls, the department's where that is allowed, and one's own as a table."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from aiohttp import web
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.errors import BadRequestError
from ami_bridge.journal.desk import MOST_AT_ONCE, JournalDesk, Page, Patch
from ami_bridge.journal.hours import Hours, HouseHours
from ami_bridge.journal.missed import Group
from ami_bridge.journal.model import Filters
from ami_bridge.journal.table import table
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard, Identity
from ami_bridge.web.openapi import Operation

USUAL = 50
NARROWED_BY = ("missed", "direction", "result", "since", "until", "private")


class Groups(Struct, frozen=True):
    """Missed calls by who called."""

    groups: Sequence[Group]


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/journal",
        summary="Finished calls, newest first: one's own, or the department's where that is allowed",
        result=Page,
        query=("of", *NARROWED_BY, "q", "after", "limit"),
        errors=("bad_request", "not_allowed", "not_found"),
    ),
    Operation(
        method="GET",
        path="/api/v1/journal/missed",
        summary="Missed calls that nobody has called back, by who called",
        result=Groups,
        query=("of", "done", "since", "private"),
        errors=("bad_request", "not_allowed"),
    ),
    Operation(
        method="GET",
        path="/api/v1/journal/hours",
        summary="How many calls the house had in each hour of today",
        result=Hours,
        errors=("not_allowed", "unavailable"),
    ),
    Operation(
        method="GET",
        path="/api/v1/journal.csv",
        summary="All of one's own finished calls as a table (text/csv)",
        query=NARROWED_BY,
        errors=("bad_request", "not_allowed"),
    ),
    Operation(
        method="POST",
        path="/api/v1/journal/{id}/done",
        summary="Nothing is left to do about this missed call; for the whole department",
        result=wire.Entry,
        errors=("bad_request", "not_allowed", "not_found"),
    ),
    Operation(
        method="PATCH",
        path="/api/v1/journal/{id}",
        summary="Write a note about a call of one's own, or keep it from the department",
        body=Patch,
        result=wire.Entry,
        errors=("not_allowed", "not_found"),
    ),
)


class JournalRoutes:
    """`/api/v1/journal` and what is below it."""

    def __init__(self, *, guard: Guard, desk: JournalDesk, hours: HouseHours) -> None:
        self._guard = guard
        self._desk = desk
        self._hours = hours

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/journal", self._page)
        router.add_get("/api/v1/journal/missed", self._missed)
        router.add_get("/api/v1/journal/hours", self._today)
        router.add_get("/api/v1/journal.csv", self._table)
        router.add_post("/api/v1/journal/{id}/done", self._done)
        router.add_patch("/api/v1/journal/{id}", self._change)

    async def _page(self, request: web.Request) -> web.Response:
        identity, query = await self._who(request), request.query
        page = await self._desk.page(
            identity.login,
            query.get("of", "self"),
            _filters(query),
            q=query.get("q", ""),
            after=query.get("after") or None,
            limit=_limit(query.get("limit", str(USUAL))),
        )
        return answer(page)

    async def _missed(self, request: web.Request) -> web.Response:
        identity, query = await self._who(request), request.query
        filters = Filters(
            missed=True,
            open=not _yes(query, "done"),
            since=_filters({"since": query.get("since", "")}).since,
            private=_yes(query, "private"),
        )
        return answer(Groups(await self._desk.missed(identity.login, query.get("of", "self"), filters)))

    async def _today(self, request: web.Request) -> web.Response:
        await self._who(request)
        return answer(await self._hours.today())

    async def _table(self, request: web.Request) -> web.Response:
        identity = await self._who(request)
        text = await table(self._desk.own(identity.login, _filters(request.query)))
        return web.Response(
            body=text,
            content_type="text/csv",
            charset="utf-8",
            headers={"Content-Disposition": 'attachment; filename="journal.csv"'},
        )

    async def _done(self, request: web.Request) -> web.Response:
        identity = await self._who(request)
        return answer(await self._desk.done(identity.login, request.match_info["id"]))

    async def _change(self, request: web.Request) -> web.Response:
        identity = await self._who(request)
        patch = await read_body(request, Patch)
        return answer(await self._desk.change(identity.login, request.match_info["id"], patch))

    async def _who(self, request: web.Request) -> Identity:
        identity = await self._guard.identify(request)
        identity.must_have("events")
        return identity


class _Narrowed(Struct, frozen=True, kw_only=True):
    """What a query may say of the calls that are wanted."""

    direction: wire.Direction | None = None
    result: wire.Result | None = None
    since: datetime | None = None
    until: datetime | None = None


def _filters(query: Mapping[str, str]) -> Filters:
    """Read which calls are wanted; raises BadRequestError with one sentence."""
    said = {name: query[name] for name in _Narrowed.__struct_fields__ if query.get(name)}
    try:
        read = msgspec.convert(said, _Narrowed)
    except msgspec.ValidationError as error:
        raise BadRequestError(f"The question is not what this address takes: {error}.") from error
    for name in ("since", "until"):
        if (time := getattr(read, name)) is not None and time.tzinfo is None:
            raise BadRequestError(f"{name} needs a zone, such as 2026-11-21T12:00:00Z.")
    return Filters(
        missed=_yes(query, "missed"),
        direction=read.direction,
        result=read.result,
        since=read.since,
        until=read.until,
        private=_yes(query, "private"),
    )


def _yes(query: Mapping[str, str], name: str) -> bool:
    said = query.get(name, "").lower()
    if said not in {"", "0", "1", "true", "false"}:
        raise BadRequestError(f"{name} is 0 or 1.")
    return said in {"1", "true"}


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 0 < int(text) <= MOST_AT_ONCE):  # noqa: PLR2004
        raise BadRequestError(f"limit is 1 to {MOST_AT_ONCE}.")
    return int(text)
