"""HTTP for people: sign in and out, who am I, app tokens."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct, convert, field
from msgspec.structs import asdict

from ami_bridge import wire
from ami_bridge.errors import BadRequestError, UnauthorisedError
from ami_bridge.people.access import Access
from ami_bridge.people.model import People, Token, user_of
from ami_bridge.people.signin import LONGEST_LOGIN, LONGEST_PASSWORD, SignIn
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import SCOPES, Doorway, source_of
from ami_bridge.web.openapi import Operation


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """What one signs in with."""

    user: Annotated[str, Meta(max_length=LONGEST_LOGIN)]
    password: Annotated[str, Meta(max_length=LONGEST_PASSWORD)]


class NewToken(Struct, frozen=True, forbid_unknown_fields=True):
    """A token that is wished for."""

    name: str
    host: str | None = None
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))


class TokenShown(Struct, frozen=True, kw_only=True):
    """A token as its owner sees it."""

    id: str
    name: str
    host: str | None
    scopes: tuple[str, ...]
    created: datetime
    last_used: datetime | None
    expires: datetime


class TokenMade(TokenShown, frozen=True, kw_only=True):
    """A new token, with its text for the only time."""

    token: str


class Tokens(Struct, frozen=True):
    """Somebody's tokens."""

    tokens: list[TokenShown]


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/session",
        summary="Sign in with the groupware's user and password; sets the cookie",
        body=Credentials,
        result=wire.User,
        errors=("unauthorised", "not_allowed", "rate_limited"),
        anybody=True,
    ),
    Operation(method="DELETE", path="/api/v1/session", summary="Sign out", status=204, errors=("bad_request",)),
    Operation(method="GET", path="/api/v1/me", summary="Who is signed in", result=wire.User),
    Operation(method="GET", path="/api/v1/tokens", summary="One's own app tokens", result=Tokens),
    Operation(
        method="POST",
        path="/api/v1/tokens",
        summary="Make an app token; its text is shown this once",
        status=201,
        body=NewToken,
        result=TokenMade,
        errors=("not_allowed",),
    ),
    Operation(
        method="DELETE",
        path="/api/v1/tokens/{id}",
        summary="Revoke an app token; its links end at once",
        status=204,
        errors=("not_found",),
    ),
)


class PeopleRoutes:
    """The routes, over what knows how."""

    def __init__(self, *, access: Access, sign_in: SignIn, people: People, doorway: Doorway) -> None:
        self._access = access
        self._sign_in = sign_in
        self._people = people
        self._doorway = doorway

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add all routes of this page."""
        router.add_post("/api/v1/session", self._enter)
        router.add_delete("/api/v1/session", self._leave)
        router.add_get("/api/v1/me", self._me)
        router.add_get("/api/v1/tokens", self._tokens)
        router.add_post("/api/v1/tokens", self._make_token)
        router.add_delete("/api/v1/tokens/{id}", self._revoke_token)

    async def _enter(self, request: web.Request) -> web.Response:
        self._doorway.must_be_our_page(request)  # or another site could sign somebody in as somebody else
        wish = await read_body(request, Credentials)
        person = await self._sign_in.check(wish.user, wish.password, source=source_of(request))
        _, secret = await self._access.new_session(person.login, way="password")
        response = answer(user_of(person))
        self._doorway.let_in(response, secret)
        return response

    async def _leave(self, request: web.Request) -> web.Response:
        identity = await self._access.identify(request)
        kind, _, session_id = identity.credential.partition(":")
        if kind != "session":
            raise BadRequestError("A token has no session; revoke it by DELETE /api/v1/tokens/{id}.")
        await self._access.end_session(session_id)
        response = web.Response(status=204)
        self._doorway.let_out(response)
        return response

    async def _me(self, request: web.Request) -> web.Response:
        identity = await self._access.identify(request)
        person = self._people.by_login(identity.login)
        if person is None:
            raise UnauthorisedError("This person is not in the staff book any more.")
        return answer(user_of(person))

    async def _tokens(self, request: web.Request) -> web.Response:
        identity = await self._access.identify(request)
        return answer(Tokens([_shown(token) for token in await self._access.tokens_of(identity.login)]))

    async def _make_token(self, request: web.Request) -> web.Response:
        identity = await self._access.identify(request)
        identity.must_be_own()
        wish = await read_body(request, NewToken)
        token, secret = await self._access.new_token(
            identity.login, name=wish.name, host=wish.host, scopes=wish.scopes, within=identity.scopes
        )
        return answer(convert({**asdict(token), "token": secret}, TokenMade), 201)

    async def _revoke_token(self, request: web.Request) -> web.Response:
        identity = await self._access.identify(request)
        await self._access.revoke_token(identity.login, request.match_info["id"])
        return web.Response(status=204)


def _shown(token: Token) -> TokenShown:
    return convert(token, TokenShown, from_attributes=True)
