"""What is stored about oneself, and the audit log, over HTTP."""

from collections.abc import Sequence

from aiohttp import web
from msgspec import Struct

from ami_bridge.errors import BadRequestError
from ami_bridge.privacy.audit import Audit
from ami_bridge.privacy.model import Kind, Looked
from ami_bridge.privacy.stored import Stored
from ami_bridge.web.body import answer
from ami_bridge.web.identity import Guard
from ami_bridge.web.openapi import Operation

USUAL = 100
MOST = 500


class Kinds(Struct, frozen=True):
    """What is stored about oneself."""

    kinds: Sequence[Kind]


class AuditPage(Struct, frozen=True, kw_only=True):
    """A piece of the audit log, newest first."""

    entries: Sequence[Looked]
    next: str | None
    """What `after` must be to go on; null where this is the end."""


OPERATIONS = (
    Operation(method="GET", path="/api/v1/me/stored", summary="What is stored about oneself", result=Kinds),
    Operation(
        method="GET",
        path="/api/v1/audit",
        summary="Who looked at what of others; for the role auditor",
        result=AuditPage,
        query=("after", "limit"),
        errors=("bad_request", "not_allowed", "not_found"),
    ),
)


class PrivacyRoutes:
    """The routes, over what knows."""

    def __init__(self, *, guard: Guard, stored: Stored, audit: Audit) -> None:
        self._guard = guard
        self._stored = stored
        self._audit = audit

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/me/stored", self._mine)
        router.add_get("/api/v1/audit", self._read)

    async def _mine(self, request: web.Request) -> web.Response:
        identity = await self._guard.identify(request)
        return answer(Kinds(await self._stored.kinds(identity.login)))

    async def _read(self, request: web.Request) -> web.Response:
        identity = await self._guard.identify(request)
        identity.must_have("events")
        return answer(await audit_page(self._audit, identity.login, request, how="rest"))


async def audit_page(audit: Audit, login: str, request: web.Request, *, how: str) -> AuditPage:
    """Return the piece of the audit log that a request asks for."""
    text = request.query.get("limit", str(USUAL))
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 0 < int(text) <= MOST):  # noqa: PLR2004
        raise BadRequestError(f"limit is 1 to {MOST}.")
    limit = int(text)
    found = await audit.read(login, how=how, after=request.query.get("after") or None, limit=limit)
    return AuditPage(entries=found, next=found[-1].id if len(found) == limit else None)
