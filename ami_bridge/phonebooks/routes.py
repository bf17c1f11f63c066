"""Phone books over HTTP: each maker's form, for telephones that show their own user and password."""

import base64
import binascii
from typing import Protocol

from aiohttp import web

from ami_bridge.errors import BadRequestError, NotFoundError, UnauthorisedError
from ami_bridge.phonebooks.model import Device, Page, Words
from ami_bridge.phonebooks.vendors import VENDORS, XML, Links, Vendor, text
from ami_bridge.web.openapi import Operation

PATH = "/api/v1/phonebook/{vendor}"
LONGEST_QUERY = 100
MOST_OFFSET = 100_000

OPERATIONS = (
    Operation(
        method="GET", path=PATH, summary="A desk telephone's phone book: a search form, or the first page",
        query=("q", "offset"), errors=("bad_request", "not_found"),
    ),
    Operation(
        method="GET", path=PATH + "/{what}", summary="The same: `input`, `lookup`, or a whole file, `phonebook.xml`",
        query=("q", "offset"), errors=("bad_request", "not_found"),
    ),
    Operation(
        method="POST", path=PATH + "/{what}", summary="The same, for telephones that ask by POST",
        errors=("bad_request", "not_found"),
    ),
)  # fmt: skip


class Book(Protocol):
    """The phone book itself."""

    async def page(self, device: Device, query: str, *, offset: int, most: int, per_number: bool = False) -> Page:
        """Return what this telephone may show."""

    async def who(self, device: Device, number: str) -> Page:
        """Return who has exactly this number."""


class Devices(Protocol):
    """Knows telephones."""

    async def recognise(self, name: str, secret: str) -> Device:
        """Return which telephone this is."""


class Doorway(Protocol):
    """Knows our own address."""

    def origin(self, request: web.Request) -> str:
        """Return scheme, host and port as telephones reach us."""


class PhonebookRoutes:
    """`/api/v1/phonebook/…`."""

    def __init__(self, *, devices: Devices, book: Book, doorway: Doorway, words: Words) -> None:
        self._devices = devices
        self._book = book
        self._doorway = doorway
        self._words = words

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the routes into the application."""
        router.add_get("/api/v1/phonebook/{vendor}", self._answer)
        router.add_get("/api/v1/phonebook/{vendor}/{what}", self._answer)
        router.add_post("/api/v1/phonebook/{vendor}/{what}", self._answer)

    async def _answer(self, request: web.Request) -> web.Response:
        name = request.match_info["vendor"]
        vendor = VENDORS.get(name)
        if vendor is None:
            raise NotFoundError(f"Phone books there are for {', '.join(VENDORS)}.")
        said = _credential(request, vendor)
        try:
            device = await self._devices.recognise(*said)
        except UnauthorisedError as error:
            return web.Response(
                status=401, text=f"{error}\n", headers={"WWW-Authenticate": 'Basic realm="ami-bridge", charset="UTF-8"'}
            )
        query, offset, most = _asked(request, name, vendor)
        in_address = {"device": said[0], "key": said[1]} if "key" in request.query else {}
        origin = self._doorway.origin(request)
        links = Links(
            base=f"{origin}/api/v1/phonebook/{name}", always=in_address, query=query,
            whole=name == "gigaset" and _is_caller(request.query.get("hm", "")),
        )  # fmt: skip
        shown = await self._shown(vendor, device, request.match_info.get("what", ""), links, offset=offset, most=most)
        kind = "text/html" if name == "polycom" else XML
        return web.Response(body=shown, content_type=kind, charset="utf-8")

    async def _shown(self, vendor: Vendor, device: Device, what: str, links: Links, *, offset: int, most: int) -> bytes:
        asks = what == "input" or (what in {"", "menu"} and not links.query)
        if asks and vendor.prompt is not None:
            return text(vendor.prompt(links, self._words))
        if what == "tbook" or what.endswith(".xml"):
            if vendor.whole is None:
                raise NotFoundError("This maker's telephones load no whole files from here; let them search.")
            page = await self._book.page(device, "", offset=0, most=vendor.most)
            return text(vendor.whole(page, links, self._words, vendor.longest_name))
        if what not in {"", "menu", "lookup", "input"}:
            raise NotFoundError("There is nothing at this address.")
        if links.whole:
            page = await self._book.who(device, links.query)
        else:
            page = await self._book.page(device, links.query, offset=offset, most=most, per_number=vendor.per_number)
        return text(vendor.results(page, links, self._words, vendor.longest_name))


def _credential(request: web.Request, vendor: Vendor) -> tuple[str, str]:
    """Return user and password as the telephone sends them; empty where it sends none."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return "", ""
        return user, password
    if vendor.in_address:
        return request.query.get("device", ""), request.query.get("key", "")
    return "", ""


def _asked(request: web.Request, name: str, vendor: Vendor) -> tuple[str, int, int]:
    """Return what is searched for, from which entry on, and how many are wanted."""
    asked = request.query
    if name == "gigaset":
        terms = [asked.get(key, "").replace("*", " ") for key in ("set_first", "fn", "ln", "hm", "nr", "mb")]
        first = _number(asked.get("first", "1"))
        count = _number(asked.get("count", str(vendor.per_page)))
        return (
            " ".join(" ".join(dict.fromkeys(terms)).split())[:LONGEST_QUERY],
            max(0, first - 1),
            max(1, min(count, vendor.per_page)),
        )
    query = asked.get("q", "").replace("*", " ").strip()[:LONGEST_QUERY]
    return query, _number(asked.get("offset", "0")), vendor.per_page


def _is_caller(number: str) -> bool:
    """Tell whether a Gigaset asks who is calling, rather than for names."""
    return bool(number) and "*" not in number


def _number(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) < 7 and int(written) <= MOST_OFFSET):  # noqa: PLR2004
        raise BadRequestError(f"A place in the phone book is a number up to {MOST_OFFSET}.")
    return int(written)
