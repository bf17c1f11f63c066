"""A groupware that misbehaves on demand; a well-behaved one is Radicale."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from aiohttp import web

from tests.dav.radicale import vcard

NAMES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav" xmlns:S="http://calendarserver.org/ns/"'
Trick = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class FakeDav:
    """One user, one home, one address book, and tricks to play."""

    port: int = 0
    cards: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Path to (etag, text)."""
    gone: set[str] = field(default_factory=set)
    user: str = "bridge"
    password: str = "secret"
    principal: str = "<href>/principals/{user}/</href>"
    can_sync: bool = True
    page: int = 10_000
    """Changes in one answer; more than that: 507."""
    tokens: set[str] = field(default_factory=lambda: {""})
    forgotten: int = 403
    ctag: str = "c1"
    tricks: dict[str, Trick] = field(default_factory=dict)
    """Method, REPORT's kind, or path: who answers instead."""
    asked: list[str] = field(default_factory=list)

    BOOK = "/home/stadt/"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/dav/"

    def add(self, *names: str, text: str | None = None) -> None:
        """Put cards into the book."""
        for name in names:
            path = f"{self.BOOK}{name}.vcf"
            self.cards[path] = (f'"{name}-{len(self.asked)}"', text or vcard(name, "030 23125001"))
            self.gone.discard(path)
        self.ctag += "+"

    def drop(self, *names: str) -> None:
        """Take cards out of the book."""
        for name in names:
            path = f"{self.BOOK}{name}.vcf"
            del self.cards[path]
            self.gone.add(path)
        self.ctag += "-"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as a server would, unless there is a trick."""
        body = await request.text()
        kind = next((k for k in ("sync-collection", "multiget") if k in body), request.method)
        self.asked.append(kind)
        for on in (request.path, kind):
            if on in self.tricks:
                return await self.tricks[on](request)
        right = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {right}":
            return web.Response(status=401)
        if kind == "GET" and request.path in self.cards:
            etag, text = self.cards[request.path]
            return web.Response(text=text, headers={"ETag": etag})
        properly = {"sync-collection": self._sync, "multiget": self._multiget, "PROPFIND": self._propfind}
        return properly[kind](request, body) if kind in properly else web.Response(status=404)

    def _propfind(self, request: web.Request, _body: str) -> web.Response:
        book = (
            "<resourcetype><collection/><C:addressbook/></resourcetype><displayname>Stadt</displayname>"
            f"<S:getctag>{self.ctag}</S:getctag>"
        )
        if self.can_sync:
            book += "<supported-report-set><supported-report><report><sync-collection/></report></supported-report>"
            book += f"</supported-report-set><sync-token>{self._token(len(self.cards))}</sync-token>"
        if request.path == "/dav/":
            return multistatus(
                entry(
                    "/dav/", f"<current-user-principal>{self.principal.format(user=self.user)}</current-user-principal>"
                )
            )
        if request.path == f"/principals/{self.user}/":
            return multistatus(
                entry(request.path, "<C:addressbook-home-set><href>/home/</href></C:addressbook-home-set>")
            )
        if request.path == "/home/":
            return multistatus(entry("/home/", "<resourcetype><collection/></resourcetype>"), entry(self.BOOK, book))
        if request.path == self.BOOK and request.headers["Depth"] == "0":
            return multistatus(entry(self.BOOK, book))
        if request.path == self.BOOK:
            return multistatus(
                entry(self.BOOK, book), *(entry(path, etag_of(etag)) for path, (etag, _) in self.cards.items())
            )
        return web.Response(status=404)

    def _sync(self, _request: web.Request, body: str) -> web.Response:
        found = re.search("<sync-token>(.*?)</sync-token>", body)
        token = found[1] if found else ""
        if token not in self.tokens:
            return web.Response(status=self.forgotten, text=f"<error {NAMES}><valid-sync-token/></error>")
        start = int(token.rpartition("/")[2] or 0) if "/page/" in token else 0
        changes = [entry(path, etag_of(etag)) for path, (etag, _) in self.cards.items()]
        changes += [f"<response><href>{path}</href><status>HTTP/1.1 404 Gone</status></response>" for path in self.gone]
        end = start + self.page
        if end < len(changes):
            more = f"<response><href>{self.BOOK}</href><status>HTTP/1.1 507 More</status></response>"
            return multistatus(*changes[start:end], more, token=self._token(end, "page/"))
        return multistatus(*changes[start:], token=self._token(len(self.cards)))

    def _token(self, at: int, kind: str = "") -> str:
        token = f"fake://{self.ctag}/{kind}{at}"
        self.tokens.add(token)
        return token

    def _multiget(self, _request: web.Request, body: str) -> web.Response:
        asked = [path for path in re.findall("<href>(.*?)</href>", body) if path in self.cards]
        return multistatus(
            *(
                entry(
                    path,
                    etag_of(self.cards[path][0]) + f"<C:address-data>{escape(self.cards[path][1])}</C:address-data>",
                )
                for path in asked
            )
        )


def etag_of(etag: str) -> str:
    return f"<getetag>{escape(etag)}</getetag>"


def entry(path: str, properties: str) -> str:
    return (
        f"<response><href>{path}</href><propstat><prop>{properties}</prop><status>HTTP/1.1 200 OK</status></propstat>"
        "<propstat><prop><quota/></prop><status>HTTP/1.1 404 Not Found</status></propstat></response>"
    )


def multistatus(*responses: str, token: str = "") -> web.Response:
    end = f"<sync-token>{token}</sync-token>" if token else ""
    text = f'<?xml version="1.0"?><multistatus {NAMES}>{"".join(responses)}{end}</multistatus>'
    return web.Response(status=207, text=text, content_type="application/xml")


@asynccontextmanager
async def fake_dav() -> AsyncIterator[FakeDav]:
    """Run one on a free port."""
    fake = FakeDav()
    app = web.Application(client_max_size=64_000_000)
    app.router.add_route("*", "/{path:.*}", fake.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.port = runner.addresses[0][1]
    try:
        yield fake
    finally:
        await runner.cleanup()


# Tricks


def says(text: str, status: int = 207) -> Trick:
    """Answer with this text."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text, content_type="application/xml")

    return answer


def sends_to(place: str, status: int = 301) -> Trick:
    """Send whoever asks to another place."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": place})

    return answer


async def hangs(_: web.Request) -> web.Response:
    """Never answer."""
    await asyncio.sleep(60)
    return web.Response()


def breaks_off(text: str) -> Trick:
    """Begin an answer and cut the line."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=207)
        response.content_length = len(text) + 1_000
        await response.prepare(request)
        await response.write(text.encode())
        assert request.transport is not None
        request.transport.close()
        return response

    return answer


def trickles(size: int) -> Trick:
    """Give an answer that is large and says nothing."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=207)
        await response.prepare(request)
        await response.write(f"<multistatus {NAMES}>".encode())
        for _ in range(size // 50_000):
            await response.write(b" " * 50_000)
        await response.write(b"</multistatus>")
        return response

    return answer
