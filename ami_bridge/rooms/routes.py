"""Rooms over HTTP, over the websocket and over the control socket: the same wishes, the same answers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from ami_bridge import wire
from ami_bridge.calls.once import Once
from ami_bridge.errors import BadRequestError, GoneError, NotFoundError
from ami_bridge.rooms.desk import RoomDesk
from ami_bridge.rooms.keeper import Keeper
from ami_bridge.rooms.wishes import MOST_PINS, Change, Invited, Wish
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard, Identity
from ami_bridge.web.openapi import Operation
from ami_bridge.web.ops import LONGEST_KEY, Asked, Op

SCOPE = "rooms"


class Rooms(Struct, frozen=True):
    """The rooms that somebody may see."""

    rooms: Sequence[wire.Room]


class Made(Struct, frozen=True, forbid_unknown_fields=True):
    """A room for somebody, as the administrator makes it."""

    owner: Annotated[str, Meta(max_length=200)]
    room: Wish


class _Number(Struct, frozen=True, forbid_unknown_fields=True):
    room: str


class _Changed(Struct, frozen=True, forbid_unknown_fields=True):
    room: str
    change: Change


class _Guest(Struct, frozen=True, forbid_unknown_fields=True):
    room: str
    who: Invited | None = None
    people: Annotated[list[Invited], Meta(max_length=MOST_PINS)] = []


class Guests(Struct, frozen=True, forbid_unknown_fields=True):
    """Several people who get a PIN each; all, or none."""

    people: Annotated[list[Invited], Meta(min_length=1, max_length=MOST_PINS)]


class Moderates(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether somebody who was invited moderates."""

    moderates: bool


class _Moderates(Struct, frozen=True, forbid_unknown_fields=True):
    room: str
    pin: str
    moderates: bool


class _Pin(Struct, frozen=True, forbid_unknown_fields=True):
    room: str
    pin: str


_ERRORS = ("not_allowed", "not_found", "gone", "busy")
OPERATIONS = (
    Operation(method="GET", path="/api/v1/rooms", summary="The conference rooms one may see", result=Rooms,
              errors=("not_allowed",)),
    Operation(method="POST", path="/api/v1/rooms", summary="Make a conference room; it can be dialled at once",
              status=201, body=Wish, result=wire.Room, errors=_ERRORS),
    Operation(method="GET", path="/api/v1/rooms/{number}", summary="One room", result=wire.Room, errors=_ERRORS),
    Operation(method="PATCH", path="/api/v1/rooms/{number}", summary="Change a room", body=Change, result=wire.Room,
              errors=_ERRORS),
    Operation(method="DELETE", path="/api/v1/rooms/{number}", summary="End a room", status=204, errors=_ERRORS),
    Operation(method="POST", path="/api/v1/rooms/{number}/pins", summary="Give one more person a PIN", status=201,
              body=Invited, result=wire.Room, errors=_ERRORS),
    Operation(method="POST", path="/api/v1/rooms/{number}/invite", summary="Give several people a PIN each",
              status=201, body=Guests, result=wire.Room, errors=_ERRORS),
    Operation(method="PATCH", path="/api/v1/rooms/{number}/pins/{id}",
              summary="Have somebody who was invited moderate, or no more", body=Moderates, result=wire.Room,
              errors=_ERRORS),
    Operation(method="DELETE", path="/api/v1/rooms/{number}/pins/{id}",
              summary="Revoke a PIN; guests, and who made the room, get another", result=wire.Room, errors=_ERRORS),
)  # fmt: skip

OPS: dict[str, str] = {
    "room.make": "Make a conference room as `params` wishes it; the result is the room. The same `key`: the same room.",
    "room.change": "Change room `params.room` by `params.change`.",
    "room.delete": "End room `params.room`: nobody gets in any more.",
    "room.invite": "Give `params.who`, or each of `params.people`, a PIN of their own for room `params.room`.",
    "room.let_moderate": "Have who got PIN `params.pin` of room `params.room` moderate, or not: `params.moderates`.",
    "room.revoke": "Revoke PIN `params.pin` of room `params.room`; guests, and who made it, get another one.",
}


class RoomRoutes:
    """The routes, over what knows how."""

    def __init__(self, *, guard: Guard, keeper: Keeper, desk: RoomDesk, once: Once) -> None:
        self._guard = guard
        self._keeper = keeper
        self._desk = desk
        self._once = once

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes for people."""
        router.add_get("/api/v1/rooms", self._list)
        router.add_post("/api/v1/rooms", self._make)
        router.add_get("/api/v1/rooms/{number}", self._one)
        router.add_patch("/api/v1/rooms/{number}", self._change)
        router.add_delete("/api/v1/rooms/{number}", self._delete)
        router.add_post("/api/v1/rooms/{number}/pins", self._invite)
        router.add_post("/api/v1/rooms/{number}/invite", self._invite_all)
        router.add_patch("/api/v1/rooms/{number}/pins/{id}", self._let_moderate)
        router.add_delete("/api/v1/rooms/{number}/pins/{id}", self._revoke)

    def control(self, router: web.UrlDispatcher) -> None:
        """Add the routes of the control socket."""
        router.add_get("/rooms", self._all)
        router.add_post("/rooms", self._make_for)
        router.add_delete("/rooms/{number}", self._end_any)

    def ops(self) -> dict[str, Op]:
        """Return the operations of the websocket."""
        table: dict[str, Callable[[Asked], Awaitable[object]]] = {
            "room.make": lambda asked: self.make(asked.login, asked.read(Wish), key=(asked.key or "")[:LONGEST_KEY]),
            "room.change": self._op_change,
            "room.delete": self._op_delete,
            "room.invite": self._op_invite,
            "room.let_moderate": self._op_let_moderate,
            "room.revoke": self._op_revoke,
        }
        return {name: Op(SCOPE, do) for name, do in table.items()}

    async def make(self, login: str, wish: Wish, *, key: str = "") -> wire.Room:
        """Make a room for its owner; the same key again is the same room."""
        if not key:
            return self._desk.show(await self._keeper.make(login, wish), login)

        async def errand(id_: str, _: None) -> None:
            await self._keeper.make(login, wish, id_=id_)

        made = self._keeper.by_id(await self._once.do(login, key, wish, check=lambda: None, errand=errand))
        if made is None:
            raise GoneError("This room was made, and has ended since.")
        return self._desk.show(made, login)

    async def change(self, login: str, number: str, change: Change) -> wire.Room:
        """Change a room that this person moderates."""
        self._keeper.moderated_by(login, number)
        return self._desk.show(await self._keeper.change(number, change), login)

    async def end(self, login: str, number: str) -> None:
        """End a room that this person moderates."""
        self._keeper.moderated_by(login, number)
        await self._keeper.end(number)

    async def invite(self, login: str, number: str, *people: Invited) -> wire.Room:
        """Give people a PIN each."""
        room = self._keeper.moderated_by(login, number)
        await self._keeper.invite(number, *people)
        return self._desk.show(room, login)

    async def let_moderate(self, login: str, number: str, pin: str, *, on: bool) -> wire.Room:
        """Have somebody moderate, or no more."""
        room = self._keeper.moderated_by(login, number)
        await self._keeper.let_moderate(number, pin, on=on)
        return self._desk.show(room, login)

    async def revoke(self, login: str, number: str, pin: str) -> wire.Room:
        """Revoke a PIN."""
        room = self._keeper.moderated_by(login, number)
        await self._keeper.revoke(number, pin)
        return self._desk.show(room, login)

    # -- HTTP ---------------------------------------------------------------------------------------------------------

    async def _list(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        return answer(Rooms(self._desk.rooms(identity.login)))

    async def _make(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        key = request.headers.get("Idempotency-Key", "")[:LONGEST_KEY]
        return answer(await self.make(identity.login, await read_body(request, Wish), key=key), 201)

    async def _one(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        room = self._keeper.seen_by(identity.login, request.match_info["number"])
        return answer(self._desk.show(room, identity.login))

    async def _change(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        change = await read_body(request, Change)
        return answer(await self.change(identity.login, request.match_info["number"], change))

    async def _delete(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        await self.end(identity.login, request.match_info["number"])
        return web.Response(status=204)

    async def _invite(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        who = await read_body(request, Invited)
        return answer(await self.invite(identity.login, request.match_info["number"], who), 201)

    async def _invite_all(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        guests = await read_body(request, Guests)
        return answer(await self.invite(identity.login, request.match_info["number"], *guests.people), 201)

    async def _let_moderate(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        where, wish = request.match_info, await read_body(request, Moderates)
        return answer(await self.let_moderate(identity.login, where["number"], where["id"], on=wish.moderates))

    async def _revoke(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        where = request.match_info
        return answer(await self.revoke(identity.login, where["number"], where["id"]))

    async def _identify(self, request: web.Request) -> Identity:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        return identity

    # -- websocket ----------------------------------------------------------------------------------------------------

    async def _op_change(self, asked: Asked) -> wire.Room:
        params = asked.read(_Changed)
        return await self.change(asked.login, params.room, params.change)

    async def _op_delete(self, asked: Asked) -> None:
        await self.end(asked.login, asked.read(_Number).room)

    async def _op_invite(self, asked: Asked) -> wire.Room:
        params = asked.read(_Guest)
        people = [*params.people, *([params.who] if params.who else [])]
        if not people:
            raise BadRequestError("Who is invited is missing: `who` or `people`.")
        return await self.invite(asked.login, params.room, *people)

    async def _op_let_moderate(self, asked: Asked) -> wire.Room:
        params = asked.read(_Moderates)
        return await self.let_moderate(asked.login, params.room, params.pin, on=params.moderates)

    async def _op_revoke(self, asked: Asked) -> wire.Room:
        params = asked.read(_Pin)
        return await self.revoke(asked.login, params.room, params.pin)

    # -- control socket -----------------------------------------------------------------------------------------------

    async def _all(self, _request: web.Request) -> web.Response:
        return answer({"rooms": [self._desk.show(room, room.owner) for room in self._keeper.all()]})

    async def _make_for(self, request: web.Request) -> web.Response:
        made = await read_body(request, Made)
        return answer(await self.make(made.owner, made.room), 201)

    async def _end_any(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if self._keeper.room(number) is None:
            raise NotFoundError("There is no such room.")
        await self._keeper.end(number)
        return web.Response(status=204)
