"""Handing out, erasing and auditing, for the administrator of this machine: over the control socket."""

import pwd
import socket
import struct

from aiohttp import web
from msgspec import Struct

from ami_bridge.errors import BadRequestError
from ami_bridge.privacy.audit import Audit
from ami_bridge.privacy.routes import audit_page
from ami_bridge.privacy.stored import Stored
from ami_bridge.web.body import answer

CREDENTIALS = struct.Struct("3i")
"""What the kernel says of the other end: process, account, group."""


class Erased(Struct, frozen=True):
    """How many rows of each table are gone."""

    erased: dict[str, int]


class PrivacyDesk:
    """Does what `ami-bridge export`, `erase` and `audit` ask for."""

    def __init__(self, *, stored: Stored, audit: Audit) -> None:
        self._stored = stored
        self._audit = audit

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes of the control socket."""
        router.add_get("/stored/{login}", self._export)
        router.add_delete("/stored/{login}", self._erase)
        router.add_get("/audit", self._read)

    async def _export(self, request: web.Request) -> web.Response:
        return answer(await self._stored.export(request.match_info["login"], who=account_of(request)))

    async def _erase(self, request: web.Request) -> web.Response:
        return answer(Erased(await self._stored.erase(request.match_info["login"], who=account_of(request))))

    async def _read(self, request: web.Request) -> web.Response:
        login = request.query.get("user", "")
        if not login:
            raise BadRequestError("Say who reads: somebody with the role auditor.")
        return answer(await audit_page(self._audit, login, request, how=f"control, {account_of(request)}"))


def account_of(request: web.Request) -> str:
    """Return the account on this machine that asks over a Unix socket, as the kernel knows it."""
    asking = request.transport.get_extra_info("socket") if request.transport is not None else None
    if asking is None:
        return "account unknown"
    _, uid, _ = CREDENTIALS.unpack(asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
    try:
        return f"account {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"account {uid}"
