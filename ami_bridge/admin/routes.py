"""The routes of administration, each for the role admin alone."""

from typing import Any

from aiohttp import web

from ami_bridge.admin.desk import AdminDesk
from ami_bridge.admin.model import PeoplePage, Rules, State, TokensPage
from ami_bridge.doctor.control import language_of
from ami_bridge.doctor.examine import Doctor
from ami_bridge.doctor.model import Report
from ami_bridge.errors import BadRequestError
from ami_bridge.web.body import answer
from ami_bridge.web.identity import Guard, Identity
from ami_bridge.web.openapi import Operation

USUAL = 50
MOST = 200
LONGEST = 100
_ROLE = ("not_allowed",)
_PAGE = ("bad_request", "not_allowed")

OPERATIONS = (
    Operation(method="GET", path="/api/v1/admin/state", summary="How the house stands", result=State, errors=_ROLE),
    Operation(
        method="GET",
        path="/api/v1/admin/people",
        summary="Who works here, with roles",
        result=PeoplePage,
        query=("q", "after", "limit"),
        errors=_PAGE,
    ),
    Operation(
        method="GET",
        path="/api/v1/admin/tokens",
        summary="App tokens of all",
        result=TokensPage,
        query=("login", "after", "limit"),
        errors=_PAGE,
    ),
    Operation(
        method="DELETE",
        path="/api/v1/admin/tokens/{id}",
        summary="Revoke anybody's app token; its links end at once",
        status=204,
        errors=("not_allowed", "not_found"),
    ),
    Operation(
        method="GET",
        path="/api/v1/admin/rules",
        summary="Who may dial what, and how long things are kept, as configured",
        result=Rules,
        errors=_ROLE,
    ),
    Operation(
        method="GET",
        path="/api/v1/admin/doctor",
        summary="Look at everything now: what is wrong and how to mend it",
        result=Report,
        query=("lang",),
        errors=_PAGE,
    ),
)


class AdminRoutes:
    """The routes, over what knows."""

    def __init__(self, *, guard: Guard, desk: AdminDesk, doctor: Doctor) -> None:
        self._guard = guard
        self._desk = desk
        self._doctor = doctor

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/admin/state", self._state)
        router.add_get("/api/v1/admin/people", self._people)
        router.add_get("/api/v1/admin/tokens", self._tokens)
        router.add_delete("/api/v1/admin/tokens/{id}", self._revoke)
        router.add_get("/api/v1/admin/rules", self._rules)
        router.add_get("/api/v1/admin/doctor", self._look)

    async def _admin(self, request: web.Request) -> Identity:
        identity = await self._guard.identify(request)
        self._desk.must_administer(identity)
        return identity

    async def _state(self, request: web.Request) -> web.Response:
        await self._admin(request)
        return answer(self._desk.state())

    async def _people(self, request: web.Request) -> web.Response:
        await self._admin(request)
        page = page_of(request)
        return answer(self._desk.people(q=_short(request, "q"), after=page["after"] or "", limit=page["limit"]))

    async def _tokens(self, request: web.Request) -> web.Response:
        identity = await self._admin(request)
        return answer(
            await self._desk.tokens(identity.login, login=_short(request, "login") or None, **page_of(request))
        )

    async def _revoke(self, request: web.Request) -> web.Response:
        identity = await self._admin(request)
        await self._desk.revoke(identity.login, request.match_info["id"])
        return web.Response(status=204)

    async def _rules(self, request: web.Request) -> web.Response:
        await self._admin(request)
        return answer(self._desk.rules())

    async def _look(self, request: web.Request) -> web.Response:
        await self._admin(request)
        return answer(await self._doctor.look(language_of(request)))


def page_of(request: web.Request) -> dict[str, Any]:
    """Return which piece of a list is asked for."""
    text = request.query.get("limit", str(USUAL))
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 0 < int(text) <= MOST):  # noqa: PLR2004
        raise BadRequestError(f"limit is 1 to {MOST}.")
    return {"after": _short(request, "after") or None, "limit": int(text)}


def _short(request: web.Request, name: str) -> str:
    text = request.query.get(name, "")
    if len(text) > LONGEST:
        raise BadRequestError(f"{name} is at most {LONGEST} characters.")
    return text
