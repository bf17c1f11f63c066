"""Tokens of anybody and brokers, for the administrator of this machine: over the control socket."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct, field
from msgspec.structs import asdict

from ami_bridge.errors import NotFoundError
from ami_bridge.people.access import Access
from ami_bridge.people.brokers import Brokers
from ami_bridge.people.model import People, Token
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import SCOPES


class Wish(Struct, frozen=True, forbid_unknown_fields=True):
    """A token that is wished for."""

    login: Annotated[str, Meta(max_length=200)]
    name: str
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))


class NewBroker(Struct, frozen=True, forbid_unknown_fields=True):
    """A terminal server that shall make tokens."""

    name: str
    source: Annotated[str, Meta(max_length=100)]


class BrokerDesk:
    """Adds, lists and revokes brokers."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes of the control socket."""
        router.add_post("/brokers", self._add)
        router.add_get("/brokers", self._list)
        router.add_delete("/brokers/{name}", self._revoke)

    async def _add(self, request: web.Request) -> web.Response:
        wish = await read_body(request, NewBroker)
        broker, key = await self._brokers.add(wish.name, wish.source)
        return answer({**asdict(broker), "key": key}, 201)

    async def _list(self, _request: web.Request) -> web.Response:
        return answer({"brokers": await self._brokers.all()})

    async def _revoke(self, request: web.Request) -> web.Response:
        return answer({"tokens": await self._brokers.revoke(request.match_info["name"])})


class TokenDesk:
    """Makes, lists and revokes tokens of anybody."""

    def __init__(self, *, access: Access, people: People) -> None:
        self._access = access
        self._people = people

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes of the control socket."""
        router.add_post("/tokens", self._make)
        router.add_get("/tokens/{login}", self._list)
        router.add_delete("/tokens/{login}/{id}", self._revoke)

    async def make(self, wish: Wish) -> dict[str, object]:
        """Make a token; its text is told this once."""
        if self._people.by_login(wish.login) is None:
            known = ", ".join(sorted(person.login for person in self._people.all())[:20])
            raise NotFoundError(
                f"Nobody in the staff book has the login {wish.login!r}; known are: {known or 'nobody'}."
            )
        token, secret = await self._access.new_token(wish.login, name=wish.name, scopes=wish.scopes)
        return {**shown(token), "token": secret}

    async def list(self, login: str) -> dict[str, object]:
        """List somebody's tokens, without their text."""
        return {"tokens": [shown(token) for token in await self._access.tokens_of(login)]}

    async def revoke(self, login: str, token_id: str) -> None:
        """Revoke one."""
        await self._access.revoke_token(login, token_id)

    async def _make(self, request: web.Request) -> web.Response:
        return answer(await self.make(await read_body(request, Wish)), 201)

    async def _list(self, request: web.Request) -> web.Response:
        return answer(await self.list(request.match_info["login"]))

    async def _revoke(self, request: web.Request) -> web.Response:
        await self.revoke(request.match_info["login"], request.match_info["id"])
        return web.Response(status=204)


def shown(token: Token) -> dict[str, object]:
    """Return what may be shown of a token."""
    return {
        "id": token.id, "login": token.login, "name": token.name, "scopes": token.scopes,
        "created": token.created, "last_used": token.last_used, "expires": token.expires,
    }  # fmt: skip
