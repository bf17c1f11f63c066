"""Live calls over HTTP."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.web.body import answer
from ami_bridge.web.identity import Guard
from ami_bridge.web.openapi import Operation


class Calls(Struct, frozen=True):
    """Somebody's calls, and whether they are live."""

    calls: Sequence[wire.Call]
    bridges: Sequence[wire.Bridge]
    """While `ami` is `down`, the calls are those that were known last."""


OPERATIONS = (
    Operation(
        method="GET", path="/api/v1/calls", summary="One's own live calls", result=Calls, errors=("not_allowed",)
    ),
)


class Desk(Protocol):
    """Who sees which calls."""

    @property
    def bridge(self) -> wire.Bridge:
        """Whether what is known is live."""

    def calls(self, login: str) -> Sequence[wire.Call]:
        """Return the live calls of one person."""


class CallRoutes:
    """`GET /api/v1/calls`."""

    def __init__(self, *, guard: Guard, desk: Desk) -> None:
        self._guard = guard
        self._desk = desk

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/calls", self.live)

    async def live(self, request: web.Request) -> web.Response:
        """Answer with the caller's own live calls."""
        identity = await self._guard.identify(request)
        identity.must_have("events")
        return answer(Calls(calls=self._desk.calls(identity.login), bridges=[self._desk.bridge]))
