"""Call control over HTTP and over the websocket: the same wishes, the same answers."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web
from msgspec import Struct

from ami_bridge.calls.control import Wish
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard, Identity
from ami_bridge.web.openapi import Operation
from ami_bridge.web.ops import Asked, Op

SCOPE = "dial"


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """What is told besides the verb."""

    extension: str | None = None
    """Which of one's own extensions is meant, where several take part."""


class Params(Struct, frozen=True, forbid_unknown_fields=True):
    """The same on the websocket."""

    call: str
    extension: str | None = None


class Done(Struct, frozen=True):
    """It was done."""

    call: str


_ERRORS = ("not_allowed", "not_found", "gone", "refused", "timeout")
OPERATIONS = (
    Operation(
        method="DELETE",
        path="/api/v1/calls/{id}",
        summary="Hang up, or reject what rings",
        result=Done,
        errors=_ERRORS,
        query=("extension",),
    ),
    Operation(
        method="POST",
        path="/api/v1/calls/{id}/{verb}",
        summary="Do something with a call, as far as its `actions` list it",
        body=Body,
        result=Done,
        errors=_ERRORS,
    ),
)

OPS: dict[str, str] = {
    "call.hangup": "End one's own part of a call: `params.call`, and `params.extension` where several take part.",
    "call.reject": "Refuse a call that rings at one's own telephone: its caller hears busy, others go on ringing.",
}


class Control(Protocol):
    """Carries wishes out."""

    async def do(self, login: str, wish: Wish) -> None:
        """Do it, or raise a BridgeError."""


class CallVerbs:
    """`DELETE /calls/{id}`, `POST /calls/{id}/{verb}` and the operations `call.…`."""

    def __init__(self, *, guard: Guard, control: Control) -> None:
        self._guard = guard
        self._control = control

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_delete("/api/v1/calls/{id}", self._hang_up)
        router.add_post("/api/v1/calls/{id}/{verb}", self._act)

    def ops(self) -> dict[str, Op]:
        """Return the operations of the websocket."""
        return {name: Op(SCOPE, self._op(name.partition(".")[2])) for name in OPS}

    async def _hang_up(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        return answer(
            await self._do(identity.login, "end", request.match_info["id"], Body(request.query.get("extension")))
        )

    async def _act(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        body = await read_body(request, Body)
        return answer(await self._do(identity.login, request.match_info["verb"], request.match_info["id"], body))

    async def _identify(self, request: web.Request) -> Identity:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        return identity

    def _op(self, verb: str) -> Callable[[Asked], Awaitable[Done]]:
        async def do(asked: Asked) -> Done:
            params = asked.read(Params)
            return await self._do(asked.login, verb, params.call, Body(params.extension))

        return do

    async def _do(self, login: str, verb: str, call: str, body: Body) -> Done:
        await self._control.do(login, Wish(verb=verb, call=call, extension=body.extension))
        return Done(call)
