"""Credentials of telephones, for the administrator of this machine: over the control socket."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from ami_bridge.phonebooks.devices import Devices
from ami_bridge.web.body import answer, read_body


class Wish(Struct, frozen=True, forbid_unknown_fields=True):
    """A credential that is wished for."""

    name: Annotated[str, Meta(max_length=200)]
    extension: Annotated[str, Meta(max_length=200)] | None = None
    private: bool = False


class DeviceDesk:
    """Adds, lists and revokes telephones."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes of the control socket."""
        router.add_post("/devices", self._add)
        router.add_get("/devices", self._list)
        router.add_delete("/devices/{name}", self._revoke)

    async def _add(self, request: web.Request) -> web.Response:
        wish = await read_body(request, Wish)
        device, secret = await self._devices.add(wish.name, extension=wish.extension, private=wish.private)
        return answer({"name": device.name, "password": secret}, 201)

    async def _list(self, _request: web.Request) -> web.Response:
        return answer({"devices": self._devices.all()})

    async def _revoke(self, request: web.Request) -> web.Response:
        await self._devices.revoke(request.match_info["name"])
        return web.Response(status=204)
