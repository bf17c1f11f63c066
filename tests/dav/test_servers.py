"""Answers as other servers give them, written after their sources and documents, replayed to our client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from msgspec import Struct

from ami_bridge.dav.client import DavClient, Known
from ami_bridge.errors import RefusedError
from tests.dav.fake import NAMES

BOOK = "<D:resourcetype><D:collection/><C:addressbook/></D:resourcetype>"
CAN_SYNC = "<D:supported-report-set><D:supported-report><D:report><D:sync-collection/></D:report></D:supported-report>"
CAN_SYNC += "</D:supported-report-set>"
HEAD = (
    '<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav" '
    'xmlns:CS="http://calendarserver.org/ns/">'
)


def found(href: str, properties: str) -> str:
    return (
        f"<D:response><D:href>{href}</D:href><D:propstat><D:prop>{properties}</D:prop>"
        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    )


def status(href: str, line: str) -> str:
    return f"<D:response><D:href>{href}</D:href><D:status>HTTP/1.1 {line}</D:status></D:response>"


def etag(value: str) -> str:
    return f"<D:getetag>{value}</D:getetag>"


class Server(Struct, frozen=True):
    """What one server says of one book, first of all and then of what changed."""

    name: str
    path: str
    token: str
    first: tuple[str, ...]
    """Bodies of the sync-collection's answers, page by page."""
    there: frozenset[str]
    later: str
    changed: frozenset[str]
    gone: frozenset[str]
    refuses: int = 403
    """Status for a token that it does not know."""


def _server(name: str, path: str, token: str, *, tag: str, ends: str, refuses: int = 403, pages: int = 1) -> Server:
    cards = [f"{path}{n}{ends}" for n in range(4)]
    entries = [found(href, etag(tag.format(n=n))) for n, href in enumerate(cards)]
    each = len(entries) // pages
    first = []
    for page in range(pages):
        more = status(path, "507 Insufficient Storage") if page + 1 < pages else ""
        here = "".join(entries[page * each : (page + 1) * each])
        itself = found(path, etag('"the-book"')) if page == 0 else ""
        first.append(f"{HEAD}{itself}{here}{more}<D:sync-token>{token}{page}</D:sync-token></D:multistatus>")
    later = f"{HEAD}{found(cards[1], etag(tag.format(n=9)))}{status(cards[2], '404 Not Found')}"
    later += f"<D:sync-token>{token}later</D:sync-token></D:multistatus>"
    there, changed, gone = frozenset(cards), frozenset([cards[1]]), frozenset([cards[2]])
    return Server(name, path, token, tuple(first), there, later, changed, gone, refuses)


SERVERS = [
    _server(
        "EGroupware", "/egroupware/groupdav.php/anna/addressbook/", "http://groupware/groupdav.php/anna/addressbook/17640",
        tag="&quot;{n}:5&quot;", ends=".vcf",
    ),
    _server(
        "Nextcloud", "/remote.php/dav/addressbooks/users/anna/contacts/", "http://sabre.io/ns/sync/",
        tag="&quot;1b{n}&quot;", ends="-A.vcf", pages=2,
    ),
    _server("SOGo", "/SOGo/dav/anna/Contacts/personal/", "17640000", tag="&quot;gcs{n:08d}&quot;", ends=".vcf"),
    _server(
        "Cyrus", "/dav/addressbooks/user/anna/Default/", "data:,1-2-", tag="&quot;c{n}&quot;", ends=".vcf",
        refuses=409,
    ),
    _server("DAViCal", "/caldav.php/anna/addresses/", "data:,", tag="&quot;{n}f&quot;", ends=".vcf", refuses=412),
]  # fmt: skip


@asynccontextmanager
async def replayed(server: Server) -> AsyncIterator[DavClient]:
    async def answer(request: web.Request) -> web.Response:
        body = await request.text()
        if request.method == "PROPFIND":
            sync = f"{CAN_SYNC}<D:sync-token>{server.token}</D:sync-token><CS:getctag>c</CS:getctag>"
            return web.Response(status=207, text=f"{HEAD}{found(server.path, BOOK + sync)}</D:multistatus>")
        assert request.headers["Depth"] == "0"
        assert "limit" not in body
        told = body.partition("sync-token>")[2].partition("<")[0]
        if told == "known":
            return web.Response(status=207, text=server.later)
        if told in {"", *(f"{server.token}{page}" for page in range(len(server.first)))}:
            page = int(told.removeprefix(server.token)) + 1 if told else 0
            return web.Response(status=207, text=server.first[page])
        return web.Response(status=server.refuses, text=f"<error {NAMES}><valid-sync-token/></error>")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with DavClient(f"http://127.0.0.1:{runner.addresses[0][1]}/", "bridge", "secret") as client:
            yield client
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
async def test_what_other_servers_say_is_understood(server: Server) -> None:
    async with replayed(server) as client:
        book = await client.book(server.path)
        first = await client.changes(book, Known())
        assert (frozenset(first.etags), first.whole) == (server.there, True)  # the book itself is none of its cards
        assert first.token == f"{server.token}{len(server.first) - 1}"
        later = await client.changes(book, Known(etags=first.etags, token="known"))
        assert (frozenset(later.etags), later.gone, later.whole) == (server.changed, server.gone, False)
        again = await client.changes(book, Known(etags=first.etags, token="never given"))
        assert (frozenset(again.etags), again.whole) == (server.there, True)


async def test_everybodys_books_in_one_are_refused() -> None:
    server = _server("EGroupware", "/egroupware/groupdav.php/addressbook/", "t", tag="{n}", ends="")
    async with replayed(server) as client:
        with pytest.raises(RefusedError, match="everybody"):
            await client.book(server.path)
