"""Contacts over HTTP: search while typing, and why a number has its name."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from msgspec import Struct

from ami_bridge.contacts.directory import Audience
from ami_bridge.contacts.explain import Explained
from ami_bridge.contacts.search import MOST_AT_ONCE, Hit
from ami_bridge.errors import BadRequestError
from ami_bridge.people.model import People
from ami_bridge.web.body import answer
from ami_bridge.web.identity import Guard
from ami_bridge.web.openapi import Operation

USUAL = 20
LONGEST_NUMBER = 64


class Contacts(Struct, frozen=True):
    """Who was found."""

    contacts: Sequence[Hit]


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/contacts",
        summary="Search names, organisations and numbers while typing",
        result=Contacts,
        query=("q", "limit"),
        errors=("bad_request", "not_allowed"),
    ),
    Operation(
        method="GET",
        path="/api/v1/contacts/lookup",
        summary="Whose number this is, and why",
        result=Explained,
        query=("number",),
        errors=("bad_request", "not_allowed"),
    ),
)


class Search(Protocol):
    """Finds contacts."""

    async def find(self, query: str, audience: Audience, *, limit: int) -> Sequence[Hit]:
        """Return who fits, for this reader."""


class Explain(Protocol):
    """Explains names."""

    async def number(self, raw: str, login: str | None) -> Explained:
        """Say whose number this is to somebody, and why."""


class ContactRoutes:
    """`GET /api/v1/contacts` and what is below it."""

    def __init__(self, *, guard: Guard, people: People, search: Search, explain: Explain) -> None:
        self._guard = guard
        self._people = people
        self._search = search
        self._explain = explain

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/contacts", self._find)
        router.add_get("/api/v1/contacts/lookup", self._lookup)

    async def _find(self, request: web.Request) -> web.Response:
        identity = await self._guard.identify(request)
        identity.must_have("events")
        query = request.query.get("q", "")
        limit = _limit(request.query.get("limit", str(USUAL)))
        if not query.strip():
            return answer(Contacts(()))
        person = self._people.by_login(identity.login)
        audience = Audience(groups=person.groups if person else (), owner=identity.login)
        return answer(Contacts(await self._search.find(query, audience, limit=limit)))

    async def _lookup(self, request: web.Request) -> web.Response:
        identity = await self._guard.identify(request)
        identity.must_have("events")
        number = request.query.get("number", "")
        if not 0 < len(number) <= LONGEST_NUMBER:
            raise BadRequestError(f"Name a number of at most {LONGEST_NUMBER} characters.")
        return answer(await self._explain.number(number, identity.login))


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 0 < int(text) <= MOST_AT_ONCE):  # noqa: PLR2004
        raise BadRequestError(f"limit is 1 to {MOST_AT_ONCE}.")
    return int(text)
