"""Test alarms over HTTP and over the websocket: start one, and read whom it has reached. For who manages alarms."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from ami_bridge.alarms import reach
from ami_bridge.alarms.desk import AlarmDesk
from ami_bridge.alarms.model import By, How
from ami_bridge.alarms.reach import TEXTS, Test, Way, headline
from ami_bridge.alarms.states import MANAGES
from ami_bridge.alarms.tests_reach import Tests, Wish
from ami_bridge.errors import BadRequestError, NotAllowedError
from ami_bridge.web.body import answer, read_body, read_form
from ami_bridge.web.identity import Guard, Identity
from ami_bridge.web.openapi import Operation
from ami_bridge.web.ops import Asked, Op

SCOPE = "alarms"
MOST_SHOWN = 50
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
KEYS_KEPT = 100


class Line(Struct, frozen=True, kw_only=True):
    """A test in one line."""

    id: str
    kind: reach.TestKind
    started_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    started_by: str | None
    """Display name; null where the clock has started it."""
    who: Sequence[str]
    """The words for whom to call."""
    people: int
    """How many should have been reached: all on the list, also who has no telephone."""
    confirmed: int
    headline: str


class Row(Struct, frozen=True, kw_only=True):
    """One person on the list."""

    login: str
    name: str
    reached: bool
    why: str
    """How it ended, as attempts end; also `no_number` and `not_tried`."""
    text: str
    """The same in German."""
    confirmed_at: datetime | None
    seconds: float | None
    """From the beginning of the test on."""
    ways: Sequence[Way]


class Report(Line, frozen=True, kw_only=True):
    """Whom a test has reached."""

    text: str
    rows: Sequence[Row]
    again: Sequence[str]
    """Names of those whom the test before has not reached either."""
    sources: Sequence[Any]
    """The sources with their last signs of life, as they are now."""


class Lines(Struct, frozen=True):
    """The newest tests."""

    tests: Sequence[Line]


_ERRORS = ("not_allowed", "unavailable")
OPERATIONS = (
    Operation(method="POST", path="/api/v1/alarms/tests", summary="Call people for a test, by the way of a real alarm",
              status=201, body=Wish, result=Report, headers=("Idempotency-Key",), errors=(*_ERRORS, "busy")),
    Operation(method="GET", path="/api/v1/alarms/tests", summary="The newest tests", result=Lines, errors=_ERRORS),
    Operation(method="GET", path="/api/v1/alarms/tests/{id}", summary="Whom a test has reached, as it stands now",
              result=Report, errors=(*_ERRORS, "not_found")),
)  # fmt: skip
OPS: dict[str, str] = {
    "alarm.test": "Call all of `params.to` for a test that is heard as one; the result is its report, so far empty.",
}


class ReachRoutes:
    """The routes, over what carries tests out."""

    def __init__(
        self,
        *,
        guard: Guard,
        desk: AlarmDesk,
        tests: Tests,
        sources: Callable[[], Sequence[Any]],
        now: Callable[[], datetime],
    ) -> None:
        self._guard = guard
        self._desk = desk
        self._tests = tests
        self._sources = sources
        self._now = now
        self._keys: dict[tuple[str, str], str] = {}
        """Tests by who wished for them and the key of the wish."""

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_post("/api/v1/alarms/tests", self._post)
        router.add_get("/api/v1/alarms/tests", self._list)
        router.add_get("/api/v1/alarms/tests/{id}", self._get)

    def ops(self) -> dict[str, Op]:
        """Return the operation of the websocket."""
        return {"alarm.test": Op(SCOPE, self._op)}

    async def _post(self, request: web.Request) -> web.StreamResponse:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        form = request.content_type in FORMS
        wish = await _of_a_form(request) if form else await read_body(request, Wish)
        key = request.headers.get("Idempotency-Key", "")
        made = await self._start(identity.login, wish, key, identity.credential)
        if form:  # the page without scripts: show what it is like now
            raise web.HTTPSeeOther("/#/alarms")
        return answer(made, 201)

    async def _op(self, asked: Asked) -> Report:
        return await self._start(asked.login, asked.read(Wish), asked.needs_key(), asked.credential)

    async def _list(self, request: web.Request) -> web.Response:
        await self._manager(request)
        return answer(Lines([msgspec.convert(_line(one), Line) for one in await self._tests.newest(MOST_SHOWN)]))

    async def _get(self, request: web.Request) -> web.Response:
        await self._manager(request)
        return answer(await self._report(request.match_info["id"]))

    async def _start(self, login: str, wish: Wish, key: str, credential: str) -> Report:
        """Begin one; the same key again is the same wish."""
        name = self._name_of_manager(login)
        known = self._keys.get((login, key)) if key else None
        if known is None:
            how: How = "page" if credential.startswith("session:") else "api"
            by = By(login=login, name=name, at=self._now(), how=how)
            known = (await self._tests.start(wish, by)).id
            if key:
                self._keys[login, key] = known
            while len(self._keys) > KEYS_KEPT:
                del self._keys[next(iter(self._keys))]
        return await self._report(known)

    async def _report(self, id_: str) -> Report:
        test = await self._tests.get(id_)
        again = reach.unreached_again(test, await self._tests.before(test)) if test.ended_at is not None else []
        return Report(
            **_line(test), text=test.text, rows=[_row(test, one) for one in test.people], again=again,
            sources=self._sources(),
        )  # fmt: skip

    async def _manager(self, request: web.Request) -> Identity:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        self._name_of_manager(identity.login)
        return identity

    def _name_of_manager(self, login: str) -> str:
        """Return who manages alarms by name; raises NotAllowedError, for a report shows who does not answer."""
        person = self._desk.operator(login)
        if not MANAGES & set(person.roles):
            raise NotAllowedError("Test alarms and whom they reached are for those who manage alarms.")
        return person.name


def _line(test: Test) -> dict[str, Any]:
    return {
        "id": test.id,
        "kind": test.kind,
        "started_at": test.started_at,
        "ends_at": test.ends_at,
        "ended_at": test.ended_at,
        "started_by": test.started_by.name if test.started_by is not None else None,
        "who": test.who,
        "people": len(test.people),
        "confirmed": test.confirmed,
        "headline": headline(test),
    }


def _row(test: Test, one: reach.Reached) -> Row:
    took = (one.confirmed_at - test.started_at).total_seconds() if one.confirmed_at is not None else None
    return Row(
        login=one.login, name=one.name, reached=one.reached, why=one.why, text=TEXTS.get(one.why, one.why),
        confirmed_at=one.confirmed_at, seconds=took, ways=one.ways,
    )  # fmt: skip


async def _of_a_form(request: web.Request) -> Wish:
    given = await read_form(request)
    words = [word for said in given.getall("to", []) for word in str(said).replace(",", " ").split()]
    fields = {"to": words} | {name: given[name] for name in ("text", "seconds") if given.get(name)}
    try:
        return msgspec.convert(fields, Wish, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequestError(f"This is not how a test is asked for: {error}.") from error
