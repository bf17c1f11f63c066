"""HTTP for signing in by a Kerberos ticket: a browser that trusts this house sends it by itself, and nobody types."""

import binascii
from base64 import b64decode, b64encode

from aiohttp import web

from ami_bridge.errors import BridgeError, NotAllowedError, UnauthorisedError
from ami_bridge.people.entrance import Entrance, told
from ami_bridge.people.kerberos import Kerberos
from ami_bridge.web.identity import Doorway
from ami_bridge.web.openapi import Operation

PATH = "/api/v1/sign-in/kerberos"
NEGOTIATE = "Negotiate"
LONGEST_SHOWN = 66_000
"""Bytes of a header with a ticket in it; base64 makes it a third longer."""
OPERATIONS = (
    Operation(
        method="GET",
        path=PATH,
        summary="Who has a Kerberos ticket is signed in; sets the cookie and leads to the page",
        status=303,
        errors=("not_found", "unauthorised", "not_allowed", "rate_limited"),
        anybody=True,
    ),
)


class KerberosRoutes:
    """The route; errors are pages, since a person sees them."""

    def __init__(
        self,
        *,
        entrance: Entrance,
        doorway: Doorway,
        kerberos: Kerberos | None,
    ) -> None:
        self._entrance = entrance
        self._doorway = doorway
        self._kerberos = kerberos

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the route into the application."""
        router.add_get("/api/v1/sign-in/kerberos", self._enter, allow_head=False)

    async def _enter(self, request: web.Request) -> web.Response:
        if (kerberos := self._kerberos) is None:
            raise web.HTTPNotFound
        if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            return told(request, NotAllowedError("another page led here"), again_at=PATH, why="unauthorised")
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != NEGOTIATE.lower():
            # The first answer of all: the browser comes back with a ticket, or shows this page to whom has none.
            return _asking(request)
        proof = b""

        async def whose() -> str:
            nonlocal proof
            ticket = await kerberos.whose(_bytes(shown))
            proof = ticket.answer
            return ticket.login

        try:
            secret = await self._entrance.enter(request, whose, way="kerberos")
        except BridgeError as error:
            return told(request, error, again_at=PATH, why="bad_ticket" if error.code == "unauthorised" else "")
        response = web.Response(status=303, headers={"Location": "/"})
        if proof:
            response.headers["WWW-Authenticate"] = f"{NEGOTIATE} {b64encode(proof).decode()}"
        self._doorway.let_in(response, secret)
        return response


def _bytes(shown: str) -> bytes:
    try:
        return b64decode(shown, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnauthorisedError("the ticket is not in base64") from error


def _asking(request: web.Request) -> web.Response:
    response = told(request, UnauthorisedError(), again_at=PATH, why="no_ticket")
    response.headers["WWW-Authenticate"] = NEGOTIATE
    return response
