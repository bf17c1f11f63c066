"""HTTP for seats: which there are, sit down, get up."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from ami_bridge.people.seats import Seats, Shown
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard
from ami_bridge.web.openapi import Operation

LONGEST_ID = 100


class SeatWish(Struct, frozen=True, forbid_unknown_fields=True):
    """Where one sits."""

    seat: Annotated[str, Meta(max_length=LONGEST_ID)] | None
    """Null: nowhere."""


class SeatsShown(Struct, frozen=True):
    """The seats that one may have."""

    seats: list[Shown]


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/seats",
        summary="The seats that one may have",
        result=SeatsShown,
        errors=("not_allowed",),
    ),
    Operation(
        method="PUT",
        path="/api/v1/seat",
        summary="Sit down at a seat, or get up; its telephone is one's own as long as one sits there",
        body=SeatWish,
        result=SeatsShown,
        errors=("not_allowed", "not_found"),
    ),
)


class SeatRoutes:
    """The routes, over what knows how."""

    def __init__(self, *, guard: Guard, seats: Seats) -> None:
        self._guard = guard
        self._seats = seats

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/seats", self._list)
        router.add_put("/api/v1/seat", self._sit)

    async def _list(self, request: web.Request) -> web.Response:
        identity = await self._guard.identify(request)
        identity.must_have("events")
        return answer(SeatsShown(self._seats.shown(identity.login)))

    async def _sit(self, request: web.Request) -> web.Response:
        identity = await self._guard.identify(request)
        identity.must_have("events")
        identity.must_have("dial")  # its calls are heard of, and its telephone is dialled with
        wish = await read_body(request, SeatWish)
        if wish.seat is None:
            await self._seats.leave(identity.login)
        else:
            await self._seats.sit(identity.login, wish.seat)
        return answer(SeatsShown(self._seats.shown(identity.login)))
