"""Telephones' web servers, as the makers' manuals describe them."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
USER, PASSWORD = "ami-bridge", "geheim & mehr"
QUOTED = re.compile(r'(\w+)="?([^",]*)"?')


@dataclass
class FakePhone:
    """One telephone; `pressed` is what it was told, in words."""

    pressed: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """Every request line that came, with how it showed who it is."""
    auth: str = "digest"
    password: str = PASSWORD
    answers: Handler | None = None
    """What it answers instead of what the manual says."""
    nonces: set[str] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        shown = request.headers.get("Authorization", "").partition(" ")[0].lower()
        self.seen.append(f"{request.method} {request.path_qs} {shown}".strip())
        if self.answers is not None:
            return await self.answers(request)
        match request.path:
            case "/command.htm" | "/servlet":
                if (refusal := self._who(request)) is not None:
                    return refusal
                self.pressed.append(request.query["key"])
                return web.Response(text="")
            case "/cgi-bin/api-phone_operation":
                if request.query.get("passcode") != self.password:
                    return web.json_response({"response": "error", "body": "unauthorized"})
                self.pressed.append(request.query["cmd"])
                return web.json_response({"response": "success", "body": True})
            case _:
                return web.Response(status=404)

    def _who(self, request: web.Request) -> web.Response | None:
        """None for who may; else the demand to say who it is."""
        header = request.headers.get("Authorization", "")
        if self.auth == "none":
            return None
        if self.auth == "basic":
            return None if header.startswith("Basic ") else self._demand('Basic realm="phone"')
        parts = dict(QUOTED.findall(header))
        if parts.get("nonce") in self.nonces and parts.get("response") == self._digest(request, parts):
            return None
        nonce = secrets.token_hex(8)
        self.nonces.add(nonce)
        return self._demand(f'Digest realm="phone", nonce="{nonce}", qop="auth", algorithm=MD5')

    def _digest(self, request: web.Request, parts: dict[str, str]) -> str:
        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - RFC 7616 as telephones speak it

        one = md5(f"{USER}:phone:{self.password}")
        two = md5(f"{request.method}:{parts['uri']}")
        assert parts["uri"] == request.path_qs or parts["uri"] == str(request.rel_url)
        return md5(f"{one}:{parts['nonce']}:{parts['nc']}:{parts['cnonce']}:auth:{two}")

    def _demand(self, how: str) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": how})


@asynccontextmanager
async def on_the_net(phone: FakePhone) -> AsyncIterator[str]:
    """Switch it on; yields its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", phone.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def never(_request: web.Request) -> web.StreamResponse:
    """Take the question, and say nothing."""
    await asyncio.sleep(60)
    return web.Response()
