"""HTTP for signing in by a Kerberos ticket: a browser that trusts this house sends it by itself, and nobody types."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime

import structlog
from aiohttp import web

from ami_bridge.errors import BridgeError, NotAllowedError, NotReachableError, RateLimitedError, UnauthorisedError
from ami_bridge.people.access import Access
from ami_bridge.people.kerberos import Kerberos, Shown
from ami_bridge.people.model import People
from ami_bridge.people.signin import PER_SOURCE, WITHIN
from ami_bridge.people.signin_html import page, spoken
from ami_bridge.people.tries import Tries
from ami_bridge.web.identity import Doorway, network_of, source_of
from ami_bridge.web.openapi import Operation
from ami_bridge.web.problem import STATUS

log = structlog.get_logger()

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
        access: Access,
        doorway: Doorway,
        people: People,
        kerberos: Kerberos | None,
        now: Callable[[], datetime],
    ) -> None:
        self._access = access
        self._doorway = doorway
        self._people = people
        self._kerberos = kerberos
        self._now = now
        self._by_source = Tries(most=PER_SOURCE, within=WITHIN)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the route into the application."""
        router.add_get("/api/v1/sign-in/kerberos", self._enter, allow_head=False)

    async def _enter(self, request: web.Request) -> web.Response:
        if self._kerberos is None:
            raise web.HTTPNotFound
        if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            return _told(request, NotAllowedError("another page led here"), code="unauthorised")
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != NEGOTIATE.lower():
            # The first answer of all: the browser comes back with a ticket, or shows this page to whom has none.
            return _asking(request)
        try:
            secret, ticket = await self._entered(request, self._kerberos, shown)
        except BridgeError as error:
            return _told(request, error)
        response = web.Response(status=303, headers={"Location": "/"})
        if ticket.answer:
            response.headers["WWW-Authenticate"] = f"{NEGOTIATE} {b64encode(ticket.answer).decode()}"
        self._doorway.let_in(response, secret)
        return response

    async def _entered(self, request: web.Request, kerberos: Kerberos, shown: str) -> tuple[str, Shown]:
        """Begin the session of whom the ticket belongs to, and return its secret."""
        source, now = network_of(source_of(request)), self._now()
        if (wait := self._by_source.wait(source, now)) > 0:
            raise RateLimitedError("Too many sign-ins that failed; try again later.", retry_after=wait)
        self._by_source.count(source, now)
        try:
            ticket = await kerberos.whose(_bytes(shown))
            person = self._people.by_login(ticket.login)
            if person is None:
                raise NotAllowedError("nobody here has the login of the ticket")
        except NotReachableError as error:
            self._by_source.give_back(source)
            log.warning("people.sign_in_away", why=str(error))
            raise
        except BridgeError as error:
            log.info("people.kerberos_refused", source=source, why=str(error))
            raise
        self._by_source.give_back(source)
        _, secret = await self._access.new_session(person.login, way="kerberos")
        return secret, ticket


def _bytes(shown: str) -> bytes:
    try:
        return b64decode(shown, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnauthorisedError("the ticket is not in base64") from error


def _asking(request: web.Request) -> web.Response:
    response = _told(request, UnauthorisedError(), code="no_ticket")
    response.headers["WWW-Authenticate"] = NEGOTIATE
    return response


def _told(request: web.Request, error: BridgeError, *, code: str = "") -> web.Response:
    why = code or ("bad_ticket" if error.code == "unauthorised" else error.code)
    text = page(why, spoken(request.headers.get("Accept-Language", "")), again_at=PATH)
    headers = {"Retry-After": str(max(1, round(error.retry_after)))} if isinstance(error, RateLimitedError) else {}
    return web.Response(
        text=text, status=STATUS[error.code], content_type="text/html", charset="utf-8", headers=headers
    )
