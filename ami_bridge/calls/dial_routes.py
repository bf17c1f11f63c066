"""Dialling over HTTP and the websocket."""

from typing import Any, Protocol

from aiohttp import web
from msgspec import Struct

from ami_bridge.calls.dial import Wanted
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard
from ami_bridge.web.openapi import Operation
from ami_bridge.web.ops import Asked, Op


class Called(Struct, frozen=True):
    """A call that is under way."""

    call: str
    """Its id: what becomes of it comes as news of this call."""


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/calls",
        summary="Have one's own telephone rung, then whom one wants to call",
        status=201,
        body=Wanted,
        result=Called,
        headers=("Idempotency-Key",),
        errors=("not_allowed", "not_found", "unconfirmed", "rate_limited", "refused", "timeout"),
    ),
)
OPS: dict[str, str] = {
    "call.originate": "Call `params.to`: one's own telephone rings first, `params.device` if that is given. Needs a "
    "`key`, and `params.confirmed` for emergency and premium numbers. `result.call` is the call's id, at once; what "
    "becomes of it comes as news of this call.",
}


class Dial(Protocol):
    """Who dials for people."""

    async def call(self, login: str, wanted: Wanted, *, key: str, credential: str) -> str:
        """Have somebody's own telephone rung; the call's id."""


class DialRoutes:
    """`POST /api/v1/calls`, and the same for the websocket."""

    def __init__(self, *, guard: Guard, dial: Dial) -> None:
        self._guard = guard
        self._dial = dial

    def ops(self) -> dict[str, Op]:
        """Return what can be asked for on a websocket."""
        return {"call.originate": Op(scope="dial", do=self.originate)}

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the route into the application."""
        router.add_post("/api/v1/calls", self.dial)

    async def dial(self, request: web.Request) -> web.Response:
        """Dial, and answer as soon as it is under way."""
        identity = await self._guard.identify(request)
        identity.must_have("dial")
        asked = Asked(
            login=identity.login,
            credential=identity.credential,
            scopes=identity.scopes,
            params=await read_body(request, dict[str, Any]),
            key=request.headers.get("Idempotency-Key"),
        )
        return answer(await self.originate(asked), 201)

    async def originate(self, asked: Asked) -> Called:
        """Dial for who asks."""
        key, wanted = asked.needs_key(), asked.read(Wanted)
        return Called(await self._dial.call(asked.login, wanted, key=key, credential=asked.credential))
