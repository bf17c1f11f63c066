"""Live calls over HTTP."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web

from ami_bridge import wire
from ami_bridge.web.body import answer
from ami_bridge.web.identity import Guard


class Desk(Protocol):
    """Who sees which calls."""

    def calls(self, login: str) -> Sequence[wire.Call]:
        """Return the live calls of one person."""


class CallRoutes:
    """`GET /api/v1/calls`."""

    def __init__(self, *, guard: Guard, desk: Desk) -> None:
        self._guard = guard
        self._desk = desk

    def add(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/calls", self.live)

    async def live(self, request: web.Request) -> web.Response:
        """Answer with the caller's own live calls."""
        identity = await self._guard.identify(request)
        identity.must_have("events")
        return answer({"calls": self._desk.calls(identity.login)})
