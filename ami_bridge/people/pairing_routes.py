"""HTTP for signing in without typing a password: pairing by a code, and brokers of terminal servers."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct, convert
from msgspec.structs import asdict

from ami_bridge.errors import UnauthorisedError
from ami_bridge.people.brokers import Brokers
from ami_bridge.people.model import Token
from ami_bridge.people.pairing import LONGEST, Pairing
from ami_bridge.people.routes import TokenMade
from ami_bridge.people.signin import LONGEST_LOGIN
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Bearer, Doorway, Guard, source_of
from ami_bridge.web.openapi import Operation


class Offered(Struct, frozen=True):
    """A code for one program."""

    code: str
    expires: datetime


class Redeem(Struct, frozen=True, forbid_unknown_fields=True):
    """A program that was told a code."""

    code: Annotated[str, Meta(max_length=LONGEST)]
    name: str
    host: str | None = None


class ForSomebody(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who is signed in at a terminal server."""

    login: Annotated[str, Meta(max_length=LONGEST_LOGIN)]
    name: str
    host: str | None = None


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/pairing",
        summary="Have a code for one program, instead of an earlier one",
        status=201,
        result=Offered,
        errors=("not_allowed",),
    ),
    Operation(
        method="POST",
        path="/api/v1/pairing/redeem",
        summary="Exchange a code for an app token; its text is shown this once",
        status=201,
        body=Redeem,
        result=TokenMade,
        errors=("not_allowed", "rate_limited"),
        anybody=True,
    ),
    Operation(
        method="POST",
        path="/api/v1/broker/token",
        summary="A terminal server's broker, by its key, has a token made for who is signed in there",
        status=201,
        body=ForSomebody,
        result=TokenMade,
        errors=("unauthorised", "not_found", "rate_limited"),
        anybody=True,
    ),
)


class PairingRoutes:
    """The routes, over what knows how."""

    def __init__(self, *, guard: Guard, doorway: Doorway, pairing: Pairing, brokers: Brokers) -> None:
        self._guard = guard
        self._doorway = doorway
        self._pairing = pairing
        self._brokers = brokers

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_post("/api/v1/pairing", self._offer)
        router.add_post("/api/v1/pairing/redeem", self._redeem)
        router.add_post("/api/v1/broker/token", self._for_somebody)

    async def _offer(self, request: web.Request) -> web.Response:
        identity = await self._guard.identify(request)
        identity.must_be_own()
        return answer(Offered(*self._pairing.offer(identity.login, scopes=identity.scopes)), 201)

    async def _redeem(self, request: web.Request) -> web.Response:
        wish = await read_body(request, Redeem)
        return _made(await self._pairing.redeem(wish.code, name=wish.name, host=wish.host, source=source_of(request)))

    async def _for_somebody(self, request: web.Request) -> web.Response:
        shown = self._doorway.credential(request)
        if not isinstance(shown, Bearer):
            raise UnauthorisedError("A broker shows its key.")
        wish = await read_body(request, ForSomebody)
        return _made(
            await self._brokers.token(
                shown.secret, source=source_of(request), login=wish.login, name=wish.name, host=wish.host
            )
        )


def _made(made: tuple[Token, str]) -> web.Response:
    token, secret = made
    return answer(convert({**asdict(token), "token": secret}, TokenMade), 201)
