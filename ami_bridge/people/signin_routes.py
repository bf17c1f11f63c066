"""HTTP for signing in elsewhere: which ways there are, and the way to a provider of OpenID Connect and back."""

import secrets

import structlog
from aiohttp import web
from msgspec import Struct

from ami_bridge.errors import BridgeError, NotReachableError, UnauthorisedError
from ami_bridge.people.entrance import Entrance, told
from ami_bridge.people.oidc import Oidc
from ami_bridge.web.body import answer
from ami_bridge.web.identity import Doorway, network_of, source_of
from ami_bridge.web.openapi import Operation

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
        entrance: Entrance,
        doorway: Doorway,
        oidc: Oidc | None,
        kerberos: str | None = None,
    ) -> None:
        """`kerberos` is what the button for tickets says; None where none are taken."""
        self._entrance = entrance
        self._doorway = doorway
        self._oidc = oidc
        self._kerberos = kerberos
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
            return told(request, error, again_at=START)
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
            asked = self._asked(request, oidc)
            secret = await self._entrance.enter(
                request, lambda: oidc.login(asked, request.query, back=self._address(request)), way="oidc"
            )
        except BridgeError as error:
            response = told(request, error, again_at=START)
        else:
            response = web.Response(status=303, headers={"Location": "/"})
            self._doorway.let_in(response, secret)
        response.del_cookie(self._cookie, path="/", secure=self._doorway.secure, httponly=True, samesite="Lax")
        return response

    def _asked(self, request: web.Request, oidc: Oidc) -> str:
        """Return the secret with which this browser went there; raises UnauthorisedError where it did not.

        That does not count as a failure: any web page can have browsers come like this, and would keep a house out.
        """
        secret = request.cookies.get(self._cookie, "")
        try:
            oidc.must_answer(secret, request.query)
        except UnauthorisedError as error:
            log.info("people.entrance_refused", way="oidc", source=network_of(source_of(request)), why=str(error))
            raise
        return secret

    def _provider(self) -> Oidc:
        if self._oidc is None:
            raise web.HTTPNotFound
        return self._oidc

    def _address(self, request: web.Request) -> str:
        return self._doorway.origin(request) + BACK
