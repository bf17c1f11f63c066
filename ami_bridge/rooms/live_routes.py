"""What moderators do, over HTTP and over the websocket."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from ami_bridge import wire
from ami_bridge.calls.once import Once
from ami_bridge.rooms.desk import RoomDesk
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.moderate import Moderate, act
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard, Identity
from ami_bridge.web.openapi import Operation
from ami_bridge.web.ops import LONGEST_KEY, Asked, Op

SCOPE = "rooms"


class CalledIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to call into the room."""

    to: Annotated[str, Meta(max_length=100)]


class Heard(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether somebody is heard."""

    muted: bool


class _Whole(Struct, frozen=True, forbid_unknown_fields=True):
    room: str


class _One(Struct, frozen=True, forbid_unknown_fields=True):
    room: str
    participant: str


class _Called(Struct, frozen=True, forbid_unknown_fields=True):
    room: str
    to: str


_ERRORS = ("not_allowed", "not_found", "gone", "refused")
OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/rooms/{number}/participants",
        summary="Call somebody into the room; they are in when they press 1",
        status=202,
        body=CalledIn,
        errors=(*_ERRORS, "rate_limited"),
    ),
    Operation(
        method="PATCH",
        path="/api/v1/rooms/{number}/participants/{id}",
        summary="Silence somebody, or let them be heard again",
        body=Heard,
        result=wire.Room,
        errors=_ERRORS,
    ),
    Operation(
        method="DELETE",
        path="/api/v1/rooms/{number}/participants/{id}",
        summary="Remove somebody; their PIN opens the room no more",
        result=wire.Room,
        errors=_ERRORS,
    ),
    Operation(
        method="POST",
        path="/api/v1/rooms/{number}/{verb}",
        summary="Lock or unlock a room, mute or unmute all but moderators, record, stop recording, or end it",
        status=204,
        errors=("bad_request", *_ERRORS),
    ),
)

OPS: dict[str, str] = {
    "room.call": "Call `params.to` into the room `params.room`; they are in when they press 1.",
    "room.mute": "Silence `params.participant` of the room `params.room`.",
    "room.unmute": "Let `params.participant` of the room `params.room` be heard again.",
    "room.remove": "Remove `params.participant` from the room `params.room`; their PIN opens it no more.",
    "room.lock": "Let nobody else into the room `params.room`.",
    "room.unlock": "Let people into the room `params.room` again.",
    "room.mute_all": "Silence all but moderators of the room `params.room`.",
    "room.unmute_all": "Let all of the room `params.room` be heard again.",
    "room.record": "Record what is said in the room `params.room`; everybody is told.",
    "room.stop": "Stop recording the room `params.room`.",
    "room.end": "End the room `params.room`: everybody is sent away, nobody gets in any more.",
}


class LiveRoutes:
    """The routes, over who does it."""

    def __init__(self, *, guard: Guard, moderate: Moderate, keeper: Keeper, desk: RoomDesk, once: Once) -> None:
        self._guard = guard
        self._moderate = moderate
        self._keeper = keeper
        self._desk = desk
        self._once = once

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_post("/api/v1/rooms/{number}/participants", self._call)
        router.add_patch("/api/v1/rooms/{number}/participants/{id}", self._mute)
        router.add_delete("/api/v1/rooms/{number}/participants/{id}", self._remove)
        router.add_post("/api/v1/rooms/{number}/{verb}", self._act)

    def control(self, router: web.UrlDispatcher) -> None:
        """Add what who administers the server may do; `add_to` of the control socket."""
        router.add_post("/rooms/{number}/stop", self._stop_any)

    def ops(self) -> dict[str, Op]:
        """Return the operations of the websocket."""
        moderate = self._moderate

        def whole(verb: str) -> Callable[[Asked], Awaitable[object]]:
            return lambda asked: act(moderate, asked.login, asked.read(_Whole).room, verb)

        def heard(*, on: bool) -> Callable[[Asked], Awaitable[object]]:
            def do(asked: Asked) -> Awaitable[object]:
                one = asked.read(_One)
                return moderate.mute(asked.login, one.room, one.participant, on=on)

            return do

        async def called(asked: Asked) -> None:
            await self._called(asked.login, asked.credential, asked.needs_key(), asked.read(_Called))

        def removed(asked: Asked) -> Awaitable[object]:
            one = asked.read(_One)
            return moderate.remove(asked.login, one.room, one.participant)

        table = {
            "room.call": called,
            "room.mute": heard(on=True),
            "room.unmute": heard(on=False),
            "room.remove": removed,
            "room.lock": whole("lock"),
            "room.unlock": whole("unlock"),
            "room.mute_all": whole("mute"),
            "room.unmute_all": whole("unmute"),
            "room.record": whole("record"),
            "room.stop": whole("stop"),
            "room.end": whole("end"),
        }
        return {name: Op(SCOPE, do) for name, do in table.items()}

    async def _call(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        wish = await read_body(request, CalledIn)
        key = request.headers.get("Idempotency-Key", "")[:LONGEST_KEY] or secrets.token_hex(16)
        called = _Called(room=request.match_info["number"], to=wish.to)
        await self._called(identity.login, identity.credential, key, called)
        return web.Response(status=202)

    async def _called(self, login: str, credential: str, key: str, one: _Called) -> None:
        """Call somebody in; the same key again calls nobody."""
        await self._once.do(
            login,
            key,
            one,
            check=lambda: None,
            errand=lambda _id, _: self._moderate.call_in(login, one.room, one.to, credential=credential),
        )

    async def _mute(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        heard, where = await read_body(request, Heard), request.match_info
        await self._moderate.mute(identity.login, where["number"], where["id"], on=heard.muted)
        return self._room(identity, where["number"])

    async def _remove(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        where = request.match_info
        await self._moderate.remove(identity.login, where["number"], where["id"])
        return self._room(identity, where["number"])

    async def _act(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        where = request.match_info
        await act(self._moderate, identity.login, where["number"], where["verb"])
        return web.Response(status=204)

    async def _stop_any(self, request: web.Request) -> web.Response:
        await self._moderate.stop_any(request.match_info["number"])
        return web.Response(status=204)

    def _room(self, identity: Identity, number: str) -> web.Response:
        return answer(self._desk.show(self._keeper.seen_by(identity.login, number), identity.login))

    async def _identify(self, request: web.Request) -> Identity:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        return identity
