"""Call control over HTTP and over the websocket: the same wishes, the same answers."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import web
from msgspec import Struct

from ami_bridge.calls.control import Wish
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard
from ami_bridge.web.openapi import Operation
from ami_bridge.web.ops import Asked, Op

SCOPE = "dial"


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """What is told besides the verb."""

    extension: str | None = None
    """Which of one's own extensions is meant, where several take part; with `pickup`, whose telephone rings."""
    to: str | None = None
    """`redirect`, `transfer`, `consult`: whom to."""
    add: tuple[str, ...] = ()
    """`conference`: whom to call into it."""
    text: str | None = None
    """`note`: what to write down."""
    confirmed: bool = False
    """That an emergency or premium number is meant."""


class Params(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same on the websocket."""

    call: str


class Done(Struct, frozen=True):
    """It was done."""

    call: str


_ERRORS = ("not_allowed", "not_found", "gone", "busy", "unconfirmed", "rate_limited", "refused", "timeout")
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
        summary="Do something with a call, as far as its `actions` list it; `Idempotency-Key` where something rings",
        body=Body,
        result=Done,
        errors=_ERRORS,
    ),
)

OPS: dict[str, str] = {
    "call.answer": "Have one's own telephone answer the call `params.call`.",
    "call.reject": "Refuse a call that rings at one's own telephone: its caller hears busy, others go on ringing.",
    "call.hangup": "End one's own part of a call.",
    "call.hold": "Have one's own telephone put the other on hold.",
    "call.resume": "Take the other back from hold, or from a consultation.",
    "call.redirect": "Send a call that rings here on to `params.to`. Needs a `key`.",
    "call.transfer": "Give the other to `params.to` (needs a `key`); without it, to whom one has consulted.",
    "call.consult": "Ask `params.to` while the other waits. Needs a `key`.",
    "call.park": "Let the other wait on a parking place.",
    "call.fetch": "Have one's own telephone rung, to take a call from its parking place. Needs a `key`.",
    "call.pickup": "Have one's own telephone rung, to take a call that rings in one's group. Needs a `key`.",
    "call.conference": "Make the call a conference and call `params.add` into it. Needs a `key`.",
    "call.note": "Write `params.text` down about a call.",
    "call.forget": "Compare the call with what Asterisk says: one that hangs on the screen disappears.",
}


class Control(Protocol):
    """Carries wishes out."""

    async def do(self, login: str, wish: Wish, *, credential: str, key: Callable[[], str]) -> None:
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
        asked = await self._asked(request, {})
        body = Body(request.query.get("extension"))
        return answer(await self._do(asked, "end", request.match_info["id"], body))

    async def _act(self, request: web.Request) -> web.Response:
        asked = await self._asked(request, None)
        return answer(await self._do(asked, request.match_info["verb"], request.match_info["id"], asked.read(Body)))

    async def _asked(self, request: web.Request, params: dict[str, Any] | None) -> Asked:
        """Return who asks and for what, as the websocket tells it."""
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        return Asked(
            login=identity.login,
            credential=identity.credential,
            scopes=identity.scopes,
            params=await read_body(request, dict[str, Any]) if params is None else params,
            key=request.headers.get("Idempotency-Key"),
        )

    def _op(self, verb: str) -> Callable[[Asked], Awaitable[Done]]:
        async def do(asked: Asked) -> Done:
            params = asked.read(Params)
            return await self._do(asked, verb, params.call, params)

        return do

    async def _do(self, asked: Asked, verb: str, call: str, body: Body) -> Done:
        wish = Wish(
            verb=verb,
            call=call,
            extension=body.extension,
            to=body.to,
            add=body.add,
            text=body.text,
            confirmed=body.confirmed,
        )
        await self._control.do(asked.login, wish, credential=asked.credential, key=asked.needs_key)
        return Done(call)
