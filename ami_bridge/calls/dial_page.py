"""`/dial`: the page behind a link to a number, such as the groupware's. It asks, and dials only when sent back."""

import re
from collections.abc import Collection, Mapping
from typing import Protocol
from urllib.parse import parse_qsl, urlencode

import structlog
from aiohttp import web

from ami_bridge.calls.classes import Plan
from ami_bridge.calls.dial import Wanted
from ami_bridge.calls.dial_html import Answer, Language, Shown, come_again, page, which
from ami_bridge.calls.nonces import Nonces
from ami_bridge.contacts.directory import Audience, audience_of
from ami_bridge.contacts.model import Name
from ami_bridge.errors import BadRequestError, BridgeError, NotAllowedError, UnauthorisedError
from ami_bridge.numbers import Number
from ami_bridge.people.model import Person, Wish
from ami_bridge.web.body import read_form
from ami_bridge.web.identity import Guard, normal_origin
from ami_bridge.web.language import language_of
from ami_bridge.web.problem import STATUS

log = structlog.get_logger()

LONGEST_TO = 200
MOST_NUMBERS = 20
_BARE_PLUS = re.compile(r"(=|:|%3[Aa])\+(?=[1-9](?:[0-9()/.\-]|%20){6})")
HEADERS = {"Referrer-Policy": "same-origin"}
"""With `no-referrer` a browser would not say that the form comes from our own page."""


class Doorway(Protocol):
    """The rules for requests that come in."""

    def must_be_our_page(self, request: web.Request) -> None:
        """Raise UnauthorisedError unless the browser says that our own page sends this."""


class Dial(Protocol):
    """Who dials for people."""

    async def call(self, login: str, wanted: Wanted, *, key: str, credential: str) -> str:
        """Have somebody's own telephone rung; the call's id."""


class People(Protocol):
    """Who works here."""

    def by_login(self, login: str) -> Person | None:
        """Return the person with exactly this login."""

    def wish(self, login: str) -> Wish:
        """Return what this person wishes."""


class Names(Protocol):
    """Who has which number."""

    def lookup(self, number: Number | None, audience: Audience = ...) -> Name | None:
        """Return the name of a number for this reader."""


class DialPage:
    """The routes of the page."""

    def __init__(
        self,
        *,
        guard: Guard,
        doorway: Doorway,
        dial: Dial,
        plan: Plan,
        people: People,
        names: Names,
        nonces: Nonces,
        trusted: Collection[str],
    ) -> None:
        """`trusted` are origins of pages whose links dial without another question."""
        self._guard = guard
        self._doorway = doorway
        self._dial = dial
        self._plan = plan
        self._people = people
        self._names = names
        self._nonces = nonces
        self._trusted = frozenset(map(normal_origin, trusted))

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/dial", self.ask)
        router.add_post("/dial", self.sent)

    async def ask(self, request: web.Request) -> web.Response:
        """Show whom it is about. Whoever links here, nothing rings yet."""
        person = await self._who(request)
        language = self._language(request, person)
        asked = _asked_for(request.rel_url.raw_query_string)[:MOST_NUMBERS]
        if len(several := {_sent_back(one): one.display for to in asked if (one := self._number(to))}) > 1:
            return _answer(which([*several.items()], language))
        written = asked[0][:LONGEST_TO] if asked else ""
        number = self._number(written)
        if number is None:
            return _answer(page(Shown(answer="nothing", display=written), language), 400)
        at_once = self._is_trusted(request)
        if person is None and not at_once and "again" not in request.query:
            # From another site's link a browser does not send our cookie; from our own page it does.
            query = urlencode({"to": _sent_back(number), "again": "1"})
            return _answer(come_again(f"/dial?{query}", language))
        return _answer(page(self._asked(number, person, at_once=at_once), language))

    async def sent(self, request: web.Request) -> web.Response:
        """Dial what a person confirmed on our own page."""
        self._doorway.must_be_our_page(request)
        language = self._language(request, await self._who(request))
        form = await _form(request)
        to, nonce = str(form.get("to", ""))[:LONGEST_TO], str(form.get("nonce", ""))[:LONGEST_TO]
        number = self._number(to)
        if number is None:
            return _answer(page(Shown(answer="nothing", display=to), language), 400)
        try:
            identity = await self._guard.identify(request)
        except UnauthorisedError:
            return _answer(page(self._asked(number, None, answer="signed_out"), language), 401)
        person = self._people.by_login(identity.login)
        try:
            if not identity.credential.startswith("session:"):
                raise NotAllowedError("A program dials by POST /api/v1/calls.")
            wanted = Wanted(to=_sent_back(number), confirmed=form.get("confirmed") == "1")
            key = self._nonces.key(nonce, to)
            await self._dial.call(identity.login, wanted, key=key, credential=identity.credential)
        except BridgeError as error:
            if isinstance(error, BadRequestError):
                log.info("dial.page_too_old", credential=identity.credential)
            shown = self._asked(number, person, answer="refused", code=error.code)
            return _answer(page(shown, language), STATUS.get(error.code, 500))
        return _answer(page(self._asked(number, person, answer="rings"), language))

    def _number(self, text: str) -> Number | None:
        """Read what a link says: one number, in whatever spelling a groupware has."""
        try:
            return self._plan.found_in(text[:LONGEST_TO])
        except BadRequestError:
            return None

    def _asked(
        self,
        number: Number,
        person: Person | None,
        *,
        answer: Answer = "ask",
        code: str = "",
        at_once: bool = False,
    ) -> Shown:
        """Say whom it is about, as this person may know them."""
        found = None if person is None else self._names.lookup(number, audience_of(person))
        to = _sent_back(number)
        return Shown(
            answer=answer,
            display=number.display,
            to=to,
            kind=self._plan.kind(number),
            name=None if found is None else found.name,
            nonce="" if answer == "rings" else self._nonces.new(to),
            at_once=at_once,
            code=code,
        )

    async def _who(self, request: web.Request) -> Person | None:
        try:
            return self._people.by_login((await self._guard.identify(request)).login)
        except UnauthorisedError:
            return None

    def _language(self, request: web.Request, person: Person | None) -> Language:
        """Return the language in which to speak to whoever asks."""
        return language_of(request, None if person is None else self._people.wish(person.login).language)

    def _is_trusted(self, request: web.Request) -> bool:
        """Whether a link of a listed page was followed, as the browser says, into a window of its own."""
        fetched = {name: request.headers.get(f"Sec-Fetch-{name}") for name in ("Mode", "Dest")}
        if fetched != {"Mode": "navigate", "Dest": "document"}:
            return False
        try:
            return normal_origin(request.headers.get("Referer", "")) in self._trusted
        except ValueError:
            return False


def _asked_for(query: str) -> list[str]:
    """Return the numbers in an address; groupware may write a plus as it is, which in an address is a space.

    Without its plus a number abroad would be one of our own town.
    """
    fields = parse_qsl(_BARE_PLUS.sub(r"\1%2B", query), errors="replace")
    return [value for name, value in fields if name == "to"]


async def _form(request: web.Request) -> Mapping[str, object]:
    """Read a form; what is none has nothing in it."""
    try:
        return await read_form(request)
    except BadRequestError:
        return {}


def _sent_back(number: Number) -> str:
    return number.exten or number.e164 or ""


def _answer(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=HEADERS)
