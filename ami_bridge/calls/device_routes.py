"""One's own telephones over HTTP."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from msgspec import Struct

from ami_bridge.calls.devices import Device
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard
from ami_bridge.web.openapi import Operation


class Listed(Struct, frozen=True):
    """Somebody's telephones."""

    devices: Sequence[Device]


class Choice(Struct, frozen=True, forbid_unknown_fields=True):
    """Which one rings first when its owner dials; null: none in particular."""

    device: str | None


OPERATIONS = (
    Operation(
        method="GET", path="/api/v1/devices", summary="One's own telephones", result=Listed, errors=("not_allowed",)
    ),
    Operation(
        method="PUT",
        path="/api/v1/devices/chosen",
        summary="Choose the own telephone that rings first",
        body=Choice,
        result=Listed,
        errors=("not_allowed", "not_found"),
    ),
)


class Devices(Protocol):
    """Who has which telephones."""

    def of(self, login: str) -> Sequence[Device]:
        """Return a person's own telephones."""

    async def choose(self, login: str, device: str | None) -> None:
        """Let this one ring first."""


class DeviceRoutes:
    """`GET /devices`, `PUT /devices/chosen`."""

    def __init__(self, *, guard: Guard, devices: Devices) -> None:
        self._guard = guard
        self._devices = devices

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/devices", self.own)
        router.add_put("/api/v1/devices/chosen", self.choose)

    async def own(self, request: web.Request) -> web.Response:
        """Answer with one's own telephones."""
        identity = await self._guard.identify(request)
        identity.must_have("dial")
        return answer(Listed(self._devices.of(identity.login)))

    async def choose(self, request: web.Request) -> web.Response:
        """Keep a choice, and answer with all as they are then."""
        identity = await self._guard.identify(request)
        identity.must_have("dial")
        await self._devices.choose(identity.login, (await read_body(request, Choice)).device)
        return answer(Listed(self._devices.of(identity.login)))
