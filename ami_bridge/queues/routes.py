"""Queues over HTTP and over the websocket: the same wishes, the same answers."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import web
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.queues.control import Wish
from ami_bridge.queues.desk import QueueDesk
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard
from ami_bridge.web.openapi import Operation
from ami_bridge.web.ops import Asked, Op

SCOPE = "dial"


class Queues(Struct, frozen=True):
    """All queues that the reader may see."""

    queues: tuple[wire.Queue, ...]


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """What is told besides the verb."""

    caller: str = ""
    """`take`: who of those that wait."""
    member: str = ""
    """`pause`, `unpause`, `logout`: who; without it one's own telephone."""


class Params(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same on the websocket."""

    queue: str


_ERRORS = ("bad_request", "not_allowed", "not_found", "gone", "refused", "timeout")
OPERATIONS = (
    Operation(
        method="GET", path="/api/v1/queues", summary="The queues one may see", result=Queues, errors=("not_allowed",)
    ),
    Operation(
        method="POST",
        path="/api/v1/queues/{name}/{verb}",
        summary="Take who waits (`Idempotency-Key`), pause, go on, log in or out of a queue, as far as `actions` say",
        body=Body,
        result=wire.Queue,
        errors=_ERRORS,
    ),
)

OPS: dict[str, str] = {
    "queue.take": "Have one's own telephone rung by `params.caller`, who waits in the queue `params.queue`.",
    "queue.pause": "Have the queue `params.queue` not ring one's own telephone, or that of `params.member`.",
    "queue.unpause": "Have the queue `params.queue` ring it again.",
    "queue.login": "Serve the queue `params.queue` with one's own telephone.",
    "queue.logout": "Serve the queue `params.queue` no longer.",
}


class Control(Protocol):
    """Carries wishes out."""

    async def do(self, login: str, wish: Wish, *, credential: str, key: Callable[[], str]) -> wire.Queue:
        """Do it, or raise a BridgeError."""


class QueueRoutes:
    """`GET /queues`, `POST /queues/{name}/{verb}` and the operations `queue.…`."""

    def __init__(self, *, guard: Guard, control: Control, desk: QueueDesk) -> None:
        self._guard = guard
        self._control = control
        self._desk = desk

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/queues", self._all)
        router.add_post("/api/v1/queues/{name}/{verb}", self._act)

    def ops(self) -> dict[str, Op]:
        """Return the operations of the websocket."""
        return {name: Op(SCOPE, self._op(name.partition(".")[2])) for name in OPS}

    async def _all(self, request: web.Request) -> web.Response:
        identity = await self._guard.identify(request)
        identity.must_have("events")
        return answer(Queues(self._desk.queues(identity.login)))

    async def _act(self, request: web.Request) -> web.Response:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        asked = Asked(
            login=identity.login,
            credential=identity.credential,
            scopes=identity.scopes,
            params=await read_body(request, dict[str, Any]),
            key=request.headers.get("Idempotency-Key"),
        )
        return answer(
            await self._do(asked, request.match_info["verb"], request.match_info["name"], asked.read(Body))
        )  # fmt: skip

    def _op(self, verb: str) -> Callable[[Asked], Awaitable[wire.Queue]]:
        async def do(asked: Asked) -> wire.Queue:
            params = asked.read(Params)
            return await self._do(asked, verb, params.queue, params)

        return do

    async def _do(self, asked: Asked, verb: str, queue: str, body: Body) -> wire.Queue:
        wish = Wish(verb=verb, queue=queue, caller=body.caller, member=body.member)
        return await self._control.do(asked.login, wish, credential=asked.credential, key=asked.needs_key)
