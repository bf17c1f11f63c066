"""HTTP for signing in elsewhere: which ways there are, and the way to a provider of OpenID Connect and back."""

import secrets
from collections.abc import Callable
from datetime import datetime

import structlog
from aiohttp import web
from msgspec import Struct

from ami_bridge.errors import BridgeError, NotAllowedError, NotReachableError, RateLimitedError, UnauthorisedError
from ami_bridge.people.access import Access
from ami_bridge.people.model import People
from ami_bridge.people.oidc import Oidc
from ami_bridge.people.signin import PER_SOURCE, WITHIN
from ami_bridge.people.signin_html import page, spoken
from ami_bridge.people.tries import Tries
from ami_bridge.web.body import answer
from ami_bridge.web.identity import LONGEST, Doorway, network_of, source_of
from ami_bridge.web.openapi import Operation
from ami_bridge.web.problem import STATUS

log = structlog.get_logger()

START = "/api/v1/sign-in/oidc"
BACK = "/api/v1/sign-in/oidc/back"
JOURNEY_SECONDS = 600
"""How long a person may take on the provider's page."""


class Ways(Struct, frozen=True):
    """How one can sign in besides by a password."""

    oidc: str | None
    """What the provider is called; None where there is none."""
    kerberos: str | None
    """What the realm is called; None where no tickets are taken."""


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/sign-in",
        summary="How one can sign in besides by a password",
        result=Ways,
        anybody=True,
    ),
    Operation(
        method="GET",
        path=START,
        summary="A browser is sent to the provider of OpenID Connect",
        status=303,
        errors=("not_found",),
        anybody=True,
    ),
    Operation(
        method="GET",
        path=BACK,
        summary="A browser comes back from there; sets the cookie and leads to the page",
        status=303,
        query=("code", "state", "iss", "error"),
        errors=("not_found", "unauthorised", "not_allowed", "rate_limited"),
        anybody=True,
    ),
)


class SignInRoutes:
    """The routes; errors are pages, since a person sees them."""

    def __init__(
        self,
        *,
        access: Access,
        doorway: Doorway,
        people: People,
        oidc: Oidc | None,
        now: Callable[[], datetime],
        kerberos: str | None = None,
    ) -> None:
        """`kerberos` is what the button for tickets says; None where none are taken."""
        self._access = access
        self._doorway = doorway
        self._people = people
        self._oidc = oidc
        self._kerberos = kerberos
        self._now = now
        self._by_source = Tries(most=PER_SOURCE, within=WITHIN)
        self._cookie = f"{doorway.cookie}-oidc"

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/sign-in", self._ways)
        router.add_get("/api/v1/sign-in/oidc", self._there)
        router.add_get("/api/v1/sign-in/oidc/back", self._back)

    async def _ways(self, _request: web.Request) -> web.Response:
        return answer(Ways(oidc=self._oidc.label if self._oidc else None, kerberos=self._kerberos))

    async def _there(self, request: web.Request) -> web.Response:
        """Send the browser away, with a secret that it shows when it comes back."""
        oidc, secret = self._provider(), secrets.token_urlsafe(32)
        try:
            where = await oidc.way_there(secret, back=self._address(request))
        except NotReachableError as error:
            log.warning("people.sign_in_away", why=str(error))
            return _told(request, error)
        response = web.Response(status=303, headers={"Location": where})
        # Lax: the provider's page leads back here, and a strict cookie would not come along.
        response.set_cookie(
            self._cookie, secret, max_age=JOURNEY_SECONDS, path="/", secure=self._doorway.secure, httponly=True,
            samesite="Lax",
        )  # fmt: skip
        return response

    async def _back(self, request: web.Request) -> web.Response:
        oidc = self._provider()
        try:
            secret = await self._entered(request, oidc)
        except BridgeError as error:
            response = _told(request, error)
        else:
            response = web.Response(status=303, headers={"Location": "/"})
            self._doorway.let_in(response, secret)
        response.del_cookie(self._cookie, path="/", secure=self._doorway.secure, httponly=True, samesite="Lax")
        return response

    async def _entered(self, request: web.Request, oidc: Oidc) -> str:
        """Begin the session of who comes back from the provider, and return its secret."""
        source, now = network_of(source_of(request)), self._now()
        if (wait := self._by_source.wait(source, now)) > 0:
            raise RateLimitedError("Too many sign-ins that failed; try again later.", retry_after=wait)
        self._by_source.count(source, now)
        try:
            shown = request.cookies.get(self._cookie, "")
            if not 0 < len(shown) <= LONGEST:
                raise UnauthorisedError("this browser did not ask, or too long ago")
            login = await oidc.login(shown, request.query, back=self._address(request))
            person = self._people.by_login(login)
            if person is None:
                raise NotAllowedError("nobody here has the login that the provider says")
        except NotReachableError as error:
            self._by_source.give_back(source)
            log.warning("people.sign_in_away", why=str(error))
            raise
        except BridgeError as error:
            log.info("people.oidc_refused", source=source, why=str(error))
            raise
        self._by_source.give_back(source)
        _, secret = await self._access.new_session(person.login, way="oidc")
        return secret

    def _provider(self) -> Oidc:
        if self._oidc is None:
            raise web.HTTPNotFound
        return self._oidc

    def _address(self, request: web.Request) -> str:
        return self._doorway.origin(request) + BACK


def _told(request: web.Request, error: BridgeError) -> web.Response:
    text = page(error.code, spoken(request.headers.get("Accept-Language", "")), again_at=START)
    headers = {"Retry-After": str(max(1, round(error.retry_after)))} if isinstance(error, RateLimitedError) else {}
    return web.Response(
        text=text, status=STATUS[error.code], content_type="text/html", charset="utf-8", headers=headers
    )
