"""What people decide about names for themselves, over HTTP: own books, the telephone's display, who a number is."""

from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType, convert, structs

from ami_bridge.contacts.choices import Choices
from ami_bridge.contacts.private import PrivateBooks, State
from ami_bridge.errors import BadRequestError, UnauthorisedError
from ami_bridge.people.accounts import HERE
from ami_bridge.people.model import People
from ami_bridge.people.signin import LONGEST_LOGIN, LONGEST_PASSWORD
from ami_bridge.people.wishes import Wishes
from ami_bridge.web.body import answer, read_body
from ami_bridge.web.identity import Guard, source_of
from ami_bridge.web.openapi import Operation


class Password(Struct, frozen=True, forbid_unknown_fields=True):
    """The person's own password of the groupware, best an app password."""

    password: Annotated[str, Meta(min_length=1, max_length=LONGEST_PASSWORD)]


class Given(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody's password, as the administrator gives it."""

    login: Annotated[str, Meta(max_length=LONGEST_LOGIN)]
    password: Annotated[str, Meta(min_length=1, max_length=LONGEST_PASSWORD)]


class Books(Struct, frozen=True, kw_only=True):
    """How it stands with one's own address books."""

    given: datetime | None = None
    """When the password was given; null: none was."""
    books: tuple[str, ...] | None = None
    """What is read; null before the first look."""
    opens: bool = True
    """False when the password was sealed with another key and must be given again."""


class Settings(Struct, frozen=True, kw_only=True):
    """What one wishes."""

    private_on_display: bool = False
    """Whether names of one's own books may stand on the display of one's telephone."""
    language: Literal["de", "en"] | None = None
    """What the page and programs speak; null: what the browser or the terminal says."""


class NewSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one wishes to be otherwise; what is not named stays."""

    private_on_display: bool | UnsetType = UNSET
    language: Literal["de", "en"] | UnsetType | None = UNSET


class Choice(Struct, frozen=True, forbid_unknown_fields=True):
    """Who a number is to oneself."""

    number: Annotated[str, Meta(min_length=1, max_length=40)]
    ref: Annotated[str, Meta(max_length=40)] | None
    """One of `refs` of the peer; null forgets the choice."""


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/books/private",
        summary="How it stands with one's own address books",
        result=Books,
        errors=("not_allowed",),
    ),
    Operation(
        method="PUT",
        path="/api/v1/books/private",
        summary="Have one's own address books read with one's own password of the groupware",
        body=Password,
        result=Books,
        errors=("not_allowed", "rate_limited"),
    ),
    Operation(
        method="DELETE",
        path="/api/v1/books/private",
        summary="Forget password, books and names, at once",
        status=204,
        errors=("not_allowed", "not_found"),
    ),
    Operation(
        method="GET",
        path="/api/v1/settings",
        summary="What one wishes",
        result=Settings,
        errors=("not_allowed",),
    ),
    Operation(
        method="PUT",
        path="/api/v1/settings",
        summary="Wish something else",
        body=NewSettings,
        result=Settings,
        errors=("not_allowed",),
    ),
    Operation(
        method="PUT",
        path="/api/v1/contacts/choice",
        summary="Say which of several contacts a number is to oneself",
        status=204,
        body=Choice,
        errors=("not_allowed", "not_found"),
    ),
)


class OwnRoutes:
    """The routes of one's own, over what knows how."""

    def __init__(
        self,
        *,
        guard: Guard,
        people: People,
        books: PrivateBooks,
        wishes: Wishes,
        choices: Choices,
    ) -> None:
        self._guard = guard
        self._people = people
        self._books = books
        self._wishes = wishes
        self._choices = choices

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/books/private", self._state)
        router.add_put("/api/v1/books/private", self._give)
        router.add_delete("/api/v1/books/private", self._remove)
        router.add_get("/api/v1/settings", self._settings)
        router.add_put("/api/v1/settings", self._set)
        router.add_put("/api/v1/contacts/choice", self._choose)

    async def _login(self, request: web.Request) -> str:
        identity = await self._guard.identify(request)
        identity.must_have("events")
        if self._people.by_login(identity.login) is None:
            raise UnauthorisedError("This person is not in the staff book any more.")
        return identity.login

    async def _state(self, request: web.Request) -> web.Response:
        return answer(shown(self._books.state(await self._login(request))))

    async def _give(self, request: web.Request) -> web.Response:
        login = await self._login(request)
        wish = await read_body(request, Password)
        return answer(shown(await self._books.give(login, wish.password, source=source_of(request))))

    async def _remove(self, request: web.Request) -> web.Response:
        login = await self._login(request)
        await self._books.remove(login)
        return web.Response(status=204)

    async def _settings(self, request: web.Request) -> web.Response:
        return self._wished(await self._login(request))

    async def _set(self, request: web.Request) -> web.Response:
        login = await self._login(request)
        other = structs.asdict(await read_body(request, NewSettings))
        named = {what: how for what, how in other.items() if how is not UNSET}
        await self._wishes.wish(login, structs.replace(self._people.wish(login), **named))
        return self._wished(login)

    def _wished(self, login: str) -> web.Response:
        return answer(convert(self._people.wish(login), Settings, from_attributes=True))

    async def _choose(self, request: web.Request) -> web.Response:
        login = await self._login(request)
        wish = await read_body(request, Choice)
        await self._choices.choose(login, wish.number, wish.ref)
        self._books.changed(login)
        return web.Response(status=204)


class BookDesk:
    """Private books of anybody, for the administrator of this machine: over the control socket."""

    def __init__(self, *, books: PrivateBooks) -> None:
        self._books = books

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the control socket's application."""
        router.add_get("/books", self._list)
        router.add_post("/books", self._give)
        router.add_delete("/books/{login}", self._remove)

    async def _list(self, _request: web.Request) -> web.Response:
        found = []
        for account in self._books.all():
            state = self._books.state(account.login)
            read = state is not None and state.books is not None
            count = len(state.books) if state and state.books is not None else 0
            opens = state is not None and state.opens
            found.append(
                {"login": account.login, "account": account.id, "given": account.given, "read": read, "books": count}
                | {"opens": opens}
            )
        return answer({"accounts": found})

    async def _give(self, request: web.Request) -> web.Response:
        given = await read_body(request, Given)
        if not given.password.isprintable():
            raise BadRequestError("The password has characters that no password has.")
        await self._books.give(given.login, given.password, source=HERE)
        return web.Response(status=204)

    async def _remove(self, request: web.Request) -> web.Response:
        login = request.match_info["login"]
        await self._books.remove(login)
        return web.Response(status=204)


def shown(state: State | None) -> Books:
    """Return what is told of the state."""
    return Books() if state is None else Books(given=state.given, books=state.books, opens=state.opens)
