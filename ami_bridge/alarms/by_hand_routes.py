"""Raising alarms by hand over HTTP."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.alarms.by_hand import Scenario, Wish
from ami_bridge.errors import BadRequestError
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard
from ami_bridge.web.openapi import Operation

SCOPE = "alarms"


class Scenarios(Struct, frozen=True):
    """What can be raised."""

    scenarios: Sequence[Scenario]


OPERATIONS = (
    Operation(method="GET", path="/api/v1/alarms/by-hand", summary="What can be raised by hand, and whom that calls",
              result=Scenarios, errors=("not_allowed",)),
    Operation(method="POST", path="/api/v1/alarms/by-hand", summary="Raise an alarm by hand", status=201, body=Wish,
              result=wire.Alarm, headers=("Idempotency-Key",),
              errors=("bad_request", "not_allowed", "unconfirmed", "unavailable")),
)  # fmt: skip


class ByHand(Protocol):
    """Raises alarms."""

    def scenarios(self, login: str) -> list[Scenario]:
        """Return what this person may raise."""

    async def raise_alarm(self, login: str, wish: Wish, key: str) -> str:
        """Raise one; returns its id."""


class Console(Protocol):
    """Shows alarms."""

    async def one(self, login: str, id_: str) -> wire.Alarm:
        """Return one alarm."""


class ByHandRoutes:
    """The routes, over what knows how."""

    def __init__(self, *, guard: Guard, by_hand: ByHand, console: Console) -> None:
        self._guard = guard
        self._by_hand = by_hand
        self._console = console

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes; before `/alarms/{id}`."""
        router.add_get("/api/v1/alarms/by-hand", self._list)
        router.add_post("/api/v1/alarms/by-hand", self._raise)

    async def _list(self, request: web.Request) -> web.Response:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        return answer(Scenarios(self._by_hand.scenarios(identity.login)))

    async def _raise(self, request: web.Request) -> web.Response:
        identity = await self._guard.identify(request)
        identity.must_have(SCOPE)
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            raise BadRequestError("Idempotency-Key is missing: it makes two requests one alarm.")
        id_ = await self._by_hand.raise_alarm(identity.login, await read_body(request, Wish), key)
        return answer(await self._console.one(identity.login, id_), 201)
