"""`/alarms`: the console of alarms for where there are no scripts or no websocket: forms, nothing else."""

import contextlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, tzinfo
from typing import Protocol, get_args

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from ami_bridge import wire
from ami_bridge.alarms.by_hand import Scenario, Wish
from ami_bridge.alarms.console import Name
from ami_bridge.alarms.model import How
from ami_bridge.alarms.plain_html import DOES, TYPED, Speaks, chosen
from ami_bridge.errors import (
    BadRequestError,
    BridgeError,
    GoneError,
    NotAllowedError,
    NotReachableError,
    UnauthorisedError,
)
from ami_bridge.people.model import Person
from ami_bridge.people.model import Wish as Wishes
from ami_bridge.people.signin import LONGEST_LOGIN, LONGEST_PASSWORD
from ami_bridge.web.body import read_form
from ami_bridge.web.identity import Guard, Identity, source_of
from ami_bridge.web.language import language_of
from ami_bridge.web.problem import STATUS

SCOPE = "alarms"
HEADERS = {"Referrer-Policy": "same-origin"}
"""With `no-referrer` a browser would not say that the form comes from our own page."""
AGAIN = "15"
"""Seconds until the page is loaded again, for who wishes that."""


class Doorway(Protocol):
    """The rules for requests that come in."""

    def must_be_our_page(self, request: web.Request) -> None:
        """Raise UnauthorisedError unless the browser says that our own page sends this."""

    def let_in(self, response: web.StreamResponse, secret: str) -> None:
        """Give the browser its session."""


class SignIn(Protocol):
    """Knows passwords."""

    async def check(self, login: str, password: str, *, source: str) -> Person:
        """Return who that is; raises a BridgeError for nobody."""


class Access(Guard, Protocol):
    """Keeps sessions."""

    async def new_session(self, login: str, *, way: str) -> tuple[object, str]:
        """Make one; returns it and its secret."""


class People(Protocol):
    """Who works here."""

    def wish(self, login: str) -> Wishes:
        """Return what this person wishes."""


class Desk(Protocol):
    """What is open."""

    def open(self, login: str) -> Sequence[wire.Alarm]:
        """Return all that are open; raises NotAllowedError."""

    async def catch_up(self) -> None:
        """Read what has changed; raises NotReachableError."""


class Console(Protocol):
    """What is done about alarms."""

    async def act(self, login: str, id_: str, name: Name, how: How) -> wire.Alarm:
        """Do it."""


class ByHand(Protocol):
    """Raises alarms."""

    def scenarios(self, login: str) -> list[Scenario]:
        """Return what this person may raise."""

    async def raise_alarm(self, login: str, wish: Wish, key: str) -> str:
        """Raise one; returns its id."""


class PlainPage:
    """The routes of the page."""

    def __init__(
        self,
        *,
        access: Access,
        sign_in: SignIn,
        doorway: Doorway,
        people: People,
        desk: Desk,
        console: Console,
        by_hand: ByHand,
        zone: tzinfo,
        now: Callable[[], datetime],
    ) -> None:
        self._access = access
        self._sign_in = sign_in
        self._doorway = doorway
        self._people = people
        self._desk = desk
        self._console = console
        self._by_hand = by_hand
        self._zone = zone
        self._now = now

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/alarms", self._in_words(self.show))
        router.add_post("/alarms/session", self.enter)
        router.add_get("/alarms/raise", self._in_words(self.ask))
        router.add_post("/alarms/raise", self._in_words(self.raised))
        router.add_post("/alarms/{id}/{verb}", self._in_words(self.act))

    def _in_words(self, do: Callable[[web.Request, Identity], Awaitable[web.Response]]) -> Handler:
        """Answer whoever is nobody, or may not, in words of this page."""

        async def answer(request: web.Request) -> web.Response:
            try:
                identity = await self._access.identify(request)
                identity.must_have(SCOPE)
                self._desk.open(identity.login)
            except UnauthorisedError:
                return _page(self._speaks(request).sign_in())
            except NotAllowedError:
                return _page(self._speaks(request).refused(), 403)
            return await do(request, identity)

        return answer

    async def show(self, request: web.Request, identity: Identity) -> web.Response:
        """Show what is open."""
        return await self._list(request, identity)

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Sign somebody in."""
        self._doorway.must_be_our_page(request)  # or another site could sign somebody in as somebody else
        given = await read_form(request)
        user, password = (
            str(given.get("user", "")).strip()[:LONGEST_LOGIN],
            str(given.get("password", ""))[:LONGEST_PASSWORD],
        )
        speaks = self._speaks(request)
        try:
            person = await self._sign_in.check(user, password, source=source_of(request))
            _, secret = await self._access.new_session(person.login, way="plain-page")
        except UnauthorisedError:
            return _page(speaks.sign_in(speaks.message("wrong")), 401)
        except BridgeError as error:
            return _page(speaks.sign_in(speaks.message("failed", why=error)), STATUS.get(error.code, 500))
        response = web.Response(status=303, headers={"Location": "/alarms"})
        self._doorway.let_in(response, secret)
        return response

    async def ask(self, request: web.Request, identity: Identity) -> web.Response:
        """Take the steps towards raising one; nothing happens yet."""
        speaks, scenarios = self._speaks(request, identity), self._by_hand.scenarios(identity.login)
        which, text = chosen(scenarios, request.query.get("which", "")), request.query.get("text", "").strip()
        if which is None or not text:
            return _page(speaks.choose(scenarios))
        return _page(speaks.confirm(which, text[:300], secrets.token_hex(8)))

    async def raised(self, request: web.Request, identity: Identity) -> web.Response:
        """Raise one, if the word was typed."""
        given = {name: str(value) for name, value in (await read_form(request)).items()}
        speaks = self._speaks(request, identity)
        which = chosen(self._by_hand.scenarios(identity.login), given.get("which", ""))
        text, key = given.get("text", "").strip(), given.get("key", "")
        if which is None or not key:
            raise BadRequestError("This form is not ours.")
        if given.get("typed", "").strip().upper() != TYPED:
            problem = speaks.message("not_typed", word=TYPED)
            return _page(speaks.confirm(which, text, key, problem=problem), STATUS["unconfirmed"])
        said = {"source": which.source, "alarm_class": which.alarm_class, "text": text, "confirmed": True}
        try:
            await self._by_hand.raise_alarm(identity.login, msgspec.convert(said, Wish), key)
        except (BridgeError, msgspec.ValidationError) as error:
            problem = speaks.message("failed", why=error)
            return _page(speaks.confirm(which, text, key, problem=problem), 503)
        return web.Response(status=303, headers={"Location": "/alarms"})

    async def act(self, request: web.Request, identity: Identity) -> web.Response:
        """Do something about an alarm, and show what is open then."""
        verb = request.match_info["verb"]
        name = next((one for one in get_args(Name) if one == verb and verb in DOES), None)
        if name is None:
            raise web.HTTPNotFound
        speaks = self._speaks(request, identity)
        how: How = "page" if identity.credential.startswith("session:") else "api"
        try:
            await self._console.act(identity.login, request.match_info["id"], name, how)
        except GoneError:
            return await self._list(request, identity, speaks.message("gone"), STATUS["gone"])
        except BridgeError as error:
            return await self._list(request, identity, speaks.message("failed", why=error), STATUS.get(error.code, 500))
        return web.Response(status=303, headers={"Location": "/alarms"})

    async def _list(
        self, request: web.Request, identity: Identity, problem: str = "", status: int = 200
    ) -> web.Response:
        with contextlib.suppress(NotReachableError):  # what is known is shown all the same
            await self._desk.catch_up()  # what this person has just done, too
        again = request.query.get("every") == AGAIN
        speaks = self._speaks(request, identity)
        shown = speaks.alarms(self._desk.open(identity.login), self._now(), problem=problem, again=again)
        return _page(shown, status, {"Refresh": AGAIN} if again else {})

    def _speaks(self, request: web.Request, identity: Identity | None = None) -> Speaks:
        wished = None if identity is None else self._people.wish(identity.login).language
        return Speaks(language_of(request, wished), self._zone)


def _page(text: str, status: int = 200, more: dict[str, str] | None = None) -> web.Response:
    headers = HEADERS | (more or {})
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=headers)
